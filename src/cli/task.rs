//! `longroad task`: what is done with a task.

use std::path::Path;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::tasks::standing;
use crate::clock::Clock;
use crate::model::Day;
use crate::store::{Change, TaskChange, change_task};

/// Say what was done with a task
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Example:\n  longroad task done t-0123456789 --note 'called, they train two people'"
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// It is done
    #[command(after_help = "Example:\n  longroad task done t-0123456789 --note called")]
    Done(Which),
    /// It waits until a day
    #[command(after_help = "Example:\n  longroad task snooze t-0123456789 --until 2027-01-04 --note holidays")]
    Snooze {
        #[command(flatten)]
        which: Which,
        /// The day on which it is open again
        #[arg(long, value_name = "DATE")]
        until: Day,
    },
    /// It is not needed
    #[command(after_help = "Example:\n  longroad task dismiss t-0123456789 --note 'they merged with Birch'")]
    Dismiss(Which),
    /// It is to be done after all
    #[command(after_help = "Example:\n  longroad task reopen t-0123456789 --note 'they called off'")]
    Reopen(Which),
}

#[derive(Clone, Debug, clap::Args)]
struct Which {
    /// The task's id, as `longroad tasks` lists it
    #[arg(value_name = "ID")]
    id: String,
    /// What the next one to look at the account should know
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// Does it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let (which, what) = match &arguments.action {
        Action::Done(which) => (which, TaskChange::Done),
        Action::Snooze { which, until } => (which, TaskChange::Snooze(*until)),
        Action::Dismiss(which) => (which, TaskChange::Dismiss),
        Action::Reopen(which) => (which, TaskChange::Reopen),
    };
    let (today, actor) = (open::today(&config, clock), open::person());
    let change = Change { what, note: &which.note, actor: &actor, at: clock.now(), today };
    let db = open::store(&config).await?;
    let mut tx = db.begin().await?;
    let task = change_task(&mut tx, &which.id, &change).await?.map_err(|reason| anyhow!(reason))?;
    tx.commit().await?;
    db.close().await;
    let text = format!("{}: {} ({}), {}", task.id, task.title, task.account_id, standing(&task, today));
    Reply::new(text, &json!({"task": task}))
}
