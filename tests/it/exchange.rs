//! What is written for other tools comes back the same, and real SUMO takes it.

use super::data;
use lightwatch::exchange::{gmns, sumo, utdf};
use lightwatch::network::file::NetworkFile;
use lightwatch::network::import::gmns::{self as from_gmns, GmnsError, PlanChoice};
use lightwatch::network::import::sumo::{ImportOptions, Imported};
use lightwatch::network::import::{sumo as from_sumo, utdf as from_utdf};
use lightwatch::network::{Geometry, Network, Turn};
use lightwatch::plan::fixed_time::greens;
use lightwatch::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

pub(crate) const TWO: &str = include_str!("../data/utdf/two-signals.csv");

pub(crate) fn import_utdf(text: &str) -> Imported {
    from_utdf::import(text, "back.csv", &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn scenario(name: &str) -> Network {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(path).expect("an example");
    Network::build(NetworkFile::from_toml(&text, name).expect("TOML")).expect("a network")
}

/// Movements straight on with whether they are open in a second, by their names.
fn shown(network: &Network, ix: usize, second: i64) -> Vec<(String, bool)> {
    let intersection = &network.intersections[ix];
    let at = Timestamp::from_secs(second);
    let green = greens(intersection, &intersection.programme, at).next().expect("a programme goes on for ever");
    let on = green.start <= at && at < green.end;
    let mut all: Vec<(String, bool)> = intersection
        .movements
        .iter()
        .filter(|it| it.turn == Turn::Through)
        .map(|it| (it.id.clone(), on && intersection.stage(green.stage).serves(it.group)))
        .collect();
    all.sort();
    all
}

#[test]
fn a_network_of_synchro_goes_out_and_comes_back_the_same() {
    let there = import_utdf(TWO);
    let (text, report) = utdf::write(&there.network, &there.geometry, None);
    assert!(report.lost.is_empty(), "{report}");
    let back = import_utdf(&text.network);
    assert!(back.report.refused.is_empty() && back.report.guessed.is_empty(), "{}", back.report);
    for (a, b) in there.file.intersections.iter().zip(&back.file.intersections) {
        assert_eq!((&a.id, &a.groups, &a.phases), (&b.id, &b.groups, &b.phases));
        assert_eq!((&a.conflicts, &a.stages, &a.programme), (&b.conflicts, &b.stages, &b.programme));
        let movements = |it: &lightwatch::network::file::IntersectionFile| {
            let one = |it: &lightwatch::network::file::MovementFile| {
                (it.id.clone(), it.group.clone(), it.turn, it.yields_to.clone())
            };
            it.movements.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(movements(a), movements(b));
        for (a, b) in a.approaches.iter().flat_map(|it| &it.lanes).zip(b.approaches.iter().flat_map(|it| &it.lanes)) {
            assert!((a.length_m - b.length_m).abs() < 1e-3 && (a.speed_mps - b.speed_mps).abs() < 1e-4, "{a:?} {b:?}");
            assert!((a.saturation.unwrap() - b.saturation.unwrap()).abs() < 1e-6);
        }
        for (a, b) in a.movements.iter().zip(&b.movements) {
            assert!((a.share.unwrap() - b.share.unwrap()).abs() < 1e-6, "{a:?} {b:?}");
        }
    }
    assert_eq!(there.network.links.len(), back.network.links.len());
}

#[test]
fn volumes_that_are_written_are_those_that_were_given() {
    let there = import_utdf(TWO);
    let volumes: Vec<Vec<f64>> = there.network.intersections.iter().map(|it| vec![120.0; it.movements.len()]).collect();
    let (text, _) = utdf::write(&there.network, &there.geometry, Some(&volumes));
    let text = text.network;
    let row = text.lines().find(|it| it.starts_with("Volume,1,")).expect("volumes of the first");
    // two lanes lead straight on to the east, one to the left
    let head = text.lines().find(|it| it.starts_with("RECORDNAME,INTID,NBU")).expect("columns");
    let cell =
        |name: &str| row.split(',').nth(head.split(',').position(|it| it == name).expect("a column")).expect("a cell");
    assert_eq!((cell("EBT"), cell("EBL"), cell("EBR")), ("240", "120", "120"));
}

#[test]
fn stages_without_phases_come_back_as_phases_that_show_the_same() {
    let network = scenario("stages.toml");
    let geometry = Geometry::default().completed(&network);
    let (text, report) = utdf::write(&network, &geometry, None);
    assert!(report.lost.iter().any(|it| it.message.contains("crosswalks")), "{report}");
    let back = import_utdf(&text.network);
    // Clearances of those who walk are not read there, so greens grow by what an intergreen has lost; begins and cycle stay.
    let begins = |network: &Network| {
        let it = &network.intersections[0];
        let all = greens(it, &it.programme, Timestamp(0)).take(3).map(|green| green.start).collect::<Vec<_>>();
        (lightwatch::plan::fixed_time::cycle(it, &it.programme), all)
    };
    assert_eq!(begins(&network), begins(&back.network));
}

#[test]
fn a_ring_barrier_example_comes_back_with_its_phases() {
    let network = scenario("ring-barrier.toml");
    let (text, _) = utdf::write(&network, &Geometry::default().completed(&network), None);
    let back = import_utdf(&text.network);
    let phases =
        |it: &Network| it.intersections[0].phases.iter().map(|it| (it.number, it.ring, it.barrier)).collect::<Vec<_>>();
    assert_eq!(phases(&network), phases(&back.network));
}

#[test]
fn a_map_of_sumo_goes_through_synchro_and_shows_the_same_second_by_second() {
    let Some(map) = data::map("cologne3") else {
        println!("skipped: no map cologne3");
        return;
    };
    let options = ImportOptions {
        yellow: Some(Millis::from_secs(3)),
        all_red: Some(Millis::ZERO),
        green_min: Some(Millis::from_secs(5)),
        ..ImportOptions::default()
    };
    let text = std::fs::read_to_string(&map.net).expect("the map can be read");
    let there = from_sumo::import(&text, "cologne3", &options).expect("a network");
    let (text, report) = utdf::write(&there.network, &there.geometry, None);
    let back = import_utdf(&text.network);
    assert_eq!(back.network.intersections.len(), there.network.intersections.len(), "{report}\n{}", back.report);
    for ix in 0..there.network.intersections.len() {
        let cycle =
            |it: &Network| lightwatch::plan::fixed_time::cycle(&it.intersections[ix], &it.intersections[ix].programme);
        assert_eq!(
            cycle(&there.network),
            cycle(&back.network),
            "{}\n{report}\n{}",
            there.network.intersections[ix].id,
            back.report
        );
        let open = |network: &Network, second| shown(network, ix, second).iter().filter(|it| it.1).count();
        for second in 0..180 {
            let (a, b) = (open(&there.network, second), open(&back.network, second));
            assert_eq!(a, b, "{} at {second} s\n{report}", there.network.intersections[ix].id);
        }
    }
}

pub(crate) fn import_gmns(tables: &BTreeMap<String, String>, plan: &str) -> Result<Imported, GmnsError> {
    let plan = if plan.is_empty() { PlanChoice::First } else { plan.parse().expect("a plan") };
    from_gmns::import(tables, "tables", &plan, &ImportOptions::default())
}

/// The example of this house: two signals with a plan for the morning and one for the rest.
pub(crate) fn example() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/exchange/gmns");
    let tables = std::fs::read_dir(folder).expect("the example is there").map(|it| it.expect("listed").path());
    let text = |path: &Path| std::fs::read_to_string(path).expect("a table");
    tables.map(|it| (it.file_stem().expect("a name").to_string_lossy().into_owned(), text(&it))).collect()
}

#[test]
fn tables_of_gmns_come_back_with_the_same_signals() {
    let there = import_utdf(TWO);
    let (tables, report) = gmns::write(&there.network, &there.geometry);
    assert!(report.lost.is_empty(), "{report}");
    let back = import_gmns(&tables, "").unwrap_or_else(|error| panic!("{error}"));
    assert!(back.report.refused.is_empty() && back.report.guessed.is_empty(), "{}", back.report);
    for (a, b) in there.file.intersections.iter().zip(&back.file.intersections) {
        assert_eq!((&a.id, &a.phases, &a.programme), (&b.id, &b.phases, &b.programme));
        let sorted = |it: &lightwatch::network::file::IntersectionFile| {
            let mut groups = it.groups.clone();
            groups.sort_by(|a, b| a.id.cmp(&b.id));
            let mut conflicts: Vec<_> = it
                .conflicts
                .iter()
                .map(|it| {
                    let mut both = [
                        (it.between[0].clone(), it.red_clearance_ms[0], it.yields[0]),
                        (it.between[1].clone(), it.red_clearance_ms[1], it.yields[1]),
                    ];
                    both.sort();
                    both
                })
                .collect();
            conflicts.sort();
            (groups, conflicts)
        };
        assert_eq!(sorted(a), sorted(b));
    }
    assert_eq!(there.network.links.len(), back.network.links.len());
}

#[test]
fn a_map_of_sumo_goes_through_gmns_and_shows_the_same_second_by_second() {
    let Some(map) = data::map("cologne3") else {
        println!("skipped: no map cologne3");
        return;
    };
    let options = ImportOptions {
        yellow: Some(Millis::from_secs(3)),
        all_red: Some(Millis::ZERO),
        green_min: Some(Millis::from_secs(5)),
        ..ImportOptions::default()
    };
    let text = std::fs::read_to_string(&map.net).expect("the map can be read");
    let there = from_sumo::import(&text, "cologne3", &options).expect("a network").network;
    let geometry = from_sumo::import(&text, "cologne3", &options).expect("a network").geometry;
    let (tables, report) = gmns::write(&there, &geometry);
    let back = import_gmns(&tables, "").unwrap_or_else(|error| panic!("{error}\n{report}"));
    for ix in 0..there.intersections.len() {
        let name = &there.intersections[ix].id;
        for second in 0..180 {
            let open = |network: &Network| shown(network, ix, second).iter().filter(|it| it.1).count();
            assert_eq!(open(&there), open(&back.network), "{name} at {second} s\n{report}\n{}", back.report);
        }
    }
}

#[test]
fn every_map_goes_out_and_comes_back_or_says_what_was_left_out() {
    for name in data::MAPS {
        let Some(map) = data::map(name) else {
            println!("skipped: no map {name}");
            continue;
        };
        let text = std::fs::read_to_string(&map.net).expect("the map can be read");
        let there = from_sumo::import(&text, name, &ImportOptions::default()).expect("a network");
        let all = there.network.intersections.len();
        let (tables, _) = gmns::write(&there.network, &there.geometry);
        let (table, _) = utdf::write(&there.network, &there.geometry, None);
        let of_tables = import_gmns(&tables, "").unwrap_or_else(|error| panic!("{name}: {error}"));
        for (form, back) in [("GMNS", of_tables), ("UTDF", import_utdf(&table.network))] {
            let left_out = back.report.refused.iter().filter(|it| it.message.contains("left out: ")).count();
            assert_eq!(back.network.intersections.len() + left_out, all, "{name}: {}", back.report);
            assert!(left_out * 5 <= all, "{name}: {}", back.report);
            // Their phases are taken, but for one signal whose lanes have lamps that UTDF cannot tell apart.
            let apart = back.report.refused.iter().filter(|it| it.message.contains("do not go together")).count();
            let known = usize::from((form, name) == ("UTDF", "ingolstadt21"));
            assert_eq!(apart, known, "{form} {name}: {}", back.report);
        }
    }
}

#[test]
fn a_plan_is_chosen_by_name_or_by_day_and_time() {
    let tables = example();
    let cycle = |plan: &str| {
        let network = import_gmns(&tables, plan).unwrap_or_else(|error| panic!("{error}")).network;
        let it = &network.intersections[0];
        lightwatch::plan::fixed_time::cycle(it, &it.programme).0 / 1000
    };
    assert_eq!([cycle(""), cycle("mon 07:30"), cycle("sun 07:30"), cycle("1:am")], [100, 120, 100, 120]);
    let told = import_gmns(&tables, "mon 07:30").unwrap().report;
    assert!(told.notes.iter().any(|it| it.message.contains("1:1") && it.message.contains("not taken")), "{told}");
}

#[test]
fn plans_of_gmns_run_at_their_times() {
    let network = import_gmns(&example(), "").unwrap_or_else(|error| panic!("{error}"));
    let it = &network.file.intersections[0];
    let names: Vec<&str> = it.programmes.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(names, ["1:am"]);
    let entries = &it.timetable.as_ref().expect("a timetable").entries;
    let told: Vec<(usize, &str, &str)> =
        entries.iter().map(|it| (it.days.len(), it.from.as_str(), it.programme.as_str())).collect();
    assert_eq!(told, [(5, "06:00", "1:am"), (5, "09:00", "")]);
}

#[test]
fn broken_tables_of_gmns_are_told_with_file_line_key_and_what_is_allowed() {
    let change = |table: &str, from: &str, to: &str| {
        let mut tables = example();
        let text = tables.get_mut(table).expect("a table");
        assert!(text.contains(from), "{from} in {text}");
        *text = text.replacen(from, to, 1);
        import_gmns(&tables, "").expect_err("it is broken").to_string()
    };
    let cases = [
        (
            "movement",
            "1:NBL_1,1,NBL_1,13-1",
            "1:NBL_1,1,NBL_1,99-1",
            "tables/movement.csv:2: ib_link_id: `99-1` is not there (allowed: a link_id of link.csv)",
        ),
        ("movement", ",left,", ",somewhere,", "type: `somewhere` (allowed: left, right, uturn, thru, merge, diverge)"),
        ("link", "\n13-1,", "\n11-1,", "`11-1` stands in line 2 already (allowed: every name once)"),
        ("signal_timing_plan", "11111111_0000_2400", "1111111_0000_2400", "time_day: `1111111_0000_2400`"),
        ("signal_timing_phase", ",1,1,1,4.5", ",9,1,1,4.5", "ring: 9 (allowed: 1…4"),
        ("config", ",m,kph", ",furlong,kph", "config.csv:2: long_length: `furlong` (allowed: m,"),
        ("node", "x_coord", "east", "tables/node.csv:1: no column `x_coord`"),
    ];
    for (table, from, to, wanted) in cases {
        let told = change(table, from, to);
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
    let mut tables = example();
    tables.remove("link");
    let told = import_gmns(&tables, "").expect_err("a table is missing").to_string();
    assert!(told.contains("tables/link.csv: this table is missing"), "{told}");
}

/// What SUMO itself showed in every second, read from its own `tlsStates`.
pub(crate) fn states_of_sumo(
    sumo: &Path,
    net: &Path,
    additional: &Path,
    (begin, end): (i64, i64),
    ids: &[String],
) -> Vec<(i64, String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let dest = folder.path().join("states.xml");
    let event =
        |id: &String| format!("<timedEvent type=\"SaveTLSStates\" source=\"{id}\" dest=\"{}\"/>", dest.display());
    let events = ids.iter().map(event).collect::<Vec<_>>().join("\n");
    let save = folder.path().join("save.add.xml");
    std::fs::write(&save, format!("<additional>\n{events}</additional>\n")).expect("written");
    let output = Command::new(sumo)
        .env("SUMO_HOME", sumo.parent().and_then(Path::parent).expect("a package"))
        .args(["--no-step-log", "--begin", &begin.to_string(), "--end", &end.to_string()])
        .arg("-n")
        .arg(net)
        .arg("-a")
        .arg(format!("{},{}", additional.display(), save.display()))
        .output()
        .expect("SUMO starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("states.xml")).expect("SUMO has written its states");
    let value = |line: &str, key: &str| {
        let from = line.find(&format!(" {key}=\""))? + key.len() + 3;
        line[from..].split('"').next().map(str::to_owned)
    };
    let read = |line: &str| {
        assert!(value(line, "programID").is_some_and(|it| it == "plan" || it.starts_with("plan.")), "{line}");
        Some((value(line, "time")?.parse::<f64>().ok()? as i64, value(line, "id")?, value(line, "state")?))
    };
    text.lines().filter(|line| line.contains("<tlsState ")).filter_map(read).collect()
}

#[test]
fn real_sumo_loads_the_programmes_and_shows_what_we_would() {
    for version in ["1.28", "1.9.1"] {
        let Some((binary, map)) = data::sumo(version).zip(data::map("cologne3")) else {
            println!("skipped: SUMO {version} or the map cologne3 is not there");
            continue;
        };
        let options = ImportOptions {
            yellow: Some(Millis::from_secs(3)),
            all_red: Some(Millis::from_secs(1)),
            green_min: Some(Millis::from_secs(5)),
            ..ImportOptions::default()
        };
        let text = std::fs::read_to_string(&map.net).expect("the map can be read");
        let mut network = from_sumo::import(&text, "cologne3", &options).expect("a network").network;
        for (intersection, offset) in network.intersections.iter_mut().zip([0, 17, 41]) {
            intersection.programme.offset = Millis::from_secs(offset);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plan.add.xml");
        let (text, report) = sumo::tl_logics(&network, "plan");
        assert!(report.lost.is_empty(), "{report}");
        std::fs::write(&file, text).expect("written");
        let ids: Vec<String> = network.intersections.iter().map(|it| it.id.to_string()).collect();
        let period = (25_203, 25_403);
        let states = states_of_sumo(&binary, &map.net, &file, period, &ids);
        assert!(states.len() >= 190 * ids.len(), "{} lines of {version}", states.len());
        for (second, id, state) in states {
            let ix = ids.iter().position(|it| *it == id).expect("one of ours");
            let intersection = &network.intersections[ix];
            let at = Timestamp::from_secs(second);
            let green = greens(intersection, &intersection.programme, at).next().expect("for ever");
            if green.start <= at && at < green.end {
                let wanted = lightwatch::units::lamps_to_string(&intersection.stage(green.stage).signals);
                assert_eq!(state, wanted, "{version}: {id} at {second} s");
            } else {
                assert!(state.contains(['y', 'r']), "{version}: {id} at {second} s shows {state}");
            }
        }
    }
}
