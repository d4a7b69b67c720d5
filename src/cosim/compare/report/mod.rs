//! The report: one HTML file that needs nothing else, to be read on a screen, printed and signed.
//!
//! In: a [`Study`], what was run, what is missing. Out: text; the same for the same results, so no date and no machine is in it.

pub mod charts;
pub mod method;
pub mod page;
pub mod place;
pub mod plot;
pub mod signals;
pub mod words;

use super::measures::DELAY;
use super::study::{Cell, Study, Verdict};
use crate::cosim::experiment::job::Job;
use std::collections::BTreeSet;
use words::{Html, clock, number, plain, safe, signed, table, text};

/// What is told besides the results.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// All jobs of the comparison, with or without a result.
    pub jobs: &'a [&'a Job],
    /// Jobs without a result, with what is known of it.
    pub open: &'a [String],
}

/// The whole file.
pub fn html(study: &Study<'_>, told: &Told<'_>) -> String {
    let title = "Comparison of signal control";
    let mut body = format!("<header><h1>{title}</h1>\n<p class=\"sub\">{}</p></header>\n", safe(&what(study)));
    if !told.open.is_empty() {
        let list: Vec<String> = told.open.iter().map(|it| format!("<br>{}", safe(it))).collect();
        let (count, list) = (list.len(), list.concat());
        let missing = format!("<p class=\"warn\"><b>Not complete:</b> {count} runs have no result.{list}</p>\n");
        body.push_str(&missing);
    }
    body += &at_a_glance(study);
    body += &inputs(study, told);
    for place in study.places() {
        body += &place::section(study, place);
    }
    body += &method::section();
    body += &sign(study);
    page::page(title, &body)
}

fn what(study: &Study<'_>) -> String {
    let controllers: Vec<&str> = study.controllers().iter().map(|it| it.name()).collect();
    let places = study.places().len();
    format!(
        "{} at {places} place{}, {} runs, seeds {}. Compared with {}, paired by seed. lightwatch {}.",
        controllers.join(", "),
        if places == 1 { "" } else { "s" },
        study.outcomes().len(),
        ranges(&study.seeds()),
        study.baseline.name(),
        env!("CARGO_PKG_VERSION")
    )
}

/// `1–3, 5`.
fn ranges(seeds: &[u32]) -> String {
    let runs = seeds.chunk_by(|a, b| a + 1 == *b);
    let one = |run: &[u32]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}–{last}"),
        [] => String::new(),
    };
    runs.map(one).collect::<Vec<_>>().join(", ")
}

/// Mean delay of every place, demand and controller.
fn at_a_glance(study: &Study<'_>) -> String {
    let controllers = study.controllers();
    let mut rows: Vec<Vec<Html>> = Vec::new();
    for place in study.places() {
        for demand in study.demands(place) {
            let cells = study.cells(place, demand);
            let least = cells.iter().filter_map(|it| it.mean(DELAY)).fold(f64::INFINITY, f64::min);
            let base = cells.iter().find(|it| it.controller == study.baseline);
            let cell = |controller| {
                let cell = cells.iter().find(|it| it.controller == controller);
                cell.map_or_else(|| plain("–"), |cell| glance(cell, base, least))
            };
            let mut row = vec![plain(place), plain(format!("× {demand}"))];
            row.extend(controllers.iter().map(|it| cell(*it)));
            rows.push(row);
        }
    }
    let titles: Vec<&str> = ["place", "demand"].into_iter().chain(controllers.iter().map(|it| it.name())).collect();
    let note = format!(
        "Mean delay of all demanded vehicles [s/veh], the least in bold; below it the paired difference to {} in per cent of its mean: ▲ clearly \
         better, ▼ clearly worse (95 %). ⚠ a run that was locked up at its end; unsafe: lamps broke a rule in some run.",
        study.baseline.name()
    );
    format!("<section><h2>At a glance</h2>\n{}{}</section>\n", text(&note), table(&titles, &rows))
}

fn glance(cell: &Cell<'_>, base: Option<&Cell<'_>>, least: f64) -> Html {
    let Some(delay) = cell.mean(DELAY) else { return plain("–") };
    let any = |key| cell.values(key).values().any(|it| *it > 0.0);
    let mut html = number(delay, 1);
    html.push_str(if any("locked_up_lanes") { " ⚠" } else { "" });
    html.push_str(if any("unsafe") { " <b class=\"bad\">unsafe</b>" } else { "" });
    let other = base.filter(|it| it.controller != cell.controller);
    if let Some((base, change)) = other.and_then(|base| Some((base.mean(DELAY)?, cell.difference(base, DELAY)?))) {
        let (sign, class) = match Verdict::of(Some(change), super::measures::Sense::Less) {
            Verdict::Better => ("▲ ", "good"),
            Verdict::Worse => ("▼ ", "bad"),
            _ => ("", "same"),
        };
        let share = 100.0 * change.mean / base.max(1e-9);
        let small = format!("<small class=\"{class}\">{sign}{} %</small>", signed(share, 0));
        html.push_str(&small);
    }
    (html, if (delay - least).abs() < 1e-9 { "best" } else { "" })
}

/// What was run.
fn inputs(study: &Study<'_>, told: &Told<'_>) -> String {
    let mut rows: Vec<Vec<Html>> = Vec::new();
    for place in study.places() {
        let Some(job) = told.jobs.iter().find(|it| it.place.name == place) else { continue };
        let run = study.outcomes().iter().find(|it| it.place == place);
        let Some(run) = run else { continue };
        let mean = run.figures.get("demanded").map_or_else(String::new, |it| number(*it, 0));
        rows.push(vec![
            plain(place),
            (safe(&run.simulator), "text"),
            plain(format!("{}–{}", clock(job.place.begin_s), clock(job.place.end_s))),
            plain(clock(run.profile.from_s)),
            plain(run.movements.len().to_string()),
            plain(mean),
            (job.place.digest[..job.place.digest.len().min(16)].to_owned(), "mono"),
        ]);
    }
    let titles =
        ["place", "simulator", "simulated", "measured from", "movements", "vehicles (first run)", "SHA-256 of inputs"];
    format!("<section><h2>What was run</h2>\n{}</section>\n", table(&titles, &rows))
}

fn sign(study: &Study<'_>) -> String {
    let programs: BTreeSet<&str> = study.outcomes().iter().map(|it| it.lightwatch.as_str()).collect();
    let programs: Vec<&str> = programs.into_iter().collect();
    let more = if programs.len() > 1 { " (results of different builds stand side by side)" } else { "" };
    format!(
        "<section><h2>Sign-off</h2>\n<p>Every run is deterministic: the same inputs, settings, seeds and programs give this file again, byte for byte.</p>\n\
         <p class=\"mono\">lightwatch {}, SHA-256 {}{more}</p>\n<div class=\"sign\"><div>Prepared by</div><div>Signature</div><div>Date</div><div>Checked \
         by</div><div>Signature</div><div>Date</div></div></section>\n",
        env!("CARGO_PKG_VERSION"),
        safe(&programs.join(", "))
    )
}

#[cfg(test)]
mod tests {
    use super::super::study::tests::outcomes;
    use super::*;
    use crate::cosim::controller_name::ControllerName::Fixed;
    use crate::cosim::experiment::outcome::Outcome;

    #[test]
    fn the_report_is_whole_loads_nothing_and_tells_winners_and_losers() {
        let outcomes = outcomes();
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let study = Study::new(&all, Fixed);
        let told = Told { jobs: &[], open: &["00007-x: exit code 69".to_owned()] };
        let page = html(&study, &told);
        let own = page.replace("http://www.w3.org/2000/svg", "");
        for it in ["http", "src=", "<script", "@import", "url(", "<link"] {
            assert!(!own.contains(it), "{it}");
        }
        for it in [
            "p &lt; q",
            "▲ −9.8 ± 0.2",
            "▼ +4.2 ± 0.2",
            "Not complete",
            "00007-x",
            "seeds 1–3",
            "Prepared by",
            "Student",
        ] {
            assert!(page.contains(it), "{it}\n{page}");
        }
        assert_eq!(page, html(&study, &told));
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), "1–3, 5, 7–8");
    }
}
