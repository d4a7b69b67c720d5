//! The page in a real browser, against the demo: what somebody in the control room does, by mouse, keyboard and on a phone.
//!
//! The steps are told in `dashboard/tests`, which Playwright runs in the chromium of the system. Where Node, chromium or the built page
//! is missing it says so and returns; `make tools` brings all three.

use super::small;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// From the second minute on the third signal hears nothing: it is degraded, and there is an alarm.
const FAULT: &str = "[[faults]]\nintersection = \"s03\"\nkind = \"silent\"\nbegin_s = 60.0\nend_s = 36000.0\n";

/// A demo that is ended when the test ends.
struct Demo {
    process: Child,
    url: String,
}

impl Demo {
    fn start() -> Self {
        let (folder, path) = small::scenario(36_000, FAULT);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lightwatch"));
        command.arg("demo").arg("--scenario").arg(path).args(["--speed", "5", "--http", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("http://")).expect("the demo says where it can be looked at");
        let url = line.split(": ").next().unwrap().to_owned();
        // What else it says is taken, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        drop(folder);
        Self { process, url }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program of one of these names, as far as PATH leads to one.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|it| it.is_file())
}

/// Node, chromium and the folder of the page, where all is there.
fn needed() -> Option<(PathBuf, PathBuf, PathBuf)> {
    let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard");
    let programs = program(&["node"]).zip(program(&["chromium", "chromium-browser", "google-chrome"]));
    let Some((node, chromium)) = programs else {
        println!("skipped: node or chromium is not installed (make tools)");
        return None;
    };
    let files = ["dist/index.html", "node_modules/@playwright/test/cli.js"];
    if files.iter().any(|file| !dashboard.join(file).is_file()) {
        println!("skipped: the page is not built (make dashboard)");
        return None;
    }
    Some((node, chromium, dashboard))
}

#[test]
fn a_benchmark_of_the_page_tells_frames_memory_and_first_paint() {
    let Some((_, chromium, _)) = needed() else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_lightwatch"))
        .args(["bench", "page", "--intersections", "36", "--seconds", "1", "--json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CHROMIUM", chromium)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["intersections"].as_u64(), told["lanes"].as_u64()), (Some(36), Some(432)));
    for figure in ["far_fps", "near_fps", "first_paint_ms", "map_ms", "heap_mib", "page_mib", "near_drawing_cpu_ms"] {
        assert!(told[figure].as_f64().is_some_and(|it| it > 0.0), "{figure}: {told}");
    }
}

#[test]
fn the_page_does_in_a_browser_what_the_control_room_needs() {
    let Some((node, chromium, dashboard)) = needed() else { return };
    let demo = Demo::start();
    let output = Command::new(node)
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .current_dir(&dashboard)
        .env("LIGHTWATCH_URL", &demo.url)
        .env("CHROMIUM", chromium)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "the page does not do what it should");
}
