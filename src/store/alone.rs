//! One daemon on a SQLite file: a lock beside it, held as long as the process lives.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The lock; it goes with the process, however that ends.
#[derive(Debug)]
pub struct Alone {
    _file: File,
}

impl Alone {
    /// Takes the lock of the store in this file, or says who has it. Commands that are run once do not ask for it.
    pub fn take(store: &Path) -> Result<Alone> {
        let path = PathBuf::from(format!("{}.run", store.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("creating the store's folder {}", folder.display()))?;
        }
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Whose number cannot be read is still there.
                let _ = file.read_to_string(&mut process);
                let process =
                    if process.trim().is_empty() { "another process".to_owned() } else { format!("process {}", process.trim()) };
                bail!(
                    "{process} runs longroad on the store {} already; stop it first, or use PostgreSQL, which any number may share",
                    store.display()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("locking {}", path.display())),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Alone { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("sub/a.db");
        let first = Alone::take(&store).unwrap();
        let refused = Alone::take(&store).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("process {} runs longroad on the store", std::process::id())), "{refused}");
        drop(first);
        Alone::take(&store).unwrap();
    }
}
