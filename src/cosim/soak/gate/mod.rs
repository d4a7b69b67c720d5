//! The gate against an oracle that was written independently: millions of plans, and no two opinions.
//!
//! In: a number of plans and a seed. Out: a [`GateReport`]: how many the oracle calls legal and illegal, what the gate said to
//! each, and the first plans on which they differ, with the command that makes them again. See [`oracle`] and [`forge`].

pub mod forge;
pub mod oracle;
mod waits;

use super::lots::Lots;
use super::trace::Trace;
use crate::cosim::error::CosimError;
use crate::network::Intersection;
use crate::plan::check::{Verdict, check};
use crate::plan::{Plan, Shown};
use crate::time::Timestamp;
use forge::{Case, Forge};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

/// Plans that are made at one intersection.
pub const BATCH: u64 = 1_000;
/// Differences that are told.
const TOLD: usize = 5;

/// The gate, or what a test puts in its place.
pub type Gate = fn(&Plan, &Intersection, &Shown, Timestamp, &[Option<Timestamp>]) -> Verdict;

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct GateReport {
    /// Seed of the plans.
    pub seed: u64,
    /// Plans that were judged.
    pub plans: u64,
    /// Of these legal, as the oracle sees it.
    pub legal: u64,
    /// Illegal plans that the gate accepted.
    pub illegal_accepted: u64,
    /// Legal plans that the gate refused.
    pub legal_refused: u64,
    /// Plans with a fault of each kind, as the oracle names it.
    pub faults: BTreeMap<&'static str, u64>,
    /// Digest of all verdicts.
    pub trace_hash: String,
    /// Wall time \[s\].
    pub took_s: f64,
    /// The first differences.
    #[serde(skip)]
    pub told: Vec<String>,
}

/// Judge so many plans; `progress` is told how many are done, and says whether to go on. `first` is the batch to begin with.
///
/// # Errors
/// [`CosimError::Stopped`] when it says no.
pub fn run(
    seed: u64,
    plans: u64,
    first: u64,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<GateReport, CosimError> {
    against(check, seed, plans, first, progress)
}

/// The same for any gate.
fn against(
    gate: Gate,
    seed: u64,
    plans: u64,
    first: u64,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<GateReport, CosimError> {
    let since = Instant::now();
    let mut report = GateReport { seed, ..GateReport::default() };
    let mut trace = Trace::default();
    let mut batch = first;
    while report.plans < plans {
        let mut forge = Forge::new(Lots::new(seed, batch));
        for _ in 0..BATCH.min(plans - report.plans) {
            let case = forge.case();
            report.judge(gate, &case, &forge, batch, &mut trace);
        }
        batch += 1;
        if progress(report.plans).is_break() {
            return Err(CosimError::Stopped);
        }
    }
    report.trace_hash = format!("{:016x}", trace.digest());
    report.took_s = (since.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    Ok(report)
}

impl GateReport {
    /// Whether gate and oracle agree on every plan.
    pub const fn is_good(&self) -> bool {
        self.illegal_accepted + self.legal_refused == 0
    }

    fn judge(&mut self, gate: Gate, case: &Case, forge: &Forge, batch: u64, trace: &mut Trace) {
        let Case { shown, plan, at, waiting, step, .. } = case;
        let faults = oracle::faults(plan, &forge.site, shown, *at, waiting, *step);
        let verdict = gate(plan, &forge.site, shown, *at, waiting);
        self.plans += 1;
        self.legal += u64::from(faults.is_empty());
        for fault in &faults {
            *self.faults.entry(fault).or_default() += 1;
        }
        trace.add(&[u8::from(faults.is_empty()), u8::from(verdict.is_good())]);
        if faults.is_empty() == verdict.is_good() {
            return;
        }
        let what = if verdict.is_good() {
            self.illegal_accepted += 1;
            format!("accepted, but {faults:?}")
        } else {
            self.legal_refused += 1;
            format!("refused, but legal: {verdict}")
        };
        if self.told.len() < TOLD {
            let lamps: Vec<String> = plan
                .intervals
                .iter()
                .map(|it| {
                    let letters = crate::units::lamps_to_string(&it.signals);
                    format!("{}…{} {:?} {letters}", (it.start - *at).0, (it.end - *at).0, it.kind)
                })
                .collect();
            let again = format!("lightwatch soak gate --seed {} --first {batch} --plans {BATCH}", self.seed);
            self.told.push(format!("{what} (bent: {:?}; {})\n  again: {again}", case.bent, lamps.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::check::Rule;

    fn judged(gate: Gate, plans: u64) -> GateReport {
        against(gate, 7, plans, 0, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    /// A hasty look, for whoever changes the gate some hundred times (`make mutants`).
    #[test]
    fn gate_and_oracle_agree_on_the_first_plans() {
        let report = judged(check, 3_000);
        assert!(report.is_good(), "{:?}", report.told);
    }

    #[test]
    fn gate_and_oracle_agree_on_every_plan_and_meet_every_rule() {
        let report = judged(check, 40_000);
        assert!(report.is_good(), "{:?}", report.told);
        assert!((8_000..32_000).contains(&report.legal), "{report:?}");
        let rules = [
            "intersection",
            "config_hash",
            "lease",
            "cover",
            "interval_order",
            "lamp_count",
            "flash_commanded",
            "stage",
            "interval_kind",
            "conflict",
            "green_min",
            "missing_yellow",
            "short_yellow",
            "long_yellow",
            "yellow_to_green",
            "intergreen",
            "red_min",
            "red_yellow",
            "red_max",
        ];
        assert!(rules.iter().all(|rule| report.faults.contains_key(rule)), "{:?}", report.faults);
    }

    #[test]
    fn a_gate_that_forgets_a_rule_or_has_one_too_many_is_found() {
        for rule in [Rule::Intergreen, Rule::GreenMin, Rule::Conflict, Rule::RedMax, Rule::ShortYellow] {
            let forgetful = FORGETFUL.iter().find(|(it, _)| *it == rule).map(|(_, gate)| *gate).unwrap();
            assert!(judged(forgetful, 20_000).illegal_accepted > 0, "{rule:?}");
        }
        let strict: Gate = |plan, site, shown, at, waiting| {
            let mut verdict = check(plan, site, shown, at, waiting);
            if plan.intervals.len() > 4 {
                verdict.notes.extend(
                    check(&Plan { lease: crate::time::Millis::ZERO, ..plan.clone() }, site, shown, at, &[]).notes,
                );
            }
            verdict
        };
        assert!(judged(strict, 2_000).legal_refused > 0);
    }

    const FORGETFUL: [(Rule, Gate); 5] = [
        (Rule::Intergreen, |plan, site, shown, at, waiting| {
            without(Rule::Intergreen, check(plan, site, shown, at, waiting))
        }),
        (Rule::GreenMin, |plan, site, shown, at, waiting| {
            without(Rule::GreenMin, check(plan, site, shown, at, waiting))
        }),
        (Rule::Conflict, |plan, site, shown, at, waiting| {
            without(Rule::Conflict, check(plan, site, shown, at, waiting))
        }),
        (Rule::RedMax, |plan, site, shown, at, waiting| without(Rule::RedMax, check(plan, site, shown, at, waiting))),
        (Rule::ShortYellow, |plan, site, shown, at, waiting| {
            without(Rule::ShortYellow, check(plan, site, shown, at, waiting))
        }),
    ];

    fn without(rule: Rule, mut verdict: Verdict) -> Verdict {
        verdict.notes.retain(|note| note.rule != rule);
        verdict
    }
}
