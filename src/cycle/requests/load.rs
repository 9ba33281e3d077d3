//! All requests as known on a morning, with everybody who asks for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::config::{Alive, Config};
use crate::cycle::assess::decode;
use crate::model::record::{Account, Ask, Contract, Record, RecordKind, Request};
use crate::model::{Currency, Day, Id, Money, Zone};
use crate::requests::{Asker, Board, Move, Voice, family, filed_under};
use crate::signals::{Band, Service, ServiceRules, Standing, service};
use crate::store::facts::{self, AsOf};
use crate::store::{Db, directory, pulls, request_moves, scores};

/// A moment at which requests are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The day from which days are counted.
    pub on: Day,
    /// What was known before this morning is heeded: `on` itself for a morning, the next one for "now".
    pub known: AsOf,
}

/// Everything read.
#[derive(Debug)]
pub struct Loaded {
    pub board: Board,
    /// Every ask with the places of its request and of its account, in no order of meaning.
    pub asks: Vec<(usize, usize, Ask)>,
    /// The accounts' numbers, in the order of the askers.
    pub ordinals: Vec<u32>,
    /// Requests that were merged into others, and into which.
    pub merged: BTreeMap<String, String>,
}

/// The requests as known then, by id.
pub async fn wanted(db: &Db, as_of: AsOf, zone: &Zone) -> Result<Vec<Request>> {
    let facts = facts::of_record(db, -1, RecordKind::Requests, as_of).await?;
    let mut requests: Vec<Request> = Vec::new();
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            requests.extend(decode::<Request>(kind, fact.body)?.known_on(as_of.day, zone));
        }
    }
    requests.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(requests)
}

/// Everything that is known of requests at that moment.
pub async fn load(db: &Db, config: &Config, moment: Moment) -> Result<Loaded> {
    let (zone, as_of) = (config.company.zone(), moment.known);
    let moves = request_moves::known(db, as_of.day).await?;
    let mut gathered = Gathered::new(wanted(db, as_of, zone).await?, &moves);
    let rules = ServiceRules {
        gap_tolerance_days: config.accounts.gap_tolerance_days.cast_signed(),
        undecided_days: config.accounts.undecided_days.cast_signed(),
    };
    let have_contracts = have_contracts(db, config, as_of).await?;
    let cycle = scores::last_cycle(db, Some(moment.on + 1)).await?;
    let mut parents: BTreeMap<String, String> = BTreeMap::new();
    for block in 0..directory::blocks(db).await? {
        let members = members(db, block, as_of, zone).await?;
        for member in members.values() {
            if let Some(parent) = &member.parent_id {
                parents.insert(member.id.to_string(), parent.to_string());
            }
        }
        let asking = gathered.asks(db, block, as_of, zone).await?;
        if asking.is_empty() {
            continue;
        }
        let contracts = contracts(db, block, as_of, zone, &asking).await?;
        let given = match &cycle {
            Some(cycle) => scores::of_block(db, cycle.as_of, block).await?,
            None => Vec::new(),
        };
        for ordinal in asking {
            let place = directory::place_of(ordinal);
            let given = given.iter().find(|given| usize::from(given.place) == place);
            let service = service(contracts.get(&ordinal).map_or(&[], Vec::as_slice), moment.on, rules);
            let by_use = config.accounts.alive == Alive::Use && cycle.is_some();
            let member = members.get(&ordinal);
            let customer = member.is_some() && if by_use { given.is_some() } else { is_customer(&service, have_contracts) };
            let id = gathered.ids[&ordinal].clone();
            gathered.places.insert(ordinal, gathered.askers.len());
            gathered.ordinals.push(ordinal);
            gathered.askers.push(Asker {
                name: member.map_or_else(|| id.to_string(), |member| member.name.clone()),
                family: id.clone(),
                csm: member.and_then(|member| member.csm.clone()),
                customer,
                arr: arr(config, &service),
                renews_on: service.end.filter(|_| service.standing != Standing::Coming),
                act_by: service.notice_on,
                score: given.and_then(|given| given.score),
                band: given.map_or(Band::Unknown, |given| given.band.band),
                id,
            });
        }
    }
    Ok(gathered.finish(moment.on, config.company.currency, &parents))
}

/// What is gathered block by block.
struct Gathered<'a> {
    moves: &'a [Move],
    requests: Vec<Request>,
    asks: Vec<(u32, Ask)>,
    ids: HashMap<u32, Id>,
    askers: Vec<Asker>,
    ordinals: Vec<u32>,
    places: HashMap<u32, usize>,
}

impl<'a> Gathered<'a> {
    fn new(requests: Vec<Request>, moves: &'a [Move]) -> Gathered<'a> {
        Gathered {
            moves,
            requests,
            asks: Vec::new(),
            ids: HashMap::new(),
            askers: Vec::new(),
            ordinals: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Reads the asks of a block and says which accounts those are of, rising.
    async fn asks(&mut self, db: &Db, block: i64, as_of: AsOf, zone: &Zone) -> Result<BTreeSet<u32>> {
        let mut asking = BTreeSet::new();
        let facts = facts::of_record(db, block, RecordKind::Asks, as_of).await?;
        for (kind, facts) in facts.believed()? {
            for fact in facts {
                let (Some(ordinal), Some(ask)) = (fact.ordinal, decode::<Ask>(kind, fact.body)?.known_on(as_of.day, zone)) else {
                    continue;
                };
                asking.insert(ordinal);
                self.ids.entry(ordinal).or_insert_with(|| ask.account_id.clone());
                self.asks.push((ordinal, ask));
            }
        }
        Ok(asking)
    }

    fn finish(mut self, on: Day, currency: Currency, parents: &BTreeMap<String, String>) -> Loaded {
        for asker in &mut self.askers {
            asker.family = Id::parse(family(asker.id.as_str(), parents)).unwrap_or_else(|_| asker.id.clone());
        }
        let merged: BTreeMap<String, String> = self
            .moves
            .iter()
            .filter(|one| one.account.is_none())
            .map(|one| (one.from.clone(), filed_under(&one.from, "", Day::ALWAYS, self.moves).to_owned()))
            .filter(|(from, into)| from != into)
            .collect();
        self.requests.retain(|request| !merged.contains_key(request.id.as_str()));
        let filed: Vec<Id> = self
            .asks
            .iter()
            .map(|(_, ask)| {
                let under = filed_under(ask.request_id.as_str(), ask.account_id.as_str(), ask.asked_on, self.moves);
                Id::parse(under).unwrap_or_else(|_| ask.request_id.clone())
            })
            .collect();
        // Asks for what no source has told of are kept under their own id.
        let known: BTreeSet<&Id> = self.requests.iter().map(|request| &request.id).collect();
        let stray: BTreeSet<&Id> = filed.iter().filter(|id| !known.contains(id)).collect();
        let stray: Vec<Request> = stray.into_iter().map(unknown).collect();
        self.requests.extend(stray);
        self.requests.sort_by(|a, b| a.id.cmp(&b.id));
        let place: HashMap<&Id, usize> = self.requests.iter().enumerate().map(|(place, request)| (&request.id, place)).collect();
        let unit = Decimal::from(10_i64.pow(currency.exponent()));
        let asks: Vec<(usize, usize, Ask)> = self
            .asks
            .into_iter()
            .zip(&filed)
            .filter_map(|((ordinal, ask), under)| Some((*place.get(under)?, *self.places.get(&ordinal)?, ask)))
            .collect();
        let voice = |(request, asker, ask): &(usize, usize, Ask)| Voice {
            request: *request,
            asker: *asker,
            asked_on: ask.asked_on,
            severity: ask.severity.and_then(|severity| u8::try_from(severity).ok()),
            growth_minor: ask.growth_amount.and_then(|amount| amount.checked_mul(unit)?.round().to_i64()),
        };
        let voices = asks.iter().map(voice).collect();
        let board = Board { on, currency, requests: self.requests, askers: self.askers, voices }.sorted();
        Loaded { board, asks, ordinals: self.ordinals, merged }
    }
}

/// A request of which only asks tell.
fn unknown(id: &Id) -> Request {
    Request {
        id: id.clone(),
        title: format!("{id} (told of by no source)"),
        status: None,
        effort_months: None,
        core_use_case: None,
        product: None,
        status_on: None,
        usage_metric: None,
    }
}

async fn members(db: &Db, block: i64, as_of: AsOf, zone: &Zone) -> Result<HashMap<u32, Account>> {
    let mut members = HashMap::new();
    let facts = facts::of_record(db, block, RecordKind::Accounts, as_of).await?;
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            let Some(ordinal) = fact.ordinal else { continue };
            members.extend(decode::<Account>(kind, fact.body)?.known_on(as_of.day, zone).map(|account| (ordinal, account)));
        }
    }
    Ok(members)
}

async fn contracts(db: &Db, block: i64, as_of: AsOf, zone: &Zone, asking: &BTreeSet<u32>) -> Result<HashMap<u32, Vec<Contract>>> {
    let mut contracts: HashMap<u32, Vec<Contract>> = HashMap::new();
    let facts = facts::of_record(db, block, RecordKind::Contracts, as_of).await?;
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            if let Some(ordinal) = fact.ordinal.filter(|ordinal| asking.contains(ordinal)) {
                contracts.entry(ordinal).or_default().extend(decode::<Contract>(kind, fact.body)?.known_on(as_of.day, zone));
            }
        }
    }
    Ok(contracts)
}

/// Whether any source has brought contracts.
async fn have_contracts(db: &Db, config: &Config, as_of: AsOf) -> Result<bool> {
    for source in &config.sources {
        if pulls::brought(db, &source.name, as_of.through_pull).await?.contains(RecordKind::Contracts.name()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_customer(service: &Service, have_contracts: bool) -> bool {
    match service.standing {
        Standing::InForce | Standing::Undecided | Standing::Coming => true,
        Standing::NoContract => !have_contracts,
        Standing::Left(_) => false,
    }
}

/// Revenue of one year in the company's currency, at its constant rates; not known where a currency has none.
fn arr(config: &Config, service: &Service) -> Option<Money> {
    let currency = config.company.currency;
    let mut sum: Option<i64> = None;
    for money in service.arr() {
        let minor = if money.currency == currency {
            money.minor
        } else {
            let rate = config.revenue.rates.get(&money.currency)?;
            let theirs = Decimal::new(money.minor, money.currency.exponent());
            let unit = Decimal::from(10_i64.pow(currency.exponent()));
            theirs.checked_mul(*rate)?.checked_mul(unit)?.round().to_i64()?
        };
        sum = Some(sum.unwrap_or(0).checked_add(minor)?);
    }
    sum.map(|minor| Money { minor, currency })
}
