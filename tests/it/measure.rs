//! `lightwatch measure` on recordings of the own simulator.

use super::small;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn lightwatch(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lightwatch")).args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_recorded_avenue_has_arrivals_on_green_and_a_diagram_of_both_directions() {
    let (folder, _) = small::scenario(300, "");
    let folder = folder.path();
    for controller in ["adaptive", "actuated"] {
        let output =
            lightwatch(&["simulate", "small", "--alone", "--controller", controller, "--record", controller], folder);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let output = lightwatch(
            &["measure", controller, "--time-space", "waves.svg", "--tls-states", "states.xml", "--json"],
            folder,
        );
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["corridors"][0].as_array().unwrap().len(), 3, "{found}");
        assert_eq!(found["corridors"].as_array().unwrap().len(), 2, "there and back");
        let on_green = &found["arrivals_on_green"];
        let (fed, all) = (&on_green["fed"]["figures"], &on_green["all"]["figures"]);
        let number = |value: &Value| value.as_f64().unwrap();
        // 700 + 600 + 3 · 250 vehicles an hour for five minutes, those on the main road at up to three signals.
        assert!((150.0..500.0).contains(&number(&all["arrivals"])), "{controller}: {all}");
        assert!(number(&fed["arrivals"]) > 50.0 && number(&fed["arrivals"]) < number(&all["arrivals"]), "{fed}");
        assert!((0.2..=1.0).contains(&number(&on_green["all"]["measures"]["share"])), "{on_green}");
        let states = std::fs::read_to_string(folder.join("states.xml")).unwrap();
        assert!(states.matches("id=\"s02\" programID=\"online\"").count() > 20, "{controller}: {states}");
        let times: Vec<f64> =
            states.split("time=\"").skip(1).map(|it| it.split('"').next().unwrap().parse().unwrap()).collect();
        assert!(times.is_sorted() && times[0] <= 1.0, "{controller}: {times:?}");
        let svg = std::fs::read_to_string(folder.join("waves.svg")).unwrap();
        assert!(svg.matches("class=\"G\"").count() > 20 && svg.matches("class=\"pass\"").count() > 100, "{controller}");
        assert!(svg.contains("class=\"band\"") && svg.contains("s01") && !svg.contains("href"));
    }
    let text = lightwatch(&["measure", "adaptive", "--corridor", "s03,s02"], folder);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("fed by a neighbour") && text.contains("corridor s03 to s02: s03, s02"), "{text}");
}

#[test]
fn what_cannot_be_measured_is_told() {
    let (folder, _) = small::scenario(20, "");
    let folder = folder.path();
    let output = lightwatch(&["simulate", "small", "--alone", "--record", "r"], folder);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for (arguments, code, word) in [
        (["--corridor", "s01,s03"], 64, "no road from s01 to s03"),
        (["--corridor", "s01,s09"], 64, "no intersection s09"),
        (["--from", "20"], 64, "nothing left of 0.0 s to 20.0 s"),
        (["--time-space", "no/where.svg"], 65, "no/where.svg"),
    ] {
        let output = lightwatch(&[&["measure", "r"], arguments.as_slice()].concat(), folder);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(said(&output).contains(word), "{}", said(&output));
    }
    assert_eq!(lightwatch(&["measure", "nowhere"], folder).status.code(), Some(65));
}
