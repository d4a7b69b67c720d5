//! State and limits in, the best sequence of stages over the horizon out.
//!
//! A forward recursion over time with a bounded number of labels per (step, stage), after COP/RHODES (Sen & Head 1997),
//! PRODYN (Henry, Farges, Tuffal 1983) and SCHIC/SURTRAC (Xie, Smith, Barlow 2012): phases may be skipped, every
//! lane is its own point queue, the cost is people-seconds of delay plus stops plus what the last state will still cost.
//!
//! ```text
//! label (step, stage, queue[lane], cost)     moves: stay to the next event | change to any other stage
//! cost = Σ_l ω_l ∫ q_l dt + stops + changes  + terminal(queue, stage)
//! ```
//!
//! Everything is counted in labels, never in milliseconds, so the same state gives the same plan on any machine. The
//! result is never worse in the model than any of its seeds: staying, the last plan shifted, the greedy and the actuated
//! sequence. [`Report`] says what was chosen, over what, and why.
//!
//! [`plan`] reads: predict, seed, search, report.

mod asking;
mod cost;
mod extra_lane;
mod given;
#[cfg(test)]
mod oracle;
mod predict;
mod problem;
mod report;
mod search;
mod seed;
mod settings;
mod side_road;
mod yielding;

pub use asking::{Asker, Asking, People};
pub use problem::{Problem, Start};
pub use report::{CostTerms, Move, Report, Sequence};
pub use seed::SeedKind;
pub use settings::Settings;
pub use yielding::gap_share;

/// What a sequence of moves costs in the model, with the price of spilling told apart; moves that come too early are made as soon as they may.
pub fn price(problem: &Problem, settings: &Settings, moves: &[Move]) -> CostTerms {
    let tables = predict::Tables::new(problem);
    report::price(&cost::Model { problem, tables: &tables, settings, served: None }, moves)
}

/// The best sequence of moves from a state, and what it was chosen over.
///
/// `last` is the sequence of the last decision, shifted to now; it is one of the seeds.
pub fn plan(problem: &Problem, settings: &Settings, last: &[Move]) -> Report {
    let tables = predict::Tables::new(problem);
    let model = cost::Model { problem, tables: &tables, settings, served: None };
    let seeds = seed::all(&model, last);
    let found = search::run(&model, &seeds);
    report::build(&model, &seeds, found)
}
