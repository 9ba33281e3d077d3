//! One whole cycle: pull, assess, score, diagnose, prescribe, review, write digests; all that it decides in one
//! transaction; then the mails go out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anyhow::{Context, Result, anyhow, bail};

use super::assess::Customer;
use super::book::{self, Books};
use super::evaluate::Evaluated;
use super::mails;
use super::population::{Block, Population};
use super::pull::{PullTime, pull};
use super::work::{self, Place, Turn};
use super::{CycleReport, Setup};
use crate::clock::Clock;
use crate::delivery;
use crate::digest::csm::ChangeItem;
use crate::health::{Band, Factor};
use crate::model::{Day, Id};
use crate::playbook::{self, Diagnoses, Opened};
use crate::store::directory::place_of;
use crate::store::scores::{self, Cycle, GivenScore};
use crate::store::tasks::Work;
use crate::store::{Db, Tx, tasks, turns};

/// Blocks whose work is read before it is needed.
const READ_AHEAD: usize = 2;

/// How a cycle is run.
#[derive(Clone, Copy, Debug)]
pub struct CycleOptions {
    /// Its morning; today if absent.
    pub as_of: Option<Day>,
    /// Whether mails go out, or wait in the outbox.
    pub send: bool,
}

/// Runs one cycle. `progress` hears what is being done.
pub async fn run(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    options: CycleOptions,
    progress: &dyn Fn(&str),
) -> Result<CycleReport> {
    let now = clock.now();
    let today = setup.config.company.zone().day_of(now);
    let as_of = options.as_of.unwrap_or(today);
    if as_of > today {
        bail!("{as_of} lies in the future; today is {today}");
    }
    let mut report = CycleReport { as_of: Some(as_of), config_hash: setup.hash.clone(), ..CycleReport::default() };
    let mut watch = Stopwatches::new();
    progress("pulling");
    let pulled = pull(db, &setup.config, PullTime { now, as_of }, &[]).await?;
    (report.pulled, report.rejected) = (pulled.pulled, pulled.rejected);
    (report.refused, report.notes) = (pulled.refused, pulled.notes);
    watch.lap("pull");
    progress("reading accounts");
    let population = Population::now(db, setup, as_of).await?;
    report.as_of_approximated = population.world.approximated;
    watch.lap("signals");
    progress("scoring");
    let mut night = Night::begin(db, setup, &population, &report.refused).await?;
    night.blocks(&mut report).await?;
    watch.lap("scores");
    progress("writing digests");
    let Night { mut tx, books, .. } = night;
    let world = Arc::clone(&population.world);
    // Letting go of all customers takes a while, and nobody need wait for it.
    tokio::task::spawn_blocking(move || drop(population));
    report.without_csm = books.without_csm;
    report.digests = mails::plan(db, &mut tx, setup, books, as_of, as_of == today, now).await?;
    watch.lap("digests");
    let cycle = Cycle {
        as_of,
        through_pull: world.as_of.through_pull,
        config_hash: setup.hash.clone(),
        approximated: world.approximated,
        finished_at: now,
        report: serde_json::to_string(&report)?,
    };
    scores::save_configuration(&mut tx, &setup.hash, &setup.text, now).await?;
    scores::save_cycle(&mut tx, &cycle).await?;
    tx.commit().await?;
    watch.lap("commit");
    if options.send {
        progress("sending");
        let drained = delivery::drain(db, &mut mails::transport(&setup.config)?, clock).await?;
        if let Some(reason) = &drained.stopped {
            tracing::warn!(reason, "mails wait in the outbox");
            report.notes.push(format!("mails wait in the outbox: {reason}"));
        }
        report.sent = u64::from(drained.accepted);
        report.failed = u64::from(drained.failed()) + u64::from(drained.stopped.is_some());
        watch.lap("send");
    }
    report.seconds = watch.laps;
    tracing::info!(
        as_of = %as_of, scored = report.scored, unknown = report.unknown, tasks_opened = report.tasks_opened,
        digests = report.digests, sent = report.sent, "cycle done"
    );
    Ok(report)
}

/// The part of a cycle that decides, in one transaction.
struct Night<'a> {
    db: &'a Db,
    setup: &'a Setup,
    population: &'a Population,
    books: Books,
    /// From this day on, closed prescriptions still matter.
    since: Day,
    tx: Tx,
}

impl<'a> Night<'a> {
    async fn begin(
        db: &'a Db,
        setup: &'a Setup,
        population: &'a Population,
        refused: &BTreeMap<String, String>,
    ) -> Result<Night<'a>> {
        let cooldown = setup.library.plays.values().map(|play| play.cooldown_days).max().unwrap_or_default();
        Ok(Night {
            books: Books::new(&population.world, &setup.config.company.name, refused),
            since: population.world.as_of.day - cooldown.cast_signed(),
            tx: db.begin().await?,
            db,
            setup,
            population,
        })
    }

    /// Scores block after block on all processors, and does what follows; the work of the next blocks is read meanwhile.
    async fn blocks(&mut self, report: &mut CycleReport) -> Result<()> {
        let (setup, population) = (self.setup, self.population);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (db, since) = (self.db, self.since);
        let read = |block: &Block| {
            let (db, number) = (db.clone(), block.number);
            tokio::spawn(async move { tasks::of_block(&db, number, since).await })
        };
        let mut ahead = population.blocks.iter();
        let mut reading: VecDeque<_> = ahead.by_ref().take(READ_AHEAD).map(read).collect();
        for block in &population.blocks {
            let Some(work) = reading.pop_front() else { break };
            let work = work.await.context("reading the work of a block")??;
            reading.extend(ahead.next().map(read));
            let part = block.customers.len().div_ceil(threads).max(1);
            let diagnosed: Vec<Diagnosed<'_>> = std::thread::scope(|scope| {
                let parts: Vec<_> =
                    block.customers.chunks(part).map(|part| scope.spawn(|| diagnosed(setup, population, block, part))).collect();
                let joined =
                    parts.into_iter().map(|part| part.join().map_err(|_| anyhow!("scoring block {} failed", block.number)));
                joined.collect::<Result<Vec<_>>>().map(|parts| parts.into_iter().flatten().collect())
            })?;
            self.block(block, diagnosed, work, report).await?;
        }
        Ok(())
    }

    /// Does what follows from the scores of a block.
    async fn block(
        &mut self,
        block: &Block,
        customers: Vec<Diagnosed<'_>>,
        mut work: BTreeMap<Id, Work>,
        report: &mut CycleReport,
    ) -> Result<()> {
        let on = self.population.world.as_of.day;
        let mut remembered: HashMap<Day, BTreeMap<u16, Vec<Factor>>> = HashMap::new();
        let (mut given, mut factors, mut opened) = (Vec::new(), BTreeMap::new(), Vec::<Opened>::new());
        for Diagnosed { customer, evaluated, diagnoses } in customers {
            let place = evaluated.given.place;
            let before = block.before(place);
            match evaluated.health.score {
                Some(_) => report.scored += 1,
                None => report.unknown += 1,
            }
            let known = work.remove(&customer.id);
            let turn = if known.is_none() && diagnoses.found.is_empty() && diagnoses.paused.is_empty() {
                Turn::default()
            } else {
                let place = Place { setup: self.setup, world: &self.population.world, customer, evaluated: &evaluated };
                work::turn(&mut self.tx, place, &diagnoses, known, &mut opened).await?
            };
            count(report, &turn);
            let change = match before.filter(|before| book::is_told(&evaluated, Some(before.band.band))) {
                Some(before) => Some(self.change(customer, &evaluated, before, block.number, &mut remembered).await?),
                None => None,
            };
            self.books.customer(customer, &evaluated, turn, change);
            given.push(evaluated.given);
            if evaluated.in_turn {
                factors.insert(place, evaluated.health.factors);
            }
        }
        // Whoever is left over is no customer any more.
        for left in work.into_values() {
            report.tasks_closed += work::leave(&mut self.tx, left, on).await?;
        }
        tasks::insert(&mut self.tx, block.number, &opened).await?;
        scores::save_block(&mut self.tx, on, block.number, &given).await?;
        turns::save_block(&mut self.tx, on, block.number, &factors).await
    }

    /// What moved since the account's previous turn.
    async fn change(
        &self,
        customer: &Customer,
        evaluated: &Evaluated<'_>,
        before: &GivenScore,
        block: i64,
        remembered: &mut HashMap<Day, BTreeMap<u16, Vec<Factor>>>,
    ) -> Result<ChangeItem> {
        let mut factors: &[Factor] = &[];
        if let Some(turn_on) = before.turn_on {
            let turns = match remembered.entry(turn_on) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(turns::of_block(self.db, turn_on, block).await?),
            };
            factors = turns.get(&before.place).map_or(&[], Vec::as_slice);
        }
        let band = if before.turn_on.is_some() { before.turn_band } else { Band::Unknown };
        Ok(book::change(customer, evaluated, band, factors))
    }
}

/// A customer with its score and the signs that show.
struct Diagnosed<'a> {
    customer: &'a Customer,
    evaluated: Evaluated<'a>,
    diagnoses: Diagnoses<'a>,
}

/// Scores customers of a block and looks for signs: pure, and so fit for a thread of its own.
fn diagnosed<'a>(setup: &'a Setup, population: &'a Population, block: &Block, customers: &'a [Customer]) -> Vec<Diagnosed<'a>> {
    let before_on = population.before;
    let diagnose = |customer: &'a Customer| {
        let before = u16::try_from(place_of(customer.ordinal)).ok().and_then(|place| block.before(place));
        let mut evaluated = Evaluated::of(setup, customer, before.zip(before_on), population.world.as_of.day)?;
        let diagnoses = playbook::diagnose(&setup.library, &evaluated.subject(customer), evaluated.in_turn);
        let told = book::is_told(&evaluated, before.map(|before| before.band.band));
        if !told && !evaluated.in_turn && evaluated.health.score.is_some() {
            // Nobody asks tonight what the score is the sum of.
            evaluated.health.factors = Vec::new();
        }
        Some(Diagnosed { customer, evaluated, diagnoses })
    };
    customers.iter().filter_map(diagnose).collect()
}

fn count(report: &mut CycleReport, turn: &Turn) {
    report.diagnoses += turn.diagnoses;
    report.tasks_opened += turn.opened;
    report.tasks_closed += turn.closed;
    for play in &turn.paused {
        *report.paused.entry(play.clone()).or_default() += 1;
    }
}

/// Seconds by stage.
struct Stopwatches {
    since: Stopwatch,
    laps: BTreeMap<&'static str, f64>,
}

impl Stopwatches {
    fn new() -> Stopwatches {
        Stopwatches { since: Stopwatch::now(), laps: BTreeMap::new() }
    }

    fn lap(&mut self, stage: &'static str) {
        self.laps.insert(stage, self.since.elapsed().as_secs_f64());
        self.since = Stopwatch::now();
    }
}

/// What a cycle would write into the digests, with all that it would decide thrown away.
pub async fn dry(db: &Db, setup: &Setup, population: &Population) -> Result<Books> {
    let mut night = Night::begin(db, setup, population, &BTreeMap::new()).await?;
    let mut report = CycleReport::default();
    night.blocks(&mut report).await?;
    Ok(night.books)
}
