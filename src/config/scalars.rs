//! The scalars that every intersection shares, as a data file with its provenance: what the search prices, by scene, and what the
//! estimator believes at first.
//!
//! ```text
//! [provenance]      where the numbers come from
//! [estimate]        priors                                      left out: as in the code
//! [optimize]        the search                                  left out: as in the code
//! [scenes.NAME]     what differs in a scene                     left out: as in [optimize]
//! ```
//!
//! TOML in, [`Scalars`] out, or every problem at once. [`Scalars::built_in`] is `scalars.toml` beside this file: what every command
//! begins with.

use super::check_search;
use crate::network::{Problems, toml_problem};
use crate::plan::Scene;
use crate::{controller, estimate, optimize};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// A set of scalars.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalars {
    /// Where they come from.
    pub provenance: Provenance,
    /// What is believed before anything is learned.
    pub estimate: estimate::Settings,
    /// The search.
    pub search: optimize::Settings,
    /// The search in scenes in which it differs.
    pub scenes: BTreeMap<Scene, optimize::Settings>,
}

/// Where a set of scalars comes from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Who or what chose them.
    pub how: String,
    /// Version of the program that searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// When, as the caller said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What was varied, and in which scene.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub varied: Vec<String>,
    /// Scenarios that were driven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// Seeds of demand and drivers that were searched on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u64>,
    /// Seeds that were kept aside, on which before and after were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<u64>,
    /// Seed of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Generations of the search, and candidates in each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generations: Option<u32>,
    /// Candidates of a generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
    /// Mean change of the delay on the seeds that were kept aside \[%\], before to after; the objective of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_percent: Option<f64>,
    /// Half of its 95 % interval over scenarios and seeds, paired \[%\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_half_percent: Option<f64>,
    /// Runs that locked up on those seeds, before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_up: Option<[u32; 2]>,
}

/// As it is written; only its shape is known to be right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScalarsFile {
    provenance: Provenance,
    #[serde(default)]
    estimate: estimate::Settings,
    #[serde(default, rename = "optimize")]
    _optimize: optimize::Settings,
    #[serde(default, rename = "scenes")]
    _scenes: BTreeMap<Scene, optimize::Settings>,
}

impl Scalars {
    /// Those that every command begins with.
    pub fn built_in() -> Self {
        Self::parse(include_str!("scalars.toml"), "scalars.toml").expect("a test reads this file")
    }

    /// Read and check a file; `source` is how it is called in problems.
    ///
    /// # Errors
    /// All problems at once, with file, key, value and range.
    pub fn parse(text: &str, source: &str) -> Result<Self, Problems> {
        let file: ScalarsFile = toml::from_str(text).map_err(|error| toml_problem(&error, text, source))?;
        // The shape is right; now each scene is what differs from the whole.
        let tables: Table = toml::from_str(text).map_err(|error| toml_problem(&error, text, source))?;
        let mut problems = Problems::default();
        check_estimate(&file.estimate, source, &mut problems);
        let search = over(&optimize::Settings::default(), table(&tables, "optimize"));
        check_search(&search, &format!("{source}: optimize"), &mut problems);
        let mut scenes = BTreeMap::new();
        for scene in Scene::ALL {
            if let Some(change) = table(&tables, "scenes").and_then(|scenes| table(scenes, scene.name())) {
                let settings = over(&search, Some(change));
                check_search(&settings, &format!("{source}: scenes.{scene}"), &mut problems);
                scenes.insert(scene, settings);
            }
        }
        problems.into_result(Self { provenance: file.provenance, estimate: file.estimate, search, scenes })
    }

    /// The same as a file: what differs in a scene, and everything else.
    pub fn to_toml(&self) -> String {
        let mut all = Table::new();
        all.insert("provenance".into(), Value::Table(written(&self.provenance)));
        all.insert("estimate".into(), Value::Table(written(&self.estimate)));
        let search = written(&self.search);
        let mut scenes = Table::new();
        for (scene, settings) in &self.scenes {
            scenes.insert(scene.name().into(), Value::Table(difference(&search, &written(settings))));
        }
        all.insert("optimize".into(), Value::Table(search));
        all.insert("scenes".into(), Value::Table(scenes));
        toml::to_string(&all).expect("tables of numbers and names can be written")
    }

    /// Settings of a controller with these scalars.
    #[must_use]
    pub fn applied(&self, settings: controller::Settings) -> controller::Settings {
        let (search, scenes, estimate) = (self.search.clone(), self.scenes.clone(), self.estimate);
        controller::Settings { search, scenes, estimate, ..settings }
    }

    /// The same with what an operator says of the search, in every scene.
    pub(super) fn with(mut self, change: Option<&Table>) -> Self {
        for search in [&mut self.search].into_iter().chain(self.scenes.values_mut()) {
            *search = over(search, change);
        }
        self
    }
}

/// Settings as a table.
fn written(value: &impl Serialize) -> Table {
    Table::try_from(value).expect("settings are tables of numbers and names")
}

fn table<'a>(of: &'a Table, name: &str) -> Option<&'a Table> {
    of.get(name).and_then(Value::as_table)
}

/// Settings with some of them changed; the change has the shape of settings.
fn over(base: &optimize::Settings, change: Option<&Table>) -> optimize::Settings {
    let mut all = written(base);
    if let Some(change) = change {
        merge(&mut all, change);
    }
    all.try_into().expect("the change was read as settings before")
}

fn merge(into: &mut Table, change: &Table) {
    for (key, value) in change {
        match (into.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(change)) => merge(below, change),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

/// What of a table is not as in another one.
fn difference(base: &Table, other: &Table) -> Table {
    let mut found = Table::new();
    for (key, value) in other {
        match (base.get(key), value) {
            (Some(Value::Table(base)), Value::Table(other)) => {
                let below = difference(base, other);
                if !below.is_empty() {
                    found.insert(key.clone(), Value::Table(below));
                }
            }
            (Some(same), _) if same == value => {}
            _ => drop(found.insert(key.clone(), value.clone())),
        }
    }
    found
}

fn check_estimate(settings: &estimate::Settings, source: &str, problems: &mut Problems) {
    problems.range(format_args!("{source}: estimate.dispersion"), settings.dispersion, &(0.0..=1.0), "");
    let factor = settings.permissive_factor;
    problems.range(format_args!("{source}: estimate.permissive_factor"), factor, &(0.05..=1.0), "");
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[provenance]\nhow = 'a test'\n";

    #[test]
    fn the_built_in_file_is_sound_and_every_scene_decides_as_the_code_does_without_it() {
        let built_in = Scalars::built_in();
        let default = controller::Settings::default();
        assert_eq!(
            built_in.applied(default.clone()),
            default,
            "the log in docs/algorithm.md says why when this changes"
        );
        for scene in Scene::ALL {
            assert_eq!(default.search_in(scene), &optimize::Settings::default());
        }
    }

    #[test]
    fn a_scene_says_only_what_differs_and_is_written_so() {
        let text =
            format!("{LEAST}[optimize]\nstop_cost_s = 5\n[scenes.peak]\nhorizon_s = 75\npeople.transit = 10.0\n");
        let scalars = Scalars::parse(&text, "x.toml").unwrap();
        let peak = &scalars.scenes[&Scene::Peak];
        assert_eq!((peak.horizon_s, peak.stop_cost_s, peak.people.transit, peak.people.car), (75, 5.0, 10.0, 1.3));
        let written = scalars.to_toml();
        let scenes = written.split("[scenes").nth(1).unwrap();
        assert!(scenes.contains("horizon_s = 75") && !scenes.contains("stop_cost_s"), "{written}");
        assert_eq!(Scalars::parse(&written, "again").unwrap(), scalars);
    }

    #[test]
    fn what_an_operator_says_holds_in_every_scene() {
        let scalars = Scalars::parse(&format!("{LEAST}[scenes.event]\nspill_price = 4.0\n"), "x.toml").unwrap();
        let change: Table = toml::from_str("spill_price = 2.0").unwrap();
        let said = scalars.with(Some(&change));
        assert_eq!((said.search.spill_price, said.scenes[&Scene::Event].spill_price), (2.0, 2.0));
    }

    #[test]
    fn all_problems_are_told_with_file_key_value_and_range_and_unknown_keys_with_their_line() {
        let text = format!(
            "{LEAST}[estimate]\ndispersion = -1.0\n[optimize]\nhorizon_s = 5\n[scenes.peak]\nstop_cost_s = nan\n"
        );
        let told = Scalars::parse(&text, "x.toml").unwrap_err().to_string();
        let wanted = [
            "x.toml: estimate.dispersion: -1 (allowed: 0…1)",
            "x.toml: optimize.horizon_s: 5 s (allowed: 10…120 s)",
            "x.toml: scenes.peak.horizon_s: 5 s (allowed: 10…120 s)",
            "x.toml: scenes.peak.stop_cost_s: NaN veh·s (allowed: 0…60 veh·s)",
        ];
        assert_eq!(told.lines().collect::<Vec<_>>(), wanted);
        let told = |more: &str| Scalars::parse(&format!("{LEAST}{more}"), "x.toml").unwrap_err().to_string();
        assert!(told("[scenes.rush]\n").starts_with("x.toml:3"), "{}", told("[scenes.rush]\n"));
        assert!(told("[scenes.peak]\nhorizon = 3\n").starts_with("x.toml:4:1: unknown field `horizon`"));
    }
}
