//! `longroad value-report`: what a customer got so far, as a page and as a mail that a CSM can send on.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::{count, percent};
use crate::clock::Clock;
use crate::cycle::{self, DueReport};
use crate::model::Day;

/// Write what a customer expected and got so far: as text, as a page, as a mail draft to send on
///
/// Without a customer it lists whose report is due: a quarter, a half and three quarters into the term. The report says nothing
/// of scores, risk or money.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad value-report acme --page acme.html --draft acme.eml")]
pub struct Arguments {
    /// The customer; without one, all whose report is due
    #[arg(value_name = "ACCOUNT", conflicts_with = "csv")]
    account: Option<String>,
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// Write the page to this file
    #[arg(long, value_name = "FILE", requires = "account")]
    page: Option<PathBuf>,
    /// Write the mail to this file, to be opened in a mail program and sent from there
    #[arg(long, value_name = "FILE", requires = "account")]
    draft: Option<PathBuf>,
    #[command(flatten)]
    sheet: Sheet,
}

/// Writes it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    open::templates(&setup.config)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let Some(account) = &arguments.account else {
        let (on, due) = cycle::value_reports_due(&db, &setup, clock, as_of).await?;
        db.close().await;
        arguments.sheet.write(&HEADS, due.iter().map(cells))?;
        return Reply::new(list(on, &due), &json!({"as_of": on, "due": due}));
    };
    let written = cycle::value_report(&db, &setup, clock, account, as_of).await?;
    db.close().await;
    let Some(written) = written else {
        return Err(Wrong(format!("`{account}` is no customer on that morning; `longroad scores` lists them all")).into());
    };
    let mut told = Vec::new();
    if let Some(page) = &arguments.page {
        std::fs::write(page, written.rendered.page()).with_context(|| format!("writing {}", page.display()))?;
        told.push(format!("the page is written to {}", page.display()));
    }
    if let Some(draft) = &arguments.draft {
        let bytes = match &written.draft {
            Ok(bytes) => bytes,
            Err(reason) => bail!("no draft can be written: {reason}"),
        };
        std::fs::write(draft, bytes).with_context(|| format!("writing {}", draft.display()))?;
        told.push(format!("the draft is written to {}", draft.display()));
    }
    let text = if told.is_empty() {
        format!("Subject: {}\n\n{}", written.rendered.subject, written.rendered.text.trim_end())
    } else {
        told.join("\n")
    };
    Reply::new(text, &written.report)
}

fn list(on: Day, due: &[DueReport]) -> String {
    let mut text = format!("as of {on}: {} due\n", count(due.len() as u64, "value report is", "value reports are"));
    let mut table = Table::new(&[
        ("since", Side::Left, 10),
        ("account", Side::Left, 24),
        ("csm", Side::Left, 12),
        ("point of the term", Side::Left, 30),
        ("planned", Side::Right, 7),
        ("achieved", Side::Right, 8),
        ("overdue", Side::Right, 7),
        ("by weight", Side::Right, 9),
    ]);
    for one in due {
        table.row([
            one.since.to_string(),
            one.account_id.clone(),
            one.csm.clone().unwrap_or_default(),
            one.stage.words().to_owned(),
            one.plan.planned.to_string(),
            one.plan.achieved.to_string(),
            one.plan.overdue.to_string(),
            one.plan.share.map_or_else(|| "–".to_owned(), percent),
        ]);
    }
    if !table.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{table}");
    }
    text
}

const HEADS: [&str; 9] =
    ["since", "account_id", "name", "csm", "point_of_the_term", "planned", "achieved", "overdue", "share_by_weight"];

fn cells(one: &DueReport) -> Vec<String> {
    vec![
        one.since.to_string(),
        one.account_id.clone(),
        one.name.clone(),
        cell(one.csm.as_ref()),
        one.stage.words().to_owned(),
        one.plan.planned.to_string(),
        one.plan.achieved.to_string(),
        one.plan.overdue.to_string(),
        number(one.plan.share),
    ]
}
