//! What happened, in `SQLite`: alarms, commands with their answers, changes of mode, gaps.
//!
//! One writer with a connection of its own (write-ahead log, so that readers never wait for it nor it for them); readers open the file read
//! only. Events are put in together, once a second. A file that is damaged, or of a newer version, is put aside under another name
//! and told; a new one is begun.

use crate::time::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file.
pub const FILE: &str = "events.db";
/// Version of its tables.
const VERSION: i64 = 1;
/// Most events that are kept; about 300 bytes each.
const EVENTS_MAX: i64 = 2_000_000;

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// A word about an alarm.
    Alarm,
    /// An operator commands; with its answer.
    Command,
    /// Another mode rules.
    Mode,
    /// Something was not kept.
    Gap,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Alarm, Self::Command, Self::Mode, Self::Gap];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Command => "command",
            Self::Mode => "mode",
            Self::Gap => "gap",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Event {
    /// When \[ms\].
    pub at_ms: i64,
    /// `alarm`, `command`, `mode` or `gap`.
    pub kind: String,
    /// Where; null for the whole engine.
    pub intersection: Option<String>,
    /// Alarm, verb of the command, or whose mode.
    pub code: Option<String>,
    /// What became of it.
    pub phase: Option<String>,
    /// Of an alarm.
    pub severity: Option<String>,
    /// Who did it.
    pub who: Option<String>,
    /// One line for people.
    pub detail: String,
}

impl Event {
    /// Of a kind, with nothing but its words.
    pub fn new(kind: EventKind, at: Timestamp, detail: String) -> Self {
        Self { at_ms: at.0, kind: kind.name().to_owned(), detail, ..Self::default() }
    }
}

/// What is asked of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// From this instant on \[ms\].
    pub from_ms: Option<i64>,
    /// Before this instant \[ms\].
    pub to_ms: Option<i64>,
    /// Of this intersection only.
    pub intersection: Option<String>,
    /// Of this kind only.
    pub kind: Option<String>,
    /// As many at most.
    pub limit: usize,
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Journal {
    connection: Connection,
}

impl Journal {
    /// Opens the file of a folder, or begins a new one; what was put aside, where something was.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn open(folder: &Path, at: Timestamp) -> rusqlite::Result<(Self, Option<PathBuf>)> {
        let file = folder.join(FILE);
        match Self::try_open(&file) {
            Ok(journal) => Ok((journal, None)),
            Err(error) if is_damage(&error) => {
                let aside = folder.join(format!("events.refused-{}.db", at.0));
                // Names that are not there are nothing to put aside.
                for suffix in ["-wal", "-shm"] {
                    let _ = fs::remove_file(folder.join(format!("{FILE}{suffix}")));
                }
                fs::rename(&file, &aside).map_err(|_| error)?;
                Ok((Self::try_open(&file)?, Some(aside)))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if sound != "ok" || version > VERSION {
            return Err(rusqlite::Error::InvalidQuery);
        }
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, intersection TEXT, \
             code TEXT, phase TEXT, severity TEXT, who TEXT, detail TEXT NOT NULL);
             CREATE INDEX IF NOT EXISTS event_at ON event (at_ms);
             CREATE INDEX IF NOT EXISTS event_where ON event (intersection, at_ms);
             PRAGMA user_version = 1;",
        )?;
        Ok(Self { connection })
    }

    /// All of them or none.
    pub(super) fn append(&mut self, events: &[Event]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (at_ms, kind, intersection, code, phase, severity, who, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for it in events {
                insert.execute(params![
                    it.at_ms,
                    it.kind,
                    it.intersection,
                    it.code,
                    it.phase,
                    it.severity,
                    it.who,
                    it.detail
                ])?;
            }
        }
        transaction.commit()
    }

    /// What is older than an instant goes, and the oldest of too many.
    pub(super) fn forget(&mut self, before: Timestamp) -> rusqlite::Result<()> {
        self.connection.execute("DELETE FROM event WHERE at_ms < ?1", [before.0])?;
        self.connection
            .execute("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1", [EVENTS_MAX])
            .map(drop)
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error, rusqlite::Error::InvalidQuery)
        || matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Events that answer a question, the newest first; and whether there are more.
///
/// # Errors
/// What the disk says.
pub fn ask(folder: &Path, question: &Question) -> rusqlite::Result<(Vec<Event>, bool)> {
    let connection = Connection::open_with_flags(
        folder.join(FILE),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(2))?;
    let mut select = connection.prepare(
        "SELECT at_ms, kind, intersection, code, phase, severity, who, detail FROM event \
         WHERE at_ms >= ?1 AND at_ms < ?2 AND (?3 IS NULL OR intersection = ?3) AND (?4 IS NULL OR kind = ?4) \
         ORDER BY at_ms DESC, id DESC LIMIT ?5",
    )?;
    let limit = i64::try_from(question.limit).unwrap_or(i64::MAX - 1);
    let (from, to) = (question.from_ms.unwrap_or(i64::MIN), question.to_ms.unwrap_or(i64::MAX));
    let rows = select.query_map(params![from, to, question.intersection, question.kind, limit + 1], |row| {
        Ok(Event {
            at_ms: row.get(0)?,
            kind: row.get(1)?,
            intersection: row.get(2)?,
            code: row.get(3)?,
            phase: row.get(4)?,
            severity: row.get(5)?,
            who: row.get(6)?,
            detail: row.get(7)?,
        })
    })?;
    let mut events: Vec<Event> = rows.collect::<rusqlite::Result<_>>()?;
    let more = events.len() > question.limit;
    events.truncate(question.limit);
    Ok((events, more))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    fn event(at: i64, kind: EventKind, intersection: &str) -> Event {
        Event { intersection: Some(intersection.into()), ..Event::new(kind, Timestamp(at), "x".into()) }
    }

    #[test]
    fn events_are_found_by_time_place_and_kind_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, aside) = Journal::open(folder.path(), Timestamp(0)).unwrap();
        assert_eq!(aside, None);
        let all: Vec<Event> =
            (0..10).map(|at| event(at, EventKind::ALL[at as usize % 4], ["a", "b"][at as usize % 2])).collect();
        journal.append(&all).unwrap();
        let ask = |question: Question| {
            let (events, more) = ask(folder.path(), &question).unwrap();
            (events.iter().map(|it| it.at_ms).collect::<Vec<_>>(), more)
        };
        assert_eq!(ask(Question { limit: 3, ..Question::default() }), (vec![9, 8, 7], true));
        let narrow =
            Question { from_ms: Some(2), to_ms: Some(8), intersection: Some("a".into()), kind: None, limit: 9 };
        assert_eq!(ask(narrow.clone()), (vec![6, 4, 2], false));
        assert_eq!(ask(Question { kind: Some("alarm".into()), ..narrow }), (vec![4], false));
        journal.forget(Timestamp(8)).unwrap();
        assert_eq!(ask(Question { limit: 9, ..Question::default() }), (vec![9, 8], false));
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_a_new_one_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "no database ".repeat(1_000)).unwrap();
        let (mut journal, aside) = Journal::open(folder.path(), Timestamp(7)).unwrap();
        assert!(aside.unwrap().ends_with("events.refused-7.db"));
        journal.append(&[event(1, EventKind::Gap, "a")]).unwrap();
        assert_eq!(ask(folder.path(), &Question { limit: 9, ..Question::default() }).unwrap().0.len(), 1);
    }
}
