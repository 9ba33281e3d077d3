//! `longroad aha`: behaviours that tell stayers from leavers.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::{count, percent};
use crate::clock::Clock;
use crate::cycle::{self, AhaReport, Among};
use crate::value::aha::{Association, Odds};

/// Find what newcomers do in their first weeks that goes with staying
///
/// Who is still a customer at the end of the first 7, 14 or 28 days is compared by what it did until then. All comparisons are
/// corrected for their number, and confirmed on the latest quarter of newcomers. What is found is an association, not a cause.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad aha --tier small")]
pub struct Arguments {
    /// Only accounts of this tier
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// Only accounts of this segment
    #[arg(long, value_name = "SEGMENT")]
    segment: Option<String>,
    /// All that was found, not the best of each behaviour only
    #[arg(long)]
    all: bool,
}

/// Finds it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let db = open::store(&setup.config).await?;
    let among = Among { tier: arguments.tier.clone(), segment: arguments.segment.clone() };
    let report = cycle::aha(&db, &setup, clock, &among, &|text| tracing::info!("{text}")).await?;
    db.close().await;
    Reply::new(text(&report, arguments.all), &report)
}

fn text(report: &AhaReport, all: bool) -> String {
    let aha = &report.aha;
    let stayed = match report.outcome {
        "renewal" => "renewed the term that they were in".to_owned(),
        "silence" => format!("used the product again within {} days", report.horizon_days),
        _ => format!("were customers {} days later", report.horizon_days),
    };
    let mut text = format!(
        "{} with a known outcome up to {}, of whom {} {stayed}; {} not watched from their first day on\n",
        count(aha.newcomers as u64, "newcomer", "newcomers"),
        report.until,
        aha.stayed,
        report.not_watched
    );
    if let Some(reason) = &aha.refused {
        return format!("{text}nothing is said: {reason}");
    }
    let from = aha.held_back_from.map(|day| day.to_string()).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} compared ({} more were shown by too few or too many), {} found; held back to confirm: {} who began from {from} on\n",
        count(aha.compared as u64, "behaviour", "behaviours"),
        aha.too_few,
        aha.findings.len(),
        aha.held_back
    );
    if aha.findings.is_empty() {
        return format!("{text}no behaviour is associated with staying or with leaving");
    }
    text.push_str("Associated with staying, or with leaving; none of it is shown to be the cause:\n\n");
    let mut table = Table::new(&[
        ("behaviour in the first weeks", Side::Left, 60),
        ("did", Side::Right, 5),
        ("stayed", Side::Right, 6),
        ("others", Side::Right, 6),
        ("phi", Side::Right, 5),
        ("odds", Side::Left, 20),
        ("at like activity", Side::Left, 20),
        ("held back", Side::Left, 20),
        ("", Side::Left, 14),
    ]);
    let mut told = BTreeSet::new();
    for one in aha.findings.iter().filter(|one| all || told.insert(&one.behaviour)) {
        table.row([
            words(one),
            percent(one.reach),
            percent(one.stayed_with),
            percent(one.stayed_without),
            format!("{:.2}", one.phi).replace('-', "−"),
            odds(Some(one.odds)),
            odds(one.odds_within_activity),
            odds(one.odds_held_back),
            match one.confirmed {
                Some(true) => "confirmed",
                Some(false) => "not confirmed",
                None => "too few",
            }
            .to_owned(),
        ]);
    }
    let _ = write!(text, "{table}");
    if !all && aha.findings.len() > told.len() {
        let _ = write!(text, "\nthe strongest of each behaviour; --all shows {}", aha.findings.len());
    }
    text
}

/// `any use on 8 or more of the first 28 days`.
fn words(one: &Association) -> String {
    let often = if one.times == 1 { "any".to_owned() } else { format!("{} or more", one.times) };
    format!("{} on {often} of the first {} days", one.behaviour, one.window_days)
}

fn odds(odds: Option<Odds>) -> String {
    odds.map_or_else(|| "–".to_owned(), |odds| format!("{:.2} ({:.2} to {:.2})", odds.ratio, odds.low, odds.high))
}
