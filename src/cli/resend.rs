//! `longroad resend ID`.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use super::exit::Exit;
use super::open;
use super::reply::Reply;
use crate::clock::Clock;
use crate::cycle;
use crate::store::audit::{self, Deed};
use crate::store::outbox::{self, Again, State};

/// Send a digest once more, the same to the byte
///
/// One that the mail server refused or gave no answer to. Mail programs take a copy for the same mail, because it has the same
/// Message-ID. What else is due goes out with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad resend 2026-11-21.csm.0123456789abcdef")]
pub struct Arguments {
    /// The digest's id, as `longroad digests` lists it
    #[arg(value_name = "ID")]
    id: String,
    /// Also one that the mail server took over
    #[arg(long)]
    force: bool,
}

/// Sends it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let id = arguments.id.as_str();
    let mut sender = cycle::sender(&config)?;
    let db = open::store(&config).await?;
    let mut tx = db.begin().await?;
    match outbox::plan_again(&mut tx, id, arguments.force, clock.now()).await? {
        Again::Planned => {
            let detail = if arguments.force { "also if accepted" } else { "" };
            let deed = Deed { at: clock.now(), actor: &open::person(), action: "resend", subject: id, detail };
            audit::append(&mut tx, &deed).await?;
            tx.commit().await?;
        }
        Again::Missing => bail!("there is no digest `{id}`; `longroad digests` lists them"),
        Again::OnItsWay => bail!("the digest `{id}` is on its way; `longroad digests` tells when it is tried next"),
        Again::Accepted => bail!("the mail server has taken over the digest `{id}`; --force sends it once more"),
        Again::Forgotten => bail!("the text of the digest `{id}` is no longer kept"),
    }
    let drained = cycle::send_due(&db, &mut sender, clock, &|| false).await?;
    let entry = outbox::entry(&db, id).await?;
    db.close().await;
    let Some(entry) = entry else { bail!("there is no digest `{id}`") };
    let answer = drained.stopped.as_ref().unwrap_or(&entry.answer);
    let text = match entry.state {
        State::Accepted => format!("sent to {}: {answer}", entry.to),
        state => format!("not sent, it is {} now: {answer}", state.name()),
    };
    let json = json!({"id": id, "to": entry.to, "message_id": entry.message_id, "state": entry.state.name(), "answer": answer});
    Ok(Reply::new(text, &json)?.ending(Exit::partly_if(entry.state != State::Accepted)))
}
