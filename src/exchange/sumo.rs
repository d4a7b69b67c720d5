//! SUMO: programmes as `tlLogic` in an additional file, and lamps of a run as `tlsStates`.
//!
//! A programme is laid out by the same rule as whatever we show ([`crate::plan::layout`]) over one whole cycle, so SUMO shows to the
//! millisecond what our own field controllers would: greens, yellows, clearances, groups that stay green. SUMO counts the position in a cycle from
//! the begin of time, as we do, so the offset is ours. `phase` in SUMO's words is what we call an interval.
//! Programmes of the timetable are written too, and a WAUT that switches between them ([`super::waut`]); the first one is written last, as SUMO runs what it has
//! loaded last. The interval in which a stage is fully green is named after it (`stage ID`), so that it is told from a clearance in which somebody is green.
//! Names: the intersection is the traffic light, groups are its links in their order; that holds for networks that were imported from SUMO
//! (and for streets surveyed from one). Source: the SUMO documentation, *Simulation/Traffic Lights* and *Simulation/Output/Traffic Lights*.

use super::{ExportReport, waut};
use crate::ids::StageIx;
use crate::network::{Intersection, Network, Programme};
use crate::plan::fixed_time::{cycle, greens};
use crate::plan::layout::{Leg, lay_out};
use crate::plan::{Interval, Shown};
use crate::time::{Millis, Timestamp};
use crate::units::{Indication, lamps_to_string};
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// Cycles that are laid out before the one that is written: in the first of them the lamps come from nowhere.
const LEAD: i64 = 2;

/// One state of the lamps: how long, which, and the stage that is fully green in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub lasts: Millis,
    pub lamps: Vec<Indication>,
    pub stage: Option<StageIx>,
}

/// A programme as SUMO runs it.
pub(super) struct Logic<'a> {
    /// Its `programID`.
    pub name: String,
    /// Position in the timetable; `None` = the first programme.
    pub position: Option<usize>,
    pub programme: &'a Programme,
    pub states: Vec<State>,
}

/// The programmes of a network as an additional file; `name` is the `programID` of the first ones and begins those of the others (`name.peak`), which must not
/// be one of the network file's.
pub fn tl_logics(network: &Network, name: &str) -> (String, ExportReport) {
    let mut report = ExportReport::default();
    let mut text = String::from("<additional>\n");
    for intersection in &network.intersections {
        let logics = logics(intersection, name, &mut report);
        let stage = waut::common_stage(intersection, &logics);
        for it in &logics {
            put_logic(&mut text, intersection, it, stage);
        }
        waut::put(&mut text, (intersection, name), (&logics, stage), &mut report);
    }
    text.push_str("</additional>\n");
    (text, report)
}

/// All programmes that can be followed, the first one last; none where that one cannot.
fn logics<'a>(intersection: &'a Intersection, name: &str, report: &mut ExportReport) -> Vec<Logic<'a>> {
    let about = intersection.id.as_str();
    let why = "greens below the minimum, or changes shorter than its lamps need: not written";
    let Some(states) = states(intersection, &intersection.programme) else {
        report.lose(about, format!("its programme has {why}"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (position, (own, programme)) in intersection.timetable.programmes.iter().enumerate() {
        match self::states(intersection, programme) {
            Some(states) => {
                found.push(Logic { name: format!("{name}.{own}"), position: Some(position), programme, states });
            }
            None => report.lose(about, format!("programme {own} has {why}; the first one runs in its place")),
        }
    }
    found.push(Logic { name: name.to_owned(), position: None, programme: &intersection.programme, states });
    found
}

fn put_logic(text: &mut String, intersection: &Intersection, logic: &Logic<'_>, stage: Option<StageIx>) {
    let length = cycle(intersection, logic.programme);
    let offset = seconds(Millis(logic.programme.offset.0.rem_euclid(length.0.max(1))));
    let (id, name) = (escape(intersection.id.as_str()), escape(logic.name.as_str()));
    let _ = writeln!(text, "    <tlLogic id=\"{id}\" type=\"static\" programID=\"{name}\" offset=\"{offset}\">");
    for it in &logic.states {
        let name = it.stage.map_or_else(String::new, |stage| {
            format!(" name=\"stage {}\"", escape(intersection.stage(stage).id.as_str()))
        });
        let (lasts, lamps) = (seconds(it.lasts), lamps_to_string(&it.lamps));
        let _ = writeln!(text, "        <phase duration=\"{lasts}\" state=\"{lamps}\"{name}/>");
    }
    if let Some(at) = stage.and_then(|stage| waut::switching_point(logic, stage)) {
        let _ = writeln!(text, "        <param key=\"GSP\" value=\"{}\"/>", seconds(at));
    }
    text.push_str("    </tlLogic>\n");
}

/// Lamps over one cycle, from the begin of the first green; `None` where the programme cannot be followed.
fn states(intersection: &Intersection, programme: &Programme) -> Option<Vec<State>> {
    let programme = Programme { offset: Millis::ZERO, ..programme.clone() };
    let length = cycle(intersection, &programme);
    if programme.steps.is_empty() || length <= Millis::ZERO {
        return None;
    }
    let begin = Timestamp(0);
    let first = programme.steps[0].stage;
    let mut shown = Shown::all_red(intersection, begin - Millis(1_000_000));
    shown.advance(begin - Millis(900_000), Some(first), &intersection.stage(first).signals);
    shown.at = begin;
    let from = begin + Millis(length.0 * LEAD);
    let until = from + length;
    let mut legs = Vec::new();
    let mut last: Option<(StageIx, Timestamp)> = None;
    for green in greens(intersection, &programme, begin).take_while(|green| green.start <= until) {
        if let Some((_, end)) = last {
            legs.push(Leg { to: green.stage, leave: end });
        }
        last = Some((green.stage, green.end));
    }
    let laid = lay_out(intersection, &shown, &legs, until + Millis(1));
    let in_step = greens(intersection, &programme, from).take_while(|green| green.start < until).all(|green| {
        let signals = &intersection.stage(green.stage).signals;
        let shows = |at: Timestamp| laid.iter().any(|it| it.start <= at && at < it.end && it.signals == *signals);
        shows(green.start) && shows(green.end - Millis(1))
    });
    let stages: Vec<(Timestamp, StageIx)> = greens(intersection, &programme, from)
        .take_while(|it| it.start < until)
        .map(|it| (it.start, it.stage))
        .collect();
    in_step.then(|| within(intersection, &laid, (from, until), &stages))
}

/// The parts of intervals between two instants; equal lamps one after the other are one.
fn within(
    intersection: &Intersection,
    laid: &[Interval],
    (from, until): (Timestamp, Timestamp),
    stages: &[(Timestamp, StageIx)],
) -> Vec<State> {
    let mut found: Vec<State> = Vec::new();
    for it in laid {
        let (start, end) = (it.start.max(from), it.end.min(until));
        if end <= start {
            continue;
        }
        let begins = stages
            .iter()
            .find(|(at, stage)| start <= *at && *at < end && intersection.stage(*stage).signals == it.signals);
        match found.last_mut() {
            Some(before) if before.lamps == it.signals && begins.is_none() => before.lasts += end - start,
            _ => found.push(State { lasts: end - start, lamps: it.signals.clone(), stage: begins.map(|it| it.1) }),
        }
    }
    found
}

/// Lamps of a run in SUMO's form of `tlsStates`, as `SaveTLSStates` writes them: a line a change (SUMO writes one a step).
#[derive(Debug, Clone, Default)]
pub struct TlsStates {
    last: Vec<Option<Vec<Indication>>>,
    lines: Vec<(Timestamp, usize, String)>,
}

impl TlsStates {
    /// Of so many intersections.
    pub fn new(intersections: usize) -> Self {
        Self { last: vec![None; intersections], lines: Vec::new() }
    }

    /// Note down what an intersection shows; nothing while that has not changed.
    ///
    /// A line has the instant at which the last of its lamps changed. `phase` is the number of the stage that is shown or entered, -1
    /// where it is none; `programID` is `online`, as in SUMO when lamps are commanded from outside.
    pub fn note(&mut self, ix: usize, intersection: &Intersection, shown: &Shown) {
        let lamps = shown.lamps();
        if self.last[ix].as_ref() == Some(&lamps) {
            return;
        }
        let since = shown.groups.iter().map(|it| it.since).max().unwrap_or(shown.at);
        let before = self.lines.iter().rev().find(|it| it.1 == ix).map(|it| it.0);
        // Protected and permissive are one green to `since`, so a change between them is only as old as this picture.
        let known = self.last[ix].is_some() && before.is_none_or(|before| since > before);
        let at = if known { since } else { shown.at };
        let (id, state) = (escape(intersection.id.as_str()), lamps_to_string(&lamps));
        let phase = shown.stage.map_or_else(|| "-1".to_owned(), |it| it.0.to_string());
        let time = at.as_secs_f64();
        let line = format!("time=\"{time:.2}\" id=\"{id}\" programID=\"online\" phase=\"{phase}\" state=\"{state}\"");
        self.lines.push((at, ix, line));
        self.last[ix] = Some(lamps);
    }

    /// The file, in the order of time, then of the network.
    pub fn to_xml(mut self) -> String {
        self.lines.sort_by_key(|it| (it.0, it.1));
        let lines: Vec<String> = self.lines.iter().map(|it| format!("    <tlsState {}/>\n", it.2)).collect();
        format!("<tlsStates>\n{}</tlsStates>\n", lines.concat())
    }
}

/// Seconds as short as they are exact.
fn seconds(time: Millis) -> String {
    format!("{}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    fn network() -> Network {
        let mut crossroads = crossroads();
        crossroads.programme.offset = Millis::from_secs(75);
        Network { city: "c".into(), intersections: vec![crossroads], links: Vec::new() }
    }

    #[test]
    fn a_programme_is_laid_out_with_its_changes_over_one_cycle() {
        let (text, report) = tl_logics(&network(), "plan");
        assert_eq!(report, ExportReport::default());
        let wanted = [
            "<tlLogic id=\"crossroads\" type=\"static\" programID=\"plan\" offset=\"7\">",
            "<phase duration=\"20\" state=\"GgrrGgrr\" name=\"stage through-ns\"/>",
            "<phase duration=\"3\" state=\"ygrrygrr\"/>",
            "<phase duration=\"1\" state=\"rgrrrgrr\"/>",
            "<phase duration=\"6\" state=\"rGrrrGrr\" name=\"stage left-ns\"/>",
        ];
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for line in wanted {
            assert!(lines.contains(&line), "{line} in {text}");
        }
        let durations = lines.iter().filter_map(|it| it.strip_prefix("<phase duration=\"")?.split('"').next());
        let all: f64 = durations.map(|it| it.parse::<f64>().unwrap()).sum();
        assert!((all - 68.0).abs() < 1e-9, "{text}");
    }

    #[test]
    fn a_programme_that_nobody_could_follow_is_told_and_not_written() {
        let mut network = network();
        network.intersections[0].programme.steps[0].green = Millis(2_000);
        let (text, report) = tl_logics(&network, "plan");
        assert!(!text.contains("tlLogic"), "{text}");
        assert_eq!(report.lost.len(), 1);
    }

    #[test]
    fn lamps_are_told_when_they_change() {
        let network = network();
        let it = &network.intersections[0];
        let mut states = TlsStates::new(1);
        let mut shown = Shown::all_red(it, Timestamp(1_000));
        states.note(0, it, &shown);
        for at in [2_000, 3_000] {
            shown.advance(Timestamp(1_500), Some(StageIx(2)), &it.stages[2].signals);
            shown.at = Timestamp(at);
            states.note(0, it, &shown);
        }
        let wanted = "<tlsStates>\n    <tlsState time=\"1.00\" id=\"crossroads\" programID=\"online\" phase=\"-1\" state=\"rrrrrrrr\"/>\n    \
                      <tlsState time=\"1.50\" id=\"crossroads\" programID=\"online\" phase=\"2\" state=\"rrGgrrGg\"/>\n</tlsStates>\n";
        assert_eq!(states.to_xml(), wanted);
    }
}
