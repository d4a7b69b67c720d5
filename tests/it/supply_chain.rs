//! What is built into lightwatch: licences, sources and duplicates as deny.toml allows them; the bill of materials; advisories.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of the workspace and of everything that it needs, tests included, on Linux.
fn packages() -> Vec<Value> {
    let arguments =
        ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let used: BTreeSet<&str> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.filter(|package| used.contains(package["id"].as_str().unwrap())).cloned().collect()
}

fn deny() -> toml::Table {
    toml::from_str(&std::fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

/// Whether an expression of SPDX can be met with allowed licences; `/` is the old way to write OR.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let mut words = text.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    match words.next() {
        Some("(") => any(words, allowed) & (words.next() == Some(")")),
        Some(name) => allowed.contains(&name.replace("+WITH+", " WITH ")),
        None => false,
    }
}

#[test]
fn every_licence_is_allowed_and_every_package_comes_from_crates_io() {
    let deny = deny();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: BTreeSet<String> = allowed.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let registry = format!("registry+{}", deny["sources"]["allow-registry"][0].as_str().unwrap());
    let mut findings = Vec::new();
    for package in packages() {
        let name = format!("{} {}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_met(licence, &allowed) {
            findings.push(format!("{name}: licence {licence}"));
        }
        // What has no source is of this workspace.
        if package["source"].as_str().is_some_and(|source| source != registry) {
            findings.push(format!("{name}: from {}", package["source"]));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn what_occurs_twice_or_is_banned_is_known_with_its_reason() {
    let deny = deny();
    let table = |name: &str| -> BTreeMap<String, String> {
        let entries = deny["bans"][name].as_array().unwrap().iter();
        entries
            .map(|it| (it["crate"].as_str().unwrap().to_owned(), it["reason"].as_str().unwrap().to_owned()))
            .collect()
    };
    let (skip, banned) = (table("skip"), table("deny"));
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        assert!(!banned.contains_key(&name), "{name}: {}", banned[&name]);
        versions.entry(name).or_default().insert(package["version"].as_str().unwrap().to_owned());
    }
    let twice: BTreeSet<&String> = versions.iter().filter(|(_, of)| of.len() > 1).map(|(name, _)| name).collect();
    assert_eq!(twice, skip.keys().collect(), "deny.toml names exactly those that occur in several versions");
    assert!(skip.values().all(|reason| reason.len() > 6));
}

#[test]
fn what_fuzzing_and_mutation_are_built_of_is_what_the_house_is_built_of() {
    let manifest =
        |path: &str| -> toml::Table { toml::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap() };
    let (house, core) = (manifest("Cargo.toml"), manifest("core/Cargo.toml"));
    for kind in ["dependencies", "dev-dependencies"] {
        for (name, told) in core[kind].as_table().unwrap().iter().filter(|(name, _)| *name != "simulator") {
            assert_eq!(Some(told), house[kind].get(name), "core/Cargo.toml, {kind}, {name}: not as in Cargo.toml");
        }
    }
}

#[test]
fn an_expression_of_licences_is_judged_as_it_reads() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("MIT/GPL-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("none", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

fn tool(name: &str, arguments: &[&str]) -> Output {
    let mut python = Command::new("python3");
    python.arg(root().join("tools").join(name)).args(arguments).current_dir(root());
    python.env("ADVISORY_DB", "").env("CARGO_HOME", "nowhere").output().expect("python3 is there")
}

#[test]
fn advisories_are_found_in_a_copy_of_the_database_and_without_one_it_is_said_that_nothing_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let version = lock.split("name = \"ring\"\nversion = \"").nth(1).unwrap().split('"').next().unwrap();
    let write = |id: &str, rest: &str| {
        let place = folder.path().join("crates/ring");
        std::fs::create_dir_all(&place).unwrap();
        let text = format!("```toml\n[advisory]\nid = \"{id}\"\npackage = \"ring\"\n{rest}\n```\n\n# What\n");
        std::fs::write(place.join(format!("{id}.md")), text).unwrap();
    };
    let ask = || {
        let output = tool("advisories.py", &[folder.path().to_str().unwrap()]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    write("RUSTSEC-2000-0001", "[versions]\npatched = [\">= 0.0.1\"]");
    write("RUSTSEC-2000-0002", &format!("[versions]\npatched = []\nunaffected = [\"<= {version}\"]"));
    write("RUSTSEC-2000-0003", "withdrawn = \"2000-01-02\"\n[versions]\npatched = []");
    write("RUSTSEC-2000-0004", "informational = \"unmaintained\"\n[versions]\npatched = []");
    let (code, said) = ask();
    assert!(
        code == Some(0) && said.contains("4 advisories about them") && said.contains("note, unmaintained"),
        "{code:?} {said}"
    );
    write("RUSTSEC-2000-0005", &format!("[versions]\npatched = [\"> {version}\"]"));
    let (code, said) = ask();
    assert!(
        code == Some(1) && said.contains(&format!("RUSTSEC-2000-0005: ring {version}: FINDING")),
        "{code:?} {said}"
    );
    let output = tool("advisories.py", &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(69) && said.contains("NOTHING was checked"), "{said}");
}
