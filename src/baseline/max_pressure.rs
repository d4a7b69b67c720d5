//! Max pressure: the stage with the largest difference of queues before and behind the junction (RESCO's MAXPRESSURE).
//!
//! In: queued vehicles within [`RANGE_M`] of the stop line per lane, and queued vehicles on the road behind each exit
//! \[veh\]; *queued* means having stopped at least once in range. Out: the stage with the largest
//! `Σ lanes queue − Σ roads entered queue downstream`. Varaiya (2013) proves that it serves every demand that any signal
//! can serve when queues are unbounded, turn shares known and a stage can be kept for ever; streets are none of that,
//! and it locks up where links are short.
//!
//! `downstream[exit]` is the queue on the *whole approach* that the exit's road leads to, the same number for all exit
//! lanes of one road, and zero where no signalised neighbour is known. As in RESCO, it is subtracted once for every
//! approach that sends its main turns there. Which lanes a stage speaks for: `service`; when to ask:
//! [`super::DECISION_PERIOD`].
//!
//! Differences to RESCO's code (`agents/maxpressure.py`, `states.mplight`): lane sets derived, not hand-written; ties
//! keep the current stage. From counts alone, "has stopped once" is known only to an estimator that follows the queue;
//! the number that stands right now is a lower bound and makes the controller weaker.

use super::{Choice, service};
use crate::ids::{LinkId, StageIx};
use crate::network::Intersection;
use std::collections::BTreeMap;

/// How far upstream of the stop line queues are seen \[m\].
pub const RANGE_M: f64 = 200.0;

/// The stage with the highest pressure; `queued` per lane and `downstream` per exit \[veh\], in index order.
///
/// # Panics
/// When `queued` is not one number a lane or `downstream` not one number an exit.
pub fn choose(intersection: &Intersection, queued: &[f64], downstream: &[f64], current: StageIx) -> Choice {
    assert_eq!(queued.len(), intersection.lanes.len(), "one queue a lane");
    assert_eq!(downstream.len(), intersection.exits.len(), "one downstream queue an exit");
    let scores = intersection.stage_ixs().map(|stage| pressure(intersection, queued, downstream, stage)).collect();
    Choice::highest(scores, current)
}

fn pressure(intersection: &Intersection, queued: &[f64], downstream: &[f64], stage: StageIx) -> f64 {
    let mut upstream = 0.0;
    let mut behind: BTreeMap<(usize, &LinkId), f64> = BTreeMap::new();
    for lane in intersection.lane_ixs().filter(|&lane| service::speaks_for(intersection, stage, lane)) {
        upstream += queued[lane.0];
        for movement in service::main_movements(intersection, lane) {
            if let Some(exit) = intersection.movements[movement.0].exit {
                let road = &intersection.exits[exit.0].link;
                let queue = behind.entry((intersection.lanes[lane.0].approach, road)).or_default();
                *queue = queue.max(downstream[exit.0]);
            }
        }
    }
    upstream - behind.values().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;

    #[test]
    fn a_full_road_behind_the_junction_takes_the_green_away() {
        let crossroads = sample::crossroads();
        let mut queued = vec![0.0; crossroads.lanes.len()];
        queued[sample::lane(0, 0).0] = 10.0;
        queued[sample::lane(1, 0).0] = 6.0;
        let mut downstream = vec![0.0; crossroads.exits.len()];
        let free = choose(&crossroads, &queued, &downstream, sample::THROUGH_EW);
        assert_eq!(free.stage, sample::THROUGH_NS);
        downstream[sample::exit(2).0] = 7.0;
        let blocked = choose(&crossroads, &queued, &downstream, sample::THROUGH_NS);
        assert_eq!(blocked.stage, sample::THROUGH_EW);
        assert_eq!(blocked.scores, [3.0, 0.0, 6.0, -7.0]);
    }

    #[test]
    fn every_approach_that_sends_traffic_to_a_road_feels_its_queue() {
        let crossroads = sample::crossroads();
        let queued = vec![0.0; crossroads.lanes.len()];
        let downstream = vec![2.0; crossroads.exits.len()];
        let choice = choose(&crossroads, &queued, &downstream, sample::THROUGH_NS);
        assert_eq!(choice.scores, [-4.0; 4]);
    }
}
