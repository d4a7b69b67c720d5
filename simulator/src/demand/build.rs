//! From wishes to trips, with all problems at once.
//!
//! Names become numbers, flows are drawn, gaps in routes are filled with the fastest way. Streams of random numbers are
//! numbered by the place in the file, so that one more flow does not change the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flow::instants;
use super::routing::Roads;
use super::{Demand, DemandFile, FlowFile, Process, Trip};
use crate::random::Stream;
use crate::street::{ClassIx, Problem, Problems, RoadIx, Street};

/// Roads of a route that follows turning shares: a bound for loops.
const LONGEST_ROUTE: usize = 1_000;
/// First numbers of streams: flows, pedestrians.
const FLOWS: u64 = 1 << 32;
const WALKERS: u64 = 2 << 32;

struct Builder<'a> {
    street: &'a Street,
    road_names: BTreeMap<&'a str, RoadIx>,
    roads: BTreeMap<ClassIx, Roads>,
    shares: BTreeMap<RoadIx, Vec<(RoadIx, f64)>>,
    problems: Problems,
}

pub fn build(street: &Street, file: &DemandFile, seed: u64, span: (f64, f64)) -> Result<Demand, Vec<Problem>> {
    let road_names = street.roads.iter().enumerate().map(|(k, road)| (road.id.as_str(), k.into())).collect();
    let (roads, shares) = (BTreeMap::new(), BTreeMap::new());
    let mut builder = Builder { street, road_names, roads, shares, problems: Problems::default() };
    builder.turning(file);
    let mut trips = builder.trips(file, span);
    for (k, flow) in file.flows.iter().enumerate() {
        builder.flow(k, flow, seed, span, &mut trips);
    }
    trips.sort_by(|a, b| a.depart_s.total_cmp(&b.depart_s));
    let pedestrians = builder.pedestrians(file, seed, span);
    builder.problems.or(Demand { trips, pedestrians })
}

impl Builder<'_> {
    fn road(&mut self, id: &str, place: &str) -> Option<RoadIx> {
        let found = self.road_names.get(id).copied();
        if found.is_none() {
            self.problems.add(place, format!("unknown road \"{id}\""), "a road of the street");
        }
        found
    }

    fn class(&mut self, id: &str, place: &str) -> Option<ClassIx> {
        let found = self.street.class(id);
        if found.is_none() {
            let known: Vec<&str> = self.street.classes.iter().map(|class| class.id.as_str()).collect();
            self.problems.add(format!("{place}.class"), format!("unknown class \"{id}\""), known.join(", "));
        }
        found
    }

    fn roads_for(&mut self, class: ClassIx) -> &mut Roads {
        let street = self.street;
        self.roads.entry(class).or_insert_with(|| Roads::new(street, class))
    }

    fn turning(&mut self, file: &DemandFile) {
        for (k, turning) in file.turning.iter().enumerate() {
            let place = format!("turning[{k}] \"{}\"", turning.from);
            let from = self.road(&turning.from, &place);
            let mut shares = Vec::new();
            for (to, share) in &turning.to {
                self.problems.within(&place, to, *share, (0.0, 1e9), "");
                let Some(to) = self.road(to, &place) else { continue };
                if from.is_some_and(|from| !self.roads_for(ClassIx(0)).joined(from, to)) {
                    let message = format!("no link to \"{}\"", self.street.roads[to.at()].id);
                    self.problems.add(&place, message, "roads that a lane leads to");
                }
                shares.push((to, *share));
            }
            if let Some(from) = from {
                self.shares.insert(from, shares);
            }
        }
    }

    /// A whole route: gaps are filled, every road is open to the class.
    fn route(&mut self, written: &[RoadIx], class: ClassIx, place: &str) -> Option<Arc<[RoadIx]>> {
        let street = self.street;
        let name = |road: RoadIx| format!("\"{}\"", street.roads[road.at()].id);
        let roads = self.roads_for(class);
        let mut problems = Vec::new();
        let mut route: Vec<RoadIx> = Vec::with_capacity(written.len());
        for &road in written {
            if !roads.open(road) {
                problems.push(format!("no lane of {} is open to the class", name(road)));
                continue;
            }
            match route.last().copied() {
                None => route.push(road),
                Some(last) if last == road => {}
                Some(last) if roads.joined(last, road) => route.push(road),
                Some(last) => match roads.fastest(last, road) {
                    Some(way) => route.extend(way),
                    None => problems.push(format!("no way from {} to {}", name(last), name(road))),
                },
            }
        }
        let good = problems.is_empty() && !route.is_empty();
        for message in problems {
            self.problems.add(format!("{place}.route"), message, "roads that can be reached one after the other");
        }
        good.then(|| route.into())
    }

    fn named_route(&mut self, ids: &[String], place: &str) -> Option<Vec<RoadIx>> {
        if ids.is_empty() {
            self.problems.add(format!("{place}.route"), "empty", "at least one road");
            return None;
        }
        let roads: Vec<Option<RoadIx>> = ids.iter().map(|id| self.road(id, &format!("{place}.route"))).collect();
        roads.into_iter().collect()
    }

    fn trips(&mut self, file: &DemandFile, span: (f64, f64)) -> Vec<Trip> {
        let mut trips = Vec::new();
        for (k, trip) in file.trips.iter().enumerate() {
            let place = format!("trips[{k}] \"{}\"", trip.id);
            self.problems.within(&place, "depart_s", trip.depart_s, (0.0, 1e7), "s");
            let class = self.class(&trip.class, &place);
            let roads = self.named_route(&trip.route, &place);
            let (Some(class), Some(roads)) = (class, roads) else { continue };
            let Some(route) = self.route(&roads, class, &place) else { continue };
            if trip.depart_s >= span.0 && trip.depart_s < span.1 {
                let (id, depart_s, depart) = (trip.id.clone(), trip.depart_s, trip.depart);
                trips.push(Trip { id, depart_s, class, route, depart });
            }
        }
        trips
    }

    fn flow(&mut self, k: usize, flow: &FlowFile, seed: u64, span: (f64, f64), trips: &mut Vec<Trip>) {
        let place = format!("flows[{k}] \"{}\"", flow.id);
        self.check_flow(flow, &place);
        let car = [("car".to_owned(), 1.0)];
        let shares = if flow.classes.is_empty() { &car[..] } else { &flow.classes };
        let classes: Vec<Option<ClassIx>> = shares.iter().map(|(id, _)| self.class(id, &place)).collect();
        let (Some(roads), Some(classes)) =
            (self.named_route(&flow.route, &place), classes.into_iter().collect::<Option<Vec<_>>>())
        else {
            return;
        };
        let routes: Vec<_> = classes.iter().map(|&class| self.route(&roads, class, &place)).collect();
        let mut random = Stream::new(seed, FLOWS + k as u64);
        for (number, depart_s) in instants(flow, &mut random).into_iter().enumerate() {
            let Some(which) = random.choose(shares.iter().map(|share| share.1)) else { return };
            let Some(route) = &routes[which] else { return };
            let follows_shares = roads.len() == 1 && self.shares.contains_key(&roads[0]);
            let route = if follows_shares { self.drawn(roads[0], classes[which], &mut random) } else { route.clone() };
            if depart_s >= span.0 && depart_s < span.1 {
                let (id, class, depart) = (format!("{}.{number}", flow.id), classes[which], flow.depart);
                trips.push(Trip { id, depart_s, class, route, depart });
            }
        }
    }

    fn check_flow(&mut self, flow: &FlowFile, place: &str) {
        let problems = &mut self.problems;
        problems.within(place, "veh_per_h", flow.veh_per_h, (0.0, 20_000.0), "veh/h");
        problems.within(place, "begin_s", flow.begin_s, (0.0, 1e7), "s");
        problems.within(place, "end_s", flow.end_s, (flow.begin_s, 1e7), "s");
        if let Process::Platoon { size, headway_s } = flow.process {
            problems.within(place, "process.size", f64::from(size), (1.0, 1000.0), "vehicles");
            problems.within(place, "process.headway_s", headway_s, (0.1, 600.0), "s");
        }
        for (at, factor) in &flow.profile {
            problems.within(place, &format!("profile[{at} s]"), *factor, (0.0, 1000.0), "");
        }
        if flow.profile.windows(2).any(|pair| pair[0].0.partial_cmp(&pair[1].0) != Some(std::cmp::Ordering::Less)) {
            problems.add(format!("{place}.profile"), "times do not ascend", "ascending times");
        }
        for (class, share) in &flow.classes {
            problems.within(place, &format!("classes.{class}"), *share, (0.0, 1e9), "");
        }
    }

    /// A route by turning shares, until a road without shares.
    fn drawn(&mut self, from: RoadIx, class: ClassIx, random: &mut Stream) -> Arc<[RoadIx]> {
        let mut route = vec![from];
        let mut at = from;
        while let Some(shares) = self.shares.get(&at).cloned().filter(|_| route.len() < LONGEST_ROUTE) {
            let roads = self.roads_for(class);
            let open = shares.iter().map(|(to, share)| if roads.joined(at, *to) { *share } else { 0.0 });
            let Some(which) = random.choose(open) else { break };
            at = shares[which].0;
            route.push(at);
        }
        route.into()
    }

    fn pedestrians(&mut self, file: &DemandFile, seed: u64, span: (f64, f64)) -> Vec<(f64, crate::street::CrossingIx)> {
        let mut arrivals = Vec::new();
        for (k, walkers) in file.pedestrians.iter().enumerate() {
            let place = format!("pedestrians[{k}] \"{}\"", walkers.crossing);
            self.problems.within(&place, "per_h", walkers.per_h, (0.0, 20_000.0), "pedestrians/h");
            self.problems.within(&place, "end_s", walkers.end_s, (walkers.begin_s, 1e7), "s");
            let Some(crossing) = self.street.crossing(&walkers.crossing) else {
                self.problems.add(format!("{place}.crossing"), "unknown", "a crossing of the street");
                continue;
            };
            let mut random = Stream::new(seed, WALKERS + k as u64);
            if walkers.per_h <= 0.0 {
                continue;
            }
            let mut at = walkers.begin_s;
            loop {
                at += random.exponential() * 3600.0 / walkers.per_h;
                if at >= walkers.end_s.min(span.1) {
                    break;
                }
                if at >= span.0 {
                    arrivals.push((at, crossing));
                }
            }
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        arrivals
    }
}
