//! Records of accounts that entered a stage of late, for plays that wait for one.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::population::Population;
use super::staged::{At, Board, Seen};
use crate::pipeline::{Kind, Pipeline, Stage};
use crate::playbook::Happening;
use crate::store::Db;

/// By account. Empty where no play asks.
#[derive(Debug, Default)]
pub struct Entered(HashMap<String, Vec<Happening>>);

impl Entered {
    /// Reads the pipelines that plays ask for, as of a morning. Of accounts, only those are looked at whose stage may have changed
    /// of late.
    pub async fn load(db: &Db, setup: &Setup, population: &Population) -> Result<Entered> {
        let (stages, within) = setup.library.watched_stages();
        let (on, before, zone) = (population.world.as_of.day, population.before, setup.config.company.zone());
        let since = before.unwrap_or(on).min(on - within);
        let mut entered = Entered::default();
        let asked = |kinds: &[Kind]| -> Vec<&Pipeline> {
            let is_asked = |one: &Pipeline| one.stages.iter().any(|stage| stages.contains(called(one, stage).as_str()));
            let pipelines = setup.pipelines.iter().map(AsRef::as_ref);
            pipelines.filter(|one: &&Pipeline| kinds.contains(&one.kind) && is_asked(one)).collect()
        };
        let (accounts, others) = (asked(&[Kind::Accounts]), asked(&[Kind::Leads, Kind::Contracts]));
        if accounts.is_empty() && others.is_empty() {
            return Ok(entered);
        }
        let mut visit = |seen: &Seen<'_>| {
            let (Some(account), Ok(state)) = (seen.account, seen.stands) else { return };
            let mut times: BTreeMap<usize, u32> = BTreeMap::new();
            for visit in &state.visits {
                let time = times.entry(visit.stage).or_default();
                *time += 1;
                let stage = &seen.pipeline.stages[visit.stage];
                let kind = called(seen.pipeline, stage);
                if visit.from < since || !stages.contains(kind.as_str()) {
                    continue;
                }
                let title = &stage.title;
                let note = if seen.id == account { title.clone() } else { format!("{title} ({})", seen.id) };
                // Not by the day, which may still change: facts are told late.
                let key = format!("{} {time}", seen.id);
                entered.0.entry(account.to_owned()).or_default().push(Happening { kind, key, on: visit.from, note });
            }
        };
        let board = Board::load(db, setup, At { on, before: zone.start_of(on), with_today: false }).await?;
        for pipeline in others {
            board.each(pipeline, &mut visit).await?;
        }
        let lately = board.lately(&accounts, population, Some(on - since)).await?;
        board.some(&lately, &mut visit).await?;
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

/// What plays call a stage.
fn called(pipeline: &Pipeline, stage: &Stage) -> String {
    format!("{}/{}", pipeline.name, stage.name)
}
