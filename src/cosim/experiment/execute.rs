//! Run a job to its end, in our simulator or in SUMO, with an observer beside.

use super::job::{Job, Task, with_scalars};
use super::observer::Observed;
use super::outcome::{BIN_S, Outcome, Profile};
use super::place::Source;
use super::seen_street::StreetEye;
use super::seen_sumo::SumoEye;
use super::trips::{self, TripRow, Walkers};
use crate::config::Scalars;
use crate::cosim::bus::Bus;
use crate::cosim::convert::class_of;
use crate::cosim::error::CosimError;
use crate::cosim::jobs::Progress;
use crate::cosim::plant::run as ours;
use crate::cosim::scenario::Scenario;
use crate::cosim::sumo_run::{self, Trial};
use crate::cosim::witness::Standing;
use crate::cosim::work_folder::WorkFolder;
use crate::cosim::xml;
use crate::time::Millis;
use std::collections::BTreeMap;
use std::path::Path;

/// CO₂ of a litre of petrol \[kg\] (IPCC 2006), by which SUMO's CO₂ is told as fuel, too.
const CO2_KG_PER_L: f64 = 2.31;

/// What a simulator leaves behind.
struct Run {
    simulator: String,
    observed: Observed,
    trips: Vec<TripRow>,
    walkers: Walkers,
    violations: u64,
    standing: Standing,
    measured_from: i64,
}

/// Run to the end. `program` is the digest of this program.
pub fn execute(task: &Task, program: &str, progress: Progress<'_>) -> Result<Outcome, CosimError> {
    let job = &task.job;
    job.place.verify()?;
    let run = match &job.place.street {
        Source::Scenario { path, text } => in_our_simulator(job, path, text, progress)?,
        Source::Sumo { net, routes } => in_sumo(task, net, routes, progress)?,
    };
    let (from_s, to_s) = (run.measured_from, job.place.end_s);
    let (wanted, arrived) = trips::cumulative(&run.trips, from_s, to_s, BIN_S);
    let Observed { movements, queue_veh, queues, queue_p95_veh, detail } = run.observed;
    let mut figures = trips::figures(&run.trips, run.walkers);
    let mut put = |name: &str, value: f64| {
        if value.is_finite() {
            figures.insert(name.to_owned(), (value * 1000.0).round() / 1000.0);
        }
    };
    let sum = |of: fn(&super::outcome::OfMovement) -> f64| movements.iter().map(of).sum::<f64>();
    put("control_delay_s", sum(|it| it.lost_s) / sum(|it| f64::from(it.passed + it.left)));
    put("on_green_share", sum(|it| f64::from(it.on_green)) / sum(|it| f64::from(it.arrivals)));
    put("queue_mean_veh", sum(|it| it.queue_mean_veh));
    put("queue_p95_veh", f64::from(queue_p95_veh));
    put("queue_max_veh", movements.iter().map(|it| f64::from(it.queue_max_veh)).fold(0.0, f64::max));
    put("halt_max_s", movements.iter().map(|it| it.halt_max_s).fold(0.0, f64::max));
    put("unsafe", run.violations as f64);
    put("locked_up_lanes", f64::from(run.standing.lanes));
    Ok(Outcome {
        digest: job.digest(program, task.sumo.as_deref()),
        job: job.digest("", None),
        lightwatch: program.to_owned(),
        simulator: run.simulator,
        place: job.place.name.clone(),
        controller: job.controller,
        seed: job.seed,
        demand: job.demand,
        varied: job.varied.clone(),
        figures,
        movements,
        profile: Profile { from_s, queue_veh, queues, wanted, arrived },
        detail,
    })
}

fn scalars(job: &Job) -> Result<Scalars, CosimError> {
    with_scalars(&job.scalars).map_err(CosimError::Scenario)
}

fn in_our_simulator(job: &Job, path: &Path, text: &str, progress: Progress<'_>) -> Result<Run, CosimError> {
    let scenario = Scenario::parse(text, path).map_err(CosimError::Scenario)?;
    let scenario = scenario.with_demand(job.demand).map_err(CosimError::Scenario)?;
    let scenario = scenario.until(job.place.end_s).told(&job.engine);
    let (begin_s, end_s, measured_from) = (scenario.begin_s, scenario.end_s, scenario.measured_from_s);
    let classes = scenario.street.classes.clone();
    let network = ours::as_seen(&scenario)?;
    let settings = ours::RunSettings { controller: job.controller, seed: job.seed.into(), threads: 1, record: None };
    let mut prepared = ours::Prepared::new(scenario, settings)?;
    prepared.scalars = scalars(job)?;
    let mut eye = StreetEye::new(&network, begin_s..end_s, measured_from, job.detail);
    let report = prepared.run_in_process_seen(progress, &mut |simulation| eye.look(&network, simulation))?;
    let end = end_s as f64;
    let row = |it: &simulator::results::TripResult| TripRow {
        wanted_s: it.wanted_s,
        outside_s: it.departed_s.map_or(end - it.wanted_s, |departed| (departed - it.wanted_s).max(0.0)),
        inserted: it.departed_s.is_some(),
        arrived_s: it.arrived_s,
        duration_s: it.departed_s.map_or(0.0, |departed| it.arrived_s.unwrap_or(end) - departed),
        lost_s: it.time_loss_s,
        stood_s: it.wait_s,
        stops: f64::from(it.stops),
        way_m: it.driven_m,
        persons: classes[it.class.at()].persons,
        fuel_l: it.fuel_ml / 1000.0,
        co2_kg: it.co2_g / 1000.0,
    };
    let measured = report.trips.iter().filter(|it| (measured_from as f64..end).contains(&it.wanted_s));
    Ok(Run {
        simulator: "lightwatch simulator".to_owned(),
        observed: eye.finish(),
        trips: measured.map(row).collect(),
        walkers: (report.figures.pedestrians, report.figures.pedestrian_wait_s),
        violations: report.figures.common.violations,
        standing: report.standing,
        measured_from,
    })
}

fn in_sumo(task: &Task, net: &Path, routes: &Path, progress: Progress<'_>) -> Result<Run, CosimError> {
    let job = &task.job;
    let folder = WorkFolder::new()?;
    let tripinfo = folder.file("trips.xml");
    let millis = |value: Option<f64>, otherwise: f64| Millis::from_secs_f64(value.unwrap_or(otherwise));
    let settings = sumo_run::RunSettings {
        net: net.to_owned(),
        routes: routes.to_owned(),
        begin_s: job.place.begin_s,
        end_s: job.place.end_s,
        seed: job.seed,
        controller: job.controller,
        yellow: millis(job.engine.yellow_s, 3.0),
        all_red: millis(job.engine.all_red_s, 0.0),
        green_min: millis(job.engine.green_min_s, 5.0),
        range_m: job.engine.range_m.unwrap_or(200.0),
        decision_period: millis(job.engine.decision_period_s, 10.0),
        sumo_binary: task.sumo.as_ref().map(|it| it.binary.clone()),
        tripinfo: Some(tripinfo.clone()),
        record: None,
        programmes: None,
        trial: Trial { scale: job.demand, emissions: true, ..Trial::default() },
    };
    let mut prepared = sumo_run::Prepared::new(settings)?;
    prepared.scalars = scalars(job)?;
    let seconds = job.place.begin_s..job.place.end_s;
    prepared.eye = Some(SumoEye::new(&prepared.network, seconds, job.detail));
    let mut engine = if job.controller.is_streets_own() { None } else { Some(prepared.in_process()?) };
    let report = prepared.run(engine.as_mut().map(|engine| engine as &mut dyn Bus), progress)?;
    Ok(Run {
        simulator: report.sumo,
        observed: report.observed.unwrap_or_default(),
        trips: rows(&tripinfo, &persons(routes)?, job.place.end_s as f64)?,
        walkers: (0, 0.0),
        violations: report.results.violations,
        standing: report.standing.unwrap_or_default(),
        measured_from: job.place.begin_s,
    })
}

/// People inside a vehicle of each type of a route file, by its `vClass`.
fn persons(routes: &Path) -> Result<BTreeMap<String, f64>, CosimError> {
    let mut found = BTreeMap::new();
    xml::elements(routes, |element| {
        if element.name() == "vType" {
            let class = element.get("vClass")?.unwrap_or_else(|| "passenger".to_owned());
            found.insert(element.text("id")?, class_of(&class).map_or(1.0, |it| it.persons));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The trip records of SUMO; each with what it burnt, which stands inside of it.
fn rows(tripinfo: &Path, persons: &BTreeMap<String, f64>, end_s: f64) -> Result<Vec<TripRow>, CosimError> {
    let car = class_of("passenger").map_or(1.0, |it| it.persons);
    let (mut rows, mut counts): (Vec<TripRow>, bool) = (Vec::new(), false);
    xml::elements(tripinfo, |element| {
        match element.name() {
            "tripinfo" => {
                let (depart, outside_s) = (element.number("depart")?, element.number("departDelay")?);
                let (inserted, arrival) = (depart >= 0.0, element.number("arrival")?);
                // Who should depart at the end itself is not demanded.
                counts = inserted || outside_s > 0.0;
                let kind = element.get("vType")?.unwrap_or_default();
                let wanted_s = if inserted { depart - outside_s } else { end_s - outside_s };
                let row = TripRow {
                    wanted_s,
                    outside_s,
                    inserted,
                    arrived_s: (arrival >= 0.0).then_some(arrival),
                    duration_s: element.number("duration")?,
                    lost_s: element.number("timeLoss")?,
                    stood_s: element.number("waitingTime")?,
                    stops: element.number("waitingCount")?,
                    way_m: if inserted { element.number("routeLength")? } else { 0.0 },
                    // Types of a distribution have its name before an `@`.
                    persons: kind.split('@').find_map(|it| persons.get(it)).copied().unwrap_or(car),
                    fuel_l: 0.0,
                    co2_kg: 0.0,
                };
                rows.extend(counts.then_some(row));
            }
            "emissions" if counts => {
                let co2_kg = element.number("CO2_abs")? / 1e6;
                if let Some(last) = rows.last_mut() {
                    (last.co2_kg, last.fuel_l) = (co2_kg, co2_kg / CO2_KG_PER_L);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trip_records_are_read_with_what_was_burnt_and_who_sat_inside() {
        let trips = r#"<tripinfos><tripinfo id="a" depart="10" departDelay="2" arrival="70" duration="60" routeLength="600"
            waitingTime="12" waitingCount="2" timeLoss="20" vType="b"><emissions CO2_abs="231000.0" fuel_abs="7"/></tripinfo>
            <tripinfo id="c" depart="-1" departDelay="0" arrival="-1" duration="0" routeLength="0" waitingTime="0"
            waitingCount="0" timeLoss="0" vType="x"><emissions CO2_abs="9"/></tripinfo></tripinfos>"#;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let types = write("r.xml", r#"<routes><vType id="b" vClass="bus"/><vType id="p"/></routes>"#);
        let persons = persons(&types).unwrap();
        assert!((persons["b"] - 30.0).abs() < 1e-9 && (persons["p"] - 1.3).abs() < 1e-9);
        let rows = rows(&write("t.xml", trips), &persons, 100.0).unwrap();
        assert_eq!(rows.len(), 1);
        assert!((rows[0].persons - 30.0).abs() < 1e-9 && (rows[0].wanted_s - 8.0).abs() < 1e-9);
        assert!((rows[0].co2_kg - 0.231).abs() < 1e-9 && (rows[0].fuel_l - 0.1).abs() < 1e-9);
    }
}
