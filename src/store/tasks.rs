//! What was prescribed, and the tasks that it consists of: read a block at a time, written many at a time.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sqlx::AssertSqlSafe;

use super::task_rows::{
    PRESCRIPTION, PRESCRIPTION_NULLABLE, PrescriptionRow, TASK, TASK_NULLABLE, TaskRow, days, prescription, prescription_fields,
    task, task_fields,
};
use super::{Db, Tx, on_db, on_tx, packed, placeholders};
use crate::model::{Day, Id};
use crate::playbook::{Opened, Prescription, Task, TaskStatus};

/// What is being done for one account, and what was done of late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The open ones, and those closed of late; in the order in which they were opened.
    pub prescriptions: Vec<Prescription>,
    /// Those of the open prescriptions.
    pub tasks: Vec<Task>,
}

/// The work of a block's accounts: what is open, and the prescriptions closed on `since` or later.
pub async fn of_block(db: &Db, block: i64, since: Day) -> Result<BTreeMap<Id, Work>> {
    let sql = format!(
        "SELECT {} FROM prescription WHERE block = $4 AND (closed_on IS NULL OR closed_on >= $5)",
        packed::packed(PRESCRIPTION, PRESCRIPTION_NULLABLE)
    );
    let text: Option<String> = on_db!(db, pool => {
        sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(packed::COLUMN).bind(packed::ROW).bind(packed::NULL).bind(block).bind(days(since))
            .fetch_one(pool).await
    })
    .context("reading prescriptions")?;
    let rows = packed::rows(text.as_deref()).map(|row| prescription_fields(row).and_then(prescription));
    let mut prescriptions = rows.collect::<Result<Vec<_>>>()?;
    prescriptions.sort_by(|a, b| (a.opened_on, a.attempt, &a.id).cmp(&(b.opened_on, b.attempt, &b.id)));
    let sql = format!(
        "SELECT {} FROM task WHERE prescription IN (SELECT id FROM prescription WHERE block = $4 AND closed_on IS NULL)",
        packed::packed(TASK, TASK_NULLABLE)
    );
    let text: Option<String> = on_db!(db, pool => {
        sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(packed::COLUMN).bind(packed::ROW).bind(packed::NULL).bind(block)
            .fetch_one(pool).await
    })
    .context("reading tasks")?;
    let mut tasks = packed::rows(text.as_deref()).map(task_fields).collect::<Result<Vec<TaskRow>>>()?;
    tasks.sort_by(|a, b| (&a.1, a.2, &a.0).cmp(&(&b.1, b.2, &b.0)));
    let mut work: BTreeMap<Id, Work> = BTreeMap::new();
    for task in join(&prescriptions, tasks)? {
        work.entry(task.account_id.clone()).or_default().tasks.push(task);
    }
    for prescription in prescriptions {
        work.entry(prescription.account_id.clone()).or_default().prescriptions.push(prescription);
    }
    Ok(work)
}

/// Which tasks to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFilter<'a> {
    /// Those of this CSM's accounts, and those that this person is to do; everybody's, if absent.
    pub csm: Option<&'a str>,
    /// Besides the pending ones those done, dismissed or closed on this day or later.
    pub closed_since: Option<Day>,
}

/// Tasks by due date: the pending ones, snoozed ones among them, and of the others what the filter asks for.
pub async fn list(db: &Db, filter: TaskFilter<'_>) -> Result<Vec<Task>> {
    Ok(prescribed(db, filter).await?.1)
}

/// The same, and before them the prescriptions that they are parts of, by id.
pub async fn prescribed(db: &Db, filter: TaskFilter<'_>) -> Result<(Vec<Prescription>, Vec<Task>)> {
    let matching = "(status IN ('open', 'snoozed', 'waiting') OR closed_on >= $1) AND ($2 = '' OR csm = $2 OR assignee = $2)";
    let since = filter.closed_since.map_or(i64::MAX, days);
    let csm = filter.csm.unwrap_or_default();
    let sql = format!("SELECT {TASK} FROM task WHERE {matching} ORDER BY due_on, id");
    let tasks: Vec<TaskRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(since).bind(csm).fetch_all(pool).await)
        .context("reading tasks")?;
    let sql = format!(
        "SELECT {PRESCRIPTION} FROM prescription WHERE id IN (SELECT prescription FROM task WHERE {matching}) ORDER BY id"
    );
    let rows: Vec<PrescriptionRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(since).bind(csm).fetch_all(pool).await)
            .context("reading prescriptions")?;
    let prescriptions = rows.into_iter().map(prescription).collect::<Result<Vec<_>>>()?;
    let tasks = join(&prescriptions, tasks)?;
    Ok((prescriptions, tasks))
}

/// The prescription that a task is a part of, with all its tasks in their order; `None`: there is no such task.
pub async fn with_task(db: &Db, id: &str) -> Result<Option<(Prescription, Vec<Task>)>> {
    let sql = format!("SELECT {PRESCRIPTION} FROM prescription WHERE id IN (SELECT prescription FROM task WHERE id = $1)");
    let row: Option<PrescriptionRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(pool).await)
        .context("reading the prescription of a task")?;
    let Some(of) = row.map(prescription).transpose()? else { return Ok(None) };
    let sql = format!("SELECT {TASK} FROM task WHERE prescription = $1 ORDER BY step, id");
    let tasks: Vec<TaskRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(&of.id).fetch_all(pool).await)
        .context("reading the tasks of a prescription")?;
    let tasks = join(std::slice::from_ref(&of), tasks)?;
    Ok(Some((of, tasks)))
}

/// The prescriptions of an account, the newest first, at most `most`, with the tasks of all of them.
pub async fn of_account(db: &Db, account: &str, most: u32) -> Result<(Vec<Prescription>, Vec<Task>)> {
    let sql = format!(
        "SELECT {PRESCRIPTION} FROM prescription WHERE block = $1 AND account_id = $2 ORDER BY opened_on DESC, attempt DESC, id \
         LIMIT $3"
    );
    let ordinal = super::directory::ordinals(db, &[account]).await?.into_values().next();
    let Some(block) = ordinal.map(super::directory::block_of) else { return Ok((Vec::new(), Vec::new())) };
    let rows: Vec<PrescriptionRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql))
        .bind(block).bind(account).bind(i64::from(most)).fetch_all(pool).await)
    .context("reading the prescriptions of an account")?;
    let prescriptions = rows.into_iter().map(prescription).collect::<Result<Vec<_>>>()?;
    let sql = format!(
        "SELECT {TASK} FROM task WHERE prescription IN (SELECT id FROM prescription WHERE block = $1 AND account_id = $2) ORDER BY id"
    );
    let rows: Vec<TaskRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(block).bind(account).fetch_all(pool).await)
            .context("reading the tasks of an account")?;
    let tasks = join(&prescriptions, rows)?;
    Ok((prescriptions, tasks))
}

/// All tasks of a play, whatever became of them, by id.
pub async fn of_playbook(db: &Db, playbook: &str) -> Result<Vec<Task>> {
    let sql = format!("SELECT {PRESCRIPTION} FROM prescription WHERE playbook = $1 ORDER BY id");
    let rows: Vec<PrescriptionRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(playbook).fetch_all(pool).await)
        .context("reading prescriptions")?;
    let sql =
        format!("SELECT {TASK} FROM task WHERE prescription IN (SELECT id FROM prescription WHERE playbook = $1) ORDER BY id");
    let tasks: Vec<TaskRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(playbook).fetch_all(pool).await).context("reading tasks")?;
    join(&rows.into_iter().map(prescription).collect::<Result<Vec<_>>>()?, tasks)
}

/// Tasks with what they share with their prescription. One whose prescription was opened since the other query ran is
/// left for the next look.
fn join(prescriptions: &[Prescription], tasks: Vec<TaskRow>) -> Result<Vec<Task>> {
    let by_id: BTreeMap<&str, &Prescription> = prescriptions.iter().map(|one| (one.id.as_str(), one)).collect();
    tasks.into_iter().filter_map(|row| by_id.get(row.1.as_str()).copied().map(|of| task(row, of))).collect()
}

/// Writes what was newly prescribed to the accounts of a block, and what begins of that which waited. All else that is there
/// already stays as it is.
pub async fn insert(tx: &mut Tx, block: i64, opened: &[Opened]) -> Result<()> {
    for opened in opened.chunks(500) {
        let sql = format!(
            "INSERT INTO prescription (block, {PRESCRIPTION}) VALUES {} ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
             opened_on = excluded.opened_on, review_on = excluded.review_on, severe = excluded.severe, \
             evidence = excluded.evidence WHERE prescription.status = 'waiting'",
            placeholders(tx, opened.len(), 16)
        );
        on_tx!(tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for Opened { prescription: one, .. } in opened {
                query = query
                    .bind(block)
                    .bind(&one.id)
                    .bind(one.account_id.as_str())
                    .bind(&one.playbook)
                    .bind(&one.diagnosis)
                    .bind(one.severe)
                    .bind(i64::from(one.attempt))
                    .bind(days(one.opened_on))
                    .bind(days(one.review_on))
                    .bind(one.status.word())
                    .bind(one.closed_on.map(days))
                    .bind(&one.outcome)
                    .bind(&one.said)
                    .bind(one.evidence.join("\n"))
                    .bind(&one.identity)
                    .bind(&one.occasion);
            }
            query.execute(conn).await.map(drop)
        })
        .context("writing prescriptions")?;
    }
    insert_tasks(tx, &opened.iter().flat_map(|opened| &opened.tasks).collect::<Vec<_>>()).await
}

async fn insert_tasks(tx: &mut Tx, tasks: &[&Task]) -> Result<()> {
    for tasks in tasks.chunks(500) {
        let sql = format!(
            "INSERT INTO task ({TASK}) VALUES {} ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
             due_on = excluded.due_on WHERE task.status = 'waiting' AND excluded.status = 'open'",
            placeholders(tx, tasks.len(), 16)
        );
        on_tx!(tx, conn => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for task in tasks {
                query = query
                    .bind(&task.id)
                    .bind(&task.prescription)
                    .bind(i64::from(task.step))
                    .bind(task.csm.as_ref().map(Id::as_str))
                    .bind(task.assignee.as_ref().map(Id::as_str))
                    .bind(task.owner.to_string())
                    .bind(&task.solution)
                    .bind(&task.title)
                    .bind(days(task.due_on))
                    .bind(task.status.word())
                    .bind(task.snoozed_until.map(days))
                    .bind(&task.note)
                    .bind(&task.by)
                    .bind(task.closed_on.map(days))
                    .bind(&task.kind)
                    .bind(task.after.map(i64::from));
            }
            query.execute(conn).await.map(drop)
        })
        .context("writing tasks")?;
    }
    Ok(())
}

/// Writes what a review made of a prescription and its tasks. A task that a person has finished in the meantime stays
/// as that person left it. Says how many tasks were closed.
pub async fn save_review(tx: &mut Tx, reviewed: &Prescription, tasks: &[Task]) -> Result<u64> {
    let sql = "UPDATE prescription SET status = $2, review_on = $3, closed_on = $4, outcome = $5, said = $6 WHERE id = $1";
    let updated = on_tx!(tx, conn => sqlx::query(sql)
        .bind(&reviewed.id)
        .bind(reviewed.status.word())
        .bind(days(reviewed.review_on))
        .bind(reviewed.closed_on.map(days))
        .bind(&reviewed.outcome)
        .bind(&reviewed.said)
        .execute(conn).await.map(|done| done.rows_affected()))
    .context("writing a review")?;
    anyhow::ensure!(updated == 1, "writing a review: there is no prescription {}", reviewed.id);
    let sql = "UPDATE task SET status = 'closed', snoozed_until = NULL, closed_on = $2
               WHERE id = $1 AND status IN ('open', 'snoozed', 'waiting')";
    let mut closed = 0;
    for task in tasks.iter().filter(|task| task.prescription == reviewed.id && task.status == TaskStatus::Closed) {
        closed += on_tx!(tx, conn => sqlx::query(sql).bind(&task.id).bind(task.closed_on.map(days)).execute(conn).await
            .map(|done| done.rows_affected()))
        .context("closing a task")?;
    }
    Ok(closed)
}

/// Writes how an open prescription looks now.
pub async fn save_found(tx: &mut Tx, one: &Prescription) -> Result<()> {
    let sql = "UPDATE prescription SET severe = $2, evidence = $3, occasion = $4 WHERE id = $1";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(&one.id)
        .bind(one.severe)
        .bind(one.evidence.join("\n"))
        .bind(&one.occasion)
        .execute(conn).await.map(drop))
    .context("bringing a prescription up to date")
}

/// Writes that a task's turn has come.
pub async fn save_turn(tx: &mut Tx, task: &Task) -> Result<()> {
    let sql = "UPDATE task SET status = 'open', due_on = $2 WHERE id = $1 AND status = 'waiting'";
    on_tx!(tx, conn => sqlx::query(sql).bind(&task.id).bind(days(task.due_on)).execute(conn).await.map(drop))
        .context("opening the next task")
}

/// What waits for its owner to have time, the oldest first.
pub async fn waiting(db: &Db) -> Result<Vec<Prescription>> {
    let sql =
        format!("SELECT {PRESCRIPTION} FROM prescription WHERE closed_on IS NULL AND status = 'waiting' ORDER BY opened_on, id");
    let rows: Vec<PrescriptionRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await).context("reading what waits")?;
    rows.into_iter().map(prescription).collect()
}

/// All prescriptions that were begun on this day or later, and the tasks of all of them, both in the order of their ids.
pub async fn begun_since(db: &Db, since: Day) -> Result<(Vec<Prescription>, Vec<Task>)> {
    let sql = format!("SELECT {PRESCRIPTION} FROM prescription WHERE opened_on >= $1 AND status <> 'waiting' ORDER BY id");
    let rows: Vec<PrescriptionRow> =
        on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(days(since)).fetch_all(pool).await)
            .context("reading prescriptions")?;
    let prescriptions = rows.into_iter().map(prescription).collect::<Result<Vec<_>>>()?;
    let sql =
        format!("SELECT {TASK} FROM task WHERE prescription IN (SELECT id FROM prescription WHERE opened_on >= $1) ORDER BY id");
    let rows: Vec<TaskRow> = on_db!(db, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(days(since)).fetch_all(pool).await)
        .context("reading tasks")?;
    let tasks = join(&prescriptions, rows)?;
    Ok((prescriptions, tasks))
}

/// How many tasks have begun this morning, by person and kind; those that wait for another one are not counted.
pub async fn begun_on(tx: &mut Tx, on: Day) -> Result<Vec<(String, String, usize)>> {
    let sql = "SELECT COALESCE(t.assignee, t.csm, ''), t.kind, count(*) FROM prescription p JOIN task t ON t.prescription = p.id \
               WHERE p.opened_on = $1 AND p.status <> 'waiting' AND t.after_step IS NULL \
               GROUP BY COALESCE(t.assignee, t.csm, ''), t.kind ORDER BY 1, 2";
    let rows: Vec<(String, String, i64)> = on_tx!(tx, conn => sqlx::query_as(sql).bind(days(on)).fetch_all(conn).await)
        .context("reading what has begun this morning")?;
    Ok(rows.into_iter().map(|(person, kind, count)| (person, kind, usize::try_from(count).unwrap_or_default())).collect())
}

/// Writes who is to do a task now.
pub async fn save_owner(tx: &mut Tx, task: &Task) -> Result<()> {
    let sql = "UPDATE task SET csm = $2, assignee = $3 WHERE id = $1";
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(&task.id)
        .bind(task.csm.as_ref().map(Id::as_str))
        .bind(task.assignee.as_ref().map(Id::as_str))
        .execute(conn).await.map(drop))
    .context("handing over a task")
}

/// What one person has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Tasks to be done, those that were put off left out.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
}

/// What each person has to do on a morning, by the person's id.
pub async fn load(tx: &mut Tx, on: Day) -> Result<BTreeMap<String, Load>> {
    let sql = "SELECT COALESCE(assignee, csm, ''), due_on, count(*) FROM task \
               WHERE status = 'open' OR (status = 'snoozed' AND (snoozed_until IS NULL OR snoozed_until <= $1)) \
               GROUP BY COALESCE(assignee, csm, ''), due_on ORDER BY 1, 2";
    let rows: Vec<(String, i64, i64)> =
        on_tx!(tx, conn => sqlx::query_as(sql).bind(days(on)).fetch_all(conn).await).context("reading who has to do how much")?;
    let mut load: BTreeMap<String, Load> = BTreeMap::new();
    for (person, due_on, count) in rows {
        let (load, count) = (load.entry(person).or_default(), usize::try_from(count).unwrap_or_default());
        load.open += count;
        load.overdue += if due_on < days(on) { count } else { 0 };
    }
    Ok(load)
}

/// How many prescriptions of a play ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The name of the play.
    pub playbook: String,
    /// Its title.
    pub title: String,
    /// The word of the last review.
    pub outcome: String,
    /// How many.
    pub count: usize,
}

/// How the prescriptions ended that were closed from one day to another, both included, by play.
pub async fn ended(tx: &mut Tx, (from, until): (Day, Day)) -> Result<Vec<Ended>> {
    let sql = "SELECT playbook, max(diagnosis), COALESCE(outcome, ''), count(*) FROM prescription \
               WHERE closed_on >= $1 AND closed_on <= $2 GROUP BY playbook, COALESCE(outcome, '') ORDER BY playbook, 3";
    let rows: Vec<(String, Option<String>, String, i64)> =
        on_tx!(tx, conn => sqlx::query_as(sql).bind(days(from)).bind(days(until)).fetch_all(conn).await)
            .context("reading how prescriptions ended")?;
    let ended = |(playbook, title, outcome, count): (String, Option<String>, String, i64)| Ended {
        title: title.unwrap_or_else(|| playbook.clone()),
        playbook,
        outcome,
        count: usize::try_from(count).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(ended).collect())
}
