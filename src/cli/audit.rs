//! `lightwatch audit`: whether an audit log is as it was written.

use crate::record::audit::Head;
use crate::record::audit::verify::{Finding, LogFile, Report, is_audit_log, verify};
use crate::service::audit_log::{files, read_head};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look after the audit log of operators' commands and changes of mode
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AuditCommand {
    Verify(VerifyArgs),
}

/// Check every line of an audit log against the one before it, and the last against the head
///
/// A folder is checked from its first file to its last; its `head.json` tells whether lines were cut off at the end. A single file is
/// checked by itself. Exit code: 0 as it was written (a line that was not finished is no finding), 1 not as it was written, with file and
/// line, 65 no audit log, or not readable.
#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// Folder of an audit log, or one of its files
    path: PathBuf,
    /// The last line as it was told elsewhere, `NUMBER:HASH`: it must still be there; goes before `head.json`
    #[arg(long, value_name = "HEAD", value_parser = head)]
    head: Option<Head>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// Do what is asked.
pub fn run(args: &AuditArgs) -> ExitCode {
    let AuditCommand::Verify(args) = &args.command;
    match report(args) {
        Ok((report, files)) => {
            tell(args, &report, files);
            ExitCode::from(u8::from(!report.findings.is_empty()))
        }
        Err(message) => {
            eprintln!("lightwatch audit verify: {message}");
            ExitCode::from(65)
        }
    }
}

/// `NUMBER:HASH`.
fn head(text: &str) -> Result<Head, String> {
    let parts = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)));
    let hexadecimal =
        |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match parts {
        Some((seq, hash)) if hexadecimal(hash) => Ok(Head { seq, hash: hash.to_owned() }),
        _ => Err("allowed: the number of a line, `:`, and its hash of 64 hexadecimal digits".to_owned()),
    }
}

/// The report of a folder or a file, and how many files there are.
fn report(args: &VerifyArgs) -> Result<(Report, usize), String> {
    let told = |error: std::io::Error| format!("{}: {error}", args.path.display());
    let is_folder = args.path.metadata().map_err(told)?.is_dir();
    let paths = if is_folder {
        files(&args.path).map_err(told)?.into_iter().map(|(_, path)| path).collect()
    } else {
        vec![args.path.clone()]
    };
    if paths.is_empty() {
        return Err(format!("{}: no file audit-NUMBER.jsonl in it", args.path.display()));
    }
    let mut contents = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        contents.push((path.display().to_string(), bytes));
    }
    if !contents.iter().any(|(_, bytes)| is_audit_log(bytes)) {
        return Err(format!("{}: not an audit log", args.path.display()));
    }
    let (beside, fault) = if is_folder { head_beside(&args.path) } else { (None, None) };
    let logs: Vec<LogFile<'_>> = contents.iter().map(|(name, bytes)| LogFile { name, bytes }).collect();
    let mut report = verify(&logs, args.head.as_ref().or(beside.as_ref()), is_folder);
    report.findings.extend(fault);
    Ok((report, contents.len()))
}

/// The head of a folder, and what is wrong with it.
fn head_beside(folder: &Path) -> (Option<Head>, Option<Finding>) {
    let found = match read_head(folder) {
        Ok(Some(head)) => return (Some(head), None),
        Ok(None) => "head.json is not there".to_owned(),
        Err(error) => format!("head.json is no head: {error}"),
    };
    (None, Some(Finding { file: folder.display().to_string(), line: 0, found }))
}

fn tell(args: &VerifyArgs, report: &Report, files: usize) {
    #[derive(Serialize)]
    struct Told<'a> {
        ok: bool,
        files: usize,
        #[serde(flatten)]
        report: &'a Report,
    }
    let ok = report.findings.is_empty();
    if args.json {
        let told = serde_json::to_string(&Told { ok, files, report }).expect("a struct of texts and numbers");
        println!("{told}");
        return;
    }
    let place = |it: &Finding| if it.line == 0 { it.file.clone() } else { format!("{}:{}", it.file, it.line) };
    for finding in &report.findings {
        println!("{}: {}", place(finding), finding.found);
    }
    for note in &report.notes {
        println!("{}: note: {}", place(note), note.found);
    }
    let head = report.head.as_ref().map_or("none".to_owned(), |head| format!("{}:{}", head.seq, head.hash));
    let verdict = if ok { "as it was written" } else { "NOT as it was written" };
    println!("{}: {} lines in {files} file(s), {verdict}; head {head}", args.path.display(), report.lines);
}
