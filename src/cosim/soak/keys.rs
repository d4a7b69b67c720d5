//! Keys of the house that is played: one a controller, one of the operators, one of those who ask for green.
//!
//! They are made up and stand here for everybody to read; what they show is that bytes that changed on the way are found by the real codes.

use crate::network::Network;
use crate::wire::{KeyRing, key_file};
use simulator::random::bits;
use std::fmt::Write as _;

/// The keys of a network.
pub fn ring(network: &Network) -> KeyRing {
    let secret = |number| (0..4).fold(String::new(), |text, part| format!("{text}{:016x}", bits(1, number, part)));
    let mut text = format!(
        "[[operator]]\nid = \"operator\"\nsecret = \"{}\"\n\
         [[requester]]\nid = \"requester\"\nsecret = \"{}\"\nkinds = [\"pedestrian\", \"transit\", \"emergency\"]\n",
        secret(1),
        secret(2)
    );
    for (intersection, number) in network.intersections.iter().zip(3..) {
        let id = &intersection.id;
        let key =
            format!("[[controller]]\nid = \"{id}-1\"\nsecret = \"{}\"\nintersection = \"{id}\"\n", secret(number));
        text.write_str(&key).expect("a text takes more text");
    }
    let own: Vec<_> = network.intersections.iter().map(|it| it.id.clone()).collect();
    key_file::parse(&text, "soak", network, &own).expect("the file is made for this network")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::soak::{lots::Lots, site};

    #[test]
    fn everybody_has_a_key() {
        let network = site::network(&mut Lots::new(1, 1), 3);
        assert_eq!(ring(&network).uses().count(), 5);
    }
}
