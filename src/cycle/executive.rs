//! What the executives' digest is made of: first value, revenue and renewals of the whole company.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::periodic::Gathering;
use super::revenue::{RevenueBook, RevenueQuestion};
use super::world::World;
use super::{book, first_value, renewals};
use crate::digest::csm::StaleItem;
use crate::digest::executive::{ExecutiveDigest, ExecutiveInputs, FirstValueInputs, Mover, RenewalInputs};
use crate::digest::{Links, Reader};
use crate::model::{Currency, Day, Exact, Money};
use crate::revenue::renewal::Renewal;
use crate::revenue::{By, Every, OpenedRow, Period, Rates, RevenueReport, What};
use crate::value::FirstValueState;
use crate::value::cohort::{Attainment, Course, Span, by, missing_next};

/// Days over which attainment is told, and compared with as many before.
const FIRST_VALUE_DAYS: i32 = 91;
/// Days of renewals that are looked ahead.
const RENEWAL_DAYS: u32 = 120;
/// So many must have something in common before it is told as the reason.
const LEAST_IN_COMMON: usize = 3;

/// What all executives have in common.
#[derive(Debug)]
pub struct Gathered {
    world: Arc<World>,
    company: String,
    first_value: FirstValueInputs,
    revenue: Result<RevenueReport, String>,
    largest_loss: Option<Mover>,
    largest_gain: Option<Mover>,
    renewals: Option<RenewalInputs>,
    without_rate: Vec<String>,
    stale: Vec<StaleItem>,
}

/// Gathers it.
pub async fn gather(gathering: &Gathering<'_>) -> Result<Gathered> {
    let (db, setup, population) = (gathering.db, gathering.setup, gathering.population);
    let world = Arc::clone(&population.world);
    let courses = first_value::courses(db, setup, &world).await?;
    let question = RevenueQuestion { on: world.as_of.day, from: None, to: None, every: Every::Month, by: By::Nothing };
    let (mut largest_loss, mut largest_gain) = (None, None);
    let mut rates = Rates::new(setup.config.company.currency, setup.config.revenue.rates.clone());
    let book = RevenueBook::read(db, setup, &question, &mut rates).await?;
    let revenue = if !rates.missing.is_empty() {
        let currencies: Vec<&str> = rates.missing.iter().map(Currency::code).collect();
        Err(format!("there are contracts in {}, and no rate for that", currencies.join(", ")))
    } else if book.is_empty() {
        Err("there are no contracts with a price".to_owned())
    } else {
        let report = book.report();
        if let Some(month) = question.periods().last() {
            largest_loss = largest(&book, month, &[What::Churn, What::Contraction], &report);
            largest_gain = largest(&book, month, &[What::New, What::Expansion, What::Reactivation], &report);
        }
        Ok(report)
    };
    let due = renewals::gather(db, setup, population, gathering.odds, RENEWAL_DAYS).await?.renewals;
    Ok(Gathered {
        company: setup.config.company.name.clone(),
        first_value: told(&courses, &world),
        revenue,
        largest_loss,
        largest_gain,
        renewals: (!due.is_empty()).then(|| RenewalInputs {
            days: RENEWAL_DAYS,
            due: worth(&due, &mut rates, |_| true),
            at_risk: worth(&due, &mut rates, Renewal::is_at_risk),
            unknown: worth(&due, &mut rates, |one| one.machine_call.is_none() && one.csm_call.is_none()),
        }),
        without_rate: rates.missing.iter().map(ToString::to_string).collect(),
        stale: book::stale(&world, gathering.refused),
        world,
    })
}

impl Gathered {
    /// One executive's digest.
    pub fn digest(&self, reader: &Reader, on: Day, links: &Links) -> ExecutiveDigest {
        let inputs = ExecutiveInputs {
            reader: reader.clone(),
            company: self.company.clone(),
            on,
            as_of: self.world.as_of.day,
            first_value: self.first_value.clone(),
            revenue: self.revenue.clone(),
            largest_loss: self.largest_loss.clone(),
            largest_gain: self.largest_gain.clone(),
            renewals: self.renewals,
            without_rate: self.without_rate.clone(),
            stale: self.stale.clone(),
            approximated: self.world.approximated,
        };
        ExecutiveDigest::build(&inputs, links)
    }
}

/// ARR in the currency of reports; what has no rate counts for nothing.
fn worth(renewals: &[Renewal], rates: &mut Rates, wanted: impl Fn(&Renewal) -> bool) -> Money {
    let money = renewals.iter().filter(|one| wanted(one)).flat_map(|one| &one.money);
    let sum: Exact = money.map(|money| rates.convert(Exact::of(money.minor), money.currency)).sum();
    Money { minor: sum.rounded(), currency: rates.currency }
}

/// The customer that moved most of these numbers.
fn largest(book: &RevenueBook, month: &Period, numbers: &[What], report: &RevenueReport) -> Option<Mover> {
    let money = |row: &OpenedRow| row.amount.parse().ok().and_then(|amount| Money::new(amount, report.currency).ok());
    let rows = numbers.iter().flat_map(|&what| book.open(month, what, None).customers);
    let movers = rows.filter_map(|row| Some(Mover { mrr: money(&row)?, name: row.name })).filter(|mover| mover.mrr.minor > 0);
    movers.min_by_key(|mover| (Reverse(mover.mrr.minor), mover.name.clone()))
}

fn told(courses: &[Course], world: &World) -> FirstValueInputs {
    let on = world.as_of.day;
    let fell_due = |course: &Course, until: Day| (until - FIRST_VALUE_DAYS..until).contains(&course.last_day);
    let recent: Vec<&Course> = courses.iter().filter(|course| fell_due(course, on)).collect();
    let before = courses.iter().filter(|course| fell_due(course, on - FIRST_VALUE_DAYS));
    let seen = |row: &Attainment| row.unknown < row.accounts;
    FirstValueInputs {
        concentration: concentration(&recent, world),
        recent: Attainment::of(None, recent.into_iter(), on),
        before: Attainment::of(None, before, on),
        days: FIRST_VALUE_DAYS,
        cohorts: by(courses, on, |course| Some(Span::Month.of(course.live_on))).into_iter().filter(seen).collect(),
        missing_next: missing_next(courses, on).len(),
    }
}

/// What accounts may have in common: its name, and how it is read.
type Field<'a> = (&'static str, &'a dyn Fn(&Course) -> Option<String>);

/// What most of those have in common that did not attain it in time, and that few of the others have: the field and the value
/// of the largest surplus.
fn concentration(recent: &[&Course], world: &World) -> Option<(&'static str, String, usize)> {
    let failed = |course: &Course| matches!(course.state, Some(FirstValueState::Missed | FirstValueState::AttainedLate));
    let all_failed = recent.iter().filter(|course| failed(course)).count();
    let csm = |course: &Course| {
        let id = course.csm.clone()?;
        Some(world.users.get(&id).map_or(id, |user| user.name.clone()))
    };
    let fields: [Field<'_>; 4] = [
        ("product", &|course| course.product.clone()),
        ("segment", &|course| course.segment.clone()),
        ("CSM", &csm),
        ("seller", &|course| course.seller.clone()),
    ];
    let mut best: Option<(f64, &'static str, String, usize)> = None;
    for (field, of) in fields {
        let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for course in recent {
            if let Some(value) = of(course) {
                let (all, bad) = groups.entry(value).or_default();
                *all += 1;
                *bad += usize::from(failed(course));
            }
        }
        for (value, (all, bad)) in groups {
            let surplus = bad as f64 / all_failed.max(1) as f64 - all as f64 / recent.len().max(1) as f64;
            let telling = bad >= LEAST_IN_COMMON && 2 * bad > all_failed && surplus > 0.1;
            if telling && best.as_ref().is_none_or(|(known, ..)| surplus > *known) {
                best = Some((surplus, field, value, bad));
            }
        }
    }
    best.map(|(_, field, value, bad)| (field, value, bad))
}
