//! How a driver follows: one model a file, a choice per run.
//!
//! In: own speed, distance ahead, speed ahead \[m, m/s\]. Out: the highest speed at the end of this step. Speeds are
//! updated first, then positions with the new speed (Euler, as SUMO's default).

pub mod idm;
pub mod krauss;

use crate::street::ClassFile;

/// Car-following model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Model {
    /// Krauß 1998, as SUMO's default.
    #[default]
    Krauss,
    /// Treiber, Hennecke and Helbing 2000.
    Idm,
}

/// The lower of two numbers, neither of which is NaN: then one instruction is enough.
#[inline]
pub(crate) fn lower(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The higher of two numbers, see [`lower`].
#[inline]
pub(crate) fn higher(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// What a class's drivers are like, with what only depends on the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Driver {
    /// Model.
    pub model: Model,
    /// Step \[s\].
    pub step: f64,
    /// Length \[m\].
    pub length: f64,
    /// Distance when standing \[m\].
    pub min_gap: f64,
    /// Acceleration \[m/s²\].
    pub accel: f64,
    /// Comfortable deceleration \[m/s²\].
    pub decel: f64,
    /// Time headway \[s\].
    pub tau: f64,
    /// Imperfection, 0…1.
    pub sigma: f64,
    /// Impatience before any waiting, 0…1.
    pub impatience: f64,
    /// Top speed \[m/s\].
    pub max_speed: f64,
    /// May pass red lamps with care.
    pub emergency: bool,
    /// Speed lost by comfortable braking in a step \[m/s\].
    pub drop: f64,
    /// Its inverse.
    pub per_drop: f64,
}

impl Driver {
    /// Drivers of a class at a step length \[s\].
    #[must_use]
    pub fn new(class: &ClassFile, model: Model, step: f64) -> Self {
        let drop = class.decel_mps2 * step;
        Self {
            model,
            step,
            length: class.length_m,
            min_gap: class.min_gap_m,
            accel: class.accel_mps2,
            decel: class.decel_mps2,
            tau: class.tau_s,
            sigma: class.sigma,
            impatience: class.impatience,
            max_speed: class.max_speed_mps,
            emergency: class.emergency,
            drop,
            per_drop: 1.0 / drop,
        }
    }

    /// Highest next speed without anybody ahead, for a wanted speed.
    #[must_use]
    #[inline]
    pub fn free(&self, speed: f64, wanted: f64) -> f64 {
        match self.model {
            Model::Krauss => lower(speed + self.accel * self.step, higher(wanted, speed - self.drop)),
            Model::Idm => idm::free(self, speed, wanted),
        }
    }

    /// Highest next speed behind a vehicle, `gap` \[m\] less the distance when standing.
    #[must_use]
    #[inline]
    pub fn follow(&self, speed: f64, gap: f64, ahead: f64, ahead_decel: f64) -> f64 {
        match self.model {
            Model::Krauss => krauss::follow(self, speed, gap, ahead, ahead_decel),
            Model::Idm => idm::follow(self, speed, gap, ahead, ahead_decel),
        }
    }

    /// As [`Driver::follow`], but not above `top`.
    #[must_use]
    #[inline]
    pub fn follow_up_to(&self, top: f64, speed: f64, gap: f64, ahead: f64, ahead_decel: f64) -> f64 {
        match self.model {
            Model::Krauss => krauss::follow_up_to(self, top, speed, gap, ahead, ahead_decel),
            Model::Idm => top.min(idm::follow(self, speed, gap, ahead, ahead_decel)),
        }
    }

    /// Highest next speed before a place where to stand still, `gap` \[m\] ahead.
    #[must_use]
    #[inline]
    pub fn stop(&self, gap: f64) -> f64 {
        krauss::safe_stop(gap, self.drop, self.per_drop, self.step, self.step)
    }

    /// Next speed of who stops before a place, `gap` \[m\] ahead, not at the last moment but by an even deceleration.
    #[must_use]
    pub fn stop_evenly(&self, speed: f64, gap: f64) -> f64 {
        let faster = speed + self.accel * self.step;
        if 0.5 * (speed + faster) * self.step + 0.5 * faster * faster / self.decel < gap {
            return f64::INFINITY;
        }
        let steps = (2.0 * gap / (speed.max(0.1) * self.step)).floor().max(1.0);
        speed - speed / steps
    }

    /// Highest next speed so that a limit is kept from `distance` \[m\] on.
    #[must_use]
    #[inline]
    pub fn slow_down(&self, distance: f64, limit: f64) -> f64 {
        krauss::slow_down(self, distance, limit)
    }

    /// What the driver really does.
    #[must_use]
    #[inline]
    pub fn dawdle(&self, speed: f64, planned: f64, random: f64) -> f64 {
        match self.model {
            Model::Krauss => krauss::dawdle(self, speed, planned, random),
            Model::Idm => planned.max(0.0),
        }
    }

    /// Way to a stand at comfortable deceleration \[m\].
    #[must_use]
    #[inline]
    pub fn brake_way(&self, speed: f64) -> f64 {
        krauss::brake_way(speed, self.drop, self.per_drop, self.step)
    }

    /// Beyond this distance nothing can matter in this step \[m\].
    #[must_use]
    #[inline]
    pub fn sight(&self, speed: f64, wanted: f64) -> f64 {
        let next = lower(speed + self.accel * self.step, higher(wanted, speed));
        next * (self.step + self.tau) + self.brake_way(next) + self.min_gap + 1.0
    }
}
