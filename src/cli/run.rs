//! `longroad run`: the daemon.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant as Monotonic, interval, sleep, sleep_until};
use tracing::{info, warn};

use super::notify::Notify;
use super::open;
use super::reply::Reply;
use super::run_jobs::{self, Shared};
use crate::clock::{Clock, Pulse, SystemClock};
use crate::config::StoreAddress;
use crate::cycle;
use crate::delivery::Sender;
use crate::schedule::{self, Scheduler};
use crate::store::{Alone, Db, ledger};
use crate::web::{AppState, Limits, serve};

/// How often the outbox is looked at.
const LOOK_FOR_MAILS: Duration = Duration::from_secs(5);

/// Run until stopped: every job on its schedule, mails when they are due, and the web pages
///
/// SIGTERM or Ctrl-C stops it: what is running has `schedule.stop_within_seconds` to end, and what is broken off then is
/// begun anew by the next.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad run")]
pub struct Arguments {}

/// How long an address that cannot be had is left alone.
const BIND_AGAIN: Duration = Duration::from_secs(5);

/// What breaking off what is too late may take.
const BREAK_OFF: Duration = Duration::from_secs(2);

/// Whether the process was asked to stop, and by when it must have ended.
type Stop = watch::Receiver<Option<Monotonic>>;

/// Runs until it is stopped.
pub async fn run(file: &Path, _: &Arguments) -> Result<Reply> {
    let setup = open::setup(file)?;
    open::templates(&setup.config)?;
    let _alone = match setup.config.store_address()? {
        StoreAddress::Sqlite(store) => Some(Alone::take(&store)?),
        StoreAddress::Postgres(_) => None,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let db = open::store(&setup.config).await?;
    if let Db::Sqlite { .. } = db {
        // The lock says that whoever made them has died.
        ledger::end_claims(&db).await?;
    }
    let sender = cycle::sender(&setup.config)?;
    let pulse = Arc::new(Pulse::default());
    let state = AppState::new(db.clone(), Arc::clone(&setup), Arc::clone(&clock), Arc::clone(&pulse))?;
    let (ask, stop) = watch::channel(None);
    let notify = Notify::open();
    let scheduler = Scheduler {
        db: db.clone(),
        clock: Arc::clone(&clock),
        owner: format!("process {} on {}", std::process::id(), host()),
        lease_seconds: setup.config.schedule.lease_seconds,
        stop: stop.clone(),
        pulse,
    };
    let jobs = run_jobs::jobs(&Shared { db: db.clone(), setup: Arc::clone(&setup), clock: Arc::clone(&clock) });
    info!(jobs = jobs.len(), store = %setup.config.store_address()?, owner = scheduler.owner, "longroad runs");
    notify.tell("READY=1");
    let running = async {
        let sending = send(&db, sender, clock.as_ref(), stop.clone());
        let (scheduled, sent, ()) = tokio::join!(schedule::run(jobs, scheduler), sending, pages(&state, stop.clone()));
        scheduled.and(sent)
    };
    tokio::pin!(running);
    let stopped = tokio::select! {
        ended = &mut running => ended,
        never = live(&notify) => never,
        asked = asked_to_stop() => {
            let within = Duration::from_secs(u64::from(setup.config.schedule.stop_within_seconds));
            info!(signal = asked?, seconds = within.as_secs(), "longroad was asked to stop");
            notify.tell("STOPPING=1");
            let deadline = Monotonic::now() + within;
            ask.send_replace(Some(deadline));
            tokio::select! {
                ended = &mut running => ended,
                again = asked_to_stop() => bail!("stopped at once by a second {}", again?),
                () = sleep_until(deadline + BREAK_OFF) => {
                    warn!("longroad stopped before everything had ended; the next one takes it up");
                    Ok(())
                }
            }
        }
    };
    stopped?;
    db.close().await;
    Reply::new("longroad has stopped", &json!({"stopped": true}))
}

/// Serves the web pages until it is asked to stop. An address that another process has is no reason to send no mails: it is
/// asked for again until it is free.
async fn pages(state: &AppState, mut stop: Stop) {
    let (address, mut told) = (state.setup.config.web.listen, false);
    let within = Duration::from_secs(u64::from(state.setup.config.schedule.stop_within_seconds));
    while stop.borrow().is_none() {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                info!(address = %listener.local_addr().unwrap_or(address), "web pages are served");
                let limits = Limits { stop: within, ..Limits::default() };
                let stopped = async { drop(stop.wait_for(Option::is_some).await) };
                return serve(listener, state.clone(), limits, stopped).await;
            }
            Err(error) if !told => {
                warn!(%address, %error, "web pages are not served: the address cannot be had; it will be tried again");
                told = true;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = sleep(BIND_AGAIN) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Sends what is due, until it is asked to stop.
async fn send(db: &Db, mut sender: Sender, clock: &dyn Clock, mut stop: Stop) -> Result<()> {
    let asked = stop.clone();
    let is_asked = || asked.borrow().is_some();
    while !is_asked() {
        if let Err(error) = cycle::send_due(db, &mut sender, clock, &is_asked).await {
            warn!(error = format!("{error:#}"), "mails wait in the outbox");
        }
        tokio::select! {
            () = sleep(LOOK_FOR_MAILS) => {}
            _ = stop.changed() => {}
        }
    }
    Ok(())
}

/// Tells the service manager again and again that this process is not stuck.
async fn live(notify: &Notify) -> Result<()> {
    let Some(every) = notify.every else { return std::future::pending().await };
    let mut ticks = interval(every.max(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        notify.tell("WATCHDOG=1");
    }
}

/// Waits for SIGTERM or SIGINT, and names it.
pub async fn asked_to_stop() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// The name of this machine, for the ledger.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| "this machine".to_owned(), |name| name.trim().to_owned())
}
