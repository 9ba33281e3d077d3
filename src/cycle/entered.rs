//! Records of accounts that entered a stage of late, for plays that wait for one.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::Setup;
use super::assess::Customer;
use super::staged::{At, Board};
use crate::model::Day;
use crate::playbook::Happening;
use crate::store::Db;

/// By account. Empty where no play asks.
#[derive(Debug, Default)]
pub struct Entered(HashMap<String, Vec<Happening>>);

impl Entered {
    /// Reads the pipelines that plays ask for, as of a morning. `before`: the morning of the cycle before it.
    pub async fn load(db: &Db, setup: &Setup, on: Day, before: Option<Day>) -> Result<Entered> {
        let (stages, within) = setup.library.watched_stages();
        let mut entered = Entered::default();
        if stages.is_empty() {
            return Ok(entered);
        }
        let since = before.unwrap_or(on).min(on - within);
        let at = At { on, before: setup.config.company.zone().start_of(on), with_today: false };
        let board = Board::load(db, setup, at).await?;
        for pipeline in &setup.pipelines {
            let names = pipeline.stages.iter().map(|stage| format!("{}/{}", pipeline.name, stage.name));
            let watched: Vec<Option<String>> =
                names.map(|name| Some(name).filter(|name| stages.contains(name.as_str()))).collect();
            if watched.iter().all(Option::is_none) {
                continue;
            }
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
            board.each(pipeline, &mut visit).await?;
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
