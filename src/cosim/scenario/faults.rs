//! From what is wrong with whose detectors to faults of single detectors.

use super::file::{FaultFile, FaultRole};
use crate::cosim::plant::sensors::Placed;
use crate::network::{DetectorRole, Network, Problems};
use simulator::detector::fault::Fault;
use simulator::street::Street;

/// Faults of every detector that is meant; the list has been checked.
pub fn faults(
    files: &[FaultFile],
    network: &Network,
    placed: &[Placed],
    source: &str,
    problems: &mut Problems,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let place = format!("{source}: faults[{number}]");
        let meant: Vec<&Placed> = placed.iter().filter(|it| means(file, it, network)).collect();
        if meant.is_empty() {
            let whose = format!("intersection {:?}, lane {:?}", file.intersection, file.lane);
            problems.push(
                &place,
                format_args!("no detector of {whose}"),
                "an intersection (or \"*\"), a lane before a signal",
            );
        }
        let fault =
            |it: &Placed| Fault { source: it.source, kind: file.kind, begin_s: file.begin_s, end_s: file.end_s };
        faults.extend(meant.into_iter().map(fault));
    }
    faults
}

fn means(file: &FaultFile, it: &Placed, network: &Network) -> bool {
    let id = network.intersections[it.intersection].id.as_str();
    let here = file.intersection.as_deref().map(|wanted| wanted == "*" || wanted == id);
    let lane = file.lane.as_deref().map(|lane| lane == it.lane);
    let role = file
        .role
        .is_none_or(|role| it.role == if role == FaultRole::Zone { DetectorRole::Zone } else { DetectorRole::StopBar });
    (here.is_some() || lane.is_some()) && here.unwrap_or(true) && lane.unwrap_or(true) && role
}

/// What can be said of faults before the detectors are laid: times, values, names.
pub(super) fn check(files: &[FaultFile], street: &Street, source: &str, problems: &mut Problems) {
    for (number, file) in files.iter().enumerate() {
        let place = format!("{source}: faults[{number}]");
        if file.end_s <= file.begin_s {
            let allowed = format!("after begin_s {} s", file.begin_s);
            problems.push(format_args!("{place}.end_s"), format_args!("{} s", file.end_s), allowed);
        }
        for (key, value, range, unit) in file.kind.limits() {
            problems.range(format_args!("{place}.kind.{key}"), value, &range, unit);
        }
        if let Some(id) = file.intersection.as_deref().filter(|id| *id != "*" && street.signal(id).is_none()) {
            let place = format_args!("{place}.intersection");
            problems.push(place, format_args!("unknown signal `{id}`"), "a signal of the street, or \"*\"");
        }
        if let Some(lane) = file.lane.as_deref().filter(|lane| street.lane(lane).is_none()) {
            let place = format_args!("{place}.lane");
            problems.push(place, format_args!("unknown lane `{lane}`"), "a lane of the street");
        }
    }
}
