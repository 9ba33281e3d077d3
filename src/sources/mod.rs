//! Where data comes from: files are found, read row by row, and what is wrong with a row is said.

mod columns;
pub mod csv;
mod error;

pub use columns::SourceRecord;
pub use error::SourceError;
