//! How many vehicles a lane sends over the stop line in an hour of green: a standing queue, headways from the fourth to the
//! twentieth vehicle (HCM 7, chapter 31: the first ones still accelerate).
//!
//! One lane, 150 s of red, the plain passenger car; fronts are timed at the line.

use super::super::convert::sumo::from_sumo;
use super::super::error::CosimError;
use super::super::work_folder::WorkFolder;
use super::super::{sumo_binary, xml};
use super::Row;
use super::ours::Ours;
use crate::network::import::sumo::RouteText;
use crate::statistics::mean;
use simulator::Settings;
use simulator::detector::{Detectors, Loop, Seen};
use simulator::lamps::Lamps;
use std::path::Path;
use std::process::{Command, Stdio};

const NET: &str = include_str!("one_lane.net.xml");
const ROUTES: &str = r#"<routes>
    <route id="r" edges="in out"/>
    <flow id="f" route="r" begin="0" end="250" vehsPerHour="1800" departSpeed="max" departLane="best"/>
</routes>"#;
const LANE: &str = "in_0";
/// Begin and end of the green, and of the run \[s\].
const GREEN_S: (f64, f64) = (150.0, 250.0);
/// Where the fronts are timed \[m from the begin of the lane, which is 296 m long\].
const LINE_M: f64 = 295.9;
/// First and last vehicle of the queue whose headways count.
const COUNTED: (usize, usize) = (4, 20);
/// Largest difference \[%\].
const TARGET: f64 = 5.0;

/// Compare; the SUMO that is meant may be named.
pub fn compare(seeds: &[u32], sumo: Option<&Path>) -> Result<Vec<Row>, CosimError> {
    let binary = sumo_binary::find(sumo)?;
    let folder = WorkFolder::new()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for &seed in seeds {
        ours.push(flow(&on_ours(seed)?));
        theirs.push(flow(&on_sumo(&binary, &folder, seed)?));
    }
    let figure = "saturation flow [veh/h]";
    Ok(vec![Row::new("one lane", figure, mean(ours), mean(theirs), Some(TARGET))])
}

/// Saturation flow of passages in order \[veh/h\]; 0 when there are too few.
fn flow(passages_s: &[f64]) -> f64 {
    let green: Vec<f64> = passages_s.iter().copied().filter(|at| (GREEN_S.0..GREEN_S.1).contains(at)).collect();
    let (Some(first), Some(last)) = (green.get(COUNTED.0 - 1), green.get(COUNTED.1 - 1)) else { return 0.0 };
    3600.0 * (COUNTED.1 - COUNTED.0) as f64 / (last - first)
}

fn on_ours(seed: u32) -> Result<Vec<f64>, CosimError> {
    let converted = from_sumo(NET, "one lane", &[RouteText { text: ROUTES, source: "one lane" }])
        .map_err(|error| CosimError::Import(error.to_string()))?;
    let street = Ours::new(converted.street, converted.demand, "one lane")?;
    let lane = street.street().lane(LANE).expect("the network of this module has the lane");
    let detectors = Detectors { loops: vec![Loop { lane, at_m: LINE_M }], ..Detectors::default() };
    let settings = Settings { seed: u64::from(seed), detectors, ..Settings::default() };
    let mut run = street.simulation((0.0, GREEN_S.1), settings)?;
    let lamps = Lamps::new(street.street());
    let mut passages = Vec::new();
    while run.now_s() < GREEN_S.1 {
        run.step(&lamps);
        for reading in run.readings() {
            if let Seen::Loop { passages: seen, .. } = &reading.seen {
                passages.extend(seen.iter().map(|it| it.at_s));
            }
        }
    }
    Ok(passages)
}

fn on_sumo(binary: &Path, folder: &WorkFolder, seed: u32) -> Result<Vec<f64>, CosimError> {
    let net = folder.write("one.net.xml", NET)?;
    let routes = folder.write("one.rou.xml", ROUTES)?;
    let seen = folder.file("seen.xml");
    let detector = format!(
        "<additional><instantInductionLoop id=\"l\" lane=\"{LANE}\" pos=\"{LINE_M}\" file=\"{}\"/></additional>",
        quick_xml::escape::escape(seen.to_string_lossy().as_ref())
    );
    let additional = folder.write("one.add.xml", &detector)?;
    let mut command = Command::new(binary);
    command.arg("-n").arg(&net).arg("-r").arg(&routes).arg("-a").arg(&additional);
    command.args([
        "--end",
        "250",
        "--time-to-teleport",
        "-1",
        "--no-step-log",
        "--no-warnings",
        "--xml-validation",
        "never",
    ]);
    command.args(["--seed", &seed.to_string()]).stdin(Stdio::null());
    if let Some(home) = sumo_binary::home_of(binary) {
        command.env("SUMO_HOME", home);
    }
    let output = command.output().map_err(|source| CosimError::Start { binary: binary.to_owned(), source })?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(CosimError::Refused { net, routes, message });
    }
    let mut passages = Vec::new();
    xml::elements(&seen, |element| {
        if element.name() == "instantOut" && element.text("state")? == "enter" {
            passages.push(element.number("time")?);
        }
        Ok(())
    })?;
    Ok(passages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headways_of_two_seconds_are_1800_vehicles_an_hour() {
        let passages: Vec<f64> = (0..40).map(|k| 151.0 + 2.0 * f64::from(k)).collect();
        assert!((flow(&passages) - 1800.0).abs() < 1e-9);
        assert!(flow(&passages[..10]).abs() < 1e-9);
    }

    #[test]
    fn a_queue_of_our_cars_discharges_between_1500_and_2200_vehicles_an_hour() {
        let flow = flow(&on_ours(1).expect("the street is sound"));
        assert!((1500.0..2200.0).contains(&flow), "{flow}");
    }
}
