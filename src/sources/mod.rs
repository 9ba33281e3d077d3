//! Where data comes from. Whatever a source is, its answer becomes a [`Feed`]: rows of one record as CSV, which are read row
//! by row, and what is wrong with a row is said.

mod clickhouse;
mod columns;
pub mod csv;
mod error;
mod feed;
mod fetch;
mod http;
mod spool;
mod sql;
mod window;

pub use columns::SourceRecord;
pub use error::SourceError;
pub use feed::Feed;
pub use fetch::{Fetch, fetch, files};
pub use spool::{RawSpool, Spool};
pub use window::Window;
