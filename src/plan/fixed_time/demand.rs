//! Where the vehicles of a fixed-time calculation queue: flows spread over the lanes that lead where they go.
//!
//! In and out: flow of every movement \[veh/h\]. Drivers choose the shorter queue, so the flow from one approach to one
//! road is poured into its lanes until they stand alike. A turn that gives way counts double, as it holds its lane for
//! longer. Lanes with turns of their own take part with what is on them already.

use crate::ids::{LinkId, MovementIx};
use crate::network::Intersection;
use std::collections::BTreeMap;

/// Movement flows \[veh/h\] with those of one approach to one road spread over the lanes that lead there, so that lanes
/// are loaded alike; a turn that gives way counts double.
pub(super) fn spread(intersection: &Intersection, flows: &[f64]) -> Vec<f64> {
    let mut choices: BTreeMap<(usize, &LinkId), Vec<MovementIx>> = BTreeMap::new();
    for (ix, movement) in intersection.movements.iter().enumerate() {
        if let (Some(lane), Some(exit)) = (movement.lane, movement.exit) {
            let key = (intersection.lanes[lane.0].approach, &intersection.exits[exit.0].link);
            choices.entry(key).or_default().push(MovementIx(ix));
        }
    }
    let weight = |m: MovementIx| if intersection.movements[m.0].yields_to.is_empty() { 1.0 } else { 2.0 };
    let lane_of = |m: MovementIx| intersection.movements[m.0].lane.expect("a movement with a choice starts on a lane");
    let mut spread = flows.to_vec();
    for _ in 0..20 {
        for choice in choices.values().filter(|choice| choice.len() > 1) {
            let total: f64 = choice.iter().map(|m| flows[m.0]).sum();
            let others: Vec<f64> = choice
                .iter()
                .map(|&m| {
                    let on_lane = intersection.lanes[lane_of(m).0].movements.iter();
                    on_lane.filter(|other| !choice.contains(other)).map(|&other| spread[other.0] * weight(other)).sum()
                })
                .collect();
            for (&m, flow) in choice.iter().zip(level(&others, total)) {
                spread[m.0] = flow;
            }
        }
    }
    spread
}

/// Fill vessels that hold `levels` already with `total` more so that they stand alike; what each takes.
fn level(levels: &[f64], total: f64) -> Vec<f64> {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (mut sum, mut height) = (0.0, 0.0);
    for (count, &next) in sorted.iter().enumerate() {
        if count > 0 && height <= next {
            break;
        }
        sum += next;
        height = (total + sum) / (count + 1) as f64;
    }
    levels.iter().map(|&level| (height - level).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_with_a_choice_fill_the_emptier_lane_first() {
        assert_eq!(level(&[300.0, 0.0], 100.0), [0.0, 100.0]);
        assert_eq!(level(&[300.0, 100.0, 900.0], 400.0), [100.0, 300.0, 0.0]);
    }
}
