//! What is told of one place: figures by demand, charts, levels of service, movements that win and lose, signals at work.

use super::plot::legend;
use super::words::{Html, difference, mean, number, plain, safe, signed, table, text};
use super::{charts, signals};
use crate::cosim::compare::measures::{CONTROL_DELAY, DELAY, MEASURES, Measure};
use crate::cosim::compare::study::{Cell, MovementChange, Study, Verdict};
use crate::cosim::compare::tables::tally;
use crate::measure::quality::level_of_service;

/// Intersections that are told by name, winners and losers of a controller.
const INTERSECTIONS: usize = 12;
const WINNERS: usize = 4;
const LOSERS: usize = 8;
/// Fewer seeds than this are few.
const SEEDS_FEW: usize = 5;
/// Columns of the table of movements.
const COLUMNS: usize = 11;
/// Figures that are told of demands besides the one nearest to 1.
const SHORT: [&str; 7] =
    [DELAY, CONTROL_DELAY, "person_delay_s", "planning_time_index", "queue_p95_veh", "co2_kg", "finished"];

/// The whole section.
pub fn section(study: &Study<'_>, place: &str) -> String {
    let demands = study.demands(place);
    let Some(main) = demands.iter().copied().min_by(|a, b| (a - 1.0).abs().total_cmp(&(b - 1.0).abs())) else {
        return String::new();
    };
    let cells = study.cells(place, main);
    let own = study.best(&cells);
    let mut html = format!("<section class=\"place\"><h2>{}</h2>\n", safe(place));
    html += &finding(study, &cells, main);
    html += &figures(study, &cells, main, |_| true);
    html += &legend(&study.controllers());
    html += "<div class=\"charts\">\n";
    for key in [DELAY, "person_delay_s", "planning_time_index", "co2_kg"] {
        html += &charts::by_demand(study, place, key);
    }
    html += &charts::queues(&cells);
    html += &charts::cumulative(&cells);
    html += "</div>\n";
    for demand in demands.iter().filter(|it| it.to_bits() != main.to_bits()) {
        html += &figures(study, &study.cells(place, *demand), *demand, |it| SHORT.contains(&it.key));
    }
    html += &levels(&cells);
    html += &movements(study, &cells);
    let changes = study.movements(&cells, own);
    if own != study.baseline {
        html += &charts::movements(&changes, study.baseline, own);
    }
    let find = |controller| cells.iter().find(|it| it.controller == controller);
    if let Some((base, own)) = find(study.baseline).zip(find(own)) {
        html += &signals::section(base, own, &changes);
    }
    html + "</section>\n"
}

/// What came out, in one sentence a controller.
fn finding(study: &Study<'_>, cells: &[Cell<'_>], demand: f64) -> String {
    let Some(base) = cells.iter().find(|it| it.controller == study.baseline) else { return String::new() };
    let own = study.best(cells);
    let Some(own) = cells.iter().find(|it| it.controller == own && own != study.baseline) else { return String::new() };
    let (Some(before), Some(change)) = (base.mean(DELAY), own.difference(base, DELAY)) else { return String::new() };
    let (better, worse, judged) = tally(study, cells, own);
    let share = if before > 0.0 { format!(" ({} %)", signed(100.0 * change.mean / before, 0)) } else { String::new() };
    let clear = match Verdict::of(Some(change), crate::cosim::compare::measures::Sense::Less) {
        Verdict::Better => "clearly less",
        Verdict::Worse => "clearly more",
        _ => "which cannot be told from none",
    };
    let few = if own.runs.len() < SEEDS_FEW {
        " With so few seeds intervals are wide, and whether they hold depends on delays being normally distributed."
    } else {
        ""
    };
    text(&format!(
        "At demand × {demand} {1} has the least mean delay of those compared with {0}: {2} against {3} s/veh, a difference of {4}{share}, {clear}. \
         Of {judged} movements that were judged {better} fare clearly better and {worse} clearly worse.{few}",
        study.baseline.name(),
        own.controller.name(),
        number(own.mean(DELAY).unwrap_or(0.0), 1),
        number(before, 1),
        difference(change, 1)
    ))
}

/// Figures as rows, controllers as columns; under each mean its paired difference to the baseline.
fn figures(study: &Study<'_>, cells: &[Cell<'_>], demand: f64, wanted: impl Fn(&Measure) -> bool) -> String {
    let base = cells.iter().find(|it| it.controller == study.baseline);
    let titles: Vec<&str> = ["figure", "unit"].into_iter().chain(cells.iter().map(|it| it.controller.name())).collect();
    let mut rows: Vec<Vec<Html>> = Vec::new();
    for measure in MEASURES.iter().filter(|it| wanted(it)) {
        if cells.iter().all(|it| it.mean(measure.key).is_none()) {
            continue;
        }
        let mut row = vec![plain(measure.title), (safe(measure.unit), "unit")];
        row.extend(cells.iter().map(|cell| figure(cell, base, study, measure)));
        rows.push(row);
        if measure.key == CONTROL_DELAY {
            let level = |cell: &Cell<'_>| {
                cell.mean(CONTROL_DELAY).map_or_else(|| plain("–"), |it| plain(level_of_service(it).to_string()))
            };
            let head = vec![plain("level of service, all signals"), ("HCM 7".to_owned(), "unit")];
            rows.push(head.into_iter().chain(cells.iter().map(level)).collect());
        }
    }
    let tallies = cells.iter().map(|cell| {
        let (better, worse, judged) = tally(study, cells, cell);
        if cell.controller == study.baseline { plain("–") } else { plain(format!("{better} / {worse} of {judged}")) }
    });
    let head = vec![plain("movements clearly better / worse"), (String::new(), "unit")];
    rows.push(head.into_iter().chain(tallies).collect());
    let seeds = cells.iter().map(|it| it.runs.len()).max().unwrap_or(0);
    let head = format!(
        "<h3>Figures at demand × {demand}</h3>\n<p class=\"caption\">Mean over {seeds} seed{} ± half of its 95 % interval; below it the paired \
         difference to {}: <span class=\"good\">▲ clearly better</span>, <span class=\"bad\">▼ clearly worse</span>, otherwise not told apart.</p>\n",
        if seeds == 1 { "" } else { "s" },
        study.baseline.name()
    );
    head + &table(&titles, &rows)
}

fn figure(cell: &Cell<'_>, base: Option<&Cell<'_>>, study: &Study<'_>, measure: &Measure) -> Html {
    let Some(interval) = cell.interval(measure.key) else { return plain("–") };
    let own = safe(&mean(interval, measure.decimals));
    let base = base.filter(|_| cell.controller != study.baseline);
    let Some((base, change)) = base.and_then(|base| Some((base, cell.difference(base, measure.key)?))) else {
        return (own, "");
    };
    let (sign, class) = match cell.verdict(base, measure) {
        Verdict::Better => ("▲ ", "good"),
        Verdict::Worse => ("▼ ", "bad"),
        _ => ("", "same"),
    };
    let told = if change.mean.abs() < 1e-9 && change.half < 1e-9 {
        "=".to_owned()
    } else {
        difference(change, measure.decimals.max(usize::from(change.mean.abs() < 1.0)))
    };
    (format!("{own}<small class=\"{class}\">{sign}{}</small>", safe(&told)), "")
}

/// Control delay and level of service of each intersection.
fn levels(cells: &[Cell<'_>]) -> String {
    let all: Vec<Vec<(String, f64)>> = cells.iter().map(Cell::intersections).collect();
    let mut names: Vec<(&str, f64)> = Vec::new();
    for (name, delay) in all.iter().flatten() {
        match names.iter_mut().find(|it| it.0 == name) {
            Some(known) => known.1 = known.1.max(*delay),
            None => names.push((name, *delay)),
        }
    }
    let count = names.len();
    names.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    names.truncate(INTERSECTIONS);
    let rows = names.iter().map(|(name, _)| {
        let of = |all: &Vec<(String, f64)>| all.iter().find(|it| it.0 == *name).map(|it| it.1);
        let cell = |all| {
            of(all).map_or_else(
                || plain("–"),
                |delay| {
                    let level = level_of_service(delay);
                    (format!("<b class=\"los los-{level}\">{level}</b> {}", number(delay, 1)), "")
                },
            )
        };
        std::iter::once(plain(charts::short(name, 40))).chain(all.iter().map(cell)).collect()
    });
    let titles: Vec<&str> =
        std::iter::once("intersection").chain(cells.iter().map(|it| it.controller.name())).collect();
    let more = if count > INTERSECTIONS {
        format!(" The {INTERSECTIONS} of {count} with the largest delay; all stand in the tables beside this file.")
    } else {
        String::new()
    };
    let note = format!(
        "Mean control delay of all movements over all seeds [s/veh], and its level A…F (HCM 7, exhibit 19-8, by delay alone).{more}"
    );
    format!("<h3>Level of service</h3>\n<p class=\"caption\">{note}</p>\n{}", table(&titles, &rows.collect::<Vec<_>>()))
}

/// Winners and losers of every controller.
fn movements(study: &Study<'_>, cells: &[Cell<'_>]) -> String {
    let mut rows: Vec<Vec<Html>> = Vec::new();
    for own in cells.iter().filter(|it| it.controller != study.baseline) {
        let changes = study.movements(cells, own.controller);
        let of = |verdict, most: usize| {
            let mut found: Vec<&MovementChange> = changes.iter().filter(|it| it.verdict == verdict).collect();
            let weight =
                |it: &MovementChange| it.difference_s.map_or(0.0, |interval| interval.mean.abs() * it.vehicles);
            found.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.at.cmp(&b.at)));
            let left = found.len().saturating_sub(most);
            found.truncate(most);
            (found, left)
        };
        for (verdict, most, word) in [(Verdict::Worse, LOSERS, "worse"), (Verdict::Better, WINNERS, "better")] {
            let (found, left) = of(verdict, most);
            rows.extend(found.iter().map(|it| row(own, it)));
            if found.is_empty() || left > 0 {
                let told = if found.is_empty() {
                    format!("no movement is clearly {word}")
                } else {
                    format!("and {left} more that are clearly {word}")
                };
                let mut row = vec![plain(own.controller.name()), (safe(&told), "note")];
                row.resize(COLUMNS, plain(""));
                rows.push(row);
            }
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let base = format!("{} [s/veh]", study.baseline.name());
    let titles = [
        "controller",
        "movement",
        "veh/run",
        &base,
        "now [s/veh]",
        "LOS",
        "difference [s]",
        "stops",
        "on green",
        "queue p95 / max",
        "longest halt [s]",
    ];
    let note = "Losers first. Control delay of a movement, its paired difference with a 95 % interval each; of many movements without any \
                difference one in twenty looks clear by chance. Movements with fewer than five vehicles a run are not judged.";
    format!("<h3>Movements that win and lose</h3>\n<p class=\"caption\">{note}</p>\n{}", table(&titles, &rows))
}

fn row(own: &Cell<'_>, it: &MovementChange) -> Vec<Html> {
    let (sign, class) = if it.verdict == Verdict::Worse { ("▼ ", "bad") } else { ("▲ ", "good") };
    let told = |interval: Option<crate::statistics::Interval>| {
        interval.map_or_else(|| "–".to_owned(), |it| number(it.mean, 1))
    };
    let change = it.difference_s.map_or_else(|| "–".to_owned(), |it| difference(it, 1));
    vec![
        plain(own.controller.name()),
        (safe(&charts::short(&it.movement.name(), 64)), "name"),
        plain(number(it.vehicles, 0)),
        plain(told(it.baseline_s)),
        plain(told(it.delay_s)),
        plain(it.level().map_or_else(|| "–".to_owned(), |level| level.to_string())),
        (format!("{sign}{}", safe(&change)), class),
        plain(number(it.stops, 2)),
        plain(it.on_green.map_or_else(|| "–".to_owned(), |it| format!("{} %", number(100.0 * it, 0)))),
        plain(format!("{} / {}", number(it.queue_p95_veh, 1), it.queue_max_veh)),
        plain(number(it.halt_max_s, 0)),
    ]
}
