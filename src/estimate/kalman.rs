//! The Kalman filter of one lane: vehicles in the zone, queue and arrival rate from noisy counts.
//!
//! State `x = [n, q, λ]`: vehicles in the zone \[veh\], vertical queue \[veh\], arrival rate \[veh/s\].
//! Prediction over `dt` \[s\] with `p` passages and `a` list arrivals \[veh\]:
//!
//! ```text
//! n' = n + λ·dt − p        q' = q + a − p        λ' = λ
//! ```
//!
//! Observations: `count` of n, the larger of `halted` and the list's queue of q, `entered/dt` of λ. Each has its own
//! noise; that of the count is learned from the innovations, so exact sensors are believed at once and bad ones
//! are averaged. An implausible innovation (above [`GATE_SIGMAS`]) is left out, unless it comes [`REJECTS_MAX`] times in a row: then
//! the world has changed and the filter starts again from it. `n`, `q`, `λ` stay ≥ 0 and `q ≤ n`.
//!
//! Source: Kalman (1960); Vigos, Papageorgiou, Wang (2008) for vehicle counts on a link.

use nalgebra::{Matrix3, RowVector3, Vector3};
use serde::{Deserialize, Serialize};

/// Innovations above this many standard deviations are not believed at first.
const GATE_SIGMAS: f64 = 4.0;
/// After this many implausible innovations in a row the filter starts again.
const REJECTS_MAX: u32 = 3;
/// Time constant of the learned count noise \[observations\].
const NOISE_MEMORY: f64 = 60.0;
/// Least count noise variance \[veh²\]: an exact sensor.
const NOISE_MIN: f64 = 0.02;
/// Variance of a rate that nobody knows \[(veh/s)²\].
const RATE_VARIANCE: f64 = 0.01;
/// Drift of the arrival rate \[(veh/s)²/s\]: a memory of three to five minutes at usual volumes.
const RATE_DRIFT: f64 = 2.5e-6;

/// What one period showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Length of the period \[s\], above 0.
    pub dt_s: f64,
    /// Vehicles in the zone at its end.
    pub count: f64,
    /// Queue at its end by the best direct reading (halted, or due by the list).
    pub queued: f64,
    /// Variance of `queued` \[veh²\]: small at red, larger while the queue rolls.
    pub queued_variance: f64,
    /// Passages in the period.
    pub passed: f64,
    /// Vehicles that came due by the list in the period.
    pub due: f64,
}

/// What a filter has learned of its lane, beyond the present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneRate {
    /// Arrival rate \[veh/s, ≥ 0\].
    pub rate: f64,
    /// Its variance \[(veh/s)²\].
    pub variance: f64,
    /// Noise variance of the counts \[veh²\].
    pub count_noise: f64,
}

/// Filter of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneFilter {
    state: Vector3<f64>,
    covariance: Matrix3<f64>,
    count_noise: f64,
    count_before: Option<f64>,
    rejects: u32,
    rejected_total: u64,
}

impl LaneFilter {
    /// A filter that knows nothing but a prior arrival rate \[veh/s\].
    pub fn new(rate_prior: f64) -> Self {
        Self {
            state: Vector3::new(0.0, 0.0, rate_prior),
            covariance: Matrix3::from_diagonal(&Vector3::new(25.0, 25.0, RATE_VARIANCE)),
            count_noise: NOISE_MIN,
            count_before: None,
            rejects: 0,
            rejected_total: 0,
        }
    }

    /// Vehicles in the zone \[veh, ≥ 0\].
    pub fn vehicles(&self) -> f64 {
        self.state[0]
    }

    /// Vertical queue \[veh, 0…vehicles\].
    pub fn queue(&self) -> f64 {
        self.state[1]
    }

    /// Arrival rate \[veh/s, ≥ 0\].
    pub fn rate(&self) -> f64 {
        self.state[2]
    }

    /// What was learned.
    pub fn learned(&self) -> LaneRate {
        LaneRate { rate: self.state[2], variance: self.covariance[(2, 2)], count_noise: self.count_noise }
    }

    /// Begin with what was learned before; a rate that is `kept` in part, 0…1, lies between it and the prior.
    pub fn resume(&mut self, learned: LaneRate, kept: f64) {
        self.state[2] = kept * learned.rate + (1.0 - kept) * self.state[2];
        self.covariance[(2, 2)] = kept * learned.variance + (1.0 - kept) * self.covariance[(2, 2)];
        self.count_noise = learned.count_noise.max(NOISE_MIN);
    }

    /// Observations that were not believed so far.
    pub fn rejected_total(&self) -> u64 {
        self.rejected_total
    }

    /// Take in one period.
    pub fn observe(&mut self, seen: Seen) {
        self.predict(seen);
        let innovation = seen.count - self.state[0];
        let plausible = self.plausible(innovation);
        if plausible {
            self.rejects = 0;
            self.learn_count_noise(innovation);
            self.correct(RowVector3::new(1.0, 0.0, 0.0), innovation, self.count_noise);
            let queued = seen.queued - self.state[1];
            self.correct(RowVector3::new(0.0, 1.0, 0.0), queued, seen.queued_variance.max(NOISE_MIN));
            if let Some(before) = self.count_before {
                let entered = ((seen.count - before + seen.passed) / seen.dt_s).max(0.0);
                // Counting noise of a Poisson stream: variance of a rate over dt is λ/dt.
                let variance = (self.state[2].max(0.02) + 2.0 * self.count_noise) / seen.dt_s;
                self.correct(RowVector3::new(0.0, 0.0, 1.0), entered - self.state[2], variance);
            }
        } else {
            self.rejects += 1;
            self.rejected_total += 1;
            if self.rejects >= REJECTS_MAX {
                let rate = self.state[2];
                let rejected_total = self.rejected_total;
                *self = Self { rejected_total, ..Self::new(rate) };
                self.state = Vector3::new(seen.count, seen.queued, rate);
            }
        }
        self.count_before = Some(seen.count);
        self.clamp();
    }

    /// Time passes without a count: the zone fills at the learned rate, the queue takes what was due.
    pub fn coast(&mut self, dt_s: f64, due: f64) {
        self.state[0] += self.state[2] * dt_s;
        self.state[1] += due;
        self.covariance += Matrix3::from_diagonal(&Vector3::new(dt_s, dt_s, RATE_DRIFT * dt_s));
        self.count_before = None;
        self.clamp();
    }

    fn predict(&mut self, seen: Seen) {
        let dt = seen.dt_s;
        let transition = Matrix3::new(1.0, 0.0, dt, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
        self.state = transition * self.state + Vector3::new(-seen.passed, seen.due - seen.passed, 0.0);
        let rate = self.state[2].max(0.02);
        let noise = Matrix3::from_diagonal(&Vector3::new(rate * dt + 0.05, 0.1 * dt + 0.05, RATE_DRIFT * dt));
        self.covariance = transition * self.covariance * transition.transpose() + noise;
    }

    fn plausible(&self, innovation: f64) -> bool {
        // Lane changes move whole platoons sideways in a second: allow two vehicles on top of the statistics.
        let sigma = (self.covariance[(0, 0)] + self.count_noise).sqrt();
        innovation.abs() <= GATE_SIGMAS * sigma + 2.0
    }

    fn learn_count_noise(&mut self, innovation: f64) {
        let excess = (innovation * innovation - self.covariance[(0, 0)]).max(NOISE_MIN);
        self.count_noise += (excess - self.count_noise) / NOISE_MEMORY;
        self.count_noise = self.count_noise.max(NOISE_MIN);
    }

    fn correct(&mut self, row: RowVector3<f64>, innovation: f64, noise: f64) {
        let spread = (row * self.covariance * row.transpose())[0] + noise;
        let gain = self.covariance * row.transpose() / spread;
        self.state += gain * innovation;
        self.covariance -= gain * row * self.covariance;
    }

    fn clamp(&mut self) {
        self.state[0] = self.state[0].max(0.0);
        self.state[1] = self.state[1].clamp(0.0, self.state[0]);
        self.state[2] = self.state[2].clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(count: f64, queued: f64, passed: f64) -> Seen {
        Seen { dt_s: 1.0, count, queued, queued_variance: 0.05, passed, due: 0.0 }
    }

    #[test]
    fn an_exact_sensor_is_believed_at_once() {
        let mut filter = LaneFilter::new(0.1);
        for count in [0.0, 1.0, 1.0, 2.0, 3.0, 3.0, 4.0] {
            filter.observe(seen(count, count, 0.0));
            assert!((filter.vehicles() - count).abs() < 0.35, "{} is not {count}", filter.vehicles());
        }
    }

    #[test]
    fn the_arrival_rate_is_learned_from_entries() {
        let mut filter = LaneFilter::new(0.05);
        let mut inside = 0.0;
        for second in 0..900 {
            let entered = f64::from(u8::from(second % 4 == 0));
            let passed = if second % 40 == 39 { inside } else { 0.0 };
            inside += entered - passed;
            filter.observe(seen(inside, inside, passed));
        }
        assert!((filter.rate() - 0.25).abs() < 0.06, "{}", filter.rate());
    }

    #[test]
    fn one_wild_count_is_left_out_and_a_lasting_change_is_taken_over() {
        let mut filter = LaneFilter::new(0.1);
        (0..60).for_each(|_| filter.observe(seen(4.0, 4.0, 0.0)));
        filter.observe(seen(60.0, 60.0, 0.0));
        assert!(filter.vehicles() < 6.0);
        filter.observe(seen(4.0, 4.0, 0.0));
        assert!((filter.vehicles() - 4.0).abs() < 0.5);
        (0..REJECTS_MAX).for_each(|_| filter.observe(seen(25.0, 25.0, 0.0)));
        assert!((filter.vehicles() - 25.0).abs() < 1.0);
        assert_eq!(filter.rejected_total(), u64::from(REJECTS_MAX) + 1);
    }

    proptest::proptest! {
        #[test]
        fn the_state_stays_within_its_bounds_whatever_is_seen(
            steps in proptest::collection::vec((0u32..80, 0u32..80, 0u32..10), 1..200)
        ) {
            let mut filter = LaneFilter::new(0.1);
            for (count, queued, passed) in steps {
                filter.observe(seen(f64::from(count), f64::from(queued), f64::from(passed)));
                proptest::prop_assert!(filter.queue() >= 0.0 && filter.queue() <= filter.vehicles());
                proptest::prop_assert!(filter.rate() >= 0.0 && filter.rate().is_finite());
            }
        }
    }
}
