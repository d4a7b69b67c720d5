//! `lightwatch diff`: which decisions of a recording other scalars would have changed, and what the model expects from it.

use super::load;
use super::recording::{self, Failure};
use super::replay::{Driven, driven};
use crate::controller::what_if::Scalars;
use crate::record::diff::{Change, Comparison, Figures};
use crate::record::{Checked, Replay};
use crate::time::Timestamp;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Changes that are told one by one.
const CHANGES_TOLD: usize = 20;

/// Which decisions of a recording would have been others with other settings, and what the model expects of both.
///
/// At each recorded decision both settings decide on the same: what was heard up to then, and the lamps that were shown. What the other decision
/// would have led to is not driven. Costs are those of the model over its horizon; see docs/replay.md. Exit code: 0 compared, 1 compared, but
/// this program does not decide as the recorded one did, 64 no such intersection, 65 something could not be read, 78 the settings are wrong.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// Folder of a recording (`--record`), or one segment of it.
    recording: PathBuf,
    /// Scalars of the engine, as `lightwatch tune` writes them.
    #[arg(long, value_name = "NEW.toml")]
    settings: PathBuf,
    /// Only these intersections.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    intersection: Vec<String>,
    /// Threads; what is told does not depend on it. As many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Print one JSON object, with every change.
    #[arg(long)]
    json: bool,
}

/// Compare it.
pub fn run(args: &DiffArgs) -> ExitCode {
    let others = match load::scalars(&args.settings) {
        Ok(scalars) => Scalars { search: scalars.search, scenes: scalars.scenes },
        Err(problems) => {
            eprintln!("{problems}");
            return ExitCode::from(78);
        }
    };
    match compared(args, &others) {
        Ok(driven) => {
            tell(&driven, args.json);
            let unread = driven.damages.iter().chain(&driven.cut_off);
            unread.clone().for_each(|damage| eprintln!("{damage}; the rest was compared"));
            let checked = || driven.replays.iter().flat_map(Replay::checked).map(|(_, checked)| checked);
            if !checked().all(Checked::is_same) {
                eprintln!(
                    "lightwatch diff: this program does not decide as the recorded one did; see lightwatch replay"
                );
                return ExitCode::from(1);
            }
            ExitCode::from(if unread.count() > 0 || !checked().all(Checked::is_whole) { 65 } else { 0 })
        }
        Err(failure) => failure.tell("diff"),
    }
}

fn compared(args: &DiffArgs, others: &Scalars) -> Result<Driven, Failure> {
    let reader = recording::open(&args.recording)?;
    let own = recording::intersections(&reader.network, &args.intersection)?;
    Ok(driven(&args.recording, &own, args.jobs, |replay| replay.against(others))?)
}

/// Name and comparison of each intersection, in the order of their names.
fn of_each(driven: &Driven) -> Vec<(String, &Comparison)> {
    let found = driven.replays.iter().flat_map(|replay| {
        replay.checked().filter_map(|(id, _)| Some((id.to_string(), replay.redrive(id)?.comparison()?)))
    });
    let mut all: Vec<_> = found.filter(|(_, it)| it.figures.decisions > 0).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn tell(driven: &Driven, json: bool) {
    let all = of_each(driven);
    let together = all.iter().map(|(_, it)| it.figures).fold(Figures::default(), |sum, it| sum + it);
    if json {
        let each: serde_json::Map<_, _> =
            all.iter().map(|(id, it)| (id.clone(), json!({ "figures": it.figures, "changes": it.changes }))).collect();
        recording::print(&format!("{}\n", json!({ "together": together, "intersections": each })));
        return;
    }
    let width = all.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0).max(12);
    let mut text = format!(
        "{:width$} {:>9} {:>10} {:>12} {:>14} {:>14}\n",
        "intersection", "decisions", "other now", "other later", "saves by new", "costs by old"
    );
    for (id, it) in all.iter().map(|(id, it)| (id.as_str(), it.figures)).chain([("together", together)]) {
        let _ = writeln!(
            text,
            "{id:width$} {:>9} {:>10} {:>12} {:>14.1} {:>14.1}",
            it.decisions, it.differ_now, it.differ_later, it.saves_by_new, it.costs_by_old
        );
    }
    text.push_str("costs in veh·s of the model over its horizon, summed over the decisions that differ\n");
    let changes = all.iter().flat_map(|(id, it)| it.changes.iter().map(move |change| (id, change)));
    let mut changes: Vec<(&String, &Change)> = changes.collect();
    changes.sort_by_key(|(id, change)| (change.ts_ms, *id));
    for (id, it) in changes.iter().take(CHANGES_TOLD) {
        let both = |costs: Option<[f64; 2]>| costs.map_or("-".to_owned(), |[old, new]| format!("{old:.1} to {new:.1}"));
        let _ = writeln!(
            text,
            "{} {id}: {} would be {}; by old {}, by new {}",
            Timestamp(it.ts_ms),
            it.old,
            it.new,
            both(it.by_old),
            both(it.by_new)
        );
    }
    if changes.len() > CHANGES_TOLD {
        let _ = writeln!(text, "and {} more; --json has them all", changes.len() - CHANGES_TOLD);
    }
    recording::print(&text);
}
