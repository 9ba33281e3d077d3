//! First value by cohort, and sales quality, of all accounts that ever went live: also of those that have left since.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::assess::{self, Customer};
use super::look::Look;
use super::renewals::{Records, records};
use super::world::World;
use crate::clock::Clock;
use crate::model::Day;
use crate::revenue::Outcome;
use crate::revenue::renewal::ended;
use crate::store::{Db, scores};
use crate::value::cohort::{Attainment, Course, RenewalOf, Span, by, missing_next};
use crate::value::plan::Plan;
use crate::value::sales::{Deal, Quality, by_seller};

/// What `first-value` tells.
#[derive(Debug, Serialize)]
pub struct FirstValueReport {
    /// The morning.
    pub as_of: Day,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// All accounts that went live.
    pub all: Attainment,
    /// By cohort of go-live, the eldest first.
    pub cohorts: Vec<Attainment>,
    /// By `product`, `segment`, `csm` and `seller`.
    pub groups: BTreeMap<&'static str, Vec<Attainment>>,
    /// Who is forecast to miss, by deadline.
    pub missing_next: Vec<Missing>,
    /// What renewal says of it.
    pub renewal: RenewalOf,
    /// What each number is.
    pub definitions: BTreeMap<&'static str, &'static str>,
}

/// Who is forecast to miss.
#[derive(Debug, Serialize)]
pub struct Missing {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// What it is to reach.
    pub first_value: String,
    /// When it went live.
    pub live_on: Day,
    /// The last day that counts, grace included.
    pub last_day: Day,
    /// Why it is forecast to miss.
    pub why: String,
}

/// What each number is.
const DEFINITIONS: [(&str, &str); 5] = [
    (
        "rate",
        "attained by the deadline ÷ accounts whose deadline has passed and whose outcome is known; accounts that never get there count, also when they have left",
    ),
    ("due", "accounts whose deadline, days of grace included, has passed"),
    (
        "quartile_days",
        "days from go-live by which a quarter, half and three quarters had attained it (Kaplan–Meier; who is not there yet counts up to this morning)",
    ),
    ("median_days_from_contract", "the same from the start of the first contract, for half"),
    (
        "renewal",
        "of accounts whose deadline has passed: first terms that were renewed ÷ first terms that were decided, with 95 % intervals (Wilson)",
    ),
];

/// What `sales-quality` tells.
#[derive(Debug, Serialize)]
pub struct SalesReport {
    /// The morning.
    pub as_of: Day,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// All deals.
    pub all: Quality,
    /// By seller, the least covered first.
    pub sellers: Vec<Quality>,
}

/// The ways of all accounts as seen on a morning: what reports are made of.
#[derive(Debug)]
pub struct Courses {
    on: Day,
    approximated: bool,
    all: Vec<Course>,
}

impl Courses {
    /// Gathers them; of the last cycle's morning by default.
    pub async fn gather(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<Courses> {
        let look = Look::at(db, setup, clock, as_of).await?;
        let world = &look.population.world;
        let all = courses(db, &look.setup, world).await?;
        Ok(Courses { on: look.on, approximated: world.approximated, all })
    }

    /// The report of the accounts of some people, `sees` telling of a CSM whether it is one of them.
    pub fn report(&self, span: Span, sees: impl Fn(Option<&str>) -> bool) -> FirstValueReport {
        let on = self.on;
        let seen: Vec<&Course> = self.all.iter().filter(|course| sees(course.csm.as_deref())).collect();
        let mut groups = BTreeMap::new();
        groups.insert("product", by(&seen, on, |course| course.product.clone()));
        groups.insert("segment", by(&seen, on, |course| course.segment.clone()));
        groups.insert("csm", by(&seen, on, |course| course.csm.clone()));
        groups.insert("seller", by(&seen, on, |course| course.seller.clone()));
        let missing = |course: &Course| Missing {
            account_id: course.account_id.clone(),
            name: course.name.clone(),
            csm: course.csm.clone(),
            first_value: course.title.clone(),
            live_on: course.live_on,
            last_day: course.last_day,
            why: course.forecast.clone(),
        };
        FirstValueReport {
            as_of: on,
            as_of_approximated: self.approximated,
            all: Attainment::of(None, seen.iter().copied(), on),
            cohorts: by(&seen, on, |course| Some(span.of(course.live_on))),
            groups,
            missing_next: missing_next(&seen, on).into_iter().map(missing).collect(),
            renewal: RenewalOf::of(&seen, on),
            definitions: DEFINITIONS.into(),
        }
    }
}

/// First value by cohort; of the last cycle's morning by default.
pub async fn first_value(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    as_of: Option<Day>,
    span: Span,
) -> Result<FirstValueReport> {
    Ok(Courses::gather(db, setup, clock, as_of).await?.report(span, |_| true))
}

/// Promises and what became of them; of the last cycle's morning by default.
pub async fn sales_quality(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<SalesReport> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let world = &look.population.world;
    let mut deals: Vec<Deal> = Vec::new();
    for block in 0..world.blocks {
        for records in records(db, world, block).await?.into_values() {
            deals.push(Deal {
                renewed: renewed(&records, world),
                plan: Plan::of(&records.values, look.on),
                seller: records.account.seller,
            });
        }
    }
    Ok(SalesReport {
        as_of: look.on,
        as_of_approximated: world.approximated,
        all: Quality::of(None, deals.iter()),
        sellers: by_seller(&deals),
    })
}

/// The ways of all accounts that went live before the world's morning, by account.
pub async fn courses(db: &Db, setup: &Setup, world: &World) -> Result<Vec<Course>> {
    let on = world.as_of.day;
    // Whoever left is in no cycle any more: all use since go-live is looked at.
    let world = World { everybody: true, first: true, ..world.clone() };
    let cycle = scores::last_cycle(db, Some(on + 1)).await?;
    let mut courses = Vec::new();
    for block in 0..world.blocks {
        let given = match &cycle {
            Some(cycle) => scores::of_block(db, cycle.as_of, block).await?,
            None => Vec::new(),
        };
        // What a cycle has seen stays attained.
        let attained = given.iter().filter_map(|given| Some((given.place, given.attained_on?))).collect();
        let records = records(db, &world, block).await?;
        for customer in assess::block(db, setup, &world, block, &attained).await?.0 {
            let known = records.get(&customer.ordinal);
            courses.extend(known.and_then(|records| course(setup, &world, &customer, records)));
        }
    }
    courses.sort_by(|a, b| a.account_id.cmp(&b.account_id));
    Ok(courses)
}

/// An account's way, if it went live and a first value is meant for it.
fn course(setup: &Setup, world: &World, customer: &Customer, records: &Records) -> Option<Course> {
    let on = world.as_of.day;
    let standing = customer.first_value?;
    let live_on = standing.live_on.filter(|live| *live < on)?;
    let definition = setup.library.first_values.get(usize::from(standing.definition))?;
    let judgement = definition.judge(Some(live_on), on, standing.progress);
    let deadline = live_on + definition.deadline_days.cast_signed();
    let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
    Some(Course {
        account_id: customer.id.to_string(),
        name: customer.name.to_string(),
        product: text(&customer.product),
        segment: text(&customer.segment),
        csm: customer.csm.as_ref().map(ToString::to_string),
        seller: records.account.seller.clone(),
        title: definition.title.clone(),
        live_on,
        contract_on: records.contracts.iter().map(|contract| contract.starts_on).min(),
        state: judgement.state,
        attained_on: judgement.attained_on,
        deadline,
        last_day: deadline + definition.grace_days.cast_signed(),
        forecast: judgement.forecast,
        renewed: renewed(records, world),
    })
}

/// Whether the account's first term that was decided was renewed.
fn renewed(records: &Records, world: &World) -> Option<bool> {
    let terms = ended(&records.contracts, Day::ALWAYS, world.as_of.day, world.service_rules);
    terms.iter().find(|term| term.outcome != Outcome::Undecided).map(|term| term.outcome == Outcome::Renewed)
}
