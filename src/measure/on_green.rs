//! Arrivals on green: how many vehicles would reach the stop line while their lane is green, if no queue stood there.
//!
//! In: lamps and counts of each second. Out: [`Figures`] per approach. A vehicle that enters the zone of a lane at `τ` arrives at
//! `τ + zone/limit`, as in ATSPM, where an advance detector is shifted by the travel time to the stop bar; green is the protected or
//! permissive green of any movement of the lane, yellow is not.
//!
//! ```text
//! P   = arrivals on green / arrivals
//! R_p = P / (g/C)         platoon ratio; over several lanes: arrivals on green / Σ arrivals·(g/C)
//! ```
//!
//! Sources: P and its diagram: Day et al., *Performance Measures for Traffic Signal Systems*, Purdue 2014; `R_p` and arrival types: HCM 7,
//! ch. 19 (from HCM 2000, exhibit 16-11: 0.50, 0.85, 1.15, 1.50, 2.00). Weakness: free speed is the speed limit; on lanes shorter
//! than the zone is meant to be, who enters from a side street a few metres ahead is seen late.

use super::entries::Entries;
use crate::estimate::Observation;
use crate::ids::LaneIx;
use crate::network::{Intersection, Network};
use crate::plan::StateReport;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::AddAssign;

/// Platoon ratios up to which the arrival types 1…5 reach.
const TYPES: [f64; 5] = [0.50, 0.85, 1.15, 1.50, 2.00];

/// Arrivals and what of them was on green.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Vehicles that arrived \[veh\].
    pub arrivals: f64,
    /// Those of them that arrived on green \[veh\].
    pub on_green: f64,
    /// Those who would have, had they come evenly: Σ arrivals·(g/C) over the lanes \[veh\].
    pub on_green_evenly: f64,
}

/// Figures of one approach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfApproach {
    /// Intersection.
    pub intersection: String,
    /// Its approach.
    pub approach: String,
    /// Whether a signalised neighbour feeds it.
    pub fed: bool,
    /// What was counted.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Counts arrivals on green while a run goes on.
#[derive(Debug, Clone)]
pub struct OnGreen {
    sites: Vec<Site>,
}

#[derive(Debug, Clone)]
struct Site {
    name: String,
    approaches: Vec<Approach>,
    lanes: Vec<Lane>,
}

#[derive(Debug, Clone)]
struct Approach {
    name: String,
    fed: bool,
    lanes: Vec<LaneIx>,
    entries: Entries,
}

#[derive(Debug, Clone)]
struct Lane {
    travel: Millis,
    groups: Vec<usize>,
    /// When those who are under way arrive.
    due: VecDeque<Timestamp>,
    arrivals: u64,
    on_green: u64,
    seconds: u64,
    green_seconds: u64,
}

impl Figures {
    /// Share of the arrivals that were on green, 0…1; `None` without arrivals.
    pub fn share(&self) -> Option<f64> {
        (self.arrivals > 0.0).then(|| self.on_green / self.arrivals)
    }

    /// Platoon ratio; `None` where nobody could arrive on green.
    pub fn platoon_ratio(&self) -> Option<f64> {
        (self.on_green_evenly > 0.0).then(|| self.on_green / self.on_green_evenly)
    }

    /// Arrival type 1 (dense platoon on red) … 6 (exceptional progression).
    pub fn arrival_type(&self) -> Option<u8> {
        self.platoon_ratio().map(|ratio| 1 + TYPES.iter().filter(|&&bound| ratio > bound).count() as u8)
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.arrivals += other.arrivals;
        self.on_green += other.on_green;
        self.on_green_evenly += other.on_green_evenly;
    }
}

impl OnGreen {
    /// Of all intersections of a network.
    pub fn new(network: &Network) -> Self {
        Self { sites: network.intersections.iter().map(|it| Site::new(it, network)).collect() }
    }

    /// One second of the intersection at a position: lamps up to now, counts of the second. A message that is not of this second is not
    /// taken in.
    pub fn second(&mut self, ix: usize, state: &StateReport, seen: Option<&Observation>) {
        let Some(site) = self.sites.get_mut(ix) else { return };
        let at = state.shown.at;
        for lane in &mut site.lanes {
            let green = lane
                .groups
                .iter()
                .any(|&group| state.shown.groups.get(group).is_some_and(|it| it.indication.is_green()));
            lane.seconds += 1;
            lane.green_seconds += u64::from(green);
            while lane.due.front().is_some_and(|&due| due <= at) {
                lane.due.pop_front();
                lane.arrivals += 1;
                lane.on_green += u64::from(green);
            }
        }
        let Some(seen) = seen.filter(|seen| seen.at == at) else { return };
        for approach in &mut site.approaches {
            for lane in approach.entries.entered(seen) {
                let lane = &mut site.lanes[lane.0];
                // Somewhere in the second: in its middle.
                let due = at - Millis(seen.period.0 / 2) + lane.travel;
                lane.due.push_back(due);
            }
        }
    }

    /// Approach by approach, in the order of the network; those without arrivals are left out.
    pub fn approaches(&self) -> Vec<OfApproach> {
        let all = self.sites.iter().flat_map(|site| site.approaches.iter().map(move |approach| (site, approach)));
        let figures = all.map(|(site, approach)| OfApproach {
            intersection: site.name.clone(),
            approach: approach.name.clone(),
            fed: approach.fed,
            figures: site.figures(&approach.lanes),
        });
        figures.filter(|it| it.figures.arrivals > 0.0).collect()
    }

    /// All approaches together, or only those that a signalised neighbour feeds.
    pub fn together(&self, fed_only: bool) -> Figures {
        let mut sum = Figures::default();
        self.approaches().iter().filter(|it| it.fed || !fed_only).for_each(|it| sum += it.figures);
        sum
    }
}

impl Site {
    fn new(intersection: &Intersection, network: &Network) -> Self {
        let feeds = |link: &&crate::network::Link| link.to == intersection.id;
        let fed: Vec<&str> = network.links.iter().filter(feeds).map(|link| link.approach.as_str()).collect();
        let approach = |it: &crate::network::Approach| Approach {
            name: it.id.to_string(),
            fed: fed.contains(&it.id.as_str()),
            lanes: it.lanes.clone(),
            entries: Entries::new(&it.lanes),
        };
        let lane = |it: &crate::network::Lane| Lane {
            travel: Millis::from_secs_f64(it.zone_m / it.speed_mps),
            groups: it.movements.iter().map(|movement| intersection.movements[movement.0].group.0).collect(),
            due: VecDeque::new(),
            arrivals: 0,
            on_green: 0,
            seconds: 0,
            green_seconds: 0,
        };
        Self {
            name: intersection.id.to_string(),
            approaches: intersection.approaches.iter().map(approach).collect(),
            lanes: intersection.lanes.iter().map(lane).collect(),
        }
    }

    fn figures(&self, lanes: &[LaneIx]) -> Figures {
        let mut sum = Figures::default();
        for lane in lanes.iter().map(|lane| &self.lanes[lane.0]) {
            let share = lane.green_seconds as f64 / lane.seconds.max(1) as f64;
            sum += Figures {
                arrivals: lane.arrivals as f64,
                on_green: lane.on_green as f64,
                on_green_evenly: lane.arrivals as f64 * share,
            };
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::tests::seen;
    use super::*;
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads, lane};
    use crate::plan::{FieldMode, Shown};

    /// Vehicles that enter lane 0 in each second of a list; green for seconds 0…29 of 60; zone 15 s long.
    fn after(entering: impl Fn(i64) -> bool) -> Figures {
        let mut intersection = crossroads();
        intersection.lanes.iter_mut().for_each(|lane| lane.zone_m = 15.0 * lane.speed_mps);
        let network = Network { city: "x".into(), intersections: vec![intersection.clone()], links: Vec::new() };
        let mut measure = OnGreen::new(&network);
        let (mut shown, mut count) = (Shown::all_red(&intersection, Timestamp::from_secs(-1)), 0);
        for second in 0_i64..600 {
            // The state at the end of a second holds what was shown in it.
            let stage = if (second - 1).rem_euclid(60) < 30 { THROUGH_NS } else { THROUGH_EW };
            let at = Timestamp::from_secs(second);
            shown.advance(at, Some(stage), &intersection.stage(stage).signals);
            let state = StateReport {
                intersection: intersection.id.clone(),
                config_hash: String::new(),
                shown: shown.clone(),
                mode: FieldMode::Remote,
                applied: None,
                refused: None,
                nonce: 1,
            };
            count += u32::from(entering(second));
            measure.second(0, &state, Some(&seen(second, &[(lane(0, 0).0, count, 0)])));
        }
        measure.together(false)
    }

    #[test]
    fn who_enters_a_travel_time_before_green_arrives_on_green() {
        let good = after(|second| second.rem_euclid(60) == 50);
        assert_eq!((good.arrivals, good.share()), (9.0, Some(1.0)));
        assert!((good.platoon_ratio().unwrap() - 2.0).abs() < 0.01 && good.arrival_type() == Some(5), "{good:?}");
        let bad = after(|second| second.rem_euclid(60) == 20);
        assert_eq!((bad.share(), bad.arrival_type()), (Some(0.0), Some(1)));
        assert_eq!(after(|_| false).share(), None);
    }

    #[test]
    fn an_even_stream_has_a_platoon_ratio_of_one() {
        let even = after(|second| second % 2 == 0);
        assert!((even.platoon_ratio().unwrap() - 1.0).abs() < 0.03 && even.arrival_type() == Some(3), "{even:?}");
    }
}
