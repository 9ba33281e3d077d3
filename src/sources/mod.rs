//! Where data comes from. Whatever a source is, its answer becomes a [`Feed`]: rows of one record as CSV, which are read row
//! by row, and what is wrong with a row is said.

mod clickhouse;
mod client;
mod columns;
pub mod csv;
mod error;
mod feed;
mod fetch;
pub mod http;
mod query;
mod sample;
mod spool;
mod sql;
mod window;

pub use client::is_internal;
pub use columns::SourceRecord;
pub use error::SourceError;
pub use feed::{Feed, SetAside};
pub use fetch::{Fetch, fetch, files, sample};
pub use sample::Sample;
pub use spool::{RawSpool, Spool};
pub use window::Window;
