//! What is left of today's revenue in two years, and how long renewed customers stay.

use super::customer::Customer;
use super::flow::Flow;
use super::period::{Month, Period};
use crate::model::{Day, Exact};

/// Months that are looked ahead.
const MONTHS: i32 = 24;
/// One point, as parts of [`PARTS`].
const POINT: i128 = PARTS / 100;
/// As fine as rates are here.
const PARTS: i128 = 1_000_000_000_000;

/// What is left of today's revenue, without anything new, were each month to go as the last ones did on average, or one point
/// better or worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// The share of a month's starting MRR that contraction and churn took, on average: Σ (contraction + churn) / Σ start.
    pub monthly_churn: f64,
    /// Over so many months.
    pub of_months: usize,
    /// Month by month.
    pub months: Vec<Projected>,
}

/// MRR at the end of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projected {
    /// The month.
    pub month: Month,
    /// At the present churn.
    pub present: Exact,
    /// At one point less of it, or none.
    pub better: Exact,
    /// At one point more.
    pub worse: Exact,
}

/// The 24 months after the last of these; the average is that of the last twelve of them. Rates compound: 95 % kept each month
/// is 54 % after a year. `None` without revenue.
pub fn projection(months: &[(&Period, &Flow)]) -> Option<Projection> {
    let complete: Vec<&(&Period, &Flow)> = months.iter().filter(|(period, _)| period.complete).collect();
    let last = complete.len().saturating_sub(12);
    let complete = &complete[last..];
    let (period, flow) = complete.last()?;
    let lost: Exact = complete.iter().map(|(_, flow)| flow.contraction + flow.churn).sum();
    let start: Exact = complete.iter().map(|(_, flow)| flow.start).sum();
    let monthly_churn = lost.share_of(start)?;
    #[expect(clippy::cast_possible_truncation, reason = "a share: at the most a few times the parts")]
    let churn = (monthly_churn * PARTS as f64).round() as i128;
    let kept = |churn: i128| move |mrr: Exact| mrr.scaled(PARTS - churn.clamp(0, PARTS), PARTS);
    let (present, better, worse) = (kept(churn), kept(churn - POINT), kept(churn + POINT));
    let first = Month::of(period.until - 1);
    let mut now = Projected { month: first, present: flow.end, better: flow.end, worse: flow.end };
    let mut months = Vec::new();
    for ahead in 1..=MONTHS {
        now = Projected {
            month: first.plus(ahead),
            present: present(now.present),
            better: better(now.better),
            worse: worse(now.worse),
        };
        months.push(now.clone());
    }
    Some(Projection { monthly_churn, of_months: complete.len(), months })
}

/// How many of the customers that had a term due were still there so many months later.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// Customers with a term due in the period; each counts from its first.
    pub customers: usize,
    /// After 0, 1, 2 … months: the Kaplan–Meier estimate, and how many were still looked at.
    pub months: Vec<(u32, f64, usize)>,
}

/// The Kaplan–Meier curve of the customers with a term due in the period, from the day on which it was due until revenue ended;
/// those who are still there on the morning of `on` are censored then. In whole months. `None` without any.
pub fn survival(customers: &[Customer], period: &Period, on: Day) -> Option<Survival> {
    let course = |customer: &Customer| {
        let due = customer.dues.iter().map(|due| due.on).filter(|&day| period.holds(day)).min()?;
        let left = left(customer, due, on);
        Some((months_between(due, left.unwrap_or(on)), left.is_some()))
    };
    let courses: Vec<(u32, bool)> = customers.iter().filter_map(course).collect();
    let last = courses.iter().map(|(months, _)| *months).max()?;
    let mut share = 1.0;
    let mut months = Vec::new();
    for month in 0..=last.min(MONTHS.unsigned_abs()) {
        let looked_at = courses.iter().filter(|(months, _)| *months >= month).count();
        let left = courses.iter().filter(|(months, left)| *left && *months == month).count();
        if looked_at == 0 {
            break;
        }
        share *= 1.0 - left as f64 / looked_at as f64;
        months.push((month, share, looked_at));
    }
    Some(Survival { customers: courses.len(), months })
}

/// The first day from `since` on, and before `on`, on which a customer had no revenue.
fn left(customer: &Customer, since: Day, on: Day) -> Option<Day> {
    let ends = customer.lines.iter().map(|line| line.until).filter(|&end| end >= since);
    let mut candidates: Vec<Day> = ends.chain([since]).filter(|&day| day < on).collect();
    candidates.sort_unstable();
    let revenue = |day: Day| super::flow::on(&customer.lines, day);
    candidates.into_iter().find(|&day| revenue(day) <= Exact::ZERO)
}

/// Whole months.
fn months_between(from: Day, to: Day) -> u32 {
    (1..1200).take_while(|&months| from.plus_months(months) <= to).fold(0, |_, months| months)
}
