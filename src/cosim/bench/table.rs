//! What the benchmark does on a map: begin, end, timing and bars, from a table and from the map's own folder.
//!
//! In: TOML (`scenarios/bench/control.toml` is built in; a folder may hold a `bench.toml`). Out: [`Table`], checked as a whole,
//! or every problem at once with file, key, value and what is allowed. No map is known by name anywhere else.

use crate::cosim::scenario::file::EngineFile;
use crate::cosim::scenario::shape;
use crate::network::Problems;
use crate::time::Millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The table as it is written.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TableFile {
    #[serde(default)]
    default: EntryFile,
    asked: Asked,
    #[serde(default)]
    maps: BTreeMap<String, EntryFile>,
}

/// What is said of a map.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct EntryFile {
    begin_s: Option<i64>,
    end_s: Option<i64>,
    timing: EngineFile,
    sumo: BTreeMap<String, EngineFile>,
    bar: BTreeMap<String, Bar>,
}

/// What is asked of adaptive control on every map.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Mean speed above that of the better of Webster and actuated, as a share: required.
    pub speed_must: f64,
    /// The same: aimed at.
    pub speed_aim: f64,
    /// 99th percentile of the time of a decision \[ms\].
    pub decision_p99_ms: f64,
}

/// What is asked of the mean delay of adaptive control on one map in one version of SUMO \[s/vehicle\].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bar {
    /// At most this is required.
    pub must_s: Option<f64>,
    /// At most this is aimed at.
    pub aim_s: Option<f64>,
    /// No seed may be above this.
    pub seed_max_s: Option<f64>,
    /// Best published figure; less than it is required.
    pub published_s: Option<f64>,
    /// Where the published figure is from.
    pub source: Option<String>,
}

/// Signal timing and sensing of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Yellow.
    pub yellow: Millis,
    /// Red clearance.
    pub all_red: Millis,
    /// Shortest green.
    pub green_min: Millis,
    /// Detection range \[m\].
    pub range_m: f64,
    /// Grid of greedy and max pressure.
    pub decision_period: Millis,
}

/// The checked table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    file: TableFile,
}

/// What is said of one map, default and table and folder taken together.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// First second and first second that is not simulated, when somebody said so.
    pub period_s: Option<(i64, i64)>,
    layers: Vec<EntryFile>,
}

impl Table {
    /// The table that is built in.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn built_in() -> Self {
        let text = include_str!("../../../scenarios/bench/control.toml");
        Self::parse(text, "scenarios/bench/control.toml").expect("the built-in table is checked by a test")
    }

    /// Read and check a table; `source` is how the file is called in problems.
    pub fn parse(text: &str, source: &str) -> Result<Self, Problems> {
        let file: TableFile = shape::read(text, source)?;
        let mut problems = Problems::default();
        file.default.check(&format!("{source}: default."), &mut problems);
        for (name, entry) in &file.maps {
            entry.check(&format!("{source}: maps.{name}."), &mut problems);
        }
        let asked = [
            ("speed_must", file.asked.speed_must, 0.0..=10.0),
            ("speed_aim", file.asked.speed_aim, 0.0..=10.0),
            ("decision_p99_ms", file.asked.decision_p99_ms, 0.001..=1000.0),
        ];
        for (key, value, range) in asked {
            problems.range(format!("{source}: asked.{key}"), value, &range, "");
        }
        problems.into_result(Self { file })
    }

    /// What is asked everywhere.
    pub fn asked(&self) -> Asked {
        self.file.asked
    }

    /// Names of the maps that it says something about.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.file.maps.keys().map(String::as_str)
    }

    /// What is said of a map; `own` is the text of the `bench.toml` in its folder and how it is called in problems.
    pub fn entry(&self, name: &str, own: Option<(&str, &str)>) -> Result<Entry, Problems> {
        let mut layers = vec![self.file.default.clone()];
        layers.extend(self.file.maps.get(name).cloned());
        if let Some((text, source)) = own {
            let file: EntryFile = shape::read(text, source)?;
            let mut problems = Problems::default();
            file.check(&format!("{source}: "), &mut problems);
            layers.push(problems.into_result(file)?);
        }
        let last = |of: fn(&EntryFile) -> Option<i64>| layers.iter().rev().find_map(of);
        let period_s = last(|it| it.begin_s).zip(last(|it| it.end_s));
        Ok(Entry { period_s, layers })
    }
}

impl Entry {
    /// The timing in a version of SUMO.
    pub fn timing(&self, sumo: &str) -> Timing {
        let files = || self.layers.iter().rev().flat_map(|it| it.sumo.get(sumo).into_iter().chain([&it.timing]));
        let value = |of: fn(&EngineFile) -> Option<f64>, otherwise| files().find_map(of).unwrap_or(otherwise);
        Timing {
            yellow: Millis::from_secs_f64(value(|it| it.yellow_s, 3.0)),
            all_red: Millis::from_secs_f64(value(|it| it.all_red_s, 0.0)),
            green_min: Millis::from_secs_f64(value(|it| it.green_min_s, 5.0)),
            range_m: value(|it| it.range_m, 200.0),
            decision_period: Millis::from_secs_f64(value(|it| it.decision_period_s, 10.0)),
        }
    }

    /// What is asked in a version of SUMO.
    pub fn bar(&self, sumo: &str) -> Bar {
        self.layers.iter().rev().find_map(|it| it.bar.get(sumo)).cloned().unwrap_or_default()
    }
}

impl EntryFile {
    fn check(&self, place: &str, problems: &mut Problems) {
        let key = |name: &str| format!("{place}{name}");
        let longest = 0..=366 * 24 * 3600;
        for (name, value) in [("begin_s", self.begin_s), ("end_s", self.end_s)] {
            if let Some(value) = value {
                problems.range(key(name), value, &longest, "s");
            }
        }
        match (self.begin_s, self.end_s) {
            (Some(begin), Some(end)) if end <= begin => {
                problems.push(key("end_s"), format_args!("{end} s"), format_args!("after begin_s {begin} s"));
            }
            (Some(_), None) => problems.push(key("end_s"), "missing", "must be given with begin_s"),
            (None, Some(_)) => problems.push(key("begin_s"), "missing", "must be given with end_s"),
            _ => {}
        }
        self.timing.check(&key("timing"), problems);
        for (version, timing) in &self.sumo {
            timing.check(&key(&format!("sumo.\"{version}\"")), problems);
        }
        for (version, bar) in &self.bar {
            bar.check(&key(&format!("bar.\"{version}\"")), problems);
        }
    }
}

impl Bar {
    fn check(&self, place: &str, problems: &mut Problems) {
        let values = [
            ("must_s", self.must_s),
            ("aim_s", self.aim_s),
            ("seed_max_s", self.seed_max_s),
            ("published_s", self.published_s),
        ];
        for (key, value) in values {
            if let Some(value) = value {
                problems.positive(format!("{place}.{key}"), value, 1e6, "s");
            }
        }
        if self.published_s.is_some() && self.source.is_none() {
            problems.push(format!("{place}.source"), "missing", "where published_s is from");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_knows_the_timing_of_both_versions() {
        let table = Table::built_in();
        let entry = table.entry("arterial4x4", None).unwrap();
        assert_eq!(entry.period_s, Some((0, 3600)));
        let (new, old) = (entry.timing("1.28"), entry.timing("1.9.1"));
        assert_eq!((new.yellow, new.green_min), (Millis::from_secs(2), Millis::from_secs(5)));
        assert_eq!((old.yellow, old.green_min), (Millis::from_secs(2), Millis::from_secs(3)));
        assert_eq!(old.decision_period, Millis::from_secs(5));
        let cologne = table.entry("cologne1", None).unwrap();
        assert_eq!(cologne.timing("1.9.1").green_min, Millis::from_secs(7));
        assert_eq!((cologne.bar("1.28").must_s, cologne.bar("1.9.1").published_s), (Some(16.0), Some(26.05)));
    }

    #[test]
    fn an_unknown_map_has_the_defaults_and_a_file_of_its_own_comes_first() {
        let table = Table::built_in();
        let unknown = table.entry("nowhere", None).unwrap();
        assert_eq!((unknown.period_s, unknown.timing("1.28").yellow), (None, Millis::from_secs(3)));
        let own = "begin_s = 10\nend_s = 20\ntiming = { yellow_s = 4.0 }\nbar.\"1.28\" = { must_s = 5.0 }";
        let entry = table.entry("cologne1", Some((own, "cologne1/bench.toml"))).unwrap();
        assert_eq!((entry.period_s, entry.timing("1.28").yellow), (Some((10, 20)), Millis::from_secs(4)));
        assert_eq!(entry.timing("1.9.1").green_min, Millis::from_secs(7));
        assert_eq!(entry.bar("1.28").must_s, Some(5.0));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "[asked]\nspeed_must = -1.0\nspeed_aim = 0.3\ndecision_p99_ms = 2.0\n\
                    [default.timing]\nyellow_s = 9.0\n\
                    [maps.a]\nbegin_s = 50\nend_s = 40\nsumo.\"1.28\" = { range_m = 5.0 }\n\
                    bar.\"1.28\" = { must_s = 0.0, published_s = 3.0 }\n[maps.b]\nend_s = 7\n";
        let told = Table::parse(text, "t.toml").unwrap_err().to_string();
        let wanted = [
            "t.toml: default.timing.yellow_s: 9 s (allowed: 2…6 s)",
            "t.toml: maps.a.end_s: 40 s (allowed: after begin_s 50 s)",
            "t.toml: maps.a.sumo.\"1.28\".range_m: 5 m",
            "t.toml: maps.a.bar.\"1.28\".must_s",
            "t.toml: maps.a.bar.\"1.28\".source: missing",
            "t.toml: maps.b.begin_s: missing",
            "t.toml: asked.speed_must",
        ];
        for it in wanted {
            assert!(told.contains(it), "{it}\n--- in ---\n{told}");
        }
    }

    #[test]
    fn unknown_keys_are_told_together() {
        let told = Table::parse("[default]\nyelow = 1\n[maps.a]\nstart = 5\n", "t.toml").unwrap_err().to_string();
        for it in ["default.yelow: unknown key", "maps.a.start: unknown key", "asked: missing"] {
            assert!(told.contains(it), "{it}\n--- in ---\n{told}");
        }
    }
}
