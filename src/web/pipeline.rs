//! `/pipelines/NAME`: where the records of a pipeline stand, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::{self, encoded};
use super::pager::Pager;
use super::pages::Body;
use super::pipelines::Staged;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, Sheet, View};
use super::visitor::Visitor;
use crate::cli::pipeline::{COLUMNS, cells, frequent, is_known, opening, outlook, share, sums};
use crate::cli::sheet;
use crate::cli::words::count;
use crate::cycle::RecordLine;
use crate::digest::LIST_LIMIT;
use crate::model::record::User;
use crate::pipeline::{Group, Pipeline, Report, StageReport};

/// The page.
pub(super) struct OnePipeline;

/// Which of its records are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// The pipeline, where the path does not say.
    name: String,
    /// Only those in this stage; `aside`: those that are set aside.
    stage: String,
    /// `yes`: only those that are longer in their stage than they may be.
    overdue: String,
    /// Only those on which this person works.
    owner: String,
    page: String,
}

/// A pipeline.
#[derive(Debug, Serialize)]
pub(super) struct PipelinePage {
    #[serde(flatten)]
    report: Report,
    /// The records that were asked for, the longest overdue first, then by stage.
    lines: Vec<RecordLine>,
    #[serde(skip)]
    owners: BTreeSet<String>,
    #[serde(skip)]
    people: BTreeMap<String, User>,
    #[serde(skip)]
    pager: Pager,
}

/// Those that are set aside, among the stages.
const ASIDE: &str = "aside";

impl Asked<Which> {
    fn name(&self) -> &str {
        if self.id.is_empty() { &self.query.name } else { &self.id }
    }
}

/// The pipeline of this name.
pub(super) fn named<Q>(asked: &Asked<Q>, name: &str) -> Result<std::sync::Arc<Pipeline>, Refusal> {
    let found = asked.state.setup.pipelines.iter().find(|one| one.name == name);
    found.cloned().ok_or_else(|| Refusal::Missing("There is no pipeline of this name.".to_owned()))
}

impl View for OnePipeline {
    type Query = Which;
    type Report = PipelinePage;
    const TEMPLATE: &'static str = "pipeline";
    const SUMMARY: &'static str = "Where the records of a pipeline stand, and what became of them";
    const QUERY: &'static [(&'static str, &'static str)] = &[
        ("stage", "Only records in this stage; `aside`: those that are set aside"),
        ("overdue", "`yes`: only records that are longer in their stage than they may be"),
        ("owner", "Only records on which this user works"),
    ];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<Which>) -> Result<PipelinePage, Refusal> {
        let (state, which) = (&asked.state, &asked.query);
        let pipeline = named(asked, asked.name())?;
        if !which.stage.is_empty() && which.stage != ASIDE && !pipeline.stages.iter().any(|stage| stage.name == which.stage) {
            let names: Vec<&str> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
            return Err(Refusal::Wrong(format!("There is no stage `{}`; there are {}.", which.stage, names.join(", "))));
        }
        if !matches!(which.overdue.as_str(), "" | "yes") {
            return Err(Refusal::Wrong("`overdue` is `yes`, or is left out.".to_owned()));
        }
        let staged = state.staged(&asked.visitor, &pipeline).await?;
        let Staged { report, lines } = staged.as_ref();
        let is_wanted = |line: &&RecordLine| {
            (match which.stage.as_str() {
                "" => true,
                ASIDE => line.set_aside.is_some(),
                stage => line.stage.as_deref() == Some(stage),
            }) && (which.overdue.is_empty() || line.overdue_days.is_some())
                && (which.owner.is_empty() || line.owner.as_ref() == Some(&which.owner))
        };
        let owners = lines.iter().filter_map(|line| line.owner.clone()).collect();
        let lines: Vec<RecordLine> = lines.iter().filter(is_wanted).cloned().collect();
        let pager = Pager::of(&which.page, lines.len())?;
        Ok(PipelinePage { report: report.clone(), lines, owners, people: state.users().await?, pager })
    }

    fn body(asked: &Asked<Which>, page: &PipelinePage) -> Result<Body, Error> {
        let (report, which) = (&page.report, &asked.query);
        let name = |id: &str| page.people.get(id).map_or_else(|| id.to_owned(), |user| user.name.clone());
        let asked_for = |page_of: &str| {
            let (stage, owner) = (encoded(&which.stage), encoded(&which.owner));
            format!("{page_of}stage={stage}&overdue={}&owner={owner}", encoded(&which.overdue))
        };
        let here = address::pipeline(asked.name());
        let aside: u64 = report.set_aside.values().sum();
        let mut stages: Vec<Value> = report
            .stages
            .iter()
            .map(|stage| json!({"name": stage.name, "title": stage.name, "chosen": stage.name == which.stage}))
            .collect();
        if aside > 0 {
            stages.push(json!({"name": ASIDE, "title": "set aside", "chosen": which.stage == ASIDE}));
        }
        let owners = page.owners.iter().map(|id| json!({"id": id, "name": name(id), "chosen": *id == which.owner}));
        let mut records = Table::new("Records, the longest overdue first", "No record is like that.")
            .column("Record")
            .column("Stage")
            .column("Since")
            .column("Until")
            .column("For")
            .number("May bring")
            .column("Next touch");
        for line in &page.lines[page.pager.range()] {
            records.row(record(asked.name(), line, &name));
        }
        let content = json!({
            "opening": opening(report).iter().map(|line| sentence(line)).collect::<Vec<_>>(),
            "outlook": outlook(report).iter().map(|line| sentence(line)).collect::<Vec<_>>(),
            "stages": by_stage(report),
            "times": by_time(report),
            "counts": counts(report),
            "returned": returned(report, &name),
            "any_returned": !report.returned.is_empty(),
            "origins": origins(report),
            "here": here,
            "ways": stages,
            "owners": owners.collect::<Vec<_>>(),
            "overdue": which.overdue == "yes",
            "found": count(page.lines.len() as u64, "record", "records"),
            "records": records,
            "csv": asked_for(&format!("/pipelines.csv?name={}&", encoded(asked.name()))),
            "pager": page.pager.links(&format!("{}&page=", asked_for(&format!("{here}?")))),
        });
        Body::new(report.title.clone(), &content)
    }
}

impl Sheet for OnePipeline {
    fn sheet(_: &Asked<Which>, page: &PipelinePage) -> Result<String, Error> {
        sheet::text(&COLUMNS, page.lines.iter().map(cells))
    }
}

/// `12 records, …` as a sentence.
fn sentence(line: &str) -> String {
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

fn record(pipeline: &str, line: &RecordLine, name: &dyn Fn(&str) -> String) -> [Cell; 7] {
    let dash = || "–".to_owned();
    let until = match (line.overdue_days, line.ends_on) {
        (Some(0), _) => Cell::text("ends today").coloured("bad"),
        (Some(days), _) => Cell::text(format!("{} over", count(days.unsigned_abs(), "day", "days"))).coloured("bad"),
        (None, end) => Cell::day(end.map_or_else(dash, |day| day.to_string())),
    };
    let extended = line.extended.filter(|times| *times > 0).map(|times| format!("extended {times}×"));
    let touch = line.next_touch_on.map_or_else(dash, |day| day.to_string());
    let name_of = if line.name.is_empty() { &line.id } else { &line.name };
    [
        Cell::link(name_of, address::record(pipeline, &line.id)).with_note(&line.id),
        Cell::text(line.stage.clone().unwrap_or_else(|| "set aside".to_owned()))
            .with_note(line.set_aside.as_deref().unwrap_or_default()),
        Cell::day(line.since.map_or_else(dash, |day| day.to_string())),
        until.with_note(extended.unwrap_or_default()),
        Cell::text(line.owner.as_deref().map_or_else(dash, name)),
        Cell::number(
            line.amount
                .as_ref()
                .zip(line.currency)
                .map_or_else(dash, |(amount, currency)| format!("{currency}\u{a0}{}", crate::cli::words::amount(amount))),
        ),
        Cell::day(touch).with_note(line.next_touch_by.as_deref().unwrap_or_default()),
    ]
}

/// A stage's name with its phase, and below it what it is.
fn stage_cell(stage: &StageReport) -> Cell {
    let phase = stage.phase.as_ref().map_or_else(String::new, |phase| format!("{phase}: "));
    Cell::text(format!("{phase}{}", stage.name)).with_note(&stage.title)
}

fn by_stage(report: &Report) -> Table {
    let mut table = Table::new("Where records stand", "It has no stage.")
        .column("Stage")
        .column("Who works there")
        .number("Here")
        .number("Overdue")
        .number("Extended")
        .number("Came")
        .number("Went on")
        .number("Of those gone")
        .number("Handed back");
    for stage in &report.stages {
        let overdue = Cell::number(stage.overdue);
        table.row([
            stage_cell(stage),
            Cell::text(stage.owner),
            Cell::number(stage.records),
            if stage.overdue > 0 { overdue.coloured("bad") } else { overdue },
            Cell::number(stage.extended),
            Cell::number(stage.reached),
            Cell::number(stage.went_on),
            Cell::number(share(stage.conversion)),
            Cell::number(stage.returned),
        ]);
    }
    table
}

fn by_time(report: &Report) -> Table {
    let mut table = Table::new("How long they stay, how many are won, what they may bring", "It has no stage.")
        .column("Stage")
        .number("Days, mean")
        .number("Median")
        .number("Win rate, declared")
        .number("Lived")
        .number("Decided")
        .number("Amount here");
    for stage in &report.stages {
        let lived = Cell::number(share(stage.win_rate_lived));
        table.row([
            Cell::text(&stage.name),
            Cell::number(stage.mean_days.map_or_else(|| "–".to_owned(), |days| format!("{days:.1}"))),
            Cell::number(stage.median_days.map_or_else(|| "–".to_owned(), |days| days.to_string())),
            Cell::number(share(stage.win_rate_declared)),
            if stage.differs { lived.with_note("differs") } else { lived },
            Cell::number(stage.decided),
            Cell::number(sums(&stage.amounts)),
        ]);
    }
    table
}

/// What is counted by its words: reasons, channels.
fn counts(report: &Report) -> Vec<Table> {
    let of = [
        ("Handed back, by stage and reason", &report.returned_reasons),
        ("Lost, by reason", &report.lost_reasons),
        ("To be touched by now, by channel", &report.touches_due),
    ];
    let table = |(caption, counts)| {
        let mut table = Table::new(caption, "").column("What").number("Records");
        for (what, number) in frequent(counts).into_iter().take(LIST_LIMIT) {
            table.row([Cell::text(what), Cell::number(number)]);
        }
        table
    };
    of.into_iter().filter(|(_, counts)| !counts.is_empty()).map(table).collect()
}

fn returned(report: &Report, name: &dyn Fn(&str) -> String) -> Table {
    let mut table =
        Table::new("Last handed back", "").column("Record").column("From").column("On").column("Of").column("Because");
    for one in report.returned.iter().take(LIST_LIMIT) {
        let name_of = if one.name.is_empty() { &one.id } else { &one.name };
        table.row([
            Cell::link(name_of, address::record(&report.pipeline, &one.id)).with_note(&one.id),
            Cell::text(&one.stage),
            Cell::day(one.since),
            Cell::text(one.owner.as_deref().map_or_else(|| "–".to_owned(), name)),
            Cell::text(one.reason.as_deref().unwrap_or("–")),
        ]);
    }
    table
}

fn origins(report: &Report) -> Vec<Table> {
    let of = [("By source", &report.sources), ("By region", &report.regions), ("By industry", &report.industries)];
    let table = |(caption, groups): (&str, &Vec<Group>)| {
        let all = format!("{caption}{}", if groups.len() > LIST_LIMIT { ", the ten with the most records" } else { "" });
        let mut table = Table::new(&all, "")
            .column("Where from")
            .number("Records")
            .number("Set aside")
            .number("On the way")
            .number("Won")
            .number("Not won")
            .number("Win rate")
            .number("Cost")
            .number("Revenue won")
            .number("Cost of one won");
        for group in groups.iter().take(LIST_LIMIT) {
            table.row([
                Cell::text(&group.name),
                Cell::number(group.records),
                Cell::number(group.set_aside),
                Cell::number(group.open),
                Cell::number(group.won),
                Cell::number(group.not_won),
                Cell::number(share(group.win_rate)),
                Cell::number(sums(&group.cost)),
                Cell::number(sums(&group.revenue)),
                Cell::number(group.cost_per_won.as_ref().map_or_else(|| "–".to_owned(), |sum| sum.money.to_string())),
            ]);
        }
        table
    };
    of.into_iter().filter(|(_, groups)| is_known(groups)).map(table).collect()
}
