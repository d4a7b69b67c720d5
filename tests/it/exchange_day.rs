//! Programmes of the day and their times go out to other tools and come back the same, and real SUMO runs them.

use super::data;
use super::exchange::{TWO, example, import_gmns, import_utdf, scenario, states_of_sumo};
use lightwatch::exchange::{gmns, sumo, utdf};
use lightwatch::network::file::{
    NamedProgrammeFile, NetworkFile, ProgrammeFile, TimetableEntryFile, TimetableFile, Weekday,
};
use lightwatch::network::import::gmns::{self as from_gmns, PlanChoice};
use lightwatch::network::import::sumo::ImportOptions;
use lightwatch::network::import::{sumo as from_sumo, utdf as from_utdf};
use lightwatch::network::{Geometry, Network};
use lightwatch::plan::fixed_time::greens;
use lightwatch::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

/// A network with three programmes, at times of the week and on holidays, in Central European time.
fn with_timetable(mut file: NetworkFile) -> Network {
    for (at, it) in (0..).zip(&mut file.intersections) {
        let first = it.programme.clone().expect("a programme");
        let longer = |by: i64, offset: i64, left_out: Option<usize>| {
            let mut steps = first.steps.clone();
            for step in &mut steps {
                step.green_ms += Millis(by);
            }
            left_out.filter(|_| first.steps.len() > 2).map(|it| steps.remove(it));
            (Millis::from_secs(offset), steps)
        };
        let named = |id: &str, (offset_ms, steps)| NamedProgrammeFile { id: id.to_owned(), offset_ms, steps };
        it.programmes =
            vec![named("peak", longer(3_500, 7 + at, None)), named("night, calm", longer(1_000, 31, Some(0)))];
        it.programmes.push(named("spare", longer(500, 0, None)));
        let entry = |days: std::ops::Range<usize>, from: &str, programme: &str| TimetableEntryFile {
            days: if days.len() == 7 { Vec::new() } else { Weekday::ALL[days].to_vec() },
            dates: Vec::new(),
            from: from.to_owned(),
            programme: programme.to_owned(),
        };
        let holiday = |dates: &[&str], from: &str, programme: &str| TimetableEntryFile {
            dates: dates.iter().map(|it| (*it).to_owned()).collect(),
            ..entry(0..7, from, programme)
        };
        let mut entries = vec![
            entry(0..5, "05:30", ""),
            entry(0..5, "06:30", "peak"),
            entry(0..5, "09:15", ""),
            entry(0..6, "22:00", "night, calm"),
        ];
        // The second one knows no holidays.
        if at == 0 {
            entries.push(holiday(&["2026-12-25", "2026-12-26"], "08:00", ""));
            entries.push(holiday(&["2026-12-26"], "20:00", "night, calm"));
        }
        it.timetable = Some(TimetableFile { utc_offset_min: 60, entries });
    }
    Network::build(file).expect("a network")
}

/// Programmes and timetable by intersection, as a file tells them.
fn planned(network: &Network) -> Vec<(Option<ProgrammeFile>, Vec<NamedProgrammeFile>, Option<TimetableFile>)> {
    network.to_file().intersections.into_iter().map(|it| (it.programme, it.programmes, it.timetable)).collect()
}

#[test]
fn programmes_and_timetables_go_through_gmns_and_come_back_the_same() {
    for file in [import_utdf(TWO).file, scenario("ring-barrier.toml").to_file()] {
        let there = with_timetable(file);
        let (tables, report) = gmns::write(&there, &Geometry::default().completed(&there));
        assert!(report.lost.iter().any(|it| it.message.contains("holidays")), "{report}");
        let back = import_gmns(&tables, "").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(planned(&there), planned(&back.network), "{}", back.report);
        assert!(back.report.guessed.iter().all(|it| !it.message.contains("time zone")), "{}", back.report);
    }
}

#[test]
fn programmes_and_timetables_go_through_files_of_synchro_and_come_back_the_same() {
    for file in [import_utdf(TWO).file, scenario("ring-barrier.toml").to_file()] {
        let there = with_timetable(file);
        let (texts, _) = utdf::write(&there, &Geometry::default().completed(&there), None);
        let plan = |name: &'static str| from_utdf::PlanText { name, text: &texts.plans[name], source: name };
        let plans = ["peak", "night, calm", "spare"].map(plan);
        let times = from_utdf::TimesText { text: texts.times.as_deref().expect("times"), source: "times.csv" };
        let options = ImportOptions::default();
        let back = from_utdf::import_with_plans(&texts.network, "net.csv", &plans, Some(times), &options);
        let back = back.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(planned(&there), planned(&back.network), "{}\n{}", back.report, texts.times.unwrap());
    }
}

#[test]
fn the_example_of_two_plans_of_synchro_runs_each_at_its_times() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/exchange/utdf-day");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the example is there");
    let [base, am, times] = ["day.csv", "day-am.csv", "day-times.csv"].map(text);
    let am = from_utdf::PlanText { name: "am", text: &am, source: "day-am.csv" };
    let times = from_utdf::TimesText { text: &times, source: "day-times.csv" };
    let back = from_utdf::import_with_plans(&base, "day.csv", &[am], Some(times), &ImportOptions::default());
    let back = back.unwrap_or_else(|error| panic!("{error}"));
    assert!(back.report.guessed.is_empty() && back.report.refused.is_empty(), "{}", back.report);
    let it = &back.network.intersections[1];
    // 25 December 2026 is a Friday; 7:30 in Phoenix is 14:30 UTC.
    let christmas = lightwatch::network::date_from_text("2026-12-25").expect("a date");
    let at = |day: i64| it.programme_at(Timestamp::from_secs(day * 86_400 + 52_200));
    let told = |day| (at(day).offset.0 / 1000, lightwatch::plan::fixed_time::cycle(it, at(day)).0 / 1000);
    assert_eq!([told(christmas - 1), told(christmas), told(christmas + 1)], [(18, 116), (15, 100), (15, 100)]);
}

#[test]
fn stages_with_programmes_of_their_own_run_at_their_times_after_a_way_through_gmns_or_synchro() {
    let there = with_timetable(scenario("stages.toml").to_file());
    let geometry = Geometry::default().completed(&there);
    let of_gmns = import_gmns(&gmns::write(&there, &geometry).0, "").unwrap_or_else(|error| panic!("{error}")).network;
    let (texts, _) = utdf::write(&there, &geometry, None);
    let plans = texts.plans.iter().map(|(name, text)| from_utdf::PlanText { name, text, source: name });
    let times = texts.times.as_deref().map(|text| from_utdf::TimesText { text, source: "times.csv" });
    let (plans, options) = (plans.collect::<Vec<_>>(), ImportOptions::default());
    let of_utdf = from_utdf::import_with_plans(&texts.network, "net.csv", &plans, times, &options).expect("a network");
    let cycles = |network: &Network| {
        let it = &network.intersections[0];
        // Every hour of the days round Christmas.
        let hours = (0..240).map(|hour| Timestamp::from_secs(1_797_984_000 + 3_600 * hour));
        let of = |at| {
            let cycle = lightwatch::plan::fixed_time::cycle(it, it.programme_at(at)).0;
            (it.programme_at(at).offset.0 % cycle, cycle)
        };
        hours.map(of).collect::<Vec<_>>()
    };
    assert_eq!(cycles(&there), cycles(&of_gmns));
    assert_eq!(cycles(&there), cycles(&of_utdf.network));
}

#[test]
fn what_is_wrong_with_plans_of_synchro_and_their_times_is_told_with_file_line_key_and_what_is_allowed() {
    let (texts, _) = utdf::write(&with_timetable(import_utdf(TWO).file), &Geometry::default(), None);
    let plan = from_utdf::PlanText { name: "peak", text: &texts.plans["peak"], source: "peak.csv" };
    let told = |plans: &[from_utdf::PlanText<'_>], times: &str| {
        let times = from_utdf::TimesText { text: times, source: "times.csv" };
        let all =
            from_utdf::import_with_plans(&texts.network, "net.csv", plans, Some(times), &ImportOptions::default());
        all.expect_err("it is broken").to_string()
    };
    let head = "intid,plan,time_day,dates,goes_on,utc_offset_min\n";
    for (row, wanted) in [
        (
            "7,peak,01111100_0700_0900,,,",
            "times.csv:2: intid: `7` (allowed: the INTID of a signal (type 0 of [Nodes]), or nothing for all)",
        ),
        (",noon,01111100_0700_0900,,,", "times.csv:2: plan: `noon` (allowed: a name of --plan (peak), or nothing"),
        (",peak,mon 07:00,,,", "times.csv:2: time_day: `mon 07:00` (allowed: XXXXXXXX_HHMM_HHMM"),
        (",peak,,,,", "times.csv:2: time_day: nothing"),
        (",peak,00000001_0700_0900,2026-02-30,,", "times.csv:2: dates: `2026-02-30` (allowed: days as YYYY-MM-DD"),
        (",peak,01111100_0700_0900,,maybe,", "times.csv:2: goes_on: `maybe` (allowed: true, false)"),
        (",peak,01111100_0700_0900,,,900", "times.csv:2: utc_offset_min: 900 min (allowed: -840…840 min)"),
    ] {
        let told = told(&[plan], &format!("{head}{row}\n"));
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
    let told = told(&[from_utdf::PlanText { text: "a,b\n", ..plan }], head);
    assert!(told.contains("peak.csv: no rows of [Timeplans] and [Phases]"), "{told}");
}

#[test]
fn holidays_and_the_time_zone_are_asked_for_where_no_table_tells_them() {
    let tables = example();
    let import =
        |options: ImportOptions| from_gmns::import(&tables, "tables", &PlanChoice::First, &options).expect("a network");
    let plain = import(ImportOptions::default());
    assert!(plain.report.guessed.iter().any(|it| it.message.contains("--holiday")), "{}", plain.report);
    assert!(plain.report.guessed.iter().any(|it| it.message.contains("--utc-offset")), "{}", plain.report);
    let christmas = lightwatch::network::date_from_text("2026-12-25").expect("a date");
    let told =
        import(ImportOptions { utc_offset_min: Some(-420), holidays: vec![christmas], ..ImportOptions::default() });
    assert!(told.report.guessed.is_empty(), "{}", told.report);
    let it = &told.network.intersections[0];
    // 25 December 2026 is a Friday; 7:30 in Phoenix is 14:30 UTC.
    let at = |day: i64| Timestamp::from_secs(day * 86_400 + 52_200);
    let cycle = |day| lightwatch::plan::fixed_time::cycle(it, it.programme_at(at(day))).0 / 1000;
    assert_eq!([cycle(christmas - 1), cycle(christmas), cycle(christmas + 3)], [120, 100, 120]);
}

/// cologne3 with programmes of whole seconds, at times of the day: a peak from 07:00 to 07:05.
fn cologne3_with_a_peak(net: &str, days: &[Weekday]) -> Network {
    let options = ImportOptions {
        yellow: Some(Millis::from_secs(3)),
        all_red: Some(Millis::from_secs(1)),
        green_min: Some(Millis::from_secs(5)),
        ..ImportOptions::default()
    };
    let mut file = from_sumo::import(net, "cologne3", &options).expect("a network").file;
    for (at, it) in (0..).zip(&mut file.intersections) {
        let first = it.programme.as_mut().expect("a programme");
        first.offset_ms = Millis::from_secs(11 * at);
        let mut steps = first.steps.clone();
        for step in &mut steps {
            step.green_ms += Millis::from_secs(4);
        }
        let peak = NamedProgrammeFile { id: "peak".to_owned(), offset_ms: Millis::from_secs(5), steps: steps.clone() };
        it.programmes = vec![peak, NamedProgrammeFile { id: "spare".to_owned(), offset_ms: Millis::ZERO, steps }];
        let entry = |from: &str, programme: &str| TimetableEntryFile {
            days: days.to_vec(),
            dates: Vec::new(),
            from: from.to_owned(),
            programme: programme.to_owned(),
        };
        let entries = vec![entry("07:00", "peak"), entry("07:05", "")];
        it.timetable = Some(TimetableFile { utc_offset_min: 60, entries });
    }
    Network::build(file).expect("a network")
}

#[test]
fn programmes_and_times_of_the_week_go_through_sumo_and_come_back_the_same() {
    let Some(map) = data::map("cologne3") else {
        println!("skipped: no map cologne3");
        return;
    };
    let net = std::fs::read_to_string(&map.net).expect("the map can be read");
    for days in [&[][..], &Weekday::ALL[..5]] {
        let there = cologne3_with_a_peak(&net, days);
        let (text, report) = sumo::tl_logics(&there, "plan");
        assert!(report.lost.is_empty() && report.guessed.len() == there.intersections.len(), "{report}");
        let additional = from_sumo::AdditionalText { text: &text, source: "plan.add.xml" };
        let options = ImportOptions {
            yellow: Some(Millis::from_secs(3)),
            all_red: Some(Millis::from_secs(1)),
            green_min: Some(Millis::from_secs(5)),
            utc_offset_min: Some(60),
            ..ImportOptions::default()
        };
        let back = from_sumo::import_with(&net, "cologne3", (&[], &[additional]), &options).expect("a network");
        for (a, b) in there.to_file().intersections.iter().zip(&back.network.to_file().intersections) {
            assert_eq!((&a.stages, &a.programme, &a.timetable), (&b.stages, &b.programme, &b.timetable), "{text}");
            // One that nobody runs, as that of the network file now, is left out, and told.
            assert_eq!(a.programmes[..1], b.programmes[..], "{}", back.report);
            let left =
                |it: &str| back.report.notes.iter().any(|note| note.message.starts_with(&format!("programme {it}:")));
            assert!(left("plan.spare") && left("0"), "{}", back.report);
        }
    }
}

#[test]
fn real_sumo_changes_its_programmes_at_their_times_and_no_lamp_jumps() {
    for version in ["1.28", "1.9.1"] {
        let Some((binary, map)) = data::sumo(version).zip(data::map("cologne3")) else {
            println!("skipped: SUMO {version} or the map cologne3 is not there");
            continue;
        };
        let network = cologne3_with_a_peak(&std::fs::read_to_string(&map.net).expect("the map can be read"), &[]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plan.add.xml");
        std::fs::write(&file, sumo::tl_logics(&network, "plan").0).expect("written");
        let ids: Vec<String> = network.intersections.iter().map(|it| it.id.to_string()).collect();
        let states = states_of_sumo(&binary, &map.net, &file, (25_000, 25_800), &ids);
        let mut before: BTreeMap<String, String> = BTreeMap::new();
        for (second, id, state) in states {
            let it = &network.intersections[ids.iter().position(|it| *it == id).expect("one of ours")];
            if let Some(before) = before.insert(id.clone(), state.clone()) {
                let jumps = before.bytes().zip(state.bytes()).any(|(a, b)| b"Gg".contains(&a) && b == b'r');
                assert!(!jumps, "{version}: {id} at {second} s: {before} to {state}");
            }
            // After a change a cycle may pass until it is done, and one more until it is in step.
            let (peak, done) = (25_200..25_500, 200);
            let programme = if peak.contains(&second) { &it.timetable.programmes[0].1 } else { &it.programme };
            if (peak.start..peak.start + done).contains(&second) || (peak.end..peak.end + done).contains(&second) {
                continue;
            }
            let at = Timestamp::from_secs(second);
            let green = greens(it, programme, at).next().expect("for ever");
            if green.start <= at && at < green.end {
                let wanted = lightwatch::units::lamps_to_string(&it.stage(green.stage).signals);
                assert_eq!(state, wanted, "{version}: {id} at {second} s");
            }
        }
        assert_eq!(before.len(), ids.len());
    }
}

/// The small network of the tests with another programme and a WAUT, of which parts are replaced.
fn additional(changes: &[(&str, &str)]) -> Result<Network, String> {
    let net = include_str!("../data/crossings.net.xml");
    let logic =
        net.find("<tlLogic").and_then(|at| Some(&net[at..at + net[at..].find("</tlLogic>")? + 10])).expect("one");
    let id = logic.split('"').nth(1).expect("an id");
    let old = logic.split("programID=\"").nth(1).and_then(|it| it.split('"').next()).expect("a programme");
    let longer = logic.replacen(&format!("programID=\"{old}\""), "programID=\"long\"", 1).replacen(
        "duration=\"",
        "duration=\"1",
        1,
    );
    let text = format!(
        "<additional>\n{longer}\n<WAUT id=\"w\" refTime=\"3600\" startProg=\"{old}\" period=\"86400\">\n\
         <wautSwitch time=\"3600\" to=\"long\"/>\n<wautSwitch time=\"7200\" to=\"{old}\"/>\n</WAUT>\n\
         <wautJunction wautID=\"w\" junctionID=\"{id}\"/>\n</additional>\n"
    );
    let text = changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from} in {text}");
        text.replacen(from, to, 1)
    });
    let file = from_sumo::AdditionalText { text: &text, source: "x.add.xml" };
    let all = from_sumo::import_with(net, "crossings.net.xml", (&[], &[file]), &ImportOptions::default());
    all.map(|it| it.network).map_err(|error| error.to_string())
}

#[test]
fn a_waut_of_sumo_becomes_the_timetable_and_what_is_wrong_with_it_is_told_with_file_and_line() {
    let network = additional(&[]).unwrap_or_else(|error| panic!("{error}"));
    let it = &network.to_file().intersections[0];
    let timetable = it.timetable.as_ref().expect("a timetable");
    let told: Vec<(usize, &str, &str)> =
        timetable.entries.iter().map(|it| (it.days.len(), it.from.as_str(), it.programme.as_str())).collect();
    // SUMO runs what it has loaded last.
    let other = it.programmes[0].id.as_str();
    assert_eq!(told, [(0, "02:00", ""), (0, "03:00", other)]);
    // netconvert and netedit have a root of their own for programmes.
    let root = [("<additional>", "<tlLogics>"), ("</additional>", "</tlLogics>")];
    assert_eq!(additional(&root).as_ref().map(planned), Ok(planned(&network)));
    for (from, to, wanted) in [
        ("wautID=\"w\"", "wautID=\"v\"", "<wautJunction> wautID=\"v\"; allowed: the id of a WAUT before it"),
        ("junctionID=\"", "junctionID=\"no", "allowed: the id of a tlLogic of the network or of the files before"),
        (" time=\"3600\"", " time=\"soon\"", "<wautSwitch> time=\"soon\"; allowed: a number 0…1000000000"),
        (" to=\"long\"", "", "<wautSwitch> has no attribute to; allowed: a programme"),
        ("<additional>", "<other>", "x.add.xml:1 (byte 0): the root element is <other>; allowed: <additional>"),
    ] {
        let told = additional(&[(from, to)]).expect_err("it is broken");
        assert!(told.contains("x.add.xml:") && told.contains(wanted), "{wanted} in {told}");
    }
}
