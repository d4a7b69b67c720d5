//! What can be wrong with a SUMO file, said with its place, the element, the value and what is allowed.

use crate::network::Problems;
use std::fmt;

/// A place in a file. Boxed, so that errors stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Box<Position>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    source: String,
    line: usize,
    byte: usize,
}

impl Place {
    /// The place of a byte offset in a text.
    pub fn of(source: &str, text: &str, byte: usize) -> Self {
        let byte = byte.min(text.len());
        let line = text.as_bytes()[..byte].split(|&it| it == b'\n').count();
        Self(Box::new(Position { source: source.to_owned(), line, byte }))
    }

    /// Name of the file as the operator gave it.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Line, from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// Byte offset in the file, from 0.
    pub fn byte(&self) -> usize {
        self.0.byte
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (byte {})", self.source(), self.line(), self.byte())
    }
}

/// Why a SUMO network or route file was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// The file ends before its elements do.
    #[error("{place}: the file ends inside <{element}>: it is truncated; allowed: a complete XML document")]
    Truncated {
        /// Where the unfinished element starts.
        place: Place,
        /// The innermost element that is open.
        element: String,
    },
    /// The file is not XML.
    #[error("{place}: not well-formed XML: {reason}")]
    Malformed {
        /// Where.
        place: Place,
        /// What the reader says.
        reason: String,
    },
    /// Another kind of file.
    #[error("{place}: the root element is <{found}>; allowed: <{allowed}>")]
    Root {
        /// Where.
        place: Place,
        /// The root element, empty when there is none.
        found: String,
        /// The root element of the kind of file that is asked for.
        allowed: &'static str,
    },
    /// An attribute is not there.
    #[error("{place}: <{element}> has no attribute {attribute}; allowed: {allowed}")]
    MissingAttribute {
        /// Where.
        place: Place,
        /// The element with its id.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// An attribute says something that it cannot say.
    #[error("{place}: <{element}> {attribute}=\"{value}\"; allowed: {allowed}")]
    BadAttribute {
        /// Where.
        place: Place,
        /// The element with its id.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// What it says.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// Two elements with one id.
    #[error("{place}: <{element} id=\"{id}\"> is there twice; allowed: unique ids")]
    Duplicate {
        /// Where the second one starts.
        place: Place,
        /// The element.
        element: &'static str,
        /// The id.
        id: String,
    },
    /// A connection or a junction names a lane that does not exist.
    #[error("{place}: <{element}> {attribute} names the lane \"{lane}\"; allowed: lanes of the edges in this file")]
    UnknownLane {
        /// Where.
        place: Place,
        /// The element with its id.
        element: String,
        /// Which attribute.
        attribute: &'static str,
        /// The lane.
        lane: String,
    },
    /// A connection is controlled by a traffic light that has no programme.
    #[error(
        "{place}: <connection> is controlled by tl=\"{tl}\", which has no <tlLogic>; allowed: the tlLogics of this file"
    )]
    UnknownSignal {
        /// Where.
        place: Place,
        /// The traffic light.
        tl: String,
    },
    /// States of one programme differ in length.
    #[error(
        "{place}: tlLogic \"{tl}\" programme \"{programme}\": state \"{state}\" has {found} letters; allowed: {expected}, as many as in its first state"
    )]
    UnequalStates {
        /// Where the state stands.
        place: Place,
        /// The traffic light.
        tl: String,
        /// The programme.
        programme: String,
        /// The state.
        state: String,
        /// Its length.
        found: usize,
        /// Length of the first state.
        expected: usize,
    },
    /// A programme without phases.
    #[error("{place}: tlLogic \"{tl}\" programme \"{programme}\" has no <phase>; allowed: one or more")]
    NoPhases {
        /// Where.
        place: Place,
        /// The traffic light.
        tl: String,
        /// The programme.
        programme: String,
    },
    /// A link beyond the end of the states.
    #[error("{place}: <connection> tl=\"{tl}\" linkIndex=\"{index}\"; allowed: 0…{last}, the letters of its states")]
    LinkIndexBeyond {
        /// Where.
        place: Place,
        /// The traffic light.
        tl: String,
        /// The link index.
        index: usize,
        /// The last index that its states have.
        last: usize,
    },
    /// A signalised junction without right-of-way table.
    #[error(
        "{place}: junction \"{junction}\" has no <request> elements, so there is no conflict information for the traffic light \"{tl}\"; allowed: one <request> a link (write the network with netconvert)"
    )]
    NoConflictInformation {
        /// Where.
        place: Place,
        /// The junction.
        junction: String,
        /// The traffic light.
        tl: String,
    },
    /// A row of a right-of-way table does not fit the links.
    #[error(
        "{place}: junction \"{junction}\" request {index}: {attribute} has {found} bits; allowed: {expected}, one a link"
    )]
    RequestBits {
        /// Where.
        place: Place,
        /// The junction.
        junction: String,
        /// Number of the request.
        index: usize,
        /// Which attribute.
        attribute: &'static str,
        /// Bits found.
        found: usize,
        /// Links.
        expected: usize,
    },
    /// The right-of-way table does not fit the links.
    #[error(
        "{place}: junction \"{junction}\" has {found} <request> elements for {expected} links; allowed: one a link"
    )]
    RequestCount {
        /// Where.
        place: Place,
        /// The junction.
        junction: String,
        /// Requests.
        found: usize,
        /// Links.
        expected: usize,
    },
    /// No traffic light at all.
    #[error("{source_name}: there is no <tlLogic> that controls a link; allowed: one or more signalised junctions")]
    NoSignals {
        /// The file.
        source_name: String,
    },
    /// A programme that serves nobody.
    #[error(
        "{place}: tlLogic \"{tl}\" programme \"{programme}\": no state serves anybody without conflict; allowed: at least one state with G or g and without y, Y, u"
    )]
    NothingServed {
        /// Where.
        place: Place,
        /// The traffic light.
        tl: String,
        /// The programme.
        programme: String,
    },
    /// A route over an edge that is not in the network.
    #[error("{place}: {element} \"{vehicle}\" uses the edge \"{edge}\", which is not in {network}; allowed: its edges")]
    UnknownRouteEdge {
        /// Where.
        place: Place,
        /// Kind of element (vehicle, trip, flow, route).
        element: String,
        /// Its id.
        vehicle: String,
        /// The edge.
        edge: String,
        /// The network file.
        network: String,
    },
    /// An option that cannot be.
    #[error("option {name} = {value}; allowed: {allowed}")]
    Option {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// The network is read but does not hold together.
    #[error("{source_name}: what was read is not a valid network:\n{problems}")]
    Invalid {
        /// The file.
        source_name: String,
        /// All that is wrong.
        problems: Problems,
    },
}
