//! What a lane discharges whose turns leave one after another: one formula for programmes and for the estimator.
//!
//! In: per turn its share of the lane and its own discharge \[veh/s\], `None` while it is red; the length of the green
//! \[s\]. Out: vehicles a second of green while a queue stands.
//!
//! - The rate of a mixture is the harmonic mean of the turns' rates: each vehicle takes the time of its own turn.
//! - When turns with share `w` are red, a run of `(1 − w)(1 − (1 − w)^n)/w` vehicles is expected until one of them stands
//!   at the head, `n` being what the green would serve (Highway Capacity Manual 7, ch. 31, shared lanes).
//!
//! Assumption: the order of the turns is random.

/// Share of a lane below which a turn is not worth a thought.
pub const SHARE_MIN: f64 = 0.005;
/// Discharge of a turn that is open and finds no gap \[veh/s\].
const RATE_MIN: f64 = 1e-6;

/// Discharge of the lane, averaged over the green \[veh/s\].
pub fn discharge(turns: impl IntoIterator<Item = (f64, Option<f64>)>, green_s: f64) -> f64 {
    let (mut served, mut time, mut blocked) = (0.0, 0.0, 0.0);
    for (share, rate) in turns.into_iter().filter(|(share, _)| *share >= SHARE_MIN) {
        if let Some(rate) = rate {
            served += share;
            time += share / rate.max(RATE_MIN);
        } else {
            blocked += share;
        }
    }
    if served <= 0.0 {
        return 0.0;
    }
    let rate: f64 = served / time;
    if blocked < SHARE_MIN || green_s <= 0.0 {
        return rate;
    }
    let go = served / (served + blocked);
    (go * (1.0 - go.powf(rate * green_s)) / (1.0 - go) / green_s).min(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_leave_one_after_another_each_in_its_own_time() {
        // three at 2 s and one at 5 s
        assert!((discharge([(0.75, Some(0.5)), (0.25, Some(0.2))], 20.0) - 4.0 / 11.0).abs() < 1e-9);
        assert!((discharge([(1.0, Some(0.5)), (0.0, None)], 20.0) - 0.5).abs() < 1e-9);
        assert!(discharge([(0.6, None), (0.4, None)], 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_red_turn_lets_an_expected_run_pass() {
        // by hand: 0.75·(1 − 0.75¹⁵)/0.25 = 2.96 vehicles in 30 s
        assert!((discharge([(0.75, Some(0.5)), (0.25, None)], 30.0) * 30.0 - 2.96).abs() < 0.01);
        let by_share = |share: f64| discharge([(1.0 - share, Some(0.5)), (share, None)], 15.0);
        assert!(by_share(0.01) > by_share(0.1) && by_share(0.1) > by_share(0.9) && by_share(0.9) > 0.0);
    }
}
