//! Any text as a network file, TOML and JSON: read or refused with every problem, and what was read is the same when it is written and
//! read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lightwatch::network::Network;
use lightwatch::network::file::NetworkFile;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for read in [NetworkFile::from_toml(&text, "x.toml"), NetworkFile::from_json(&text, "x.json")] {
        let Ok(network) = read.and_then(Network::build) else { continue };
        let written = network.to_file();
        let again = NetworkFile::from_toml(&written.to_toml(), "again").and_then(Network::build);
        assert_eq!(again.as_ref(), Ok(&network), "as TOML");
        let again = NetworkFile::from_json(&written.to_json(), "again").and_then(Network::build);
        assert_eq!(again.as_ref(), Ok(&network), "as JSON");
    }
});
