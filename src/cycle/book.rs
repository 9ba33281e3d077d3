//! What each reader's digest is made of, gathered while the customers go by; ten of a kind are kept, all are counted.

use std::collections::BTreeMap;

use super::assess::Customer;
use super::evaluate::{Chance, Evaluated};
use super::mailing::Sending;
use super::work::Turn;
use super::world::World;
use crate::digest::Reader;
use crate::digest::csm::{
    ChangeItem, CsmInputs, EndingItem, MovedItem, News, StagedItem, StaleItem, TOLD_CHANGE, TaskItem, UnknownItem, since,
};
use crate::health::explain;
use crate::health::{Band, Factor};
use crate::model::record::User;
use crate::model::{Day, Id, Money, Zone};
use crate::risk::ArrAtRisk;

/// Items of news from which a book is thinned out: a leader may have all accounts of a company.
const MANY: usize = 2000;

/// The digests of one morning in the making, by reader.
#[derive(Debug)]
pub struct Books {
    readers: BTreeMap<String, Book>,
    /// Whose book accounts without a CSM are in: nobody's account is lost.
    leader: Option<Id>,
    /// News of accounts that nobody has been told yet: whoever has the account now is.
    carried: BTreeMap<Id, News>,
    /// The morning.
    on: Day,
    /// Accounts whose CSM is not among the users.
    pub without_csm: u64,
}

/// One reader's digest in the making.
#[derive(Debug)]
pub struct Book {
    /// What it says.
    pub inputs: CsmInputs,
    /// Whether anything in it is new or to be done: what was unknown yesterday alone is no reason for a mail.
    pub worth_sending: bool,
    /// What of it is news.
    pub news: News,
    /// When it goes out.
    pub sending: Sending,
    arr: BTreeMap<crate::model::Currency, i64>,
    at_risk: ArrAtRisk,
}

impl Books {
    /// One for each user of the company. `refused`: the sources of which nothing was taken in this time, and why. `untold`: what
    /// readers have not been told yet. `sending`: when a reader's digest goes out.
    pub fn new(
        world: &World,
        company: &str,
        refused: &BTreeMap<String, String>,
        mut untold: BTreeMap<String, News>,
        sending: &dyn Fn(&Reader) -> Sending,
    ) -> Books {
        let stale = stale(world, refused);
        let mut carried = BTreeMap::<Id, News>::new();
        let mut book = |user: &User| {
            let reader = reader_of(&world.zone, user);
            let sending = sending(&reader);
            let mut inputs = CsmInputs::new(reader, company, sending.on);
            inputs.stale.clone_from(&stale);
            inputs.approximated = world.approximated;
            let mut untold = untold.remove(user.id.as_str()).unwrap_or_default();
            let moved = std::mem::take(&mut untold.moved);
            for (account, news) in untold.by_account() {
                carried.entry(account).or_default().join(news);
            }
            Book {
                inputs,
                worth_sending: !stale.is_empty() || !moved.is_empty(),
                news: News { moved, ..News::default() },
                sending,
                arr: BTreeMap::new(),
                at_risk: ArrAtRisk::default(),
            }
        };
        let leader = world.leader_of(None).map(|leader| leader.id.clone());
        let readers = world.users.iter().map(|(id, user)| (id.clone(), book(user))).collect();
        Books { leader, readers, carried, on: world.as_of.day, without_csm: 0 }
    }

    /// Adds a task to the book of whoever is to do it; where that is nobody who reads digests to that of the account's CSM, or
    /// else to the leader's. It is put into words only where somebody reads it.
    pub fn task(&mut self, person: Option<&Id>, csm: Option<&Id>, task: impl FnOnce() -> TaskItem) {
        let reader = [person, csm, self.leader.as_ref()].into_iter().flatten().find(|id| self.readers.contains_key(id.as_str()));
        if let Some(book) = reader.cloned().and_then(|id| self.readers.get_mut(id.as_str())) {
            book.inputs.task(task());
            book.worth_sending = true;
        }
    }

    /// Says that so much waits for a person.
    pub fn waiting(&mut self, person: &Id, count: usize) {
        if let Some(book) = self.readers.get_mut(person.as_str()) {
            book.inputs.waiting += count;
        }
    }

    /// Adds a customer to its CSM's book, or where it has none to the leader's. `change`: where it is worth telling.
    pub fn customer(&mut self, customer: &Customer, evaluated: &Evaluated, turn: Turn, change: Option<ChangeItem>) {
        let reader =
            |readers: &BTreeMap<String, Book>, id: &Option<Id>| id.clone().filter(|id| readers.contains_key(id.as_str()));
        let owner = reader(&self.readers, &customer.csm);
        self.without_csm += u64::from(owner.is_none());
        let owner = owner.or_else(|| self.leader.clone());
        for (from, to) in turn.moved {
            if let Some(book) = self.readers.get_mut(to.as_str()) {
                let from = from.map_or_else(|| "nobody".to_owned(), |from| from.to_string());
                *book.inputs.moved.entry(from).or_default() += 1;
                book.worth_sending = true;
            }
        }
        let Some(book) = owner.and_then(|owner| self.readers.get_mut(owner.as_str())) else { return };
        let News { mut changes, mut reviews, .. } = self.carried.remove(&customer.id).unwrap_or_default();
        let change = match changes.pop() {
            Some(carried) => since(carried, change, evaluated.health.score, evaluated.band),
            None => change,
        };
        reviews.retain(|review| !turn.reviews.contains(review));
        reviews.extend(turn.reviews);
        let inputs = &mut book.inputs;
        inputs.book.accounts += 1;
        match evaluated.band {
            Band::Healthy => inputs.book.healthy += 1,
            Band::Watch => inputs.book.watch += 1,
            Band::AtRisk => inputs.book.at_risk += 1,
            Band::Unknown => inputs.book.unknown += 1,
        }
        for money in customer.arr() {
            let sum = book.arr.entry(money.currency).or_default();
            *sum = sum.saturating_add(money.minor);
            if let Some(chance) = evaluated.chance {
                book.at_risk.add(chance.p, money);
                inputs.book.uncalibrated |= !chance.calibrated;
            }
        }
        book.worth_sending |= change.is_some() || !reviews.is_empty();
        if let Some(change) = change {
            inputs.change(change.clone());
            book.news.changes.push(change);
        }
        for review in reviews {
            inputs.review(review.clone());
            book.news.reviews.push(review);
        }
        if book.news.changes.len().max(book.news.reviews.len()) > MANY {
            book.news.trim();
        }
        for play in turn.paused {
            if !inputs.paused_plays.contains(&play) {
                inputs.paused_plays.push(play);
            }
        }
        if let Some(ending) = evaluated.ending {
            let (account_id, account_name) = (customer.id.clone(), customer.name.to_string());
            inputs.ending.push(EndingItem { account_id, account_name, score: ending.score, ends_on: ending.on });
            book.worth_sending |= ending.is_new;
        }
        if evaluated.health.score.is_none() {
            let why = explain::reasons(&evaluated.card, &evaluated.health, 1).pop().unwrap_or_default();
            inputs.unknown(UnknownItem { account_id: customer.id.clone(), account_name: customer.name.to_string(), why });
        }
    }

    /// Whether a user reads a digest.
    pub fn has(&self, reader: &str) -> bool {
        self.readers.contains_key(reader)
    }

    /// Adds a record of a pipeline that waits for a reader.
    pub fn staged(&mut self, reader: &str, item: StagedItem) {
        if let Some(book) = self.readers.get_mut(reader) {
            book.inputs.staged.push(item);
            book.worth_sending = true;
        }
    }

    /// All books, by reader.
    pub fn close(self) -> impl Iterator<Item = Book> {
        let on = self.on;
        self.readers.into_values().map(move |mut book| {
            let inputs = &mut book.inputs;
            inputs.book.arr = book.arr.iter().map(|(&currency, &minor)| Money { minor, currency }).collect();
            inputs.book.arr_at_risk = book.at_risk.sums();
            inputs.paused_plays.sort();
            let tonight = std::mem::take(&mut inputs.moved).into_iter();
            book.news.moved.extend(tonight.map(|(from, tasks)| MovedItem { from, on, tasks }));
            for moved in &book.news.moved {
                *inputs.moved.entry(moved.from.clone()).or_default() += moved.tasks;
            }
            book
        })
    }
}

impl Book {
    /// Whether the reader has accounts, or anything to do.
    pub fn is_of_use(&self) -> bool {
        self.inputs.book.accounts > 0 || self.inputs.tasks.total() + self.inputs.staged.total() > 0
    }
}

/// What is behind, for people. `refused`: the sources of which nothing was taken in this time, and why.
pub fn stale(world: &World, refused: &BTreeMap<String, String>) -> Vec<StaleItem> {
    let failed = refused.iter().filter(|(name, _)| !world.stale.iter().any(|one| one.source == **name));
    let failed = failed.map(|(name, reason)| StaleItem {
        source: name.clone(),
        what: String::new(),
        since: world.as_of.day,
        refused: Some(reason.clone()),
    });
    let stale = world.stale.iter().map(|one| StaleItem {
        source: one.source.clone(),
        what: one.what.clone(),
        since: one.since,
        refused: refused.get(&one.source).cloned(),
    });
    stale.chain(failed).collect()
}

/// A user as a reader.
pub fn reader_of(company: &Zone, user: &User) -> Reader {
    let zone = user.timezone.as_deref().and_then(|zone| Zone::parse(zone).ok());
    Reader {
        id: user.id.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        zone: zone.unwrap_or_else(|| company.clone()),
        language: user.language.clone().unwrap_or_else(|| "en".to_owned()),
        region: user.region.clone(),
    }
}

/// Whether the account's change is told this morning: it entered another band, or its turn shows that its score moved.
pub fn is_told(evaluated: &Evaluated, band_before: Option<Band>) -> bool {
    let entered = band_before.is_some_and(|before| before != evaluated.band);
    entered || (evaluated.in_turn && evaluated.change().is_some_and(|change| change.abs() >= TOLD_CHANGE))
}

/// The change since the account's previous turn, in factors.
pub fn change(customer: &Customer, evaluated: &Evaluated, turn_band: Band, factors: &[Factor]) -> ChangeItem {
    let moved = explain::changes(&evaluated.card, factors, &evaluated.health.factors);
    ChangeItem {
        account_id: customer.id.clone(),
        account_name: customer.name.to_string(),
        score: evaluated.health.score,
        previous: evaluated.previous,
        band: evaluated.band,
        previous_band: turn_band,
        risk: evaluated.chance.map_or(String::new(), Chance::words),
        factors: moved.into_iter().map(|change| (change.text, change.delta)).collect(),
    }
}

/// Whose digest it is.
pub fn reader(book: &Book) -> &Id {
    &book.inputs.reader.id
}
