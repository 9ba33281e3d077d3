//! Tables for spreadsheets.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where a command's table goes besides.
#[derive(Debug, clap::Args)]
pub struct Sheet {
    /// Write the table to this file as CSV, too
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl Sheet {
    /// Whether one is wanted.
    pub fn is_wanted(&self) -> bool {
        self.csv.is_some()
    }

    /// Writes it, if one is wanted. Words that a spreadsheet would take for a formula get a ' before them; numbers do not.
    pub fn write<H: AsRef<[u8]>>(&self, heads: &[H], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
        self.csv.as_ref().map_or(Ok(()), |file| write(file, heads, rows))
    }
}

/// The table as text, after the mark by which spreadsheets know UTF-8.
pub(crate) fn text<H: AsRef<[u8]>>(heads: &[H], rows: impl IntoIterator<Item = Vec<String>>) -> Result<String> {
    let bytes = lines("\u{feff}".as_bytes().to_vec(), heads, rows).context("writing a table")?;
    String::from_utf8(bytes).context("a table is no text")
}

fn write<H: AsRef<[u8]>>(file: &Path, heads: &[H], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    let context = || format!("writing {}", file.display());
    lines(File::create(file).with_context(context)?, heads, rows).map(drop).with_context(context)
}

/// Writes heads and rows behind what is there already.
fn lines<W: Write, H: AsRef<[u8]>>(to: W, heads: &[H], rows: impl IntoIterator<Item = Vec<String>>) -> Result<W> {
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(heads)?;
    for row in rows {
        writer.write_record(row.into_iter().map(harmless))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn harmless(cell: String) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']) && cell.parse::<f64>().is_err();
    if formula { format!("'{cell}") } else { cell }
}

/// What is known, as it is written; an empty cell where it is not.
pub fn cell<T: ToString>(known: Option<T>) -> String {
    known.map(|known| known.to_string()).unwrap_or_default()
}

/// A share or a score, with four decimals.
pub fn number(known: Option<f64>) -> String {
    known.map(|number| format!("{number:.4}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        let cells = ["=1+1", "-12.5", "@x", "Acme, \"the\" one", "-"].map(|cell| harmless(cell.to_owned()));
        let table = text(&["a", "b"], [vec!["ü".to_owned(), "=x".to_owned()]]).unwrap();
        assert_eq!(table, "\u{feff}a,b\nü,'=x\n");
        assert_eq!(cells, ["'=1+1", "-12.5", "'@x", "Acme, \"the\" one", "'-"]);
    }
}
