//! From the facts of one block of accounts to their signals: the first of two passes, because percentiles want all
//! accounts before any can be scored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::Setup;
use super::world::World;
use crate::model::record::{Account, Contact, Contract, Event, Invoice, Record, RecordKind, Survey, Ticket, Touch, Value};
use crate::model::{Currency, Day, Id, MetricKind, Money, Polarity, Zone};
use crate::playbook::Happening;
use crate::signals::adoption::adoption;
use crate::signals::condition::Subject;
use crate::signals::{
    AccountFacts, BlockUse, CONTRACT_SIGNALS, MetricUse, PeerInput, Reading, SPAN, Signal, Signals, Standing, State, age_class,
    began, commercial, cost_to_serve, relationship, service,
};
use crate::store::facts::{BlockFacts, StoredFact};
use crate::store::{BLOCK, Db, directory, facts, usage};
use crate::value::{Accumulator, FirstValue, Measure, Progress};

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

/// What shows that a first value was reached.
#[derive(Clone, Copy)]
enum SeenIn {
    /// The use since go-live.
    Use,
    /// A record, of that day if there is one.
    Records(Option<Day>),
}

/// Which first value a customer is to reach, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstValueStanding {
    /// Number of the definition in the library.
    pub definition: u16,
    /// When the customer went live.
    pub live_on: Option<Day>,
    /// How far it has come.
    pub progress: Progress,
}

/// A customer on the way to its first value.
struct Followed<'a> {
    place: usize,
    number: usize,
    definition: &'a FirstValue,
    live_on: Option<Day>,
    accumulator: Accumulator,
    attained_on: Option<Day>,
    /// The day from which use is looked at; `None` where it is not.
    watched_from: Option<Day>,
    /// Where to look.
    seen_in: SeenIn,
}

/// Which first value the customer is to reach, and what is known of it without looking at use.
fn follow<'a>(
    setup: &'a Setup,
    world: &World,
    customer: &Customer,
    facts: &AccountFacts,
    place: usize,
    attained: &BTreeMap<u16, Day>,
) -> Option<Followed<'a>> {
    let definition = FirstValue::pick(&setup.library.first_values, &customer.subject())?;
    let number = setup.library.first_values.iter().position(|one| one.name == definition.name)?;
    let live_on = facts.account.live_on;
    let kind = match &definition.measure {
        Measure::AtLeast { metric, .. } | Measure::ShareOfSeats { metric, .. } => {
            world.metrics.iter().find(|one| one.name == *metric).map_or(MetricKind::Total, |one| one.declared.kind)
        }
        _ => MetricKind::Total,
    };
    let seats = customer.signals.value(Signal::Seats);
    // What no data can tell any more is not looked for; nor, once a cycle has seen it missed, what is a year late.
    let lost = |live: Day| {
        let last = live + (definition.deadline_days + definition.grace_days).cast_signed();
        world.coverage.is_none_or(|coverage| last < coverage.first) || (!world.first && world.as_of.day - last > 365)
    };
    let since_live = |day: &Day| live_on.is_some_and(|live| *day >= live);
    let seen_in = match &definition.measure {
        Measure::Value(title) => {
            let wanted = facts.values.iter().filter(|value| title.as_ref().is_none_or(|title| value.title == *title));
            SeenIn::Records(wanted.filter_map(|value| value.achieved_on).filter(since_live).min())
        }
        Measure::Event(kind) => SeenIn::Records(
            facts.events.iter().filter(|event| event.kind.0 == *kind).map(|event| event.on).filter(since_live).min(),
        ),
        _ => SeenIn::Use,
    };
    Some(Followed {
        place,
        number,
        definition,
        live_on,
        accumulator: Accumulator::new(&definition.measure, kind, seats, live_on.unwrap_or(Day::ALWAYS)),
        attained_on: u16::try_from(place).ok().and_then(|place| attained.get(&place).copied()),
        watched_from: live_on.filter(|&live| matches!(seen_in, SeenIn::Use) && !lost(live)),
        seen_in,
    })
}

/// Lets those who have not attained their first value yet see the use since they went live, each metric once.
async fn feed(db: &Db, world: &World, block: i64, waiting: &mut [(usize, Followed<'_>)]) -> Result<()> {
    let Some(coverage) = &world.coverage else { return Ok(()) };
    for metric in &world.metrics {
        let wants = |followed: &Followed<'_>| match &followed.definition.measure {
            Measure::AtLeast { metric: name, .. } | Measure::ShareOfSeats { metric: name, .. } => *name == metric.name,
            _ => false,
        };
        let mut places: HashMap<usize, &mut Accumulator> = HashMap::new();
        let mut from = coverage.anchor;
        for (_, followed) in waiting.iter_mut() {
            if let (Some(live), None, true) = (followed.watched_from, followed.attained_on, wants(followed)) {
                from = from.min(live);
                places.insert(followed.place, &mut followed.accumulator);
            }
        }
        if !places.is_empty() {
            let feed = |day, place, value| places.get_mut(&place).map_or((), |accumulator| accumulator.feed(day, value));
            usage::each_value(db, block, metric.id, (from, coverage.anchor - 1), world.as_of, feed).await?;
        }
    }
    feed_active_days(db, world, block, waiting).await
}

/// Active days are those with any use: the days of all metrics, put together before they are counted.
async fn feed_active_days(db: &Db, world: &World, block: i64, waiting: &mut [(usize, Followed<'_>)]) -> Result<()> {
    let Some(coverage) = &world.coverage else { return Ok(()) };
    let counts = |followed: &Followed<'_>| {
        let counts = matches!(followed.definition.measure, Measure::ActiveDays(_)) && followed.attained_on.is_none();
        followed.watched_from.filter(|_| counts)
    };
    let Some(from) = waiting.iter().filter_map(|(_, followed)| counts(followed)).min() else { return Ok(()) };
    let length = usize::try_from(coverage.anchor - from).unwrap_or_default();
    let mut days: HashMap<usize, Vec<bool>> = waiting
        .iter()
        .filter(|(_, followed)| counts(followed).is_some())
        .map(|(_, followed)| (followed.place, vec![false; length]))
        .collect();
    for metric in world.metrics.iter().filter(|metric| metric.declared.polarity != Polarity::Bad) {
        let note = |day: Day, place, value| {
            let at = usize::try_from(day - from).unwrap_or(usize::MAX);
            if let Some(day) = days.get_mut(&place).and_then(|days| days.get_mut(at)) {
                *day |= value > 0.0;
            }
        };
        usage::each_value(db, block, metric.id, (from, coverage.anchor - 1), world.as_of, note).await?;
    }
    for (_, followed) in waiting.iter_mut() {
        let used = days.remove(&followed.place).unwrap_or_default();
        for (day, _) in (0..).zip(used).filter(|(_, used)| *used) {
            followed.accumulator.feed(from + day, 1.0);
        }
    }
    Ok(())
}

impl Followed<'_> {
    /// Says where the customer stands.
    fn judge(self, world: &World, customer: &mut Customer) {
        let on = world.as_of.day;
        // An outage within the time that counts leaves open what happened in it.
        let days = (self.definition.deadline_days + self.definition.grace_days).cast_signed();
        let seen_from = |live: Day| !world.outages.iter().any(|&(from, to)| to >= live && from <= live + days);
        let covered = world.coverage.as_ref().is_some_and(|coverage| {
            coverage.state == State::Fresh && self.live_on.is_some_and(|live| live >= coverage.first && seen_from(live))
        });
        let by_record = matches!(self.seen_in, SeenIn::Records(_));
        let mut progress = self.accumulator.progress(&self.definition.measure, covered || by_record);
        if let SeenIn::Records(reached_on) = self.seen_in {
            progress.attained_on = reached_on;
        }
        let in_time = |day: Day| self.live_on.is_some_and(|live| day - live <= days);
        if !progress.known {
            // Where the first days are not known, what looks late may have been in time.
            progress.attained_on = progress.attained_on.filter(|&day| in_time(day));
        }
        progress.attained_on = self.attained_on.or(progress.attained_on);
        let judgement = self.definition.judge(self.live_on, on, progress);
        customer.attained_on = judgement.attained_on;
        customer.first_value = Some(FirstValueStanding {
            definition: u16::try_from(self.number).unwrap_or_default(),
            live_on: self.live_on,
            progress,
        });
        if let Some(state) = judgement.state {
            // What was decided long ago says less by the day; what is under way is as of now.
            let missed_on = judgement.deadline.filter(|&deadline| deadline + self.definition.grace_days.cast_signed() < on);
            let decided_on = judgement.attained_on.or(missed_on).unwrap_or(on - 1).min(on - 1);
            customer.signals.set(Signal::FirstValue, Reading::fresh(state.index(), decided_on));
        }
        if let (Some(deadline), None) = (judgement.deadline, judgement.attained_on) {
            customer.signals.set(Signal::DaysToFirstValue, Reading::fresh(f64::from(deadline - on), on - 1));
        } else {
            customer.signals.set(Signal::DaysToFirstValue, Reading::NOT_APPLICABLE);
        }
    }
}
