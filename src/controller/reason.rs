//! Why, in one line for people: what was chosen over what, in numbers.
//!
//! In: what was looked at. Out: text of at most [`Plan::REASON_MAX`] bytes. The same numbers stand in the decision
//! (`cost`, `runner_up_cost`, `labels`) for programs; nothing is decided here.

use crate::baseline::Choice;
use crate::estimate::STEP_S;
use crate::ids::StageIx;
use crate::network::{Intersection, Programme};
use crate::optimize::{Asker, Asking, CostTerms, Report, Sequence};
use crate::plan::{Plan, Scene, Shown, fixed_time};
use std::fmt::Write as _;

/// The search: stage against stage \[veh·s\], terms in the order delay, stops, changes, spill, terminal.
pub(super) fn of_search(intersection: &Intersection, shown: StageIx, report: &Report) -> String {
    let name = |stage: StageIx| &intersection.stage(stage).id;
    let action = |sequence: &Sequence| match sequence.moves.first() {
        Some(first) if first.leave == 0 => format!("to {}", name(first.to)),
        Some(first) => {
            format!("stay in {}, to {} after {:.0} s", name(shown), name(first.to), first.leave as f64 * STEP_S)
        }
        None => format!("stay in {}", name(shown)),
    };
    let mut text = format!("search: {}: {:.1} veh·s", action(&report.chosen), report.chosen.cost.total());
    match &report.runner_up {
        Some(other) => {
            let (chosen, other_cost) = (terms(&report.chosen.cost), terms(&other.cost));
            let named = ["delay", "stops", "changes", "spill", "terminal"].into_iter().zip(chosen.zip(other_cost));
            let list: Vec<String> = named.map(|(name, (a, b))| format!("{name} {a:.1}/{b:.1}")).collect();
            let gain = other.cost.total() - report.chosen.cost.total();
            put(&mut text, format_args!(", {gain:.1} less than {} ({})", action(other), list.join(", ")));
        }
        None => text.push_str(", nothing else was found"),
    }
    put(&mut text, format_args!("; {} labels", report.labels));
    if report.cut_short {
        text.push_str(", cut short");
    }
    text
}

/// Who asked for green and was weighed; nothing when nobody did.
pub(super) fn of_asking(intersection: &Intersection, asking: &[Asking]) -> String {
    let told = |it: &Asking| {
        let group = &intersection.groups[it.group.0].id;
        match it.who {
            Asker::Walkers { people, waited_s, .. } => {
                format!("; {people:.1} on foot at {group} since {waited_s:.0} s")
            }
            Asker::Bus { due_s, .. } => format!("; bus at {group} in {:.0} s", due_s.max(0.0)),
        }
    };
    asking.iter().map(told).collect()
}

/// Terms in the order in which people read them.
fn terms(cost: &CostTerms) -> impl Iterator<Item = f64> {
    [cost.delay, cost.stops, cost.changes, cost.spill, cost.terminal].into_iter()
}

/// A programme: where it is.
pub(super) fn of_programme(intersection: &Intersection, programme: &Programme, base: &Shown) -> String {
    let cycle = fixed_time::cycle(intersection, programme);
    let into = (base.at.0 - programme.offset.0).rem_euclid(cycle.0.max(1));
    let green = fixed_time::greens(intersection, programme, base.at).next();
    let step = green
        .map_or(String::new(), |green| format!(", {} green until {}", intersection.stage(green.stage).id, green.end));
    format!("programme: second {:.1} of {:.1}{step}", into as f64 / 1000.0, cycle.as_secs_f64())
}

/// A choice by scores \[veh\]: the chosen stage and the next best.
pub(super) fn of_choice(intersection: &Intersection, choice: &Choice, over: Option<StageIx>, stays: bool) -> String {
    let name = |stage: StageIx| &intersection.stage(stage).id;
    let score = |stage: StageIx| choice.scores[stage.0];
    let verb = if stays { "stay in" } else { "to" };
    let mut text = format!("scores: {verb} {}, {:.1} veh", name(choice.stage), score(choice.stage));
    if let Some(over) = over {
        put(&mut text, format_args!(" against {:.1} of {}", score(over), name(over)));
    }
    text
}

/// A reason with the lanes whose detectors are not believed.
pub(super) fn doubting(text: &str, lanes: &[&str]) -> String {
    if lanes.is_empty() { text.to_owned() } else { format!("not believed: {}; {text}", lanes.join(", ")) }
}

/// A reason with the scene that it was found in; of a text that is too long the scene stays.
pub(super) fn in_scene(text: &str, scene: Scene) -> String {
    let end = format!("; scene {scene}");
    clipped_to(text.to_owned(), Plan::REASON_MAX - end.len()) + &end
}

/// A text that fits: cut off at a letter, with an ellipsis.
pub(super) fn clipped(text: String) -> String {
    clipped_to(text, Plan::REASON_MAX)
}

fn clipped_to(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        let mut end = bytes_max - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::GroupIx;
    use crate::network::sample::{LEFT_NS, THROUGH_NS, crossroads};
    use crate::optimize::Move;
    use crate::time::Timestamp;
    use ndarray::Array2;

    #[test]
    fn who_asks_is_told_by_group_with_his_wait_or_his_arrival() {
        let walkers = Asking { group: GroupIx(2), who: Asker::Walkers { people: 2.25, rate: 0.1, waited_s: 12.0 } };
        let bus = Asking { group: GroupIx(0), who: Asker::Bus { people: 30.0, due_s: 7.6 } };
        assert_eq!(of_asking(&crossroads(), &[walkers, bus]), "; 2.2 on foot at g2 since 12 s; bus at g0 in 8 s");
        assert_eq!(of_asking(&crossroads(), &[]), "");
    }

    #[test]
    fn a_search_tells_both_sides_of_its_choice_term_by_term() {
        let cost = |delay, changes| CostTerms { delay, stops: 2.0, changes, spill: 0.25, terminal: 4.0 };
        let report = Report {
            chosen: Sequence { moves: vec![Move { leave: 0, to: LEFT_NS }], cost: cost(10.0, 1.5) },
            runner_up: Some(Sequence { moves: Vec::new(), cost: cost(15.0, 0.0) }),
            seeds: Vec::new(),
            releases: Array2::zeros((0, 0)),
            labels: 321,
            cut_short: false,
        };
        let text = of_search(&crossroads(), THROUGH_NS, &report);
        assert_eq!(
            text,
            "search: to left-ns: 17.8 veh·s, 3.5 less than stay in through-ns (delay 10.0/15.0, stops 2.0/2.0, \
             changes 1.5/0.0, spill 0.2/0.2, terminal 4.0/4.0); 321 labels"
        );
    }

    #[test]
    fn a_programme_says_where_it_is_and_scores_say_who_came_second() {
        let intersection = crossroads();
        let base = Shown::all_red(&intersection, Timestamp::from_secs(3));
        let text = of_programme(&intersection, &intersection.programme, &base);
        assert_eq!(text, "programme: second 3.0 of 68.0, through-ns green until 20.0 s");
        let choice = Choice { stage: THROUGH_NS, scores: vec![7.0, 2.5, 0.0, 0.0] };
        let text = of_choice(&intersection, &choice, Some(LEFT_NS), true);
        assert_eq!(text, "scores: stay in through-ns, 7.0 veh against 2.5 of left-ns");
    }

    #[test]
    fn a_long_reason_is_cut_between_two_letters() {
        let text = clipped("ü".repeat(Plan::REASON_MAX));
        assert!(text.len() <= Plan::REASON_MAX && text.ends_with("ü…"));
        assert_eq!(clipped("short".into()), "short");
        assert_eq!(in_scene("short", Scene::Peak), "short; scene peak");
        assert_eq!(doubting("short", &[]), "short");
        assert_eq!(doubting("short", &["in0_0", "in1_1"]), "not believed: in0_0, in1_1; short");
        let text = in_scene(&"ü".repeat(Plan::REASON_MAX), Scene::Incident);
        assert!(text.len() <= Plan::REASON_MAX && text.ends_with("ü…; scene incident"));
    }
}
