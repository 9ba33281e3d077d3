//! `longroad scores`.

use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::{band, count, percent, points, signed};
use crate::clock::Clock;
use crate::cycle::{self, AccountScore, ScoresReport};
use crate::model::Day;

/// List the scores of all accounts, the lowest first, those of which too little is known last
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad scores --as-of 2026-03-31 --csv scores.csv")]
pub struct Arguments {
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    #[command(flatten)]
    sheet: Sheet,
}

/// Lists them.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::scores(&db, &setup, clock, as_of).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, worst_first(&report).into_iter().map(cells))?;
    Reply::new(text(&report), &report)
}

/// The lowest score first, unknown last, then by id.
pub fn worst_first(report: &ScoresReport) -> Vec<&AccountScore> {
    let mut accounts: Vec<&AccountScore> = report.accounts.iter().collect();
    let rank = |account: &AccountScore| account.score.unwrap_or(f64::INFINITY);
    accounts.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then_with(|| a.account_id.cmp(&b.account_id)));
    accounts
}

/// Where scores come from.
pub fn origin(as_of: Day, given: bool, approximated: bool) -> String {
    let origin = if given { "as given by the cycle of that morning" } else { "worked out now, under today's rules" };
    let approximated = if approximated { "; as-of approximated" } else { "" };
    format!("as of {as_of}, {origin}{approximated}")
}

fn text(report: &ScoresReport) -> String {
    let origin = origin(report.as_of, report.given, report.as_of_approximated);
    if report.accounts.is_empty() {
        return format!("{origin}\nno accounts are known yet; `longroad pull` takes them in");
    }
    let mut table = Table::new(&[
        ("score", Side::Right, 7),
        ("change", Side::Right, 7),
        ("band", Side::Left, 28),
        ("known", Side::Right, 6),
        ("account", Side::Left, 24),
        ("name", Side::Left, 28),
        ("csm", Side::Left, 16),
        ("why", Side::Left, 70),
    ]);
    for account in worst_first(report) {
        let change = account.score.zip(account.previous).map(|(now, before)| signed(now - before));
        table.row([
            points(account.score),
            change.unwrap_or_default(),
            by_hand(account),
            percent(account.coverage),
            account.account_id.clone(),
            account.name.clone(),
            account.csm.clone().unwrap_or_else(|| "–".to_owned()),
            account.reasons.first().cloned().unwrap_or_default(),
        ]);
    }
    format!("{origin}\n\n{table}\n{}", count(report.accounts.len() as u64, "account", "accounts"))
}

/// The band, and where a person overrides the score, what was computed.
pub fn by_hand(account: &AccountScore) -> String {
    let overridden = account.opinions.iter().any(|opinion| opinion.kind == "override");
    let computed = if overridden { format!(", computed {}", points(account.computed_score)) } else { String::new() };
    format!("{}{computed}", band(account.band))
}

/// The columns of the table.
pub const HEADS: [&str; 11] = [
    "account_id",
    "name",
    "csm",
    "score",
    "previous",
    "band",
    "computed_score",
    "coverage",
    "lifecycle",
    "churn_probability",
    "reasons",
];

/// An account's row of the table.
pub fn cells(account: &AccountScore) -> Vec<String> {
    vec![
        account.account_id.clone(),
        account.name.clone(),
        cell(account.csm.as_ref()),
        number(account.score),
        number(account.previous),
        account.band.name().to_owned(),
        number(account.computed_score),
        number(Some(account.coverage)),
        account.lifecycle.to_owned(),
        number(account.churn_probability),
        account.reasons.join("; "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Band;

    fn account(id: &str, score: Option<f64>, previous: Option<f64>, band: Band, reason: &str) -> AccountScore {
        AccountScore {
            account_id: id.to_owned(),
            name: id.to_uppercase(),
            csm: score.map(|_| "u1".to_owned()),
            score,
            previous,
            band,
            previous_band: None,
            computed_score: score,
            computed_band: band,
            score_with_sentiment: score,
            opinions: Vec::new(),
            coverage: 0.9,
            churn_probability: None,
            lifecycle: "active",
            reasons: vec![reason.to_owned()],
        }
    }

    #[test]
    fn the_lowest_stands_first_and_the_unknown_last() {
        let report = ScoresReport {
            as_of: "2026-11-21".parse().unwrap(),
            config_hash: String::new(),
            as_of_approximated: true,
            given: false,
            accounts: vec![
                account("b", None, Some(5.0), Band::Unknown, "only 10 % of the scorecard is known"),
                account("c", Some(72.0), Some(70.04), Band::Healthy, ""),
                account("d", Some(8.25), None, Band::AtRisk, "champion left (−9.0)"),
                account("a", Some(72.0), Some(72.0), Band::Healthy, ""),
            ],
        };
        assert_eq!(
            text(&report),
            "as of 2026-11-21, worked out now, under today's rules; as-of approximated

score  change  band     known  account  name  csm  why
  8.2          at risk   90 %  d        D     u1   champion left (−9.0)
 72.0    ±0.0  healthy   90 %  a        A     u1
 72.0    +2.0  healthy   90 %  c        C     u1
    –          unknown   90 %  b        B     –    only 10 % of the scorecard is known

4 accounts"
        );
    }
}
