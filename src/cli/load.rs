//! `longroad load`: what the books ask of people, against the hours there are.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell};
use super::table::{Side, Table, cut};
use super::words::count;
use crate::clock::Clock;
use crate::cycle::{self, LoadReport};
use crate::playbook::Load;

/// Show who has how much to do against the hours there are, what is left untouched, and where accounts could go
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad load --csv load.csv")]
pub struct Arguments {
    #[command(flatten)]
    sheet: Sheet,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::load(&db, &setup, clock).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.people.iter().map(cells))?;
    Reply::new(text(&report), &report)
}

fn text(report: &LoadReport) -> String {
    let mut table = Table::new(&[
        ("who", Side::Left, 20),
        ("accounts", Side::Right, 8),
        ("ARR", Side::Right, 12),
        ("needs h/week", Side::Right, 12),
        ("has", Side::Right, 5),
        ("open", Side::Right, 5),
        ("overdue", Side::Right, 7),
        ("waiting", Side::Right, 7),
        ("untouched", Side::Right, 9),
        ("their ARR", Side::Right, 12),
        ("", Side::Left, 4),
    ]);
    let money = |sum: Option<f64>| sum.map_or_else(|| "–".to_owned(), |sum| format!("{sum:.0}"));
    for one in &report.people {
        table.row([
            one.person.to_string(),
            one.accounts.to_string(),
            money(one.arr),
            format!("{:.1}", one.hours_needed),
            format!("{:.0}", one.hours_per_week),
            one.open.to_string(),
            one.overdue.to_string(),
            one.waiting.to_string(),
            one.untouched.to_string(),
            money(one.untouched_arr),
            if one.over { "over" } else { "" }.to_owned(),
        ]);
    }
    let mut text = format!("as of {}; ARR adds up amounts as they stand, whatever their currency\n\n{table}", report.as_of);
    if report.without_csm > 0 {
        let accounts = count(report.without_csm as u64, "account has", "accounts have");
        let _ = writeln!(text, "\n{accounts} nobody who looks after them");
    }
    if !report.moves.is_empty() {
        let _ = writeln!(text, "\nCould go:");
    }
    for one in report.moves.iter().take(20) {
        let name = cut(&one.name, 40);
        let _ = writeln!(text, "  {name} ({}) from {} to {}, {:.1} h a week", one.account_id, one.from, one.to, one.hours);
    }
    if report.moves.len() > 20 {
        let _ = writeln!(text, "  and {} more", report.moves.len() - 20);
    }
    text
}

const HEADS: [&str; 11] = [
    "person",
    "accounts",
    "arr",
    "hours_needed",
    "hours_per_week",
    "over",
    "open",
    "overdue",
    "waiting",
    "untouched",
    "untouched_arr",
];

fn cells(one: &Load) -> Vec<String> {
    let sum = |sum: Option<f64>| cell(sum.map(|sum| format!("{sum:.2}")));
    vec![
        one.person.to_string(),
        one.accounts.to_string(),
        sum(one.arr),
        format!("{:.2}", one.hours_needed),
        one.hours_per_week.to_string(),
        one.over.to_string(),
        one.open.to_string(),
        one.overdue.to_string(),
        one.waiting.to_string(),
        one.untouched.to_string(),
        sum(one.untouched_arr),
    ]
}
