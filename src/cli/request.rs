//! `longroad request`: requests that mean the same, or more than one thing.

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use crate::clock::Clock;
use crate::cycle::requests::{Moment, exists};
use crate::store::directory::Directory;
use crate::store::request_moves;

/// Merge requests that mean the same, or split one that means two things
///
/// Every ask stays as it was filed, with its words and its date; from today on it counts for the other request.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Example:\n  longroad request merge R07 --into R02"
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All asks of a request, and those to come, count for another
    #[command(after_help = "Example:\n  longroad request merge R07 --into R02")]
    Merge {
        /// The request that means the same as the other
        #[arg(value_name = "ID")]
        from: String,
        /// The request that stays
        #[arg(long, value_name = "ID")]
        into: String,
    },
    /// What some accounts have asked so far counts for another request
    #[command(after_help = "Example:\n  longroad request split R07 --into R12 --account A0003 --account A0017")]
    Split {
        /// The request that they leave
        #[arg(value_name = "ID")]
        from: String,
        /// The request that they mean
        #[arg(long, value_name = "ID")]
        into: String,
        /// An account whose asks move
        #[arg(long = "account", value_name = "ACCOUNT", required = true)]
        accounts: Vec<String>,
    },
}

/// Does it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let (from, into, accounts) = match &arguments.action {
        Action::Merge { from, into } => (from, into, &[][..]),
        Action::Split { from, into, accounts } => (from, into, accounts.as_slice()),
    };
    let moment = Moment::of(&db, &config, clock, None).await?;
    for id in [from, into] {
        if let Some(reason) = exists(&db, &config, moment, Some(id)).await? {
            return Err(Wrong(reason).into());
        }
    }
    if from == into {
        return Err(Wrong(format!("{from} cannot be its own other; --into names another request")).into());
    }
    let directory = Directory::load(&db).await?;
    if let Some(stranger) = accounts.iter().find(|account| directory.find(account).is_none()) {
        return Err(Wrong(format!("there is no account `{stranger}`")).into());
    }
    let mut tx = db.begin().await?;
    let when = (clock.now(), open::today(&config, clock));
    request_moves::add(&mut tx, from, into, accounts, when, &open::person()).await?;
    tx.commit().await?;
    db.close().await;
    let what = if accounts.is_empty() { "all asks".to_owned() } else { format!("the asks of {}", accounts.join(", ")) };
    Reply::new(
        format!("{what} for {from} count for {into} from today on"),
        &json!({"from": from, "into": into, "accounts": accounts}),
    )
}
