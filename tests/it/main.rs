//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod as_of;
mod believed;
mod cli;
mod delivery;
mod double;
mod first_value;
mod honesty;
mod house;
mod http_doubles;
mod http_faults;
mod intake;
mod layers;
mod ledger;
mod letters;
mod loop_turns;
mod mails;
mod nights;
mod push;
mod records;
mod support;
mod tasks;
mod unknown;
