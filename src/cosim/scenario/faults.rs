//! From what is wrong with whose detectors to faults of single detectors.

use super::file::{FaultFile, FaultKindFile, FaultRole};
use crate::cosim::plant::sensors::Placed;
use crate::network::{DetectorRole, Network, Problems};
use simulator::detector::fault::{Fault, FaultKind};

/// Faults of every detector that is meant.
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
        check(file, &place, problems);
        let meant: Vec<&Placed> = placed.iter().filter(|it| means(file, it, network)).collect();
        if meant.is_empty() {
            let whose = format!("intersection {:?}, lane {:?}", file.intersection, file.lane);
            problems.push(
                &place,
                format_args!("no detector of {whose}"),
                "an intersection (or \"*\"), a lane before a signal",
            );
        }
        let kind = kind(file.kind);
        let fault = |it: &Placed| Fault { source: it.source, kind, begin_s: file.begin_s, end_s: file.end_s };
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

fn check(file: &FaultFile, place: &str, problems: &mut Problems) {
    if file.end_s <= file.begin_s {
        let allowed = format!("after begin_s {} s", file.begin_s);
        problems.push(format_args!("{place}.end_s"), format_args!("{} s", file.end_s), allowed);
    }
    let mut range =
        |key: &str, value: f64, range, unit| problems.range(format_args!("{place}.{key}"), value, &range, unit);
    match file.kind {
        FaultKindFile::Chatter { per_s } => range("kind.per_s", per_s, 0.0..=100.0, "1/s"),
        FaultKindFile::Miscount { missed, doubled } => {
            range("kind.missed", missed, 0.0..=1.0, "");
            range("kind.doubled", doubled, 0.0..=1.0, "");
        }
        FaultKindFile::Drift { per_h } => range("kind.per_h", per_h, -100.0..=100.0, "1/h"),
        FaultKindFile::Late { by_s } => range("kind.by_s", by_s, 0.0..=3600.0, "s"),
        FaultKindFile::Stuck | FaultKindFile::Silent | FaultKindFile::Duplicated => {}
    }
}

const fn kind(file: FaultKindFile) -> FaultKind {
    match file {
        FaultKindFile::Stuck => FaultKind::Stuck,
        FaultKindFile::Silent => FaultKind::Silent,
        FaultKindFile::Chatter { per_s } => FaultKind::Chatter { per_s },
        FaultKindFile::Miscount { missed, doubled } => FaultKind::Miscount { missed, doubled },
        FaultKindFile::Drift { per_h } => FaultKind::Drift { per_h },
        FaultKindFile::Late { by_s } => FaultKind::Late { by_s },
        FaultKindFile::Duplicated => FaultKind::Duplicated,
    }
}
