//! What an engineer must know to sign: how it was measured, what is assumed, what is not in it. Longer: `docs/compare.md`.

use super::words::{plain, table};

const METHOD: [(&str, &str); 16] = [
    (
        "delay",
        "(time lost on the road + waiting to get in of all vehicles, unfinished ones with what they have, + waiting of those never let in until the end) / all demanded (RESCO; Ault and Sharon 2021)",
    ),
    (
        "control delay",
        "time lost against free speed from 300 m before a stop line until the vehicle no longer speeds up behind it: braking, queueing, starting (parts of control delay, HCM 7 ch. 19); seen vehicle by vehicle",
    ),
    (
        "level of service",
        "A ≤ 10, B ≤ 20, C ≤ 35, D ≤ 55, E ≤ 80 s/veh, else F (HCM 7, exhibit 19-8), by delay alone: the manual's F for a volume above capacity is not applied",
    ),
    ("travel time", "from the wished departure to the arrival, or to the end"),
    ("planning time index", "95th percentile of travel time over free-flow time of each trip (FHWA 2006)"),
    (
        "buffer time index",
        "95th percentile less mean of these rates, over the mean (FHWA 2006); 95th percentile over median: of these rates, too",
    ),
    ("stops, standing", "times of falling below 0.1 m/s, and time below it, a vehicle that got in"),
    ("queue", "vehicles slower than 5 km/h within 300 m of their stop line, each second"),
    (
        "longest wait, longest halt",
        "standing and waiting to get in of one trip, all together; standing without a break before a signal",
    ),
    (
        "person-delay",
        "delay weighted by persons. Assumed persons a vehicle: car 1.3, bus 30, coach 30, truck 1, motorcycle and bicycle 1, unless the scenario's classes say otherwise; people who cross on foot count with their wait (our simulator only)",
    ),
    (
        "fuel, CO₂ in our simulator",
        "power model of fuel consumption (Bowyer, Akçelik and Biggs, ARRB Special Report 32, 1985), default car, rough figures for bus and truck; 2.31 kg CO₂ a litre of petrol, 2.68 of diesel (IPCC 2006)",
    ),
    (
        "fuel, CO₂ in SUMO",
        "SUMO's own emission output for the emission class of each vehicle type (default HBEFA 4 in SUMO 1.23 and newer, HBEFA 3 before); fuel is CO₂ / 2.31 kg/l. Not to be compared with our simulator's",
    ),
    (
        "arrivals on green",
        "vehicles that would reach the stop line at free speed while it is green (Day et al. 2014, Purdue)",
    ),
    (
        "end of a green",
        "gap_out: nobody within 50 m of the stop line when it ends, force_off: somebody; seen from outside, not told by the controller",
    ),
    (
        "common random numbers",
        "place, demand and seed draw the same vehicles and drivers for every controller; differences are paired by seed",
    ),
    (
        "95 % interval",
        "Student's t over the seeds; clear means that it leaves out zero. No correction for many comparisons",
    ),
];

const NOT: [&str; 5] = [
    "Two simulators and their drivers are no street: figures are for comparing controllers, not forecasts.",
    "Webster's programmes are made from the demand of the run itself and so know what no other controller knows; max pressure, greedy and adaptive know counts only.",
    "Vehicles that wait to get in stand in delay and travel time, not in control delay and queues at signals.",
    "Trips still under way at the end count with what they have had so far; a controller that locks up looks better than it is in travel time, so lanes locked up and vehicles that arrived stand beside.",
    "Diagrams of signals are of one seed.",
];

/// The section.
pub fn section() -> String {
    let rows: Vec<_> =
        METHOD.iter().map(|(name, text)| vec![plain(name), (super::words::safe(text), "prose")]).collect();
    let not: Vec<String> = NOT.iter().map(|it| format!("<li>{}</li>\n", super::words::safe(it))).collect();
    let not = not.concat();
    format!(
        "<section><h2>How it was measured</h2>\n{}<h3>What is not in it</h3>\n<ul>\n{not}</ul></section>\n",
        table(&["figure", "meaning, source"], &rows)
    )
}
