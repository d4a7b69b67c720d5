//! A SUMO network as it stands in the file: edges, lanes, connections, junctions, programmes, with positions for names.
//!
//! Only what signals and streets need is kept. Connections stay in file order, because the order of a lane's
//! connections decides which row of a junction's right-of-way table they own ([`super::right_of_way`]).

use super::error::{ImportError, Place};
use super::permissions::Permissions;
use std::collections::BTreeMap;

/// What an edge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Normal,
    Internal,
    Crossing,
    WalkingArea,
}

#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) id: String,
    pub(crate) function: Function,
    /// Junctions where it begins and ends; none for what is no road.
    pub(crate) ends: Option<(String, String)>,
    /// Right of way where roads meet: the higher goes first.
    pub(crate) priority: i32,
    /// Positions of its lanes, by their index in SUMO (0 at the kerb).
    pub(crate) lanes: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) id: String,
    pub(crate) edge: usize,
    pub(crate) speed_mps: f64,
    pub(crate) length_m: f64,
    pub(crate) permissions: Permissions,
    /// Its middle \[m\]; empty where nobody asks.
    pub(crate) shape: Vec<[f64; 2]>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) via: Option<usize>,
    /// Traffic light and its link index.
    pub(crate) control: Option<(String, usize)>,
    /// SUMO's direction letter.
    pub(crate) direction: String,
    /// It has the right of way whatever the table says.
    pub(crate) pass: bool,
    /// At a junction without signals it gives way, stops, or goes after whoever comes from the right.
    pub(crate) minor: bool,
    pub(crate) offset: usize,
}

#[derive(Debug)]
pub(crate) struct Junction {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// East, north \[m\].
    pub(crate) at_m: [f64; 2],
    pub(crate) incoming: Vec<String>,
    pub(crate) requests: Vec<Request>,
    pub(crate) offset: usize,
}

/// One row of a right-of-way table, bits from the first link on.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) response: Vec<bool>,
    pub(crate) foes: Vec<bool>,
    pub(crate) offset: usize,
}

#[derive(Debug)]
pub(crate) struct TlLogic {
    pub(crate) id: String,
    pub(crate) programme: String,
    pub(crate) offset_s: f64,
    pub(crate) phases: Vec<TlPhase>,
    /// Number of groups where there are no phases; SUMO's own files always have some.
    pub(crate) groups_without_programme: Option<usize>,
    /// Which of the additional files it stands in; `None` = the network.
    pub(crate) file: Option<usize>,
    pub(crate) offset: usize,
}

/// SUMO's `<phase>`: one state of the lamps and how long it lasts.
#[derive(Debug)]
pub(crate) struct TlPhase {
    pub(crate) duration_s: f64,
    pub(crate) state: String,
    pub(crate) duration_min_s: Option<f64>,
    /// What its author calls it.
    pub(crate) name: Option<String>,
    pub(crate) offset: usize,
}

/// SUMO's `<WAUT>`: when which programme is switched to.
#[derive(Debug)]
pub(crate) struct Waut {
    pub(crate) id: String,
    pub(crate) start: String,
    /// Second at which its times begin, and after which they are repeated.
    pub(crate) reference_s: f64,
    pub(crate) period_s: Option<f64>,
    /// Second and programme.
    pub(crate) switches: Vec<(f64, String)>,
    /// Traffic lights that it switches.
    pub(crate) signals: Vec<String>,
}

impl Waut {
    /// Whether it runs a programme at any time.
    pub(crate) fn names(&self, programme: &str) -> bool {
        self.start == programme || self.switches.iter().any(|(_, it)| it == programme)
    }
}

/// The whole file.
#[derive(Debug)]
pub(crate) struct SumoNet<'a> {
    pub(crate) source: &'a str,
    text: &'a str,
    pub(crate) edges: Vec<Edge>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) junctions: Vec<Junction>,
    pub(crate) logics: Vec<TlLogic>,
    pub(crate) wauts: Vec<Waut>,
    /// Name and text of each additional file.
    pub(crate) additionals: Vec<(&'a str, &'a str)>,
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
    pub(crate) fn new(source: &'a str, text: &'a str) -> Self {
        Self {
            source,
            text,
            edges: Vec::new(),
            lanes: Vec::new(),
            connections: Vec::new(),
            junctions: Vec::new(),
            logics: Vec::new(),
            wauts: Vec::new(),
            additionals: Vec::new(),
            edge_by_id: BTreeMap::new(),
            lane_by_id: BTreeMap::new(),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            controlled: BTreeMap::new(),
        }
    }

    /// The place of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place::of(self.source, self.text, offset)
    }

    /// The place of a byte offset in the file of a programme.
    pub(crate) fn place_of(&self, logic: &TlLogic, offset: usize) -> Place {
        let (source, text) = logic.file.map_or((self.source, self.text), |file| self.additionals[file]);
        Place::of(source, text, offset)
    }

    /// Add an edge; the second of one id is refused.
    pub(crate) fn add_edge(&mut self, id: String, function: Function, offset: usize) -> Result<(), ImportError> {
        if self.edge_by_id.insert(id.clone(), self.edges.len()).is_some() {
            return Err(ImportError::Duplicate { place: self.place(offset), element: "edge", id });
        }
        self.edges.push(Edge { id, function, ends: None, priority: 0, lanes: Vec::new() });
        Ok(())
    }

    /// Add a lane to the last edge; the second of one id is refused.
    pub(crate) fn add_lane(&mut self, lane: Lane, offset: usize) -> Result<(), ImportError> {
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
    pub(crate) fn add_connection(&mut self, connection: Connection) {
        self.outgoing[connection.from].push(self.connections.len());
        self.incoming[connection.to].push(self.connections.len());
        if let Some((tl, _)) = &connection.control {
            self.controlled.entry(tl.clone()).or_default().push(self.connections.len());
        }
        self.connections.push(connection);
    }

    /// Position of an edge.
    pub(crate) fn edge_position(&self, id: &str) -> Option<usize> {
        self.edge_by_id.get(id).copied()
    }

    /// Position of a lane.
    pub(crate) fn lane_position(&self, id: &str) -> Option<usize> {
        self.lane_by_id.get(id).copied()
    }

    /// What the edge of a lane is for.
    pub(crate) fn function_of(&self, lane: usize) -> Function {
        self.edges[self.lanes[lane].edge].function
    }

    /// Connections that a traffic light controls with their link indexes, in file order.
    pub(crate) fn controlled(&self, tl: &str) -> impl Iterator<Item = (usize, &Connection, usize)> {
        let positions = self.controlled.get(tl).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|&at| {
            let connection = &self.connections[at];
            connection.control.as_ref().map(|(_, index)| (at, connection, *index))
        })
    }

    /// Connections that start on a lane, in file order.
    pub(crate) fn leaving(&self, lane: usize) -> impl Iterator<Item = (usize, &Connection)> {
        self.outgoing[lane].iter().map(|&it| (it, &self.connections[it]))
    }

    /// Connections from normal lanes that end on a lane, in file order.
    pub(crate) fn entering(&self, lane: usize) -> impl Iterator<Item = &Connection> {
        self.incoming[lane]
            .iter()
            .map(|&it| &self.connections[it])
            .filter(|connection| self.function_of(connection.from) == Function::Normal)
    }

    /// Lanes inside the junction that a connection runs over, in driving order.
    pub(crate) fn path_inside(&self, connection: &Connection) -> Vec<usize> {
        let mut path = Vec::new();
        let mut next = connection.via;
        while let Some(lane) = next.filter(|lane| !path.contains(lane)) {
            path.push(lane);
            next = self.leaving(lane).next().and_then(|(_, onward)| onward.via);
        }
        path
    }

    /// Length of the way over the junction \[m\].
    pub(crate) fn length_inside_m(&self, connection: &Connection) -> f64 {
        self.path_inside(connection).iter().map(|&lane| self.lanes[lane].length_m).sum()
    }
}
