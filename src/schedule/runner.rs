//! The loop that runs jobs when they are due: one task for each job, which wakes at least every fifteen seconds and asks the
//! clock and the ledger anew, so that a clock that is set and a machine that slept do no harm.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant as Monotonic, interval, sleep, sleep_until};
use tracing::{error, info, warn};

use super::due::{Ran, due};
use super::job::Job;
use crate::clock::{Clock, Pulse};
use crate::failpoint;
use crate::model::Instant;
use crate::store::Db;
use crate::store::ledger::{self, Arrival, Claim, ClaimLost, Failed, Left};

/// The longest time between two looks at the clock.
const WAKE: Duration = Duration::from_secs(15);

/// What all jobs share.
#[derive(Clone)]
pub struct Scheduler {
    /// Where the ledger is.
    pub db: Db,
    /// What time it is, where the store has no clock of its own.
    pub clock: Arc<dyn Clock>,
    /// The name of this process in the ledger.
    pub owner: String,
    /// How long a claim holds without a sign of life.
    pub lease_seconds: u32,
    /// Turns to the instant at which what still runs is broken off, when the process is asked to stop.
    pub stop: watch::Receiver<Option<Monotonic>>,
    /// Beats as long as the scheduler goes on.
    pub pulse: Arc<Pulse>,
}

/// Runs the jobs until it is asked to stop, and then waits for those that are running. Their failures are no failure of it.
pub async fn run(jobs: Vec<Job>, scheduler: Scheduler) -> Result<()> {
    let mut tasks = JoinSet::new();
    for job in jobs {
        tasks.spawn(keep(job, scheduler.clone()));
    }
    let mut beats = interval(WAKE);
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended.context("the scheduler broke down")?,
                None => return Ok(()),
            },
            _ = beats.tick() => scheduler.pulse.beat(scheduler.clock.now()),
        }
    }
}

/// Runs one job whenever it is due.
async fn keep(job: Job, mut scheduler: Scheduler) {
    let mut ran = None;
    let mut troubled = false;
    while scheduler.stop.borrow().is_none() {
        let wait = match scheduler.turn(&job, ran).await {
            Ok(Some(claim)) => {
                ran = scheduler.perform(&job, &claim).await;
                continue;
            }
            Ok(None) => {
                if std::mem::take(&mut troubled) {
                    info!(job = job.timetable.job, "the ledger can be used again");
                }
                scheduler.until_next(&job).await
            }
            Err(error) => {
                if !troubled {
                    warn!(
                        job = job.timetable.job,
                        error = format!("{error:#}"),
                        "the ledger cannot be used; it will be tried again"
                    );
                }
                troubled = true;
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            _ = scheduler.stop.changed() => {}
        }
    }
}

impl Scheduler {
    async fn now(&self) -> Result<Instant> {
        ledger::now(&self.db, self.clock.now()).await
    }

    /// Notes what has come due, and claims what is to be run.
    async fn turn(&self, job: &Job, ran: Option<Ran>) -> Result<Option<Claim>> {
        let (name, now) = (job.timetable.job.as_str(), self.now().await?);
        let last = ledger::last_slot(&self.db, name, now).await?;
        let arrival = due(&job.timetable, last, ran, now);
        if arrival != Arrival::default() {
            ledger::arrive(&self.db, name, &arrival, now).await?;
        }
        for (slot, left, why) in &arrival.left {
            match left {
                Left::Missed => warn!(job = name, %slot, why, "slot missed"),
                Left::Skipped => info!(job = name, %slot, why, "slot skipped"),
            }
        }
        if !ledger::any_free(&self.db, name, now).await? {
            return Ok(None);
        }
        ledger::claim(&self.db, name, &self.owner, now, self.lease_seconds).await
    }

    /// How long nothing can come due; never so long that the end of another's claim would be seen late.
    async fn until_next(&self, job: &Job) -> Duration {
        let most = WAKE.min(Duration::from_secs(u64::from(self.lease_seconds)) / 4);
        let Ok(now) = self.now().await else { return most };
        let next = job.timetable.when.next(now).map(|next| next.micros() - now.micros());
        next.and_then(|micros| u64::try_from(micros).ok()).map_or(most, |micros| Duration::from_micros(micros).min(most))
    }

    /// Does the work of a claim, and notes how it ended. Says what was run, if it was this process that ended it.
    async fn perform(&mut self, job: &Job, claim: &Claim) -> Option<Ran> {
        failpoint::reach("after_claim");
        let Claim { job: name, slot, attempt, .. } = claim;
        info!(job = name, %slot, attempt, "run begins");
        let began = Monotonic::now();
        // A task of its own: its panic ends it alone.
        let mut work = tokio::spawn((job.work)(claim.clone()));
        let mut stop = self.stop.clone();
        tokio::select! {
            ended = &mut work => {
                let result = ended.unwrap_or_else(|broken| Err(anyhow!("{}", panic_text(broken))));
                return self.note(claim, result, began).await;
            }
            () = self.until_lost(claim) => {
                break_off(work).await;
                warn!(job = name, %slot, "run broken off: its claim is lost");
            }
            () = until_deadline(&mut stop) => {
                break_off(work).await;
                warn!(job = name, %slot, "run broken off: longroad was asked to stop, and the time for it is over");
                if let Err(error) = ledger::give_back(&self.db, claim).await {
                    warn!(job = name, %slot, error = format!("{error:#}"), "the run could not be given back; its claim will end by itself");
                }
            }
        }
        None
    }

    async fn note(&self, claim: &Claim, result: Result<()>, began: Monotonic) -> Option<Ran> {
        let Claim { job, slot, .. } = claim;
        let seconds = began.elapsed().as_secs_f64();
        let now = self.now().await.unwrap_or_else(|_| self.clock.now());
        match result {
            Ok(()) => info!(job, %slot, seconds, "run done"),
            Err(lost) if lost.is::<ClaimLost>() => {
                warn!(job, %slot, "run without effect: its claim was lost");
                return None;
            }
            Err(failure) => {
                let failure = format!("{failure:#}");
                match ledger::fail(&self.db, claim, &failure, now).await {
                    Ok(Failed::Again(again)) => {
                        warn!(job, %slot, seconds, error = failure, next_at = %again, "run failed; it will be tried again");
                    }
                    Ok(Failed::ForGood) => error!(job, %slot, seconds, error = failure, "run failed for good"),
                    Ok(Failed::NotOurs) => warn!(job, %slot, seconds, error = failure, "run failed, but it is done or another's"),
                    Err(error) => {
                        let error = format!("{error:#}");
                        warn!(job, %slot, failure, error, "run failed, which could not be noted; its claim will end by itself");
                    }
                }
            }
        }
        Some(Ran { slot: *slot, ended: now })
    }

    /// Keeps the claim, and returns when it is lost: to another process, or because the store has not been reached for as
    /// long as it holds.
    async fn until_lost(&self, claim: &Claim) {
        if matches!(self.db, Db::Sqlite { .. }) {
            // The file's lock says that there is no other process.
            return std::future::pending().await;
        }
        let lease = Duration::from_secs(u64::from(self.lease_seconds));
        let mut held_until = Monotonic::now() + lease;
        loop {
            sleep(lease / 4).await;
            let began = Monotonic::now();
            let renewed = tokio::time::timeout_at(held_until, async {
                let now = self.now().await?;
                ledger::renew(&self.db, claim, now, self.lease_seconds).await
            });
            match renewed.await {
                Ok(Ok(true)) => held_until = began + lease,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(_)) if Monotonic::now() >= held_until => return,
                Ok(Err(error)) => {
                    warn!(job = claim.job, error = format!("{error:#}"), "the claim could not be kept; trying again");
                }
            }
        }
    }
}

async fn break_off(work: JoinHandle<Result<()>>) {
    work.abort();
    // Its transaction is rolled back when the task has ended.
    let _ = work.await;
}

async fn until_deadline(stop: &mut watch::Receiver<Option<Monotonic>>) {
    let deadline = stop.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline);
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        // Nobody is left who could ask.
        None => std::future::pending().await,
    }
}

fn panic_text(broken: tokio::task::JoinError) -> String {
    let Ok(panic) = broken.try_into_panic() else { return "was broken off".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}
