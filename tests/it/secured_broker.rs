//! A real mosquitto with the configuration, the access list and the certificates of `deploy/mosquitto`.

use super::broker::{self, Broker};
use lightwatch::service::tls::{Identity, Pem, Tls};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Who is there: role, name in the certificate, intersection; as `make-acl` reads it.
pub const DEVICES: &str = "\
engine     engine-1
controller north.controller  north
detector   north.detector    north
controller south.controller  south
requester  brigade
operator   desk
viewer     page
app        phone
";

/// Who has a certificate of the same authority and stands in no list.
pub const STRANGER: &str = "stranger";

/// A file of `deploy/mosquitto`.
pub fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/mosquitto").join(name)
}

/// A running broker for the devices and further lines of the access list; `None`, with a message, where mosquitto or openssl is missing.
pub fn start(more: &str) -> Option<Broker> {
    if broker::program().is_none() || Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: mosquitto or openssl is not installed");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let names = DEVICES.lines().filter_map(|line| line.split_whitespace().nth(1)).chain([STRANGER, "everybody"]);
    let made =
        Command::new(deployed("make-test-certificates")).arg(folder.path()).arg("localhost").args(names).status();
    assert!(made.expect("bash is there").success());
    std::fs::write(folder.path().join("acl"), acl(DEVICES) + more).expect("the list can be written");
    let shipped = std::fs::read_to_string(deployed("mosquitto.conf")).expect("it is in the repository");
    let here = folder.path().display().to_string();
    let shipped = shipped.replace("/etc/mosquitto/lightwatch", &here);
    assert!(shipped.contains("listener 8883\n"));
    // The tests may run as root, whose files the user `mosquitto` could not read.
    let lines = |port: u16| shipped.replace("listener 8883\n", &format!("user root\nlistener {port} 127.0.0.1\n"));
    Some(Broker::configured(folder, lines))
}

/// The access list that `make-acl` writes.
pub fn acl(devices: &str) -> String {
    let mut make = Command::new(deployed("make-acl"))
        .arg("Testville")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash is there");
    make.stdin.take().expect("piped").write_all(devices.as_bytes()).expect("it reads");
    let output = make.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("a text")
}

/// The identity of a name.
pub fn tls(broker: &Broker, name: &str) -> Tls {
    let read = |file: String| std::fs::read(broker.folder().join(file)).expect("it was made");
    let (authority, certificate, private_key) =
        (read("ca.crt".to_owned()), read(format!("{name}.crt")), read(format!("{name}.key")));
    let identity = Some(Identity { certificate: &certificate, private_key: &private_key });
    Tls::new(Pem { authority: &authority, identity }).expect("they are good")
}

/// The lines of a configuration that lead there as somebody.
pub fn broker_lines(broker: &Broker, name: &str) -> String {
    let (folder, port) = (broker.folder().display(), broker.port);
    format!(
        "[broker]\nurl = \"mqtts://localhost:{port}\"\nclient_id = \"{name}\"\nca = \"{folder}/ca.crt\"\n\
         certificate = \"{folder}/{name}.crt\"\nprivate_key = \"{folder}/{name}.key\"\n"
    )
}
