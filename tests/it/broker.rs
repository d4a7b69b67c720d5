//! A real mosquitto on a free port, that a test may kill, freeze and start again.

use lightwatch::time::Millis;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The broker. Killed when dropped.
pub struct Broker {
    folder: TempDir,
    pub port: u16,
    process: Option<Child>,
}

pub fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("mosquitto")).find(|file| file.is_file())
}

impl Broker {
    /// A running broker; `None`, with a message, where mosquitto is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// The same with further lines of configuration.
    pub fn start_with(more: &str) -> Option<Self> {
        if program().is_none() {
            eprintln!("skipped: mosquitto is not installed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        let lines = |port| format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n{more}\n");
        Some(Self::configured(folder, lines))
    }

    /// A running broker of a configuration for a port, which may name files of the folder.
    pub fn configured(folder: TempDir, lines: impl Fn(u16) -> String) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port is free").port();
        std::fs::write(folder.path().join("mosquitto.conf"), lines(port)).expect("the configuration can be written");
        let mut broker = Self { folder, port, process: None };
        broker.restart();
        broker
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How a client of a name reaches it.
    pub fn client(&self, id: &str) -> lightwatch::config::Broker {
        let (host, client_id) = ("127.0.0.1".to_owned(), id.to_owned());
        lightwatch::config::Broker { host, port: self.port, client_id, keep_alive: Millis::from_secs(5) }
    }

    /// Start it (again) and wait until it listens.
    pub fn restart(&mut self) {
        self.kill();
        let process = Command::new(program().expect("it was there before"))
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto starts");
        self.process = Some(process);
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "mosquitto does not listen on {}", self.port);
            std::thread::yield_now();
        }
    }

    /// Kill it at once, as by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Freeze it: the sockets stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// And on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().expect("the broker runs").id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().expect("kill is there");
        assert!(status.success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
