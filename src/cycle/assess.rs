//! From the facts of one block of accounts to their signals: the first of two passes, because percentiles want all
//! accounts before any can be scored.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::Setup;
use super::followed::{FirstValueStanding, Followed, feed, follow};
use super::world::World;
use crate::model::record::{Account, Contact, Contract, Event, Invoice, Record, RecordKind, Survey, Ticket, Touch, Value};
use crate::model::{Currency, Day, Id, Money, Zone};
use crate::playbook::Happening;
use crate::signals::adoption::adoption;
use crate::signals::condition::Subject;
use crate::signals::{
    AccountFacts, BlockUse, CONTRACT_SIGNALS, MetricUse, PeerInput, Reading, SPAN, Signal, Signals, Standing, age_class, began,
    commercial, cost_to_serve, relationship, service,
};
use crate::store::facts::{BlockFacts, StoredFact};
use crate::store::{BLOCK, Db, directory, facts, usage};

/// Events since a cycle that lies so many days back are still acted on.
const LONGEST_OUTAGE: i32 = 400;

/// One customer on one morning.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Its number in the store.
    pub ordinal: u32,
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub name: Box<str>,
    /// Who looks after it.
    pub csm: Option<Id>,
    /// In lower case.
    pub tier: Option<Arc<str>>,
    /// The company's own division of its customers.
    pub segment: Option<Arc<str>>,
    /// What the customer does.
    pub industry: Option<Arc<str>>,
    /// Where it is.
    pub region: Option<Arc<str>>,
    /// BCP 47 tag.
    pub language: Option<Arc<str>>,
    /// What it bought.
    pub product: Option<Arc<str>>,
    /// Revenue of one year, by currency.
    pub arr: Box<[(Currency, i64)]>,
    /// All that is known in numbers; what peers tell is still missing.
    pub signals: Signals,
    /// What it is compared by. The group is set once all blocks are there.
    pub peer: PeerInput,
    /// The age class of its peers.
    pub age_class: u8,
    /// The day on which the first value was attained.
    pub attained_on: Option<Day>,
    /// Where it stands with its first value.
    pub first_value: Option<FirstValueStanding>,
    /// What few customers have.
    pub extra: Option<Box<Extra>>,
}

/// Accounts that are no customers on a morning, by their numbers in the store.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Their contract is signed and has not begun.
    pub coming: Vec<u32>,
    /// Their last contract ended, and when.
    pub left: Vec<(u32, Day)>,
}

/// What plays ask of few customers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra {
    /// Who sold to it, by id or name; kept where a play gives tasks to sellers.
    pub seller: Option<Arc<str>>,
    /// Events that plays act on, of late.
    pub happened: Vec<Happening>,
}

/// What of few customers plays ask for.
struct Watched<'a> {
    seller: bool,
    kinds: Vec<&'a str>,
    since: Day,
}

impl Watched<'_> {
    fn extra(&self, facts: &AccountFacts, texts: &mut Texts) -> Option<Box<Extra>> {
        let watched = |event: &&Event| event.on >= self.since && self.kinds.contains(&event.kind.0.as_ref());
        let happening = |event: &Event| Happening {
            kind: event.kind.0.clone(),
            key: event.id.to_string(),
            on: event.on,
            note: event.note.clone().unwrap_or_default(),
        };
        let seller = facts.account.seller.as_deref().filter(|_| self.seller).map(|seller| texts.shared(seller));
        let happened: Vec<Happening> = facts.events.iter().filter(watched).map(happening).collect();
        (seller.is_some() || !happened.is_empty()).then(|| Box::new(Extra { seller, happened }))
    }
}

impl Customer {
    /// What conditions may ask about it before there is a score.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            tier: self.tier.as_deref(),
            segment: self.segment.as_deref(),
            industry: self.industry.as_deref(),
            region: self.region.as_deref(),
            language: self.language.as_deref(),
            product: self.product.as_deref(),
            ..Subject::new(&self.signals)
        }
    }

    /// The first day without service, as known on the morning of `on`; `None`: open-ended, or without a contract.
    pub fn end(&self, on: Day) -> Option<Day> {
        self.days_to_end().map(|days| on + days)
    }

    /// Days to that day.
    pub fn days_to_end(&self) -> Option<i32> {
        #[expect(clippy::cast_possible_truncation, reason = "days of a civil calendar")]
        self.signals.value(Signal::DaysToEnd).map(|days| days as i32)
    }

    /// Revenue of one year.
    pub fn arr(&self) -> impl Iterator<Item = Money> {
        self.arr.iter().map(|&(currency, minor)| Money { minor, currency })
    }
}

/// Reads one record from the store.
pub fn decode<T: DeserializeOwned>(kind: RecordKind, body: &str) -> Result<T> {
    serde_json::from_str(body).with_context(|| format!("the store holds a broken record of {}: {body}", kind.name()))
}

/// The customers of one block, and who is none. `attained`: what earlier cycles saw of first values, by place.
pub async fn block(
    db: &Db,
    setup: &Setup,
    world: &World,
    block: i64,
    attained: &BTreeMap<u16, Day>,
) -> Result<(Vec<Customer>, Beside)> {
    let usage = block_use(db, world, block).await?;
    let (mut customers, mut waiting, beside) = {
        let facts = facts::of_block(db, block, world.as_of).await?;
        customers(setup, world, &facts, usage.as_ref(), attained)?
    };
    drop(usage);
    feed(db, world, block, &mut waiting).await?;
    for (at, followed) in waiting {
        followed.judge(world, &mut customers[at]);
    }
    Ok((customers, beside))
}

/// Customers, which of them have a first value to reach, and who is none.
type Customers<'a> = (Vec<Customer>, Vec<(usize, Followed<'a>)>, Beside);

/// Boils down the accounts of a block that are there on that morning. The records of one are read and let go of before those
/// of the next: a block of them takes more memory than all that is kept of it.
fn customers<'a>(
    setup: &'a Setup,
    world: &World,
    facts: &BlockFacts,
    usage: Option<&BlockUse>,
    attained: &BTreeMap<u16, Day>,
) -> Result<Customers<'a>> {
    let (day, zone) = (world.as_of.day, &world.zone);
    let facts = facts.believed()?;
    // Within each record they are in the order of the accounts.
    let of = |kind: &RecordKind| *kind == RecordKind::Accounts;
    let accounts = facts.iter().find(|(kind, _)| of(kind)).map_or(&[][..], |(_, facts)| facts);
    let mut others: Vec<(RecordKind, &[StoredFact<'_>])> =
        facts.iter().filter(|(kind, _)| !of(kind)).map(|(kind, facts)| (*kind, facts.as_slice())).collect();
    let mut customers = Vec::with_capacity(accounts.len());
    let (mut waiting, mut beside) = (Vec::new(), Beside::default());
    let mut texts = Texts::default();
    let (kinds, within) = setup.library.watched_events();
    let watched = Watched {
        seller: setup.library.asks_seller(),
        kinds,
        // What came since the cycle before is acted on, however long ago that was.
        since: day - within.max(LONGEST_OUTAGE),
    };
    for fact in accounts {
        let Some(ordinal) = fact.ordinal else { continue };
        let account: Account = decode(RecordKind::Accounts, fact.body)?;
        let Some(account) = account.known_on(day, zone) else { continue };
        let mut facts = AccountFacts::new(account);
        for (kind, rest) in &mut others {
            *rest = &rest[count(rest, |other| other < Some(ordinal))..];
            let (own, later) = rest.split_at(count(rest, |other| other == Some(ordinal)));
            *rest = later;
            for fact in own {
                add(&mut facts, *kind, fact.body, day, zone)?;
            }
        }
        let mut customer = match customer(world, &facts, ordinal, usage, &mut texts) {
            Ok(customer) => customer,
            Err(Standing::Coming) => {
                beside.coming.push(ordinal);
                continue;
            }
            Err(Standing::Left(on)) => {
                beside.left.push((ordinal, on));
                continue;
            }
            Err(_) => continue,
        };
        customer.extra = watched.extra(&facts, &mut texts);
        if let Some(followed) = follow(setup, world, &customer, &facts, directory::place_of(ordinal), attained) {
            waiting.push((customers.len(), followed));
        } else {
            customer.signals.set(Signal::FirstValue, Reading::NOT_APPLICABLE);
        }
        customer.signals.settle();
        customers.push(customer);
    }
    Ok((customers, waiting, beside))
}

/// How many of the first facts are of such accounts.
fn count(facts: &[StoredFact<'_>], of: impl Fn(Option<u32>) -> bool) -> usize {
    facts.iter().take_while(|fact| of(fact.ordinal)).count()
}

/// Adds a record to what is known of its account.
fn add(facts: &mut AccountFacts, kind: RecordKind, body: &str, day: Day, zone: &Zone) -> Result<()> {
    match kind {
        RecordKind::Contracts => facts.contracts.extend(decode::<Contract>(kind, body)?.known_on(day, zone)),
        RecordKind::Contacts => facts.contacts.extend(decode::<Contact>(kind, body)?.known_on(day, zone)),
        RecordKind::Touches => facts.touches.extend(decode::<Touch>(kind, body)?.known_on(day, zone)),
        RecordKind::Surveys => facts.surveys.extend(decode::<Survey>(kind, body)?.known_on(day, zone)),
        RecordKind::Tickets => facts.tickets.extend(decode::<Ticket>(kind, body)?.known_on(day, zone)),
        RecordKind::Invoices => facts.invoices.extend(decode::<Invoice>(kind, body)?.known_on(day, zone)),
        RecordKind::Events => facts.events.extend(decode::<Event>(kind, body)?.known_on(day, zone)),
        RecordKind::Values => facts.values.extend(decode::<Value>(kind, body)?.known_on(day, zone)),
        _ => {}
    }
    Ok(())
}

/// The use of the block, as far back as windows look.
async fn block_use(db: &Db, world: &World, block: i64) -> Result<Option<BlockUse>> {
    let Some(coverage) = &world.coverage else { return Ok(None) };
    let mut usage = BlockUse::new(coverage.anchor, world.look_back_days());
    for metric in &world.metrics {
        let declared = &metric.declared;
        let mut one = MetricUse::new(declared, coverage.anchor, BLOCK);
        if world.look_back_days() > SPAN {
            one = one.looking_back();
        }
        let span = usage.span();
        usage::each_value(db, block, metric.id, span, world.as_of, |day, place, value| one.take(day, place, value)).await?;
        usage.metrics.push(one);
    }
    Ok(Some(usage))
}

/// Texts that many accounts have in common, kept once.
#[derive(Debug, Default)]
struct Texts(HashSet<Arc<str>>, HashSet<Id>);

impl Texts {
    fn id(&mut self, id: &Id) -> Id {
        if let Some(known) = self.1.get(id) {
            return known.clone();
        }
        self.1.insert(id.clone());
        id.clone()
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The customer, if the account is one on that morning, else how its contracts stand.
fn customer(
    world: &World,
    facts: &AccountFacts,
    ordinal: u32,
    usage: Option<&BlockUse>,
    texts: &mut Texts,
) -> Result<Customer, Standing> {
    let (on, account) = (world.as_of.day, &facts.account);
    let service = service(&facts.contracts, on, world.service_rules);
    let place = directory::place_of(ordinal);
    let used = usage.map(|usage| usage.account(place));
    let alive = match (world.silent_days, service.standing) {
        (Some(silent), _) => used.is_some_and(|used| used.last_use.is_some_and(|last| on - last <= silent)),
        (None, Standing::InForce | Standing::Undecided) => true,
        (None, Standing::NoContract) => !world.known.has(RecordKind::Contracts),
        (None, Standing::Coming | Standing::Left(_)) => false,
    };
    if !alive && !world.everybody {
        return Err(service.standing);
    }
    let since = began(account, &service);
    let mut signals = Signals::default();
    let mut peer = PeerInput::default();
    commercial(&mut signals, account, &service, on);
    if world.known.stale_until(RecordKind::Contracts).is_some() {
        signals.mark_stale(CONTRACT_SIGNALS);
    }
    if let Some(used) = used {
        let began = account.live_on.or(since).unwrap_or(Day::ALWAYS);
        adoption(&mut signals, &mut peer, world.coverage.as_ref(), &used, began, service.seats);
    }
    relationship(&mut signals, facts, &world.known, on, since, &world.zone);
    cost_to_serve(&mut signals, &world.cost, facts, &world.known, (on, since), world.worth(&service.arr), &world.zone);
    let csm = account.csm.as_ref().map(|csm| texts.id(csm));
    let mut text = |text: &Option<String>| text.as_deref().map(|text| texts.shared(text));
    Ok(Customer {
        ordinal,
        id: account.id.clone(),
        name: account.name.as_str().into(),
        csm,
        segment: text(&account.segment),
        industry: text(&account.industry),
        region: text(&account.region),
        language: text(&account.language),
        product: text(&service.product),
        tier: account.tier.as_ref().map(|tier| texts.shared(&tier.0)),
        arr: service.arr.iter().map(|(&currency, &minor)| (currency, minor)).collect(),
        age_class: age_class(since.map_or(0, |since| on - since)),
        signals,
        peer,
        attained_on: None,
        first_value: None,
        extra: None,
    })
}
