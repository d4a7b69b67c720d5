//! What the offset between two signals is worth: delay of the platoons that one sends to the other.
//!
//! In: upstream and downstream plans with a common cycle, a link. Out: delay of the link's vehicles and of those that
//! share their lanes, for every offset of the downstream signal against the upstream one \[veh·s per cycle\], in steps of
//! [`STEP`].
//!
//! The upstream lanes discharge a steady arrival through their greens; what enters the link travels its free time `T`
//! and spreads on the way (Robertson 1969, `F = 1/(1 + 0.35·0.8·T)`, recursive in seconds, cyclic); downstream it joins
//! the lanes of its approach in proportion to their flows and queues there until green. This is TRANSYT's cyclic flow
//! profile for one link at a time: what the upstream signal itself receives in platoons is not followed further.

use super::WebsterPlan;
use super::capacity::Cycle;
use crate::ids::LaneIx;
use crate::network::{Intersection, Link};

/// Resolution of profiles and offsets \[s\].
pub(super) const STEP: f64 = 1.0;

/// Robertson's dispersion factor times his share of the travel time \[1/s\].
const DISPERSION: f64 = 0.35 * 0.8;

/// An intersection with its plan.
#[derive(Clone, Copy)]
pub(super) struct Timed<'a> {
    pub intersection: &'a Intersection,
    pub plan: &'a WebsterPlan,
}

/// Delay for every offset of `to` against `from`, `volume` \[veh/h\] on the link; `bins` seconds of common cycle.
pub(super) fn delays(from: Timed<'_>, to: Timed<'_>, link: &Link, volume: f64, bins: usize) -> Vec<f64> {
    let sent = from.departures(link, bins);
    let total: f64 = sent.iter().sum();
    if total <= 0.0 || volume <= 0.0 {
        return vec![0.0; bins];
    }
    let scale = volume * link.share_prior * bins as f64 * STEP / 3600.0 / total;
    let platoon: Vec<f64> = travelled(&sent, link).into_iter().map(|vehicles| vehicles * scale).collect();
    let lanes = to.receiving(link, bins, platoon.iter().sum());
    (0..bins).map(|offset| lanes.iter().map(|lane| lane.delay(&platoon, offset)).sum()).collect()
}

/// A profile after the link: shifted by the travel time and spread.
fn travelled(sent: &[f64], link: &Link) -> Vec<f64> {
    let bins = sent.len();
    let time = link.length_m / link.speed_mps.max(1.0) / STEP;
    let smoothing = 1.0 / (1.0 + DISPERSION * time);
    let shift = (0.8 * time).round() as usize;
    let mut spread = vec![0.0; bins];
    let mut level = sent.iter().sum::<f64>() / bins as f64;
    for bin in 0..3 * bins {
        level = smoothing * sent[bin % bins] + (1.0 - smoothing) * level;
        spread[(bin + shift) % bins] = level;
    }
    spread
}

/// A lane that receives a share of a platoon.
struct Receiver {
    /// Share of the platoon that queues here.
    share: f64,
    /// Other vehicles, spread evenly \[veh per bin\].
    even: f64,
    /// Most that can leave in each bin \[veh\].
    service: Vec<f64>,
}

impl Receiver {
    /// Delay in a cycle when the signal's cycle starts `offset` bins after the upstream one's \[veh·s\].
    fn delay(&self, platoon: &[f64], offset: usize) -> f64 {
        let bins = platoon.len();
        let arriving: f64 = self.even * bins as f64 + self.share * platoon.iter().sum::<f64>();
        let served: f64 = self.service.iter().sum();
        let fit = (0.98 * served / arriving.max(1e-9)).min(1.0);
        let (mut queue, mut delay) = (0.0_f64, 0.0);
        for bin in 0..3 * bins {
            let arrival = (self.even + self.share * platoon[bin % bins]) * fit;
            queue = (queue + arrival - self.service[(bin + bins - offset) % bins]).max(0.0);
            if bin >= 2 * bins {
                delay += queue * STEP;
            }
        }
        delay
    }
}

impl Timed<'_> {
    /// Vehicles that leave into a link in each bin of the cycle, up to a factor.
    fn departures(&self, link: &Link, bins: usize) -> Vec<f64> {
        let mut sent = vec![0.0; bins];
        let it = self.intersection;
        for lane in it.lane_ixs() {
            let into = |m: &&crate::ids::MovementIx| {
                it.movements[m.0].exit.is_some_and(|exit| it.exits[exit.0].link == link.id)
            };
            let flow: f64 = it.lanes[lane.0].movements.iter().map(|m| self.plan.flows[m.0]).sum();
            let part: f64 = it.lanes[lane.0].movements.iter().filter(into).map(|m| self.plan.flows[m.0]).sum();
            if part <= 0.0 {
                continue;
            }
            let service = self.service(lane, bins);
            let arrival = (flow / 3600.0 * STEP).min(0.98 * service.iter().sum::<f64>() / bins as f64);
            let mut queue = 0.0_f64;
            for bin in 0..3 * bins {
                let out = (queue + arrival).min(service[bin % bins]);
                queue += arrival - out;
                if bin >= 2 * bins {
                    sent[bin % bins] += out * part / flow;
                }
            }
        }
        sent
    }

    /// Lanes of the approach of a link, with their shares of a platoon of so many vehicles a cycle.
    fn receiving(&self, link: &Link, bins: usize, platoon: f64) -> Vec<Receiver> {
        let it = self.intersection;
        let Some(approach) = it.approaches.iter().find(|approach| approach.id == link.approach) else {
            return Vec::new();
        };
        let flow = |lane: &LaneIx| -> f64 { it.lanes[lane.0].movements.iter().map(|m| self.plan.flows[m.0]).sum() };
        let total: f64 = approach.lanes.iter().map(flow).sum();
        let lanes = approach.lanes.iter().filter(|lane| flow(lane) > 0.0);
        lanes
            .map(|lane| {
                let share = flow(lane) / total;
                let all = flow(lane) / 3600.0 * STEP;
                let even = (all - share * platoon / bins as f64).max(0.0);
                Receiver { share, even, service: self.service(*lane, bins) }
            })
            .collect()
    }

    /// Most that can leave a lane in each bin; the programme is repeated when its cycle is half the common one.
    fn service(&self, lane: LaneIx, bins: usize) -> Vec<f64> {
        let steps = &self.plan.programme.steps;
        let mut cycle = Cycle::new(self.intersection, steps.iter().map(|step| step.stage).collect());
        cycle.greens = steps.iter().map(|step| step.green.as_secs_f64()).collect();
        let flows: Vec<f64> = self.plan.flows.iter().map(|flow| flow / 3600.0).collect();
        let rates = cycle.rates(lane, &flows);
        let length = cycle.length();
        (0..bins)
            .map(|bin| {
                let mut into = ((bin as f64 + 0.5) * STEP) % length;
                for (step, &rate) in rates.iter().enumerate() {
                    let flows_on = rates[(step + 1) % rates.len()] > 0.0;
                    let open = cycle.greens[step] + if flows_on { cycle.changes[step] } else { 0.0 };
                    if into < open {
                        return rate * STEP;
                    }
                    into -= cycle.greens[step] + cycle.changes[step];
                    if into < 0.0 {
                        return 0.0;
                    }
                }
                0.0
            })
            .collect()
    }
}
