//! A part of the day: a heading, at most ten lines, and the way to all of them.

use serde::Serialize;

use crate::digest::LIST_LIMIT;
use crate::web::table::Table;

/// A part of the day.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    title: String,
    /// A sentence below the heading; empty where none is needed.
    said: String,
    table: Table,
    all: String,
    all_href: String,
}

impl Section {
    /// A part of so many lines in all. `all`: the page with all of them, and what the way there is called.
    pub(super) fn new(title: &str, total: usize, table: Table, (href, all): (&str, &str)) -> Section {
        let number = if total > LIST_LIMIT { format!(" ({LIST_LIMIT} of {total})") } else { String::new() };
        let (all, all_href) = (all.to_owned(), href.to_owned());
        Section { title: format!("{title}{number}"), said: String::new(), table, all, all_href }
    }

    /// The same with a sentence.
    pub(super) fn saying(self, said: impl Into<String>) -> Section {
        Section { said: said.into(), ..self }
    }
}
