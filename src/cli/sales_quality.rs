//! `longroad sales-quality`: what was promised against what the solution covers.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::first_value::renewed;
use super::open;
use super::reply::Reply;
use super::scores::origin;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::percent;
use crate::clock::Clock;
use crate::cycle;
use crate::model::Day;
use crate::value::sales::Quality;

/// Show by seller the value points that were promised against those that the solution covers, and what renewal says of it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad sales-quality --csv sellers.csv")]
pub struct Arguments {
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    #[command(flatten)]
    sheet: Sheet,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::sales_quality(&db, &setup, clock, as_of).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.sellers.iter().map(sheet_row))?;
    let mut text = format!("{}\n\n", origin(report.as_of, false, report.as_of_approximated));
    let mut table = Table::new(&[
        ("seller", Side::Left, 24),
        ("accounts", Side::Right, 8),
        ("promised", Side::Right, 8),
        ("covered", Side::Right, 7),
        ("not said", Side::Right, 8),
        ("share", Side::Right, 6),
        ("renewal where covered", Side::Right, 30),
        ("where not", Side::Right, 30),
    ]);
    report.sellers.iter().for_each(|row| table.row(cells(row.seller.as_deref().unwrap_or("–"), row)));
    table.row(cells("all", &report.all));
    // Writing to a string cannot fail.
    let _ = write!(text, "{table}\nshare = promised value points that the solution covers ÷ those of which somebody has said");
    Reply::new(text, &report)
}

fn cells(name: &str, row: &Quality) -> [String; 8] {
    [
        name.to_owned(),
        row.accounts.to_string(),
        row.promised.to_string(),
        row.covered.to_string(),
        row.unknown.to_string(),
        row.covered_share.map_or_else(|| "–".to_owned(), percent),
        renewed(row.renewal_covered),
        renewed(row.renewal_uncovered),
    ]
}

const HEADS: [&str; 9] = [
    "seller",
    "accounts",
    "with_promises",
    "promised",
    "covered",
    "unknown",
    "covered_share",
    "renewal_rate_covered",
    "renewal_rate_uncovered",
];

fn sheet_row(row: &Quality) -> Vec<String> {
    let mut cells = vec![cell(row.seller.as_ref())];
    cells.extend([row.accounts, row.with_promises, row.promised, row.covered, row.unknown].map(|count| count.to_string()));
    cells.extend([row.covered_share, row.renewal_covered.rate, row.renewal_uncovered.rate].map(number));
    cells
}
