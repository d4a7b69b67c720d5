//! `lightwatch check`: what is wrong with networks and configurations, all at once.

use super::load;
use crate::cosim::scenario::Scenario;
use crate::network::{Network, Problems};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check network files (TOML, JSON), scenarios and configurations of `lightwatch run`
///
/// A file is told by its content. A configuration is checked together with the networks that it names.
/// Exit code: 0 all good (notes do not count), 65 a network is wrong, 78 a configuration or a scenario is wrong.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Files to check
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the findings as one JSON object
    #[arg(long)]
    json: bool,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Network,
    Config,
    Scenario,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
struct Findings {
    file: String,
    kind: Kind,
    ok: bool,
    /// Size of the network, when it could be built.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    problems: Problems,
    notes: Problems,
}

/// Check every file and print what was found.
pub fn run(args: &CheckArgs) -> ExitCode {
    let findings: Vec<Findings> = args.files.iter().map(|path| check(path)).collect();
    if args.json {
        println!("{}", serde_json::json!({ "files": findings }));
    } else {
        findings.iter().for_each(print);
    }
    exit_code(&findings)
}

fn exit_code(findings: &[Findings]) -> ExitCode {
    let wrong = |kind| findings.iter().any(|found| !found.ok && found.kind == kind);
    if wrong(Kind::Config) || wrong(Kind::Scenario) {
        ExitCode::from(78)
    } else if wrong(Kind::Network) {
        ExitCode::from(65)
    } else {
        ExitCode::SUCCESS
    }
}

fn check(path: &Path) -> Findings {
    let text = load::text(path);
    let kind = text.as_ref().map_or(Kind::Network, |text| kind_of(text));
    if let (Kind::Scenario, Ok(text)) = (kind, &text) {
        return check_scenario(text, path);
    }
    let network = text.and_then(|text| match kind {
        Kind::Network => load::parse_network(&text, path).and_then(Network::build),
        Kind::Config | Kind::Scenario => load::configuration(path)
            .and_then(|(settings, network)| load::shadowing(&settings, path, &network).map(|_| network)),
    });
    let file = path.display().to_string();
    match network {
        Ok(network) => Findings {
            file,
            kind,
            ok: true,
            summary: Some(summary(&network)),
            problems: Problems::default(),
            notes: network.notes(),
        },
        Err(problems) => Findings { file, kind, ok: false, summary: None, problems, notes: Problems::default() },
    }
}

fn check_scenario(text: &str, path: &Path) -> Findings {
    let (file, kind, notes) = (path.display().to_string(), Kind::Scenario, Problems::default());
    match Scenario::parse(text, path) {
        Ok(it) => {
            let (seconds, roads, signals) = (it.end_s - it.begin_s, it.street.roads.len(), it.street.signals.len());
            let summary = Some(format!("{seconds} s, roads {roads}, signals {signals}"));
            Findings { file, kind, ok: true, summary, problems: Problems::default(), notes }
        }
        Err(problems) => Findings { file, kind, ok: false, summary: None, problems, notes },
    }
}

/// A TOML file with a street is a scenario, one that names networks, a broker or an engine is a configuration; everything
/// else is held for a network.
fn kind_of(text: &str) -> Kind {
    let table = toml::from_str::<toml::Table>(text).unwrap_or_default();
    let has = |keys: &[&str]| keys.iter().any(|key| table.contains_key(*key));
    if has(&["street", "duration_s"]) {
        Kind::Scenario
    } else if has(&["networks", "broker", "engine", "optimize"]) {
        Kind::Config
    } else {
        Kind::Network
    }
}

/// Whether a text is a scenario's.
pub(super) fn holds_scenario(text: &str) -> bool {
    kind_of(text) == Kind::Scenario
}

fn summary(network: &Network) -> String {
    let count = |of: fn(&crate::network::Intersection) -> usize| network.intersections.iter().map(of).sum::<usize>();
    format!(
        "city `{}`, intersections {}, lanes {}, groups {}, stages {}, links {}",
        network.city,
        network.intersections.len(),
        count(|it| it.lanes.len()),
        count(|it| it.groups.len()),
        count(|it| it.stages.len()),
        network.links.len()
    )
}

fn print(found: &Findings) {
    let kind = match found.kind {
        Kind::Network => "network",
        Kind::Config => "configuration",
        Kind::Scenario => "scenario",
    };
    match &found.summary {
        Some(summary) => println!("{}: {kind} is good: {summary}", found.file),
        None => println!("{}: {kind} is wrong, {} to mend:", found.file, found.problems.len()),
    }
    for problem in &found.problems {
        println!("  {problem}");
    }
    for note in &found.notes {
        println!("  note: {note}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_file_is_told_by_its_content() {
        assert_eq!(kind_of(config::default_toml()), Kind::Config);
        assert_eq!(kind_of("duration_s = 3\n[street.grid]\n[engine]\n"), Kind::Scenario);
        assert_eq!(kind_of("city = 'x'\n[[intersections]]\n"), Kind::Network);
        assert_eq!(kind_of("{\"city\": \"x\"}"), Kind::Network);
    }
}
