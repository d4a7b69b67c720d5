//! The lease protocol, checked in every order of events up to a bound: two engines of one group, a broker, one field controller.
//!
//! What decides is the code that runs in the city: [`Leadership`] in the engines, [`Admission`] and [`Plan::lease_is_over`] in the
//! controller. The model adds the place of leases, the air, and an adversary with a budget: he freezes, kills, loses, doubles and
//! holds messages back as long as he likes, at any moment, also between an engine's look and what it does about it. Thawing, starting
//! again and letting go of what he held cost him nothing. A round is half a second; engines look in each, in either order, and decide
//! in every other, or at once when they begin to lead. Within a round an engine is interrupted only by being frozen. Their steady
//! clocks differ, and the second one's wall clock has been set back.
//!
//! Safety: never two authors obeyed at once (once a later one has been obeyed, none of the earlier), (epoch, seq) of what is obeyed
//! only rises, nothing older than its lease acts. Liveness, as a bound: [`CALM`] after the adversary's last move a plan is obeyed,
//! wherever an engine runs. Three planted defects show that the model would find what it looks for.
//!
//! Not in it: two controllers, clocks that are set while it runs (`lightwatch soak`), the disk (`tests/it/standby.rs`).

use lightwatch::field::Admission;
use lightwatch::ids::IntersectionId;
use lightwatch::leadership::{Leadership, Sight, Step, Timing};
use lightwatch::plan::{Mode, Plan, PlanRef};
use lightwatch::time::{Millis, Timestamp};
use stateright::{Checker, HasDiscoveries, Model, Property};

/// Length of a round.
const ROUND: Millis = Millis(500);
/// Things that an engine does in a round at most: look, claim, look, renew, decide.
const STEPS_MAX: usize = 6;
/// Rounds after the adversary's last move in which control is back: silence (1.5 s), claim, and a nonce that may be a second away.
const CALM: u8 = 6;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    /// The controller takes plans of any number, as long as their author has heard it lately.
    NoFencing,
    /// The controller obeys a plan however old it is.
    NoLease,
    /// A frozen leader is waited for.
    NoSuccession,
}

/// The protocol with its bounds.
#[derive(Debug, Clone)]
struct Protocol {
    defect: Defect,
    /// Rounds looked at.
    rounds: u8,
    /// Moves of the adversary that cost.
    moves: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    round: u8,
    engines: [Engine; 2],
    /// Claims at the place of leases, the highest last.
    claims: Vec<Claim>,
    /// Claims made so far.
    made: u8,
    air: Vec<Post>,
    field: Cabinet,
    moves: u8,
    /// Rounds since the adversary's last move, up to [`CALM`].
    calm: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Life {
    Runs,
    Frozen,
    Dead,
}

/// Where an engine is in its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Next {
    Look,
    Do(Step),
    Decide,
    Rest,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Engine {
    life: Life,
    next: Next,
    leadership: Leadership,
    /// The claim that it made last.
    claim: Option<u8>,
    /// Epoch of its last decision.
    led: Option<u64>,
    seq: u64,
    nonce: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Claim {
    epoch: u64,
    owner: usize,
    name: u8,
    beat: u64,
    /// Its owner's process lives and has made no other.
    held: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Post {
    letter: Letter,
    /// Held back by the adversary; he lets go of it when he likes.
    held: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Letter {
    Plan { claim: u8, number: PlanRef, nonce: u64, issued: u8 },
    State { to: usize, nonce: u64 },
}

/// The field controller, and what a referee remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cabinet {
    admission: Admission,
    /// The plan in force: its claim, its number, and the round in which it was made.
    obeyed: Option<(u8, PlanRef, u8)>,
    last: Option<(u8, PlanRef)>,
    /// Claims that a later one has followed.
    retired: Vec<u8>,
    returned: bool,
    fell: bool,
    refused_zombie: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Round,
    /// All that an engine still does in its round.
    Go(usize),
    Deliver(usize),
    /// An engine does so many things and is frozen.
    Freeze(usize, usize),
    Thaw(usize),
    Kill(usize),
    Restart(usize),
    Lose(usize),
    Double(usize),
    Hold(usize),
}

fn instant(round: u8) -> Timestamp {
    Timestamp(1_000_000) + ROUND * i64::from(round)
}

impl Engine {
    fn started(defect: Defect) -> Self {
        let silence =
            if defect == Defect::NoSuccession { Millis::from_secs(86_400) } else { Timing::default().silence };
        let leadership = Leadership::new(Timing { silence, ..Timing::default() });
        Self { life: Life::Runs, next: Next::Look, leadership, claim: None, led: None, seq: 0, nonce: None }
    }
}

impl World {
    fn sight(&self) -> Sight {
        let none = Sight { epoch: 0, beat: 0, held: false };
        self.claims.last().map_or(none, |it| Sight { epoch: it.epoch, beat: it.beat, held: it.held })
    }

    /// An engine does all that it still does in its round, or so many things of it.
    fn go(&mut self, who: usize, steps: usize) {
        for _ in 0..steps {
            if self.engines[who].next == Next::Rest {
                return;
            }
            self.step(who);
        }
    }

    /// What was posted to an engine and not held back has arrived.
    fn read(&mut self, who: usize) {
        let arrived = |it: &Post| !it.held && matches!(it.letter, Letter::State { to, .. } if to == who);
        for post in self.air.extract_if(.., |it| arrived(it)) {
            if let Letter::State { nonce, .. } = post.letter {
                self.engines[who].nonce = Some(nonce);
            }
        }
    }

    /// The next thing that an engine does in its round.
    fn step(&mut self, who: usize) {
        self.read(who);
        // The clock of each begins somewhere else; the second one's wall clock was set back.
        let steady = instant(self.round) + Millis(77_777) * i64::from(who == 1);
        let floor = [100, 3][who];
        let sight = self.sight();
        let engine = &mut self.engines[who];
        let next = match engine.next {
            Next::Look => Next::Do(engine.leadership.look(sight, floor, steady)),
            Next::Do(Step::Claim(epoch)) => {
                self.claim(who, epoch);
                Next::Look
            }
            Next::Do(Step::Renew) => {
                engine.leadership.renewed();
                let (claim, beat) = (engine.claim, u64::from(self.round) + 1);
                self.claims.iter_mut().filter(|it| Some(it.name) == claim).for_each(|it| it.beat = beat);
                Next::Decide
            }
            Next::Do(Step::Wait) => Next::Decide,
            Next::Decide | Next::Rest => {
                self.decide(who, steady);
                Next::Rest
            }
        };
        self.engines[who].next = next;
    }

    fn claim(&mut self, who: usize, epoch: u64) {
        self.claims.iter_mut().filter(|it| it.owner == who).for_each(|it| it.held = false);
        if self.claims.iter().all(|it| it.epoch != epoch) {
            self.claims.push(Claim { epoch, owner: who, name: self.made, beat: 0, held: true });
            self.claims.sort_by_key(|it| it.epoch);
            self.claims.retain(|it| it.epoch >= epoch);
            self.engines[who].claim = Some(self.made);
            self.engines[who].leadership.claimed(epoch);
            self.made += 1;
        }
    }

    fn decide(&mut self, who: usize, steady: Timestamp) {
        let engine = &mut self.engines[who];
        let epoch = engine.leadership.epoch(steady);
        let due = self.round.is_multiple_of(2) || engine.led != epoch;
        engine.led = epoch;
        let (Some(epoch), Some(nonce), Some(claim), true) = (epoch, engine.nonce, engine.claim, due) else { return };
        engine.seq += 1;
        let number = PlanRef { epoch, seq: engine.seq };
        self.post(Letter::Plan { claim, number, nonce, issued: self.round });
    }

    fn post(&mut self, letter: Letter) {
        self.air.push(Post { letter, held: false });
        self.air.sort();
    }

    fn deliver(&mut self, letter: &Letter, defect: Defect) {
        match *letter {
            Letter::State { .. } => unreachable!("an engine reads by itself"),
            Letter::Plan { claim, number, nonce, issued } => {
                self.field.hear(claim, number, nonce, (issued, self.round), defect);
            }
        }
    }

    /// Half a second passes: leases end, the controller reports, engines begin anew.
    fn pass(&mut self, defect: Defect) {
        self.round += 1;
        self.calm = (self.calm + 1).min(CALM);
        self.field.expire(self.round, defect);
        for engine in self.engines.iter_mut().filter(|it| it.next == Next::Rest) {
            engine.next = Next::Look;
        }
        if self.round.is_multiple_of(2) {
            let nonce = self.field.admission.fresh_nonce();
            // The newest of a topic wins, also before a process that does not read.
            self.air.retain(|it| it.held || !matches!(it.letter, Letter::State { .. }));
            (0..2).for_each(|to| self.post(Letter::State { to, nonce }));
        }
    }

    /// It waits at a process that does not read.
    fn is_for_the_frozen(&self, post: &Post) -> bool {
        matches!(post.letter, Letter::State { to, .. } if self.engines[to].life != Life::Runs)
    }

    /// Nothing is left to do in this round.
    fn is_over(&self) -> bool {
        let busy = |it: &Engine| it.life == Life::Runs && it.next != Next::Rest;
        !self.engines.iter().any(busy) && self.air.iter().all(|it| it.held || self.is_for_the_frozen(it))
    }
}

/// A plan as far as the controller's admission looks at it.
fn plan(number: PlanRef, nonce_echo: u64, issued: u8) -> Plan {
    Plan {
        intersection: IntersectionId::new(""),
        config_hash: String::new(),
        epoch: number.epoch,
        seq: number.seq,
        issued: instant(issued),
        lease: Plan::LEASE_MAX,
        nonce_echo,
        mode: Mode::Adaptive,
        reason: String::new(),
        intervals: Vec::new(),
    }
}

impl Cabinet {
    fn hear(&mut self, claim: u8, number: PlanRef, nonce: u64, (issued, round): (u8, u8), defect: Defect) {
        let mut plan = plan(number, nonce, issued);
        if defect == Defect::NoFencing {
            plan.epoch = 0;
            plan.seq = self.admission.applied().map_or(1, |it| it.seq + 1);
        }
        let in_time = defect == Defect::NoLease || !plan.lease_is_over(instant(round));
        if !in_time || self.admission.judge(&plan).is_err() {
            self.refused_zombie |= self.retired.contains(&claim);
            return;
        }
        self.admission.take(&plan);
        if let Some((before, highest)) = self.last {
            self.fell |= number <= highest;
            if before != claim {
                self.retired.push(before);
            }
        }
        self.returned |= self.retired.contains(&claim);
        self.last = Some((claim, number));
        self.obeyed = Some((claim, number, issued));
    }

    fn expire(&mut self, round: u8, defect: Defect) {
        let over = |&(_, number, issued): &(u8, PlanRef, u8)| plan(number, 0, issued).lease_is_over(instant(round));
        if defect != Defect::NoLease && self.obeyed.as_ref().is_some_and(over) {
            self.obeyed = None;
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let mut admission = Admission::new(1);
        let nonce = admission.fresh_nonce();
        let field = Cabinet {
            admission,
            obeyed: None,
            last: None,
            retired: Vec::new(),
            returned: false,
            fell: false,
            refused_zombie: false,
        };
        let engines = [Engine::started(self.defect), Engine::started(self.defect)];
        let mut world = World {
            round: 0,
            engines,
            claims: Vec::new(),
            made: 0,
            air: Vec::new(),
            field,
            moves: self.moves,
            calm: 0,
        };
        (0..2).for_each(|to| world.post(Letter::State { to, nonce }));
        vec![world]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        let may_move = world.moves > 0;
        for (who, engine) in world.engines.iter().enumerate() {
            match engine.life {
                Life::Runs if engine.next != Next::Rest => {
                    events.push(Event::Go(who));
                    if may_move {
                        events.extend((0..STEPS_MAX).map(|steps| Event::Freeze(who, steps)));
                    }
                }
                Life::Frozen => events.push(Event::Thaw(who)),
                Life::Dead if world.is_over() => events.push(Event::Restart(who)),
                Life::Runs | Life::Dead => {}
            }
            if may_move && engine.life == Life::Runs {
                events.push(Event::Kill(who));
            }
        }
        for (at, post) in world.air.iter().enumerate() {
            // Two letters that are the same need not be told apart.
            if at > 0 && world.air[at - 1] == *post {
                continue;
            }
            let is_plan = matches!(post.letter, Letter::Plan { .. });
            if is_plan {
                events.push(Event::Deliver(at));
            }
            if may_move && !post.held {
                events.push(Event::Lose(at));
                // A nonce that comes twice or late is one that was lost: the next one takes its place.
                events.extend([Event::Double(at), Event::Hold(at)].into_iter().filter(|_| is_plan));
            }
        }
        if world.is_over() && world.round < self.rounds {
            events.push(Event::Round);
        }
    }

    fn next_state(&self, before: &World, event: Event) -> Option<World> {
        let mut world = before.clone();
        let costs =
            matches!(event, Event::Freeze(..) | Event::Kill(_) | Event::Lose(_) | Event::Double(_) | Event::Hold(_));
        if costs || matches!(event, Event::Thaw(_) | Event::Restart(_)) {
            world.moves -= u8::from(costs);
            world.calm = 0;
        }
        match event {
            Event::Round => world.pass(self.defect),
            Event::Go(who) => world.go(who, STEPS_MAX),
            Event::Deliver(at) => {
                let post = world.air.remove(at);
                world.deliver(&post.letter, self.defect);
            }
            Event::Freeze(who, steps) => {
                world.go(who, steps);
                if world.engines[who].next == Next::Rest {
                    // Nothing was left to be interrupted: frozen at the beginning of a round instead.
                    return None;
                }
                world.engines[who].life = Life::Frozen;
            }
            Event::Thaw(who) | Event::Restart(who) => world.engines[who].life = Life::Runs,
            Event::Kill(who) => {
                world.engines[who] = Engine { life: Life::Dead, ..Engine::started(self.defect) };
                world.claims.iter_mut().filter(|it| it.owner == who).for_each(|it| it.held = false);
            }
            Event::Lose(at) => drop(world.air.remove(at)),
            Event::Double(at) => {
                let letter = world.air[at].letter.clone();
                world.air.push(Post { letter, held: true });
                world.air.sort();
            }
            Event::Hold(at) => {
                world.air[at].held = true;
                world.air.sort();
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TWO_AUTHORS, |_, it: &World| !it.field.returned),
            Property::always(FALLS, |_, it: &World| !it.field.fell),
            Property::always(STALE, |_, it: &World| {
                it.field.obeyed.is_none_or(|(_, _, issued)| ROUND * i64::from(it.round - issued) < Plan::LEASE_MAX)
            }),
            Property::always(RETURNS, |_, it: &World| {
                let runs = it.engines.iter().any(|engine| engine.life == Life::Runs);
                !(runs && it.is_over() && it.calm >= CALM) || it.field.obeyed.is_some()
            }),
            Property::sometimes("a second author is obeyed", |_, it: &World| !it.field.retired.is_empty()),
            Property::sometimes("a plan of a former leader is refused", |_, it: &World| it.field.refused_zombie),
        ]
    }
}

const TWO_AUTHORS: &str = "never two authors obeyed at once";
const FALLS: &str = "epoch and sequence of what is obeyed only rise";
const STALE: &str = "nothing older than its lease acts";
const RETURNS: &str = "control returns";

/// Checks every state within the bounds.
fn checked(protocol: Protocol, until: HasDiscoveries) -> impl Checker<Protocol> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    protocol.checker().threads(threads).finish_when(until).spawn_bfs().join()
}

/// Bounds: as they stand in the environment for `make model`, small otherwise.
fn bound(name: &str, otherwise: u8) -> u8 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn whatever_is_frozen_killed_lost_doubled_or_held_back_one_author_is_obeyed_and_control_returns() {
    let (rounds, moves) = (bound("MODEL_ROUNDS", 12), bound("MODEL_MOVES", 1));
    let checker = checked(Protocol { defect: Defect::None, rounds, moves }, HasDiscoveries::AnyFailures);
    println!(
        "lease protocol: {} states, {} transitions, {rounds} rounds of {ROUND}, {moves} moves of the adversary, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

#[test]
fn without_fencing_without_leases_or_without_succession_the_model_finds_what_goes_wrong() {
    for (defect, property) in
        [(Defect::NoFencing, TWO_AUTHORS), (Defect::NoLease, STALE), (Defect::NoSuccession, RETURNS)]
    {
        let checker = checked(Protocol { defect, rounds: 12, moves: 2 }, HasDiscoveries::AnyOf([property].into()));
        let path = checker.discovery(property).unwrap_or_else(|| panic!("{defect:?} breaks nothing"));
        println!("{defect:?}: `{property}` is broken after {} events", path.into_actions().len());
    }
}
