//! `…/command/{verb}` and `…/result/{verb}`: operations take over by hand, and are answered.
//!
//! The verb stands in the topic and not in the payload, so that a broker's access list can allow one and not another.

use super::number::Whole;
use super::plan::{stage, text};
use super::request::named;
use super::{Reason, Rejection, VERSION};
use crate::network::Intersection;
use crate::plan::{Action, Command, CommandResult, Verb};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Payload of `…/command/{verb}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "command")]
pub struct CommandMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// When it was given \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Until when it holds, and after which it is refused \[UTC ms\]; after `ts_ms`.
    #[schemars(range(min = 0))]
    pub expires_ms: Whole,
    /// Name of the command; the answer repeats it.
    #[schemars(length(min = 1, max = 1024))]
    pub id: String,
    /// Who gave it, for the audit log.
    #[schemars(length(min = 1, max = 1024))]
    pub operator: String,
    /// Why, in one line for people and for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
    /// Name of the stage; with the verbs `stage` and `call` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Keyed digest `KEY:64 hexadecimal digits` where keys are configured; always the last field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

/// Payload of `…/result/{verb}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "result")]
pub struct ResultMessage {
    /// Version of the payload: 1.
    #[schemars(range(min = 1, max = 1))]
    pub v: Whole,
    /// The intersection, as in the topic.
    pub intersection: String,
    /// When it was answered \[UTC ms\].
    #[schemars(range(min = 0))]
    pub ts_ms: Whole,
    /// Name of the command.
    #[schemars(length(min = 1, max = 1024))]
    pub id: String,
    /// Whether it was accepted.
    pub accepted: bool,
    /// Why, in one line for people.
    pub reason: String,
    /// Reserved: keyed digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
}

impl CommandMessage {
    /// The message of a command.
    pub fn new(command: &Command, intersection: &Intersection) -> Self {
        let stage = command.action.stage().map(|stage| intersection.stage(stage).id.clone());
        Self {
            v: Whole(VERSION),
            intersection: command.intersection.to_string(),
            ts_ms: command.at.into(),
            expires_ms: command.expires.into(),
            id: command.id.clone(),
            operator: command.operator.clone(),
            reason: command.reason.clone(),
            stage,
            mac: None,
        }
    }

    /// The command of a verb, every value checked.
    pub fn into_command(self, verb: Verb, intersection: &Intersection) -> Result<Command, Rejection> {
        let action = match (verb, self.stage) {
            (Verb::Stage, Some(name)) => Action::Stage(stage(&name, intersection)?),
            (Verb::Call, Some(name)) => Action::Call(stage(&name, intersection)?),
            (Verb::FixedTime, None) => Action::FixedTime,
            (Verb::Release, None) => Action::Release,
            (Verb::Stage | Verb::Call, None) => {
                return Err(Rejection::new(Reason::Malformed, format!("verb {} without a stage", verb.name())));
            }
            (_, Some(_)) => {
                return Err(Rejection::new(Reason::Inconsistent, format!("verb {} with a stage", verb.name())));
            }
        };
        let at = self.ts_ms.instant(|| "ts_ms".into())?;
        let expires = self.expires_ms.instant(|| "expires_ms".into())?;
        if expires <= at {
            return Err(Rejection::new(Reason::Inconsistent, "expires_ms is not after ts_ms"));
        }
        Ok(Command {
            intersection: intersection.id.clone(),
            id: named(self.id, "id")?,
            at,
            expires,
            operator: named(self.operator, "operator")?,
            reason: self.reason.map(|it| text(it, "reason")).transpose()?,
            action,
        })
    }
}

impl ResultMessage {
    /// The message of an answer.
    pub fn new(result: &CommandResult) -> Self {
        Self {
            v: Whole(VERSION),
            intersection: result.intersection.to_string(),
            ts_ms: result.at.into(),
            id: result.id.clone(),
            accepted: result.accepted,
            reason: result.reason.clone(),
            mac: None,
        }
    }

    /// The answer to a verb, every value checked.
    pub fn into_result(self, verb: Verb, intersection: &Intersection) -> Result<CommandResult, Rejection> {
        Ok(CommandResult {
            intersection: intersection.id.clone(),
            id: named(self.id, "id")?,
            at: self.ts_ms.instant(|| "ts_ms".into())?,
            verb,
            accepted: self.accepted,
            reason: text(self.reason, "reason")?,
        })
    }
}

impl super::decode::Payload for CommandMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}

impl super::decode::Payload for ResultMessage {
    fn head(&self) -> super::decode::Head<'_> {
        super::decode::Head { v: self.v, intersection: Some(&self.intersection), ts: Some(self.ts_ms) }
    }
}
