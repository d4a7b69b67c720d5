//! The intelligent driver model.
//!
//! ```text
//! dv/dt = a·[1 - (v/v0)⁴ - (s*/s)²],   s* = s0 + max(0, v·T + v·Δv / (2·√(a·b)))
//! ```
//!
//! `gap` comes without the standing distance s0, so s = gap + s0. A step is cut into quarters, because the equation is
//! stiff at 1 s, and the result is never above Krauß's safe speed, because the model alone has collisions at such steps.
//! Reference: M. Treiber, A. Hennecke, D. Helbing, Phys. Rev. E 62, 1805 (2000). Units: m, m/s, s.

use super::{Driver, krauss};

const PIECES: u32 = 4;

/// Highest next speed without anybody ahead.
#[must_use]
pub fn free(driver: &Driver, speed: f64, wanted: f64) -> f64 {
    let piece = driver.step / f64::from(PIECES);
    let mut v = speed;
    for _ in 0..PIECES {
        let share = v / wanted.max(0.1);
        v += piece * (driver.accel * (1.0 - share.powi(4))).max(-driver.decel);
    }
    v.max(0.0)
}

/// Highest next speed behind a vehicle.
#[must_use]
pub fn follow(driver: &Driver, speed: f64, gap: f64, ahead: f64, ahead_decel: f64) -> f64 {
    let piece = driver.step / f64::from(PIECES);
    let both = 2.0 * (driver.accel * driver.decel).sqrt();
    let (mut v, mut s) = (speed, gap + driver.min_gap);
    for _ in 0..PIECES {
        let wanted = driver.min_gap + (v * driver.tau + v * (v - ahead) / both).max(0.0);
        let pressure = wanted / s.max(0.1);
        v = (v + piece * driver.accel * (1.0 - pressure * pressure)).max(0.0);
        s += piece * (ahead - v);
    }
    v.min(krauss::follow(driver, speed, gap, ahead, ahead_decel))
}
