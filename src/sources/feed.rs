//! What a source brings of one record, whole before any of it goes in: a file of its own, or a spool of what it answered.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::csv::Reject;
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
    /// Rows written into it; 0 of a file, which nobody has counted.
    pub rows: u64,
    /// Rows that could not be written into it.
    pub set_aside: SetAside,
    /// The fields of the rows from which it was mapped, with what they are; `None` where its own columns tell.
    pub fields: Option<Vec<String>>,
    /// What the reader of a report should know of it.
    pub notes: Vec<String>,
    content: Content,
    /// The lines with which pages of the answer begin, rising.
    pages: Vec<(u64, String)>,
    /// After which lines how many lines are none that a row begins with.
    tall: Vec<(u64, u64)>,
}

/// Rows that a source brought and that no reader will see.
#[derive(Clone, Debug, Default)]
pub struct SetAside {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Reject>,
}

impl SetAside {
    pub(super) fn add(&mut self, reject: Reject) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(reject);
        }
    }
}

/// Rows set aside that are kept with their text; more are counted.
const KEPT: usize = 20_000;

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
            rows: 0,
            set_aside: SetAside::default(),
            fields: None,
            notes: Vec::new(),
            content: Content::Path(path),
            pages: Vec::new(),
            tall: Vec::new(),
        }
    }

    pub(super) fn spooled(
        record: RecordKind,
        name: String,
        file: File,
        pages: Vec<(u64, String)>,
        tall: Vec<(u64, u64)>,
    ) -> Feed {
        let content = Content::Spool(Arc::new(file));
        Feed {
            record,
            name,
            packed: false,
            whole: true,
            through: None,
            rows: 0,
            set_aside: SetAside::default(),
            fields: None,
            notes: Vec::new(),
            content,
            pages,
            tall,
        }
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

    /// The number of the row that begins in a line, the header being the first.
    fn row(&self, line: u64) -> u64 {
        let before = self.tall.partition_point(|(from, _)| *from <= line);
        line - before.checked_sub(1).map_or(0, |last| self.tall[last].1)
    }

    /// Where people find a line: the name and line of a file; of an answer the page, and the row in it.
    pub fn place_of(&self, line: u64) -> (String, u64) {
        match self.pages.iter().rev().find(|(first, _)| *first <= line) {
            Some((first, page)) => (format!("{}, {page}", self.name), self.row(line) - self.row(*first) + 1),
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
