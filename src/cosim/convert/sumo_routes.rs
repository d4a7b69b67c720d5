//! SUMO routes → demand: vehicles, trips and flows.
//!
//! | SUMO | here |
//! |---|---|
//! | `type` | a class, see [`super::sumo_types`] |
//! | `routeDistribution` | members in turn, as often as their probability says |
//! | `vehicle`, `trip` | a trip; from, via and to are joined by the fastest way when it is built |
//! | `flow` | `period`, `vehsPerHour`, `number`: equal distances; `probability`, `exp(x)`: Poisson |
//! | `departLane`, `departSpeed` | first, best, free, random, a number; from a stand, or as fast as is safe. Without them |
//! | | `best_prob` and `avg`, the defaults of SUMO 1.28 (1.9 had first and 0) |
//!
//! Left out with a remark: people, containers, stops, `triggered` departures, positions of departure and arrival.

use super::report::Remarks;
use super::sumo_types::{ROOT, Turns, Types};
use crate::network::import::sumo::element::{Element, Elements, Step};
use crate::network::import::sumo::net::SumoNet;
use crate::network::import::sumo::{ImportError, Place, RouteText};
use simulator::demand::{
    DemandFile, Depart, DepartLane, DepartPlace, DepartSpeed, DepartWay, FlowFile, Process, TripFile,
};
use std::collections::{BTreeMap, BTreeSet};

/// When a flow ends that does not say so, as SUMO's \[s\].
const DAY_S: f64 = 86_400.0;

/// A vehicle, trip or flow that may still get its route from a nested element.
struct Pending {
    kind: String,
    id: String,
    class: String,
    depart: Depart,
    place: Place,
    route: Vec<String>,
    /// Departure of a vehicle, or begin and end and what says how many.
    when: When,
}

enum When {
    At(f64),
    Flow { begin_s: f64, end_s: f64, veh_per_h: f64, process: Process },
}

struct Reader<'a> {
    net: &'a SumoNet<'a>,
    types: &'a Types,
    kept: &'a BTreeSet<&'a str>,
    guessed: &'a mut Remarks,
    refused: &'a mut Remarks,
    turns: Turns,
    routes: BTreeMap<String, Vec<String>>,
    mixes: BTreeMap<String, Vec<(String, f64)>>,
    mix: String,
    pending: Option<Pending>,
    demand: DemandFile,
}

/// All vehicles of the route files.
pub(super) fn demand(
    net: &SumoNet<'_>,
    files: &[RouteText<'_>],
    types: &Types,
    kept: &BTreeSet<&str>,
    (guessed, refused): (&mut Remarks, &mut Remarks),
) -> Result<DemandFile, ImportError> {
    let mut reader = Reader {
        net,
        types,
        kept,
        guessed,
        refused,
        turns: Turns::default(),
        routes: BTreeMap::new(),
        mixes: BTreeMap::new(),
        mix: String::new(),
        pending: None,
        demand: DemandFile::default(),
    };
    for file in files {
        let mut elements = Elements::new(file.text, file.source, ROOT);
        loop {
            match elements.next()? {
                Step::Open(element) => reader.open(&element)?,
                Step::Close => {}
                Step::End => break,
            }
        }
        reader.finish()?;
    }
    Ok(reader.demand)
}

impl Reader<'_> {
    fn open(&mut self, element: &Element<'_>) -> Result<(), ImportError> {
        if element.path == ROOT {
            self.finish()?;
        }
        match element.name.as_str() {
            "vehicle" | "trip" | "flow" => self.pending = self.vehicle(element)?,
            "route" => self.route(element)?,
            "routeDistribution" => {
                self.mix = element.optional("id")?.unwrap_or_default();
                let listed = element.optional("routes")?.unwrap_or_default();
                let members = listed.split_whitespace().map(|it| (it.to_owned(), 1.0)).collect();
                self.mixes.insert(self.mix.clone(), members);
            }
            "person" | "personFlow" | "container" | "containerFlow" => {
                let id = element.optional("id")?.unwrap_or_default();
                self.refused.say(&id, "people and goods without vehicle: left out");
            }
            "stop" => self.refused.say(&self.about(), "stops on the way: left out"),
            _ => {}
        }
        Ok(())
    }

    fn about(&self) -> String {
        self.pending.as_ref().map(|it| it.id.clone()).unwrap_or_default()
    }

    fn route(&mut self, element: &Element<'_>) -> Result<(), ImportError> {
        let edges: Vec<String> =
            element.optional("edges")?.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if element.path.ends_with("routeDistribution") {
            let share = element.number("probability", &(0.0..=1e9))?.unwrap_or(1.0);
            let mix = self.mixes.entry(self.mix.clone()).or_default();
            let id = element.optional("id")?.unwrap_or_else(|| format!("{}#{}", self.mix, mix.len()));
            mix.push((id.clone(), share));
            self.routes.insert(id, edges);
        } else if let Some(pending) = &mut self.pending {
            (pending.route, pending.depart.way) = (edges, DepartWay::Free);
        } else {
            self.routes.insert(element.required("id", "the name of the route")?, edges);
        }
        Ok(())
    }

    fn vehicle(&mut self, element: &Element<'_>) -> Result<Option<Pending>, ImportError> {
        let id = element.required("id", "the name of the vehicle")?;
        let type_id = element.optional("type")?.unwrap_or_else(|| "DEFAULT_VEHTYPE".to_owned());
        if self.types.elsewhere.contains(&type_id) {
            self.refused.say(&id, "a vehicle that has no road: left out");
            return Ok(None);
        }
        let Some(class) = self.types.class(&type_id, &mut self.turns) else {
            return Err(element.bad("type", type_id, "a vType for the road of the route files".to_owned()));
        };
        if ["fromTaz", "toTaz", "fromJunction", "toJunction"]
            .iter()
            .any(|it| matches!(element.optional(it), Ok(Some(_))))
        {
            self.refused.say(&id, "from or to a district or junction: left out");
            return Ok(None);
        }
        let Some(when) = self.when(element, &id)? else { return Ok(None) };
        let mut route = Vec::new();
        for attribute in ["from", "via", "to"] {
            let listed = element.optional(attribute)?.unwrap_or_default();
            route.extend(listed.split_whitespace().map(str::to_owned));
        }
        // Who goes from a road to the same one drives along it once.
        route.dedup();
        if let Some(named) = element.optional("route")? {
            let member = self.mixes.get(&named).and_then(|mix| self.turns.next(&format!("route {named}"), mix));
            match self.routes.get(member.as_ref().unwrap_or(&named)) {
                Some(edges) => route.clone_from(edges),
                None => return Err(element.bad("route", named, "a route that stands before it".to_owned())),
            }
        }
        let mut depart = self.depart(element, &id)?;
        if element.optional("route")?.is_none() && route.len() == 2 {
            depart.way = DepartWay::Traffic;
        }
        let (kind, place) = (element.name.clone(), element.place());
        Ok(Some(Pending { kind, id, class, depart, place, route, when }))
    }

    /// `None` when it departs with something else.
    fn when(&mut self, element: &Element<'_>, id: &str) -> Result<Option<When>, ImportError> {
        if element.name != "flow" {
            let text = element.required("depart", "seconds")?;
            if text.starts_with("triggered") || text.starts_with("containerTriggered") || text == "split" {
                self.refused.say(id, "a departure that waits for others: left out");
                return Ok(None);
            }
            let at = seconds(&text).ok_or_else(|| element.bad("depart", text, "seconds, or h:m:s".to_owned()))?;
            return Ok(Some(When::At(at)));
        }
        let time = |attribute, default: f64| -> Result<f64, ImportError> {
            let Some(text) = element.optional(attribute)? else { return Ok(default) };
            seconds(&text).ok_or_else(|| element.bad(attribute, text, "seconds, or h:m:s".to_owned()))
        };
        let (begin_s, end_s) = (time("begin", 0.0)?, time("end", DAY_S)?);
        let span_h = ((end_s - begin_s) / 3600.0).max(1e-9);
        let period = element.optional("period")?;
        let (veh_per_h, process) = if let Some(probability) = element.number("probability", &(0.0..=1.0))? {
            (probability * 3600.0, Process::Poisson)
        } else if let Some(rate) = period.as_deref().and_then(|it| it.strip_prefix("exp(")) {
            let rate = rate.trim_end_matches(')').parse::<f64>().ok().filter(|it| (0.0..=5.0).contains(it));
            let text = period.clone().unwrap_or_default();
            (rate.ok_or_else(|| element.bad("period", text, "exp(0…5)".to_owned()))? * 3600.0, Process::Poisson)
        } else if period.is_some() {
            (3600.0 / element.number("period", &(0.1..=1e6))?.unwrap_or(1.0), Process::Uniform)
        } else if let Some(rate) = element.number("vehsPerHour", &(0.0..=20_000.0))? {
            (rate, Process::Uniform)
        } else {
            let number =
                element.required_number("number", &(0.0..=1e7), "a number, or vehsPerHour, period, probability")?;
            (number / span_h, Process::Uniform)
        };
        Ok(Some(When::Flow { begin_s, end_s, veh_per_h, process }))
    }

    fn depart(&mut self, element: &Element<'_>, id: &str) -> Result<Depart, ImportError> {
        let lane = match element.optional("departLane")?.as_deref() {
            None | Some("best" | "best_prob") => DepartLane::Best,
            Some("first") => DepartLane::First,
            Some("free" | "allowed") => DepartLane::Free,
            Some("random") => DepartLane::Random,
            Some(number) => {
                let wrong =
                    || element.bad("departLane", number.to_owned(), "first, best, free, random or 0…99".to_owned());
                DepartLane::Number(number.parse::<u8>().ok().filter(|it| *it < 100).ok_or_else(wrong)?)
            }
        };
        let speed = match element.optional("departSpeed")?.as_deref() {
            None | Some("avg") => DepartSpeed::Max,
            Some(text) if text.parse::<f64>() == Ok(0.0) => DepartSpeed::Zero,
            Some(text) => {
                if text != "max" {
                    self.guessed.say(id, format!("departSpeed {text}: as fast as is safe"));
                }
                DepartSpeed::Max
            }
        };
        let place = match element.optional("departPos")?.as_deref() {
            None | Some("base" | "0") => DepartPlace::Begin,
            Some("random_free") => DepartPlace::Anywhere,
            Some(text) => {
                self.guessed.say(id, format!("departPos {text}: at the begin of the lane"));
                DepartPlace::Begin
            }
        };
        Ok(Depart { lane, speed, place, way: DepartWay::Free })
    }

    /// Take in the vehicle that is complete now.
    fn finish(&mut self) -> Result<(), ImportError> {
        let Some(Pending { kind, id, class, depart, place, route, when }) = self.pending.take() else { return Ok(()) };
        if let Some(edge) = route.iter().find(|edge| self.net.edge_position(edge).is_none()) {
            let (edge, network) = (edge.clone(), self.net.source.to_owned());
            return Err(ImportError::UnknownRouteEdge { place, element: kind, vehicle: id, edge, network });
        }
        if route.is_empty() || route.iter().any(|edge| !self.kept.contains(edge.as_str())) {
            let what = if route.is_empty() { "no route" } else { "a route over an edge for nobody who drives here" };
            self.refused.say(&id, format!("{what}: left out"));
            return Ok(());
        }
        match when {
            When::At(depart_s) => self.demand.trips.push(TripFile { id, depart_s, class, route, depart }),
            When::Flow { begin_s, end_s, veh_per_h, process } => {
                let (profile, classes) = (Vec::new(), vec![(class, 1.0)]);
                self.demand.flows.push(FlowFile {
                    id,
                    route,
                    veh_per_h,
                    begin_s,
                    end_s,
                    process,
                    profile,
                    classes,
                    depart,
                });
            }
        }
        Ok(())
    }
}

/// Seconds, or `h:m:s`.
fn seconds(text: &str) -> Option<f64> {
    let mut sum = 0.0;
    for part in text.trim().split(':') {
        sum = sum * 60.0 + part.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0)?;
    }
    Some(sum)
}
