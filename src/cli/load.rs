//! `longroad load`: what the books ask of people, against the hours there are.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::open;
use super::reply::Reply;
use super::sheet::Sheet;
use super::table::{Side, Table, cut};
use super::words::count;
use crate::clock::Clock;
use crate::cycle::{self, LoadReport};
use crate::model::{Id, Money};
use crate::playbook::{KINDS, Load, Relief};

/// Show who has how much to do against the hours there are, what is left untouched, and where accounts could go
///
/// A contact takes the hours of a call, as often as the account's class in playbooks/cadence says. Tasks count that are overdue
/// or due within a week, with the hours of their kind in [load]. Untouched is an account with which nobody has spoken for longer
/// than its class allows. What could go is what takes the fewest moves: to whoever speaks the account's language, has the skill
/// that its due tasks ask for (where a task's kind is one), and has room for all of it, in its region rather than elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad load --csv load.csv")]
pub struct Arguments {
    #[command(flatten)]
    sheet: Sheet,
}

/// Lines of each list; --json has all.
const MOST: usize = 12;

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let db = open::store(&setup.config).await?;
    let report = cycle::load(&db, &setup, clock).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, report.people.iter().map(|one| row(one, report.currency.code())))?;
    Reply::new(text(&report), &report)
}

const HEADS: [&str; 12] = [
    "person",
    "accounts",
    "arr",
    "untouched_arr",
    "currency",
    "contact_hours",
    "task_hours",
    "hours_per_week",
    "open",
    "overdue",
    "waiting",
    "untouched",
];

fn row(one: &Load, currency: &str) -> Vec<String> {
    let money = |money: Option<Money>| money.map_or(String::new(), Money::amount);
    vec![
        one.person.to_string(),
        one.accounts.to_string(),
        money(one.arr),
        money(one.untouched_arr),
        currency.to_owned(),
        format!("{:.2}", one.contact_hours),
        format!("{:.2}", one.hours_needed - one.contact_hours),
        format!("{:.2}", one.hours_per_week),
        one.open.to_string(),
        one.overdue.to_string(),
        one.waiting.to_string(),
        one.untouched.to_string(),
    ]
}

/// The kinds of tasks that take anybody's hours.
pub(crate) fn kinds(report: &LoadReport) -> Vec<&'static str> {
    let anybody = |kind: &&&'static str| report.people.iter().any(|one| one.task_hours.contains_key(**kind));
    KINDS.iter().filter(anybody).copied().collect()
}

/// What too much costs, where anybody has too much.
pub(crate) fn cost(report: &LoadReport) -> Option<String> {
    let over: Vec<&Load> = report.people.iter().filter(|one| one.over).collect();
    let cost =
        over.iter().filter_map(|one| one.untouched_arr).reduce(|sum, arr| Money { minor: sum.minor + arr.minor, ..sum })?;
    let who = count(over.len() as u64, "person has", "people have");
    Some(format!("{who} more to do than hours; {cost} of ARR in their books are untouched"))
}

/// How many accounts are in nobody's book, if any are.
pub(crate) fn without_csm(report: &LoadReport) -> Option<String> {
    let accounts = count(report.without_csm as u64, "account has", "accounts have");
    (report.without_csm > 0).then(|| format!("{accounts} nobody who looks after them"))
}

/// What the moves make of somebody's hours.
pub(crate) fn relief(one: &Relief, person: &str) -> String {
    let (then, there_are) = (one.hours_then, one.hours_per_week);
    if then <= there_are {
        return format!("{person} would then need {then:.1} of {there_are:.1} h a week");
    }
    format!(
        "{person} would still need {then:.1} of {there_are:.1} h a week: nobody else has room for more, the language and the skill"
    )
}

/// Hours a week by what they go into.
fn hours(report: &LoadReport) -> Table {
    let kinds = kinds(report);
    let mut columns = vec![("hours a week", Side::Left, 20), ("contacts", Side::Right, 8)];
    columns.extend(kinds.iter().map(|kind| (*kind, Side::Right, 8)));
    columns.extend([("needs", Side::Right, 6), ("has", Side::Right, 6), ("", Side::Left, 12)]);
    let mut table = Table::new(&columns);
    for one in &report.people {
        let mut cells = vec![one.person.to_string(), format!("{:.1}", one.contact_hours)];
        cells.extend(kinds.iter().map(|kind| format!("{:.1}", one.task_hours.get(*kind).copied().unwrap_or_default())));
        cells.extend([format!("{:.1}", one.hours_needed), format!("{:.1}", one.hours_per_week)]);
        let over = one.hours_needed - one.hours_per_week;
        cells.push(if one.over { format!("{over:.1} over") } else { String::new() });
        table.row(cells);
    }
    table
}

fn text(report: &LoadReport) -> String {
    let mut table = Table::new(&[
        ("who", Side::Left, 20),
        ("accounts", Side::Right, 8),
        ("ARR", Side::Right, 16),
        ("open", Side::Right, 5),
        ("overdue", Side::Right, 7),
        ("waiting", Side::Right, 7),
        ("untouched", Side::Right, 9),
        ("their ARR", Side::Right, 16),
    ]);
    for one in &report.people {
        table.row([
            one.person.to_string(),
            one.accounts.to_string(),
            money(one.arr),
            one.open.to_string(),
            one.overdue.to_string(),
            one.waiting.to_string(),
            one.untouched.to_string(),
            money(one.untouched_arr),
        ]);
    }
    let mut text = format!("as of {}\n\n{table}\n{}", report.as_of, hours(report));
    // Writing to a string cannot fail.
    if !report.without_rate.is_empty() {
        let _ = writeln!(text, "\nleft out, without a rate into {}: {}", report.currency, report.without_rate.join(", "));
    }
    for line in cost(report).into_iter().chain(without_csm(report)) {
        let _ = writeln!(text, "\n{line}");
    }
    if !report.untouched.is_empty() {
        let _ = write!(text, "\nUntouched in their books\n{}", untouched(report));
    }
    if !report.moves.is_empty() {
        let _ = write!(text, "\nCould go, with its tasks, to somebody with room\n{}", moves(report));
    }
    for one in &report.reliefs {
        let _ = writeln!(text, "{}", relief(one, one.person.as_str()));
    }
    text
}

/// The most revenue first.
fn untouched(report: &LoadReport) -> String {
    let mut table = Table::new(&[
        ("account", Side::Left, 44),
        ("who", Side::Left, 20),
        ("silent", Side::Right, 10),
        ("allowed", Side::Right, 8),
        ("ARR", Side::Right, 16),
    ]);
    for one in report.untouched.iter().take(MOST) {
        table.row([
            account(&one.name, &one.account_id),
            one.person.to_string(),
            format!("{:.0} days", one.silent_days),
            format!("{} days", one.every_days),
            money(one.arr),
        ]);
    }
    table.to_string() + &more(report.untouched_count)
}

fn moves(report: &LoadReport) -> String {
    let mut table = Table::new(&[
        ("account", Side::Left, 44),
        ("from", Side::Left, 20),
        ("to", Side::Left, 20),
        ("frees a week", Side::Right, 12),
        ("ARR", Side::Right, 16),
        ("", Side::Left, 16),
    ]);
    for one in report.moves.iter().take(MOST) {
        table.row([
            account(&one.name, &one.account_id),
            one.from.to_string(),
            one.to.to_string(),
            format!("{:.1} h", one.hours),
            money(one.arr),
            if one.in_region == Some(true) { "in its region" } else { "" }.to_owned(),
        ]);
    }
    table.to_string() + &more(report.moves.len())
}

fn account(name: &str, id: &Id) -> String {
    format!("{} ({id})", cut(name, 28))
}

fn more(all: usize) -> String {
    if all > MOST { format!("and {} more\n", all - MOST) } else { String::new() }
}

fn money(sum: Option<Money>) -> String {
    sum.map_or_else(|| "–".to_owned(), |sum| sum.to_string())
}
