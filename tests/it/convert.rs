//! Streets of SUMO as streets of the simulator: what is read, written back, surveyed and driven on.

use crate::data;
use lightwatch::cosim::convert::{Converted, sumo::from_sumo};
use lightwatch::cosim::survey::survey;
use lightwatch::network::import::sumo::{ImportOptions, RouteText, import};
use simulator::demand::{Demand, DemandFile, DepartLane, Process};
use simulator::lamps::Lamps;
use simulator::street::{Street, StreetFile, Turn};
use simulator::{Settings, Simulation};

const CROSSINGS: &str = include_str!("../data/crossings.net.xml");

/// A map with its routes; `None`, and a line that says so, when it was not fetched.
fn map(name: &str) -> Option<(String, Converted)> {
    let Some(map) = data::map(name) else {
        println!("skipped: map {name} is not there (make maps)");
        return None;
    };
    let net = std::fs::read_to_string(map.net).expect("a map that was found can be read");
    let routes = std::fs::read_to_string(map.routes).expect("a map that was found can be read");
    let converted = from_sumo(&net, name, &[RouteText { text: &routes, source: name }]);
    Some((net, converted.unwrap_or_else(|error| panic!("{error}"))))
}

fn built(file: StreetFile) -> Street {
    Street::build(file).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn demand(street: &Street, file: &DemandFile, span: (f64, f64)) -> Demand {
    let built = Demand::build(street, file, 1, span.0, span.1);
    built.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn every_map_becomes_a_sound_street_that_survives_being_written() {
    for name in data::MAPS {
        let Some((_, Converted { street, demand, .. })) = map(name) else { return };
        let text = toml::to_string(&street).expect("a street can be written");
        assert_eq!(toml::from_str::<StreetFile>(&text).expect("it can be read back"), street, "{name}");
        let text = toml::to_string(&demand).expect("a demand can be written");
        assert_eq!(toml::from_str::<DemandFile>(&text).expect("it can be read back"), demand, "{name}");
        let street = built(street);
        self::demand(&street, &demand, (0.0, 1e6));
    }
}

#[test]
fn a_survey_of_the_street_finds_what_the_import_of_the_net_finds() {
    for name in data::MAPS {
        let Some((net, converted)) = map(name) else { return };
        let options = ImportOptions::default();
        let read = import(&net, name, &options).expect("the map can be imported").network;
        let street = built(converted.street);
        let seen = survey(&street, name, &options).unwrap_or_else(|error| panic!("{name}: {error}")).network;
        assert_eq!(seen.intersections.len(), read.intersections.len(), "{name}");
        for (a, b) in seen.intersections.iter().zip(&read.intersections) {
            let about = format!("{name} {}", a.id);
            assert_eq!((&a.id, a.groups.len()), (&b.id, b.groups.len()), "{about}");
            let lanes = |it: &lightwatch::network::Intersection| -> Vec<String> {
                it.lanes.iter().map(|lane| format!("{} {:.2} {:.2}", lane.id, lane.length_m, lane.speed_mps)).collect()
            };
            assert_eq!(lanes(a), lanes(b), "{about}");
            let feeders = |it: &lightwatch::network::Intersection| -> Vec<String> {
                it.feeders.iter().map(|it| format!("{} {:.1} {:.1}", it.id, it.distance_m, it.zone_m)).collect()
            };
            assert_eq!(feeders(a), feeders(b), "{about}");
            let stages = |it: &lightwatch::network::Intersection| -> Vec<String> {
                // Of two greens that only merge, one has to give way on our street.
                it.stages.iter().map(|it| lightwatch::units::lamps_to_string(&it.signals).replace('g', "G")).collect()
            };
            assert_eq!(stages(a), stages(b), "{about}");
        }
        assert_eq!(seen.links.len(), read.links.len(), "{name}");
    }
}

#[test]
fn nobody_is_lost_on_a_converted_street() {
    let Some((_, Converted { street, demand, .. })) = map("cologne3") else { return };
    let street = built(street);
    let demand = self::demand(&street, &demand, (25_200.0, 25_800.0));
    let wanted = demand.trips.len() as u64;
    let lamps = Lamps::new(&street);
    let mut run = Simulation::new(street, demand, Settings { begin_s: 25_200.0, ..Settings::default() });
    for _ in 0..900 {
        run.step(&lamps);
        run.check_invariants().unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    let (entered, arrived) = run.counts();
    assert!(arrived > wanted / 2, "{arrived} of {wanted}");
    assert_eq!(entered, arrived + run.vehicles_inside() as u64);
    assert_eq!(wanted, entered + run.waiting_outside() as u64);
}

#[test]
fn pavements_are_left_out_and_what_waits_inside_is_kept() {
    let routes = r#"<routes>
        <vType id="slow" vClass="truck" maxSpeed="12" speedFactor="normc(0.9,0.2,0.5,1.5)"/>
        <vTypeDistribution id="mix"><vType id="a" probability="3"/><vType id="b" length="7" probability="1"/></vTypeDistribution>
        <person id="walker" depart="0"/>
    </routes>"#;
    let routes = [RouteText { text: routes, source: "r" }];
    let converted = from_sumo(CROSSINGS, "crossings", &routes).unwrap_or_else(|error| panic!("{error}"));
    let file = &converted.street;
    assert!(file.links.iter().any(|link| link.turn == Turn::Left && link.waits_inside_m.is_some()));
    assert!(
        file.roads
            .iter()
            .flat_map(|road| &road.lanes)
            .all(|lane| lane.id.as_deref() != Some("n_in_0") || lane.classes.is_empty())
    );
    let slow = file.classes.iter().find(|class| class.id == "slow").expect("the type is a class");
    assert!((slow.speed_factor - 0.9).abs() < 1e-9 && (slow.speed_deviation - 0.2).abs() < 1e-9);
    assert!((slow.max_speed_mps - 12.0).abs() < 1e-9 && (slow.decel_mps2 - 4.0).abs() < 1e-9);
    assert!(converted.report.refused.iter().any(|it| it.message.contains("people")), "{}", converted.report);
    built(converted.street);
}

#[test]
fn vehicles_trips_flows_and_distributions_are_read() {
    let edges: Vec<&str> = CROSSINGS
        .lines()
        .filter_map(|it| it.trim().strip_prefix("<edge id=\""))
        .filter_map(|it| it.split('"').next())
        .filter(|it| !it.starts_with(':'))
        .collect();
    let (first, last) = (edges[0], edges[0]);
    let routes = format!(
        r#"<routes>
        <vTypeDistribution id="mix"><vType id="a" probability="3"/><vType id="b" length="7" probability="1"/></vTypeDistribution>
        <route id="r" edges="{first}"/>
        <vehicle id="v0" type="mix" depart="1" route="r" departLane="best" departSpeed="max"/>
        <vehicle id="v1" type="mix" depart="00:00:02" departLane="2"><route edges="{first}"/></vehicle>
        <trip id="t" type="mix" depart="3" from="{first}" to="{last}"/>
        <trip id="u" type="mix" depart="4" from="{first}" to="{last}"/>
        <flow id="f" begin="0" end="100" probability="0.25" route="r"/>
        <flow id="g" begin="0" end="1800" number="90" from="{first}" to="{last}"/>
        </routes>"#
    );
    let converted = from_sumo(CROSSINGS, "crossings", &[RouteText { text: &routes, source: "r" }]);
    let demand = converted.unwrap_or_else(|error| panic!("{error}")).demand;
    let classes: Vec<&str> = demand.trips.iter().map(|trip| trip.class.as_str()).collect();
    assert_eq!(classes.iter().filter(|it| **it == "b").count(), 1, "{classes:?}");
    assert_eq!(demand.trips[0].depart.lane, DepartLane::Best);
    assert_eq!((demand.trips[1].depart.lane, demand.trips[1].depart_s), (DepartLane::Number(2), 2.0));
    let rates: Vec<(f64, Process)> = demand.flows.iter().map(|it| (it.veh_per_h, it.process)).collect();
    assert_eq!(rates, [(900.0, Process::Poisson), (180.0, Process::Uniform)]);
}

#[test]
fn an_unknown_edge_type_or_route_is_named_with_its_place() {
    let said = |routes: &str| {
        let routes = format!("<routes>\n{routes}</routes>");
        from_sumo(CROSSINGS, "n", &[RouteText { text: &routes, source: "r.xml" }]).unwrap_err().to_string()
    };
    let trip = said(r#"<trip id="t" depart="0" from="nowhere" to="nowhere"/>"#);
    assert!(trip.contains("r.xml:2") && trip.contains("nowhere") && trip.contains('t'), "{trip}");
    let vehicle = said(r#"<vehicle id="v" depart="0" type="ufo" route="r"/>"#);
    assert!(vehicle.contains("ufo") && vehicle.contains("vType"), "{vehicle}");
    let vehicle = said(r#"<vehicle id="v" depart="0" route="lost"/>"#);
    assert!(vehicle.contains("lost") && vehicle.contains("route"), "{vehicle}");
}
