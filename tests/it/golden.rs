//! Comparing with a file that is checked in; `BLESS=1` rewrites it, and the difference is read by a person.

use std::path::Path;

/// Holds a text against a file, given from the root of the package.
pub fn hold(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(&file, text).expect("the file can be written");
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}; BLESS=1 writes it"));
    assert!(
        kept == text,
        "{path} is not what the code gives; BLESS=1 rewrites it.\n--- code\n{text}\n--- file\n{kept}"
    );
}
