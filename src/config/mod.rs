//! What the operator typed, checked: the settings of `lightwatch run`.
//!
//! TOML in, [`Settings`] out, or every problem at once with file, key, value and what is allowed. Unknown keys are
//! refused: a misspelt limit that silently keeps its default is worse than a service that does not start. Paths stay
//! as they were written; reading the files they name is the business of the command line.
//!
//! [`default_toml`] is the documentation: every key with its default, unit, range and a sentence.

mod broker;
mod file;
mod scalars;
mod shadow;
mod webhook;

pub use broker::{Address, Broker, Place, TlsFiles};
pub use scalars::{Provenance, Scalars};
pub use shadow::{Shadow, ShadowPolicy};
pub use webhook::{HttpAddress, Webhook};

use crate::network::{Problems, toml_problem};
use crate::plan::{Plan, Severity};
use crate::time::Millis;
use crate::{controller, optimize};
use file::{AlarmsFile, ConfigFile, ControllerFile};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Settings of `lightwatch run`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// City or site, the second level of every topic.
    pub city: String,
    /// Network files as written, relative to the configuration.
    pub networks: Vec<PathBuf>,
    /// The broker.
    pub broker: Broker,
    /// Files for TLS to the broker; `None` = in the clear.
    pub tls: Option<TlsFiles>,
    /// File of keys; `None` = nothing is signed, and nothing needs to be.
    pub keys: Option<Place>,
    /// Name of this engine in its presence topic.
    pub engine_id: String,
    /// Intersections that this engine controls; empty = all of the networks.
    pub intersections: Vec<String>,
    /// Folder of the audit log, as written, relative to the configuration; none = not kept.
    pub audit_folder: Option<PathBuf>,
    /// Where alarms are told by HTTP; none = nowhere.
    pub webhook: Option<Webhook>,
    /// Folder of the history, as written, relative to the configuration; none = not kept.
    pub history_folder: Option<PathBuf>,
    /// Most of it \[GB\].
    pub history_gb: u64,
    /// How long it is kept.
    pub history_age: Millis,
    /// Folder in which the engine keeps what it has learned, as written, relative to the configuration; none = not kept.
    pub learned_folder: Option<PathBuf>,
    /// How often it is written.
    pub learned_every: Millis,
    /// Another policy that is compared with the one on duty; none = nobody is.
    pub shadow: Option<Shadow>,
    /// File of scalars in place of those that are built in, as written, relative to the configuration.
    pub scalars: Option<PathBuf>,
    /// Settings of every controller, with the strategy and the search; its `epoch` is for the service to set.
    pub controller: controller::Settings,
}

/// Who proposes the stages, as the operator names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Strategy {
    /// The rolling-horizon search.
    #[default]
    Adaptive,
    /// The fixed-time programme of the network.
    Fixed,
    /// RESCO's greedy choice.
    Greedy,
    /// Max pressure.
    MaxPressure,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 4] = [Self::Adaptive, Self::Fixed, Self::Greedy, Self::MaxPressure];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::Fixed => "fixed",
            Self::Greedy => "greedy",
            Self::MaxPressure => "max-pressure",
        }
    }

    /// What the controller is told.
    const fn proposer(self) -> controller::Strategy {
        match self {
            Self::Adaptive => controller::Strategy::Adaptive,
            Self::Fixed => controller::Strategy::FixedTime,
            Self::Greedy => controller::Strategy::Greedy,
            Self::MaxPressure => controller::Strategy::MaxPressure,
        }
    }

    /// The strategy of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// The default configuration with a comment for each key.
pub const fn default_toml() -> &'static str {
    include_str!("default.toml")
}

/// Read and check a configuration; `source` is how the file is called in problems.
///
/// Where it says nothing of the search, `scalars` do: those of the file that it names ([`Settings::scalars`]), or those built in.
///
/// # Errors
/// All problems at once.
pub fn parse(text: &str, source: &str, scalars: Scalars) -> Result<Settings, Problems> {
    let file: ConfigFile = toml::from_str(text).map_err(|error| toml_problem(&error, text, source))?;
    let tables: toml::Table = toml::from_str(text).map_err(|error| toml_problem(&error, text, source))?;
    let said = tables.get("optimize").and_then(toml::Value::as_table);
    check(file, source, &scalars.with(said))
}

fn check(file: ConfigFile, source: &str, scalars: &Scalars) -> Result<Settings, Problems> {
    let mut problems = Problems::default();
    let key = |name: &str| format!("{source}: {name}");
    problems.id(key("city"), &file.city);
    if file.networks.is_empty() {
        problems.push(key("networks"), "none", "at least one file");
    }
    problems.unique(key("networks"), file.networks.iter().map(String::as_str));
    for name in file.networks.iter().filter(|name| name.is_empty()) {
        problems.push(key("networks"), format_args!("`{name}`"), "the path of a file");
    }
    let (broker, tls) = broker::check(&file.broker, &key, &mut problems);
    plain_name(&key("engine.id"), &file.engine.id, &mut problems);
    problems.unique(key("engine.intersections"), file.engine.intersections.iter().map(String::as_str));
    let strategy = Strategy::from_name(&file.engine.strategy).unwrap_or_else(|| {
        let allowed = Strategy::ALL.map(Strategy::name).join(", ");
        problems.push(key("engine.strategy"), format_args!("`{}`", file.engine.strategy), allowed);
        Strategy::default()
    });
    problems.range(key("history.max_gb"), file.history.max_gb, &(1..=100_000), "GB");
    problems.range(key("history.max_days"), file.history.max_days, &(1..=3_650), "d");
    let webhook = check_webhook(&file.alarms, &key, &mut problems);
    let learned_every = seconds(key("learned.every_s"), file.learned.every_s, &(10..=3_600), &mut problems);
    let shadow = shadow::check(&file.shadow, &key, &mut problems);
    check_controller(&file.controller, &key, &mut problems);
    check_search(&scalars.search, &key("optimize"), &mut problems);
    let controller = scalars.applied(controller_settings(&file.controller, strategy));
    problems.into_result(Settings {
        city: file.city,
        networks: file.networks.into_iter().map(PathBuf::from).collect(),
        broker,
        tls,
        keys: Place::parse(&file.keys.file),
        engine_id: file.engine.id,
        intersections: file.engine.intersections,
        audit_folder: Some(file.audit.folder).filter(|it| !it.is_empty()).map(PathBuf::from),
        webhook,
        history_folder: Some(file.history.folder).filter(|it| !it.is_empty()).map(PathBuf::from),
        history_gb: file.history.max_gb.unsigned_abs(),
        history_age: Millis::from_secs(file.history.max_days.saturating_mul(86_400)),
        learned_folder: Some(file.learned.folder).filter(|it| !it.is_empty()).map(PathBuf::from),
        learned_every,
        shadow,
        scalars: Some(file.settings).filter(|it| !it.is_empty()).map(PathBuf::from),
        controller,
    })
}

/// Whether a name needs no encoding anywhere.
pub fn is_plain_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    plain && (1..=64).contains(&name.len())
}

/// A name that is refused unless it needs no encoding anywhere.
fn plain_name(place: &str, name: &str, problems: &mut Problems) {
    if !is_plain_name(name) {
        problems.push(place, format_args!("`{name}`"), "1…64 of [a-zA-Z0-9_.-]");
    }
}

fn check_webhook(file: &AlarmsFile, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<Webhook> {
    let least = webhook::severity(&file.webhook_from).unwrap_or_else(|| {
        let given = format!("`{}`", file.webhook_from);
        problems.push(key("alarms.webhook_from"), given, "info, warning, critical");
        Severity::Warning
    });
    if file.webhook.is_empty() {
        return None;
    }
    let parsed = Webhook::parse(&file.webhook, least);
    if parsed.is_none() {
        problems.push(key("alarms.webhook"), format_args!("`{}`", file.webhook), HttpAddress::ALLOWED);
    }
    parsed
}

fn check_controller(file: &ControllerFile, key: &dyn Fn(&str) -> String, problems: &mut Problems) {
    let spans: [(&str, Millis, RangeInclusive<i64>); 7] = [
        ("lease_ms", file.lease_ms, 1_000..=Plan::LEASE_MAX.0),
        ("ahead_ms", file.ahead_ms, 15_000..=60_000),
        ("commit_lead_ms", file.commit_lead_ms, 0..=1_000),
        ("decision_period_ms", file.decision_period_ms, 5_000..=20_000),
        ("counts_patience_ms", file.counts_patience_ms, 2_000..=30_000),
        ("blind_patience_ms", file.blind_patience_ms, 30_000..=600_000),
        ("state_patience_ms", file.state_patience_ms, 2_000..=30_000),
    ];
    for (name, value, range) in spans {
        problems.range(key(&format!("controller.{name}")), value.0, &range, "ms");
    }
    problems.range(key("controller.healthy_cycles"), file.healthy_cycles, &(1..=600), "");
}

fn controller_settings(file: &ControllerFile, strategy: Strategy) -> controller::Settings {
    controller::Settings {
        strategy: strategy.proposer(),
        lease: file.lease_ms,
        ahead: file.ahead_ms,
        commit_lead: file.commit_lead_ms,
        decision_period: file.decision_period_ms,
        counts_patience: file.counts_patience_ms,
        blind_patience: file.blind_patience_ms,
        healthy_cycles: file.healthy_cycles,
        state_patience: file.state_patience_ms,
        ..controller::Settings::default()
    }
}

/// Ranges of the scalars of the search; `place` is where they stand.
fn check_search(settings: &optimize::Settings, place: &str, problems: &mut Problems) {
    let whole: [(&str, usize, RangeInclusive<usize>, &str); 4] = [
        ("horizon_s", settings.horizon_s, 10..=120, "s"),
        ("labels_per_bucket", settings.labels_per_bucket, 1..=64, ""),
        ("labels_max", settings.labels_max, 100..=1_000_000, ""),
        ("fine_until_s", settings.fine_until_s, 0..=120, "s"),
    ];
    for (name, value, range, unit) in whole {
        problems.range(format_args!("{place}.{name}"), value, &range, unit);
    }
    let people = &settings.people;
    let real: [(&str, f64, RangeInclusive<f64>, &str); 15] = [
        ("stop_cost_s", settings.stop_cost_s, 0.0..=60.0, "veh·s"),
        ("spill_price", settings.spill_price, 0.0..=20.0, "veh·s per veh and s"),
        ("block_price", settings.block_price, 0.0..=60.0, "veh·s per veh and step"),
        ("side_road_weight", settings.side_road_weight, 0.0..=2.0, ""),
        ("change_cost_s", settings.change_cost_s, 0.0..=60.0, "veh·s"),
        ("startup_s", settings.startup_s, 0.0..=5.0, "s"),
        ("yellow_used_s", settings.yellow_used_s, 0.0..=5.0, "s"),
        ("terminal_weight", settings.terminal_weight, 0.0..=10.0, ""),
        ("terminal_red_s", settings.terminal_red_s, 0.0..=120.0, "s"),
        ("terminal_green_s", settings.terminal_green_s, 0.0..=120.0, "s"),
        ("change_vehicles_min", settings.change_vehicles_min, 0.0..=10.0, "veh"),
        ("people.car", people.car, 1.0..=10.0, ""),
        ("people.transit", people.transit, 0.0..=500.0, ""),
        ("people.pedestrian", people.pedestrian, 0.0..=20.0, ""),
        ("people.patience_s", people.patience_s, 5.0..=600.0, "s"),
    ];
    for (name, value, range, unit) in real {
        problems.range(format_args!("{place}.{name}"), value, &range, unit);
    }
}

/// Whole seconds as a duration, when they lie in a range.
fn seconds(place: String, secs: i64, range: &RangeInclusive<i64>, problems: &mut Problems) -> Millis {
    problems.range(place, secs, range, "s");
    Millis(1_000) * secs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, source: &str) -> Result<Settings, Problems> {
        super::parse(text, source, Scalars::built_in())
    }

    const LEAST: &str = "city = 'x'\nnetworks = ['net.toml']\n";

    #[test]
    fn what_is_not_said_is_what_the_printed_default_says() {
        let least = parse(LEAST, "least.toml").unwrap();
        let printed = parse(default_toml(), "default.toml").unwrap();
        assert_eq!(Settings { city: "x".into(), networks: vec!["net.toml".into()], ..printed }, least);
    }

    #[test]
    fn every_key_of_the_printed_default_has_a_comment_above_it() {
        let lines: Vec<&str> = default_toml().lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ")) {
            assert!(pair[0].starts_with('#') || pair[1].starts_with('#'), "no comment above `{}`", pair[1]);
        }
    }

    #[test]
    fn the_printed_default_names_every_scalar_of_the_search() {
        let search = optimize::Settings::default();
        for table in [serde_json::to_value(&search).unwrap(), serde_json::to_value(search.people).unwrap()] {
            for (name, _) in table.as_object().expect("settings are a table").iter().filter(|(_, it)| !it.is_object()) {
                assert!(default_toml().contains(&format!("\n{name} = ")), "`{name}` is missing");
            }
        }
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        let told = parse(&format!("{LEAST}[optimize]\nhorizon = 3\n"), "run.toml").unwrap_err().to_string();
        assert!(told.starts_with("run.toml:4:1: unknown field `horizon`"), "{told}");
    }

    #[test]
    fn all_problems_are_told_at_once_with_file_key_value_and_range() {
        let text = "city = ''\nnetworks = []\n[broker]\nurl = 'http://x'\nclient_id = 'a/b'\nkeep_alive_s = 0\n\
                    [learned]\nevery_s = 1\n[engine]\nid = ''\nstrategy = 'best'\n[controller]\nlease_ms = 9000\n[optimize]\nhorizon_s = 5\nchange_vehicles_min = nan\n";
        let told: Vec<String> = parse(text, "run.toml").unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "run.toml: city: an empty name (allowed: 1…512 bytes after percent-encoding)",
                "run.toml: networks: none (allowed: at least one file)",
                "run.toml: broker.url: `http://x` (allowed: mqtt://HOST[:PORT] or mqtts://HOST[:PORT])",
                "run.toml: broker.client_id: `a/b` (allowed: 1…64 of [a-zA-Z0-9_.-])",
                "run.toml: broker.keep_alive_s: 0 s (allowed: 2…300 s)",
                "run.toml: engine.id: `` (allowed: 1…64 of [a-zA-Z0-9_.-])",
                "run.toml: engine.strategy: `best` (allowed: adaptive, fixed, greedy, max-pressure)",
                "run.toml: learned.every_s: 1 s (allowed: 10…3600 s)",
                "run.toml: controller.lease_ms: 9000 ms (allowed: 1000…3000 ms)",
                "run.toml: optimize.horizon_s: 5 s (allowed: 10…120 s)",
                "run.toml: optimize.change_vehicles_min: NaN veh (allowed: 0…10 veh)",
            ]
        );
    }
}
