//! Where leases lie, and the disk that two engines share.
//!
//! The place shows who claims to lead, how high, and whether he is known to be gone, as files on one machine do; who leads is decided by
//! [`crate::leadership`]. It takes a claim that is above all before and no other. The disk holds what was learned, one text;
//! writing may fail, or leave half of it.

use crate::leadership::Sight;

/// The place of leases.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    holder: Option<usize>,
    sight: Sight,
}

impl Default for Place {
    fn default() -> Self {
        Self { holder: None, sight: Sight { epoch: 0, beat: 0, held: false } }
    }
}

impl Place {
    /// What is seen there.
    pub const fn sight(&self) -> Sight {
        self.sight
    }

    /// Claim an epoch; whether nobody has claimed it or more.
    pub fn claim(&mut self, who: usize, epoch: u64) -> bool {
        let free = epoch > self.sight.epoch;
        if free {
            (self.holder, self.sight) = (Some(who), Sight { epoch, beat: 0, held: true });
        }
        free
    }

    /// The holder shows that he is there; nobody else can.
    pub fn renew(&mut self, who: usize) {
        if self.holder == Some(who) {
            self.sight.beat += 1;
        }
    }

    /// A process is gone, and what it held is known not to be held.
    pub fn gone(&mut self, who: usize) {
        if self.holder == Some(who) {
            self.sight.held = false;
        }
    }
}

/// What engines write down.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    text: Option<String>,
    /// Writing fails.
    pub full: bool,
    /// Only half of what is written arrives.
    pub torn: bool,
}

impl Disk {
    /// Write; whether it worked as far as the writer can tell.
    pub fn write(&mut self, text: &str) -> bool {
        if self.full {
            return false;
        }
        let length = text.chars().count();
        self.text = Some(text.chars().take(if self.torn { length / 2 } else { length }).collect());
        true
    }

    /// What was written last.
    pub fn read(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_higher_claim_is_taken_and_only_its_holder_renews_it() {
        let mut place = Place::default();
        assert!(place.claim(0, 5));
        assert!(!place.claim(1, 5));
        place.renew(1);
        place.gone(1);
        assert_eq!(place.sight(), Sight { epoch: 5, beat: 0, held: true });
        place.renew(0);
        place.gone(0);
        assert_eq!(place.sight(), Sight { epoch: 5, beat: 1, held: false });
        assert!(place.claim(1, 6));
    }

    #[test]
    fn a_full_disk_keeps_what_it_had_and_a_torn_write_leaves_half() {
        let mut disk = Disk::default();
        assert!(disk.write("first"));
        disk.full = true;
        assert!(!disk.write("second"));
        assert_eq!(disk.read(), Some("first"));
        (disk.full, disk.torn) = (false, true);
        assert!(disk.write("abcd"));
        assert_eq!(disk.read(), Some("ab"));
    }
}
