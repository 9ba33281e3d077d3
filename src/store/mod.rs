//! What longroad remembers: facts with the day from which they were known, usage in tiles, scores as they were given.

mod db;
mod migrations;

pub use db::{Db, Tx};
pub(crate) use db::{on_db, on_tx};
