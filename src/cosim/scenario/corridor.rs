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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulator::demand::{DemandFile, Depart, FlowFile, PedestrianFile, Process, TurningFile};
use simulator::street::{
    Control, CrossingFile, JunctionFile, LampFile, LaneFile, RoadFile, SignalFile, StageFile, StreetFile, Turn,
};

const LANE_M: f64 = 3.2;
/// Walking speed for clearances \[m/s\] (MUTCD 4E.06).
const WALK_MPS: f64 = 1.07;
const WALK_S: f64 = 7.0;

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

    fn street(&self) -> StreetFile {
        let mut file = StreetFile::default();
        let boundary = |id: String, x_m, y_m| JunctionFile { id, x_m, y_m, control: Control::Boundary, signal: None };
        let radius = self.lanes.max(self.side_lanes) as f64 * LANE_M + 3.0;
        let (mut x_m, count) = (0.0, self.signals());
        file.junctions.push(boundary("west".to_owned(), -self.ends_m - radius, 0.0));
        for number in 1..=count {
            let (id, signal) = (signal_name(number), Some(signal_name(number)));
            file.junctions.push(JunctionFile { id, x_m, y_m: 0.0, control: Control::Signal, signal });
            for leg in self.legs(number).into_iter().filter(|leg| !leg.avenue()) {
                let y_m = if leg == Leg::North { self.side_m + radius } else { -self.side_m - radius };
                file.junctions.push(boundary(self.end_of(number, leg), x_m, y_m));
            }
            self.junction(number, radius, &mut file);
            x_m += self.spacing_m.get(number - 1).copied().unwrap_or(0.0);
        }
        file.junctions.push(boundary("east".to_owned(), x_m + self.ends_m + radius, 0.0));
        file
    }

    /// Roads into a junction, roads out of it to the edge, crossings, signal.
    fn junction(&self, number: usize, radius: f64, file: &mut StreetFile) {
        let id = signal_name(number);
        for leg in self.legs(number) {
            file.roads.push(self.road(number, leg, radius, true));
            let other = self.end_of(number, leg);
            if !other.starts_with('s') {
                file.roads.push(self.road(number, leg, radius, false));
            }
        }
        let mut groups: usize = self.legs(number).iter().map(|&leg| self.turns(number, leg).count()).sum();
        let lamp = |group| Some(LampFile { signal: id.clone(), group });
        let crossing = |name: String, crosses: Vec<String>, lanes: usize, group: usize| CrossingFile {
            id: name,
            junction: id.clone(),
            crosses,
            length_m: lanes as f64 * LANE_M + 0.6,
            signal: lamp(group),
            push_button: self.push_buttons,
        };
        if self.side_crossings {
            for leg in self.legs(number).into_iter().filter(|leg| !leg.avenue()) {
                let other = self.end_of(number, leg);
                let crosses = vec![format!("{other}_{id}"), format!("{id}_{other}")];
                file.crossings.push(crossing(format!("{id}.{other}"), crosses, 2 * self.side_lanes, groups));
                groups += 1;
            }
        }
        if self.avenue_crossings.contains(&number) {
            let other = self.end_of(number, Leg::West);
            let halves = [format!("{other}_{id}"), format!("{id}_{other}")];
            for half in halves {
                file.crossings.push(crossing(format!("{id}.{half}"), vec![half], self.lanes, groups));
            }
            groups += 1;
        }
        file.signals.push(self.signal(number, groups));
    }

    fn road(&self, number: usize, leg: Leg, radius: f64, into: bool) -> RoadFile {
        let (id, other) = (signal_name(number), self.end_of(number, leg));
        let (from, to) = if into { (other, id) } else { (id, other) };
        let (lanes, speed_mps) =
            if leg.avenue() { (self.lanes, self.speed_mps) } else { (self.side_lanes, self.side_speed_mps) };
        let length_m = match leg {
            Leg::North | Leg::South => self.side_m,
            Leg::West => self.between(number.wrapping_sub(2), radius),
            Leg::East => self.between(number - 1, radius),
        };
        let turns: Vec<Turn> = self.turns(number, leg).collect();
        let lane =
            |k| LaneFile { turns: if into { lane_turns(&turns, k, lanes) } else { Vec::new() }, ..LaneFile::default() };
        RoadFile {
            id: format!("{from}_{to}"),
            from,
            to,
            length_m,
            speed_mps,
            priority: 0,
            shape: Vec::new(),
            lanes: (0..lanes).map(lane).collect(),
        }
    }

    /// Length of the avenue from one signal to the next, or to its end.
    fn between(&self, position: usize, radius: f64) -> f64 {
        self.spacing_m.get(position).map_or(self.ends_m, |spacing| (spacing - 2.0 * radius).max(30.0))
    }

    /// Lamp of each group in a stage: who drives, and who walks.
    fn letters(&self, number: usize, drive: impl Fn(Leg, Turn) -> bool, walk: Walk) -> String {
        let mut letters = String::new();
        for leg in self.legs(number) {
            for turn in self.turns(number, leg) {
                // Who turns across the walkers of his stage gives way.
                let crossed = match walk {
                    Walk::Nobody => false,
                    Walk::Sides => self.side_crossings && leg.avenue(),
                    Walk::Avenue => {
                        self.avenue_crossings.contains(&number) && !leg.avenue() && leg.by(turn) == Leg::West
                    }
                };
                let gives_way = crossed && turn != Turn::Straight;
                letters.push(if !drive(leg, turn) {
                    'r'
                } else if gives_way {
                    'g'
                } else {
                    'G'
                });
            }
        }
        let sides = if self.side_crossings { self.legs(number).len() - 2 } else { 0 };
        letters.extend(std::iter::repeat_n(if walk == Walk::Sides { 'G' } else { 'r' }, sides));
        if self.avenue_crossings.contains(&number) {
            letters.push(if walk == Walk::Avenue { 'G' } else { 'r' });
        }
        letters
    }

    fn signal(&self, number: usize, groups: usize) -> SignalFile {
        let tee = self.tees.contains(&number);
        let avenue = |leg: Leg, turn: Turn| leg.avenue() && turn != Turn::Left;
        let lefts = |leg: Leg, turn: Turn| leg.avenue() && turn == Turn::Left;
        let side = |leg: Leg, turn: Turn| !leg.avenue() && (tee || turn != Turn::Left);
        let side_lefts = |leg: Leg, turn: Turn| !leg.avenue() && turn == Turn::Left;
        let [avenue_s, lefts_s, side_s, side_lefts_s] = self.fixed_s;
        let mut stages = Vec::new();
        let clear_s =
            |walks: bool, lanes: usize| if walks { ((lanes as f64 * LANE_M + 0.6) / WALK_MPS).ceil() } else { 0.0 };
        let sides_s = clear_s(self.side_crossings, 2 * self.side_lanes);
        self.green(number, &mut stages, avenue, Walk::Sides, (avenue_s, sides_s));
        self.green(number, &mut stages, lefts, Walk::Nobody, (lefts_s, 0.0));
        let avenue_clear_s = clear_s(self.avenue_crossings.contains(&number), self.lanes);
        self.green(number, &mut stages, side, Walk::Avenue, (side_s, avenue_clear_s));
        if !tee {
            self.green(number, &mut stages, side_lefts, Walk::Nobody, (side_lefts_s, 0.0));
        }
        let way_m: f64 = self.spacing_m[..number - 1].iter().sum();
        SignalFile {
            id: signal_name(number),
            groups,
            stages,
            offset_s: (way_m / self.wave_mps).round(),
            yellow_s: self.yellow_s,
            all_red_s: self.all_red_s,
            min_green_s: 5.0,
            conflicts: Vec::new(),
        }
    }

    /// A green, first with walking and then without while the walkers clear, then yellow and red.
    fn green(
        &self,
        number: usize,
        stages: &mut Vec<StageFile>,
        drive: impl Fn(Leg, Turn) -> bool + Copy,
        walk: Walk,
        (green_s, clear_s): (f64, f64),
    ) {
        let alone = self.letters(number, drive, Walk::Nobody);
        let mut rest_s = green_s;
        if clear_s > 0.0 {
            let walk_s = WALK_S.max(green_s - clear_s);
            stages.push(StageFile { duration_s: walk_s, state: self.letters(number, drive, walk) });
            rest_s = clear_s;
        }
        stages.push(StageFile { duration_s: rest_s, state: alone.clone() });
        let (yellow, red) = (alone.replace('G', "y"), alone.replace('G', "r"));
        stages.push(StageFile { duration_s: self.yellow_s, state: yellow });
        if self.all_red_s > 0.0 {
            stages.push(StageFile { duration_s: self.all_red_s, state: red });
        }
    }

    fn demand(&self, begin_s: f64, end_s: f64) -> DemandFile {
        let demand = &self.demand;
        let mut file = DemandFile::default();
        for number in 1..=self.signals() {
            for leg in self.legs(number) {
                let (id, other) = (signal_name(number), self.end_of(number, leg));
                file.turning.push(self.turning(number, leg));
                let weight = demand.side_weights.get(number - 1).copied().unwrap_or(1.0);
                let veh_per_h = match (leg, other.starts_with('s')) {
                    (_, true) => continue,
                    (Leg::West, _) => demand.west_veh_per_h,
                    (Leg::East, _) => demand.east_veh_per_h,
                    _ => demand.side_veh_per_h * weight,
                };
                let mut flow = flow(&other, vec![format!("{other}_{id}")], veh_per_h, (begin_s, end_s));
                flow.profile.clone_from(&demand.profile);
                flow.classes = vec![("car".to_owned(), 1.0 - demand.trucks), ("truck".to_owned(), demand.trucks)];
                file.flows.push(flow);
            }
        }
        if demand.buses_per_h > 0.0 {
            let last = signal_name(self.signals());
            let ways =
                [["west_s01".to_owned(), format!("{last}_east")], [format!("east_{last}"), "s01_west".to_owned()]];
            for (name, way) in ["bus-east", "bus-west"].into_iter().zip(ways) {
                let mut flow = flow(name, way.to_vec(), demand.buses_per_h, (begin_s, end_s));
                flow.process = Process::Uniform;
                flow.classes = vec![("bus".to_owned(), 1.0)];
                file.flows.push(flow);
            }
        }
        if demand.pedestrians_per_h > 0.0 {
            let crossings = self.street().crossings;
            let people = |crossing: CrossingFile| PedestrianFile {
                crossing: crossing.id,
                per_h: demand.pedestrians_per_h,
                begin_s,
                end_s,
            };
            file.pedestrians.extend(crossings.into_iter().map(people));
        }
        file
    }

    fn turning(&self, number: usize, leg: Leg) -> TurningFile {
        let id = signal_name(number);
        let [left, right] = if leg.avenue() { self.demand.avenue_turns } else { self.demand.side_turns };
        let share = |turn| match turn {
            Turn::Left => left,
            Turn::Right => right,
            _ => (1.0 - left - right).max(0.0),
        };
        let to = self.turns(number, leg).map(|turn| {
            let other = self.end_of(number, leg.by(turn));
            (format!("{id}_{other}"), share(turn))
        });
        TurningFile { from: format!("{}_{id}", self.end_of(number, leg)), to: to.collect() }
    }
}

/// Who walks in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Nobody,
    Sides,
    Avenue,
}

fn signal_name(number: usize) -> String {
    format!("s{number:02}")
}

/// Turns of a lane: the leftmost for left turns, the rightmost for straight and right, those between straight; what a
/// T-junction does not have goes to the neighbours.
fn lane_turns(turns: &[Turn], lane: usize, lanes: usize) -> Vec<Turn> {
    let has = |turn| turns.contains(&turn);
    let wanted: &[Turn] = match lane {
        _ if lane + 1 == lanes && has(Turn::Left) => &[Turn::Left],
        0 => &[Turn::Straight, Turn::Right],
        _ if has(Turn::Straight) => &[Turn::Straight],
        _ => &[Turn::Right],
    };
    wanted.iter().copied().filter(|&turn| has(turn)).collect()
}

fn flow(name: &str, route: Vec<String>, veh_per_h: f64, (begin_s, end_s): (f64, f64)) -> FlowFile {
    FlowFile {
        id: name.to_owned(),
        route,
        veh_per_h,
        begin_s,
        end_s,
        process: Process::Poisson,
        profile: Vec::new(),
        classes: Vec::new(),
        depart: Depart::default(),
    }
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
