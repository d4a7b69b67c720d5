//! Which links of a junction conflict, and which of two gives way: the junction's right-of-way table.
//!
//! A junction has one `<request>` a link. The links are its incoming lanes in the order of `incLanes`, each with its
//! connections in file order; connections onto a walking area, and from a walking area to anything but a crossing,
//! have no row. So crossings come last, as their walking areas do. Bit *i* of a row (from the right) is link *i*:
//! `foes` says that the two conflict (they cross or they merge), `response` that the row's link must give way.
//! Source: `MSRightOfWayJunction::postloadInit` of SUMO 1.9 and 1.28, and the tables of netconvert.
//!
//! Weakness: the table knows the right of way without signals. A row may give way to a link of the cross street to
//! which it never does at a signal; this matters only for links that are green together.

use super::error::ImportError;
use super::net::{Connection, Function, Junction, SumoNet};
use std::collections::BTreeMap;

/// The rows of all signalised junctions.
pub(crate) struct RightOfWay {
    /// Connection → junction and row.
    rows: BTreeMap<usize, (usize, usize)>,
}

/// How two links relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Relation {
    /// They cross or merge.
    pub(crate) foes: bool,
    /// The first gives way to the second.
    pub(crate) first_yields: bool,
    /// The second gives way to the first.
    pub(crate) second_yields: bool,
}

impl RightOfWay {
    /// Find the row of every controlled link; junctions without controlled links are not looked at.
    pub(crate) fn read(net: &SumoNet<'_>) -> Result<Self, ImportError> {
        let mut rows = BTreeMap::new();
        for (position, junction) in net.junctions.iter().enumerate().filter(|(_, it)| it.kind != "internal") {
            let links = links_of(net, junction)?;
            let controlled = links.iter().find_map(|&link| net.connections[link].control.as_ref());
            let Some((tl, _)) = controlled else { continue };
            check_table(net, junction, links.len(), tl)?;
            rows.extend(links.into_iter().enumerate().map(|(row, link)| (link, (position, row))));
        }
        Ok(Self { rows })
    }

    /// Junction and row of a link. A second signal at the far end of a crossing shares the row of the near end.
    pub(crate) fn row(&self, net: &SumoNet<'_>, link: usize) -> Option<(usize, usize)> {
        let own = self.rows.get(&link);
        let connection = &net.connections[link];
        let same_crossing =
            || self.rows.iter().find(|(near, _)| net.connections[**near].to == connection.from).map(|(_, row)| row);
        own.or_else(|| (net.function_of(connection.from) == Function::Crossing).then(same_crossing).flatten()).copied()
    }

    /// How two links relate; links of different junctions do not.
    pub(crate) fn between(&self, net: &SumoNet<'_>, first: usize, second: usize) -> Relation {
        let (Some(a), Some(b)) = (self.row(net, first), self.row(net, second)) else { return Relation::default() };
        if a.0 != b.0 || a.1 == b.1 {
            return Relation::default();
        }
        let requests = &net.junctions[a.0].requests;
        // One-sided rows do not occur in netconvert's tables; should they, the careful reading wins.
        let foes = requests[a.1].foes[b.1] || requests[b.1].foes[a.1];
        Relation {
            foes,
            first_yields: foes && requests[a.1].response[b.1],
            second_yields: foes && requests[b.1].response[a.1],
        }
    }
}

/// The links of a junction in the order of its requests.
pub(crate) fn links_of(net: &SumoNet<'_>, junction: &Junction) -> Result<Vec<usize>, ImportError> {
    let mut links = Vec::new();
    for id in &junction.incoming {
        let lane = net.lane_position(id).ok_or_else(|| ImportError::UnknownLane {
            place: net.place(junction.offset),
            element: format!("junction id=\"{}\"", junction.id),
            attribute: "incLanes",
            lane: id.clone(),
        })?;
        links.extend(net.leaving(lane).filter(|(_, it)| has_row(net, it)).map(|(link, _)| link));
    }
    Ok(links)
}

fn has_row(net: &SumoNet<'_>, connection: &Connection) -> bool {
    match (net.function_of(connection.from), net.function_of(connection.to)) {
        (_, Function::WalkingArea) => false,
        (Function::WalkingArea, to) => to == Function::Crossing,
        _ => true,
    }
}

fn check_table(net: &SumoNet<'_>, junction: &Junction, links: usize, tl: &str) -> Result<(), ImportError> {
    let place = || net.place(junction.offset);
    let (name, found) = (junction.id.clone(), junction.requests.len());
    if found == 0 {
        return Err(ImportError::NoConflictInformation { place: place(), junction: name, tl: tl.to_owned() });
    }
    if found != links {
        return Err(ImportError::RequestCount { place: place(), junction: name, found, expected: links });
    }
    for (index, request) in junction.requests.iter().enumerate() {
        for (attribute, bits) in [("response", &request.response), ("foes", &request.foes)] {
            if bits.len() != links {
                let (place, found) = (net.place(request.offset), bits.len());
                let junction = name.clone();
                return Err(ImportError::RequestBits { place, junction, index, attribute, found, expected: links });
            }
        }
    }
    Ok(())
}
