//! What watches the engine from outside: dashboard, alerts and runbook name only what there is, and all of it.

use super::house::{House, PATIENCE};
use super::street::network;
use lightwatch::config::Webhook as WebhookSettings;
use lightwatch::plan::Severity;
use lightwatch::service::alarm_catalogue::CATALOGUE;
use lightwatch::service::history::{History, Keep};
use lightwatch::service::listeners::Listeners;
use lightwatch::service::lookout::Shadowing;
use lightwatch::service::webhook::Webhook;
use lightwatch::shadow;
use lightwatch::time::Millis;
use lightwatch::web::Door;
use lightwatch::wire::{Packet, Qos};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tokio::time::timeout;

const RULES: &str = "deploy/prometheus/lightwatch.rules.yml";

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("the file is in the repository")
}

/// Names of our metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_name(letter)).filter(|word| word.starts_with("lightwatch_"));
    words.map(str::to_owned).collect()
}

/// Whether a program is there; said once when it is not.
fn promtool() -> bool {
    let found = Command::new("promtool").arg("--version").output().is_ok();
    if !found {
        println!("skipped: promtool is not installed (make promtool)");
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_that_alerts_and_dashboard_name_is_there_and_every_one_that_is_there_is_on_the_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::start(folder.path(), &Arc::new(network()), Keep::default());
    let webhook = WebhookSettings::parse("http://127.0.0.1:9/", Severity::Critical).unwrap();
    // Short batches: two are over in a few seconds.
    let settings = shadow::Settings {
        batch: Millis::from_secs(2),
        warm_up: Millis::ZERO,
        ..shadow::Settings::new(shadow::Policy::Fixed)
    };
    let shadow = Some(Shadowing { settings, intersections: vec![true; network().intersections.len()] });
    let webhook = Some(Arc::new(Webhook::start(webhook)));
    let listeners = Listeners { webhook, history: Some(Arc::new(history)), recorder: None, shadow };
    let house = House::furnished(Door::default(), None, listeners).await;
    house.until("/ready", |it| it["ok"] == true).await;
    let nonsense = Packet {
        topic: "lw/1/Testville/north/counts".into(),
        payload: b"{".to_vec(),
        qos: Qos::AtMostOnce,
        retain: false,
    };
    let search = async {
        for seq in 5_000.. {
            house.street.publish(nonsense.clone());
            house.count_with(seq, 1);
            let text = house.get("/metrics").await.2;
            let all = [
                "lightwatch_messages_rejected_total{",
                "lightwatch_counts_age_seconds ",
                "lightwatch_mean_speed",
                "lightwatch_shadow_saved_half_seconds ",
            ];
            if all.iter().all(|it| text.contains(it)) {
                return text;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        unreachable!("numbers do not end")
    };
    let text = timeout(PATIENCE, search).await.expect("every family is there");
    let there: BTreeSet<String> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect();
    let family = |name: &str| {
        let parts = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        parts.filter(|it| there.contains(*it)).unwrap_or(name).to_owned()
    };
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/lightwatch.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let asked = panels.flat_map(|it| it["targets"].as_array().unwrap()).map(|it| it["expr"].as_str().unwrap());
    let shown: BTreeSet<String> = asked.flat_map(metrics).map(|it| family(&it)).collect();
    let alerts: BTreeSet<String> = metrics(&read(RULES)).iter().map(|it| family(it)).collect();
    assert!(shown.len() > 15 && alerts.len() > 5);
    let nowhere: Vec<_> = shown.union(&alerts).filter(|it| !there.contains(*it)).collect();
    assert!(nowhere.is_empty(), "not in /metrics: {nowhere:?}");
    let unseen: Vec<_> = there.difference(&shown).collect();
    assert!(unseen.is_empty(), "on no panel: {unseen:?}");
    house.close().await;
    if promtool() {
        let mut check = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
        check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(check.wait().unwrap().success(), "promtool check metrics");
    }
}

#[test]
fn prometheus_understands_the_alerts_and_the_runbook_knows_each() {
    let (rules, runbook) = (read(RULES), read("docs/runbook.md"));
    let alerts: Vec<&str> = rules.lines().filter_map(|it| it.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 10);
    for alert in alerts {
        assert!(runbook.contains(&format!("| `{alert}` |")), "docs/runbook.md does not know {alert}");
    }
    if promtool() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES);
        let output = Command::new("promtool").args(["check", "rules"]).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_alarm_that_the_engine_can_raise_is_in_the_catalogue_and_in_the_runbook() {
    let (source, runbook) = (read("src/controller/alarms.rs"), read("docs/runbook.md"));
    let raised: BTreeSet<&str> = source
        .lines()
        .filter(|line| line.contains("const ") && line.contains(": &str = \""))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(raised.len() >= 4, "{raised:?}");
    assert_eq!(raised, CATALOGUE.iter().map(|it| it.code).collect(), "service/alarm_catalogue.rs names each");
    for it in &CATALOGUE {
        assert!(runbook.contains(&format!("\n### `{}` (", it.code)), "docs/runbook.md has no part for {}", it.code);
    }
}
