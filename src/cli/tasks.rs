//! `longroad tasks`.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::sheet::{Sheet, cell};
use super::table::{Side, Table};
use super::words::count;
use crate::clock::Clock;
use crate::model::Day;
use crate::playbook::{Prescription, Task, TaskStatus};
use crate::store::tasks::{self, TaskFilter};

/// List what is to be done, by due date
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad tasks --csm dana --csv tasks.csv")]
pub struct Arguments {
    /// Only those of this user's accounts, and those that this user is to do
    #[arg(long, value_name = "ID")]
    csm: Option<String>,
    /// Besides those that are closed since this day
    #[arg(long, value_name = "DATE")]
    closed_since: Option<Day>,
    /// What was found and waits, because its owner's days are full
    #[arg(long, conflicts_with_all = ["csm", "closed_since"])]
    waiting: bool,
    #[command(flatten)]
    sheet: Sheet,
}

/// Lists them.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    if arguments.waiting {
        let waiting = tasks::waiting(&db).await?;
        db.close().await;
        arguments.sheet.write(&WAITING_HEADS, waiting.iter().map(waiting_cells))?;
        return Reply::new(waiting_text(&waiting), &json!({"waiting": waiting}));
    }
    let filter = TaskFilter { csm: arguments.csm.as_deref(), closed_since: arguments.closed_since };
    let tasks = tasks::list(&db, filter).await?;
    db.close().await;
    arguments.sheet.write(&HEADS, tasks.iter().map(cells))?;
    Reply::new(text(&tasks, open::today(&config, clock)), &json!({"tasks": tasks}))
}

fn waiting_text(waiting: &[Prescription]) -> String {
    if waiting.is_empty() {
        return "nothing waits".to_owned();
    }
    let columns =
        [("found", Side::Left, 10), ("account", Side::Left, 24), ("diagnosis", Side::Left, 40), ("because", Side::Left, 70)];
    let mut table = Table::new(&columns);
    for one in waiting {
        let because = one.evidence.join("; ");
        table.row([one.opened_on.to_string(), one.account_id.to_string(), one.diagnosis.clone(), because]);
    }
    let number = count(waiting.len() as u64, "prescription waits", "prescriptions wait");
    format!("{table}\n{number} for a free day of its owner")
}

fn text(tasks: &[Task], today: Day) -> String {
    if tasks.is_empty() {
        return "nothing is to be done".to_owned();
    }
    let mut table = Table::new(&[
        ("due", Side::Left, 10),
        ("id", Side::Left, 14),
        ("account", Side::Left, 24),
        ("for", Side::Left, 16),
        ("what", Side::Left, 48),
        ("because", Side::Left, 40),
        ("status", Side::Left, 40),
    ]);
    for task in tasks {
        let assignee = task.assignee.as_ref().map_or("–", |person| person.as_str());
        table.row([
            &task.due_on.to_string(),
            &task.id,
            task.account_id.as_str(),
            assignee,
            &task.title,
            &task.diagnosis,
            &standing(task, today),
        ]);
    }
    let overdue = tasks.iter().filter(|task| task.is_open_on(today) && task.due_on < today).count();
    format!("{table}\n{}, {overdue} overdue", count(tasks.len() as u64, "task", "tasks"))
}

/// How a task stands today.
pub fn standing(task: &Task, today: Day) -> String {
    match (task.status, task.snoozed_until, task.closed_on) {
        (TaskStatus::Snoozed, Some(until), _) if until > today => format!("snoozed until {until}"),
        (TaskStatus::Waiting, ..) => "waits for another task".to_owned(),
        (TaskStatus::Open | TaskStatus::Snoozed, ..) if task.due_on < today => {
            format!("overdue for {}", count((today - task.due_on).unsigned_abs(), "day", "days"))
        }
        (TaskStatus::Open | TaskStatus::Snoozed, ..) => "open".to_owned(),
        (status, _, Some(day)) => format!("{} on {day}", status.word()),
        (status, ..) => status.word().to_owned(),
    }
}

const HEADS: [&str; 17] = [
    "id",
    "due_on",
    "account_id",
    "csm",
    "assignee",
    "title",
    "diagnosis",
    "playbook",
    "solution",
    "kind",
    "attempt",
    "status",
    "opened_on",
    "snoozed_until",
    "closed_on",
    "by",
    "note",
];

fn cells(task: &Task) -> Vec<String> {
    vec![
        task.id.clone(),
        task.due_on.to_string(),
        task.account_id.to_string(),
        cell(task.csm.as_ref()),
        cell(task.assignee.as_ref()),
        task.title.clone(),
        task.diagnosis.clone(),
        task.playbook.clone(),
        cell(task.solution.as_ref()),
        task.kind.clone(),
        task.attempt.to_string(),
        task.status.word().to_owned(),
        task.opened_on.to_string(),
        cell(task.snoozed_until),
        cell(task.closed_on),
        cell(task.by.as_ref()),
        cell(task.note.as_ref()),
    ]
}

const WAITING_HEADS: [&str; 6] = ["id", "found_on", "account_id", "playbook", "diagnosis", "evidence"];

fn waiting_cells(one: &Prescription) -> Vec<String> {
    let evidence = one.evidence.join("; ");
    let (id, playbook, diagnosis) = (one.id.clone(), one.playbook.clone(), one.diagnosis.clone());
    vec![id, one.opened_on.to_string(), one.account_id.to_string(), playbook, diagnosis, evidence]
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::model::Id;
    use crate::playbook::Owner;

    /// A task of the account `acme` for `u1`.
    pub fn sample(id: &str, due_on: i32, status: TaskStatus) -> Task {
        Task {
            id: id.to_owned(),
            account_id: Id::parse("acme").unwrap(),
            csm: Some(Id::parse("u1").unwrap()),
            assignee: Some(Id::parse("u1").unwrap()),
            owner: Owner::Csm,
            playbook: "use-fell".to_owned(),
            diagnosis: "Use fell by half".to_owned(),
            solution: None,
            title: "Call the champion".to_owned(),
            opened_on: Day::from_days(19_990),
            due_on: Day::from_days(due_on),
            status,
            attempt: 1,
            prescription: "p".to_owned(),
            step: 0,
            snoozed_until: (status == TaskStatus::Snoozed).then(|| Day::from_days(20_005)),
            note: None,
            by: None,
            closed_on: (status == TaskStatus::Done).then(|| Day::from_days(19_999)),
            kind: "call".to_owned(),
            after: None,
        }
    }

    #[test]
    fn each_task_says_how_it_stands() {
        let tasks = [
            sample("t-1", 19_999, TaskStatus::Open),
            sample("t-2", 20_000, TaskStatus::Open),
            sample("t-3", 20_000, TaskStatus::Snoozed),
            sample("t-4", 20_001, TaskStatus::Done),
        ];
        assert_eq!(
            text(&tasks, Day::from_days(20_000)),
            "due         id   account  for  what               because           status
2024-10-03  t-1  acme     u1   Call the champion  Use fell by half  overdue for 1 day
2024-10-04  t-2  acme     u1   Call the champion  Use fell by half  open
2024-10-04  t-3  acme     u1   Call the champion  Use fell by half  snoozed until 2024-10-09
2024-10-05  t-4  acme     u1   Call the champion  Use fell by half  done on 2024-10-03

4 tasks, 1 overdue"
        );
        assert_eq!(standing(&tasks[2], Day::from_days(20_010)), "overdue for 10 days", "the snooze is over");
    }
}
