//! The parts of an account's page that are about its score, its work and its terms.

use serde_json::{Value, json};

use super::account::AccountDetail;
use super::address;
use super::table::{Cell, Table};
use crate::cli::renewals::{amounts, call, yes};
use crate::cli::score::{age, costliest};
use crate::cli::tasks::standing;
use crate::cli::words::{amount, count, signed};
use crate::cycle::{FactorReport, ScoreReport};
use crate::model::Day;
use crate::model::record::ContractStatus;
use crate::playbook::{Library, Task};

/// Contracts that are shown, the newest ones.
const CONTRACTS: usize = 10;

/// What is being done.
pub(super) fn tasks(detail: &AccountDetail, library: &Library, today: Day) -> Vec<Value> {
    let task = |task: &Task| {
        let overdue = task.is_open_on(today) && task.due_on < today;
        let person = task.assignee.as_ref().map_or("nobody", |person| detail.person(person.as_str()));
        let solution = task.solution.as_deref().and_then(|name| library.solution(name));
        json!({
            "title": task.title, "href": address::task(&task.id), "due_on": task.due_on, "standing": standing(task, today),
            "overdue": overdue, "person": person, "solution": solution.map_or("", |one| &one.title),
            "solution_href": solution.map_or_else(String::new, |one| address::solution(&one.name)),
        })
    };
    let open = detail.prescriptions.iter().flatten().filter(|one| one.prescription.is_open());
    let open = open.map(|one| {
        let of = &one.prescription;
        let tasks: Vec<Value> = one.tasks.iter().filter(|one| one.is_pending()).map(task).collect();
        json!({
            "diagnosis": of.diagnosis, "evidence": of.evidence.join("; "), "opened_on": of.opened_on,
            "attempt": if of.attempt > 1 { format!(", attempt {}", of.attempt) } else { String::new() },
            "said": of.said.as_deref().unwrap_or_default(), "waits": one.tasks.is_empty(), "tasks": tasks, "review_on": of.review_on,
        })
    });
    open.collect()
}

/// What was done of late, and what the review said.
pub(super) fn past(detail: &AccountDetail) -> Vec<Value> {
    let closed = detail.prescriptions.iter().flatten().filter(|one| !one.prescription.is_open());
    let closed = closed.map(|one| {
        let of = &one.prescription;
        let outcome = of.outcome.as_deref().unwrap_or("closed").replace('_', " ");
        json!({
            "diagnosis": of.diagnosis, "outcome": outcome, "said": of.said.as_deref().unwrap_or_default(),
            "opened_on": of.opened_on, "closed_on": of.closed_on.map_or_else(String::new, |day| day.to_string()),
        })
    });
    closed.collect()
}

/// What the score is the sum of.
pub(super) fn factors(factors: &[FactorReport]) -> Table {
    let mut table = Table::new("What the score is the sum of, the costliest first", "")
        .number("Costs")
        .column("Factor")
        .column("Dimension")
        .number("Age")
        .number("Weight")
        .number("Points");
    for (cost, factor) in costliest(factors) {
        table.row([
            Cell::number(format!("{cost:.1}")),
            Cell::text(&factor.text).long(),
            Cell::text(&factor.dimension),
            Cell::number(age(factor)),
            Cell::number(format!("{:.1} %", factor.weight * 100.0)),
            Cell::number(format!("{:.1} of {:.1}", factor.points, factor.max_points)),
        ]);
    }
    table
}

/// What takes or gives points whatever the signals say.
pub(super) fn apart(factors: &[FactorReport], dimension: &str) -> Vec<Value> {
    let apart = factors.iter().filter(|factor| factor.dimension == dimension);
    apart.map(|factor| json!({"points": signed(factor.points), "text": factor.text})).collect()
}

/// What moved since the account's previous turn.
pub(super) fn changes(score: &ScoreReport) -> Value {
    let since = score.changed_since.filter(|_| !score.changes.is_empty());
    let (large, small): (Vec<_>, Vec<_>) = score.changes.iter().partition(|change| change.delta.abs() >= 0.05);
    let lines: Vec<Value> = large.iter().map(|change| json!({"points": signed(change.delta), "text": change.text})).collect();
    let rest = if small.is_empty() { String::new() } else { format!("{} more by less than 0.05 points each", small.len()) };
    json!({"since": since.map_or_else(String::new, |day| day.to_string()), "lines": lines, "rest": rest})
}

/// What comes up for renewal.
pub(super) fn renewals(detail: &AccountDetail) -> Table {
    let mut table = Table::new("What comes up for renewal", "No renewal lies ahead.")
        .column("Ends on")
        .column("Last day to act")
        .number("Revenue a year")
        .number("Rise")
        .column("Runs on by itself")
        .column("The machine's call")
        .column("A person's call")
        .column("Contracts");
    for one in &detail.known.renewals {
        let days = |days: i32| match days {
            0 => "today".to_owned(),
            ..0 => format!("{} ago", count(days.unsigned_abs(), "day", "days")),
            _ => format!("in {}", count(days.unsigned_abs(), "day", "days")),
        };
        let by = one.csm_by.as_deref().map_or_else(String::new, |by| format!("by {}", detail.person(by)));
        let notice = if one.notice_given { "notice was given" } else { "" };
        let acts = Cell::day(one.act_by).with_note(days(one.days_to_act));
        table.row([
            Cell::day(one.ends_on).with_note(days(one.days_to_end)),
            if one.days_to_act < 0 && one.auto_renews != Some(true) { acts.coloured("day bad") } else { acts },
            Cell::number(amounts(one)),
            Cell::number(one.uplift_percent.as_ref().map_or_else(String::new, |percent| format!("{percent} %"))),
            Cell::text(yes(one.auto_renews)).with_note(notice),
            Cell::text(call(one.machine_call)).with_note(one.machine_reasons.first().cloned().unwrap_or_default()),
            Cell::text(call(one.csm_call)).with_note(by),
            Cell::text(one.contracts.join(", ")),
        ]);
    }
    table
}

/// The contracts, the newest first.
pub(super) fn contracts(detail: &AccountDetail) -> Table {
    let mut table = Table::new("Contracts, the newest first", "No contract is known.")
        .column("Contract")
        .column("From")
        .column("Until")
        .number("Amount")
        .column("Product")
        .number("Seats")
        .number("Notice")
        .column("Status");
    for one in detail.known.contracts.iter().take(CONTRACTS) {
        let months = one
            .period_months
            .map_or_else(|| "the whole term".to_owned(), |months| format!("per {}", count(months, "month", "months")));
        let status = one.status.map_or("", ContractStatus::word);
        let notice = one.cancelled_on.map_or_else(String::new, |day| format!("notice on {day}"));
        table.row([
            Cell::text(&one.id),
            Cell::day(one.starts_on),
            one.ends_on.map_or_else(|| Cell::text("open-ended"), Cell::day),
            Cell::number(format!("{} {}", one.currency, amount(&one.amount.to_string()))).with_note(months),
            Cell::text(one.product.as_deref().unwrap_or("–")),
            Cell::number(one.seats.map_or_else(|| "–".to_owned(), |seats| seats.to_string())),
            Cell::number(one.notice_days.map_or_else(|| "–".to_owned(), |days| format!("{days} d"))),
            Cell::text(if one.trial == Some(true) { "trial" } else { status }).with_note(notice),
        ]);
    }
    table
}

/// The contracts whose renewal can be called alone.
pub(super) fn terms(detail: &AccountDetail) -> Vec<&str> {
    detail.known.renewals.iter().flat_map(|one| &one.contracts).map(String::as_str).collect()
}
