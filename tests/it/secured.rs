//! `lightwatch run` and `lightwatch field` with certificates and keys, as a city would run them; and what they refuse to start with.

use super::broker::Broker;
use super::secured_broker::{self, broker_lines, tls};
use super::service_commands::{Running, hear};
use super::street::toml;
use super::wire_keys::{city_keys, secret};
use lightwatch::plan::FieldMode;
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::wire::{Message, Qos};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that only its owner can read.
fn secret_file(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A configuration of somebody in a folder of his own, with keys.
fn config(broker: &Broker, name: &str, keys: &str) -> PathBuf {
    let folder = broker.folder().join(format!("{name}.d"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("street.toml"), toml()).unwrap();
    secret_file(&folder.join("keys.toml"), keys);
    let lines = broker_lines(broker, name);
    let text = format!(
        "city = 'Testville'\nnetworks = ['street.toml']\n{lines}[keys]\nfile = 'keys.toml'\n[engine]\nid = 'engine-1'\n"
    );
    std::fs::write(folder.join("run.toml"), text).unwrap();
    folder.join("run.toml")
}

/// A file with the keys of `north` alone, as its cabinet has it.
fn cabinet_keys(numbers: &[u8]) -> String {
    let keys = numbers.iter().map(|number| {
        format!("[[controller]]\nid = 'north-{number}'\nintersection = 'north'\nsecret = '{}'\n", secret(*number))
    });
    keys.collect()
}

fn watcher(broker: &Broker) -> Link {
    Link::start(LinkSettings {
        broker: lightwatch::config::Broker { host: "localhost".to_owned(), ..broker.client("page") },
        tls: Some(tls(broker, "page")),
        subscriptions: vec![("lw/1/Testville/#".to_owned(), Qos::AtLeastOnce)],
        presence: None,
    })
}

fn is_remote(message: &Message) -> bool {
    matches!(message, Message::State(it) if it.intersection.as_str() == "north" && it.mode == FieldMode::Remote)
}

fn is_local(message: &Message) -> bool {
    matches!(message, Message::State(it) if it.intersection.as_str() == "north" && it.mode.is_local())
}

/// The key of the last plan that was obeyed, by its number.
fn signed_with(key: &str) -> impl Fn(&str) -> bool + '_ {
    move |payload| payload.contains(&format!("\"mac\":\"{key}:"))
}

/// Wait for a plan of `north` whose payload fits.
async fn hear_plan(watcher: &Link, fits: impl Fn(&str) -> bool) {
    let search = async {
        loop {
            let received = watcher.received().await.expect("the watcher lives");
            if received.topic.ends_with("/north/plan") && fits(&String::from_utf8_lossy(&received.payload)) {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), search).await.expect("such a plan comes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_certificates_and_keys_plans_are_obeyed_and_keys_are_changed_without_a_second_of_local_control() {
    let Some(broker) = secured_broker::start("") else { return };
    let old = city_keys().lines().filter(|line| !line.contains("north-2")).collect::<Vec<_>>().join("\n");
    let engine_config = config(&broker, "engine-1", &old);
    let field_config = config(&broker, "north.controller", &cabinet_keys(&[1]));
    let engine = Running::start(&["run"], &engine_config);
    let field = Running::start(&["field", "--intersection", "north"], &field_config);
    let watcher = watcher(&broker);
    hear(&watcher, is_remote).await;
    hear_plan(&watcher, signed_with("north-1")).await;

    // The new key goes to the cabinet first, as its second; then the engine signs with it; then the old one is gone.
    let keys = |config: &Path| config.with_file_name("keys.toml");
    secret_file(&keys(&field_config), &cabinet_keys(&[1, 2]));
    field.signal("-HUP");
    secret_file(&keys(&engine_config), &city_keys());
    engine.signal("-HUP");
    hear_plan(&watcher, signed_with("north-2")).await;
    secret_file(&keys(&field_config), &cabinet_keys(&[2]));
    field.signal("-HUP");
    hear(&watcher, is_remote).await;

    // What is wrong does not take the place of what is in use.
    secret_file(&keys(&engine_config), "nonsense");
    engine.signal("-HUP");
    hear_plan(&watcher, signed_with("north-2")).await;

    let (code, said) = field.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("keys were read again").count(), 2, "{said}");
    let left = said.lines().filter(|line| line.contains("from=Remote")).count();
    assert_eq!(left, 0, "it went on without a break: {said}");
    assert!(!said.contains(&secret(1)[..16]) && !said.contains(&secret(2)[..16]), "{said}");

    // A cabinet whose key the engine does not have stays by itself, and says why.
    secret_file(&keys(&field_config), &cabinet_keys(&[7]));
    let field = Running::start(&["field", "--intersection", "north"], &field_config);
    hear(&watcher, is_local).await;
    hear_plan(&watcher, |_| true).await;
    let (_, said) = field.terminate();
    assert!(said.contains("reason=unknown_key") && !said.contains("to=Remote"), "{said}");
    let (code, said) = engine.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the new keys are wrong") && said.contains("unknown_key"), "{said}");
    assert!(!said.contains(&secret(2)[..16]), "{said}");
}

/// Exit code and words of a start that fails.
fn refused(arguments: &[&str], config: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output = command.args(arguments).arg("--config").arg(config).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn secrets_that_others_can_read_and_files_that_do_not_fit_end_with_78_and_the_name_of_the_file() {
    let Some(broker) = secured_broker::start("") else { return };
    let config = config(&broker, "engine-1", &city_keys());
    let mode = |name: &str, mode| {
        let path = broker.folder().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let told = |what: &str| {
        for command in ["run", "field"] {
            let (code, said) = refused(&[command], &config);
            assert!(code == Some(78) && said.contains(what), "{command}: {code:?} {said}");
            assert!(!said.contains(&secret(2)[..16]) && !said.contains("PRIVATE"), "{said}");
        }
    };
    mode("engine-1.d/keys.toml", 0o644);
    told("keys.toml has mode 0644");
    mode("engine-1.d/keys.toml", 0o640);
    told("keys.toml has mode 0640");
    mode("engine-1.d/keys.toml", 0o600);
    mode("engine-1.key", 0o640);
    told("engine-1.key has mode 0640");
    mode("engine-1.key", 0o600);
    std::fs::copy(broker.folder().join("page.key"), broker.folder().join("engine-1.key")).unwrap();
    told("it is not the key of the certificate");
    std::fs::write(broker.folder().join("engine-1.key"), "-----BEGIN PRIVATE KEY-----\nMII\n").unwrap();
    told("not PEM, or damaged");
    std::fs::copy(broker.folder().join("engine-1.crt"), broker.folder().join("engine-1.key")).unwrap();
    mode("engine-1.key", 0o600);
    told("no private key in it");
    std::fs::remove_file(broker.folder().join("engine-1.key")).unwrap();
    told("engine-1.key cannot be read");
    std::fs::write(config.with_file_name("keys.toml"), cabinet_keys(&[1])).unwrap();
    let (code, said) = refused(&["run"], &config);
    assert!(code == Some(78) && said.contains("no key for `south`"), "{said}");
}

#[test]
fn credentials_of_systemd_are_read_from_their_folder_and_nowhere_else() {
    let Some(broker) = secured_broker::start("") else { return };
    let config = config(&broker, "engine-1", &city_keys());
    let text = std::fs::read_to_string(&config).unwrap().replace("'keys.toml'", "'credential:keys'");
    std::fs::write(&config, text).unwrap();
    let (code, said) = refused(&["run"], &config);
    assert!(code == Some(78) && said.contains("CREDENTIALS_DIRECTORY is not set"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    secret_file(&folder.path().join("keys"), "[[controller]]\nid = 'x'\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.env("CREDENTIALS_DIRECTORY", folder.path()).arg("run").arg("--config").arg(&config);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(78) && said.contains("credential:keys:"), "it was read: {said}");
}

#[test]
fn tls_settings_that_do_not_go_together_are_told() {
    let Some(broker) = secured_broker::start("") else { return };
    let config = config(&broker, "engine-1", &city_keys());
    let text = std::fs::read_to_string(&config).unwrap();
    let told = |text: &str, what: &str| {
        std::fs::write(&config, text).unwrap();
        let (code, said) = refused(&["run"], &config);
        assert!(code == Some(78) && said.contains(what), "{code:?} {said}");
    };
    let without = |key: &str| text.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
    told(&text.replace("mqtts://", "mqtt://"), "with mqtts:// only");
    told(&without("ca ="), "run.toml: broker.ca: none for mqtts://");
    told(&without("private_key ="), "run.toml: broker.private_key: none");
    told(&without("certificate ="), "run.toml: broker.certificate: none");
}
