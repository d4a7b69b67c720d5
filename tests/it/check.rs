//! `lightwatch check` and `lightwatch schema` as their users meet them: exit codes, text, JSON.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn lightwatch(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(args).current_dir(folder).output().expect("the program starts")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_examples_are_good() {
    let output = lightwatch(&["check", "scenarios/ring-barrier.toml", "scenarios/stages.toml"], root());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("ring-barrier.toml: network is good: city `example`, intersections 1, lanes 8"), "{text}");
}

#[test]
fn a_wrong_network_is_65_and_a_wrong_configuration_78() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let stages = include_str!("../../scenarios/stages.toml");
    write("network.toml", stages);
    write("broken.toml", &stages.replace("change_ms = 3300", "change_ms = 33"));
    write("truncated.toml", &stages[..stages.len() / 2]);
    write("net.xml", "<net></net>");
    write("good.toml", lightwatch::config::default_toml());
    write("elsewhere.toml", &lightwatch::config::default_toml().replace("network.toml", "nowhere.toml"));
    write("slow.toml", &lightwatch::config::default_toml().replace("horizon_s = 60", "horizon_s = 6000"));
    for (file, code, told) in [
        ("network.toml", 0, "network is good"),
        ("broken.toml", 65, "intersections[t-junction].groups[side].change_ms: 33 ms (allowed: 2000…6000 ms)"),
        ("truncated.toml", 65, "truncated.toml:"),
        ("net.xml", 65, "`lightwatch import sumo`"),
        ("missing.toml", 65, "missing.toml: cannot be read"),
        ("good.toml", 0, "configuration is good"),
        ("elsewhere.toml", 78, "nowhere.toml: cannot be read"),
        ("slow.toml", 78, "slow.toml: optimize.horizon_s: 6000 s (allowed: 10…120 s)"),
    ] {
        let output = lightwatch(&["check", file], folder.path());
        assert_eq!(output.status.code(), Some(code), "{file}: {}", stdout(&output));
        assert!(stdout(&output).contains(told), "{file}: {}", stdout(&output));
    }
}

#[test]
fn findings_are_there_as_json_too() {
    let output = lightwatch(&["check", "--json", "scenarios/stages.toml", "Cargo.toml"], root());
    assert_eq!(output.status.code(), Some(65));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(json["files"][0]["ok"], true);
    assert_eq!(json["files"][1]["kind"], "network");
    assert!(json["files"][1]["problems"][0]["place"].as_str().expect("a place").starts_with("Cargo.toml:"));
}

#[test]
fn the_schema_of_networks_is_the_published_one_and_holds_for_the_examples() {
    let output = lightwatch(&["schema", "network"], root());
    let printed = stdout(&output);
    let published = root().join("docs/schemas/network.schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&published, &printed).expect("the schema can be written");
    }
    assert_eq!(fs::read_to_string(&published).expect("the schema is published"), printed, "BLESS=1 rewrites it");
    let schema: serde_json::Value = serde_json::from_str(&printed).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for name in ["ring-barrier", "stages"] {
        let text = fs::read_to_string(root().join(format!("scenarios/{name}.toml"))).expect("an example");
        let example: serde_json::Value = toml::from_str(&text).expect("TOML");
        assert!(validator.is_valid(&example), "{name}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "city": "x", "intersections": [], "other": 1 })));
}

#[test]
fn a_schema_that_there_is_not_is_a_mistake_in_usage() {
    let output = lightwatch(&["schema", "weather"], root());
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("network"), "the names are listed");
}
