//! What became of accounts, as far as is known by some morning: the outcomes that a replay is held against.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::assess::decode;
use super::population::Chosen;
use super::world::World;
use crate::backtest::{Label, Service, Snapshot, UsedDays};
use crate::model::record::{Account, Contract, Record, RecordKind};
use crate::model::{Day, Polarity};
use crate::risk::Kind;
use crate::store::{BLOCK, Db, directory, facts, usage};

/// What became of accounts.
#[derive(Debug)]
pub struct History {
    /// The first day of which anything is known.
    pub first: Day,
    /// The morning up to which outcomes are known.
    pub until: Day,
    accounts: HashMap<u32, Past>,
    term_ends: BTreeSet<Day>,
    silent_days: i32,
}

/// What became of one account.
#[derive(Debug)]
struct Past {
    id: String,
    name: String,
    service: Service,
    used: Option<UsedDays>,
}

impl History {
    /// Reads it as known on the world's morning.
    pub async fn load(db: &Db, world: &World, chosen: Chosen) -> Result<History> {
        let until = world.coverage.as_ref().map_or(world.as_of.day, |coverage| coverage.anchor);
        let first_use = world.coverage.as_ref().map(|coverage| coverage.first);
        let mut history = History {
            first: until,
            until,
            accounts: HashMap::new(),
            term_ends: BTreeSet::new(),
            silent_days: world.silent_days.unwrap_or(0),
        };
        let mut first = first_use;
        for block in (0..world.blocks).filter(|&block| chosen.holds(block, world.blocks)) {
            let mut contracts: HashMap<u32, Vec<Contract>> = HashMap::new();
            let facts = facts::of_block(db, block, world.as_of).await?;
            for (kind, facts) in facts.believed()? {
                for fact in facts {
                    let Some(ordinal) = fact.ordinal else { continue };
                    match kind {
                        RecordKind::Accounts => {
                            let account: Account = decode(kind, fact.body)?;
                            let service = Service::of(&[], world.service_rules, until);
                            let past = Past { id: account.id.to_string(), name: account.name, service, used: None };
                            history.accounts.insert(ordinal, past);
                        }
                        RecordKind::Contracts => {
                            let contract: Contract = decode(kind, fact.body)?;
                            contracts.entry(ordinal).or_default().extend(contract.known_on(world.as_of.day, &world.zone));
                        }
                        _ => {}
                    }
                }
            }
            for (ordinal, contracts) in contracts {
                first = first.into_iter().chain(contracts.iter().map(|contract| contract.starts_on)).min();
                let long = |contract: &&Contract| {
                    contract.ends_on.is_some_and(|end| Kind::of(Some(f64::from(end - contract.starts_on))) == Kind::Renewal)
                };
                history.term_ends.extend(contracts.iter().filter(long).filter_map(|contract| contract.ends_on));
                if let Some(past) = history.accounts.get_mut(&ordinal) {
                    past.service = Service::of(&contracts, world.service_rules, until);
                }
            }
            if let (Some(_), Some(from)) = (world.silent_days, first_use) {
                history.read_use(db, world, block, from).await?;
            }
        }
        history.first = first.unwrap_or(until).min(until);
        Ok(history)
    }

    /// The days with any use, where use shows that an account lives.
    async fn read_use(&mut self, db: &Db, world: &World, block: i64, from: Day) -> Result<()> {
        let mut used: Vec<UsedDays> = vec![UsedDays::new(from, self.until); BLOCK];
        for metric in world.metrics.iter().filter(|metric| metric.declared.polarity != Polarity::Bad) {
            let note = |day, place: usize, value| {
                if value > 0.0 {
                    used[place].take(day);
                }
            };
            usage::each_value(db, block, metric.id, (from, self.until - 1), world.as_of, note).await?;
        }
        for (&ordinal, past) in self.accounts.iter_mut().filter(|(ordinal, _)| directory::block_of(**ordinal) == block) {
            past.used = used.get(directory::place_of(ordinal)).cloned();
        }
        Ok(())
    }

    /// Numbers accounts by the order of their ids from now on, here and in snapshots, and sorts these by morning and account:
    /// the order in which accounts came into the store changes nothing then, not even the last digit.
    pub fn number_by_id(&mut self, snapshots: &mut [Snapshot]) {
        let mut old: Vec<(u32, Past)> = self.accounts.drain().collect();
        old.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        let numbers: HashMap<u32, u32> = old.iter().map(|(ordinal, _)| *ordinal).zip(0..).collect();
        self.accounts = old.into_iter().map(|(ordinal, past)| (numbers[&ordinal], past)).collect();
        for snapshot in snapshots.iter_mut() {
            // Whoever has a score is among the accounts.
            snapshot.look.account = numbers.get(&snapshot.look.account).copied().unwrap_or(u32::MAX);
        }
        snapshots.sort_unstable_by_key(|one| (one.on(), one.look.account));
    }

    /// Forgets all but every how manieth account.
    pub fn keep_every(&mut self, every: u32) {
        self.accounts.retain(|ordinal, _| ordinal.is_multiple_of(every));
        self.accounts.shrink_to_fit();
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether use shows that accounts live.
    pub fn by_use(&self) -> bool {
        self.accounts.values().any(|past| past.used.is_some())
    }

    /// The days on which terms end that were written into contracts, rising.
    pub fn term_ends(&self) -> &BTreeSet<Day> {
        &self.term_ends
    }

    /// Whether the term that was in force was renewed at its end.
    pub fn renewal(&self, snapshot: &Snapshot) -> Label {
        match (self.accounts.get(&snapshot.look.account), snapshot.end()) {
            (Some(past), Some(end)) => past.service.not_renewed(snapshot.on(), end),
            _ => Label::Open,
        }
    }

    /// Whether the customer left, or fell silent, within so many days.
    pub fn leaving(&self, snapshot: &Snapshot, days: i32) -> Label {
        let Some(past) = self.accounts.get(&snapshot.look.account) else { return Label::Open };
        match &past.used {
            Some(used) => used.silent_within(snapshot.on(), days),
            None => past.service.left_within(snapshot.on(), days),
        }
    }

    /// The day on which the customer of that morning was gone, where it is. A term that ends in a decision ends with it.
    pub fn gone(&self, snapshot: &Snapshot) -> Option<Day> {
        let past = self.accounts.get(&snapshot.look.account)?;
        match (&past.used, snapshot.look.kind) {
            (Some(used), _) => used.gone(self.silent_days),
            (None, Kind::Leaving) => past.service.gone(snapshot.on()),
            (None, Kind::Renewal) => {
                let left = matches!(self.renewal(snapshot), Label::Closed { left: true, .. });
                past.service.gone(snapshot.on()).filter(|_| left)
            }
        }
    }

    /// How many accounts have ever left, silence left aside.
    pub fn left(&self) -> usize {
        self.accounts.values().filter(|past| past.service.ever_left()).count()
    }

    /// The numbers of accounts by their ids.
    pub fn numbers(&self) -> HashMap<&str, u32> {
        self.accounts.iter().map(|(&number, past)| (past.id.as_str(), number)).collect()
    }

    /// Id and name of an account.
    pub fn name(&self, account: u32) -> (&str, &str) {
        self.accounts.get(&account).map_or(("", ""), |past| (past.id.as_str(), past.name.as_str()))
    }
}
