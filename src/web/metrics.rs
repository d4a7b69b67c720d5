//! `/metrics` for Prometheus: what is counted, in its text format.
//!
//! No label has an intersection, a topic or an address in it: the number of series is the same for twelve intersections and for
//! five thousand. Names follow Prometheus: base units, `_total` for what only grows.

use super::Exhibit;
use super::Readers;
use super::answers::{Frame, mode_name, severity_name};
use crate::plan::{AlarmPhase, FieldMode, Mode, Severity};
use crate::service::board::CLASSES_US;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder as _, TextEncoder};
use std::sync::atomic::{AtomicU64, Ordering};

/// A label and a value.
type Series = (Option<(&'static str, &'static str)>, f64);

/// Everything at this instant, as text.
pub(super) fn text(exhibit: &Exhibit, readers: &Readers) -> String {
    let frame = Frame::of(exhibit);
    let mut families = city(&frame);
    families.extend(engine(exhibit, &frame));
    families.extend(handled(exhibit));
    families.extend(pages(readers));
    families.extend(kept(exhibit));
    families.extend(compared(&frame));
    let mut bytes = Vec::new();
    // Only a family without a metric or a name is refused, and none is.
    TextEncoder::new().encode(&families, &mut bytes).expect("every family has a metric and a name");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

fn city(frame: &Frame) -> Vec<MetricFamily> {
    let totals = &frame.totals;
    let engine_modes = [
        None,
        Some(Mode::Warmup),
        Some(Mode::Adaptive),
        Some(Mode::Degraded),
        Some(Mode::FixedTime),
        Some(Mode::Manual),
    ];
    let modes = engine_modes.map(mode_name).map(|name| (name, totals.modes.get(name).copied()));
    let severities = [Severity::Info, Severity::Warning, Severity::Critical].map(severity_name);
    let alarms = severities.map(|name| (name, totals.alarms.get(name).copied()));
    let in_charge = |mode| frame.intersections.iter().filter(|it| it.field == Some(mode)).count();
    let of = |label: &'static str, counts: &[(&'static str, Option<u32>)]| -> Vec<Series> {
        counts.iter().map(|&(name, count)| (Some((label, name)), f64::from(count.unwrap_or(0)))).collect()
    };
    let fields = FieldMode::ALL.map(|mode| (Some(("mode", field_name(mode))), in_charge(mode) as f64));
    let mut families = vec![
        gauge(
            "lightwatch_intersections",
            "Intersections by the mode in which the engine drives them.",
            &of("mode", &modes),
        ),
        gauge("lightwatch_field_controllers", "Field controllers by who is in charge.", &fields),
        gauge("lightwatch_alarms_open", "Alarms that are up and not put aside, by severity.", &of("severity", &alarms)),
        gauge("lightwatch_vehicles", "Vehicles that detectors see.", &[(None, totals.vehicles as f64)]),
        gauge("lightwatch_vehicles_halted", "Vehicles that stand.", &[(None, totals.halted as f64)]),
    ];
    if let Some(speed) = totals.mean_speed_mps {
        let help = "Mean speed of the vehicles that detectors see.";
        families.push(gauge("lightwatch_mean_speed_meters_per_second", help, &[(None, speed)]));
    }
    if let Some(age) = totals.counts_age_s {
        let help = "Age of the oldest counts; absent while an intersection was never heard.";
        families.push(gauge("lightwatch_counts_age_seconds", help, &[(None, age as f64)]));
    }
    families
}

fn engine(exhibit: &Exhibit, frame: &Frame) -> Vec<MetricFamily> {
    let link = &exhibit.shown.link;
    let (lost_in, lost_out) = link.lost();
    let lost = [(Some(("direction", "in")), lost_in as f64), (Some(("direction", "out")), lost_out as f64)];
    let rejected = exhibit.shown.rejects.counts().into_iter();
    let rejected: Vec<Series> = rejected.map(|(why, count)| (Some(("reason", why.name())), count as f64)).collect();
    let mut families = vec![
        gauge("lightwatch_broker_up", "Whether the broker is there.", &[(None, f64::from(u8::from(frame.broker)))]),
        gauge(
            "lightwatch_leading",
            "Whether this engine leads.",
            &[(None, f64::from(u8::from(frame.epoch.is_some())))],
        ),
        counter("lightwatch_broker_connects_total", "How often the link came up.", &[(None, link.connects() as f64)]),
        counter("lightwatch_messages_lost_total", "Messages that newer ones replaced or that found no room.", &lost),
        decisions(exhibit),
    ];
    if !rejected.is_empty() {
        let help = "Messages that were turned away, by reason.";
        families.push(counter("lightwatch_messages_rejected_total", help, &rejected));
    }
    families
}

/// What people do, and who is told of alarms.
fn handled(exhibit: &Exhibit) -> Vec<MetricFamily> {
    let standing = exhibit.shown.operations.desk().standing();
    let phases =
        [("raised", AlarmPhase::Raised), ("acknowledged", AlarmPhase::Acknowledged), ("shelved", AlarmPhase::Shelved)];
    let phases = phases.map(|(name, phase)| {
        let count = standing.iter().filter(|(_, it)| it.alarm.phase == phase).count();
        (Some(("phase", name)), count as f64)
    });
    let held = exhibit.own.iter().filter(|&&ix| exhibit.board().look(ix).held.is_some()).count();
    let mut families = vec![
        gauge("lightwatch_alarms", "Alarms that are up, by what was done about them.", &phases),
        gauge("lightwatch_intersections_commanded", "Intersections that an operator holds.", &[(None, held as f64)]),
    ];
    if let Some(sent) = exhibit.shown.operations.webhook() {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
        let fates = [("taken", &sent.taken), ("failed", &sent.failed), ("lost", &sent.lost)];
        let fates = fates.map(|(name, count)| (Some(("fate", name)), read(count)));
        families.push(counter(
            "lightwatch_webhook_posts_total",
            "Alarms told to the webhook: taken, tries that failed, given up.",
            &fates,
        ));
    }
    families
}

/// How the history is, where one is kept.
fn kept(exhibit: &Exhibit) -> Vec<MetricFamily> {
    let Some(history) = exhibit.shown.operations.history() else { return Vec::new() };
    let health = history.health();
    let read = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
    let trouble = f64::from(u8::from(health.trouble().is_some()));
    let busy = "Time that the writer of the history was at work.";
    vec![
        gauge("lightwatch_history_bytes", "Bytes of the history on disk.", &[(None, read(&health.bytes))]),
        gauge("lightwatch_history_trouble", "Whether the history cannot be written at present.", &[(None, trouble)]),
        counter(
            "lightwatch_history_rows_total",
            "Rows of the history that were written.",
            &[(None, read(&health.rows))],
        ),
        counter("lightwatch_history_missed_total", "Moments and events not kept.", &[(None, read(&health.missed))]),
        counter("lightwatch_history_busy_seconds_total", busy, &[(None, read(&health.busy_us) / 1e6)]),
    ]
}

/// Street against shadow, of the city; nothing where nobody is compared, delays only once a batch is complete.
fn compared(frame: &Frame) -> Vec<MetricFamily> {
    let Some(shadow) = &frame.shadow else { return Vec::new() };
    let policy = Some(("policy", shadow.policy));
    let mut families = vec![gauge(
        "lightwatch_shadow_intersections",
        "Intersections that have a shadow, by its policy.",
        &[(policy, shadow.intersections as f64)],
    )];
    let Some(it) = &shadow.compared else { return families };
    let delays = [(Some(("lamps", "street")), it.street_s), (Some(("lamps", "shadow")), it.shadow_s)];
    families.extend([
        gauge("lightwatch_shadow_batches", "Batches of the comparison.", &[(None, it.batches as f64)]),
        gauge(
            "lightwatch_shadow_delay_seconds",
            "Delay of a vehicle at a stop line by the model, under the lamps of the street and those of the shadow.",
            &delays,
        ),
        gauge(
            "lightwatch_shadow_saved_seconds",
            "Delay that the control on duty saves a vehicle at a stop line against the shadow, estimated.",
            &[(None, it.saved_s)],
        ),
        gauge(
            "lightwatch_shadow_model_error_seconds",
            "Delay by the model less delay by the estimated queues, under the lamps of the street.",
            &[(None, it.model_error_s)],
        ),
    ]);
    if let Some(half) = it.half_s {
        let help = "Half of the 95 % interval of the saved delay, by batch means.";
        families.push(gauge("lightwatch_shadow_saved_half_seconds", help, &[(None, half)]));
    }
    families
}

fn decisions(exhibit: &Exhibit) -> MetricFamily {
    let times = exhibit.board().times();
    let mut histogram = Histogram::default();
    histogram.set_sample_count(times.count);
    histogram.set_sample_sum(times.sum_us as f64 / 1e6);
    let buckets = CLASSES_US.iter().zip(times.up_to).map(|(&end, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(end as f64 / 1e6);
        bucket.set_cumulative_count(count);
        bucket
    });
    histogram.set_bucket(buckets.collect());
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    let help = "How long hearing and deciding took, of all intersections.";
    family("lightwatch_decision_duration_seconds", help, MetricType::HISTOGRAM, vec![metric])
}

fn pages(readers: &Readers) -> Vec<MetricFamily> {
    let read = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
    let classes = ["2xx", "4xx", "5xx", "other"].into_iter().zip(&readers.answered);
    let answered: Vec<Series> = classes.map(|(class, count)| (Some(("status", class)), read(count))).collect();
    vec![
        counter("lightwatch_http_requests_total", "Requests answered, by hundred of the status.", &answered),
        counter(
            "lightwatch_http_denied_total",
            "Requests refused for want of a token or a role, or for another origin.",
            &[(None, read(&readers.denied))],
        ),
        gauge("lightwatch_http_connections", "Connections that are open.", &[(None, read(&readers.open))]),
        gauge("lightwatch_http_streams", "Streams of events that are open.", &[(None, read(&readers.streams))]),
        counter(
            "lightwatch_http_turned_away_total",
            "Connections without room.",
            &[(None, read(&readers.turned_away))],
        ),
        counter("lightwatch_http_stalled_total", "Readers that stopped reading.", &[(None, read(&readers.stalled))]),
        counter(
            "lightwatch_http_frames_skipped_total",
            "Frames not told to who was behind.",
            &[(None, read(&readers.skipped))],
        ),
    ]
}

fn gauge(name: &str, help: &str, series: &[Series]) -> MetricFamily {
    let metric = |(label, value): &Series| {
        let (mut metric, mut gauge) = (labelled(*label), Gauge::default());
        gauge.set_value(*value);
        metric.set_gauge(gauge);
        metric
    };
    family(name, help, MetricType::GAUGE, series.iter().map(metric).collect())
}

fn counter(name: &str, help: &str, series: &[Series]) -> MetricFamily {
    let metric = |(label, value): &Series| {
        let (mut metric, mut counter) = (labelled(*label), Counter::default());
        counter.set_value(*value);
        metric.set_counter(counter);
        metric
    };
    family(name, help, MetricType::COUNTER, series.iter().map(metric).collect())
}

fn labelled(label: Option<(&'static str, &'static str)>) -> Metric {
    let mut metric = Metric::default();
    let pair = |(name, value): (&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    };
    metric.set_label(label.map(pair).into_iter().collect());
    metric
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

const fn field_name(mode: FieldMode) -> &'static str {
    match mode {
        FieldMode::Remote => "remote",
        FieldMode::LocalActuated => "local_actuated",
        FieldMode::LocalFixed => "local_fixed",
        FieldMode::AllRed => "all_red",
        FieldMode::Flash => "flash",
    }
}
