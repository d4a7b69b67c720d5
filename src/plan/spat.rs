//! When the lamps will change, for vehicles and apps: the meaning of SAE J2735 `SPaT`, derived from a plan.
//!
//! A plan is replanned every second, so the only end that is certain is what the lease covers. Per group: `min_end` is
//! the planned change or the end of the lease, whichever is earlier (before it the lamp cannot change); `likely_end` is
//! the planned change; `max_end` is only known once the change is certain (inside the lease).

use super::Plan;
use crate::ids::IntersectionId;
use crate::network::Intersection;
use crate::time::Timestamp;
use crate::units::Indication;

/// Signal phase and timing of one intersection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spat {
    /// Which one.
    pub intersection: IntersectionId,
    /// Instant of the picture.
    pub at: Timestamp,
    /// One entry a signal group, in group order.
    pub groups: Vec<GroupTiming>,
}

/// Present lamp of one group and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTiming {
    /// Name of the group.
    pub group: String,
    /// What it shows.
    pub indication: Indication,
    /// It will not end before.
    pub min_end: Timestamp,
    /// When it is planned to end; `None` when the plan does not reach that far.
    pub likely_end: Option<Timestamp>,
    /// It will not end after; `None` while that is open.
    pub max_end: Option<Timestamp>,
}

impl Spat {
    /// The timing that a plan promises at an instant; `None` when the plan says nothing about the instant.
    pub fn of(plan: &Plan, intersection: &Intersection, at: Timestamp) -> Option<Self> {
        let now = plan.interval_at(at)?;
        let certain = plan.issued + plan.lease;
        let groups = intersection
            .groups
            .iter()
            .zip(&now.signals)
            .enumerate()
            .map(|(position, (group, &indication))| {
                let change = plan
                    .intervals
                    .iter()
                    .find(|later| later.start > at && later.signals.get(position) != Some(&indication))
                    .map(|later| later.start);
                GroupTiming {
                    group: group.id.clone(),
                    indication,
                    min_end: change.map_or(certain, |change| change.min(certain)).max(at),
                    likely_end: change,
                    max_end: change.filter(|&change| change <= certain),
                }
            })
            .collect();
        Some(Self { intersection: intersection.id.clone(), at, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample;
    use crate::plan::layout::{Leg, lay_out};
    use crate::plan::{Mode, Shown};
    use crate::time::Millis;

    fn plan(leave: Timestamp) -> (Plan, Intersection) {
        let crossroads = sample::crossroads();
        let mut shown = Shown::all_red(&crossroads, Timestamp(0));
        let [now, next] = [sample::THROUGH_NS, sample::THROUGH_EW];
        shown.advance(Timestamp(0), Some(now), &crossroads.stage(now).signals);
        shown.at = Timestamp::from_secs(60);
        let legs = [Leg { to: now, leave: shown.at }, Leg { to: next, leave }];
        let intervals = lay_out(&crossroads, &shown, &legs, shown.at + Millis::from_secs(30));
        let plan = Plan {
            intersection: crossroads.id.clone(),
            config_hash: crossroads.config_hash.clone(),
            epoch: 1,
            seq: 1,
            issued: shown.at,
            lease: Plan::LEASE_MAX,
            nonce_echo: 1,
            mode: Mode::Adaptive,
            reason: String::new(),
            intervals,
        };
        (plan, crossroads)
    }

    fn green_group(spat: &Spat) -> GroupTiming {
        spat.groups.iter().find(|group| group.indication.is_green()).expect("a stage is green").clone()
    }

    #[test]
    fn a_change_beyond_the_lease_is_likely_and_only_the_lease_is_certain() {
        let change = Timestamp::from_secs(70);
        let (plan, crossroads) = plan(change);
        let spat = Spat::of(&plan, &crossroads, plan.issued).unwrap();
        let timing = green_group(&spat);
        assert_eq!(timing.min_end, plan.issued + plan.lease);
        assert_eq!((timing.likely_end, timing.max_end), (Some(change), None));
    }

    #[test]
    fn a_change_inside_the_lease_is_certain() {
        let change = Timestamp::from_secs(62);
        let (plan, crossroads) = plan(change);
        let timing = green_group(&Spat::of(&plan, &crossroads, plan.issued).unwrap());
        assert_eq!((timing.min_end, timing.likely_end, timing.max_end), (change, Some(change), Some(change)));
    }

    #[test]
    fn a_plan_says_nothing_about_an_instant_that_it_does_not_cover() {
        let (plan, crossroads) = plan(Timestamp::from_secs(70));
        assert_eq!(Spat::of(&plan, &crossroads, plan.issued - Millis(1)), None);
    }
}
