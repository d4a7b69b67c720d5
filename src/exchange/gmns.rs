//! GMNS: a network with its programmes as CSV tables of the General Modeling Network Specification (Zephyr Foundation, Volpe/FHWA, version 0.96).
//!
//! In: a network, a map. Out: tables by name. Lengths in metres, speeds in km/h, as `config.csv` says. What GMNS has no field for
//! stands in columns that begin with `opt_`, as the specification has it: `opt_length`, `opt_saturation` of lanes, `opt_signal_group` of movements, `opt_yellow`,
//! `opt_all_red`, `opt_min_green`, `opt_start`, `opt_end` (in the cycle) of phases, `opt_programme` (name of the programme), `opt_dates` (which days the holidays are), `opt_goes_on` (it began
//! the day before) of plans, `opt_utc_offset_min` of controllers; [`crate::network::import::gmns`] reads them, so our own tables come back as they went.
//!
//! A plan has one time there, so a programme that runs at several times of the week is written as several plans. A movement of ours starts on one lane, so GMNS's lists one lane each. Where a road has a name as exit and another
//! as approach, GMNS has one link with the name of the approach. Lost: crosswalks but for walk and clearance, feeders, detectors, maximum reds, pairwise clearances.

use super::ExportReport;
use super::legs::{DIRECTIONS, exits_from_left, legs, turned};
use super::phases::{PhaseOf, Phases, Timing, phases};
use super::{seconds, short, time_day};
use crate::ids::{LaneIx, LinkId};
use crate::network::periods::Period;
use crate::network::table::quoted;
use crate::network::{Days, Geometry, Intersection, Link, Network, Turn};
use crate::time::Millis;
use crate::units::Indication;
use std::collections::{BTreeMap, BTreeSet};

/// Distance of an end of the network that has no place \[m\].
const END_M: f64 = 300.0;
/// Tables with their columns.
const TABLES: [(&str, &str); 10] = [
    ("config", "dataset_name,short_length,long_length,speed,crs,version_number,id_type"),
    ("node", "node_id,name,x_coord,y_coord,node_type,ctrl_type"),
    ("link", "link_id,from_node_id,to_node_id,directed,length,free_speed,lanes"),
    ("lane", "lane_id,link_id,lane_num,opt_length,opt_saturation"),
    (
        "movement",
        "mvmt_id,node_id,name,ib_link_id,start_ib_lane,end_ib_lane,ob_link_id,start_ob_lane,end_ob_lane,type,ctrl_type,mvmt_code,opt_signal_group",
    ),
    ("signal_controller", "controller_id,opt_utc_offset_min"),
    ("signal_timing_plan", "timing_plan_id,controller_id,time_day,cycle_length,opt_programme,opt_dates,opt_goes_on"),
    ("signal_coordination", "coordination_id,timing_plan_id,controller_id,coord_phase,coord_ref_to,offset"),
    (
        "signal_timing_phase",
        "timing_phase_id,timing_plan_id,signal_phase_num,min_green,max_green,clearance,walk_time,ped_clearance,ring,barrier,position,opt_yellow,opt_all_red,opt_min_green,opt_start,opt_end",
    ),
    ("signal_phase_mvmt", "signal_phase_mvmt_id,timing_phase_id,mvmt_id,protection"),
];

/// Write a network: text of each table by its name.
pub fn write(network: &Network, geometry: &Geometry) -> (BTreeMap<String, String>, ExportReport) {
    let mut writer =
        Writer { network, geometry, rows: BTreeMap::new(), left: BTreeSet::new(), report: ExportReport::default() };
    if geometry.schematic {
        writer.report.guess("network", "lanes are not on a map that was surveyed: directions come from names and turns, places may be laid out by rule");
    }
    let config = [network.city.as_str(), "m", "m", "kph", "plane metres", "0.96", "string"];
    writer.row("config", &config.map(str::to_owned));
    for intersection in &network.intersections {
        writer.intersection(intersection);
    }
    let table = |(name, columns): (&str, &str)| {
        let rows = writer.rows.get(name).map(|it| it.concat()).unwrap_or_default();
        (name.to_owned(), format!("{columns}\n{rows}"))
    };
    (TABLES.into_iter().map(table).collect(), writer.report)
}

struct Writer<'a> {
    network: &'a Network,
    geometry: &'a Geometry,
    rows: BTreeMap<&'static str, Vec<String>>,
    /// Roads that lead out and are written.
    left: BTreeSet<String>,
    report: ExportReport,
}

impl Writer<'_> {
    /// A row, unless the same one is there already (a road is reached from both of its ends).
    fn row(&mut self, table: &'static str, cells: &[String]) {
        let line = cells.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(",") + "\n";
        let rows = self.rows.entry(table).or_default();
        if !["node", "link"].contains(&table) || !rows.contains(&line) {
            rows.push(line);
        }
    }

    fn intersection(&mut self, intersection: &Intersection) {
        let id = intersection.id.to_string();
        let [x, y] = self.geometry.intersections.get(&id).copied().unwrap_or_default();
        self.row(
            "node",
            &[id.clone(), String::new(), short(x), short(y), "intersection".to_owned(), "signal".to_owned()],
        );
        let all = legs(intersection, self.geometry, &mut self.report);
        for leg in &all {
            let approach = &intersection.approaches[leg.approach];
            let link = self.network.links.iter().find(|it| it.to == intersection.id && it.approach == approach.id);
            let from = link.map(|it| it.from.to_string()).or_else(|| self.leaves_as(&approach.id));
            let from = from.unwrap_or_else(|| self.end(intersection, leg.direction));
            let lanes = leg.lanes.iter().map(|it| &intersection.lanes[it.0]);
            let length = lanes.clone().map(|it| it.length_m).chain(link.map(|it| it.length_m)).fold(1.0, f64::max);
            let speed = lanes.map(|it| it.speed_mps).fold(0.0, f64::max);
            let count = leg.lanes.len().to_string();
            let name = approach.id.to_string();
            self.row(
                "link",
                &[name.clone(), from, id.clone(), "true".to_owned(), short(length), short(speed * 3.6), count],
            );
            for (lane, number) in numbered(intersection, &leg.lanes) {
                let it = &intersection.lanes[lane.0];
                let cells = [
                    it.id.to_string(),
                    name.clone(),
                    number.to_string(),
                    short(it.length_m),
                    short(it.saturation_prior),
                ];
                self.row("lane", &cells);
            }
            for turn in &leg.turns {
                let leaving = (leg.direction + turned(turn.letter)) % 8;
                let exits = exits_from_left(intersection, &turn.exit, self.geometry);
                let road = self.out(intersection, (&turn.exit, &exits), leaving);
                for &movement in &turn.movements {
                    let it = &intersection.movements[movement.0];
                    let number = numbered(intersection, &leg.lanes).find(|found| Some(found.0) == it.lane);
                    let lane = number.map_or_else(String::new, |it| it.1.to_string());
                    let out = exits.iter().position(|exit| it.exit.is_some_and(|own| own.0 == *exit));
                    let out = out.map_or_else(String::new, |it| (it + 1).to_string());
                    let cells = [
                        format!("{id}:{}", it.id),
                        id.clone(),
                        it.id.clone(),
                        name.clone(),
                        lane.clone(),
                        lane,
                        road.clone(),
                        out.clone(),
                        out,
                        kind(it.turn).to_owned(),
                        "signal".to_owned(),
                        format!("{}{}", DIRECTIONS[leg.direction], turn.letter),
                        intersection.groups[it.group.0].id.clone(),
                    ];
                    self.row("movement", &cells);
                }
            }
        }
        if intersection.movements.iter().any(|it| it.lane.is_none()) {
            self.report.lose(&id, "crosswalks: only walk and clearance of their phases are written");
        }
        let offset = intersection.timetable.utc_offset.0 / 60_000;
        let timed = !intersection.timetable.entries.is_empty();
        self.row("signal_controller", &[id, if timed { offset.to_string() } else { String::new() }]);
        if let Some(phases) = phases(intersection, &mut self.report) {
            // Only of movements that found a place in their table.
            let written: BTreeSet<usize> =
                all.iter().flat_map(|leg| &leg.turns).flat_map(|turn| &turn.movements).map(|it| it.0).collect();
            self.plans(intersection, &phases, &written);
        }
    }

    /// The intersection that a road leaves under the name that it has as an approach.
    fn leaves_as(&self, road: &LinkId) -> Option<String> {
        let mut all = self.network.intersections.iter();
        all.find(|it| it.exits.iter().any(|exit| exit.link == *road)).map(|it| it.id.to_string())
    }

    /// The node at the end of the network from which a leg leads in.
    fn end(&mut self, intersection: &Intersection, direction: usize) -> String {
        let id = format!("{}:{}", intersection.id, DIRECTIONS[direction]);
        let [x, y] = self.geometry.intersections.get(intersection.id.as_str()).copied().unwrap_or_default();
        let away = (direction as f64 * 45.0).to_radians();
        let (x, y) = (x - END_M * away.sin(), y - END_M * away.cos());
        self.row("node", &[id.clone(), String::new(), short(x), short(y), "external".to_owned(), "none".to_owned()]);
        id
    }

    /// Name of the link by which a road is left; it is written here where it ends outside.
    fn out(&mut self, intersection: &Intersection, (exit, lanes): (&LinkId, &[usize]), leaving: usize) -> String {
        let all = self.network.links.iter().filter(|it| it.from == intersection.id && it.id == *exit);
        if let Some(link) = leads(self.network, intersection, exit) {
            if all.count() > 1 {
                let what = format!("road {exit} leads to several signals: only the first is told");
                self.report.lose(intersection.id.as_str(), what);
            }
            return link.approach.to_string();
        }
        if let Some(link) = all.into_iter().next().filter(|_| !self.left.contains(exit.as_str())) {
            let what = format!("road {exit} is not the only one to {} at {}: it ends outside", link.approach, link.to);
            self.report.lose(intersection.id.as_str(), what);
        }
        let mut approaches = self.network.intersections.iter().flat_map(|it| &it.approaches);
        if approaches.any(|it| it.id == *exit) || !self.left.insert(exit.to_string()) {
            return exit.to_string();
        }
        let to = self.end(intersection, (leaving + 4) % 8);
        let exits = lanes.iter().map(|&it| &intersection.exits[it]);
        let (length, count) = (exits.clone().map(|it| it.length_m).fold(1.0, f64::max), lanes.len());
        // A road that leads out has no speed of its own here; that of the fastest lane before the signal stands for it.
        let speed = intersection.lanes.iter().map(|it| it.speed_mps).fold(0.0, f64::max);
        let name = exit.to_string();
        let (length, speed) = (short(length), short(speed * 3.6));
        let cells = [name, intersection.id.to_string(), to, "true".to_owned(), length, speed, count.to_string()];
        self.row("link", &cells);
        for (it, number) in exits.zip(1..) {
            let (name, road, number) = (it.id.to_string(), exit.to_string(), number.to_string());
            self.row("lane", &[name, road, number, short(it.length_m), String::new()]);
        }
        exit.to_string()
    }

    /// A plan for each time of each programme, each with all its phases.
    fn plans(&mut self, intersection: &Intersection, phases: &Phases<'_>, written: &BTreeSet<usize>) {
        let timetable = &intersection.timetable;
        let periods = timetable.periods();
        let named = |name: &str| timetable.programmes.iter().any(|it| it.0 == name);
        let first =
            (1..=timetable.programmes.len() + 1).map(|it| it.to_string()).find(|it| !named(it)).unwrap_or_default();
        let mut taken: BTreeSet<String> =
            timetable.programmes.iter().map(|it| it.0.clone()).chain([first.clone()]).collect();
        for timing in &phases.programmes {
            let name = timing.name.unwrap_or(&first);
            let own: Vec<&Period> = periods.iter().filter(|it| it.programme == timing.position).collect();
            let times: Vec<Option<&Period>> =
                if own.is_empty() { vec![None] } else { own.into_iter().map(Some).collect() };
            for (time, count) in times.into_iter().zip(1..) {
                let plan = if count == 1 {
                    name.to_owned()
                } else {
                    let free =
                        (count..=count + taken.len()).map(|it| format!("{name}:{it}")).find(|it| !taken.contains(it));
                    free.unwrap_or_default()
                };
                taken.insert(plan.clone());
                self.plan(intersection, (phases, timing), (&plan, time), written);
            }
        }
        if periods.iter().any(|it| matches!(it.days, Days::Dates(_))) {
            let what = "holidays have no dates in these tables: they stand in a column of our own, and in the morning after the plan of the week is told";
            self.report.lose(intersection.id.as_str(), what);
        }
    }

    fn plan(
        &mut self,
        intersection: &Intersection,
        (phases, timing): (&Phases<'_>, &Timing<'_>),
        (plan, time): (&str, Option<&Period>),
        written: &BTreeSet<usize>,
    ) {
        let id = intersection.id.to_string();
        let plan = format!("{id}:{plan}");
        let always = intersection.timetable.entries.is_empty();
        let (time_day, dates) = time.map(|it| time_day(it, always)).unwrap_or_default();
        let goes_on = time.map_or("", |it| if it.carried { "true" } else { "false" }).to_owned();
        let name = timing.name.unwrap_or_default().to_owned();
        let cells = [plan.clone(), id.clone(), time_day, seconds(timing.cycle), name, dates, goes_on];
        self.row("signal_timing_plan", &cells);
        let begins: Vec<(usize, Millis)> =
            (0..phases.phases.len()).filter_map(|at| Some((at, timing.runs[at]?.0))).collect();
        let reference = begins.iter().find(|it| it.1 == timing.begin).or_else(|| begins.first());
        if let Some((at, begin)) = reference {
            let (number, part) = (phases.phases[*at].number.to_string(), "begin_of_green".to_owned());
            self.row("signal_coordination", &[plan.clone(), plan.clone(), id.clone(), number, part, seconds(*begin)]);
        }
        for (at, it) in phases.phases.iter().enumerate() {
            self.phase(&plan, (at, it), timing);
            for movement in written.iter().map(|&at| &intersection.movements[at]) {
                let protection = if it.protected.contains(&movement.group) {
                    "protected"
                } else if it.permissive.contains(&movement.group) {
                    "permitted"
                } else if intersection.groups[movement.group.0].rest == Indication::RedTurnAllowed {
                    "rtor"
                } else {
                    continue;
                };
                let (phase, own) = (format!("{plan}:{}", it.number), format!("{id}:{}", movement.id));
                self.row("signal_phase_mvmt", &[format!("{phase}:{}", movement.id), phase, own, protection.to_owned()]);
            }
        }
    }

    fn phase(&mut self, plan: &str, (at, it): (usize, &PhaseOf), timing: &Timing<'_>) {
        // What is not shown has no green, as a minimum and as a maximum.
        let green = seconds(timing.green(at, it).unwrap_or_default());
        let walk = |pick: fn((Millis, Millis)) -> Millis| it.walk.map_or_else(String::new, |it| seconds(pick(it)));
        let run =
            |pick: fn((Millis, Millis)) -> Millis| timing.runs[at].map_or_else(String::new, |it| seconds(pick(it)));
        let cells = [
            format!("{plan}:{}", it.number),
            plan.to_owned(),
            it.number.to_string(),
            green.clone(),
            green,
            seconds(it.yellow + it.red),
            walk(|it| it.0),
            walk(|it| it.1),
            it.ring.to_string(),
            it.barrier.to_string(),
            timing.positions[at].to_string(),
            seconds(it.yellow),
            seconds(it.red),
            seconds(it.green_min),
            run(|it| it.0),
            run(|it| it.1),
        ];
        self.row("signal_timing_phase", &cells);
    }
}

/// Where a road of exit leads to a signal. One road joins two places there: of several to one approach it is the shortest.
fn leads<'a>(network: &'a Network, from: &Intersection, exit: &LinkId) -> Option<&'a Link> {
    let own = || network.links.iter().filter(|it| it.from == from.id);
    let link = own().find(|it| it.id == *exit)?;
    let same = own().filter(|it| (&it.to, &it.approach) == (&link.to, &link.approach));
    let main = same.min_by(|a, b| a.length_m.total_cmp(&b.length_m))?;
    (main.id == link.id).then_some(link)
}

/// Lanes from left to right with GMNS's numbers: lanes for left turns alone count down from -1, the others up from 1.
fn numbered<'a>(intersection: &'a Intersection, lanes: &'a [LaneIx]) -> impl Iterator<Item = (LaneIx, i64)> + 'a {
    let turns_left = |lane: &LaneIx| {
        let movements = &intersection.lanes[lane.0].movements;
        !movements.is_empty()
            && movements.iter().all(|it| matches!(intersection.movements[it.0].turn, Turn::Left | Turn::UTurn))
    };
    let left = lanes.iter().take_while(|it| turns_left(it)).count();
    let number = move |at: usize| {
        if at < left { -i64::try_from(left - at).unwrap_or(0) } else { i64::try_from(at - left).unwrap_or(0) + 1 }
    };
    lanes.iter().zip(0..).map(move |(&lane, at)| (lane, number(at)))
}

fn kind(turn: Turn) -> &'static str {
    match turn {
        Turn::Left => "left",
        Turn::Right => "right",
        Turn::UTurn => "uturn",
        Turn::Through | Turn::Crosswalk => "thru",
    }
}
