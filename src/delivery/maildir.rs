//! A folder in Maildir layout: a mail is written beside, made durable, and moved into `new/` in one step. Its file is named
//! after its key, so that the same mail delivered twice is there once.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::store::outbox::{Mail, Outcome};

/// The folder.
#[derive(Clone, Debug)]
pub struct Maildir(PathBuf);

impl Maildir {
    /// Made, with its `tmp`, `new` and `cur`, when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Maildir {
        Maildir(folder.into())
    }

    /// The folder in which delivered mails lie.
    pub fn new_mails(&self) -> PathBuf {
        self.0.join("new")
    }

    /// Makes the folders.
    pub fn ready(&self) -> Result<()> {
        for name in ["tmp", "new", "cur"] {
            let folder = self.0.join(name);
            fs::create_dir_all(&folder).with_context(|| format!("creating the mail folder {}", folder.display()))?;
        }
        Ok(())
    }

    /// Writes the mail, unless it is there already.
    pub async fn deliver(&self, mail: &Mail) -> Outcome {
        let (folder, name, bytes) = (self.clone(), format!("{}.eml", mail.key.name()), mail.bytes.clone());
        let written = tokio::task::spawn_blocking(move || folder.write(&name, &bytes)).await;
        match written.map_err(anyhow::Error::from).flatten() {
            Ok(answer) => Outcome::Accepted { answer },
            Err(error) => Outcome::Retry { answer: format!("{error:#}") },
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<String> {
        self.ready()?;
        let place = self.0.join("new").join(name);
        if place.exists() || read_before(&self.0.join("cur"), name)? {
            return Ok(format!("{} was there already", place.display()));
        }
        let draft = self.0.join("tmp").join(name);
        let mut file = File::create(&draft).with_context(|| format!("creating {}", draft.display()))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("writing {}", draft.display()))?;
        fs::rename(&draft, &place).with_context(|| format!("moving {} to {}", draft.display(), place.display()))?;
        // Else the name, though not the contents, could be lost with the machine's power.
        File::open(self.new_mails())
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("keeping {}", place.display()))?;
        Ok(format!("written to {}", place.display()))
    }
}

/// Mail programs move what was read to `cur`, and put `:2,` and letters behind its name.
fn read_before(folder: &Path, name: &str) -> Result<bool> {
    let reading = || format!("reading the mail folder {}", folder.display());
    for file in fs::read_dir(folder).with_context(reading)? {
        if file.with_context(reading)?.file_name().to_string_lossy().starts_with(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Key;
    use crate::model::Id;

    #[tokio::test]
    async fn a_mail_delivered_twice_is_there_once_even_when_read() {
        let folder = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(folder.path().join("mail"));
        let key = Key { digest: "csm".to_owned(), person: Id::parse("u/1").unwrap(), day: "2026-11-21".parse().unwrap() };
        let name = format!("{}.eml", key.name());
        let (from, to) = ("a@example.com".to_owned(), "b@example.com".to_owned());
        let mail = Mail { key, message_id: String::new(), from, to, bytes: b"text\r\n".to_vec() };
        let count = |part: &str| fs::read_dir(folder.path().join("mail").join(part)).unwrap().count();
        assert!(matches!(maildir.deliver(&mail).await, Outcome::Accepted { .. }));
        assert!(matches!(maildir.deliver(&mail).await, Outcome::Accepted { .. }));
        assert_eq!((count("tmp"), count("new")), (0, 1));
        let place = maildir.new_mails().join(&name);
        assert_eq!(fs::read(&place).unwrap(), b"text\r\n");
        fs::rename(place, folder.path().join("mail/cur").join(format!("{name}:2,S"))).unwrap();
        maildir.deliver(&mail).await;
        assert_eq!((count("new"), count("cur")), (0, 1));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mail");
        fs::write(&file, "in the way").unwrap();
        assert!(Maildir::new(&file).ready().is_err());
    }
}
