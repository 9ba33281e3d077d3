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
//! | case | rule |
//! |---|---|
//! | price of a month | amount ÷ `period_months`, else ÷ whole months of the term, else × 365 ÷ (12 × days of the term); a trial has none |
//! | customer | the ultimate parent, as the accounts are known on the morning of the report, for all periods |
//! | a child that moves between parents, a merger | no movement: the history moves along; contracts that replace each other within a family are amendments |
//! | attributes (tier, segment, csm, seller) | of the ultimate parent, as known on the morning of the report; product is the contract's, cohort the quarter of the customer's first revenue |
//! | renewal | a contract that names it in `replaces_id`; else the one of the same account and product, naming none, that starts nearest to the end and within the gap tolerance |
//! | gap within tolerance | the old price runs on until the new one starts |
//! | longer gap | churn on the end, reactivation on the start |
//! | early renewal, replacement, upgrade | from its first day the new contract counts and those it replaces no longer |
//! | co-termination | several replaced by one: an amendment; at its end one term is due, with the price at that end |
//! | overlap | two contracts add up, unless the later one is the renewal: then the earlier one ends where it begins |
//! | mid-term upgrade as a contract of its own | adds up, as long as it runs |
//! | multi-year step-up as several contracts | steps signed when the first began, or earlier: the rise is uplift, and only the last end is due |
//! | runs on by itself (`auto_renews`) | another term of the same length, with `uplift_percent`, until a successor starts or service ends; marked as extended |
//! | ended, no decision | its revenue goes on, marked as undecided, for `accounts.undecided_days`; then it was churn on its end |
//! | cancelled | serves until `service_ends_on`, else its end; an open-ended one for its notice period from `cancelled_on` on |
//! | cancelled on or before its first day | never was |
//! | one of two subscriptions lost | contraction; churn is the last one ending |
//! | refund | an invoice, or a negative one, is no movement; a contract with a negative amount takes its price from its customer while it runs |
//! | new | the first revenue ever; after none for a while it is reactivation |
//! | uplift | the part of expansion that is a price rise: of an extension, of a renewal up to the `uplift_percent` of the contract before, of a step |
//! | NRR, GRR, logo churn | of the customers with revenue at the start; a part of the report (a product, a currency) has a cohort of its own |
//! | up for renewal (ATR) | the yearly price at each contractual end, in the period of that day, whenever it was signed; not of amended contracts, steps, trials, open-ended ones |
//! | renewed | up to the price that was due, whatever was added; what is undecided is told beside it, and where nothing is decided the rate is unknown |

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
pub use line::{Course, Due, Line, Outcome, course};
pub use open::{Opened, OpenedContract, OpenedRow, What, open};
pub use period::{Every, Month, Period};
pub use projection::{Projected, Projection, Survival, projection, survival};
pub use rates::Rates;
pub use report::{
    Ask, CurrencyRow, DEFINITIONS, GroupRow, PeriodRow, ProjectionRow, RevenueReport, Row, SurvivalRow, TrailingRow, report,
};
pub use rounding::apportion;
