//! Lying detectors: a short search, and what comes out of it. The long one is `make liars`.

use lightwatch::cosim::liars::store::Store;
use lightwatch::cosim::liars::strategy::Reach;
use lightwatch::cosim::liars::trial::{Trial, Who};
use lightwatch::cosim::liars::{SearchSettings, Watcher, search};

/// Nobody watches.
struct Patient;

impl Watcher for Patient {
    fn done(&self, _: usize) {}

    fn goes_on(&self) -> bool {
        true
    }
}

#[test]
fn a_short_search_finds_harm_of_every_reach_and_no_unsafe_lamp_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("liars.jsonl");
    let settings = SearchSettings { strategies: 20, seed: 1, measured_s: 240, jobs: 2, judged: 1, seeds: 2..=2 };
    let report = search(&settings, &Store::open(&path, "it".into()).unwrap(), &Patient).unwrap();
    assert_eq!((report.strategies, report.r#unsafe), (20, 0));
    assert_eq!(report.worst.iter().map(|it| it.reach).collect::<Vec<_>>(), Reach::ALL);
    assert!(report.worst[2].searched_over_honest_pct > 10.0, "many liars do harm: {report:?}");
    assert!(report.found_share > 0.0, "some are found out: {report:?}");
    assert!(report.honest_s.iter().zip(&report.fixed_s).all(|(honest, fixed)| honest < fixed), "{report:?}");
    // Everything is kept, so the same search with one job runs nothing again and says the same.
    let again = SearchSettings { jobs: 1, ..settings };
    let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
    let before = lines();
    assert_eq!(search(&again, &Store::open(&path, "it".into()).unwrap(), &Patient).unwrap(), report);
    assert_eq!(lines(), before);
    // And whoever runs one again gets the same to the digit.
    let trial = Trial { street: 0, seed: 1, measured_s: 240, who: Who::Honest };
    let store = Store::open(&path, "it".into()).unwrap();
    assert_eq!(trial.run(&|| true).ok(), store.kept(&trial));
}
