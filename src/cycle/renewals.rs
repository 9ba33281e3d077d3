//! The renewal book of a morning, and how the calls of terms that have ended turned out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::assess::{Customer, decode};
use super::evaluate::Evaluated;
use super::look::{Look, Odds};
use super::population::{Block, Population};
use super::world::World;
use crate::clock::Clock;
use crate::config::Config;
use crate::health::explain;
use crate::health::opinion::{Call, Said};
use crate::model::record::{Account, Contact, Contract, Lead, Record, RecordKind, Touch, Value};
use crate::model::{Currency, Day, Money};
use crate::pipeline::{Kind, Pipeline, Role};
use crate::revenue::Rates;
use crate::revenue::renewal::{Due, Facts, Renewal, Sums, Tally, Turned, due, ended, spread, sums, tally, total};
use crate::risk::Machine;
use crate::signals::{Signal, State};
use crate::store::directory::place_of;
use crate::store::facts::BlockFacts;
use crate::store::scores::GivenScore;
use crate::store::{Db, facts, scores};

/// Days that calls are looked back on.
const TURNED_DAYS: i32 = 91;
/// Days before the end of a term at which its call is held against what became of it: late enough to know, early enough to act.
const CALLED_DAYS: i32 = 14;
/// A score that is older than so many days says nothing of that morning.
const OLDEST_SCORE_DAYS: i32 = 28;
/// Reasons told of each machine's call, besides the score.
const REASONS: usize = 2;

/// What `renewals` tells.
#[derive(Debug, Serialize)]
pub struct RenewalsReport {
    /// The morning.
    pub as_of: Day,
    /// The configuration in force.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// How many days are looked ahead.
    pub days: u32,
    /// The currency of totals.
    pub currency: Currency,
    /// ARR by call, all of it in the currency of reports at its constant rates; `null` where nothing comes up that has a rate.
    pub total: Option<Sums>,
    /// Currencies without a rate: what is in them is left out of all totals.
    pub without_rate: Vec<String>,
    /// ARR by call, by currency.
    pub sums: Vec<Sums>,
    /// How well the renewals are looked after.
    pub coverage: Coverage,
    /// By the day of the end.
    pub renewals: Vec<Renewal>,
    /// How the calls of terms that have ended turned out.
    pub turned_out: TurnedOut,
}

/// How many renewals are looked after how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// All of them.
    pub renewals: usize,
    /// Without two-way contact in the last 60 days; `null` where contacts are not known.
    pub without_contact: Option<usize>,
    /// Without an open record for the renewal; `null` where such records are not known.
    pub without_record: Option<usize>,
    /// With contact bunched up at the end of the term; `null` where contacts are not known.
    pub bunched: Option<usize>,
    /// Within 90 days of the end, and nobody has called it.
    pub without_call: usize,
    /// With two calls that differ.
    pub differing: usize,
}

/// How calls turned out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TurnedOut {
    /// Terms that ended on this day or later.
    pub from: Option<Day>,
    /// By the machine's call two weeks before the end.
    pub machine: Vec<Tally>,
    /// By that of people.
    pub people: Vec<Tally>,
    /// The terms.
    pub terms: Vec<Turned>,
}

/// The book of a morning, gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    pub renewals: Vec<Renewal>,
    pub turned: Vec<Turned>,
}

/// The renewal book; of the last cycle's morning by default.
pub async fn renewals(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>, days: u32) -> Result<RenewalsReport> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let odds = Odds::of(db, &look).await?;
    let gathered = gather(db, &look.setup, &look.population, &odds, days).await?;
    let book = Book {
        as_of: look.on,
        config_hash: &look.setup.hash,
        as_of_approximated: look.population.world.approximated,
        days,
        config: &look.setup.config,
    };
    Ok(book.report(gathered))
}

/// What a report says of itself.
struct Book<'a> {
    as_of: Day,
    config_hash: &'a str,
    as_of_approximated: bool,
    days: u32,
    config: &'a Config,
}

impl Book<'_> {
    fn report(&self, gathered: Gathered) -> RenewalsReport {
        let mut rates = Rates::new(self.config.company.currency, self.config.revenue.rates.clone());
        let total = total(&gathered.renewals, &mut rates);
        let turned_out = TurnedOut::of(self.as_of, gathered.turned, &mut rates);
        RenewalsReport {
            as_of: self.as_of,
            config_hash: self.config_hash.to_owned(),
            as_of_approximated: self.as_of_approximated,
            days: self.days,
            currency: rates.currency,
            total,
            without_rate: rates.missing.iter().map(ToString::to_string).collect(),
            sums: sums(&gathered.renewals),
            coverage: Coverage::of(&gathered.renewals),
            renewals: gathered.renewals,
            turned_out,
        }
    }
}

impl RenewalsReport {
    /// The same of the accounts of some people alone, `sees` telling of a CSM whether it is one of them: all sums and counts are
    /// theirs.
    #[must_use]
    pub fn of_those(&self, config: &Config, sees: impl Fn(Option<&str>) -> bool) -> RenewalsReport {
        let RenewalsReport { as_of, config_hash, as_of_approximated, days, .. } = self;
        let book = Book { as_of: *as_of, config_hash, as_of_approximated: *as_of_approximated, days: *days, config };
        let renewals = self.renewals.iter().filter(|one| sees(one.csm.as_deref())).cloned().collect();
        let turned = self.turned_out.terms.iter().filter(|one| sees(one.csm.as_deref())).cloned().collect();
        book.report(Gathered { renewals, turned })
    }
}

impl Coverage {
    /// Counts.
    pub fn of(renewals: &[Renewal]) -> Coverage {
        let gap = |start: &str| renewals.iter().filter(|one| one.gaps.iter().any(|gap| gap.starts_with(start))).count();
        let spoken = renewals.iter().any(|one| one.spread.is_some());
        Coverage {
            renewals: renewals.len(),
            without_contact: spoken.then(|| gap("no two-way contact")),
            without_record: renewals.iter().any(|one| one.open_record.is_some()).then(|| gap("no open renewal record")),
            bunched: spoken.then(|| renewals.iter().filter(|one| one.spread.is_some_and(|spread| spread.bunched)).count()),
            without_call: gap("no call by a person"),
            differing: renewals.iter().filter(|one| one.differs).count(),
        }
    }
}

impl TurnedOut {
    fn of(on: Day, terms: Vec<Turned>, rates: &mut Rates) -> TurnedOut {
        TurnedOut {
            from: Some(on - TURNED_DAYS),
            machine: tally(&terms, rates, |one| one.machine_call),
            people: tally(&terms, rates, |one| one.csm_call),
            terms,
        }
    }
}

/// What of an account the book looks at, besides its numbers.
pub struct Records {
    pub account: Account,
    pub contracts: Vec<Contract>,
    pub values: Vec<Value>,
    pub contacts: Vec<Contact>,
    /// Days of two-way contact.
    touches: Vec<Day>,
    leads: Vec<Lead>,
}

/// Gathers the book of a morning.
pub async fn gather(db: &Db, setup: &Setup, population: &Population, odds: &Odds, days: u32) -> Result<Gathered> {
    let world = &population.world;
    let (on, mut any_lead, mut known_from) = (world.as_of.day, false, None);
    let (mut lines, mut gathered) = (Vec::new(), Gathered::default());
    for block in &population.blocks {
        let records = records(db, world, block.number).await?;
        any_lead |= records.values().any(|known| !known.leads.is_empty());
        let seen = Seen { setup, population, block, odds };
        for customer in &block.customers {
            let Some(records) = records.get(&customer.ordinal) else { continue };
            lines.extend(seen.lines(customer, records, days));
        }
        known_from = records.values().flat_map(|records| records.touches.iter().copied()).chain(known_from).min();
        turned(db, world, block.number, &records, &mut gathered.turned).await?;
    }
    let known_from = known_from.filter(|_| world.known.has(RecordKind::Touches));
    let finished = |line: Line| {
        let spread = known_from.filter(|_| !line.stale).map(|from| spread(&line.touches, from, line.term, on));
        line.renewal.with(spread, any_lead.then_some(line.open_lead))
    };
    gathered.renewals = lines.into_iter().map(finished).collect();
    gathered.renewals.sort_by(|a, b| (a.ends_on, &a.account_id, &a.contracts).cmp(&(b.ends_on, &b.account_id, &b.contracts)));
    gathered.turned.sort_by(|a, b| (a.ends_on, &a.account_id, &a.contract_id).cmp(&(b.ends_on, &b.account_id, &b.contract_id)));
    Ok(gathered)
}

/// The records of a block's accounts, by ordinal.
pub async fn records(db: &Db, world: &World, block: i64) -> Result<BTreeMap<u32, Records>> {
    of_facts(&facts::of_block(db, block, world.as_of).await?, world)
}

/// The same of these facts.
pub fn of_facts(facts: &BlockFacts, world: &World) -> Result<BTreeMap<u32, Records>> {
    let (day, zone) = (world.as_of.day, &world.zone);
    let mut records: BTreeMap<u32, Records> = BTreeMap::new();
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            let Some(ordinal) = fact.ordinal else { continue };
            if kind == RecordKind::Accounts {
                let account: Account = decode(kind, fact.body)?;
                let new = |account| Records {
                    account,
                    contracts: Vec::new(),
                    values: Vec::new(),
                    contacts: Vec::new(),
                    touches: Vec::new(),
                    leads: Vec::new(),
                };
                records.extend(account.known_on(day, zone).map(|account| (ordinal, new(account))));
                continue;
            }
            let Some(known) = records.get_mut(&ordinal) else { continue };
            match kind {
                RecordKind::Contracts => known.contracts.extend(decode::<Contract>(kind, fact.body)?.known_on(day, zone)),
                RecordKind::Values => known.values.extend(decode::<Value>(kind, fact.body)?.known_on(day, zone)),
                RecordKind::Contacts => known.contacts.extend(decode::<Contact>(kind, fact.body)?.known_on(day, zone)),
                RecordKind::Touches => {
                    let touch = decode::<Touch>(kind, fact.body)?.known_on(day, zone);
                    known.touches.extend(touch.filter(Touch::is_two_way).map(|touch| zone.day_of(touch.at)));
                }
                RecordKind::Leads => known.leads.extend(decode::<Lead>(kind, fact.body)?.known_on(day, zone)),
                _ => {}
            }
        }
    }
    Ok(records)
}

/// Whether somebody still works on it: its stage is one of the way, or a word that no pipeline knows, which counts as new.
fn is_open(lead: &Lead, pipelines: &[Arc<Pipeline>]) -> bool {
    let role = |word: &str| {
        let mut knowing = pipelines.iter().filter(|pipeline| pipeline.kind == Kind::Leads);
        knowing.find_map(|pipeline| Some(pipeline.stages[pipeline.stage(word)?].role))
    };
    let role = lead.stage.as_ref().and_then(|stage| role(&stage.0));
    lead.lost_reason.is_none() && role.is_none_or(|role| role == Role::Open)
}

/// A line of the book that waits for what all accounts together tell.
struct Line {
    renewal: Renewal,
    term: (Day, Day),
    touches: Vec<Day>,
    open_lead: bool,
    /// Whether contacts have stopped coming in: the days since then say nothing of them.
    stale: bool,
}

/// Where a customer is looked at.
pub struct Seen<'a> {
    pub setup: &'a Setup,
    pub population: &'a Population,
    pub block: &'a Block,
    pub odds: &'a Odds,
}

impl Seen<'_> {
    /// The renewals of one customer, without what takes a look at all of them.
    pub fn renewals(&self, customer: &Customer, records: &Records, days: u32) -> Vec<Renewal> {
        self.lines(customer, records, days).into_iter().map(|line| line.renewal).collect()
    }

    fn lines(&self, customer: &Customer, records: &Records, days: u32) -> Vec<Line> {
        let world = &self.population.world;
        let on = world.as_of.day;
        let dues = due(&records.contracts, on, on + days.cast_signed(), world.service_rules);
        if dues.is_empty() {
            return Vec::new();
        }
        let Some(evaluated) = Evaluated::seen(self.setup, self.population, self.block, customer) else { return Vec::new() };
        let probability =
            self.odds.look_at(customer, &evaluated, on).map(|seen| self.odds.models.probability(&self.odds.parts, &seen));
        let machine = evaluated.machine(customer, probability);
        let reasons = explain::reasons(&evaluated.card, &evaluated.health, REASONS);
        let calls = world.opinions.calls_on(customer.id.as_str(), on, customer.end(on));
        let stale = customer.signals.get(Signal::DaysSinceContact).state == State::Stale;
        let line = |due: &Due| {
            let facts = Facts {
                account_id: customer.id.as_str(),
                name: &customer.name,
                csm: customer.csm.as_ref().map(crate::model::Id::as_str),
                seller: records.account.seller.as_deref(),
                tier: customer.tier.as_deref(),
                machine,
                reasons: reasons.clone(),
                calls: calls.clone(),
                signals: &customer.signals,
            };
            Line {
                renewal: Renewal::new(&facts, due, on),
                term: (due.began_on, due.ends_on),
                touches: records.touches.clone(),
                open_lead: records.leads.iter().any(|lead| is_open(lead, &self.setup.pipelines)),
                stale,
            }
        };
        dues.iter().map(line).collect()
    }
}

/// The terms of a block that have ended of late, with what was said of them.
async fn turned(db: &Db, world: &World, block: i64, records: &BTreeMap<u32, Records>, turned: &mut Vec<Turned>) -> Result<()> {
    let on = world.as_of.day;
    let mut scores_on: HashMap<Day, Vec<GivenScore>> = HashMap::new();
    for (&ordinal, Records { account, contracts, .. }) in records {
        for term in ended(contracts, on - TURNED_DAYS, on, world.service_rules) {
            let called_on = term.ends_on - CALLED_DAYS;
            let given = match scores_on.entry(called_on) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(place) => place.insert(given(db, called_on, block).await?),
            };
            let place = u16::try_from(place_of(ordinal)).ok();
            let machine = given.iter().find(|given| Some(given.place) == place).and_then(|given| {
                Machine { score: given.score, band: given.band.band, probability: None, notice_given: false }.call()
            });
            let calls = world.opinions.calls_on(account.id.as_str(), called_on, Some(term.ends_on));
            let said = calls.into_iter().find_map(|opinion| match &opinion.said {
                Said::Call { call, contract_id, term_ends_on } => {
                    let mine = contract_id.as_ref().is_none_or(|contract| contract.as_str() == term.contract);
                    (mine && *term_ends_on == term.ends_on).then_some(*call)
                }
                _ => None,
            });
            turned.push(Turned {
                account_id: account.id.to_string(),
                name: account.name.clone(),
                csm: account.csm.as_ref().map(ToString::to_string),
                contract_id: term.contract,
                ends_on: term.ends_on,
                arr: term.arr.map(Money::amount),
                currency: term.arr.map(|arr| arr.currency.to_string()),
                outcome: term.outcome,
                csm_call: said,
                machine_call: machine.map(|(call, _): (Call, String)| call),
                money: term.arr,
            });
        }
    }
    Ok(())
}

/// The scores of a block that the last cycle until this morning gave, if it was not long before.
async fn given(db: &Db, on: Day, block: i64) -> Result<Vec<GivenScore>> {
    match scores::last_cycle(db, Some(on + 1)).await? {
        Some(cycle) if on - cycle.as_of <= OLDEST_SCORE_DAYS => scores::of_block(db, cycle.as_of, block).await,
        _ => Ok(Vec::new()),
    }
}
