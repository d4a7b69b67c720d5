//! Offsets that give a corridor its widest green bands, in both directions at once.
//!
//! In: for each signal the window of green that each direction has in its cycle, the travel times between the stop lines,
//! the weight of the two directions. Out: offsets, and the bands that they leave.
//!
//! **What is solved, and how exactly.** Little, Kelson and Gartner (1981), *MAXBAND: a program for setting signals on
//! arterials and triangular networks*, Transp. Res. Record 795, maximise `b + k·b̄` with `(1 − k)·b̄ ≥ (1 − k)·k·b`, where `b`
//! and `b̄` are the widths of the outbound and the inbound band and `k` is the ratio of the inbound to the outbound volume. Here
//! cycle, splits, order of the stages and speeds are given; of MAXBAND's variables the offsets and the phase between the
//! two bands are left. In a frame in which the outbound band begins at 0 and the inbound one at `v`, every signal can be
//! looked at alone: with windows of `g` and `ḡ` seconds, and `δ` seconds from where its offset would have to be at the latest
//! for the inbound band to where for the outbound one, it lets both bands through exactly when `b ≤ g − δ` or
//! `b̄ ≤ ḡ − (C − δ)` (the two stretches of allowed offsets then meet on the circle of the cycle). So for each `v` a few values
//! of `b` can be the best, and `v` is tried in steps of [`STEP_S`]. Windows and travel times are rounded to that step, and for
//! such numbers no offsets give more. No mixed-integer solver is needed.
//!
//! **Not solved**: speeds as variables, left turns that lead or lag by choice, bands of another width on every road
//! (MULTIBAND), queues that stand before the band (`τ`), half cycles. Offsets are rounded to whole seconds, and the bands that are
//! told are those after the rounding.

use serde::Serialize;

/// Resolution of windows, travel times and of the phase between the two bands \[s\].
pub const STEP_S: f64 = 0.1;
/// Bands narrower than this are none \[s\].
const NONE_S: f64 = 0.05;

/// A stretch of green in a cycle \[s\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    /// When it begins, after the begin of the programme.
    pub start_s: f64,
    /// How long it lasts.
    pub length_s: f64,
}

/// One signal of a corridor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Signal {
    /// Green along the corridor.
    pub outbound: Window,
    /// Green against it; none on a one-way road.
    pub inbound: Option<Window>,
    /// Travel time from the first stop line to this one \[s\].
    pub from_first_s: f64,
    /// Travel time from here back to the first one \[s\].
    pub to_first_s: f64,
}

/// What is to be solved.
#[derive(Debug, Clone, PartialEq)]
pub struct Arterial {
    /// Cycle of all signals \[s\].
    pub cycle_s: f64,
    /// In the direction of travel.
    pub signals: Vec<Signal>,
    /// Inbound volume for each outbound vehicle; above 0.
    pub ratio: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bands {
    /// Offset of each signal after the first one's, whole seconds within a cycle.
    pub offsets_s: Vec<f64>,
    /// Width of the band along the corridor \[s\].
    pub outbound_s: f64,
    /// Width of the band against it \[s\].
    pub inbound_s: f64,
    /// Mean width of the bands there are, as a share of the cycle (Little's efficiency).
    pub efficiency: f64,
    /// The same as a share of the shortest green of each direction (attainability).
    pub attainability: f64,
}

/// Bands of one `v`.
#[derive(Debug, Clone, Copy)]
struct Choice {
    v: f64,
    outbound: f64,
    inbound: f64,
}

/// The offsets with the widest bands.
///
/// # Panics
/// When there are no signals, or the cycle has no length.
pub fn solve(arterial: &Arterial) -> Bands {
    assert!(!arterial.signals.is_empty() && arterial.cycle_s > 0.0, "a corridor has signals and a cycle");
    let arterial = &arterial.rounded();
    let best = if arterial.signals.iter().all(|it| it.inbound.is_some()) {
        arterial.two_way()
    } else {
        let outbound = arterial.signals.iter().map(|it| it.outbound.length_s).fold(f64::INFINITY, f64::min);
        Choice { v: 0.0, outbound, inbound: 0.0 }
    };
    let exact: Vec<f64> = arterial.signals.iter().map(|signal| arterial.offset(signal, best)).collect();
    let first = exact[0].round();
    let offsets: Vec<f64> = exact.iter().map(|it| (it.round() - first).rem_euclid(arterial.cycle_s)).collect();
    arterial.told(offsets)
}

impl Arterial {
    /// The bands that offsets leave \[s\]: outbound, inbound.
    pub fn bands(&self, offsets_s: &[f64]) -> [f64; 2] {
        let out = self.signals.iter().zip(offsets_s);
        let outbound: Vec<Window> = out
            .map(|(it, offset)| Window { start_s: offset + it.outbound.start_s - it.from_first_s, ..it.outbound })
            .collect();
        let back = self.signals.iter().zip(offsets_s);
        let inbound: Option<Vec<Window>> = back
            .map(|(it, offset)| it.inbound.map(|w| Window { start_s: offset + w.start_s + it.to_first_s, ..w }))
            .collect();
        [self.common(&outbound), inbound.map_or(0.0, |it| self.common(&it))]
    }

    /// The longest stretch of the cycle that lies in all windows.
    fn common(&self, windows: &[Window]) -> f64 {
        let from = |start: f64| {
            let left = |it: &Window| {
                if it.length_s >= self.cycle_s { self.cycle_s } else { it.length_s - self.after(start - it.start_s) }
            };
            windows.iter().map(left).fold(f64::INFINITY, f64::min)
        };
        let longest = windows.iter().map(|it| from(it.start_s)).fold(0.0, f64::max);
        if longest < NONE_S { 0.0 } else { longest }
    }

    /// What is left of whole cycles; a hair before a whole one is none.
    fn after(&self, seconds: f64) -> f64 {
        let rest = seconds.rem_euclid(self.cycle_s);
        if self.cycle_s - rest < STEP_S / 4.0 { 0.0 } else { rest }
    }

    fn rounded(&self) -> Self {
        let to_step = |it: f64| (it / STEP_S).round() * STEP_S;
        let window = |it: Window| Window {
            start_s: to_step(it.start_s),
            length_s: to_step(it.length_s.clamp(0.0, self.cycle_s)),
        };
        let signal = |it: &Signal| Signal {
            outbound: window(it.outbound),
            inbound: it.inbound.map(window),
            from_first_s: to_step(it.from_first_s),
            to_first_s: to_step(it.to_first_s),
        };
        Self { signals: self.signals.iter().map(signal).collect(), ..self.clone() }
    }

    /// The best of all phases between the two bands.
    fn two_way(&self) -> Choice {
        let mut best = Choice { v: 0.0, outbound: 0.0, inbound: 0.0 };
        // Without a band in one of the directions the other one gets what its shortest green is.
        let shortest = |length: fn(&Signal) -> f64| self.signals.iter().map(length).fold(f64::INFINITY, f64::min);
        let outbound = shortest(|it| it.outbound.length_s);
        let inbound = shortest(|it| it.inbound.map_or(0.0, |it| it.length_s));
        for choice in [Choice { outbound, ..best }, Choice { inbound, ..best }] {
            if self.is_better(choice, best) {
                best = choice;
            }
        }
        for step in 0..(self.cycle_s / STEP_S).round() as i64 {
            let v = step as f64 * STEP_S;
            for choice in self.at(v) {
                if self.is_better(choice, best) {
                    best = choice;
                }
            }
        }
        best
    }

    /// Bands that may be the best at one phase between them.
    fn at(&self, v: f64) -> Vec<Choice> {
        let parts: Vec<(f64, f64, f64, f64)> = self.signals.iter().map(|signal| self.limits(signal, v)).collect();
        let widest = parts.iter().map(|it| it.0).fold(f64::INFINITY, f64::min);
        let widest_back = parts.iter().map(|it| it.1).fold(f64::INFINITY, f64::min);
        let mut candidates: Vec<f64> = parts.iter().map(|it| it.2.clamp(0.0, widest)).chain([0.0, widest]).collect();
        candidates.sort_by(f64::total_cmp);
        candidates.dedup();
        let back = |outbound: f64| {
            let forced = parts.iter().filter(|it| it.2 + STEP_S / 4.0 < outbound).map(|it| it.3);
            forced.fold(widest_back, f64::min)
        };
        let mut found: Vec<Choice> = Vec::new();
        for outbound in candidates {
            let inbound = back(outbound);
            if inbound < 0.0 {
                continue;
            }
            found.push(Choice { v, outbound, inbound });
            // A band may be narrower than it could be, for the sake of the ratio.
            found.push(Choice { v, outbound: outbound.min(inbound / self.ratio), inbound });
            found.push(Choice { v, outbound, inbound: inbound.min(outbound * self.ratio) });
        }
        found
    }

    /// Greens out and in, and the width to which one band must keep so that the other one need not.
    fn limits(&self, signal: &Signal, v: f64) -> (f64, f64, f64, f64) {
        let inbound = signal.inbound.expect("both directions");
        let delta = self.after(signal.latest() - signal.latest_back(v));
        let (out, back) = (signal.outbound.length_s, inbound.length_s);
        let against = if delta == 0.0 { back } else { back - (self.cycle_s - delta) };
        (out, back, out - delta, against)
    }

    /// MAXBAND's objective, under its condition on the ratio.
    fn is_better(&self, choice: Choice, best: Choice) -> bool {
        let k = self.ratio;
        let fair = (1.0 - k) * choice.inbound >= (1.0 - k) * k * choice.outbound - 1e-6;
        let worth = |it: Choice| it.outbound + k * it.inbound;
        let narrower = |it: Choice| it.outbound.min(it.inbound);
        let gain = worth(choice) - worth(best);
        fair && (gain > 1e-6 || (gain > -1e-6 && narrower(choice) > narrower(best) + 1e-6))
    }

    /// The middle of the offsets with which a signal lets the bands through.
    fn offset(&self, signal: &Signal, bands: Choice) -> f64 {
        let (latest, room) = (signal.latest(), signal.outbound.length_s - bands.outbound);
        let Some(inbound) = signal.inbound.filter(|_| bands.inbound > 0.0) else { return latest - room / 2.0 };
        let room_back = inbound.length_s - bands.inbound;
        if bands.outbound <= 0.0 {
            return signal.latest_back(bands.v) - room_back / 2.0;
        }
        let delta = self.after(latest - signal.latest_back(bands.v));
        if delta <= room + STEP_S / 4.0 {
            let upper = latest - delta;
            upper - (room - delta).min(room_back).max(0.0) / 2.0
        } else {
            let behind = self.cycle_s - delta;
            latest - room.min(room_back - behind).max(0.0) / 2.0
        }
    }

    /// The bands that offsets leave, with how good they are.
    pub fn told(&self, offsets_s: Vec<f64>) -> Bands {
        let [outbound_s, inbound_s] = self.bands(&offsets_s);
        let both = self.signals.iter().all(|it| it.inbound.is_some());
        let shortest = |length: fn(&Signal) -> f64| self.signals.iter().map(length).fold(f64::INFINITY, f64::min);
        let green = shortest(|it| it.outbound.length_s);
        let green_back = if both { shortest(|it| it.inbound.map_or(0.0, |w| w.length_s)) } else { 0.0 };
        let directions = if both { 2.0 } else { 1.0 };
        Bands {
            efficiency: (outbound_s + inbound_s) / (directions * self.cycle_s),
            attainability: (outbound_s + inbound_s) / (green + green_back).max(STEP_S),
            offsets_s,
            outbound_s,
            inbound_s,
        }
    }
}

impl Signal {
    /// Latest offset with which a vehicle at the head of the outbound band finds green.
    fn latest(&self) -> f64 {
        self.from_first_s - self.outbound.start_s
    }

    /// The same for the inbound band, which reaches the first signal at `v`.
    fn latest_back(&self, v: f64) -> f64 {
        v - self.to_first_s - self.inbound.map_or(0.0, |it| it.start_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signal(outbound: (f64, f64), inbound: (f64, f64), travel_s: f64) -> Signal {
        let window = |(start_s, length_s)| Window { start_s, length_s };
        Signal {
            outbound: window(outbound),
            inbound: Some(window(inbound)),
            from_first_s: travel_s,
            to_first_s: travel_s,
        }
    }

    fn row(cycle_s: f64, travel_s: f64, greens: &[f64]) -> Arterial {
        let each = greens.iter().zip(0..);
        let signals = each.map(|(&green, at)| signal((0.0, green), (0.0, green), f64::from(at) * travel_s)).collect();
        Arterial { cycle_s, signals, ratio: 1.0 }
    }

    /// Signals half a cycle apart alternate, and the bands are as wide as the greens (the alternate system of the textbooks).
    #[test]
    fn signals_half_a_cycle_apart_alternate_with_full_bands() {
        let bands = solve(&row(80.0, 40.0, &[40.0, 40.0, 40.0, 40.0]));
        assert_eq!(bands.offsets_s, [0.0, 40.0, 0.0, 40.0]);
        assert_eq!((bands.outbound_s, bands.inbound_s), (40.0, 40.0));
        assert!((bands.attainability - 1.0).abs() < 1e-9 && (bands.efficiency - 0.5).abs() < 1e-9, "{bands:?}");
    }

    /// Signals a whole cycle apart switch together.
    #[test]
    fn signals_a_whole_cycle_apart_switch_together() {
        let bands = solve(&row(60.0, 60.0, &[25.0, 30.0, 25.0]));
        assert_eq!((bands.outbound_s, bands.inbound_s), (25.0, 25.0));
        assert!(bands.offsets_s.iter().all(|&it| it <= 5.0 || it >= 55.0), "{bands:?}");
    }

    #[test]
    fn on_a_one_way_road_the_band_is_the_shortest_green_whatever_the_distances() {
        let mut arterial = row(90.0, 17.3, &[40.0, 31.0, 50.0]);
        arterial.signals.iter_mut().for_each(|it| it.inbound = None);
        let bands = solve(&arterial);
        assert!((bands.outbound_s - 31.0).abs() <= 1.0 && bands.inbound_s == 0.0, "{bands:?}");
    }

    #[test]
    fn the_heavier_direction_gets_the_wider_band() {
        let mut arterial = row(80.0, 20.0, &[40.0, 40.0]);
        let even = solve(&arterial);
        assert!((even.outbound_s + even.inbound_s - 40.0).abs() <= 1.0, "{even:?}");
        arterial.ratio = 0.3;
        let uneven = solve(&arterial);
        assert!(
            uneven.outbound_s > uneven.inbound_s && uneven.inbound_s >= 0.3 * uneven.outbound_s - 1.0,
            "{uneven:?}"
        );
    }

    proptest! {
        /// Against every offset in whole seconds: none has a larger `b + k·b̄` under the condition on the ratio.
        #[test]
        fn no_offsets_in_whole_seconds_give_wider_bands(
            greens in proptest::collection::vec((8_u8..25, 8_u8..25, 0_u8..40, 0_u8..40), 3),
            travel in proptest::collection::vec(3_u8..40, 2),
            tenths in 3_u8..30,
        ) {
            let places = [0.0, f64::from(travel[0]), f64::from(travel[0]) + f64::from(travel[1])];
            let signals: Vec<Signal> = greens.iter().zip(places).map(|(it, place)| {
                signal((f64::from(it.2), f64::from(it.0)), (f64::from(it.3), f64::from(it.1)), place)
            }).collect();
            let arterial = Arterial { cycle_s: 40.0, signals, ratio: f64::from(tenths) / 10.0 };
            let k = arterial.ratio;
            let mut most = 0.0_f64;
            for second in 0..40 {
                for third in 0..40 {
                    let [b, back] = arterial.bands(&[0.0, f64::from(second), f64::from(third)]);
                    // The condition is met by making the band that is too wide narrower.
                    let [b, back] = if k < 1.0 { [b.min(back / k), back] } else { [b, back.min(k * b)] };
                    let [b, back] = if (k - 1.0).abs() < 1e-9 { arterial.bands(&[0.0, f64::from(second), f64::from(third)]) } else { [b, back] };
                    most = most.max(b + k * back);
                }
            }
            let found = arterial.two_way();
            let worth = found.outbound + k * found.inbound;
            prop_assert!(worth >= most - 1e-6, "{worth} < {most}: {arterial:?}");
            let told = solve(&arterial);
            prop_assert!(told.outbound_s >= found.outbound - 1.01 && told.inbound_s >= found.inbound - 1.01, "{told:?} {found:?}");
        }
    }
}
