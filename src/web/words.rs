//! Words and figures as pages say them.

use crate::model::Day;
use crate::playbook::{Task, TaskStatus};

/// `1 task`, `2 tasks`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How a task stands today.
pub(super) fn standing(task: &Task, today: Day) -> String {
    match (task.status, task.snoozed_until, task.closed_on) {
        (TaskStatus::Snoozed, Some(until), _) if until > today => format!("put off until {until}"),
        (TaskStatus::Waiting, ..) => "waits for another task".to_owned(),
        (TaskStatus::Open | TaskStatus::Snoozed, ..) if task.due_on < today => {
            format!("overdue for {}", count((today - task.due_on).unsigned_abs() as usize, "day", "days"))
        }
        (TaskStatus::Open | TaskStatus::Snoozed, ..) => "open".to_owned(),
        (status, _, Some(day)) => format!("{} on {day}", status.word()),
        (status, ..) => status.word().to_owned(),
    }
}
