//! A folder with one CSV file per record.

mod file;
mod header;
mod item;
mod reader;
mod remote;
mod rows;
mod usage;

pub use file::{files, hash};
pub use item::{Item, Reject, Row};
pub use reader::Reader;
pub(super) use remote::fetch as remote;
pub use usage::{UsageItem, UsageReader, UsageRow};
