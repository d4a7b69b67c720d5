//! Ways through junctions, from names to numbers: sorted by the lane that they leave, with the pairs whose ways cross or join.
//!
//! In: the file, roads and lanes that were built. Out: links, pairs, and for each written link its number; the lanes are told
//! which links leave them.

use super::super::conflicts::{Pairs, note, note_merges};
use super::super::geometry::lane_end;
use super::super::{Control, Lane, LaneIx, Link, LinkFile, LinkIx, LinkRef, Problems, Road, StreetFile};
use super::lamps::lamp;
use super::{FASTEST_MPS, LONGEST_M, Names, SHORTEST_M, known};
use std::collections::{BTreeMap, BTreeSet};

/// Links sorted by the lane that they leave.
pub(super) fn links(
    file: &StreetFile,
    roads: &[Road],
    lanes: &mut [Lane],
    lane_names: &Names,
    signals: &Names,
    problems: &mut Problems,
) -> (Vec<Link>, Pairs, Vec<LinkIx>) {
    let mut found: Vec<(usize, Link)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (k, written) in file.links.iter().enumerate() {
        let place = format!("links[{k}] \"{}\" to \"{}\"", written.from, written.to);
        let from = known(lane_names, &written.from, &format!("{place}.from"), "lane", problems);
        let to = known(lane_names, &written.to, &format!("{place}.to"), "lane", problems);
        problems.within(&place, "length_m", written.length_m, (SHORTEST_M, LONGEST_M), "m");
        let lamp = lamp(written.signal.as_ref(), &place, file, signals, problems);
        let (Some(from), Some(to)) = (from, to) else { continue };
        let (a, b) = (&roads[lanes[from].road.at()], &roads[lanes[to].road.at()]);
        if a.to != b.from {
            let ends = &file.junctions[a.to.at()].id;
            problems.add(&place, "does not join", format!("lanes of roads that begin at junction \"{ends}\""));
        } else if file.junctions[a.to.at()].control == Control::Boundary {
            problems.add(&place, "leads through the edge of the map", "junctions that are no boundary");
        }
        let speed_mps = written.speed_mps.unwrap_or(lanes[from].speed_mps.min(lanes[to].speed_mps));
        problems.within(&place, "speed_mps", speed_mps, (0.1, FASTEST_MPS), "m/s");
        let waits_at_m = written.waits_inside_m.unwrap_or(0.0);
        problems.within(&place, "waits_inside_m", waits_at_m, (0.0, written.length_m), "m");
        let shape = shape(written, (a, from), (b, to));
        let (from, to, length_m) = (LaneIx::from(from), LaneIx::from(to), written.length_m);
        let turn = written.turn;
        let link = Link { from, to, turn, length_m, speed_mps, lamp, foes: 0..0, waits_at_m, shape };
        if !seen.insert((from, to)) {
            problems.add(&place, "stands twice", "every pair of lanes once");
        }
        found.push((k, link));
    }
    found.sort_by_key(|(k, link)| (link.from, *k));
    let mut written = vec![LinkIx(u32::MAX); file.links.len()];
    for (at, (k, _)) in found.iter().enumerate() {
        written[*k] = LinkIx::from(at);
    }
    let links: Vec<Link> = found.into_iter().map(|(_, link)| link).collect();
    for (at, link) in links.iter().enumerate() {
        let range = &mut lanes[link.from.at()].links;
        let begin = if range.start == range.end { at as u32 } else { range.start };
        *range = begin..at as u32 + 1;
    }
    let mut pairs = Pairs::new();
    note_merges(&links, &mut pairs);
    named_pairs(file, &links, lane_names, &written, &mut pairs, problems);
    (links, pairs, written)
}

fn shape(written: &LinkFile, (a, from): (&Road, usize), (b, to): (&Road, usize)) -> Vec<[f64; 2]> {
    if written.shape.len() >= 2 {
        return written.shape.clone();
    }
    let left = |road: &Road, lane: usize| f64::from(road.lanes.end - 1).max(0.0) - lane as f64;
    let (begin, end) = (lane_end(&a.shape, true, left(a, from), 0.0).0, lane_end(&b.shape, false, left(b, to), 0.0).0);
    vec![begin, end]
}

/// Pairs that the links name.
fn named_pairs(
    file: &StreetFile,
    links: &[Link],
    lane_names: &Names,
    written: &[LinkIx],
    pairs: &mut Pairs,
    problems: &mut Problems,
) {
    let mut by_lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (at, link) in links.iter().enumerate() {
        by_lanes.insert((link.from.at(), link.to.at()), at);
    }
    let resolve = |reference: &LinkRef| match reference {
        LinkRef::Index(k) => written.get(*k).filter(|it| it.0 != u32::MAX).map(|it| it.at()),
        LinkRef::Lanes(from, to) => {
            let lane = |id| lane_names.get(id).copied();
            by_lanes.get(&(lane(from)?, lane(to)?)).copied()
        }
    };
    for (k, link) in file.links.iter().enumerate() {
        let lists = [("yields_to", &link.yields_to, true), ("conflicts_with", &link.conflicts_with, false)];
        for (key, references, yields) in lists {
            for reference in references {
                match resolve(reference) {
                    Some(other) if written[k].0 != u32::MAX => note(pairs, written[k].at(), other, yields),
                    Some(_) => {}
                    None => problems.add(
                        format!("links[{k}].{key}"),
                        format!("unknown link {reference:?}"),
                        format!("a position below {} or the two lanes of a link", file.links.len()),
                    ),
                }
            }
        }
    }
}
