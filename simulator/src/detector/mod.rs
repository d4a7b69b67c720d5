//! What a street can say of itself: loops and zones, as true as they are.
//!
//! In: where they lie, vehicles after each step, front bumpers that passed. Out: one [`Reading`] a detector and step;
//! [`fault`] makes of them what is really delivered. A loop tells each passage with its instant, and the share of the step
//! during which it was covered; a zone (pieces of lanes) tells how many front bumpers are in it, how many of them halt
//! (below 0.1 m/s) and how fast they are.

pub mod fault;

use crate::engine::layout::Layout;
use crate::engine::plan::Passed;
use crate::engine::right_of_way::HALTED_MPS;
use crate::engine::store::Field;
use crate::street::{LaneIx, Problem, Problems, Street};
use fault::{Fault, Faults};

/// A loop across a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// Which lane.
    pub lane: LaneIx,
    /// Where \[m from the lane's begin\].
    pub at_m: f64,
}

/// A zone of several pieces of lanes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Zone {
    /// Lane, from, to \[m from the lane's begin\].
    pub pieces: Vec<(LaneIx, f64, f64)>,
}

/// All detectors of a street.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detectors {
    /// Loops.
    pub loops: Vec<Loop>,
    /// Zones.
    pub zones: Vec<Zone>,
    /// What is wrong with them, and when.
    pub faults: Vec<Fault>,
}

/// Which detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Position in `Detectors::loops`.
    Loop(usize),
    /// Position in `Detectors::zones`.
    Zone(usize),
}

/// A front bumper over a loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// When \[s\].
    pub at_s: f64,
    /// Speed \[m/s\].
    pub speed_mps: f64,
    /// Length \[m\].
    pub length_m: f64,
}

/// What a detector saw in a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// By a loop.
    Loop {
        /// Passages in the order of time.
        passages: Vec<Passage>,
        /// Share of the step during which it was covered.
        occupied: f64,
    },
    /// By a zone.
    Zone {
        /// Vehicles.
        count: u32,
        /// Those that halt.
        halted: u32,
        /// Mean speed \[m/s\]; 0 when empty.
        mean_speed_mps: f64,
    },
}

/// A reading of one detector.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which one.
    pub source: Source,
    /// End of the step that it tells of \[s\].
    pub at_s: f64,
    /// What it saw.
    pub seen: Seen,
}

impl Detectors {
    /// Check against a street.
    ///
    /// # Errors
    /// All detectors that lie outside their lanes, all faults of detectors that are not there.
    pub fn check(&self, street: &Street) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        let length = |lane: LaneIx| street.lanes.get(lane.at()).map(|it| it.length_m);
        for (k, it) in self.loops.iter().enumerate() {
            let place = format!("loops[{k}]");
            match length(it.lane) {
                Some(length) => problems.within(&place, "at_m", it.at_m, (0.0, length), "m"),
                None => problems.add(place, "unknown lane", "a lane of the street"),
            }
        }
        for (k, zone) in self.zones.iter().enumerate() {
            for (n, &(lane, from, to)) in zone.pieces.iter().enumerate() {
                let place = format!("zones[{k}].pieces[{n}]");
                match length(lane) {
                    Some(length) => {
                        problems.within(&place, "from_m", from, (0.0, length), "m");
                        problems.within(&place, "to_m", to, (from, length), "m");
                    }
                    None => problems.add(place, "unknown lane", "a lane of the street"),
                }
            }
        }
        for (k, fault) in self.faults.iter().enumerate() {
            fault.check(&format!("faults[{k}]"), self, &mut problems);
        }
        problems.or(())
    }
}

/// Detectors at work.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sensing {
    detectors: Detectors,
    faults: Faults,
    passed: Vec<Passed>,
    /// What was delivered in the last step.
    pub readings: Vec<Reading>,
}

impl Sensing {
    pub fn new(detectors: Detectors, layout: &mut Layout, seed: u64) -> Self {
        let loops: Vec<(u32, f64)> = detectors.loops.iter().map(|it| (layout.of_lane[it.lane.at()], it.at_m)).collect();
        layout.lay_loops(&loops);
        let faults = Faults::new(&detectors, seed);
        Self { detectors, faults, passed: Vec::new(), readings: Vec::new() }
    }

    /// Read all detectors at the end of a step.
    pub fn step<'a>(
        &mut self,
        layout: &Layout,
        field: Field<'_>,
        passed: impl Iterator<Item = &'a Passed>,
        now_s: f64,
        step_s: f64,
    ) {
        self.readings.clear();
        if self.detectors.loops.is_empty() && self.detectors.zones.is_empty() {
            return;
        }
        self.passed.clear();
        self.passed.extend(passed.copied());
        self.passed.sort_by(|a, b| a.number.cmp(&b.number).then(a.share.total_cmp(&b.share)));
        let mut rest = self.passed.as_slice();
        let mut seen = Vec::with_capacity(self.detectors.loops.len() + self.detectors.zones.len());
        for (k, it) in self.detectors.loops.iter().enumerate() {
            let (mine, others) = rest.split_at(rest.partition_point(|passed| passed.number as usize <= k));
            rest = others;
            let passages = mine.iter().map(|passed| Passage {
                at_s: now_s - step_s * (1.0 - passed.share),
                speed_mps: passed.speed,
                length_m: f64::from(passed.length),
            });
            let occupied = occupied(mine, covered(layout, field, it), step_s);
            let seen_now = Seen::Loop { passages: passages.collect(), occupied };
            seen.push(Reading { source: Source::Loop(k), at_s: now_s, seen: seen_now });
        }
        for (k, zone) in self.detectors.zones.iter().enumerate() {
            seen.push(Reading { source: Source::Zone(k), at_s: now_s, seen: look(layout, field, zone) });
        }
        self.faults.deliver(seen, now_s, step_s, &mut self.readings);
    }
}

/// Whether a vehicle stands over a loop at the end of the step.
fn covered(layout: &Layout, field: Field<'_>, it: &Loop) -> bool {
    let number = layout.of_lane[it.lane.at()];
    let track = &layout.tracks[number as usize];
    let row = field.row(number);
    let over = |k: usize| row.pos[k] >= it.at_m && row.pos[k] - f64::from(row.body[k].length) < it.at_m;
    let tail_over = || {
        let mut tails = layout.ways_out_of(track).iter().map(|way| field.tail(way.track));
        tails.any(|tail| tail.back < 0.0 && track.length + tail.back < it.at_m)
    };
    (0..row.pos.len()).any(over) || tail_over()
}

/// Share of the step during which a loop was covered.
fn occupied(passed: &[Passed], covered: bool, step_s: f64) -> f64 {
    let (last, before) = match passed.split_last() {
        Some((last, before)) if covered => (1.0 - last.share, before),
        None if covered => return 1.0,
        _ => (0.0, passed),
    };
    let through = before.iter().map(|it| f64::from(it.length) / it.speed.max(0.1) / step_s);
    (last + through.sum::<f64>()).min(1.0)
}

fn look(layout: &Layout, field: Field<'_>, zone: &Zone) -> Seen {
    let (mut count, mut halted, mut sum) = (0, 0, 0.0);
    for &(lane, from, to) in &zone.pieces {
        let row = field.row(layout.of_lane[lane.at()]);
        for (&pos, &speed) in row.pos.iter().zip(row.speed) {
            if pos >= from && pos <= to {
                count += 1;
                halted += u32::from(speed < HALTED_MPS);
                sum += speed;
            }
        }
    }
    Seen::Zone { count, halted, mean_speed_mps: if count == 0 { 0.0 } else { sum / f64::from(count) } }
}
