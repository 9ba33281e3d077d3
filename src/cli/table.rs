//! Columns of text under their heads.

use std::fmt;

/// To which side a column's cells lean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Lines of cells. A column is as wide as its widest cell, and no wider than it may be; longer cells are cut.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(&'static str, Side, usize)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of columns, each with its head, side and greatest width in characters.
    pub fn new(columns: &[(&'static str, Side, usize)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a line. Cells without a column are left out, columns without a cell stay empty.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells = cells.into_iter().zip(&self.columns).map(|(cell, (.., widest))| cut(&cell.into(), *widest));
        self.rows.push(cells.collect());
    }

    /// The heads of its columns, each with its side.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (&'static str, Side)> {
        self.columns.iter().map(|(head, side, _)| (*head, *side))
    }

    /// Its lines.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<String> = self.columns.iter().map(|(head, ..)| (*head).to_owned()).collect();
        let lines = || std::iter::once(&heads).chain(&self.rows);
        let width = |column: usize| lines().filter_map(|cells| cells.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
        for cells in lines() {
            let padded = self.columns.iter().zip(&widths).zip(cells).map(|(((_, side, _), width), cell)| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            });
            writeln!(f, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// The text on one line, at most `widest` characters of it. Names come from other systems: what would move the terminal's
/// cursor is left out.
pub fn cut(text: &str, widest: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= widest {
        return one_line;
    }
    let kept: String = one_line.chars().take(widest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_long_names_cut() {
        let mut table = Table::new(&[("score", Side::Right, 5), ("name", Side::Left, 10), ("why", Side::Left, 20)]);
        assert!(table.is_empty());
        table.row(["8.5", "Björk", "late"]);
        table.row(["100.0", "A very long name", "first\nsecond\x1b[2J"]);
        table.row(["–", "", ""]);
        assert_eq!(
            table.to_string(),
            "score  name        why\n  8.5  Björk       late\n100.0  A very lo…  first second [2J\n    –\n"
        );
    }
}
