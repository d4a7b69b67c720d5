//! What people ask of an intersection: commands of operators, requests for green.
//!
//! A command holds until it expires, is released or replaced; one that is stale or names a stage that does not exist is
//! refused with the reason. It is a wish like any other proposal: minimum greens, clearances, the maximum red and the gate
//! still rule. An emergency request is served like a manual stage while it lasts; the others count as somebody waiting.

use crate::ids::{GroupIx, StageIx};
use crate::network::Intersection;
use crate::plan::{Action, Command, CommandResult, Request, RequestKind, Shown};
use crate::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// Requests kept at the same time; one source must not fill the memory.
const REQUESTS_MAX: usize = 64;
/// A request that was not served is forgotten after this.
const REQUEST_PATIENCE: Millis = Millis::from_secs(120);
/// An emergency vehicle is waited for from this long before it arrives.
const EMERGENCY_AHEAD: Millis = Millis::from_secs(20);
/// Commands may be ahead of the own clock by this much.
const SKEW: Millis = Millis::from_secs(2);

/// What is asked at present.
#[derive(Debug, Clone, Default)]
pub(super) struct Operator {
    hold: Option<(Action, Timestamp)>,
    requests: BTreeMap<String, Request>,
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
            reason: refusal.unwrap_or_else(|| format!("holds until {}", command.expires)),
        }
    }

    /// Somebody asks for green.
    pub(super) fn ask(&mut self, request: Request, intersection: &Intersection) {
        let known = self.requests.contains_key(&request.id);
        let servable =
            intersection.stages.iter().any(|stage| stage.signals.get(request.group.0).is_some_and(|it| it.is_green()));
        if servable && (known || self.requests.len() < REQUESTS_MAX) {
            self.requests.insert(request.id.clone(), request);
        }
    }

    /// What an operator holds, at an instant.
    pub(super) fn hold(&self, at: Timestamp) -> Option<Action> {
        self.hold.filter(|&(_, expires)| at < expires).map(|(action, _)| action)
    }

    /// Forget what is served or too old.
    pub(super) fn settle(&mut self, shown: &Shown, at: Timestamp) {
        self.requests.retain(|_, request| {
            let due = request.eta.unwrap_or(request.at);
            let served = shown.groups[request.group.0].indication.is_green() && at >= due;
            !served && at - due.max(request.at) <= REQUEST_PATIENCE
        });
    }

    /// Groups that are asked for, with the instant since when somebody waits.
    pub(super) fn asked(&self, at: Timestamp) -> impl Iterator<Item = (GroupIx, Timestamp)> + '_ {
        let due = |request: &Request| (request.group, request.eta.unwrap_or(request.at));
        self.requests.values().map(due).filter(move |&(_, since)| since <= at)
    }

    /// The stage that an emergency vehicle needs now: the first that serves its group.
    pub(super) fn emergency(&self, intersection: &Intersection, at: Timestamp) -> Option<(StageIx, &Request)> {
        let near = |request: &&Request| {
            request.kind == RequestKind::Emergency && request.eta.is_none_or(|eta| at >= eta - EMERGENCY_AHEAD)
        };
        let first = self.requests.values().filter(near).min_by_key(|request| (request.eta, &request.id))?;
        let stage = intersection.stage_ixs().find(|&stage| intersection.stage(stage).serves(first.group))?;
        Some((stage, first))
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
        Action::Stage(stage) if stage.0 >= intersection.stages.len() => {
            Some(format!("stage {stage} does not exist, allowed: 0…{}", intersection.stages.len() - 1))
        }
        _ => None,
    }
}
