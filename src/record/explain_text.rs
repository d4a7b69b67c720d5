//! An explanation as text for a terminal: one block a question, figures under each other.

use super::explain::{DecisionPart, Explanation, LanePart, PlanPart};
use crate::plan::IntervalKind;
use std::fmt::{Display, Formatter, Result};

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "{} at {:.1} s", self.intersection, self.at_s)?;
        if let Some(field) = &self.field {
            let stage = field.stage.as_deref().unwrap_or("none");
            let obeys = field.obeys.as_deref().map_or("no plan yet".to_owned(), |plan| format!("plan {plan}"));
            let refused = field.refused.as_deref().map_or(String::new(), |why| format!(", refused the newest: {why}"));
            writeln!(f, "field       {}, obeys {obeys}{refused}; stage {stage}, lamps {}", field.mode, field.lamps)?;
        }
        self.waits(f)?;
        if let Some(counts) = &self.counts {
            writeln!(f, "counts      {counts}")?;
        }
        for (ix, request) in self.requests.iter().enumerate() {
            writeln!(f, "{}{request}", if ix == 0 { "requests    " } else { "            " })?;
        }
        lanes(&self.lanes, f)?;
        match &self.decision {
            Some(decision) => decide(decision, f)?,
            None => writeln!(f, "\ndecision    none was recorded")?,
        }
        for (name, said) in [("guard", &self.guard), ("gate", &self.gate)] {
            if let Some(said) = said {
                writeln!(f, "{name:12}{said}")?;
            }
        }
        if let Some(plan) = &self.plan {
            intervals(plan, f)?;
        }
        self.checked(f)
    }
}

impl Explanation {
    fn waits(&self, f: &mut Formatter<'_>) -> Result {
        let waits = self.groups.iter().filter_map(|it| it.waiting_s.map(|waits| (it, waits)));
        let waits: Vec<String> =
            waits.map(|(it, waits)| format!("{} {waits:.0} s ({} for {:.0} s)", it.group, it.lamp, it.for_s)).collect();
        if waits.is_empty() { Ok(()) } else { writeln!(f, "waiting     {}", waits.join(", ")) }
    }

    fn checked(&self, f: &mut Formatter<'_>) -> Result {
        let Some(checked) = &self.redriven else { return Ok(()) };
        if checked.is_same() {
            return writeln!(
                f,
                "\ndriven again from the recorded inputs: {} seconds, {} plans, every one the same to the byte",
                checked.seconds, checked.plans
            );
        }
        writeln!(
            f,
            "\ndriven again from the recorded inputs: {} differences in {} seconds; queues, seeds and deadlines above are those \
             of this program, the decision is the recorded one",
            checked.differences, checked.seconds
        )?;
        let Some(first) = &checked.first else { return Ok(()) };
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        writeln!(f, "first: {} at {:.1} s", first.what, first.ts_ms as f64 / 1000.0)?;
        writeln!(f, "  recorded {}\n  now      {}", or(&first.recorded), or(&first.made))
    }
}

fn lanes(lanes: &[LanePart], f: &mut Formatter<'_>) -> Result {
    let width = lanes.iter().map(|it| it.lane.chars().count()).max().unwrap_or(0).max(4);
    writeln!(f, "\n{:width$} lamps  counted  stand  passed  queue  in 10 s  rate/h  room", "lane")?;
    let figure = |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |it| format!("{it:.digits$}"));
    for it in lanes {
        let counted = |which: usize| it.counted.map_or("-".to_owned(), |counted| counted[which].to_string());
        writeln!(
            f,
            "{:width$} {:5}  {:>7}  {:>5}  {:>6}  {:>5}  {:>7}  {:>6}  {:>4}",
            it.lane,
            it.lamps,
            counted(0),
            counted(1),
            counted(2),
            figure(it.queue, 1),
            figure(it.arrivals_10s, 1),
            figure(it.rate_veh_per_h, 0),
            figure(it.room, 1)
        )?;
    }
    Ok(())
}

fn decide(it: &DecisionPart, f: &mut Formatter<'_>) -> Result {
    let mode = format!("{:?}", it.mode).to_lowercase();
    let over = it.over.as_deref().map_or(String::new(), |over| format!(" over {over}"));
    writeln!(f, "\ndecision    {} (mode {mode}): {}{over}", it.seq, it.chosen)?;
    writeln!(f, "why         {}", it.reason)?;
    if !it.terms.is_empty() {
        writeln!(f, "            {:10} {:>10} {:>10} {:>10}", "", "chosen", "over", "difference")?;
    }
    for term in &it.terms {
        let over = term.over.map_or("-".to_owned(), |over| format!("{over:.2}"));
        let difference = term.over.map_or("-".to_owned(), |over| format!("{:+.2}", over - term.chosen));
        writeln!(f, "            {:10} {:>10.2} {over:>10} {difference:>10}", term.term, term.chosen)?;
    }
    if !it.seeds.is_empty() {
        let seeds: Vec<String> = it.seeds.iter().map(|(name, cost)| format!("{name} {cost:.1}")).collect();
        writeln!(f, "compared    {}", seeds.join(", "))?;
    }
    if it.labels > 0 {
        writeln!(f, "searched    {} labels{}", it.labels, if it.cut_short { ", cut short by the budget" } else { "" })?;
    }
    Ok(())
}

fn intervals(plan: &PlanPart, f: &mut Formatter<'_>) -> Result {
    writeln!(f, "plan        {}, may be obeyed until {:.1} s", plan.number, plan.lease_until_s)?;
    for it in &plan.intervals {
        let kind = match it.kind {
            IntervalKind::Green => "green",
            IntervalKind::Yellow => "yellow",
            IntervalKind::AllRed => "all red",
        };
        writeln!(f, "            {:>9.1} … {:.1} s  {kind:8}{}  {}", it.from_s, it.to_s, it.lamps, it.stage)?;
    }
    Ok(())
}
