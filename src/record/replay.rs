//! Several intersections driven again side by side, each by itself: whoever has more cores gives each its share of the intersections.
//!
//! In: all events of a recording, in their order. Out: how each intersection compares.

use super::event::Event;
use super::header::Header;
use super::redrive::{Checked, Redrive};
use super::round::{Round, Rounds};
use super::words::Words;
use crate::controller::what_if::Scalars;
use crate::ids::IntersectionId;
use crate::network::Network;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Controllers that live a recording again.
#[derive(Debug)]
pub struct Replay {
    network: Arc<Network>,
    drives: BTreeMap<IntersectionId, Drive>,
    words: Words,
    needed: BTreeSet<IntersectionId>,
}

#[derive(Debug)]
struct Drive {
    rounds: Rounds,
    /// `None` where no engine has a part.
    redrive: Option<Redrive>,
}

/// Where a recording breaks off: what is there of the last instant need not be all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The last instant.
    pub at: Timestamp,
    /// Whom the last line was about.
    pub about: Option<IntersectionId>,
}

impl Replay {
    /// The controllers of the intersections at these positions, at the beginning.
    pub fn new(header: &Header, network: &Arc<Network>, own: &[usize]) -> Self {
        let mut drives = BTreeMap::new();
        let mut needed = BTreeSet::new();
        for &ix in own {
            let redrive = Redrive::new(header, network, ix);
            let id = network.intersections[ix].id.clone();
            needed.extend(network.neighbours(ix).into_iter().map(|other| network.intersections[other].id.clone()));
            needed.insert(id.clone());
            drives.insert(id, Drive { rounds: Rounds::new(header.order), redrive });
        }
        Self { network: Arc::clone(network), drives, words: Words::default(), needed }
    }

    /// Events of whom it wants to see.
    pub fn needed(&self) -> impl Iterator<Item = IntersectionId> {
        self.needed.iter().cloned()
    }

    /// The same, with an account of the decision of each within a span.
    #[must_use]
    pub fn asked(mut self, span: &RangeInclusive<Timestamp>) -> Self {
        for drive in self.drives.values_mut() {
            drive.redrive = drive.redrive.take().map(|it| it.asked(span.clone()));
        }
        self
    }

    /// The same, comparing each decision with what other scalars would have decided.
    #[must_use]
    pub fn against(mut self, others: &Scalars) -> Self {
        for drive in self.drives.values_mut() {
            drive.redrive = drive.redrive.take().map(|it| it.against(others.clone()));
        }
        self
    }

    /// The next event; what is whole and was driven because of it.
    pub fn take(&mut self, at: Timestamp, event: Event) -> Vec<Round> {
        match event {
            Event::End => self.settle(None),
            Event::Begin(header) => {
                self.drop_open();
                for redrive in self.redrives() {
                    redrive.begin(&header);
                }
                Vec::new()
            }
            Event::Gap { intersection: None, lost } => {
                self.drop_open();
                let why = if lost == 0 { "earlier segments are not there" } else { "a part cannot be read" };
                for redrive in self.redrives() {
                    redrive.lose(at, why.to_owned(), lost > 0);
                }
                Vec::new()
            }
            event => {
                self.words.keep(at, &event, &self.network);
                let drive = event.intersection().and_then(|id| self.drives.get_mut(id));
                let round = drive.and_then(|drive| {
                    let round = drive.rounds.push(at, event)?;
                    if let Some(redrive) = &mut drive.redrive {
                        redrive.take(&round, &self.words);
                    }
                    Some(round)
                });
                round.into_iter().collect()
            }
        }
    }

    /// The end of the recording; the last rounds.
    pub fn finish(&mut self, torn: Option<&Torn>) -> Vec<Round> {
        self.settle(torn)
    }

    /// How each intersection compares so far.
    pub fn checked(&self) -> impl Iterator<Item = (&IntersectionId, &Checked)> {
        self.drives.iter().filter_map(|(id, drive)| Some((id, drive.redrive.as_ref()?.checked())))
    }

    /// The controller of an intersection that is driven again, with all that was asked of it.
    pub fn redrive(&self, id: &IntersectionId) -> Option<&Redrive> {
        self.drives.get(id)?.redrive.as_ref()
    }

    fn redrives(&mut self) -> impl Iterator<Item = &mut Redrive> {
        self.drives.values_mut().filter_map(|drive| drive.redrive.as_mut())
    }

    /// What was gathered last need not be whole where something is missing, or where an engine was started without having ended.
    fn drop_open(&mut self) {
        for drive in self.drives.values_mut() {
            if let (Some(round), Some(redrive)) = (drive.rounds.take(), &mut drive.redrive) {
                redrive.pass_over(&round);
            }
        }
    }

    /// Drive what is gathered; not what may be torn.
    fn settle(&mut self, torn: Option<&Torn>) -> Vec<Round> {
        let mut whole = Vec::new();
        for (id, drive) in &mut self.drives {
            let is_torn = torn.is_some_and(|torn| drive.rounds.is_torn(torn.at, torn.about.as_ref() == Some(id)));
            let Some(round) = drive.rounds.take() else { continue };
            match &mut drive.redrive {
                Some(redrive) if is_torn => redrive.pass_over(&round),
                Some(redrive) => redrive.take(&round, &self.words),
                None => {}
            }
            if !is_torn {
                whole.push(round);
            }
        }
        whole
    }
}
