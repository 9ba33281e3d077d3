//! `longroad export RECORD`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::open;
use super::reply::Reply;
use crate::model::Day;
use crate::model::record::{
    Account, Ask, Cell, Contact, Contract, Event, Invoice, Lead, Record, RecordKind, Request, Survey, Ticket, Touch, User,
    Value as ValuePoint,
};
use crate::store::Db;
use crate::store::directory;
use crate::store::facts::{self, AsOf};
use crate::store::usage;

/// All that the store knows, as of no day in particular.
const ALL: AsOf = AsOf { day: Day::from_days(i32::MAX), through_pull: i64::MAX };
/// The last day that usage can be of.
const LAST_DAY: Day = Day::from_days(0xF_FFFF);

/// Write all rows of a record, as they are known now, as CSV
///
/// The columns are those that `longroad pull` reads. Words that a spreadsheet would take for a formula (they begin with = + - @,
/// a tab or a line break) get a ' before them, which a later pull would keep: with --exact they are written as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad export contacts")]
pub struct Arguments {
    /// accounts, users, contracts, usage …
    #[arg(value_name = "RECORD", value_parser = record)]
    record: RecordKind,
    /// For a program, not for a spreadsheet: nothing is put before what looks like a formula
    #[arg(long)]
    exact: bool,
}

fn record(name: &str) -> Result<RecordKind, String> {
    RecordKind::parse(name).ok_or_else(|| {
        let names: Vec<&str> = RecordKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("the records are {}", names.join(", "))
    })
}

/// Writes them.
pub async fn run(file: &Path, arguments: &Arguments, as_json: bool) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let mut sheet = Sheet::new(as_json, arguments);
    let written = match export(&db, arguments.record, &mut sheet).await {
        Ok(()) => sheet.end(),
        Err(error) => Err(error),
    };
    db.close().await;
    // Whoever stops reading has read enough.
    let closed = |error: &anyhow::Error| {
        error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe))
    };
    match written {
        Err(error) if !closed(&error) => Err(error).context("writing to standard output"),
        _ => Ok(Reply::printed()),
    }
}

async fn export(db: &Db, record: RecordKind, sheet: &mut Sheet) -> Result<()> {
    match record {
        RecordKind::Users => records::<User>(db, sheet).await,
        RecordKind::Accounts => accounts(db, sheet).await,
        RecordKind::Contracts => records::<Contract>(db, sheet).await,
        RecordKind::Contacts => records::<Contact>(db, sheet).await,
        RecordKind::Touches => records::<Touch>(db, sheet).await,
        RecordKind::Surveys => records::<Survey>(db, sheet).await,
        RecordKind::Tickets => records::<Ticket>(db, sheet).await,
        RecordKind::Invoices => records::<Invoice>(db, sheet).await,
        RecordKind::Events => records::<Event>(db, sheet).await,
        RecordKind::Requests => records::<Request>(db, sheet).await,
        RecordKind::Asks => records::<Ask>(db, sheet).await,
        RecordKind::Values => records::<ValuePoint>(db, sheet).await,
        RecordKind::Leads => records::<Lead>(db, sheet).await,
        RecordKind::Usage => usage_rows(db, sheet).await,
    }
}

async fn records<R: Record>(db: &Db, sheet: &mut Sheet) -> Result<()> {
    sheet.begin(R::COLUMNS)?;
    for block in -1..directory::blocks(db).await? {
        for record in of_block::<R>(db, block).await? {
            sheet.row(record.cells())?;
        }
    }
    Ok(())
}

/// The records of a block, one block at a time in memory.
async fn of_block<R: Record>(db: &Db, block: i64) -> Result<Vec<R>> {
    let facts = facts::of_record(db, block, R::KIND, ALL).await?;
    let mut records = Vec::new();
    for fact in facts.believed()?.iter().flat_map(|(_, facts)| facts) {
        records.push(serde_json::from_str(fact.body).with_context(|| format!("reading {}", R::KIND.name()))?);
    }
    Ok(records)
}

/// Accounts have columns of the company's own: those that any account has.
async fn accounts(db: &Db, sheet: &mut Sheet) -> Result<()> {
    let blocks = directory::blocks(db).await?;
    let mut own = BTreeSet::new();
    for block in 0..blocks {
        own.extend(of_block::<Account>(db, block).await?.into_iter().flat_map(|account| account.attributes.into_keys()));
    }
    let columns: Vec<&str> = Account::COLUMNS.iter().copied().chain(own.iter().map(String::as_str)).collect();
    sheet.begin(&columns)?;
    for block in 0..blocks {
        for account in of_block::<Account>(db, block).await? {
            let attribute = |name| account.attributes.get(name).map_or_else(Cell::default, Cell::free);
            sheet.row(account.cells().into_iter().chain(own.iter().map(attribute)).collect())?;
        }
    }
    Ok(())
}

async fn usage_rows(db: &Db, sheet: &mut Sheet) -> Result<()> {
    sheet.begin(&["account_id", "metric", "day", "value"])?;
    let metrics = usage::metrics(db).await?;
    for block in 0..directory::blocks(db).await? {
        let mut ids = vec![String::new(); crate::store::BLOCK];
        for (place, id) in directory::of_block(db, block).await? {
            ids[place] = id;
        }
        for metric in &metrics {
            let mut failed = None;
            usage::each_value(db, block, metric.id, (Day::from_days(0), LAST_DAY), ALL, |day, place, value| {
                if failed.is_none() {
                    let cells = [Cell::free(&ids[place]), Cell::free(&metric.name)];
                    let rest = [Cell::plain(day.to_string()), Cell::plain(value.to_string())];
                    failed = sheet.row(cells.into_iter().chain(rest).collect()).err();
                }
            })
            .await?;
            failed.map_or(Ok(()), Err)?;
        }
    }
    Ok(())
}

/// Rows on their way to standard output.
struct Sheet {
    out: BufWriter<io::Stdout>,
    as_json: bool,
    exact: bool,
    record: RecordKind,
    columns: Vec<String>,
    rows: u64,
}

impl Sheet {
    fn new(as_json: bool, arguments: &Arguments) -> Sheet {
        let (exact, record) = (arguments.exact, arguments.record);
        Sheet { out: BufWriter::new(io::stdout()), as_json, exact, record, columns: Vec::new(), rows: 0 }
    }

    fn begin(&mut self, columns: &[&str]) -> Result<()> {
        self.columns = columns.iter().map(|&column| column.to_owned()).collect();
        if self.as_json {
            return Ok(write!(self.out, "{{\"record\":\"{}\",\"rows\":[", self.record.name())?);
        }
        let heads = columns.iter().map(|column| Cell::free(*column)).collect::<Vec<_>>();
        self.line(&heads)
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        self.rows += 1;
        if !self.as_json {
            return self.line(&cells);
        }
        let value = |cell: Cell| if cell.text.is_empty() { Value::Null } else { Value::String(cell.text) };
        let row: Map<String, Value> = self.columns.iter().cloned().zip(cells.into_iter().map(value)).collect();
        let comma = if self.rows > 1 { "," } else { "" };
        Ok(write!(self.out, "{comma}{}", serde_json::to_string(&row)?)?)
    }

    fn line(&mut self, cells: &[Cell]) -> Result<()> {
        let texts: Vec<String> = cells.iter().map(|cell| quoted(cell, self.exact)).collect();
        Ok(writeln!(self.out, "{}", texts.join(","))?)
    }

    fn end(mut self) -> Result<()> {
        if self.as_json {
            writeln!(self.out, "]}}")?;
        }
        Ok(self.out.flush()?)
    }
}

/// A cell by RFC 4180.
fn quoted(cell: &Cell, exact: bool) -> String {
    let formula = cell.is_free && !exact && cell.text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']);
    let text = if formula { format!("'{}", cell.text) } else { cell.text.clone() };
    let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let needs_quotes = text.contains([',', '"', '\n', '\r']) || blank(text.chars().next()) || blank(text.chars().next_back());
    if needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_unless_it_is_to_be_exact() {
        for (cell, safe, exact) in [
            (Cell::free("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"", "\"=HYPERLINK(\"\"x\"\")\""),
            (Cell::free("+49 30"), "'+49 30", "+49 30"),
            (Cell::free("-"), "'-", "-"),
            (Cell::free("@x"), "'@x", "@x"),
            (Cell::free("\tx"), "'\tx", "\"\tx\""),
            (Cell::plain("-2"), "-2", "-2"),
            (Cell::free("a=b"), "a=b", "a=b"),
            (Cell::free("two\nlines"), "\"two\nlines\"", "\"two\nlines\""),
        ] {
            assert_eq!((quoted(&cell, false).as_str(), quoted(&cell, true).as_str()), (safe, exact));
        }
    }
}
