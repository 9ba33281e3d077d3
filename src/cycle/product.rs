//! What the product managers' digests are made of: the report of all requests, with the names and bands of this morning.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;

use super::book;
use super::evaluate::Evaluated;
use super::periodic::Gathering;
use super::requests::{Filter, Looker, Moment, RenewalRow, RequestRow, RequestsReport, ShippedRow, TellRow, requests};
use super::world::World;
use crate::digest::product::{
    MoverItem, NewItem, ProductDigest, ProductInputs, ProductItem, RenewalItem, RequestItem, ShippedItem, TellItem, WaitingItem,
};
use crate::digest::{Links, Reader};
use crate::model::record::RequestStatus;
use crate::model::{Day, Id};
use crate::playbook::TaskStatus;
use crate::requests::said_of;
use crate::signals::Band;

/// What all product managers have in common.
#[derive(Debug)]
pub struct Gathered(ProductInputs);

/// Names and bands of accounts by id.
type Accounts<'a> = HashMap<&'a str, (&'a str, Band)>;

/// Gathers it; `None` where there is nothing to tell.
pub async fn gather(gathering: &Gathering<'_>) -> Result<Option<Gathered>> {
    let (setup, population) = (gathering.setup, gathering.population);
    let world = Arc::clone(&population.world);
    let sight = setup.config.requests.product_sees_arr;
    let moment = Moment { on: world.as_of.day, known: world.as_of };
    let report = requests(gathering.db, &setup.config, moment, &Filter::default(), Looker { sight, own: None }).await?;
    let mut accounts = Accounts::new();
    for block in &population.blocks {
        for customer in &block.customers {
            let band = Evaluated::seen(setup, population, block, customer).map_or(Band::Unknown, |one| one.band);
            accounts.insert(customer.id.as_str(), (&customer.name, band));
        }
    }
    let rows: HashMap<&str, &RequestRow> = report.requests.iter().map(|row| (row.id.as_str(), row)).collect();
    let of = |ids: &[String]| ids.iter().filter_map(|id| rows.get(id.as_str()).copied()).collect::<Vec<_>>();
    let waiting = |row: &RequestRow| WaitingItem { request: named(row), accounts: row.accounts, arr: row.arr.clone() };
    let new = |row: &RequestRow| NewItem { request: named(row), rank: row.rank, accounts: row.accounts, arr: row.arr.clone() };
    let still = |row: &&TellRow| matches!(row.task_status, TaskStatus::Open | TaskStatus::Snoozed);
    let inputs = ProductInputs {
        company: setup.config.company.name.clone(),
        as_of: report.as_of,
        compared_with: report.compared_with,
        currency: report.currency,
        sight,
        products: products(&report),
        movers: of(&report.movers).into_iter().filter_map(mover).collect(),
        new: of(&report.new).into_iter().map(new).collect(),
        renewals: report.renewals.iter().filter_map(|row| renewal(row, &accounts, &of(&row.requests))).collect(),
        shipped: report.shipped.iter().filter_map(|row| Some(shipped(row, rows.get(row.id.as_str())?, &accounts))).collect(),
        waiting: of(&report.waiting_for_estimate).into_iter().map(waiting).collect(),
        to_tell: report
            .to_tell
            .iter()
            .filter(still)
            .filter_map(|row| Some(to_tell(row, rows.get(row.request_id.as_str())?, &accounts, &world)))
            .collect(),
        stale: book::stale(&world, gathering.refused),
        approximated: world.approximated,
    };
    Ok((!inputs.is_empty()).then_some(Gathered(inputs)))
}

impl Gathered {
    /// One product manager's digest.
    pub fn digest(&self, reader: &Reader, on: Day, links: &Links) -> ProductDigest {
        ProductDigest::build(&self.0, reader, on, links)
    }
}

fn named(row: &RequestRow) -> RequestItem {
    RequestItem { id: row.id.clone(), title: row.title.clone(), product: row.product.clone() }
}

/// An account's name; its id where it is no customer this morning.
fn name(accounts: &Accounts<'_>, id: &str) -> String {
    accounts.get(id).map_or(id, |(name, _)| name).to_owned()
}

fn products(report: &RequestsReport) -> Vec<ProductItem> {
    let mut pending: BTreeMap<Option<&String>, usize> = BTreeMap::new();
    for row in report.requests.iter().filter(|row| row.place != "settled") {
        *pending.entry(row.product.as_ref()).or_default() += 1;
    }
    pending.into_iter().map(|(product, pending)| ProductItem { product: product.cloned(), pending }).collect()
}

fn mover(row: &RequestRow) -> Option<MoverItem> {
    let moved = row.moved.as_ref()?;
    Some(MoverItem { request: named(row), from: moved.rank?, to: row.rank?, why: moved.why.clone() })
}

fn renewal(row: &RenewalRow, accounts: &Accounts<'_>, requests: &[&RequestRow]) -> Option<RenewalItem> {
    Some(RenewalItem {
        account_id: Id::parse(&row.account_id).ok()?,
        account: row.name.clone(),
        renews_on: row.renews_on,
        act_by: row.act_by,
        arr: row.arr.clone(),
        band: accounts.get(row.account_id.as_str()).map_or(row.band, |(_, band)| *band),
        requests: requests.iter().map(|row| named(row)).collect(),
    })
}

fn shipped(row: &ShippedRow, request: &RequestRow, accounts: &Accounts<'_>) -> ShippedItem {
    let names = |ids: &[String]| ids.iter().map(|id| name(accounts, id)).collect();
    ShippedItem {
        request: named(request),
        measured: row.metric.is_some(),
        from: row.from,
        to: row.to,
        used: row.used.iter().map(|(id, _)| name(accounts, id)).collect(),
        not_used: names(&row.not_used),
        unknown: names(&row.unknown),
    }
}

fn to_tell(row: &TellRow, request: &RequestRow, accounts: &Accounts<'_>, world: &World) -> TellItem {
    let person = row.csm.as_ref().map(|id| world.users.get(id).map_or_else(|| id.clone(), |user| user.name.clone()));
    TellItem {
        account: name(accounts, &row.account_id),
        request: named(request),
        said: RequestStatus::ALL.iter().copied().find(|status| status.word() == row.status).map_or("", said_of),
        person: person.unwrap_or_default(),
        due_on: row.due_on,
    }
}
