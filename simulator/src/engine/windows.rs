//! Which lane leads where a vehicle wants to go, three roads ahead.
//!
//! A window is a road with the two that follow it on a route, for one class; all trips that share it share its choices:
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

/// Road, the next, the one after; class. `u32::MAX` where the route has ended.
type Key = (u32, u32, u32, u32);

/// All windows of a demand.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    keys: Vec<(Key, u32)>,
    pub choices: Vec<Choice>,
    /// For each trip where its windows begin in `itinerary`.
    pub first: Vec<u32>,
    /// For each road of each trip where its choices begin.
    pub itinerary: Vec<u32>,
}

impl Windows {
    pub fn new(layout: &Layout, trips: &[Trip]) -> Self {
        let mut known: BTreeMap<Key, u32> = BTreeMap::new();
        let mut windows = Self::default();
        let mut lanes = 0;
        for trip in trips {
            windows.first.push(windows.itinerary.len() as u32);
            for k in 0..trip.route.len() {
                let road = |k: usize| trip.route.get(k).map_or(u32::MAX, |road| road.0);
                let key = (road(k), road(k + 1), road(k + 2), trip.class.0);
                let base = *known.entry(key).or_insert_with(|| {
                    let base = lanes;
                    lanes += layout.roads[key.0 as usize].1;
                    base
                });
                windows.itinerary.push(base);
            }
        }
        windows.keys = known.into_iter().collect();
        windows.choices = vec![Choice { link: DEAD_END, reach: 0.0, offset: 0 }; lanes as usize];
        windows
    }

    /// Make all choices, with some tracks closed.
    pub fn choose(&mut self, layout: &Layout, closed: &dyn Fn(u32) -> bool) {
        for (key, base) in &self.keys {
            let (first, n) = layout.roads[key.0 as usize];
            let chosen = &mut self.choices[*base as usize..(*base + n) as usize];
            for (lane, choice) in (first..first + n).zip(chosen.iter_mut()) {
                *choice = choose(layout, lane, *key, closed);
            }
            set_offsets(layout, first, key.3, chosen, closed);
        }
    }

    #[inline]
    pub fn choice(&self, cursor: u32, lane: &Track) -> &Choice {
        &self.choices[(self.itinerary[cursor as usize] + lane.number) as usize]
    }
}

/// Link of a lane that gets farthest, and how far.
fn choose(layout: &Layout, lane: u32, (_, next, after, class): Key, closed: &dyn Fn(u32) -> bool) -> Choice {
    let track = &layout.tracks[lane as usize];
    let length = track.length as f32;
    if closed(lane) || track.classes >> class & 1 == 0 {
        return Choice { link: DEAD_END, reach: 0.0, offset: 0 };
    }
    if next == u32::MAX {
        return Choice { link: ARRIVES, reach: FAR_M, offset: 0 };
    }
    let ways = onward_of(layout, lane, next, class, closed).map(|(link, to)| {
        let target = &layout.tracks[to as usize];
        let beyond = if after == u32::MAX {
            FAR_M
        } else {
            let leads = onward_of(layout, to, after, class, closed).next().is_some();
            target.length as f32
                + if leads { layout.tracks[layout.roads[after as usize].0 as usize].length as f32 } else { 0.0 }
        };
        (link, length + beyond)
    });
    let best = ways.fold(None, |best: Option<(u32, f32)>, it| match best {
        Some(kept) if kept.1 >= it.1 => Some(kept),
        _ => Some(it),
    });
    let (link, reach) = best.unwrap_or((DEAD_END, length));
    Choice { link, reach, offset: 0 }
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
