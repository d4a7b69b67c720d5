//! Whether an avenue can be built as written.

use super::CorridorFile;
use crate::network::Problems;

/// Everything that is wrong with an avenue.
pub fn check(file: &CorridorFile, place: &str, problems: &mut Problems) {
    let key = |name: &str| format!("{place}.{name}");
    for (at, &spacing) in file.spacing_m.iter().enumerate() {
        problems.range(format_args!("{place}.spacing_m[{at}]"), spacing, &(80.0..=2000.0), "m");
    }
    if file.spacing_m.len() > 98 {
        problems.push(key("spacing_m"), format_args!("{} signals", file.signals()), "1…99 signals");
    }
    for (name, value, range, unit) in [
        ("ends_m", file.ends_m, 50.0..=2000.0, "m"),
        ("side_m", file.side_m, 50.0..=2000.0, "m"),
        ("speed_mps", file.speed_mps, 3.0..=40.0, "m/s"),
        ("side_speed_mps", file.side_speed_mps, 3.0..=40.0, "m/s"),
        ("wave_mps", file.wave_mps, 3.0..=40.0, "m/s"),
        ("yellow_s", file.yellow_s, 3.0..=6.0, "s"),
        ("all_red_s", file.all_red_s, 0.0..=10.0, "s"),
    ] {
        problems.range(key(name), value, &range, unit);
    }
    problems.range(key("lanes"), file.lanes, &(2..=6), "");
    problems.range(key("side_lanes"), file.side_lanes, &(2..=6), "");
    for (at, &green) in file.fixed_s.iter().enumerate() {
        problems.range(format_args!("{place}.fixed_s[{at}]"), green, &(5.0..=120.0), "s");
    }
    for (name, numbers) in [("tees", &file.tees), ("avenue_crossings", &file.avenue_crossings)] {
        for &number in numbers {
            problems.range(key(name), number, &(1..=file.signals()), "");
        }
    }
    demand(file, place, problems);
}

fn demand(file: &CorridorFile, place: &str, problems: &mut Problems) {
    let demand = &file.demand;
    let key = |name: &str| format!("{place}.demand.{name}");
    for (name, value) in [
        ("west_veh_per_h", demand.west_veh_per_h),
        ("east_veh_per_h", demand.east_veh_per_h),
        ("side_veh_per_h", demand.side_veh_per_h),
        ("buses_per_h", demand.buses_per_h),
        ("pedestrians_per_h", demand.pedestrians_per_h),
    ] {
        problems.range(key(name), value, &(0.0..=20_000.0), "1/h");
    }
    problems.range(key("trucks"), demand.trucks, &(0.0..=1.0), "");
    for (name, [left, right]) in [("avenue_turns", demand.avenue_turns), ("side_turns", demand.side_turns)] {
        problems.range(key(name), left, &(0.0..=1.0), "");
        problems.range(key(name), right, &(0.0..=1.0), "");
        problems.range(key(name), left + right, &(0.0..=1.0), "(left and right together)");
    }
    if demand.side_weights.len() > file.signals() {
        let message = format!("{} weights", demand.side_weights.len());
        problems.push(key("side_weights"), message, format_args!("at most {}, one a signal", file.signals()));
    }
    for &weight in &demand.side_weights {
        problems.range(key("side_weights"), weight, &(0.0..=100.0), "");
    }
}
