//! Route files: which turns vehicles take, and edges that the network does not have.
//!
//! Edges are named by `from`, `to`, `via` and `edges` of vehicles, trips, flows and routes. Turns are counted from `edges`
//! only, one a vehicle; trips that leave the way to the router count nothing. Distributions are read as if every route
//! in them were driven.

use super::element::{Element, Elements, Step};
use super::error::ImportError;
use super::net::SumoNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much a route file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteCounts {
    /// Vehicles, trips and flows.
    pub vehicles: usize,
    /// Routes with edges.
    pub routes: usize,
}

/// How often vehicles go from one road to another.
#[derive(Debug, Clone, Default)]
pub(crate) struct TurnCounts {
    counts: BTreeMap<(usize, usize), f64>,
    leaving: BTreeMap<usize, f64>,
}

impl TurnCounts {
    /// Weight of a turn on each lane that allows it, `None` where no vehicle was seen to leave the road.
    ///
    /// One vehicle is added to every turn, so that none is impossible.
    pub(super) fn weight(&self, net: &SumoNet<'_>, from: usize, to: usize) -> Option<f64> {
        self.leaving.get(&from)?;
        let serves = |lane: &&usize| net.leaving(**lane).any(|(_, it)| net.lanes[it.to].edge == to);
        let lanes = net.edges[from].lanes.iter().filter(serves).count().max(1);
        Some((self.counts.get(&(from, to)).copied().unwrap_or(0.0) + 1.0) / lanes as f64)
    }

    fn add(&mut self, way: &[usize]) {
        for pair in way.windows(2) {
            *self.counts.entry((pair[0], pair[1])).or_insert(0.0) += 1.0;
            *self.leaving.entry(pair[0]).or_insert(0.0) += 1.0;
        }
    }
}

/// Read a route file of a network.
pub(super) fn read(
    net: &SumoNet<'_>,
    text: &str,
    source: &str,
    turns: &mut TurnCounts,
) -> Result<RouteCounts, ImportError> {
    let mut counts = RouteCounts::default();
    let mut vehicle = String::new();
    let mut elements = Elements::new(text, source, "routes");
    loop {
        let element = match elements.next()? {
            Step::Open(element) => element,
            Step::Close => continue,
            Step::End => return Ok(counts),
        };
        match element.name.as_str() {
            "vehicle" | "trip" | "flow" => {
                counts.vehicles += 1;
                vehicle = element.required("id", "the name of the vehicle")?;
                for attribute in ["from", "to", "via"] {
                    edges(net, &element, attribute, &vehicle)?;
                }
            }
            "route" => {
                let nested = matches!(element.path.as_str(), "routes/vehicle" | "routes/flow");
                let id = element.optional("id")?.filter(|_| !nested).unwrap_or_else(|| vehicle.clone());
                let way = edges(net, &element, "edges", &id)?;
                counts.routes += usize::from(!way.is_empty());
                turns.add(&way);
            }
            _ => {}
        }
    }
}

/// The edges that an attribute names.
fn edges(
    net: &SumoNet<'_>,
    element: &Element<'_>,
    attribute: &'static str,
    vehicle: &str,
) -> Result<Vec<usize>, ImportError> {
    let listed = element.optional(attribute)?.unwrap_or_default();
    let position = |edge: &str| {
        net.edge_position(edge).ok_or_else(|| ImportError::UnknownRouteEdge {
            place: element.place(),
            element: element.name.clone(),
            vehicle: vehicle.to_owned(),
            edge: edge.to_owned(),
            network: net.source.to_owned(),
        })
    };
    listed.split_whitespace().map(position).collect()
}
