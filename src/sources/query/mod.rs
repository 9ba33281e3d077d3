//! What databases and warehouses have in common: a query for each record, and the table that it is answered with.

mod answer;
mod cell;
mod dialect;
mod plan;
mod script;
mod task;

pub(super) use answer::{Answer, Answered, Column};
pub(super) use cell::Written;
pub(super) use dialect::Dialect;
pub(super) use plan::{Query, queries};
pub(super) use task::{Progress, in_a_task};
