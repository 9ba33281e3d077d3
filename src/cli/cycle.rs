//! `longroad cycle`.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::exit::Exit;
use super::reply::Reply;
use super::words::count;
use super::{open, pull, telemetry};
use crate::clock::Clock;
use crate::config::{Config, Transport};
use crate::cycle::{self, CycleOptions, CycleReport, Mailing};
use crate::model::Day;

/// Run one whole cycle: pull, score, diagnose, prescribe, review, write the digests, send them
///
/// Run again on the same day, it does nothing twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad cycle --no-send")]
pub struct Arguments {
    /// The morning to live through; today by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// Write the digests, but leave them in the outbox
    #[arg(long)]
    no_send: bool,
}

/// Runs it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    open::templates(&setup.config)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let options = CycleOptions { as_of, mailing: if arguments.no_send { Mailing::Hold } else { Mailing::Now } };
    let report = cycle::run(&db, &setup, clock, options, &telemetry::progress).await?;
    db.close().await;
    let left_over = report.rejected > 0 || !report.refused.is_empty() || report.failed > 0;
    Ok(Reply::new(text(&report, &setup.config), &report)?.ending(Exit::partly_if(left_over)))
}

fn text(report: &CycleReport, config: &Config) -> String {
    let as_of = report.as_of.map(|day| format!(" as of {day}")).unwrap_or_default();
    let approximated = if report.as_of_approximated { " (as-of approximated)" } else { "" };
    let rows: u64 = report.pulled.values().sum();
    let seconds: f64 = report.seconds.values().sum();
    let stages: Vec<String> = report.seconds.iter().map(|(stage, seconds)| format!("{stage} {seconds:.2}")).collect();
    let lines = [
        ("pulled", format!("{}, {} set aside", count(rows, "row", "rows"), report.rejected)),
        ("accounts", format!("{} scored, {} unknown", report.scored, report.unknown)),
        ("diagnoses", report.diagnoses.to_string()),
        ("tasks", format!("{} opened, {} closed by reviews", report.tasks_opened, report.tasks_closed)),
        ("digests", format!("{} written, {} sent, {} not delivered", report.digests, report.sent, report.failed)),
        ("seconds", format!("{seconds:.2} ({})", stages.join(", "))),
    ];
    let mut text = format!("cycle{as_of}{approximated}\n");
    // Writing to a string cannot fail.
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:<9}  {value}");
    }
    text + &hints(report, config)
}

fn hints(report: &CycleReport, config: &Config) -> String {
    let mut text = pull::remarks(&report.refused, report.rejected, &report.notes);
    for (play, accounts) in &report.paused {
        let accounts = count(*accounts, "account", "accounts");
        let _ = writeln!(text, "the play {play} paused for {accounts}: a source has stopped; `longroad sources` tells which");
    }
    if report.without_csm > 0 {
        let accounts = count(report.without_csm, "account", "accounts");
        let _ = writeln!(text, "{accounts} without a csm among the users: nobody is mailed about them");
    }
    if report.failed > 0 {
        let _ = writeln!(text, "`longroad digests` tells what the mail server answered");
    }
    if report.sent > 0 && config.mail.transport == Transport::File {
        let _ = writeln!(text, "the mails lie in {}", config.resolve(&config.mail.folder).join("new").display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_told_in_aligned_lines_with_what_to_do_next() {
        let report = CycleReport {
            as_of: Some("2026-11-21".parse().unwrap()),
            as_of_approximated: true,
            pulled: [("crm".to_owned(), 40), ("files".to_owned(), 2)].into(),
            rejected: 1,
            refused: [("files".to_owned(), "half of it is bad".to_owned())].into(),
            scored: 30,
            unknown: 2,
            diagnoses: 5,
            tasks_opened: 4,
            tasks_closed: 3,
            paused: [("use-fell".to_owned(), 1)].into(),
            digests: 6,
            sent: 5,
            failed: 1,
            without_csm: 2,
            seconds: [("pull", 0.25), ("score", 1.0)].into(),
            ..CycleReport::default()
        };
        assert_eq!(
            text(&report, &Config::default()),
            "cycle as of 2026-11-21 (as-of approximated)
  pulled     42 rows, 1 set aside
  accounts   30 scored, 2 unknown
  diagnoses  5
  tasks      4 opened, 3 closed by reviews
  digests    6 written, 5 sent, 1 not delivered
  seconds    1.25 (pull 0.25, score 1.00)
files: nothing was taken in, the old data stand: half of it is bad
1 row set aside; `longroad rejects` tells why
the play use-fell paused for 1 account: a source has stopped; `longroad sources` tells which
2 accounts without a csm among the users: nobody is mailed about them
`longroad digests` tells what the mail server answered
the mails lie in mail/new
"
        );
    }
}
