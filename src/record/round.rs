//! The rounds of one intersection: what its controller heard up to a decision, the decision, and what came of it.
//!
//! In: events of the intersection, in the order of the recording. Out: a round as soon as it is known to be whole. In which order they
//! stand in the recording ([`Order`]) matters to nobody behind this.

use super::event::Event;
use super::header::Order;
use crate::network::Network;
use crate::time::Timestamp;
use crate::wire::{self, Channel, Message, Rejection};

/// One round of one intersection.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// The instant of the decision.
    pub at: Timestamp,
    /// What there is, each with the instant at which the controller heard or said it.
    pub events: Vec<(Timestamp, Event)>,
    order: Order,
}

/// Gathers them.
#[derive(Debug, Clone)]
pub struct Rounds {
    order: Order,
    open: Vec<(Timestamp, Event)>,
    /// The instant of the tick that is in it.
    ticked: Option<Timestamp>,
}

impl Rounds {
    /// Nothing is gathered.
    pub fn new(order: Order) -> Self {
        Self { order, open: Vec::new(), ticked: None }
    }

    /// The next event; the round before it, when this shows that it is whole.
    pub fn push(&mut self, at: Timestamp, event: Event) -> Option<Round> {
        let is_next = match self.order {
            Order::Seconds => self.ticked.is_some_and(|ticked| ticked != at),
            Order::AsHeard => self.ticked.is_some() && !event.channel().is_some_and(is_said),
        };
        let whole = if is_next { self.take() } else { None };
        match self.order {
            Order::Seconds => self.ticked = Some(at),
            Order::AsHeard if matches!(event, Event::Tick { .. }) => self.ticked = Some(at),
            Order::AsHeard => {}
        }
        self.open.push((at, event));
        whole
    }

    /// What was gathered last, where nothing more comes.
    pub fn take(&mut self) -> Option<Round> {
        let events = std::mem::take(&mut self.open);
        let at = self.ticked.take()?;
        Some(Round { at, events, order: self.order })
    }

    /// Whether what is gathered may be torn in a recording that breaks off at an instant; `was_last` says whether its last line was
    /// about this intersection.
    pub fn is_torn(&self, at: Timestamp, was_last: bool) -> bool {
        match self.order {
            Order::Seconds => self.ticked == Some(at),
            Order::AsHeard => was_last,
        }
    }
}

/// Whether it is what a controller says and not what it hears.
fn is_said(channel: &Channel) -> bool {
    matches!(channel, Channel::Decision | Channel::Plan | Channel::Outflow)
}

impl Round {
    /// Whether anything was said or heard in it.
    pub fn is_about_traffic(&self) -> bool {
        self.events.iter().any(|(_, event)| matches!(event, Event::Message { .. } | Event::Tick { .. }))
    }

    /// What was said on a channel at the instant of the decision.
    pub fn said(&self, channel: &Channel) -> Option<&str> {
        self.events.iter().find_map(|(at, event)| payload(event, channel).filter(|_| *at == self.at))
    }

    /// The message on a channel: what was heard last before the decision, or what was said at it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn message(&self, channel: &Channel, network: &Network) -> Result<Option<Message>, Rejection> {
        let mut on = self.events.iter().filter(|(_, event)| payload(event, channel).is_some());
        // In simulated time late and repeated counts stand behind those of the second.
        let found = if self.order == Order::Seconds || is_said(channel) { on.next() } else { on.next_back() };
        let Some((_, Event::Message { topic, payload })) = found else { return Ok(None) };
        wire::decode(&topic.to_string(), payload.as_bytes(), network, None).map(Some)
    }
}

fn payload<'a>(event: &'a Event, channel: &Channel) -> Option<&'a str> {
    match event {
        Event::Message { payload, .. } if event.channel() == Some(channel) => Some(payload),
        _ => None,
    }
}
