//! Drops what arrives twice or late from one source: the only memory of the wire.
//!
//! A source numbers its messages; the number grows within one run of the source, and so does the time in the message. A
//! number that falls while the time goes on is a restarted source and is believed. So is one whose last time lies ahead of us: its clock
//! or ours has been set back since. State: the last number and time.

use super::{FUTURE_MAX, Reason, Rejection};
use crate::time::Timestamp;

/// Memory of one source on one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence {
    last: Option<(u64, Timestamp)>,
}

impl Sequence {
    /// Whether a message is news; remembers it when it is. `now` is the receiver's clock, `None` where the messages themselves carry the
    /// time.
    pub fn accept(&mut self, seq: u64, at: Timestamp, now: Option<Timestamp>) -> Result<(), Rejection> {
        let is_possible = |last_at: Timestamp| now.is_none_or(|now| last_at <= now + FUTURE_MAX);
        if let Some((last_seq, last_at)) = self.last.filter(|&(_, last_at)| is_possible(last_at)) {
            if seq == last_seq {
                return Err(Rejection::new(Reason::Duplicate, format!("seq {seq} again")));
            }
            if at <= last_at {
                let detail = format!("seq {seq} of {at} after seq {last_seq} of {last_at}");
                return Err(Rejection::new(Reason::OutOfOrder, detail));
            }
        }
        self.last = Some((seq, at));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_a_duplicate_late_is_out_of_order_and_a_restart_is_believed() {
        let mut sequence = Sequence::default();
        let mut tell = |seq, secs| sequence.accept(seq, Timestamp::from_secs(secs), None).map_err(|it| it.reason);
        assert_eq!(tell(7, 100), Ok(()));
        assert_eq!(tell(7, 100), Err(Reason::Duplicate));
        assert_eq!(tell(7, 101), Err(Reason::Duplicate));
        assert_eq!(tell(9, 102), Ok(()));
        assert_eq!(tell(8, 101), Err(Reason::OutOfOrder));
        assert_eq!(tell(10, 102), Err(Reason::OutOfOrder));
        assert_eq!(tell(1, 103), Ok(()), "a source that starts again counts from the beginning");
    }

    #[test]
    fn after_both_clocks_were_ahead_for_a_while_nobody_waits_for_them_to_come_round_again() {
        let mut sequence = Sequence::default();
        let mut tell = |seq, secs, now| {
            sequence.accept(seq, Timestamp::from_secs(secs), Some(Timestamp::from_secs(now))).map_err(|it| it.reason)
        };
        assert_eq!(tell(7, 3_700, 3_700), Ok(()));
        assert_eq!(tell(8, 101, 101), Ok(()), "an hour back");
        assert_eq!(tell(9, 103, 102), Ok(()));
        assert_eq!(tell(10, 102, 102), Err(Reason::OutOfOrder), "clocks that differ by a little are no excuse");
    }
}
