//! The safe-speed model of Krauß.
//!
//! A driver is as fast as allows a stop behind the vehicle ahead when that one brakes as hard as it can, after a headway
//! `tau`; imperfection takes off a random part of the acceleration. Units: m, m/s, s. With braking by `drop` = b·Δt a step,
//! a speed x = n·drop + r (0 ≤ r < drop) that is held for a time t and then reduced step by step needs
//!
//! ```text
//! way(x) = x·t + Δt·Σ_{k<n} (k·drop + r) = n·drop·t + drop·Δt·n(n-1)/2 + r·(n·Δt + t)
//! ```
//!
//! and the safe speed is the x whose way is the gap. Assumes that the one ahead brakes no harder than its class says.
//! Reference: S. Krauß, "Microscopic modeling of traffic flow", DLR-FB 98-08 (1998); the discrete form as in SUMO 1.28's
//! Euler update, by which the two are comparable.

use super::{Driver, higher, lower};

/// Gaps are taken a little shorter, against rounding \[m\].
const SLACK_M: f64 = 0.001;

/// Whole part of a number ≥ 0 and far below 2⁵²: added to that it loses its fraction, rounded. `floor` would be a call and
/// a cast to an integer has to look for what does not fit.
#[inline]
fn whole(x: f64) -> f64 {
    const NO_FRACTION: f64 = (1_u64 << 52) as f64;
    let near = (x + NO_FRACTION) - NO_FRACTION;
    if near > x { near - 1.0 } else { near }
}

/// Way to a stand \[m\] from a speed, losing `drop` a step.
#[must_use]
#[inline]
pub fn brake_way(speed: f64, drop: f64, per_drop: f64, step: f64) -> f64 {
    let n = whole(speed * per_drop);
    step * n * (speed - 0.5 * drop * (n + 1.0))
}

/// Highest speed that can be held for `hold` and then braked to a stand within `gap`.
#[must_use]
#[inline]
pub fn safe_stop(gap: f64, drop: f64, per_drop: f64, step: f64, hold: f64) -> f64 {
    let gap = gap - SLACK_M;
    if gap <= 0.0 {
        return 0.0;
    }
    let half = hold - 0.5 * step;
    let n = whole(((half * half + 2.0 * step * gap * per_drop).sqrt() - half) / step);
    let way = n * drop * (hold + 0.5 * step * (n - 1.0));
    n * drop + (gap - way) / (n * step + hold)
}

/// Highest next speed behind a vehicle, but not above `top`. The way that a speed needs is found without the root that a
/// speed for a way takes, and most vehicles are not held back.
#[must_use]
#[inline]
pub fn follow_up_to(driver: &Driver, top: f64, speed: f64, gap: f64, ahead: f64, ahead_decel: f64) -> f64 {
    if ahead_decel > driver.decel {
        return lower(top, follow(driver, speed, gap, ahead, ahead_decel));
    }
    let stops_after = brake_way(ahead, driver.drop, driver.per_drop, driver.step);
    let needed = top * driver.tau + brake_way(top, driver.drop, driver.per_drop, driver.step);
    if gap - SLACK_M + stops_after >= needed {
        return top;
    }
    lower(top, follow_within(driver, speed, gap, ahead, ahead_decel, stops_after))
}

/// Highest next speed behind a vehicle.
#[must_use]
#[inline]
pub fn follow(driver: &Driver, speed: f64, gap: f64, ahead: f64, ahead_decel: f64) -> f64 {
    let (drop, per_drop) = if ahead_decel > driver.decel {
        let drop = ahead_decel * driver.step;
        (drop, 1.0 / drop)
    } else {
        (driver.drop, driver.per_drop)
    };
    follow_within(driver, speed, gap, ahead, ahead_decel, brake_way(ahead, drop, per_drop, driver.step))
}

/// As [`follow`], when it is known after what way the vehicle ahead stops at the earliest \[m\].
#[inline]
fn follow_within(driver: &Driver, speed: f64, gap: f64, ahead: f64, ahead_decel: f64, stops_after: f64) -> f64 {
    let safe = safe_stop(gap + stops_after, driver.drop, driver.per_drop, driver.step, driver.tau);
    if safe < speed - driver.drop { soften(driver, speed, gap, ahead, ahead_decel, safe) } else { safe }
}

/// Braking harder than comfortable: no harder than a continuous manoeuvre needs, with a fifth in hand.
#[cold]
fn soften(driver: &Driver, speed: f64, gap: f64, ahead: f64, ahead_decel: f64, safe: f64) -> f64 {
    if gap <= 0.0 {
        return safe;
    }
    let both_stop = 0.5 * speed * speed / (gap + 0.5 * ahead * ahead / ahead_decel);
    let needed =
        if both_stop <= ahead_decel { both_stop } else { 0.5 * (speed * speed - ahead * ahead).max(0.0) / gap };
    let hardest = (speed - safe) / driver.step;
    let decel = (1.2 * needed).max(driver.decel).min(hardest);
    // The next position must stay behind where the other one can be, whatever it does.
    (speed - decel * driver.step).min(gap / driver.step).max(0.0)
}

/// Highest next speed so that a limit is kept after a distance.
#[must_use]
#[inline]
pub fn slow_down(driver: &Driver, distance: f64, limit: f64) -> f64 {
    let gap = higher(distance - SLACK_M, 0.0);
    let step = driver.step;
    // n steps of braking above the limit need Δt·(n·limit + drop·n(n+1)/2); what is left after one more step at the limit
    // is spread over all of them.
    let a = 0.5 * driver.drop;
    let b = limit + a;
    let n = whole(((b * b + 4.0 * a * gap / step).sqrt() - b) / (2.0 * a));
    let way = step * n * (limit + a * (n + 1.0));
    limit + n * driver.drop + ((gap - way - step * limit) / ((n + 1.0) * step)).clamp(0.0, driver.drop)
}

/// The part of the acceleration that an imperfect driver leaves out.
#[must_use]
#[inline]
pub fn dawdle(driver: &Driver, speed: f64, planned: f64, random: f64) -> f64 {
    let gain = driver.accel * driver.step;
    let lost = driver.sigma * random * lower(planned, gain);
    higher(higher(planned - lost, lower(planned, speed - driver.drop)), 0.0)
}
