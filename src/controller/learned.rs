//! What an engine has learned of one intersection while it ran, bound to that intersection: what it keeps over a restart.
//!
//! In: a controller that runs. Out: [`Learned`], a value with its form, the intersection's name and configuration hash, and the
//! instant of the last counts. The other way round it is put into a controller that has heard nothing, after an absence. Writing it
//! down, and telling how long the absence was, is the shell's business.
//!
//! What does not fit is refused with every reason, and the controller begins as if there were nothing: an engine starts with whatever
//! it finds.
//!
//! Besides the traffic ([`crate::estimate::Learned`]) it holds how often walkers call at each group, and what it was told or forced to
//! do: an operator's command until it expires, and that it was not adaptive, so that a restart is no way around the healthy cycles.

use super::Controller;
use super::requests::Callers;
use crate::estimate;
use crate::ids::{GroupIx, StageIx};
use crate::network::Problems;
use crate::plan::{Action, Mode};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// What was learned may be this much younger than the present: clocks differ. Else somebody has set one back.
const SKEW: Millis = Millis::from_secs(60);

/// What was learned of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// Form of this value.
    pub format: u32,
    /// Which intersection.
    pub intersection: String,
    /// Hash of its configuration.
    pub config_hash: String,
    /// When it was counted last \[ms\].
    pub at: Timestamp,
    /// What the estimator has learned.
    pub traffic: estimate::Learned,
    /// How often walkers call, one entry a group at which anybody has called.
    pub walkers: Vec<LearnedCalls>,
    /// The mode, where it was another than adaptive or warming up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What an operator commanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<HeldCommand>,
}

/// A command that had not expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldCommand {
    /// Name of the stage to hold; `None` = the fixed-time programme.
    pub stage: Option<String>,
    /// Until when.
    pub expires: Timestamp,
}

/// How often walkers call at one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedCalls {
    /// Name of the group.
    pub group: String,
    /// Calls, fading.
    pub calls: f64,
    /// Time without call and without WALK that they took \[s\].
    pub quiet_s: f64,
}

/// Something to begin with: what was learned, and how long nobody has watched since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// What was learned.
    pub learned: Learned,
    /// Time since its last counts \[ms\].
    pub absence: Millis,
}

impl Learned {
    /// The form that this program writes and reads.
    pub const FORMAT: u32 = 1;
}

impl Controller {
    /// What was learned so far, this time and before; `None` when nothing ever was.
    pub fn learned(&self) -> Option<Learned> {
        let Some(at) = self.street.last_counts() else { return self.resumed.as_deref().cloned() };
        let walkers = self.requests.callers().map(|(group, callers)| {
            let (calls, quiet_s) = callers.learned();
            LearnedCalls { group: self.intersection.groups[group.0].id.clone(), calls, quiet_s }
        });
        Some(Learned {
            format: Learned::FORMAT,
            intersection: self.intersection.id.as_str().to_owned(),
            config_hash: self.intersection.config_hash.clone(),
            at,
            traffic: self.street.learned(),
            walkers: walkers.collect(),
            mode: Some(self.modes.mode()).filter(|mode| !matches!(mode, Mode::Warmup | Mode::Adaptive)),
            command: self.held_command(at),
        })
    }

    fn held_command(&self, at: Timestamp) -> Option<HeldCommand> {
        let (action, expires) = self.operator.held(at)?;
        let stage = match action {
            Action::Stage(stage) => Some(self.intersection.stage(stage).id.clone()),
            Action::FixedTime => None,
            // A call is a matter of a minute: whoever starts anew begins without it.
            Action::Call(_) | Action::Release => return None,
        };
        Some(HeldCommand { stage, expires })
    }

    /// Begin with what was learned before; for a controller that has heard nothing.
    ///
    /// # Errors
    /// Why it is not taken: another form, intersection or configuration, a time to come, numbers that cannot have been learned.
    /// Then nothing has changed.
    pub fn resume(&mut self, memory: &Memory) -> Result<(), Problems> {
        let Memory { learned, absence } = memory;
        let mut problems = Problems::default();
        if learned.format != Learned::FORMAT {
            problems.push("format", learned.format, Learned::FORMAT);
        }
        for (place, found, own) in [
            ("intersection", &learned.intersection, self.intersection.id.as_str()),
            ("config_hash", &learned.config_hash, &self.intersection.config_hash),
        ] {
            if found != own {
                problems.push(place, format_args!("`{found}`"), format_args!("`{own}`"));
            }
        }
        if *absence < Millis::ZERO - SKEW {
            problems.push("at", format_args!("{} ahead", Millis(-absence.0)), format_args!("at most {SKEW} ahead"));
        }
        problems.into_result(())?;
        let calls = self.calls(learned, estimate::kept_after(*absence))?;
        let command = learned.command.as_ref().map(|command| self.commanded(command)).transpose()?;
        self.street.resume(&learned.traffic, *absence)?;
        if let Some((action, expires)) = command {
            self.operator.resume(action, expires);
        }
        // Longer ago than it takes to be blind, what was is no longer what is.
        if learned.mode.is_some() && *absence < self.settings.blind_patience {
            self.modes.resume_degraded();
        }
        for (group, callers) in calls {
            self.requests.resume(group, callers);
        }
        self.resumed = Some(Box::new(learned.clone()));
        Ok(())
    }

    fn commanded(&self, command: &HeldCommand) -> Result<(Action, Timestamp), Problems> {
        let mut problems = Problems::default();
        let stage = |name: &String| self.intersection.stages.iter().position(|stage| stage.id == *name).map(StageIx);
        let known = command.stage.as_ref().map(stage);
        if known == Some(None) {
            let name = command.stage.as_deref().unwrap_or_default();
            problems.push("command.stage", format_args!("`{name}`"), "a stage of this intersection");
        }
        let action = known.flatten().map_or(Action::FixedTime, Action::Stage);
        problems.into_result((action, command.expires))
    }

    fn calls(&self, learned: &Learned, kept: f64) -> Result<Vec<(GroupIx, Callers)>, Problems> {
        let mut problems = Problems::default();
        let mut found = Vec::new();
        for calls in &learned.walkers {
            let place = |key: &str| format!("walkers[{}].{key}", calls.group);
            problems.range(place("calls"), calls.calls, &(0.0..=Callers::CALLS_MAX), "");
            problems.range(place("quiet_s"), calls.quiet_s, &(0.0..=Callers::QUIET_MAX_S), "s");
            match self.intersection.groups.iter().position(|group| group.id == calls.group) {
                Some(ix) => {
                    found.push((GroupIx(ix), Callers::resumed(calls.calls * kept, calls.quiet_s * kept)));
                }
                None => problems.push(place("group"), &calls.group, "a group of this intersection"),
            }
        }
        problems.into_result(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::{Input, Settings};
    use crate::estimate::{CountedPlace, Observation, PlaceCount};
    use crate::network::sample::{crossroads, lane};
    use crate::plan::{Command, FieldMode, Request, RequestKind, Shown, StateReport};
    use std::sync::Arc;

    fn fresh() -> Controller {
        Controller::new(Arc::new(crossroads()), &[], Settings::default())
    }

    /// A controller that has seen some minutes of traffic and a walker.
    fn experienced() -> Controller {
        let intersection = crossroads();
        let mut controller = fresh();
        let shown = Shown::all_red(&intersection, Timestamp::from_secs(0));
        for second in 1..400_i64 {
            let at = Timestamp::from_secs(second);
            let place = PlaceCount {
                place: CountedPlace::Lane(lane(0, 0)),
                count: (second % 7) as u32,
                halted: 0,
                passed: u32::from(second % 7 == 0) * 6,
                occupancy: None,
                mean_speed_mps: None,
            };
            let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places: vec![place] };
            let (id, config_hash) = (intersection.id.clone(), intersection.config_hash.clone());
            let (shown, mode) = (Shown { at, ..shown.clone() }, FieldMode::Remote);
            let report =
                StateReport { intersection: id, config_hash, shown, mode, applied: None, refused: None, nonce: 1 };
            controller.handle(Input::State(report), at);
            controller.handle(Input::Counts(seen), at);
            if second == 50 {
                let (intersection, id) = (intersection.id.clone(), "walk".to_owned());
                let kind = RequestKind::Pedestrian;
                let group = GroupIx(2);
                let request = Request { intersection, id, at, kind, group, eta: None, class: None };
                controller.handle(Input::Request(request), at);
            }
            controller.handle(Input::Tick, at);
        }
        controller
    }

    fn memory(controller: &Controller) -> Memory {
        Memory { learned: controller.learned().expect("it has heard counts"), absence: Millis::ZERO }
    }

    #[test]
    fn what_was_learned_is_bound_to_its_intersection_and_comes_back_whole() {
        assert_eq!(fresh().learned(), None, "nothing was counted");
        let before = memory(&experienced());
        assert_eq!(before.learned.walkers.len(), 1);
        let text = serde_json::to_string(&before).unwrap();
        let mut again = fresh();
        again.resume(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(again.street.learned(), before.learned.traffic);
        assert_eq!(before.learned.at, Timestamp::from_secs(399));
        assert_eq!(
            again.learned().as_ref(),
            Some(&before.learned),
            "who has heard nothing since gives back what he got"
        );
    }

    #[test]
    fn a_command_holds_over_a_restart_until_it_expires_and_degraded_is_left_by_healthy_cycles_alone() {
        let mut before = experienced();
        assert_eq!(memory(&before).learned.mode, Some(Mode::Degraded), "only one lane was heard");
        let at = Timestamp::from_secs(399);
        let action = Action::Stage(StageIx(1));
        let (intersection, id) = (crossroads().id, "hold".to_owned());
        let expires = Timestamp::from_secs(500);
        let command = Command { intersection, id, at, expires, operator: "anna".to_owned(), reason: None, action };
        before.handle(Input::Command(command), at);
        let text = serde_json::to_string(&memory(&before)).unwrap();
        let mut again = fresh();
        again.resume(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(again.operator.hold(Timestamp::from_secs(499)), Some(action));
        assert_eq!(again.operator.hold(expires), None);
        assert_eq!(again.mode(), Mode::Degraded);
        let mut late = fresh();
        late.resume(&Memory { absence: Millis::from_secs(60), ..memory(&experienced()) }).unwrap();
        assert_eq!(late.mode(), Mode::Warmup);
    }

    #[test]
    fn foreign_and_future_and_implausible_memory_is_refused_with_all_reasons() {
        let good = memory(&experienced());
        let refused = |change: &dyn Fn(&mut Memory)| {
            let mut bad = good.clone();
            change(&mut bad);
            let mut controller = fresh();
            let told = controller.resume(&bad).expect_err("it is refused").to_string();
            assert_eq!(controller.street.learned(), fresh().street.learned(), "nothing has changed");
            told
        };
        let both = refused(&|it| {
            it.learned.format = 2;
            it.learned.config_hash = "other".into();
        });
        assert!(both.contains("format: 2 (allowed: 1)") && both.contains("config_hash: `other`"), "{both}");
        assert!(refused(&|it| it.learned.intersection = "north".into()).contains("`north`"));
        assert!(refused(&|it| it.absence = Millis::from_secs(-61)).contains("ahead"));
        assert!(refused(&|it| it.learned.walkers[0].calls = -1.0).contains("walkers[g2].calls"));
        assert!(refused(&|it| it.learned.walkers[0].group = "g99".into()).contains("g99"));
        let elsewhere = HeldCommand { stage: Some("s99".into()), expires: Timestamp(0) };
        assert!(refused(&|it| it.learned.command = Some(elsewhere.clone())).contains("command.stage: `s99`"));
        assert!(refused(&|it| it.learned.traffic.lanes[0].rate = 1e300).contains("rate"));
    }
}
