//! `longroad backup FILE`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::words::count;
use crate::clock::Clock;
use crate::store::audit::{self, Deed};
use crate::store::backup;

/// Write everything that the store holds into one file, while others go on working with it
///
/// The file is looked over before it gets its name. `longroad restore` makes a store of it again, of the same kind or of the
/// other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad backup longroad-2026-11-22.db")]
pub struct Arguments {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let now = clock.now();
    let contents = backup::write(&db, &arguments.file, now).await?;
    let rows: i64 = contents.rows.values().sum();
    let bytes = std::fs::metadata(&arguments.file)?.len();
    let name = arguments.file.file_name().unwrap_or_default().to_string_lossy();
    let detail = format!("{rows} rows, {bytes} bytes");
    let deed = Deed { at: now, actor: &open::person(), action: "backup", subject: &name, detail: &detail };
    audit::note(&db, &deed).await?;
    db.close().await;
    let tables = count(contents.rows.len() as u64, "table", "tables");
    let text = format!("{}: {rows} rows of {tables}, {bytes} bytes, looked over", arguments.file.display());
    Reply::new(text, &json!({"file": arguments.file, "bytes": bytes, "schema": contents.schema, "rows": contents.rows}))
}
