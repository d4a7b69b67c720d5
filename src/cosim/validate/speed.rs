//! How fast SUMO drives one of our streets: the street and its demand as SUMO's plain files, netconvert, one run.
//!
//! ```text
//! Street, Demand ─> nodes, edges, connections, programmes ─netconvert─> net.xml ┐
//!                └> routes ─────────────────────────────────────────────────────┴─sumo─> vehicle updates a second
//! ```
//!
//! SUMO counts its own vehicle updates and its own time (`--duration-log.statistics`, "UPS"); reading the files is not in it,
//! filling the street is. Only what drives is written: lanes for everybody, links with their lamps, trips with their routes.
//! What netconvert makes of the junctions (lengths inside, right of way) is its own.

use crate::cosim::error::CosimError;
use crate::cosim::sumo_binary;
use crate::cosim::work_folder::WorkFolder;
use simulator::demand::Demand;
use simulator::street::Street;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What SUMO says of its run.
#[derive(Debug, Clone, PartialEq)]
pub struct SumoSpeed {
    /// Vehicle updates a second of its own time, a step being 1 s.
    pub vehicle_steps_per_s: f64,
    /// Vehicles that it let in.
    pub inserted: u64,
}

/// Drive a street in SUMO from 0 to `end_s`.
///
/// # Errors
/// No SUMO, or one that refuses the files.
pub fn in_sumo(street: &Street, demand: &Demand, end_s: u32, sumo: Option<&Path>) -> Result<SumoSpeed, CosimError> {
    let binary = sumo_binary::find(sumo)?;
    let folder = WorkFolder::new()?;
    let net = folder.file("grid.net.xml");
    let routes = folder.write("grid.rou.xml", &trips(street, demand))?;
    let mut convert = Command::new(binary.with_file_name("netconvert"));
    for (option, text) in [
        ("--node-files", nodes(street)),
        ("--edge-files", edges(street)),
        ("--connection-files", connections(street)),
        ("--tllogic-files", programmes(street)),
    ] {
        convert.arg(option).arg(folder.write(&format!("grid{option}.xml"), &text)?);
    }
    convert.arg("--output-file").arg(&net).args(["--no-turnarounds", "true", "--xml-validation", "never"]);
    let refused = |message: String| CosimError::Refused { net: net.clone(), routes: routes.clone(), message };
    said(&mut convert, &binary).map_err(&refused)?;
    let mut run = Command::new(&binary);
    run.arg("-n").arg(&net).arg("-r").arg(&routes).args(["--end", &end_s.to_string(), "--time-to-teleport", "-1"]);
    run.args(["--no-step-log", "--no-warnings", "--duration-log.statistics", "--xml-validation", "never"]);
    let text = said(&mut run, &binary).map_err(&refused)?;
    let number = |name: &str| -> Option<f64> {
        text.lines().find_map(|line| line.trim().strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    match (number("UPS:"), number("Inserted:")) {
        (Some(vehicle_steps_per_s), Some(inserted)) => Ok(SumoSpeed { vehicle_steps_per_s, inserted: inserted as u64 }),
        _ => Err(refused(format!("no UPS in its statistics: {text}"))),
    }
}

/// What a program says, when it ends well.
fn said(command: &mut Command, sumo: &Path) -> Result<String, String> {
    if let Some(home) = sumo_binary::home_of(sumo) {
        command.env("SUMO_HOME", home);
    }
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn id(name: &str) -> String {
    quick_xml::escape::escape(name).into_owned()
}

fn nodes(street: &Street) -> String {
    let signals: Vec<&str> = street.signals.iter().map(|it| it.id.as_str()).collect();
    let mut text = String::from("<nodes>\n");
    for it in &street.junctions {
        let kind = if signals.contains(&it.id.as_str()) { "traffic_light" } else { "priority" };
        let [x, y] = it.at_m;
        let _ = writeln!(text, "<node id=\"{}\" x=\"{x}\" y=\"{y}\" type=\"{kind}\"/>", id(&it.id));
    }
    text + "</nodes>\n"
}

fn edges(street: &Street) -> String {
    let mut text = String::from("<edges>\n");
    for it in &street.roads {
        let (from, to) = (&street.junctions[it.from.at()].id, &street.junctions[it.to.at()].id);
        let _ = writeln!(
            text,
            "<edge id=\"{}\" from=\"{}\" to=\"{}\" numLanes=\"{}\" speed=\"{}\"/>",
            id(&it.id),
            id(from),
            id(to),
            it.lanes.len(),
            it.speed_mps
        );
    }
    text + "</edges>\n"
}

/// `from`, `to` and their lanes, and the signal with the group, of each link.
fn links(street: &Street) -> impl Iterator<Item = (String, Option<(String, usize)>)> + '_ {
    street.links.iter().map(|it| {
        let end = |lane: simulator::street::LaneIx| {
            let road = street.lanes[lane.at()].road;
            (id(&street.roads[road.at()].id), lane.at() - street.roads[road.at()].lanes.start as usize)
        };
        let ((from, from_lane), (to, to_lane)) = (end(it.from), end(it.to));
        let ends = format!("from=\"{from}\" to=\"{to}\" fromLane=\"{from_lane}\" toLane=\"{to_lane}\"");
        (ends, it.lamp.map(|(signal, group)| (id(&street.signals[signal.at()].id), group)))
    })
}

fn connections(street: &Street) -> String {
    let mut text = String::from("<connections>\n");
    for (ends, _) in links(street) {
        let _ = writeln!(text, "<connection {ends}/>");
    }
    text + "</connections>\n"
}

/// Each link is a lamp of its own there: links of a group show its letter.
fn programmes(street: &Street) -> String {
    let mut text = String::from("<tlLogics>\n");
    let lit: Vec<(String, (String, usize))> =
        links(street).filter_map(|(ends, lamp)| lamp.map(|lamp| (ends, lamp))).collect();
    for signal in &street.signals {
        let name = id(&signal.id);
        let groups: Vec<usize> = lit.iter().filter(|it| it.1.0 == name).map(|it| it.1.1).collect();
        let _ =
            writeln!(text, "<tlLogic id=\"{name}\" type=\"static\" programID=\"0\" offset=\"{}\">", signal.offset_s);
        for stage in &signal.stages {
            let state: String = groups.iter().map(|&group| char::from(stage.state.as_bytes()[group])).collect();
            let _ = writeln!(text, "<phase duration=\"{}\" state=\"{state}\"/>", stage.duration_s);
        }
        text.push_str("</tlLogic>\n");
        for (index, (ends, _)) in lit.iter().filter(|it| it.1.0 == name).enumerate() {
            let _ = writeln!(text, "<connection {ends} tl=\"{name}\" linkIndex=\"{index}\"/>");
        }
    }
    text + "</tlLogics>\n"
}

fn trips(street: &Street, demand: &Demand) -> String {
    let mut text = String::from("<routes>\n");
    for it in &demand.trips {
        let roads: Vec<String> = it.route.iter().map(|road| id(&street.roads[road.at()].id)).collect();
        let _ = writeln!(
            text,
            "<vehicle id=\"{}\" depart=\"{}\" departLane=\"best\" departSpeed=\"max\"><route edges=\"{}\"/></vehicle>",
            id(&it.id),
            it.depart_s,
            roads.join(" ")
        );
    }
    text + "</routes>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::grid::Grid;

    #[test]
    fn sumo_drives_a_small_grid_with_all_its_vehicles() {
        let (street, demand) = Grid { vehicles: 30.0, duration_s: 200.0, ..Grid::bench(2, 2) }.files();
        let street = Street::build(street).expect("the grid is good");
        let demand = Demand::build(&street, &demand, 1, 0.0, 200.0).expect("its demand is good");
        match in_sumo(&street, &demand, 300, None) {
            Ok(speed) => {
                assert!(speed.vehicle_steps_per_s > 0.0);
                assert!(speed.inserted as f64 > 0.9 * demand.trips.len() as f64, "{speed:?}");
            }
            Err(CosimError::SumoMissing { .. }) => println!("skipped: SUMO is not there"),
            Err(error) => panic!("{error}"),
        }
    }
}
