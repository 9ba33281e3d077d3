//! Sending what is due.

use std::fmt::Write;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::sleep;
use tracing::{info, warn};

use super::access::{Access, Readers};
use super::transport::Transport;
use crate::clock::Clock;
use crate::failpoint;
use crate::model::Instant;
use crate::store::Db;
use crate::store::outbox::{self, Claim, Claiming, Outcome};

/// Mails claimed at a time.
const BATCH: u32 = 16;
/// Seconds to wait after a server could not be reached; twice as many after each further time, up to [`LONGEST_REST`].
const FIRST_REST: i64 = 5;
/// Seconds.
const LONGEST_REST: i64 = 300;
/// Seconds to wait between tries to note what became of a mail, while the store does not answer.
const NOTING: [u64; 6] = [1, 2, 4, 8, 16, 30];

/// What became of the mails that were due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Taken over.
    pub accepted: u32,
    /// To be tried again later.
    pub retried: u32,
    /// Refused for good, or not to be sent any more.
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

/// Sends mails over one transport, under a name of its own.
#[derive(Debug)]
pub struct Sender {
    transport: Transport,
    claiming: Claiming,
    /// `None`: whoever a mail was written for gets it.
    readers: Option<Readers>,
    /// How often in a row the server could not be reached, and until when it is left alone.
    unreached: u32,
    rests_until: Option<Instant>,
}

/// What became of one mail.
enum Done {
    Outcome(Outcome),
    /// Somebody else has it, or its day ended in this moment.
    Lost,
}

impl Sender {
    /// Claims are renewed while a mail is sent; those of a sender that died end after `lease_seconds`. `resend_unknown`:
    /// whether a mail without an answer is sent again. `readers`: who may get mails.
    pub fn new(transport: Transport, lease_seconds: i64, resend_unknown: bool, readers: Option<Readers>) -> Result<Sender> {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).ok().context("the machine gives no random numbers")?;
        let owner = random.iter().fold(String::new(), |mut name, byte| {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        });
        let claiming = Claiming { owner, lease_seconds, resend_unknown };
        Ok(Sender { transport, claiming, readers, unreached: 0, rests_until: None })
    }

    /// The way by which mails leave.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends all mails that are due, and notes what became of each. Stops between two mails when `stop` says so. Fails only
    /// when the store does. Dropped half-way it leaves the mail at hand to whoever comes after the claim has ended.
    pub async fn drain(&mut self, db: &Db, clock: &dyn Clock, stop: &(dyn Fn() -> bool + Sync)) -> Result<Drained> {
        let mut drained = Drained::default();
        let result = self.batches(db, clock, stop, &mut drained).await;
        self.transport.close().await;
        result.map(|()| drained)
    }

    async fn batches(
        &mut self,
        db: &Db,
        clock: &dyn Clock,
        stop: &(dyn Fn() -> bool + Sync),
        drained: &mut Drained,
    ) -> Result<()> {
        let resend = self.claiming.resend_unknown;
        // Asked first, so that nobody is called for nothing.
        while !stop() && outbox::any_due(db, clock.now(), resend).await? {
            let settled = outbox::settle(db, clock.now()).await?;
            drained.rejected += u32::try_from(settled.expired).unwrap_or(u32::MAX);
            if settled != outbox::Settled::default() {
                warn!(unsent = settled.unsent, unknown = settled.unknown, expired = settled.expired, "mails were left over");
                continue;
            }
            if let Err(answer) = self.ready(clock.now()).await {
                warn!(%answer, "mails wait: they cannot be sent");
                drained.stopped = Some(answer);
                return Ok(());
            }
            let access = match &self.readers {
                Some(readers) => Some(readers.now(db, clock.now()).await?),
                None => None,
            };
            let claims = outbox::claim(db, &self.claiming, clock.now(), BATCH).await?;
            if claims.is_empty() {
                return Ok(());
            }
            failpoint::reach("after_claim");
            let mut claims = claims.into_iter();
            while let Some(claim) = claims.next() {
                let done = self.one(db, clock, access.as_ref(), &claim).await?;
                let end = note(drained, &claim.id, done);
                self.rest(end, clock.now());
                if end || (claims.len() > 0 && stop()) {
                    outbox::put_back(db, claims, clock.now()).await?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Sends one mail, and notes what became of it.
    async fn one(&mut self, db: &Db, clock: &dyn Clock, access: Option<&Access>, claim: &Claim) -> Result<Done> {
        let Sender { transport, claiming, .. } = self;
        // On the heap: what a TLS handshake needs is large.
        let sending = Box::pin(async {
            if let Some(answer) = access.and_then(|access| access.objection(&claim.mail)) {
                return Ok(Done::Outcome(Outcome::Rejected { answer }));
            }
            if let Err(outcome) = transport.offer(&claim.mail).await {
                return Ok(Done::Outcome(outcome));
            }
            if !outbox::dot(db, claiming, claim, clock.now()).await? {
                // The server waits for the text: only hanging up tells it that none comes.
                transport.close().await;
                return Ok(Done::Lost);
            }
            failpoint::reach("before_dot");
            let outcome = transport.send(&claim.mail).await;
            failpoint::reach("after_accept");
            Ok::<Done, anyhow::Error>(Done::Outcome(outcome))
        });
        let done = renewing(db, claiming, clock, sending).await?;
        match done {
            Done::Outcome(outcome) if mark(db, claim, &outcome, clock).await? => Ok(Done::Outcome(outcome)),
            _ => Ok(Done::Lost),
        }
    }

    async fn ready(&mut self, now: Instant) -> Result<(), String> {
        if self.rests_until.is_some_and(|until| now < until) {
            return Err("the mail server could not be reached a moment ago".to_owned());
        }
        let ready = self.transport.ready().await;
        if ready.is_err() {
            self.rest(true, now);
        }
        ready
    }

    /// Leaves a server that cannot be reached alone for a while.
    fn rest(&mut self, unreached: bool, now: Instant) {
        self.unreached = if unreached { self.unreached.saturating_add(1) } else { 0 };
        let rest = (FIRST_REST << self.unreached.saturating_sub(1).min(16)).min(LONGEST_REST);
        self.rests_until = unreached.then(|| now.plus_seconds(rest));
    }
}

/// Keeps hold of the claims while a mail is sent: a server may take ten minutes.
async fn renewing<T>(db: &Db, claiming: &Claiming, clock: &dyn Clock, sending: impl Future<Output = T>) -> T {
    let mut sending = pin!(sending);
    let third = Duration::from_millis(claiming.lease_seconds.unsigned_abs().saturating_mul(1000) / 3);
    loop {
        tokio::select! {
            biased;
            done = &mut sending => return done,
            () = sleep(third) => {
                if let Err(error) = outbox::renew(db, claiming, clock.now()).await {
                    warn!(error = format!("{error:#}"), "claims of mails could not be renewed");
                }
            }
        }
    }
}

/// Notes what became of a mail, again and again while the store does not answer: else a mail that arrived would be sent
/// once more.
async fn mark(db: &Db, claim: &Claim, outcome: &Outcome, clock: &dyn Clock) -> Result<bool> {
    for seconds in NOTING {
        match outbox::mark(db, claim, outcome, clock.now()).await {
            Ok(noted) => return Ok(noted),
            Err(error) => warn!(mail = %claim.id, error = format!("{error:#}"), "what became of a mail could not be noted yet"),
        }
        sleep(Duration::from_secs(seconds)).await;
    }
    outbox::mark(db, claim, outcome, clock.now()).await
}

/// Counts and logs; `true` when nothing more can be sent. Neither address nor subject is logged: the log is read by more
/// people than the mail.
fn note(drained: &mut Drained, id: &str, done: Done) -> bool {
    match done {
        Done::Lost => warn!(mail = %id, "mail left to whoever has claimed it since"),
        Done::Outcome(Outcome::Accepted { answer }) => {
            drained.accepted += 1;
            info!(mail = %id, %answer, "mail sent");
        }
        Done::Outcome(Outcome::Retry { answer }) => {
            drained.retried += 1;
            warn!(mail = %id, %answer, "mail not sent, it will be tried again");
        }
        Done::Outcome(Outcome::Rejected { answer }) => {
            drained.rejected += 1;
            warn!(mail = %id, %answer, "mail refused");
        }
        Done::Outcome(Outcome::Unknown { answer }) => {
            drained.unknown += 1;
            warn!(mail = %id, %answer, "mail sent, but no answer came back: it may have arrived");
        }
        Done::Outcome(Outcome::Unreachable { answer }) => {
            warn!(%answer, "mails wait: they cannot be sent");
            drained.stopped = Some(answer);
            return true;
        }
    }
    false
}
