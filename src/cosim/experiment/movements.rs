//! The movements of a network as a referee counts them: a turn from one approach into one road, whatever its lanes.
//!
//! In: the network as the engine knows it. Out: a table with two ways in: by signal group (SUMO tells the link at which a vehicle will
//! pass) and by the roads before and behind the stop line (our simulator knows the route). Crosswalks are left out.

use crate::network::{Network, Turn};
use std::collections::BTreeMap;

/// One turn from one approach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Position of its intersection.
    pub ix: usize,
    /// Name of its intersection.
    pub intersection: String,
    /// Position of its approach.
    pub approach_ix: usize,
    /// Road before the stop line.
    pub approach: String,
    /// Road behind it.
    pub exit: String,
    /// Direction.
    pub turn: Turn,
    /// Signal groups that control it.
    pub groups: Vec<usize>,
}

/// All of a network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Movements {
    /// In the order of intersections, then of approaches and exits as they are first met.
    pub all: Vec<Movement>,
    by_group: BTreeMap<(String, usize), usize>,
    by_roads: BTreeMap<(String, String), usize>,
}

impl Movements {
    /// Of a network.
    pub fn of(network: &Network) -> Self {
        let mut found = Self::default();
        for (ix, intersection) in network.intersections.iter().enumerate() {
            for movement in &intersection.movements {
                let Some((lane, exit)) = movement.lane.zip(movement.exit) else { continue };
                let approach_ix = intersection.lanes[lane.0].approach;
                let approach = intersection.approaches[approach_ix].id.to_string();
                let exit = intersection.exits[exit.0].link.to_string();
                let at = *found.by_roads.entry((approach.clone(), exit.clone())).or_insert(found.all.len());
                if at == found.all.len() {
                    let (intersection, turn) = (intersection.id.to_string(), movement.turn);
                    let groups = Vec::new();
                    found.all.push(Movement { ix, intersection, approach_ix, approach, exit, turn, groups });
                }
                let groups = &mut found.all[at].groups;
                if !groups.contains(&movement.group.0) {
                    groups.push(movement.group.0);
                }
                found.by_group.entry((intersection.id.to_string(), movement.group.0)).or_insert(at);
            }
        }
        found
    }

    /// The movement of a signal group.
    pub fn of_group(&self, intersection: &str, group: usize) -> Option<usize> {
        self.by_group.get(&(intersection.to_owned(), group)).copied()
    }

    /// The movement from one road to the next.
    pub fn of_roads(&self, from: &str, to: &str) -> Option<usize> {
        self.by_roads.get(&(from.to_owned(), to.to_owned())).copied()
    }
}

impl Movement {
    /// Its direction, for people.
    pub const fn turn_name(&self) -> &'static str {
        match self.turn {
            Turn::Left => "left",
            Turn::Through => "through",
            Turn::Right => "right",
            Turn::UTurn => "u-turn",
            Turn::Crosswalk => "crosswalk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    #[test]
    fn lanes_of_one_turn_are_one_movement_and_both_ways_in_lead_to_it() {
        let network = Network { city: "c".into(), intersections: vec![crossroads()], links: Vec::new() };
        let movements = Movements::of(&network);
        assert!(!movements.all.is_empty());
        for (at, it) in movements.all.iter().enumerate() {
            assert_eq!(movements.of_roads(&it.approach, &it.exit), Some(at));
            for group in &it.groups {
                let found = movements.of_group(&it.intersection, *group).unwrap();
                assert!(movements.all[found].groups.contains(group), "groups may be shared by movements");
            }
        }
        assert_eq!(movements.of_roads("nowhere", "x"), None);
    }
}
