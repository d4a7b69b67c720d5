//! Where delay is lost: every vehicle's loss of every second, booked under a cause and a movement.
//!
//! In: every vehicle, every lamp, second by second. Out: vehicle-seconds by [`Cause`] and by movement. A vehicle at speed v loses
//! `1 − v/v_free` of a second (SUMO's time loss, with the speed its driver would drive on an empty lane). Vehicles of a lane
//! are judged by their lane's head, because who stands behind a car that must wait waits for the same thing. In this order:
//!
//! | cause | when |
//! |---|---|
//! | driving | faster than 0.7 of its free speed, wherever; or no signal within 300 m ahead |
//! | clearance | the head has no green, and some lamp of the junction is yellow or none is green |
//! | red | the head has no green, and somebody is within 60 m of a green that is shown to others |
//! | unused green | the head has no green, and nobody is within 60 m of those who have: wrong service |
//! | start-up | green, until the wave from the stop line (2 s, then 5 m/s) has come by and 6 s for speeding up have passed |
//! | blocked exit | green, the head stands, and the tail of a queue stands in the first 15 m of its exit lane |
//! | gives way | permissive green, the head stands |
//! | held up | protected green, the head stands: tails inside the junction, a lane change that finds no gap |
//! | discharge | green, the queue rolls |
//!
//! What a vehicle loses while it waits to get in is not seen here (`outside`, from the trip records).
//!
//! Weakness: booking is by what is seen in a second, not by what would have been otherwise: time at red that better offsets
//! would have saved is red. Reference for parts of control delay: HCM 7, ch. 19.

use super::witness::Vehicle;
use crate::network::Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Faster than this share of its free speed a vehicle is held up by nobody.
const FREE_SHARE: f64 = 0.7;
/// A signal further ahead holds nobody up \[m\].
const REACH_M: f64 = 300.0;
/// Who is this near uses a green \[m\].
const USES_M: f64 = 60.0;
/// Start-up: first reaction \[s\], wave upstream \[m/s\], speeding up \[s\].
const START_UP: (f64, f64, f64) = (2.0, 5.0, 6.0);
/// A head below this speed stands \[m/s\].
const STANDS_MPS: f64 = 2.0;
/// A tail that stands this near to the begin of an exit lane fills it \[m\].
const FULL_M: f64 = 15.0;

/// Why time is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A green that nobody uses while others wait.
    UnusedGreen,
    /// Red while others are served.
    Red,
    /// Yellow and red clearance.
    Clearance,
    /// The first seconds of green.
    StartUp,
    /// A queue that rolls at green.
    Discharge,
    /// No room behind the junction.
    BlockedExit,
    /// Waiting for a gap.
    GivesWay,
    /// Green, and something else is in the way.
    HeldUp,
    /// On the road: slower vehicles, bends, junctions without signals.
    Driving,
    /// Waiting to get in.
    Outside,
}

impl Cause {
    /// Every cause, in the order in which it is told.
    pub const ALL: [Self; 10] = [
        Self::UnusedGreen,
        Self::Red,
        Self::Clearance,
        Self::StartUp,
        Self::Discharge,
        Self::BlockedExit,
        Self::GivesWay,
        Self::HeldUp,
        Self::Driving,
        Self::Outside,
    ];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnusedGreen => "unused green",
            Self::Red => "red",
            Self::Clearance => "clearance",
            Self::StartUp => "start-up",
            Self::Discharge => "discharge",
            Self::BlockedExit => "blocked exit",
            Self::GivesWay => "gives way",
            Self::HeldUp => "held up",
            Self::Driving => "driving",
            Self::Outside => "outside",
        }
    }
}

/// What was lost in a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lost {
    /// By cause \[veh·s\].
    pub by_cause: BTreeMap<Cause, f64>,
    /// By intersection and movement \[veh·s\], the largest first.
    pub by_movement: Vec<(String, f64)>,
}

/// One signal-controlled link of a junction.
#[derive(Debug, Clone)]
struct Link {
    /// Intersection and movement, for people.
    name: String,
    /// Lane that it starts on.
    lane: usize,
    /// Lane that it leads to.
    exit: String,
}

/// Books losses.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    /// Links of each traffic light by their place in its lamp string.
    links: BTreeMap<String, BTreeMap<usize, Link>>,
    /// For each traffic light how long each link has been green \[s\].
    green_for: BTreeMap<String, Vec<f64>>,
    by_cause: BTreeMap<Cause, f64>,
    by_link: BTreeMap<(String, usize), f64>,
}

/// A vehicle on its way to a signal.
struct Towards<'a> {
    vehicle: &'a Vehicle,
    signal: &'a str,
    link: usize,
    distance_m: f64,
}

impl Causes {
    /// Nothing is lost yet.
    pub fn new(network: &Network) -> Self {
        let mut links: BTreeMap<String, BTreeMap<usize, Link>> = BTreeMap::new();
        for intersection in &network.intersections {
            for movement in &intersection.movements {
                let Some((lane, exit)) = movement.lane.zip(movement.exit) else { continue };
                let road = &intersection.exits[exit.0];
                let name = format!("{}: {} → {}", intersection.id, intersection.lanes[lane.0].id, road.link);
                let link = Link { name, lane: lane.0, exit: road.id.to_string() };
                links.entry(intersection.id.to_string()).or_default().insert(movement.group.0, link);
            }
        }
        Self { links, ..Self::default() }
    }

    /// Book one second. `lamps` is what each traffic light shows.
    pub fn second(&mut self, vehicles: &BTreeMap<String, Vehicle>, lamps: &BTreeMap<String, String>) {
        for (id, lamps) in lamps {
            let green_for = self.green_for.entry(id.clone()).or_insert_with(|| vec![0.0; lamps.len()]);
            for (green_for, lamp) in green_for.iter_mut().zip(lamps.chars()) {
                *green_for = if is_green(lamp) { *green_for + 1.0 } else { 0.0 };
            }
        }
        let all: Vec<Towards<'_>> = vehicles.values().filter_map(|it| self.towards(it)).collect();
        let (heads, served) = (self.heads(&all), self.served(&all));
        let tails = tails(vehicles);
        for vehicle in vehicles.values() {
            let lost = (1.0 - vehicle.speed_mps / vehicle.free_mps).clamp(0.0, 1.0);
            let towards = self.towards(vehicle).filter(|_| vehicle.speed_mps < FREE_SHARE * vehicle.free_mps);
            let Some(it) = towards else {
                *self.by_cause.entry(Cause::Driving).or_default() += lost;
                continue;
            };
            let lane = self.links[it.signal][&it.link].lane;
            let head = &all[heads[&(it.signal, lane)]];
            let cause = self.judge(&it, head, lamps, &served, &tails);
            *self.by_cause.entry(cause).or_default() += lost;
            *self.by_link.entry((it.signal.to_owned(), it.link)).or_default() += lost;
        }
    }

    /// What was lost, with what was lost outside \[veh·s\].
    pub fn finish(self, outside: f64) -> Lost {
        let mut by_cause = self.by_cause;
        by_cause.insert(Cause::Outside, outside);
        let links = &self.links;
        let named = |((signal, link), lost): (&(String, usize), &f64)| (links[signal][link].name.clone(), *lost);
        let mut by_movement: Vec<(String, f64)> = self.by_link.iter().map(named).collect();
        by_movement.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Lost { by_cause, by_movement }
    }

    fn towards<'a>(&self, vehicle: &'a Vehicle) -> Option<Towards<'a>> {
        let next = vehicle.signal.as_ref().filter(|next| next.distance_m <= REACH_M)?;
        self.links.get(&next.id)?.get(&next.link)?;
        Some(Towards { vehicle, signal: &next.id, link: next.link, distance_m: next.distance_m })
    }

    /// The first vehicle of each lane, by its place in the list.
    fn heads<'a>(&self, towards: &[Towards<'a>]) -> BTreeMap<(&'a str, usize), usize> {
        let mut heads: BTreeMap<(&str, usize), usize> = BTreeMap::new();
        for (at, it) in towards.iter().enumerate() {
            let head = heads.entry((it.signal, self.links[it.signal][&it.link].lane)).or_insert(at);
            if it.distance_m < towards[*head].distance_m {
                *head = at;
            }
        }
        heads
    }

    /// Traffic lights of which somebody uses a green.
    fn served<'a>(&self, towards: &[Towards<'a>]) -> BTreeMap<&'a str, bool> {
        let mut served = BTreeMap::new();
        for it in towards {
            let uses = it.distance_m <= USES_M && self.green_for(it) > 0.0;
            *served.entry(it.signal).or_insert(false) |= uses;
        }
        served
    }

    fn green_for(&self, it: &Towards<'_>) -> f64 {
        self.green_for.get(it.signal).and_then(|all| all.get(it.link)).copied().unwrap_or(0.0)
    }

    fn judge(
        &self,
        it: &Towards<'_>,
        head: &Towards<'_>,
        lamps: &BTreeMap<String, String>,
        served: &BTreeMap<&str, bool>,
        tails: &BTreeMap<&str, (f64, f64)>,
    ) -> Cause {
        let shown = lamps.get(it.signal).map_or("", String::as_str);
        let green_for = self.green_for(head);
        if green_for <= 0.0 {
            let is_changing = shown.contains(['y', 'Y']) || !shown.contains(is_green);
            return match (is_changing, served.get(it.signal)) {
                (true, _) => Cause::Clearance,
                (false, Some(true)) => Cause::Red,
                (false, _) => Cause::UnusedGreen,
            };
        }
        let (reaction_s, wave_mps, speeding_up_s) = START_UP;
        if green_for <= reaction_s + it.distance_m / wave_mps + speeding_up_s {
            return Cause::StartUp;
        }
        if head.vehicle.speed_mps >= STANDS_MPS {
            return Cause::Discharge;
        }
        let exit = self.links[head.signal][&head.link].exit.as_str();
        if tails.get(exit).is_some_and(|&(at_m, speed)| at_m < FULL_M && speed < STANDS_MPS) {
            return Cause::BlockedExit;
        }
        if shown.chars().nth(head.link) == Some('g') { Cause::GivesWay } else { Cause::HeldUp }
    }
}

fn is_green(lamp: char) -> bool {
    matches!(lamp, 'G' | 'g')
}

/// The last vehicle of each lane: its place and speed.
fn tails(vehicles: &BTreeMap<String, Vehicle>) -> BTreeMap<&str, (f64, f64)> {
    let mut tails: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for vehicle in vehicles.values() {
        let tail = tails.entry(&vehicle.lane).or_insert((vehicle.at_m, vehicle.speed_mps));
        if vehicle.at_m < tail.0 {
            *tail = (vehicle.at_m, vehicle.speed_mps);
        }
    }
    tails
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::witness::NextSignal;
    use crate::network::sample::crossroads;

    /// A vehicle that stands before a link of the sample crossroads.
    fn standing(link: usize, distance_m: f64) -> Vehicle {
        let signal = Some(NextSignal { id: "crossroads".into(), link, distance_m });
        Vehicle { lane: "x".into(), at_m: 90.0, speed_mps: 0.0, free_mps: 10.0, standing_s: 9.0, signal }
    }

    /// What is lost in the last of some seconds in which nothing changes.
    fn lost(vehicles: &[Vehicle], lamps: &str, seconds: usize) -> BTreeMap<Cause, f64> {
        let network = Network { city: "c".into(), intersections: vec![crossroads()], links: Vec::new() };
        let mut causes = Causes::new(&network);
        let vehicles = vehicles.iter().enumerate().map(|(at, it)| (at.to_string(), it.clone())).collect();
        let lamps = [("crossroads".to_owned(), lamps.to_owned())].into();
        for _ in 0..seconds {
            causes.by_cause.clear();
            causes.second(&vehicles, &lamps);
        }
        causes.by_cause
    }

    fn only(vehicles: &[Vehicle], lamps: &str, seconds: usize) -> Cause {
        let lost = lost(vehicles, lamps, seconds);
        assert_eq!(lost.len(), 1, "{lost:?}");
        *lost.keys().next().unwrap()
    }

    #[test]
    fn red_is_red_while_others_use_the_green_and_unused_green_while_nobody_does() {
        assert_eq!(only(&[standing(0, 5.0)], "rrGGrrGG", 9), Cause::UnusedGreen);
        let mut other = standing(2, 20.0);
        other.speed_mps = 10.0;
        let lost = lost(&[standing(0, 5.0), other], "rrGGrrGG", 9);
        assert!((lost[&Cause::Red] - 1.0).abs() < 1e-9, "{lost:?}");
    }

    #[test]
    fn between_two_stages_it_is_clearance() {
        assert_eq!(only(&[standing(0, 5.0)], "rryyrryy", 2), Cause::Clearance);
        assert_eq!(only(&[standing(0, 5.0)], "rrrrrrrr", 2), Cause::Clearance);
    }

    #[test]
    fn the_first_seconds_of_green_are_start_up_and_longer_further_back() {
        assert_eq!(only(&[standing(0, 5.0)], "GgrrGgrr", 9), Cause::StartUp);
        assert_eq!(only(&[standing(0, 5.0)], "GgrrGgrr", 10), Cause::HeldUp);
        assert_eq!(only(&[standing(0, 50.0)], "GgrrGgrr", 18), Cause::StartUp);
    }

    #[test]
    fn who_stands_at_green_gives_way_or_has_no_room_and_the_queue_behind_waits_for_the_same() {
        assert_eq!(only(&[standing(1, 5.0), standing(1, 12.0)], "GgrrGgrr", 15), Cause::GivesWay);
        let left = crossroads().movements.iter().find(|it| it.group.0 == 1).and_then(|it| it.exit).unwrap();
        let exit = crossroads().exits[left.0].id.to_string();
        let tail = Vehicle { lane: exit, at_m: 6.0, signal: None, ..standing(0, 0.0) };
        let found = lost(&[standing(1, 5.0), standing(1, 12.0), tail], "rGrrrGrr", 15);
        assert!((found[&Cause::BlockedExit] - 2.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_rolling_queue_is_discharge_and_who_drives_freely_only_drives() {
        let rolling = Vehicle { speed_mps: 5.0, ..standing(0, 20.0) };
        assert_eq!(only(&[rolling], "GgrrGgrr", 30), Cause::Discharge);
        let free = Vehicle { speed_mps: 9.0, ..standing(0, 20.0) };
        let lost = lost(&[free], "rrGGrrGG", 3);
        assert!((lost[&Cause::Driving] - 0.1).abs() < 1e-9, "{lost:?}");
    }

    #[test]
    fn movements_are_told_with_the_largest_loss_first() {
        let network = Network { city: "c".into(), intersections: vec![crossroads()], links: Vec::new() };
        let mut causes = Causes::new(&network);
        let vehicles = [standing(0, 5.0), standing(3, 5.0), standing(3, 12.0)];
        let vehicles = vehicles.into_iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect();
        causes.second(&vehicles, &[("crossroads".to_owned(), "rrrrrrrr".to_owned())].into());
        let lost = causes.finish(7.5);
        assert!((lost.by_movement[0].1 - 2.0).abs() < 1e-9 && lost.by_movement[0].0.starts_with("crossroads: in1_1"));
        assert!((lost.by_cause[&Cause::Outside] - 7.5).abs() < 1e-9);
    }
}
