//! Who asks for green: walkers at a button, buses, vehicles on duty.
//!
//! In: requests, lamps, instants. Out: who waits since when (the maximum red), what the search has to weigh, which vehicles on duty the
//! plan must serve and when.
//!
//! | Who | is heard | is forgotten |
//! |---|---|---|
//! | walker | from the call on; pushing again changes nothing | when the lamp turns green: the call is latched |
//! | bus | until its expected arrival it comes, then it waits | once it has had green for [`PASSAGE`], when that green has ended, or [`PATIENCE`] after it was due |
//! | vehicle on duty | the same | the same, with [`PASSAGE_EMERGENCY`] and [`PATIENCE_EMERGENCY`] |
//!
//! The same id again replaces a request and says that the vehicle has not passed yet. What cannot be served is refused with its reason
//! ([`Refusal`]), and so is more than [`KEPT`] of a kind: one source must not fill the memory, nor keep others out.
//!
//! How many walkers wait behind one call nobody tells: as many as have come so far. The rate is learned from the times between the end of
//! WALK and the next call (exponential, with one call a minute as prior, fading over some [`CALLS_REMEMBERED`] calls).
//!
//! Weakness: a vehicle that says once when it comes and then is late is taken for passed when its green was long enough.

use crate::ids::GroupIx;
use crate::network::Intersection;
use crate::optimize::{Asker, Asking};
use crate::plan::{Refusal, Request, RequestKind, Shown};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Requests of a kind that are kept at the same time.
const KEPT: usize = 32;
/// A bus that was due this long ago and is not heard any more has gone another way.
const PATIENCE: Millis = Millis::from_secs(120);
/// The same for a vehicle on duty, which keeps everybody waiting.
const PATIENCE_EMERGENCY: Millis = Millis::from_secs(60);
/// Green after which a vehicle that was due has passed.
const PASSAGE: Millis = Millis::from_secs(4);
/// The same for a vehicle on duty, which may stand behind others.
const PASSAGE_EMERGENCY: Millis = Millis::from_secs(6);
/// Expected arrivals may lie this far behind,
const ETA_PAST: Millis = Millis::from_secs(10);
/// and this far ahead.
const ETA_FUTURE: Millis = Millis::from_secs(600);
/// Calls after which what was learned of walkers is half forgotten.
const CALLS_REMEMBERED: f64 = 20.0;
/// Time in which one call is expected before anything is learned \[s\].
const CALL_PRIOR_S: f64 = 60.0;
/// Most walkers that one call is believed to stand for.
const WALKERS_MAX: f64 = 20.0;

/// Everybody who asks at present.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Requests {
    pending: BTreeMap<String, Pending>,
    callers: BTreeMap<GroupIx, Callers>,
    settled: Option<Timestamp>,
}

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pending {
    request: Request,
    /// First call of a walker; else when the vehicle is due.
    since: Timestamp,
    /// The earliest arrival that the vehicle has told.
    first: Timestamp,
    /// Whether the lamp was green when the vehicle was due.
    passing: bool,
}

/// How often walkers call at a group.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Callers {
    calls: f64,
    /// Time without call and without WALK \[s\].
    quiet_s: f64,
}

/// A vehicle on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnDuty<'a> {
    /// Name of its request.
    pub(super) id: &'a str,
    /// Group that serves it.
    pub(super) group: GroupIx,
    /// When it reaches the stop line.
    pub(super) due: Timestamp,
    /// When it first said that it would.
    pub(super) first: Timestamp,
}

impl Requests {
    /// Somebody asks for green.
    pub(super) fn ask(&mut self, request: Request, intersection: &Intersection, at: Timestamp) -> Result<(), Refusal> {
        if !intersection.stages.iter().any(|stage| stage.serves(request.group)) {
            return Err(Refusal::Unserved);
        }
        let since = request.eta.unwrap_or(request.at);
        match request.eta {
            Some(eta) if eta < at - ETA_PAST => return Err(Refusal::EtaPast),
            Some(eta) if eta > at + ETA_FUTURE => return Err(Refusal::EtaFuture),
            _ => {}
        }
        let known = self.pending.get(&request.id);
        let of_kind = self.pending.values().filter(|it| it.request.kind == request.kind).count();
        if known.is_none() && of_kind >= KEPT {
            return Err(Refusal::TooMany);
        }
        let waits_already =
            |it: &&Pending| it.request.group == request.group && it.is_walker() && request.eta.is_none();
        let since = known.filter(waits_already).map_or(since, |it| it.since.min(since));
        let same = |it: &&Pending| it.request.group == request.group && it.request.kind == request.kind;
        let first = known.filter(same).map_or(since, |it| it.first.min(since));
        let pending = Pending { request, since, first, passing: false };
        if pending.is_walker() && !self.walkers(pending.request.group).any(|_| true) {
            self.callers.entry(pending.request.group).or_default().call();
        }
        self.pending.insert(pending.request.id.clone(), pending);
        Ok(())
    }

    /// Forget who is served or has gone another way, and learn how often walkers call.
    pub(super) fn settle(&mut self, shown: &Shown, at: Timestamp) {
        self.pending.retain(|_, pending| pending.stays(shown, at));
        let passed_s = self.settled.map_or(0.0, |before| (at - before).as_secs_f64().clamp(0.0, CALL_PRIOR_S));
        self.settled = Some(at);
        let waits: Vec<GroupIx> =
            self.pending.values().filter(|it| it.is_walker()).map(|it| it.request.group).collect();
        for (group, callers) in &mut self.callers {
            if !waits.contains(group) && !shown.groups[group.0].indication.is_green() {
                callers.quiet_s += passed_s;
            }
        }
    }

    /// Groups that are asked for, with the instant since when somebody waits.
    pub(super) fn asked(&self, at: Timestamp) -> impl Iterator<Item = (GroupIx, Timestamp)> + '_ {
        self.pending.values().map(|it| (it.request.group, it.since)).filter(move |&(_, since)| since <= at)
    }

    /// Everybody who is waited for, in the order of the ids.
    pub(super) fn all(&self) -> impl Iterator<Item = &Request> {
        self.pending.values().map(|pending| &pending.request)
    }

    /// Walkers and buses as the search weighs them at an instant; `transit` is how many people are in a bus.
    pub(super) fn asking(&self, at: Timestamp, transit: f64) -> Vec<Asking> {
        let walkers = self.callers.iter().filter_map(|(&group, callers)| {
            let (calls, first) =
                self.walkers(group).fold((0.0, at), |(calls, first), it| (calls + 1.0, first.min(it.since)));
            let waited_s = (at - first).as_secs_f64();
            let rate = callers.rate();
            let people = f64::max(calls, 1.0 + rate * waited_s).min(WALKERS_MAX);
            (calls > 0.0).then_some(Asking { group, who: Asker::Walkers { people, rate, waited_s } })
        });
        let buses = self.pending.values().filter(|it| it.request.kind == RequestKind::Transit).map(|it| Asking {
            group: it.request.group,
            who: Asker::Bus { people: transit, due_s: (it.since - at).as_secs_f64() },
        });
        walkers.chain(buses).collect()
    }

    /// Vehicles on duty, the first to arrive first.
    pub(super) fn on_duty(&self) -> Vec<OnDuty<'_>> {
        let all = self.pending.values().filter(|it| it.request.kind == RequestKind::Emergency);
        let mut all: Vec<OnDuty<'_>> = all
            .map(|it| OnDuty { id: &it.request.id, group: it.request.group, due: it.since, first: it.first })
            .collect();
        all.sort_by(|a, b| (a.due, a.id).cmp(&(b.due, b.id)));
        all
    }

    /// How often walkers call, group by group.
    pub(super) fn callers(&self) -> impl Iterator<Item = (GroupIx, Callers)> + '_ {
        self.callers.iter().map(|(&group, &callers)| (group, callers))
    }

    /// Go on with what was learned of a group before.
    pub(super) fn resume(&mut self, group: GroupIx, callers: Callers) {
        self.callers.insert(group, callers);
    }

    /// Walkers who wait at a group.
    fn walkers(&self, group: GroupIx) -> impl Iterator<Item = &Pending> {
        self.pending.values().filter(move |it| it.is_walker() && it.request.group == group)
    }
}

impl OnDuty<'_> {
    /// When it has passed if it was not held up.
    pub(super) fn passed(&self) -> Timestamp {
        self.due + PASSAGE_EMERGENCY
    }
}

impl Pending {
    fn is_walker(&self) -> bool {
        self.request.kind == RequestKind::Pedestrian
    }

    /// Whether it still has to be served.
    fn stays(&mut self, shown: &Shown, at: Timestamp) -> bool {
        let green_since = shown.green_since(self.request.group);
        let (passage, patience) = match self.request.kind {
            RequestKind::Pedestrian => return green_since.is_none() || at < self.since,
            RequestKind::Transit => (PASSAGE, PATIENCE),
            RequestKind::Emergency => (PASSAGE_EMERGENCY, PATIENCE_EMERGENCY),
        };
        match green_since {
            Some(green) if at >= self.since => {
                self.passing = true;
                at - green.max(self.since) < passage
            }
            _ => !self.passing && at - self.since <= patience,
        }
    }
}

impl Callers {
    /// No more calls than these are remembered.
    pub(super) const CALLS_MAX: f64 = CALLS_REMEMBERED + 1.0;
    /// No quiet lasts longer than this \[s\].
    pub(super) const QUIET_MAX_S: f64 = 1e9;

    /// What was learned: calls, and the quiet that they took \[s\].
    pub(super) fn learned(self) -> (f64, f64) {
        (self.calls, self.quiet_s)
    }

    /// What was learned before.
    pub(super) fn resumed(calls: f64, quiet_s: f64) -> Self {
        Self { calls, quiet_s }
    }

    fn call(&mut self) {
        if self.calls >= CALLS_REMEMBERED {
            (self.calls, self.quiet_s) = (self.calls / 2.0, self.quiet_s / 2.0);
        }
        self.calls += 1.0;
    }

    /// Walkers who come \[1/s\].
    fn rate(&self) -> f64 {
        self.calls / (CALL_PRIOR_S + self.quiet_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::StageIx;
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn request(id: &str, kind: RequestKind, made: i64, eta: Option<i64>) -> Request {
        let (intersection, group) = (crossroads().id, GroupIx(2));
        Request { intersection, id: id.to_owned(), at: at(made), kind, group, eta: eta.map(at), class: None }
    }

    fn shown(stage: StageIx, since: i64, now: i64) -> Shown {
        let intersection = crossroads();
        let mut shown = Shown::all_red(&intersection, at(since - 100));
        shown.advance(at(since), Some(stage), &intersection.stage(stage).signals);
        shown.at = at(now);
        shown
    }

    /// Requests after these have come, each at its instant.
    fn asked(requests: &[Request]) -> Requests {
        let mut all = Requests::default();
        for request in requests {
            all.ask(request.clone(), &crossroads(), request.at).expect("they can be served");
        }
        all
    }

    #[test]
    fn what_cannot_be_served_is_refused_and_told_why() {
        let mut intersection = crossroads();
        let mut all = Requests::default();
        let mut ask = |request: Request, intersection: &Intersection| all.ask(request, intersection, at(100)).err();
        let transit = |eta| request("bus", RequestKind::Transit, 100, Some(eta));
        assert_eq!(ask(transit(89), &intersection), Some(Refusal::EtaPast));
        assert_eq!(ask(transit(701), &intersection), Some(Refusal::EtaFuture));
        assert_eq!(ask(transit(90), &intersection), None);
        for number in 0..KEPT {
            assert_eq!(ask(request(&number.to_string(), RequestKind::Pedestrian, 100, None), &intersection), None);
        }
        assert_eq!(ask(request("x", RequestKind::Pedestrian, 100, None), &intersection), Some(Refusal::TooMany));
        assert_eq!(ask(request("3", RequestKind::Pedestrian, 100, None), &intersection), None, "it is known");
        assert_eq!(
            ask(request("fire", RequestKind::Emergency, 100, None), &intersection),
            None,
            "others are kept apart"
        );
        intersection.stages[2].signals[2] = crate::units::Indication::Red;
        assert_eq!(ask(transit(110), &intersection), Some(Refusal::Unserved));
    }

    #[test]
    fn a_walker_is_remembered_until_the_lamp_is_green_however_often_he_pushes() {
        let pushes: Vec<Request> =
            (0..5).map(|k| request("walk", RequestKind::Pedestrian, 100 + 40 * k, None)).collect();
        let mut all = asked(&pushes);
        all.settle(&shown(THROUGH_NS, 50, 300), at(300));
        assert_eq!(all.asked(at(300)).collect::<Vec<_>>(), [(GroupIx(2), at(100))]);
        all.settle(&shown(THROUGH_EW, 310, 311), at(311));
        assert_eq!(all.asked(at(311)).count(), 0);
    }

    #[test]
    fn a_bus_waits_from_when_it_is_due_and_is_forgotten_when_it_has_had_its_green_or_has_gone() {
        let bus = || asked(&[request("bus", RequestKind::Transit, 100, Some(120))]);
        let mut all = bus();
        all.settle(&shown(THROUGH_EW, 90, 119), at(119));
        assert_eq!((all.asked(at(119)).count(), all.asking(at(119), 30.0).len()), (0, 1), "green before it comes");
        all.settle(&shown(THROUGH_EW, 90, 121), at(121));
        assert_eq!(all.asking(at(121), 30.0).len(), 1, "it is passing");
        let mut cut_off = all.clone();
        all.settle(&shown(THROUGH_EW, 90, 124), at(124));
        assert_eq!(all.asking(at(124), 30.0).len(), 0);
        cut_off.settle(&shown(THROUGH_NS, 122, 122), at(122));
        assert_eq!(cut_off.asking(at(122), 30.0).len(), 0, "it passed at the end of green");
        let mut gone = bus();
        gone.settle(&shown(THROUGH_NS, 90, 240), at(240));
        assert_eq!(gone.asking(at(240), 30.0).len(), 1);
        gone.settle(&shown(THROUGH_NS, 90, 241), at(241));
        assert_eq!(gone.asking(at(241), 30.0).len(), 0);
    }

    #[test]
    fn a_bus_that_is_held_up_says_so_and_is_waited_for() {
        let mut all = asked(&[request("bus", RequestKind::Transit, 100, Some(110))]);
        all.settle(&shown(THROUGH_EW, 90, 112), at(112));
        all.ask(request("bus", RequestKind::Transit, 112, Some(118)), &crossroads(), at(112)).unwrap();
        all.settle(&shown(THROUGH_NS, 114, 116), at(116));
        let due = all.asking(at(116), 30.0)[0].who;
        assert_eq!(due, Asker::Bus { people: 30.0, due_s: 2.0 });
    }

    #[test]
    fn walkers_who_call_often_are_believed_to_be_more() {
        let after = |quiet: i64| {
            let mut all = Requests::default();
            let mut now = 100;
            for _ in 0..12 {
                all.ask(request("walk", RequestKind::Pedestrian, now, None), &crossroads(), at(now)).unwrap();
                all.settle(&shown(THROUGH_EW, now, now), at(now));
                for _ in 0..quiet {
                    now += 1;
                    all.settle(&shown(THROUGH_NS, now - 1, now), at(now));
                }
            }
            all.ask(request("walk", RequestKind::Pedestrian, now, None), &crossroads(), at(now)).unwrap();
            match all.asking(at(now + 40), 30.0)[0].who {
                Asker::Walkers { people, waited_s, .. } if waited_s.round() as i64 == 40 => people,
                other => panic!("{other:?}"),
            }
        };
        let (busy, calm) = (after(5), after(200));
        assert!(busy > 3.0 && calm < 1.5, "{busy} {calm}");
    }

    #[test]
    fn vehicles_on_duty_are_told_in_the_order_in_which_they_come() {
        let all = asked(&[
            request("b", RequestKind::Emergency, 100, Some(130)),
            request("c", RequestKind::Emergency, 100, Some(120)),
            request("a", RequestKind::Emergency, 100, Some(130)),
        ]);
        assert_eq!(all.on_duty().iter().map(|it| it.id).collect::<Vec<_>>(), ["c", "a", "b"]);
    }
}
