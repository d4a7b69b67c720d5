//! What a person may do by HTTP: who is let in, what is refused, commands by way of the audit log, the life of an alarm, the webhook.

use super::house::{House, PATIENCE, ask};
use super::service_commands::config;
use lightwatch::config::Webhook as WebhookSettings;
use lightwatch::plan::{Alarm, AlarmPhase, Severity};
use lightwatch::service::tls::{Identity, ServerTls};
use lightwatch::time::Millis;
use lightwatch::web::Door;
use lightwatch::web::access::Access;
use lightwatch::wire::{Message, decode};
use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

const OPERATOR: &str = "0123456789-operator-li";
const VIEWER: &str = "0123456789-viewer-wall";

fn door() -> Door {
    let tokens = format!("li operator {OPERATOR}\nwall viewer {VIEWER}\n");
    Door { access: Access::with_tokens(&tokens).unwrap(), ..Door::default() }
}

/// A request with a body and headers.
async fn send(house: &House, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    let (status, head, body) = ask(house.at(), &request).await;
    (status, head, serde_json::from_str(&body).unwrap_or_default())
}

async fn post(house: &House, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = format!("Authorization: Bearer {token}\r\n");
    let (status, _, answer) = send(house, "POST", path, &headers, &body.to_string()).await;
    (status, answer)
}

/// The picture of an intersection, until it fits; counts go on meanwhile.
async fn until(house: &House, token: &str, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let search = async {
        for seq in 1_000.. {
            house.count(seq);
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
            );
            let (_, _, body) = ask(house.at(), &request).await;
            if let Some(answer) = serde_json::from_str(&body).ok().filter(|it| fits(it)) {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        unreachable!("numbers do not end")
    };
    timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{path} never fits"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_token_role_origin_size_or_json_nothing_is_seen_or_done_and_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with(door(), Some(folder.path().join("audit")), None).await;
    let (li, wall) = (format!("Authorization: Bearer {OPERATOR}\r\n"), format!("Authorization: Bearer {VIEWER}\r\n"));
    let (command, hold) = ("/api/v1/intersections/north/command", r#"{"verb":"fixed","seconds":60,"reason":"x"}"#);
    let evil = format!("{li}Origin: http://evil.example\r\n");
    let (huge, deep) = (format!("{{\"reason\":\"{}\"}}", "x".repeat(20_000)), "[".repeat(9_000));
    let say = |what: &str| format!(r#"{{"verb":"hold","stage":"A","seconds":60,"reason":"x"{what}}}"#);
    let cases: Vec<(&str, &str, &str, &str, u16)> = vec![
        ("GET", "/api/v1/snapshot", "", "", 401),
        ("GET", "/metrics", "", "", 401),
        ("GET", "/events", "Authorization: Bearer nobody-has-this-token\r\n", "", 401),
        ("GET", "/live", "", "", 200),
        ("GET", "/api/v1/session", "", "", 200),
        ("GET", "/api/v1/snapshot", &wall, "", 200),
        ("POST", command, "", hold, 401),
        ("POST", command, &wall, hold, 403),
        ("POST", command, &evil, hold, 403),
        ("GET", command, &li, "", 405),
        ("PUT", command, &li, hold, 405),
        ("DELETE", "/api/v1/alarms", &li, "", 405),
        ("POST", "/api/v1/intersections/nowhere/command", &li, hold, 404),
        ("POST", "/api/v1/intersections/north/alarms/none/acknowledge", &li, "{}", 409),
        ("POST", "/api/v1/intersections/north/alarms/none/forget", &li, "{}", 404),
        ("POST", command, &li, &huge, 413),
        ("POST", command, &li, &deep, 400),
        ("POST", command, &li, "", 400),
        ("POST", command, &li, "{\"verb\":", 400),
        ("POST", command, &li, "{\"verb\":\"flash\",\"reason\":\"x\"}", 400),
        ("POST", command, &li, r#"{"verb":"hold","stage":"Z","seconds":60,"reason":"x"}"#, 400),
        ("POST", command, &li, r#"{"verb":"hold","seconds":60,"reason":"x"}"#, 400),
        ("POST", command, &li, r#"{"verb":"fixed","seconds":3601,"reason":"x"}"#, 400),
        ("POST", command, &li, r#"{"verb":"fixed","seconds":60,"reason":" "}"#, 400),
        ("POST", command, &li, r#"{"verb":"fixed","seconds":60}"#, 400),
        ("POST", "/api/v1/session", "", r#"{"token":"wrong-but-long-enough-to-be-one"}"#, 401),
    ];
    let unknown = say(",\"force\":true");
    let cases = cases.into_iter().chain([("POST", command, li.as_str(), unknown.as_str(), 400)]);
    for (method, path, headers, body, expected) in cases {
        let (status, head, answer) = send(&house, method, path, headers, body).await;
        assert_eq!(status, expected, "{method} {path} {}: {answer}", &body[..body.len().min(80)]);
        if expected >= 400 {
            assert!(head.contains("content-type: application/problem+json"), "{head}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.len() > 5 && answer["status"] == expected && !detail.contains("wrong-but"), "{answer}");
        }
        assert_eq!(status == 401, head.contains("www-authenticate: bearer"), "{head}");
    }
    let text = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    assert_eq!(ask(house.at(), text).await.0, 415);
    assert!(house.web.readers().denied.load(Ordering::Relaxed) >= 6);
    assert_eq!(commands(&folder.path().join("audit")), "", "nothing of it was a command");
    house.close().await;
}

/// The lines of an audit log that are commands.
fn commands(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("audit-000001.jsonl")).unwrap_or_default();
    text.lines().filter(|it| it.contains("\"kind\":\"command\"")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_is_held_for_a_reason_seen_by_all_written_down_and_released_and_a_call_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    let house = House::with(door(), Some(audit.clone()), None).await;
    let (north, command) = ("/api/v1/intersections/north", "/api/v1/intersections/north/command");
    let before = until(&house, OPERATOR, north, |it| it["mode"] == "adaptive" && it["field"] == "remote").await;
    assert!(before["command"].is_null());
    let stage = before["stages"][1].as_str().unwrap().to_owned();
    let hold = json!({"verb": "hold", "stage": stage, "seconds": 300, "reason": "accident"});
    let (status, answer) = post(&house, OPERATOR, command, &hold).await;
    assert!(status == 200 && answer["accepted"] == true && answer["until_ms"].is_i64(), "{answer}");
    let written = commands(&audit);
    assert!(written.contains("\"operator\":\"li\",\"reason\":\"accident\""), "before it was answered: {written}");
    let held = until(&house, VIEWER, north, |it| it["mode"] == "manual" && it["stage"] == stage.as_str()).await;
    let shown = &held["command"];
    assert_eq!((&shown["verb"], &shown["by"], &shown["reason"]), (&json!("hold"), &json!("li"), &json!("accident")));
    let (status, answer) = post(&house, OPERATOR, command, &json!({"verb": "release", "reason": "cleared"})).await;
    assert!(status == 200 && answer["accepted"] == true && answer["until_ms"].is_null(), "{answer}");
    until(&house, VIEWER, north, |it| it["command"].is_null() && it["mode"] != "manual").await;

    let other = before["stages"][0].as_str().unwrap();
    let call = json!({"verb": "call", "stage": other, "seconds": 300, "reason": "a school class"});
    assert_eq!(post(&house, OPERATOR, command, &call).await.0, 200);
    until(&house, VIEWER, north, |it| it["command"].is_null() && it["stage"] == other).await;
    let fixed = json!({"verb": "fixed", "seconds": 5, "reason": "trial"});
    assert_eq!(post(&house, OPERATOR, command, &fixed).await.0, 200);
    until(&house, VIEWER, north, |it| it["mode"] == "fixed_time").await;
    until(&house, VIEWER, north, |it| it["mode"] != "fixed_time" && it["command"].is_null()).await;
    assert_eq!(commands(&audit).lines().count(), 4);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_opens_a_session_by_token_and_its_cookie_changes_nothing_for_another_page() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with(door(), Some(folder.path().join("audit")), None).await;
    let (_, _, nobody) = send(&house, "GET", "/api/v1/session", "", "").await;
    assert_eq!(
        (&nobody["role"], &nobody["needs_token"], &nobody["can_command"]),
        (&json!("none"), &json!(true), &json!(false))
    );
    let body = json!({"token": OPERATOR}).to_string();
    let (status, head, opened) = send(&house, "POST", "/api/v1/session", "", &body).await;
    assert!(status == 200 && opened["can_command"] == true && opened["name"] == "li", "{opened}");
    let cookie = head.lines().find_map(|it| it.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(send(&house, "GET", "/api/v1/snapshot", &cookie, "").await.0, 200);
    let (command, fixed) = ("/api/v1/intersections/north/command", r#"{"verb":"fixed","seconds":60,"reason":"x"}"#);
    let own = format!("{cookie}Origin: http://localhost\r\n");
    let other = format!("{cookie}Origin: http://localhost:1\r\n");
    assert_eq!(send(&house, "POST", command, &cookie, fixed).await.0, 403, "without an origin");
    assert_eq!(send(&house, "POST", command, &other, fixed).await.0, 403, "a page of another port");
    assert_eq!(send(&house, "POST", command, &own, fixed).await.0, 200);
    assert_eq!(send(&house, "DELETE", "/api/v1/session", &own, "").await.0, 204);
    assert_eq!(send(&house, "GET", "/api/v1/snapshot", &cookie, "").await.0, 401);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_audit_log_or_a_file_of_tokens_nobody_commands() {
    let house = House::with(door(), None, None).await;
    let (path, body) = ("/api/v1/intersections/north/command", json!({"verb": "fixed", "seconds": 60, "reason": "x"}));
    let (status, told) = post(&house, OPERATOR, path, &body).await;
    assert!(status == 409 && told["detail"].as_str().unwrap().contains("--audit"), "{told}");
    house.close().await;
    let house = House::open().await;
    let (status, _, told) = send(&house, "POST", path, "", &body.to_string()).await;
    assert!(status == 403, "{told}");
    assert_eq!(send(&house, "POST", "/api/v1/session", "", "{}").await.0, 401);
    house.close().await;
}

/// The next word about missing counts in the north, over MQTT, that has this phase.
async fn word(house: &House, phase: AlarmPhase) -> Alarm {
    let search = async {
        loop {
            let heard = house.street.received().await.expect("the link lives");
            if let Ok(Message::Alarm(alarm)) = decode(&heard.topic, &heard.payload, &house.network, None)
                && (alarm.code.as_str(), alarm.intersection.as_str(), alarm.phase) == ("counts_stale", "north", phase)
            {
                return alarm;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("it is told")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_raised_seen_put_aside_and_taken_up_again_over_http_and_mqtt_with_cause_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::with(door(), Some(folder.path().join("audit")), None).await;
    let north = "/api/v1/intersections/north";
    until(&house, OPERATOR, north, |it| it["field"] == "remote").await;
    // Without counts for the patience of 10 s; a first one may have come and gone while the house was opened.
    let raised = word(&house, AlarmPhase::Raised).await;
    assert_eq!(raised.handling, None);
    let headers = format!("Authorization: Bearer {VIEWER}\r\n");
    let stale = |it: &Value| it["code"] == "counts_stale" && it["intersection"] == "north";
    let search = async {
        loop {
            let (_, _, alarms) = send(&house, "GET", "/api/v1/alarms", &headers, "").await;
            // As long as counts were heard a moment ago none is up.
            if let Some(open) = alarms["open"].as_array().unwrap().iter().find(|it| stale(it)) {
                return open.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let open = timeout(PATIENCE, search).await.expect("it is up");
    assert!(open["cause"].is_string() && open["advice"].is_string() && open["gbt20999"] == 0x41, "{open}");
    let path = format!("{north}/alarms/counts_stale");
    assert_eq!(post(&house, VIEWER, &format!("{path}/acknowledge"), &json!({})).await.0, 403);
    let (status, seen) = post(&house, OPERATOR, &format!("{path}/acknowledge"), &json!({"note": "on my way"})).await;
    assert_eq!(
        (status, &seen["phase"], &seen["by"], &seen["note"]),
        (200, &json!("acknowledged"), &json!("li"), &json!("on my way"))
    );
    assert!(seen["raised_ms"].as_i64() <= seen["at_ms"].as_i64());
    assert_eq!(word(&house, AlarmPhase::Acknowledged).await.handling.unwrap().by, "li");
    assert_eq!(post(&house, OPERATOR, &format!("{path}/shelve"), &json!({"seconds": 5, "note": "x"})).await.0, 400);
    let (status, shelved) =
        post(&house, OPERATOR, &format!("{path}/shelve"), &json!({"seconds": 600, "note": "works"})).await;
    assert_eq!((status, &shelved["phase"]), (200, &json!("shelved")));
    assert!(word(&house, AlarmPhase::Shelved).await.handling.unwrap().until.is_some());
    let (_, _, shown) = send(&house, "GET", north, &headers, "").await;
    assert!(shown["alarm"].is_null() && shown["alarms"][0]["phase"] == "shelved", "{shown}");
    let (status, taken) = post(&house, OPERATOR, &format!("{path}/unshelve"), &json!({})).await;
    assert_eq!((status, &taken["phase"]), (200, &json!("raised")));
    assert_eq!(word(&house, AlarmPhase::Raised).await.handling, None);
    // What is done to alarms is noted; nobody waits for the disk.
    let line = r#""kind":"alarm","intersection":"north","code":"counts_stale","act":"acknowledge","by":"li""#;
    let read = || std::fs::read_to_string(folder.path().join("audit/audit-000001.jsonl")).unwrap();
    let noted = async {
        while !read().contains(line) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(PATIENCE, noted).await.is_ok(), "{}", read());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhook_is_told_again_when_it_fails_and_never_holds_anything_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?team=night", listener.local_addr().unwrap());
    let mut settings = WebhookSettings::parse(&url, Severity::Warning).unwrap();
    settings.pause = Millis(10);
    let house = House::with(Door::default(), None, Some(settings)).await;
    // The field controllers were never heard at the first decision: two alarms at least. The first try is refused, the rest taken.
    let mut told: Vec<Value> = Vec::new();
    for number in 0..3 {
        let (mut stream, _) = timeout(PATIENCE, listener.accept()).await.expect("it is told").unwrap();
        let (mut request, mut buffer) = (String::new(), [0; 4_096]);
        let body = loop {
            let got = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("all of it").unwrap();
            request.push_str(std::str::from_utf8(&buffer[..got]).unwrap());
            let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
            let length: usize =
                head.lines().find_map(|it| it.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
            if body.len() == length {
                break body;
            }
        };
        assert!(request.starts_with("POST /hook?team=night HTTP/1.1\r\n"), "{request}");
        told.push(serde_json::from_str(body).unwrap());
        let status = if number == 0 { "500 Broken" } else { "204 No Content" };
        stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
    }
    assert_eq!(told[0], told[1], "the same again");
    assert_ne!(told[1], told[2]);
    assert!(
        told[0]["code"].is_string() && told[0]["advice"].is_string() && told[0]["phase"] == "raised",
        "{}",
        told[0]
    );
    // From here on it hangs; the house goes on.
    house.until("/ready", |it| it["ok"] == true).await;
    let counted = async {
        while !house.get("/metrics").await.2.contains("lightwatch_webhook_posts_total{fate=\"taken\"} 2") {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.expect("it is counted");
    house.close().await;
}

/// Certificates of an authority of our own; `None`, with a message, where openssl is missing.
fn certificates() -> Option<tempfile::TempDir> {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: openssl is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let make = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/mosquitto/make-test-certificates");
    assert!(Command::new(make).arg(folder.path()).args(["localhost", "engine-1"]).status().unwrap().success());
    Some(folder)
}

/// What `openssl s_client` reads after a request.
fn by_tls(folder: &Path, port: u16, more: &[&str], request: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-servername", "localhost", "-CAfile"])
        .arg(folder.join("ca.crt"))
        .args(["-connect", &format!("127.0.0.1:{port}")])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    // Who is hung up on at once reads nothing.
    let _ = stdin.write_all(request.as_bytes());
    let output = client.wait_with_output().unwrap();
    drop(stdin);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_certificate_everything_goes_by_tls_1_3_and_nothing_in_the_clear() {
    let Some(folder) = certificates() else { return };
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let (certificate, private_key) = (read("broker.crt"), read("broker.key"));
    let tls = ServerTls::new(Identity { certificate: &certificate, private_key: &private_key }).unwrap();
    let audit = Some(folder.path().join("audit"));
    let house = House::with(Door { tls: Some(tls), host: Some("tc.example".into()), ..door() }, audit, None).await;
    let port = house.at().port();
    let ask = |more: &'static [&'static str], request: String| {
        let folder = folder.path().to_owned();
        tokio::task::spawn_blocking(move || by_tls(&folder, port, more, &request))
    };
    let get = |headers: &str| {
        format!("GET /api/v1/snapshot HTTP/1.1\r\nHost: tc.example:8443\r\nConnection: close\r\n{headers}\r\n")
    };
    let seen = ask(&[], get(&format!("Authorization: Bearer {VIEWER}\r\n"))).await.unwrap();
    assert!(seen.starts_with("HTTP/1.1 200") && seen.contains("\"city\":\"Testville\""), "{seen}");
    assert!(ask(&[], get("")).await.unwrap().starts_with("HTTP/1.1 401"));
    let body = format!("{{\"token\":\"{OPERATOR}\"}}");
    let length = body.len();
    let open = |origin: &str| {
        format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: tc.example\r\nOrigin: {origin}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let opened = ask(&[], open("https://tc.example")).await.unwrap();
    assert!(opened.starts_with("HTTP/1.1 200") && opened.contains("; Secure"), "{opened}");
    assert!(ask(&[], open("http://tc.example")).await.unwrap().starts_with("HTTP/1.1 403"), "an origin in the clear");
    assert_eq!(ask(&["-tls1_2"], get("")).await.unwrap(), "", "TLS 1.2");
    let (status, _, _) = house.get("/live").await;
    assert_eq!(status, 0, "in the clear");
    house.close().await;
}

#[test]
fn what_is_wrong_with_tokens_keys_and_addresses_ends_the_start_with_64_and_never_quotes_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), 1);
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let good = file("tokens", &format!("li operator {OPERATOR}\n"), 0o600);
    let open = file("open", &format!("li operator {OPERATOR}\n"), 0o644);
    let short = file("short", "li operator hush-hush\n", 0o600);
    let (no_pem, key) = (file("pem", "no certificate", 0o644), file("key", "no key", 0o600));
    let cases: [(&[&str], &str); 6] = [
        (&["--http", "127.0.0.1:0", "--http-tokens", &open], "0600"),
        (&["--http", "127.0.0.1:0", "--http-tokens", &short], "line 1"),
        (&["--http", "127.0.0.1:0", "--http-tokens", "nowhere"], "nowhere"),
        (&["--http", "0.0.0.0:0", "--http-tokens", &good], "--http-certificate"),
        (&["--http", "127.0.0.1:0", "--http-certificate", &no_pem, "--http-private-key", &key], "--http-certificate"),
        (&["--http", "127.0.0.1:0", "--http-certificate", &no_pem], "--http-private-key"),
    ];
    for (arguments, expected) in cases {
        let mut program = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        let output = program.args(["run", "--config"]).arg(&config).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(code == Some(64) && told.contains(expected), "{arguments:?}: {code:?} {told}");
        assert!(!told.contains("hush") && !told.contains(OPERATOR), "{told}");
    }
}
