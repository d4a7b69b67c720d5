//! Leases of one machine: empty files whose names carry the epochs, whose locks tell that their holders live, whose times beat.
//!
//! In: [`Step`](crate::leadership::Step)s. Out: [`Sight`]s. A claim is the file `FOLDER/NAME.lease.EPOCH`; the highest is the one that counts.
//!
//! | What | How | So |
//! |---|---|---|
//! | claimed by one only | a locked file is linked to its name, which fails when the name is there | of two with one epoch one wins, and nobody sees a claim that is not locked yet |
//! | its holder lives | it keeps an exclusive lock (`flock`), which the system gives up when the process ends, however it ends | who was killed is followed at once |
//! | its holder goes on | it sets the file's time to the next number | who is frozen keeps its lock and is followed all the same |
//! | never lost | the folder is synced before the claim counts | epochs do not fall over a restart or a power cut |
//! | on a full disk | there is nothing to write | who cannot keep what was learned can still lead |
//!
//! Old claims are removed by whoever makes a higher one; the highest never is. Weaknesses: a folder that all engines of a group can reach,
//! on one machine (locks over a network are not to be relied on: there, silence alone tells). Where locks are not supported, silence tells too.

use crate::leadership::{Leadership, Sight};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// A name that vanishes between listing and opening was replaced by a higher one; this often in a row is no replacement.
const LOOKS_MAX: usize = 8;

/// Where the leases of a group lie.
#[derive(Debug)]
pub struct LeaseFiles {
    folder: PathBuf,
    /// `NAME.lease.`
    stem: String,
    own: Option<Own>,
}

/// The own claim.
#[derive(Debug)]
struct Own {
    file: File,
    beat: u64,
}

impl LeaseFiles {
    /// Leases of a group in a folder; the name is one of plain letters.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_owned(), stem: format!("{name}.lease."), own: None }
    }

    /// What is there now.
    ///
    /// # Errors
    /// What the disk says.
    pub fn look(&self) -> io::Result<Sight> {
        for _ in 0..LOOKS_MAX {
            let Some(epoch) = self.claims()?.into_iter().max() else {
                return Ok(Sight { epoch: 0, beat: 0, held: false });
            };
            match File::open(self.claim_file(epoch)) {
                Ok(file) => return sight(epoch, &file),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("claims come and go faster than they can be looked at"))
    }

    /// Claim an epoch; `false` when somebody else has it. The own claim before is given up.
    ///
    /// # Errors
    /// What the disk says; then nothing is claimed.
    pub fn claim(&mut self, epoch: u64) -> io::Result<bool> {
        self.own = None;
        fs::create_dir_all(&self.folder)?;
        let beside = self.folder.join(format!(".{}{}", self.stem, std::process::id()));
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            // Another one with the same process number, in another container, is just about to claim.
            return Ok(false);
        }
        let linked = fs::hard_link(&beside, self.claim_file(epoch));
        fs::remove_file(&beside)?;
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            other => other?,
        }
        File::open(&self.folder)?.sync_all()?;
        self.own = Some(Own { file, beat: 0 });
        self.remove_below(epoch);
        Ok(true)
    }

    /// Show that the holder of the own claim goes on.
    ///
    /// # Errors
    /// What the disk says, or that there is no own claim.
    pub fn renew(&mut self) -> io::Result<()> {
        let own = self.own.as_mut().ok_or_else(|| io::Error::other("no claim to renew"))?;
        own.beat += 1;
        // Whole seconds are kept by every file system; no clock is in it.
        own.file.set_modified(UNIX_EPOCH + Duration::from_secs(own.beat))
    }

    /// Give the own claim up; others see at once that its holder is gone.
    pub fn release(&mut self) {
        self.own = None;
    }

    fn claims(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&self.stem));
            found.extend(number.and_then(|it| it.parse().ok()).filter(|epoch: &u64| *epoch <= Leadership::EPOCH_MAX));
        }
        Ok(found)
    }

    fn claim_file(&self, epoch: u64) -> PathBuf {
        self.folder.join(format!("{}{epoch}", self.stem))
    }

    /// What is left there is no harm.
    fn remove_below(&self, epoch: u64) {
        for old in self.claims().unwrap_or_default().into_iter().filter(|&it| it < epoch) {
            let _ = fs::remove_file(self.claim_file(old));
        }
    }
}

fn sight(epoch: u64, file: &File) -> io::Result<Sight> {
    let modified = file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    // The lock is tried for sharing, so that those who look do not take each other for the holder.
    let held = file.try_lock_shared().is_err();
    Ok(Sight { epoch, beat: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX), held })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> LeaseFiles {
        LeaseFiles::new(folder, "engine-1")
    }

    #[test]
    fn a_claim_is_made_by_one_only_seen_by_all_and_free_when_its_holder_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (place(folder.path()), place(folder.path()));
        assert_eq!(one.look().unwrap(), Sight { epoch: 0, beat: 0, held: false });
        assert!(one.claim(700).unwrap());
        assert!(!other.claim(700).unwrap());
        let seen = other.look().unwrap();
        assert_eq!((seen.epoch, seen.held), (700, true));
        assert_eq!(one.look().unwrap(), seen, "its holder sees the same");
        drop(one);
        assert!(!other.look().unwrap().held);
        assert!(other.claim(701).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of what is over");
    }

    #[test]
    fn each_renewal_is_seen_and_a_zombie_beats_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (place(folder.path()), place(folder.path()));
        assert!(one.claim(5).unwrap());
        let mut last = other.look().unwrap();
        for _ in 0..3 {
            one.renew().unwrap();
            let seen = other.look().unwrap();
            assert_ne!(seen.beat, last.beat);
            last = seen;
        }
        assert!(other.claim(6).unwrap(), "a frozen holder is no hindrance");
        let taken = other.look().unwrap();
        one.renew().unwrap();
        assert_eq!(one.look().unwrap(), taken);
        assert!(other.renew().is_ok() && place(folder.path()).renew().is_err());
    }

    #[test]
    fn a_stale_claim_below_the_highest_changes_nothing_and_other_files_are_nobodys_claim() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut late) = (place(folder.path()), place(folder.path()));
        assert!(one.claim(9).unwrap());
        assert!(late.claim(7).unwrap(), "there is no such file any more, so it can be made");
        for name in
            ["engine-1.lease.x", "engine-1.lease.99999999999999999999", "engine-2.lease.50", "engine-1.learned.json"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(late.look().unwrap().epoch, 9, "and whoever looks after it has claimed sees that it does not lead");
    }

    #[test]
    fn a_disk_that_takes_no_byte_still_takes_a_claim() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = place(folder.path());
        assert!(one.claim(5).unwrap());
        one.renew().unwrap();
        assert_eq!(fs::metadata(folder.path().join("engine-1.lease.5")).unwrap().len(), 0);
    }
}
