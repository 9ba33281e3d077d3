//! Reads the YAML files that a CS team edits: strictly, and with the place of whatever is wrong.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::de::IgnoredAny;
use serde_saphyr::{Location, Spanned};

use super::explain::{Explained, explain, is_syntax};
use super::{Condition, Scope};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, relative to its folder.
    pub file: String,
    /// From 1; 0 where it is the file as a whole.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn whole(file: &str, reason: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line: 0, column: 0, reason: reason.into() }
    }

    /// A fault of the name that a file gives to what it holds.
    pub fn of_name(file: &str, text: &str, reason: impl Into<String>) -> Fault {
        let named = (1u64..).zip(text.lines()).find_map(|(line, content)| Some((line, content.strip_prefix("name:")?)));
        let (line, column) = named.map_or((0, 0), |(line, name)| {
            let blanks = name.chars().take_while(|letter| letter.is_whitespace()).count();
            (line, "name:".len() as u64 + blanks as u64 + 1)
        });
        Fault { line, column, ..Fault::whole(file, reason) }
    }

    /// A fault at a place.
    pub fn at(file: &str, place: &Location, reason: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line: place.line(), column: place.column(), reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            _ => write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.reason),
        }
    }
}

impl std::error::Error for Fault {}

/// One file on its way from text to something checked.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Document<'a> {
    /// A file of this name, relative to its folder, with this content.
    pub fn new(file: &'a str, text: &'a str) -> Document<'a> {
        Document { file, text }
    }

    /// The file's name.
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// Reads the one document of the file. Keys that are unknown, missing or there twice, booleans other than `true`
    /// and `false`, tags, merge keys and aliases by the thousand are refused.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_saphyr::from_str_with_options(self.text, options()).map_err(|error| {
            // Where the text itself is broken further on, whatever seems to be missing or unknown before comes of that.
            let broken = serde_saphyr::from_str_with_options::<IgnoredAny>(self.text, options()).err().filter(is_syntax);
            let Explained { line, column, reason } = explain(self.text, broken.as_ref().unwrap_or(&error));
            Fault { file: self.file.to_owned(), line, column, reason }
        })
    }

    /// A fault at a place of the file.
    pub fn at(&self, place: Location, reason: impl Into<String>) -> Fault {
        Fault::at(self.file, &place, reason)
    }

    /// A fault of a key, whose value stands at a place.
    pub fn key(&self, key: &str, value: Location, reason: impl Into<String>) -> Fault {
        let before = |line: &str| line.chars().take(usize::try_from(value.column()).unwrap_or(0)).collect::<String>();
        let line = self.text.split('\n').nth(usize::try_from(value.line()).unwrap_or(0).saturating_sub(1)).map(before);
        let found = line.as_deref().and_then(|line| line.rfind(key).map(|at| line[..at].chars().count() as u64 + 1));
        Fault { column: found.unwrap_or(value.column()), ..self.at(value, reason) }
    }

    /// Reads the condition that stands at a place of the file.
    pub fn condition(&self, scope: Scope, text: &Spanned<String>) -> Result<Condition, Fault> {
        Condition::parse_in(scope, &text.value)
            .map_err(|error| self.within(text, error.offset, format!("condition: {}", error.reason)))
    }

    /// A fault at a character of a value.
    pub fn within(&self, text: &Spanned<String>, offset: usize, reason: String) -> Fault {
        let (line, column) = self.place_in(text, offset).unwrap_or((text.referenced.line(), text.referenced.column()));
        Fault { file: self.file.to_owned(), line, column, reason }
    }

    /// Line and column of a character of a value. A value may be quoted, folded or wrapped: its letters stand in the
    /// file in their order, with other blanks between them.
    fn place_in(&self, text: &Spanned<String>, offset: usize) -> Option<(u64, u64)> {
        let letters = || text.value.chars().take(offset + 1).filter(|letter| !letter.is_whitespace());
        let behind = u64::from(offset >= text.value.chars().count());
        let mut source = (1u64..).zip(self.text.split('\n')).skip_while(|(line, _)| *line < text.referenced.line()).flat_map(
            |(line, content)| {
                let first = if line == text.referenced.line() { text.referenced.column() } else { 1 };
                (1u64..)
                    .zip(content.chars())
                    .filter(move |(column, _)| *column >= first)
                    .map(move |(column, letter)| (line, column, letter))
            },
        );
        let mut place = None;
        // The sign of a block (`>-`, `|`) stands on a line of its own.
        let block = self.text.split('\n').nth(usize::try_from(text.referenced.line()).ok()?.checked_sub(1)?)?;
        let block = block.chars().nth(usize::try_from(text.referenced.column()).ok()?.checked_sub(1)?)?;
        for wanted in letters() {
            let (line, column, _) = source
                .find(|&(line, _, letter)| letter == wanted && !(matches!(block, '>' | '|') && line == text.referenced.line()))?;
            place = Some((line, column + behind));
        }
        place
    }
}

/// How strictly files are read.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::Reject,
        with_snippet: false,
        // A playbook is a page of text, not a data set.
        budget: serde_saphyr::budget! { max_nodes: 5_000, max_events: 20_000, max_depth: 16, max_aliases: 100 },
    }
}
