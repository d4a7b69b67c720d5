//! Drops what arrives twice or late from one source: the only memory of the wire.
//!
//! A source numbers its messages; the number grows within one run of the source, and so does the time in the message. A
//! number that falls while the time goes on is a restarted source and is believed. State: the last number and time.

use super::{Reason, Rejection};
use crate::time::Timestamp;

/// Memory of one source on one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence {
    last: Option<(u64, Timestamp)>,
}

impl Sequence {
    /// Whether a message is news; remembers it when it is.
    pub fn accept(&mut self, seq: u64, at: Timestamp) -> Result<(), Rejection> {
        if let Some((last_seq, last_at)) = self.last {
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
        let mut tell = |seq, secs| sequence.accept(seq, Timestamp::from_secs(secs)).map_err(|it| it.reason);
        assert_eq!(tell(7, 100), Ok(()));
        assert_eq!(tell(7, 100), Err(Reason::Duplicate));
        assert_eq!(tell(7, 101), Err(Reason::Duplicate));
        assert_eq!(tell(9, 102), Ok(()));
        assert_eq!(tell(8, 101), Err(Reason::OutOfOrder));
        assert_eq!(tell(10, 102), Err(Reason::OutOfOrder));
        assert_eq!(tell(1, 103), Ok(()), "a source that starts again counts from the beginning");
    }
}
