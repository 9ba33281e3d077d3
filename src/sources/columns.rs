//! Which columns a file must have, and what becomes of columns that the record has no name for.

use crate::model::Zone;
use crate::model::record::{
    Account, Ask, Contact, Contract, Event, Invoice, Lead, Record, RecordKind, Request, RowContext, Survey, Ticket, Touch, User,
    Value,
};

/// A record that can be read from rows of named columns.
pub trait SourceRecord: Record {
    /// The columns without which no row can be right.
    const REQUIRED: &'static [&'static str];
    /// Whether columns without a name of their own are kept.
    const KEEPS_OTHERS: bool = false;

    /// Keeps the text of such a column.
    fn keep(&mut self, _column: &str, _text: String) {}
}

/// The columns of a usage file, all of them required.
pub(super) const USAGE: [&str; 4] = ["account_id", "metric", "day", "value"];

/// How the text of a column must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 3339 with an offset.
    Instant,
    /// `YYYY-MM-DD`.
    Day,
    /// `true` or `false`.
    Boolean,
    /// In some other way.
    Other,
}

/// How a column must be written, by its name: it is the same in all records.
pub(super) fn form(column: &str) -> Form {
    match column {
        "at" | "stage_since" => Form::Instant,
        "on" | "day" => Form::Day,
        // Somebody, not some day.
        "waiting_on" => Form::Other,
        "trial" | "auto_renews" | "core_use_case" | "promised" | "covered" | "proactive" | "two_way" | "escalated" => {
            Form::Boolean
        }
        _ if column.ends_with("_at") => Form::Instant,
        _ if column.ends_with("_on") => Form::Day,
        _ => Form::Other,
    }
}

macro_rules! required {
    ($($record:ident: $($column:literal)*;)*) => {$(
        impl SourceRecord for $record {
            const REQUIRED: &'static [&'static str] = &[$($column),*];
        }
    )*};
}

required! {
    User: "id" "name" "email" "role";
    Contract: "id" "account_id" "starts_on" "amount" "currency";
    Contact: "id" "account_id" "name";
    Touch: "id" "account_id" "at" "kind";
    Survey: "id" "account_id" "at" "kind" "value";
    Ticket: "id" "account_id" "opened_at";
    Invoice: "id" "account_id" "due_on" "amount" "currency";
    Event: "id" "account_id" "on" "kind";
    Request: "id" "title";
    Ask: "request_id" "account_id" "asked_on";
    Value: "id" "account_id" "title";
    Lead: "id" "created_at";
}

impl SourceRecord for Account {
    const REQUIRED: &'static [&'static str] = &["id", "name"];
    const KEEPS_OTHERS: bool = true;

    fn keep(&mut self, column: &str, text: String) {
        self.attributes.insert(column.to_owned(), text);
    }
}

/// Runs a generic function for the record of a kind; `$usage` for use, which is none.
macro_rules! for_record {
    ($kind:expr, $run:ident($($argument:expr),*), $usage:expr) => {
        match $kind {
            RecordKind::Users => $run::<User>($($argument),*),
            RecordKind::Accounts => $run::<Account>($($argument),*),
            RecordKind::Contracts => $run::<Contract>($($argument),*),
            RecordKind::Contacts => $run::<Contact>($($argument),*),
            RecordKind::Touches => $run::<Touch>($($argument),*),
            RecordKind::Surveys => $run::<Survey>($($argument),*),
            RecordKind::Tickets => $run::<Ticket>($($argument),*),
            RecordKind::Invoices => $run::<Invoice>($($argument),*),
            RecordKind::Events => $run::<Event>($($argument),*),
            RecordKind::Requests => $run::<Request>($($argument),*),
            RecordKind::Asks => $run::<Ask>($($argument),*),
            RecordKind::Values => $run::<Value>($($argument),*),
            RecordKind::Leads => $run::<Lead>($($argument),*),
            RecordKind::Usage => $usage,
        }
    };
}

/// The columns of a record, and which of them are required.
pub(super) fn columns(record: RecordKind) -> (&'static [&'static str], &'static [&'static str]) {
    fn of<R: SourceRecord>() -> (&'static [&'static str], &'static [&'static str]) {
        (R::COLUMNS, R::REQUIRED)
    }
    for_record!(record, of(), (&USAGE, &USAGE))
}

/// What is wrong with a text in a column, as far as the column alone tells.
pub(super) fn objection(record: RecordKind, column: &str, text: &str) -> Option<String> {
    fn of<R: SourceRecord>(column: &str, text: &str) -> Option<String> {
        let cell = |&name: &&'static str| match name {
            name if name == column => Some(text),
            name => (R::REQUIRED.contains(&name) || name == "period_months").then(|| sample(R::KIND, name)),
        };
        let cells: Vec<Option<&str>> = R::COLUMNS.iter().map(cell).collect();
        let problem = R::read(&cells, RowContext { zone: &Zone::UTC }).err()?;
        (problem.column == column).then_some(problem.reason)
    }
    for_record!(record, of(column, text), None)
}

/// Something right for any required column.
fn sample(record: RecordKind, column: &str) -> &'static str {
    match (record.name(), column) {
        ("touches", "kind") => "call",
        // Required by an open-ended contract only.
        (_, "period_months") => "12",
        (_, "email") => "a@example.com",
        (_, "role") => "csm",
        (_, "currency") => "EUR",
        (_, "amount" | "value") => "5",
        (_, "kind") => "csat",
        (_, column) if column.ends_with("_on") || column.ends_with("at") || column == "on" => "2026-01-01",
        _ => "x",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With its required columns a row can be read; without any one of them it cannot.
    fn agrees<R: SourceRecord>() {
        let zone = Zone::UTC;
        let read = |without: &str| {
            let cells: Vec<Option<&str>> = R::COLUMNS
                .iter()
                .map(|&column| match (R::KIND.name(), column) {
                    _ if column == without => None,
                    ("contracts", "period_months") => Some("12"),
                    _ => R::REQUIRED.contains(&column).then(|| sample(R::KIND, column)),
                })
                .collect();
            R::read(&cells, RowContext { zone: &zone })
        };
        assert!(read("").is_ok(), "{}: {:?}", R::KIND.name(), read("").err());
        for column in R::REQUIRED {
            assert_eq!(read(column).err().map(|problem| problem.column).as_deref(), Some(*column), "{}", R::KIND.name());
        }
    }

    /// What a column takes tells its form.
    fn forms<R: SourceRecord>() {
        for (number, column) in R::COLUMNS.iter().enumerate() {
            let takes = |text: &str| {
                let cells: Vec<Option<&str>> = (R::COLUMNS.iter().enumerate())
                    .map(|(at, other)| match (at == number, R::KIND.name(), *other) {
                        (true, ..) => Some(text),
                        (_, "touches", "kind") => Some("call"),
                        _ => R::REQUIRED.contains(other).then(|| sample(R::KIND, other)),
                    })
                    .collect();
                R::read(&cells, RowContext { zone: &Zone::UTC }).err().is_none_or(|problem| problem.column != *column)
            };
            let found = match (takes("x"), takes("true"), takes("2026-01-05"), takes("2026-01-05T10:00:00Z")) {
                (false, true, ..) => Form::Boolean,
                (false, _, true, true) => Form::Instant,
                (false, _, true, false) => Form::Day,
                _ => Form::Other,
            };
            assert_eq!(form(column), found, "{}.{column}", R::KIND.name());
        }
    }

    #[test]
    fn a_columns_name_tells_its_form() {
        forms::<User>();
        forms::<Account>();
        forms::<Contract>();
        forms::<Contact>();
        forms::<Touch>();
        forms::<Survey>();
        forms::<Ticket>();
        forms::<Invoice>();
        forms::<Event>();
        forms::<Request>();
        forms::<Ask>();
        forms::<Value>();
        forms::<Lead>();
        assert_eq!((form("day"), form("known_at")), (Form::Day, Form::Instant));
    }

    #[test]
    fn the_required_columns_are_those_that_the_records_require() {
        agrees::<User>();
        agrees::<Account>();
        agrees::<Contract>();
        agrees::<Contact>();
        agrees::<Touch>();
        agrees::<Survey>();
        agrees::<Ticket>();
        agrees::<Invoice>();
        agrees::<Event>();
        agrees::<Request>();
        agrees::<Ask>();
        agrees::<Value>();
        agrees::<Lead>();
    }
}
