//! Value reports: what one customer is told, and whose report is due.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Serialize;

use super::look::Look;
use super::renewals::{Records, records};
use super::{Setup, mails};
use crate::clock::Clock;
use crate::delivery::{Draft, Rendered};
use crate::digest::{ValueReport, ValueReportInputs};
use crate::model::Day;
use crate::model::record::ContactRole;
use crate::revenue::renewal::due;
use crate::signals::Signal;
use crate::store::Db;
use crate::store::directory::block_of;
use crate::value::plan::{Plan, Stage};

/// A report is due for so many days after its point of the term.
const DUE_DAYS: i32 = 30;
/// Terms that end within so many days are looked at: five years.
const LONGEST_TERM_DAYS: i32 = 1830;

/// One customer's report.
#[derive(Debug)]
pub struct Written {
    /// What it says.
    pub report: ValueReport,
    /// Subject, text and page.
    pub rendered: Rendered,
    /// As a draft; `Err` says why there is none.
    pub draft: Result<Vec<u8>, String>,
}

/// Whose report is due.
#[derive(Debug, Serialize)]
pub struct DueReport {
    /// The customer.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// The point of the term.
    pub stage: Stage,
    /// Its day.
    pub since: Day,
    /// What is expected and achieved.
    pub plan: Plan,
}

/// The report of one customer, of the last cycle's morning by default. `None`: there is no such customer.
pub async fn value_report(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    id: &str,
    as_of: Option<Day>,
) -> Result<Option<Written>> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let Some((_, customer)) = look.population.find(id) else { return Ok(None) };
    let world = &look.population.world;
    let mut all = records(db, world, block_of(customer.ordinal)).await?;
    let records = all.remove(&customer.ordinal).with_context(|| format!("reading the records of {id}"))?;
    let csm = customer.csm.as_ref().and_then(|csm| world.users.get(csm.as_str()));
    let contact = recipient(&records);
    let share = customer.signals.value(Signal::LicenceUtilisation);
    let reached = customer.first_value.and_then(|standing| {
        let definition = look.setup.library.first_values.get(usize::from(standing.definition))?;
        let (on, live_on) = (customer.attained_on?, standing.live_on?);
        Some((definition.title.clone(), on, on - live_on))
    });
    let inputs = ValueReportInputs {
        company: setup.config.company.name.clone(),
        account: customer.name.to_string(),
        contact: contact.map(|(name, _)| name.to_owned()).unwrap_or_default(),
        csm: csm.map(|csm| csm.name.clone()).unwrap_or_default(),
        on: look.on,
        term: term(&look, &records),
        values: records.values.clone(),
        first_value: reached,
        seats: share.zip(customer.signals.value(Signal::Seats)),
    };
    let report = ValueReport::build(&inputs);
    let rendered = mails::renderer(&setup.config)?.value_report(&report)?;
    let mail = &setup.config.mail;
    let draft = match contact {
        None => Err(format!("nobody at `{id}` is known with an address")),
        Some((to_name, to)) => {
            let from = csm.map_or((mail.from.name.as_deref().unwrap_or_default(), mail.from.email.as_ref()), |csm| {
                (csm.name.as_str(), csm.email.as_str())
            });
            let name = format!("value-report.{}.{}", look.on, customer.ordinal);
            let draft = Draft { name: &name, from, to: (to_name, to), parts: &rendered, at: world.zone.start_of(look.on) };
            draft.write().map_err(|error| format!("{error:#}"))
        }
    };
    Ok(Some(Written { report, rendered, draft }))
}

/// Whose report has come due in the last 30 days, the longest due first.
pub async fn value_reports_due(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    as_of: Option<Day>,
) -> Result<(Day, Vec<DueReport>)> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let mut reports = Vec::new();
    for block in &look.population.blocks {
        let all = records(db, &look.population.world, block.number).await?;
        for customer in &block.customers {
            let Some(records) = all.get(&customer.ordinal) else { continue };
            let reached = term(&look, records).and_then(|(began, ends)| Stage::latest(began, ends, look.on));
            let Some((stage, since)) = reached.filter(|(_, since)| look.on - *since <= DUE_DAYS) else { continue };
            reports.push(DueReport {
                account_id: customer.id.to_string(),
                name: customer.name.to_string(),
                csm: customer.csm.as_ref().map(ToString::to_string),
                stage,
                since,
                plan: Plan::of(&records.values, look.on),
            });
        }
    }
    reports.sort_by(|a, b| (a.since, &a.account_id).cmp(&(b.since, &b.account_id)));
    Ok((look.on, reports))
}

/// The term that ends next.
fn term(look: &Look, records: &Records) -> Option<(Day, Day)> {
    let dues = due(&records.contracts, look.on, look.on + LONGEST_TERM_DAYS, look.population.world.service_rules);
    dues.iter().find(|due| due.ends_on > look.on && due.began_on <= look.on).map(|due| (due.began_on, due.ends_on))
}

/// Whom a report goes to: the champion, else who buys, else anybody who is there and has an address.
fn recipient(records: &Records) -> Option<(&str, &str)> {
    let rank = |role: Option<ContactRole>| match role {
        Some(ContactRole::Champion) => 0,
        Some(ContactRole::Buyer) => 1,
        _ => 2,
    };
    let there = records.contacts.iter().filter(|contact| contact.left_on.is_none());
    let known =
        there.filter_map(|contact| Some((rank(contact.role), &contact.id, contact.name.as_str(), contact.email.as_deref()?)));
    known.min().map(|(_, _, name, email)| (name, email))
}
