//! Pedestrians at crossings: they come, press a button, walk when they may, and are out when they are out.
//!
//! In: arrivals (Poisson, drawn beforehand), lamps. Out: which crossings are being walked on, which buttons are pressed,
//! how long people waited. At a lamp they begin on green only and finish whatever comes; without one (zebra) they walk at
//! once and vehicles that can stop do. Walking speed 1.2 m/s for all. Weakness: everybody crosses the whole width.

use std::collections::VecDeque;

use crate::demand::Demand;
use crate::street::Street;

/// Walking speed \[m/s\].
pub const WALK_MPS: f64 = 1.2;

/// All crossings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walks {
    crossings: Vec<Walk>,
    /// Next arrival of the demand.
    next: usize,
    /// Whether pedestrians are on each crossing.
    pub walked: Vec<bool>,
    /// Pedestrians who have begun to walk, and their waits \[s\].
    pub begun: u64,
    pub waited_s: f64,
    /// The same, whole seconds: how many have waited for 0, 1, 2 … s.
    pub waits: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
struct Walk {
    /// Position of the lamp; none at a zebra.
    lamp: Option<u32>,
    length_m: f64,
    button: bool,
    pressed: bool,
    /// When each of those who wait came \[s\].
    waiting: VecDeque<f64>,
    /// When each of those who walk is out \[s\].
    walking: VecDeque<f64>,
}

impl Walks {
    pub fn new(street: &Street, lamp_of: impl Fn(usize, usize) -> u32) -> Self {
        let walk = |crossing: &crate::street::Crossing| Walk {
            lamp: crossing.lamp.map(|(signal, group)| lamp_of(signal.at(), group)),
            length_m: crossing.length_m,
            button: crossing.push_button,
            ..Walk::default()
        };
        let crossings: Vec<Walk> = street.crossings.iter().map(walk).collect();
        Self { walked: vec![false; crossings.len()], crossings, ..Self::default() }
    }

    /// One step from `now_s` on.
    pub fn step(&mut self, demand: &Demand, letters: &[u8], now_s: f64) {
        while let Some(&(_, crossing)) = demand.pedestrians.get(self.next).filter(|it| it.0 <= now_s) {
            let walk = &mut self.crossings[crossing.at()];
            walk.waiting.push_back(now_s);
            walk.pressed |= walk.button;
            self.next += 1;
        }
        for (walk, walked) in self.crossings.iter_mut().zip(&mut self.walked) {
            while walk.walking.front().is_some_and(|&out| out <= now_s) {
                walk.walking.pop_front();
            }
            let green = walk.lamp.is_none_or(|lamp| matches!(letters[lamp as usize], b'G' | b'g'));
            if green {
                walk.pressed = false;
                for came in walk.waiting.drain(..) {
                    self.begun += 1;
                    self.waited_s += now_s - came;
                    let whole_s = (now_s - came) as usize;
                    if self.waits.len() <= whole_s {
                        self.waits.resize(whole_s + 1, 0);
                    }
                    self.waits[whole_s] += 1;
                    walk.walking.push_back(now_s + walk.length_m / WALK_MPS);
                }
            }
            *walked = !walk.walking.is_empty();
        }
    }

    /// The wait that nine of ten have not exceeded \[s\]; 0 without anybody.
    pub fn wait_p90_s(&self) -> f64 {
        let mut left = (self.begun * 9).div_ceil(10);
        let reached = self.waits.iter().position(|&count| {
            left = left.saturating_sub(count);
            left == 0
        });
        reached.unwrap_or(0) as f64
    }

    /// Who waits at a crossing, whether the button is pressed, who walks.
    pub fn state(&self, crossing: usize) -> CrossingState {
        let walk = &self.crossings[crossing];
        let (waiting, walking) = (walk.waiting.len() as u32, walk.walking.len() as u32);
        CrossingState { waiting, walking, pressed: walk.pressed }
    }
}

/// What a crossing looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossingState {
    /// Pedestrians who wait.
    pub waiting: u32,
    /// Pedestrians on it.
    pub walking: u32,
    /// Whether somebody has pressed the button since the last green.
    pub pressed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_waits_are_told_in_whole_seconds() {
        let told = |waits: &[u64]| {
            let begun = waits.iter().sum();
            Walks { waits: waits.to_vec(), begun, ..Walks::default() }.wait_p90_s() as u64
        };
        assert_eq!([told(&[]), told(&[3]), told(&[8, 0, 0, 1, 1]), told(&[0, 9, 0, 0, 1])], [0, 0, 3, 1]);
    }
}
