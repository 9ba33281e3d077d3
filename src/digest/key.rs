//! What makes a mail one mail: which digest, for whom, for which day of theirs.

use sha2::{Digest as _, Sha256};

use crate::model::{Day, Id};

/// The identity of a digest. Never holds a run or a batch: a second run of the same day is the same mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The digest's name, such as `csm`: lower-case letters, digits and hyphens.
    pub digest: String,
    /// The reader.
    pub person: Id,
    /// The day it is for, in the reader's zone.
    pub day: Day,
}

impl Key {
    /// A short name of this key that is the same every time: `2026-11-21.csm.0123456789abcdef`. It is the left side of the
    /// mail's `Message-ID`, its file name and the id by which people ask for it.
    pub fn name(&self) -> String {
        // The parts are parted by a byte that no id can hold, so that no two keys run into one text.
        let hash = Sha256::digest(format!("{}\0{}\0{}", self.digest, self.person, self.day));
        let short = hash.iter().take(8).fold(0_u64, |short, byte| short << 8 | u64::from(*byte));
        format!("{}.{}.{short:016x}", self.day, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let key = |digest: &str, person: &str, day: &str| {
            Key { digest: digest.to_owned(), person: Id::parse(person).unwrap(), day: day.parse().unwrap() }.name()
        };
        let first = key("csm", "u1", "2026-11-21");
        assert!(first.starts_with("2026-11-21.csm."), "{first}");
        assert_eq!(first, key("csm", "u1", "2026-11-21"));
        assert_ne!(first, key("csm", "u2", "2026-11-21"));
        assert_ne!(first, key("csm", "u1", "2026-11-22"));
        assert_ne!(first, key("leader", "u1", "2026-11-21"));
    }
}
