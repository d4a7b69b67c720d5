//! Change and clearance intervals by formula, with the inputs that they were made from.
//!
//! In: a network, what an engineer has measured of a group (speed, grade, width, crosswalk). Out: the network with the intervals that are
//! used, and a row for every group with what stands in the file, what the formula gives and which inputs it had. Formulas and
//! sources: [`crate::network::timing`] (ITE 2020, MUTCD 4I.06).
//!
//! What nobody has measured is taken so: speed = limit of the fastest lane + 11 km/h for yellow, the limit itself for red clearance, and at
//! most 8.9 m/s (20 mph, ITE) for turns; grade 0; width = two carriageways of the widest approach in conflict; crosswalk = what the clearance
//! in the file is enough for at 1.07 m/s. Weakness: a network file holds no widths. Where it was imported from a street with lengths over the
//! junction (SUMO, our own simulator), its red clearances come from those, and are taken as the formula's.

use crate::ids::GroupIx;
use crate::network::table::Table;
use crate::network::timing::{pedestrian, red_clearance, speed_85th, to_whole_seconds, yellow_ite};
use crate::network::{GroupKind, Intersection, Network, Problems, Turn};
use crate::time::Millis;
use serde::Serialize;
use std::collections::BTreeMap;

/// Speed of a turning vehicle that clears the junction \[m/s\].
const TURNING_MPS: f64 = 8.9;
/// Walking speed behind the pedestrian clearance \[m/s\].
const WALKING_MPS: f64 = 1.07;
/// Longest red clearance of a network file.
const RED_LIMIT: Millis = Millis(30_000);

/// Which interval is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// What the formula gives, and never less than the file.
    Longer,
    /// What the formula gives.
    Formula,
    /// What the file says.
    File,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntervalSettings {
    /// Which one is used.
    pub policy: Policy,
    /// One yellow for all vehicles, whatever the policy, 2…6 s.
    pub yellow: Option<Millis>,
    /// One red clearance for all conflicts, 0…30 s.
    pub all_red: Option<Millis>,
    /// One minimum green for all vehicles, 1…60 s.
    pub green_min: Option<Millis>,
    /// Width of a lane, for widths that nobody has measured \[m\].
    pub lane_width_m: f64,
    /// Whether red clearances of the network were made from lengths over the junction.
    pub ways_are_known: bool,
    /// Whether everything is rounded up to whole seconds, for streets that step by the second.
    pub whole_seconds: bool,
}

impl Default for IntervalSettings {
    fn default() -> Self {
        Self {
            policy: Policy::Longer,
            yellow: None,
            all_red: None,
            green_min: None,
            lane_width_m: 3.6,
            ways_are_known: false,
            whole_seconds: false,
        }
    }
}

/// What was measured of a group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// 85th percentile speed \[m/s\].
    pub speed_mps: Option<f64>,
    /// Slope, 0.03 is 3 % uphill.
    pub grade: Option<f64>,
    /// Width of the conflict area \[m\].
    pub width_m: Option<f64>,
    /// Length of the crosswalk \[m\].
    pub crosswalk_m: Option<f64>,
}

/// Measured values by intersection and group.
pub type Inputs = BTreeMap<(String, String), Measured>;

/// Where an input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// It was measured.
    Measured,
    /// From the speed limit.
    Limit,
    /// Lanes times their width.
    Lanes,
    /// From the lengths over the junction, at the import.
    Import,
    /// From the clearance in the file.
    File,
    /// One value for all was asked for.
    Asked,
}

/// The intervals of one group with their inputs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupIntervals {
    /// Where.
    pub intersection: String,
    /// Which group.
    pub group: String,
    /// Whom it serves.
    pub kind: GroupKind,
    /// 85th percentile speed \[m/s\]; none for pedestrians.
    pub speed_mps: Option<f64>,
    /// Whence it is known.
    pub speed_from: Option<From>,
    /// Slope.
    pub grade: f64,
    /// Width of the conflict area \[m\]; none where nothing conflicts, or it went in at the import.
    pub width_m: Option<f64>,
    /// Whence it is known.
    pub width_from: Option<From>,
    /// Length of the crosswalk \[m\].
    pub crosswalk_m: Option<f64>,
    /// Change interval in the file \[s\]: yellow, or pedestrian clearance.
    pub change_file_s: f64,
    /// By the formula \[s\].
    pub change_formula_s: f64,
    /// Used \[s\].
    pub change_s: f64,
    /// Longest red clearance in the file \[s\].
    pub red_file_s: f64,
    /// By the formula \[s\]; none where it is only known that the import had it.
    pub red_formula_s: Option<f64>,
    /// Longest that is used \[s\].
    pub red_s: f64,
    /// Shortest green (walk) that is used \[s\].
    pub green_min_s: f64,
}

/// What was measured, from a table `intersection,group,speed_kmh,grade_pct,width_m,crosswalk_m`; cells may be empty.
///
/// # Errors
/// File, line and column of every cell that cannot be used.
pub fn read_inputs(text: &str, source: &str, network: &Network) -> Result<Inputs, Problems> {
    let mut problems = Problems::default();
    let table = Table::read(text, source, &["intersection", "group"], &mut problems);
    table.only(&["intersection", "group", "speed_kmh", "grade_pct", "width_m", "crosswalk_m"], &mut problems);
    let mut inputs = Inputs::new();
    for row in table.rows() {
        let (place, group) = (table.word(row, "intersection"), table.word(row, "group"));
        let Some(intersection) = network.intersections.iter().find(|it| it.id.as_str() == place) else {
            problems.push(
                table.place(row, "intersection"),
                format_args!("`{place}`"),
                "an intersection of the network",
            );
            continue;
        };
        if intersection.groups.iter().all(|it| it.id != group) {
            let known: Vec<&str> = intersection.groups.iter().map(|it| it.id.as_str()).collect();
            problems.push(table.place(row, "group"), format_args!("`{group}`"), known.join(", "));
        }
        let mut cell = |column: &str, range: std::ops::RangeInclusive<f64>, unit: &str| {
            table.text(row, column)?;
            table.within(row, column, &range, unit, &mut problems)
        };
        let measured = Measured {
            speed_mps: cell("speed_kmh", 5.0..=150.0, "km/h").map(|it| it / 3.6),
            grade: cell("grade_pct", -15.0..=15.0, "%").map(|it| it / 100.0),
            width_m: cell("width_m", 1.0..=150.0, "m"),
            crosswalk_m: cell("crosswalk_m", 1.0..=60.0, "m"),
        };
        if inputs.insert((place.to_owned(), group.to_owned()), measured).is_some() {
            problems.push(table.place(row, "group"), format_args!("`{place}` `{group}` twice"), "every group once");
        }
    }
    problems.into_result(inputs)
}

/// The network with the intervals that are used, and how each was made.
///
/// # Errors
/// What is wrong with the network that comes out.
pub fn designed(
    network: &Network,
    settings: &IntervalSettings,
    inputs: &Inputs,
) -> Result<(Network, Vec<GroupIntervals>), Problems> {
    let mut file = network.to_file();
    let mut rows = Vec::new();
    for (intersection, written) in network.intersections.iter().zip(&mut file.intersections) {
        let maker = Maker { intersection, settings, inputs };
        let own: Vec<GroupIntervals> = intersection.group_ixs().map(|group| maker.row(group)).collect();
        for (row, group) in own.iter().zip(&mut written.groups) {
            group.change_ms = Millis::from_secs_f64(row.change_s);
            group.green_min_ms = Millis::from_secs_f64(row.green_min_s);
        }
        for conflict in &mut written.conflicts {
            for (name, red) in conflict.between.iter().zip(&mut conflict.red_clearance_ms) {
                let row = own.iter().find(|it| it.group == *name);
                *red = row.map_or(*red, |row| maker.red(row, *red));
            }
        }
        rows.extend(own);
    }
    if settings.whole_seconds {
        file = to_whole_seconds(file);
    }
    let network = Network::build(file)?;
    for (row, (intersection, group)) in rows.iter_mut().zip(all_groups(&network)) {
        let group_is = &intersection.groups[group.0];
        let reds = intersection.group_ixs().filter(|&it| intersection.conflicts.conflicting(group, it));
        row.red_s = reds
            .map(|it| intersection.intergreens[[group.0, it.0]] - group_is.change)
            .max()
            .unwrap_or_default()
            .as_secs_f64();
        (row.change_s, row.green_min_s) = (group_is.change.as_secs_f64(), group_is.green_min.as_secs_f64());
    }
    Ok((network, rows))
}

fn all_groups(network: &Network) -> impl Iterator<Item = (&Intersection, GroupIx)> {
    network.intersections.iter().flat_map(|it| it.group_ixs().map(move |group| (it, group)))
}

struct Maker<'a> {
    intersection: &'a Intersection,
    settings: &'a IntervalSettings,
    inputs: &'a Inputs,
}

impl Maker<'_> {
    fn row(&self, group: GroupIx) -> GroupIntervals {
        let definition = &self.intersection.groups[group.0];
        let key = (self.intersection.id.to_string(), definition.id.clone());
        let measured = self.inputs.get(&key).copied().unwrap_or_default();
        let (change_file, red_file) = (definition.change, self.longest_red(group));
        let mut row = GroupIntervals {
            intersection: key.0,
            group: key.1,
            kind: definition.kind,
            speed_mps: None,
            speed_from: None,
            grade: measured.grade.unwrap_or(0.0),
            width_m: None,
            width_from: None,
            crosswalk_m: None,
            change_file_s: change_file.as_secs_f64(),
            change_formula_s: 0.0,
            change_s: 0.0,
            red_file_s: red_file.as_secs_f64(),
            red_formula_s: None,
            red_s: 0.0,
            green_min_s: definition.green_min.as_secs_f64(),
        };
        if definition.kind == GroupKind::Pedestrian {
            let length_m = measured.crosswalk_m.unwrap_or(change_file.as_secs_f64() * WALKING_MPS);
            let times = pedestrian(length_m);
            row.crosswalk_m = Some(length_m);
            row.change_formula_s = times.clearance.as_secs_f64();
            row.change_s = self.used(change_file, times.clearance).min(Millis(60_000)).as_secs_f64();
            row.green_min_s = self.used(definition.green_min, times.walk).as_secs_f64();
            return row;
        }
        let limit = self.limit_mps(group);
        let speed = measured.speed_mps.unwrap_or_else(|| speed_85th(limit));
        let yellow = yellow_ite(speed, row.grade);
        row.speed_mps = Some(speed);
        row.speed_from = Some(if measured.speed_mps.is_some() { From::Measured } else { From::Limit });
        row.change_formula_s = yellow.as_secs_f64();
        row.change_s = self.settings.yellow.unwrap_or_else(|| self.used(change_file, yellow)).as_secs_f64();
        row.green_min_s = self.settings.green_min.unwrap_or(definition.green_min).as_secs_f64();
        if let Some(width) = measured.width_m.or_else(|| self.width_by_lanes(group)) {
            let clearing = if self.turns_only(group) { limit.min(TURNING_MPS) } else { limit };
            row.width_m = Some(width);
            row.width_from = Some(if measured.width_m.is_some() { From::Measured } else { From::Lanes });
            row.red_formula_s = Some(red_clearance(width, clearing).min(RED_LIMIT).as_secs_f64());
        } else if self.settings.ways_are_known {
            row.width_from = Some(From::Import);
        }
        if self.settings.all_red.is_some() {
            row.width_from = Some(From::Asked);
        }
        row
    }

    /// The red clearance that is used where the file has `in_file`.
    fn red(&self, row: &GroupIntervals, in_file: Millis) -> Millis {
        if row.kind == GroupKind::Pedestrian {
            return in_file;
        }
        let formula = row.red_formula_s.map_or(in_file, Millis::from_secs_f64);
        self.settings.all_red.unwrap_or_else(|| self.used(in_file, formula))
    }

    fn used(&self, file: Millis, formula: Millis) -> Millis {
        match self.settings.policy {
            Policy::Longer => file.max(formula),
            Policy::Formula => formula,
            Policy::File => file,
        }
    }

    fn longest_red(&self, group: GroupIx) -> Millis {
        let it = self.intersection;
        let others = it.group_ixs().filter(|&other| it.conflicts.conflicting(group, other));
        others.map(|other| it.intergreens[[group.0, other.0]] - it.groups[group.0].change).max().unwrap_or_default()
    }

    fn limit_mps(&self, group: GroupIx) -> f64 {
        self.intersection.lanes_of(group).map(|lane| self.intersection.lanes[lane.0].speed_mps).fold(0.0, f64::max)
    }

    fn turns_only(&self, group: GroupIx) -> bool {
        let mut own = self.intersection.movements.iter().filter(|it| it.group == group);
        own.all(|it| it.turn != Turn::Through)
    }

    /// Two carriageways of the widest approach in conflict, where no length over the junction is known.
    fn width_by_lanes(&self, group: GroupIx) -> Option<f64> {
        let it = self.intersection;
        if self.settings.ways_are_known {
            return None;
        }
        let others = it.group_ixs().filter(|&other| it.conflicts.conflicting(group, other));
        let lanes = others.flat_map(|other| it.lanes_of(other)).map(|lane| it.lanes[lane.0].approach);
        let widest = lanes.map(|approach| it.approaches[approach].lanes.len()).max()?;
        Some(2.0 * widest as f64 * self.settings.lane_width_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    fn alone() -> Network {
        Network { city: "c".into(), intersections: vec![crossroads()], links: Vec::new() }
    }

    #[test]
    fn intervals_come_from_speed_and_lanes_and_are_never_shorter_than_the_file() {
        let (network, rows) = designed(&alone(), &IntervalSettings::default(), &Inputs::new()).unwrap();
        // 13.89 m/s + 11 km/h = 16.95 m/s: 1 + 16.95/6.1 = 3.78 s; four lanes of 3.6 m: (14.4 + 6.1)/13.89 = 1.48 s
        let row = &rows[0];
        assert_eq!((row.change_file_s, row.change_formula_s, row.change_s), (3.0, 3.8, 3.8));
        assert_eq!((row.red_file_s, row.red_formula_s, row.red_s), (1.0, Some(1.5), 1.5));
        assert_eq!(row.width_from, Some(From::Lanes));
        // a turn clears at 8.9 m/s
        assert_eq!(rows[1].red_formula_s, Some(2.4));
        assert_eq!(network.intersections[0].intergreens[[0, 2]], Millis(5_300));
        let file = IntervalSettings { policy: Policy::File, ..IntervalSettings::default() };
        assert_eq!(
            designed(&alone(), &file, &Inputs::new()).unwrap().0.intersections[0].intergreens[[0, 2]],
            Millis(4_000)
        );
    }

    #[test]
    fn what_was_measured_goes_before_what_is_guessed() {
        let network = alone();
        let text = "intersection,group,speed_kmh,grade_pct,width_m\ncrossroads,g0,70,-4,30\n";
        let inputs = read_inputs(text, "m.csv", &network).unwrap();
        let (_, rows) = designed(&network, &IntervalSettings::default(), &inputs).unwrap();
        // 19.44 m/s, 4 % down: 1 + 19.44/(6.1 − 0.785) = 4.66 s; (30 + 6.1)/13.89 = 2.6 s
        assert_eq!((rows[0].change_s, rows[0].red_s, rows[0].width_from), (4.7, 2.6, Some(From::Measured)));
    }

    #[test]
    fn a_bad_cell_is_told_with_its_line_and_its_range() {
        let text = "intersection,group,speed_kmh\ncrossroads,g0,700\nnowhere,g0,50\ncrossroads,g99,50\n";
        let told = read_inputs(text, "m.csv", &alone()).unwrap_err().to_string();
        for wanted in [
            "m.csv:2: speed_kmh: 700 km/h (allowed: 5…150 km/h)",
            "m.csv:3: intersection: `nowhere`",
            "m.csv:4: group: `g99`",
        ] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
    }

    #[test]
    fn one_value_for_all_goes_before_every_policy_and_whole_seconds_round_up() {
        let settings = IntervalSettings {
            yellow: Some(Millis(3_200)),
            all_red: Some(Millis::ZERO),
            whole_seconds: true,
            ..IntervalSettings::default()
        };
        let (network, rows) = designed(&alone(), &settings, &Inputs::new()).unwrap();
        assert_eq!((rows[0].change_s, rows[0].red_s), (4.0, 0.0));
        assert_eq!(network.intersections[0].intergreens[[0, 2]], Millis(4_000));
    }
}
