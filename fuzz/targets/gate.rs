//! A plan from the forge, edited as the bytes say, whatever comes of it: gate and oracle are of one opinion.
//!
//! Eight bytes choose the intersection and the plan, each four after them make one edit: a lamp, an instant, a kind, a stage, an interval more or
//! less, the lease, what is shown. Instants move by whole steps, so that the oracle can follow them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lightwatch::cosim::soak::gate::forge::{Case, Forge};
use lightwatch::cosim::soak::gate::oracle;
use lightwatch::cosim::soak::lots::Lots;
use lightwatch::ids::StageIx;
use lightwatch::plan::IntervalKind;
use lightwatch::plan::check::check;
use lightwatch::time::Millis;
use lightwatch::units::Indication;

const KINDS: [IntervalKind; 3] = [IntervalKind::Green, IntervalKind::Yellow, IntervalKind::AllRed];
/// Intersections that the bytes can choose; few enough that libFuzzer learns what each edit does there.
const SITES: u64 = 256;
/// Plans at each.
const PLANS: u64 = 4;
/// Edits of one plan.
const EDITS_MAX: usize = 16;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, edits)) = bytes.split_first_chunk::<8>() else { return };
    let choice = u64::from_le_bytes(*choice);
    let mut forge = Forge::new(Lots::new(1, choice % SITES));
    let mut case = forge.case();
    for _ in 0..(choice / SITES) % PLANS {
        case = forge.case();
    }
    for edit in edits.chunks_exact(4).take(EDITS_MAX) {
        bend(&mut case, edit);
    }
    let Case { shown, plan, at, waiting, step, .. } = &case;
    let faults = oracle::faults(plan, &forge.site, shown, *at, waiting, *step);
    let verdict = check(plan, &forge.site, shown, *at, waiting);
    assert_eq!(faults.is_empty(), verdict.is_good(), "oracle: {faults:?}, gate: {verdict}");
});

/// One edit: what, which interval, which lamp, how much.
fn bend(case: &mut Case, edit: &[u8]) {
    let [what, which, who, much] = [edit[0], edit[1], edit[2], edit[3]].map(usize::from);
    let shift = Millis((much as i64 - 128) * case.step);
    let intervals = &mut case.plan.intervals;
    let count = intervals.len();
    let Some(it) = intervals.get_mut(which % count.max(1)) else { return };
    match what % 9 {
        0 => {
            let lamps = it.signals.len().max(1);
            if let Some(lamp) = it.signals.get_mut(who % lamps) {
                *lamp = Indication::ALL[much % Indication::ALL.len()];
            }
        }
        1 => it.end = it.end + shift,
        2 => it.start = it.start + shift,
        3 => it.kind = KINDS[much % KINDS.len()],
        4 => it.stage = StageIx(much % 10),
        5 => drop(intervals.remove(which % count)),
        6 => {
            let again = it.clone();
            intervals.insert(who % (count + 1), again);
        }
        7 => {
            // Everything after this instant comes later: the plan stays in one piece.
            it.end = it.end + shift;
            for later in intervals.iter_mut().skip(which % count + 1) {
                later.start = later.start + shift;
                later.end = later.end + shift;
            }
        }
        _ => case.plan.lease = Millis(much as i64 * 20),
    }
}
