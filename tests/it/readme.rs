//! Every command in README.md is true: the command line knows it, the Makefile has it, and what needs no street is run.

use super::data;
use clap::Parser as _;
use clap::error::ErrorKind;
use lightwatch::cli::Cli;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a block may begin a line with, besides `make` and `lightwatch`.
const STRANGERS: [&str; 2] = ["cargo install --locked --path .", "mosquitto -p 1883"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect("the file is in the repository")
}

/// Commands in the fenced `sh` blocks, in order, continued lines joined, comments cut off.
pub fn commands(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in readme.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default().replace("\\\n", " ");
        let lines = block.lines().map(|line| line.split(" #").next().unwrap_or_default());
        found.extend(lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    found.retain(|line| !line.is_empty());
    found
}

fn commands_of_readme() -> Vec<String> {
    let found = commands(&read("README.md"));
    assert!(found.len() > 8, "README.md has lost its commands: {found:?}");
    found
}

/// Arguments as the shell would give them; README.md uses no quotes and no patterns.
pub fn parse(command: &str) -> Result<(), clap::Error> {
    let arguments = command.split(" > ").next().unwrap_or_default().split_whitespace();
    match Cli::try_parse_from(arguments) {
        Err(error) if error.kind() != ErrorKind::DisplayHelp => Err(error),
        _ => Ok(()),
    }
}

/// Whether the Makefile has a target.
pub fn has_target(target: &str) -> bool {
    read("Makefile").lines().any(|line| line.starts_with(&format!("{target}:")))
}

/// Commands that need neither a street nor a broker.
fn needs_nothing(command: &str) -> bool {
    let quiet = [
        "lightwatch schema",
        "lightwatch import",
        "lightwatch check",
        "lightwatch run --print-default-config",
        "lightwatch soak",
        "lightwatch timing green-wave",
    ];
    quiet.iter().any(|start| command.starts_with(start)) || command.ends_with("--help")
}

#[test]
fn every_command_is_known() {
    for command in commands_of_readme() {
        if let Some(targets) = command.strip_prefix("make ") {
            for target in targets.split(' ') {
                assert!(has_target(target), "`{command}`: no target `{target}` in the Makefile");
            }
        } else if command.starts_with("lightwatch ") {
            assert!(!command.contains(['"', '\'', '*', '$', '|']), "`{command}` is more than words");
            parse(&command).unwrap_or_else(|error| panic!("`{command}`: {error}"));
        } else {
            assert!(STRANGERS.contains(&command.as_str()), "`{command}`: who checks this one?");
        }
    }
}

#[test]
fn every_command_that_needs_no_street_does_what_it_says() {
    let Some(map) = data::map("cologne1") else {
        println!("skipped: no map cologne1; `make maps` fetches it");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for what the commands write");
    let maps = folder.path().join(".venv/maps");
    std::fs::create_dir_all(&maps).expect("a folder for the maps");
    let original = map.net.parent().expect("a map stands in a folder").canonicalize().expect("the map is there");
    std::os::unix::fs::symlink(original, maps.join("cologne1")).expect("the map can be linked");
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_lightwatch"));
    let path = format!("{}:{}", binary.parent().expect("in a folder").display(), std::env::var("PATH").unwrap());

    for command in commands_of_readme().iter().filter(|command| needs_nothing(command)) {
        let run = Command::new("bash").args(["-c", command]).env("PATH", &path).current_dir(folder.path()).output();
        let output = run.expect("bash is there");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{command}`: {:?}: {said}", output.status.code());
    }
    assert!(folder.path().join("example/report.json").is_file(), "README.md no longer imports a network");
}

#[test]
fn links_lead_somewhere_and_the_results_have_their_place() {
    let readme = read("README.md");
    for target in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(target.starts_with("https://") || root().join(target).exists(), "dead link: {target}");
    }
    assert!(readme.contains("\n## Results\n"), "no heading for the results");
}

#[test]
fn a_command_that_is_not_known_would_be_found() {
    let readme =
        "text\n```sh\nlightwatch sumo --net a \\\n    --wrong 3   # why\n\nmake demo\n```\n```\nlightwatch no\n```\n";
    assert_eq!(commands(readme), ["lightwatch sumo --net a --wrong 3", "make demo"]);
    assert!(parse("lightwatch sumo --net a --wrong 3").is_err());
    assert!(parse("lightwatch schema counts > file.json").is_ok());
    assert!(parse("lightwatch schema nothing").is_err());
}
