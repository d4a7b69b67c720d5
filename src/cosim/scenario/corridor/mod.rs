//! An avenue with cross streets, written in a few lines: street, signals, fixed programme, demand.
//!
//! ```text
//!        n01        n02              n12            signals s01 … s12 from west to east; the avenue runs west–east,
//!         │          │                │             cross streets leave to n.. in the north and p.. in the south
//!  west ─s01────────s02── … ────────s12─ east       (none at a T-junction); lanes from the right: straight and right,
//!         │          │                │             straight …, left
//!        p01        p02              p12
//! ```
//!
//! Stages: avenue with walking across the cross streets, avenue, its lefts, cross street (with walking across the avenue
//! where there is a crossing), its lefts. Right turns give way to who walks. A crossing of the avenue has an island in the
//! middle: each half is walked by itself, on the same lamp. Roads are called `FROM_TO`, flows after the road where they
//! begin; buses run along the whole avenue. Demand of cars follows turning shares.

pub(super) mod check;
mod demand;
mod programme;
mod street;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulator::demand::DemandFile;
use simulator::street::{StreetFile, Turn};

const LANE_M: f64 = 3.2;

/// An avenue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorridorFile {
    /// Distances between neighbouring signals from west to east \[m\], 80…2000; one less than there are signals.
    pub spacing_m: Vec<f64>,
    /// Length of the avenue before the first and after the last signal \[m\], 50…2000.
    pub ends_m: f64,
    /// Length of the cross streets \[m\], 50…2000.
    pub side_m: f64,
    /// Speed limit of the avenue \[m/s\], 3…40.
    pub speed_mps: f64,
    /// Speed limit of the cross streets \[m/s\], 3…40.
    pub side_speed_mps: f64,
    /// Lanes of the avenue in each direction, the one for left turns included, 2…6.
    pub lanes: usize,
    /// Lanes of the cross streets in each direction, the one for left turns included, 2…6.
    pub side_lanes: usize,
    /// Yellow \[s\], 3…6.
    pub yellow_s: f64,
    /// Red after yellow \[s\], 0…10.
    pub all_red_s: f64,
    /// Signals (1 is the westernmost) without a street to the south.
    pub tees: Vec<usize>,
    /// Whether people walk across the cross streets.
    pub side_crossings: bool,
    /// Signals where people walk across the avenue.
    pub avenue_crossings: Vec<usize>,
    /// Whether people have to push a button.
    pub push_buttons: bool,
    /// Greens of the fixed programme \[s\]: avenue, its lefts, cross street, its lefts; 5…120.
    pub fixed_s: [f64; 4],
    /// Speed of the green wave from west to east of the fixed programme \[m/s\], 3…40.
    pub wave_mps: f64,
    /// Who drives and walks.
    pub demand: CorridorDemandFile,
}

impl Default for CorridorFile {
    fn default() -> Self {
        Self {
            spacing_m: Vec::new(),
            ends_m: 400.0,
            side_m: 300.0,
            speed_mps: 13.9,
            side_speed_mps: 13.9,
            lanes: 3,
            side_lanes: 2,
            yellow_s: 4.0,
            all_red_s: 2.0,
            tees: Vec::new(),
            side_crossings: false,
            avenue_crossings: Vec::new(),
            push_buttons: true,
            fixed_s: [32.0, 9.0, 22.0, 9.0],
            wave_mps: 12.5,
            demand: CorridorDemandFile::default(),
        }
    }
}

/// Demand of an avenue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorridorDemandFile {
    /// Vehicles that enter the avenue in the west \[veh/h\].
    pub west_veh_per_h: f64,
    /// Vehicles that enter it in the east \[veh/h\].
    pub east_veh_per_h: f64,
    /// Vehicles that enter each cross street at either end \[veh/h\].
    pub side_veh_per_h: f64,
    /// Weight of each signal's cross street; 1 for those that are not listed.
    pub side_weights: Vec<f64>,
    /// Shares of left and right turns from the avenue, 0…1.
    pub avenue_turns: [f64; 2],
    /// Shares of left and right turns from the cross streets, 0…1.
    pub side_turns: [f64; 2],
    /// Points (time \[s\], factor) of all flows of cars; factor 1 when empty.
    pub profile: Vec<(f64, f64)>,
    /// Share of trucks.
    pub trucks: f64,
    /// Buses along the avenue, each direction \[veh/h\].
    pub buses_per_h: f64,
    /// People at each crossing \[1/h\].
    pub pedestrians_per_h: f64,
}

impl Default for CorridorDemandFile {
    fn default() -> Self {
        Self {
            west_veh_per_h: 0.0,
            east_veh_per_h: 0.0,
            side_veh_per_h: 0.0,
            side_weights: Vec::new(),
            avenue_turns: [0.08, 0.08],
            side_turns: [0.3, 0.3],
            profile: Vec::new(),
            trucks: 0.05,
            buses_per_h: 0.0,
            pedestrians_per_h: 0.0,
        }
    }
}

/// A leg of a junction, seen from its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    West,
    East,
    North,
    South,
}

impl Leg {
    /// Leg that one gets to by a turn.
    const fn by(self, turn: Turn) -> Self {
        match (self, turn) {
            (Self::West, Turn::Straight) | (Self::North, Turn::Left) | (Self::South, Turn::Right) => Self::East,
            (Self::East, Turn::Straight) | (Self::North, Turn::Right) | (Self::South, Turn::Left) => Self::West,
            (Self::West, Turn::Left) | (Self::East, Turn::Right) | (Self::South, Turn::Straight) => Self::North,
            (Self::West, Turn::Right) | (Self::East, Turn::Left) | (Self::North, Turn::Straight) => Self::South,
            (leg, Turn::U) => leg,
        }
    }

    const fn avenue(self) -> bool {
        matches!(self, Self::West | Self::East)
    }
}

const TURNS: [Turn; 3] = [Turn::Left, Turn::Straight, Turn::Right];

impl CorridorFile {
    /// How many signals there are.
    pub fn signals(&self) -> usize {
        self.spacing_m.len() + 1
    }

    /// Street and demand of a scenario that lasts from `begin_s` to `end_s`.
    pub fn files(&self, begin_s: f64, end_s: f64) -> (StreetFile, DemandFile) {
        (self.street(), self.demand(begin_s, end_s))
    }

    fn legs(&self, number: usize) -> Vec<Leg> {
        let mut legs = vec![Leg::West, Leg::East, Leg::North];
        legs.extend((!self.tees.contains(&number)).then_some(Leg::South));
        legs
    }

    /// Turns that lead somewhere.
    fn turns(&self, number: usize, leg: Leg) -> impl Iterator<Item = Turn> + use<> {
        let legs = self.legs(number);
        TURNS.into_iter().filter(move |&turn| legs.contains(&leg.by(turn)))
    }

    /// Junction at the other end of a leg.
    fn end_of(&self, number: usize, leg: Leg) -> String {
        match leg {
            Leg::West if number == 1 => "west".to_owned(),
            Leg::West => signal_name(number - 1),
            Leg::East if number == self.signals() => "east".to_owned(),
            Leg::East => signal_name(number + 1),
            Leg::North => format!("n{number:02}"),
            Leg::South => format!("p{number:02}"),
        }
    }
}

fn signal_name(number: usize) -> String {
    format!("s{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::street::Street;

    fn avenue() -> CorridorFile {
        CorridorFile {
            spacing_m: vec![300.0, 400.0],
            tees: vec![2],
            side_crossings: true,
            avenue_crossings: vec![1, 2],
            demand: CorridorDemandFile {
                west_veh_per_h: 900.0,
                buses_per_h: 6.0,
                pedestrians_per_h: 60.0,
                ..CorridorDemandFile::default()
            },
            ..CorridorFile::default()
        }
    }

    #[test]
    fn an_avenue_with_a_t_junction_and_crossings_is_a_street_whose_programmes_are_safe() {
        let street = Street::build(avenue().files(0.0, 600.0).0);
        let street = street.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!((street.signals.len(), street.crossings.len()), (3, 2 + 1 + 2 + 2 + 2));
        // four legs with three turns each, two crossings of the sides, one of the avenue; the T-junction has three legs
        assert_eq!(street.signals.iter().map(|it| it.groups).collect::<Vec<_>>(), [12 + 3, 6 + 2, 12 + 2]);
    }

    #[test]
    fn everybody_finds_a_way() {
        let (street, demand) = avenue().files(0.0, 600.0);
        let street = Street::build(street).unwrap();
        let demand = simulator::demand::Demand::build(&street, &demand, 1, 0.0, 600.0).unwrap();
        assert!((110..200).contains(&demand.trips.len()), "{}", demand.trips.len());
        assert!(demand.pedestrians.len() > 40);
    }
}
