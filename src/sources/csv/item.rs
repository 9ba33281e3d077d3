//! What a file holds, row by row.

use crate::model::Instant;
use crate::model::record::Problem;

/// A row, or what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<R> {
    /// A row that can be read.
    Row(Row<R>),
    /// A row that is set aside.
    Reject(Reject),
}

/// A row that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<R> {
    /// The line in which it begins, from 1; the header is a line too.
    pub line: u64,
    /// When it became known, where the row says so.
    pub known_at: Option<Instant>,
    /// What it says.
    pub record: R,
}

/// A row that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The file, as people know it.
    pub file: String,
    /// The line in which the row begins, from 1.
    pub line: u64,
    /// The column at fault; empty where it is the row as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub reason: String,
    /// The row itself, at most its first 4096 bytes.
    pub row: String,
}

impl Reject {
    pub(super) fn new(file: &str, line: u64, problem: Problem, row: String) -> Reject {
        Reject { file: file.to_owned(), line, column: problem.column, reason: problem.reason, row }
    }
}
