//! `lightwatch explain`: why an intersection did what it did, at any second of a recorded run.

use super::recording;
use crate::record::{Explanation, Reader, Redrive, Replay, Round};
use crate::time::{Millis, Timestamp};
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
    /// Folder of a recording (`--record`), or one segment of it.
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
    let told = recording::open(&args.recording).map_err(recording::Failure::from).and_then(|reader| {
        let ix = recording::intersection(&reader.network, args.intersection.as_deref())?;
        explained(reader, ix, args.at)
    });
    match told {
        Ok((explanation, reader)) => {
            tell(&explanation, args.json);
            if recording::tell_unread(&reader) {
                return ExitCode::from(65);
            }
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

/// The explanation of the last second that is not after `at`, and what was read for it.
fn explained<R: BufRead + 'static>(
    reader: Reader<R>,
    ix: usize,
    at: Timestamp,
) -> Result<(Explanation, Reader<R>), recording::Failure> {
    let network = reader.network.clone();
    let id = network.intersections[ix].id.clone();
    let span = at - recording::SECOND + Millis(1)..=at;
    let mut replay = Replay::new(&reader.header, &network, &[ix]).asked(&span);
    let mut reader = reader.only(replay.needed());
    let (mut first, mut last) = (None, None);
    loop {
        let next = reader.event()?;
        let is_over = next.is_none();
        let rounds = match next {
            Some((at, event)) => replay.take(at, event),
            None => replay.finish(reader.torn().as_ref()),
        };
        for round in rounds.into_iter().filter(Round::is_about_traffic) {
            first.get_or_insert(round.at);
            last = last.max(Some(round.at));
            if span.contains(&round.at) {
                let redrive = replay.redrive(&id);
                let (account, checked) = (redrive.and_then(Redrive::account), redrive.map(|it| it.checked().clone()));
                let wrong = |rejection: Rejection| recording::Failure::Data(format!("{}: {rejection}", round.at));
                let told = Explanation::new(&network, ix, &round, account, checked).map_err(wrong)?;
                return Ok((told, reader));
            }
        }
        if is_over {
            break;
        }
    }
    let Some((first, last)) = first.zip(last) else {
        return Err(recording::Failure::Data(format!("nothing was recorded of {id}")));
    };
    let count = network.intersections.len();
    Err(recording::Failure::Usage(format!("--at {at}: recorded are {first} to {last} of {count} intersection(s)")))
}
