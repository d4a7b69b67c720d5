//! The history: written beside control, read back by the program, by HTTP and by `DuckDB`; a full disk and damaged files say so and touch nothing else.

use super::house::{House, PATIENCE};
use super::street::network;
use lightwatch::estimate::{CountedPlace, Observation, PlaceCount};
use lightwatch::ids::LaneIx;
use lightwatch::network::Network;
use lightwatch::service::history::bulk::Table;
use lightwatch::service::history::look::{city, files, series};
use lightwatch::service::history::{Event, EventKind, History, Keep, Moment};
use lightwatch::time::{Millis, Timestamp};
use lightwatch::web::Door;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::timeout;

const BEGIN: Timestamp = Timestamp(1_795_446_000_000);

/// `vehicles` on every lane of every intersection, half of them standing.
fn count(network: &Network, ix: usize, at: Timestamp, vehicles: u32) -> Moment {
    let seen = |lane| PlaceCount {
        place: CountedPlace::Lane(LaneIx(lane)),
        count: vehicles,
        halted: vehicles / 2,
        passed: u32::from(lane == 0),
        occupancy: None,
        mean_speed_mps: (lane == 0).then_some(3.08),
    };
    let places = (0..network.intersections[ix].lanes.len()).map(seen).collect();
    let counts = Observation { at, seq: 0, period: Millis(1_000), places };
    Moment { ix, counts: Some(Arc::new(counts)), decision: None, state: None }
}

/// Two hours, a moment every ten seconds: as many vehicles as minutes have passed.
fn written(folder: &Path, network: &Arc<Network>, keep: Keep) -> History {
    let history = History::start(folder, network, keep);
    for step in 0..720_i64 {
        let at = BEGIN + Millis::from_secs(10 * step);
        for ix in 0..network.intersections.len() {
            history.tell(count(network, ix, at, (step / 6) as u32));
        }
    }
    history.event(Event {
        who: Some("li".into()),
        ..Event::new(EventKind::Command, BEGIN, "a, \"quoted\" reason".into())
    });
    history.flush();
    history
}

fn export(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    program.arg("export").arg("--history").arg(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_was_kept_is_found_by_instant_by_intersection_and_by_the_command_line() {
    let (folder, network) = (tempfile::tempdir().unwrap(), Arc::new(network()));
    let history = written(folder.path(), &network, Keep::default());
    assert_eq!((history.health().missed.load(Ordering::Relaxed), history.health().trouble()), (0, None));
    let at = BEGIN + Millis::from_secs(3_605);
    let then = city(folder.path(), at).unwrap();
    assert_eq!(
        (then.at_ms, then.sites.len(), then.damaged.len()),
        (Some(at.0 - 5_000), network.intersections.len(), 0)
    );
    assert!(then.sites["north"].halted.values().all(|&it| it == 30), "{:?}", then.sites["north"]);
    assert_eq!(city(folder.path(), BEGIN - Millis(1)).unwrap().at_ms, None);
    let hour = (BEGIN, BEGIN + Millis::from_secs(3_600));
    let (steps, _) = series(folder.path(), "north", hour, Millis::from_secs(600)).unwrap();
    let lanes = network.intersections[network.position("north").unwrap()].lanes.len() as f64;
    let first = &steps[&BEGIN.0];
    assert_eq!((steps.len(), first.vehicles(), first.passed), (6, 4.5 * lanes, 60));
    assert_eq!(std::fs::read_dir(folder.path().join("counts")).unwrap().count(), 2, "a folder an hour");

    let from = (BEGIN.0 + 60_000).to_string();
    let to = (BEGIN.0 + 70_000).to_string();
    let narrow = ["--from", from.as_str(), "--to", to.as_str(), "--intersection", "north"];
    let csv = export(folder.path(), &narrow);
    let lines: Vec<String> = text(&csv).lines().map(str::to_owned).collect();
    assert_eq!(csv.status.code(), Some(0));
    assert_eq!(lines[0], "at_ms,intersection,place,kind,vehicles,halted,passed,mean_speed_mps");
    assert_eq!(lines.len(), 1 + lanes as usize);
    assert!(
        lines.iter().any(|it| it.starts_with(&format!("{from},north,")) && it.ends_with(",lane,1,0,1,3.1")),
        "{lines:?}"
    );
    let events = text(&export(folder.path(), &["--table", "events"]));
    assert!(events.contains("command,,,,,li,\"a, \"\"quoted\"\" reason\""), "{events}");
    let one = folder.path().join("one.parquet");
    let parquet = export(folder.path(), &["--format", "parquet", "--out", one.to_str().unwrap()]);
    assert_eq!(parquet.status.code(), Some(0), "{}", String::from_utf8_lossy(&parquet.stderr));
    let whole = lightwatch::service::history::look::whole(&one).unwrap();
    assert_eq!(whole.len(), 8);
    let dictionary = Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(["export", "--dictionary"]).output().unwrap();
    assert!(whole.iter().all(|(name, _)| text(&dictionary).contains(&format!("| counts | `{name}` |"))));
    for wrong in [vec!["--format", "parquet"], vec!["--table", "states", "--format", "geojson"]] {
        assert_eq!(export(folder.path(), &wrong).status.code(), Some(64), "{wrong:?}");
    }
    assert_eq!(export(Path::new("nowhere"), &[]).status.code(), Some(65));
    duckdb(folder.path(), lanes as usize * network.intersections.len());
}

/// The same figures by another reader.
fn duckdb(folder: &Path, lanes: usize) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/history/bin/python");
    let Ok(there) = Command::new(&python).args(["-c", "import duckdb"]).status() else {
        println!("skipped: no DuckDB; `make duckdb` fetches it");
        return;
    };
    assert!(there.success(), "`make duckdb` has made a .venv without it");
    let query = "import duckdb, sys
print(duckdb.sql(f\"select count(*), sum(passed), max(vehicles), count(mean_speed_mps), min(epoch_ms(at_ms)) from '{sys.argv[1]}/counts/*/*.parquet'\").fetchone())";
    let output = Command::new(&python).args(["-c", query]).arg(folder).output().unwrap();
    let told = text(&output);
    let rows = 720 * lanes;
    assert!(
        told.starts_with(&format!("({rows}, ")) && told.contains(", 119, "),
        "{told} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains(&BEGIN.0.to_string()), "{told}");
}

#[test]
fn damaged_files_are_passed_over_by_name_and_the_oldest_hours_go_when_there_is_no_room() {
    let (folder, network) = (tempfile::tempdir().unwrap(), Arc::new(network()));
    written(folder.path(), &network, Keep::default()).stop();
    let all = files(folder.path(), Table::Counts, BEGIN, BEGIN + Millis::from_secs(7_200)).unwrap();
    let first = std::fs::read(&all[0]).unwrap();
    std::fs::write(&all[0], &first[..first.len() / 2]).unwrap();
    let mut bent = std::fs::read(&all[1]).unwrap();
    (10..200).for_each(|at| bent[at] ^= 0x55);
    std::fs::write(&all[1], bent).unwrap();
    let output = export(folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(all[..2].iter().all(|it| told.contains(&it.display().to_string())) && told.lines().count() == 2, "{told}");
    assert!(text(&output).lines().count() > 1_000, "the rest is there");
    assert_eq!(city(folder.path(), BEGIN + Millis(1)).unwrap().damaged.len(), 1);

    std::fs::write(folder.path().join("events.db"), "nonsense ".repeat(2_000)).unwrap();
    let keep = Keep { bytes: 1, ..Keep::default() };
    let history = written(folder.path(), &network, keep);
    assert_eq!(std::fs::read_dir(folder.path().join("counts")).unwrap().count(), 1, "only the present hour is left");
    let asked = lightwatch::service::history::events::Question { limit: 9, ..Default::default() };
    let (events, _) = lightwatch::service::history::events::ask(folder.path(), &asked).unwrap();
    assert!(events.iter().any(|it| it.kind == "gap" && it.detail.contains("damaged")), "{events:?}");
    history.stop();
}

#[test]
fn a_folder_that_takes_nothing_says_so_and_leaves_a_gap_once_it_does() {
    let (folder, network) = (tempfile::tempdir().unwrap(), Arc::new(network()));
    let place = folder.path().join("history");
    std::fs::write(&place, "a file where the folder should be").unwrap();
    let history = History::start(&place, &network, Keep::default());
    history.tell(count(&network, 0, BEGIN, 1));
    history.flush();
    assert!(history.health().trouble().is_some() && history.health().missed.load(Ordering::Relaxed) > 0);
    std::fs::remove_file(&place).unwrap();
    history.tell(count(&network, 0, BEGIN + Millis::from_secs(60), 2));
    history.flush();
    assert_eq!(history.health().trouble(), None);
    let then = city(&place, BEGIN + Millis::from_secs(60)).unwrap();
    assert!(then.sites.len() == 1 && then.sites["north"].halted.values().all(|&it| it == 1), "{then:?}");
    let asked = lightwatch::service::history::events::Question { limit: 9, ..Default::default() };
    let (events, _) = lightwatch::service::history::events::ask(&place, &asked).unwrap();
    assert!(events.iter().any(|it| it.kind == "gap" && it.detail.contains("not kept")), "{events:?}");
    history.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_engine_is_found_again_by_http_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let history = Arc::new(History::start(&folder.path().join("history"), &Arc::new(network()), Keep::default()));
    let house = House::with_history(Door::default(), Some(Arc::clone(&history))).await;
    house.until("/ready", |it| it["ok"] == true).await;
    let now =
        house.until("/api/v1/intersections/north", |it| it["field"] == "remote" && it["mode"] == "adaptive").await;
    let flushed = Arc::clone(&history);
    tokio::task::spawn_blocking(move || flushed.flush()).await.unwrap();
    let extent = house.json("/api/v1/history").await;
    assert!(extent["kept"] == true && extent["missed"] == 0 && extent["trouble"].is_null(), "{extent}");
    let at = extent["to_ms"].as_i64().unwrap();
    let then = house.json(&format!("/api/v1/history/frame?at_ms={at}")).await;
    let north = then["intersections"].as_array().unwrap().iter().find(|it| it["id"] == "north").unwrap();
    assert_eq!(north["queues"].as_array().unwrap().len(), now["queues"].as_array().unwrap().len());
    assert!(
        north["mode"] == "adaptive" && north["lamps"].as_str().unwrap().len() == now["lamps"].as_str().unwrap().len(),
        "{north}"
    );
    let modes = |it: &Value| {
        it["events"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["kind"] == "mode" && it["detail"].as_str().unwrap().ends_with("adaptive"))
    };
    let events = house.json("/api/v1/history/events?intersection=north&kind=mode").await;
    assert!(modes(&events), "{events}");
    let (from, to) = (at - 60_000, at + 1);
    let points =
        house.json(&format!("/api/v1/history/series?intersection=north&from_ms={from}&to_ms={to}&step_s=60")).await;
    assert!(points["points"].as_array().unwrap().iter().any(|it| it["vehicles"].as_f64() > Some(0.0)), "{points}");
    for wrong in
        ["frame", "frame?at_ms=x", "events?limit=0", "events?kind=x", "series?intersection=north&from_ms=2&to_ms=1"]
    {
        assert_eq!(house.get(&format!("/api/v1/history/{wrong}")).await.0, 400, "{wrong}");
    }
    for never in ["1000", "9223372036854775807", "-9223372036854775808"] {
        assert_eq!(house.get(&format!("/api/v1/history/frame?at_ms={never}")).await.0, 404, "{never}");
    }
    timeout(PATIENCE, house.close()).await.expect("it closes");
}
