//! `/tasks/ID`: one task with all that is known of it, and what can be done with it.

use anyhow::Error;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::AppState;
use super::address;
use super::pages::Body;
use super::solutions::NoQuery;
use super::tasks::{account_href, is_for};
use super::view::{self, Asked, Refusal, View, refuse};
use super::visitor::Visitor;
use crate::cli::tasks::standing;
use crate::model::{Day, Id};
use crate::playbook::{Prescription, Task, TaskStatus};
use crate::store::facts::AsOf;
use crate::store::{Change, PastChange, TaskChange, accounts, change_task, changes_of, tasks};

/// The page.
pub(super) struct OneTask;

/// A task with all that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct TaskDetail {
    task: Task,
    prescription: Prescription,
    /// The other tasks of the prescription.
    beside: Vec<Task>,
    changes: Vec<PastChange>,
    account: String,
    assignee: Option<String>,
    solution_title: Option<String>,
    solution_in_short: Option<String>,
}

fn missing() -> Refusal {
    Refusal::Missing("There is no such task, or its account is not yours any more.".to_owned())
}

impl View for OneTask {
    type Query = NoQuery;
    type Report = TaskDetail;
    const TEMPLATE: &'static str = "task";
    const SUMMARY: &'static str = "One task with its prescription, its solution and what was done with it";

    async fn report(asked: &Asked<NoQuery>) -> Result<TaskDetail, Refusal> {
        let state = &asked.state;
        let (prescription, mut beside) = tasks::with_task(&state.db, &asked.id).await?.ok_or_else(missing)?;
        let place = beside.iter().position(|task| task.id == asked.id && is_for(&asked.visitor, task)).ok_or_else(missing)?;
        let task = beside.remove(place);
        let as_of = AsOf { day: state.today(), through_pull: i64::MAX };
        let known = accounts::some(&state.db, &[task.account_id.as_str()], as_of, state.config().company.zone()).await?;
        let users = state.users().await?;
        let name = |id: &Id| users.get(id.as_str()).map_or_else(|| id.to_string(), |user| user.name.clone());
        let solution = task.solution.as_ref().and_then(|name| state.setup.library.solution(name));
        let mut changes = changes_of(&state.db, &task.id).await?;
        for change in &mut changes {
            if let Some(user) = users.get(&change.actor) {
                change.actor.clone_from(&user.name);
            }
        }
        Ok(TaskDetail {
            account: known.into_values().next().map_or_else(|| task.account_id.to_string(), |account| account.name),
            assignee: task.assignee.as_ref().map(name),
            solution_title: solution.map(|one| one.title.clone()),
            solution_in_short: solution.map(|one| one.in_short.clone()),
            changes,
            beside,
            prescription,
            task,
        })
    }

    fn body(asked: &Asked<NoQuery>, detail: &TaskDetail) -> Result<Body, Error> {
        let (task, today, zone) = (&detail.task, asked.state.today(), asked.state.config().company.zone());
        let beside = detail
            .beside
            .iter()
            .map(|one| json!({"title": one.title, "href": address::task(&one.id), "standing": standing(one, today)}));
        let changes = detail.changes.iter().map(|one| {
            json!({"on": zone.day_of(one.at), "at": zone.clock_of(one.at), "by": one.actor, "status": one.status, "note": one.note})
        });
        let content = json!({
            "account": detail.account,
            "account_href": account_href(&asked.visitor, task),
            "diagnosis": task.diagnosis,
            "evidence": detail.prescription.evidence,
            "standing": standing(task, today),
            "overdue": task.is_open_on(today) && task.due_on < today,
            "due_on": task.due_on,
            "opened_on": task.opened_on,
            "review_on": detail.prescription.review_on,
            "attempt": task.attempt,
            "again": task.attempt > 1,
            "assignee": detail.assignee.as_deref().unwrap_or("nobody"),
            "solution": detail.solution_title.as_deref().unwrap_or(""),
            "in_short": detail.solution_in_short.as_deref().unwrap_or(""),
            "solution_href": task.solution.as_deref().map_or_else(String::new, address::solution),
            "beside": beside.collect::<Vec<_>>(),
            "changes": changes.collect::<Vec<_>>(),
            "action": address::task(&task.id),
            "pending": task.is_pending(),
            "reopens": task.status != TaskStatus::Open && detail.prescription.is_open(),
            "tomorrow": today + 1,
        });
        Body::new(task.title.clone(), &content)
    }
}

/// What is done with it.
#[derive(Debug, Deserialize)]
pub(super) struct Doing {
    what: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    until: String,
}

/// Does it, and goes on at the page of the task.
pub(super) async fn change(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(doing): Form<Doing>,
) -> Response {
    let path = address::task(&id);
    let visitor = match view::visitor(&state, &headers, &path).await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    match done(&state, &visitor, &id, &doing).await {
        Ok(said) => Redirect::to(&format!("{path}?said={said}")).into_response(),
        Err(refusal) => refuse(&state, Some(&visitor), &path, &refusal),
    }
}

async fn done(state: &AppState, visitor: &Visitor, id: &str, doing: &Doing) -> Result<&'static str, Refusal> {
    let (what, said) = match doing.what.as_str() {
        "done" => (TaskChange::Done, "done"),
        "dismiss" => (TaskChange::Dismiss, "dismissed"),
        "reopen" => (TaskChange::Reopen, "reopened"),
        "snooze" => {
            let until: Result<Day, _> = doing.until.parse();
            (TaskChange::Snooze(until.map_err(|_| Refusal::Wrong("Say until which day it is put off.".to_owned()))?), "snoozed")
        }
        other => return Err(Refusal::Wrong(format!("There is no answer `{other}` to a task."))),
    };
    let (_, tasks) = tasks::with_task(&state.db, id).await?.ok_or_else(missing)?;
    tasks.iter().find(|task| task.id == id && is_for(visitor, task)).ok_or_else(missing)?;
    let (actor, at, today) = (visitor.user.id.as_str(), state.clock.now(), state.today());
    let mut tx = state.db.begin().await?;
    let changed = change_task(&mut tx, id, &Change { what, note: &doing.note, actor, at, today }).await?;
    changed.map_err(|reason| Refusal::Wrong(format!("{reason}.")))?;
    tx.commit().await?;
    state.memo.clear();
    Ok(said)
}
