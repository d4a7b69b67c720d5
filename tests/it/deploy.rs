//! The units for systemd: what keeps the engine alive and what it may not do, for both engines the same.

use std::path::Path;
use std::process::Command;

fn unit(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd").join(name);
    std::fs::read_to_string(file).expect("the unit is in the repository")
}

/// Lines that say something.
fn settings(unit: &str) -> Vec<&str> {
    unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn the_units_keep_the_engine_alive_and_in_its_place() {
    let engine = unit("lightwatch.service");
    let has = settings(&engine);
    for line in [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=2",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "User=lightwatch",
        "StateDirectory=lightwatch",
        "LimitCORE=0",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "CapabilityBoundingSet=",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=yes",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
    ] {
        assert!(has.contains(&line), "`{line}` is missing");
    }
    let standby = unit("lightwatch-standby.service");
    let differ: Vec<_> = has.iter().zip(settings(&standby)).filter(|(a, b)| **a != *b).collect();
    assert_eq!(settings(&standby).len(), has.len());
    assert!(differ.len() == 2 && differ[1].1.contains(" --standby engine-2 "), "{differ:?}");
}

#[test]
fn systemd_understands_the_units_and_the_program_the_command_in_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lightwatch.service", "lightwatch-standby.service"] {
        let text = unit(name);
        let command =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/")).expect("it starts the engine");
        let parsed = <lightwatch::cli::Cli as clap::Parser>::try_parse_from(command.split_whitespace());
        assert!(parsed.is_ok(), "`{command}`");
        let file = folder.path().join(name);
        std::fs::write(&file, text.replace("/usr/bin/lightwatch", "/bin/true")).unwrap();
        match Command::new("systemd-analyze").arg("verify").arg(&file).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success() && !said.contains(name), "{said}");
            }
            Err(error) => println!("skipped: systemd-analyze: {error}"),
        }
    }
}

#[test]
fn what_the_package_and_the_container_take_with_them_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(root.join("Cargo.toml")).unwrap()).unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    for asset in assets.iter().map(|it| it[0].as_str().unwrap()).filter(|it| !it.starts_with("target/")) {
        let folder = asset.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_there = if asset.contains('*') { root.join(folder).is_dir() } else { root.join(asset).is_file() };
        assert!(is_there, "{asset}");
    }
    for script in ["postinst", "prerm", "postrm"] {
        let text = std::fs::read_to_string(root.join("deploy/debian").join(script)).unwrap();
        assert!(text.starts_with("#!/bin/sh\n") && text.ends_with("#DEBHELPER#\n"), "{script}");
    }
    let container = std::fs::read_to_string(root.join("deploy/Containerfile")).unwrap();
    let oldest = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(container.contains(&format!("rust:{oldest}-")) && container.contains("USER lightwatch"));
}

/// Who may say and hear what is written once, for mosquitto; EMQX gets the same lines in its own words.
#[test]
fn the_access_list_for_emqx_says_what_that_for_mosquitto_says_and_nothing_else() {
    let run = |command: &str, input: &str| {
        use std::io::Write;
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
        let mut child = Command::new("bash")
            .args(["-c", command])
            .current_dir(deploy)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let devices = "engine engine-1\ncontroller north.controller north\ndetector north.detector north\nviewer page\n";
    let lines = String::from_utf8(run("mosquitto/make-acl Testville", devices).stdout).unwrap();
    let list = String::from_utf8(run("mosquitto/make-acl Testville | emqx/from-mosquitto", devices).stdout).unwrap();
    assert_eq!(list.lines().count(), lines.lines().filter(|line| line.starts_with("topic ")).count() + 1);
    assert!(list.contains("{allow, {user, \"north.detector\"}, publish, [\"lw/1/Testville/north/counts\"]}.\n"));
    assert!(list.contains("{allow, {user, \"page\"}, subscribe, [\"lw/1/Testville/+/plan\"]}.\n"));
    assert!(list.ends_with("{deny, all}.\n"), "whoever is not named may do nothing");

    let refused = run("emqx/from-mosquitto", "user page\npattern read lw/#\n");
    assert_eq!(refused.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("line 2: `pattern read lw/#'"));
    assert!(!String::from_utf8_lossy(&refused.stdout).contains("deny"), "half a list must not look like a whole one");
}
