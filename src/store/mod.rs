//! What longroad remembers: facts with the morning from which they count, usage in tiles, scores as they were given.

mod alone;
pub mod audit;
pub mod backup;
mod copy;
pub mod cursors;
mod db;
pub mod directory;
pub mod facts;
pub mod forget;
pub mod forgotten;
pub mod gauges;
pub mod housekeeping;
mod journal;
pub mod ledger;
pub mod migrations;
pub mod outbox;
mod packed;
pub mod people;
pub mod pulls;
pub mod restore;
pub mod risk_models;
pub mod scores;
mod task_change;
mod task_rows;
pub mod tasks;
mod tile;
pub mod trust;
pub mod turns;
pub mod usage;
mod usage_write;

pub use alone::Alone;
pub use db::{Db, Tx};
pub(crate) use db::{on_db, on_tx, placeholders};
pub use task_change::{Change, TaskChange, change_task};
pub use tile::BLOCK;
pub use usage_write::{BUFFER, Conflict, UsageWriter};
