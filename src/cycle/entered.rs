//! Records of accounts that entered a stage of late, for plays that wait for one.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::population::Population;
use super::staged::{At, Board};
use crate::model::Id;
use crate::model::record::{Account, Record};
use crate::pipeline::{Kind, Pipeline};
use crate::playbook::Happening;
use crate::signals::Signal;
use crate::store::{Db, staged};

/// So long after its beginning an account that is not live is looked at as one that is being brought on. Days.
pub const YOUNG_DAYS: f64 = 365.0;

/// By account. Empty where no play asks.
#[derive(Debug, Default)]
pub struct Entered(HashMap<String, Vec<Happening>>);

impl Entered {
    /// Reads the pipelines that plays ask for, as of a morning. Of accounts, only those are looked at that are being brought on
    /// or were of late: of all others their stage has been the same for long, and reading a million costs.
    pub async fn load(db: &Db, setup: &Setup, population: &Population) -> Result<Entered> {
        let (stages, within) = setup.library.watched_stages();
        let (on, before, zone) = (population.world.as_of.day, population.before, setup.config.company.zone());
        let since = before.unwrap_or(on).min(on - within);
        let mut entered = Entered::default();
        let young = young(population, on - since);
        let watches = |pipeline: &Pipeline| -> Vec<Option<String>> {
            let names = pipeline.stages.iter().map(|stage| format!("{}/{}", pipeline.name, stage.name));
            names.map(|name| Some(name).filter(|name| stages.contains(name.as_str()))).collect()
        };
        let is_asked = |(pipeline, watched): &(&Arc<Pipeline>, Vec<Option<String>>)| {
            watched.iter().any(Option::is_some) && !(pipeline.kind == Kind::Accounts && young.is_empty())
        };
        let asked: Vec<_> = setup.pipelines.iter().map(|pipeline| (pipeline, watches(pipeline))).filter(is_asked).collect();
        if asked.is_empty() {
            return Ok(entered);
        }
        let board = Board::load(db, setup, At { on, before: zone.start_of(on), with_today: false }).await?;
        for (pipeline, watched) in asked {
            let mut visit = |seen: &super::staged::Seen<'_>| {
                let (Some(account), Ok(state)) = (seen.account, seen.stands) else { return };
                let mut times: BTreeMap<usize, u32> = BTreeMap::new();
                for visit in &state.visits {
                    let time = times.entry(visit.stage).or_default();
                    *time += 1;
                    let Some(kind) = watched[visit.stage].clone().filter(|_| visit.from >= since) else { continue };
                    let title = &pipeline.stages[visit.stage].title;
                    let note = if seen.id == account { title.clone() } else { format!("{title} ({})", seen.id) };
                    // Not by the day, which may still change: facts are told late.
                    let key = format!("{} {time}", seen.id);
                    entered.0.entry(account.to_owned()).or_default().push(Happening { kind, key, on: visit.from, note });
                }
            };
            if pipeline.kind == Kind::Accounts {
                // A few hundred at a time, so that memory stays flat.
                for young in young.chunks(500) {
                    let accounts = staged::accounts(db, young, board.as_of()).await?;
                    let accounts: Vec<Account> = accounts.into_iter().filter_map(|account| account.known_on(on, zone)).collect();
                    board.of_users(pipeline.kind, &[pipeline], &accounts, &|_| true, &mut visit).await?;
                }
            } else {
                board.each(pipeline, &mut visit).await?;
            }
        }
        Ok(entered)
    }

    /// All that happened at a customer of late.
    pub fn happened<'a>(&self, customer: &'a Customer) -> Cow<'a, [Happening]> {
        let events = customer.extra.as_ref().map_or(&[][..], |extra| &extra.happened);
        match self.0.get(customer.id.as_str()) {
            Some(stages) => Cow::Owned([events, stages].concat()),
            None => Cow::Borrowed(events),
        }
    }
}

/// Customers of at most a year that are not live yet, and those that went live in the last `days`.
fn young(population: &Population, days: i32) -> Vec<Id> {
    let customers = population.blocks.iter().flat_map(|block| &block.customers);
    let is_young = |customer: &&Customer| match customer.signals.value(Signal::DaysSinceLive) {
        Some(live) => live <= f64::from(days),
        None => customer.signals.value(Signal::AgeDays).is_some_and(|age| age <= YOUNG_DAYS),
    };
    customers.filter(is_young).map(|customer| customer.id.clone()).collect()
}
