//! What operators command: a stage, the programme, or nothing any more.
//!
//! A command holds until it expires, is released or replaced, a call until its stage is green; one that is stale or names a stage that does not exist is
//! refused with the reason. It is a wish like any other proposal: minimum greens, clearances, the maximum red and the gate
//! still rule.

use crate::network::Intersection;
use crate::plan::{Action, Command, CommandResult, Shown};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Commands may be ahead of the own clock by this much.
const SKEW: Millis = Millis::from_secs(2);

/// What is commanded at present.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Operator {
    hold: Option<(Action, Timestamp)>,
}

impl Operator {
    /// An operator commands.
    pub(super) fn command(&mut self, command: &Command, intersection: &Intersection, at: Timestamp) -> CommandResult {
        let refusal = refusal(command, intersection, at);
        if refusal.is_none() {
            self.hold = match command.action {
                Action::Release => None,
                action => Some((action, command.expires)),
            };
        }
        CommandResult {
            intersection: intersection.id.clone(),
            id: command.id.clone(),
            at,
            verb: command.action.verb(),
            accepted: refusal.is_none(),
            reason: refusal.unwrap_or_else(|| match command.action {
                Action::Release => "given back to the engine".to_owned(),
                _ => format!("holds until {}", command.expires),
            }),
        }
    }

    /// What was commanded before a restart.
    pub(super) fn resume(&mut self, action: Action, expires: Timestamp) {
        self.hold = Some((action, expires));
    }

    /// A call is over once its stage is green. How long the green is, is the engine's business again; minimum greens rule whoever asks.
    pub(super) fn served(&mut self, now: &Shown, intersection: &Intersection) {
        if let Some((Action::Call(stage), _)) = self.hold
            && now.is_fully(intersection.stage(stage))
        {
            self.hold = None;
        }
    }

    /// What an operator holds at an instant, and until when.
    pub(super) fn held(&self, at: Timestamp) -> Option<(Action, Timestamp)> {
        self.hold.filter(|&(_, expires)| at < expires)
    }

    /// What an operator holds, at an instant.
    pub(super) fn hold(&self, at: Timestamp) -> Option<Action> {
        self.held(at).map(|(action, _)| action)
    }
}

/// Why a command is refused, if it is.
fn refusal(command: &Command, intersection: &Intersection, at: Timestamp) -> Option<String> {
    if command.expires <= at {
        return Some(format!("stale: expired at {}", command.expires));
    }
    if command.at > at + SKEW {
        return Some(format!("from the future: {}", command.at));
    }
    match command.action {
        Action::Stage(stage) | Action::Call(stage) if stage.0 >= intersection.stages.len() => {
            Some(format!("stage {stage} does not exist, allowed: 0…{}", intersection.stages.len() - 1))
        }
        _ => None,
    }
}
