//! Tasks and prescriptions counted, as a plan and a look at people's load want them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::task_rows::days;
use super::{Tx, on_tx};
use crate::model::Day;

/// What there is of one play for one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Tasks opened on the morning.
    pub opened: i64,
    /// Tasks closed by a review on the morning.
    pub closed: i64,
    /// Prescriptions that wait for room, of all mornings.
    pub waiting: i64,
}

/// Counts by play and person (empty: nobody) on a morning. Who a waiting prescription is for is known when it begins.
pub async fn tally(tx: &mut Tx, on: Day) -> Result<BTreeMap<(String, String), Count>> {
    let mut tally: BTreeMap<(String, String), Count> = BTreeMap::new();
    let opened = "SELECT p.playbook, COALESCE(t.assignee, ''), count(*) FROM prescription p JOIN task t ON t.prescription = p.id
                  WHERE p.opened_on = $1 GROUP BY p.playbook, COALESCE(t.assignee, '')";
    let closed = "SELECT p.playbook, COALESCE(t.assignee, ''), count(*) FROM prescription p JOIN task t ON t.prescription = p.id
                  WHERE p.closed_on = $1 AND t.status = 'closed' GROUP BY p.playbook, COALESCE(t.assignee, '')";
    let waiting =
        "SELECT playbook, '', count(*) FROM prescription WHERE opened_on <= $1 AND status = 'waiting' GROUP BY playbook";
    for (sql, which) in [(opened, 0), (closed, 1), (waiting, 2)] {
        let rows: Vec<(String, String, i64)> =
            on_tx!(tx, conn => sqlx::query_as(sql).bind(days(on)).fetch_all(conn).await).context("counting tasks")?;
        for (play, person, count) in rows {
            let entry = tally.entry((play, person)).or_default();
            match which {
                0 => entry.opened = count,
                1 => entry.closed = count,
                _ => entry.waiting = count,
            }
        }
    }
    Ok(tally)
}

/// Tasks to be done that are overdue or due by a day, by person and kind; of what was put off, what is back by then.
pub async fn due_by(tx: &mut Tx, day: Day) -> Result<BTreeMap<(String, String), i64>> {
    let sql = "SELECT COALESCE(assignee, csm, ''), kind, count(*) FROM task WHERE due_on <= $1
               AND (status = 'open' OR (status = 'snoozed' AND (snoozed_until IS NULL OR snoozed_until <= $1)))
               GROUP BY COALESCE(assignee, csm, ''), kind";
    let rows: Vec<(String, String, i64)> =
        on_tx!(tx, conn => sqlx::query_as(sql).bind(days(day)).fetch_all(conn).await).context("counting what is due")?;
    Ok(rows.into_iter().map(|(person, kind, count)| ((person, kind), count)).collect())
}

/// The same by person and account: each kind with its number.
pub async fn due_of_accounts(tx: &mut Tx, day: Day) -> Result<BTreeMap<(String, String), Vec<(String, i64)>>> {
    let sql = "SELECT COALESCE(t.assignee, t.csm, ''), p.account_id, t.kind, count(*)
               FROM task t JOIN prescription p ON p.id = t.prescription WHERE t.status = 'open' AND t.due_on <= $1
               GROUP BY COALESCE(t.assignee, t.csm, ''), p.account_id, t.kind";
    let rows: Vec<(String, String, String, i64)> =
        on_tx!(tx, conn => sqlx::query_as(sql).bind(days(day)).fetch_all(conn).await).context("counting what is due")?;
    let mut due: BTreeMap<(String, String), Vec<(String, i64)>> = BTreeMap::new();
    for (person, account, kind, count) in rows {
        due.entry((person, account)).or_default().push((kind, count));
    }
    Ok(due)
}

/// Prescriptions that wait for room, by account.
pub async fn waiting(tx: &mut Tx) -> Result<BTreeMap<String, i64>> {
    let sql = "SELECT account_id, count(*) FROM prescription WHERE closed_on IS NULL AND status = 'waiting' GROUP BY account_id";
    let rows: Vec<(String, i64)> =
        on_tx!(tx, conn => sqlx::query_as(sql).fetch_all(conn).await).context("counting what waits")?;
    Ok(rows.into_iter().collect())
}
