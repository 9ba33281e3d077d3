//! Tables for spreadsheets.

use std::path::Path;

use anyhow::{Context, Result};

/// Writes a CSV file. Words that a spreadsheet would take for a formula get a ' before them; numbers do not.
pub fn write(file: &Path, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        let cells = ["=1+1", "-12.5", "@x", "Acme, \"the\" one", "-"].map(|cell| harmless(cell.to_owned()));
        assert_eq!(cells, ["'=1+1", "-12.5", "'@x", "Acme, \"the\" one", "'-"]);
    }
}
