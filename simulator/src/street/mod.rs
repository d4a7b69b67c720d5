//! What the street is: lanes, links through junctions, lamps and classes, checked and numbered.
//!
//! ```text
//! StreetFile ─derive links─> names to numbers ─> conflicts ─> Street        all problems at once, or a street
//! ```
//!
//! Lanes of a road are consecutive, from right to left; links of a lane are consecutive. Lengths in metres, speeds in
//! metres a second.

mod build;
mod class;
mod conflicts;
mod derive;
mod file;
mod geometry;
mod index;
mod problem;
mod programme;

use std::ops::Range;

pub use class::*;
pub use file::*;
pub use index::*;
pub use problem::Problem;
pub(crate) use problem::Problems;

use crate::monitor::MonitorTable;

/// A checked street.
#[derive(Debug, Clone, PartialEq)]
pub struct Street {
    /// Where roads meet or end.
    pub junctions: Vec<Junction>,
    /// Directed roads.
    pub roads: Vec<Road>,
    /// Lanes, those of a road together.
    pub lanes: Vec<Lane>,
    /// Links, those of a lane together.
    pub links: Vec<Link>,
    /// For each link the others that it meets; [`Link::foes`] points here.
    pub foes: Vec<Foe>,
    /// Signal controllers.
    pub signals: Vec<Signal>,
    /// Crossings of pedestrians.
    pub crossings: Vec<Crossing>,
    /// Classes: the built-in ones, then (or overridden by) those of the file.
    pub classes: Vec<ClassFile>,
    /// Where each link of the file, in its order, went.
    pub written: Vec<LinkIx>,
}

/// Where roads meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Junction {
    /// Its name.
    pub id: String,
    /// East, north \[m\].
    pub at_m: [f64; 2],
    /// Right of way.
    pub control: Control,
}

/// A directed road.
#[derive(Debug, Clone, PartialEq)]
pub struct Road {
    /// Its name.
    pub id: String,
    /// Where it begins.
    pub from: JunctionIx,
    /// Where it ends.
    pub to: JunctionIx,
    /// Length \[m\].
    pub length_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Its lanes, from the right.
    pub lanes: Range<u32>,
    /// Its line \[m\].
    pub shape: Vec<[f64; 2]>,
}

/// A lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its name.
    pub id: String,
    /// Its road.
    pub road: RoadIx,
    /// Length \[m\].
    pub length_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Bit `k` is set when class `k` may use it.
    pub classes: u64,
    /// Where one waits for whoever leaves it by another link \[m before the line\]; 0: nobody minds.
    pub parting_m: f64,
    /// Links that leave it.
    pub links: Range<u32>,
}

/// A way through a junction.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Lane that it leaves.
    pub from: LaneIx,
    /// Lane that it enters.
    pub to: LaneIx,
    /// Where it leads.
    pub turn: Turn,
    /// Length \[m\].
    pub length_m: f64,
    /// Speed limit \[m/s\].
    pub speed_mps: f64,
    /// Signal and group that it obeys.
    pub lamp: Option<(SignalIx, usize)>,
    /// Where in `Street::foes` its foes stand.
    pub foes: Range<u32>,
    /// Where a yielding vehicle waits \[m from the stop line\].
    pub waits_at_m: f64,
    /// Its line \[m\].
    pub shape: Vec<[f64; 2]>,
}

/// How a link meets another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Foe {
    /// The other one.
    pub link: LinkIx,
    /// Where they meet on this link \[m from its begin\]; its end where both enter the same lane.
    pub at_m: f64,
    /// Where they meet on the other one \[m\].
    pub foe_at_m: f64,
    /// Both enter the same lane.
    pub merges: bool,
    /// This link gives way.
    pub yields: bool,
    /// The other link gives way.
    pub foe_yields: bool,
}

/// A signal controller.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its name.
    pub id: String,
    /// Number of groups.
    pub groups: usize,
    /// Fixed programme; may be empty.
    pub stages: Vec<StageFile>,
    /// Sum of the stages \[s\].
    pub cycle_s: f64,
    /// Begin of the first stage \[s\].
    pub offset_s: f64,
    /// What the monitor knows of it.
    pub table: MonitorTable,
}

/// A crossing of pedestrians.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Its name.
    pub id: String,
    /// Kerb to kerb \[m\].
    pub length_m: f64,
    /// Signal and group of the pedestrians.
    pub lamp: Option<(SignalIx, usize)>,
    /// Whether they have to push a button.
    pub push_button: bool,
    /// Links whose vehicles drive over it, with the place on the link \[m from its begin\].
    pub links: Vec<(LinkIx, f64)>,
}

impl Street {
    /// Check a file and number its things.
    ///
    /// # Errors
    /// All problems at once, each with its place, the value found and what is allowed.
    pub fn build(file: StreetFile) -> Result<Self, Vec<Problem>> {
        build::build(file)
    }

    /// Road of a name.
    pub fn road(&self, id: &str) -> Option<RoadIx> {
        self.roads.iter().position(|road| road.id == id).map(Into::into)
    }

    /// Lane of a name.
    pub fn lane(&self, id: &str) -> Option<LaneIx> {
        self.lanes.iter().position(|lane| lane.id == id).map(Into::into)
    }

    /// Signal of a name.
    pub fn signal(&self, id: &str) -> Option<SignalIx> {
        self.signals.iter().position(|signal| signal.id == id).map(Into::into)
    }

    /// Class of a name.
    pub fn class(&self, id: &str) -> Option<ClassIx> {
        self.classes.iter().position(|class| class.id == id).map(Into::into)
    }

    /// Crossing of a name.
    pub fn crossing(&self, id: &str) -> Option<CrossingIx> {
        self.crossings.iter().position(|crossing| crossing.id == id).map(Into::into)
    }

    /// Lanes of a road, from the right.
    pub fn lanes_of(&self, road: RoadIx) -> impl DoubleEndedIterator<Item = LaneIx> + ExactSizeIterator + use<> {
        let lanes = self.roads[road.at()].lanes.clone();
        lanes.map(LaneIx)
    }

    /// Links that leave a lane.
    pub fn links_of(&self, lane: LaneIx) -> impl Iterator<Item = LinkIx> + use<> {
        self.lanes[lane.at()].links.clone().map(LinkIx)
    }

    /// Road that a link enters.
    pub fn enters(&self, link: LinkIx) -> RoadIx {
        self.lanes[self.links[link.at()].to.at()].road
    }

    /// Links that another one meets.
    pub fn foes_of(&self, link: LinkIx) -> &[Foe] {
        let range = &self.links[link.at()].foes;
        &self.foes[range.start as usize..range.end as usize]
    }
}
