//! `lightwatch timing`: designs, files that other tools take, and clear answers to bad input.

use super::data;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn timing(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("timing").args(arguments).current_dir(folder).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn told(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn scenarios() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[test]
fn an_arterial_gets_one_cycle_bands_and_files_that_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = scenarios().join("green-wave");
    let files = ["--out-network", "net.toml", "--out-sumo", "tl.add.xml", "--out-utdf", "two.csv", "--json"];
    let arguments = [&[scenario.to_str().unwrap()][..], &files].concat();
    let design = told(&timing(folder.path(), &arguments));
    let cycles: Vec<f64> =
        design["intersections"].as_array().unwrap().iter().map(|it| it["cycle_s"].as_f64().unwrap()).collect();
    assert!(cycles.len() == 6 && cycles.iter().all(|it| (it - cycles[0]).abs() < 1e-9), "{cycles:?}");
    let bands = &design["corridor"]["bands"];
    assert!(bands["outbound_s"].as_f64().unwrap() > 20.0 && bands["inbound_s"].as_f64().unwrap() > 10.0, "{bands}");
    let row = &design["intervals"][0];
    assert_eq!((row["change_formula_s"].as_f64(), row["width_from"].as_str()), (Some(3.8), Some("import")));
    // The network that was written is designed again without demand: the same programmes.
    let again = told(&timing(folder.path(), &["net.toml", "--intervals", "file", "--offsets", "none", "--json"]));
    assert_eq!(again["corridor"]["bands"], design["corridor"]["bands"]);
    let text = std::fs::read_to_string(folder.path().join("tl.add.xml")).unwrap();
    assert_eq!(text.matches("<tlLogic").count(), 6);
    let mut import = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    let output =
        import.args(["import", "utdf", "two.csv", "--out", "back"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn programmes_of_the_day_go_out_in_a_file_each_and_are_read_again_by_the_command_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let lightwatch = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.args(arguments).current_dir(folder.path()).output().unwrap()
    };
    let example = |name: &str| scenarios().join("exchange/utdf-day").join(name).display().to_string();
    let (base, am, times) = (example("day.csv"), format!("am={}", example("day-am.csv")), example("day-times.csv"));
    let read = ["import", "utdf", &base, "--plan", &am, "--times", &times, "--city", "day", "--out", "day"];
    let output = lightwatch(&read);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let files =
        ["--intervals", "file", "--offsets", "none", "--out-utdf", "again.csv", "--out-gmns", "tables", "--json"];
    let design = told(&timing(folder.path(), &[&["day/network.toml"][..], &files].concat()));
    let wanted = "import utdf again.csv --plan 'am=again-am.csv' --times again-times.csv";
    assert!(design["notes"].as_array().unwrap().iter().any(|it| it.as_str().unwrap().ends_with(wanted)), "{design}");
    let again = ["again.csv", "--plan", "am=again-am.csv", "--times", "again-times.csv"];
    for arguments in [&[&["import", "utdf"][..], &again].concat()[..], &["import", "gmns", "tables"]] {
        let output = lightwatch(&[arguments, &["--city", "day", "--out", "back"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let timetables = |name: &str| {
            let text = std::fs::read_to_string(folder.path().join(name).join("network.toml")).unwrap();
            let file: toml::Table = text.parse().unwrap();
            let all = file["intersections"].as_array().unwrap().iter();
            all.map(|it| (it["programme"].clone(), it["programmes"].clone(), it["timetable"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(timetables("day"), timetables("back"));
    }
    for wrong in [["--plan", "am"], ["--holiday", "2026-02-30"], ["--utc-offset", "841"]] {
        let output = lightwatch(&[&["import", "utdf", &base, "--out", "wrong"][..], &wrong].concat());
        assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    }
}

#[test]
fn offsets_are_refined_in_the_simulator_and_never_worse_there() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = "begin_s = 0\nduration_s = 240\nwarm_up_s = 60\n[street.corridor]\nspacing_m = [300.0]\n\
                    [street.corridor.demand]\nwest_veh_per_h = 700.0\neast_veh_per_h = 300.0\nside_veh_per_h = 100.0\n";
    std::fs::write(folder.path().join("scenario.toml"), scenario).unwrap();
    let arguments = ["scenario.toml", "--offsets", "none", "--refine", "4", "--refine-seeds", "1", "--json"];
    let design = told(&timing(folder.path(), &arguments));
    let note = design["notes"][0].as_str().unwrap().to_owned();
    let numbers: Vec<f64> =
        note.split_whitespace().filter_map(|word| word.trim_end_matches(',').parse().ok()).collect();
    assert!(numbers.len() == 3 && numbers[1] <= numbers[0] && numbers[2] <= 4.0, "{note}");
}

#[test]
fn volumes_of_a_table_time_a_network_file() {
    let folder = tempfile::tempdir().unwrap();
    let network = scenarios().join("stages.toml");
    let table = "intersection,movement,veh_per_h\nt-junction,west-through,500\nt-junction,east-through,400\nt-junction,side-left,300\n";
    std::fs::write(folder.path().join("v.csv"), table).unwrap();
    let arguments = [network.to_str().unwrap(), "--volumes", "v.csv", "--json"];
    let design = told(&timing(folder.path(), &arguments));
    let webster = &design["intersections"][0]["webster"];
    assert!((webster["veh_per_h"].as_f64().unwrap() - 1200.0).abs() < 1e-6, "{webster}");
    assert!(design["intersections"][0]["steps"][0]["saturation"].as_f64().unwrap() > 0.3);
}

#[test]
fn bad_input_is_refused_with_file_key_value_and_range() {
    let folder = tempfile::tempdir().unwrap();
    let network = scenarios().join("stages.toml");
    let network = network.to_str().unwrap();
    std::fs::write(folder.path().join("v.csv"), "intersection,movement,veh_per_h\nt-junction,west-through,-5\n")
        .unwrap();
    std::fs::write(folder.path().join("broken.toml"), "duration_s = 3\n").unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&[network, "--volumes", "v.csv"], 65, "v.csv:2: veh_per_h: -5 veh/h (allowed: 0…10000 veh/h)"),
        (&[network, "--inputs", "nowhere.csv"], 65, "nowhere.csv: cannot be read"),
        (&[network, "--refine", "3"], 64, "--refine is for a scenario only"),
        (&[network, "--lane-width", "20"], 64, "--lane-width 20 m (allowed: 2…6 m)"),
        (&[network, "--corridor", "a,b"], 64, "corridor"),
        (&[network, "--out-sumo", "no/such/folder.xml"], 74, "no/such/folder.xml"),
        (&["broken.toml"], 78, "street"),
        (&["nowhere.toml"], 65, "nowhere.toml: cannot be read"),
    ];
    for (arguments, code, wanted) in cases {
        let output = timing(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(wanted), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn what_is_designed_for_sumo_is_run_by_sumo_and_beats_the_programme_of_the_file() {
    let Some((binary, map)) = data::sumo("1.28").zip(data::map("cologne3")) else {
        println!("skipped: SUMO 1.28 or the map cologne3 is not there");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (net, routes) = (map.net.canonicalize().unwrap(), map.routes.canonicalize().unwrap());
    let (net, routes) = (net.to_str().unwrap(), routes.to_str().unwrap());
    let binary = binary.to_str().unwrap();
    let period = ["--begin", "25200", "--end", "25800", "--sumo-binary", binary];
    let street = [&["--net", net, "--routes", routes][..], &period].concat();
    let design =
        [&street[..], &["--yellow", "3", "--all-red", "0", "--min-green", "5", "--out-sumo", "tl.add.xml"]].concat();
    let output = timing(folder.path(), &design);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let delay = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.arg("sumo").args(&street).args(["--controller", "fixed", "--json"]).args(more);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        (line["delay_s"].as_f64().unwrap(), line["unsafe"].as_u64().unwrap())
    };
    let (file, designed) = (delay(&[]), delay(&["--programmes", "tl.add.xml"]));
    assert!(designed.0 < file.0 && designed.1 == 0, "designed {designed:?}, file {file:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
    command.arg("sumo").args(&street).args(["--controller", "adaptive", "--programmes", "tl.add.xml"]);
    assert_eq!(command.current_dir(folder.path()).output().unwrap().status.code(), Some(64));
}
