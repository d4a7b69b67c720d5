//! Where tests find what is too big for the repository: the maps and SUMO. `make test` fetches both.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The maps that the engine is tuned on.
pub const MAPS: [&str; 5] = ["cologne1", "cologne3", "ingolstadt1", "ingolstadt21", "arterial4x4"];

/// One of the RESCO maps.
pub struct Map {
    /// SUMO network.
    pub net: PathBuf,
    /// Demand.
    pub routes: PathBuf,
}

/// A map by name (`cologne1`), `None` when it was not fetched.
///
/// Looked for in `../shared/data/resco` (a folder beside the checkout), then in `.venv/maps`.
pub fn map(name: &str) -> Option<Map> {
    let folders = [root().join("../shared/data/resco"), root().join(".venv/maps")];
    folders.iter().find_map(|folder| {
        let file =
            |kind: &str| Some(folder.join(name).join(format!("{name}.{kind}.xml"))).filter(|path| path.is_file());
        Some(Map { net: file("net")?, routes: file("rou")? })
    })
}

/// SUMO of a version (`1.28`, `1.9.1`), `None` when it was not fetched.
///
/// Looked for in `.venv/sumo-VERSION`, where `make` puts it.
pub fn sumo(version: &str) -> Option<PathBuf> {
    let packages = root().join(format!(".venv/sumo-{version}/lib"));
    let mut pythons: Vec<PathBuf> = std::fs::read_dir(packages).ok()?.flatten().map(|entry| entry.path()).collect();
    pythons.sort();
    pythons.iter().map(|python| python.join("site-packages/sumo/bin/sumo")).find(|file| file.is_file())
}

/// Road network and flow of a CityFlow set, `None` (with a line that says so) when it is not there.
///
/// Looked for in `../shared/data/cityflow`, a folder beside the checkout.
pub fn cityflow(name: &str) -> Option<(PathBuf, PathBuf)> {
    let file =
        |kind: &str| Some(root().join("../shared/data/cityflow").join(name).join(kind)).filter(|it| it.is_file());
    let found = file("roadnet.json").zip(file("flow.json"));
    if found.is_none() {
        println!("skipped: the set {name} is not there");
    }
    found
}
