//! What engines burn.
//!
//! In: class of engine, speed \[m/s\], acceleration \[m/s²\]. Out: fuel \[ml/s\]; CO₂ follows from the carbon in it. The
//! power model of fuel consumption: idling, plus work against drag and inertia, plus the price of accelerating,
//!
//! ```text
//! f = α                                   when nothing has to be pushed
//! f = α + β₁·R·v + β₂·(m/1000)·a²·v      R = b₁ + b₂·v² + (m/1000)·a  [kN], the last term for a > 0 only
//! ```
//!
//! Reference: D. P. Bowyer, R. Akçelik, D. C. Biggs, "Guide to fuel consumption analyses for urban traffic management",
//! ARRB Special Report 32 (1985); default car. Buses and trucks scale drag and mass and burn diesel, which is a rough
//! estimate. CO₂: 2.31 kg a litre of petrol, 2.68 kg of diesel (IPCC 2006). An estimate for comparisons, not an inventory.

use crate::street::Kind;

struct Engine {
    idle: f64,
    work: f64,
    accelerating: f64,
    rolling: f64,
    drag: f64,
    tonnes: f64,
}

/// In the order of [`Kind`]; a bicycle has none.
const ENGINES: [Engine; 4] = [
    Engine { idle: 0.444, work: 0.09, accelerating: 0.03, rolling: 0.333, drag: 0.00108, tonnes: 1.4 },
    Engine { idle: 0.9, work: 0.07, accelerating: 0.01, rolling: 1.2, drag: 0.0036, tonnes: 13.0 },
    Engine { idle: 0.7, work: 0.075, accelerating: 0.015, rolling: 0.7, drag: 0.0026, tonnes: 6.0 },
    Engine { idle: 0.0, work: 0.0, accelerating: 0.0, rolling: 0.0, drag: 0.0, tonnes: 0.0 },
];

/// Fuel \[ml/s\].
#[must_use]
#[inline]
pub fn fuel_ml_per_s(kind: Kind, speed: f64, accel: f64) -> f64 {
    let engine = &ENGINES[kind as usize];
    let push = engine.rolling + engine.drag * speed * speed + engine.tonnes * accel;
    // Without a branch: whether one pushes changes from step to step.
    let push = if push > 0.0 { push } else { 0.0 };
    let gain = if accel > 0.0 { accel } else { 0.0 };
    engine.idle + engine.work * push * speed + engine.accelerating * engine.tonnes * gain * gain * speed
}

/// CO₂ of a millilitre of fuel \[g\].
#[must_use]
pub const fn co2_g_per_ml(kind: Kind) -> f64 {
    match kind {
        Kind::Car => 2.31,
        Kind::Bus | Kind::Truck => 2.68,
        Kind::Bicycle => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_car_burns_about_seven_litres_on_a_hundred_kilometres_and_more_when_it_stops_and_goes() {
        let steady = fuel_ml_per_s(Kind::Car, 13.9, 0.0) / 13.9 * 100.0;
        assert!((5.0..9.0).contains(&steady), "{steady} l/100 km");
        let going: f64 = (0..6).map(|k| fuel_ml_per_s(Kind::Car, f64::from(k) * 2.3, 2.3)).sum();
        assert!(going > 6.0 * fuel_ml_per_s(Kind::Car, 7.0, 0.0));
        assert!(fuel_ml_per_s(Kind::Bicycle, 5.0, 1.0).abs() < 1e-9);
    }
}
