//! What is tested from outside: the built binary, the two databases, and the rules of the source tree itself.

mod cli;
mod delivery;
mod honesty;
mod house;
mod layers;
mod mails;
mod nights;
mod support;
mod tasks;
