//! Puts events in order, signal by signal, as they come, in bounded memory.
//!
//! ```text
//! an event ─> older than the newest of its signal by the window or more? refused
//!          ─> more than a gap ahead of it? held apart until the next event of the signal agrees (a gap) or does not (a clock gone wild: refused)
//!          ─> kept until it is older than the window, then handed on; the same again is dropped
//! ```
//!
//! Each signal has a clock of its own, so a log may hold one signal after the other. Weakness: where a clock is set back (the end of summer time, in logs of local
//! time), events are refused until it has come round again.

use super::{Event, Noted};
use crate::time::{Millis, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A signal that tells nothing for this long was not heard.
pub const GAP: Millis = Millis::from_secs(15 * 60);
/// How far the last event of all may lie ahead of those before it, as nothing stands behind it that could agree.
const LAST_AHEAD_MAX: Millis = Millis::from_secs(86_400);
/// Most events that wait, of all signals together; beyond it the oldest of a signal go early.
const HELD_MAX: usize = 4_000_000;

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// An event.
    Event(Event),
    /// Nothing was heard of a signal between two instants.
    Gap {
        /// Which.
        signal: u32,
        /// Its last event before.
        from: Timestamp,
        /// Its first event after.
        to: Timestamp,
    },
}

/// Puts in order.
#[derive(Debug)]
pub struct Order {
    window: Millis,
    held: usize,
    signals: Vec<Queue>,
    /// Events that were there already, at the same instant with the same code and parameter.
    pub duplicates: u64,
    /// Events that stood before an earlier one, and were put right.
    pub put_right: u64,
    /// Events that came too late to be put right.
    pub late: Noted,
    /// Events far ahead of everything around them.
    pub astray: Noted,
    /// Gaps.
    pub gaps: u64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BinaryHeap<Reverse<Event>>,
    newest: Option<Timestamp>,
    last: Option<Event>,
    apart: Option<(Event, u64)>,
}

impl Order {
    /// Of events that come too late by less than a window.
    pub fn new(window: Millis) -> Self {
        Self {
            window,
            held: 0,
            signals: Vec::new(),
            duplicates: 0,
            put_right: 0,
            late: Noted::default(),
            astray: Noted::default(),
            gaps: 0,
        }
    }

    /// Take an event of a line; what is in order now is added to `out`.
    pub fn push(&mut self, event: Event, line: u64, out: &mut Vec<Ordered>) {
        let ix = event.signal as usize;
        if self.signals.len() <= ix {
            self.signals.resize_with(ix + 1, Queue::default);
        }
        let queue = &mut self.signals[ix];
        if let Some((apart, its_line)) = queue.apart.take() {
            if event.at + GAP >= apart.at {
                self.keep(apart, out);
            } else {
                self.astray.note(its_line, || "far ahead of what stands around it".to_owned());
            }
        }
        match self.signals[ix].newest {
            Some(newest) if event.at > newest + GAP => self.signals[ix].apart = Some((event, line)),
            Some(newest)
                if event.at + self.window <= newest || self.signals[ix].last.is_some_and(|last| event.at < last.at) =>
            {
                self.late.note(line, || format!("{} late", newest - event.at));
            }
            _ => self.keep(event, out),
        }
    }

    /// Hand on whatever still waits.
    pub fn finish(&mut self, out: &mut Vec<Ordered>) {
        for ix in 0..self.signals.len() {
            if let Some((event, line)) = self.signals[ix].apart.take() {
                if self.signals[ix].newest.is_none_or(|newest| event.at <= newest + LAST_AHEAD_MAX) {
                    self.keep(event, out);
                } else {
                    self.astray.note(line, || "far ahead of everything before it".to_owned());
                }
            }
            while self.release(ix, out) {}
        }
    }

    fn keep(&mut self, event: Event, out: &mut Vec<Ordered>) {
        let ix = event.signal as usize;
        let queue = &mut self.signals[ix];
        match queue.newest {
            Some(newest) if event.at < newest => self.put_right += 1,
            _ => queue.newest = Some(event.at),
        }
        queue.waiting.push(Reverse(event));
        self.held += 1;
        let until = queue.newest.map_or(event.at, |newest| newest - self.window);
        while self.signals[ix].waiting.peek().is_some_and(|Reverse(oldest)| oldest.at <= until || self.held > HELD_MAX)
        {
            self.release(ix, out);
        }
    }

    /// The oldest that waits; whether there was one.
    fn release(&mut self, ix: usize, out: &mut Vec<Ordered>) -> bool {
        let queue = &mut self.signals[ix];
        let Some(Reverse(event)) = queue.waiting.pop() else { return false };
        self.held -= 1;
        if queue.last == Some(event) {
            self.duplicates += 1;
            return true;
        }
        if let Some(last) = queue.last.filter(|last| event.at > last.at + GAP) {
            self.gaps += 1;
            out.push(Ordered::Gap { signal: event.signal, from: last.at, to: event.at });
        }
        queue.last = Some(event);
        out.push(Ordered::Event(event));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(signal: u32, ms: i64, param: u16) -> Event {
        Event { at: Timestamp(ms), code: 82, param, signal }
    }

    fn through(events: &[Event]) -> (Vec<Ordered>, Order) {
        let (mut order, mut out) = (Order::new(Millis::from_secs(60)), Vec::new());
        events.iter().zip(1..).for_each(|(event, line)| order.push(*event, line, &mut out));
        order.finish(&mut out);
        (out, order)
    }

    #[test]
    fn within_the_window_events_are_sorted_and_beyond_it_named() {
        let (out, order) = through(&[
            event(0, 100_000, 1),
            event(0, 90_000, 2),
            event(0, 90_000, 2),
            event(0, 40_000, 3),
            event(0, 40_001, 4),
        ]);
        let params: Vec<u16> = out.iter().map(|it| if let Ordered::Event(it) = it { it.param } else { 0 }).collect();
        assert_eq!(params, [4, 2, 1]);
        assert_eq!((order.duplicates, order.put_right, order.late.count), (1, 3, 1));
        assert_eq!(order.late.first, [(4, "60.0 s late".to_owned())]);
    }

    #[test]
    fn a_silence_is_a_gap_and_a_clock_gone_wild_is_none() {
        let hour = 3_600_000;
        let (out, order) = through(&[
            event(0, 0, 1),
            event(0, hour, 2),
            event(0, hour + 1, 3),
            event(0, 90 * hour, 4),
            event(0, hour + 2, 5),
        ]);
        assert_eq!((order.gaps, order.astray.first[0].0, out.len()), (1, 4, 5), "{out:?}");
        assert_eq!(out[1], Ordered::Gap { signal: 0, from: Timestamp(0), to: Timestamp(hour) });
        let (_, order) = through(&[event(0, 0, 1), event(0, 90 * hour, 2)]);
        assert_eq!(order.astray.count, 1, "nobody agrees with the last one");
    }

    #[test]
    fn a_signal_after_the_other_is_in_order() {
        let (out, order) = through(&[event(0, 500_000, 1), event(1, 0, 2), event(0, 500_001, 3)]);
        assert_eq!((out.len(), order.late.count), (3, 0));
    }

    proptest! {
        #[test]
        fn any_order_within_the_window_comes_out_the_same(
            events in proptest::collection::vec((0_u32..3, 0_i64..50_000, 0_u16..4), 1..80), seed in any::<u64>()
        ) {
            let events: Vec<Event> = events.into_iter().map(|(signal, ms, param)| event(signal, ms, param)).collect();
            let mut shuffled = events.clone();
            shuffled.sort_by_key(|it| (it.at.0 as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let of = |events: &[Event], signal| {
                let kept = |it: &Ordered| matches!(it, Ordered::Event(it) if it.signal == signal);
                through(events).0.into_iter().filter(kept).collect::<Vec<_>>()
            };
            for signal in 0..3 {
                prop_assert_eq!(of(&events, signal), of(&shuffled, signal));
            }
            prop_assert_eq!(through(&events).1.duplicates, through(&shuffled).1.duplicates);
        }

        #[test]
        fn whatever_comes_goes_out_in_order_is_refused_or_was_there(events in proptest::collection::vec((0_u32..3, any::<i64>(), any::<u16>()), 0..200)) {
            let events: Vec<Event> = events.into_iter().map(|(signal, ms, param)| event(signal, ms, param)).collect();
            let (out, order) = through(&events);
            let kept: Vec<Event> = out.iter().filter_map(|it| if let Ordered::Event(it) = it { Some(*it) } else { None }).collect();
            for signal in 0..3 {
                let at: Vec<Timestamp> = kept.iter().filter(|it| it.signal == signal).map(|it| it.at).collect();
                prop_assert!(at.is_sorted());
            }
            prop_assert_eq!(kept.len() as u64 + order.duplicates + order.late.count + order.astray.count, events.len() as u64);
        }
    }
}
