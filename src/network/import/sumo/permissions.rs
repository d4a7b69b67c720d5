//! Who may use a lane, from SUMO's `allow` and `disallow` lists of vehicle classes.
//!
//! Only one question matters here, whom a signal over the lane serves, so a list is folded into that as it is read. A class that is not known counts
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

/// Who may use a lane: whom a signal over it serves, `None` for a closed lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permissions(Option<GroupKind>);

impl Permissions {
    /// From the two attributes; SUMO allows everything where both are missing, and `allow` wins.
    pub(crate) fn from_lists(allow: Option<&str>, disallow: Option<&str>) -> Self {
        let allowed = |class: &str| match (allow, disallow) {
            (Some(list), _) => list.split_whitespace().any(|it| it == "all" || it == class),
            (None, Some(list)) => !list.split_whitespace().any(|it| it == "all" || it == class),
            (None, None) => true,
        };
        let known = |class: &str| TRANSIT.iter().chain(&CYCLES).chain(&WALKERS).chain(&ORDINARY).any(|&it| it == class);
        let unknown = allow.is_some_and(|list| list.split_whitespace().any(|it| it != "all" && !known(it)));
        let any = |classes: &[&str]| classes.iter().any(|class| allowed(class));
        let kinds = [
            (GroupKind::Vehicle, any(&ORDINARY) || unknown),
            (GroupKind::Transit, any(&TRANSIT)),
            (GroupKind::Bicycle, any(&CYCLES)),
            (GroupKind::Pedestrian, any(&WALKERS)),
        ];
        Self(kinds.into_iter().find(|(_, allowed)| *allowed).map(|(kind, _)| kind))
    }

    /// A lane whose signal serves one kind.
    pub(crate) const fn of(kind: GroupKind) -> Self {
        Self(Some(kind))
    }

    /// Whether motor vehicles or trams may use it, so that it is counted like a lane.
    pub(crate) const fn motorised(self) -> bool {
        matches!(self.0, Some(GroupKind::Vehicle | GroupKind::Transit))
    }

    /// Whom a signal over this lane serves, the most demanding of those who may use it; `None` for a closed lane.
    pub(crate) const fn kind(self) -> Option<GroupKind> {
        self.0
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
}
