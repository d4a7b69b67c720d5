//! Everything that a controller knows, as bytes, and a controller that goes on from there: the same inputs, the same plans.
//!
//! In: a controller between two inputs. Out: CBOR (RFC 8949), which keeps every number to the last bit, infinity included. Form: that of
//! the program that wrote it, bound to its version ([`Controller::STATE_FORM`]); another program does not read it. What an intersection
//! keeps over restarts is something else ([`super::Learned`]).

use super::Controller;
use crate::network::Intersection;
use std::sync::Arc;

impl Controller {
    /// Which programs read each other's states.
    pub const STATE_FORM: &str = env!("CARGO_PKG_VERSION");

    /// Everything that it knows at present.
    ///
    /// # Panics
    /// Never: it is written to memory.
    pub fn state(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 << 16);
        ciborium::into_writer(self, &mut bytes)
            .expect("memory takes what is written, and nothing in a controller refuses");
        bytes
    }

    /// A controller of an intersection that goes on from a state.
    ///
    /// # Errors
    /// Why the bytes are no state of this intersection.
    pub fn from_state(bytes: &[u8], intersection: &Arc<Intersection>) -> Result<Self, String> {
        let mut found: Self = ciborium::from_reader(bytes).map_err(|error| error.to_string())?;
        if found.lanes() != intersection.lanes.len() {
            return Err(format!("of {} lanes, {} has {}", found.lanes(), intersection.id, intersection.lanes.len()));
        }
        found.intersection = Arc::clone(intersection);
        found.street.stands_at(intersection);
        Ok(found)
    }

    fn lanes(&self) -> usize {
        self.street.lanes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::{Input, Output, Settings};
    use crate::estimate::{CountedPlace, Observation, PlaceCount};
    use crate::network::sample::crossroads;
    use crate::plan::{FieldMode, Plan, Shown, StateReport};
    use crate::time::{Millis, Timestamp};

    /// One second with some traffic; the plan of it.
    fn second(controller: &mut Controller, it: &Intersection, second: i64) -> Option<Plan> {
        let at = Timestamp::from_secs(second);
        let place = |lane| PlaceCount {
            place: CountedPlace::Lane(lane),
            count: ((second as usize + lane.0) % 9) as u32,
            halted: ((second / 3) % 4) as u32,
            passed: u32::from((second as usize + lane.0).is_multiple_of(5)),
            occupancy: None,
            mean_speed_mps: Some(7.3),
        };
        let places = it.lane_ixs().map(place).collect();
        let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places };
        let shown = Shown { at, ..Shown::all_red(it, Timestamp(0)) };
        let (intersection, config_hash) = (it.id.clone(), it.config_hash.clone());
        let report = StateReport {
            intersection,
            config_hash,
            shown,
            mode: FieldMode::Remote,
            applied: None,
            refused: None,
            nonce: second as u64,
        };
        controller.handle(Input::State(report), at);
        controller.handle(Input::Counts(seen), at);
        let outputs = controller.handle(Input::Tick, at);
        outputs.into_iter().find_map(|output| if let Output::Publish(plan) = output { Some(plan) } else { None })
    }

    #[test]
    fn a_controller_goes_on_from_its_state_as_if_nothing_had_been() {
        let intersection = Arc::new(crossroads());
        let mut first = Controller::new(Arc::clone(&intersection), &[], Settings::default());
        let plans = (1..90).filter_map(|at| second(&mut first, &intersection, at)).count();
        assert!(plans > 50, "{plans}");
        let bytes = first.state();
        let mut again = Controller::from_state(&bytes, &intersection).unwrap();
        assert_eq!(again.state(), bytes);
        for at in 90..200 {
            assert_eq!(second(&mut again, &intersection, at), second(&mut first, &intersection, at), "{at}");
        }
        assert_eq!(again.state(), first.state());
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(Controller::from_state(&bytes[..cut], &intersection).is_err(), "{cut}");
        }
    }
}
