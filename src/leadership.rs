//! Who may author plans: of the engines of one group one leads, the others stand by.
//!
//! Decides what to do at the place where leases lie (files on one machine: [`crate::service::lease_files`]) and under which epoch
//! plans may be authored at an instant. In: what is seen there ([`Sight`]), and the time. Out: [`Step`], [`Leadership::epoch`]. It reads no
//! clock and no file; whoever can show a [`Sight`], make a claim that only one can make, and renew, can be the place.
//!
//! ```text
//!              the place is free, its holder is gone,
//!              or has been silent for `silence`              its claim is the highest there
//!  standing by ───────────────────────────────────> claiming ───────────────────────────────> leading
//!      ^                                               │ it is not                               │ no longer the highest
//!      └───────────────────────────────────────────────┴─────────────────────────────────────────┘
//! ```
//!
//! - **Claims never fall.** A claim is above everything seen at the place and at least the floor that the caller gives (seconds of the
//!   wall's clock, so that it is also above what engines without a place have used); a clock that is set back changes nothing.
//! - **Silence is measured on the own clock**, from the last change that was seen. Two engines need not agree on the time; the clock
//!   must only not be set, so callers give a steady one.
//! - **A leader trusts itself for `trust` only** from the look after which it last renewed, shorter than the others' patience: who was
//!   frozen in between finds, when it goes on, that it may not author any more before it has looked again.
//!
//! Between two looks of an old leader a new one may begin, so two engines may *author* for up to `trust`. That never means that two are
//! *obeyed*: a field controller takes no plan below one that it has taken ([`crate::field::Admission`]), and a claim is above all before.
//! Both are checked together by a model (`tests/it/lease_model.rs`). Reference: leases and fencing, Gray and Cheriton 1989.

use crate::time::{Millis, Timestamp};

/// Times of a leadership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timing {
    /// A leader trusts itself for this long after its last renewed look.
    pub trust: Millis,
    /// A leader that shows no sign for this long is followed; above `trust`.
    pub silence: Millis,
}

impl Timing {
    /// How often to look (and a leader to renew): three looks fit in a trust.
    pub const EVERY: Millis = Millis(250);
}

impl Default for Timing {
    /// Together with the next decision a follower's plan comes within the 3 s for which the old leader's last one is obeyed.
    fn default() -> Self {
        Self { trust: Millis(1_000), silence: Millis(1_500) }
    }
}

/// What is seen at the place of leases at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sight {
    /// The highest claim; 0 when there never was one.
    pub epoch: u64,
    /// Changes whenever its holder renews.
    pub beat: u64,
    /// `false` when the holder is known to be gone. A frozen one is not known to be.
    pub held: bool,
}

/// What to do at the place of leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Look again later.
    Wait,
    /// Renew the own claim, then say so ([`Leadership::renewed`]).
    Renew,
    /// Claim this epoch, if nobody has; then say so ([`Leadership::claimed`]) and look again.
    Claim(u64),
}

/// The leadership as one engine sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leadership {
    trust: Millis,
    silence: Millis,
    role: Role,
    /// Highest epoch ever seen or claimed.
    highest: u64,
    /// What was seen last, and when it was first seen like that.
    watched: Option<(Sight, Timestamp)>,
    /// When it looked last.
    looked: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Role {
    StandingBy,
    Claiming { epoch: u64 },
    Leading { epoch: u64, renewed: Timestamp },
}

impl Leadership {
    /// Largest epoch: what every JSON reader keeps exactly (2⁵³ − 1, RFC 7493).
    pub const EPOCH_MAX: u64 = (1 << 53) - 1;

    /// An engine that has not looked yet.
    pub fn new(timing: Timing) -> Self {
        assert!(
            Millis::ZERO < timing.trust && timing.trust < timing.silence,
            "a leader must give up before it is followed"
        );
        let Timing { trust, silence } = timing;
        Self { trust, silence, role: Role::StandingBy, highest: 0, watched: None, looked: Timestamp(i64::MIN) }
    }

    /// What to do about what is seen at an instant; `floor` is the least epoch to claim.
    pub fn look(&mut self, sight: Sight, floor: u64, at: Timestamp) -> Step {
        self.looked = at;
        self.highest = self.highest.max(sight.epoch);
        match self.role {
            Role::Claiming { epoch } if sight.epoch == epoch => {
                self.role = Role::Leading { epoch, renewed: at };
                Step::Renew
            }
            Role::Leading { epoch, .. } if sight.epoch == epoch => Step::Renew,
            Role::StandingBy | Role::Claiming { .. } | Role::Leading { .. } => {
                self.role = Role::StandingBy;
                self.stand_by(sight, floor, at)
            }
        }
    }

    /// The claim that was asked for has been made: nobody else holds the same.
    pub fn claimed(&mut self, epoch: u64) {
        self.highest = self.highest.max(epoch);
        self.role = Role::Claiming { epoch };
    }

    /// The own claim has been renewed. Counts from the look before it, however long ago that was.
    pub fn renewed(&mut self) {
        if let Role::Leading { renewed, .. } = &mut self.role {
            *renewed = self.looked;
        }
    }

    /// The own claim is given up, on purpose.
    pub fn released(&mut self) {
        self.role = Role::StandingBy;
    }

    /// The epoch under which plans may be authored at an instant; `None` for whoever may not.
    pub fn epoch(&self, at: Timestamp) -> Option<u64> {
        match self.role {
            Role::Leading { epoch, renewed } if at - renewed < self.trust => Some(epoch),
            _ => None,
        }
    }

    fn stand_by(&mut self, sight: Sight, floor: u64, at: Timestamp) -> Step {
        let since = match self.watched {
            Some((last, since)) if last == sight => since,
            _ => at,
        };
        self.watched = Some((sight, since));
        let free = sight.epoch == 0 || !sight.held;
        let next = (self.highest + 1).max(floor);
        if (free || at - since >= self.silence) && next <= Self::EPOCH_MAX { Step::Claim(next) } else { Step::Wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Sight = Sight { epoch: 0, beat: 0, held: false };

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    fn engine() -> Leadership {
        Leadership::new(Timing::default())
    }

    fn sight(epoch: u64, beat: u64) -> Sight {
        Sight { epoch, beat, held: true }
    }

    /// An engine that leads since an instant.
    fn leader(epoch: u64, since: i64) -> Leadership {
        let mut leader = engine();
        leader.claimed(epoch);
        assert_eq!(leader.look(sight(epoch, 0), 0, at(since)), Step::Renew);
        leader
    }

    #[test]
    fn a_free_place_is_claimed_at_once_and_leads_only_after_it_was_seen_there() {
        let mut one = engine();
        assert_eq!(one.look(NOBODY, 700, at(0)), Step::Claim(700));
        assert_eq!(one.epoch(at(0)), None);
        one.claimed(700);
        assert_eq!(one.epoch(at(0)), None, "somebody may have claimed more");
        assert_eq!(one.look(sight(700, 1), 700, at(5)), Step::Renew);
        assert_eq!(one.epoch(at(5)), Some(700));
    }

    #[test]
    fn a_claim_that_another_made_first_is_none() {
        let mut late = engine();
        assert_eq!(late.look(NOBODY, 700, at(0)), Step::Claim(700));
        // It could not be made, so nobody says `claimed`.
        assert_eq!(late.look(sight(700, 1), 700, at(5)), Step::Wait);
        assert_eq!(late.epoch(at(5)), None);
        let mut lower = engine();
        lower.claimed(700);
        assert_eq!(lower.look(sight(701, 1), 700, at(5)), Step::Wait);
        assert_eq!(lower.epoch(at(5)), None);
    }

    #[test]
    fn a_leader_that_beats_is_left_alone_a_silent_one_is_followed_and_one_that_is_gone_at_once() {
        let mut other = engine();
        for (beat, second) in (0..100).zip(0..) {
            assert_eq!(other.look(sight(7, beat), 0, at(second * 1_000)), Step::Wait);
        }
        assert_eq!(other.look(sight(7, 99), 0, at(100_499)), Step::Wait);
        assert_eq!(other.look(sight(7, 99), 0, at(100_500)), Step::Claim(8));
        assert_eq!(other.look(Sight { held: false, ..sight(9, 1) }, 0, at(100_501)), Step::Claim(10));
    }

    #[test]
    fn epochs_never_fall_whatever_the_floor_and_the_place_say() {
        let mut one = leader(500, 0);
        assert_eq!(one.look(NOBODY, 3, at(100)), Step::Claim(501), "the place was emptied and the clock set back");
        one.claimed(501);
        assert_eq!(one.look(Sight { held: false, ..sight(499, 0) }, 3, at(200)), Step::Claim(502));
        let highest = sight(Leadership::EPOCH_MAX, 0);
        assert_eq!(one.look(Sight { held: false, ..highest }, 3, at(300)), Step::Wait, "none is left");
    }

    #[test]
    fn a_leader_trusts_itself_from_its_look_on_and_not_from_when_it_goes_on_after_a_freeze() {
        let mut leader = leader(7, 0);
        assert_eq!((leader.epoch(at(999)), leader.epoch(at(1_000))), (Some(7), None));
        assert_eq!(leader.look(sight(7, 1), 0, at(900)), Step::Renew);
        // Frozen here; what follows happens two minutes later.
        leader.renewed();
        assert_eq!((leader.epoch(at(1_899)), leader.epoch(at(120_000))), (Some(7), None));
        assert_eq!(leader.look(sight(8, 40), 0, at(120_000)), Step::Wait, "it was followed meanwhile");
        leader.renewed();
        assert_eq!(leader.epoch(at(120_000)), None);
    }

    #[test]
    fn who_was_frozen_and_not_followed_goes_on_after_a_look() {
        let mut leader = leader(7, 0);
        assert_eq!(leader.look(sight(7, 1), 0, at(60_000)), Step::Renew);
        assert_eq!(leader.epoch(at(60_000)), None, "not before it has renewed");
        leader.renewed();
        assert_eq!(leader.epoch(at(60_000)), Some(7));
        leader.released();
        assert_eq!(leader.epoch(at(60_001)), None);
    }
}
