//! Drawing lots: numbers of one seeded stream in the shapes that an adversary needs.
//!
//! In: (seed, who). Out: even numbers, choices, chances; the same stream gives the same lots on every machine. Reference: the stream of
//! [`simulator::random`].

use simulator::random::{Stream, bits};

/// Lots of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Lots(Stream);

impl Lots {
    /// The lots of (seed, who).
    pub const fn new(seed: u64, who: u64) -> Self {
        Self(Stream::new(bits(seed, who, 0), who))
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.unit() < probability
    }

    /// An even number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + (self.0.unit() * ((most - least + 1) as f64)) as i64
    }

    /// A position in a list of this length, which is not empty.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.0.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// One of these; the list is not empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A waiting time with this mean.
    pub fn wait(&mut self, mean: f64) -> f64 {
        self.0.exponential() * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_drawn_and_nothing_beyond_them() {
        let mut lots = Lots::new(1, 2);
        let drawn: Vec<i64> = (0..1_000).map(|_| lots.between(-1, 2)).collect();
        assert!((-1..=2).all(|it| drawn.contains(&it)) && drawn.iter().all(|it| (-1..=2).contains(it)));
        assert!((0..1_000).all(|_| lots.below(3) < 3));
    }

    #[test]
    fn streams_of_neighbours_differ_and_one_stream_is_always_the_same() {
        let first =
            |seed, who| (0..8).map(|_| Lots::new(seed, who)).map(|mut it| it.between(0, 1 << 40)).collect::<Vec<_>>();
        assert_eq!(first(1, 1), first(1, 1));
        assert_ne!(first(1, 1), first(1, 2));
        assert_ne!(first(1, 1), first(2, 1));
    }
}
