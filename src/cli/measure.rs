//! `lightwatch measure`: performance measures of a recorded run, from counts, passages and lamps.

use super::recording::{self, Failure};
use crate::measure::on_green::OfApproach;
use crate::measure::{Corridor, Figures, OnGreen, Trace, Tracer, time_space, time_space_svg};
use crate::network::Network;
use crate::record::round::Rounds;
use crate::record::{Reader, Round};
use crate::time::Timestamp;
use crate::wire::{Channel, Message};
use serde_json::json;
use std::io::BufRead;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures of a recorded run: arrivals on green of every approach, and a time-space diagram of a corridor.
///
/// Definitions and sources: docs/measures.md. Exit code: 0 good, 64 no such intersection, road or time, 65 not a recording, or a file
/// that cannot be read or written.
#[derive(Debug, clap::Args)]
pub struct MeasureArgs {
    /// Folder of a recording (`--record`), or one segment of it.
    recording: PathBuf,
    /// First second that counts; the beginning unless given.
    #[arg(long, value_name = "SECONDS", value_parser = recording::instant)]
    from: Option<Timestamp>,
    /// First second that does not count any more; the end unless given.
    #[arg(long, value_name = "SECONDS", value_parser = recording::instant)]
    to: Option<Timestamp>,
    /// Write a time-space diagram there, with lamps, progression bands and passages of both directions.
    #[arg(long, value_name = "OUT.svg")]
    time_space: Option<PathBuf>,
    /// Intersections of the corridor in the direction of travel; the longest straight chain unless given.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    corridor: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was measured.
struct Measured {
    on_green: OnGreen,
    traces: Vec<(String, Trace)>,
}

/// Measure it.
pub fn run(args: &MeasureArgs) -> ExitCode {
    let told = recording::open(&args.recording).map_err(Failure::from);
    let told = told.and_then(|mut reader| measured(&mut reader, args).map(|it| (it, reader)));
    match told.and_then(|it| write_diagram(&it.0, args).map(|()| it)) {
        Ok((measured, reader)) => {
            tell(&measured, args.json);
            ExitCode::from(if recording::tell_unread(&reader) { 65 } else { 0 })
        }
        Err(failure) => failure.tell("measure"),
    }
}

fn measured<R: BufRead + 'static>(reader: &mut Reader<R>, args: &MeasureArgs) -> Result<Measured, Failure> {
    let network = reader.network.clone();
    let (begin, end) = (Timestamp::from_secs(reader.header.begin_s), reader.header.end_s.map(Timestamp::from_secs));
    let end = end.unwrap_or(Timestamp(i64::MAX));
    let counted = args.from.unwrap_or(begin).max(begin)..args.to.unwrap_or(end).min(end);
    if counted.is_empty() {
        return Err(Failure::Usage(format!("--from, --to: nothing left of {begin} to {end}")));
    }
    if counted.end == Timestamp(i64::MAX) && args.time_space.is_some() {
        return Err(Failure::Usage(
            "--time-space: whoever recorded did not know the end; name it with --to".to_owned(),
        ));
    }
    let mut tracers = tracers(&network, args, diagram(&counted, args))?;
    let mut on_green = OnGreen::new(&network);
    let mut gathered = vec![Rounds::new(reader.header.order); network.intersections.len()];
    let mut take = |ix: usize, round: &Round| {
        if counted.contains(&round.at) { take_in(ix, round, &network, &mut on_green, &mut tracers) } else { Ok(()) }
    };
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
    Ok(Measured { on_green, traces })
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

/// State and counts of one round.
fn take_in(
    ix: usize,
    round: &Round,
    network: &Network,
    on_green: &mut OnGreen,
    tracers: &mut [(String, Tracer)],
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
    on_green.second(ix, &state, counts.as_ref());
    for (_, tracer) in tracers.iter_mut() {
        tracer.second(ix, &state, counts.as_ref());
    }
    Ok(())
}

fn write_diagram(measured: &Measured, args: &MeasureArgs) -> Result<(), Failure> {
    let Some(path) = &args.time_space else { return Ok(()) };
    let diagrams: Vec<(&str, &Trace)> = measured.traces.iter().map(|(title, trace)| (title.as_str(), trace)).collect();
    let svg = time_space_svg::draw(&diagrams);
    std::fs::write(path, svg).map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
}

fn tell(measured: &Measured, json: bool) {
    let approaches = measured.on_green.approaches();
    let together =
        [("fed by a neighbour", measured.on_green.together(true)), ("all", measured.on_green.together(false))];
    let form = if json { as_json } else { as_text };
    recording::print(&form(&approaches, &together, measured));
}

fn as_json(approaches: &[OfApproach], together: &[(&str, Figures)], measured: &Measured) -> String {
    let more = |it: &Figures| json!({ "share": it.share(), "platoon_ratio": it.platoon_ratio(), "arrival_type": it.arrival_type() });
    let approaches: Vec<_> = approaches.iter().map(|it| json!({ "of": it, "measures": more(&it.figures) })).collect();
    let [fed, all] = [0, 1].map(|at: usize| json!({ "figures": together[at].1, "measures": more(&together[at].1) }));
    let corridors: Vec<Vec<&str>> =
        measured.traces.iter().map(|(_, it)| it.stops.iter().map(|stop| stop.name.as_str()).collect()).collect();
    let on_green = json!({ "fed": fed, "all": all, "approaches": approaches });
    json!({ "arrivals_on_green": on_green, "corridors": corridors }).to_string() + "\n"
}

fn as_text(approaches: &[OfApproach], together: &[(&str, Figures)], measured: &Measured) -> String {
    let name = |it: &OfApproach| format!("{} from {}{}", it.intersection, it.approach, if it.fed { " *" } else { "" });
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
    for (title, trace) in &measured.traces {
        let stops: Vec<&str> = trace.stops.iter().map(|stop| stop.name.as_str()).collect();
        lines.push(format!("corridor {title}: {} ({} to {} s)", stops.join(", "), trace.from_s, trace.to_s));
    }
    lines.join("\n") + "\n"
}
