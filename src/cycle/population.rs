//! All customers of one morning, and their peers.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::Setup;
use super::assess::{self, Beside, Customer};
use super::world::World;
use crate::model::Day;
use crate::signals::adoption::among_peers;
use crate::signals::{PeerInput, Peers};
use crate::store::facts::AsOf;
use crate::store::scores::{self, GivenScore};
use crate::store::{Db, pulls};

/// Blocks read at the same time.
const AT_ONCE: usize = 2;

/// All customers of one morning.
#[derive(Debug)]
pub struct Population {
    /// What they have in common.
    pub world: Arc<World>,
    /// By block, in the order of their ordinals.
    pub blocks: Vec<Block>,
    /// How many accounts in use there are, where they are too few to be compared with each other.
    pub too_few: Option<usize>,
    /// The morning of what was said before this one.
    pub before: Option<Day>,
    /// Hash of the configuration that said it, where a cycle did.
    pub config_before: Option<String>,
}

/// What was said before a morning.
#[derive(Debug)]
pub enum Before<'a> {
    /// By the last cycle before it, as the store keeps it.
    Kept,
    /// By the morning before it in a replay: its day, and its scores by block.
    Replayed(Option<(Day, &'a BTreeMap<i64, Vec<GivenScore>>)>),
}

/// Which blocks of accounts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All of them.
    All,
    /// At most so many, spread over all: accounts are numbered as they came, so that the eldest and the youngest are there.
    Some(i64),
    /// This one.
    One(i64),
}

impl Chosen {
    /// Whether a block is among them.
    pub fn holds(self, block: i64, blocks: i64) -> bool {
        match self {
            Chosen::Some(most) if most < blocks => block * most / blocks != (block + 1) * most / blocks,
            Chosen::One(one) => block == one,
            Chosen::All | Chosen::Some(_) => true,
        }
    }
}

/// What the customers of a morning are compared by: it takes all of them to make it, and then any few can be held against it.
#[derive(Debug)]
pub struct Standard {
    peers: Peers,
    groups: Groups,
}

/// The numbers of groups of peers, by product and age.
type Groups = BTreeMap<(Option<Arc<str>>, u8), u32>;

impl Standard {
    /// That of a morning.
    pub async fn of(db: &Db, setup: &Arc<Setup>, as_of: AsOf) -> Result<Standard> {
        let mut all = Population::read(db, setup, as_of, Before::Kept, Chosen::All, 1).await?;
        Ok(all.standard())
    }
}

/// The customers of one block.
#[derive(Debug, Default)]
pub struct Block {
    /// Its number.
    pub number: i64,
    /// In the order of their ordinals.
    pub customers: Vec<Customer>,
    /// Who is no customer on this morning.
    pub beside: Beside,
    /// Customers that the others are compared with, and of whom nothing else is asked.
    others: Vec<Other>,
    /// What the cycle before said, by place.
    pub before: Vec<GivenScore>,
}

/// What is kept of a customer for the sake of its peers.
#[derive(Debug)]
struct Other {
    product: Option<Arc<str>>,
    age_class: u8,
    peer: PeerInput,
}

impl Block {
    /// What all of its customers are compared by.
    fn peers(&self) -> impl Iterator<Item = &PeerInput> {
        self.customers.iter().map(|one| &one.peer).chain(self.others.iter().map(|one| &one.peer))
    }

    /// What the cycle before said of the account at a place.
    pub fn before(&self, place: u16) -> Option<&GivenScore> {
        self.before.binary_search_by_key(&place, |given| given.place).ok().map(|at| &self.before[at])
    }
}

impl Population {
    /// Reads all customers as of a morning; `through_pull`: what later pulls brought is not heeded.
    pub async fn load(db: &Db, setup: &Arc<Setup>, as_of: AsOf) -> Result<Population> {
        Population::after(db, setup, as_of, Before::Kept, Chosen::All, 1).await
    }

    /// The same of some blocks, after what was said before. Of every how manieth account: peers are all of them.
    pub async fn after(
        db: &Db,
        setup: &Arc<Setup>,
        as_of: AsOf,
        before: Before<'_>,
        chosen: Chosen,
        every: u32,
    ) -> Result<Population> {
        let mut population = Population::read(db, setup, as_of, before, chosen, every).await?;
        let standard = population.standard();
        population.hold_against(&standard);
        Ok(population)
    }

    /// One block alone, held against what all customers of the morning are compared by.
    pub async fn of_block(db: &Db, setup: &Arc<Setup>, as_of: AsOf, block: i64, standard: &Standard) -> Result<Population> {
        let mut population = Population::read(db, setup, as_of, Before::Kept, Chosen::One(block), 1).await?;
        for customer in population.blocks.iter_mut().flat_map(|block| &mut block.customers) {
            let group = standard.groups.get(&(customer.product.clone(), customer.age_class));
            // Whoever is in no group is compared with all.
            customer.peer.group = group.copied().unwrap_or(u32::MAX);
        }
        population.hold_against(standard);
        Ok(population)
    }

    /// Reads customers that are not compared yet.
    async fn read(
        db: &Db,
        setup: &Arc<Setup>,
        as_of: AsOf,
        before: Before<'_>,
        chosen: Chosen,
        every: u32,
    ) -> Result<Population> {
        let (kept, said, mut replayed) = match before {
            Before::Kept => {
                let cycle = scores::last_cycle(db, Some(as_of.day)).await?;
                let day = cycle.as_ref().map(|cycle| cycle.as_of);
                (cycle, day, BTreeMap::new())
            }
            Before::Replayed(said) => (None, said.map(|(day, _)| day), said.map(|(_, given)| given.clone()).unwrap_or_default()),
        };
        let world = Arc::new(World::load(db, setup, as_of, said.is_none()).await?);
        let mut blocks: BTreeMap<i64, Block> = BTreeMap::new();
        let mut running = JoinSet::new();
        for number in (0..world.blocks).filter(|&number| chosen.holds(number, world.blocks)) {
            if running.len() == AT_ONCE
                && let Some(done) = running.join_next().await
            {
                let block: Block = done.context("reading accounts")??;
                blocks.insert(block.number, block);
            }
            let (db, setup, world) = (db.clone(), Arc::clone(setup), Arc::clone(&world));
            let kept = kept.as_ref().map(|cycle| cycle.as_of);
            let replayed = replayed.remove(&number).unwrap_or_default();
            running.spawn(async move {
                let before = match kept {
                    Some(day) => scores::of_block(&db, day, number).await?,
                    None => replayed,
                };
                let attained = before.iter().filter_map(|given| Some((given.place, given.attained_on?))).collect();
                let (mut customers, beside) = assess::block(&db, &setup, &world, number, &attained).await?;
                let others = customers.extract_if(.., |one| !one.ordinal.is_multiple_of(every));
                let others = others.map(|one| Other { product: one.product, age_class: one.age_class, peer: one.peer }).collect();
                customers.shrink_to_fit();
                anyhow::Ok(Block { number, customers, beside, others, before })
            });
        }
        while let Some(done) = running.join_next().await {
            let block = done.context("reading accounts")??;
            blocks.insert(block.number, block);
        }
        let blocks = blocks.into_values().collect();
        Ok(Population { world, blocks, too_few: None, before: said, config_before: kept.map(|cycle| cycle.config_hash) })
    }

    /// What its customers are compared by.
    fn standard(&mut self) -> Standard {
        let groups = group(&mut self.blocks);
        Standard { peers: Peers::new(self.blocks.iter().flat_map(Block::peers)), groups }
    }

    /// Compares its customers.
    fn hold_against(&mut self, standard: &Standard) {
        let part = self.blocks.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        std::thread::scope(|scope| {
            for blocks in self.blocks.chunks_mut(part) {
                scope.spawn(|| {
                    for customer in blocks.iter_mut().flat_map(|block| &mut block.customers) {
                        let place = standard.peers.place(&customer.peer);
                        among_peers(&mut customer.signals, &customer.peer, &place);
                    }
                });
            }
        });
        self.too_few = standard.peers.too_few();
    }

    /// Reads all customers as of a morning, with all that has been pulled.
    pub async fn now(db: &Db, setup: &Arc<Setup>, day: Day) -> Result<Population> {
        let through_pull = pulls::last_id(db).await?;
        Population::load(db, setup, AsOf { day, through_pull }).await
    }

    /// From here on it is the turn of every account, as at first sight; what was said before stands.
    pub fn every_turn_has_come(&mut self) {
        self.blocks.iter_mut().flat_map(|block| &mut block.before).for_each(|given| given.turn_on = None);
    }

    /// The customer with this id.
    pub fn find(&self, id: &str) -> Option<(&Block, &Customer)> {
        self.blocks.iter().find_map(|block| Some((block, block.customers.iter().find(|customer| customer.id.as_str() == id)?)))
    }
}

/// Peers have the same product and a like age. Groups are numbered in the order of their names, so that nothing hangs on
/// the order of the accounts.
fn group(blocks: &mut [Block]) -> Groups {
    let names = || {
        blocks.iter().flat_map(|block| {
            let customers = block.customers.iter().map(|one| (one.product.as_deref(), one.age_class));
            customers.chain(block.others.iter().map(|one| (one.product.as_deref(), one.age_class)))
        })
    };
    let mut groups: BTreeMap<(Option<&str>, u8), u32> = BTreeMap::new();
    for name in names() {
        groups.insert(name, 0);
    }
    for (number, group) in (0..).zip(groups.values_mut()) {
        *group = number;
    }
    let numbers: Vec<u32> = names().map(|name| groups[&name]).collect();
    let groups = groups.into_iter().map(|((product, age), number)| ((product.map(Arc::from), age), number)).collect();
    let peers = blocks.iter_mut().flat_map(|block| {
        let others = block.others.iter_mut().map(|one| &mut one.peer);
        block.customers.iter_mut().map(|one| &mut one.peer).chain(others)
    });
    for (peer, number) in peers.zip(numbers) {
        peer.group = number;
    }
    groups
}
