//! What is compared: each figure of a run with its unit, its sense and what it is called.

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Less is better.
    Less,
    /// More is better.
    More,
    /// Neither: it describes the run.
    Neither,
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Its name in results.
    pub key: &'static str,
    /// Its title in the report.
    pub title: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Decimals that it deserves.
    pub decimals: usize,
    /// Which way it should go.
    pub sense: Sense,
}

const fn less(key: &'static str, title: &'static str, unit: &'static str, decimals: usize) -> Measure {
    Measure { key, title, unit, decimals, sense: Sense::Less }
}

const fn more(key: &'static str, title: &'static str, unit: &'static str, decimals: usize) -> Measure {
    Measure { key, title, unit, decimals, sense: Sense::More }
}

const fn told(key: &'static str, title: &'static str, unit: &'static str, decimals: usize) -> Measure {
    Measure { key, title, unit, decimals, sense: Sense::Neither }
}

/// Delay of all demanded vehicles, by which controllers are ranked.
pub const DELAY: &str = "delay_s";
/// Control delay at the signals, by which levels of service go.
pub const CONTROL_DELAY: &str = "control_delay_s";

/// All figures, in the order in which they are told.
pub const MEASURES: [Measure; 27] = [
    less(DELAY, "delay", "s/veh", 1),
    less(CONTROL_DELAY, "control delay at signals", "s/veh", 1),
    less("person_delay_s", "person-delay", "s/person", 1),
    less("stops", "stops", "per veh", 2),
    less("stood_s", "standing time", "s/veh", 1),
    less("travel_time_s", "travel time", "s/veh", 1),
    less("travel_time_p95_s", "travel time, 95th percentile", "s", 1),
    less("planning_time_index", "planning time index", "", 2),
    less("buffer_index", "buffer time index", "", 2),
    less("p95_over_median", "95th percentile over median", "", 2),
    more("mean_speed_mps", "mean speed", "m/s", 2),
    less("queue_mean_veh", "queues, mean", "veh", 1),
    less("queue_p95_veh", "queues, 95th percentile", "veh", 0),
    less("queue_max_veh", "longest queue of a movement", "veh", 0),
    less("halt_max_s", "longest halt at a signal", "s", 0),
    less("wait_p95_s", "wait of a trip, 95th percentile", "s", 1),
    less("wait_max_s", "longest wait of a trip", "s", 0),
    more("on_green_share", "arrivals on green", "share", 3),
    less("fuel_l", "fuel", "l", 1),
    less("co2_kg", "CO₂", "kg", 1),
    less("co2_g_per_km", "CO₂ a kilometre", "g/veh-km", 0),
    more("finished", "vehicles that arrived", "veh", 0),
    less("never_departed", "vehicles that never got in", "veh", 0),
    less("locked_up_lanes", "lanes locked up at the end", "lanes", 0),
    less("unsafe", "unsafe lamps seen by the monitor", "", 0),
    told("demanded", "vehicles demanded", "veh", 0),
    told("persons", "persons", "", 0),
];

/// A figure by its name.
pub fn measure(key: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|it| it.key == key)
}
