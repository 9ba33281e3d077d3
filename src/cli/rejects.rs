//! `longroad rejects`.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::store::pulls::{self, StoredReject};

/// List the rows that the last pull of each file set aside, with the reason for each
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad rejects")]
pub struct Arguments {}

/// Lists them.
pub async fn run(file: &Path, _: &Arguments) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let rejects = pulls::rejects(&db).await?;
    db.close().await;
    Reply::new(text(&rejects), &json!({"rejects": rejects}))
}

/// The rows with their places.
pub fn text(rejects: &[StoredReject]) -> String {
    if rejects.is_empty() {
        return "nothing was set aside".to_owned();
    }
    let mut table = Table::new(&[("place", Side::Left, 60), ("column", Side::Left, 24), ("reason", Side::Left, 200)]);
    for reject in rejects {
        table.row([format!("{}:{}", reject.file, reject.line), reject.column_name.clone(), reject.reason.clone()]);
    }
    format!("{table}\n{} set aside; mend them where they come from, and pull again", count(rejects.len() as u64, "row", "rows"))
}
