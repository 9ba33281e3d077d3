//! What people do with tasks: done, snoozed, dismissed, reopened. Every change is kept with its note.

use anyhow::{Context, Result};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::audit::{self, Deed};
use super::task_rows::{PRESCRIPTION, PrescriptionRow, TASK, TaskRow, days, prescription, task};
use super::{Db, Tx, on_db, on_tx};
use crate::model::{Day, Instant};
use crate::playbook::{Task, TaskStatus};

/// What a person does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskChange {
    /// It is done.
    Done,
    /// It waits until this day.
    Snooze(Day),
    /// It is not needed.
    Dismiss,
    /// It is to be done after all.
    Reopen,
}

/// Who changes a task, when and why.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What is done with it.
    pub what: TaskChange,
    /// In that person's words.
    pub note: &'a str,
    /// A user's id, or a name.
    pub actor: &'a str,
    /// When.
    pub at: Instant,
    /// The same in the company's civil time.
    pub today: Day,
}

/// Changes a task. The inner error says why it cannot be changed so; the outer one, that the store failed.
pub async fn change_task(tx: &mut Tx, id: &str, change: &Change<'_>) -> Result<Result<Task, String>> {
    let sql = format!("SELECT {TASK} FROM task WHERE id = $1");
    let row: Option<TaskRow> =
        on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await).context("reading the task")?;
    let Some(row) = row else {
        return Ok(Err(format!("there is no task `{id}`; `longroad tasks` lists them")));
    };
    let sql = format!("SELECT {PRESCRIPTION} FROM prescription WHERE id = $1");
    let of: PrescriptionRow = on_tx!(tx, conn => sqlx::query_as(AssertSqlSafe(sql)).bind(&row.1).fetch_one(conn).await)
        .context("reading the prescription of the task")?;
    let of = prescription(of)?;
    let mut task = task(row, &of)?;
    let before = task.status;
    if let Err(reason) = apply(&mut task, change, of.closed_on) {
        return Ok(Err(format!("task {id} {reason}")));
    }
    let sql = "UPDATE task SET status = $2, snoozed_until = $3, closed_on = $4, note = $5, changed_by = $6
               WHERE id = $1 AND status = $7";
    let updated = on_tx!(tx, conn => sqlx::query(sql)
        .bind(id)
        .bind(task.status.word())
        .bind(task.snoozed_until.map(days))
        .bind(task.closed_on.map(days))
        .bind(&task.note)
        .bind(&task.by)
        .bind(before.word())
        .execute(conn).await.map(|done| done.rows_affected()))
    .context("changing the task")?;
    if updated != 1 {
        return Ok(Err(format!("task {id} was changed by somebody else at the same moment; look at it again")));
    }
    record(tx, &task, change).await?;
    Ok(Ok(task))
}

/// What somebody did with a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PastChange {
    /// When, microseconds of Unix time.
    pub at: Instant,
    /// How the task stood then.
    pub status: String,
    /// In that person's words.
    pub note: String,
    /// Who.
    pub actor: String,
}

/// What people did with a task, the latest last.
pub async fn changes_of(db: &Db, task: &str) -> Result<Vec<PastChange>> {
    let sql = "SELECT at, status, note, actor FROM task_change WHERE task = $1 ORDER BY number";
    let rows: Vec<(i64, String, String, String)> =
        on_db!(db, pool => sqlx::query_as(sql).bind(task).fetch_all(pool).await).context("reading the changes of a task")?;
    let change = |(at, status, note, actor)| PastChange { at: Instant::from_micros(at), status, note, actor };
    Ok(rows.into_iter().map(change).collect())
}

/// Keeps the change itself, with its note; the audit tells that there was one.
async fn record(tx: &mut Tx, task: &Task, change: &Change<'_>) -> Result<()> {
    let sql = "SELECT count(*) FROM task_change WHERE task = $1";
    let number: i64 = on_tx!(tx, conn => sqlx::query_scalar(sql).bind(&task.id).fetch_one(conn).await)
        .context("counting the changes of the task")?;
    let sql =
        "INSERT INTO task_change (task, number, at, status, snoozed_until, note, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(&task.id)
        .bind(number + 1)
        .bind(change.at.micros())
        .bind(task.status.word())
        .bind(task.snoozed_until.map(days))
        .bind(change.note)
        .bind(change.actor)
        .execute(conn).await.map(drop))
    .context("keeping the change of the task")?;
    let action = format!("task {}", task.status.word());
    let detail = task.snoozed_until.map_or(String::new(), |day| format!("until {day}"));
    let deed = Deed { at: change.at, actor: change.actor, action: &action, subject: &task.id, detail: &detail };
    audit::append(tx, &deed).await
}

fn apply(task: &mut Task, change: &Change<'_>, prescription_closed_on: Option<Day>) -> Result<(), String> {
    if change.note.trim().is_empty() {
        return Err("needs a note: the next one to look at the account reads it".to_owned());
    }
    if change.note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err("has a control character in its note; write it without".to_owned());
    }
    let is = |task: &Task| {
        let since = task.closed_on.map_or(String::new(), |day| format!(" since {day}"));
        format!("is {}{since}; reopen it first", task.status.word())
    };
    match change.what {
        TaskChange::Reopen => {
            if task.status == TaskStatus::Open {
                return Err("is open".to_owned());
            }
            if let Some(day) = prescription_closed_on {
                return Err(format!(
                    "belongs to what was reviewed and closed on {day}; the play opens a new one when it is needed"
                ));
            }
            (task.status, task.snoozed_until, task.closed_on) = (TaskStatus::Open, None, None);
        }
        _ if !task.is_pending() => return Err(is(task)),
        TaskChange::Snooze(until) => {
            if until <= change.today {
                return Err(format!("cannot be put off until {until}, which is not after today, {}", change.today));
            }
            (task.status, task.snoozed_until) = (TaskStatus::Snoozed, Some(until));
        }
        TaskChange::Done | TaskChange::Dismiss => {
            task.status = if change.what == TaskChange::Done { TaskStatus::Done } else { TaskStatus::Dismissed };
            (task.snoozed_until, task.closed_on) = (None, Some(change.today));
        }
    }
    task.note = Some(change.note.trim().to_owned());
    task.by = Some(change.actor.to_owned());
    Ok(())
}
