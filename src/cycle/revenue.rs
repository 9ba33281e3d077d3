//! Revenue from the store: contracts block by block, families put together, then `revenue` adds them up.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::Setup;
use super::assess::decode;
use crate::model::record::{Account, Contract, Record, RecordKind};
use crate::model::{Currency, Day};
use crate::revenue::{
    self, AccountRow, Ask, By, Course, Customer, Every, Group, Month, Opened, Period, Rates, RevenueReport, What,
};
use crate::signals::ServiceRules;
use crate::store::facts::{self, AsOf};
use crate::store::{BLOCK, Db, directory, pulls};

/// What a person asks of revenue.
#[derive(Clone, Debug)]
pub struct RevenueQuestion {
    /// The morning.
    pub on: Day,
    /// The first month; by default the twelfth before the end.
    pub from: Option<Month>,
    /// The last month; by default the last that has ended.
    pub to: Option<Month>,
    /// How long the periods are.
    pub every: Every,
    /// Divided by what.
    pub by: By,
}

impl RevenueQuestion {
    /// The periods that are asked for.
    pub fn periods(&self) -> Vec<Period> {
        let to = self.to.unwrap_or_else(|| Month::of(Month::of(self.on).first() - 1));
        let from = self.from.unwrap_or_else(|| to.plus(-11));
        Period::all(from, to, self.every, self.on)
    }
}

/// All customers as known on a morning, ready to be asked.
#[derive(Debug)]
pub struct RevenueBook {
    ask: Ask,
    accounts: Vec<AccountRow>,
    customers: Vec<Customer>,
    rates: BTreeMap<Currency, String>,
    approximated: bool,
}

impl RevenueBook {
    /// Reads them. A currency without a rate is an error that says where to write it.
    pub async fn load(db: &Db, setup: &Setup, question: &RevenueQuestion) -> Result<RevenueBook> {
        let config = &setup.config;
        let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
        let book = RevenueBook::read(db, setup, question, &mut rates).await?;
        if rates.missing.is_empty() {
            return Ok(book);
        }
        Err(config.revenue.missing(config.company.currency, &rates.missing).into())
    }

    /// Reads them; contracts in a currency without a rate count for nothing, and `rates` tells of it.
    pub async fn read(db: &Db, setup: &Setup, question: &RevenueQuestion, rates: &mut Rates) -> Result<RevenueBook> {
        let config = &setup.config;
        let as_of = AsOf { day: question.on, through_pull: pulls::last_id(db).await? };
        let periods = question.periods();
        let since = periods.iter().map(|period| period.trailing_year().from.min(period.from)).min().unwrap_or(question.on);
        let rules = ServiceRules::from(&config.accounts);
        let (accounts, customers) = customers(db, setup, as_of, since, rules, rates).await?;
        Ok(RevenueBook {
            ask: Ask { on: question.on, currency: config.company.currency, periods, by: question.by },
            accounts,
            customers,
            rates: config.revenue.rates.iter().map(|(currency, rate)| (*currency, rate.to_string())).collect(),
            approximated: pulls::is_approximate(db, as_of).await?,
        })
    }

    /// The same of the accounts of some people alone, `sees` telling of a CSM whether it is one of them: a family counts as the
    /// account at its top does. Whether any was left out is told, too.
    #[must_use]
    pub fn of_those(mut self, sees: impl Fn(Option<&str>) -> bool) -> (RevenueBook, bool) {
        let all = self.customers.len();
        self.customers.retain(|customer| sees(self.accounts[customer.head as usize].csm.as_deref()));
        let fewer = self.customers.len() < all;
        (self, fewer)
    }

    /// Whether no contract ever brought revenue.
    pub fn is_empty(&self) -> bool {
        self.customers.iter().all(|customer| customer.lines.is_empty())
    }

    /// The periods, and last all of them as one.
    pub fn periods(&self) -> Vec<Period> {
        self.ask.periods.iter().cloned().chain(Period::whole(&self.ask.periods)).collect()
    }

    /// The report.
    pub fn report(&self) -> RevenueReport {
        let mut report = revenue::report(&self.ask, &self.accounts, &self.customers, &self.rates);
        report.as_of_approximated = self.approximated;
        let gone = self.customers.iter().filter(|customer| self.accounts[customer.head as usize].gone).count();
        if gone > 0 {
            report
                .notes
                .push(format!("{gone} customers are no longer in their source; their contracts count as they were last known"));
        }
        report
    }

    /// One number, down to the contracts behind it. `group`: of `by`, where it is one of those.
    pub fn open(&self, period: &Period, what: What, group: Option<&str>) -> Opened {
        let group = group.map(Group::named);
        revenue::open(&self.ask, &self.accounts, &self.customers, period, what, group.as_ref())
    }
}

/// All accounts, and all customers with contracts in the order of their ids.
async fn customers(
    db: &Db,
    setup: &Setup,
    as_of: AsOf,
    since: Day,
    rules: ServiceRules,
    rates: &mut Rates,
) -> Result<(Vec<AccountRow>, Vec<Customer>)> {
    let blocks = directory::blocks(db).await?;
    let mut accounts: Vec<AccountRow> = Vec::new();
    let mut places: Vec<Option<u32>> = vec![None; usize::try_from(blocks)? * BLOCK];
    for block in 0..blocks {
        let facts = facts::of_record(db, block, RecordKind::Accounts, as_of).await?;
        for (kind, facts) in facts.believed()? {
            for fact in facts {
                let Some(ordinal) = fact.ordinal else { continue };
                places[ordinal as usize] = Some(u32::try_from(accounts.len())?);
                accounts.push(AccountRow::of(&decode::<Account>(kind, fact.body)?));
            }
        }
    }
    let mut heads = revenue::heads(&accounts);
    let mut members: HashMap<u32, u32> = HashMap::new();
    for head in &heads {
        *members.entry(*head).or_default() += 1;
    }
    let mut families: BTreeMap<u32, Vec<Contract>> = BTreeMap::new();
    let mut customers = Vec::new();
    let span = (since, as_of.day);
    for block in 0..blocks {
        let facts = facts::of_record(db, block, RecordKind::Contracts, as_of).await?;
        let mut of_account: BTreeMap<u32, Vec<Contract>> = BTreeMap::new();
        for (kind, facts) in facts.believed()? {
            for fact in facts {
                let Some(ordinal) = fact.ordinal else { continue };
                let contract: Contract = decode(kind, fact.body)?;
                let known = contract.known_on(as_of.day, setup.config.company.zone());
                of_account.entry(ordinal).or_default().extend(known);
            }
        }
        for (ordinal, contracts) in of_account {
            let Some(first) = contracts.first() else { continue };
            let place = places[ordinal as usize].unwrap_or_else(|| {
                // Its source no longer has the account: it stands for itself.
                let place = accounts.len().try_into().unwrap_or(u32::MAX);
                accounts.push(AccountRow::gone(first.account_id.as_str()));
                heads.push(place);
                place
            });
            let head = heads[place as usize];
            if members.get(&head).is_some_and(|members| *members > 1) {
                families.entry(head).or_default().extend(contracts);
            } else {
                let course = revenue::course(&contracts, &|_| place, span, rules, rates);
                customers.push(Customer::new(head, course));
            }
        }
    }
    let in_families = (0..).zip(&accounts).filter(|(place, _)| families.contains_key(&heads[*place as usize]));
    let places: HashMap<&str, u32> = in_families.map(|(place, account)| (account.id.as_str(), place)).collect();
    let place = |id: &str| places.get(id).copied().unwrap_or(u32::MAX);
    for (head, contracts) in families {
        let course: Course = revenue::course(&contracts, &place, span, rules, rates);
        customers.push(Customer::new(head, course));
    }
    customers.retain(|customer| !customer.lines.is_empty() || !customer.dues.is_empty());
    customers.sort_by(|a, b| accounts[a.head as usize].id.cmp(&accounts[b.head as usize].id));
    Ok((accounts, customers))
}
