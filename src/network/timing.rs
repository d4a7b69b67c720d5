//! Change and clearance intervals by formula, for whoever writes or imports a network that does not say them.
//!
//! | Interval | Formula | Source |
//! |---|---|---|
//! | yellow | `Y = t + v / (2a + 2·9.81·g)`, within 3…6 s | ITE, Guidelines for Determining Traffic Signal Change and Clearance Intervals (2020) |
//! | red clearance | `R = (W + L) / v` | same; without the 1 s start-up credit |
//! | walk, pedestrian clearance | walk ≥ 7 s, clearance `D / 1.07`, both together ≥ `(D + 1.8) / 0.91` | MUTCD 4I.06 |
//!
//! `t` 1.0 s perception and reaction, `a` 3.05 m/s² comfortable braking, `v` 85th percentile speed, `g` slope (uphill
//! positive), `W` width of the conflict area, `L` 6.1 m length of a car, `D` length of the crosswalk. Everything is
//! rounded *up* to 0.1 s. Weakness: turning vehicles are slower than `v`; the ITE extension for them is not used.
//!
//! Worked: 50 km/h, level, W = 25 m gives Y = 3.3 s and R = 2.3 s.

use super::GroupKind;
use super::file::NetworkFile;
use crate::time::Millis;

const REACTION_S: f64 = 1.0;
const BRAKING_MPS2: f64 = 3.05;
const GRAVITY_MPS2: f64 = 9.81;
const CAR_LENGTH_M: f64 = 6.1;
const YELLOW_S: std::ops::RangeInclusive<f64> = 3.0..=6.0;
const WALK_MIN: Millis = Millis(7_000);
/// What the 85th percentile drives above the posted speed, when nobody has measured it: 11 km/h \[m/s\].
const ABOVE_POSTED_MPS: f64 = 11.0 / 3.6;
/// Slowest speed that the formulas are used with \[m/s\].
const SPEED_MIN_MPS: f64 = 1.0;
/// Steepest slope that the formulas are used with; steeper ones count as this.
const SLOPE_MAX: f64 = 0.15;

/// The 85th percentile speed where only the speed limit is known \[m/s\].
pub fn speed_85th(posted_mps: f64) -> f64 {
    posted_mps + ABOVE_POSTED_MPS
}

/// Yellow change interval, 3…6 s, for an 85th percentile speed \[m/s\] and a slope (0.03 is 3 % uphill).
pub fn yellow_ite(speed_mps: f64, slope: f64) -> Millis {
    let slope = slope.clamp(-SLOPE_MAX, SLOPE_MAX);
    let braking = speed_mps.max(0.0) / (2.0 * BRAKING_MPS2 + 2.0 * GRAVITY_MPS2 * slope);
    up_to_tenth((REACTION_S + braking).clamp(*YELLOW_S.start(), *YELLOW_S.end()))
}

/// Red clearance interval: time to cross a conflict area of a width \[m\] with the whole car at a speed \[m/s\].
pub fn red_clearance(width_m: f64, speed_mps: f64) -> Millis {
    up_to_tenth((width_m.max(0.0) + CAR_LENGTH_M) / speed_mps.max(SPEED_MIN_MPS))
}

/// What pedestrians need at a crosswalk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PedestrianTimes {
    /// Shortest walk indication.
    pub walk: Millis,
    /// Clearance after it, shown as red (or flashing).
    pub clearance: Millis,
}

/// Walk and clearance for a crosswalk of a length \[m\], from kerb to kerb.
pub fn pedestrian(length_m: f64) -> PedestrianTimes {
    let length_m = length_m.max(0.0);
    let clearance = up_to_tenth(length_m / 1.07);
    let both = up_to_tenth((length_m + 1.8) / 0.91);
    PedestrianTimes { walk: WALK_MIN.max(both - clearance), clearance }
}

/// A network whose lamps change at whole seconds: changes, clearances and greens are rounded up to them. Otherwise a programme could not
/// be followed on a street that steps by the second, as every change would come late by what is missing to the next one.
pub fn to_whole_seconds(mut file: NetworkFile) -> NetworkFile {
    let up = |time: Millis| Millis((time.0 + 999) / 1000 * 1000);
    for group in file.intersections.iter_mut().flat_map(|it| &mut it.groups) {
        group.change_ms =
            up(group.change_ms).min(if group.kind == GroupKind::Pedestrian { Millis(60_000) } else { Millis(6_000) });
        group.green_min_ms = up(group.green_min_ms);
    }
    for conflict in file.intersections.iter_mut().flat_map(|it| &mut it.conflicts) {
        conflict.red_clearance_ms = conflict.red_clearance_ms.map(up);
    }
    for step in file.intersections.iter_mut().filter_map(|it| it.programme.as_mut()).flat_map(|it| &mut it.steps) {
        step.green_ms = up(step.green_ms);
    }
    file
}

/// Seconds rounded up to a tenth; what floating point adds beyond a nanosecond does not count.
fn up_to_tenth(secs: f64) -> Millis {
    Millis((secs * 10.0 - 1e-8).ceil() as i64 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_50_km_per_hour_and_25_m() {
        let v = 50.0 / 3.6;
        assert_eq!(yellow_ite(v, 0.0), Millis(3_300));
        assert_eq!(red_clearance(25.0, v), Millis(2_300));
    }

    #[test]
    fn yellow_stays_between_3_and_6_seconds_and_is_longer_downhill() {
        assert_eq!(yellow_ite(0.0, 0.0), Millis(3_000));
        assert_eq!(yellow_ite(60.0, 0.0), Millis(6_000));
        assert!(yellow_ite(20.0, -0.05) > yellow_ite(20.0, 0.05));
    }

    #[test]
    fn a_tenth_is_not_rounded_up_to_the_next() {
        assert_eq!(up_to_tenth(3.3), Millis(3_300));
        assert_eq!(up_to_tenth(3.300_1), Millis(3_400));
    }

    #[test]
    fn short_crosswalks_get_the_least_walk_and_long_ones_more() {
        let short = pedestrian(6.0);
        assert_eq!((short.walk, short.clearance), (Millis(7_000), Millis(5_700)));
        let long = pedestrian(40.0);
        assert_eq!(long.clearance, Millis(37_400));
        assert!(long.walk > Millis(7_000), "walk and clearance together reach (D + 1.8 m) / 0.91 m/s");
        assert!(long.walk + long.clearance >= Millis::from_secs_f64(41.8 / 0.91));
    }

    #[test]
    fn the_unmeasured_speed_lies_11_km_per_hour_above_the_limit() {
        assert!((speed_85th(50.0 / 3.6) * 3.6 - 61.0).abs() < 1e-9);
    }
}
