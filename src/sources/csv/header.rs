//! A file's first line: which cell is which column.

use super::rows::{Rows, Step};
use crate::config::nearest;
use crate::sources::SourceError;

/// The column that any record may have: when the row became known.
pub(super) const KNOWN_AT: &str = "known_at";

/// Which cell is which column.
pub(super) struct Header {
    /// The columns' names in the order of the file, in lower case.
    pub(super) names: Vec<String>,
    /// For each column of the record the number of its cell, if the file has it.
    pub(super) cells: Vec<Option<usize>>,
    /// The cell of `known_at`.
    pub(super) known_at: Option<usize>,
    /// The numbers of cells whose column the record does not have.
    pub(super) others: Vec<usize>,
}

impl Header {
    /// Reads the first row; columns may stand in any order.
    pub(super) fn read(rows: &mut Rows, file: &str, columns: &[&str], required: &[&str]) -> Result<Header, SourceError> {
        let wrong = |reason: String| Err(SourceError::new(format!("{file}:1"), reason));
        let step = rows.advance()?;
        let bytes = rows.bytes();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            return wrong("is packed with gzip; call it .csv.gz".to_owned());
        }
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
            return wrong("is not UTF-8, perhaps UTF-16; save the file as UTF-8".to_owned());
        }
        match step {
            Step::Row => {}
            Step::End => return wrong(format!("is empty; the first line must name the columns: {}", required.join(", "))),
            Step::Broken { reason, .. } => return wrong(format!("the first line must name the columns: {reason}")),
        }
        let Ok(text) = str::from_utf8(bytes) else { return wrong("is not UTF-8; save the file as UTF-8".to_owned()) };
        if text.trim_end().contains('\r') && !text.contains('"') {
            return wrong("its lines end in a carriage return alone; save the file with line feeds".to_owned());
        }
        let names: Vec<String> =
            (0..rows.len()).map(|cell| String::from_utf8_lossy(rows.cell(cell)).trim().to_lowercase()).collect();
        if let Some(name) =
            names.iter().enumerate().find_map(|(n, name)| (!name.is_empty() && names[..n].contains(name)).then_some(name))
        {
            return wrong(format!("the column `{name}` stands twice; keep one"));
        }
        let cell_of = |column: &str| names.iter().position(|name| name == column);
        let unknown = |name: &str| !name.is_empty() && name != KNOWN_AT && !columns.contains(&name);
        if let Some(missing) = required.iter().find(|column| cell_of(column).is_none()) {
            if let Some(separator) = other_separator(text, columns) {
                return wrong(format!("its columns are parted by {separator}; part them by commas"));
            }
            let meant = nearest(missing, names.iter().map(String::as_str).filter(|name| unknown(name)));
            let hint = meant.map_or_else(
                || format!("; required: {}", required.join(", ")),
                |meant| format!("; `{meant}` is near it, is it meant?"),
            );
            return wrong(format!("the required column `{missing}` is missing{hint}"));
        }
        let others = (0..names.len()).filter(|&cell| unknown(&names[cell])).collect();
        let cells = columns.iter().map(|column| cell_of(column)).collect();
        Ok(Header { cells, known_at: cell_of(KNOWN_AT), others, names })
    }

    /// The name of the column with this number; empty where there is none.
    pub(super) fn name(&self, cell: usize) -> &str {
        self.names.get(cell).map_or("", String::as_str)
    }

    /// What is to be said about columns that are left out.
    pub(super) fn notes(&self, file: &str, columns: &[&str]) -> Vec<String> {
        let absent = |column: &&str| !self.names.iter().any(|name| name == column);
        let note = |&cell: &usize| {
            let name = &self.names[cell];
            let meant = nearest(name, columns.iter().copied().filter(absent));
            let hint = meant.map(|meant| format!("; is `{meant}` meant?")).unwrap_or_default();
            format!("{file}: the column `{name}` is unknown and left out{hint}")
        };
        self.others.iter().map(note).collect()
    }

    /// Why a row with so many cells is none, if it is none.
    pub(super) fn ragged(&self, rows: &Rows) -> Option<String> {
        if rows.len() == self.names.len() {
            return None;
        }
        let (cells, columns) = (rows.len(), self.names.len());
        let lines = match (rows.line(), rows.last_line()) {
            (first, last) if first < last => format!("; it goes from line {first} to {last}, perhaps a quote is missing"),
            _ => String::new(),
        };
        let plural = if cells == 1 { "" } else { "s" };
        Some(format!("the row has {cells} cell{plural}, the header {columns}{lines}"))
    }
}

/// The separator that makes columns of the line, where commas do not.
fn other_separator(line: &str, columns: &[&str]) -> Option<&'static str> {
    [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")].into_iter().find_map(|(separator, name)| {
        let known = |cell: &str| columns.contains(&cell.trim().trim_matches(['"', '\u{feff}']).to_lowercase().as_str());
        (line.split(separator).filter(|cell| known(cell)).count() >= 2).then_some(name)
    })
}
