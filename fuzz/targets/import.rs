//! Any text as a SUMO network, alone and with routes: imported or refused with its place, and what was imported is a network that can be
//! written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lightwatch::network::Network;
use lightwatch::network::file::NetworkFile;
use lightwatch::network::import::sumo::{ImportOptions, RouteText, check_routes, import, import_with_routes};

/// The network to which routes are imported.
const CROSSINGS: &str = include_str!("../../tests/data/crossings.net.xml");

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let routes = RouteText { text: &text, source: "x.rou.xml" };
    let options = ImportOptions::default();
    let _ = check_routes(CROSSINGS, "crossings.net.xml", routes);
    for imported in [import(&text, "x.net.xml", &options), import_with_routes(CROSSINGS, "c", &[routes], &options)] {
        let Ok(imported) = imported else { continue };
        let again = NetworkFile::from_json(&imported.file.to_json(), "again").expect("what we write we read");
        let network = Network::build(again).expect("what was imported is sound");
        assert_eq!(network, imported.network, "nothing is lost on the way");
    }
});
