//! Tables as all pages show them.

use serde::Serialize;

use crate::cli::table::{self, Side};
use crate::signals::Band;

/// A table; templates show it with `{{> table}}`.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Table {
    caption: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    /// What is said where there are no rows.
    empty: String,
}

#[derive(Clone, Debug, Serialize)]
struct Head {
    text: String,
    /// `number` or empty.
    class: &'static str,
    /// Where the table is sorted by this column; empty where it cannot be.
    href: String,
    /// `ascending`, `descending` or `none`.
    order: &'static str,
}

/// A cell.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Cell {
    text: String,
    /// Smaller, below it; empty where there is nothing to add.
    note: String,
    href: String,
    /// `number` or `day`, a word for a colour, both or neither.
    class: String,
}

impl Table {
    /// A table of this caption. `empty`: what is said where there are no rows.
    pub(super) fn new(caption: &str, empty: &str) -> Table {
        Table { caption: caption.to_owned(), empty: empty.to_owned(), ..Table::default() }
    }

    /// What a command prints as a table, under this caption.
    pub(super) fn printed(caption: &str, empty: &str, printed: &table::Table) -> Table {
        let mut table = Table::new(caption, empty);
        let sides: Vec<Side> = printed.heads().map(|(_, side)| side).collect();
        for (text, side) in printed.heads() {
            table = table.head(&capital(text), if side == Side::Right { "number" } else { "" }, String::new(), "none");
        }
        for row in printed.rows() {
            let cell = |(at, side): (usize, &Side)| {
                let text = row.get(at).map_or("", String::as_str);
                if *side == Side::Right { Cell::number(text) } else { Cell::day(text) }
            };
            table.row(sides.iter().enumerate().map(cell));
        }
        table
    }

    /// With a column of texts.
    pub(super) fn column(self, text: &str) -> Table {
        self.head(text, "", String::new(), "none")
    }

    /// With a column of numbers.
    pub(super) fn number(self, text: &str) -> Table {
        self.head(text, "number", String::new(), "none")
    }

    /// With a column by which the table can be sorted. `class`: `number` or empty. `order`: how it is now.
    pub(super) fn sorted(self, text: &str, class: &'static str, href: String, order: &'static str) -> Table {
        self.head(text, class, href, order)
    }

    fn head(mut self, text: &str, class: &'static str, href: String, order: &'static str) -> Table {
        self.heads.push(Head { text: text.to_owned(), class, href, order });
        self
    }

    /// Adds a row; it has as many cells as the table has columns.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<Cell> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.heads.len(), "{}", self.caption);
        self.rows.push(cells);
    }
}

impl Cell {
    /// A text.
    #[expect(clippy::needless_pass_by_value, reason = "a day or a number is handed over as it is")]
    pub(super) fn text(text: impl ToString) -> Cell {
        Cell { text: text.to_string(), ..Cell::default() }
    }

    /// A number, or what stands for one that is not known.
    pub(super) fn number(text: impl ToString) -> Cell {
        Cell { class: "number".to_owned(), ..Cell::text(text) }
    }

    /// A day, or another text that no line break parts.
    pub(super) fn day(day: impl ToString) -> Cell {
        Cell { class: "day".to_owned(), ..Cell::text(day) }
    }

    /// A text that leads to a page of ours.
    pub(super) fn link(text: impl ToString, href: String) -> Cell {
        Cell { href, ..Cell::text(text) }
    }

    /// The same as a link.
    pub(super) fn leading(self, href: String) -> Cell {
        Cell { href, ..self }
    }

    /// The same with a smaller text below it.
    #[expect(clippy::needless_pass_by_value, reason = "a day or a number is handed over as it is")]
    pub(super) fn with_note(self, note: impl ToString) -> Cell {
        Cell { note: note.to_string(), ..self }
    }

    /// The same with room for some words on each line.
    pub(super) fn long(self) -> Cell {
        self.coloured("long")
    }

    /// The same in the colour that this word stands for: `bad`, `fair`, `good` or `soft`.
    pub(super) fn coloured(self, class: &'static str) -> Cell {
        Cell { class: format!("{} {class}", self.class).trim().to_owned(), ..self }
    }
}

/// The colour of a band.
pub(super) fn colour(band: Band) -> &'static str {
    match band {
        Band::AtRisk => "bad",
        Band::Watch => "fair",
        Band::Healthy => "good",
        Band::Unknown => "soft",
    }
}

/// As the head of a column begins in a page; `CSM` is no word.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match (text, chars.next()) {
        ("csm", _) => "CSM".to_owned(),
        (_, Some(first)) => first.to_uppercase().chain(chars).collect(),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_the_same_table_in_a_page() {
        let mut printed = table::Table::new(&[("csm", Side::Left, 9), ("NRR 12 m", Side::Right, 9), ("late", Side::Left, 9)]);
        printed.row(["Una", "4"]);
        let table = serde_json::to_value(Table::printed("Who", "nobody", &printed)).unwrap();
        let each = |rows: &serde_json::Value, field: &str| -> Vec<String> {
            rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(each(&table["heads"], "text"), ["CSM", "NRR 12 m", "Late"]);
        assert_eq!(each(&table["heads"], "class"), ["", "number", ""]);
        assert_eq!(each(&table["rows"][0], "text"), ["Una", "4", ""], "what is missing at the end stays empty");
        assert_eq!(each(&table["rows"][0], "class"), ["day", "number", "day"]);
        assert_eq!(Cell::day("x").coloured("bad").class, "day bad");
    }
}
