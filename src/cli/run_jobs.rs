//! The jobs of `longroad run`, and what they do.

use std::sync::Arc;

use anyhow::{Result, bail};
use tracing::info;

use super::open;
use crate::clock::Clock;
use crate::config::environment;
use crate::cycle::pull::{PullOptions, pull};
use crate::cycle::{self, CycleOptions, Mailing, Setup, run_fenced};
use crate::schedule::{Job, Timetable, When, Work, timetables};
use crate::store::ledger::{self, Claim, Fence};
use crate::store::{Db, backup, housekeeping};

/// What all jobs work on. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// The store.
    pub db: Db,
    /// Configuration and playbooks.
    pub setup: Arc<Setup>,
    /// Where `now` comes from.
    pub clock: Arc<dyn Clock>,
}

/// The jobs of the configuration with what they do.
pub fn jobs(shared: &Shared) -> Vec<Job> {
    let tick = test_tick();
    let with_work = |mut timetable: Timetable| {
        if let Some(millis) = tick {
            timetable.when = When::Every(millis);
        }
        let work = match timetable.job.split_once(':').unwrap_or((&timetable.job, "")) {
            ("pull", _) => work(shared, take_in),
            ("calibrate", _) => work(shared, calibrate),
            ("housekeeping", _) => work(shared, throw_away),
            ("backup", _) => work(shared, back_up),
            _ => work(shared, live),
        };
        Job { timetable, work }
    };
    timetables(&shared.setup.config).into_iter().map(with_work).collect()
}

fn work<F: Future<Output = Result<()>> + Send + 'static>(shared: &Shared, run: fn(Shared, Claim) -> F) -> Work {
    let shared = shared.clone();
    Arc::new(move |claim| Box::pin(run(shared.clone(), claim)))
}

async fn live(Shared { db, setup, clock }: Shared, claim: Claim) -> Result<()> {
    // Each mail goes out in its reader's own morning.
    let options = CycleOptions { as_of: None, mailing: Mailing::OnSchedule(claim.slot) };
    run_fenced(&db, &setup, clock.as_ref(), options, Fence::Last(&claim), &|_| ()).await.map(drop)
}

async fn take_in(Shared { db, setup, clock }: Shared, claim: Claim) -> Result<()> {
    let only: Vec<String> = claim.job.split_once(':').map(|(_, source)| source.to_owned()).into_iter().collect();
    let as_of = open::today(&setup.config, clock.as_ref());
    let options = PullOptions { as_of, only: &only, whole: false, fence: Fence::Last(&claim), progress: &|_| () };
    let report = pull(&db, &setup.config, clock.as_ref(), options).await?;
    report.refused.into_values().next().map_or(Ok(()), |reason| bail!(reason))
}

async fn calibrate(Shared { db, setup, clock }: Shared, claim: Claim) -> Result<()> {
    let models = cycle::calibrate(&db, &setup, clock.as_ref()).await?;
    let (renewal, leaving) = (models.renewal.level.words(), models.leaving.level.words());
    info!(fitted_on = %models.fitted_on, renewal, leaving, "probabilities are calibrated");
    ledger::done(&db, &claim, clock.now()).await
}

async fn throw_away(Shared { db, setup, clock }: Shared, claim: Claim) -> Result<()> {
    let swept = housekeeping::run(&db, clock.now(), &setup.config.retention, Fence::Last(&claim)).await?;
    info!(rejects = swept.rejects, mails = swept.mails, runs = swept.runs, "what is old was thrown away");
    Ok(())
}

async fn back_up(Shared { db, setup, clock }: Shared, claim: Claim) -> Result<()> {
    let schedule = &setup.config.schedule;
    let folder = setup.config.resolve(&schedule.backup_folder);
    let (file, contents) = backup::into_folder(&db, &folder, clock.now(), schedule.backup_keep).await?;
    info!(file = %file.display(), rows = contents.rows.values().sum::<i64>(), "backup written");
    ledger::done(&db, &claim, clock.now()).await
}

/// Tests of crashes cannot wait for minutes: in a debug build, this variable makes every job due each so many milliseconds.
fn test_tick() -> Option<i64> {
    let tick = environment().find(|(name, _)| name == "LONGROAD_TEST_TICK_MS").filter(|_| cfg!(debug_assertions))?;
    tick.1.parse().ok().filter(|millis| *millis > 0)
}
