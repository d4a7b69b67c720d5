//! One run of the benchmark: what is run, what came out, and when two are the same.
//!
//! In: map, version of SUMO, controller (or the conflict-free floor), variant, seed. Out: a [`Record`]. A run is the same as a
//! kept one when its digest is: files of the map, SUMO's program, all settings, and for whoever our own program decides, that
//! program. So a new build runs adaptive, Webster, greedy and max pressure again and leaves `fixed`, `actuated` and the
//! floor, in which it has no part, as they are.

use super::ablation::Variant;
use super::execute::execute;
use super::maps::Map;
use super::table::Timing;
use crate::cosim::causes::Lost;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::coordination::Coordination;
use crate::cosim::degrade::Degrade;
use crate::cosim::error::CosimError;
use crate::cosim::jobs::{Job, Progress};
use crate::cosim::results::Results;
use crate::cosim::sumo_run::Trial;
use crate::cosim::witness::Standing;
use crate::record::header::digest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Version of what a record holds and how it is measured; a new one makes all kept records old.
const FORMAT: u32 = 2;

/// A SUMO to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumoProgram {
    /// Version as it was asked for, such as `1.28`.
    pub version: String,
    /// The program.
    pub binary: PathBuf,
    /// SHA-256 of the program.
    pub digest: String,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum Who {
    /// A controller.
    Controller(ControllerName),
    /// Nobody: no conflicts, no signals. What no signal can beat.
    Floor(FloorName),
}

/// The name of the floor in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FloorName {
    /// The conflict-free floor.
    Floor,
}

impl Who {
    /// The floor.
    pub const FLOOR: Self = Self::Floor(FloorName::Floor);

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Controller(controller) => controller.name(),
            Self::Floor(_) => "floor",
        }
    }

    /// Whether SUMO does everything by itself.
    const fn is_sumo_alone(self) -> bool {
        match self {
            Self::Controller(controller) => controller.is_streets_own(),
            Self::Floor(_) => true,
        }
    }
}

/// What is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where.
    pub map: Arc<Map>,
    /// In which SUMO.
    pub sumo: Arc<SumoProgram>,
    /// Who decides.
    pub who: Who,
    /// What is different from a plain run.
    pub variant: &'static Variant,
    /// Seed of SUMO's random numbers.
    pub seed: u32,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it is the record of; see [`Run::digest`].
    pub digest: String,
    /// Map.
    pub map: String,
    /// Version of SUMO as it was asked for.
    pub sumo: String,
    /// What SUMO says it is.
    pub program: String,
    /// Who decided.
    pub who: Who,
    /// Variant; empty = plain.
    pub variant: String,
    /// Seed.
    pub seed: u32,
    /// The figures.
    pub results: Results,
    /// 90th percentile of the time that a demanded vehicle stood, on the road or waiting to get in \[s\].
    pub wait_p90_s: f64,
    /// Who stood at the heads of lanes at the end.
    pub standing: Standing,
    /// Where time was lost; nothing is known of the floor.
    pub lost: Lost,
    /// How well the signals worked together; nothing is known where the street's own programmes decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordination: Option<Coordination>,
}

impl Record {
    /// Whether the street was locked up at the end: some lane's first vehicle has stood for
    /// [`crate::cosim::witness::STUCK_S`] or longer.
    pub fn is_locked_up(&self) -> bool {
        self.standing.lanes > 0
    }
}

impl Run {
    /// Its name, which is also its path below the folder of records (`runs/VERSION/MAP/CONTROLLER[.VARIANT].SEED.json`).
    pub fn name(&self) -> String {
        let Self { map, sumo, who, variant, seed } = self;
        let variant = if variant.is_plain() { String::new() } else { format!(".{}", variant.name) };
        format!("{}/{}/{}{variant}.{seed}", sumo.version, map.name, who.name())
    }

    /// Simulated seconds.
    pub fn seconds(&self) -> u64 {
        (self.map.end_s - self.map.begin_s).unsigned_abs()
    }

    /// Timing, with the range of the variant.
    pub fn timing(&self) -> Timing {
        let timing = self.map.entry.timing(&self.sumo.version);
        Timing { range_m: self.variant.range_m.unwrap_or(timing.range_m), ..timing }
    }

    /// What is done to the street and looked at.
    pub fn trial(&self) -> Trial {
        Trial { scale: self.variant.scale, degrade: self.degrade(), witness: true, ..Trial::default() }
    }

    /// What is wrong between detectors and engine.
    fn degrade(&self) -> Degrade {
        self.variant.degrade.parse().expect("a test reads every variant")
    }

    /// SHA-256 of all that the figures depend on; `program` is the digest of this program.
    pub fn digest(&self, program: &str) -> String {
        let Self { map, sumo, who, seed, .. } = self;
        let of = json!({
            "format": FORMAT,
            "files": map.digest,
            "period_s": [map.begin_s, map.end_s],
            "sumo": sumo.digest,
            "who": who.name(),
            "program": if who.is_sumo_alone() { "" } else { program },
            "timing": self.timing(),
            "scale": self.variant.scale,
            "degrade": self.degrade().to_string(),
            "seed": seed,
        });
        digest(&of.to_string())
    }
}

impl Job for Run {
    type Record = Record;

    fn name(&self) -> String {
        Self::name(self)
    }

    fn file(&self) -> PathBuf {
        format!("{}.json", Self::name(self)).into()
    }

    fn seconds(&self) -> u64 {
        Self::seconds(self)
    }

    fn digest(&self, program: &str) -> String {
        Self::digest(self, program)
    }

    fn digest_of(record: &Record) -> &str {
        &record.digest
    }

    fn execute(&self, program: &str, progress: Progress<'_>) -> Result<Record, CosimError> {
        execute(self, program, progress)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::ablation::{PLAIN, VARIANTS};
    use super::super::table::Table;
    use super::*;

    pub fn run(who: Who, variant: &'static Variant, seed: u32) -> Run {
        let map = Map {
            name: "m".into(),
            net: "m.net.xml".into(),
            routes: "m.rou.xml".into(),
            begin_s: 0,
            end_s: 60,
            entry: Table::built_in().entry("m", None).unwrap(),
            digest: "f".into(),
        };
        let sumo = SumoProgram { version: "1.28".into(), binary: "sumo".into(), digest: "s".into() };
        Run { map: Arc::new(map), sumo: Arc::new(sumo), who, variant, seed }
    }

    /// A record of a run with a delay.
    pub fn record(run: &Run, delay_s: f64) -> Record {
        let mut results = crate::cosim::results::Trips::default().results(0, 0, Vec::new());
        (results.delay_s, results.mean_speed_mps, results.demanded) = (delay_s, 100.0 / delay_s, 100);
        Record {
            digest: run.digest(""),
            map: run.map.name.clone(),
            sumo: run.sumo.version.clone(),
            program: "SUMO 1.28.0".into(),
            who: run.who,
            variant: run.variant.name.into(),
            seed: run.seed,
            results,
            wait_p90_s: 2.0 * delay_s,
            standing: Standing::default(),
            lost: Lost::default(),
            coordination: None,
        }
    }

    const ADAPTIVE: Who = Who::Controller(ControllerName::Adaptive);

    #[test]
    fn a_new_program_makes_old_what_it_decides_and_nothing_else() {
        for (who, same) in [(ADAPTIVE, false), (Who::Controller(ControllerName::Fixed), true), (Who::FLOOR, true)] {
            let it = run(who, &PLAIN, 1);
            assert_eq!(it.digest("one") == it.digest("two"), same, "{who:?}");
        }
    }

    #[test]
    fn every_setting_is_in_the_digest_and_every_run_has_its_own_name() {
        let plain = run(ADAPTIVE, &PLAIN, 1);
        let mut others = vec![run(ADAPTIVE, &PLAIN, 2), run(Who::FLOOR, &PLAIN, 1)];
        others.extend(VARIANTS.iter().map(|variant| run(ADAPTIVE, variant, 1)));
        let mut longer = plain.clone();
        Arc::make_mut(&mut longer.map).end_s = 61;
        for other in &others {
            assert_ne!((other.digest("p"), other.name()), (plain.digest("p"), plain.name()));
            assert_ne!(other.name(), plain.name());
        }
        assert_ne!(longer.digest("p"), plain.digest("p"));
    }
}
