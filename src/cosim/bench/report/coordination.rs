//! How adaptive control coordinates: arrivals on green with and without what neighbours say, and the waves along a corridor.

use super::super::judge::Cell;
use super::super::run::Record;
use super::Block;
use crate::cosim::coordination::Coordination;
use crate::measure::{Figures, Trace, time_space_svg};

/// The variant in which nobody hears his neighbours.
const ALONE: &str = "no-neighbours";

/// Arrivals on green of each controller with the engine, over the seeds; nothing where nothing is known.
pub(super) fn table(records: &[Record], cells: &[Cell], version: &str) -> Vec<Block> {
    let titles = [
        "arrivals on green",
        "map",
        "fed by a neighbour [%]",
        "if even [%]",
        "platoon ratio",
        "all approaches [%]",
        "platoon ratio",
    ];
    let mut rows = Vec::new();
    for cell in cells.iter().filter(|it| it.sumo == version && ["", ALONE].contains(&it.variant.as_str())) {
        let of_cell =
            |it: &&Record| (&it.sumo, &it.map, it.who, &it.variant) == (&cell.sumo, &cell.map, cell.who, &cell.variant);
        let known: Vec<&Coordination> =
            records.iter().filter(of_cell).filter_map(|it| it.coordination.as_ref()).collect();
        if known.is_empty() {
            continue;
        }
        let (fed, all) = (sum(&known, |it| it.fed), sum(&known, |it| it.all));
        let alone = if cell.variant.is_empty() { "" } else { ", neighbours not heard" };
        let percent = |share: Option<f64>| share.map_or_else(String::new, |it| format!("{:.1}", 100.0 * it));
        let ratio = |it: &Figures| it.platoon_ratio().map_or_else(String::new, |it| format!("{it:.2}"));
        let even = (fed.arrivals > 0.0).then(|| fed.on_green_evenly / fed.arrivals);
        let who = format!("{}{alone}", cell.who.name());
        rows.push(vec![
            who,
            cell.map.clone(),
            percent(fed.share()),
            percent(even),
            ratio(&fed),
            percent(all.share()),
            ratio(&all),
        ]);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading(format!("Coordination, SUMO {version}")),
        Block::Text(
            "Share of vehicles that would reach the stop line while their lane is green if no queue stood there, all seeds together; *if \
             even* is what the same greens would give vehicles that come evenly, the platoon ratio is the one over the other (HCM 7)."
                .into(),
        ),
        Block::Table(titles.map(str::to_owned).to_vec(), rows),
    ]
}

fn sum(known: &[&Coordination], of: fn(&Coordination) -> Figures) -> Figures {
    known.iter().fold(Figures::default(), |mut sum, it| {
        sum += of(it);
        sum
    })
}

/// Time–space diagrams of one map, adaptive control with and without neighbours, first seed.
pub(super) fn diagrams(records: &[Record], map: &str, version: &str) -> Option<Block> {
    let of = |variant: &str| -> Option<&Trace> {
        let ours = records.iter().filter(|it| it.sumo == version && it.map == map && it.who.name() == "adaptive");
        let first = ours.filter(|it| it.variant == variant).min_by_key(|it| it.seed)?;
        first.coordination.as_ref()?.corridor.as_ref()
    };
    let all = [("adaptive", of("")), ("adaptive, neighbours not heard", of(ALONE))];
    let drawn: Vec<(&str, &Trace)> = all.into_iter().filter_map(|(title, trace)| Some((title, trace?))).collect();
    let svg = time_space_svg::draw(&drawn);
    let caption = format!(
        "{map}, SUMO {version}: the longest straight chain of signals, time to the right, distance upwards. Bars are lamps, light bands join \
         greens that a vehicle at free speed finds one after the other, strokes are passages, thin lines lead from where a vehicle was \
         first counted to where it passed."
    );
    (!svg.is_empty()).then_some(Block::Plot(caption, svg))
}

#[cfg(test)]
mod tests {
    use super::super::super::ablation::{PLAIN, VARIANTS};
    use super::super::super::judge::cells;
    use super::super::super::run::Who;
    use super::super::super::run::tests::{record, run};
    use super::*;
    use crate::cosim::controller_name::ControllerName;

    #[test]
    fn arrivals_on_green_are_told_with_and_without_neighbours_over_all_seeds() {
        let alone = VARIANTS.iter().find(|it| it.name == ALONE).expect("the table has a row for it");
        let mut records = Vec::new();
        for (variant, on_green) in [(&PLAIN, 60.0), (alone, 40.0)] {
            for seed in [1, 2] {
                let mut it = record(&run(Who::Controller(ControllerName::Adaptive), variant, seed), 10.0);
                let fed = Figures { arrivals: 100.0, on_green, on_green_evenly: 40.0 };
                it.coordination = Some(Coordination { fed, all: fed, corridor: None });
                records.push(it);
            }
        }
        let blocks = table(&records, &cells(&records), "1.28");
        let Block::Table(_, rows) = &blocks[2] else { panic!("{blocks:?}") };
        assert_eq!(rows[0][..5], ["adaptive", "m", "60.0", "40.0", "1.50"]);
        assert_eq!(rows[1][..5], ["adaptive, neighbours not heard", "m", "40.0", "40.0", "1.00"]);
        assert_eq!((table(&records, &cells(&records), "1.9.1"), diagrams(&records, "m", "1.28")), (Vec::new(), None));
    }
}
