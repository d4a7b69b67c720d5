//! SUMO programmes as cycles of lamp states, and what can be read from it: stages, programme, yellow, all-red.
//!
//! A *green state* shows green to somebody and yellow to nobody; what lies between two green states is their
//! intergreen. Stages are the distinct green states, in file order, and may later be shown in any order (as RESCO
//! does). Greens keep the durations of the file.
//!
//! Several programmes of one signal are read one after the other: their stages are those of the signal, each has its own steps. Where states are named
//! `stage ID`, as our own export does, those are its stages and no others.
//!
//! A group that shows `O` or `o` in every state is not switched by this signal: it counts as `G` or `g` for ever.
//! Where a group shows them in some states only, they count as red.

use super::error::ImportError;
use super::net::{SumoNet, TlLogic, TlPhase};
use crate::network::file::{NamedProgrammeFile, ProgrammeStepFile, StageFile};
use crate::time::Millis;
use crate::units::{Indication, lamps_to_string};
use std::collections::BTreeMap;
use std::ops::Range;

/// Green that a programme step must have at least.
const STEP_MIN: Millis = Millis::from_secs(1);
/// What the names of states begin with that our own export has named.
const STAGE_NAME: &str = "stage ";
/// Longest green that a step may have.
const STEP_MAX: Millis = Millis::from_secs(3600);

/// One state of the lamps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) duration: Millis,
    pub(super) lamps: Vec<Indication>,
    /// Shortest duration that the file allows, where it says so.
    pub(super) duration_min: Option<Millis>,
    /// Whether it can be a stage.
    pub(super) green: bool,
    /// Name of that stage, where the file tells one.
    pub(super) stage: Option<String>,
}

/// One programme.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    name: String,
    /// Its states, for ever in this order.
    states: Range<usize>,
    /// Start of the first state after the origin of time.
    offset: Millis,
}

/// The states of the programmes of a signal, that which runs first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycle {
    pub(super) states: Vec<State>,
    pub(super) groups: usize,
    parts: Vec<Part>,
    /// Groups that are dark or flashing all the time.
    pub(super) unswitched: Vec<usize>,
}

impl Cycle {
    /// Read the programme that runs; all its states must be of one length. A signal without programme has no states.
    pub(super) fn read(net: &SumoNet<'_>, logic: &TlLogic) -> Result<Self, ImportError> {
        let (tl, programme) = (logic.id.clone(), logic.programme.clone());
        if let Some(groups) = logic.groups_without_programme {
            return Ok(Self { states: Vec::new(), groups, parts: Vec::new(), unswitched: Vec::new() });
        }
        let Some(first) = logic.phases.first() else {
            return Err(ImportError::NoPhases { place: net.place_of(logic, logic.offset), tl, programme });
        };
        let expected = first.state.len();
        if let Some(phase) = logic.phases.iter().find(|phase| phase.state.len() != expected) {
            let (place, state, found) = (net.place_of(logic, phase.offset), phase.state.clone(), phase.state.len());
            return Err(ImportError::UnequalStates { place, tl, programme, state, found, expected });
        }
        let off = |group: usize| logic.phases.iter().all(|phase| b"oO".contains(&phase.state.as_bytes()[group]));
        let unswitched: Vec<usize> = (0..expected).filter(|&group| off(group)).collect();
        let mut cycle = Self { states: Vec::new(), groups: expected, parts: Vec::new(), unswitched };
        cycle.append(logic);
        Ok(cycle)
    }

    /// Read a further programme; why it cannot be one of this signal otherwise.
    pub(super) fn read_further(&mut self, logic: &TlLogic) -> Result<(), String> {
        if let Some(phase) = logic.phases.iter().find(|phase| phase.state.len() != self.groups) {
            return Err(format!(
                "state {} has {} letters, and {} are those of its signal",
                phase.state,
                phase.state.len(),
                self.groups
            ));
        }
        let before = self.states.len();
        self.append(logic);
        if !self.states[before..].iter().any(|state| state.green) {
            self.states.truncate(before);
            self.parts.pop();
            return Err("it is green for nobody".to_owned());
        }
        Ok(())
    }

    fn append(&mut self, logic: &TlLogic) {
        let begin = self.states.len();
        let stage = |phase: &TlPhase| phase.name.as_deref()?.strip_prefix(STAGE_NAME).map(str::to_owned);
        let named = logic.phases.iter().any(|phase| stage(phase).is_some());
        for phase in &logic.phases {
            let letters = phase.state.bytes().enumerate();
            let lamps: Vec<Indication> = letters.map(|(at, it)| lamp(it, self.unswitched.contains(&at))).collect();
            let changing = |it: &Indication| matches!(it, Indication::Yellow | Indication::RedYellow);
            let served = |(at, it): (usize, &Indication)| it.is_green() && !self.unswitched.contains(&at);
            let stage = stage(phase);
            self.states.push(State {
                duration: Millis::from_secs_f64(phase.duration_s),
                green: !lamps.iter().any(changing)
                    && lamps.iter().enumerate().any(served)
                    && (!named || stage.is_some()),
                duration_min: phase.duration_min_s.map(Millis::from_secs_f64),
                lamps,
                stage,
            });
        }
        let (name, offset) = (logic.programme.clone(), Millis::from_secs_f64(logic.offset_s));
        self.parts.push(Part { name, states: begin..self.states.len(), offset });
    }

    /// A cycle of given states, for tests of those who use one.
    #[cfg(test)]
    pub(super) fn of(states: Vec<State>) -> Self {
        let groups = states[0].lamps.len();
        let parts = vec![Part { name: String::new(), states: 0..states.len(), offset: Millis::ZERO }];
        Self { states, groups, parts, unswitched: Vec::new() }
    }

    /// Whether turning on red is allowed to a group in some state.
    pub(super) fn turn_on_red(&self, group: usize) -> bool {
        self.states.iter().any(|state| state.lamps[group] == Indication::RedTurnAllowed)
    }

    /// Whether a group is green in some stage and not in another.
    pub(super) fn ends(&self, group: usize) -> bool {
        let mut stages = self.states.iter().filter(|state| state.green).map(|state| state.lamps[group].is_green());
        let first = stages.next();
        stages.any(|green| Some(green) != first)
    }

    /// The longest run of yellow that a group has, `None` when it has none.
    pub(super) fn yellow(&self, group: usize) -> Option<Millis> {
        let of = |part: &Part| {
            let states = &self.states[part.states.clone()];
            let count = states.len();
            let yellow = |at: usize| states[at % count].lamps[group] == Indication::Yellow;
            let starts = (0..count).filter(|&at| yellow(at) && !yellow(at + count - 1));
            starts
                .map(|at| (at..at + count).take_while(|&it| yellow(it)).map(|it| states[it % count].duration).sum())
                .max()
        };
        self.parts.iter().filter_map(of).max()
    }

    /// Red of both groups between the yellow of the first and the green of the second, where the file lets the
    /// second follow the first directly.
    pub(super) fn all_red(&self) -> BTreeMap<(usize, usize), Millis> {
        let mut longest = BTreeMap::new();
        for part in &self.parts {
            self.all_red_of(&self.states[part.states.clone()], &mut longest);
        }
        longest
    }

    fn all_red_of(&self, states: &[State], longest: &mut BTreeMap<(usize, usize), Millis>) {
        let greens: Vec<usize> = (0..states.len()).filter(|&at| states[at].green).collect();
        for (position, &leaving) in greens.iter().enumerate() {
            let entering = greens[(position + 1) % greens.len()];
            let between = between(states.len(), leaving, entering);
            let intergreen: Millis = between.iter().map(|&at| states[at].duration).sum();
            let green = |at: usize, group: usize| states[at].lamps[group].is_green();
            for ending in (0..self.groups).filter(|&it| green(leaving, it) && !green(entering, it)) {
                let cleared: Millis = between
                    .iter()
                    .filter(|&&at| matches!(states[at].lamps[ending], Indication::Yellow) || green(at, ending))
                    .map(|&at| states[at].duration)
                    .sum();
                for starting in (0..self.groups).filter(|&it| green(entering, it) && !green(leaving, it)) {
                    let red = longest.entry((ending, starting)).or_insert(Millis::ZERO);
                    *red = (intergreen - cleared).max(*red);
                }
            }
        }
    }

    /// Shortest green of a group that the file asks for.
    pub(super) fn green_min(&self, group: usize) -> Option<Millis> {
        let serving = self.states.iter().filter(|state| state.green && state.lamps[group].is_green());
        serving.filter_map(|state| state.duration_min).min()
    }

    /// Stages with their names, and the fixed-time programmes over them with theirs: that which runs first, and first in the list.
    pub(super) fn stages_and_programmes(&self) -> (Vec<StageFile>, Vec<NamedProgrammeFile>) {
        let mut stages: Vec<StageFile> = Vec::new();
        let programmes = self.parts.iter().map(|part| {
            let steps = steps(&self.states[part.states.clone()], &mut stages);
            NamedProgrammeFile { id: part.name.clone(), offset_ms: self.first_green(part), steps }
        });
        let programmes = programmes.collect();
        (stages, programmes)
    }

    /// Start of the first green state after the origin of time, within one cycle.
    fn first_green(&self, part: &Part) -> Millis {
        let states = &self.states[part.states.clone()];
        let cycle: Millis = states.iter().map(|state| state.duration).sum();
        let lead: Millis = states.iter().take_while(|state| !state.green).map(|state| state.duration).sum();
        Millis((part.offset + lead).0.checked_rem_euclid(cycle.0).unwrap_or(0))
    }
}

/// States after one up to another, round the end of the cycle.
fn between(count: usize, leaving: usize, entering: usize) -> Vec<usize> {
    (1..count).map(|step| (leaving + step) % count).take_while(|&at| at != entering).collect()
}

/// The steps of a programme; stages that are new join the list.
fn steps(states: &[State], stages: &mut Vec<StageFile>) -> Vec<ProgrammeStepFile> {
    let mut steps: Vec<ProgrammeStepFile> = Vec::new();
    let mut last_state = None;
    for (at, state) in states.iter().enumerate().filter(|(_, state)| state.green) {
        let signals = lamps_to_string(&state.lamps);
        let known = stages.iter().position(|stage| stage.signals == signals);
        let stage = known.unwrap_or_else(|| {
            let free = |id: &String| stages.iter().all(|it| it.id != *id);
            let numbered =
                || (stages.len()..=2 * stages.len()).map(|it| format!("s{it}")).find(free).unwrap_or_default();
            let id = state.stage.clone().filter(free).unwrap_or_else(numbered);
            stages.push(StageFile { id, signals });
            stages.len() - 1
        });
        let id = stages[stage].id.clone();
        match steps.last_mut().filter(|step| step.stage == id && last_state == at.checked_sub(1)) {
            Some(step) => step.green_ms += state.duration,
            None => steps.push(ProgrammeStepFile { stage: id, green_ms: state.duration }),
        }
        last_state = Some(at);
    }
    for step in &mut steps {
        step.green_ms = step.green_ms.clamp(STEP_MIN, STEP_MAX);
    }
    steps
}

/// What a letter of the file means here.
fn lamp(letter: u8, unswitched: bool) -> Indication {
    match letter {
        b'O' if unswitched => Indication::Protected,
        b'o' if unswitched => Indication::Permissive,
        b'Y' | b'y' => Indication::Yellow,
        b'G' => Indication::Protected,
        b'g' => Indication::Permissive,
        b's' => Indication::RedTurnAllowed,
        b'u' => Indication::RedYellow,
        _ => Indication::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::lamps_from_str;

    /// A cycle of states with their seconds; states with y or without green are no stages.
    fn cycle(states: &[(&str, i64)]) -> Cycle {
        let state = |(letters, secs): &(&str, i64)| State {
            duration: Millis::from_secs(*secs),
            lamps: lamps_from_str(letters).unwrap(),
            duration_min: None,
            green: !letters.contains('y') && letters.contains(['G', 'g']),
            stage: None,
        };
        Cycle::of(states.iter().map(state).collect())
    }

    #[test]
    fn yellow_is_the_longest_run_and_may_go_round_the_end_of_the_cycle() {
        let cycle = cycle(&[("yr", 2), ("rG", 10), ("ry", 3), ("Gr", 10), ("yr", 1)]);
        assert_eq!(cycle.yellow(0), Some(Millis(3_000)));
        assert_eq!(cycle.yellow(1), Some(Millis(3_000)));
    }

    #[test]
    fn a_group_that_never_ends_has_no_yellow() {
        assert_eq!(cycle(&[("GG", 10), ("Gy", 3), ("Gr", 5)]).yellow(0), None);
    }

    #[test]
    fn all_red_is_what_remains_of_the_intergreen_after_yellow() {
        let red = cycle(&[("Gr", 10), ("yr", 3), ("rr", 2), ("rG", 10), ("ry", 4)]).all_red();
        assert_eq!(red, BTreeMap::from([((0, 1), Millis(2_000)), ((1, 0), Millis::ZERO)]));
    }

    #[test]
    fn equal_states_are_one_stage_and_the_programme_starts_at_the_first_green() {
        let states = [("rr", 1), ("Gr", 10), ("yr", 3), ("rG", 5), ("ry", 3), ("Gr", 20), ("yr", 3)];
        let (stages, programmes) = cycle(&states).stages_and_programmes();
        let programme = &programmes[0];
        assert_eq!(stages.iter().map(|it| it.signals.as_str()).collect::<Vec<_>>(), ["Gr", "rG"]);
        let steps: Vec<(&str, i64)> = programme.steps.iter().map(|it| (it.stage.as_str(), it.green_ms.0)).collect();
        assert_eq!(steps, [("s0", 10_000), ("s1", 5_000), ("s0", 20_000)]);
        assert_eq!(programme.offset_ms, Millis(1_000));
    }

    #[test]
    fn one_green_state_makes_a_signal_of_one_stage() {
        let (stages, programmes) = cycle(&[("GG", 60), ("yy", 3), ("rr", 10)]).stages_and_programmes();
        assert_eq!((stages.len(), programmes[0].steps.len()), (1, 1));
    }
}
