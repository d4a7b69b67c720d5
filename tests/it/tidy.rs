//! The house keeps its own rules: direction of use, a core without clock, file, socket and environment, no dead tests.
//!
//! Works on the text of the sources, so that it needs no compiler plugin: `crate::x`, `super::…` is not followed (a
//! module cannot leave its folder by it without naming `crate`, except to the root, which holds nothing to use).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the library with those that each may use, besides itself. Left never uses right (docs/architecture.md).
const MAY_USE: [(&str, &[&str]); 25] = [
    ("time", &[]),
    ("statistics", &[]),
    ("leadership", &["time"]),
    ("ids", &[]),
    ("units", &[]),
    ("network", &["ids", "time", "units"]),
    ("plan", &["ids", "time", "units", "network"]),
    ("estimate", &["ids", "time", "units", "network", "plan"]),
    ("optimize", &["ids", "time", "units", "network", "estimate", "plan"]),
    ("baseline", &["ids", "time", "units", "network", "estimate", "plan"]),
    ("scene", &["ids", "time", "units", "network", "plan", "estimate"]),
    ("controller", &["ids", "time", "units", "network", "estimate", "plan", "optimize", "baseline", "scene"]),
    ("field", &["ids", "time", "units", "network", "estimate", "plan", "optimize", "baseline"]),
    ("config", &CORE),
    ("wire", &["ids", "time", "units", "network", "estimate", "plan"]),
    (
        "record",
        &["ids", "time", "units", "network", "estimate", "plan", "optimize", "baseline", "controller", "field", "wire"],
    ),
    (
        "measure",
        &["ids", "time", "units", "network", "estimate", "plan", "optimize", "baseline", "controller", "field"],
    ),
    ("calibrate", &["network"]),
    ("design", &["ids", "time", "units", "network", "plan", "measure"]),
    ("exchange", &["ids", "time", "units", "network", "plan"]),
    // Not `wire`: what a shadow would do cannot be put into a message.
    (
        "shadow",
        &[
            "statistics",
            "ids",
            "time",
            "units",
            "network",
            "estimate",
            "plan",
            "optimize",
            "baseline",
            "controller",
            "measure",
        ],
    ),
    ("cosim", &SHELL),
    ("service", &SHELL),
    ("web", &["ids", "time", "units", "network", "estimate", "plan", "measure", "shadow", "service"]),
    ("cli", &SHELL),
];
const CORE: [&str; 12] = [
    "shadow",
    "scene",
    "ids",
    "time",
    "units",
    "network",
    "estimate",
    "plan",
    "optimize",
    "baseline",
    "controller",
    "field",
];
const SHELL: [&str; 24] = [
    "calibrate",
    "design",
    "exchange",
    "statistics",
    "shadow",
    "scene",
    "leadership",
    "ids",
    "time",
    "units",
    "network",
    "estimate",
    "plan",
    "optimize",
    "baseline",
    "controller",
    "field",
    "config",
    "wire",
    "record",
    "measure",
    "cosim",
    "service",
    "web",
];

/// Modules that may touch the world.
const SHELL_MODULES: [&str; 4] = ["cosim", "service", "web", "cli"];

/// What the core does not touch, with the law that says so.
const NOT_IN_CORE: [(&str, &str); 17] = [
    ("async fn", "the core is sans-IO: inputs in, outputs out"),
    (".await", "the core is sans-IO: inputs in, outputs out"),
    ("tokio", "async lives in `service`"),
    ("rumqttc", "MQTT lives behind one seam in `service`"),
    ("std::net", "sockets live in the shell"),
    ("std::fs", "the core takes text, not paths"),
    ("std::env", "settings come in as values"),
    ("std::process", "programs are started by the shell"),
    ("std::thread", "the core has no threads"),
    ("SystemTime", "the core is told the time"),
    ("Instant::", "the core is told the time"),
    ("std::time", "durations are `Millis`, instants are `Timestamp`"),
    ("thread_rng", "random numbers come from a seeded generator that is passed in"),
    ("HashMap", "iteration order would change from run to run"),
    ("HashSet", "iteration order would change from run to run"),
    ("println!", "the core returns reports"),
    ("tracing::", "the core returns reports"),
];

/// What stands nowhere. Assembled so that this file does not hold it.
fn nowhere() -> Vec<(String, &'static str)> {
    vec![
        (format!("if {}", "false"), "code that cannot run"),
        (format!("#[{}]", "ignore"), "a test that is switched off without a reason"),
        (format!("{}!(", "todo"), "an open end"),
        (format!("{}!(", "unimplemented"), "an open end"),
        (format!("{}!(", "dbg"), "a left-over"),
        (format!("TO{}", "DO"), "an open end: mend it or write an issue"),
        (format!("FIX{}", "ME"), "an open end: mend it or write an issue"),
        (format!("\"/{}/", "work"), "a path of one machine"),
        (format!("\"/{}/", "home"), "a path of one machine"),
        (format!("\"/{}/", "root"), "a path of one machine"),
    ]
}

/// Most lines of a file that still tells one story, tests and comments included.
const LINES_MAX: usize = 600;

struct Source {
    path: PathBuf,
    /// Name of the library module that it belongs to; empty outside `src/`.
    module: String,
    text: String,
}

impl Source {
    /// The text without comments and without the unit tests at its end.
    fn code(&self) -> String {
        let code = self.text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| line.split(" // ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    fn is_core(&self) -> bool {
        !self.module.is_empty() && !SHELL_MODULES.contains(&self.module.as_str())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below some folders of the repository.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("the sources can be listed").path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(&path));
            }
        }
    }
    assert!(!found.is_empty(), "no sources under {folders:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn source(path: &Path) -> Source {
    let inside = path.strip_prefix(root()).expect("listed below the root").to_owned();
    let mut parts = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let first = parts.next().unwrap_or_default();
    let second = parts.next().unwrap_or_default();
    let at_root = ["lib.rs", "main.rs"].contains(&second.as_str());
    let module = if first != "src" || at_root { String::new() } else { second.trim_end_matches(".rs").to_owned() };
    let text = fs::read_to_string(path).expect("a source can be read");
    Source { path: inside, module, text }
}

/// Modules named after `crate::` in a piece of code, braces after it included.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for after in code.split("crate::").skip(1) {
        let listed = after.strip_prefix('{').map_or(after, |list| list.split("};").next().unwrap_or(list));
        if after.starts_with('{') {
            let mut depth = 0;
            let mut name = String::new();
            for letter in listed.chars().chain([',']) {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(first_name(&std::mem::take(&mut name))),
                    _ if depth == 0 => name.push(letter),
                    _ => {}
                }
            }
        } else {
            names.push(first_name(after));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_name(path: &str) -> String {
    path.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn all_or_panic(findings: &[String]) {
    assert!(findings.is_empty(), "{} finding(s):\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn every_module_uses_only_what_stands_left_of_it() {
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut findings = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| !source.module.is_empty()) {
        let Some(allowed) = may_use.get(source.module.as_str()) else {
            findings.push(format!("{}: module `{}` has no place in MAY_USE", source.path.display(), source.module));
            continue;
        };
        for name in used(&source.code()) {
            if name != source.module && !allowed.contains(&name.as_str()) && may_use.contains_key(name.as_str()) {
                findings.push(format!("{}: `{}` uses `{name}`", source.path.display(), source.module));
            }
        }
    }
    all_or_panic(&findings);
}

#[test]
fn the_core_touches_no_clock_file_socket_thread_or_environment() {
    let mut findings = Vec::new();
    for source in sources(&["src", "simulator/src"]) {
        let plant = source.path.starts_with("simulator");
        if !source.is_core() && !plant {
            continue;
        }
        let code = source.code();
        for (word, why) in NOT_IN_CORE.iter().filter(|(word, _)| code.contains(word)) {
            findings.push(format!("{}: `{word}`: {why}", source.path.display()));
        }
    }
    all_or_panic(&findings);
}

#[test]
fn nothing_is_left_open_or_switched_off_and_no_machine_is_named() {
    let mut findings = Vec::new();
    for source in sources(&["src", "simulator", "tests", "benches"]) {
        for (word, why) in nowhere().iter().filter(|(word, _)| source.text.contains(word.as_str())) {
            findings.push(format!("{}: `{word}`: {why}", source.path.display()));
        }
    }
    all_or_panic(&findings);
}

#[test]
fn every_file_is_short_enough_to_tell_one_story_and_begins_by_saying_which() {
    let mut findings = Vec::new();
    for source in sources(&["src", "simulator/src", "tests", "benches"]) {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            findings.push(format!("{}: {lines} lines, at most {LINES_MAX}", source.path.display()));
        }
        if !source.text.starts_with("//!") {
            findings.push(format!("{}: no header that says what it decides", source.path.display()));
        }
    }
    all_or_panic(&findings);
}

#[test]
fn use_is_found_in_lists_and_in_paths() {
    let code = "use crate::{ids::LaneIx, plan::{Plan, check::x}, time};\nfn f() { crate::wire::decode(); }";
    assert_eq!(used(code), ["ids", "plan", "time", "wire"]);
}
