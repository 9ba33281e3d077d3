//! What is being done for an account, and what was done of late.

use anyhow::Result;
use serde::Serialize;

use super::AppState;
use crate::playbook::{Prescription, Task};
use crate::store::tasks;

/// Days for which prescriptions are shown that are done with.
const PAST_DAYS: i32 = 90;
/// Prescriptions that are looked at, the newest first.
const MOST: u32 = 200;

/// A prescription with its tasks.
#[derive(Debug, Serialize)]
pub(super) struct Prescribed {
    #[serde(flatten)]
    pub prescription: Prescription,
    /// In their order.
    pub tasks: Vec<Task>,
}

/// The open prescriptions and those closed of late, the newest first.
pub(super) async fn work(state: &AppState, account: &str) -> Result<Vec<Prescribed>> {
    let (mut prescriptions, tasks) = tasks::of_account(&state.db, account, MOST).await?;
    let since = state.today() - PAST_DAYS;
    prescriptions.retain(|one| one.closed_on.is_none_or(|closed| closed >= since));
    let with_tasks = |prescription: Prescription| {
        let mut tasks: Vec<Task> = tasks.iter().filter(|task| task.prescription == prescription.id).cloned().collect();
        tasks.sort_by(|a, b| (a.attempt, a.step, &a.id).cmp(&(b.attempt, b.step, &b.id)));
        Prescribed { prescription, tasks }
    };
    Ok(prescriptions.into_iter().map(with_tasks).collect())
}
