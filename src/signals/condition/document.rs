//! YAML files that a CS team writes: read strictly, every mistake told with its place.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_saphyr::{Location, Spanned};

use super::{Condition, Scope};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, as its reader knows it.
    pub file: String,
    /// From 1; 0 where it is the file as a whole.
    pub line: u64,
    /// From 1.
    pub column: u64,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.reason),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// A fault of the file as a whole.
    pub fn whole(file: &str, reason: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line: 0, column: 0, reason: reason.into() }
    }

    /// A fault at a place.
    pub fn at(file: &str, place: &Location, reason: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line: place.line(), column: place.column(), reason: reason.into() }
    }
}

/// Reads a file of one document. Unknown and double keys are faults; an expansion that grows past all use, too.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Fault> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! { max_nodes: 20_000, max_depth: 50 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.without_snippet().to_string();
        // The place stands before the text already.
        let reason = message.split(" at line ").next().unwrap_or(&message).trim().to_owned();
        match error.location() {
            Some(place) => Fault::at(file, &place, reason),
            None => Fault::whole(file, reason),
        }
    })
}

/// Reads a condition that stands in a file. The place of a mistake inside it is told as far as the text is on one line.
pub fn condition(file: &str, scope: Scope, text: &Spanned<String>) -> Result<Condition, Fault> {
    Condition::parse_in(scope, &text.value).map_err(|error| {
        let mut fault = Fault::at(file, &text.referenced, format!("in `{}`: {}", text.value.trim(), error.reason));
        fault.column += error.offset as u64;
        fault
    })
}
