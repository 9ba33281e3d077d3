//! Revenue to the cent: movements, retention, renewals, and what is left of it in two years.
//!
//! Everything is worked out from the contracts as known on one morning, for all periods alike: what has been learned since
//! restates the past. A change belongs to the day on which it takes effect, the first day of a price or the first without it, so a
//! period begins with the revenue of the day before it and ends with that of its last day. Per customer and period there is one
//! movement at the most, and `end = start + new + expansion − contraction − churn + reactivation` holds exactly, in each currency
//! and in the report's. A period's end is the start of the next: split a period in two, and start, end and the sum of all
//! movements stay as they were. Single movements need not: who grows in the one half and shrinks in the other moved twice, and who
//! came and left within the period did not move.
//!
//! Amounts are exact until they are printed ([`crate::model::Exact`]). Start and end are then rounded to the cent, half away from
//! zero, and the movements between them are given the cents that make them add up, by the largest remainder ([`apportion`]).
//!
#![doc = include_str!("rules.md")]

mod by;
mod customer;
mod flow;
mod line;
mod open;
mod period;
mod projection;
mod rates;
pub mod renewal;
mod report;
mod rounding;
#[cfg(test)]
mod tests;

pub use by::{By, Group, Sums, sums};
pub use customer::{AccountRow, Customer, heads};
pub use flow::{Flow, Movement, Stand};
pub use line::{Course, Due, In, Line, Outcome, course};
pub use open::{Opened, OpenedContract, OpenedRow, What, open};
pub use period::{Every, Month, Period};
pub use projection::{Projected, Projection, Survival, projection, survival};
pub use rates::Rates;
pub use report::{
    Ask, CurrencyRow, DEFINITIONS, GroupRow, PeriodRow, ProjectedRow, ProjectionRow, RevenueReport, Row, SurvivalRow,
    TrailingRow, report,
};
pub use rounding::apportion;

/// What is done in each case, and the test that holds it: a table in Markdown.
pub const RULES: &str = include_str!("rules.md");
