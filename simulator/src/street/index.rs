//! Numbers of things of a street: one type each, so that a lane's number cannot be used for a link.

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Position in the street's list.
            #[must_use]
            pub const fn at(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            fn from(at: usize) -> Self {
                Self(at as u32)
            }
        }
    )*};
}

index! {
    /// A junction.
    JunctionIx
    /// A road.
    RoadIx
    /// A lane of a road.
    LaneIx
    /// A link: a way of one lane through a junction to one lane.
    LinkIx
    /// A signal controller.
    SignalIx
    /// A crossing of pedestrians.
    CrossingIx
    /// A class of vehicles.
    ClassIx
}
