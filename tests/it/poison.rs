//! Payloads made to break whoever reads them, over a real mosquitto, against `lightwatch run` and `lightwatch field`: nobody is thrown out, memory
//! does not grow, control goes on.

use super::broker::Broker;
use super::service_commands::{Running, config, hear};
use super::street::network;
use super::wire_attacks::Random;
use lightwatch::plan::{Action, Command, FieldMode};
use lightwatch::service::mqtt::{Link, LinkSettings, Status};
use lightwatch::service::now;
use lightwatch::time::Millis;
use lightwatch::wire::{Message, PAYLOAD_MAX, Packet, Qos, encode};
use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

const PAYLOADS: usize = 10_000;
const SEED: u64 = 10;
/// Payloads after which buffers have their size: what is held from then on must not grow.
const WARM_UP: usize = 1_000;
/// What the programs may grow by \[KiB\].
const GROWTH_MAX_KIB: i64 = 10 * 1024;

/// Memory that a process really holds \[KiB\].
fn resident_kib(process: &Running) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("it is told");
    line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("a number")
}

/// One of the two programs, whose allocator gives back at once what is freed: what it keeps for the next moment, tens of MiB at
/// times, is not held by anybody.
fn start(name: &str, config: &Path) -> Running {
    let mut command = Process::new(env!("CARGO_BIN_EXE_lightwatch"));
    Running::start_program(command.arg(name).arg("--config").arg(config).env("MIMALLOC_PURGE_DELAY", "0"))
}

/// One payload made to hurt.
fn poison(random: &mut Random) -> Vec<u8> {
    let now = now().0;
    let head = format!("{{\"v\":1,\"intersection\":\"north\",\"ts_ms\":{now},\"issued_ms\":{now},");
    let text = |more: String| format!("{head}{more}").into_bytes();
    match random.below(14) {
        0 => (0..random.below(2_000)).map(|_| random.next() as u8).collect(),
        1 => vec![b'['; PAYLOAD_MAX],
        2 => "{\"a\":".repeat(PAYLOAD_MAX / 5).into_bytes(),
        3 => vec![0; random.below(PAYLOAD_MAX)],
        4 => vec![b'x'; PAYLOAD_MAX + 1 + random.below(100_000)],
        5 => text("\"seq\":1,\"period_ms\":1000,\"lanes\":[{\"lane\":\"top_0\",\"count\":NaN}]}".to_owned()),
        6 => text("\"seq\":1e400,\"period_ms\":-1,\"lanes\":[]}".to_owned()),
        7 => text(format!(
            "\"seq\":18446744073709551615,\"lanes\":[{}]}}",
            "{\"lane\":\"top_0\",\"count\":1},".repeat(900)
        )),
        8 => text(format!("\"intervals\":[{}],\"reason\":\"", "0,".repeat(20_000))),
        9 => text(format!("\"id\":\"{}\",\"operator\":\"\",\"expires_ms\":{now}}}", "\\u0000".repeat(3_000))),
        10 => text("\"v\":1,\"v\":2}".to_owned()),
        11 => vec![0xff, 0xfe, b'{', 0xc0, 0x80, b'}'],
        12 => Vec::new(),
        _ => {
            let mut good =
                text("\"id\":\"r\",\"kind\":\"emergency\",\"group\":\"main\",\"seq\":7,\"lanes\":[]}".to_owned());
            let at = random.below(good.len());
            good[at] = random.next() as u8;
            good
        }
    }
}

/// Where it is sent: everything that the engine or the controller listens to, and topics that are almost right.
fn topic(random: &mut Random) -> String {
    let channels = [
        "counts",
        "plan",
        "state",
        "request",
        "outflow",
        "command/stage",
        "command/release",
        "command/fixed_time",
        "command/flash",
        "command/%00",
        "alarm/x",
        "counts/more",
    ];
    let ids = ["north", "south", "north", "%6eorth", "$engine"];
    format!("lw/1/Testville/{}/{}", ids[random.below(ids.len())], channels[random.below(channels.len())])
}

/// A command that is good, and the wait for its answer: everything that was sent before it has been read.
async fn answered(sender: &Link, watcher: &Link, number: usize) {
    let (network, id) = (network(), format!("after-{number}"));
    let command = Command {
        intersection: "north".into(),
        id: id.clone(),
        at: now(),
        expires: now() + Millis::from_secs(60),
        operator: "test".to_owned(),
        reason: None,
        action: Action::Release,
    };
    sender.publish(encode(&Message::Command(command), &network).unwrap());
    hear(watcher, |message| matches!(message, Message::Result(it) if it.id == id)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_poisoned_payloads_throw_nobody_out_fill_no_memory_and_stop_no_plan() {
    let Some(broker) = Broker::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), broker.port);
    let [engine, field] = ["run", "field"].map(|name| start(name, &config));
    let subscriptions = ["state", "result/+", "plan"].map(|it| (format!("lw/1/Testville/+/{it}"), Qos::AtLeastOnce));
    let watcher = Link::start(LinkSettings {
        broker: broker.client("watcher"),
        tls: None,
        subscriptions: subscriptions.to_vec(),
        presence: None,
    });
    let poisoner = Link::start(LinkSettings {
        broker: broker.client("poisoner"),
        tls: None,
        subscriptions: Vec::new(),
        presence: None,
    });
    let up = async { poisoner.status().wait_for(|it| *it == Status::Online).await.map(drop) };
    tokio::time::timeout(Duration::from_secs(30), up).await.expect("it connects").unwrap();
    hear(&watcher, |message| matches!(message, Message::State(it) if it.mode == FieldMode::Remote)).await;
    answered(&poisoner, &watcher, 0).await;

    let held = || [resident_kib(&engine), resident_kib(&field)];
    let mut before = held();
    let mut random = Random(SEED);
    let mut bytes = 0;
    for number in 1..=PAYLOADS {
        let (topic, payload) = (topic(&mut random), poison(&mut random));
        bytes += payload.len();
        poisoner.publish(Packet { topic, payload, qos: Qos::AtLeastOnce, retain: false });
        // In portions, so that the broker does not drop what it was meant to hand on.
        if number % 250 == 0 {
            if number <= WARM_UP {
                before = std::array::from_fn(|it| before[it].max(held()[it]));
            }
            answered(&poisoner, &watcher, number).await;
        }
    }
    // An allocator gives back what it does not need a little later.
    let mut after = held();
    for _ in 0..20 {
        if (0..2).all(|it| after[it] - before[it] <= GROWTH_MAX_KIB) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        after = held();
    }
    let at = now() + Millis(1_500);
    hear(&watcher, |message| matches!(message, Message::Plan(plan) if plan.issued > at)).await;
    hear(&watcher, |message| matches!(message, Message::State(it) if it.mode == FieldMode::Remote && it.shown.at > at))
        .await;

    let grown = [after[0] - before[0], after[1] - before[1]];
    let (by_engine, by_field) = (said(engine), said(field));
    println!(
        "{PAYLOADS} payloads, {} MiB, seed {SEED}: engine {} KiB, grown by {}; field {} KiB, grown by {}",
        bytes >> 20,
        after[0],
        grown[0],
        after[1],
        grown[1]
    );
    assert!(grown.iter().all(|&kib| kib <= GROWTH_MAX_KIB), "grown by {grown:?} KiB");
    assert_eq!((watcher.connects(), poisoner.connects(), poisoner.lost()), (1, 1, (0, 0)), "all of it was sent");
    for said in [by_engine, by_field] {
        assert_eq!(said.matches(" connected ").count(), 1, "{said}");
        assert!(!said.contains("panicked") && said.contains("messages turned away"), "{said}");
    }
}

/// What a program logged until it was told to stop.
fn said(process: Running) -> String {
    let (code, said) = process.terminate();
    assert_eq!(code, Some(0), "{said}");
    said
}
