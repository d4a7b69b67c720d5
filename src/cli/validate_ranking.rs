//! `lightwatch validate ranking`: whether controllers rank the same in the simulator as in SUMO.
//!
//! Maps that are not there are skipped and said so. Exit code 1 when a pair of controllers that SUMO tells apart over the
//! seeds ranks the other way round.

use super::validate::{Compared, skipped};
use crate::cosim::error::CosimError;
use crate::cosim::validate::maps::Map;
use crate::cosim::validate::order::{Pair, Ranking};
use crate::cosim::validate::ranking::rank;
use crate::statistics::mean;
use std::process::ExitCode;

/// Rank the controllers in the simulator and in SUMO, on the same maps, and compare.
#[derive(Debug, clap::Args)]
pub struct RankingArgs {
    #[command(flatten)]
    compared: Compared,
    /// Number of seeds, from 1.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: u32,
}

/// What came out.
#[derive(serde::Serialize)]
struct Outcome {
    seeds: u32,
    maps: Vec<Ranking>,
    skipped: Vec<String>,
}

/// Run the subcommand.
pub fn run(args: &RankingArgs) -> ExitCode {
    match measure(args) {
        Ok(outcome) => {
            args.compared.tell(&outcome, |it| it.maps.iter().flat_map(table).chain(skipped(&it.skipped)).collect());
            ExitCode::from(u8::from(!outcome.maps.iter().all(|it| it.inverted.is_empty())))
        }
        Err(error) => {
            eprintln!("lightwatch validate ranking: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn measure(args: &RankingArgs) -> Result<Outcome, CosimError> {
    let seeds: Vec<u32> = (1..=args.seeds).collect();
    let mut outcome = Outcome { seeds: args.seeds, maps: Vec::new(), skipped: Vec::new() };
    for map in Map::known().iter().filter(|it| args.compared.is_wanted(&it.name)) {
        match args.compared.files(map) {
            Some(files) => {
                let said = &mut |done: &str| eprintln!("{done}");
                outcome.maps.push(rank(map, &files, &seeds, args.compared.sumo(), said)?);
            }
            None => outcome.skipped.push(map.name.clone()),
        }
    }
    Ok(outcome)
}

fn table(ranking: &Ranking) -> Vec<String> {
    let mut lines = vec![format!("{}: delay [s], {}, Kendall's tau {:.2}", ranking.map, ranking.sumo, ranking.tau)];
    lines.push(format!("  {:14} {:>10} {:>10}  seed by seed", "controller", "ours", "theirs"));
    let all = |of: &[f64]| of.iter().map(|it| format!("{it:.1}")).collect::<Vec<_>>().join(" ");
    for it in &ranking.controllers {
        let (ours, theirs) = (mean(&it.ours), mean(&it.theirs));
        lines.push(format!(
            "  {:14} {ours:10.1} {theirs:10.1}  {} | {}",
            it.controller,
            all(&it.ours),
            all(&it.theirs)
        ));
    }
    for (side, order) in ["here: ", "SUMO: "].into_iter().zip(&ranking.order) {
        lines.push(format!("  {side}{order}"));
    }
    for (side, name) in ["here", "in SUMO"].into_iter().enumerate() {
        let locked = ranking.controllers.iter().filter(|it| !it.locked[side].is_empty());
        lines.extend(locked.map(|it| format!("  locked up {name}: {}, seeds {:?}", it.controller, it.locked[side])));
    }
    let pairs = |title: &str, pairs: &[Pair]| {
        let named: Vec<String> = pairs.iter().map(|(one, other)| format!("{one}/{other}")).collect();
        (!named.is_empty()).then(|| format!("  {title}: {}", named.join(", ")))
    };
    lines.extend(pairs("tied in SUMO", &ranking.tied));
    lines.extend(pairs("tied here only", &ranking.tied_here));
    lines.extend(pairs("the other way round", &ranking.inverted));
    lines
}
