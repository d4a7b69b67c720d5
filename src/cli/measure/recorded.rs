//! A recording: the same events as a log holds, and what only a recording tells: arrivals on green by approach, the time-space diagram.

use super::flow::Flow;
use super::{MeasureArgs, Measured, channels_beside};
use crate::cli::recording::{self, Failure};
use crate::exchange::sumo::TlsStates;
use crate::measure::hires::{Event as Happened, Names, Translator, ours};
use crate::measure::on_green::OfApproach;
use crate::measure::{Corridor, Figures, OnGreen, Trace, Tracer, time_space, time_space_svg};
use crate::network::Network;
use crate::plan::Request;
use crate::record::round::Rounds;
use crate::record::{Event, Reader, Round};
use crate::time::{Millis, Timestamp};
use crate::wire::{self, Channel, Message};
use serde_json::{Value, json};
use std::io::BufRead;
use std::ops::Range;
use std::path::Path;

/// Rounds of a recording are nearly in order.
const WINDOW: Millis = Millis::from_secs(60);

/// What only a recording tells.
pub(super) struct Recorded {
    on_green: OnGreen,
    traces: Vec<(String, Trace)>,
    channels: String,
    lamps: TlsStates,
}

/// Measure it.
pub(super) fn measured(args: &MeasureArgs) -> Result<Measured, Failure> {
    if args.channels.is_some() || !args.signals.is_empty() {
        let why = "--channels, --signal: of a log; a recording knows its detectors, and all its signals are measured";
        return Err(Failure::Usage(why.to_owned()));
    }
    of_recording(recording::open(&args.recording)?, args)
}

fn of_recording<R: BufRead + 'static>(mut reader: Reader<R>, args: &MeasureArgs) -> Result<Measured, Failure> {
    let network = reader.network.clone();
    let (begin, end) = (Timestamp::from_secs(reader.header.begin_s), reader.header.end_s.map(Timestamp::from_secs));
    let end = end.unwrap_or(Timestamp(i64::MAX));
    let counted = args.from.unwrap_or(begin).max(begin)..args.to.unwrap_or(end).min(end);
    if counted.is_empty() {
        return Err(Failure::Usage(format!("--from, --to: nothing left of {begin} to {end}")));
    }
    if counted.end == Timestamp(i64::MAX) && args.time_space.is_some() {
        let why = "--time-space: whoever recorded did not know the end; name it with --to";
        return Err(Failure::Usage(why.to_owned()));
    }
    let mut tracers = tracers(&network, args, diagram(&counted, args))?;
    let (mut on_green, mut names) = (OnGreen::new(&network), Names::default());
    let mut translator = Translator::new(&network, &mut names);
    let channels = ours::channels(&network);
    let as_file = channels.to_toml();
    // The instants of a second lie in it, and clearances that it begins end later.
    let span = Timestamp(i64::MIN)..Timestamp(i64::MAX);
    let mut flow = Flow::new(channels, span, WINDOW, args.long(), args.events_out()?);
    let mut happened: Vec<Happened> = Vec::new();
    let mut lamps = TlsStates::new(network.intersections.len());
    let mut take = |ix: usize, round: &Round| {
        if counted.contains(&round.at) {
            take_in(ix, round, &network, &mut on_green, &mut tracers, &mut translator, &mut happened)?;
            if args.tls_states.is_some()
                && let Ok(Some(Message::State(state))) = round.message(&Channel::State, &network)
            {
                lamps.note(ix, &network.intersections[ix], &state.shown);
            }
        }
        happened.drain(..).try_for_each(|event| flow.push(event, 0, &names).map_err(|error| args.cannot_write(&error)))
    };
    let mut gathered = vec![Rounds::new(reader.header.order); network.intersections.len()];
    while let Some((at, event)) = reader.event()? {
        if at >= counted.end {
            break;
        }
        let Some(ix) = event.intersection().and_then(|id| network.position(id.as_str())) else { continue };
        if let Some(round) = gathered[ix].push(at, event) {
            take(ix, &round)?;
        }
    }
    for (ix, rounds) in gathered.iter_mut().enumerate() {
        if let Some(round) = rounds.take() {
            take(ix, &round)?;
        }
    }
    let traces = tracers.into_iter().map(|(title, tracer)| (title, tracer.finish())).collect();
    let (report, order) = flow.finish(&names).map_err(|error| args.cannot_write(&error))?;
    let mut remarks = recording::unread(&reader);
    let wrong = !remarks.is_empty();
    let lost = order.late.count + order.astray.count;
    if lost > 0 {
        let file = args.recording.display();
        let told = format!(
            "{file}: {lost} events not used: a field controller was silent, and told too late what it had shown\n"
        );
        remarks.push_str(&told);
    }
    let recorded = Recorded { on_green, traces, channels: as_file, lamps };
    Ok(Measured { report, remarks, wrong, recorded: Some(recorded) })
}

/// Seconds of the diagram.
fn diagram(counted: &Range<Timestamp>, args: &MeasureArgs) -> Range<i64> {
    let seconds = counted.start.0.div_euclid(1000)..counted.end.0.div_euclid(1000);
    if args.from.is_some() || args.to.is_some() { seconds } else { time_space::stretch(&seconds) }
}

/// There and back along the corridor; none when no diagram is asked for.
fn tracers(network: &Network, args: &MeasureArgs, seconds: Range<i64>) -> Result<Vec<(String, Tracer)>, Failure> {
    if args.time_space.is_none() && args.corridor.is_empty() {
        return Ok(Vec::new());
    }
    let there = match args.corridor.as_slice() {
        [] => Corridor::longest(network).ok_or_else(|| "no two intersections are joined by a road".to_owned()),
        names => Corridor::along(network, names),
    };
    let there = there.map_err(|why| Failure::Usage(format!("--corridor: {why}")))?;
    let back = there.back(network);
    let title = |it: &Corridor| format!("{} to {}", it.stops[0].name, it.stops[it.stops.len() - 1].name);
    let directions = [Some(there), back].into_iter().flatten();
    Ok(directions.map(|it| (title(&it), Tracer::new(network, &it, seconds.clone()))).collect())
}

/// State, counts and requests of one round.
fn take_in(
    ix: usize,
    round: &Round,
    network: &Network,
    on_green: &mut OnGreen,
    tracers: &mut [(String, Tracer)],
    translator: &mut Translator,
    happened: &mut Vec<Happened>,
) -> Result<(), Failure> {
    let wrong = |rejection| Failure::Data(format!("{}: {rejection}", round.at));
    let Some(Message::State(mut state)) = round.message(&Channel::State, network).map_err(wrong)? else {
        return Ok(());
    };
    let counts = match round.message(&Channel::Counts, network).map_err(wrong)? {
        Some(Message::Counts { observation, .. }) if (round.at - observation.at).0.abs() < recording::SECOND.0 => {
            // On a street both are of the same second and hardly ever of the same millisecond.
            state.shown.at = observation.at;
            Some(observation)
        }
        _ => None,
    };
    let mut requests: Vec<Request> = Vec::new();
    for (_, event) in round.events.iter().filter(|(_, event)| event.channel() == Some(&Channel::Request)) {
        if let Event::Message { topic, payload } = event
            && let Message::Request(request) =
                wire::decode(&topic.to_string(), payload.as_bytes(), network, None).map_err(wrong)?
        {
            requests.push(request);
        }
    }
    on_green.second(ix, &state, counts.as_ref());
    for (_, tracer) in tracers.iter_mut() {
        tracer.second(ix, &state, counts.as_ref());
    }
    translator.second(ix, &state, counts.as_ref(), &requests, happened);
    Ok(())
}

impl Recorded {
    /// The diagram, and the channels beside the events.
    pub(super) fn write(
        &self,
        args: &MeasureArgs,
        put: &dyn Fn(&Path, &str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(path) = &args.time_space {
            let diagrams: Vec<(&str, &Trace)> =
                self.traces.iter().map(|(title, trace)| (title.as_str(), trace)).collect();
            put(path, &time_space_svg::draw(&diagrams))?;
        }
        if let Some(path) = &args.tls_states {
            put(path, &self.lamps.clone().to_xml())?;
        }
        args.events.as_deref().map_or(Ok(()), |path| put(&channels_beside(path), &self.channels))
    }

    fn together(&self) -> [(&'static str, Figures); 2] {
        [("fed by a neighbour", self.on_green.together(true)), ("all", self.on_green.together(false))]
    }

    pub(super) fn to_json(&self) -> Value {
        let (approaches, together) = (self.on_green.approaches(), self.together());
        let more = |it: &Figures| json!({ "share": it.share(), "platoon_ratio": it.platoon_ratio(), "arrival_type": it.arrival_type() });
        let approaches: Vec<_> =
            approaches.iter().map(|it| json!({ "of": it, "measures": more(&it.figures) })).collect();
        let [fed, all] =
            [0, 1].map(|at: usize| json!({ "figures": together[at].1, "measures": more(&together[at].1) }));
        let corridors: Vec<Vec<&str>> =
            self.traces.iter().map(|(_, it)| it.stops.iter().map(|stop| stop.name.as_str()).collect()).collect();
        let on_green = json!({ "fed": fed, "all": all, "approaches": approaches });
        json!({ "arrivals_on_green": on_green, "corridors": corridors })
    }

    pub(super) fn to_text(&self) -> String {
        let (approaches, together) = (self.on_green.approaches(), self.together());
        let name =
            |it: &OfApproach| format!("{} from {}{}", it.intersection, it.approach, if it.fed { " *" } else { "" });
        let rows = approaches.iter().map(|it| (name(it), it.figures));
        let rows: Vec<(String, Figures)> =
            rows.chain(together.iter().map(|&(name, figures)| (name.to_owned(), figures))).collect();
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(22);
        let mut lines = vec![format!(
            "{:width$} {:>8} {:>9} {:>12} {:>8} {:>5}",
            "(* fed by a neighbour)", "arrivals", "on green", "if even", "ratio", "type"
        )];
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        for (name, it) in &rows {
            let even = (it.arrivals > 0.0).then(|| percent(it.on_green_evenly / it.arrivals));
            lines.push(format!(
                "{name:width$} {:>8.0} {:>9} {:>12} {:>8} {:>5}",
                it.arrivals,
                or_dash(it.share().map(percent)),
                or_dash(even),
                or_dash(it.platoon_ratio().map(|ratio| format!("{ratio:.2}"))),
                or_dash(it.arrival_type().map(|kind| kind.to_string()))
            ));
        }
        for (title, trace) in &self.traces {
            let stops: Vec<&str> = trace.stops.iter().map(|stop| stop.name.as_str()).collect();
            lines.push(format!("corridor {title}: {} ({} to {} s)", stops.join(", "), trace.from_s, trace.to_s));
        }
        lines.join("\n") + "\n"
    }
}
