//! Tables as all pages show them.

use serde::Serialize;

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

    /// A day, which no line break parts.
    pub(super) fn day(day: impl ToString) -> Cell {
        Cell { class: "day".to_owned(), ..Cell::text(day) }
    }

    /// A text that leads to a page of ours.
    pub(super) fn link(text: impl ToString, href: String) -> Cell {
        Cell { href, ..Cell::text(text) }
    }

    /// The same with a smaller text below it.
    #[expect(clippy::needless_pass_by_value, reason = "a day or a number is handed over as it is")]
    pub(super) fn with_note(self, note: impl ToString) -> Cell {
        Cell { note: note.to_string(), ..self }
    }

    /// The same in the colour that this word stands for: `bad`, `fair`, `good` or `soft`; or of the width: `name`.
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
