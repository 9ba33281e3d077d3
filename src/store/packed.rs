//! Many rows as one text: a row costs the driver some ten times what it costs the database, and a cycle reads hundreds of
//! thousands. Columns are parted by U+001F, rows by U+001E, NULL is U+001D; none of them can stand in what is stored,
//! because control characters are refused at the edge.

use anyhow::{Context, Result};

/// Between columns.
pub(super) const COLUMN: &str = "\u{1f}";
/// Between rows.
pub(super) const ROW: &str = "\u{1e}";
/// In place of NULL.
pub(super) const NULL: &str = "\u{1d}";

/// The SQL that packs these columns of all rows; those of `nullable` may hold NULL. [`COLUMN`], [`ROW`] and [`NULL`] are
/// bound to `$1`, `$2` and `$3`.
pub(super) fn packed(columns: &str, nullable: &[&str]) -> String {
    let column = |column: &str| {
        let column = column.trim();
        if nullable.contains(&column) { format!("COALESCE(CAST({column} AS TEXT), CAST($3 AS TEXT))") } else { column.to_owned() }
    };
    let columns: Vec<String> = columns.split(',').map(column).collect();
    format!("string_agg(concat_ws(CAST($1 AS TEXT), {}), CAST($2 AS TEXT))", columns.join(", "))
}

/// The rows of a packed text, in no particular order.
pub(super) fn rows(text: Option<&str>) -> impl Iterator<Item = Fields<'_>> {
    text.unwrap_or_default().split('\u{1e}').filter(|row| !row.is_empty()).map(|row| Fields(Some(row)))
}

/// The columns of one row, read one after the other.
pub(super) struct Fields<'a>(Option<&'a str>);

impl<'a> Fields<'a> {
    /// The next column, or `None` for NULL.
    pub(super) fn optional(&mut self) -> Result<Option<&'a str>> {
        let row = self.0.context("a row of the store has too few columns")?;
        // Most columns are short: looking at one byte after the other is as fast as it gets.
        let (field, rest) = match row.bytes().position(|byte| byte == 0x1f) {
            Some(end) => (&row[..end], Some(&row[end + 1..])),
            None => (row, None),
        };
        self.0 = rest;
        Ok((field != NULL).then_some(field))
    }

    /// The last column, a text, without a look at how long it is; empty where there is none.
    pub(super) fn rest(self) -> &'a str {
        self.0.unwrap_or_default()
    }

    /// The next column as text.
    pub(super) fn text(&mut self) -> Result<&'a str> {
        self.optional()?.context("a row of the store has NULL where a text must be")
    }

    /// The next column as text, or `None` for NULL.
    pub(super) fn optional_text(&mut self) -> Result<Option<String>> {
        Ok(self.optional()?.map(str::to_owned))
    }

    /// The next column as a number.
    pub(super) fn number(&mut self) -> Result<i64> {
        self.text()?.parse().context("a row of the store has text where a number must be")
    }

    /// The next column as a number, or `None` for NULL.
    pub(super) fn optional_number(&mut self) -> Result<Option<i64>> {
        self.optional()?.map(str::parse).transpose().context("a row of the store has text where a number must be")
    }

    /// The next column as yes or no.
    pub(super) fn flag(&mut self) -> Result<bool> {
        Ok(matches!(self.text()?, "1" | "t"))
    }
}
