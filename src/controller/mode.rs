//! Which mode the data allow: the transitions of [`Mode`], with hysteresis.
//!
//! Counts are *healthy* when every lane was heard within the patience, *partial* when some were, *blind* when none was
//! for longer than the blind patience; *distrusted* when the detectors of more than a quarter of the lanes are found faulty. Going down is immediate; going up to adaptive takes a number of healthy decisions
//! in a row, so that a detector that comes and goes does not make the mode flicker. An operator's hold goes before all.

use super::Settings;
use crate::plan::{Action, Mode};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// How much of the street is heard.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Health {
    /// Every lane, lately.
    Healthy,
    /// Some lanes are stale or not believed, or all of them are stale but not for long.
    Partial,
    /// Nothing for longer than the blind patience, or nothing ever.
    Blind,
    /// More than a quarter of the lanes cannot be believed.
    Distrusted,
}

/// The mode and what its hysteresis remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Modes {
    mode: Mode,
    started: Option<Timestamp>,
    healthy: u32,
}

impl Modes {
    /// Just started.
    pub(super) fn new() -> Self {
        Self { mode: Mode::Warmup, started: None, healthy: 0 }
    }

    /// It was not adaptive before a restart.
    pub(super) fn resume_degraded(&mut self) {
        self.mode = Mode::Degraded;
    }

    /// The mode of the last decision.
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// The mode of this decision.
    pub(super) fn decide(&mut self, health: Health, hold: Option<Action>, at: Timestamp, settings: &Settings) -> Mode {
        let running: Millis = at - *self.started.get_or_insert(at);
        self.healthy = if health == Health::Healthy { self.healthy.saturating_add(1) } else { 0 };
        let enough = match self.mode {
            Mode::Warmup | Mode::Adaptive => health == Health::Healthy,
            Mode::Degraded => self.healthy >= settings.healthy_cycles,
            Mode::FixedTime | Mode::Manual => false,
        };
        let warming_up = self.mode == Mode::Warmup && running < settings.blind_patience;
        self.mode = match (hold, health) {
            (Some(Action::Stage(_) | Action::Call(_)), _) => Mode::Manual,
            (Some(Action::FixedTime), _) => Mode::FixedTime,
            (_, Health::Blind) if warming_up => Mode::Warmup,
            (_, Health::Blind | Health::Distrusted) => Mode::FixedTime,
            _ if enough => Mode::Adaptive,
            _ => Mode::Degraded,
        };
        self.mode
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StageIx;

    fn run(modes: &mut Modes, from: i64, steps: &[(Health, u32)]) -> Vec<Mode> {
        let settings = Settings { healthy_cycles: 3, ..Settings::default() };
        let healths = steps.iter().flat_map(|&(health, times)| (0..times).map(move |_| health));
        healths.zip(from..).map(|(health, s)| modes.decide(health, None, Timestamp::from_secs(s), &settings)).collect()
    }

    #[test]
    fn one_stale_lane_degrades_at_once_and_only_healthy_decisions_in_a_row_lead_back() {
        let mut modes = Modes::new();
        let (good, bad) = (Health::Healthy, Health::Partial);
        let seen = run(&mut modes, 0, &[(good, 1), (bad, 1), (good, 2), (bad, 1), (good, 3)]);
        let (a, d) = (Mode::Adaptive, Mode::Degraded);
        assert_eq!(seen, [a, d, d, d, d, d, d, a]);
    }

    #[test]
    fn a_controller_that_never_hears_a_count_warms_up_first_and_then_runs_the_programme() {
        let seen = run(&mut Modes::new(), 0, &[(Health::Blind, 61)]);
        assert!(seen[..60].iter().all(|&mode| mode == Mode::Warmup));
        assert_eq!(seen[60], Mode::FixedTime);
    }

    #[test]
    fn after_blindness_the_way_back_leads_through_degraded() {
        let mut modes = Modes::new();
        let seen = run(&mut modes, 0, &[(Health::Healthy, 1), (Health::Blind, 1), (Health::Healthy, 3)]);
        assert_eq!(seen, [Mode::Adaptive, Mode::FixedTime, Mode::Degraded, Mode::Degraded, Mode::Adaptive]);
    }

    #[test]
    fn an_operator_goes_before_all_and_leaves_through_degraded() {
        let mut modes = Modes::new();
        run(&mut modes, 0, &[(Health::Healthy, 2)]);
        let hold = Some(Action::Stage(StageIx(1)));
        let at = Timestamp::from_secs(9);
        assert_eq!(modes.decide(Health::Blind, hold, at, &Settings::default()), Mode::Manual);
        assert_eq!(modes.decide(Health::Healthy, None, at, &Settings::default()), Mode::Degraded);
    }
}
