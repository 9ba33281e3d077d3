//! `longroad renewals`: the renewal book.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use clap::value_parser;

use super::open;
use super::reply::Reply;
use super::scores::origin;
use super::sheet::{Sheet, cell, number};
use super::table::{Side, Table};
use super::words::{amount, count};
use crate::clock::Clock;
use crate::cycle::{self, RenewalsReport};
use crate::health::opinion::Call;
use crate::model::Day;
use crate::revenue::renewal::{Renewal, Sums, Tally};

/// List what comes up for renewal, with the machine's call beside the CSM's, and how the last calls turned out
///
/// Call and gaps: who was not spoken with for 60 days, who has no open renewal record, whose contact bunches up at the end of the term,
/// and who is within 90 days of the end without anybody's call. `longroad call` says one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad renewals --days 120")]
pub struct Arguments {
    /// How many days are looked ahead
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = value_parser!(u32).range(1..=1100))]
    days: u32,
    /// The morning; the one of the last cycle by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    #[command(flatten)]
    sheet: Sheet,
}

/// Lists it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::renewals(&db, &setup, clock, as_of, arguments.days).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.renewals.iter().map(cells))?;
    Reply::new(text(&report), &report)
}

fn text(report: &RenewalsReport) -> String {
    let mut text = format!("{}\n", origin(report.as_of, false, report.as_of_approximated));
    let until = report.as_of + report.days.cast_signed();
    let renewals = count(report.renewals.len() as u64, "renewal", "renewals");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{renewals} until {until}\n");
    if let Some(total) = &report.total {
        let _ = writeln!(text, "{}", by_call(total));
    }
    for note in money_notes(report) {
        let _ = writeln!(text, "{note}.");
    }
    let _ = writeln!(text, "{}\n", coverage(report));
    let mut table = Table::new(&[
        ("ends on", Side::Left, 10),
        ("act by", Side::Left, 10),
        ("ARR", Side::Right, 16),
        ("rise", Side::Right, 6),
        ("auto", Side::Left, 4),
        ("machine", Side::Left, 9),
        ("CSM", Side::Left, 9),
        ("", Side::Left, 1),
        ("account", Side::Left, 24),
        ("csm", Side::Left, 10),
        ("touches", Side::Left, 11),
        ("why, what is missing, what speaks for more", Side::Left, 120),
    ]);
    for one in &report.renewals {
        table.row([
            one.ends_on.to_string(),
            one.act_by.to_string(),
            amounts(one),
            one.uplift_percent.as_ref().map_or_else(String::new, |percent| format!("{percent} %")),
            yes(one.auto_renews).to_owned(),
            call(one.machine_call),
            call(one.csm_call),
            if one.differs { "≠" } else { "" }.to_owned(),
            one.account_id.clone(),
            one.csm.clone().unwrap_or_default(),
            spread(one),
            why(one),
        ]);
    }
    if !table.is_empty() {
        let _ = writeln!(text, "{table}");
    }
    if let Some((title, table)) = turned(report) {
        let _ = write!(text, "{title}");
        let _ = if table.is_empty() { Ok(()) } else { write!(text, "\n\n{table}") };
    }
    text
}

/// What should be known of the sums.
pub(crate) fn money_notes(report: &RenewalsReport) -> Vec<String> {
    let mut notes = Vec::new();
    if report.sums.len() > 1 {
        let sums = report.sums.iter().map(|sums| format!("{} {}", sums.currency, amount(&sums.arr)));
        notes.push(format!("By currency: {}", sums.collect::<Vec<_>>().join(" + ")));
    }
    if !report.without_rate.is_empty() {
        let currencies = report.without_rate.join(", ");
        notes.push(format!("No rate is known for {currencies}: what is in it is listed, and left out of sums ([revenue.rates])"));
    }
    notes
}

/// ARR by the machine's call and by people's.
pub(crate) fn by_call(sums: &Sums) -> Table {
    let head = [("ARR by call", Side::Left, 20), ("machine", Side::Right, 18), ("people", Side::Right, 18)];
    let mut table = Table::new(&head);
    for name in Call::ALL.map(Call::name).into_iter().chain(["none"]) {
        let of =
            |sums: &std::collections::BTreeMap<&'static str, String>| sums.get(name).map(|sum| amount(sum)).unwrap_or_default();
        let (machine, people) = (of(&sums.machine), of(&sums.people));
        if !machine.is_empty() || !people.is_empty() {
            let name = if name == "none" { "not called".to_owned() } else { name.replace('_', " ") };
            table.row([name, machine, people]);
        }
    }
    table.row([format!("all, {}", sums.currency), amount(&sums.arr), amount(&sums.arr)]);
    table
}

/// How well the renewals are looked after.
pub(crate) fn coverage(report: &RenewalsReport) -> String {
    let coverage = &report.coverage;
    let or = |what: Option<usize>, unknown: &str| what.map_or_else(|| unknown.to_owned(), |n| n.to_string());
    let parts = [
        format!("no two-way contact in 60 days: {}", or(coverage.without_contact, "not known")),
        format!("no open renewal record: {}", or(coverage.without_record, "not known, as no lead names an account")),
        format!("contact bunched at the end: {}", or(coverage.bunched, "not known")),
        format!("no call by a person within 90 days of the end: {}", coverage.without_call),
        format!("calls that differ (≠): {}", coverage.differing),
    ];
    parts.join("; ")
}

/// How calls turned out, under a title; the table is empty where no term ended.
pub(crate) fn turned(report: &RenewalsReport) -> Option<(String, Table)> {
    let turned = &report.turned_out;
    let ended = match turned.terms.len() {
        0 => "none ended".to_owned(),
        terms => count(terms as u64, "term", "terms"),
    };
    let title = format!("How the calls of two weeks before turned out, for terms that ended since {}: {ended}", turned.from?);
    let mut table = Table::new(&[
        ("whose", Side::Left, 8),
        ("call", Side::Left, 9),
        ("renewed", Side::Right, 8),
        ("lost", Side::Right, 6),
        ("undecided", Side::Right, 9),
        ("ARR renewed", Side::Right, 24),
        ("ARR lost", Side::Right, 24),
        ("in", Side::Left, 3),
    ]);
    for (whose, tallies) in [("machine", &turned.machine), ("people", &turned.people)] {
        for tally in tallies {
            table.row(tally_cells(whose, tally, &report.currency.to_string()));
        }
    }
    Some((title, table))
}

fn tally_cells(whose: &str, tally: &Tally, currency: &str) -> [String; 8] {
    [
        whose.to_owned(),
        tally.call.map_or("none", Call::words).to_owned(),
        tally.renewed.to_string(),
        tally.lost.to_string(),
        tally.undecided.to_string(),
        amount(&tally.renewed_total),
        amount(&tally.lost_total),
        currency.to_owned(),
    ]
}

/// A call, for people.
pub(crate) fn call(call: Option<Call>) -> String {
    call.map_or("–", Call::words).to_owned()
}

/// `yes`, `no`, or `–` where nobody knows.
pub fn yes(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    }
}

/// The ARR up for renewal.
pub(crate) fn amounts(one: &Renewal) -> String {
    let amounts: Vec<String> = one.amounts.iter().map(|(currency, [arr, _])| format!("{currency} {}", amount(arr))).collect();
    if amounts.is_empty() { "–".to_owned() } else { amounts.join(" + ") }
}

/// Two-way contacts by quarter of the term: `2·0·1·4`.
fn spread(one: &Renewal) -> String {
    one.spread.map_or_else(
        || "–".to_owned(),
        |spread| spread.quarters.map(|quarter| quarter.map_or_else(|| "–".to_owned(), |count| count.to_string())).join("·"),
    )
}

fn why(one: &Renewal) -> String {
    one.gaps.iter().cloned().chain(reasons(one, 0)).collect::<Vec<_>>().join("; ")
}

/// What speaks for and against it, besides the gaps; without so many of the machine's reasons, of which the first tells its score.
pub(crate) fn reasons(one: &Renewal, without: usize) -> Vec<String> {
    let csm = one.csm_reason.as_ref().filter(|_| one.differs).map(|reason| format!("CSM: {reason}"));
    csm.into_iter().chain(one.machine_reasons.iter().take(2).skip(without).cloned()).chain(one.expansion.clone()).collect()
}

/// The heads of the book's lines.
pub(crate) const HEADS: [&str; 24] = [
    "account_id",
    "name",
    "csm",
    "seller",
    "tier",
    "contracts",
    "ends_on",
    "act_by",
    "days_to_act",
    "auto_renews",
    "notice_given",
    "arr",
    "currency",
    "uplift_percent",
    "score",
    "band",
    "churn_probability",
    "machine_call",
    "machine_reasons",
    "csm_call",
    "csm_reason",
    "differs",
    "gaps",
    "expansion",
];

/// A line of the book, for a spreadsheet.
pub(crate) fn cells(one: &Renewal) -> Vec<String> {
    vec![
        one.account_id.clone(),
        one.name.clone(),
        cell(one.csm.as_ref()),
        cell(one.seller.as_ref()),
        cell(one.tier.as_ref()),
        one.contracts.join("; "),
        one.ends_on.to_string(),
        one.act_by.to_string(),
        one.days_to_act.to_string(),
        cell(one.auto_renews),
        one.notice_given.to_string(),
        one.amounts.values().map(|[arr, _]| arr.as_str()).collect::<Vec<_>>().join("; "),
        one.amounts.keys().map(String::as_str).collect::<Vec<_>>().join("; "),
        cell(one.uplift_percent.as_ref()),
        number(one.score),
        one.band.name().to_owned(),
        number(one.churn_probability),
        cell(one.machine_call.map(Call::name)),
        one.machine_reasons.join("; "),
        cell(one.csm_call.map(Call::name)),
        cell(one.csm_reason.as_ref()),
        one.differs.to_string(),
        one.gaps.join("; "),
        one.expansion.join("; "),
    ]
}
