//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod as_of;
mod believed;
mod believing;
mod cli;
mod delivery;
mod first_value;
mod honesty;
mod house;
mod intake;
mod layers;
mod letters;
mod loop_turns;
mod mails;
mod nights;
mod records;
mod support;
mod tasks;
mod unknown;
