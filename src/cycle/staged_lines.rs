//! What of staged work a reader's mail tells: records that came to them of late, and those whose stay ends soon or has ended.
//!
//! A record is told every morning of its first week in the stage, so that a mail that is lost loses nothing. Renewals are told by
//! the plays on the renewal clock, and in the renewal book.

use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::book::Books;
use super::staged::{At, Board};
use crate::digest::csm::StagedItem;
use crate::model::record::{Account, Record};
use crate::model::{Day, Id};
use crate::pipeline::{Kind, Owner, Pipeline, Role};
use crate::store::{Db, staged};

/// A record is new to its owner for so many days.
const NEW_DAYS: i32 = 7;
/// So many days before its end a stay is told.
const SOON_DAYS: i32 = 2;

/// Adds to the books what waits in pipelines on a morning. `young`: the accounts that are being brought on.
pub async fn gather(db: &Db, setup: &Setup, on: Day, young: &[Id], books: &mut Books) -> Result<()> {
    let zone = setup.config.company.zone();
    let has_leads = staged::has_leads(db).await?;
    if !has_leads && young.is_empty() {
        return Ok(());
    }
    let board = Board::load(db, setup, At { on, before: zone.start_of(on), with_today: false }).await?;
    if has_leads {
        add(&board, setup, on, Kind::Leads, &[], books).await?;
    }
    // A few hundred at a time, so that memory stays flat.
    for young in young.chunks(500) {
        let accounts = staged::accounts(db, young, board.as_of()).await?;
        let accounts: Vec<Account> = accounts.into_iter().filter_map(|account| account.known_on(on, zone)).collect();
        add(&board, setup, on, Kind::Accounts, &accounts, books).await?;
    }
    Ok(())
}

async fn add(board: &Board<'_>, setup: &Setup, on: Day, kind: Kind, accounts: &[Account], books: &mut Books) -> Result<()> {
    let by_people = |owner: Owner| !matches!(owner, Owner::Nobody | Owner::Department(_));
    let works = |pipeline: &&Arc<Pipeline>| pipeline.kind == kind && pipeline.stages.iter().any(|stage| by_people(stage.owner));
    let pipelines: Vec<&Pipeline> = setup.pipelines.iter().filter(works).map(AsRef::as_ref).collect();
    let mut found = Vec::new();
    let reads = |user: &str| books.has(user);
    let mut visit = |seen: &super::staged::Seen<'_>| {
        let Some((state, owner)) = seen.stands.ok().zip(seen.owner) else { return };
        let stage = &seen.pipeline.stages[state.stage];
        let soon = state.ends_on.is_some_and(|end| end - on <= SOON_DAYS);
        // What goes on in another pipeline is told there.
        if stage.role != Role::Open || stage.goes_on.is_some() || !(soon || on - state.since <= NEW_DAYS) {
            return;
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
        found.push((owner.to_owned(), item));
    };
    board.of_users(kind, &pipelines, accounts, &reads, &mut visit).await?;
    for (owner, item) in found {
        books.staged(&owner, item);
    }
    Ok(())
}
