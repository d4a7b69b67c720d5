//! Scenes in scenarios that show them: each is recognised where and when it is there, and nowhere else; what follows from it.

use super::small;
use lightwatch::controller::{Learned, Settings};
use lightwatch::cosim::bus::{Answer, Bus, Rejected};
use lightwatch::cosim::controller_name::ControllerName;
use lightwatch::cosim::in_process::InProcess;
use lightwatch::cosim::plant::figures::Figures;
use lightwatch::cosim::plant::run::{Prepared, RunSettings};
use lightwatch::cosim::scenario::Scenario;
use lightwatch::cosim::scenario::built_in;
use lightwatch::cosim::street::Heard;
use lightwatch::optimize;
use lightwatch::plan::{Scene, StateReport};
use lightwatch::time::Timestamp;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::path::Path;
use std::sync::Arc;

/// An engine whose scenes are written down.
struct Noting {
    engine: InProcess,
    /// Second, intersection, scene.
    scenes: Vec<(i64, usize, Scene)>,
}

impl Bus for Noting {
    fn exchange(&mut self, at: Timestamp, states: &[StateReport], heard: &Heard) -> Vec<Answer> {
        let answers = self.engine.exchange(at, states, heard);
        for (ix, answer) in answers.iter().enumerate() {
            if let (Some(plan), Some(decision)) = (&answer.plan, &answer.decision) {
                let told = format!("; scene {}", decision.scene);
                assert!(plan.reason.ends_with(&told) && decision.reason.ends_with(&told), "{}", plan.reason);
            }
            self.scenes.extend(answer.decision.as_ref().map(|it| (at.0 / 1000, ix, it.scene)));
        }
        answers
    }

    fn settings(&self) -> Vec<Settings> {
        self.engine.settings()
    }

    fn learned(&self) -> Vec<Learned> {
        self.engine.learned()
    }

    fn rejected(&self) -> Rejected {
        self.engine.rejected()
    }
}

/// A run of a scenario.
struct Told {
    begin_s: i64,
    ids: Vec<String>,
    scenes: Vec<(i64, usize, Scene)>,
    figures: Figures,
}

fn run_with(scenario: Scenario, change: impl Fn(&mut Settings)) -> Told {
    let settings = RunSettings { controller: ControllerName::Adaptive, seed: 1, threads: 1, record: None };
    let begin_s = scenario.begin_s;
    let prepared = Prepared::new(scenario, settings).expect("the scenario was checked");
    let mut controllers = prepared.engine();
    controllers.iter_mut().for_each(change);
    let ids = prepared.network.intersections.iter().map(|it| it.id.to_string()).collect();
    let engine = InProcess::new(Arc::clone(&prepared.network), controllers);
    let mut noting = Noting { engine, scenes: Vec::new() };
    let report = prepared.run(Some(&mut noting), &mut |_| ControlFlow::Continue(())).expect("it ends");
    Told { begin_s, ids, scenes: noting.scenes, figures: report.figures }
}

fn run(name: &str) -> Told {
    run_with(built_in::find(Path::new(name)).expect("it is built in"), |_| ())
}

impl Told {
    /// Share of the time of all intersections, or of one, that was a scene, between two seconds of the run.
    fn share(&self, scene: Scene, seconds: Range<i64>, intersection: Option<&str>) -> f64 {
        let wanted = |ix: usize| intersection.is_none_or(|id| self.ids[ix] == id);
        let seen = self.scenes.iter().filter(|it| seconds.contains(&(it.0 - self.begin_s)) && wanted(it.1));
        let (all, hits) = seen.fold((0.0, 0.0), |(all, hits), it| (all + 1.0, hits + f64::from(it.2 == scene)));
        hits / f64::max(all, 1.0)
    }

    /// How often the scene of an intersection changed, in the mean of all.
    fn changes(&self) -> f64 {
        let of = |ix: usize| {
            let scenes: Vec<Scene> = self.scenes.iter().filter(|it| it.1 == ix).map(|it| it.2).collect();
            scenes.windows(2).filter(|pair| pair[0] != pair[1]).count()
        };
        (0..self.ids.len()).map(of).sum::<usize>() as f64 / self.ids.len() as f64
    }

    /// The course of the scenes in steps of a minute, for whoever reads a failure.
    fn course(&self) -> String {
        let last = self.scenes.last().map_or(0, |it| it.0 - self.begin_s);
        let at = |from: i64| {
            let shares = Scene::ALL.map(|scene| (scene, self.share(scene, from..from + 60, None)));
            let told = shares.iter().filter(|it| it.1 > 0.0).map(|(scene, share)| format!("{scene} {share:.2}"));
            format!("{from:5} s: {}", told.collect::<Vec<_>>().join(", "))
        };
        (0..=last).step_by(60).map(at).collect::<Vec<_>>().join("\n")
    }
}

/// Shares are between these, or the course is told.
fn hold(told: &Told, name: &str, wanted: &[(Scene, Range<i64>, RangeInclusive<f64>)]) {
    for (scene, seconds, allowed) in wanted {
        let share = told.share(*scene, seconds.clone(), None);
        let place = format!("{name}: {scene} {seconds:?}: {share:.2}, not {allowed:?}");
        assert!(allowed.contains(&share), "{place}\n{}", told.course());
    }
    assert!(told.changes() <= 4.0, "{name} flickers: {:.1} changes\n{}", told.changes(), told.course());
}

#[test]
fn a_lone_junction_at_night_is_off_peak_all_the_time() {
    let told = run("night");
    hold(&told, "night", &[(Scene::OffPeak, 0..1800, 1.0..=1.0)]);
}

/// What comes on top of the usual traffic comes ten minutes later, when it is known what is usual.
fn ten_minutes_later(name: &str) -> Told {
    let mut scenario = built_in::find(Path::new(name)).expect("it is built in");
    let (begin_s, end_s) = (scenario.begin_s as f64, scenario.end_s as f64);
    for flow in &mut scenario.demand.flows {
        if flow.begin_s > begin_s {
            (flow.begin_s, flow.end_s) = (flow.begin_s + 600.0, flow.end_s + 600.0);
        } else if flow.end_s >= end_s {
            flow.end_s += 600.0;
        }
    }
    run_with(Scenario { end_s: scenario.end_s + 600, ..scenario }, |_| ())
}

#[test]
fn a_factory_that_closes_is_an_event() {
    let surge = ten_minutes_later("surge");
    let wanted = [
        (Scene::OffPeak, 0..960, 1.0..=1.0),
        (Scene::Event, 1100..1200, 0.7..=1.0),
        (Scene::OffPeak, 1680..1800, 1.0..=1.0),
    ];
    hold(&surge, "surge", &wanted);
}

#[test]
fn a_stadium_that_empties_is_an_event_for_the_signals_around_it() {
    let stadium = ten_minutes_later("stadium");
    let wanted = [
        (Scene::OffPeak, 0..900, 0.97..=1.0),
        (Scene::Event, 1140..1380, 0.5..=1.0),
        (Scene::Incident, 0..1800, 0.0..=0.2),
        (Scene::Oversaturated, 0..1800, 0.0..=0.1),
    ];
    hold(&stadium, "stadium", &wanted);
}

#[test]
fn a_lorry_that_stands_in_a_lane_is_an_incident_until_it_has_gone() {
    let told = run("incident");
    let wanted = [
        (Scene::Incident, 0..300, 0.0..=0.0),
        (Scene::Incident, 480..660, 0.95..=1.0),
        (Scene::Incident, 900..1200, 0.0..=0.0),
        (Scene::Peak, 900..1200, 0.9..=1.0),
    ];
    hold(&told, "incident", &wanted);
}

#[test]
fn a_morning_on_an_avenue_is_a_peak_that_grows_into_oversaturation_where_it_is_busiest() {
    let told = run("shennan");
    let wanted = [
        (Scene::OffPeak, 0..300, 1.0..=1.0),
        (Scene::Oversaturated, 0..540, 0.0..=0.0),
        (Scene::Peak, 660..840, 0.3..=1.0),
        (Scene::Oversaturated, 780..1140, 0.2..=0.9),
        (Scene::Incident, 0..1200, 0.0..=0.1),
        (Scene::Event, 0..1200, 0.0..=0.1),
    ];
    hold(&told, "shennan", &wanted);
}

#[test]
fn heavy_but_steady_traffic_is_neither_event_nor_incident() {
    for name in ["green-wave", "school"] {
        let told = run(name);
        let calm = [Scene::Event, Scene::Incident, Scene::Oversaturated];
        hold(&told, name, &calm.map(|scene| (scene, 0..1200, 0.0..=0.0)));
    }
}

#[test]
fn settings_of_a_scene_are_used_in_it_and_those_equal_to_the_rest_change_nothing() {
    let (_folder, path) = small::scenario(300, "");
    let scenario = || Scenario::load(&path).expect("it is sound");
    let plain = run_with(scenario(), |_| ());
    let same = run_with(scenario(), |it| {
        it.scenes = Scene::ALL.map(|scene| (scene, it.search.clone())).into();
    });
    assert_eq!(same.figures.trace_hash, plain.figures.trace_hash);
    let dear = run_with(scenario(), |it| {
        let search = optimize::Settings { change_cost_s: 40.0, ..it.search.clone() };
        it.scenes = [(Scene::OffPeak, search)].into();
    });
    assert_ne!(dear.figures.trace_hash, plain.figures.trace_hash, "it begins off peak");
    let elsewhere = run_with(scenario(), |it| {
        let search = optimize::Settings { change_cost_s: 40.0, ..it.search.clone() };
        it.scenes = [(Scene::Incident, search)].into();
    });
    assert_eq!(elsewhere.figures.trace_hash, plain.figures.trace_hash, "there is no incident");
}
