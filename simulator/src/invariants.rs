//! What must hold after every step; tests ask after each one.
//!
//! Nobody is lost or doubled, everybody is in order and behind the one in front, on the track and not backwards; also over
//! the line between a lane and the links that leave it.

use crate::engine::layout::Layout;
use crate::engine::store::Field;
use crate::simulation::Simulation;

/// Rounding \[m\].
const SLACK_M: f64 = 1e-6;

pub(crate) fn check(simulation: &Simulation, layout: &Layout, field: Field<'_>) -> Result<(), String> {
    let (entered, arrived) = simulation.counts();
    let inside = simulation.vehicles_inside() as u64;
    if entered != inside + arrived {
        return Err(format!("{entered} entered, {inside} are inside and {arrived} arrived"));
    }
    let mut seen = vec![false; simulation.demand().trips.len()];
    for (number, track) in layout.tracks.iter().enumerate() {
        let row = field.row(number as u32);
        let mut back = f64::INFINITY;
        for (k, body) in row.body.iter().enumerate() {
            let (pos, speed) = (row.pos[k], row.speed[k]);
            let who = format!("trip {} on track {number} at {pos:.3} of {:.3} m", body.trip, track.length);
            if std::mem::replace(&mut seen[body.trip as usize], true) {
                return Err(format!("{who}: is in two places"));
            }
            if !(speed >= 0.0 && pos >= 0.0 && pos <= track.length + SLACK_M) {
                return Err(format!("{who}: speed {speed}"));
            }
            if pos > back + SLACK_M {
                return Err(format!("{who}: {:.3} m into the one in front", pos - back));
            }
            back = pos - f64::from(body.length);
        }
        if let Some(&pos) = row.pos.first().filter(|_| track.is_lane()) {
            over_the_line(layout, field, number, pos)?;
        }
    }
    Ok(())
}

/// The first vehicle of a lane is behind the tails that still stand on it.
fn over_the_line(layout: &Layout, field: Field<'_>, number: usize, pos: f64) -> Result<(), String> {
    let track = &layout.tracks[number];
    for way in layout.ways_out_of(track) {
        let last = field.row(way.track);
        let Some(body) = last.body.last().filter(|body| body.came == number as u32) else { continue };
        let back = track.length + last.pos[last.pos.len() - 1] - f64::from(body.length);
        if pos > back + SLACK_M {
            return Err(format!("track {number}: {:.3} m into trip {} beyond the line", pos - back, body.trip));
        }
    }
    Ok(())
}
