//! Which lane leads where a vehicle wants to go, some roads ahead.
//!
//! A window is a road with the two that follow it on a route, more where these are short, for one class; all trips that share it share its choices:
//! for each lane the link to take, how far one gets without a lane change \[m\], and how many lanes to the left (+) or
//! right (-) the nearest best lane is. So memory is linear in roads and turns, not in trips. Closed lanes lead nowhere;
//! when one opens or closes the choices are made anew.

use std::collections::BTreeMap;

use super::layout::{ARRIVES, DEAD_END, Layout, Track};
use crate::demand::Trip;

/// More than any road.
const FAR_M: f32 = 1e6;

/// What a lane is good for.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Track of the link to take, [`ARRIVES`] or [`DEAD_END`].
    pub link: u32,
    /// How far one gets from the lane's begin without a lane change \[m\].
    pub reach: f32,
    /// Lanes to the nearest best one, left positive.
    pub offset: i8,
}

/// Roads of a window at most, the own one included.
const ROADS: usize = 6;
/// A window ends after two roads ahead, or later where these are shorter than this \[m\].
const AHEAD_M: f64 = 200.0;
/// On a lane shorter than this \[m\] one cannot change lanes: who would have to had better wait before it.
const TRAP_M: f64 = 12.0;
/// Instead of a road: the route has ended.
const ENDED: u32 = u32::MAX;
/// Instead of a road: the window ends here.
const UNSEEN: u32 = u32::MAX - 1;

/// Roads in order, then [`ENDED`] or [`UNSEEN`]; class.
type Key = ([u32; ROADS], u32);

/// Window of a trip at its `k`-th road.
fn key(layout: &Layout, trip: &Trip, k: usize) -> Key {
    let mut roads = [UNSEEN; ROADS];
    let mut ahead_m = 0.0;
    for (n, slot) in roads.iter_mut().enumerate() {
        if n > 2 && ahead_m >= AHEAD_M {
            break;
        }
        let Some(road) = trip.route.get(k + n) else {
            *slot = ENDED;
            break;
        };
        *slot = road.0;
        if n > 0 {
            ahead_m += layout.tracks[layout.roads[road.at()].0 as usize].length;
        }
    }
    (roads, trip.class.0)
}

/// All windows of a demand.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    known: BTreeMap<Key, u32>,
    pub choices: Vec<Choice>,
    /// For each trip where its windows begin in `itinerary`.
    pub first: Vec<u32>,
    /// For each road of each trip where its choices begin.
    pub itinerary: Vec<u32>,
}

impl Windows {
    pub fn new(layout: &Layout, trips: &[Trip]) -> Self {
        let mut windows = Self::default();
        for trip in trips {
            windows.first.push(windows.itinerary.len() as u32);
            windows.add(layout, trip);
        }
        windows.choose(layout, &|_| false);
        windows
    }

    /// Give a trip another way, before it departs.
    pub fn change(&mut self, layout: &Layout, number: u32, trip: &Trip, closed: &dyn Fn(u32) -> bool) {
        self.first[number as usize] = self.itinerary.len() as u32;
        for (key, base) in self.add(layout, trip) {
            self.choose_one(layout, &key, base, closed);
        }
    }

    /// Take in a trip's windows; returns those that were not known, whose choices are still to be made.
    fn add(&mut self, layout: &Layout, trip: &Trip) -> Vec<(Key, u32)> {
        let mut new = Vec::new();
        for k in 0..trip.route.len() {
            let key = key(layout, trip, k);
            let base = self.known.get(&key).copied().unwrap_or_else(|| {
                let base = self.choices.len() as u32;
                let lanes = layout.roads[key.0[0] as usize].1 as usize;
                self.choices.resize(base as usize + lanes, Choice { link: DEAD_END, reach: 0.0, offset: 0 });
                self.known.insert(key, base);
                new.push((key, base));
                base
            });
            self.itinerary.push(base);
        }
        new
    }

    /// Make all choices, with some tracks closed.
    pub fn choose(&mut self, layout: &Layout, closed: &dyn Fn(u32) -> bool) {
        let known = std::mem::take(&mut self.known);
        for (key, &base) in &known {
            self.choose_one(layout, key, base, closed);
        }
        self.known = known;
    }

    fn choose_one(&mut self, layout: &Layout, key: &Key, base: u32, closed: &dyn Fn(u32) -> bool) {
        let (first, n) = layout.roads[key.0[0] as usize];
        let chosen = &mut self.choices[base as usize..(base + n) as usize];
        choose(layout, key, chosen, closed);
        set_offsets(layout, first, key.1, chosen, closed);
    }

    #[inline]
    pub fn choice(&self, cursor: u32, lane: &Track) -> &Choice {
        &self.choices[(self.itinerary[cursor as usize] + lane.number) as usize]
    }
}

/// Link of each lane that gets farthest, and how far; from the window's last road back to its first.
fn choose(layout: &Layout, (roads, class): &Key, chosen: &mut [Choice], closed: &dyn Fn(u32) -> bool) {
    let seen = roads.iter().take_while(|&&road| road != ENDED && road != UNSEEN).count();
    let ended = roads.get(seen) == Some(&ENDED);
    let mut beyond: Vec<Choice> = Vec::new();
    for n in (0..seen).rev() {
        let (first, lanes) = layout.roads[roads[n] as usize];
        let next = roads.get(n + 1).copied().filter(|_| n + 1 < seen);
        let here = |lane: u32, strict: bool| {
            let track = &layout.tracks[lane as usize];
            let length = track.length as f32;
            if closed(lane) || track.classes >> class & 1 == 0 {
                return Choice { link: DEAD_END, reach: 0.0, offset: 0 };
            }
            let Some(next) = next else {
                let (link, reach) = if ended { (ARRIVES, FAR_M) } else { (DEAD_END, length) };
                return Choice { link, reach, offset: 0 };
            };
            let begin = layout.roads[next as usize].0;
            let trap =
                |to: u32| layout.tracks[to as usize].length < TRAP_M && beyond[(to - begin) as usize].link == DEAD_END;
            let ways = onward_of(layout, lane, next, *class, closed).filter(|&(_, to)| !(strict && trap(to)));
            let ways = ways.map(|(link, to)| (link, length + beyond[(to - begin) as usize].reach));
            let best =
                ways.fold((DEAD_END, length), |best, it| if best.0 == DEAD_END || it.1 > best.1 { it } else { best });
            Choice { link: best.0, reach: best.1, offset: 0 }
        };
        // What lies beyond the window's last road is not known, so none of its lanes is a trap.
        let known = n + 2 < seen || (ended && n + 1 < seen);
        let strict: Vec<Choice> = (first..first + lanes).map(|lane| here(lane, known)).collect();
        let leads = strict.iter().any(|it| it.link != DEAD_END);
        beyond = if leads { strict } else { (first..first + lanes).map(|lane| here(lane, false)).collect() };
    }
    chosen.copy_from_slice(&beyond);
}

/// Links from a lane to a road that are open to a class: link track and lane track.
fn onward_of<'a>(
    layout: &'a Layout,
    lane: u32,
    road: u32,
    class: u32,
    closed: &'a dyn Fn(u32) -> bool,
) -> impl Iterator<Item = (u32, u32)> + 'a {
    let (first, n) = layout.roads[road as usize];
    let ways = layout.ways_out_of(&layout.tracks[lane as usize]).iter();
    ways.filter(move |way| (first..first + n).contains(&way.to) && !closed(way.to))
        .filter(move |way| layout.tracks[way.to as usize].classes >> class & 1 == 1)
        .map(|way| (way.track, way.to))
}

fn set_offsets(layout: &Layout, first: u32, class: u32, chosen: &mut [Choice], closed: &dyn Fn(u32) -> bool) {
    let open = |k: usize| {
        let lane = first + k as u32;
        !closed(lane) && layout.tracks[lane as usize].classes >> class & 1 == 1
    };
    let best = chosen.iter().map(|it| it.reach).fold(0.0, f32::max);
    let good: Vec<usize> = (0..chosen.len()).filter(|&k| chosen[k].reach >= best && open(k)).collect();
    for (k, choice) in chosen.iter_mut().enumerate() {
        let nearest = good.iter().min_by_key(|&&g| g.abs_diff(k)).copied().unwrap_or(k);
        let lanes = nearest.abs_diff(k).min(100) as i8;
        choice.offset = if nearest < k { -lanes } else { lanes };
    }
}
