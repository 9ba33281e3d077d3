//! What a person does themself: tasks, and the accounts, renewals and records that are theirs.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::section::Section;
use crate::cli::words::{count, percent};
use crate::cycle::{AccountScore, ScoresReport, Waits};
use crate::digest::csm::{ChangeItem, StagedItem, TOLD_CHANGE, TaskItem};
use crate::digest::{LIST_LIMIT, Ranked, band_label, short_day};
use crate::model::{Day, Id};
use crate::playbook::{Prescription, PrescriptionStatus, Task};
use crate::revenue::renewal::Renewal;
use crate::store::tasks::{self, TaskFilter};
use crate::web::AppState;
use crate::web::address;
use crate::web::table::{Cell, Table, colour};
use crate::web::visitor::Visitor;

/// Tasks are counted that come within so many days.
const WEEK_DAYS: i32 = 7;
/// Renewals are told whose last day to act is within so many days.
const ACT_DAYS: i32 = 60;
/// Ends of terms are looked at for so many days: notice may be due long before.
pub(super) const RENEWAL_DAYS: u32 = 180;

/// What a person does themself.
#[derive(Debug, Serialize)]
pub(super) struct Own {
    /// To be done today, or overdue: what cannot wait, was escalated and weighs most first, then the longest due.
    todo: Vec<Task>,
    /// Of these, past their day.
    overdue: usize,
    /// Tasks that come within a week.
    this_week: usize,
    /// What was found and waits for a free day, the oldest first.
    waiting: Vec<Prescription>,
    /// Accounts that changed since their last turn, what fell into a worse band first.
    changed: Vec<ChangeItem>,
    /// Renewals whose last day to act is within 60 days, the first first.
    renewals: Vec<Renewal>,
    /// Renewals whose last day to act has passed undecided.
    renewals_late: usize,
    /// Records of pipelines that came of late, or whose stay ends soon or has ended.
    records: Vec<Record>,
    /// The tasks as the mail tells them.
    #[serde(skip)]
    items: Vec<TaskItem>,
    /// What accounts are called, as far as they are needed here.
    #[serde(skip)]
    names: BTreeMap<String, String>,
}

/// A record of a pipeline that waits.
#[derive(Debug, Serialize)]
struct Record {
    pipeline: String,
    id: String,
    name: String,
    stage: String,
    since: Day,
    ends_on: Option<Day>,
    #[serde(skip)]
    item: StagedItem,
}

/// What a list of scores has of an account.
fn account<'s>(scores: &'s ScoresReport, id: &str) -> Option<&'s AccountScore> {
    let place = scores.accounts.binary_search_by(|one| one.account_id.as_str().cmp(id)).ok()?;
    scores.accounts.get(place)
}

impl Own {
    /// Gathers it.
    pub(super) async fn gather(state: &AppState, visitor: &Visitor) -> Result<Own> {
        let (me, today) = (visitor.user.id.as_str(), state.today());
        let scores = if visitor.sees_accounts() { Some(state.scores().await?) } else { None };
        let of = |id: &str| scores.as_ref().and_then(|scores| account(scores, id));
        let is_mine = |csm: Option<&str>| csm == Some(me);

        let filter = TaskFilter { csm: Some(me), closed_since: None };
        let (prescriptions, tasks) = tasks::prescribed(&state.db, filter).await?;
        let prescriptions: BTreeMap<&str, &Prescription> = prescriptions.iter().map(|one| (one.id.as_str(), one)).collect();
        let (mut todo, mut this_week) = (Vec::new(), 0);
        for task in tasks.into_iter().filter(|task| is_mine(task.assignee.as_ref().or(task.csm.as_ref()).map(Id::as_str))) {
            let starts_on =
                task.snoozed_until.filter(|_| !task.is_open_on(today)).map_or(task.due_on, |day| day.max(task.due_on));
            if task.is_open_on(today) && task.due_on <= today {
                let name = of(task.account_id.as_str()).map_or_else(|| task.account_id.to_string(), |one| one.name.clone());
                todo.push((item(state, &task, name, prescriptions.get(task.prescription.as_str()).copied()), task));
            } else if task.is_pending() && starts_on <= today + WEEK_DAYS {
                this_week += 1;
            }
        }
        todo.sort_by(|(one, _), (other, _)| one.rank(other));
        let overdue = todo.iter().filter(|(item, _)| item.due_on < today).count();
        let (mut items, todo): (Vec<TaskItem>, Vec<Task>) = todo.into_iter().unzip();
        items.truncate(LIST_LIMIT);

        let mine: Vec<&AccountScore> =
            scores.iter().flat_map(|scores| &scores.accounts).filter(|one| is_mine(one.csm.as_deref())).collect();
        let mut own = Own { todo, overdue, this_week, items, ..Own::empty() };
        if !mine.is_empty() {
            let waiting = tasks::waiting(&state.db).await?.into_iter();
            own.waiting = waiting.filter(|one| is_mine(of(one.account_id.as_str()).and_then(|one| one.csm.as_deref()))).collect();
            own.changed = mine.iter().filter_map(|one| changed(one)).collect();
            own.changed.sort_by(Ranked::rank);
            let book = state.renewals(RENEWAL_DAYS).await?;
            // The book is that of the last cycle's morning; days run on.
            let due = book.renewals.iter().filter(|one| is_mine(one.csm.as_deref()) && one.act_by - today <= ACT_DAYS);
            let (late, soon): (Vec<&Renewal>, Vec<&Renewal>) = due.partition(|one| one.act_by < today);
            own.renewals_late = late.len();
            own.renewals = soon.into_iter().cloned().collect();
            own.renewals.sort_by(|a, b| (a.act_by, &a.account_id).cmp(&(b.act_by, &b.account_id)));
            let waiting = own.waiting.iter().take(LIST_LIMIT).filter_map(|one| of(one.account_id.as_str()));
            own.names = waiting.map(|one| (one.account_id.clone(), one.name.clone())).collect();
        }
        if visitor.sees_accounts() {
            let waits = state.waits().await?;
            let mut records: Vec<&Waits> = waits.iter().filter(|one| one.owner == me).collect();
            records.sort_by(|one, other| one.item.rank(&other.item));
            own.records = records.into_iter().map(record).collect();
        }
        Ok(own)
    }

    fn empty() -> Own {
        Own {
            todo: Vec::new(),
            overdue: 0,
            this_week: 0,
            waiting: Vec::new(),
            changed: Vec::new(),
            renewals: Vec::new(),
            renewals_late: 0,
            records: Vec::new(),
            items: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// `3 to do (2 overdue), 5 more come this week`.
    pub(super) fn headline(&self) -> String {
        let todo = match (self.todo.len(), self.overdue) {
            (0, _) => "Nothing to do today".to_owned(),
            (all, 0) => format!("{all} to do today"),
            (all, overdue) => format!("{all} to do today ({overdue} overdue)"),
        };
        let more = if self.todo.is_empty() { "" } else { "more " };
        match self.this_week {
            0 => format!("{todo}."),
            1 => format!("{todo}. 1 {more}comes this week."),
            coming => format!("{todo}. {coming} {more}come this week."),
        }
    }

    /// What is to be done first.
    pub(super) fn todo(&self, state: &AppState, today: Day) -> Vec<Value> {
        let line = |(item, task): (&TaskItem, &Task)| {
            let solution = task.solution.as_ref().and_then(|name| state.setup.library.solution(name));
            json!({
                "account": item.account_name,
                "account_href": address::account(task.account_id.as_str()),
                "title": item.title,
                "href": address::task(&task.id),
                "due": item.due(today),
                "overdue": item.due_on < today,
                "escalated": item.escalated,
                "attempt": if item.attempt > 1 { format!("attempt {}", item.attempt) } else { String::new() },
                "why": if item.why.is_empty() { task.diagnosis.clone() } else { format!("{}: {}", task.diagnosis, item.why) },
                "solution": solution.map_or("", |one| one.title.as_str()),
                "solution_href": solution.map_or_else(String::new, |one| address::solution(&one.name)),
            })
        };
        self.items.iter().zip(&self.todo).map(line).collect()
    }

    /// The rest of the day; what is empty is left out.
    pub(super) fn sections(&self, visitor: &Visitor, today: Day) -> Vec<Section> {
        let tasks = format!("/tasks?csm={}", address::encoded(visitor.user.id.as_str()));
        let held = "What was found waits for room in your days; what is graver begins first.";
        let parts = [
            (self.records.len(), "Waiting for you in their stage", records(self, today), ("/pipelines", "All pipelines"), ""),
            (self.changed.len(), "Changed since their last turn", changes(self), ("/accounts", "All accounts"), ""),
            (
                self.renewals.len(),
                "Renewals: the last day to act is within 60 days",
                renewals(self, today),
                ("/renewals", "All renewals"),
                "",
            ),
            (self.waiting.len(), "Waits for a free day", waiting(self), (tasks.as_str(), "What has begun"), held),
        ];
        let shown = parts.into_iter().filter(|(total, ..)| *total > 0);
        let section = |(total, title, table, all, said)| Section::new(title, total, table, all).saying(said);
        shown.map(section).collect()
    }

    /// Renewals whose last day to act has passed.
    pub(super) fn late(&self) -> String {
        let renewals = count(self.renewals_late as u64, "renewal has", "renewals have");
        if self.renewals_late == 0 { String::new() } else { format!("{renewals} passed the last day to act undecided.") }
    }

    /// Whether the day is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.todo.len() + self.this_week + self.waiting.len() + self.changed.len() + self.renewals.len() + self.records.len() == 0
            && self.renewals_late == 0
    }
}

fn item(state: &AppState, task: &Task, account_name: String, prescription: Option<&Prescription>) -> TaskItem {
    let library = &state.setup.library;
    TaskItem {
        id: task.id.clone(),
        account_id: task.account_id.clone(),
        account_name,
        title: task.title.clone(),
        why: prescription.map(|one| one.evidence.join("; ")).unwrap_or_default(),
        due_on: task.due_on,
        solution: String::new(),
        solution_name: String::new(),
        attempt: task.attempt,
        arr: None,
        escalated: prescription.is_some_and(|one| one.status == PrescriptionStatus::Escalated),
        severe: prescription.is_some_and(|one| one.severe),
        severity: library.plays.get(&task.playbook).map(|play| play.severity).unwrap_or_default(),
    }
}

/// An account that is in another band than at its last turn, or has moved far.
fn changed(one: &AccountScore) -> Option<ChangeItem> {
    let change = ChangeItem {
        account_id: Id::parse(&one.account_id).ok()?,
        account_name: one.name.clone(),
        score: one.score,
        previous: one.previous,
        band: one.band,
        previous_band: one.previous_band?,
        factors: Vec::new(),
        risk: one.churn_probability.map_or_else(String::new, |chance| format!("{} chance of leaving", percent(chance))),
    };
    (change.band != change.previous_band || change.points().abs() >= TOLD_CHANGE).then_some(change)
}

fn record(waits: &Waits) -> Record {
    let item = &waits.item;
    Record {
        pipeline: waits.pipeline.clone(),
        id: item.record.clone(),
        name: item.name.clone(),
        stage: item.stage.clone(),
        since: item.since,
        ends_on: item.ends_on,
        item: item.clone(),
    }
}

fn records(own: &Own, today: Day) -> Table {
    let mut table = Table::new("Records of pipelines", "").column("Record").column("Stage").column("When");
    for one in own.records.iter().take(LIST_LIMIT) {
        let name = if one.name.is_empty() { &one.id } else { &one.name };
        let when = Cell::text(one.item.when(today));
        let is_over = one.ends_on.is_some_and(|end| end <= today);
        table.row([
            Cell::link(name, address::record(&one.pipeline, &one.id)).with_note(&one.id),
            Cell::text(&one.stage).with_note(&one.item.pipeline),
            if is_over { when.coloured("bad") } else { when },
        ]);
    }
    table
}

fn changes(own: &Own) -> Table {
    let mut table = Table::new("What got worse first", "").column("Account").number("Score").number("Change").column("Band");
    for one in own.changed.iter().take(LIST_LIMIT) {
        table.row([
            Cell::link(&one.account_name, address::account(one.account_id.as_str())).with_note(&one.risk),
            Cell::number(one.scores()),
            Cell::number(one.gained()),
            Cell::text(one.bands()).coloured(colour(one.band)),
        ]);
    }
    table
}

fn renewals(own: &Own, today: Day) -> Table {
    let mut table = Table::new("By the last day to act", "")
        .column("Act by")
        .column("Account")
        .number("ARR")
        .column("Ends on")
        .column("Band")
        .column("Called");
    for one in own.renewals.iter().take(LIST_LIMIT) {
        let left = count((one.act_by - today).unsigned_abs(), "day left", "days left");
        table.row([
            Cell::day(one.act_by).with_note(left),
            Cell::link(&one.name, address::account(&one.account_id)),
            Cell::number(crate::cli::renewals::amounts(one)),
            Cell::day(one.ends_on),
            Cell::text(band_label(one.band)).coloured(colour(one.band)),
            called(one),
        ]);
    }
    table
}

/// Both calls, where there are any.
pub(super) fn called(one: &Renewal) -> Cell {
    let machine = one.machine_call.map(|call| format!("machine: {}", call.words()));
    let person = one.csm_call.map(|call| format!("CSM: {}", call.words()));
    let calls: Vec<String> = machine.into_iter().chain(person).collect();
    let cell = Cell::text(if calls.is_empty() { "by nobody".to_owned() } else { calls.join("; ") });
    if one.is_at_risk() { cell.coloured("bad") } else { cell }
}

fn waiting(own: &Own) -> Table {
    let mut table = Table::new("The oldest first", "").column("Found").column("Account").column("What");
    for one in own.waiting.iter().take(LIST_LIMIT) {
        let id = one.account_id.as_str();
        table.row([
            Cell::day(short_day(one.opened_on)),
            Cell::link(own.names.get(id).map_or(id, String::as_str), address::account(id)),
            Cell::text(&one.diagnosis).with_note(one.evidence.join("; ")),
        ]);
    }
    table
}
