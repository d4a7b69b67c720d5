//! Files that hold secrets, and credentials of systemd: read only when nobody else can.
//!
//! A secret never comes from an argument, a value of the environment or a configuration; those name a file, or a credential
//! (`credential:NAME`, in the folder that systemd names in `CREDENTIALS_DIRECTORY`). A file must be a plain one of mode 0600 or 0400
//! that belongs to this user or to root; the open file is asked, not its name, so that it cannot be exchanged in between. The
//! files of systemd may be readable by group: there the bits of the group are the mask of the list that lets this service in.

use crate::config::Place;
use crate::network::Problems;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Largest file that is read \[bytes\]; ten thousand keys are less than two million.
const BYTES_MAX: u64 = 8 << 20;

/// Who may read what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// This user and root: keys.
    Owner,
    /// Everybody: certificates.
    All,
}

/// The bytes of a place; `None`, and a problem under a name, when it cannot be used.
pub(super) fn read(
    place: &Place,
    folder: &Path,
    name: &str,
    readers: Readers,
    problems: &mut Problems,
) -> Option<Vec<u8>> {
    let read = match path(place, folder) {
        Ok(path) => bytes(&path, matches!(place, Place::Credential(_)), readers).map_err(|fault| fault.at(&path)),
        Err(told) => Err(told),
    };
    match read {
        Ok(bytes) => Some(bytes),
        Err((message, Some(allowed))) => {
            problems.push(name, message, allowed);
            None
        }
        Err((message, None)) => {
            problems.say(name, message);
            None
        }
    }
}

/// What is wrong, and what is allowed.
type Told = (String, Option<String>);

/// Where a place is.
pub(super) fn path(place: &Place, folder: &Path) -> Result<PathBuf, Told> {
    match place {
        Place::File(path) => Ok(folder.join(path)),
        Place::Credential(name) => {
            let plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
            if !plain {
                return Err((format!("credential `{name}`"), Some("a name without `/`".to_owned())));
            }
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                let message = format!("credential `{name}`, but CREDENTIALS_DIRECTORY is not set");
                (message, Some("started by systemd with LoadCredential=".to_owned()))
            })?;
            Ok(PathBuf::from(folder).join(name))
        }
    }
}

/// Why a file is not used.
enum Fault {
    Unreadable(std::io::Error),
    NotAFile,
    TooLarge,
    /// Others may read or change it.
    Mode(u32),
    /// It belongs to another user.
    Owner(u32),
}

impl Fault {
    fn at(&self, path: &Path) -> Told {
        let path = path.display();
        match self {
            Self::Unreadable(error) => (format!("{path} cannot be read: {error}"), None),
            Self::NotAFile => (format!("{path} is not a plain file"), None),
            Self::TooLarge => (format!("{path} is too large"), Some(format!("{BYTES_MAX} bytes"))),
            Self::Mode(mode) => {
                let allowed = format!("0600 or 0400: chmod 600 {path}");
                (format!("{path} has mode {mode:04o}, others may read or change it"), Some(allowed))
            }
            Self::Owner(user) => (format!("{path} belongs to user {user}"), Some("this user or root".to_owned())),
        }
    }
}

fn bytes(path: &Path, is_credential: bool, readers: Readers) -> Result<Vec<u8>, Fault> {
    let file = File::open(path).map_err(Fault::Unreadable)?;
    let about = file.metadata().map_err(Fault::Unreadable)?;
    if !about.is_file() {
        return Err(Fault::NotAFile);
    }
    let mode = about.mode() & 0o7777;
    if readers == Readers::Owner {
        if mode & (if is_credential { 0o037 } else { 0o077 }) != 0 {
            return Err(Fault::Mode(mode));
        }
        if !is_credential && about.uid() != 0 && own_user().is_some_and(|own| own != about.uid()) {
            return Err(Fault::Owner(about.uid()));
        }
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(Fault::Unreadable)?;
    if bytes.len() as u64 > BYTES_MAX { Err(Fault::TooLarge) } else { Ok(bytes) }
}

/// The user that this program runs as, where the system tells.
fn own_user() -> Option<u32> {
    Some(std::fs::metadata("/proc/self").ok()?.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn told(path: &Path, readers: Readers) -> Result<Vec<u8>, String> {
        let mut problems = Problems::default();
        let place = Place::File(path.to_owned());
        let read = super::read(&place, Path::new(""), "keys.file", readers, &mut problems);
        read.ok_or_else(|| problems.to_string())
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        std::fs::write(&path, "secret").unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660, 0o620, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let told = told(&path, Readers::Owner).unwrap_err();
            assert!(told.contains(&format!("mode {mode:04o}")) && told.contains("chmod 600"), "{told}");
            assert!(!told.contains("secret"), "{told}");
        }
        assert_eq!(told(&path, Readers::All), Ok(b"secret".to_vec()), "a certificate is no secret");
        for mode in [0o600, 0o400] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(told(&path, Readers::Owner), Ok(b"secret".to_vec()));
        }
    }

    #[test]
    fn what_is_no_file_or_not_there_is_told_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(told(folder.path(), Readers::Owner).unwrap_err().contains("is not a plain file"));
        assert!(told(&folder.path().join("none"), Readers::Owner).unwrap_err().contains("cannot be read"));
        let place = Place::Credential("../x".to_owned());
        assert!(path(&place, Path::new("")).unwrap_err().0.contains("../x"));
    }
}
