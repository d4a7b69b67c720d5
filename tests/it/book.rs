//! The books in docs/: every page has its place, every link leads somewhere, every command is known, the tutorial happens as it is told, and what
//! can be generated from the code is what the code gives.

use super::readme::{commands, has_target, parse};
use super::{data, golden};
use clap::CommandFactory as _;
use lightwatch::cli::Cli;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

fn read(page: &str) -> String {
    std::fs::read_to_string(docs().join(page)).unwrap_or_else(|error| panic!("docs/{page}: {error}"))
}

/// Every page, from docs/ on, in the order of names.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["", "how-to/", "reference/"] {
        let entries = std::fs::read_dir(docs().join(folder)).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        found.extend(
            names.filter(|it| Path::new(it).extension() == Some("md".as_ref())).map(|it| format!("{folder}{it}")),
        );
    }
    found.sort();
    found
}

/// Targets of the links of a page that are not on the web, without what stands after `#`.
fn links(page: &str) -> Vec<String> {
    let text = read(page);
    let prose: String = text.split("```").step_by(2).collect();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.starts_with("http") && !target.starts_with('#'));
    local.map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_page_has_its_place_and_every_place_its_page() {
    let summary = links("SUMMARY.md");
    for page in pages().iter().filter(|page| *page != "SUMMARY.md") {
        assert!(summary.contains(page), "docs/SUMMARY.md does not name {page}");
    }
    for page in &summary {
        assert!(docs().join(page).is_file(), "docs/SUMMARY.md names {page}, which is not there");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let folder = docs().join(&page).parent().expect("a page lies in a folder").to_path_buf();
        for target in links(&page) {
            assert!(folder.join(&target).exists(), "docs/{page}: dead link: {target}");
        }
    }
    for page in pages() {
        for file in read(&page).split("{{#include ").skip(1).filter_map(|rest| rest.split("}}").next()) {
            let folder = docs().join(&page).parent().expect("a page lies in a folder").to_path_buf();
            assert!(folder.join(file).is_file(), "docs/{page}: nothing to include: {file}");
        }
    }
}

#[test]
fn every_command_of_the_books_is_known() {
    let mut seen = 0;
    for page in pages() {
        for command in commands(&read(&page)) {
            if let Some(targets) = command.strip_prefix("make ") {
                for target in targets.split(' ').filter(|target| !target.contains(['=', '-'])) {
                    assert!(has_target(target), "docs/{page}: `{command}`: no target `{target}` in the Makefile");
                }
            } else if command.starts_with("lightwatch ") && !command.contains("...") {
                parse(&command).unwrap_or_else(|error| panic!("docs/{page}: `{command}`: {error}"));
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "the books have lost their commands: {seen}");
}

/// The programs of a page run in the order in which they stand, in a folder that holds what a checkout holds.
fn run_in_order(page: &str, sumo: Option<&Path>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for what the commands write");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["src", "scenarios"] {
        std::os::unix::fs::symlink(root.join(name), folder.path().join(name)).expect("a link");
    }
    if let Some(map) = data::map("cologne1") {
        let original = map.net.parent().expect("a map stands in a folder").canonicalize().expect("the map is there");
        std::fs::create_dir_all(folder.path().join(".venv/maps")).expect("a folder for the maps");
        std::os::unix::fs::symlink(original, folder.path().join(".venv/maps/cologne1")).expect("the map can be linked");
    }
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_lightwatch"));
    let mut path = format!("{}:", binary.parent().expect("in a folder").display());
    let mut command = Command::new("bash");
    if let Some(sumo) = sumo {
        let bin = sumo.parent().expect("in a folder");
        let _ = write!(path, "{}:", bin.display());
        command.env("SUMO_HOME", bin.parent().expect("in a package"));
    }
    path += &std::env::var("PATH").expect("there is a path");
    let runs = commands(&read(page)).into_iter().filter(|it| !it.starts_with("make ") && !it.starts_with("cargo "));
    let script = runs.collect::<Vec<_>>().join("\n");
    let output = command.args(["-euc", &script]).env("PATH", path).current_dir(folder.path()).output();
    let output = output.expect("bash is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docs/{page}: {:?}: {said}\n{script}", output.status.code());
    folder
}

#[test]
fn the_tutorial_happens_as_it_is_told() {
    let (Some(_), Some(sumo)) = (data::map("cologne1"), data::sumo("1.28")) else {
        println!("skipped: no map cologne1 or no SUMO 1.28; `make sumo-1.28 maps` fetches them");
        return;
    };
    let folder = run_in_order("tutorial.md", Some(&sumo));
    let delay = |name: &str| -> f64 {
        let text = std::fs::read_to_string(folder.path().join(name)).expect("the run has written it");
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(last).expect("one JSON object")["delay_s"].as_f64().expect("a number")
    };
    let told = read("tutorial.md");
    for (name, what) in [("fixed.json", "fixed time"), ("adaptive.json", "adaptive")] {
        let measured = format!("{:.1} s", delay(name));
        assert!(told.contains(&measured), "{what} loses {measured}, which docs/tutorial.md does not say");
    }
}

#[test]
fn the_other_lessons_run_as_well() {
    for page in ["start.md", "how-to/network.md", "how-to/connect.md", "how-to/by-hand.md"] {
        run_in_order(page, None);
    }
}

#[test]
fn the_commands_are_what_the_program_knows() {
    let mut page = "# Commands\n\nWhat `--help` prints, of every command; written from the code.\n".to_owned();
    let mut command = Cli::command().term_width(100);
    command.build();
    describe(&command, "lightwatch", 2, &mut page);
    golden::hold("docs/reference/commands.md", &page);
}

fn describe(command: &clap::Command, name: &str, depth: usize, page: &mut String) {
    let help = command.clone().term_width(100).render_long_help().to_string();
    let trimmed: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n{} {name}\n\n```text\n{}\n```\n", "#".repeat(depth), trimmed.join("\n").trim_end());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        describe(inner, &format!("{name} {}", inner.get_name()), (depth + 1).min(4), page);
    }
}

#[test]
fn the_paths_are_what_the_engine_answers() {
    let output = Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(["schema", "openapi"]).output();
    let description: serde_json::Value =
        serde_json::from_slice(&output.expect("it runs").stdout).expect("the description is JSON");
    let mut page = "# HTTP\n\nWhat `run --http` answers; written from the code. `lightwatch schema openapi` prints the whole description \
                    (OpenAPI 3.1) with the schema of every answer, and the engine serves it at `/api/v1/openapi.json`. Who may ask for what: [secure \
                    it](../security.md).\n\n| Method | Path | What |\n|---|---|---|\n"
        .to_owned();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, told) in methods.as_object().expect("methods") {
            let summary = told["summary"].as_str().expect("every path says what it is");
            let _ = writeln!(page, "| {} | `{path}` | {} |", method.to_uppercase(), summary.replace('|', "\\|"));
        }
    }
    golden::hold("docs/reference/http.md", &page);
}

#[test]
fn every_word_has_its_meaning_in_both_languages() {
    let text = read("glossary.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|it| it.starts_with("| "))
        .skip(1)
        .map(|it| it.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 40, "the glossary has lost its words: {}", rows.len());
    for row in &rows {
        assert_eq!(row.len(), 5, "{row:?}");
        assert!(row[2].chars().any(|it| ('\u{4e00}'..='\u{9fff}').contains(&it)), "{}: no Chinese", row[1]);
        assert!(row[3].len() > 8, "{}: no meaning", row[1]);
    }
    let words: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    assert!(words.is_sorted_by_key(|word| word.to_lowercase()), "in the order of the alphabet: {words:?}");
}

#[test]
fn the_book_is_bound_where_there_is_a_binder() {
    if Command::new("mdbook").arg("--version").output().is_err() {
        println!("skipped: no mdbook; `cargo install --locked mdbook` fetches it");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for the book");
    let build = Command::new("mdbook").arg("build").arg(docs()).arg("--dest-dir").arg(folder.path()).output();
    let build = build.expect("mdbook runs");
    let said = String::from_utf8_lossy(&build.stderr);
    assert!(build.status.success() && !said.contains("ERROR") && !said.contains("WARN"), "{said}");
    assert!(folder.path().join("tutorial.html").is_file());
}
