//! What of staged work a reader's mail tells: records that came to them of late, and those whose stay ends soon or has ended.
//!
//! A record is told every morning of its first week in the stage, so that a mail that is lost loses nothing. Renewals are told by
//! the plays on the renewal clock, and in the renewal book.

use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::book::Books;
use super::population::Population;
use super::staged::{At, Board, Seen};
use crate::digest::csm::StagedItem;
use crate::model::Day;
use crate::pipeline::{Kind, Owner, Pipeline, Role};
use crate::signals::Signal;
use crate::store::{Db, staged};

/// A record is new to its owner for so many days.
const NEW_DAYS: i32 = 7;
/// So many days before its end a stay is told.
const SOON_DAYS: i32 = 2;

/// Adds to the books what waits in pipelines on a morning.
pub async fn gather(db: &Db, setup: &Setup, population: &Population, books: &mut Books) -> Result<()> {
    let (on, zone) = (population.world.as_of.day, setup.config.company.zone());
    let by_people = |owner: Owner| !matches!(owner, Owner::Nobody | Owner::Department(_));
    let of = |kind: Kind| -> Vec<&Pipeline> {
        let works = |one: &&Arc<Pipeline>| one.kind == kind && one.stages.iter().any(|stage| by_people(stage.owner));
        setup.pipelines.iter().filter(works).map(AsRef::as_ref).collect()
    };
    let board = Board::load(db, setup, At { on, before: zone.start_of(on), with_today: false }).await?;
    let mut found = Vec::new();
    if staged::has_leads(db).await? {
        let mut leads = Vec::new();
        let mut visit = |seen: &Seen<'_>| leads.extend(item(seen, on).map(|item| (seen.pipeline.name.clone(), item)));
        let aside = board.leads_of(&of(Kind::Leads), &|user| books.has(user), &mut visit).await?;
        let stays = |pipeline: &str, record: &str| !aside.get(pipeline).is_some_and(|aside| aside.contains_key(record));
        found.extend(leads.into_iter().filter(|(name, (_, item))| stays(name, &item.record)).map(|(_, item)| item));
    }
    let mut customers = population.blocks.iter().flat_map(|block| &block.customers);
    // Where no source says who is live, everybody would be told of as being brought on.
    let some_live = customers.any(|customer| customer.signals.value(Signal::DaysSinceLive).is_some());
    let accounts = board.lately(&of(Kind::Accounts), population, some_live.then_some(0)).await?;
    board.some(&accounts, &mut |seen| found.extend(item(seen, on))).await?;
    for (owner, item) in found {
        books.staged(&owner, item);
    }
    Ok(())
}

/// What is told of a record, and whom, if anything is.
fn item(seen: &Seen<'_>, on: Day) -> Option<(String, StagedItem)> {
    let (state, owner) = seen.stands.ok().zip(seen.owner)?;
    let stage = &seen.pipeline.stages[state.stage];
    let soon = state.ends_on.is_some_and(|end| end - on <= SOON_DAYS);
    // What goes on in another pipeline is told there.
    if stage.role != Role::Open || stage.goes_on.is_some() || !(soon || on - state.since <= NEW_DAYS) {
        return None;
    }
    let item = StagedItem {
        record: seen.id.to_owned(),
        name: seen.name.to_owned(),
        pipeline: seen.pipeline.title.clone(),
        stage: stage.title.clone(),
        since: state.since,
        ends_on: state.ends_on,
        goes_back: stage.at_end.as_ref().is_some_and(|end| end.hands_back),
    };
    Some((owner.to_owned(), item))
}
