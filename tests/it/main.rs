//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod as_of;
mod asked;
mod believed;
mod cli;
mod clickhouse_sources;
mod delivery;
mod first_value;
mod honesty;
mod house;
mod intake;
mod layers;
mod ledger;
mod letters;
mod loop_turns;
mod mails;
mod nights;
mod records;
mod sql_sources;
mod support;
mod tasks;
mod unknown;
