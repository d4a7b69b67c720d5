//! A run of our simulator with the street's own programmes, and its figures in the words of the others.

use super::super::error::CosimError;
use simulator::demand::{Demand, DemandFile};
use simulator::lamps::Lamps;
use simulator::results::TripResult;
use simulator::street::{Problem, Street, StreetFile};
use simulator::{Settings, Simulation};

/// Figures of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// As [`crate::cosim::results`]: from the wish to depart to the arrival or the end, a demanded vehicle \[s\].
    pub travel_time_s: f64,
    /// RESCO's delay a demanded vehicle \[s\].
    pub delay_s: f64,
    /// Vehicles that wanted to depart.
    pub demanded: u64,
    /// Vehicles that arrived.
    pub finished: u64,
    /// Vehicles on the street at the end.
    pub inside: u64,
}

/// A street that can be run again and again.
pub struct Ours {
    street: Street,
    demand: DemandFile,
    source: String,
}

impl Ours {
    /// Check a street; `source` names it in messages.
    pub fn new(street: StreetFile, demand: DemandFile, source: &str) -> Result<Self, CosimError> {
        let street = Street::build(street).map_err(|problems| refused(source, &problems))?;
        Ok(Self { street, demand, source: source.to_owned() })
    }

    /// The street.
    pub fn street(&self) -> &Street {
        &self.street
    }

    /// A run that has not begun, for those who look at it step by step.
    pub fn simulation(&self, span: (f64, f64), settings: Settings) -> Result<Simulation, CosimError> {
        let demand = Demand::build(&self.street, &self.demand, settings.seed, span.0, span.1)
            .map_err(|problems| refused(&self.source, &problems))?;
        Ok(Simulation::new(self.street.clone(), demand, Settings { begin_s: span.0, ..settings }))
    }

    /// From begin to end.
    pub fn run(&self, span: (f64, f64), settings: Settings) -> Result<Figures, CosimError> {
        let mut run = self.simulation(span, settings)?;
        let lamps = Lamps::new(&self.street);
        while run.now_s() < span.1 {
            run.step(&lamps);
        }
        Ok(figures(&run.trips(), span.1))
    }
}

fn figures(trips: &[TripResult], end_s: f64) -> Figures {
    let mut figures = Figures::default();
    for trip in trips.iter().filter(|trip| trip.wanted_s < end_s) {
        figures.demanded += 1;
        figures.finished += u64::from(trip.arrived_s.is_some());
        figures.inside += u64::from(trip.departed_s.is_some() && trip.arrived_s.is_none());
        figures.travel_time_s += trip.arrived_s.unwrap_or(end_s) - trip.wanted_s;
        figures.delay_s += trip.time_loss_s + trip.departed_s.unwrap_or(end_s) - trip.wanted_s;
    }
    let count = figures.demanded.max(1) as f64;
    Figures { travel_time_s: figures.travel_time_s / count, delay_s: figures.delay_s / count, ..figures }
}

fn refused(source: &str, problems: &[Problem]) -> CosimError {
    let lines: Vec<String> = problems.iter().map(|problem| format!("{source}: {problem}")).collect();
    CosimError::Import(lines.join("\n"))
}
