//! One whole cycle: pull, assess, score, diagnose, prescribe, review, write digests; all that it decides in one
//! transaction; then the mails go out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anyhow::{Context, Result, bail};
use tokio::task::JoinHandle;

use super::assess::Customer;
use super::book::{self, Books};
use super::desks::{Desks, Pending};
use super::entered::Entered;
use super::evaluate::Evaluated;
use super::look::Odds;
use super::mailing::{Mailing, Sending};
use super::mails::{self, Stationery};
use super::periodic::{self, Gathering, Occasion};
use super::population::{Block, Population};
use super::pull::{PullOptions, pull};
use super::requests::tellings;
use super::staged_lines;
use super::work::{self, Place, Turn};
use super::{CycleReport, Setup};
use crate::clock::Clock;
use crate::digest::Reader;
use crate::digest::csm::ChangeItem;
use crate::failpoint;
use crate::health::{self, Band};
use crate::model::{Day, Id};
use crate::playbook::{self, Diagnoses, Opened};
use crate::signals::LEAST_PEERS;
use crate::store::audit::{self, Deed};
use crate::store::directory::place_of;
use crate::store::facts::AsOf;
use crate::store::ledger::Fence;
use crate::store::scores::{self, Cycle, GivenScore};
use crate::store::staged;
use crate::store::tasks::Work;
use crate::store::turns::{self, Turns};
use crate::store::{Db, Tx, pulls, tasks};

/// Blocks that are begun before their turn.
const AHEAD: usize = 2;

/// How a cycle is run.
#[derive(Clone, Copy, Debug)]
pub struct CycleOptions {
    /// Its morning; today if absent.
    pub as_of: Option<Day>,
    /// When mails go out.
    pub mailing: Mailing,
}

/// Runs one cycle. `progress` hears what is being done.
pub async fn run(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    options: CycleOptions,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<CycleReport> {
    run_fenced(db, setup, clock, options, Fence::Free, progress).await
}

/// Runs one cycle that somebody has claimed: what it decides and that the run is done are one transaction.
pub async fn run_fenced(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    options: CycleOptions,
    fence: Fence<'_>,
    progress: &(dyn Fn(&str) + Sync),
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
    let pulled =
        pull(db, &setup.config, clock, PullOptions { as_of, only: &[], whole: false, fence: fence.part(), progress }).await?;
    (report.pulled, report.rejected) = (pulled.pulled, pulled.rejected);
    (report.refused, report.notes) = (pulled.refused, pulled.notes);
    watch.lap("pull");
    progress("reading accounts");
    let past = (as_of != today).then_some(as_of);
    let occasion = Occasion { mailing: options.mailing, past, now };
    let through = AsOf { day: as_of, through_pull: pulls::last_id(db).await? };
    let near = periodic::is_near(db, setup, through, occasion).await?;
    let odds = if near { Some(Odds::on(db, setup, through).await?) } else { None };
    let stationery = Stationery::load(db, &setup.config).await?;
    // Before anything is read, so that it stays as it is until all that follows from it is written.
    let mut tx = db.begin().await?;
    let population = Arc::new(Population::now(db, setup, as_of).await?);
    report.as_of_approximated = population.world.approximated;
    if let Some(accounts) = population.too_few.filter(|&accounts| accounts > 0) {
        report.notes.push(format!("no account is compared with others: {accounts} in use, and a comparison wants {LEAST_PEERS}"));
    }
    watch.lap("signals");
    progress("scoring");
    let sending = |reader: &Reader| options.mailing.csm(&setup.config, reader, past, now);
    let untold = mails::untold(&mut tx, past).await?;
    let books = Books::new(&population.world, &setup.config.company.name, &report.refused, untold, &sending);
    let mut night = Night::begin(db, tx, setup, &population, books).await?;
    night.blocks(&mut report).await?;
    watch.lap("scores");
    progress("writing digests");
    staged_lines::gather(db, setup, &population, &mut night.books).await?;
    let Night { mut tx, books, signs, .. } = night;
    // A past morning that is lived through later changes nothing of what the nights since have noted.
    if past.is_none() {
        staged::note_signs(&mut tx, as_of, &signs).await?;
    }
    let world = Arc::clone(&population.world);
    let config_before = population.config_before.clone().unwrap_or_default();
    report.without_csm = books.without_csm;
    let mut written = mails::plan(&mut tx, &stationery, books, past, now).await?;
    if let Some(odds) = &odds {
        let gathering = Gathering { db, setup, population: &population, odds, refused: &report.refused, stationery: &stationery };
        periodic::plan(&mut tx, &gathering, occasion, &mut written).await?;
    }
    (report.digests, report.failed) = (written.planned, written.failed.len() as u64);
    report.notes.extend(written.failed);
    // Letting go of all customers takes a while, and nobody need wait for it.
    tokio::task::spawn_blocking(move || drop(population));
    watch.lap("digests");
    report.seconds.clone_from(&watch.laps);
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
    if config_before != setup.hash {
        let detail = if config_before.is_empty() { "the first".to_owned() } else { format!("in place of {config_before}") };
        let deed = Deed { at: now, actor: "longroad", action: "configuration", subject: &setup.hash, detail: &detail };
        audit::append(&mut tx, &deed).await?;
    }
    fence.close(&mut tx, clock.now()).await?;
    failpoint::reach("before_commit");
    tx.commit().await?;
    failpoint::reach("after_commit");
    watch.lap("commit");
    if options.mailing == Mailing::Now {
        progress("sending");
        let drained = mails::send_due(db, &mut mails::sender(&setup.config)?, clock, &|| false).await?;
        if let Some(reason) = &drained.stopped {
            tracing::warn!(reason, "mails wait in the outbox");
            report.notes.push(format!("mails wait in the outbox: {reason}"));
        }
        report.sent = u64::from(drained.accepted);
        report.failed += u64::from(drained.failed()) + u64::from(drained.stopped.is_some());
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
    setup: &'a Arc<Setup>,
    population: Arc<Population>,
    /// The probabilities that are kept for this morning.
    odds: Arc<Odds>,
    /// What plays wait for in pipelines.
    entered: Arc<Entered>,
    books: Books,
    desks: Desks,
    /// From this day on, closed prescriptions still matter.
    since: Day,
    /// What customers are to be told of what they asked for.
    tellings: HashMap<Id, Vec<Opened>>,
    /// Conditions of pipelines that hold, each with its account.
    signs: BTreeSet<(String, String)>,
    tx: Tx,
}

impl<'a> Night<'a> {
    async fn begin(
        db: &'a Db,
        mut tx: Tx,
        setup: &'a Arc<Setup>,
        population: &Arc<Population>,
        books: Books,
    ) -> Result<Night<'a>> {
        let odds = Arc::new(Odds::kept(db, setup, population.world.as_of.day).await?);
        Ok(Night {
            odds,
            entered: Arc::new(Entered::load(db, setup, population).await?),
            books,
            desks: Desks::load(&mut tx, setup, population).await?,
            since: population.world.as_of.day - setup.library.memory_days(),
            tellings: tellings(db, setup, &population.world).await?,
            signs: BTreeSet::new(),
            tx,
            db,
            setup,
            population: Arc::clone(population),
        })
    }

    /// Does what follows from the scores of block after block; meanwhile the next blocks are scored on all processors, and
    /// their work is read.
    async fn blocks(&mut self, report: &mut CycleReport) -> Result<()> {
        let population = Arc::clone(&self.population);
        let mut ahead = 0..population.blocks.len();
        let mut ready: VecDeque<Ahead> = ahead.by_ref().take(AHEAD).map(|index| self.look_ahead(index)).collect();
        let mut unwritten: Option<Unwritten> = None;
        for block in &population.blocks {
            let Some(Ahead { work, parts }) = ready.pop_front() else { break };
            let work = work.await.context("reading the work of a block")??;
            let mut diagnosed = Vec::with_capacity(block.customers.len());
            for part in parts {
                diagnosed.extend(part.await.with_context(|| format!("scoring block {}", block.number))?);
            }
            ready.extend(ahead.next().map(|index| self.look_ahead(index)));
            let scored = self.block(block, diagnosed, work, report).await?;
            if let Some(before) = unwritten.replace(scored) {
                self.write(before).await?;
            }
        }
        if let Some(last) = unwritten {
            self.write(last).await?;
        }
        self.settle(report).await
    }

    /// Keeps what a block was given.
    async fn write(&mut self, Unwritten { block, packing }: Unwritten) -> Result<()> {
        let on = self.population.world.as_of.day;
        let (given, turns) = packing.await.with_context(|| format!("packing block {block}"))??;
        scores::save_block(&mut self.tx, on, block, &given).await?;
        turns::save_block(&mut self.tx, on, block, &turns).await
    }

    /// Begins with what fits into people's days; the rest waits and is counted.
    async fn settle(&mut self, report: &mut CycleReport) -> Result<()> {
        let population = Arc::clone(&self.population);
        let blocks: HashMap<i64, &Block> = population.blocks.iter().map(|block| (block.number, block)).collect();
        let on = population.world.as_of.day;
        let mut begin: BTreeMap<i64, Vec<Opened>> = BTreeMap::new();
        for Pending { block, ordinal, opened, .. } in self.desks.close() {
            report.tasks_opened += opened.tasks.len() as u64;
            let customers = blocks.get(&block).map_or(&[][..], |block| &block.customers);
            if let Ok(at) = customers.binary_search_by_key(&ordinal, |customer| customer.ordinal) {
                for task in opened.tasks.iter().filter(|task| task.is_open_on(on)) {
                    let item = || work::task_item(self.setup, &customers[at], task, Some(&opened.prescription));
                    self.books.task(task.assignee.as_ref(), customers[at].csm.as_ref(), item);
                }
            }
            begin.entry(block).or_default().push(opened);
        }
        for (block, opened) in begin.into_iter().chain(std::mem::take(&mut self.desks.held)) {
            tasks::insert(&mut self.tx, block, &opened).await?;
        }
        report.prescriptions_waiting += self.desks.waiting_for_anybody as u64;
        for (person, count) in std::mem::take(&mut self.desks.waiting) {
            report.prescriptions_waiting += count as u64;
            self.books.waiting(&person, count);
        }
        Ok(())
    }

    /// Begins with a block: its work is read, its customers are scored.
    fn look_ahead(&self, index: usize) -> Ahead {
        let block = &self.population.blocks[index];
        let (db, number, since) = (self.db.clone(), block.number, self.since);
        let work = tokio::spawn(async move { tasks::of_block(&db, number, since).await });
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let length = block.customers.len().div_ceil(threads).max(1);
        let part = |from: usize| {
            let (setup, population, odds) = (Arc::clone(self.setup), Arc::clone(&self.population), Arc::clone(&self.odds));
            let entered = Arc::clone(&self.entered);
            tokio::task::spawn_blocking(move || {
                let block = &population.blocks[index];
                diagnosed(&setup, &population, &odds, &entered, block, from..(from + length).min(block.customers.len()))
            })
        };
        Ahead { work, parts: (0..block.customers.len()).step_by(length).map(part).collect() }
    }

    /// Does what follows from the scores of a block.
    async fn block(
        &mut self,
        block: &Block,
        customers: Vec<Diagnosed>,
        mut work: BTreeMap<Id, Work>,
        report: &mut CycleReport,
    ) -> Result<Unwritten> {
        let on = self.population.world.as_of.day;
        let mut remembered: HashMap<Day, Turns> = HashMap::new();
        let (mut given, mut factors, mut opened) = (Vec::new(), BTreeMap::new(), Vec::<Opened>::new());
        for Diagnosed { customer, evaluated, diagnoses, told, signs } in customers {
            let customer = &block.customers[customer];
            self.signs.extend(signs.into_iter().map(|sign| (sign, customer.id.to_string())));
            let place = evaluated.given.place;
            let before = block.before(place);
            *report.bands.entry(evaluated.band.name()).or_default() += 1;
            match evaluated.health.score {
                Some(_) => report.scored += 1,
                None => report.unknown += 1,
            }
            let known = work.remove(&customer.id);
            let tellings = self.tellings.remove(&customer.id).unwrap_or_default();
            let mut turn = if tellings.is_empty() && known.is_none() && diagnoses.found.is_empty() && diagnoses.paused.is_empty()
            {
                Turn::default()
            } else {
                let world = &self.population.world;
                let place = Place { setup: self.setup, world, block: block.number, customer, evaluated: &evaluated };
                work::turn(&mut self.tx, &mut self.desks, place, &diagnoses, known, tellings, &mut opened).await?
            };
            count(report, &turn);
            for task in std::mem::take(&mut turn.tasks) {
                let prescription = turn.prescriptions.iter().rev().find(|one| one.id == task.prescription);
                let item = || work::task_item(self.setup, customer, &task, prescription);
                self.books.task(task.assignee.as_ref().or(task.csm.as_ref()), customer.csm.as_ref(), item);
            }
            let change = match before.filter(|_| told) {
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
        for left in work.into_values().filter(|_| self.desks.of_today) {
            report.tasks_closed += work::leave(&mut self.tx, left, on).await?;
        }
        opened.extend(self.desks.held.remove(&block.number).unwrap_or_default());
        tasks::insert(&mut self.tx, block.number, &opened).await?;
        let packing = tokio::task::spawn_blocking(move || Ok((scores::pack(&given)?, turns::pack(&factors)?)));
        Ok(Unwritten { block: block.number, packing })
    }

    /// What moved since the account's previous turn.
    async fn change(
        &self,
        customer: &Customer,
        evaluated: &Evaluated,
        before: &GivenScore,
        block: i64,
        remembered: &mut HashMap<Day, Turns>,
    ) -> Result<ChangeItem> {
        let (mut factors, mut band) = (Vec::new(), Band::Unknown);
        if let Some(turn_on) = before.turn_on {
            let turns = match remembered.entry(turn_on) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(turns::of_block(self.db, turn_on, block).await?),
            };
            let opinions = &self.population.world.opinions;
            factors = turns.of(before.place)?;
            let by_hand = opinions.score_on(customer.id.as_str(), turn_on);
            factors.extend(by_hand.map(|(_, score)| health::by_hand(before.turn_score, score)));
            band = evaluated.band_on(opinions, customer, turn_on, before.turn_band);
        }
        Ok(book::change(customer, evaluated, band, &factors))
    }
}

/// What a block was given, being packed while the next one is looked at.
struct Unwritten {
    block: i64,
    packing: JoinHandle<Result<(Vec<u8>, Vec<u8>)>>,
}

/// What of a block is done ahead.
struct Ahead {
    work: JoinHandle<Result<BTreeMap<Id, Work>>>,
    parts: Vec<JoinHandle<Vec<Diagnosed>>>,
}

/// A customer of a block with its score and the signs that show.
struct Diagnosed {
    customer: usize,
    evaluated: Evaluated,
    diagnoses: Diagnoses,
    /// Whether its change is worth telling.
    told: bool,
    /// Conditions of pipelines that hold of it, by their keys.
    signs: Vec<String>,
}

/// Scores customers of a block and looks for signs: pure, and so fit for a thread of its own.
fn diagnosed(
    setup: &Setup,
    population: &Population,
    odds: &Odds,
    entered: &Entered,
    block: &Block,
    customers: Range<usize>,
) -> Vec<Diagnosed> {
    let before_on = population.before;
    let diagnose = |index: usize| {
        let customer = &block.customers[index];
        let before = u16::try_from(place_of(customer.ordinal)).ok().and_then(|place| block.before(place));
        let (opinions, on) = (&population.world.opinions, population.world.as_of.day);
        let mut evaluated = Evaluated::of(setup, customer, before.zip(before_on), on)?;
        evaluated.chance = odds.of_evaluated(customer, &evaluated, on);
        evaluated = evaluated.with(opinions, customer, before.map(|before| (before, before_on)), on);
        let happened = entered.happened(customer);
        let night =
            playbook::Night { on, before: before_on, in_turn: evaluated.in_turn, happened: &happened, contact_days: None };
        let diagnoses = playbook::diagnose(&setup.library, &evaluated.subject(customer), night);
        let band_before = before.zip(before_on).map(|(before, day)| evaluated.band_on(opinions, customer, day, before.band.band));
        let told = book::is_told(&evaluated, band_before);
        if !told && !evaluated.in_turn && evaluated.health.score.is_some() {
            // Nobody asks tonight what the score is the sum of.
            evaluated.health.factors = Vec::new();
        }
        let signs = signs(setup, &evaluated, customer);
        Some(Diagnosed { customer: index, evaluated, diagnoses, told, signs })
    };
    customers.filter_map(diagnose).collect()
}

/// The conditions of pipelines that hold of a customer.
fn signs(setup: &Setup, evaluated: &Evaluated, customer: &Customer) -> Vec<String> {
    let subject = evaluated.subject(customer);
    let signs = setup.pipelines.iter().flat_map(|pipeline| pipeline.signs().map(move |condition| (pipeline, condition)));
    let holding = signs.filter(|(_, condition)| condition.holds(&subject));
    holding.map(|(pipeline, condition)| pipeline.sign(condition)).collect()
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

/// Does all that a cycle would do for the population, by whoever works on a day, and gives the transaction back: who drops it
/// has changed nothing.
pub async fn rehearse(db: &Db, tx: Tx, setup: &Arc<Setup>, population: &Arc<Population>, day_of_work: Day) -> Result<Tx> {
    let now = setup.config.company.zone().start_of(population.world.as_of.day);
    let sending = |reader: &Reader| Mailing::Now.csm(&setup.config, reader, None, now);
    let books = Books::new(&population.world, "", &BTreeMap::new(), BTreeMap::new(), &sending);
    let mut night = Night::begin(db, tx, setup, population, books).await?;
    night.desks.day_of_work = day_of_work;
    night.blocks(&mut CycleReport::default()).await?;
    Ok(night.tx)
}

/// What a cycle would write into the digests, with all that it would decide thrown away.
pub async fn dry(
    db: &Db,
    setup: &Arc<Setup>,
    population: &Arc<Population>,
    past: Option<Day>,
    sending: &(dyn Fn(&Reader) -> Sending + Sync),
) -> Result<Books> {
    let mut tx = db.begin().await?;
    let untold = mails::untold(&mut tx, past).await?;
    let books = Books::new(&population.world, &setup.config.company.name, &BTreeMap::new(), untold, &sending);
    let mut night = Night::begin(db, tx, setup, population, books).await?;
    let mut report = CycleReport::default();
    night.blocks(&mut report).await?;
    staged_lines::gather(db, setup, population, &mut night.books).await?;
    Ok(night.books)
}
