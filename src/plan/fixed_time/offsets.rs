//! Offsets.
use super::WebsterPlan;
use crate::network::Network;
/// Coordinate: `plans` in order of `network.intersections`, `link_volumes` \[veh/h\] in order of `network.links`.
pub fn coordinate(network: &Network, plans: &mut [WebsterPlan], link_volumes: &[f64]) {
    assert_eq!(plans.len(), network.intersections.len(), "one plan an intersection");
    assert_eq!(link_volumes.len(), network.links.len(), "one volume a link");
}
