//! New data in: all sources are asked side by side, then what each brought goes in, all of it or nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use serde::Serialize;

use super::take_in::{Taken, take_in};
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::model::{Day, Instant};
use crate::sources::{Feed, Fetch, SourceError, fetch};
use crate::store::ledger::{ClaimLost, Fence};
use crate::store::trust::{self, Standing};
use crate::store::{Db, cursors};

/// No server is left alone for longer than this, whatever it asks for.
const LONGEST_DEFERRAL: Duration = Duration::from_hours(24);

/// What came in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PullReport {
    /// Rows read, by source; files that have not changed since their last pull are not read again.
    pub pulled: BTreeMap<String, u64>,
    /// Rows set aside.
    pub rejected: u64,
    /// Sources of which nothing was taken in, and why. Their old data stand.
    pub refused: BTreeMap<String, String>,
    /// What else should be known: unknown columns, undeclared metrics, bare dates.
    pub notes: Vec<String>,
}

/// How a pull is made.
#[derive(Clone, Copy)]
pub struct PullOptions<'a> {
    /// The morning that is lived: today, or an earlier one.
    pub as_of: Day,
    /// Only the sources of these names; all where there are none.
    pub only: &'a [String],
    /// Whether everything is asked for, and not only what changed.
    pub whole: bool,
    /// The run that each source's transaction is a part of.
    pub fence: Fence<'a>,
    /// Hears what is being done.
    pub progress: &'a (dyn Fn(&str) + Sync),
}

/// When a pull is made, and for which morning.
#[derive(Clone, Copy, Debug)]
pub struct PullTime {
    /// The present.
    pub now: Instant,
    /// The morning that is lived.
    pub as_of: Day,
}

/// Pulls. A source that fails is told in the report and stops no other.
pub async fn pull(db: &Db, config: &Config, clock: &dyn Clock, options: PullOptions<'_>) -> Result<PullReport> {
    let time = PullTime { now: clock.now(), as_of: options.as_of };
    let wanted = |source: &&Source| options.only.is_empty() || options.only.contains(&source.name);
    let sources: Vec<&Source> = config.sources.iter().filter(wanted).collect();
    let standings = trust::standings(db).await?;
    let asked = sources.iter().map(|source| {
        let deferred_until = standings.get(&source.name).and_then(|standing| standing.deferred_until);
        ask(db, config, source, clock, options, deferred_until)
    });
    let fetched = join_all(asked).await;
    let mut report = PullReport::default();
    for (source, feeds) in sources.into_iter().zip(fetched) {
        let taken = match feeds {
            Ok(feeds) => take_in(db, config, source, time, &feeds, options.fence, options.progress).await,
            Err(error) => Err(error),
        };
        let refusal = match taken {
            Ok(taken) => report.add(source, taken),
            Err(lost) if lost.is::<ClaimLost>() => return Err(lost),
            Err(error) => {
                let reason = format!("{error:#}");
                let wait = error.downcast_ref::<SourceError>().and_then(|error| error.wait);
                failed(db, source, clock.now(), &reason, wait).await?;
                Some(reason)
            }
        };
        if let Some(reason) = refusal {
            tracing::warn!(source = source.name, reason, "nothing was taken in from the source; its old data stand");
            report.refused.insert(source.name.clone(), reason);
        }
    }
    Ok(report)
}

async fn ask(
    db: &Db,
    config: &Config,
    source: &Source,
    clock: &dyn Clock,
    options: PullOptions<'_>,
    deferred_until: Option<Instant>,
) -> Result<Vec<Feed>> {
    if let Some(until) = deferred_until.filter(|until| clock.now() < *until) {
        let zone = config.company.zone();
        bail!("deferred until {} {}, as its server asked", zone.day_of(until), zone.clock_of(until));
    }
    let cursors = if options.whole { BTreeMap::new() } else { cursors::of_source(db, &source.name).await? };
    let ask = Fetch { config, source, cursors: &cursors, clock, progress: options.progress };
    fetch(ask).await.context("asking the source")
}

/// Notes that nothing came of asking a source. `wait`: for how long it wants to be left alone.
async fn failed(db: &Db, source: &Source, now: Instant, reason: &str, wait: Option<Duration>) -> Result<()> {
    let mut tx = db.begin().await?;
    let before = trust::standings(db).await?.remove(&source.name).unwrap_or_default();
    let wait = wait.map(|wait| now.plus_seconds(i64::try_from(wait.min(LONGEST_DEFERRAL).as_secs()).unwrap_or_default()));
    let deferred_until = wait.or(before.deferred_until.filter(|until| now < *until));
    let standing = Standing { asked_at: Some(now), failure: Some(reason.to_owned()), deferred_until, ..before };
    trust::put_standing(&mut tx, &source.name, &standing).await?;
    tx.commit().await
}

impl PullReport {
    /// Adds what a source brought; says why nothing of it was taken in, if so.
    fn add(&mut self, source: &Source, taken: Taken) -> Option<String> {
        self.pulled.insert(source.name.clone(), taken.rows);
        self.rejected += taken.rejected;
        self.notes.extend(taken.notes);
        taken.refused
    }
}
