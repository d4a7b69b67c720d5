//! What a fixed-time controller needs, designed: intervals, cycle, splits, offsets, and how good they are by the model.
//!
//! ```text
//! network ─intervals─> network ─Webster, HCM─> programme each ─┬─ bandwidth along a corridor ─┬─> Design
//! flows ───────────────────────┘                               └─ delay over the whole network ┘
//! ```
//!
//! Without flows cycle and splits stay as they are in the network and only intervals and offsets are made. Cycle and splits:
//! [`crate::plan::fixed_time::webster`]; offsets by delay: [`crate::plan::fixed_time::coordinate`]; offsets by bandwidth:
//! [`bandwidth`]. Pure: values in, values out; whoever wants the offsets refined in a simulation does it with the programmes of
//! the [`Design`].

pub mod bandwidth;
mod corridor;
pub mod intervals;
mod text;

pub use corridor::CorridorDesign;

use crate::ids::StageIx;
use crate::measure::Corridor;
use crate::network::table::Table;
use crate::network::{Network, Problems, Programme};
use crate::plan::fixed_time::{WebsterPlan, WebsterSettings, coordinate, cycle, webster};
use crate::time::Millis;
use intervals::GroupIntervals;
use serde::Serialize;

/// Volumes \[veh/h\], in the order of the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flows {
    /// Per intersection and movement.
    pub movements: Vec<Vec<f64>>,
    /// Per link.
    pub links: Vec<f64>,
}

/// By what offsets are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetsBy {
    /// The widest green bands along a corridor; other intersections run by themselves.
    Bandwidth,
    /// The least delay of platoons on all links.
    Delay,
    /// None are made: 0 where cycle and splits are new, those of the network where they stay.
    None,
}

/// What to design.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Limits of cycle and splits.
    pub webster: WebsterSettings,
    /// This cycle for everybody, instead of the best one.
    pub cycle: Option<Millis>,
    /// How offsets are chosen.
    pub offsets: OffsetsBy,
    /// Intersections of the corridor in the direction of travel; the longest straight chain when empty.
    pub corridor: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { webster: WebsterSettings::default(), cycle: None, offsets: OffsetsBy::Bandwidth, corridor: Vec::new() }
    }
}

/// Everything that was designed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Design {
    /// In the order of the network.
    pub intersections: Vec<Designed>,
    /// How offsets were chosen.
    pub offsets_by: OffsetsBy,
    /// The corridor with its bands, where there is one of a common cycle.
    pub corridor: Option<CorridorDesign>,
    /// Change and clearance intervals.
    pub intervals: Vec<GroupIntervals>,
    /// What is to be known besides.
    pub notes: Vec<String>,
}

/// The programme of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Designed {
    /// Which.
    pub id: String,
    /// Cycle \[s\].
    pub cycle_s: f64,
    /// Start of the cycle after the origin of time \[s\].
    pub offset_s: f64,
    /// Stages in order.
    pub steps: Vec<Step>,
    /// How cycle and splits were found; none where they are the network's.
    pub webster: Option<Webster>,
    /// The same, for programs.
    #[serde(skip)]
    pub programme: Programme,
}

/// One stage of a programme.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Which.
    pub stage: String,
    /// Green \[s\].
    pub green_s: f64,
    /// Intergreen to the next stage \[s\].
    pub intergreen_s: f64,
    /// Highest degree of saturation of its lanes; none without flows.
    pub saturation: Option<f64>,
}

/// How cycle and splits were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Webster {
    /// Webster's own cycle `(1.5 L + 5)/(1 − Y)` \[s\].
    pub cycle_s: f64,
    /// Critical flow ratio `Y`.
    pub flow_ratio: f64,
    /// Mean control delay by the HCM's formulas \[s/veh\]; coordination not counted.
    pub delay_s: f64,
    /// Flow of all movements \[veh/h\].
    pub veh_per_h: f64,
}

/// Flows from a table `intersection,movement,veh_per_h`; movements that are not in it have none.
///
/// # Errors
/// File, line and column of every cell that cannot be used.
pub fn read_flows(text: &str, source: &str, network: &Network) -> Result<Flows, Problems> {
    let mut problems = Problems::default();
    let columns = ["intersection", "movement", "veh_per_h"];
    let table = Table::read(text, source, &columns, &mut problems);
    table.only(&columns, &mut problems);
    let mut movements: Vec<Vec<f64>> = network.intersections.iter().map(|it| vec![0.0; it.movements.len()]).collect();
    let mut told = std::collections::BTreeSet::new();
    for row in table.rows() {
        let (place, name) = (table.word(row, "intersection"), table.word(row, "movement"));
        let Some(at) = network.position(place) else {
            problems.push(
                table.place(row, "intersection"),
                format_args!("`{place}`"),
                "an intersection of the network",
            );
            continue;
        };
        let known = &network.intersections[at].movements;
        let Some(movement) = known.iter().position(|it| it.id == name) else {
            let known: Vec<&str> = known.iter().map(|it| it.id.as_str()).collect();
            problems.push(table.place(row, "movement"), format_args!("`{name}`"), known.join(", "));
            continue;
        };
        if !told.insert((at, movement)) {
            problems.push(
                table.place(row, "movement"),
                format_args!("`{place}` `{name}` twice"),
                "every movement once",
            );
        }
        let flow = table.within(row, "veh_per_h", &(0.0..=10_000.0), "veh/h", &mut problems);
        movements[at][movement] = flow.unwrap_or_default();
    }
    let links = network.links.iter().map(|link| {
        let from = network.position(link.from.as_str())?;
        let it = &network.intersections[from];
        let into = it.movements.iter().zip(&movements[from]);
        let into = into.filter(|(movement, _)| movement.exit.is_some_and(|exit| it.exits[exit.0].link == link.id));
        Some(into.map(|(_, flow)| flow).sum::<f64>() * link.share_prior)
    });
    let links = links.map(Option::unwrap_or_default).collect();
    problems.into_result(Flows { movements, links })
}

/// Design programmes for a network whose intervals are those that are wanted.
///
/// # Errors
/// A corridor that is none, signals of a corridor that cannot have one cycle.
pub fn design(
    network: &Network,
    flows: Option<&Flows>,
    settings: &Settings,
    intervals: Vec<GroupIntervals>,
) -> Result<Design, String> {
    let mut timed = Timed::new(network, flows, settings);
    let corridor = if settings.corridor.is_empty() {
        Corridor::longest(network)
    } else {
        Some(Corridor::along(network, &settings.corridor).map_err(|error| format!("corridor: {error}"))?)
    };
    let mut notes = Vec::new();
    match settings.offsets {
        OffsetsBy::None => {}
        OffsetsBy::Delay => timed.coordinate(network, flows, &mut notes),
        OffsetsBy::Bandwidth => match &corridor {
            Some(corridor) => corridor::widest(&mut timed, network, corridor, flows, settings)?,
            None => notes.push("no two signals are joined by a road: no corridor, every offset 0".to_owned()),
        },
    }
    let corridor = corridor.and_then(|it| corridor::told(&timed, network, &it, flows));
    let mut design = Design { intersections: Vec::new(), offsets_by: settings.offsets, corridor, intervals, notes };
    design.intersections = timed.designed(network, flows);
    Ok(design)
}

impl Design {
    /// Tell it with other offsets \[ms\], in the order of the network: bands are looked at again.
    #[must_use]
    pub fn with_offsets(mut self, network: &Network, flows: Option<&Flows>, offsets: &[Millis]) -> Self {
        for (it, &offset) in self.intersections.iter_mut().zip(offsets) {
            it.programme.offset = offset;
            it.offset_s = offset.as_secs_f64();
        }
        if let Some(corridor) = &self.corridor {
            let path = Corridor::along(network, &corridor.names()).ok();
            let programmes = self.intersections.iter().map(|it| it.programme.clone()).collect();
            let timed = Timed { programmes, plans: Vec::new() };
            self.corridor = path.and_then(|path| corridor::told(&timed, network, &path, flows));
        }
        self
    }

    /// The network with these programmes in it.
    #[must_use]
    pub fn in_network(&self, network: &Network) -> Network {
        let mut network = network.clone();
        for (intersection, designed) in network.intersections.iter_mut().zip(&self.intersections) {
            intersection.programme = designed.programme.clone();
        }
        network
    }
}

/// Programmes on their way, with the plans that they come from where there are flows.
struct Timed {
    programmes: Vec<Programme>,
    plans: Vec<WebsterPlan>,
}

impl Timed {
    fn new(network: &Network, flows: Option<&Flows>, settings: &Settings) -> Self {
        let mut plans = Vec::new();
        if let Some(flows) = flows {
            let all = network.intersections.iter().zip(&flows.movements);
            plans = all.map(|(it, flows)| webster(it, flows, &settings.webster)).collect();
            if let Some(cycle) = settings.cycle {
                plans = network.intersections.iter().zip(&plans).map(|(it, plan)| plan.at_cycle(it, cycle)).collect();
            }
        }
        let programmes = network.intersections.iter().map(|it| it.programme.clone()).collect();
        let mut timed = Self { programmes, plans };
        timed.take_plans();
        timed
    }

    fn take_plans(&mut self) {
        if !self.plans.is_empty() {
            self.programmes = self.plans.iter().map(|it| it.programme.clone()).collect();
        }
    }

    fn coordinate(&mut self, network: &Network, flows: Option<&Flows>, notes: &mut Vec<String>) {
        let Some(flows) = flows else {
            notes.push("offsets by delay need flows; those of the network stay".to_owned());
            return;
        };
        coordinate(network, &mut self.plans, &flows.links);
        self.take_plans();
    }

    fn designed(&self, network: &Network, flows: Option<&Flows>) -> Vec<Designed> {
        let all = network.intersections.iter().zip(&self.programmes).enumerate();
        let one = |(at, (intersection, programme)): (usize, (&crate::network::Intersection, &Programme))| {
            let plan = self.plans.get(at);
            let count = programme.steps.len();
            let stage = |step: usize| -> StageIx { programme.steps[step % count].stage };
            let steps = programme.steps.iter().enumerate().map(|(step, it)| Step {
                stage: intersection.stage(it.stage).id.clone(),
                green_s: it.green.as_secs_f64(),
                intergreen_s: intersection.intergreen(stage(step), stage(step + 1)).as_secs_f64(),
                saturation: plan.and_then(|plan| plan.saturation.get(step).copied()),
            });
            Designed {
                id: intersection.id.to_string(),
                cycle_s: cycle(intersection, programme).as_secs_f64(),
                offset_s: programme.offset.as_secs_f64(),
                steps: steps.collect(),
                webster: plan.map(|plan| Webster {
                    cycle_s: plan.cycle_webster.as_secs_f64(),
                    flow_ratio: plan.flow_ratio,
                    delay_s: plan.delay_s,
                    veh_per_h: flows.map_or(0.0, |flows| flows.movements[at].iter().sum()),
                }),
                programme: programme.clone(),
            }
        };
        all.map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::corridor::tests::row;
    use crate::network::sample::movement;

    fn flows(network: &Network, east: f64, west: f64) -> Flows {
        let mut one = vec![0.0; 12];
        one[movement(3, 0).0] = east;
        one[movement(1, 0).0] = west;
        one[movement(0, 0).0] = 250.0;
        let links = network.links.iter().map(|link| if link.id.as_str() == "out1" { east } else { west });
        Flows { movements: vec![one; network.intersections.len()], links: links.collect() }
    }

    #[test]
    fn a_corridor_gets_one_cycle_and_bands_in_both_directions() {
        let network = row();
        let flows = flows(&network, 700.0, 500.0);
        let design = design(&network, Some(&flows), &Settings::default(), Vec::new()).unwrap();
        let cycles: Vec<f64> = design.intersections.iter().map(|it| it.cycle_s).collect();
        assert!(cycles.iter().all(|it| (it - cycles[0]).abs() < 1e-9), "{cycles:?}");
        let corridor = design.corridor.as_ref().unwrap();
        assert_eq!(corridor.names(), ["a", "b", "c"]);
        assert!(corridor.bands.outbound_s > 10.0 && corridor.bands.inbound_s > 5.0, "{corridor:?}");
        let written = design.in_network(&network);
        assert_eq!(written.intersections[1].programme.offset, Millis::from_secs_f64(design.intersections[1].offset_s));
    }

    #[test]
    fn without_flows_splits_stay_and_only_offsets_are_made() {
        let network = row();
        let design = design(&network, None, &Settings::default(), Vec::new()).unwrap();
        for (it, before) in design.intersections.iter().zip(&network.intersections) {
            assert_eq!(it.programme.steps, before.programme.steps);
            assert!(it.webster.is_none());
        }
        assert!(design.corridor.unwrap().bands.outbound_s > 5.0);
    }

    #[test]
    fn a_corridor_of_unequal_cycles_is_refused_where_nobody_may_change_them() {
        let mut network = row();
        network.intersections[1].programme.steps[0].green = Millis::from_secs(33);
        let refused = design(&network, None, &Settings::default(), Vec::new()).unwrap_err();
        assert!(refused.contains("b 81.0 s"), "{refused}");
    }

    #[test]
    fn flows_of_a_table_reach_their_movements_and_links() {
        let network = row();
        let text = "intersection,movement,veh_per_h\na,m3t,600\na,m0l,40\nb,m3t,500\n";
        let flows = read_flows(text, "v.csv", &network).unwrap();
        assert!((flows.movements[0][movement(3, 0).0] - 600.0).abs() < 1e-9);
        // out1 of a: straight on from the west, and left from the north
        assert!((flows.links[0] - 640.0).abs() < 1e-9, "{:?}", flows.links);
        let wrong = "intersection,movement,veh_per_h\na,m9,600\nz,m3t,1\na,m3t,-4\n";
        let told = read_flows(wrong, "v.csv", &network).unwrap_err().to_string();
        for wanted in [
            "v.csv:2: movement: `m9`",
            "v.csv:3: intersection: `z`",
            "v.csv:4: veh_per_h: -4 veh/h (allowed: 0…10000 veh/h)",
        ] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
    }
}
