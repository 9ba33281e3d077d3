//! `longroad revenue`: movements, retention, renewals, projection; and any number of it opened.

use std::path::Path;

use anyhow::Result;

use super::exit::Wrong;
use super::reply::Reply;
use super::revenue_csv::Table;
use super::sheet::Sheet;
use super::{open, revenue_csv, revenue_text};
use crate::clock::Clock;
use crate::cycle::{RevenueBook, RevenueQuestion};
use crate::model::Day;
use crate::revenue::{By, Every, Month, What};

/// Report revenue: movements from month to month, NRR and GRR, renewals of what was due, and what is left in two years
///
/// Everything known on the morning of the report counts, for all periods. With --open, one number is told down to the contracts
/// behind it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad revenue --from 2026-01 --to 2026-06 --by tier")]
pub struct Arguments {
    /// The first month; by default the twelve that end with the last
    #[arg(long, value_name = "MONTH")]
    from: Option<Month>,
    /// The last month; by default the last that has ended
    #[arg(long, value_name = "MONTH")]
    to: Option<Month>,
    /// month, quarter or year
    #[arg(long, value_name = "PERIOD", default_value = "month", value_parser = every)]
    every: Every,
    /// tier, segment, csm, seller, product or cohort (the quarter of the first revenue)
    #[arg(long, value_name = "WHAT", value_parser = by)]
    by: Option<By>,
    /// The morning; today by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// A number to open, by its name in the JSON: new, expansion, uplift, contraction, churn, reactivation, `start_mrr`, `end_mrr`,
    /// atr, renewed, `not_renewed`, `overdue_undecided`
    #[arg(long, value_name = "NUMBER", value_parser = what)]
    open: Option<What>,
    /// The period of --open, as it is printed; by default all of them as one
    #[arg(long, value_name = "PERIOD", requires = "open")]
    period: Option<String>,
    /// The group of --open, one of --by
    #[arg(long, value_name = "NAME", requires = "open", requires = "by")]
    group: Option<String>,
    /// Tell what is done in each case (gaps, upgrades, mergers, refunds …), and nothing else
    #[arg(long)]
    rules: bool,
    #[command(flatten)]
    sheet: Sheet,
    /// Which table --csv writes
    #[arg(long, value_enum, default_value = "periods", requires = "csv")]
    table: Table,
}

fn named<T: Copy>(word: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| format!("write {}", words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")))
}

fn every(word: &str) -> Result<Every, String> {
    named(word, &[("month", Every::Month), ("quarter", Every::Quarter), ("year", Every::Year)])
}

fn by(word: &str) -> Result<By, String> {
    named(word, &By::WORDS)
}

fn what(word: &str) -> Result<What, String> {
    named(word, &What::WORDS)
}

/// Tells it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    if arguments.rules {
        return Reply::new(revenue_text::rules(), &revenue_text::rule_list());
    }
    let setup = open::setup(file)?;
    let on = open::morning(&setup.config, clock, arguments.as_of)?.unwrap_or_else(|| open::today(&setup.config, clock));
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from > to
    {
        return Err(Wrong(format!("--from {from} is after --to {to}")).into());
    }
    let question = RevenueQuestion {
        on,
        from: arguments.from,
        to: arguments.to,
        every: arguments.every,
        by: arguments.by.unwrap_or(By::Nothing),
    };
    if question.periods().is_empty() {
        return Err(Wrong(format!("no day of these months has passed on the morning of {on}; write an earlier --from")).into());
    }
    let db = open::store(&setup.config).await?;
    let book = RevenueBook::load(&db, &setup, &question).await?;
    db.close().await;
    if book.is_empty() {
        let reason = format!("no contract with a price is known on the morning of {on}: `revenue` is read from contracts");
        return Err(Wrong(reason).into());
    }
    if let Some(what) = arguments.open {
        let periods = book.periods();
        let name = |period: &crate::revenue::Period| arguments.period.as_ref().is_none_or(|name| *name == period.name);
        let Some(period) = periods.iter().rev().find(|period| name(period)) else {
            let names: Vec<&str> = periods.iter().map(|period| period.name.as_str()).collect();
            return Err(Wrong(format!("--period: the periods are {}", names.join(", "))).into());
        };
        let opened = book.open(period, what, arguments.group.as_deref());
        revenue_csv::opened(&arguments.sheet, &opened)?;
        return Reply::new(revenue_text::opened(&opened), &opened);
    }
    let report = book.report();
    revenue_csv::report(&arguments.sheet, arguments.table, &report)?;
    Reply::new(revenue_text::report(&setup.config.company.name, &report), &report)
}
