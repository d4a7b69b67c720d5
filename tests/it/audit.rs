//! The audit log: nothing that was acknowledged is lost by kill -9, every edit is found, a full disk refuses commands and stops no plan.

use super::broker::Broker;
use super::service_commands::{Running, config, hear};
use super::street::network;
use super::wire_attacks::Random;
use lightwatch::ids::StageIx;
use lightwatch::plan::{Action, Command as Order, CommandResult, FieldMode};
use lightwatch::record::audit::verify::{LogFile, Report, verify};
use lightwatch::record::audit::{AuditEvent, Head};
use lightwatch::service::audit_log::{AuditLog, files, read_head};
use lightwatch::service::mqtt::{Link, LinkSettings};
use lightwatch::service::now;
use lightwatch::time::{Millis, Timestamp};
use lightwatch::wire::{Message, Qos, encode};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const KILLS: usize = 100;
const EDITS: usize = 1_000;
const SEED: u64 = 5;
/// Tells the test binary that it is the writer that is to be killed, and where.
const CHILD: &str = "LIGHTWATCH_TEST_AUDIT_FOLDER";

fn command(number: u64) -> AuditEvent {
    AuditEvent::Command {
        intersection: "north".to_owned(),
        id: format!("c{number}"),
        verb: "stage".to_owned(),
        stage: Some("A".to_owned()),
        operator: "li \"quoted\" \u{8def}\u{53e3}".to_owned(),
        reason: None,
        key: Some("desk".to_owned()),
        given_ms: 1,
        expires_ms: 2,
    }
}

/// The files of a folder with their bytes, and the head.
fn read(folder: &Path) -> (Vec<(String, Vec<u8>)>, Option<Head>) {
    let read = |path: &Path| (path.display().to_string(), std::fs::read(path).unwrap());
    let contents = files(folder).unwrap().iter().map(|(_, path)| read(path)).collect();
    (contents, read_head(folder).unwrap_or(None))
}

fn judge(contents: &[(String, Vec<u8>)], head: Option<&Head>) -> Report {
    let logs: Vec<LogFile<'_>> = contents.iter().map(|(name, bytes)| LogFile { name, bytes }).collect();
    verify(&logs, head, true)
}

/// `lightwatch audit verify`: exit code and what it says.
fn verify_command(arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(["audit", "verify"]).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// Not a test of its own: writes and says what is written, until it is killed.
#[test]
fn writer_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let mut log = AuditLog::open(Path::new(&folder), Timestamp(1)).unwrap().with_files_of(20_000);
    let mut out = std::io::stdout();
    loop {
        let head = log.append(command(0), Timestamp(1)).unwrap();
        writeln!(out, "acknowledged {} {}", head.seq, head.hash).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn of_what_was_acknowledged_nothing_is_lost_by_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(SEED);
    let (mut acknowledged, mut last) = (0_u64, None);
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["audit::writer_that_is_killed", "--exact", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // So many lines, then the kill falls wherever the writer is by then.
        let wanted = 1 + random.below(12);
        let mut heard = 0;
        for line in lines.by_ref().map(Result::unwrap) {
            let Some(rest) = line.split("acknowledged ").nth(1) else { continue };
            let (seq, hash) = rest.split_once(' ').unwrap();
            last = Some(Head { seq: seq.parse().unwrap(), hash: hash.to_owned() });
            (heard, acknowledged) = (heard + 1, acknowledged + 1);
            if heard == wanted {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    let (contents, head) = read(folder.path());
    let report = judge(&contents, head.as_ref());
    assert_eq!(report.findings, [], "{:?}", report.notes);
    let told = judge(&contents, last.as_ref()).findings;
    let behind = told.iter().all(|it| it.found.contains("behind line"));
    assert!(behind && told.len() <= 1, "the last acknowledged line is there: {told:?}");
    let commands: usize = contents
        .iter()
        .map(|(_, bytes)| bytes.split(|&b| b == b'\n'))
        .map(|lines| {
            lines
                .filter(|line| line.windows(16).any(|part| part == b"\"kind\":\"command\"") && line.ends_with(b"\"}"))
                .count()
        })
        .sum();
    assert!(commands as u64 >= acknowledged, "{commands} lines for {acknowledged} acknowledged");
    assert!(contents.len() > 1, "files followed each other while it was killed");
    println!(
        "{KILLS} kills, seed {SEED}: {acknowledged} acknowledged, {commands} written, {} files, {} lines, {} mended ends",
        contents.len(),
        report.lines,
        report.notes.len()
    );
    let (code, said) = verify_command(&[folder.path().to_str().unwrap(), "--json"]);
    assert!(code == Some(0) && said.contains("\"ok\":true"), "{said}");
}

/// A log of several files.
fn written(folder: &Path) {
    let mut log = AuditLog::open(folder, Timestamp(1)).unwrap().with_files_of(4_400);
    for (number, at) in (0..60).zip(1_000..) {
        log.append(command(number), Timestamp(at)).unwrap();
    }
    assert_eq!(files(folder).unwrap().len(), 4);
}

/// One edit of somebody who has the files and not the head; what it was.
fn edit(contents: &mut Vec<(String, Vec<u8>)>, random: &mut Random) -> &'static str {
    let file = random.below(contents.len());
    let is_last = file + 1 == contents.len();
    let bytes = &mut contents[file].1;
    let at = random.below(bytes.len());
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (random.below(lines.len()), random.below(lines.len()));
    let what = match random.below(9) {
        0 => {
            bytes[at] ^= 1 << random.below(8);
            return "a bit";
        }
        1 => {
            let next = bytes[at].wrapping_add(1 + random.below(255) as u8);
            bytes[at] = next;
            return "a byte";
        }
        2 => {
            bytes.truncate(at);
            return "cut off";
        }
        3 => {
            bytes.insert(at, random.below(256) as u8);
            return "a byte put in";
        }
        4 => {
            let to = (at + 1 + random.below(400)).min(bytes.len());
            bytes.drain(at..to);
            return "a part taken out";
        }
        5 => {
            contents.remove(file);
            return if is_last { "the last file" } else { "a file" };
        }
        6 => {
            lines.remove(one);
            "a line taken out"
        }
        7 => {
            let line = lines[one].clone();
            lines.insert(other, line);
            "a line twice"
        }
        _ => {
            let other = if one == other { (one + 1) % lines.len() } else { other };
            lines.swap(one, other);
            "lines exchanged"
        }
    };
    *bytes = lines.concat();
    what
}

#[test]
fn a_thousand_edits_deletions_reorderings_and_truncations_are_all_found() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let (original, head) = read(folder.path());
    assert_eq!(judge(&original, head.as_ref()).findings, []);
    let mut random = Random(SEED);
    let mut found = std::collections::BTreeMap::<&str, u64>::new();
    for number in 0..EDITS {
        let mut contents = original.clone();
        let what = edit(&mut contents, &mut random);
        assert_ne!(contents, original, "edit {number} changed nothing");
        let report = judge(&contents, head.as_ref());
        assert!(!report.findings.is_empty(), "edit {number}, {what}, was not found: {:?}", report.notes);
        *found.entry(what).or_default() += 1;
    }
    println!("{EDITS} edits, seed {SEED}, all found: {found:?}");
}

#[test]
fn a_finding_names_file_and_line_and_what_is_no_log_is_65() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let path = folder.path().to_str().unwrap();
    let (_, second) = files(folder.path()).unwrap().swap_remove(1);
    let text = std::fs::read_to_string(&second).unwrap();
    std::fs::write(&second, text.replacen("\"stage\":\"A\"", "\"stage\":\"B\"", 1)).unwrap();
    let (code, said) = verify_command(&[path]);
    assert!(code == Some(1) && said.contains("audit-000002.jsonl:2: its hash does not fit"), "{code:?} {said}");
    std::fs::write(&second, &text).unwrap();
    let (code, said) = verify_command(&[path]);
    let head = said.rsplit_once("head ").expect("it is told").1.trim().to_owned();
    assert!(code == Some(0) && head.starts_with("63:"), "{said}");

    // Cut off together with the head on this machine: only the head that was carried away knows.
    let (_, last) = files(folder.path()).unwrap().pop().unwrap();
    std::fs::remove_file(&last).unwrap();
    let (code, said) = verify_command(&[path]);
    assert!(code == Some(1) && said.contains("it was cut off"), "{said}");
    std::fs::remove_file(folder.path().join("head.json")).unwrap();
    let (code, said) = verify_command(&[path]);
    assert!(code == Some(1) && said.contains("head.json is not there"), "{said}");
    let (code, said) = verify_command(&[path, "--head", &head]);
    assert!(code == Some(1) && said.contains("the head knows line 63"), "{said}");
    let (code, said) = verify_command(&[second.to_str().unwrap()]);
    assert!(code == Some(0) && said.contains("no head to hold it against"), "{said}");

    std::fs::write(folder.path().join("audit-000009.jsonl"), "no log\n").unwrap();
    assert_eq!(verify_command(&[path]).0, Some(1));
    for nothing in ["Cargo.toml", "nowhere"] {
        assert_eq!(verify_command(&[nothing]).0, Some(65), "{nothing}");
    }
    assert_eq!(verify_command(&[path, "--head", "7"]).0, Some(64));
}

#[test]
fn a_torn_end_is_mended_with_a_note_and_a_changed_file_is_left_and_told() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let (_, last) = files(folder.path()).unwrap().pop().unwrap();
    let append = |text: &[u8]| std::fs::OpenOptions::new().append(true).open(&last).unwrap().write_all(text).unwrap();
    append(b"{\"v\":1,\"seq\":6");
    let (contents, head) = read(folder.path());
    let report = judge(&contents, head.as_ref());
    assert!(report.findings.is_empty() && report.notes[0].found.contains("not finished"), "{report:?}");
    drop(AuditLog::open(folder.path(), Timestamp(9)).unwrap());
    let (contents, head) = read(folder.path());
    let report = judge(&contents, head.as_ref());
    assert!(
        report.findings.is_empty() && report.notes[0].found.contains("14 bytes of an unfinished line"),
        "{report:?}"
    );

    append(b"{\"v\":1}\n");
    let count = files(folder.path()).unwrap().len();
    let mut log = AuditLog::open(folder.path(), Timestamp(9)).unwrap();
    assert!(AuditLog::open(folder.path(), Timestamp(9)).unwrap_err().to_string().contains("another process"));
    log.append(command(1), Timestamp(9)).unwrap();
    assert_eq!(files(folder.path()).unwrap().len(), count + 1, "it goes on in a new file");
    let (contents, head) = read(folder.path());
    let report = judge(&contents, head.as_ref());
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert!(report.notes.iter().any(|note| note.found.contains("found when the log was opened")), "{report:?}");
}

fn order(number: u64) -> Order {
    Order {
        intersection: "north".into(),
        id: format!("c{number}"),
        at: now(),
        expires: now() + Millis::from_secs(30),
        operator: "li".to_owned(),
        reason: None,
        action: Action::Stage(StageIx(0)),
    }
}

/// Give a command and wait for its answer.
async fn answer(watcher: &Link, number: u64) -> CommandResult {
    let network = network();
    watcher.publish(encode(&Message::Command(order(number)), &network).unwrap());
    let search = async {
        loop {
            let received = watcher.received().await.expect("the watcher lives");
            let heard = lightwatch::wire::decode(&received.topic, &received.payload, &network, None);
            if let Ok(Message::Result(result)) = heard
                && result.id == format!("c{number}")
            {
                return result;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), search).await.expect("an answer comes")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_written_before_it_is_answered_and_refused_on_a_full_disk_while_plans_go_on() {
    let Some(broker) = Broker::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    // No file may grow beyond 8 KiB: what a full disk says, without one.
    let line = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' run --audit '{}'",
        env!("CARGO_BIN_EXE_lightwatch"),
        folder.path().join("audit").display()
    );
    let engine =
        Running::start_program(Command::new("bash").args(["-c", &format!("{line} --config '{}'", config.display())]));
    let field = Running::start(&["field", "--intersection", "north"], &config);
    let watcher = Link::start(LinkSettings {
        broker: broker.client("watcher"),
        tls: None,
        subscriptions: vec![("lw/1/Testville/#".to_owned(), Qos::AtLeastOnce)],
        presence: None,
    });
    hear(&watcher, |message| matches!(message, Message::State(it) if it.mode == FieldMode::Remote)).await;
    let first = answer(&watcher, 0).await;
    assert!(first.accepted, "{}", first.reason);
    let kept = std::fs::read_to_string(folder.path().join("audit/engine-1/audit-000001.jsonl")).unwrap();
    assert!(kept.contains("\"id\":\"c0\"") && kept.contains("\"operator\":\"li\""), "{kept}");
    let mut refused = None;
    for number in 1..60 {
        let told = answer(&watcher, number).await;
        if !told.accepted {
            refused = Some(told.reason);
            break;
        }
    }
    let refused = refused.expect("8 KiB do not hold sixty commands");
    assert!(refused.contains("not written to the audit log, so not done"), "{refused}");
    let from = now() + Millis(1_500);
    hear(&watcher, |message| matches!(message, Message::Plan(plan) if plan.issued > from)).await;
    hear(
        &watcher,
        |message| matches!(message, Message::State(it) if it.mode == FieldMode::Remote && it.shown.at > from),
    )
    .await;
    let (code, said) = engine.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the audit log cannot be written: commands are refused"), "{said}");
    drop(field);
    let (code, told) = verify_command(&[folder.path().join("audit/engine-1").to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
}
