//! `longroad pipeline NAME`: where its records stand, and what became of them.

use std::path::Path;

use anyhow::Result;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell};
use super::table::{Side, Table, cut};
use super::words::{count, percent};
use crate::clock::Clock;
use crate::cycle::{self, At, RecordLine};
use crate::model::Day;
use crate::pipeline::{Group, Pipeline, Report, Sum, Waiting};

/// Lines of each list where --all is not given.
const MOST: usize = 12;

/// Show where the records of a pipeline stand: by stage, overdue, handed back, won, by source
///
/// Records that are there twice or cannot be reached are set aside first, and counted. Without --as-of, what people did today
/// counts; with it, what was known on that morning.
///
/// Of each stage: records that are here, overdue, with an extension; that came this far or further, and went on, with their
/// share of those gone; how often one was handed back from here; the mean and median days of stays that ended by going on or
/// back; the win rate as declared and as lived by those decided; what those here may bring.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad pipeline leads --as-of 2026-03-31")]
pub struct Arguments {
    /// Its name: leads, opportunity, onboarding, renewal, expansion, win-back, or one of your own
    #[arg(value_name = "NAME")]
    name: String,
    /// The morning; now by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// All overdue and returned records, and all origins, not the first 12 only
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    sheet: Sheet,
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    let pipeline = cycle::named(&setup, &arguments.name).map_err(Wrong)?;
    open::morning(&setup.config, clock, arguments.as_of)?;
    let at = At::of(&setup, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let mut rows = Vec::new();
    let report = cycle::pipeline_report(&db, &setup, at, pipeline, &mut |seen| {
        if arguments.sheet.is_wanted() {
            rows.push(cells(&RecordLine::of(seen, at.on)));
        }
        true
    })
    .await;
    db.close().await;
    let report = report?;
    rows.sort();
    arguments.sheet.write(&COLUMNS, rows)?;
    Reply::new(text(pipeline, &report, if arguments.all { usize::MAX } else { MOST }), &report)
}

/// Its columns.
pub(crate) const COLUMNS: [&str; 19] = [
    "id",
    "name",
    "stage",
    "since",
    "ends_on",
    "overdue_days",
    "extended",
    "owner",
    "opened_on",
    "set_aside",
    "amount",
    "currency",
    "cost",
    "source",
    "region",
    "industry",
    "good_answers",
    "next_touch_on",
    "next_touch_by",
];

/// A record, for a spreadsheet.
pub(crate) fn cells(line: &RecordLine) -> Vec<String> {
    vec![
        line.id.clone(),
        line.name.clone(),
        cell(line.stage.as_ref()),
        cell(line.since),
        cell(line.ends_on),
        cell(line.overdue_days),
        cell(line.extended),
        cell(line.owner.as_ref()),
        cell(line.opened_on),
        cell(line.set_aside.as_ref()),
        cell(line.amount.as_ref()),
        cell(line.currency),
        cell(line.cost.as_ref()),
        cell(line.source.as_ref()),
        cell(line.region.as_ref()),
        cell(line.industry.as_ref()),
        cell(line.good_answers),
        cell(line.next_touch_on),
        cell(line.next_touch_by.as_ref()),
    ]
}

/// What is to be known before the numbers: what is set aside, how many there are, how it stands against its bar.
pub(crate) fn opening(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if !report.set_aside.is_empty() {
        let parts: Vec<String> = report.set_aside.iter().map(|(why, number)| format!("{number} {why}")).collect();
        lines.push(format!("set aside before anything is counted: {}", parts.join(", ")));
    }
    for (word, number) in &report.unknown_stages {
        let word = cut(word, 40);
        lines.push(format!("{} in the source's stage “{word}”, which no pipeline knows: counted as new", records(*number)));
    }
    lines.push(format!("{}, {} on the way, {} overdue", records(report.records), report.open, report.overdue_count));
    if let Some(bar) = &report.bar {
        let share = percent(bar.won as f64 / bar.decided.max(1) as f64);
        let verdict = if bar.stopped { "stopped: it falls short of its bar" } else { "goes on" };
        lines.push(format!("won {} of {} decided ({share}), the bar is {}: {verdict}", bar.won, bar.decided, percent(bar.bar)));
    }
    lines
}

/// What is expected of what is on the way, and which win rates are lived otherwise than declared.
pub(crate) fn outlook(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if !report.expected.is_empty() {
        let lived =
            if report.expected_lived.is_empty() { String::new() } else { format!(", as lived {}", sums(&report.expected_lived)) };
        lines.push(format!("expected of what is on the way: by declared win rates {}{lived}", sums(&report.expected)));
    }
    for stage in report.stages.iter().filter(|stage| stage.differs) {
        let interval =
            stage.win_rate_interval.map_or(String::new(), |(low, high)| format!("{} to {}", percent(low), percent(high)));
        lines.push(format!(
            "win rate of {} differs: declared {}, lived {} ({interval}, {} of {} decided)",
            stage.name,
            percent(stage.win_rate_declared.unwrap_or(0.0)),
            percent(stage.win_rate_lived.unwrap_or(0.0)),
            stage.won,
            stage.decided
        ));
    }
    lines
}

/// How often, by what is counted: the most frequent first.
pub(crate) fn frequent(counts: &std::collections::BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    rows
}

/// Whether anything is known of where records come from.
pub(crate) fn is_known(groups: &[Group]) -> bool {
    groups.len() > 1 || groups.first().is_some_and(|group| group.name != "unknown")
}

fn text(pipeline: &Pipeline, report: &Report, most: usize) -> String {
    let when = if report.with_today { "now, on" } else { "as of the morning of" };
    let mut text = format!("{} ({}), {when} {}\n", report.title, report.pipeline, report.as_of);
    let mut say = |line: String| text.extend([line.trim_end(), "\n"]);
    opening(report).into_iter().for_each(&mut say);
    say(format!("\n{}", stages(report)));
    outlook(report).into_iter().for_each(&mut say);
    for (title, counts) in [
        ("Handed back, by stage and reason", &report.returned_reasons),
        ("Lost, by reason", &report.lost_reasons),
        ("To be touched by now, by channel", &report.touches_due),
    ] {
        if !counts.is_empty() {
            let rows = frequent(counts).into_iter().take(most);
            let lines: Vec<String> = rows.map(|(what, number)| format!("  {number:>6}  {}", cut(what, 80))).collect();
            say(format!("\n{title}\n{}", lines.join("\n")));
        }
    }
    if report.refused > 0 {
        say(format!("\n{} refused after they had come: not counted as having come", records(report.refused)));
    }
    if !report.overdue.is_empty() {
        say(format!("\nOverdue\n{}", waiting(&report.overdue, most, true)));
    }
    if !report.returned.is_empty() {
        say(format!("\nLast handed back\n{}", waiting(&report.returned, most, false)));
    }
    for (title, groups) in [("source", &report.sources), ("region", &report.regions), ("industry", &report.industries)] {
        if is_known(groups) {
            say(format!("\n{}", origins(title, groups, most)));
        }
    }
    if pipeline.stages.iter().any(|stage| stage.extend.is_some()) {
        say("\nA stay of so many days is over on the morning of the day with that number behind it, in the company's zone."
            .to_owned());
    }
    text
}

pub(crate) fn records(number: u64) -> String {
    count(number, "record", "records")
}

pub(crate) fn sums(sums: &[Sum]) -> String {
    let texts: Vec<String> = sums.iter().map(|sum| sum.money.to_string()).collect();
    if texts.is_empty() { "–".to_owned() } else { texts.join(" + ") }
}

pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

fn stages(report: &Report) -> Table {
    let phases = report.stages.iter().any(|stage| stage.phase.is_some());
    let mut columns = vec![
        ("stage", Side::Left, 20),
        ("owner", Side::Left, 10),
        ("here", Side::Right, 7),
        ("overdue", Side::Right, 7),
        ("extended", Side::Right, 8),
        ("came", Side::Right, 7),
        ("went on", Side::Right, 7),
        ("of those gone", Side::Right, 13),
        ("back", Side::Right, 6),
        ("days", Side::Right, 6),
        ("median", Side::Right, 6),
        ("declared", Side::Right, 8),
        ("lived", Side::Right, 6),
        ("decided", Side::Right, 7),
        ("amount here", Side::Right, 44),
    ];
    if phases {
        columns.insert(0, ("phase", Side::Left, 18));
    }
    let mut table = Table::new(&columns);
    for stage in &report.stages {
        let cells = [
            stage.name.clone(),
            stage.owner.to_owned(),
            stage.records.to_string(),
            stage.overdue.to_string(),
            stage.extended.to_string(),
            stage.reached.to_string(),
            stage.went_on.to_string(),
            share(stage.conversion),
            stage.returned.to_string(),
            stage.mean_days.map_or_else(|| "–".to_owned(), |days| format!("{days:.1}")),
            stage.median_days.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            share(stage.win_rate_declared),
            share(stage.win_rate_lived),
            stage.decided.to_string(),
            sums(&stage.amounts),
        ];
        let phase = stage.phase.clone().unwrap_or_default();
        table.row(phases.then_some(phase).into_iter().chain(cells));
    }
    table
}

fn waiting(rows: &[Waiting], most: usize, overdue: bool) -> String {
    let mut table = Table::new(&[
        ("id", Side::Left, 16),
        ("name", Side::Left, 26),
        (if overdue { "stage" } else { "from" }, Side::Left, 18),
        ("owner", Side::Left, 14),
        (if overdue { "since" } else { "on" }, Side::Left, 10),
        (if overdue { "ended" } else { "because" }, Side::Left, if overdue { 10 } else { 60 }),
        (if overdue { "days over" } else { "" }, Side::Right, 9),
    ]);
    for row in rows.iter().take(most) {
        let ended = row.ended_on.map_or(String::new(), |day| day.to_string());
        let days = row.overdue_days.map_or(String::new(), |days| days.to_string());
        table.row([
            row.id.clone(),
            row.name.clone(),
            row.stage.clone(),
            row.owner.clone().unwrap_or_else(|| "–".to_owned()),
            row.since.to_string(),
            row.reason.clone().unwrap_or(ended),
            days,
        ]);
    }
    table.to_string()
}

fn origins(title: &'static str, groups: &[Group], most: usize) -> Table {
    let mut table = Table::new(&[
        (title, Side::Left, 28),
        ("records", Side::Right, 7),
        ("set aside", Side::Right, 9),
        ("open", Side::Right, 6),
        ("won", Side::Right, 6),
        ("not won", Side::Right, 7),
        ("win rate", Side::Right, 8),
        ("cost", Side::Right, 30),
        ("revenue won", Side::Right, 44),
        ("cost of one won", Side::Right, 16),
    ]);
    for group in groups.iter().take(most) {
        table.row([
            group.name.clone(),
            group.records.to_string(),
            group.set_aside.to_string(),
            group.open.to_string(),
            group.won.to_string(),
            group.not_won.to_string(),
            share(group.win_rate),
            sums(&group.cost),
            sums(&group.revenue),
            group.cost_per_won.as_ref().map_or_else(|| "–".to_owned(), |sum| sum.money.to_string()),
        ]);
    }
    table
}
