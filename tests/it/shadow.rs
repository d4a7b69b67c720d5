//! The shadow: what it says is compared with what the other policy really does in the simulator, and it changes nothing.

use lightwatch::cosim::controller_name::ControllerName;
use lightwatch::cosim::in_process::InProcess;
use lightwatch::cosim::plant::figures::Figures;
use lightwatch::cosim::plant::run::{Prepared, RunSettings};
use lightwatch::cosim::scenario::{Scenario, built_in};
use lightwatch::record::segment_file;
use lightwatch::service::segments::Place;
use lightwatch::shadow::{Comparison, Policy, Settings};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// A scenario, measured from the begin of the first batch that counts.
fn scenario(name: &str) -> Scenario {
    let scenario = built_in::find(Path::new(name)).expect("it is built in");
    Scenario { measured_from_s: scenario.begin_s + 300, ..scenario }
}

fn prepared(scenario: &Scenario, controller: ControllerName, record: Option<&Path>) -> Prepared {
    let settings = RunSettings { controller, seed: 1, threads: 1, record: record.map(Place::new) };
    Prepared::new(scenario.clone(), settings).expect("the scenario was checked")
}

/// Adaptive control with a shadow, or without.
fn driven(scenario: &Scenario, policy: Option<Policy>, record: Option<&Path>) -> (Figures, Option<Comparison>) {
    let prepared = prepared(scenario, ControllerName::Adaptive, record);
    let mut engine = InProcess::new(Arc::clone(&prepared.network), prepared.engine());
    if let Some(policy) = policy {
        engine = engine.shadowed(&Settings::new(policy));
    }
    let report = prepared.run(Some(&mut engine), &mut |_| ControlFlow::Continue(())).expect("it ends");
    (report.figures, engine.ledger().city())
}

/// Delay that adaptive control saves each trip against a policy: as the shadow estimates it, and as the simulator has it.
fn saved(scenario: &Scenario, policy: Policy, other: ControllerName) -> (Comparison, f64, f64) {
    let (own, compared) = driven(scenario, Some(policy), None);
    let compared = compared.expect("batches are complete");
    let other = prepared(scenario, other, None).run_in_process(&mut |_| ControlFlow::Continue(())).unwrap().figures;
    let estimated = compared.difference.mean * compared.vehicles / own.common.demanded as f64;
    let real = other.common.delay_s - own.common.delay_s;
    println!(
        "{}: estimated {estimated:+.1}, real {real:+.1} s a trip; at a stop line {:+.1} ± {:.1} s, model {:+.1} s off",
        scenario.name, compared.difference.mean, compared.difference.half, compared.model_error
    );
    (compared, estimated, real)
}

#[test]
fn what_the_programme_would_have_cost_is_estimated_with_the_right_sign_and_size() {
    let (compared, estimated, real) = saved(&scenario("surge"), Policy::Fixed, ControllerName::Fixed);
    assert!(real > 0.0 && estimated > 0.0, "{estimated} estimated, {real} real");
    assert!((0.5..2.0).contains(&(estimated / real)), "{estimated} estimated, {real} real");
    assert!(compared.batches >= 2 && compared.difference.half.is_finite(), "{compared:?}");
}

#[test]
fn with_a_shadow_every_message_is_the_same_to_the_byte() {
    let scenario = Scenario { end_s: scenario("surge").begin_s + 700, ..scenario("surge") };
    let adaptive = Policy::Adaptive(Box::default());
    let said = |policy: Option<Policy>| {
        let folder = tempfile::tempdir().unwrap();
        let shadowed = policy.is_some();
        let (figures, compared) = driven(&scenario, policy, Some(folder.path()));
        assert_eq!(compared.is_some(), shadowed, "the shadow was there, or not");
        (figures.trace_hash, std::fs::read(folder.path().join(segment_file(1))).unwrap())
    };
    let (alone, alone_said) = said(None);
    for policy in [Policy::Fixed, Policy::Actuated, adaptive] {
        let name = policy.name();
        let (hash, said) = said(Some(policy));
        assert!(said == alone_said && hash == alone, "{name}: something else was said");
    }
    assert!(alone_said.len() > 100_000);
}
