//! `longroad audit`.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::store::audit::{self, Row};

/// List who changed what, the latest last; or check that nothing of it was changed afterwards
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad audit --verify")]
pub struct Arguments {
    /// Follow the chain of hashes from its beginning instead of listing rows
    #[arg(long)]
    verify: bool,
    /// How many rows to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// Lists or checks.
pub async fn run(file: &Path, arguments: &Arguments) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    if arguments.verify {
        let verdict = audit::verify(&db).await?;
        db.close().await;
        if let Some((number, reason)) = &verdict.broken {
            return Err(anyhow!("the audit is broken at row {number}: {reason}"));
        }
        let rows = count(verdict.rows.unsigned_abs(), "row", "rows");
        let text = format!("{rows}, all as they were written; the last has the hash {}", verdict.hash);
        return Reply::new(text, &json!({"audit": verdict}));
    }
    let rows = audit::list(&db, arguments.limit).await?;
    db.close().await;
    let listed: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({"number": row.number, "at": row.at.to_string(), "actor": row.actor, "action": row.action,
                   "subject": row.subject, "detail": row.detail, "hash": row.hash})
        })
        .collect();
    Reply::new(text(&rows), &json!({"audit": listed}))
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing was changed yet".to_owned();
    }
    let mut table = Table::new(&[
        ("number", Side::Right, 10),
        ("at", Side::Left, 20),
        ("who", Side::Left, 24),
        ("did", Side::Left, 24),
        ("to", Side::Left, 64),
        ("detail", Side::Left, 80),
    ]);
    for row in rows {
        table.row([
            row.number.to_string(),
            row.at.to_string(),
            row.actor.clone(),
            row.action.clone(),
            row.subject.clone(),
            row.detail.clone(),
        ]);
    }
    table.to_string()
}
