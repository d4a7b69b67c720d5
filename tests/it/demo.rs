//! `lightwatch demo` as a program: it ends by itself with its table, or at any time with the table so far.

use super::small;
use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A demo that is ended when a test fails in the middle.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(scenario: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.arg("demo").arg("--scenario").arg(scenario).args(["--speed", "1000"]).args(more);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Lines up to one that holds a text.
    fn until(&mut self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for line in self.lines.by_ref() {
            lines.push(line.unwrap());
            if lines.last().unwrap().contains(text) {
                return lines;
            }
        }
        panic!("the demo ended without saying `{text}`: {lines:#?}");
    }

    fn interrupt(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// What else it says, and its exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let rest: Vec<String> = self.lines.by_ref().map(Result::unwrap).collect();
        let mut errors = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (rest.join("\n") + &errors, self.process.wait().unwrap().code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Numbers of a row of the table: by hand, Webster, actuated, adaptive.
fn row(text: &str, title: &str) -> [f64; 4] {
    let line = text.lines().find(|line| line.starts_with(title)).unwrap_or_else(|| panic!("no `{title}` in {text}"));
    let number = |at: usize| line[19 + 10 * at..29 + 10 * at].trim().parse().unwrap_or_else(|_| panic!("{line}"));
    [0, 1, 2, 3].map(number)
}

#[test]
fn it_ends_by_itself_with_a_table_of_all_four_on_the_same_vehicles() {
    let (_folder, path) = small::scenario(240, "");
    let mut demo = Running::start(&path, &["--exit"]);
    let first = demo.until("talk there");
    assert!(first.iter().any(|line| line.contains("Three signals on a main road.")), "it tells its story: {first:?}");
    assert!(first.last().unwrap().contains("mqtt://127.0.0.1:"), "{first:?}");
    demo.until(" 3 of 3 adaptive");
    let (text, code) = demo.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("240 simulated seconds, seed 1"), "{text}");
    assert!(text.lines().any(|line| line.contains("by hand   Webster  actuated  adaptive")), "{text}");
    assert!(row(&text, "mean speed").iter().all(|speed| (5.0..60.0).contains(speed)), "{text}");
    assert!(row(&text, "vehicles arrived").iter().all(|arrived| *arrived > 10.0), "{text}");
    assert!(row(&text, "unsafe lamps").iter().all(|seen| *seen < 0.5), "{text}");
    assert!(text.contains("against the better of Webster's"), "{text}");
}

#[test]
fn ctrl_c_ends_it_at_any_time_with_the_table_so_far() {
    let (_folder, path) = small::scenario(7200, "");
    let mut demo = Running::start(&path, &["--seed", "3"]);
    demo.until("3 of 3 adaptive");
    demo.interrupt();
    let (text, code) = demo.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("simulated seconds, seed 3"), "{text}");
    assert!(row(&text, "mean speed").iter().all(|speed| *speed > 0.0), "{text}");
}

#[test]
fn ctrl_c_before_anything_is_measured_says_so() {
    let (_folder, path) = small::scenario(7200, "");
    let file = path.join("scenario.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("duration_s = 7200", "duration_s = 7200\nwarm_up_s = 7000")).unwrap();
    let mut demo = Running::start(&path, &[]);
    demo.until("of 3 adaptive");
    demo.interrupt();
    let (text, code) = demo.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("Stopped before anything was measured."), "{text}");
}

#[test]
fn the_last_state_stays_until_ctrl_c() {
    let (_folder, path) = small::scenario(61, "");
    let mut demo = Running::start(&path, &[]);
    demo.until("The end. Ctrl-C closes this");
    assert!(demo.process.try_wait().unwrap().is_none(), "it waits to be looked at");
    demo.interrupt();
    let (text, code) = demo.end();
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_wrong_scenario_ends_with_78() {
    let (_folder, path) = small::scenario(0, "");
    let (text, code) = Running::start(&path, &["--exit"]).end();
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("duration_s: 0 s"), "{text}");
}
