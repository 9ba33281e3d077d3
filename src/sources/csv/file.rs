//! The files of a folder: which there are, what they hold, whether they changed.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::model::record::RecordKind;
use crate::sources::{Feed, SourceError};

const BUFFER: usize = 1 << 18;

/// The files of the folder, in the order in which they are pulled. A record without a file is one that the company
/// does not have; files of other names are left alone.
pub fn files(folder: &Path) -> Result<Vec<Feed>, SourceError> {
    let wrong = |error: io::Error| {
        SourceError::new(folder.display(), format!("{error}; a csv source is a folder with accounts.csv in it"))
    };
    std::fs::read_dir(folder).map_err(wrong)?;
    let mut found = Vec::new();
    for record in RecordKind::ALL {
        let plain = folder.join(format!("{}.csv", record.name()));
        let packed = folder.join(format!("{}.csv.gz", record.name()));
        let there = |path: &Path| path.try_exists().map_err(|error| SourceError::new(path.display(), error));
        let path = match (there(&plain)?, there(&packed)?) {
            (true, true) => {
                let reason = format!("stands beside {}.csv; keep one of the two", record.name());
                return Err(SourceError::new(packed.display(), reason));
            }
            (true, false) => plain,
            (false, true) => packed,
            (false, false) => continue,
        };
        found.push(Feed::file(record, path));
    }
    Ok(found)
}

/// SHA-256 of the feed's bytes as they lie on the disk.
pub fn hash(feed: &Feed) -> io::Result<[u8; 32]> {
    let mut input = feed.bytes()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// The feed's text, unpacked while it is read.
pub(super) fn open(feed: &Feed) -> io::Result<Box<dyn BufRead + Send>> {
    let input = BufReader::with_capacity(BUFFER, feed.bytes()?);
    if feed.packed { Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input)))) } else { Ok(Box::new(input)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_pulling_and_others_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["usage.csv.gz", "accounts.csv", "users.csv", "notes.txt", "accounts.csv.bak", "Leads.CSV"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let found = files(folder.path()).unwrap();
        let kinds: Vec<RecordKind> = found.iter().map(|file| file.record).collect();
        assert_eq!(kinds, [RecordKind::Users, RecordKind::Accounts, RecordKind::Usage]);
        assert!(found[2].name.ends_with("/usage.csv.gz"));
        assert_ne!(hash(&found[0]).unwrap(), hash(&found[1]).unwrap());

        std::fs::write(folder.path().join("users.csv.gz"), "").unwrap();
        let error = files(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("users.csv.gz: stands beside users.csv; keep one of the two"), "{error}");
        assert!(files(&folder.path().join("none")).unwrap_err().reason.contains("a folder with accounts.csv"));
    }

    #[test]
    fn the_hash_is_sha_256() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, "abc").unwrap();
        let hash = hash(&files(folder.path()).unwrap()[0]).unwrap();
        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf], "the test vector of FIPS 180");
    }
}
