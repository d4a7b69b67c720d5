//! Who lies, where, how, and from when on: drawn by number, or one that did harm, bent a little.
//!
//! In: a seed and a number; the lanes of each street. Out: a [`Strategy`] as a plain value that can be written down and played again. Of ten
//! strategies four are of one detector, three of one lane with all its detectors, three of several lanes.

use super::lie::{Kind, Lie, Part};
use serde::{Deserialize, Serialize};
use simulator::random::Stream;
use std::fmt;

/// Who is on the side of the liars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// One detector: the zone of a lane, or its stop-line loop.
    Detector,
    /// All detectors of one lane.
    Lane,
    /// Several lanes, up to all.
    Many,
}

impl Reach {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Detector, Self::Lane, Self::Many];
}

/// Where a detector lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Position of the intersection.
    pub intersection: usize,
    /// Position of its lane.
    pub lane: usize,
}

/// One liar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Where.
    pub spot: Spot,
    /// The lane of the same intersection that is copied by who copies.
    pub copied: usize,
    /// What.
    pub lie: Lie,
}

/// Who lies in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    /// How many are in it.
    pub reach: Reach,
    /// Number of the street.
    pub street: usize,
    /// From the beginning, before anything is learned; otherwise from where the measured time begins.
    pub from_begin: bool,
    /// Each of them.
    pub liars: Vec<Told>,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if self.from_begin { "from the beginning" } else { "after the warm-up" };
        write!(f, "street {}, {from}, {} of {:?}: ", self.street, self.liars.len(), self.reach)?;
        let told =
            self.liars.iter().take(3).map(|it| format!("lane {}.{} {}", it.spot.intersection, it.spot.lane, it.lie));
        f.write_str(&told.collect::<Vec<_>>().join("; "))?;
        f.write_str(if self.liars.len() > 3 { "; …" } else { "" })
    }
}

/// Lots for a strategy.
struct Lots(Stream);

impl Lots {
    /// One of so many.
    fn of(&mut self, many: usize) -> usize {
        ((self.0.unit() * many as f64) as usize).min(many.saturating_sub(1))
    }

    fn whether(&mut self, chance: f64) -> bool {
        self.0.unit() < chance
    }

    fn lie(&mut self, reach: Reach) -> Lie {
        let kind = Kind::ALL[self.of(Kind::ALL.len())];
        let parts = [Part::Zone, Part::StopLine, Part::Both];
        let part = match reach {
            Reach::Detector => parts[self.of(2)],
            Reach::Lane => Part::Both,
            Reach::Many => parts[self.of(3)],
        };
        Lie { kind, part, amount: self.0.unit(), period: self.0.unit() }
    }
}

impl Strategy {
    /// The reach of a number.
    pub fn reach(number: usize) -> Reach {
        match number % 10 {
            0..4 => Reach::Detector,
            4..7 => Reach::Lane,
            _ => Reach::Many,
        }
    }

    /// The strategy of a number. `streets`: counted lanes of each intersection of each street.
    pub fn draw(seed: u64, number: usize, streets: &[Vec<Vec<usize>>]) -> Self {
        let mut lots = Lots(Stream::new(seed, number as u64));
        let reach = Self::reach(number);
        let street = lots.of(streets.len());
        let mut spots: Vec<Spot> = Vec::new();
        for (intersection, lanes) in streets[street].iter().enumerate() {
            spots.extend(lanes.iter().map(|&lane| Spot { intersection, lane }));
        }
        let many = match reach {
            Reach::Detector | Reach::Lane => 1,
            Reach::Many if lots.whether(0.3) => spots.len(),
            Reach::Many => 2 + lots.of(spots.len() - 1),
        };
        let in_chorus = lots.whether(0.5);
        let first = lots.lie(reach);
        let mut liars = Vec::with_capacity(many);
        for _ in 0..many {
            let ix = lots.of(spots.len());
            let spot = spots.remove(ix);
            let lanes = &streets[street][spot.intersection];
            let copied = lanes[lots.of(lanes.len())];
            let lie = if in_chorus { first } else { lots.lie(reach) };
            liars.push(Told { spot, copied, lie });
        }
        Self { reach, street, from_begin: lots.whether(0.3), liars }
    }

    /// This one, bent a little; by number.
    #[must_use]
    pub fn bent(&self, seed: u64, number: usize) -> Self {
        let mut lots = Lots(Stream::new(seed ^ 0x6265_6e74, number as u64));
        let mut bent = self.clone();
        let turn = |lots: &mut Lots, value: f64| (value + 0.4 * (lots.0.unit() - 0.5)).clamp(0.0, 1.0);
        for told in &mut bent.liars {
            if lots.whether(0.8) {
                told.lie.amount = turn(&mut lots, told.lie.amount);
                told.lie.period = turn(&mut lots, told.lie.period);
            }
            if lots.whether(0.1) {
                told.lie = Lie { part: told.lie.part, ..lots.lie(self.reach) };
            }
        }
        bent.from_begin ^= lots.whether(0.2);
        if bent.liars.len() > 2 && lots.whether(0.3) {
            let ix = lots.of(bent.liars.len());
            bent.liars.remove(ix);
        }
        bent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streets() -> Vec<Vec<Vec<usize>>> {
        vec![vec![vec![0, 1, 2, 5]], vec![vec![0, 1], vec![0, 1, 2]]]
    }

    #[test]
    fn a_number_is_always_the_same_strategy_and_stays_within_its_reach() {
        for number in 0..500 {
            let it = Strategy::draw(1, number, &streets());
            assert_eq!(it, Strategy::draw(1, number, &streets()));
            let fits = match it.reach {
                Reach::Detector => it.liars.len() == 1 && it.liars[0].lie.part != Part::Both,
                Reach::Lane => it.liars.len() == 1 && it.liars[0].lie.part == Part::Both,
                Reach::Many => it.liars.len() >= 2,
            };
            assert!(fits, "{it}");
            let lanes = &streets()[it.street];
            assert!(it.liars.iter().all(|told| lanes[told.spot.intersection].contains(&told.spot.lane)));
            let bent = it.bent(1, number);
            assert_eq!((bent.reach, bent.street), (it.reach, it.street));
            assert!(bent.liars.len() >= it.liars.len().min(2) && bent.liars[0].lie.amount <= 1.0);
        }
    }

    #[test]
    fn every_kind_is_drawn() {
        let drawn: Vec<Kind> = (0..500).map(|it| Strategy::draw(1, it, &streets()).liars[0].lie.kind).collect();
        assert!(Kind::ALL.iter().all(|kind| drawn.contains(kind)));
    }
}
