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
use crate::model::{Currency, Day, Exact, Money};
use crate::playbook::{self, Book, Held, Move};
use crate::revenue::Rates;
use crate::signals::Signal;
use crate::store::{Db, Tx, task_counts, tasks};

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
    /// Accounts that could go to somebody with time.
    pub moves: Vec<Move>,
}

/// Reads it.
pub async fn load(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock) -> Result<LoadReport> {
    let look = Look::at(db, setup, clock, None).await?;
    let mut tx = db.begin().await?;
    let Books { books, without_csm, currency, without_rate } = books(&mut tx, setup, &look.population).await?;
    drop(tx);
    let people = books.iter().map(playbook::load).collect();
    Ok(LoadReport { as_of: look.on, currency, without_rate, without_csm, people, moves: playbook::moves(books) })
}

/// What all CSMs look after.
#[derive(Debug)]
pub struct Books {
    /// By the CSM's id.
    pub books: Vec<Book>,
    /// Accounts that are in none of them.
    pub without_csm: usize,
    /// What all amounts are in.
    pub currency: Currency,
    /// Currencies without a rate into that one: their amounts are left out.
    pub without_rate: Vec<String>,
}

/// Reads the books. A contact takes the hours of a call, as often as the account's class says.
pub async fn books(tx: &mut Tx, setup: &Setup, population: &Population) -> Result<Books> {
    let (on, hours) = (population.world.as_of.day, &setup.config.load.hours);
    let open = tasks::load(tx, on).await?;
    let due = task_counts::due_by(tx, on + 7).await?;
    let waiting = task_counts::waiting(tx).await?;
    let users = &population.world.users;
    let mut books: BTreeMap<&str, Book> = BTreeMap::new();
    for (id, user) in users.iter().filter(|(_, user)| user.role == Role::Csm) {
        let tasks = open.get(id).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a number of tasks")]
        let task_hours = |((_, kind), count): (&(String, String), &i64)| (kind.clone(), hours.of(kind) * *count as f64);
        books.insert(
            id,
            Book {
                person: user.id.clone(),
                hours_per_week: user.hours_per_week.unwrap_or(40.0),
                language: user.language.clone(),
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
        let silent = customer.signals.value(Signal::DaysSinceContact);
        book.accounts.push(Held {
            id: customer.id.clone(),
            name: customer.name.to_string(),
            hours: class.map_or(0.0, |class| 7.0 / f64::from(class.every_days) * hours.call),
            untouched: class.zip(silent).is_some_and(|(class, silent)| silent > f64::from(class.every_days)),
            arr,
            language: customer.language.as_deref().map(str::to_owned),
        });
    }
    let without_rate = rates.missing.iter().map(ToString::to_string).collect();
    Ok(Books { books: books.into_values().collect(), without_csm, currency: rates.currency, without_rate })
}
