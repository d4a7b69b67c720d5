//! Which links meet, where, and who gives way.
//!
//! In: links with lines, pairs that were named. Out: for each link its [`Foe`]s. Links that enter the same lane always
//! meet there; links of one lane never do (they follow each other). A named pair whose lines do not cross meets halfway.

use std::collections::BTreeMap;

use super::geometry::crossing;
use super::{Foe, Link, LinkIx};

/// What is known of an ordered pair: whether the first gives way.
pub type Pairs = BTreeMap<(usize, usize), bool>;

/// Note that two links meet; the first may give way.
pub fn note(pairs: &mut Pairs, one: usize, other: usize, yields: bool) {
    if one != other {
        *pairs.entry((one, other)).or_default() |= yields;
        pairs.entry((other, one)).or_default();
    }
}

/// Add the pairs that enter the same lane.
pub fn note_merges(links: &[Link], pairs: &mut Pairs) {
    let mut into: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (k, link) in links.iter().enumerate() {
        into.entry(link.to.0).or_default().push(k);
    }
    for group in into.values() {
        for (k, &one) in group.iter().enumerate() {
            for &other in &group[k + 1..] {
                note(pairs, one, other, false);
            }
        }
    }
}

/// Pairs to lists, in the order of links; sets each link's range.
pub fn lists(links: &mut [Link], pairs: &Pairs) -> Vec<Foe> {
    let mut foes = Vec::new();
    let mut ends = vec![0u32; links.len()];
    for (&(one, other), &yields) in pairs {
        let (a, b) = (&links[one], &links[other]);
        if a.from != b.from {
            let merges = a.to == b.to;
            let (at_m, foe_at_m) = if merges { (a.length_m, b.length_m) } else { meeting(a, b) };
            let foe_yields = pairs.get(&(other, one)).copied().unwrap_or(false);
            foes.push(Foe { link: LinkIx::from(other), at_m, foe_at_m, merges, yields, foe_yields });
        }
        ends[one] = foes.len() as u32;
    }
    let mut begin = 0;
    for (link, end) in links.iter_mut().zip(ends) {
        let end = end.max(begin);
        link.foes = begin..end;
        begin = end;
    }
    foes
}

/// Where two links cross, scaled to the lengths that are driven.
fn meeting(a: &Link, b: &Link) -> (f64, f64) {
    let scale = |link: &Link, at: f64| at * link.length_m / super::geometry::length(&link.shape).max(0.01);
    let found = crossing(&a.shape, &b.shape).map(|(on_a, on_b)| (scale(a, on_a), scale(b, on_b)));
    found.unwrap_or((a.length_m / 2.0, b.length_m / 2.0))
}
