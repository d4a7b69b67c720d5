//! A file of keys, read and checked: TOML in, a [`KeyRing`] out, or every problem at once with file, key and what is allowed.
//!
//! No problem ever repeats what stands in the file beyond names: a wrong secret is told by its place, and a text that is not TOML
//! by its line, because the parser's own message may quote it.

use super::key::Key;
use super::key_ring::{KeyRing, KeyUse};
use crate::ids::IntersectionId;
use crate::network::{Network, Problems};
use crate::plan::RequestKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys that a controller may have at one time: the one in use, and the next or the last.
pub const KEYS_OF_A_CONTROLLER: usize = 2;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    controller: Vec<ControllerKey>,
    #[serde(default)]
    operator: Vec<OperatorKey>,
    #[serde(default)]
    requester: Vec<RequesterKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControllerKey {
    id: String,
    secret: String,
    intersection: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorKey {
    id: String,
    secret: String,
    #[serde(default)]
    intersections: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequesterKey {
    id: String,
    secret: String,
    kinds: Vec<RequestKind>,
    #[serde(default)]
    intersections: Vec<String>,
}

/// Read and check a file of keys; `source` is how the file is called in problems.
///
/// Every intersection that `own` names must have a controller's key, and every intersection that a key names must be in the network.
///
/// # Errors
/// All problems at once.
pub fn parse(text: &str, source: &str, network: &Network, own: &[IntersectionId]) -> Result<KeyRing, Problems> {
    let mut problems = Problems::default();
    let file: KeyFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let place = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            problems.push(
                format_args!("{source}:{place}"),
                "not a file of keys, from here on",
                "[[controller]] id, secret, intersection; [[operator]] id, secret, intersections; \
                 [[requester]] id, secret, kinds, intersections",
            );
            return Err(problems);
        }
    };
    let mut keys = Vec::new();
    for entry in file.entries() {
        let place = format!("{source}: {} `{}`", entry.table, super::topic::shorten(&entry.id));
        match Key::new(&entry.id, &entry.secret) {
            Ok(key) => keys.push((key, entry.r#use)),
            Err(allowed) => problems.push(&place, "the key is wrong", allowed),
        }
    }
    judge(&keys, source, network, own, &mut problems);
    problems.into_result(KeyRing::new(keys))
}

/// A key as it stands in the file, whatever its table.
struct Entry {
    table: &'static str,
    id: String,
    secret: String,
    r#use: KeyUse,
}

impl KeyFile {
    fn entries(self) -> Vec<Entry> {
        let ids = |names: Vec<String>| names.into_iter().map(IntersectionId::new).collect();
        let controllers = self.controller.into_iter().map(|it| Entry {
            table: "controller",
            id: it.id,
            secret: it.secret,
            r#use: KeyUse::Controller(IntersectionId::new(it.intersection)),
        });
        let operators = self.operator.into_iter().map(|it| Entry {
            table: "operator",
            id: it.id,
            secret: it.secret,
            r#use: KeyUse::Operator(ids(it.intersections)),
        });
        let requesters = self.requester.into_iter().map(|it| Entry {
            table: "requester",
            id: it.id,
            secret: it.secret,
            r#use: KeyUse::Requester(it.kinds, ids(it.intersections)),
        });
        controllers.chain(operators).chain(requesters).collect()
    }
}

/// What no single key shows: names and secrets that occur twice, intersections that are none, controllers without a key.
fn judge(keys: &[(Key, KeyUse)], source: &str, network: &Network, own: &[IntersectionId], problems: &mut Problems) {
    if keys.is_empty() {
        problems.push(source, "no key", "at least one, or no file of keys");
    }
    problems.unique(format!("{source}: id"), keys.iter().map(|(key, _)| key.id()));
    let (mut secrets, mut controllers) = (BTreeMap::new(), BTreeMap::<&IntersectionId, usize>::new());
    for (key, r#use) in keys {
        if let Some(other) = secrets.insert(key.fingerprint(), key.id()) {
            let message = format!("keys `{other}` and `{}` have the same secret", key.id());
            problems.push(source, message, "a secret of its own for each");
        }
        if let KeyUse::Controller(of) = r#use {
            *controllers.entry(of).or_default() += 1;
        }
        let named = match r#use {
            KeyUse::Controller(of) => std::slice::from_ref(of),
            KeyUse::Operator(some) | KeyUse::Requester(_, some) => some,
        };
        for id in named.iter().filter(|id| network.position(id.as_str()).is_none()) {
            problems.push(
                format_args!("{source}: key `{}`", key.id()),
                format_args!("intersection `{id}`"),
                "one of the network",
            );
        }
        if matches!(r#use, KeyUse::Requester(kinds, _) if kinds.is_empty()) {
            problems.push(format_args!("{source}: key `{}`", key.id()), "no kinds", "pedestrian, transit, emergency");
        }
    }
    for (id, count) in controllers.iter().filter(|(_, count)| **count > KEYS_OF_A_CONTROLLER) {
        let message = format!("{count} keys for `{id}`");
        problems.push(format_args!("{source}: controller"), message, format_args!("1…{KEYS_OF_A_CONTROLLER}"));
    }
    for id in own.iter().filter(|id| !controllers.contains_key(id)) {
        let message = format!("no key for `{id}`");
        problems.push(format_args!("{source}: controller"), message, "one for each intersection of this program");
    }
}
