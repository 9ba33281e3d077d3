//! How much the books ask of people, on the morning of the last cycle.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::look::Look;
use super::population::Population;
use crate::clock::Clock;
use crate::model::record::Role;
use crate::model::{Currency, Day, Exact, Id, Money};
use crate::playbook::{self, Book, Held, Move, Relief};
use crate::revenue::Rates;
use crate::signals::Signal;
use crate::store::{Db, Tx, task_counts, tasks};

/// Tasks count that are overdue or due within so many days.
const DUE_DAYS: i32 = 7;
/// Untouched accounts that are listed, at most; all are counted.
const LISTED: usize = 1_000;

/// `load --json`.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// The morning.
    pub as_of: Day,
    /// What all amounts are in.
    pub currency: Currency,
    /// Currencies without a rate into that one: their amounts are left out.
    pub without_rate: Vec<String>,
    /// Accounts whose CSM is not among the users.
    pub without_csm: usize,
    /// By person.
    pub people: Vec<playbook::Load>,
    /// Accounts that could go from those who have too much to somebody with room.
    pub moves: Vec<Move>,
    /// What that would make of the hours of those who have too much.
    pub reliefs: Vec<Relief>,
    /// Accounts of those who have too much with which nobody has spoken for longer than their class allows: the most revenue
    /// first, at most 1,000.
    pub untouched: Vec<Untouched>,
    /// How many there are.
    pub untouched_count: usize,
}

/// An account that too much work leaves untouched.
#[derive(Clone, Debug, Serialize)]
pub struct Untouched {
    /// Which.
    pub account_id: Id,
    /// What people call it.
    pub name: String,
    /// In whose book.
    pub person: Id,
    /// Days since the last contact; of one with which nobody ever spoke, since it is a customer.
    pub silent_days: f64,
    /// Days that its class allows.
    pub every_days: u32,
    /// Its revenue of a year.
    #[serde(serialize_with = "playbook::amount")]
    pub arr: Option<Money>,
}

/// Reads it.
pub async fn load(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock) -> Result<LoadReport> {
    let look = Look::at(db, setup, clock, None).await?;
    let mut tx = db.begin().await?;
    let Books { all: mut books, without_csm, currency, without_rate } = books(&mut tx, setup, &look.population).await?;
    let due = task_counts::due_of_accounts(&mut tx, look.on + DUE_DAYS).await?;
    drop(tx);
    for book in &mut books {
        for held in &mut book.accounts {
            let mine = due.get(&(book.person.to_string(), held.id.to_string()));
            held.task_hours = mine.into_iter().flatten().map(|(kind, count)| hours_of(setup, kind, *count)).collect();
        }
    }
    let people: Vec<playbook::Load> = books.iter().map(playbook::load).collect();
    let over = books.iter().zip(&people).filter(|(_, load)| load.over).map(|(book, _)| book);
    let mut untouched: Vec<Untouched> = over.flat_map(untouched).collect();
    let worth = |one: &Untouched| std::cmp::Reverse(one.arr.map(|arr| arr.minor));
    untouched.sort_by(|a, b| worth(a).cmp(&worth(b)).then_with(|| a.account_id.cmp(&b.account_id)));
    let untouched_count = untouched.len();
    untouched.truncate(LISTED);
    let (moves, reliefs) = playbook::moves(books);
    Ok(LoadReport { as_of: look.on, currency, without_rate, without_csm, people, moves, reliefs, untouched, untouched_count })
}

fn untouched(book: &Book) -> impl Iterator<Item = Untouched> {
    let silent = book.accounts.iter().filter(|held| held.is_untouched());
    silent.filter_map(|held| {
        Some(Untouched {
            account_id: held.id.clone(),
            name: held.name.clone(),
            person: book.person.clone(),
            silent_days: held.silent_days?,
            every_days: held.every_days?,
            arr: held.arr,
        })
    })
}

/// Hours that so many tasks of a kind take.
fn hours_of(setup: &Setup, kind: &str, count: i64) -> (String, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a number of tasks")]
    let hours = setup.config.load.hours.of(kind) * count as f64;
    (kind.to_owned(), hours)
}

/// What all CSMs look after.
#[derive(Debug)]
pub struct Books {
    /// By the CSM's id.
    pub all: Vec<Book>,
    /// Accounts that are in none of them.
    pub without_csm: usize,
    /// What all amounts are in.
    pub currency: Currency,
    /// Currencies without a rate into that one: their amounts are left out.
    pub without_rate: Vec<String>,
}

/// Reads the books, without the tasks of each account. A contact takes the hours of a call, as often as the account's class says.
pub async fn books(tx: &mut Tx, setup: &Setup, population: &Population) -> Result<Books> {
    let (on, hours) = (population.world.as_of.day, &setup.config.load.hours);
    let open = tasks::load(tx, on).await?;
    let due = task_counts::due_by(tx, on + DUE_DAYS).await?;
    let waiting = task_counts::waiting(tx).await?;
    let users = &population.world.users;
    let mut books: BTreeMap<&str, Book> = BTreeMap::new();
    for (id, user) in users.iter().filter(|(_, user)| user.role == Role::Csm) {
        let tasks = open.get(id).copied().unwrap_or_default();
        let task_hours = |((_, kind), count): (&(String, String), &i64)| hours_of(setup, kind, *count);
        books.insert(
            id,
            Book {
                person: user.id.clone(),
                hours_per_week: user.hours_per_week.unwrap_or(40.0),
                language: user.language.clone(),
                region: user.region.clone(),
                skills: user.skills.clone(),
                accounts: Vec::new(),
                task_hours: due.iter().filter(|((person, _), _)| person == id).map(task_hours).collect(),
                open: tasks.open,
                overdue: tasks.overdue,
                waiting: 0,
            },
        );
    }
    let mut without_csm = 0;
    let mut rates = Rates::new(setup.config.company.currency, setup.config.revenue.rates.clone());
    for customer in population.blocks.iter().flat_map(|block| &block.customers) {
        let Some(book) = customer.csm.as_ref().and_then(|csm| books.get_mut(csm.as_str())) else {
            without_csm += 1;
            continue;
        };
        book.waiting += waiting.get(customer.id.as_str()).map_or(0, |count| usize::try_from(*count).unwrap_or_default());
        let class = setup.library.cadence.of(&customer.subject());
        let worth: Vec<Exact> = customer.arr().map(|arr| rates.convert(Exact::of(arr.minor), arr.currency)).collect();
        let arr =
            (!worth.is_empty()).then(|| Money { minor: worth.into_iter().sum::<Exact>().rounded(), currency: rates.currency });
        book.accounts.push(Held {
            id: customer.id.clone(),
            name: customer.name.to_string(),
            contact_hours: class.map_or(0.0, |class| 7.0 / f64::from(class.every_days) * hours.call),
            task_hours: BTreeMap::new(),
            every_days: class.map(|class| class.every_days),
            silent_days: customer.signals.value(Signal::DaysSinceContact),
            arr,
            language: customer.language.as_deref().map(str::to_owned),
            region: customer.region.as_deref().map(str::to_owned),
        });
    }
    let without_rate = rates.missing.iter().map(ToString::to_string).collect();
    Ok(Books { all: books.into_values().collect(), without_csm, currency: rates.currency, without_rate })
}
