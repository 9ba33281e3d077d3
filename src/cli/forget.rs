//! `longroad forget CONTACT`.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::words::count;
use crate::clock::Clock;
use crate::store::forget::forget;

/// Forget a person at a customer, now and at every later pull
///
/// Deletes every version of the contact, blanks what else in the store names the person, and leaves a keyed hash by which later
/// pulls know not to bring it back. Mails that were sent, backups made before, and the sources themselves still hold it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad forget jo.berg@acme.example")]
pub struct Arguments {
    /// The contact's id, or a mail address
    #[arg(value_name = "CONTACT")]
    contact: String,
}

/// Forgets.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let gone = forget(&db, &arguments.contact, &open::person(), clock.now()).await?;
    db.close().await;
    let gone = gone.ok_or_else(|| anyhow!("there is no contact with this id or mail address"))?;
    let parts = [
        format!("{} with {} deleted", count(gone.contacts, "contact", "contacts"), count(gone.versions, "version", "versions")),
        format!("{} blanked where they named the person", count(gone.blanked, "other record", "other records")),
        format!("{} deleted that had been set aside", count(gone.rejects, "row", "rows")),
        format!("{} overwritten", count(gone.notes, "note of a task", "notes of tasks")),
    ];
    let text = format!("{}\nBackups made before now still hold the person, and so do the sources.", parts.join("\n"));
    Reply::new(text, &json!({"forgotten": gone}))
}
