//! `lightwatch replay`: a recording driven again, every intersection from beginning to end, and whether the plans are the same to the byte.

use super::recording::{self, Failure};
use crate::record::{Checked, Damage, Header, Reader, RecordError, Replay};
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufRead;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Gaps that are told one by one.
const GAPS_TOLD: usize = 10;

/// Drive a recording again: the same decisions, plans and words to neighbours, byte for byte, or the first difference.
///
/// Each intersection is driven by what its controller heard, from the beginning, or after a gap from the next state in the recording. Exit
/// code: 0 all the same, 1 this program decides otherwise than the recorded one, 64 no such intersection, 65 something could not be read
/// or was not recorded (the rest was driven and is told).
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Folder of a recording (`--record`), or one segment of it.
    recording: PathBuf,
    /// Threads; what is told does not depend on it. As many as there are cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Only these intersections.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    intersection: Vec<String>,
    /// Only so many of them, chosen by the digest of the header and not by whoever recorded.
    #[arg(long, value_name = "N", conflicts_with = "intersection")]
    sample: Option<NonZeroUsize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What came of it.
struct Replayed {
    /// Of each intersection that an engine had a part in.
    checked: BTreeMap<String, Checked>,
    damages: Vec<Damage>,
    cut_off: Option<Damage>,
    took: Duration,
}

/// What is told of all together.
#[derive(Debug, Default, Serialize)]
struct Totals {
    intersections: usize,
    seconds: u64,
    decisions: u64,
    plans: u64,
    differences: u64,
    unproven: u64,
    gaps: usize,
}

/// Drive it again.
pub fn run(args: &ReplayArgs) -> ExitCode {
    match replayed(args) {
        Ok((replayed, left_out)) => {
            tell(&replayed, left_out, args.json);
            for damage in &replayed.damages {
                eprintln!("{damage}; the rest was driven");
            }
            if let Some(damage) = &replayed.cut_off {
                eprintln!("{damage}; what stands before was driven");
            }
            ExitCode::from(replayed.exit_code())
        }
        Err(failure) => failure.tell("replay"),
    }
}

fn replayed(args: &ReplayArgs) -> Result<(Replayed, usize), Failure> {
    let reader = recording::open(&args.recording)?;
    let all = reader.network.intersections.len();
    let own = chosen(&reader, args)?;
    let since = Instant::now();
    let driven = driven(&args.recording, &own, args.jobs, |replay| replay)?;
    let checked = driven.replays.iter().flat_map(Replay::checked).filter(|(_, checked)| checked.is_anything());
    let replayed = Replayed {
        checked: checked.map(|(id, checked)| (id.to_string(), checked.clone())).collect(),
        damages: driven.damages,
        cut_off: driven.cut_off,
        took: since.elapsed(),
    };
    Ok((replayed, all - own.len()))
}

/// What several threads made of a recording.
pub(super) struct Driven {
    /// Of each thread.
    pub(super) replays: Vec<Replay>,
    /// What could not be read.
    pub(super) damages: Vec<Damage>,
    /// Where it breaks off.
    pub(super) cut_off: Option<Damage>,
}

/// Drive some intersections again, dealt out to threads; `begin` may ask more of each of them.
pub(super) fn driven(
    path: &Path,
    own: &[usize],
    jobs: Option<u16>,
    begin: impl Fn(Replay) -> Replay + Sync,
) -> Result<Driven, RecordError> {
    let jobs = jobs.map_or_else(cores, usize::from).min(own.len()).max(1);
    let part = |job: usize| -> Result<Driven, RecordError> {
        // In turn: neighbours are about equally busy.
        let share: Vec<usize> = own.iter().copied().skip(job).step_by(jobs).collect();
        let reader = recording::open(path)?;
        let mut replay = begin(Replay::new(&reader.header, &reader.network, &share));
        let mut reader = reader.only(replay.needed());
        while let Some((at, event)) = reader.event()? {
            replay.take(at, event);
        }
        replay.finish(reader.torn().as_ref());
        let (damages, cut_off) = (reader.damages().to_vec(), reader.cut_off().cloned());
        Ok(Driven { replays: vec![replay], damages, cut_off })
    };
    let parts = std::thread::scope(|scope| {
        let part = &part;
        let threads: Vec<_> = (0..jobs).map(|job| scope.spawn(move || part(job))).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(ended).collect::<Result<Vec<Driven>, _>>()
    })?;
    // Each has read the same.
    let whole = parts.into_iter().reduce(|mut whole, part| {
        whole.replays.extend(part.replays);
        whole
    });
    Ok(whole.expect("there is at least one job"))
}

/// Which intersections are driven.
fn chosen<R: BufRead + 'static>(reader: &Reader<R>, args: &ReplayArgs) -> Result<Vec<usize>, Failure> {
    let network = &reader.network;
    let mut all = recording::intersections(network, &args.intersection)?;
    if let Some(sample) = args.sample {
        all.sort_by_cached_key(|&ix| drawn(&reader.header, network.intersections[ix].id.as_str()));
        all.truncate(sample.get());
        all.sort_unstable();
    }
    Ok(all)
}

/// A number for each intersection that nobody can choose who does not choose the settings.
fn drawn(header: &Header, id: &str) -> Vec<u8> {
    Sha256::digest(format!("{} {} {} {id}", header.settings_digest, header.begin_s, header.seed)).to_vec()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

impl Replayed {
    fn exit_code(&self) -> u8 {
        if !self.checked.values().all(Checked::is_same) {
            return 1;
        }
        let whole = self.damages.is_empty() && self.cut_off.is_none() && self.checked.values().all(Checked::is_whole);
        if whole { 0 } else { 65 }
    }

    fn totals(&self) -> Totals {
        self.checked.values().fold(Totals::default(), |sum, it| Totals {
            intersections: sum.intersections + 1,
            seconds: sum.seconds + it.seconds,
            decisions: sum.decisions + it.decisions,
            plans: sum.plans + it.plans,
            differences: sum.differences + it.differences,
            unproven: sum.unproven + it.unproven,
            gaps: sum.gaps + it.gaps.len(),
        })
    }

    /// The first difference in time, with its intersection.
    fn first(&self) -> Option<(&String, &crate::record::redrive::Difference)> {
        let all = self.checked.iter().filter_map(|(id, checked)| Some((id, checked.first.as_ref()?)));
        all.min_by_key(|(id, first)| (first.ts_ms, *id))
    }
}

fn tell(replayed: &Replayed, left_out: usize, json: bool) {
    let (totals, took) = (replayed.totals(), replayed.took.as_secs_f64());
    if json {
        let first = replayed.first().map(|(id, first)| json!({ "intersection": id, "difference": first }));
        let line = json!({
            "totals": totals, "left_out": left_out, "took_s": (took * 100.0).round() / 100.0, "first": first,
            "intersections": replayed.checked, "damages": replayed.damages, "cut_off": replayed.cut_off,
        });
        recording::print(&format!("{line}\n"));
        return;
    }
    recording::print(&as_text(replayed, &totals, left_out, took));
}

fn as_text(replayed: &Replayed, totals: &Totals, left_out: usize, took: f64) -> String {
    let mut text = String::new();
    let per_s = (totals.seconds as f64 / took.max(1e-3)).round();
    let lines = [
        (
            "intersections",
            format!(
                "{}{}",
                totals.intersections,
                if left_out > 0 { format!(", {left_out} left out") } else { String::new() }
            ),
        ),
        ("seconds", format!("{} driven again, {} not", totals.seconds, totals.unproven)),
        ("decisions", totals.decisions.to_string()),
        ("plans", totals.plans.to_string()),
        ("took", format!("{took:.2} s, {per_s} rounds a second")),
    ];
    for (name, value) in lines {
        let _ = writeln!(text, "{name:14} {value}");
    }
    let gaps = replayed.checked.iter().flat_map(|(id, checked)| checked.gaps.iter().map(move |gap| (id, gap)));
    for (id, gap) in gaps.clone().take(GAPS_TOLD) {
        let to = gap.to_ms.map_or("the end".to_owned(), |to| Timestamp(to).to_string());
        let _ = writeln!(text, "not driven     {id} from {} to {to}: {}", Timestamp(gap.from_ms), gap.why);
    }
    if gaps.clone().count() > GAPS_TOLD {
        let _ = writeln!(text, "not driven     and {} more", gaps.count() - GAPS_TOLD);
    }
    match replayed.first() {
        None if totals.seconds == 0 => {
            text.push_str("nothing was driven again: no engine had a part, or nothing could be read\n");
        }
        None => text.push_str(
            "every decision, plan and word to the neighbours that was driven again is the same to the byte\n",
        ),
        Some((id, first)) => {
            let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            let _ = writeln!(
                text,
                "{} differences; the first is the {} of {id} at {}",
                totals.differences,
                first.what,
                Timestamp(first.ts_ms)
            );
            let _ = writeln!(text, "  recorded {}\n  now      {}", or(&first.recorded), or(&first.made));
        }
    }
    text
}
