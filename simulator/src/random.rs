//! Random numbers that depend on nothing but what they are for: a hash of (seed, who, when).
//!
//! In: three numbers. Out: 64 even bits, or a number in [0, 1), or a normal one. No state is carried from one drawing to
//! the next, so the order in which threads come does not matter. Reference: the finalizer of `SplitMix64` (Steele, Lea and
//! Flood 2014, "Fast splittable pseudorandom number generators"), applied twice.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 64 even bits for (seed, who, when).
#[must_use]
pub const fn bits(seed: u64, who: u64, when: u64) -> u64 {
    mix(mix(seed ^ who.wrapping_mul(GOLDEN)).wrapping_add(when.wrapping_mul(GOLDEN)))
}

/// A number in [0, 1) for (seed, who, when).
#[must_use]
pub fn unit(seed: u64, who: u64, when: u64) -> f64 {
    (bits(seed, who, when) >> 11) as f64 / (1u64 << 53) as f64
}

/// Numbers one after the other of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    seed: u64,
    who: u64,
    when: u64,
}

impl Stream {
    /// The stream of (seed, who).
    #[must_use]
    pub const fn new(seed: u64, who: u64) -> Self {
        Self { seed, who, when: 0 }
    }

    /// Next number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.when += 1;
        unit(self.seed, self.who, self.when)
    }

    /// Next waiting time of a Poisson process \[1 / rate\].
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// Next normal number (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Position of a drawn share; `None` without a positive one.
    pub fn choose(&mut self, shares: impl Iterator<Item = f64> + Clone) -> Option<usize> {
        let mut left = self.unit() * shares.clone().sum::<f64>();
        let mut last = None;
        for (k, share) in shares.enumerate().filter(|(_, share)| *share > 0.0) {
            if left < share {
                return Some(k);
            }
            left -= share;
            last = Some(k);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_and_neighbours_do_not_resemble_each_other() {
        let n = 100_000;
        let mean = (0..n).map(|k| unit(1, 7, k)).sum::<f64>() / n as f64;
        let joint = (0..n).map(|k| (unit(1, 7, k) - 0.5) * (unit(1, 8, k) - 0.5)).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.005 && joint.abs() < 0.002, "{mean} {joint}");
        let mut stream = Stream::new(3, 4);
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let x = stream.normal();
            sum += x;
            square += x * x;
        }
        assert!((sum / n as f64).abs() < 0.02 && (square / n as f64 - 1.0).abs() < 0.02);
    }

    #[test]
    fn shares_are_drawn_as_often_as_they_are_large() {
        let mut stream = Stream::new(1, 2);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[stream.choose([1.0, 0.0, 3.0].into_iter()).unwrap()] += 1;
        }
        assert!(counts[1] == 0 && (2_300..2_700).contains(&counts[0]), "{counts:?}");
    }
}
