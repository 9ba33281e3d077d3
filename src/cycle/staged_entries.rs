//! Records that entered a stage on which a play acts: to the play that is a happening at the account, like an event.

use std::collections::HashMap;

use anyhow::Result;

use super::Setup;
use super::population::Block;
use super::staged::{At, Board};
use crate::model::Day;
use crate::pipeline::Kind;
use crate::playbook::Happening;
use crate::store::Db;

/// Adds what entered such stages to the customers. Nothing is read where no play asks.
pub async fn add(db: &Db, setup: &Setup, on: Day, blocks: &mut [Block]) -> Result<()> {
    let watched = setup.library.watched_stages();
    if watched.is_empty() {
        return Ok(());
    }
    let board = Board::load(db, setup, At { on, before: setup.config.company.zone().start_of(on), with_today: false }).await?;
    let mut entered: HashMap<String, Vec<Happening>> = HashMap::new();
    // A lead is nobody's account yet.
    for pipeline in setup.pipelines.iter().filter(|pipeline| pipeline.kind != Kind::Leads) {
        let kinds: Vec<String> = pipeline.stages.iter().map(|stage| format!("{}/{}", pipeline.name, stage.name)).collect();
        if !kinds.iter().any(|kind| watched.contains(&kind.as_str())) {
            continue;
        }
        board
            .each(pipeline, &mut |seen| {
                let (Some(account), Ok(state)) = (seen.account, seen.stands) else { return };
                for visit in state.visits.iter().filter(|visit| watched.contains(&kinds[visit.stage].as_str())) {
                    let kind = kinds[visit.stage].clone();
                    let key = format!("{kind} {} {}", seen.id, visit.from);
                    let happening = Happening { kind, key, on: visit.from, note: String::new() };
                    entered.entry(account.to_owned()).or_default().push(happening);
                }
            })
            .await?;
    }
    for customer in blocks.iter_mut().flat_map(|block| &mut block.customers) {
        if let Some(happened) = entered.remove(customer.id.as_str()) {
            customer.extra.get_or_insert_default().happened.extend(happened);
        }
    }
    Ok(())
}
