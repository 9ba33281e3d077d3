//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod as_of;
mod believed;
mod chaos_mail;
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
mod outbox;
mod readers;
mod records;
mod smtp;
mod smtp_double;
mod support;
mod tasks;
mod unknown;
