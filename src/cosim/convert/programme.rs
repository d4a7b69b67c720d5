//! Fixed programmes of other files, made such that the monitor of our street accepts them.
//!
//! In: states with their durations, which groups meet and who of them gives way. Out: the same states with as little
//! changed as possible:
//! - a group that turns from green to red at once shows yellow at the begin of the red: whoever cannot stop drives on, as
//!   in the other simulators;
//! - a yellow that turns back to green stays green;
//! - of two groups that meet and are both `G`, the one that gives way shows `g`; where neither does, the second is made to.
//!
//! The other group may be green while that yellow is shown, as in the other file: the street's own programme is judged for
//! conflicting greens and for yellow after green, not for clearance times (`SignalFile::all_red_s` is 0).

use super::report::Remarks;
use simulator::street::StageFile;
use std::collections::BTreeMap;

/// Yellow where the file has none \[s\].
const YELLOW_S: f64 = 3.0;

/// Groups that meet: whether every way of the first gives way to the second.
pub(super) type Meetings = BTreeMap<(usize, usize), bool>;

/// Make states acceptable; pairs that have to give way from now on (first to second) are returned.
pub(super) fn acceptable(
    stages: &mut Vec<StageFile>,
    meetings: &Meetings,
    about: &str,
    remarks: &mut Remarks,
) -> Vec<(usize, usize)> {
    stages.retain(|stage| stage.duration_s > 0.0);
    let made_to_yield = give_way(stages, meetings, about, remarks);
    stay_green(stages, about, remarks);
    insert_yellow(stages, about, remarks);
    made_to_yield
}

/// Of two greens that meet, one is shown permissive.
fn give_way(stages: &mut [StageFile], meetings: &Meetings, about: &str, remarks: &mut Remarks) -> Vec<(usize, usize)> {
    let yields = |a, b| meetings.get(&(a, b)).copied().unwrap_or(false);
    let mut made = Vec::new();
    for stage in stages {
        let mut lamps = stage.state.clone().into_bytes();
        for &(a, b) in meetings.keys().filter(|(a, b)| a < b) {
            let green = |lamp: u8| matches!(lamp, b'G' | b'g');
            if !green(lamps[a]) || !green(lamps[b]) {
                continue;
            }
            let settled =
                |one: usize, other: usize| lamps[one] == b'g' && (yields(one, other) || made.contains(&(one, other)));
            if settled(a, b) || settled(b, a) {
                continue;
            }
            let (one, other) = if yields(a, b) {
                (a, b)
            } else if yields(b, a) || lamps[b] == b'g' {
                (b, a)
            } else if lamps[a] == b'g' {
                (a, b)
            } else {
                (b, a)
            };
            if !yields(one, other) {
                made.push((one, other));
            }
            remarks.say(
                about,
                match lamps[one] {
                    b'g' => "two greens whose ways meet without a rule: the one that shows g gives way",
                    _ => "two greens whose ways meet: the one that gives way shows g",
                },
            );
            lamps[one] = b'g';
        }
        stage.state = String::from_utf8(lamps).expect("lamps are ASCII");
    }
    made.sort_unstable();
    made.dedup();
    made
}

fn stay_green(stages: &mut [StageFile], about: &str, remarks: &mut Remarks) {
    let count = stages.len();
    for at in (0..2 * count).rev() {
        let next = stages[(at + 1) % count].state.clone().into_bytes();
        let here = &mut stages[at % count];
        let mut lamps = here.state.clone().into_bytes();
        for (lamp, next) in lamps.iter_mut().zip(next) {
            if *lamp == b'y' && matches!(next, b'G' | b'g') {
                *lamp = next;
                remarks.say(about, "a yellow before green: shown green");
            }
        }
        here.state = String::from_utf8(lamps).expect("lamps are ASCII");
    }
}

/// Yellow at the begin of every red that follows green at once.
fn insert_yellow(stages: &mut Vec<StageFile>, about: &str, remarks: &mut Remarks) {
    let count = stages.len();
    let mut with_yellow = Vec::with_capacity(2 * count);
    for at in 0..count {
        let (before, here) = (&stages[(at + count - 1) % count], &stages[at]);
        let ends = |(was, is): (u8, u8)| matches!(was, b'G' | b'g') && matches!(is, b'r' | b's' | b'u');
        let lamps: Vec<u8> =
            before.state.bytes().zip(here.state.bytes()).map(|it| if ends(it) { b'y' } else { it.1 }).collect();
        let state = String::from_utf8(lamps).expect("lamps are ASCII");
        if state == here.state {
            with_yellow.push(here.clone());
            continue;
        }
        remarks.say(about, "green turns red at once: the red begins with 3 s of yellow");
        // An intergreen stage of its own is yellow all the time.
        let short = here.duration_s <= 2.0 * YELLOW_S;
        let yellow_s = if short { here.duration_s } else { YELLOW_S };
        with_yellow.push(StageFile { duration_s: yellow_s, state });
        if !short {
            with_yellow.push(StageFile { duration_s: here.duration_s - yellow_s, state: here.state.clone() });
        }
    }
    *stages = with_yellow;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States with their durations, and pairs that conflict.
    type Run = (Vec<(f64, String)>, Vec<(usize, usize)>);

    fn run(states: &[(f64, &str)], meetings: &[((usize, usize), bool)]) -> Run {
        let stage = |&(duration_s, state): &(f64, &str)| StageFile { duration_s, state: state.to_owned() };
        let mut stages = states.iter().map(stage).collect();
        let made = acceptable(&mut stages, &meetings.iter().copied().collect(), "x", &mut Remarks::default());
        (stages.into_iter().map(|it| (it.duration_s, it.state)).collect(), made)
    }

    fn of(states: &[(f64, &str)]) -> Vec<(f64, String)> {
        states.iter().map(|&(s, state)| (s, state.to_owned())).collect()
    }

    #[test]
    fn a_programme_that_is_in_order_stays_as_it_is() {
        let states = [(30.0, "Gr"), (3.0, "yr"), (2.0, "rr"), (20.0, "rG"), (3.0, "ry")];
        assert_eq!(run(&states, &[((0, 1), false), ((1, 0), false)]), (of(&states), vec![]));
    }

    #[test]
    fn green_that_turns_red_at_once_gets_yellow_beside_the_next_green() {
        let (stages, _) = run(&[(30.0, "Gr"), (30.0, "rG")], &[]);
        assert_eq!(stages, of(&[(3.0, "Gy"), (27.0, "Gr"), (3.0, "yG"), (27.0, "rG")]));
    }

    #[test]
    fn an_intergreen_stage_is_yellow_all_the_time() {
        let (stages, _) = run(&[(5.0, "rr"), (30.0, "Gr")], &[]);
        assert_eq!(stages, of(&[(5.0, "yr"), (30.0, "Gr")]));
    }

    #[test]
    fn of_two_greens_that_meet_the_one_that_gives_way_is_permissive() {
        let (stages, made) = run(&[(30.0, "GG")], &[((0, 1), false), ((1, 0), true)]);
        assert_eq!((stages, made), (of(&[(30.0, "Gg")]), vec![]));
        let (stages, made) = run(&[(30.0, "GG")], &[((0, 1), false), ((1, 0), false)]);
        assert_eq!((stages, made), (of(&[(30.0, "Gg")]), vec![(1, 0)]));
    }

    #[test]
    fn yellow_before_green_is_green() {
        assert_eq!(run(&[(30.0, "G"), (3.0, "y"), (20.0, "G")], &[]).0, of(&[(30.0, "G"), (3.0, "G"), (20.0, "G")]));
    }
}
