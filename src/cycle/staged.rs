//! Staged work over the store: every record of a pipeline goes by with where it stands, one after the other.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};

use super::Setup;
use super::assess::decode;
use crate::clock::Clock;
use crate::health::opinion::{Opinion, Said};
use crate::model::record::{Account, Contract, Lead, Record, Ticket, User};
use crate::model::{Day, Instant, Money, Zone};
use crate::pipeline::{
    AccountStage, Anchor, Aside, By, Event, Events, Facts, Field, Kind, LeadFacts, Left, Moment, Opens, Owner, Pipeline, Report,
    Role, Row, State, Tally, Traits, Value, What, claims, foreign, live, next_touch, set_aside, terms,
};
use crate::signals::ServiceRules;
use crate::store::facts::{self, AsOf};
use crate::store::staged::{self, Act, ActKind, Span};
use crate::store::{Db, directory, opinions, people, pulls};

/// The moment at which records are looked at.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The morning.
    pub on: Day,
    /// What people did, and sources told, before this counts.
    pub before: Instant,
    /// Whether that takes in some of the day itself.
    pub with_today: bool,
}

impl At {
    /// A past morning, or now.
    pub fn of(setup: &Setup, clock: &dyn Clock, as_of: Option<Day>) -> Result<At> {
        let zone = setup.config.company.zone();
        let now = clock.now();
        let today = zone.day_of(now);
        match as_of {
            Some(day) if day > today => bail!("{day} lies in the future; today is {today}"),
            Some(day) => Ok(At { on: day, before: zone.start_of(day), with_today: false }),
            None => Ok(At { on: today, before: now.plus_micros(1), with_today: true }),
        }
    }
}

/// A record as it goes by.
pub struct Seen<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Whose it is, where that is known.
    pub account: Option<&'a str>,
    /// Its pipeline.
    pub pipeline: &'a Pipeline,
    /// Where it stands; `None`: it is set aside, and why.
    pub stands: Result<&'a State, &'a Aside>,
    /// What is known of it.
    pub facts: &'a dyn Facts,
    /// The user who works on it, where its stage names one.
    pub owner: Option<&'a str>,
    /// What it may bring.
    pub amount: Option<Money>,
    /// What it cost.
    pub cost: Option<Money>,
    /// A word of the source that no pipeline knows.
    pub unknown_stage: Option<&'a str>,
    /// The next touch.
    pub touch: Option<(Day, &'a str)>,
}

/// Hears the versions of one lead after the other.
type HearsLeads<'a> = dyn FnMut(&[(Day, Lead)]) + Send + 'a;

/// What is read once.
pub struct Board<'a> {
    db: &'a Db,
    setup: &'a Setup,
    at: At,
    as_of: AsOf,
    users: BTreeMap<String, User>,
    acts: HashMap<String, Vec<Act>>,
    signs: HashMap<String, Vec<(String, Span)>>,
    calls: HashMap<String, Vec<Opinion>>,
}

impl<'a> Board<'a> {
    /// Reads it.
    pub async fn load(db: &'a Db, setup: &'a Setup, at: At) -> Result<Board<'a>> {
        let as_of = AsOf { day: at.on, through_pull: pulls::last_id(db).await? };
        let mut calls: HashMap<String, Vec<Opinion>> = HashMap::new();
        for opinion in opinions::all(db).await? {
            let withdrawn = opinion.withdrawn.as_ref().is_some_and(|one| one.at < at.before);
            if matches!(opinion.said, Said::Call { .. }) && opinion.said_at < at.before && !withdrawn {
                calls.entry(opinion.account_id.to_string()).or_default().push(opinion);
            }
        }
        Ok(Board {
            users: people::users(db, as_of, setup.config.company.zone()).await?,
            acts: staged::acts(db, at.before).await?,
            signs: staged::signs(db, at.on).await?,
            calls,
            db,
            setup,
            at,
            as_of,
        })
    }

    /// Up to when facts count.
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The users, by id.
    pub fn users(&self) -> &BTreeMap<String, User> {
        &self.users
    }

    /// Lets the records of the pipeline go by that some users may work on: leads by their owner, accounts of these ids. Nothing is
    /// set aside, and of accounts nothing but the record itself is read.
    pub async fn of_users(
        &self,
        pipeline: &Pipeline,
        accounts: &[Account],
        reads: &(dyn Fn(&str) -> bool + Sync),
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) -> Result<()> {
        match pipeline.kind {
            Kind::Leads => {
                let theirs = |lead: &Lead| lead.owner.as_ref().is_some_and(|owner| reads(owner.as_str()));
                self.some_leads(pipeline, &theirs, false, visit).await
            }
            Kind::Accounts => {
                for account in accounts {
                    self.account(pipeline, account, &[], None, visit);
                }
                Ok(())
            }
            Kind::Contracts => Ok(()),
        }
    }

    /// Lets every record of the pipeline go by, in the order of the store.
    pub async fn each(&self, pipeline: &Pipeline, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        match pipeline.kind {
            Kind::Leads => self.some_leads(pipeline, &|_| true, true, visit).await,
            Kind::Contracts | Kind::Accounts => self.accounts(pipeline, visit).await,
        }
    }

    fn zone(&self) -> &Zone {
        self.setup.config.company.zone()
    }

    fn rules(&self) -> ServiceRules {
        let accounts = &self.setup.config.accounts;
        ServiceRules {
            gap_tolerance_days: accounts.gap_tolerance_days.cast_signed(),
            undecided_days: accounts.undecided_days.cast_signed(),
        }
    }

    pub(super) async fn some_leads(
        &self,
        pipeline: &Pipeline,
        wanted: &(dyn Fn(&Lead) -> bool + Sync),
        clean: bool,
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) -> Result<()> {
        let (zone, on) = (self.zone(), self.at.on);
        // A pipeline that is handed its records takes them from the one that hands them over.
        let hands = |one: &Pipeline| {
            one.stages.iter().position(|stage| stage.goes_on.as_ref().is_some_and(|goes_on| goes_on.pipeline == pipeline.name))
        };
        let giver = self.setup.pipelines.iter().find_map(|one| Some((one.as_ref(), hands(one)?)));
        let outer = match (&pipeline.opens, giver) {
            (Opens::HandedOver, Some((outer, _))) => outer,
            (Opens::HandedOver, None) => return Ok(()),
            _ => pipeline,
        };
        let handed = giver.filter(|_| pipeline.opens == Opens::HandedOver).map(|(_, stage)| stage);
        let mut traits: Vec<Traits> = Vec::new();
        if outer.set_aside && clean {
            self.each_lead(&mut |versions| {
                let known = versions.last().and_then(|(_, lead)| lead.clone().known_on(self.day_after(), zone));
                traits.extend(known.filter(|lead| self.enters(outer, lead)).map(|lead| Traits::of(&lead)));
            })
            .await?;
        }
        let aside = set_aside(&traits);
        drop(traits);
        let company = self.setup.config.company.currency;
        self.each_lead(&mut |versions| {
            let Some((_, last)) = versions.last() else { return };
            let word = last.stage.as_ref().map(|word| word.0.clone());
            let Some(lead) = last.clone().known_on(self.day_after(), zone) else { return };
            if !wanted(&lead) || !self.enters(outer, &lead) {
                return;
            }
            let mut events = self.events(lead.id.as_str());
            claims(&self.setup.pipelines, versions, self.at.before, zone, &mut events);
            let money = |amount: Option<rust_decimal::Decimal>| {
                let currency = lead.currency.unwrap_or(company);
                amount.and_then(|amount| Money::new(amount.round_dp(currency.exponent()), currency).ok())
            };
            let (amount, cost) = (money(lead.amount), money(lead.cost));
            let id = lead.id.clone();
            let called = lead.company.clone().or_else(|| lead.name.clone()).unwrap_or_default();
            let unknown = foreign(&self.setup.pipelines, outer, word.as_deref()).1;
            let facts = LeadFacts::new(lead, zone);
            let region = facts.lead.owner.as_ref().and_then(|owner| self.users.get(owner.as_str())?.region.as_deref());
            let none = |_: &str| Vec::new();
            let moment = self.moment(on, region, &none);
            let Some(state) = live(outer, &facts, &events, None, &moment) else { return };
            let state = match handed {
                None => state,
                Some(stage) => match inner(pipeline, stage, &state, &facts, &events, &moment) {
                    Some(state) => state,
                    None => return,
                },
            };
            let owner = match pipeline.stages[state.stage].owner {
                Owner::Record => facts.lead.owner.as_ref().map(crate::model::Id::as_str),
                _ => None,
            };
            visit(&Seen {
                id: id.as_str(),
                name: &called,
                account: facts.lead.account_id.as_ref().map(crate::model::Id::as_str),
                pipeline,
                touch: next_touch(pipeline, &state, &facts, &moment),
                stands: aside.get(&id).map_or(Ok(&state), Err),
                facts: &facts,
                owner,
                amount,
                cost,
                unknown_stage: word.as_deref().filter(|_| unknown),
            });
        })
        .await
    }

    /// Facts of the day itself count where people's moves of that day do.
    fn day_after(&self) -> Day {
        if self.at.with_today { self.at.on + 1 } else { self.at.on }
    }

    /// Whether a lead can be one of the pipeline's: its stage is not a word that only others know.
    fn enters(&self, pipeline: &Pipeline, lead: &Lead) -> bool {
        !foreign(&self.setup.pipelines, pipeline, lead.stage.as_ref().map(|word| word.0.as_str())).0
            && (pipeline.opens != Opens::OwnStages
                || lead.stage.as_ref().is_some_and(|word| pipeline.stage(&word.0).is_some())
                || self.acts.get(lead.id.as_str()).is_some_and(|acts| acts.iter().any(|act| act.pipeline == pipeline.name)))
    }

    async fn each_lead(&self, visit: &mut HearsLeads<'_>) -> Result<()> {
        let mut after = String::new();
        loop {
            let (page, next) = staged::leads(self.db, &after, self.as_of).await?;
            for versions in &page {
                visit(versions);
            }
            match next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    fn moment<'m>(&'m self, on: Day, region: Option<&'m str>, signs: crate::pipeline::Signs<'m>) -> Moment<'m> {
        let (zone, calendar) = (self.zone(), &self.setup.config.company.calendar);
        Moment { on, zone, calendar, region, signs, pipelines: &self.setup.pipelines }
    }

    /// What people did with a record.
    fn events(&self, record: &str) -> Events {
        let mut events = Events::new();
        for act in self.acts.get(record).into_iter().flatten() {
            let Some(pipeline) = self.setup.pipelines.iter().find(|one| one.name == act.pipeline) else { continue };
            let what = match act.kind {
                // A stage that is no longer there says nothing.
                ActKind::Move => match pipeline.stage(&act.what) {
                    Some(stage) => What::Move(stage),
                    None => continue,
                },
                ActKind::Extend => What::Extend,
                ActKind::GoodAnswer => What::Answer(act.what.clone(), true),
                ActKind::OtherAnswer => What::Answer(act.what.clone(), false),
                ActKind::Touch => What::Touch(act.what.clone()),
            };
            let event = Event { at: act.at, what, by: By::Person(act.actor.clone()), note: act.note.clone() };
            events.entry(act.pipeline.clone()).or_default().push(event);
        }
        events
    }

    async fn accounts(&self, pipeline: &Pipeline, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        // Only who asks for complaints has all tickets read.
        let asks = |rule: &crate::pipeline::Rule| rule.when.record.as_ref().is_some_and(|ask| ask.text().contains("complaints"));
        let wants_tickets = pipeline.stages.iter().flat_map(|stage| &stage.moves).chain(&pipeline.moves).any(asks);
        for block in 0..directory::blocks(self.db).await? {
            let mut found: BTreeMap<u32, (Account, Vec<Contract>, Vec<Ticket>)> = BTreeMap::new();
            for account in self.read::<Account>(block).await? {
                found.insert(account.0, (account.1, Vec::new(), Vec::new()));
            }
            for (ordinal, contract) in self.read::<Contract>(block).await? {
                if let Some(one) = found.get_mut(&ordinal) {
                    one.1.push(contract);
                }
            }
            if wants_tickets {
                for (ordinal, ticket) in self.read::<Ticket>(block).await? {
                    if let Some(one) = found.get_mut(&ordinal) {
                        one.2.push(ticket);
                    }
                }
            }
            for (account, contracts, tickets) in found.values() {
                self.account(pipeline, account, contracts, wants_tickets.then_some(tickets.as_slice()), visit);
            }
        }
        Ok(())
    }

    async fn read<R: Record>(&self, block: i64) -> Result<Vec<(u32, R)>> {
        let facts = facts::of_record(self.db, block, R::KIND, self.as_of).await?;
        let mut records = Vec::new();
        for fact in facts.believed()?.iter().flat_map(|(_, facts)| facts) {
            let record: R = decode(R::KIND, fact.body)?;
            if let Some((ordinal, record)) = fact.ordinal.zip(record.known_on(self.day_after(), self.zone())) {
                records.push((ordinal, record));
            }
        }
        Ok(records)
    }

    fn account(
        &self,
        pipeline: &Pipeline,
        account: &Account,
        contracts: &[Contract],
        tickets: Option<&[Ticket]>,
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) {
        let csm = account.csm.as_ref().map(crate::model::Id::as_str);
        let region = csm.and_then(|csm| self.users.get(csm)?.region.as_deref());
        let spans = |key: &str| -> Vec<Span> {
            let noted = self.signs.get(account.id.as_str()).into_iter().flatten();
            noted.filter(|(sign, _)| sign == key).map(|(_, span)| *span).collect()
        };
        let moment = self.moment(self.at.on, region, &spans);
        let mut see = |id: &str, facts: &dyn Facts, amount: Option<Money>, events: &Events| {
            let Some(state) = live(pipeline, facts, events, None, &moment) else { return };
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
                touch: next_touch(pipeline, &state, facts, &moment),
                stands: Ok(&state),
                facts,
                owner,
                amount,
                cost: None,
                unknown_stage: None,
            });
        };
        if pipeline.kind == Kind::Contracts {
            for term in terms(account, contracts, self.day_after(), self.rules()) {
                let mut events = self.events(&term.id);
                self.calls(pipeline, account, &term.id, &term, &mut events);
                see(&term.id, &term, term.annual, &events);
            }
        } else {
            let facts = AccountStage::new(account, contracts, tickets, self.day_after(), self.rules(), self.zone());
            // What it paid once is what winning it back may bring.
            let wins_back = matches!(&pipeline.opens, Opens::When(when) if when.record.as_ref().is_some_and(|ask| ask.text().contains("left")));
            let amount = facts.annual_lost.filter(|_| wins_back);
            see(account.id.as_str(), &facts, amount, &self.events(account.id.as_str()));
        }
    }

    /// What people hold of a renewal (`longroad call`) moves it as a move does: there is one call.
    fn calls(&self, pipeline: &Pipeline, account: &Account, id: &str, facts: &dyn Facts, events: &mut Events) {
        let mut called = false;
        for opinion in self.calls.get(account.id.as_str()).into_iter().flatten() {
            let Said::Call { call, contract_id, term_ends_on } = &opinion.said else { continue };
            let meant = match contract_id {
                Some(contract) => contract.as_str() == id.split('~').next().unwrap_or(id),
                None => true,
            };
            if let Some(stage) = pipeline.stage(call.name()).filter(|_| meant && facts.day(Anchor::End) == Some(*term_ends_on)) {
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

/// Where a record stands in the pipeline that a stage hands it to, also after it has left that stage: taken out before its end,
/// it is lost there.
fn inner(
    pipeline: &Pipeline,
    stage: usize,
    outer: &State,
    facts: &dyn Facts,
    events: &Events,
    moment: &Moment<'_>,
) -> Option<State> {
    let (begun, visit) = outer.passage(stage)?;
    let mut state = live(pipeline, facts, events, Some(begun), moment)?;
    let open = pipeline.stages[state.stage].role == Role::Open;
    let lost = pipeline.stages.iter().position(|one| one.role == Role::Lost);
    if let Some((lost, (day, _))) = lost.zip(visit.to).filter(|_| open) {
        if let Some(last) = state.visits.last_mut() {
            last.to = Some((day, Left::Elsewhere));
            last.because.clone_from(&visit.because);
        }
        let at = moment.zone.start_of(day);
        state.visits.push(crate::pipeline::Visit { stage: lost, from: day, at, to: None, because: String::new() });
        (state.stage, state.since, state.ends_on, state.extended) = (lost, day, None, 0);
    }
    Some(state)
}

fn text(facts: &dyn Facts, field: Field) -> Option<&str> {
    facts.get(field).and_then(|known| match known.value {
        Value::Text(text) => Some(text),
        Value::Number(_) | Value::Flag(_) => None,
    })
}

/// UTM source and medium: `google / cpc`.
pub fn source(facts: &dyn Facts) -> Option<String> {
    let source = text(facts, Field::UtmSource)?;
    Some(text(facts, Field::UtmMedium).map_or_else(|| source.to_owned(), |medium| format!("{source} / {medium}")))
}

/// The pipeline of this name, or what there is.
pub fn named<'s>(setup: &'s Setup, name: &str) -> Result<&'s Pipeline, String> {
    let found = setup.pipelines.iter().find(|one| one.name == name);
    found.map(std::convert::AsRef::as_ref).ok_or_else(|| {
        let names: Vec<&str> = setup.pipelines.iter().map(|one| one.name.as_str()).collect();
        format!("there is no pipeline `{name}`; there are {}", names.join(", "))
    })
}

/// `longroad pipeline NAME`. `also`: hears every record, for a list of them.
pub async fn pipeline_report(
    db: &Db,
    setup: &Setup,
    at: At,
    pipeline: &Pipeline,
    also: &mut (dyn FnMut(&Seen<'_>) + Send),
) -> Result<Report> {
    let board = Board::load(db, setup, at).await?;
    let mut tally = Tally::new(pipeline, at.on, at.with_today);
    board
        .each(pipeline, &mut |seen| {
            also(seen);
            let origin = source(seen.facts);
            let row = Row {
                id: seen.id,
                name: seen.name,
                owner: seen.owner,
                state: seen.stands.ok(),
                amount: seen.amount,
                cost: seen.cost,
                source: origin.as_deref(),
                region: text(seen.facts, Field::Region),
                industry: text(seen.facts, Field::Industry),
                lost_reason: text(seen.facts, Field::LostReason),
                touch: seen.touch,
            };
            if let Some(word) = seen.unknown_stage {
                tally.unknown_stage(word);
            }
            match seen.stands {
                Ok(_) => tally.add(&row),
                Err(Aside::Unreachable) => tally.aside(&row, "no valid number"),
                Err(Aside::Duplicate(_)) => tally.aside(&row, "duplicate"),
            }
        })
        .await
        .with_context(|| format!("reading the records of {}", pipeline.name))?;
    Ok(tally.close())
}
