//! Conditions that a CS team writes: CEL (the Common Expression Language) over the names of signals and facts, checked
//! when they are read and answered in three values, because "nobody knows" is neither yes nor no.

mod check;
mod document;
mod explain;
mod form;
mod name;
mod parse;
mod subject;

pub use document::{Document, Fault};
pub use name::{LIFECYCLES, Name, nearest};
pub use parse::{Condition, ConditionError, Scope, compile};
pub use subject::{Subject, Verdict};
