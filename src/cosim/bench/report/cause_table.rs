//! Where the delay of one map is lost: by cause for each controller, by movement for adaptive control.

use super::super::judge::Cell;
use super::{Block, figure};
use crate::cosim::causes::Cause;

/// Nothing where nothing is known.
pub(super) fn of_map(cells: &[&Cell], map: &str) -> Vec<Block> {
    let cells: Vec<&&Cell> = cells.iter().filter(|it| it.map == map && !it.lost_s.is_empty()).collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let names = Cause::ALL.iter().map(|cause| cause.name());
    let titles =
        ["lost [s/vehicle] by cause"].into_iter().chain(names).chain(["together"]).map(str::to_owned).collect();
    let rows = cells.iter().map(|cell| {
        let by_cause = Cause::ALL.iter().map(|cause| figure(cell.lost_s.get(cause).copied().unwrap_or(0.0)));
        let together = figure(cell.lost_s.values().sum());
        [cell.who.name().to_owned()].into_iter().chain(by_cause).chain([together]).collect()
    });
    let mut blocks = vec![Block::Table(titles, rows.collect())];
    if let Some(adaptive) = cells.iter().find(|it| it.who.name() == "adaptive" && !it.movements.is_empty()) {
        let share = |(name, share): &(String, f64)| format!("{name} {:.0} %", 100.0 * share);
        let list = adaptive.movements.iter().map(share).collect::<Vec<_>>().join("; ");
        blocks.push(Block::Text(format!("Movements that lose most before signals under adaptive control: {list}.")));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::super::super::ablation::PLAIN;
    use super::super::super::judge::cells;
    use super::super::super::run::Who;
    use super::super::super::run::tests::{record, run};
    use super::*;
    use crate::cosim::causes::Lost;
    use crate::cosim::controller_name::ControllerName;

    #[test]
    fn causes_are_told_per_demanded_vehicle_and_movements_as_shares() {
        let adaptive = Who::Controller(ControllerName::Adaptive);
        let records = [1, 2].map(|seed| {
            let mut record = record(&run(adaptive, &PLAIN, seed), 12.0);
            let by_movement = vec![("a".to_owned(), 300.0), ("b".to_owned(), 100.0)];
            record.lost = Lost { by_cause: [(Cause::Red, 400.0), (Cause::Outside, 200.0)].into(), by_movement };
            record
        });
        let all = cells(&records);
        let blocks = of_map(&[&all[0]], "m");
        let Block::Table(titles, rows) = &blocks[0] else { panic!() };
        assert_eq!((titles.len(), rows[0][2].as_str(), rows[0].last().unwrap().as_str()), (12, "4.00", "6.00"));
        assert!(matches!(&blocks[1], Block::Text(text) if text.ends_with("a 75 %; b 25 %.")), "{blocks:?}");
        assert!(of_map(&[&all[0]], "elsewhere").is_empty());
    }
}
