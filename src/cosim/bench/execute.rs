//! Run one run: SUMO with a controller, or the conflict-free floor.
//!
//! The floor is the same demand and seed on the same network without right of way and without signals (`netconvert
//! --keep-nodes-unregulated --tls.discard-loaded`), where vehicles that meet pass through each other (`--collision.action
//! none`). It holds what signals cannot help: speed limits, lane changes, the queue behind a slow vehicle.

use super::run::{Record, Run, Who};
use crate::cosim::bus::Bus;
use crate::cosim::causes::Lost;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::coordination::Coordination;
use crate::cosim::error::CosimError;
use crate::cosim::results::{Results, Trips};
use crate::cosim::sumo_binary::home_of;
use crate::cosim::sumo_run::{Prepared, RunSettings};
use crate::cosim::witness::Standing;
use crate::cosim::work_folder::WorkFolder;
use crate::cosim::xml;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often a program that says nothing is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a run left behind, besides its trip records.
struct Outcome {
    program: String,
    results: Results,
    standing: Standing,
    lost: Lost,
    coordination: Option<Coordination>,
}

/// Run to the end. `progress` is told the simulated seconds done, and says whether to go on; `program` is the digest of this
/// program.
pub fn execute(
    run: &Run,
    program: &str,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Record, CosimError> {
    let folder = WorkFolder::new()?;
    let trips = folder.file("trips.xml");
    let Outcome { program: program_name, results, standing, lost, coordination } = match run.who {
        Who::Controller(controller) => controlled(run, controller, &trips, progress)?,
        Who::Floor(_) => {
            conflict_free(run, &folder, &trips, &mut || progress(0).is_break())?;
            let results = Trips::read(&trips)?.results(0, 0, Vec::new());
            let program = format!("SUMO {}", run.sumo.version);
            Outcome { program, results, standing: Standing::default(), lost: Lost::default(), coordination: None }
        }
    };
    Ok(Record {
        digest: run.digest(program),
        map: run.map.name.clone(),
        sumo: run.sumo.version.clone(),
        program: program_name,
        who: run.who,
        variant: run.variant.name.to_owned(),
        seed: run.seed,
        results,
        wait_p90_s: wait_p90_s(&trips)?,
        standing,
        lost,
        coordination,
    })
}

fn controlled(
    run: &Run,
    controller: ControllerName,
    trips: &Path,
    progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Outcome, CosimError> {
    let prepared = Prepared::new(settings(run, controller, trips))?;
    let mut engine = if controller.is_streets_own() { None } else { Some(prepared.in_process()?) };
    let report = prepared.run(engine.as_mut().map(|engine| engine as &mut dyn Bus), progress)?;
    Ok(Outcome {
        program: report.sumo,
        results: report.results,
        standing: report.standing.unwrap_or_default(),
        lost: report.lost.unwrap_or_default(),
        coordination: report.coordination,
    })
}

fn settings(run: &Run, controller: ControllerName, trips: &Path) -> RunSettings {
    let timing = run.timing();
    RunSettings {
        net: run.map.net.clone(),
        routes: run.map.routes.clone(),
        begin_s: run.map.begin_s,
        end_s: run.map.end_s,
        seed: run.seed,
        controller,
        yellow: timing.yellow,
        all_red: timing.all_red,
        green_min: timing.green_min,
        range_m: timing.range_m,
        decision_period: timing.decision_period,
        sumo_binary: Some(run.sumo.binary.clone()),
        programmes: None,
        tripinfo: Some(trips.to_owned()),
        record: None,
        trial: run.trial(),
    }
}

/// The demand on the network without conflicts.
fn conflict_free(
    run: &Run,
    folder: &WorkFolder,
    trips: &Path,
    stop: &mut dyn FnMut() -> bool,
) -> Result<(), CosimError> {
    let net = folder.file("floor.net.xml");
    let mut netconvert = program(run, "netconvert");
    netconvert.arg("--sumo-net-file").arg(&run.map.net).arg("--output-file").arg(&net);
    netconvert.args(["--keep-nodes-unregulated", "--tls.discard-loaded"]);
    to_its_end(run, netconvert, folder, stop)?;
    let mut sumo = program(run, "sumo");
    sumo.arg("--net-file").arg(&net).arg("--route-files").arg(&run.map.routes);
    sumo.arg("--tripinfo-output").arg(trips);
    sumo.args(["--tripinfo-output.write-unfinished", "--tripinfo-output.write-undeparted"]);
    sumo.args(["--begin", &run.map.begin_s.to_string(), "--end", &run.map.end_s.to_string()]);
    sumo.args(["--seed", &run.seed.to_string(), "--scale", &run.variant.scale.to_string()]);
    sumo.args(["--step-length", "1", "--time-to-teleport", "-1", "--collision.action", "none"]);
    sumo.args(["--no-step-log", "--no-warnings", "--duration-log.disable"]);
    to_its_end(run, sumo, folder, stop)
}

/// A program of the SUMO of a run.
fn program(run: &Run, name: &str) -> Command {
    let mut command = Command::new(run.sumo.binary.with_file_name(name));
    if let Some(home) = home_of(&run.sumo.binary) {
        command.env("SUMO_HOME", home);
    }
    command
}

/// Wait until a program is done; killed when told to stop. Its words are kept in a file, which cannot fill up like a pipe.
fn to_its_end(
    run: &Run,
    mut command: Command,
    folder: &WorkFolder,
    stop: &mut dyn FnMut() -> bool,
) -> Result<(), CosimError> {
    let said = folder.file("said.txt");
    let file = std::fs::File::create(&said).map_err(CosimError::file(&said))?;
    let start = |source| CosimError::Start { binary: run.sumo.binary.clone(), source };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().map_err(start)?;
    loop {
        if let Some(status) = child.try_wait().map_err(start)? {
            if status.success() {
                return Ok(());
            }
            let message = std::fs::read_to_string(&said).unwrap_or_default();
            let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            return Err(CosimError::Refused { net: run.map.net.clone(), routes: run.map.routes.clone(), message });
        }
        if stop() {
            // Already gone is as good as killed.
            let _ = child.kill();
            let _ = child.wait();
            return Err(CosimError::Stopped);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// 90th percentile of the time that a demanded vehicle stood, waiting to get in included \[s\].
fn wait_p90_s(trips: &Path) -> Result<f64, CosimError> {
    let mut waits = Vec::new();
    xml::elements(trips, |element| {
        if element.name() == "tripinfo" {
            let outside_s = element.number("departDelay")?;
            if element.number("depart")? >= 0.0 || outside_s > 0.0 {
                waits.push(outside_s + element.number("waitingTime")?);
            }
        }
        Ok(())
    })?;
    waits.sort_by(f64::total_cmp);
    Ok((crate::statistics::quantile(&waits, 0.9) * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_of_all_demanded_vehicles_count_and_no_others() {
        let trip = |depart: f64, outside: f64, wait: f64| {
            format!(r#"<tripinfo id="v" depart="{depart}" departDelay="{outside}" waitingTime="{wait}"/>"#)
        };
        let trips = [trip(1.0, 2.0, 3.0), trip(2.0, 0.0, 5.0), trip(-1.0, 40.0, 0.0), trip(-1.0, 0.0, 0.0)].concat();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.xml");
        std::fs::write(&file, format!("<tripinfos>{trips}</tripinfos>")).unwrap();
        assert!((wait_p90_s(&file).unwrap() - 33.0).abs() < 1e-9);
    }
}
