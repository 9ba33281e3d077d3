//! What the leaders' digests are made of: the accounts of each one's team, the load of its people, what came of plays.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::book;
use super::evaluate::Evaluated;
use super::load;
use super::periodic::Gathering;
use super::renewals;
use super::sight::Sight;
use super::world::World;
use crate::digest::csm::StaleItem;
use crate::digest::leader::{LeaderDigest, LeaderInputs, LoadItem, PlayItem, RenewalItem};
use crate::digest::{Book, Links, Reader};
use crate::health::Band;
use crate::model::{Currency, Day, Exact, Id, Money};
use crate::playbook::{self, Outcome};
use crate::requests::TELL;
use crate::revenue::Rates;
use crate::revenue::renewal::Renewal;
use crate::store::Tx;
use crate::store::tasks::{self, Ended, Load};

/// Days for which the outcomes of plays are looked back on.
const PLAY_DAYS: i32 = 90;
/// Days of renewals that are looked ahead.
const RENEWAL_DAYS: u32 = 120;

/// What all leaders have in common.
#[derive(Debug)]
pub struct Gathered {
    world: Arc<World>,
    company: String,
    /// By CSM; without one, under `None`.
    books: BTreeMap<Option<Id>, (Book, BTreeMap<Currency, i64>)>,
    renewals: Vec<RenewalItem>,
    rates: Rates,
    without_rate: Vec<String>,
    tasks: BTreeMap<String, Load>,
    /// What the books of the CSMs ask for: the same numbers as `longroad load`.
    hours: BTreeMap<String, playbook::Load>,
    plays: Vec<PlayItem>,
    stale: Vec<StaleItem>,
}

/// Gathers it. Tasks and prescriptions are read as the transaction has left them.
pub async fn gather(tx: &mut Tx, gathering: &Gathering<'_>) -> Result<Gathered> {
    let (setup, population) = (gathering.setup, gathering.population);
    let world = Arc::clone(&population.world);
    let on = world.as_of.day;
    let mut books: BTreeMap<Option<Id>, (Book, BTreeMap<Currency, i64>)> = BTreeMap::new();
    for block in &population.blocks {
        for customer in &block.customers {
            let Some(evaluated) = Evaluated::seen(setup, population, block, customer) else { continue };
            let csm = customer.csm.clone().filter(|csm| world.users.contains_key(csm.as_str()));
            let (book, arr) = books.entry(csm).or_default();
            book.accounts += 1;
            match evaluated.band {
                Band::Healthy => book.healthy += 1,
                Band::Watch => book.watch += 1,
                Band::AtRisk => book.at_risk += 1,
                Band::Unknown => book.unknown += 1,
            }
            for money in customer.arr() {
                let sum = arr.entry(money.currency).or_default();
                *sum = sum.saturating_add(money.minor);
            }
        }
    }
    let book = renewals::gather(gathering.db, setup, population, gathering.odds, RENEWAL_DAYS).await?;
    let table = Rates::new(setup.config.company.currency, setup.config.revenue.rates.clone());
    let mut rates = table.clone();
    let renewals = book.renewals.into_iter().map(|one| item(&world, one, &mut rates)).collect();
    Ok(Gathered {
        renewals,
        rates: table,
        without_rate: rates.missing.iter().map(ToString::to_string).collect(),
        company: setup.config.company.name.clone(),
        books,
        tasks: tasks::load(tx, on).await?,
        hours: load::books(tx, setup, population)
            .await?
            .all
            .iter()
            .map(|book| (book.person.to_string(), playbook::load(book)))
            .collect(),
        plays: plays(tasks::ended(tx, (on - PLAY_DAYS, on)).await?),
        stale: book::stale(&world, gathering.refused),
        world,
    })
}

impl Gathered {
    /// One leader's digest.
    pub fn digest(&self, reader: &Reader, on: Day, links: &Links) -> LeaderDigest {
        let sight = self.world.users.get(reader.id.as_str()).map(|user| Sight::of(&self.world.users, user));
        let is_mine = |csm: &Option<Id>| sight.as_ref().is_some_and(|sight| sight.sees(csm.as_ref().map(Id::as_str)));
        let (mut book, mut arr) = (Book::default(), BTreeMap::<Currency, i64>::new());
        for (one, sums) in self.books.iter().filter(|(csm, _)| is_mine(csm)).map(|(_, one)| one) {
            book.accounts += one.accounts;
            book.healthy += one.healthy;
            book.watch += one.watch;
            book.at_risk += one.at_risk;
            book.unknown += one.unknown;
            for (&currency, &minor) in sums {
                let sum = arr.entry(currency).or_default();
                *sum = sum.saturating_add(minor);
            }
        }
        book.arr = self.one_sum(arr.iter().map(|(&currency, &minor)| Money { minor, currency }).collect());
        let inputs = LeaderInputs {
            reader: reader.clone(),
            company: self.company.clone(),
            on,
            as_of: self.world.as_of.day,
            days: RENEWAL_DAYS,
            renewals: self.renewals.iter().filter(|item| is_mine(&self.csm_of(item))).cloned().collect(),
            without_rate: self.without_rate.clone(),
            book,
            load: self.load_of(&is_mine),
            plays: self.plays.clone(),
            stale: self.stale.clone(),
            approximated: self.world.approximated,
        };
        LeaderDigest::build(&inputs, links)
    }

    /// Sums of several currencies as one in that of reports; as they are, where a rate is missing.
    fn one_sum(&self, sums: Vec<Money>) -> Vec<Money> {
        let mut rates = self.rates.clone();
        let worth: Exact = sums.iter().map(|sum| rates.convert(Exact::of(sum.minor), sum.currency)).sum();
        if sums.is_empty() || !rates.missing.is_empty() {
            return sums;
        }
        vec![Money { minor: worth.rounded(), currency: rates.currency }]
    }

    /// Who looks after the account of a renewal, if that is one of the users.
    fn csm_of(&self, item: &RenewalItem) -> Option<Id> {
        let csm = item.renewal.csm.as_ref().filter(|csm| self.world.users.contains_key(csm.as_str()))?;
        Id::parse(csm).ok()
    }

    /// Who of the team has accounts or tasks: those with the most hours too many first, then the most overdue.
    fn load_of(&self, is_mine: &dyn Fn(&Option<Id>) -> bool) -> Vec<LoadItem> {
        let mut load: Vec<LoadItem> = Vec::new();
        for user in self.world.users.values().filter(|user| is_mine(&Some(user.id.clone()))) {
            let accounts = self.books.get(&Some(user.id.clone())).map_or(0, |(book, _)| book.accounts);
            let Load { open, overdue } = self.tasks.get(user.id.as_str()).copied().unwrap_or_default();
            let book = self.hours.get(user.id.as_str());
            let hours = book.map(|book| [book.hours_needed, book.hours_per_week]);
            if accounts + open > 0 {
                let untouched = book.map_or(0, |book| book.untouched);
                load.push(LoadItem { person: user.name.clone(), accounts, untouched, hours, open, overdue });
            }
        }
        let over = |one: &LoadItem| one.hours.map_or(0.0, |[needed, there]| (needed - there).max(0.0));
        load.sort_by(|a, b| {
            let key = |one: &LoadItem| (one.overdue, one.open, one.accounts);
            over(b).total_cmp(&over(a)).then_with(|| key(b).cmp(&key(a)))
        });
        load
    }
}

/// A renewal with what it is worth in the currency of reports, and the name of whoever called it.
fn item(world: &World, renewal: Renewal, rates: &mut Rates) -> RenewalItem {
    let name = |by: &String| world.users.get(by).map_or_else(|| by.clone(), |user| user.name.clone());
    RenewalItem { worth: renewal.worth(rates), caller: renewal.csm_by.as_ref().map(name).unwrap_or_default(), renewal }
}

/// By play, the most often tried first.
fn plays(ended: Vec<Ended>) -> Vec<PlayItem> {
    let mut plays: BTreeMap<String, PlayItem> = BTreeMap::new();
    // To tell a customer something is no remedy that works or does not; nor is what something graver took the place of.
    let tried = |one: &Ended| one.playbook != TELL && one.outcome != Outcome::MadeWay.word();
    for Ended { playbook, title, outcome, count } in ended.into_iter().filter(tried) {
        let item = plays.entry(playbook).or_insert_with(|| PlayItem::new(&title));
        match outcome.as_str() {
            "recovered" => item.worked += count,
            "recovered_by_itself" => item.by_itself += count,
            "not_recovered" => item.failed += count,
            "not_done" => item.not_done += count,
            _ => item.given_up += count,
        }
    }
    let mut plays: Vec<PlayItem> = plays.into_values().collect();
    plays.sort_by_key(|play| Reverse(play.worked + play.failed));
    plays
}
