//! The table that a query is answered with, written to a spool row by row.

use std::fmt::Display;

use super::cell::{self, Told, Written};
use super::plan::Query;
use crate::model::Zone;
use crate::sources::columns::{Form, form};
use crate::sources::{Feed, Sample, SourceError, Spool};

/// A column of the answer.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How its values are written.
    pub written: Written,
}

/// An answer that is coming in.
pub struct Answer {
    feed: String,
    columns: Vec<(Column, Form)>,
    zoneless: Zone,
    spool: Spool,
    /// The texts of the row's cells, one after the other, and where each ends.
    row: Vec<u8>,
    ends: Vec<usize>,
    sample: Sample,
    /// The first column in which a date and time had no zone.
    assumed: Option<usize>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answered {
    /// Its rows.
    pub feed: Feed,
    /// The first of them.
    pub sample: Sample,
}

impl Answer {
    /// An empty one. `zoneless` is the zone of dates and times that say nothing of theirs.
    pub fn new(query: &Query, columns: Vec<Column>, zoneless: Zone) -> Result<Answer, SourceError> {
        if columns.is_empty() {
            return Err(SourceError::new(&query.feed, "the query gives no rows; write a SELECT"));
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let mut spool = Spool::new(query.record, &query.feed, &names).map_err(|error| SourceError::new(&query.feed, error))?;
        spool.page("row");
        let sample = Sample { feed: query.feed.clone(), given: Vec::new(), mapped: Vec::new() };
        let columns =
            columns.into_iter().map(|column| (form(&column.name.to_lowercase()), column)).map(|(form, column)| (column, form));
        Ok(Answer {
            feed: query.feed.clone(),
            columns: columns.collect(),
            zoneless,
            spool,
            row: Vec::new(),
            ends: Vec::new(),
            sample,
            assumed: None,
        })
    }

    /// The row's next cell; nothing where the source has nothing.
    pub fn cell(&mut self, value: Option<&[u8]>) {
        let number = self.ends.len();
        // More cells than columns are told when the row ends.
        if let (Some(value), Some((column, form))) = (value, self.columns.get(number)) {
            let start = self.row.len();
            let told = cell::put(value, &column.written, *form, &self.zoneless, &mut self.row);
            if told == Told::Zoneless && self.assumed.is_none() {
                self.assumed = Some(number);
            }
            if self.spool.rows() == 0 {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                self.sample.given.push((column.name.clone(), text(value)));
                self.sample.mapped.push((column.name.to_lowercase(), text(&self.row[start..])));
            }
        }
        self.ends.push(self.row.len());
    }

    /// The row is whole.
    pub fn end_row(&mut self) -> Result<(), SourceError> {
        let (cells, columns) = (self.ends.len(), self.columns.len());
        if cells != columns {
            let row = self.spool.rows() + 1;
            return Err(self.error(format!("row {row} has {cells} cells, the answer {columns} columns")));
        }
        let mut start = 0;
        let row = &self.row;
        let cells = self.ends.iter().map(|end| &row[std::mem::replace(&mut start, *end)..*end]);
        self.spool.row(cells).map_err(|error| SourceError::new(&self.feed, error))?;
        self.row.clear();
        self.ends.clear();
        Ok(())
    }

    /// The text of a cell of the row that is being written, by its number.
    pub fn text(&self, cell: usize) -> &[u8] {
        let end = |cell: usize| self.ends.get(cell).copied().unwrap_or(self.row.len());
        &self.row[cell.checked_sub(1).map_or(0, end)..end(cell)]
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.spool.rows()
    }

    /// Something wrong with the answer.
    pub fn error(&self, reason: impl Display) -> SourceError {
        SourceError::new(&self.feed, reason)
    }

    /// All of it.
    pub fn finish(self, query: &Query) -> Result<Answered, SourceError> {
        let mut feed = self.spool.finish().map_err(|error| SourceError::new(&query.feed, error))?;
        (feed.whole, feed.through) = (query.whole, query.through);
        if let Some(number) = self.assumed {
            let (column, zone) = (self.columns[number].0.name.to_lowercase(), self.zoneless.name());
            feed.notes.push(format!("{}: `{column}` has no time zone; such instants are taken as {zone}", query.feed));
        }
        Ok(Answered { feed, sample: self.sample })
    }
}
