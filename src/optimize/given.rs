//! What a lane is given over some steps: its discharge, when it begins and ends, and how one step serves each of `W` labels.
//!
//! In: rate \[veh/step\], start-up, the wait of those who give way. Out: queues, delay \[veh·step\] and stops after a step.

#![expect(clippy::inline_always, reason = "compiled with its caller for wide registers: search::run")]

use super::yielding::Yielding;

/// What a lane is given over some steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a, const W: usize> {
    /// Discharge \[veh/step\].
    pub(super) rate: f32,
    /// Steps from the beginning in which nothing starts, for each label.
    pub(super) startup: [f32; W],
    /// Whether a vehicle that finds no queue passes before others have started: not where it must give way.
    pub(super) rolls: bool,
    /// What is left of the discharge in each step of the horizon, for a lane that gives way; empty = all of it.
    pub(super) gaps: &'a [f32],
    /// Steps from the beginning after which the discharge ends.
    pub(super) ends: f32,
}

impl<'a, const W: usize> Given<'a, W> {
    #[inline(always)]
    pub(super) fn lasting(rate: f32, startup: f32) -> Self {
        Self { rate, startup: [startup; W], rolls: true, gaps: &[], ends: f32::INFINITY }
    }

    /// The rest of a green that is over.
    #[inline(always)]
    pub(super) fn ending(rate: f32, ends: f32) -> Self {
        Self { rate, startup: [0.0; W], rolls: false, gaps: &[], ends }
    }

    /// The same for a lane that first has to let others go.
    #[inline(always)]
    pub(super) fn after(mut self, waits: Option<(&'a Yielding, &[f32; W])>) -> Self {
        if let Some((yielding, waits)) = waits {
            for (startup, &wait) in self.startup.iter_mut().zip(waits) {
                *startup = larger(*startup, wait);
            }
            self.rolls = false;
            self.gaps = &yielding.gaps;
        }
        self
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ends < f32::INFINITY
    }

    /// Whether the same is given in every step, from the first on.
    #[inline(always)]
    pub(super) fn is_even(&self) -> bool {
        !self.is_ending() && self.gaps.is_empty() && self.startup.iter().all(|&startup| startup <= 0.0)
    }

    /// Share of the discharge in a step of the horizon, `passed` steps from the beginning.
    #[inline(always)]
    pub(super) fn open(&self, passed: usize, step: usize) -> [f32; W] {
        let passed = passed as f32;
        if self.is_ending() {
            [(self.ends - passed).clamp(0.0, 1.0); W]
        } else {
            let left = self.gaps.get(step).copied().unwrap_or(1.0);
            self.startup.map(|startup| left * smaller(larger(passed + 1.0 - startup, 0.0), 1.0))
        }
    }
}

/// Most lanes of a stage whose giving way is looked at one by one; the others keep the rate that was learned.
pub(super) const YIELDING_MAX: usize = 8;

/// How long lanes that give way find no gap, lane by lane in the order of the table.
pub(super) struct Waits<'a, const W: usize> {
    pub(super) lanes: &'a [Yielding],
    pub(super) steps: [[f32; W]; YIELDING_MAX],
}

impl<'a, const W: usize> Waits<'a, W> {
    /// The wait of a lane; lanes are asked for in rising order, `next` is the place of the first not yet found.
    #[inline(always)]
    pub(super) fn of(&self, lane: usize, next: &mut usize) -> Option<(&'a Yielding, &[f32; W])> {
        let found = *next < YIELDING_MAX && self.lanes.get(*next).is_some_and(|yielding| yielding.lane == lane);
        *next += usize::from(found);
        found.then(|| (&self.lanes[*next - 1], &self.steps[*next - 1]))
    }
}

/// A step in which the labels' discharge differs: some still start, wait for others, or find no room.
pub(super) struct Step<const W: usize> {
    pub(super) arriving: f32,
    pub(super) open: [f32; W],
    pub(super) room: [f32; W],
    /// Price of a vehicle that has green and no room \[veh·s a step\].
    pub(super) block_price: f32,
}

impl<const W: usize> Step<W> {
    #[inline(always)]
    pub(super) fn serve(&self, given: &Given<'_, W>, queue: &mut [f32; W], delay: &mut [f32; W], stops: &mut [f32; W]) {
        for j in 0..W {
            let before = queue[j];
            let starting = given.rate * self.open[j];
            // Whoever finds no queue rolls through while others would still be starting.
            let rolling = if given.rolls { given.rate } else { starting };
            let open = if before < 0.5 { rolling } else { starting };
            let after = larger(before + self.arriving - smaller(open, self.room[j]), 0.0);
            let blocked = larger(smaller(before + self.arriving, open) - self.room[j], 0.0);
            delay[j] += 0.5 * (before + after) + self.block_price * blocked;
            stops[j] += self.arriving * if self.open[j] > 0.0 { smaller(before, 1.0) } else { 1.0 };
            queue[j] = after;
        }
    }
}

/// Minimum as one instruction (`f32::min` must also look for NaN).
#[inline]
pub(super) fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Maximum as one instruction.
#[inline]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
