//! How far a run is: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// A bar over simulated seconds.
pub(super) fn progress_bar(seconds: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} s simulated, {per_sec}, {eta} left")
        .expect("the template is a constant");
    ProgressBar::with_draw_target(Some(seconds), ProgressDrawTarget::stderr()).with_style(style)
}
