//! `longroad score ACCOUNT`: a score and everything that it is the sum of.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, bail};

use super::open;
use super::opinions::told;
use super::reply::Reply;
use super::scores::origin;
use super::table::{Side, Table, cut};
use super::words::{band, percent, points, signed};
use crate::clock::Clock;
use crate::config::nearest;
use crate::cycle::{self, AccountScore, FactorReport, OpinionReport, ScoreReport};
use crate::model::Day;

/// Explain the score of one account: every factor with its input, age, weight and points, and what moved
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad score acme --as-of 2026-03-31")]
pub struct Arguments {
    /// The account's id
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
}

/// Explains it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::score(&db, &setup, clock, &arguments.account, as_of).await?;
    let Some(report) = report else {
        let known = cycle::scores(&db, &setup, clock, as_of).await.map_or_else(|_| Vec::new(), |scores| scores.accounts);
        bail!(unknown(&arguments.account, known.iter().map(|account| account.account_id.as_str())));
    };
    db.close().await;
    Reply::new(text(&report), &report)
}

fn unknown<'a>(account: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = match (known.clone().next(), nearest(account, known)) {
        (None, _) => "no accounts are known yet, `longroad pull` takes them in".to_owned(),
        (_, Some(meant)) => format!("is `{meant}` meant?"),
        (_, None) => "`longroad scores` lists them all".to_owned(),
    };
    format!("there is no account `{account}`; {hint}")
}

fn text(report: &ScoreReport) -> String {
    let account = &report.account;
    if report.factors.is_empty() {
        let origin = origin(report.as_of, report.given, report.as_of_approximated);
        return format!("{}: no score; {}\n{origin}", account.account_id, account.reasons.join("; "));
    }
    let csm = account.csm.as_ref().map_or_else(|| "nobody looks after it".to_owned(), |csm| format!("csm {csm}"));
    let score = account.score.map_or_else(|| "no score".to_owned(), |score| format!("{score:.1} of 100"));
    let previous = match (account.score, account.previous, report.changed_since) {
        (Some(now), Some(before), Some(since)) => format!(", {} since {since}", signed(now - before)),
        _ => String::new(),
    };
    let mut text = format!(
        "{} ({}), {csm}\n{score}, {}{previous}; {} of the scorecard {} is known; {}\n{}\n",
        cut(&account.name, 60),
        account.account_id,
        band(account.band),
        percent(account.coverage),
        report.scorecard,
        account.lifecycle.replace('_', " "),
        origin(report.as_of, report.given, report.as_of_approximated),
    );
    // Writing to a string cannot fail.
    if let Some(first_value) = &report.first_value {
        let _ = writeln!(text, "first value: {first_value}");
    }
    text += &opinions(account);
    if account.score.is_none() {
        let _ = writeln!(text, "{}", account.reasons.join("; "));
    }
    let _ = write!(text, "\n{}", factors(&report.factors));
    text += &apart(&report.factors, "cap", "hard rules");
    text += &apart(&report.factors, "override", "by hand");
    text + &unknown_signals(&report.factors) + &changes(report)
}

/// The score without what a person holds, and with it.
pub fn beside(account: &AccountScore, opinion: &OpinionReport) -> String {
    let computed = points(account.computed_score);
    match opinion.kind {
        "override" => format!(" (computed: {computed}, {})", band(account.computed_band)),
        "sentiment" => format!(" (subjective: {computed} without it, {} with it)", points(account.score_with_sentiment)),
        _ => String::new(),
    }
}

/// What people hold, with and without it.
fn opinions(account: &AccountScore) -> String {
    let mut text = String::new();
    for one in &account.opinions {
        let beside = beside(account, one);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}{beside}, by {} on {}: {}", told(one), cut(&one.by, 40), one.said_on, cut(&one.reason, 200));
    }
    text
}

fn is_apart(factor: &FactorReport) -> bool {
    factor.dimension == "cap" || factor.dimension == "override"
}

/// What is not known has no part in the score.
fn has_part(factor: &FactorReport) -> bool {
    factor.input.is_some() || factor.max_points > 0.0
}

/// What the signals take or withhold, each with its cost in points, the costliest first.
pub fn costliest(factors: &[FactorReport]) -> Vec<(f64, &FactorReport)> {
    let known = factors.iter().filter(|factor| !is_apart(factor) && has_part(factor));
    let mut costs: Vec<_> = known.map(|factor| (factor.max_points - factor.points, factor)).collect();
    costs.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.signal.cmp(&other.signal)));
    costs
}

/// `12 d`; `–` for what has no age.
pub fn age(factor: &FactorReport) -> String {
    factor.age_days.map_or_else(|| "–".to_owned(), |days| format!("{days} d"))
}

fn factors(factors: &[FactorReport]) -> Table {
    let mut table = Table::new(&[
        ("costs", Side::Right, 7),
        ("factor", Side::Left, 52),
        ("dimension", Side::Left, 20),
        ("age", Side::Right, 10),
        ("weight", Side::Right, 8),
        ("points", Side::Right, 14),
    ]);
    for (cost, factor) in costliest(factors) {
        table.row([
            format!("{cost:.1}"),
            factor.text.clone(),
            factor.dimension.clone(),
            age(factor),
            format!("{:.1} %", factor.weight * 100.0),
            format!("{:.1} of {:.1}", factor.points, factor.max_points),
        ]);
    }
    table
}

/// What takes or gives points whatever the signals say.
fn apart(factors: &[FactorReport], dimension: &str, head: &str) -> String {
    factors.iter().filter(|factor| factor.dimension == dimension).fold(String::new(), |text, factor| {
        let head = if text.is_empty() { format!("\n{head}\n") } else { String::new() };
        format!("{text}{head}  {:>6}  {}\n", signed(factor.points), factor.text)
    })
}

/// The signals of which nothing is known.
pub fn not_known(factors: &[FactorReport]) -> Vec<&str> {
    let unknown = factors.iter().filter(|factor| !is_apart(factor) && !has_part(factor));
    unknown.map(|factor| factor.text.strip_suffix(" unknown").unwrap_or(&factor.text)).collect()
}

fn unknown_signals(factors: &[FactorReport]) -> String {
    let names = not_known(factors);
    if names.is_empty() {
        return String::new();
    }
    format!("\nnot known, so that the others weigh more: {}\n", names.join(", "))
}

fn changes(report: &ScoreReport) -> String {
    let Some(since) = report.changed_since.filter(|_| !report.changes.is_empty()) else { return String::new() };
    let (large, small): (Vec<_>, Vec<_>) = report.changes.iter().partition(|change| change.delta.abs() >= 0.05);
    let mut text = format!("\nwhat moved since {since}\n");
    for change in large {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:>6}  {}", signed(change.delta), change.text);
    }
    match small.len() {
        0 => text,
        number => format!("{text}          {number} more by less than 0.05 points each\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::explain::Change;
    use crate::signals::{Band, State};

    fn factor(dimension: &str, text: &str, age_days: Option<i32>, points: f64, max_points: f64) -> FactorReport {
        FactorReport {
            dimension: dimension.to_owned(),
            signal: text.to_owned(),
            input: Some(1.0),
            text: text.to_owned(),
            observed_on: None,
            age_days,
            weight: max_points / 100.0,
            points,
            max_points,
            state: State::Fresh,
        }
    }

    fn change(text: &str, delta: f64) -> Change {
        Change { dimension: String::new(), signal: String::new(), text: text.to_owned(), input_before: None, input: None, delta }
    }

    #[test]
    fn the_costliest_factor_stands_first_and_hard_rules_apart() {
        let report = ScoreReport {
            as_of: "2026-11-21".parse().unwrap(),
            config_hash: String::new(),
            as_of_approximated: false,
            given: true,
            scorecard: "default".to_owned(),
            account: AccountScore {
                account_id: "acme".to_owned(),
                name: "Acme".to_owned(),
                csm: Some("u7".to_owned()),
                score: Some(10.0),
                previous: Some(71.6),
                band: Band::AtRisk,
                previous_band: None,
                computed_score: Some(10.0),
                computed_band: Band::AtRisk,
                score_with_sentiment: Some(10.0),
                opinions: Vec::new(),
                coverage: 0.92,
                churn_probability: None,
                lifecycle: "at_risk",
                reasons: Vec::new(),
            },
            factors: vec![
                factor("service", "open tickets: 1", Some(0), 35.0, 40.0),
                factor("adoption", "12 days since last use", Some(12), 20.0, 60.0),
                factor("cap", "cancellation notice given", None, -45.0, 0.0),
                FactorReport { input: None, ..factor("sentiment", "NPS answer unknown", None, 0.0, 0.0) },
            ],
            changed_since: Some("2026-10-22".parse().unwrap()),
            changes: vec![change("cancellation notice given", -45.0), change("open tickets: 1 → 1", 0.01)],
            first_value: Some("attained on 2026-01-05".to_owned()),
        };
        assert_eq!(
            text(&report),
            "Acme (acme), csm u7
10.0 of 100, at risk, −61.6 since 2026-10-22; 92 % of the scorecard default is known; at risk
as of 2026-11-21, as given by the cycle of that morning
first value: attained on 2026-01-05

costs  factor                  dimension   age  weight        points
 40.0  12 days since last use  adoption   12 d  60.0 %  20.0 of 60.0
  5.0  open tickets: 1         service     0 d  40.0 %  35.0 of 40.0

hard rules
   −45.0  cancellation notice given

not known, so that the others weigh more: NPS answer

what moved since 2026-10-22
   −45.0  cancellation notice given
          1 more by less than 0.05 points each
"
        );
    }

    #[test]
    fn an_unknown_account_is_answered_with_the_nearest() {
        assert_eq!(unknown("acne", ["acme", "birch"].into_iter()), "there is no account `acne`; is `acme` meant?");
        assert_eq!(unknown("zzz", ["acme"].into_iter()), "there is no account `zzz`; `longroad scores` lists them all");
        assert_eq!(
            unknown("a", [].into_iter()),
            "there is no account `a`; no accounts are known yet, `longroad pull` takes them in"
        );
    }
}
