//! `lightwatch run` and `lightwatch field` as an operator starts and stops them.

use super::broker::Broker;
use super::street::{network, toml};
use lightwatch::plan::FieldMode;
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::wire::{Message, PresenceStatus, Qos, decode};
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends with the test.
pub struct Running(Child);

impl Running {
    /// A subcommand with a configuration.
    pub fn start<Argument: AsRef<OsStr>>(arguments: &[Argument], config: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        Self::start_program(command.args(arguments).arg("--config").arg(config))
    }

    /// Any program.
    pub fn start_program(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().expect("the program starts"))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Send it a signal, `-HUP` for example.
    pub fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.id().to_string()]).status().unwrap().success());
    }

    /// Ask it to stop; its exit code and what it logged.
    pub fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("-TERM");
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A configuration of the street, in a folder.
pub fn config(folder: &Path, port: u16) -> std::path::PathBuf {
    config_of(folder, port, &toml())
}

/// A configuration of a street that is told in TOML.
pub fn config_of(folder: &Path, port: u16, street: &str) -> std::path::PathBuf {
    let text = format!(
        "city = \"Testville\"\nnetworks = [\"street.toml\"]\n[broker]\nurl = \"mqtt://127.0.0.1:{port}\"\n\
         client_id = \"lightwatch-test\"\n"
    );
    std::fs::write(folder.join("street.toml"), street).unwrap();
    std::fs::write(folder.join("run.toml"), text).unwrap();
    folder.join("run.toml")
}

/// Wait for a message that fits.
pub async fn hear(watcher: &Link, fits: impl Fn(&Message) -> bool) {
    let network = network();
    let search = async {
        loop {
            let received = watcher.received().await.expect("the watcher lives");
            if decode(&received.topic, &received.payload, &network, None).is_ok_and(|message| fits(&message)) {
                return;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("such a message comes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engine_and_field_controllers_start_before_the_broker_work_together_and_stop_when_told() {
    let Some(mut broker) = Broker::start() else { return };
    broker.kill();
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    let engine = Running::start(&["run", "--log-format", "json"], &config);
    let field = Running::start(&["field", "--intersection", "north"], &config);
    broker.restart();
    let watcher = Link::start(LinkSettings {
        broker: broker.client("watcher"),
        tls: None,
        subscriptions: vec![("lw/1/Testville/#".to_owned(), Qos::AtLeastOnce)],
        presence: None,
    });
    let is = |status| move |message: &Message| matches!(message, Message::Presence(it) if it.status == status);
    hear(&watcher, is(PresenceStatus::Online)).await;
    hear(&watcher, |message| matches!(message, Message::State(it) if it.mode == FieldMode::Remote)).await;

    let (code, said) = engine.terminate();
    assert_eq!(code, Some(0), "{said}");
    hear(&watcher, is(PresenceStatus::Offline)).await;
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect();
    assert!(lines.iter().any(|line| line["message"] == "the engine has stopped"), "{said}");

    let (code, said) = field.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("lamps=Gr") || said.contains("lamps=rG"), "{said}");
    assert_eq!(said.matches("the broker is not there").count(), usize::from(said.contains("refused")), "once: {said}");
}

#[test]
fn a_wrong_configuration_ends_with_78_and_a_wrong_intersection_or_broker_with_64() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), 1);
    let code = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let config = config.to_str().unwrap();
    let (exit, said) = code(&["field", "--config", config, "--intersection", "west"]);
    assert!(exit == Some(64) && said.contains("west") && said.contains("north, south"), "{exit:?} {said}");
    let (exit, said) = code(&["field", "--config", config, "--broker", "http://x"]);
    assert!(exit == Some(64) && said.contains("mqtts://HOST[:PORT]"), "{exit:?} {said}");
    std::fs::write(folder.path().join("run.toml"), "city = 3").unwrap();
    let (exit, said) = code(&["run", "--config", config]);
    assert!(exit == Some(78) && said.contains("run.toml:1"), "{exit:?} {said}");
}
