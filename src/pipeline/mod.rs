//! Staged work: leads, opportunities, onboarding, renewals, expansion and win-back are records that move through stages. A
//! pipeline is a YAML file; where a record stands follows from its events and the day.

mod ask;
mod claims;
mod clean;
mod example;
mod field;
mod library;
mod read;
mod records;
mod report;
mod span;
mod spec;
mod state;
mod tally;
#[cfg(test)]
mod tests;

pub use ask::{Answer, Ask};
pub use claims::{claims, foreign};
pub use clean::{Aside, Traits, set_aside};
pub use example::Example;
pub use field::{Facts, Field, Kind, Known, Type, Value};
pub use library::load;
pub use records::{AccountStage, LeadFacts, TermFacts, terms};
pub use report::{BarReport, Group, Report, StageReport, Sum, Waiting};
pub use span::{Anchor, Span, Stay};
pub use spec::{AtEnd, Bar, Extend, GoesOn, Opens, Owner, Pipeline, Question, Requires, Role, Rule, Stage, Touch, When, plain};
pub use state::{By, Event, Events, HandedOver, Left, Moment, Signs, State, Visit, What, comes_anew, lacks, live, next_touch};
pub use tally::{Row, Tally};
