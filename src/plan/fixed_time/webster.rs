//! Webster.
use crate::network::{Intersection, Programme};
use crate::time::Millis;
/// Settings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WebsterSettings {
    /// Shortest cycle.
    pub cycle_min: Millis,
}
/// Plan.
#[derive(Debug, Clone, PartialEq)]
pub struct WebsterPlan {
    /// The programme.
    pub programme: Programme,
    /// Its cycle length.
    pub cycle: Millis,
}
/// Webster.
pub fn webster(intersection: &Intersection, flow_by_movement: &[f64], _settings: &WebsterSettings) -> WebsterPlan {
    assert_eq!(flow_by_movement.len(), intersection.movements.len(), "one flow a movement");
    let programme = intersection.programme.clone();
    let cycle = super::cycle(intersection, &programme);
    WebsterPlan { programme, cycle }
}
