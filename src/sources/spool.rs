//! What a source answers is written to a file without a name before any of it goes into the store: pages and cursor go in
//! together or not at all, the store is not held while a network is slow, and all kinds of sources are read the same way.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::Feed;
use super::csv::Reject;
use super::feed::SetAside;
use crate::model::record::RecordKind;

/// More than this is no answer but a mistake. Bytes.
const MOST_BYTES: u64 = 16 << 30;
/// How much of a row that is set aside is kept. Bytes.
const SHOWN: usize = 4096;

/// A feed that is being written.
#[derive(Debug)]
pub struct Spool {
    record: RecordKind,
    name: String,
    writer: ::csv::Writer<BufWriter<File>>,
    bytes: u64,
    next_line: u64,
    rows: u64,
    pages: Vec<(u64, String)>,
    /// After which lines how many lines are none that a row begins with.
    tall: Vec<(u64, u64)>,
    set_aside: SetAside,
    notes: Vec<String>,
}

impl Spool {
    /// An empty one with these columns: the record's, `known_at`, and of accounts whatever attributes there are.
    pub fn new(record: RecordKind, name: impl Into<String>, columns: &[impl AsRef<str>]) -> io::Result<Spool> {
        let writer =
            ::csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::with_capacity(1 << 16, tempfile::tempfile()?));
        let (pages, tall, set_aside, notes) = (Vec::new(), Vec::new(), SetAside::default(), Vec::new());
        let mut spool =
            Spool { record, name: name.into(), writer, bytes: 0, next_line: 1, rows: 0, pages, tall, set_aside, notes };
        spool.write(columns.iter().map(|column| column.as_ref().as_bytes()))?;
        Ok(spool)
    }

    /// From here on rows are of this page: `page 3`. Rejects are told by page and row.
    pub fn page(&mut self, label: impl Into<String>) {
        self.pages.push((self.next_line, label.into()));
    }

    /// Adds a row: a cell for each column, empty where the source has nothing.
    pub fn row<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        self.rows += 1;
        self.write(cells)
    }

    /// Leaves a row out that is not meant, so that those after it keep their numbers.
    pub fn skip(&mut self) -> io::Result<()> {
        // Readers pass over rows without any text.
        self.write([b"".as_slice()].into_iter())
    }

    /// Sets a row aside of which not even the cells can be told.
    pub fn set_aside(&mut self, column: &str, reason: impl Into<String>, row: &str) -> io::Result<()> {
        let row = row[..row.floor_char_boundary(SHOWN)].to_owned();
        let (file, line, column, reason) = (self.name.clone(), self.next_line, column.to_owned(), reason.into());
        self.set_aside.add(Reject { file, line, column, reason, row });
        self.skip()
    }

    /// Adds what the reader of a report should know of the whole feed.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn write<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        let (mut bytes, mut lines) = (0, 1);
        for cell in cells {
            bytes += cell.len() as u64 + 1;
            lines += cell.split(|byte| *byte == b'\n').count() as u64 - 1;
            self.writer.write_field(cell)?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        self.bytes += bytes;
        self.next_line += lines;
        if lines > 1 {
            let before = self.tall.last().map_or(0, |(_, lines)| *lines);
            self.tall.push((self.next_line, before + lines - 1));
        }
        if self.bytes > MOST_BYTES {
            return Err(too_large());
        }
        Ok(())
    }

    /// What people call the feed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// All of it, ready to be read.
    pub fn finish(self) -> io::Result<Feed> {
        let file = self.writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut feed = Feed::spooled(self.record, self.name, file, self.pages, self.tall);
        feed.rows = self.rows;
        (feed.set_aside, feed.notes) = (self.set_aside, self.notes);
        Ok(feed)
    }
}

/// A feed of which the source itself writes the CSV.
#[derive(Debug)]
pub struct RawSpool {
    writer: BufWriter<File>,
    bytes: u64,
}

impl RawSpool {
    /// An empty one.
    pub fn new() -> io::Result<RawSpool> {
        Ok(RawSpool { writer: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?), bytes: 0 })
    }

    /// Adds bytes as they came.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST_BYTES {
            return Err(too_large());
        }
        self.writer.write_all(bytes)
    }

    /// All of it, ready to be read.
    pub fn finish(self, record: RecordKind, name: impl Into<String>, packed: bool) -> io::Result<Feed> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut feed = Feed::spooled(record, name.into(), file, Vec::new(), Vec::new());
        feed.packed = packed;
        Ok(feed)
    }
}

fn too_large() -> io::Error {
    io::Error::other(format!("the answer is larger than {} GiB; ask for less of it", MOST_BYTES >> 30))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn rows_are_found_again_by_page_and_row() {
        let mut spool = Spool::new(RecordKind::Accounts, "crm: companies", &["id", "name"]).unwrap();
        for page in 1..=2 {
            spool.page(format!("page {page}"));
            spool.row([b"a".as_slice(), b"two\nlines"].into_iter()).unwrap();
            spool.row([b"b".as_slice(), b"say \"so\""].into_iter()).unwrap();
        }
        assert_eq!(spool.rows(), 4);
        let feed = spool.finish().unwrap();
        let mut text = String::new();
        feed.bytes().unwrap().read_to_string(&mut text).unwrap();
        let page = "a,\"two\nlines\"\nb,\"say \"\"so\"\"\"\n";
        assert_eq!(text, format!("id,name\n{page}{page}"));
        assert_eq!(feed.place_of(2), ("crm: companies, page 1".to_owned(), 1));
        assert_eq!(feed.place_of(4), ("crm: companies, page 1".to_owned(), 2), "a row of two lines is one row");
        assert_eq!(feed.place_of(7), ("crm: companies, page 2".to_owned(), 2));
        assert_eq!(feed.place_of(1), ("crm: companies".to_owned(), 1));
    }
}
