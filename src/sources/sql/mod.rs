//! Queries to PostgreSQL, MySQL, MariaDB and SQLite, in a session that can only read.

mod address;
mod decode;
mod fetch;
mod session;
mod told;

pub(super) use fetch::{fetch, sample};
