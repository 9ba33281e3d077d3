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
use crate::clock::{Clock, Pulse, SystemClock};
use crate::config::{StoreAddress, environment};
use crate::cycle::pull::{PullOptions, pull};
use crate::cycle::{self, CycleOptions, Mailing, Setup};
use crate::delivery::Sender;
use crate::schedule::{self, Job, Scheduler, Timetable, When, Work, timetables};
use crate::store::ledger::{self, Fence};
use crate::store::{Alone, Db, backup, housekeeping};
use crate::web::{self, AppState, Limits};

/// How often the outbox is looked at.
const LOOK_FOR_MAILS: Duration = Duration::from_secs(5);

/// Run until stopped: every job on its schedule, mails when they are due, and the web pages
///
/// SIGTERM or Ctrl-C stops it: what is running has `schedule.stop_within_seconds` to end, and what is broken off then is
/// begun anew by the next.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad run")]
pub struct Arguments {}

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
    let listen = setup.config.web.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen} (web.listen)"))?;
    let pulse = Arc::new(Pulse::default());
    let state = AppState {
        db: db.clone(),
        config: Arc::new(setup.config.clone()),
        clock: Arc::clone(&clock),
        scheduler: Arc::clone(&pulse),
    };
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
    let jobs = jobs(&db, &setup, &clock);
    let web = listener.local_addr().context("listening")?;
    info!(jobs = jobs.len(), store = %setup.config.store_address()?, %web, owner = scheduler.owner, "longroad runs");
    notify.tell("READY=1");
    let (mut asked, sending) = (stop.clone(), stop);
    let running = async {
        let pages = web::serve(listener, state, Limits::default(), async move { drop(asked.wait_for(Option::is_some).await) });
        let (scheduled, sent, ()) =
            tokio::join!(schedule::run(jobs, scheduler), send(&db, sender, clock.as_ref(), sending), pages);
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

/// The jobs of the configuration with what they do.
fn jobs(db: &Db, setup: &Arc<Setup>, clock: &Arc<dyn Clock>) -> Vec<Job> {
    let tick = test_tick();
    let with_work = |mut timetable: Timetable| {
        if let Some(millis) = tick {
            timetable.when = When::Every(millis);
        }
        let work = match timetable.job.split_once(':') {
            Some(("pull", source)) => pull_work(db, setup, clock, source),
            _ if timetable.job == "housekeeping" => housekeeping_work(db, setup, clock),
            _ if timetable.job == "backup" => backup_work(db, setup, clock),
            _ => cycle_work(db, setup, clock),
        };
        Job { timetable, work }
    };
    timetables(&setup.config).into_iter().map(with_work).collect()
}

fn cycle_work(db: &Db, setup: &Arc<Setup>, clock: &Arc<dyn Clock>) -> Work {
    let (db, setup, clock) = (db.clone(), Arc::clone(setup), Arc::clone(clock));
    Arc::new(move |claim| {
        let (db, setup, clock) = (db.clone(), Arc::clone(&setup), Arc::clone(&clock));
        Box::pin(async move {
            // Each mail goes out in its reader's own morning.
            let options = CycleOptions { as_of: None, mailing: Mailing::OnSchedule(claim.slot) };
            cycle::run_fenced(&db, &setup, clock.as_ref(), options, Fence::Last(&claim), &|_| ()).await.map(drop)
        })
    })
}

fn pull_work(db: &Db, setup: &Arc<Setup>, clock: &Arc<dyn Clock>, source: &str) -> Work {
    let (db, setup, clock, source) = (db.clone(), Arc::clone(setup), Arc::clone(clock), source.to_owned());
    Arc::new(move |claim| {
        let (db, setup, clock, only) = (db.clone(), Arc::clone(&setup), Arc::clone(&clock), vec![source.clone()]);
        Box::pin(async move {
            let fence = Fence::Last(&claim);
            let as_of = open::today(&setup.config, clock.as_ref());
            let options = PullOptions { as_of, only: &only, whole: false, fence, progress: &|_| () };
            let report = pull(&db, &setup.config, clock.as_ref(), options).await?;
            report.refused.into_values().next().map_or(Ok(()), |reason| bail!(reason))
        })
    })
}

fn housekeeping_work(db: &Db, setup: &Arc<Setup>, clock: &Arc<dyn Clock>) -> Work {
    let (db, setup, clock) = (db.clone(), Arc::clone(setup), Arc::clone(clock));
    Arc::new(move |claim| {
        let (db, setup, clock) = (db.clone(), Arc::clone(&setup), Arc::clone(&clock));
        Box::pin(async move {
            let swept = housekeeping::run(&db, clock.now(), &setup.config.retention, Fence::Last(&claim)).await?;
            info!(rejects = swept.rejects, mails = swept.mails, runs = swept.runs, "thrown away");
            Ok(())
        })
    })
}

fn backup_work(db: &Db, setup: &Arc<Setup>, clock: &Arc<dyn Clock>) -> Work {
    let (db, setup, clock) = (db.clone(), Arc::clone(setup), Arc::clone(clock));
    Arc::new(move |claim| {
        let (db, setup, clock) = (db.clone(), Arc::clone(&setup), Arc::clone(&clock));
        Box::pin(async move {
            let schedule = &setup.config.schedule;
            let folder = setup.config.resolve(&schedule.backup_folder);
            let (file, contents) = backup::into_folder(&db, &folder, clock.now(), schedule.backup_keep).await?;
            info!(file = %file.display(), rows = contents.rows.values().sum::<i64>(), "backup written");
            ledger::done(&db, &claim, clock.now()).await
        })
    })
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
async fn asked_to_stop() -> Result<&'static str> {
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

/// Tests of crashes cannot wait for minutes: in a debug build, this variable makes every job due each so many milliseconds.
fn test_tick() -> Option<i64> {
    let tick = environment().find(|(name, _)| name == "LONGROAD_TEST_TICK_MS").filter(|_| cfg!(debug_assertions))?;
    tick.1.parse().ok().filter(|millis| *millis > 0)
}
