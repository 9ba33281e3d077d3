//! What a source brings of one record, whole before any of it goes in: a file of its own, or a spool of what it answered.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::model::Instant;
use crate::model::record::RecordKind;

/// Rows of one record, as CSV.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What its rows are.
    pub record: RecordKind,
    /// What people call it, the same from pull to pull: `data/accounts.csv.gz`, `crm: companies`.
    pub name: String,
    /// Whether its bytes are packed with gzip.
    pub packed: bool,
    /// Whether it holds all that there is, or only what changed.
    pub whole: bool,
    /// For a source that is asked for what changed: up to which instant this is the answer.
    pub through: Option<Instant>,
    content: Content,
    /// The lines with which pages of the answer begin, rising.
    pages: Vec<(u64, String)>,
}

#[derive(Clone, Debug)]
enum Content {
    Path(PathBuf),
    /// Without a name of its own: it is gone with the process, whatever happens.
    Spool(Arc<File>),
}

impl Feed {
    /// A file that lies on the disk.
    pub fn file(record: RecordKind, path: PathBuf) -> Feed {
        Feed {
            record,
            name: path.display().to_string(),
            packed: path.extension().is_some_and(|extension| extension == "gz"),
            whole: true,
            through: None,
            content: Content::Path(path),
            pages: Vec::new(),
        }
    }

    pub(super) fn spooled(record: RecordKind, name: String, file: File, pages: Vec<(u64, String)>) -> Feed {
        let content = Content::Spool(Arc::new(file));
        Feed { record, name, packed: false, whole: true, through: None, content, pages }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Feed {
        Feed { name: name.into(), ..self }
    }

    /// The file's name without its folders.
    pub fn file_name(&self) -> Option<&std::ffi::OsStr> {
        match &self.content {
            Content::Path(path) => path.file_name(),
            Content::Spool(_) => None,
        }
    }

    /// The file's size, and when it was last written; nothing of what is no file.
    pub fn size_and_time(&self) -> Option<(u64, SystemTime)> {
        let Content::Path(path) = &self.content else { return None };
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    /// Its bytes from the first on. Several readers do not disturb each other.
    pub(super) fn bytes(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.content {
            Content::Path(path) => Box::new(File::open(path)?),
            Content::Spool(file) => Box::new(FromStart { file: Arc::clone(file), offset: 0 }),
        })
    }

    /// Where people find a line: the name and line of a file; of an answer the page, and the row in it.
    pub fn place_of(&self, line: u64) -> (String, u64) {
        match self.pages.iter().rev().find(|(first, _)| *first <= line) {
            Some((first, page)) => (format!("{}, {page}", self.name), line - first + 1),
            None => (self.name.clone(), line),
        }
    }
}

struct FromStart {
    file: Arc<File>,
    offset: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}
