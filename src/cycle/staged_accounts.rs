//! Accounts and the terms of their contracts on the board: all of them, or the few of which there may be something to tell.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::assess::{Customer, decode};
use super::population::Population;
use super::staged::{Board, Seen, of_pipeline};
use crate::health::opinion::Said;
use crate::model::Money;
use crate::model::record::{Account, Contract, Record, Ticket};
use crate::pipeline::{
    AccountStage, Anchor, By, Event, Events, Facts, Field, HandedOver, Kind, Owner, Pipeline, State, TermFacts, What, comes_anew,
    live, next_touch, terms,
};
use crate::signals::{ServiceRules, Signal};
use crate::store::directory::{self, block_of};
use crate::store::facts;
use crate::store::staged::{Act, Span};

/// So long after its beginning an account that is not live is looked at as one that is being brought on. Days.
const YOUNG_DAYS: f64 = 365.0;
/// So long after they left, after they came back, after a sign began, after somebody did something, accounts are looked at: the
/// longest stay that is shipped is a year. Days.
const LATELY_DAYS: i32 = 400;

/// What of an account pipelines look at.
#[derive(Default)]
struct Known {
    contracts: Vec<Contract>,
    /// Only where somebody asks for complaints.
    tickets: Vec<Ticket>,
}

impl Board<'_> {
    /// The accounts, by their ordinals, that may have come into a stage of late, or of which somebody is to do something, each with
    /// the pipelines of accounts for which that holds. All others have been where they are for long, and reading a million costs.
    /// `live_days`: customers that went live so long ago are still looked at as young ones; `None`: nobody is, where no source
    /// says who is live.
    pub async fn lately<'p>(
        &self,
        pipelines: &[&'p Pipeline],
        population: &Population,
        live_days: Option<i32>,
    ) -> Result<BTreeMap<u32, Vec<&'p Pipeline>>> {
        let since = self.at.on - LATELY_DAYS;
        let customers = || population.blocks.iter().flat_map(|block| &block.customers);
        let beside = || population.blocks.iter().map(|block| &block.beside);
        let mut found: BTreeMap<u32, Vec<&Pipeline>> = BTreeMap::new();
        let mut named: Vec<(&str, &Pipeline)> = Vec::new();
        for pipeline in pipelines.iter().copied() {
            let mut add = |ordinal: u32| found.entry(ordinal).or_default().push(pipeline);
            let mut names: BTreeSet<&str> = BTreeSet::new();
            if let Some(opening) = pipeline.opening_sign() {
                let began = |(sign, (from, _)): &(String, Span)| *sign == opening && *from >= since;
                let shows = self.signs.iter().filter(|(_, signs)| signs.iter().any(began));
                names.extend(shows.map(|(account, _)| account.as_str()));
            } else if pipeline.opens_by_leaving() {
                customers().filter(|one| came_back(one)).for_each(|one| add(one.ordinal));
                beside().flat_map(|one| &one.left).filter(|(_, left)| *left >= since).for_each(|(one, _)| add(*one));
            } else if let Some(live_days) = live_days {
                customers().filter(|one| is_young(one, live_days)).for_each(|one| add(one.ordinal));
                beside().flat_map(|one| &one.coming).for_each(|one| add(*one));
            }
            let handled = |act: &&Act| act.pipeline == pipeline.name && self.zone().day_of(act.at) >= since;
            for act in self.acts.values().flatten().filter(handled) {
                names.extend([Some(act.record.as_str()), act.record.rsplit_once('~').map(|(id, _)| id)].into_iter().flatten());
            }
            named.extend(names.into_iter().map(|name| (name, pipeline)));
        }
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>().into_iter().collect();
        let ordinals = directory::ordinals(self.db, &names).await?;
        for (name, pipeline) in named {
            if let Some(ordinal) = ordinals.get(name) {
                let of = found.entry(*ordinal).or_default();
                if !of.iter().any(|one| one.name == pipeline.name) {
                    of.push(pipeline);
                }
            }
        }
        Ok(found)
    }

    /// Lets the records of some accounts go by, each in its pipelines.
    pub async fn some(&self, wanted: &BTreeMap<u32, Vec<&Pipeline>>, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        let wants_tickets = wanted.values().flatten().any(|pipeline| pipeline.reads(Field::Complaints));
        let ordinals: Vec<u32> = wanted.keys().copied().collect();
        for ordinals in ordinals.chunk_by(|one, other| block_of(*one) == block_of(*other)) {
            for (ordinal, (account, known)) in self.block(block_of(ordinals[0]), Some(ordinals), wants_tickets).await? {
                for pipeline in &wanted[&ordinal] {
                    self.account(pipeline, &account, &known, visit);
                }
            }
        }
        Ok(())
    }

    /// Lets all records of some blocks go by.
    pub(super) async fn accounts(
        &self,
        pipeline: &Pipeline,
        blocks: impl Iterator<Item = i64>,
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) -> Result<()> {
        for block in blocks {
            for (account, known) in self.block(block, None, pipeline.reads(Field::Complaints)).await?.values() {
                self.account(pipeline, account, known, visit);
            }
        }
        Ok(())
    }

    /// What is known of the accounts of a block, or of some of them.
    async fn block(&self, block: i64, only: Option<&[u32]>, wants_tickets: bool) -> Result<BTreeMap<u32, (Account, Known)>> {
        let accounts = self.read::<Account>(block, only).await?.into_iter();
        let mut found: BTreeMap<u32, (Account, Known)> =
            accounts.map(|(ordinal, account)| (ordinal, (account, Known::default()))).collect();
        for (ordinal, contract) in self.read::<Contract>(block, only).await? {
            if let Some((_, known)) = found.get_mut(&ordinal) {
                known.contracts.push(contract);
            }
        }
        if wants_tickets {
            for (ordinal, ticket) in self.read::<Ticket>(block, only).await? {
                if let Some((_, known)) = found.get_mut(&ordinal) {
                    known.tickets.push(ticket);
                }
            }
        }
        Ok(found)
    }

    async fn read<R: Record>(&self, block: i64, only: Option<&[u32]>) -> Result<Vec<(u32, R)>> {
        let facts = match only {
            Some(ordinals) => facts::of_accounts(self.db, block, &[R::KIND], ordinals, self.as_of).await?,
            None => facts::of_record(self.db, block, R::KIND, self.as_of).await?,
        };
        let mut records = Vec::new();
        for fact in facts.believed()?.iter().flat_map(|(_, facts)| facts) {
            let record: R = decode(R::KIND, fact.body)?;
            if let Some((ordinal, record)) = fact.ordinal.zip(record.known_on(self.day_after(), self.zone())) {
                records.push((ordinal, record));
            }
        }
        Ok(records)
    }

    fn rules(&self) -> ServiceRules {
        ServiceRules::from(&self.setup.config.accounts)
    }

    fn account(&self, pipeline: &Pipeline, account: &Account, known: &Known, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) {
        let csm = account.csm.as_ref().map(crate::model::Id::as_str);
        let region = csm.and_then(|csm| self.users.get(csm)?.region.as_deref());
        let spans = |key: &str| -> Vec<Span> {
            let noted = self.signs.get(account.id.as_str()).into_iter().flatten();
            noted.filter(|(sign, _)| sign == key).map(|(_, span)| *span).collect()
        };
        let moment = self.moment(self.at.on, region, &spans);
        let mut see = |id: &str, facts: &dyn Facts, events: &Events, amount: Option<Money>, state: &State| {
            let owner = match pipeline.stages[state.stage].owner {
                Owner::Record | Owner::Csm => csm,
                Owner::Leader => csm.and_then(|csm| self.users.get(csm)?.manager_id.as_ref()).map(crate::model::Id::as_str),
                Owner::Nobody | Owner::Department(_) => None,
            };
            visit(&Seen {
                id,
                name: &account.name,
                account: Some(account.id.as_str()),
                pipeline,
                touch: next_touch(pipeline, state, facts, &moment),
                stands: Ok(state),
                facts,
                owner,
                keeper: csm,
                amount,
                cost: None,
                unknown_stage: None,
                events: of_pipeline(events, pipeline),
            });
        };
        if pipeline.kind == Kind::Contracts {
            for term in terms(account, &known.contracts, self.day_after(), self.rules()) {
                let mut events = self.events(&term.id);
                self.calls(pipeline, account, &term, &mut events);
                if let Some(state) = live(pipeline, &term, &events, None, &moment) {
                    see(&term.id, &term, &events, term.annual, &state);
                }
            }
            return;
        }
        let tickets = pipeline.reads(Field::Complaints).then_some(known.tickets.as_slice());
        let (on, rules, zone) = (self.day_after(), self.rules(), self.zone());
        let stages = if pipeline.opens_by_leaving() {
            AccountStage::each(account, &known.contracts, tickets, on, rules, zone)
        } else {
            vec![AccountStage::new(account, &known.contracts, tickets, on, rules, zone)]
        };
        // Whoever leaves again, or shows the sign again after it was decided, is a record of its own.
        let mut ids = (1_u32..).map(|number| match number {
            1 => account.id.to_string(),
            number => format!("{}~{number}", account.id),
        });
        for facts in stages {
            // What it paid once is what winning it back may bring.
            let amount = facts.annual_lost.filter(|_| pipeline.reads(Field::Left));
            let mut begun = None;
            for id in ids.by_ref() {
                let events = self.events(&id);
                let Some(state) = live(pipeline, &facts, &events, begun, &moment) else { break };
                see(&id, &facts, &events, amount, &state);
                let Some(again) = comes_anew(pipeline, &state, &moment) else { break };
                begun = Some(HandedOver { at: zone.start_of(again), again: false });
            }
        }
    }

    /// What people hold of a renewal (`longroad call`) moves it as a move does: there is one call.
    fn calls(&self, pipeline: &Pipeline, account: &Account, term: &TermFacts<'_>, events: &mut Events) {
        let mut called = false;
        for opinion in self.calls.get(account.id.as_str()).into_iter().flatten() {
            let Said::Call { call, contract_id, term_ends_on } = &opinion.said else { continue };
            let meant = contract_id.as_ref().is_none_or(|contract| *contract == term.contract.id);
            if let Some(stage) = pipeline.stage(call.name()).filter(|_| meant && term.day(Anchor::End) == Some(*term_ends_on)) {
                let by = By::Person(opinion.author.clone());
                let event = Event { at: opinion.said_at, what: What::Move(stage), by, note: opinion.reason.clone() };
                events.entry(pipeline.name.clone()).or_default().push(event);
                called = true;
            }
        }
        if let Some(list) = events.get_mut(&pipeline.name).filter(|_| called) {
            list.sort_by_key(|event| event.at);
        }
    }
}

/// Whether a customer left once and is back, of late.
fn came_back(customer: &Customer) -> bool {
    customer.signals.value(Signal::DaysSinceReturn).is_some_and(|days| days <= f64::from(LATELY_DAYS))
}

/// Whether a customer is being brought on, or was until lately: of at most a year and not live, or live since so many days.
fn is_young(customer: &Customer, live_days: i32) -> bool {
    match customer.signals.value(Signal::DaysSinceLive) {
        Some(live) => live <= f64::from(live_days),
        None => customer.signals.value(Signal::AgeDays).is_some_and(|age| age <= YOUNG_DAYS),
    }
}
