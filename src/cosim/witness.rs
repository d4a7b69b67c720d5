//! Every vehicle of a running SUMO, second by second: what a referee may see and an engine never does.
//!
//! In: what SUMO tells after a step. Out: who is where, how fast, how long at a stand, how fast
//! its driver would like to go and which lamp it drives towards. Used for figures that trip records do not hold ([`Standing`], [`super::causes`]) and for the yardstick
//! of known positions ([`super::degrade::known`]). A vehicle is subscribed to in the step in which it gets in and is forgotten with
//! its arrival; looking changes nothing in SUMO.

use super::causes::{Causes, Lost};
use super::error::CosimError;
use super::experiment::seen_sumo::SumoEye;
use super::sumo_process::Sumo;
use super::sumo_street::lamp_subscriptions;
use super::traci::answer::Told;
use super::traci::command::Batch;
use super::traci::value::Value;
use super::traci::{Domain, TraciError, variable};
use crate::network::Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked of each vehicle.
const ASKED: [u8; 6] = [
    variable::LANE_ID,
    variable::LANE_POSITION,
    variable::SPEED,
    variable::FREE_SPEED,
    variable::STANDING,
    variable::NEXT_SIGNALS,
];

/// Whoever stands this long at the head of a lane is held by more than a red lamp: the longest maximum red is 120 s, and no
/// programme of the known maps leaves a lane red for half of this \[s\].
pub const STUCK_S: f64 = 300.0;

/// One vehicle at the end of a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Vehicle {
    /// Lane that its front is on.
    pub lane: String,
    /// Front bumper from the begin of that lane \[m\].
    pub at_m: f64,
    /// Its speed \[m/s\].
    pub speed_mps: f64,
    /// Speed that its driver would drive on an empty lane \[m/s\].
    pub free_mps: f64,
    /// How long it has stood without a break \[s\].
    pub standing_s: f64,
    /// The next signal on its way.
    pub signal: Option<NextSignal>,
}

/// A signal ahead of a vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct NextSignal {
    /// Id of the traffic light.
    pub id: String,
    /// Its link, which is the position in the lamp string.
    pub link: usize,
    /// How far it is \[m\].
    pub distance_m: f64,
}

/// Vehicles at the head of their lanes that have not moved for long at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Lanes (those inside junctions included) whose first vehicle has stood for [`STUCK_S`] or longer.
    pub lanes: u32,
    /// How long the first vehicle that has stood longest has stood \[s\].
    pub longest_s: f64,
}

/// All vehicles that are on the road.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    vehicles: BTreeMap<String, Vehicle>,
    /// What each traffic light shows.
    lamps: BTreeMap<String, String>,
    causes: Causes,
    eye: Option<SumoEye>,
}

impl Witness {
    /// Ask to be told who gets in and what the lamps show; to be called once, before the first step.
    pub fn begin(sumo: &mut Sumo, network: &Network) -> Result<Self, CosimError> {
        let mut batch = lamp_subscriptions(network);
        batch.subscribe(Domain::Simulation, "", &[variable::DEPARTED]);
        sumo.talk(|client| client.subscribe(&batch))?;
        Ok(Self { causes: Causes::new(network), ..Self::default() })
    }

    /// An observer looks on as well.
    #[must_use]
    pub fn with(self, eye: Option<SumoEye>) -> Self {
        Self { eye, ..self }
    }

    /// The observer, who sees nothing more.
    pub fn take_eye(&mut self) -> Option<SumoEye> {
        self.eye.take()
    }

    /// Take in what was told after a step, and ask about those who have just got in.
    pub fn look(&mut self, sumo: &mut Sumo, told: &[Told]) -> Result<(), CosimError> {
        let mut batch = Batch::new();
        for told in told.iter().filter(|told| told.domain == Domain::Simulation) {
            for id in told.get(variable::DEPARTED).and_then(Value::as_texts).unwrap_or_default() {
                batch.subscribe(Domain::Vehicle, id, &ASKED);
            }
        }
        let new = sumo.talk(|client| client.subscribe(&batch))?;
        self.vehicles = vehicles(told.iter().chain(&new))?;
        for told in told.iter().filter(|told| told.domain == Domain::TrafficLight) {
            if let Some(lamps) = told.get(variable::LAMPS).and_then(Value::as_text) {
                self.lamps.insert(told.object.clone(), lamps.to_owned());
            }
        }
        self.causes.second(&self.vehicles, &self.lamps);
        if let Some(eye) = &mut self.eye {
            eye.look(&self.vehicles, &self.lamps);
        }
        Ok(())
    }

    /// The end of the run: where time was lost, with what was lost outside \[veh·s\].
    pub fn lost(self, outside: f64) -> Lost {
        self.causes.finish(outside)
    }

    /// Who is on the road, by name.
    pub fn vehicles(&self) -> &BTreeMap<String, Vehicle> {
        &self.vehicles
    }

    /// Who stands at the head of a lane and for how long.
    pub fn standing(&self) -> Standing {
        let mut heads: BTreeMap<&str, &Vehicle> = BTreeMap::new();
        for vehicle in self.vehicles.values() {
            let head = heads.entry(&vehicle.lane).or_insert(vehicle);
            if vehicle.at_m > head.at_m {
                *head = vehicle;
            }
        }
        let stood = || heads.values().map(|head| head.standing_s);
        Standing {
            lanes: stood().filter(|&secs| secs >= STUCK_S).count() as u32,
            longest_s: stood().fold(0.0, f64::max),
        }
    }
}

fn vehicles<'a>(told: impl Iterator<Item = &'a Told>) -> Result<BTreeMap<String, Vehicle>, TraciError> {
    let of_vehicles = told.filter(|told| told.domain == Domain::Vehicle);
    of_vehicles.map(|told| Ok((told.object.clone(), vehicle(told)?))).collect()
}

fn vehicle(told: &Told) -> Result<Vehicle, TraciError> {
    let number = |variable| told.get(variable).and_then(Value::as_double).ok_or(TraciError::Type(variable));
    let lane = told.get(variable::LANE_ID).and_then(Value::as_text).ok_or(TraciError::Type(variable::LANE_ID))?;
    Ok(Vehicle {
        lane: lane.to_owned(),
        at_m: number(variable::LANE_POSITION)?,
        speed_mps: number(variable::SPEED)?.max(0.0),
        free_mps: number(variable::FREE_SPEED)?.max(0.1),
        standing_s: number(variable::STANDING)?,
        signal: told.get(variable::NEXT_SIGNALS).and_then(next_signal),
    })
}

/// The nearest signal of the list that SUMO tells.
fn next_signal(told: &Value) -> Option<NextSignal> {
    let Value::Compound(items) = told else { return None };
    let [id, link, distance_m] = items.get(1..4)? else { return None };
    Some(NextSignal {
        id: id.as_text()?.to_owned(),
        link: link.as_count()? as usize,
        distance_m: distance_m.as_double()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicle(lane: &str, at_m: f64, standing_s: f64) -> Vehicle {
        Vehicle { lane: lane.into(), at_m, speed_mps: 0.0, free_mps: 14.0, standing_s, signal: None }
    }

    #[test]
    fn only_the_first_of_a_lane_counts_as_stuck() {
        let road = [("a", 90.0, 10.0), ("a", 80.0, 900.0), ("b", 5.0, 300.0), (":j_0", 3.0, 299.0)];
        let vehicles = road.iter().enumerate().map(|(n, (lane, at, secs))| (n.to_string(), vehicle(lane, *at, *secs)));
        let standing = Witness { vehicles: vehicles.collect(), ..Witness::default() }.standing();
        assert_eq!((standing.lanes, standing.longest_s), (1, 300.0));
    }

    #[test]
    fn a_vehicle_is_read_with_its_next_signal_and_without_one() {
        let text = |it: &str| Value::Text(it.into());
        let signals = vec![Value::Int(1), text("J"), Value::Int(3), Value::Double(42.0), Value::Int(114)];
        let mut told = Told {
            domain: Domain::Vehicle,
            object: "v".into(),
            values: vec![
                (variable::LANE_ID, text("a_0")),
                (variable::LANE_POSITION, Value::Double(7.0)),
                (variable::SPEED, Value::Double(2.0)),
                (variable::FREE_SPEED, Value::Double(14.0)),
                (variable::STANDING, Value::Double(0.0)),
                (variable::NEXT_SIGNALS, Value::Compound(signals)),
            ],
        };
        let seen = vehicles([&told].into_iter()).unwrap();
        let signal = seen["v"].signal.clone().unwrap();
        assert_eq!((seen["v"].lane.as_str(), signal.id.as_str(), signal.link), ("a_0", "J", 3));
        told.values[5].1 = Value::Compound(vec![Value::Int(0)]);
        assert_eq!(vehicles([&told].into_iter()).unwrap()["v"].signal, None);
        told.values.remove(2);
        assert!(vehicles([&told].into_iter()).is_err());
    }
}
