//! A SUMO network as it stands in the file: edges, lanes, connections, junctions, programmes, with positions for names.
//!
//! Only what signals need is kept; shapes are not. Connections stay in file order, because the order of a lane's
//! connections decides which row of a junction's right-of-way table they own ([`super::right_of_way`]).

use super::error::{ImportError, Place};
use super::permissions::Permissions;
use std::collections::BTreeMap;

/// What an edge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Normal,
    Internal,
    Crossing,
    WalkingArea,
}

#[derive(Debug)]
pub(super) struct Edge {
    pub(super) id: String,
    pub(super) function: Function,
    /// Positions of its lanes, by their index in SUMO (0 at the kerb).
    pub(super) lanes: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) id: String,
    pub(super) edge: usize,
    pub(super) speed_mps: f64,
    pub(super) length_m: f64,
    pub(super) permissions: Permissions,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) via: Option<usize>,
    /// Traffic light and its link index.
    pub(super) control: Option<(String, usize)>,
    /// SUMO's direction letter.
    pub(super) direction: String,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) struct Junction {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) incoming: Vec<String>,
    pub(super) requests: Vec<Request>,
    pub(super) offset: usize,
}

/// One row of a right-of-way table, bits from the first link on.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) response: Vec<bool>,
    pub(super) foes: Vec<bool>,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) struct TlLogic {
    pub(super) id: String,
    pub(super) programme: String,
    pub(super) offset_s: f64,
    pub(super) phases: Vec<TlPhase>,
    pub(super) offset: usize,
}

/// SUMO's `<phase>`: one state of the lamps and how long it lasts.
#[derive(Debug)]
pub(super) struct TlPhase {
    pub(super) duration_s: f64,
    pub(super) state: String,
    pub(super) duration_min_s: Option<f64>,
    pub(super) offset: usize,
}

/// The whole file.
#[derive(Debug)]
pub(super) struct SumoNet<'a> {
    pub(super) source: &'a str,
    text: &'a str,
    pub(super) edges: Vec<Edge>,
    pub(super) lanes: Vec<Lane>,
    pub(super) connections: Vec<Connection>,
    pub(super) junctions: Vec<Junction>,
    pub(super) logics: Vec<TlLogic>,
    edge_by_id: BTreeMap<String, usize>,
    lane_by_id: BTreeMap<String, usize>,
    /// Per lane: its connections in file order.
    outgoing: Vec<Vec<usize>>,
    /// Per lane: connections that lead to it, in file order.
    incoming: Vec<Vec<usize>>,
    /// Per traffic light: the connections that it controls, in file order.
    controlled: BTreeMap<String, Vec<usize>>,
}

impl<'a> SumoNet<'a> {
    /// An empty network of a file.
    pub(super) fn new(source: &'a str, text: &'a str) -> Self {
        Self {
            source,
            text,
            edges: Vec::new(),
            lanes: Vec::new(),
            connections: Vec::new(),
            junctions: Vec::new(),
            logics: Vec::new(),
            edge_by_id: BTreeMap::new(),
            lane_by_id: BTreeMap::new(),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            controlled: BTreeMap::new(),
        }
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        Place::of(self.source, self.text, offset)
    }

    /// Add an edge; the second of one id is refused.
    pub(super) fn add_edge(&mut self, id: String, function: Function, offset: usize) -> Result<(), ImportError> {
        if self.edge_by_id.insert(id.clone(), self.edges.len()).is_some() {
            return Err(ImportError::Duplicate { place: self.place(offset), element: "edge", id });
        }
        self.edges.push(Edge { id, function, lanes: Vec::new() });
        Ok(())
    }

    /// Add a lane to the last edge; the second of one id is refused.
    pub(super) fn add_lane(&mut self, lane: Lane, offset: usize) -> Result<(), ImportError> {
        if self.lane_by_id.insert(lane.id.clone(), self.lanes.len()).is_some() {
            return Err(ImportError::Duplicate { place: self.place(offset), element: "lane", id: lane.id });
        }
        self.edges[lane.edge].lanes.push(self.lanes.len());
        self.lanes.push(lane);
        self.outgoing.push(Vec::new());
        self.incoming.push(Vec::new());
        Ok(())
    }

    /// Add a connection between lanes that exist.
    pub(super) fn add_connection(&mut self, connection: Connection) {
        self.outgoing[connection.from].push(self.connections.len());
        self.incoming[connection.to].push(self.connections.len());
        if let Some((tl, _)) = &connection.control {
            self.controlled.entry(tl.clone()).or_default().push(self.connections.len());
        }
        self.connections.push(connection);
    }

    /// Position of an edge.
    pub(super) fn edge_position(&self, id: &str) -> Option<usize> {
        self.edge_by_id.get(id).copied()
    }

    /// Position of a lane.
    pub(super) fn lane_position(&self, id: &str) -> Option<usize> {
        self.lane_by_id.get(id).copied()
    }

    /// What the edge of a lane is for.
    pub(super) fn function_of(&self, lane: usize) -> Function {
        self.edges[self.lanes[lane].edge].function
    }

    /// Connections that a traffic light controls with their link indexes, in file order.
    pub(super) fn controlled(&self, tl: &str) -> impl Iterator<Item = (usize, &Connection, usize)> {
        let positions = self.controlled.get(tl).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|&at| {
            let connection = &self.connections[at];
            connection.control.as_ref().map(|(_, index)| (at, connection, *index))
        })
    }

    /// Connections that start on a lane, in file order.
    pub(super) fn leaving(&self, lane: usize) -> impl Iterator<Item = (usize, &Connection)> {
        self.outgoing[lane].iter().map(|&it| (it, &self.connections[it]))
    }

    /// Connections from normal lanes that end on a lane, in file order.
    pub(super) fn entering(&self, lane: usize) -> impl Iterator<Item = &Connection> {
        self.incoming[lane]
            .iter()
            .map(|&it| &self.connections[it])
            .filter(|connection| self.function_of(connection.from) == Function::Normal)
    }

    /// Lanes inside the junction that a connection runs over, in driving order.
    pub(super) fn path_inside(&self, connection: &Connection) -> Vec<usize> {
        let mut path = Vec::new();
        let mut next = connection.via;
        while let Some(lane) = next.filter(|lane| !path.contains(lane)) {
            path.push(lane);
            next = self.leaving(lane).next().and_then(|(_, onward)| onward.via);
        }
        path
    }

    /// Length of the way over the junction \[m\].
    pub(super) fn length_inside_m(&self, connection: &Connection) -> f64 {
        self.path_inside(connection).iter().map(|&lane| self.lanes[lane].length_m).sum()
    }
}
