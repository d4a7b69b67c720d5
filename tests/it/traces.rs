//! `--traces`: spans of decisions to a collector of OpenTelemetry, from the program as an operator starts it.

#[cfg(feature = "opentelemetry")]
#[cfg(feature = "opentelemetry")]
use super::broker::Broker;
#[cfg(feature = "opentelemetry")]
use super::service_commands::Running;
use super::service_commands::config;
use std::process::Command;
#[cfg(feature = "opentelemetry")]
use std::time::Duration;

fn refused(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output = program.args(["run", "--config"]).arg(config(folder.path(), 1)).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{told}");
    told
}

#[test]
fn an_address_or_a_share_that_cannot_be_is_refused_with_what_is_allowed() {
    let told = refused(&["--traces", "https://collector:4318"]);
    assert!(told.contains("`https://collector:4318`") && told.contains("http://HOST[:PORT]"), "{told}");
    let told = refused(&["--traces", "http://127.0.0.1:4318", "--traces-share", "1.5"]);
    assert!(told.contains("1.5") && told.contains("0…1"), "{told}");
}

#[cfg(not(feature = "opentelemetry"))]
#[test]
fn a_program_that_was_built_without_it_says_how_to_build_one_with_it() {
    let told = refused(&["--traces", "http://127.0.0.1:4318"]);
    assert!(told.contains("--features opentelemetry"), "{told}");
}

/// A collector that answers everything with 200 and hands on what was posted: head and body.
#[cfg(feature = "opentelemetry")]
fn collector() -> (u16, std::sync::mpsc::Receiver<(String, Vec<u8>)>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, posted) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            if sender.send((head, body)).is_err() {
                return;
            }
        }
    });
    (port, posted)
}

#[cfg(feature = "opentelemetry")]
#[test]
fn decisions_are_told_to_the_collector_and_the_last_ones_when_the_engine_stops() {
    let Some(broker) = Broker::start() else { return };
    let (port, posted) = collector();
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    let address = format!("http://127.0.0.1:{port}/otlp");
    let engine = Running::start(&["run", "--traces", &address, "--traces-share", "1"], &config);
    let _field = Running::start(&["field"], &config);
    // Strings stand in protobuf as they are.
    let has = |body: &[u8], text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    let decided = loop {
        let (head, body) = posted.recv_timeout(Duration::from_secs(60)).expect("spans come every five seconds");
        assert!(head.starts_with("POST /otlp/v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("Content-Type: application/x-protobuf\r\n"), "{head}");
        if has(&body, "reason") {
            break body;
        }
    };
    for text in
        ["lightwatch", "service.instance.id", "engine-1", "decide", "intersection", "north", "labels", "hear", "topic"]
    {
        assert!(has(&decided, text), "`{text}` is not told");
    }
    // Long enough for decisions that no batch has taken along.
    std::thread::sleep(Duration::from_millis(2_500));
    let (code, said) = engine.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("decide"), "spans are for the collector, not for the log: {said}");
    assert!(posted.try_iter().any(|(_, body)| has(&body, "decide")), "what was left is told at the end");
}
