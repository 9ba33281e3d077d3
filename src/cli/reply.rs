//! What a command answers: the same for people and for programs.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use super::exit::Exit;

/// The answer of a command.
#[derive(Debug)]
pub struct Reply {
    /// For people, of one or more lines.
    text: String,
    /// For programs: one JSON document.
    json: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Reply {
    /// An answer that ends with 0.
    pub fn new(text: impl Into<String>, json: &impl Serialize) -> Result<Reply> {
        let json = serde_json::to_string(json).context("writing the answer as JSON")?;
        Ok(Reply { text: text.into(), json, exit: Exit::Done })
    }

    /// The answer was printed while it was found.
    pub fn printed() -> Reply {
        Reply { text: String::new(), json: String::new(), exit: Exit::Done }
    }

    /// The same answer with another end.
    pub fn ending(self, exit: Exit) -> Reply {
        Reply { exit, ..self }
    }

    /// Prints it on standard output. Whoever stops reading has read enough.
    pub fn print(&self, as_json: bool) -> Result<()> {
        let text = if as_json { &self.json } else { &self.text };
        if text.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
            _ => Ok(()),
        }
    }
}
