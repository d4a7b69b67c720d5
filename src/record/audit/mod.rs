//! The audit log: who commanded what, what came of it, and which mode ruled, as lines that hold each other.
//!
//! ```text
//! {"v":1,"seq":7,"at_ms":…,"kind":"command",…,"hash":"5f0c…"}
//! └──────────── said, byte for byte ───────┘  hash = SHA-256( hash of line 6 ‖ said )
//! ```
//!
//! In: events with their instants. Out: lines ([`Chain`]); and of lines, whether every one is as it was written ([`verify`]). Lines are
//! numbered through all files of a log; the first of each file says which file it is and which hash it goes on from.
//!
//! **What a chain shows.** A line that was changed, taken out, put in or moved breaks it at its place. A chain that is cut off at its end,
//! or written anew as a whole, is a good chain: the first is found by the *head*, number and hash of the last line, which is kept in a
//! file of its own and replaced after each line; the second only by a head that was carried elsewhere (it goes to the log of the
//! service as well). Whoever can write all the files of this machine can write another past, and nothing on this machine will tell.
//!
//! No file, no clock: [`crate::service`] has both. Reference: Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics", 1999
//! (here without their keyed part, for the reason above).

pub mod verify;

use crate::record::header::hexadecimal;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Version of a line.
const VERSION: u32 = 1;
/// What stands between what is said and the hash.
const BEFORE: &[u8] = b",\"hash\":\"";
const AFTER: &[u8] = b"\"}";
const DIGITS: usize = 64;

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditEvent {
    /// A file begins.
    Opened {
        /// Its number, from 1.
        file: u32,
        /// Hash that it goes on from: that of the last line before it, zeros for the very first.
        previous: String,
        /// Version of the program.
        program: String,
    },
    /// The writer was killed in the middle of a line, or the disk was full: what was left of it was taken away.
    Repaired {
        /// Bytes of it.
        bytes: u64,
    },
    /// An earlier file is not as it was written; the log goes on behind what is left.
    Damaged {
        /// What was found.
        found: String,
    },
    /// An operator commands. Written before anybody acts on it.
    Command {
        /// Where.
        intersection: String,
        /// Name of the command.
        id: String,
        /// What to do.
        verb: String,
        /// Stage to hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// Who says to have given it.
        operator: String,
        /// Why, as they say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Key that it was signed with, where keys are configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// When it was given \[UTC ms\].
        given_ms: i64,
        /// Until when it holds \[UTC ms\].
        expires_ms: i64,
    },
    /// The answer to a command.
    Answer {
        /// Where.
        intersection: String,
        /// Name of the command.
        id: String,
        /// Whether it was accepted.
        accepted: bool,
        /// Why.
        reason: String,
    },
    /// Somebody acknowledges an alarm, puts it aside or takes it up again.
    Alarm {
        /// Where.
        intersection: String,
        /// Its stable name.
        code: String,
        /// `acknowledge`, `shelve` or `unshelve`.
        act: String,
        /// Who.
        by: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Until when it is put aside \[UTC ms\].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_ms: Option<i64>,
    },
    /// Another mode rules from here on.
    Mode {
        /// Where.
        intersection: String,
        /// Whose mode: `engine` or `field`.
        of: String,
        /// Before; absent when it was not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Now.
        to: String,
    },
    /// So many changes of mode were not written down, because the disk was too slow or did not take them.
    Missed {
        /// How many.
        count: u64,
    },
}

/// A line as it is parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Version of the line.
    pub v: u32,
    /// Its number, from 0, through all files.
    pub seq: u64,
    /// When it was written \[UTC ms\].
    pub at_ms: i64,
    /// What is written down.
    #[serde(flatten)]
    pub event: AuditEvent,
}

/// Number and hash of a line: as much as one must know to tell a whole log from one that was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the line.
    pub seq: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

/// Where a chain stands: what the next line goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    next: u64,
    hash: [u8; 32],
}

impl Chain {
    /// The chain behind a line; `None` when its hash is none.
    pub fn after(head: &Head) -> Option<Self> {
        Some(Self { next: head.seq.checked_add(1)?, hash: hash_of(head.hash.as_bytes())? })
    }

    /// Number of the next line.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Hash of the last line in hexadecimal digits.
    pub fn hash(&self) -> String {
        hexadecimal(&self.hash)
    }

    /// The last line; `None` before the first.
    pub fn head(&self) -> Option<Head> {
        Some(Head { seq: self.next.checked_sub(1)?, hash: self.hash() })
    }

    /// The next line with its line feed, and the chain behind it.
    pub fn line(&self, event: AuditEvent, at: Timestamp) -> (Vec<u8>, Self) {
        let line = AuditLine { v: VERSION, seq: self.next, at_ms: at.0, event };
        let mut bytes = serde_json::to_vec(&line).expect("a struct of texts and numbers");
        bytes.pop();
        let hash = self.over(&bytes);
        bytes.extend_from_slice(BEFORE);
        bytes.extend_from_slice(hexadecimal(&hash).as_bytes());
        bytes.extend_from_slice(AFTER);
        bytes.push(b'\n');
        (bytes, Self { next: self.next + 1, hash })
    }

    /// The event of a line (without its line feed) that goes on from here, and the chain behind it.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn read(&self, line: &[u8]) -> Result<(AuditLine, Self), String> {
        let (said, hash) = parts(line).ok_or("it does not end in a hash")?;
        let read: AuditLine = serde_json::from_slice(&[said, b"}"].concat())
            .map_err(|error| format!("not a line of an audit log: {error}"))?;
        if read.v != VERSION {
            return Err(format!("version {}, expected {VERSION}", read.v));
        }
        if read.seq != self.next {
            return Err(format!("number {}, expected {}", read.seq, self.next));
        }
        if self.over(said) != hash {
            return Err("its hash does not fit what it says and the line before it".to_owned());
        }
        Ok((read, Self { next: self.next + 1, hash }))
    }

    fn over(&self, said: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.hash).chain_update(said).finalize().into()
    }
}

/// What a line says, byte for byte without its closing brace, and its hash.
fn parts(line: &[u8]) -> Option<(&[u8], [u8; 32])> {
    let rest = line.strip_suffix(AFTER)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    Some((rest.strip_suffix(BEFORE)?, hash_of(digits)?))
}

/// The bytes of 64 lower-case hexadecimal digits.
fn hash_of(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != DIGITS || digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // `from_str_radix` takes a sign.
    digits.iter().all(u8::is_ascii_hexdigit).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_no_byte_of_it_can_change() {
        let chain = Chain::default();
        let (line, after) = chain.line(AuditEvent::Repaired { bytes: 3 }, Timestamp(5));
        let line = line.strip_suffix(b"\n").unwrap();
        let (read, then) = chain.read(line).unwrap();
        assert_eq!((read.seq, read.at_ms, &read.event, &then), (0, 5, &AuditEvent::Repaired { bytes: 3 }, &after));
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bent = line.to_vec();
                bent[at] ^= 1 << bit;
                assert!(chain.read(&bent).is_err(), "byte {at}: {}", String::from_utf8_lossy(&bent));
            }
        }
    }

    #[test]
    fn a_line_stands_only_behind_the_line_it_was_written_behind() {
        let start = Chain::default();
        let (_, second) = start.line(AuditEvent::Missed { count: 1 }, Timestamp(1));
        let (line, _) = second.line(AuditEvent::Missed { count: 2 }, Timestamp(2));
        let line = line.strip_suffix(b"\n").unwrap();
        assert!(second.read(line).is_ok());
        assert!(start.read(line).unwrap_err().contains("number 1, expected 0"));
        let (_, other) = start.line(AuditEvent::Missed { count: 9 }, Timestamp(1));
        assert!(other.read(line).unwrap_err().contains("hash does not fit"));
        assert_eq!(Chain::after(&second.head().unwrap()), Some(second));
    }
}
