//! `longroad tasks`.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::clock::Clock;
use crate::model::Day;
use crate::playbook::{Task, TaskStatus};
use crate::store::tasks::{self, TaskFilter};

/// List what is to be done, by due date
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad tasks --csm dana")]
pub struct Arguments {
    /// Only those of this user's accounts, and those that this user is to do
    #[arg(long, value_name = "ID")]
    csm: Option<String>,
    /// Besides those that are closed since this day
    #[arg(long, value_name = "DATE")]
    closed_since: Option<Day>,
}

/// Lists them.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let filter = TaskFilter { csm: arguments.csm.as_deref(), closed_since: arguments.closed_since };
    let tasks = tasks::list(&db, filter).await?;
    db.close().await;
    Reply::new(text(&tasks, open::today(&config, clock)), &json!({"tasks": tasks}))
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
        (TaskStatus::Open | TaskStatus::Snoozed, ..) if task.due_on < today => {
            format!("overdue for {}", count((today - task.due_on).unsigned_abs(), "day", "days"))
        }
        (TaskStatus::Open | TaskStatus::Snoozed, ..) => "open".to_owned(),
        (status, _, Some(day)) => format!("{} on {day}", status.word()),
        (status, ..) => status.word().to_owned(),
    }
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
