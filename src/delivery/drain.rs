//! Sending what is due.

use anyhow::Result;
use tracing::{info, warn};

use super::transport::Transport;
use crate::clock::Clock;
use crate::store::Db;
use crate::store::outbox::{Outcome, any_due, claim_due, mark};

/// Mails claimed at a time: all that a crash can leave in doubt.
const BATCH: u32 = 16;

/// What became of the mails that were due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Taken over.
    pub accepted: u32,
    /// To be tried again later.
    pub retried: u32,
    /// Refused for good.
    pub rejected: u32,
    /// Sent, with no answer.
    pub unknown: u32,
    /// Why nothing more could be sent: the server cannot be reached. No mail has lost an attempt by it.
    pub stopped: Option<String>,
}

impl Drained {
    /// How many mails did not certainly arrive.
    pub fn failed(&self) -> u32 {
        self.retried + self.rejected + self.unknown
    }
}

/// Sends all mails that are due, and notes what became of each. Fails only when the store does.
pub async fn drain(db: &Db, transport: &mut Transport, clock: &dyn Clock) -> Result<Drained> {
    let mut drained = Drained::default();
    let result = drain_batches(db, transport, clock, &mut drained).await;
    transport.close().await;
    result.map(|()| drained)
}

async fn drain_batches(db: &Db, transport: &mut Transport, clock: &dyn Clock, drained: &mut Drained) -> Result<()> {
    // Asked first, so that nobody is called for nothing.
    while any_due(db, clock.now()).await? {
        if let Err(answer) = transport.ready().await {
            warn!(%answer, "mails wait: they cannot be sent");
            drained.stopped = Some(answer);
            return Ok(());
        }
        for mail in claim_due(db, clock.now(), BATCH).await? {
            let id = mail.key.name();
            let outcome = transport.deliver(&mail).await;
            mark(db, &id, &outcome, clock.now()).await?;
            // Neither address nor subject: the log is read by more people than the mail.
            match outcome {
                Outcome::Accepted { answer } => {
                    drained.accepted += 1;
                    info!(mail = %id, %answer, "mail sent");
                }
                Outcome::Retry { answer } => {
                    drained.retried += 1;
                    warn!(mail = %id, %answer, "mail not sent, it will be tried again");
                }
                Outcome::Rejected { answer } => {
                    drained.rejected += 1;
                    warn!(mail = %id, %answer, "mail refused");
                }
                Outcome::Unknown { answer } => {
                    drained.unknown += 1;
                    warn!(mail = %id, %answer, "mail sent, but no answer came back: it may have arrived");
                }
            }
        }
    }
    Ok(())
}
