//! What the sample company's people call its renewals, and what they do with their tasks: most are done on their day, some wait, a few are waved away, and
//! some are left lying, so that reviews have something to look at.

use super::random::Random;
use crate::health::opinion::Call;
use crate::model::Day;
use crate::playbook::{Task, TaskStatus};
use crate::revenue::renewal::Renewal;
use crate::store::TaskChange;

/// What is done with a task after the morning of `on`, and the note that goes with it. `None`: nothing today.
pub fn answer(task: &Task, on: Day) -> Option<(TaskChange, &'static str)> {
    let number = task.id.bytes().fold(0u64, |number, byte| number.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut dice = Random::of(&[number]);
    let kind = dice.unit();
    let late = dice.between(0, 3);
    let due = task.snoozed_until.unwrap_or(task.due_on);
    if !task.is_pending() || on < due + late {
        return None;
    }
    match kind {
        ..0.62 => Some((TaskChange::Done, "done as described; wrote down what they said")),
        ..0.72 if task.status == TaskStatus::Open && task.snoozed_until.is_none() => {
            Some((TaskChange::Snooze(on + 7), "they are at their fair this week"))
        }
        ..0.72 => Some((TaskChange::Done, "reached them after the fair")),
        ..0.78 => Some((TaskChange::Dismiss, "known and agreed with them before")),
        // Left lying.
        _ => None,
    }
}

/// What the CSM calls a renewal on some morning, and why. Most see it as the machine does; some know better, some hope.
/// `None`: nothing today.
pub fn call(renewal: &Renewal, on: Day) -> Option<(Call, &'static str)> {
    if renewal.csm_call.is_some() || renewal.notice_given {
        return None;
    }
    let number = renewal.account_id.bytes().fold(0u64, |number, byte| number.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut dice = Random::of(&[number, 7]);
    let (kind, first) = (dice.unit(), dice.between(20, 110));
    // Each has a distance from the end at which the CSM begins to think of it.
    if renewal.ends_on - on > first {
        return None;
    }
    Some(match kind {
        ..0.12 => (Call::AtRisk, "their new head of finance compares three vendors"),
        ..0.22 => (Call::Commit, "the buyer asked for the paper work"),
        ..0.40 => return None,
        ..0.60 => (Call::BestCase, "they like it; the budget is not signed off"),
        _ => (renewal.machine_call?, "as the figures say, and as they told me"),
    })
}
