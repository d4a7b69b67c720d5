//! A flow file → trips and their classes.
//!
//! A flow sends a vehicle at its start time and then one an interval up to its end. Vehicles that are alike are one class.

use super::Reader;
use super::file::{Flow, Vehicle};
use simulator::demand::{DemandFile, Depart, DepartSpeed, TripFile};
use simulator::street::{ClassFile, StreetFile};
use std::collections::BTreeSet;

/// Most vehicles that one flow may send.
const VEHICLES_MAX: f64 = 100_000.0;

impl Reader<'_> {
    pub(super) fn demand(&mut self, flows: &[Flow], street: &mut StreetFile) -> DemandFile {
        let mut demand = DemandFile::default();
        let mut kinds: Vec<Vehicle> = Vec::new();
        let roads: BTreeSet<String> = street.roads.iter().map(|road| road.id.clone()).collect();
        for (at, flow) in flows.iter().enumerate() {
            let place = format!("[{at}]");
            if flow.route.is_empty() {
                self.problem(&format!("{place}.route"), "empty", "one road or more");
            }
            for road in flow.route.iter().filter(|road| !roads.contains(*road)) {
                self.problem(
                    &format!("{place}.route"),
                    format_args!("unknown road \"{road}\""),
                    "a road of the roadnet",
                );
            }
            self.positive(&place, "interval", flow.interval, 1e6);
            if !(flow.start_time >= 0.0 && flow.start_time <= 1e7) {
                self.problem(&format!("{place}.startTime"), flow.start_time, "0…10000000 s");
            }
            // -1 means: for ever.
            if flow.end_time < 0.0 {
                self.problem(
                    &format!("{place}.endTime"),
                    flow.end_time,
                    "not before startTime; endless flows cannot be read",
                );
            }
            let count = ((flow.end_time - flow.start_time) / flow.interval).floor() + 1.0;
            if count > VEHICLES_MAX || count.is_nan() {
                self.problem(&place, format_args!("{count} vehicles"), "100000 at most");
                continue;
            }
            let kind = kinds.iter().position(|it| *it == flow.vehicle).unwrap_or_else(|| {
                kinds.push(flow.vehicle.clone());
                kinds.len() - 1
            });
            for number in 0..count.max(0.0) as u64 {
                demand.trips.push(TripFile {
                    id: format!("{at}.{number}"),
                    depart_s: flow.start_time + number as f64 * flow.interval,
                    class: class_id(kind),
                    route: flow.route.clone(),
                    depart: Depart { speed: DepartSpeed::Zero, ..Depart::default() },
                });
            }
        }
        for (number, kind) in kinds.iter().enumerate() {
            self.positive("vehicle", "length", kind.length, 40.0);
            self.positive("vehicle", "maxSpeed", kind.max_speed, 100.0);
            self.positive("vehicle", "usualPosAcc", kind.usual_pos_acc, 20.0);
            self.positive("vehicle", "usualNegAcc", kind.usual_neg_acc, 20.0);
            self.positive("vehicle", "maxNegAcc", kind.max_neg_acc, 30.0);
            self.positive("vehicle", "headwayTime", kind.headway_time, 10.0);
            street.classes.push(class(number, kind));
        }
        demand
    }
}

fn class_id(number: usize) -> String {
    format!("cityflow_{number}")
}

/// CityFlow's drivers do not dawdle, and all want the same speed.
fn class(number: usize, vehicle: &Vehicle) -> ClassFile {
    ClassFile {
        id: class_id(number),
        length_m: vehicle.length,
        min_gap_m: vehicle.min_gap,
        accel_mps2: vehicle.usual_pos_acc,
        decel_mps2: vehicle.usual_neg_acc,
        emergency_decel_mps2: vehicle.max_neg_acc.max(vehicle.usual_neg_acc),
        tau_s: vehicle.headway_time,
        sigma: 0.0,
        impatience: 1.0,
        speed_deviation: 0.0,
        max_speed_mps: vehicle.max_speed,
        ..ClassFile::car()
    }
}
