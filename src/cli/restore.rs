//! `longroad restore FILE`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::words::count;
use crate::clock::Clock;
use crate::store::restore::restore;

/// Make a store of what `longroad backup` has written: in the store that the configuration names, which must be empty
///
/// The store may be of another kind than the one that the backup was made of: this is how SQLite becomes PostgreSQL, or the other
/// way round. Mails that waited to be sent are held, since they may have gone out after the backup was made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad restore longroad-2026-11-22.db")]
pub struct Arguments {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Throw away what the store holds
    #[arg(long)]
    replace: bool,
}

/// Restores.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let restored = restore(&db, &arguments.file, arguments.replace, &open::person(), clock.now()).await?;
    db.close().await;
    let rows: i64 = restored.backup.rows.values().sum();
    let mut text = format!("{rows} rows restored, as of {}", restored.backup.made_at);
    // Writing to a string cannot fail.
    if restored.held > 0 {
        let held = count(restored.held, "mail", "mails");
        let _ = write!(text, "\n{held} may have been sent since: held; `longroad digests` lists, `longroad resend` sends them");
    }
    if restored.forgotten > 0 {
        let _ = write!(text, "\n{} forgotten once more", count(restored.forgotten, "person", "people"));
    }
    Reply::new(text, &json!({"restored": restored, "rows": rows}))
}
