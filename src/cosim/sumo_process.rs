//! One running SUMO: started on its files, connected over `TraCI`, ended with its outputs written; killed on drop.
//!
//! Options: no teleports (`--time-to-teleport -1`), one-second steps, quiet, trip records for *all* vehicles (unfinished and
//! never inserted ones included); everything else is SUMO's default. The port is one that nobody listens on, taken from
//! a row that starts at the process number, so that several lightwatch processes on one machine do not meet; should
//! another program be quicker, SUMO ends with an error about its socket and the next port is tried.

use super::error::CosimError;
use super::sumo_binary;
use super::traci::client::Client;
use super::traci::{TraciError, answer::Version};
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Protocol numbers that are known to work: SUMO 1.9 … 1.28.
const API_KNOWN: std::ops::RangeInclusive<i32> = 20..=22;
/// How long SUMO may load its network before it opens its port.
const START_PATIENCE: Duration = Duration::from_secs(300);
/// How long SUMO may take to write its outputs.
const END_PATIENCE: Duration = Duration::from_secs(120);
/// How often a condition outside this process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How many ports are tried.
const PORT_TRIES: usize = 5;
/// Most bytes of SUMO's error output that are kept.
const MESSAGE_MAX: u64 = 64 * 1024;

/// What SUMO is started on.
#[derive(Debug, Clone, PartialEq)]
pub struct SumoFiles {
    /// The program.
    pub binary: PathBuf,
    /// Network file.
    pub net: PathBuf,
    /// Route file.
    pub routes: PathBuf,
    /// Additional files (detectors, programmes).
    pub additionals: Vec<PathBuf>,
    /// Where the trip records go.
    pub tripinfo: PathBuf,
    /// First simulated second.
    pub begin_s: i64,
    /// First second that is not simulated.
    pub end_s: i64,
    /// Seed of SUMO's random numbers.
    pub seed: u32,
    /// Vehicles for each one of the route file.
    pub scale: f64,
    /// Whether trip records tell what was burnt.
    pub emissions: bool,
}

/// A running SUMO with an open connection.
#[derive(Debug)]
pub struct Sumo {
    /// What it says it is.
    pub version: Version,
    files: SumoFiles,
    process: Process,
    client: Client,
}

impl Sumo {
    /// Start SUMO, wait until it listens, connect, check its version.
    pub fn start(files: SumoFiles) -> Result<Self, CosimError> {
        let mut tries = PORT_TRIES;
        let (process, socket) = loop {
            let (mut process, port) = Process::spawn(&files)?;
            match process.connect(port) {
                Ok(socket) => break (process, socket),
                Err(why) => {
                    tries -= 1;
                    let message = process.end();
                    if tries == 0 || !message.contains("ocket") {
                        return Err(ended(&files, why, message));
                    }
                }
            }
        };
        let mut client = Client::new(socket)?;
        let version = client.version()?;
        if !API_KNOWN.contains(&version.api) {
            return Err(CosimError::Version {
                binary: files.binary,
                name: version.name,
                api: version.api,
                least: *API_KNOWN.start(),
                most: *API_KNOWN.end(),
            });
        }
        Ok(Self { version, files, process, client })
    }

    /// Talk to it. When it is gone, its own last words become the error.
    pub fn talk<T>(&mut self, what: impl FnOnce(&mut Client) -> Result<T, TraciError>) -> Result<T, CosimError> {
        what(&mut self.client).map_err(|error| match error {
            TraciError::Io(_) | TraciError::Refused { .. } => {
                let message = self.process.end();
                ended(&self.files, error.to_string(), message)
            }
            other => other.into(),
        })
    }

    /// Close the connection and wait until SUMO has written its outputs and is gone.
    pub fn finish(mut self) -> Result<(), CosimError> {
        self.talk(Client::close)?;
        let status = self.process.wait(END_PATIENCE);
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let what = status.map_or_else(|| "it does not end".into(), |status| format!("it ended with {status}"));
        let message = self.process.end();
        Err(ended(&self.files, what, message))
    }
}

/// The error for a SUMO that is gone: an `Error:` of its own is about its input, anything else is a lost program.
fn ended(files: &SumoFiles, what: String, message: String) -> CosimError {
    if message.contains("Error:") {
        CosimError::Refused { net: files.net.clone(), routes: files.routes.clone(), message }
    } else {
        CosimError::Lost { binary: files.binary.clone(), what, message }
    }
}

/// The operating system's side of it.
#[derive(Debug)]
struct Process {
    child: Child,
    listener: Option<JoinHandle<String>>,
}

impl Process {
    fn spawn(files: &SumoFiles) -> Result<(Self, u16), CosimError> {
        let port = free_port().map_err(CosimError::file(Path::new("127.0.0.1")))?;
        let mut command = Command::new(&files.binary);
        if let Some(home) = sumo_binary::home_of(&files.binary) {
            command.env("SUMO_HOME", home);
        }
        command.arg("--net-file").arg(&files.net).arg("--route-files").arg(&files.routes);
        if !files.additionals.is_empty() {
            let list: Vec<String> = files.additionals.iter().map(|file| file.display().to_string()).collect();
            command.args(["--additional-files", &list.join(",")]);
        }
        command.arg("--tripinfo-output").arg(&files.tripinfo);
        command.args(["--tripinfo-output.write-unfinished", "--tripinfo-output.write-undeparted"]);
        command.args(["--begin", &files.begin_s.to_string(), "--end", &files.end_s.to_string()]);
        command.args(["--seed", &files.seed.to_string(), "--remote-port", &port.to_string()]);
        if (files.scale - 1.0).abs() > f64::EPSILON {
            command.args(["--scale", &files.scale.to_string()]);
        }
        if files.emissions {
            command.args(["--device.emissions.probability", "1"]);
        }
        command.args(["--step-length", "1", "--time-to-teleport", "-1"]);
        command.args(["--no-step-log", "--no-warnings", "--duration-log.disable"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let start = |source| CosimError::Start { binary: files.binary.clone(), source };
        let mut child = command.spawn().map_err(start)?;
        let listener = child.stderr.take().map(|stderr| std::thread::spawn(move || last_words(stderr)));
        Ok((Self { child, listener }, port))
    }

    /// Connect as soon as SUMO listens; the reason as text when it never does.
    fn connect(&mut self, port: u16) -> Result<TcpStream, String> {
        let since = Instant::now();
        loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                Ok(socket) => return Ok(socket),
                Err(_) if since.elapsed() < START_PATIENCE => {}
                Err(error) => return Err(format!("does not listen after {} s: {error}", START_PATIENCE.as_secs())),
            }
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(LOOK_EVERY),
                Ok(Some(status)) => return Err(format!("ended with {status} before it listened")),
                Err(error) => return Err(format!("cannot be watched: {error}")),
            }
        }
    }

    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(None) if since.elapsed() < patience => std::thread::sleep(LOOK_EVERY),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
    }

    /// Wait a moment for its end, kill it otherwise; its error output.
    fn end(&mut self) -> String {
        if self.wait(Duration::from_secs(2)).is_none() {
            // Already gone is as good as killed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.listener.take().and_then(|listener| listener.join().ok()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// SUMO's error output without noise of its libraries, on one line.
fn last_words(stderr: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    let mut stderr = stderr;
    // What was read before an error is still worth showing; what is beyond the limit is read and dropped.
    let _ = stderr.by_ref().take(MESSAGE_MAX).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("pj_obj_create") && !line.starts_with("Quitting"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A port below the range that the kernel gives to clients, on which nobody listens now.
fn free_port() -> std::io::Result<u16> {
    const FIRST: u32 = 20_000;
    const PORTS: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(61);
    let mut last = None;
    for _ in 0..PORTS {
        let number = FIRST + start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let port = u16::try_from(number).expect("32 000 fits 16 bits");
        match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    Err(last.expect("at least one port was tried"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_in_a_row_are_not_the_same() {
        assert_ne!(free_port().unwrap(), free_port().unwrap());
    }

    #[test]
    fn library_noise_is_not_taken_for_a_message() {
        let text = "pj_obj_create: Cannot find proj.db\nError: no net\n In file 'x'\n\nQuitting (on error).\n";
        assert_eq!(last_words(text.as_bytes()), "Error: no net In file 'x'");
    }
}
