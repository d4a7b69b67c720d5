//! A referee's eye on a run: every vehicle and every lamp, second by second → figures of movements, queues, and what is drawn.
//!
//! In: [`Sight`]s, the same from SUMO and from our simulator, so that controllers and simulators are judged by one rule whatever
//! detectors they have. Out: [`Observed`].
//!
//! | Figure | Definition |
//! |---|---|
//! | control delay | `1 − v/v_free` of each second, from 300 m before the stop line until the vehicle no longer speeds up behind it (15 s at most): braking, queueing, starting (parts of control delay in HCM 7, ch. 19) |
//! | stop | speed falls below 0.1 m/s; the next one only after 5 km/h were exceeded |
//! | in the queue | slower than 5 km/h within 300 m of the stop line |
//! | arrival on green | the vehicle would reach the stop line at free speed, from where it is first seen within 150 m, while the movement is green (Purdue coordination diagram) |
//! | present | within 10 m of the stop line |
//! | used green | somebody within 50 m when it ends; else it gapped out |
//!
//! Weakness: a queue longer than 300 m loses time there that no movement is charged with; it stands in the delay of the trips.

use super::corridor_drawing::Drawing;
use super::movements::Movements;
use super::outcome::{BIN_S, Cycles, Detail, OfMovement, Served, bins_s};
use crate::network::Network;
use std::collections::BTreeMap;
use std::ops::Range;

/// Reach of a signal \[m\].
pub(super) const REACH_M: f64 = 300.0;
/// Longest time that speeding up behind a stop line counts \[s\].
const LEAVING_S: u8 = 15;
/// Slower than this is in the queue \[m/s\].
const QUEUED_MPS: f64 = 5.0 / 3.6;
/// Slower than this stands \[m/s\].
const STANDS_MPS: f64 = 0.1;
/// Where an arrival is foretold \[m\].
const FORETOLD_M: f64 = 150.0;
/// Present at the stop line, and near enough to use a green \[m\].
const PRESENT_M: f64 = 10.0;
const NEAR_M: f64 = 50.0;
/// Who was this near, and is gone, has passed the stop line; further at speed \[m\].
const PASSED_M: f64 = 15.0;
/// Seconds of red in which presence counts.
const ROR_S: i64 = 5;
/// Movements whose greens and arrivals are kept.
const DRAWN: usize = 40;

/// One vehicle at the end of a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Which.
    pub vehicle: u32,
    /// Movement that it will make, and how far its stop line is \[m\].
    pub towards: Option<(usize, f64)>,
    /// Speed \[m/s\].
    pub speed_mps: f64,
    /// Speed that its driver would like \[m/s\], above 0.
    pub free_mps: f64,
    /// How long it has stood without a break \[s\].
    pub standing_s: f64,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// Movements, in the order of the table.
    pub movements: Vec<OfMovement>,
    /// Vehicles in all queues, by bin.
    pub queue_veh: Vec<f64>,
    /// Of each intersection.
    pub queues: Vec<(String, Vec<f64>)>,
    /// Vehicles in all queues, exceeded in one second of twenty.
    pub queue_p95_veh: u32,
    /// What is drawn.
    pub detail: Option<Detail>,
}

/// Watches a run.
#[derive(Debug, Clone)]
pub struct Observer {
    table: Movements,
    seconds: Range<i64>,
    measured_from: i64,
    tracks: BTreeMap<u32, Track>,
    sums: Vec<Sum>,
    /// In all queues: seconds by number.
    queued: Vec<u32>,
    /// Vehicle-seconds in the queue of each intersection, by bin.
    bins: Vec<Vec<u32>>,
    names: Vec<String>,
    due: BTreeMap<i64, Vec<usize>>,
    drawing: Option<Drawing>,
}

#[derive(Debug, Clone, Default)]
struct Track {
    movement: Option<usize>,
    distance_m: f64,
    speed_mps: f64,
    halted: bool,
    foretold: bool,
    /// Movement that it has just made, and seconds left in which it is charged.
    leaving: Option<(usize, u8)>,
    seen: i64,
}

#[derive(Debug, Clone, Default)]
struct Sum {
    figures: OfMovement,
    /// Seconds by number in the queue.
    queued: Vec<u32>,
    now_queued: usize,
    present: bool,
    near: bool,
    lamp: Lamp,
}

/// What the groups of a movement show together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Green,
    Yellow,
    Red,
}

#[derive(Debug, Clone, Default)]
struct Lamp {
    green: bool,
    last_red: Option<i64>,
    running: Option<Running>,
    services: Vec<Served>,
    points: Vec<(i64, i64, bool)>,
}

#[derive(Debug, Clone, Copy)]
struct Running {
    served: Served,
    yellow: Option<i64>,
    red: Option<i64>,
    present: (i64, i64),
}

impl Observer {
    /// Of a run over these seconds, counted from an instant on; with what is drawn, if wanted.
    pub fn new(network: &Network, seconds: Range<i64>, measured_from: i64, draws: bool) -> Self {
        let table = Movements::of(network);
        let sum = |it: &super::movements::Movement| Sum {
            figures: OfMovement {
                intersection: it.intersection.clone(),
                approach: it.approach.clone(),
                exit: it.exit.clone(),
                turn: it.turn_name().to_owned(),
                ..OfMovement::default()
            },
            ..Sum::default()
        };
        let bins = ((seconds.end - measured_from).max(1) as usize).div_ceil(BIN_S as usize);
        Self {
            sums: table.all.iter().map(sum).collect(),
            drawing: draws.then(|| Drawing::new(network, &table, &(measured_from..seconds.end))),
            table,
            measured_from,
            seconds,
            tracks: BTreeMap::new(),
            queued: Vec::new(),
            bins: vec![vec![0; bins]; network.intersections.len()],
            names: network.intersections.iter().map(|it| it.id.to_string()).collect(),
            due: BTreeMap::new(),
        }
    }

    /// The movements by which vehicles are told.
    pub fn table(&self) -> &Movements {
        &self.table
    }

    /// The second that ends now: every vehicle, and what each intersection shows.
    pub fn second(&mut self, second: i64, sights: &[Sight], lamps: &[String]) {
        for sum in &mut self.sums {
            (sum.now_queued, sum.present, sum.near) = (0, false, false);
        }
        for sight in sights {
            self.look(second, sight);
        }
        self.gone(second);
        if let Some(drawing) = &mut self.drawing {
            drawing.second(second, sights, lamps, &self.table);
        }
        for (sum, movement) in self.sums.iter_mut().zip(&self.table.all) {
            let letters = lamps.get(movement.ix).map_or(&[][..], |it| it.as_bytes());
            let shows = |wanted: fn(u8) -> bool| {
                movement.groups.iter().any(|&group| letters.get(group).copied().is_some_and(wanted))
            };
            let shown = if shows(|it| matches!(it, b'G' | b'g')) {
                Shown::Green
            } else if shows(|it| matches!(it, b'y' | b'Y')) {
                Shown::Yellow
            } else {
                Shown::Red
            };
            sum.lamp.second(second, shown, sum.present, sum.near);
        }
        while let Some(first) = self.due.first_entry().filter(|it| *it.key() <= second) {
            for movement in first.remove() {
                self.sums[movement].arrived(second, second >= self.measured_from);
            }
        }
        if second >= self.measured_from {
            self.count(second);
        }
    }

    fn look(&mut self, second: i64, sight: &Sight) {
        let track = self.tracks.entry(sight.vehicle).or_default();
        let measured = second >= self.measured_from;
        let (before, now) = (track.movement, sight.towards.map(|(movement, _)| movement));
        if let Some(before) = before.filter(|_| before != now) {
            let site = |movement: usize| self.table.all[movement].ix;
            if now.is_none_or(|now| site(now) != site(before)) && track.has_passed() {
                self.sums[before].figures.passed += u32::from(measured);
                track.leaving = Some((before, LEAVING_S));
            }
            track.foretold = false;
        }
        let lost = (1.0 - sight.speed_mps / sight.free_mps).clamp(0.0, 1.0);
        let near = sight.towards.filter(|(_, distance_m)| *distance_m <= REACH_M);
        let speeds_up = sight.speed_mps > track.speed_mps && sight.speed_mps < 0.95 * sight.free_mps;
        track.leaving = track.leaving.filter(|(_, left)| *left > 0 && speeds_up).map(|(it, left)| (it, left - 1));
        if let (Some(movement), true) = (track.leaving.map(|it| it.0).or(near.map(|it| it.0)), measured) {
            self.sums[movement].figures.lost_s += lost;
        }
        if let Some((movement, distance_m)) = near {
            let sum = &mut self.sums[movement];
            sum.now_queued += usize::from(sight.speed_mps < QUEUED_MPS);
            sum.present |= distance_m <= PRESENT_M;
            sum.near |= distance_m <= NEAR_M;
            if measured {
                sum.figures.stops += u32::from(sight.speed_mps < STANDS_MPS && !track.halted);
                sum.figures.halt_max_s = sum.figures.halt_max_s.max(sight.standing_s);
            }
            if distance_m <= FORETOLD_M && !track.foretold {
                track.foretold = true;
                self.due.entry(second + (distance_m / sight.free_mps) as i64).or_default().push(movement);
            }
        }
        track.halted = sight.speed_mps < STANDS_MPS || (track.halted && sight.speed_mps < QUEUED_MPS);
        (track.movement, track.speed_mps, track.seen) = (now, sight.speed_mps, second);
        track.distance_m = sight.towards.map_or(0.0, |it| it.1);
    }

    /// Whoever is no longer on the road may have passed a stop line with his last step.
    fn gone(&mut self, second: i64) {
        let (sums, measured) = (&mut self.sums, second >= self.measured_from);
        self.tracks.retain(|_, track| {
            if track.seen == second {
                return true;
            }
            if let Some(movement) = track.movement.filter(|_| track.has_passed() && measured) {
                sums[movement].figures.passed += 1;
            }
            false
        });
    }

    fn count(&mut self, second: i64) {
        let bin = ((second - self.measured_from) / BIN_S) as usize;
        let mut all = 0;
        for (sum, movement) in self.sums.iter_mut().zip(&self.table.all) {
            add(&mut sum.queued, sum.now_queued);
            all += sum.now_queued;
            if let Some(bin) = self.bins[movement.ix].get_mut(bin) {
                *bin += sum.now_queued as u32;
            }
        }
        add(&mut self.queued, all);
    }

    /// What was seen.
    pub fn finish(mut self) -> Observed {
        for movement in self.tracks.values().filter_map(|it| it.movement.filter(|_| it.distance_m <= REACH_M)) {
            self.sums[movement].figures.left += 1;
        }
        for sum in &mut self.sums {
            let seconds: u32 = sum.queued.iter().sum();
            let all: u64 = sum.queued.iter().zip(0_u64..).map(|(&seconds, veh)| u64::from(seconds) * veh).sum();
            sum.figures.lost_s = thousandths(sum.figures.lost_s);
            sum.figures.queue_mean_veh = thousandths(all as f64 / f64::from(seconds.max(1)));
            sum.figures.queue_p95_veh = exceeded(&sum.queued, 0.05);
            sum.figures.queue_max_veh = (sum.queued.len() as u32).saturating_sub(1);
        }
        let detail = self.drawing.take().map(|drawing| self.detail(drawing));
        let whole = self.seconds.end - self.measured_from;
        let length = |bin: usize| BIN_S.min(whole - bins_s(bin)).max(1) as f64;
        let means = |bins: &[u32]| -> Vec<f64> {
            bins.iter().enumerate().map(|(at, it)| thousandths(f64::from(*it) / length(at))).collect()
        };
        let bins = self.bins.first().map_or(0, Vec::len);
        let all: Vec<u32> = (0..bins).map(|at| self.bins.iter().map(|it| it[at]).sum()).collect();
        Observed {
            queue_veh: means(&all),
            queues: self.names.iter().cloned().zip(self.bins.iter().map(|it| means(it))).collect(),
            queue_p95_veh: exceeded(&self.queued, 0.05),
            movements: self.sums.into_iter().map(|it| it.figures).collect(),
            detail,
        }
    }

    fn detail(&self, drawing: Drawing) -> Detail {
        let mut busiest: Vec<usize> = (0..self.sums.len()).filter(|&at| self.sums[at].figures.passed > 0).collect();
        busiest.sort_by_key(|&at| (std::cmp::Reverse(self.sums[at].figures.passed), at));
        busiest.truncate(DRAWN);
        busiest.sort_unstable();
        let cycles = |at: &usize| Cycles {
            movement: *at,
            services: self.sums[*at].lamp.services.clone(),
            points: self.sums[*at].lamp.points.clone(),
        };
        Detail { traces: drawing.finish(), cycles: busiest.iter().map(cycles).collect() }
    }
}

impl Track {
    /// Whether it was so near to its stop line that it has passed it when it is no longer before it.
    fn has_passed(&self) -> bool {
        self.distance_m <= PASSED_M + 1.5 * self.speed_mps
    }
}

impl Sum {
    fn arrived(&mut self, second: i64, measured: bool) {
        self.figures.arrivals += u32::from(measured);
        self.figures.on_green += u32::from(measured && self.lamp.green);
        if let Some(red) = self.lamp.last_red {
            self.lamp.points.push((second, second - red, self.lamp.green));
        }
    }
}

impl Lamp {
    fn second(&mut self, second: i64, shown: Shown, present: bool, near: bool) {
        let green = shown == Shown::Green;
        if green && !self.green {
            self.close();
            let served = Served {
                red_before: self.last_red,
                green: second,
                yellow: second,
                red: second,
                used: false,
                occupied: (0.0, 0.0),
            };
            self.running = Some(Running { served, yellow: None, red: None, present: (0, 0) });
        }
        if let Some(running) = &mut self.running {
            if self.green && !green {
                (running.yellow, running.served.used) = (Some(second), near);
            }
            if shown == Shown::Red && running.red.is_none() {
                running.red = Some(second);
                self.last_red = Some(second);
            }
            running.present.0 += i64::from(green && present);
            let since = running.red.map_or(i64::MAX, |red| second - red);
            running.present.1 += i64::from(since < ROR_S && present);
        } else if shown == Shown::Red && self.last_red.is_none() {
            self.last_red = Some(second);
        }
        self.green = green;
    }

    fn close(&mut self) {
        let Some(Running { mut served, yellow, red, present }) = self.running.take() else { return };
        let Some((yellow, red)) = yellow.zip(red.or(yellow)) else { return };
        (served.yellow, served.red) = (yellow, red);
        let share = |part: i64, whole: i64| hundredths(part as f64 / whole.max(1) as f64).min(1.0);
        served.occupied = (share(present.0, yellow - served.green), share(present.1, ROR_S));
        self.services.push(served);
    }
}

fn add(seconds: &mut Vec<u32>, number: usize) {
    if seconds.len() <= number {
        seconds.resize(number + 1, 0);
    }
    seconds[number] += 1;
}

/// The smallest number that is exceeded in at most this share of the seconds.
fn exceeded(seconds: &[u32], share: f64) -> u32 {
    let all: u32 = seconds.iter().sum();
    let (mut above, mut number) = (0, seconds.len() as u32);
    while let Some(more) = number.checked_sub(1).map(|at| seconds[at as usize]) {
        if f64::from(above + more) > share * f64::from(all) {
            return number - 1;
        }
        above += more;
        number -= 1;
    }
    0
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    fn observer() -> Observer {
        let network = Network { city: "c".into(), intersections: vec![crossroads()], links: Vec::new() };
        Observer::new(&network, 0..600, 0, true)
    }

    fn sight(distance_m: Option<f64>, speed_mps: f64, standing_s: f64) -> Sight {
        Sight { vehicle: 7, towards: distance_m.map(|it| (0, it)), speed_mps, free_mps: 10.0, standing_s }
    }

    /// Lamps of the crossroads with movement 0 green or not.
    fn lamps(observer: &Observer, green: bool) -> Vec<String> {
        let groups = crossroads().groups.len();
        let mine = &observer.table.all[0].groups;
        vec![(0..groups).map(|it| if green && mine.contains(&it) { 'G' } else { 'r' }).collect()]
    }

    #[test]
    fn a_vehicle_that_waits_and_passes_is_charged_to_its_movement_until_it_has_sped_up() {
        let mut it = observer();
        let (red, green) = (lamps(&it, false), lamps(&it, true));
        it.second(0, &[sight(Some(100.0), 10.0, 0.0)], &red);
        for second in 1..=20 {
            it.second(second, &[sight(Some(5.0), 0.0, second as f64)], &red);
        }
        it.second(21, &[sight(Some(2.0), 2.0, 0.0)], &green);
        it.second(22, &[sight(None, 6.0, 0.0)], &green);
        it.second(23, &[sight(None, 9.0, 0.0)], &green);
        it.second(24, &[sight(None, 9.0, 0.0)], &green);
        it.second(25, &[], &green);
        let seen = it.finish();
        let movement = &seen.movements[0];
        assert_eq!((movement.passed, movement.left, movement.stops), (1, 0, 1));
        assert!((movement.lost_s - (20.0 + 0.8 + 0.4 + 0.1)).abs() < 1e-9, "{movement:?}");
        assert!((movement.halt_max_s - 20.0).abs() < 1e-9);
        assert_eq!((movement.queue_max_veh, movement.arrivals, movement.on_green), (1, 1, 0));
        assert!((seen.queue_veh[0] - 20.0 / 60.0).abs() < 1e-3, "{:?}", seen.queue_veh);
    }

    #[test]
    fn whoever_never_gets_through_is_left_and_counts_in_the_delay() {
        let mut it = observer();
        let red = lamps(&it, false);
        for second in 0..600 {
            it.second(second, &[sight(Some(5.0), 0.0, second as f64)], &red);
        }
        let seen = it.finish();
        assert_eq!((seen.movements[0].passed, seen.movements[0].left), (0, 1));
        assert!((seen.movements[0].delay_s().unwrap() - 600.0).abs() < 1e-9);
        assert_eq!((seen.movements[1].delay_s(), seen.queue_p95_veh), (None, 1));
    }

    #[test]
    fn services_know_their_cycle_and_whether_somebody_was_there() {
        let mut it = observer();
        let (red, green) = (lamps(&it, false), lamps(&it, true));
        for second in 0..180 {
            let shown = if second % 60 < 30 { &red } else { &green };
            it.second(second, &[sight(Some(5.0), 0.0, 1.0)], shown);
        }
        it.sums[0].figures.passed = 1;
        let detail = it.finish().detail.unwrap();
        let services = &detail.cycles[0].services;
        assert_eq!(services.len(), 2);
        assert_eq!((services[1].red_before, services[1].green, services[1].red), (Some(60), 90, 120));
        assert!(services[1].used && services[1].occupied == (1.0, 1.0), "{services:?}");
    }

    #[test]
    fn a_share_of_seconds_is_exceeded() {
        assert_eq!((exceeded(&[95, 0, 5], 0.05), exceeded(&[94, 0, 6], 0.05), exceeded(&[], 0.05)), (0, 2, 0));
    }
}
