//! The adversary: which faults strike when, whom, and how hard.
//!
//! In: lots, what there is to strike, how long the episode lasts. Out: every [`Fault`] of the episode, in order of time.
//!
//! ```text
//! calm ──> storm ──> calm ──> storm ──> … ──> calm (the last QUIET_END, so that the way back is seen)
//! ```
//!
//! A storm has a pace of its own: a fault every second to every half minute. An episode draws from a subset of all kinds (swarm testing:
//! Groce et al. 2012), because some faults hide others: where the broker is always dead no message is ever replayed.

use super::fault::{Aim, Fault, Kind};
use super::lots::Lots;

/// Faults have all ended this long before the end \[ms\].
pub const QUIET_END: i64 = 180_000;
/// Nothing strikes in the first seconds: whoever is switched on is allowed to start \[ms\].
const FIRST: i64 = 5_000;
/// A step back of a field controller's clock is never made good, so there is one at most; less than what plans tolerate \[ms\].
const BACK_STEP_MAX: i64 = 700;

/// What there is to strike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// Links.
    pub links: usize,
    /// Lanes of each intersection.
    pub lanes: Vec<usize>,
}

/// All faults of an episode that lasts `end` \[ms\].
pub fn schedule(lots: &mut Lots, targets: &Targets, end: i64) -> Vec<Fault> {
    let mut kinds: Vec<Kind> = Kind::ALL.iter().map(|(kind, _)| *kind).filter(|_| lots.chance(0.5)).collect();
    if kinds.is_empty() {
        kinds.push(Kind::Cut);
    }
    let last = end - QUIET_END;
    let mut faults: Vec<Fault> = Vec::new();
    let mut at = FIRST;
    while at < last {
        at += lots.between(20_000, 200_000);
        let over = (at + lots.between(30_000, 600_000)).min(last);
        let pace = lots.pick(&[1_000.0, 4_000.0, 10_000.0, 30_000.0]);
        while at < over {
            let kind = lots.pick(&kinds);
            let fault = draw(lots, kind, targets, at, over);
            let again = faults.iter().any(|it| it.kind == fault.kind && it.target == fault.target);
            if !(fault.kind == Kind::FieldBackStep && again) {
                faults.push(fault);
            }
            at += 100 + lots.wait(pace) as i64;
        }
        at = at.max(over);
    }
    faults.sort_by_key(|fault| fault.from);
    faults
}

fn draw(lots: &mut Lots, kind: Kind, targets: &Targets, from: i64, over: i64) -> Fault {
    let site = lots.below(targets.lanes.len());
    let target = match kind.aim() {
        Aim::Link => lots.below(targets.links),
        Aim::Engine | Aim::Broker => lots.below(2),
        Aim::Disk => 0,
        Aim::Site | Aim::Lane => site,
    };
    let lane = lots.below(targets.lanes[site].max(1));
    let until = (from + length(lots, kind)).min(over.max(from + 100));
    Fault { kind, target, lane, from, until, size: size(lots, kind) }
}

/// How long it lasts \[ms\].
fn length(lots: &mut Lots, kind: Kind) -> i64 {
    match kind {
        Kind::EngineFrozen | Kind::FieldFrozen | Kind::BrokerFrozen => {
            lots.pick(&[100, 300, 700, 1_500, 1_900, 2_100, 3_000, 5_000, 12_000, 30_000])
        }
        Kind::EngineKilled | Kind::BrokerKilled | Kind::FieldKilled => lots.between(1, 200) * 100,
        Kind::StationRestarted | Kind::FieldBackStep => 100,
        Kind::Cut | Kind::Held => lots.pick(&[500, 2_000, 2_900, 3_100, 10_000, 30_000, 90_000]),
        _ => lots.between(20, 900) * 100,
    }
}

/// How bad it is: percent for what happens to some messages, milliseconds otherwise.
fn size(lots: &mut Lots, kind: Kind) -> i64 {
    let sign = lots.pick(&[-1, 1]);
    match kind {
        Kind::Lost | Kind::Doubled | Kind::Reordered | Kind::Corrupted | Kind::Replayed => {
            lots.pick(&[2, 10, 30, 60, 95])
        }
        Kind::Late => lots.pick(&[100, 500, 1_000, 2_000, 2_900, 3_500, 10_000]),
        Kind::Flapping => lots.pick(&[500, 1_000, 2_000, 5_000, 10_000, 20_000]),
        Kind::EngineClock => {
            let amount = [3_600_000, 60_000, 10_000, 3_000, 1_500, 900, 400, 100];
            sign * lots.pick(&amount)
        }
        Kind::FieldClock | Kind::StationClock => {
            sign * lots.pick(&[3_600_000, 60_000, 10_000, 3_000, 2_200, 1_900, 1_000, 800, 300, 100])
        }
        Kind::FieldBackStep => -lots.between(100, BACK_STEP_MAX),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64) -> Vec<Fault> {
        let targets = Targets { links: 6, lanes: vec![8, 4] };
        schedule(&mut Lots::new(seed, 3), &targets, 1_800_000)
    }

    #[test]
    fn faults_come_in_order_end_before_the_last_calm_and_hit_what_there_is() {
        for seed in 0..50 {
            let faults = drawn(seed);
            assert!(faults.windows(2).all(|pair| pair[0].from <= pair[1].from));
            for fault in &faults {
                assert!(fault.from >= FIRST && fault.from < fault.until && fault.until <= 1_800_000 - QUIET_END + 100);
                let count = match fault.kind.aim() {
                    Aim::Link => 6,
                    Aim::Disk => 1,
                    _ => 2,
                };
                assert!(fault.target < count && fault.lane < 8);
            }
        }
    }

    #[test]
    fn some_episodes_together_draw_every_kind_and_one_alone_does_not() {
        let all: Vec<Fault> = (0..40).flat_map(drawn).collect();
        assert!(Kind::ALL.iter().all(|(kind, _)| all.iter().any(|fault| fault.kind == *kind)));
        let one = drawn(1);
        assert!(Kind::ALL.iter().any(|(kind, _)| one.iter().all(|fault| fault.kind != *kind)));
    }
}
