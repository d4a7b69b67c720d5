//! What the last decision was taken on, for whoever looks over a controller's shoulder (`crate::shadow`).
//!
//! Reading only: nobody who has a [`Sight`] can change what the controller does.

use super::{Controller, Health};
use crate::estimate::Forecast;
use crate::optimize::Asking;
use crate::plan::{Scene, Shown};
use crate::time::{Millis, Timestamp};

/// The street as a controller knows it at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// What the lamps have shown up to now.
    pub shown: Shown,
    /// Queues, discharge and expected arrivals.
    pub forecast: Forecast,
    /// Whether the detector of each lane is not believed, or not heard. Shape `[lane]`.
    pub doubted: Vec<bool>,
    /// Who asks for green.
    pub asking: Vec<Asking>,
    /// The scene around it.
    pub scene: Scene,
}

impl Controller {
    /// What is known at the instant of the last decision, with arrivals for `steps` seconds and `transit` people a bus; `None` while nothing
    /// was counted, or while the field controller is not heard or obeys nobody.
    pub fn sight(&self, at: Timestamp, steps: usize, transit: f64) -> Option<Sight> {
        if self.street.heard_of() == Health::Blind {
            return None;
        }
        self.memory.report().filter(|report| at - report.shown.at <= self.settings.state_patience)?;
        let shown = self.memory.picture(at, Millis::ZERO)?.now;
        let silent = |lane: usize| self.street.is_silent(lane, at, self.settings.counts_patience);
        let verdicts = self.street.verdicts().enumerate();
        Some(Sight {
            shown,
            forecast: self.street.forecast(at, steps),
            doubted: verdicts.map(|(lane, verdict)| verdict.is_some() || silent(lane)).collect(),
            asking: self.requests.asking(at, transit),
            scene: self.scene,
        })
    }
}
