//! A warehouse that does the counting, by a query for each record: only what it has counted is sent.

mod address;
mod fetch;
mod server;
mod table;
mod told;
mod types;

pub(super) use fetch::{fetch, sample};
