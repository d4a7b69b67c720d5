//! What was lately: the figures of the city every ten seconds, and the lamps of each intersection for some minutes.
//!
//! A page that is opened now shows how it came to this. Both are rings in memory, filled from the frames that are drawn anyway, on
//! the engine's clock, and lost with the process; what has to last is the history's business. Weakness: figures are means over
//! the frames of a step, and lamps are looked at once a beat, so in a demo that is ten times as fast as life the shortest intervals may be missed.

use super::answers::{Frame, Shown, TrendPoint};
use crate::service::board::Board;
use std::collections::VecDeque;

/// Length of a step of the trend \[ms\].
pub(super) const STEP_MS: i64 = 10_000;
/// Steps that are kept: six hours.
const STEPS_KEPT: usize = 2_160;
/// How long lamps are kept \[ms\].
const LAMPS_KEPT_MS: i64 = 300_000;
/// Most changes of lamps that are kept of an intersection.
const CHANGES_KEPT: usize = 120;

/// The rings.
#[derive(Debug, Default)]
pub(super) struct Lately {
    points: VecDeque<TrendPoint>,
    step: Step,
    lamps: Vec<VecDeque<Shown>>,
    told_ms: i64,
}

/// Sums over the frames of the step that has begun.
#[derive(Debug, Default)]
struct Step {
    begin_ms: i64,
    frames: f64,
    vehicles: f64,
    halted: f64,
    passed: f64,
    speed: f64,
    speeds: f64,
    alarms: f64,
    not_adaptive: f64,
}

impl Lately {
    /// A frame; `own` are the positions of its intersections on the board.
    pub(super) fn take(&mut self, frame: &Frame, board: &Board, own: &[usize]) {
        if frame.at_ms < self.told_ms - STEP_MS {
            // Another day of a simulated street, or a clock that was set: what was before does not belong to it.
            *self = Self::default();
        }
        if frame.at_ms <= self.told_ms {
            return;
        }
        self.told_ms = frame.at_ms;
        let begin_ms = frame.at_ms - frame.at_ms.rem_euclid(STEP_MS);
        if begin_ms != self.step.begin_ms {
            self.end_step();
            self.step = Step { begin_ms, ..Step::default() };
        }
        self.step.add(frame);
        self.lamps.resize_with(own.len(), VecDeque::new);
        for ((kept, site), &ix) in self.lamps.iter_mut().zip(&frame.intersections).zip(own) {
            if site.lamps.is_empty() || kept.back().is_some_and(|last| last.lamps == site.lamps) {
                continue;
            }
            // The lamps themselves say when they changed; a beat may come later.
            let state = board.look(ix).state.clone();
            let since = state.and_then(|state| state.shown.groups.iter().map(|group| group.since.0).max());
            let from_ms = since.unwrap_or(frame.at_ms);
            kept.push_back(Shown { from_ms, lamps: site.lamps.clone(), stage: site.stage.clone() });
            let old = |it: &Shown| it.from_ms < frame.at_ms - LAMPS_KEPT_MS;
            while kept.len() > CHANGES_KEPT || (kept.len() > 1 && old(&kept[1])) {
                kept.pop_front();
            }
        }
    }

    /// The trend so far, the step that has begun included.
    pub(super) fn points(&self) -> Vec<TrendPoint> {
        self.points.iter().cloned().chain(self.step.point()).collect()
    }

    /// Lamps of an intersection, by its place among those of this engine, the oldest first.
    pub(super) fn lamps(&self, place: usize) -> Vec<Shown> {
        self.lamps.get(place).map(|kept| kept.iter().cloned().collect()).unwrap_or_default()
    }

    fn end_step(&mut self) {
        self.points.extend(self.step.point());
        if self.points.len() > STEPS_KEPT {
            self.points.pop_front();
        }
    }
}

impl Step {
    fn add(&mut self, frame: &Frame) {
        let totals = &frame.totals;
        self.frames += 1.0;
        self.vehicles += totals.vehicles as f64;
        self.halted += totals.halted as f64;
        self.passed += totals.passed_per_min;
        if let Some(speed) = totals.mean_speed_mps {
            self.speed += speed;
            self.speeds += 1.0;
        }
        self.alarms += f64::from(totals.alarms.values().sum::<u32>());
        let adaptive = totals.modes.get("adaptive").copied().unwrap_or_default();
        self.not_adaptive += frame.intersections.len() as f64 - f64::from(adaptive);
    }

    fn point(&self) -> Option<TrendPoint> {
        let mean = |sum: f64, count: f64| (sum / count * 100.0).round() / 100.0;
        (self.frames > 0.0).then(|| TrendPoint {
            at_ms: self.begin_ms,
            vehicles: mean(self.vehicles, self.frames),
            halted: mean(self.halted, self.frames),
            passed_per_min: mean(self.passed, self.frames),
            mean_speed_mps: (self.speeds > 0.0).then(|| mean(self.speed, self.speeds)),
            alarms: mean(self.alarms, self.frames),
            not_adaptive: mean(self.not_adaptive, self.frames),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::answers::{Site, Totals};
    use super::*;
    use crate::network::{Network, sample};

    fn frame(at_ms: i64, halted: u64, lamps: &str) -> Frame {
        let site = Site { id: "a".into(), lamps: lamps.into(), ..Site::default() };
        Frame {
            city: String::new(),
            version: "",
            engine: String::new(),
            epoch: None,
            broker: true,
            at_ms,
            totals: Totals { halted, ..Totals::default() },
            shadow: None,
            intersections: vec![site],
        }
    }

    fn board() -> Board {
        Board::new(&Network { city: "x".into(), intersections: vec![sample::crossroads()], links: Vec::new() })
    }

    #[test]
    fn a_step_is_the_mean_of_its_frames_and_a_frame_that_tells_nothing_new_is_no_other_one() {
        let (mut lately, board) = (Lately::default(), board());
        for (at_ms, halted) in [(20_000, 2), (20_000, 90), (25_000, 4), (30_000, 10)] {
            lately.take(&frame(at_ms, halted, "r"), &board, &[0]);
        }
        let points = lately.points();
        let told: Vec<(i64, f64)> = points.iter().map(|it| (it.at_ms, it.halted)).collect();
        assert_eq!(told, [(20_000, 3.0), (30_000, 10.0)]);
        assert!((points[0].not_adaptive - 1.0).abs() < 1e-9 && points[0].mean_speed_mps.is_none());
    }

    #[test]
    fn lamps_are_kept_where_they_change_and_for_some_minutes_and_the_trend_for_six_hours() {
        let (mut lately, board) = (Lately::default(), board());
        for second in 1..=25_000 {
            let lamps = if second / 10 % 2 == 0 { "r" } else { "G" };
            lately.take(&frame(second * 1_000, 0, lamps), &board, &[0]);
        }
        let lamps = lately.lamps(0);
        assert!((29..=32).contains(&lamps.len()), "{}", lamps.len());
        assert!(lamps.windows(2).all(|two| two[0].lamps != two[1].lamps && two[0].from_ms < two[1].from_ms));
        assert!(lately.points().len() <= STEPS_KEPT + 1 && lately.points().len() > 2_000);
        assert!(lately.lamps(7).is_empty());
    }

    #[test]
    fn when_the_clock_goes_back_everything_begins_anew() {
        let (mut lately, board) = (Lately::default(), board());
        lately.take(&frame(900_000, 7, "r"), &board, &[0]);
        lately.take(&frame(100_000, 1, "G"), &board, &[0]);
        assert_eq!((lately.points().len(), lately.points()[0].at_ms, lately.lamps(0).len()), (1, 100_000, 1));
    }
}
