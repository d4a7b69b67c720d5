//! Where pedestrians cross, from names to numbers: which links drive over a crossing and where, and who walks beside whom.

use super::super::programme::Walkers;
use super::super::{Crossing, JunctionIx, Lane, Link, LinkIx, Problems, Road, SignalIx, StreetFile, Turn};
use super::Names;
use super::lamps::lamp;
use std::collections::BTreeSet;

/// Crossings in the order of the file.
pub(super) fn crossings(
    file: &StreetFile,
    roads: &[Road],
    lanes: &[Lane],
    links: &[Link],
    signals: &Names,
    problems: &mut Problems,
) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    let mut seen = BTreeSet::new();
    for (k, written) in file.crossings.iter().enumerate() {
        let place = format!("crossings[{k}] \"{}\"", written.id);
        if !seen.insert(&written.id) {
            problems.add(format!("{place}.id"), "stands twice", "every name once");
        }
        problems.within(&place, "length_m", written.length_m, (1.0, 100.0), "m");
        let junction = file.junctions.iter().position(|it| it.id == written.junction);
        if junction.is_none() {
            let message = format!("unknown junction \"{}\"", written.junction);
            problems.add(format!("{place}.junction"), message, "a junction of the file");
        }
        let mut over = Vec::new();
        for id in &written.crosses {
            let Some(road) = roads.iter().position(|it| &it.id == id) else {
                problems.add(format!("{place}.crosses"), format!("unknown road \"{id}\""), "a road of the file");
                continue;
            };
            for (at, link) in links.iter().enumerate() {
                let (enters, leaves) = (lanes[link.from.at()].road.at(), lanes[link.to.at()].road.at());
                let here = |ix: JunctionIx| Some(ix.at()) == junction;
                if enters == road && here(roads[road].to) {
                    over.push((LinkIx::from(at), 0.0));
                } else if leaves == road && here(roads[road].from) {
                    over.push((LinkIx::from(at), (link.length_m - 2.0).max(0.0)));
                }
            }
        }
        if over.is_empty() {
            problems.add(
                format!("{place}.crosses"),
                "no link drives over it",
                "roads that begin or end at its junction",
            );
        }
        let lamp = lamp(written.signal.as_ref(), &place, file, signals, problems);
        let (id, length_m, push_button) = (written.id.clone(), written.length_m, written.push_button);
        crossings.push(Crossing { id, length_m, lamp, push_button, links: over });
    }
    crossings
}

/// Where pedestrians of a signal walk, and beside whom.
pub(super) fn walkers(crossings: &[Crossing], links: &[Link], signal: SignalIx) -> Vec<Walkers> {
    let mut walkers = Vec::new();
    for crossing in crossings {
        let Some((_, group)) = crossing.lamp.filter(|lamp| lamp.0 == signal) else { continue };
        let vehicles = crossing.links.iter().filter_map(|(link, _)| {
            let link = &links[link.at()];
            let (_, group) = link.lamp.filter(|lamp| lamp.0 == signal && lamp.1 != group)?;
            Some((group, link.turn != Turn::Straight))
        });
        walkers.push(Walkers { group, length_m: crossing.length_m, vehicles: vehicles.collect() });
    }
    walkers
}
