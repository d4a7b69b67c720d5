//! What everybody can see while speeds are planned: the street, the lamps, and everybody else as of the last step.

use super::layout::{Layout, NONE, Track, Way};
use super::store::{Body, Field, Row};
use super::windows::Windows;
use crate::model::{Driver, higher, lower};
use crate::street::Kind;

/// Read by all, written by none.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub layout: &'a Layout,
    pub windows: &'a Windows,
    pub drivers: &'a [Driver],
    /// Mean and deviation of each class's speed factor.
    pub factors: &'a [(f64, f64)],
    /// Engine of each class.
    pub kinds: &'a [Kind],
    pub field: Field<'a>,
    /// Letters of all signals, one after the other.
    pub lamps: &'a [u8],
    /// Whether pedestrians are on each crossing.
    pub walked: &'a [bool],
    /// Number of this step.
    pub step: u64,
    pub seed: u64,
    /// Its length \[s\].
    pub step_s: f64,
    /// Whether vehicles overtake, and to which side they may change in this step (0 right, 1 left).
    pub overtaking: bool,
    pub side: usize,
}

/// The vehicle that plans.
#[derive(Clone, Copy)]
pub struct Me<'a> {
    pub driver: &'a Driver,
    pub body: &'a Body,
    pub track: u32,
    pub pos: f64,
    pub speed: f64,
}

/// What a lamp means to drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Drive.
    Go,
    /// Drive, after those who go first.
    GiveWay,
    /// Halt at the line, then drive, after those who go first.
    HaltFirst,
    /// Stop, if that is possible without harshness.
    StopIfYouCan,
    /// Stop.
    Stop,
}

impl<'a> World<'a> {
    #[inline]
    pub fn track(&self, track: u32) -> &'a Track {
        &self.layout.tracks[track as usize]
    }

    #[inline]
    pub fn way(&self, track: &Track) -> &'a Way {
        &self.layout.ways[track.way as usize]
    }

    #[inline]
    pub fn driver(&self, body: &Body) -> &'a Driver {
        &self.drivers[body.class as usize]
    }

    /// What the lamp of a way says; without lamps, who yields gives way.
    #[inline]
    pub fn says(&self, way: &Way) -> Says {
        let without = if way.yields { Says::GiveWay } else { Says::Go };
        if way.lamp == NONE {
            return without;
        }
        match self.lamps[way.lamp as usize] {
            b'G' => Says::Go,
            b'g' | b'o' | b'O' => without,
            b's' => Says::HaltFirst,
            b'y' => Says::StopIfYouCan,
            _ => Says::Stop,
        }
    }

    /// Link that a vehicle takes from a lane of the road at its cursor.
    #[inline]
    pub fn link_from(&self, cursor: u32, lane: &Track) -> u32 {
        self.windows.choice(cursor, lane).link
    }

    /// Vehicles of a track.
    #[inline]
    pub fn row(&self, track: u32) -> Row<'a> {
        self.field.row(track)
    }
}

/// Speed that a vehicle wants on a track \[m/s\].
#[inline]
pub fn wanted(driver: &Driver, body: &Body, track: &Track) -> f64 {
    lower(track.speed * f64::from(body.factor), driver.max_speed)
}

/// Time to drive a distance \[s\], accelerating to a top speed.
pub fn time_to(distance: f64, speed: f64, accel: f64, top: f64) -> f64 {
    if distance <= 0.0 {
        return 0.0;
    }
    let top = higher(higher(top, speed), 0.1);
    let gaining = (top - speed) / accel;
    let way = 0.5 * (speed + top) * gaining;
    if distance < way {
        ((speed * speed + 2.0 * accel * distance).sqrt() - speed) / accel
    } else {
        gaining + (distance - way) / top
    }
}
