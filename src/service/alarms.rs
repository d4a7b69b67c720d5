//! The desk on which alarms lie: which are up, who has seen them, which are put aside and until when.
//!
//! ```text
//! worker ──heard──> desk ──word──> MQTT (retained), webhook, history
//! person ──acknowledge, shelve, unshelve──^        └──standing()──> page, metrics
//! ```
//!
//! In: alarms that intersections raise and clear, what people do about them, the time. Out: words, one for each change of phase
//! (ISA-18.2 calls them alarm state transitions), and what is up at present. A shelf holds for its time also when the alarm goes and
//! comes back, which is what shelves are for; when its time is over an alarm that is still up is raised again. What is cleared is gone,
//! acknowledged or not; the log keeps it. Nothing of it decides anything: control never looks here.
//!
//! Weakness: what people did is forgotten at a restart, and alarms that are still up are raised anew.
//! Kept: what is up, and the last [`WORDS_KEPT`] words.

use crate::plan::{Alarm, AlarmPhase, Handling};
use crate::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Words about alarms that are kept.
pub const WORDS_KEPT: usize = 500;

/// An alarm that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The last word about it.
    pub alarm: Arc<Alarm>,
    /// Since when it is up.
    pub raised: Timestamp,
}

/// What a person does about an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// He has seen it.
    Acknowledge,
    /// Put aside until an instant.
    Shelve(Timestamp),
    /// Taken up again.
    Unshelve,
}

impl Act {
    /// The name in the log and in paths.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Shelve(_) => "shelve",
            Self::Unshelve => "unshelve",
        }
    }
}

type Key = (usize, String);

#[derive(Debug, Default)]
struct State {
    standing: BTreeMap<Key, Standing>,
    /// Shelves whose time is not over.
    shelves: BTreeMap<Key, Handling>,
    words: VecDeque<Arc<Alarm>>,
}

/// The desk; shared by reference.
#[derive(Debug, Default)]
pub struct Desk {
    state: Mutex<State>,
    /// As many shelves as there are, so that nobody waits for the lock while there are none.
    shelved: AtomicUsize,
}

impl Desk {
    /// An intersection raises or clears; the word that others are told.
    pub fn heard(&self, ix: usize, alarm: &Alarm) -> Arc<Alarm> {
        let key = (ix, alarm.code.clone());
        let mut state = self.state();
        let mut word = alarm.clone();
        if alarm.phase == AlarmPhase::Cleared {
            state.standing.remove(&key);
        } else {
            let raised = state.standing.get(&key).map_or(alarm.at, |it| it.raised);
            if let Some(shelf) = state.shelves.get(&key).filter(|it| it.until.is_some_and(|until| alarm.at < until)) {
                (word.phase, word.handling) = (AlarmPhase::Shelved, Some(shelf.clone()));
            }
            let word = Arc::new(word.clone());
            state.standing.insert(key, Standing { alarm: word, raised });
        }
        state.say(word)
    }

    /// A person does something about an alarm that is up; `None` when it is not.
    pub fn act(
        &self,
        ix: usize,
        code: &str,
        act: &Act,
        by: &str,
        note: Option<String>,
        at: Timestamp,
    ) -> Option<Standing> {
        let key = (ix, code.to_owned());
        let mut state = self.state();
        let mut standing = state.standing.get(&key)?.clone();
        let mut word = Alarm::clone(&standing.alarm);
        let handling = |until| Some(Handling { by: by.to_owned(), note, until });
        (word.at, word.phase, word.handling) = match act {
            Act::Acknowledge => (at, AlarmPhase::Acknowledged, handling(None)),
            Act::Shelve(until) => (at, AlarmPhase::Shelved, handling(Some(*until))),
            Act::Unshelve => (at, AlarmPhase::Raised, None),
        };
        match &word.handling {
            Some(shelf) if shelf.until.is_some() => drop(state.shelves.insert(key.clone(), shelf.clone())),
            _ => drop(state.shelves.remove(&key)),
        }
        self.shelved.store(state.shelves.len(), Ordering::Relaxed);
        standing.alarm = state.say(word);
        state.standing.insert(key, standing.clone());
        Some(standing)
    }

    /// Shelves of an intersection whose time is over; the words about alarms that are up again.
    pub fn wake(&self, ix: usize, at: Timestamp) -> Vec<Arc<Alarm>> {
        if self.shelved.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let mut state = self.state();
        let over = |(key, shelf): (&Key, &Handling)| shelf.until.is_some_and(|it| it <= at).then(|| key.clone());
        let of_this = (ix, String::new())..(ix + 1, String::new());
        let over: Vec<Key> = state.shelves.range(of_this).filter_map(over).collect();
        let mut words = Vec::new();
        for key in over {
            state.shelves.remove(&key);
            let Some(standing) = state.standing.get(&key).cloned() else { continue };
            let word = Alarm { at, phase: AlarmPhase::Raised, handling: None, ..Alarm::clone(&standing.alarm) };
            let word = state.say(word);
            state.standing.insert(key, Standing { alarm: Arc::clone(&word), ..standing });
            words.push(word);
        }
        self.shelved.store(state.shelves.len(), Ordering::Relaxed);
        words
    }

    /// What is up, by position of the intersection and code.
    pub fn standing(&self) -> Vec<(usize, Standing)> {
        self.state().standing.iter().map(|((ix, _), it)| (*ix, it.clone())).collect()
    }

    /// What is up at one intersection.
    pub fn standing_at(&self, ix: usize) -> Vec<Standing> {
        let of_this = (ix, String::new())..(ix + 1, String::new());
        self.state().standing.range(of_this).map(|(_, it)| it.clone()).collect()
    }

    /// The last words, the newest first.
    pub fn words(&self) -> Vec<Arc<Alarm>> {
        self.state().words.iter().rev().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Values are replaced as a whole, so a poisoned lock still guards sound ones.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn say(&mut self, word: Alarm) -> Arc<Alarm> {
        let word = Arc::new(word);
        if self.words.len() == WORDS_KEPT {
            self.words.pop_front();
        }
        self.words.push_back(Arc::clone(&word));
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;
    use crate::plan::Severity;

    fn alarm(code: &str, phase: AlarmPhase, at: i64) -> Alarm {
        let (code, severity, detail) = (code.to_owned(), Severity::Warning, String::new());
        Alarm {
            intersection: sample::crossroads().id,
            code,
            at: Timestamp(at),
            phase,
            severity,
            detail,
            handling: None,
        }
    }

    fn phases(desk: &Desk) -> Vec<AlarmPhase> {
        desk.standing().iter().map(|(_, it)| it.alarm.phase).collect()
    }

    #[test]
    fn an_alarm_is_up_until_it_is_cleared_and_keeps_who_saw_it() {
        let desk = Desk::default();
        desk.heard(0, &alarm("a", AlarmPhase::Raised, 1));
        let seen = desk.act(0, "a", &Act::Acknowledge, "li", Some("on my way".into()), Timestamp(5)).unwrap();
        assert_eq!(
            (seen.raised, seen.alarm.at, seen.alarm.phase),
            (Timestamp(1), Timestamp(5), AlarmPhase::Acknowledged)
        );
        assert_eq!(seen.alarm.handling.as_ref().unwrap().by, "li");
        assert_eq!(desk.standing_at(0), [seen]);
        assert_eq!(desk.standing_at(1), []);
        desk.heard(0, &alarm("a", AlarmPhase::Cleared, 9));
        assert_eq!(phases(&desk), []);
        assert_eq!(desk.act(0, "a", &Act::Acknowledge, "li", None, Timestamp(10)), None);
        let told: Vec<AlarmPhase> = desk.words().iter().map(|it| it.phase).collect();
        assert_eq!(told, [AlarmPhase::Cleared, AlarmPhase::Acknowledged, AlarmPhase::Raised]);
    }

    #[test]
    fn a_shelf_holds_over_comings_and_goings_and_ends_by_itself() {
        let desk = Desk::default();
        desk.heard(3, &alarm("a", AlarmPhase::Raised, 1));
        desk.act(3, "a", &Act::Shelve(Timestamp(100)), "li", Some("works".into()), Timestamp(2)).unwrap();
        desk.heard(3, &alarm("a", AlarmPhase::Cleared, 10));
        assert_eq!(phases(&desk), []);
        assert_eq!(desk.heard(3, &alarm("a", AlarmPhase::Raised, 20)).phase, AlarmPhase::Shelved);
        assert!(desk.wake(3, Timestamp(99)).is_empty() && desk.wake(2, Timestamp(100)).is_empty());
        let woken = desk.wake(3, Timestamp(100));
        assert_eq!((woken[0].phase, woken[0].handling.clone()), (AlarmPhase::Raised, None));
        assert_eq!(phases(&desk), [AlarmPhase::Raised]);
        assert!(desk.wake(3, Timestamp(200)).is_empty());
    }

    #[test]
    fn what_is_taken_up_again_is_raised_and_old_words_make_room() {
        let desk = Desk::default();
        desk.heard(0, &alarm("a", AlarmPhase::Raised, 1));
        desk.act(0, "a", &Act::Shelve(Timestamp(100)), "li", None, Timestamp(2)).unwrap();
        assert_eq!(desk.act(0, "a", &Act::Unshelve, "li", None, Timestamp(3)).unwrap().alarm.phase, AlarmPhase::Raised);
        for at in (0..).take(WORDS_KEPT) {
            desk.heard(0, &alarm("b", AlarmPhase::Raised, at));
        }
        assert_eq!((desk.words().len(), desk.words()[0].code.as_str()), (WORDS_KEPT, "b"));
    }
}
