//! What an import found, guessed, accepted and refused, for people and as JSON.

use crate::network::file::NetworkFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The report of one import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// The network file.
    pub source: String,
    /// How much there is.
    pub counts: ImportCounts,
    /// What the file does not say, and what was taken instead.
    pub guessed: Vec<ImportNote>,
    /// What the file allows against our own rules, and was kept as its author wants it.
    pub accepted: Vec<ImportNote>,
    /// What was left out or changed.
    pub refused: Vec<ImportNote>,
    /// What is worth knowing.
    pub notes: Vec<ImportNote>,
}

/// One remark of an import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ImportNote {
    /// What it is about: an intersection, a lane, or the whole network.
    pub about: String,
    /// What there is to say.
    pub message: String,
}

/// How much an import found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImportCounts {
    /// Signalised intersections.
    pub intersections: usize,
    /// Signal groups.
    pub groups: usize,
    /// Groups that are green in no stage although they control something.
    pub groups_unserved: usize,
    /// Stages.
    pub stages: usize,
    /// Pairs of groups in conflict.
    pub conflicts: usize,
    /// Movements and crosswalks.
    pub movements: usize,
    /// Lanes with a stop line.
    pub lanes: usize,
    /// Lanes that nothing feeds.
    pub sources: usize,
    /// Pieces of lane upstream.
    pub feeders: usize,
    /// Lanes by which traffic leaves.
    pub exits: usize,
    /// Roads from one intersection to the next.
    pub links: usize,
    /// Detectors.
    pub detectors: usize,
}

impl ImportReport {
    /// Remark on something the file does not say.
    pub(crate) fn guess(&mut self, about: &str, message: impl Into<String>) {
        self.guessed.push(ImportNote { about: about.to_owned(), message: message.into() });
    }

    /// Remark on something that was kept against our own rules.
    pub(crate) fn accept(&mut self, about: &str, message: impl Into<String>) {
        self.accepted.push(ImportNote { about: about.to_owned(), message: message.into() });
    }

    /// Remark on something that was left out or changed.
    pub(crate) fn refuse(&mut self, about: &str, message: impl Into<String>) {
        self.refused.push(ImportNote { about: about.to_owned(), message: message.into() });
    }

    /// Remark on something worth knowing.
    pub(crate) fn note(&mut self, about: &str, message: impl Into<String>) {
        self.notes.push(ImportNote { about: about.to_owned(), message: message.into() });
    }
}

impl ImportCounts {
    /// Count what a network file holds.
    pub(crate) fn of(file: &NetworkFile) -> Self {
        let mut counts = Self { intersections: file.intersections.len(), links: file.links.len(), ..Self::default() };
        for intersection in &file.intersections {
            let lanes = intersection.approaches.iter().flat_map(|approach| &approach.lanes);
            counts.groups += intersection.groups.len();
            counts.stages += intersection.stages.len();
            counts.conflicts += intersection.conflicts.len();
            counts.movements += intersection.movements.len();
            counts.lanes += lanes.clone().count();
            counts.sources += lanes.filter(|lane| lane.is_source).count();
            counts.feeders += intersection.feeders.len();
            counts.exits += intersection.exits.len();
            counts.detectors += intersection.detectors.len();
        }
        counts
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.counts;
        writeln!(f, "{}", self.source)?;
        writeln!(
            f,
            "  {} intersections, {} signal groups ({} never green), {} stages, {} conflicts",
            it.intersections, it.groups, it.groups_unserved, it.stages, it.conflicts
        )?;
        writeln!(
            f,
            "  {} lanes ({} sources), {} feeders, {} exits, {} movements, {} links, {} detectors",
            it.lanes, it.sources, it.feeders, it.exits, it.movements, it.links, it.detectors
        )?;
        let chapters = [
            ("guessed", &self.guessed),
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("notes", &self.notes),
        ];
        for (title, remarks) in chapters.into_iter().filter(|(_, remarks)| !remarks.is_empty()) {
            writeln!(f, "{title}:")?;
            for remark in remarks {
                writeln!(f, "  {}: {}", remark.about, remark.message)?;
            }
        }
        Ok(())
    }
}
