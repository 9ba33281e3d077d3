//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod as_of;
mod backups;
mod believed;
mod cli;
mod delivery;
mod exports;
mod first_value;
mod forgetting;
mod honesty;
mod house;
mod intake;
mod keeping;
mod layers;
mod ledger;
mod letters;
mod loop_turns;
mod mails;
mod nights;
mod partitions;
mod records;
mod secrets;
mod served;
mod support;
mod tasks;
mod unknown;
mod upgrades;
