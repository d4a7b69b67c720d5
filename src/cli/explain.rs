//! `lightwatch explain`: why an intersection did what it did, at any second of a recorded run.

use super::recording;
use crate::record::{Explanation, Reader, RecordError, Redrive, explain};
use crate::time::Timestamp;
use crate::wire::Rejection;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

/// Explain one second of a recorded run: state, what was chosen over what and why in numbers, the plan.
///
/// The intersection's controller is driven again from the recorded inputs up to that second, and each of its plans is held
/// against the recorded one, byte for byte. Exit code: 0 all the same, 1 this program decides otherwise than the recorded one, 64 no
/// such intersection or second, 65 not a recording, or one that cannot be read.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Folder of a recording (`--record`), or its events.jsonl.
    recording: PathBuf,
    /// Second of the run, in the run's own time.
    #[arg(long, value_name = "SECONDS", value_parser = recording::instant)]
    at: Timestamp,
    /// Id of the intersection; may be left out where there is only one.
    #[arg(long, value_name = "ID")]
    intersection: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Explain it.
pub fn run(args: &ExplainArgs) -> ExitCode {
    let told = recording::open(&args.recording).map_err(recording::Failure::from).and_then(|mut reader| {
        let ix = recording::intersection(&reader.network, args.intersection.as_deref())?;
        explained(&mut reader, ix, args.at).map(|explanation| (explanation, reader.cut_off()))
    });
    match told {
        Ok((explanation, cut_off)) => {
            tell(&explanation, args.json);
            recording::tell_cut_off(&args.recording, cut_off);
            ExitCode::from(u8::from(explanation.redriven.is_some_and(|checked| !checked.is_same())))
        }
        Err(failure) => failure.tell("explain"),
    }
}

fn tell(explanation: &Explanation, json: bool) {
    recording::print(&if json {
        serde_json::to_string(explanation).expect("an explanation is numbers and names") + "\n"
    } else {
        explanation.to_string()
    });
}

/// The explanation of the last second that is not after `at`.
fn explained<R: BufRead>(reader: &mut Reader<R>, ix: usize, at: Timestamp) -> Result<Explanation, recording::Failure> {
    let network = reader.network.clone();
    let id = network.intersections[ix].id.clone();
    let mut redrive = Redrive::new(&reader.header, &network, ix);
    let (mut first, mut last) = (None, None);
    while let Some(second) = reader.second()? {
        if !explain::is_about(&second, &id) {
            continue;
        }
        first.get_or_insert(second.at);
        last = Some(second.at);
        if second.at > at {
            break;
        }
        let wrong = |rejection: Rejection| recording::Failure::Data(format!("{}: {rejection}", second.at));
        let mut account = None;
        if let Some(redrive) = &mut redrive {
            redrive.hear(&second).map_err(wrong)?;
            if at - second.at < recording::SECOND {
                account = redrive.explain(second.at);
            }
            redrive.decide(&second).map_err(wrong)?;
        }
        if at - second.at < recording::SECOND {
            let checked = redrive.as_ref().map(|redrive| redrive.checked().clone());
            return Explanation::new(&network, ix, &second, account.as_ref(), checked).map_err(wrong);
        }
    }
    let Some((first, last)) = first.zip(last) else {
        return Err(recording::Failure::Data("nothing was recorded after the header".into()));
    };
    let (last, count) = (end(reader)?.unwrap_or(last), network.intersections.len());
    Err(recording::Failure::Usage(format!("--at {at}: recorded are {first} to {last} of {count} intersection(s)")))
}

/// The last second of what is left that tells of an intersection.
fn end<R: BufRead>(reader: &mut Reader<R>) -> Result<Option<Timestamp>, RecordError> {
    let mut end = None;
    while let Some(second) = reader.second()? {
        if second.events.iter().any(|event| event.intersection().is_some()) {
            end = Some(second.at);
        }
    }
    Ok(end)
}
