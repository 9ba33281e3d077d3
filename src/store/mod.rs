//! What longroad remembers: facts with the morning from which they count, usage in tiles, scores as they were given.

mod db;
pub mod directory;
pub mod facts;
mod journal;
mod migrations;
pub mod outbox;
mod packed;
pub mod pulls;
pub mod risk_models;
pub mod scores;
mod task_change;
mod task_rows;
pub mod tasks;
mod tile;
pub mod turns;
pub mod usage;
mod usage_write;

pub use db::{Db, Tx};
pub(crate) use db::{on_db, on_tx, placeholders};
pub use task_change::{Change, TaskChange, change_task};
pub use tile::BLOCK;
pub use usage_write::{BUFFER, Conflict, UsageWriter};
