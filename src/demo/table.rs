//! Rows whose cells have a day on which they became known, and the CSV text of any morning.

use std::collections::BTreeSet;
use std::io;

use crate::model::Day;

/// A cell, seen from the morning after `since`.
struct Cell {
    column: &'static str,
    text: String,
    since: Day,
}

/// One thing that is known, seen from the morning after `since`.
pub(super) struct Row {
    since: Day,
    cells: Vec<Cell>,
}

impl Row {
    /// A row of what became known on this day.
    pub(super) fn known(since: Day) -> Row {
        Row { since, cells: Vec::new() }
    }

    /// A cell known from the beginning.
    pub(super) fn with(self, column: &'static str, value: impl ToString) -> Row {
        let since = self.since;
        self.later(since, column, value)
    }

    /// A cell that is filled, or filled anew, on this day.
    #[expect(clippy::needless_pass_by_value, reason = "texts, numbers and days alike, without a `&` at each of a hundred cells")]
    pub(super) fn later(mut self, since: Day, column: &'static str, value: impl ToString) -> Row {
        self.cells.push(Cell { column, text: value.to_string(), since });
        self
    }
}

/// All rows of one record.
pub(super) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Table {
    /// Columns keep the order of the record; those that no row ever fills are left out, others follow. A table without rows
    /// has them all.
    pub(super) fn new(order: &[&'static str], rows: Vec<Row>) -> Table {
        let used: BTreeSet<&str> = rows.iter().flat_map(|row| row.cells.iter().map(|cell| cell.column)).collect();
        let others = used.iter().copied().filter(|column| !order.contains(column));
        let known = order.iter().copied().filter(|column| rows.is_empty() || used.contains(column));
        let columns = known.chain(others).collect();
        Table { columns, rows }
    }

    /// The CSV text of this morning: what became known on the day itself or later is not in it.
    pub(super) fn csv(&self, morning: Day) -> io::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(&self.columns)?;
        for row in self.rows.iter().filter(|row| row.since < morning) {
            out.write_record(self.columns.iter().map(|column| {
                let known = |cell: &&Cell| cell.column == *column && cell.since < morning;
                row.cells.iter().filter(known).max_by_key(|cell| cell.since).map_or("", |cell| cell.text.as_str())
            }))?;
        }
        out.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_as_the_days_pass() {
        let day = Day::from_days;
        let row = Row::known(day(10)).with("id", "a, b").with("status", "open").later(day(12), "status", "shut").later(
            day(13),
            "plan",
            "x",
        );
        let table = Table::new(&["id", "unused", "status"], vec![row]);
        let text = |morning| String::from_utf8(table.csv(day(morning)).unwrap()).unwrap();
        assert_eq!(text(10), "id,status,plan\n");
        assert_eq!(text(12), "id,status,plan\n\"a, b\",open,\n");
        assert_eq!(text(13), "id,status,plan\n\"a, b\",shut,\n");
        assert_eq!(text(14), "id,status,plan\n\"a, b\",shut,x\n");
        assert_eq!(Table::new(&["id", "name"], Vec::new()).csv(day(0)).unwrap(), b"id,name\n");
    }
}
