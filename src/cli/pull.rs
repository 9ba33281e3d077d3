//! `longroad pull [SOURCE…]`.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::exit::{Exit, Wrong};
use super::reply::Reply;
use super::words::count;
use super::{open, telemetry};
use crate::clock::Clock;
use crate::config::{Config, nearest};
use crate::cycle::pull::{PullOptions, PullReport, pull};
use crate::store::ledger::Fence;

/// Pull new data now
///
/// A file that has not changed since its last pull is not read again. Bad rows are set aside, the rest goes in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad pull files")]
pub struct Arguments {
    /// The sources; all of them where none is named
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Ask for everything, and not only for what changed since the last pull
    #[arg(long)]
    whole: bool,
}

/// Pulls.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    for name in &arguments.sources {
        known_source(&config, name)?;
    }
    let db = open::store(&config).await?;
    let (only, whole) = (arguments.sources.as_slice(), arguments.whole);
    let options =
        PullOptions { as_of: open::today(&config, clock), only, whole, fence: Fence::Free, progress: &telemetry::progress };
    let report = pull(&db, &config, clock, options).await?;
    db.close().await;
    let left_over = report.rejected > 0 || !report.refused.is_empty();
    Ok(Reply::new(text(&report), &report)?.ending(Exit::partly_if(left_over)))
}

/// Refuses the name of a source that there is not.
pub fn known_source(config: &Config, name: &str) -> Result<(), Wrong> {
    let known: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
    if known.contains(&name) {
        return Ok(());
    }
    let hint = nearest(name, known.iter().copied())
        .map_or_else(|| format!("there are {}", known.join(", ")), |meant| format!("is `{meant}` meant?"));
    Err(Wrong(format!("no source is called `{name}`; {hint}")))
}

fn text(report: &PullReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (source, rows) in &report.pulled {
        if *rows == 0 {
            let _ = writeln!(text, "{source}: nothing new");
        } else if !report.refused.contains_key(source) {
            let _ = writeln!(text, "{source}: {} read", count(*rows, "row", "rows"));
        }
    }
    text + &remarks(&report.refused, report.rejected, &report.notes)
}

/// What a pull left over, and what else should be known of it.
pub fn remarks(refused: &std::collections::BTreeMap<String, String>, rejected: u64, notes: &[String]) -> String {
    let mut text = String::new();
    for (source, reason) in refused {
        let _ = writeln!(text, "{source}: nothing was taken in, the old data stand: {reason}");
    }
    if rejected > 0 {
        let _ = writeln!(text, "{} set aside; `longroad rejects` tells why", count(rejected, "row", "rows"));
    }
    for note in notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_over_is_told_after_what_came() {
        let report = PullReport {
            pulled: [("crm".to_owned(), 1), ("files".to_owned(), 0), ("helpdesk".to_owned(), 100)].into(),
            rejected: 41,
            refused: [("helpdesk".to_owned(), "40 of 100 rows are bad".to_owned())].into(),
            notes: vec!["data/x.csv: the column `y` is unknown and left out".to_owned()],
        };
        assert_eq!(
            text(&report),
            "crm: 1 row read\nfiles: nothing new\n\
             helpdesk: nothing was taken in, the old data stand: 40 of 100 rows are bad\n\
             41 rows set aside; `longroad rejects` tells why\n\
             note: data/x.csv: the column `y` is unknown and left out\n"
        );
        let mut config = Config::default();
        assert!(known_source(&config, "files").is_ok());
        assert_eq!(known_source(&config, "fils").unwrap_err().0, "no source is called `fils`; is `files` meant?");
        config.sources[0].name = "crm".to_owned();
        assert_eq!(known_source(&config, "helpdesk").unwrap_err().0, "no source is called `helpdesk`; there are crm");
    }
}
