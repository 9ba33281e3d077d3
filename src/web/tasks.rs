//! `/tasks`: what is to be done, the longest overdue first.

use std::collections::BTreeMap;

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address;
use super::pager::Pager;
use super::pages::Body;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cli::tasks::standing;
use crate::cli::words::count;
use crate::model::record::User;
use crate::playbook::Task;
use crate::store::accounts;
use crate::store::facts::AsOf;
use crate::store::tasks::{self, TaskFilter};

/// Days for which tasks are shown that are done with.
const CLOSED_DAYS: i32 = 30;

/// The list.
pub(super) struct Tasks;

/// Which tasks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// Only those of this person; of everybody whom the visitor sees, if empty.
    csm: String,
    /// `open` if empty; `closed`: done, dismissed or closed of late.
    show: String,
    page: String,
}

/// What is to be done.
#[derive(Debug, Serialize)]
pub(super) struct TaskList {
    tasks: Vec<Task>,
    #[serde(skip)]
    names: BTreeMap<String, String>,
    #[serde(skip)]
    people: BTreeMap<String, User>,
    #[serde(skip)]
    pager: Pager,
}

/// Whether a task is for a visitor's eyes: of an account that they see, or theirs to do.
pub(super) fn is_for(visitor: &Visitor, task: &Task) -> bool {
    let own = task.assignee.as_ref().is_some_and(|person| *person == visitor.user.id);
    own || visitor.sight.sees(task.csm.as_ref().map(crate::model::Id::as_str))
}

/// Where a task's account is shown; empty where it is not for the visitor's eyes, though the task is theirs.
pub(super) fn account_href(visitor: &Visitor, task: &Task) -> String {
    let sees = visitor.sight.sees(task.csm.as_ref().map(crate::model::Id::as_str));
    if sees { address::account(task.account_id.as_str()) } else { String::new() }
}

impl View for Tasks {
    type Query = Which;
    type Report = TaskList;
    const TEMPLATE: &'static str = "tasks";
    const SUMMARY: &'static str = "What is to be done, by due date";
    const QUERY: &'static [(&'static str, &'static str)] = &[
        ("csm", "Only those of this user's accounts, and those that this user is to do"),
        ("show", "`open` (if empty) or `closed`: done with in the last 30 days"),
    ];

    async fn report(asked: &Asked<Which>) -> Result<TaskList, Refusal> {
        let (state, visitor, which) = (&asked.state, &asked.visitor, &asked.query);
        let today = state.today();
        let closed = match which.show.as_str() {
            "" | "open" => false,
            "closed" => true,
            other => return Err(Refusal::Wrong(format!("There is no list `{other}`; there are open and closed."))),
        };
        // Whoever leads nobody asks the store for their own alone.
        let own = visitor.user.id.to_string();
        let csm = if which.csm.is_empty() && !visitor.leads() { own } else { which.csm.clone() };
        let filter = TaskFilter { csm: Some(csm.as_str()), closed_since: closed.then(|| today - CLOSED_DAYS) };
        let mut tasks = tasks::list(&state.db, filter).await?;
        tasks.retain(|task| is_for(visitor, task) && task.is_pending() != closed);
        if closed {
            tasks.reverse();
        }
        let pager = Pager::of(&which.page, tasks.len())?;
        let shown: Vec<&str> = tasks[pager.range()].iter().map(|task| task.account_id.as_str()).collect();
        let as_of = AsOf { day: today, through_pull: i64::MAX };
        let known = accounts::some(&state.db, &shown, as_of, state.config().company.zone()).await?;
        let names = known.into_iter().map(|(id, account)| (id, account.name)).collect();
        Ok(TaskList { tasks, names, people: state.users().await?, pager })
    }

    fn body(asked: &Asked<Which>, list: &TaskList) -> Result<Body, Error> {
        let (today, which) = (asked.state.today(), &asked.query);
        let closed = which.show == "closed";
        let mut table = Table::new(
            if closed { "Tasks that are done with" } else { "Tasks, the longest due first" },
            if closed { "Nothing was done of late." } else { "Nothing is to be done." },
        )
        .column("Due")
        .column("What")
        .column("Account")
        .column("For")
        .column("Status");
        for task in &list.tasks[list.pager.range()] {
            table.row(row(asked, task, list));
        }
        let overdue = list.tasks.iter().filter(|task| task.is_open_on(today) && task.due_on < today).count();
        let of = |show: &str| format!("/tasks?csm={}&show={show}", address::encoded(&which.csm));
        let people: Vec<_> = list.people.values().filter(|user| asked.visitor.sight.sees(Some(user.id.as_str()))).collect();
        let people: Vec<_> = people
            .iter()
            .map(|user| json!({"id": user.id, "name": user.name, "chosen": user.id.as_str() == which.csm}))
            .collect();
        let content = json!({
            "total": count(list.tasks.len() as u64, "task", "tasks"),
            "overdue": overdue,
            "closed": closed,
            "open_href": of("open"),
            "closed_href": of("closed"),
            "csm": which.csm,
            "show": which.show,
            "people": if asked.visitor.leads() { people } else { Vec::new() },
            "table": table,
            "pager": list.pager.links(&format!("{}&page=", of(&which.show))),
        });
        Body::new("Tasks", &content)
    }
}

fn row(asked: &Asked<Which>, task: &Task, list: &TaskList) -> [Cell; 5] {
    let today = asked.state.today();
    let name = |id: &str| list.people.get(id).map_or_else(|| id.to_owned(), |user| user.name.clone());
    let account = list.names.get(task.account_id.as_str()).map_or(task.account_id.as_str(), String::as_str);
    let overdue = task.is_open_on(today) && task.due_on < today;
    let status = Cell::text(standing(task, today));
    [
        Cell::day(task.due_on),
        Cell::link(&task.title, address::task(&task.id)).with_note(&task.diagnosis),
        Cell::link(account, account_href(&asked.visitor, task)),
        Cell::text(task.assignee.as_ref().map_or_else(|| "–".to_owned(), |person| name(person.as_str()))),
        if overdue { status.coloured("bad") } else { status },
    ]
}
