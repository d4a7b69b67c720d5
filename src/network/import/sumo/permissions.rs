//! Who may use a lane, from SUMO's `allow` and `disallow` lists of vehicle classes.
//!
//! A list is folded into whom a signal over the lane serves and the set of known classes. A class that is not known counts
//! as road traffic, as SUMO's `custom1` and `custom2` do.

use crate::network::GroupKind;

/// Classes that run on rails or are mostly public transport.
const TRANSIT: [&str; 12] = [
    "bus",
    "coach",
    "tram",
    "rail_urban",
    "rail",
    "rail_electric",
    "rail_fast",
    "subway",
    "cable_car",
    "taxi",
    "hov",
    "ship",
];
/// Two-wheelers without number plate.
const CYCLES: [&str; 2] = ["bicycle", "scooter"];
/// People on foot and in wheelchairs.
const WALKERS: [&str; 2] = ["pedestrian", "wheelchair"];
/// Everything else that may be named; enough to know whether a `disallow` list leaves ordinary traffic in.
const ORDINARY: [&str; 10] =
    ["passenger", "private", "truck", "trailer", "delivery", "motorcycle", "moped", "evehicle", "custom1", "custom2"];

/// The rest of SUMO's classes.
const SPECIAL: [&str; 4] = ["emergency", "authority", "army", "vip"];

fn known() -> impl Iterator<Item = &'static str> {
    TRANSIT.into_iter().chain(CYCLES).chain(WALKERS).chain(ORDINARY).chain(SPECIAL)
}

/// Who may use a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permissions {
    /// Whom a signal over it serves, `None` for a closed lane.
    kind: Option<GroupKind>,
    /// Bit *k* is set when the class *k* of [`known`] may use it.
    classes: u64,
}

impl Permissions {
    /// From the two attributes; SUMO allows everything where both are missing, and `allow` wins.
    pub(crate) fn from_lists(allow: Option<&str>, disallow: Option<&str>) -> Self {
        let allowed = |class: &str| match (allow, disallow) {
            (Some(list), _) => list.split_whitespace().any(|it| it == "all" || it == class),
            (None, Some(list)) => !list.split_whitespace().any(|it| it == "all" || it == class),
            (None, None) => true,
        };
        let named = |class: &str| known().any(|it| it == class) && !SPECIAL.contains(&class);
        let unknown = allow.is_some_and(|list| list.split_whitespace().any(|it| it != "all" && !named(it)));
        let any = |classes: &[&str]| classes.iter().any(|class| allowed(class));
        let kinds = [
            (GroupKind::Vehicle, any(&ORDINARY) || unknown),
            (GroupKind::Transit, any(&TRANSIT)),
            (GroupKind::Bicycle, any(&CYCLES)),
            (GroupKind::Pedestrian, any(&WALKERS)),
        ];
        Self {
            kind: kinds.into_iter().find(|(_, allowed)| *allowed).map(|(kind, _)| kind),
            classes: known().enumerate().filter(|(_, it)| allowed(it)).fold(0, |set, (bit, _)| set | 1 << bit),
        }
    }

    /// A lane whose signal serves one kind.
    pub(crate) const fn of(kind: GroupKind) -> Self {
        Self { kind: Some(kind), classes: 0 }
    }

    /// Whether a class may use it; one that is not known, where ordinary traffic may.
    pub(crate) fn allows(self, class: &str) -> bool {
        match known().position(|it| it == class) {
            Some(bit) => self.classes >> bit & 1 == 1,
            None => self.kind == Some(GroupKind::Vehicle),
        }
    }

    /// Whether motor vehicles or trams may use it, so that it is counted like a lane.
    pub(crate) const fn motorised(self) -> bool {
        matches!(self.kind, Some(GroupKind::Vehicle | GroupKind::Transit))
    }

    /// Whom a signal over this lane serves, the most demanding of those who may use it; `None` for a closed lane.
    pub(crate) const fn kind(self) -> Option<GroupKind> {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_without_lists_is_open_to_all() {
        assert_eq!(Permissions::from_lists(None, None).kind(), Some(GroupKind::Vehicle));
    }

    #[test]
    fn lists_of_classes_decide_whom_the_signal_serves() {
        let kind = |allow, disallow| Permissions::from_lists(allow, disallow).kind();
        assert_eq!(kind(Some("pedestrian"), None), Some(GroupKind::Pedestrian));
        assert_eq!(kind(Some("bicycle pedestrian"), None), Some(GroupKind::Bicycle));
        assert_eq!(kind(Some("bus taxi bicycle"), None), Some(GroupKind::Transit));
        assert_eq!(kind(Some("pedestrian delivery bicycle"), None), Some(GroupKind::Vehicle));
        assert_eq!(kind(None, Some("tram rail_urban ship")), Some(GroupKind::Vehicle));
        assert_eq!(kind(None, Some("all")), None);
        assert_eq!(kind(Some("hovercraft"), None), Some(GroupKind::Vehicle));
    }

    #[test]
    fn a_class_may_use_a_lane_that_names_it_or_does_not_exclude_it() {
        let allows = |allow, disallow, class| Permissions::from_lists(allow, disallow).allows(class);
        assert!(allows(Some("bus taxi"), None, "bus") && !allows(Some("bus taxi"), None, "passenger"));
        assert!(allows(None, Some("tram"), "passenger") && !allows(None, Some("tram"), "tram"));
        assert!(allows(None, None, "emergency") && !allows(Some("pedestrian"), None, "hovercraft"));
    }
}
