//! The fixed programme of an avenue: stages with who drives and who walks, green times as written, offsets of a green wave.
//!
//! Groups are the turns of the legs in order, then the crossings of the cross streets, then the one of the avenue.

use super::{CorridorFile, LANE_M, Leg, signal_name};
use simulator::street::{SignalFile, StageFile, Turn};

/// Walking speed for clearances \[m/s\] (MUTCD 4E.06).
const WALK_MPS: f64 = 1.07;
const WALK_S: f64 = 7.0;

/// Who walks in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Nobody,
    Sides,
    Avenue,
}

impl CorridorFile {
    /// Lamp of each group in a stage: who drives, and who walks.
    fn letters(&self, number: usize, drive: impl Fn(Leg, Turn) -> bool, walk: Walk) -> String {
        let mut letters = String::new();
        for leg in self.legs(number) {
            for turn in self.turns(number, leg) {
                // Who turns across the walkers of his stage gives way.
                let crossed = match walk {
                    Walk::Nobody => false,
                    Walk::Sides => self.side_crossings && leg.avenue(),
                    Walk::Avenue => {
                        self.avenue_crossings.contains(&number) && !leg.avenue() && leg.by(turn) == Leg::West
                    }
                };
                let gives_way = crossed && turn != Turn::Straight;
                letters.push(if !drive(leg, turn) {
                    'r'
                } else if gives_way {
                    'g'
                } else {
                    'G'
                });
            }
        }
        let sides = if self.side_crossings { self.legs(number).len() - 2 } else { 0 };
        letters.extend(std::iter::repeat_n(if walk == Walk::Sides { 'G' } else { 'r' }, sides));
        if self.avenue_crossings.contains(&number) {
            letters.push(if walk == Walk::Avenue { 'G' } else { 'r' });
        }
        letters
    }

    /// Signal of a junction, with the fixed programme.
    pub(super) fn signal(&self, number: usize, groups: usize) -> SignalFile {
        let tee = self.tees.contains(&number);
        let avenue = |leg: Leg, turn: Turn| leg.avenue() && turn != Turn::Left;
        let lefts = |leg: Leg, turn: Turn| leg.avenue() && turn == Turn::Left;
        let side = |leg: Leg, turn: Turn| !leg.avenue() && (tee || turn != Turn::Left);
        let side_lefts = |leg: Leg, turn: Turn| !leg.avenue() && turn == Turn::Left;
        let [avenue_s, lefts_s, side_s, side_lefts_s] = self.fixed_s;
        let mut stages = Vec::new();
        let clear_s =
            |walks: bool, lanes: usize| if walks { ((lanes as f64 * LANE_M + 0.6) / WALK_MPS).ceil() } else { 0.0 };
        let sides_s = clear_s(self.side_crossings, 2 * self.side_lanes);
        self.green(number, &mut stages, avenue, Walk::Sides, (avenue_s, sides_s));
        self.green(number, &mut stages, lefts, Walk::Nobody, (lefts_s, 0.0));
        let avenue_clear_s = clear_s(self.avenue_crossings.contains(&number), self.lanes);
        self.green(number, &mut stages, side, Walk::Avenue, (side_s, avenue_clear_s));
        if !tee {
            self.green(number, &mut stages, side_lefts, Walk::Nobody, (side_lefts_s, 0.0));
        }
        let way_m: f64 = self.spacing_m[..number - 1].iter().sum();
        SignalFile {
            id: signal_name(number),
            groups,
            stages,
            offset_s: (way_m / self.wave_mps).round(),
            yellow_s: self.yellow_s,
            all_red_s: self.all_red_s,
            min_green_s: 5.0,
            conflicts: Vec::new(),
        }
    }

    /// A green, first with walking and then without while the walkers clear, then yellow and red.
    fn green(
        &self,
        number: usize,
        stages: &mut Vec<StageFile>,
        drive: impl Fn(Leg, Turn) -> bool + Copy,
        walk: Walk,
        (green_s, clear_s): (f64, f64),
    ) {
        let alone = self.letters(number, drive, Walk::Nobody);
        let mut rest_s = green_s;
        if clear_s > 0.0 {
            let walk_s = WALK_S.max(green_s - clear_s);
            stages.push(StageFile { duration_s: walk_s, state: self.letters(number, drive, walk) });
            rest_s = clear_s;
        }
        stages.push(StageFile { duration_s: rest_s, state: alone.clone() });
        let (yellow, red) = (alone.replace('G', "y"), alone.replace('G', "r"));
        stages.push(StageFile { duration_s: self.yellow_s, state: yellow });
        if self.all_red_s > 0.0 {
            stages.push(StageFile { duration_s: self.all_red_s, state: red });
        }
    }
}
