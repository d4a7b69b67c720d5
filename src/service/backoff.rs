//! How long to wait before the next attempt: from 0.2 s to 0.6 s, each with jitter, so that a city of clients does not come back in
//! step after a broker's restart. No longer, because control shall be back two seconds after the broker is.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LAST: Duration = Duration::from_millis(600);

/// Waits of one client.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    random: u64,
}

impl Backoff {
    /// Waits that differ from those of other seeds.
    pub fn new(seed: u64) -> Self {
        Self { next: FIRST, random: seed }
    }

    /// The next wait: between half of the present step and all of it.
    pub fn wait(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(LAST);
        // SplitMix64 (Steele, Lea, Flood 2014): enough to spread clients, and no thread-local state.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let share = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        step.mul_f64(0.5 + 0.5 * share).max(FIRST)
    }

    /// It worked: begin again with the shortest wait.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_last_step_differ_between_clients_and_start_over_after_success() {
        let waits = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..10).map(|_| backoff.wait()).collect::<Vec<_>>()
        };
        assert!(waits(1).iter().all(|wait| (FIRST..=LAST).contains(wait)));
        assert!(waits(1)[9] >= LAST / 2);
        assert_ne!(waits(1)[5..], waits(2)[5..]);
        let mut backoff = Backoff::new(1);
        for _ in 0..10 {
            backoff.wait();
        }
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
