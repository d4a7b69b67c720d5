//! Everything that was found, as tables: a row a run, a figure, a movement, a minute, a green.

use super::measures::MEASURES;
use super::study::{Cell as Runs, Study, Verdict};
use crate::cosim::experiment::outcome::{Outcome, bins_s};
use crate::measure::atspm::report::{Cell, Table};
use crate::statistics::Interval;

/// All tables of a study, besides the one of runs.
pub fn tables(study: &Study<'_>) -> Vec<Table> {
    vec![
        figures(study),
        movements(study),
        movement_runs(study),
        profiles(study),
        queues(study),
        services(study),
        arrivals(study),
    ]
}

fn table(name: &'static str, columns: &str, rows: Vec<Vec<Cell>>) -> Table {
    Table { name, columns: columns.split(',').map(str::to_owned).collect(), rows }
}

fn number(value: Option<f64>, decimals: usize) -> Cell {
    value.filter(|it| it.is_finite()).map_or(Cell::None, |it| Cell::Number(it, decimals))
}

fn half(interval: Option<Interval>) -> Cell {
    number(interval.map(|it| it.half), 3)
}

fn mean(interval: Option<Interval>) -> Cell {
    number(interval.map(|it| it.mean), 3)
}

/// Each place, demand and controller with its runs and those of the baseline.
fn each<'a>(study: &Study<'a>, mut take: impl FnMut(&[Cell], &[Runs<'a>], &Runs<'a>, Option<&Runs<'a>>)) {
    for place in study.places() {
        for demand in study.demands(place) {
            let cells = study.cells(place, demand);
            let base = cells.iter().find(|it| it.controller == study.baseline);
            for own in &cells {
                let name = Cell::Text(own.controller.name().to_owned());
                let place = [Cell::Text(place.to_owned()), Cell::Number(demand, 3), name];
                take(&place, &cells, own, base);
            }
        }
    }
}

fn figures(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    each(study, |place, _, own, base| {
        for measure in &MEASURES {
            let Some(interval) = own.interval(measure.key) else { continue };
            let base = base.filter(|it| it.controller != own.controller);
            let difference = base.and_then(|base| own.difference(base, measure.key));
            let verdict = base.map(|base| own.verdict(base, measure).name().to_owned());
            let mut row = place.to_vec();
            row.extend([
                Cell::Text(measure.key.to_owned()),
                Cell::Text(measure.unit.to_owned()),
                Cell::Count(own.values(measure.key).len() as u64),
                mean(Some(interval)),
                half(Some(interval)),
                mean(difference),
                half(difference),
                verdict.map_or(Cell::None, Cell::Text),
            ]);
            rows.push(row);
        }
    });
    let columns = "place,demand,controller,figure,unit,seeds,mean,half_95,difference,difference_half_95,verdict";
    table("figures", columns, rows)
}

fn movements(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    each(study, |place, cells, own, _| {
        for it in study.movements(cells, own.controller) {
            let is_base = own.controller == study.baseline;
            let difference = it.difference_s.filter(|_| !is_base);
            let verdict = if is_base { Cell::None } else { Cell::Text(it.verdict.name().to_owned()) };
            let level = it.level().map_or(Cell::None, |level| Cell::Text(level.to_string()));
            let name = [&it.movement.intersection, &it.movement.approach, &it.movement.exit, &it.movement.turn];
            let mut row = place.to_vec();
            row.extend(name.map(|it| Cell::Text(it.clone())));
            row.extend([
                Cell::Number(it.vehicles, 1),
                mean(it.delay_s),
                half(it.delay_s),
                level,
                mean(difference),
                half(difference),
                verdict,
                Cell::Number(it.stops, 3),
                number(it.on_green, 3),
                Cell::Number(it.queue_p95_veh, 1),
                Cell::Count(it.queue_max_veh.into()),
                Cell::Number(it.halt_max_s, 0),
            ]);
            rows.push(row);
        }
    });
    let columns = "place,demand,controller,intersection,approach,exit,turn,vehicles,delay_s,half_95,level_of_service,difference_s,\
                   difference_half_95,verdict,stops,on_green_share,queue_p95_veh,queue_max_veh,halt_max_s";
    table("movements", columns, rows)
}

fn run(it: &Outcome) -> Vec<Cell> {
    let controller = Cell::Text(it.controller.name().to_owned());
    vec![Cell::Text(it.place.clone()), Cell::Number(it.demand, 3), controller, Cell::Count(it.seed.into())]
}

fn movement_runs(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    for outcome in study.outcomes() {
        for it in &outcome.movements {
            let mut row = run(outcome);
            row.extend([&it.intersection, &it.approach, &it.exit, &it.turn].map(|it| Cell::Text(it.clone())));
            row.extend([it.passed, it.left, it.stops].map(|it| Cell::Count(it.into())));
            row.extend([
                Cell::Number(it.lost_s, 3),
                Cell::Number(it.halt_max_s, 1),
                Cell::Number(it.queue_mean_veh, 3),
            ]);
            let counts = [it.queue_p95_veh, it.queue_max_veh, it.arrivals, it.on_green];
            row.extend(counts.map(|it| Cell::Count(it.into())));
            rows.push(row);
        }
    }
    let columns = "place,demand,controller,seed,intersection,approach,exit,turn,passed,left,stops,lost_veh_s,halt_max_s,\
                   queue_mean_veh,queue_p95_veh,queue_max_veh,arrivals,on_green";
    table("movement_runs", columns, rows)
}

fn profiles(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    for outcome in study.outcomes() {
        let it = &outcome.profile;
        for (at, ((queue, wanted), arrived)) in it.queue_veh.iter().zip(&it.wanted).zip(&it.arrived).enumerate() {
            let mut row = run(outcome);
            row.push(Cell::Number((it.from_s + bins_s(at)) as f64, 0));
            row.extend([Cell::Number(*queue, 3), Cell::Count((*wanted).into()), Cell::Count((*arrived).into())]);
            rows.push(row);
        }
    }
    table("profiles", "place,demand,controller,seed,begin_s,queue_veh,wanted,arrived", rows)
}

fn queues(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    for outcome in study.outcomes() {
        for (name, queues) in &outcome.profile.queues {
            for (at, queue) in queues.iter().enumerate() {
                let mut row = run(outcome);
                row.push(Cell::Text(name.clone()));
                row.push(Cell::Number((outcome.profile.from_s + bins_s(at)) as f64, 0));
                row.push(Cell::Number(*queue, 3));
                rows.push(row);
            }
        }
    }
    table("queues", "place,demand,controller,seed,intersection,begin_s,queue_veh", rows)
}

/// Name of a movement of which greens are kept.
fn place_of(outcome: &Outcome, movement: usize) -> Vec<Cell> {
    let it = &outcome.movements[movement];
    [&it.intersection, &it.approach, &it.exit, &it.turn].map(|it| Cell::Text(it.clone())).to_vec()
}

fn services(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    for outcome in study.outcomes() {
        for cycles in outcome.detail.iter().flat_map(|it| &it.cycles) {
            for it in &cycles.services {
                let mut row = run(outcome);
                row.extend(place_of(outcome, cycles.movement));
                row.push(number(it.red_before.map(|it| it as f64), 0));
                row.extend([it.green, it.yellow, it.red].map(|it| Cell::Number(it as f64, 0)));
                row.push(Cell::Text(if it.used { "used" } else { "gap_out" }.to_owned()));
                row.extend([Cell::Number(it.occupied.0, 2), Cell::Number(it.occupied.1, 2)]);
                rows.push(row);
            }
        }
    }
    let columns =
        "place,demand,controller,seed,intersection,approach,exit,turn,red_before_s,green_s,yellow_s,red_s,end,gor,ror5";
    table("services", columns, rows)
}

fn arrivals(study: &Study<'_>) -> Table {
    let mut rows = Vec::new();
    for outcome in study.outcomes() {
        for cycles in outcome.detail.iter().flat_map(|it| &it.cycles) {
            for &(at, in_cycle, on_green) in &cycles.points {
                let mut row = run(outcome);
                row.extend(place_of(outcome, cycles.movement));
                row.extend([
                    Cell::Number(at as f64, 0),
                    Cell::Number(in_cycle as f64, 0),
                    Cell::Count(on_green.into()),
                ]);
                rows.push(row);
            }
        }
    }
    table("arrivals", "place,demand,controller,seed,intersection,approach,exit,turn,at_s,in_cycle_s,on_green", rows)
}

/// How many movements are clearly better, clearly worse, and judged at all.
pub fn tally(study: &Study<'_>, cells: &[Runs<'_>], own: &Runs<'_>) -> (usize, usize, usize) {
    let changes: Vec<Verdict> = study.movements(cells, own.controller).iter().map(|it| it.verdict).collect();
    let count = |wanted| changes.iter().filter(|it| **it == wanted).count();
    (count(Verdict::Better), count(Verdict::Worse), changes.len() - count(Verdict::Few))
}

#[cfg(test)]
mod tests {
    use super::super::study::tests::outcomes;
    use super::*;
    use crate::cosim::controller_name::ControllerName::Fixed;

    #[test]
    fn every_row_has_every_column_and_the_difference_stands_beside_the_mean() {
        let outcomes = outcomes();
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let study = Study::new(&all, Fixed);
        for table in tables(&study) {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.name);
        }
        let figures = figures(&study).to_csv();
        assert!(figures.contains("p < q,1.000,adaptive,delay_s,s/veh,3,23.533,"), "{figures}");
        assert!(figures.contains(",-9.800,0.248,better\n"), "{figures}");
        assert!(movements(&study).to_csv().contains(",worse,"));
        let cells = study.cells("p < q", 1.0);
        assert_eq!(tally(&study, &cells, &cells[1]), (1, 1, 2));
    }
}
