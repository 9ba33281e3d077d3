//! Tables for spreadsheets.

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

fn write<H: AsRef<[u8]>>(file: &Path, heads: &[H], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    let context = || format!("writing {}", file.display());
    let mut writer = csv::Writer::from_path(file).with_context(context)?;
    writer.write_record(heads).with_context(context)?;
    for row in rows {
        writer.write_record(row.into_iter().map(harmless)).with_context(context)?;
    }
    writer.flush().with_context(context)
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
        assert_eq!(cells, ["'=1+1", "-12.5", "'@x", "Acme, \"the\" one", "'-"]);
    }
}
