//! A small scenario for tests that run the program: three signals on a main road.

use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a scenario that lasts some seconds, with further lines.
pub fn scenario(seconds: u32, more: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let text = format!(
        "# Three signals on a main road.\nduration_s = {seconds}\n[street.corridor]\nspacing_m = [250.0, 300.0]\n\
         [street.corridor.demand]\nwest_veh_per_h = 700.0\neast_veh_per_h = 600.0\nside_veh_per_h = 250.0\n{more}"
    );
    let path = folder.path().join("small");
    std::fs::create_dir(&path).expect("a folder can be made");
    std::fs::write(path.join("scenario.toml"), text).expect("the scenario can be written");
    (folder, path)
}
