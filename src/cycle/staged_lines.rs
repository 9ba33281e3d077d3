//! What of staged work a reader's mail tells: records that came to them of late, and those whose stay ends soon or has ended.
//!
//! A record is told every morning of its first week in the stage, so that a mail that is lost loses nothing. Renewals are told by
//! the plays on the renewal clock, and in the renewal book.

use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::book::Books;
use super::look::Look;
use super::population::Population;
use super::staged::{At, Board, Seen};
use crate::clock::Clock;
use crate::digest::csm::StagedItem;
use crate::model::Day;
use crate::pipeline::{Kind, Owner, Pipeline, Role};
use crate::signals::Signal;
use crate::store::{Db, staged};

/// A record is new to its owner for so many days.
const NEW_DAYS: i32 = 7;
/// So many days before its end a stay is told.
const SOON_DAYS: i32 = 2;

/// A record that waits, whose it is, and the name of its pipeline.
#[derive(Clone, Debug)]
pub struct Waits {
    /// A user's id.
    pub owner: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// What is told of it.
    pub item: StagedItem,
}

/// Adds to the books what waits in pipelines on a morning.
pub async fn gather(db: &Db, setup: &Setup, population: &Population, books: &mut Books) -> Result<()> {
    let (on, zone) = (population.world.as_of.day, setup.config.company.zone());
    let at = At { on, before: zone.start_of(on), with_today: false };
    for waits in waiting(db, setup, population, at, &|user| books.has(user)).await? {
        books.staged(&waits.owner, waits.item);
    }
    Ok(())
}

/// What waits in pipelines now, for anybody: what people did today counts.
pub async fn waiting_now(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock) -> Result<Vec<Waits>> {
    let look = Look::at(db, setup, clock, None).await?;
    waiting(db, setup, &look.population, At::of(setup, clock, None)?, &|_| true).await
}

/// What waits for those who `reads` names.
async fn waiting(
    db: &Db,
    setup: &Setup,
    population: &Population,
    at: At,
    reads: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Vec<Waits>> {
    let on = at.on;
    let by_people = |owner: Owner| !matches!(owner, Owner::Nobody | Owner::Department(_));
    let of = |kind: Kind| -> Vec<&Pipeline> {
        let works = |one: &&Arc<Pipeline>| one.kind == kind && one.stages.iter().any(|stage| by_people(stage.owner));
        setup.pipelines.iter().filter(works).map(AsRef::as_ref).collect()
    };
    let board = Board::load(db, setup, at).await?;
    let mut found = Vec::new();
    if staged::has_leads(db).await? {
        let mut leads = Vec::new();
        let mut visit = |seen: &Seen<'_>| leads.extend(waits(seen, on));
        let aside = board.leads_of(&of(Kind::Leads), reads, &mut visit).await?;
        let stays = |one: &Waits| !aside.get(&one.pipeline).is_some_and(|aside| aside.contains_key(one.item.record.as_str()));
        found.extend(leads.into_iter().filter(stays));
    }
    let mut customers = population.blocks.iter().flat_map(|block| &block.customers);
    // Where no source says who is live, everybody would be told of as being brought on.
    let some_live = customers.any(|customer| customer.signals.value(Signal::DaysSinceLive).is_some());
    let accounts = board.lately(&of(Kind::Accounts), population, some_live.then_some(0)).await?;
    board.some(&accounts, &mut |seen| found.extend(waits(seen, on))).await?;
    Ok(found)
}

/// What is told of a record, and whom, if anything is.
fn waits(seen: &Seen<'_>, on: Day) -> Option<Waits> {
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
    Some(Waits { owner: owner.to_owned(), pipeline: seen.pipeline.name.clone(), item })
}
