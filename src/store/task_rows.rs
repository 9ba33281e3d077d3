//! Prescriptions and tasks as rows, and back.

use anyhow::{Context, Result};

use super::packed::Fields;

use crate::model::{Day, Id};
use crate::playbook::{Owner, Prescription, PrescriptionStatus, Task, TaskStatus};

/// The columns of `prescription`, in the order of [`PrescriptionRow`].
pub(super) const PRESCRIPTION: &str = "id, account_id, playbook, diagnosis, severe, attempt, opened_on, review_on, status, closed_on, outcome, said, evidence, \
     identity, occasion";

/// Those of them that may hold NULL.
pub(super) const PRESCRIPTION_NULLABLE: &[&str] = &["closed_on", "outcome", "said", "occasion"];

pub(super) type PrescriptionRow = (
    String,
    String,
    String,
    String,
    bool,
    i64,
    i64,
    i64,
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
    String,
    Option<String>,
);

/// The columns of `task`, in the order of [`TaskRow`].
pub(super) const TASK: &str = "id, prescription, step, csm, assignee, owner, solution, title, due_on, status, snoozed_until, \
                               note, changed_by, closed_on, kind, after_step";

/// Those of them that may hold NULL.
pub(super) const TASK_NULLABLE: &[&str] =
    &["csm", "assignee", "solution", "snoozed_until", "note", "changed_by", "closed_on", "after_step"];

pub(super) type TaskRow = (
    String,
    String,
    i64,
    Option<String>,
    Option<String>,
    String,
    Option<String>,
    String,
    i64,
    String,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<i64>,
    String,
    Option<i64>,
);

/// The columns of [`PRESCRIPTION`] from a packed row.
pub(super) fn prescription_fields(mut row: Fields<'_>) -> Result<PrescriptionRow> {
    let row = &mut row;
    let mut text = || row.text().map(str::to_owned);
    let (id, account_id, playbook, diagnosis) = (text()?, text()?, text()?, text()?);
    let (severe, attempt, opened_on, review_on) = (row.flag()?, row.number()?, row.number()?, row.number()?);
    let (status, closed_on) = (row.text()?.to_owned(), row.optional_number()?);
    let (outcome, said, evidence) = (row.optional_text()?, row.optional_text()?, row.text()?.to_owned());
    let (identity, occasion) = (row.text()?.to_owned(), row.optional_text()?);
    Ok((
        id, account_id, playbook, diagnosis, severe, attempt, opened_on, review_on, status, closed_on, outcome, said, evidence,
        identity, occasion,
    ))
}

/// The columns of [`TASK`] from a packed row.
pub(super) fn task_fields(mut row: Fields<'_>) -> Result<TaskRow> {
    let row = &mut row;
    let (id, prescription, step) = (row.text()?.to_owned(), row.text()?.to_owned(), row.number()?);
    let (csm, assignee, owner) = (row.optional_text()?, row.optional_text()?, row.text()?.to_owned());
    let (solution, title, due_on) = (row.optional_text()?, row.text()?.to_owned(), row.number()?);
    let (status, snoozed_until) = (row.text()?.to_owned(), row.optional_number()?);
    let (note, by, closed_on) = (row.optional_text()?, row.optional_text()?, row.optional_number()?);
    let (kind, after) = (row.text()?.to_owned(), row.optional_number()?);
    Ok((
        id,
        prescription,
        step,
        csm,
        assignee,
        owner,
        solution,
        title,
        due_on,
        status,
        snoozed_until,
        note,
        by,
        closed_on,
        kind,
        after,
    ))
}

pub(super) fn prescription(row: PrescriptionRow) -> Result<Prescription> {
    let (
        id,
        account_id,
        playbook,
        diagnosis,
        severe,
        attempt,
        opened_on,
        review_on,
        status,
        closed_on,
        outcome,
        said,
        evidence,
        identity,
        occasion,
    ) = row;
    let wrong = |column: &str| format!("table prescription, column {column}, key {id}");
    Ok(Prescription {
        account_id: person(&account_id).with_context(|| wrong("account_id"))?,
        playbook,
        diagnosis,
        severe,
        attempt: u32::try_from(attempt).with_context(|| wrong("attempt"))?,
        opened_on: day(opened_on).with_context(|| wrong("opened_on"))?,
        review_on: day(review_on).with_context(|| wrong("review_on"))?,
        status: PrescriptionStatus::parse(&status).with_context(|| wrong("status"))?,
        closed_on: closed_on.map(day).transpose().with_context(|| wrong("closed_on"))?,
        outcome,
        said,
        evidence: evidence.lines().map(str::to_owned).collect(),
        identity,
        occasion,
        id,
    })
}

pub(super) fn task(row: TaskRow, of: &Prescription) -> Result<Task> {
    let (
        id,
        prescription,
        step,
        csm,
        assignee,
        owner,
        solution,
        title,
        due_on,
        status,
        snoozed_until,
        note,
        by,
        closed_on,
        kind,
        after,
    ) = row;
    let wrong = |column: &str| format!("table task, column {column}, key {id}");
    Ok(Task {
        account_id: of.account_id.clone(),
        csm: csm.as_deref().map(person).transpose().with_context(|| wrong("csm"))?,
        assignee: assignee.as_deref().map(person).transpose().with_context(|| wrong("assignee"))?,
        owner: Owner::parse(&owner).with_context(|| wrong("owner"))?,
        playbook: of.playbook.clone(),
        diagnosis: of.diagnosis.clone(),
        solution,
        title,
        opened_on: of.opened_on,
        due_on: day(due_on).with_context(|| wrong("due_on"))?,
        status: TaskStatus::parse(&status).with_context(|| wrong("status"))?,
        attempt: of.attempt,
        prescription,
        step: u32::try_from(step).with_context(|| wrong("step"))?,
        snoozed_until: snoozed_until.map(day).transpose().with_context(|| wrong("snoozed_until"))?,
        note,
        by,
        closed_on: closed_on.map(day).transpose().with_context(|| wrong("closed_on"))?,
        kind,
        after: after.map(u32::try_from).transpose().with_context(|| wrong("after_step"))?,
        id,
    })
}

pub(super) fn days(day: Day) -> i64 {
    i64::from(day.days())
}

fn day(days: i64) -> Result<Day> {
    Ok(Day::from_days(i32::try_from(days)?))
}

fn person(text: &str) -> Result<Id> {
    Id::parse(text).map_err(anyhow::Error::msg)
}
