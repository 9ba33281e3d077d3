//! Tasks to tell customers what became of what they asked for. The requests of tonight are held against those of the last cycle;
//! asks are read only where one of them changed.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::load::{Moment, load, wanted};
use crate::cycle::Setup;
use crate::cycle::world::World;
use crate::model::Id;
use crate::playbook::{Client, Opened, Staff};
use crate::requests::{status_changes, telling};
use crate::store::facts::AsOf;
use crate::store::{Db, scores};

/// What is to be told tonight, by account. Once for each request, status and account, however often the morning is lived: the
/// ids say so.
pub async fn tellings(db: &Db, setup: &Setup, world: &World) -> Result<HashMap<Id, Vec<Opened>>> {
    let mut by_account: HashMap<Id, Vec<Opened>> = HashMap::new();
    let on = world.as_of.day;
    let Some(last) = scores::last_cycle(db, Some(on)).await? else { return Ok(by_account) };
    let then = AsOf { day: last.as_of, through_pull: last.through_pull };
    let (before, now) = (wanted(db, then, &world.zone).await?, wanted(db, world.as_of, &world.zone).await?);
    let changes = status_changes(&before, &now, last.as_of, on);
    if changes.is_empty() {
        return Ok(by_account);
    }
    let loaded = load(db, &setup.config, Moment { on, known: world.as_of }).await?;
    let staff = Staff::new(world.users.clone(), BTreeMap::new(), setup.config.company.calendar.clone(), world.zone.clone());
    // By CSM: whom the leader's part falls to.
    let mut people: BTreeMap<Option<&Id>, Option<&Id>> = BTreeMap::new();
    for asker in &loaded.board.askers {
        let csm = asker.csm.as_ref();
        let leader = world.leader_of(csm.map(Id::as_str)).map(|leader| &leader.id);
        people.insert(csm, leader);
    }
    for change in &changes {
        for opened in telling(&loaded.board, change, &staff, &|asker| {
            let leader = people.get(&asker.csm.as_ref()).copied().flatten();
            Client { account: &asker.id, csm: asker.csm.as_ref(), leader, language: None, region: None, seller: None }
        }) {
            by_account.entry(opened.prescription.account_id.clone()).or_default().push(opened);
        }
    }
    Ok(by_account)
}
