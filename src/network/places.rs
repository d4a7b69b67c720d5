//! Where an intersection stands in the network's list, and who its neighbours are.

use super::Network;

impl Network {
    /// Position of the intersection of this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.intersections.binary_search_by(|it| it.id.as_str().cmp(id)).ok()
    }

    /// Positions of the intersections at the other ends of the links of one, each once, in order.
    pub fn neighbours(&self, ix: usize) -> Vec<usize> {
        let own = &self.intersections[ix].id;
        let other = |link: &super::Link| match (&link.from == own, &link.to == own) {
            (true, false) => self.position(link.to.as_str()),
            (false, true) => self.position(link.from.as_str()),
            _ => None,
        };
        let mut others: Vec<usize> = self.links.iter().filter_map(other).collect();
        others.sort_unstable();
        others.dedup();
        others
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Link, Network, sample};
    use crate::ids::LinkId;

    #[test]
    fn neighbours_are_at_both_ends_each_once_and_nobody_is_his_own() {
        let intersection = |id: &str| super::super::Intersection { id: id.into(), ..sample::crossroads() };
        let link = |from: &str, to: &str| Link {
            id: LinkId::new(format!("{from}_{to}")),
            from: from.into(),
            to: to.into(),
            approach: LinkId::new("in"),
            length_m: 300.0,
            speed_mps: 13.9,
            share_prior: 1.0,
        };
        let links = vec![link("b", "a"), link("a", "b"), link("c", "b"), link("b", "b"), link("b", "elsewhere")];
        let intersections = ["a", "b", "c"].map(intersection).to_vec();
        let network = Network { city: "x".to_owned(), intersections, links };
        assert_eq!([0, 1, 2].map(|ix| network.neighbours(ix)), [vec![1], vec![0, 2], vec![1]]);
        assert_eq!((network.position("c"), network.position("elsewhere")), (Some(2), None));
    }
}
