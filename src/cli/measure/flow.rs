//! The way of events, wherever they come from: put in order, measured, and written where that is asked for.

use super::events_out::EventsOut;
use crate::measure::atspm::{Measures, Report};
use crate::measure::hires::{Channels, Event, Names, Order, Ordered};
use crate::time::{Millis, Timestamp};
use std::io;
use std::ops::Range;

/// Events under way.
pub(super) struct Flow {
    /// Puts in order; what was wrong stands there.
    pub(super) order: Order,
    measures: Measures,
    out: Option<EventsOut>,
    span: Range<Timestamp>,
    ready: Vec<Ordered>,
}

impl Flow {
    pub(super) fn new(
        channels: Channels,
        span: Range<Timestamp>,
        window: Millis,
        long: bool,
        out: Option<EventsOut>,
    ) -> Self {
        let measures = Measures::new(channels, span.clone(), long);
        Self { order: Order::new(window), measures, out, span, ready: Vec::new() }
    }

    /// One event of a line.
    pub(super) fn push(&mut self, event: Event, line: u64, names: &Names) -> io::Result<()> {
        self.order.push(event, line, &mut self.ready);
        self.pass_on(names)
    }

    /// That was all.
    pub(super) fn finish(mut self, names: &Names) -> io::Result<(Report, Order)> {
        self.order.finish(&mut self.ready);
        self.pass_on(names)?;
        if let Some(out) = self.out {
            out.finish()?;
        }
        Ok((self.measures.finish(), self.order))
    }

    fn pass_on(&mut self, names: &Names) -> io::Result<()> {
        for next in self.ready.drain(..) {
            self.measures.take(&next, names);
            if let (Some(out), Ordered::Event(event)) = (&mut self.out, next)
                && self.span.contains(&event.at)
            {
                out.write(&event, names.of(event.signal))?;
            }
        }
        Ok(())
    }
}
