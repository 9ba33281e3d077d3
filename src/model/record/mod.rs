//! The records of INTERFACE: one file each, their columns being the fields.

mod account;
mod commercial;
mod define;
mod demand;
mod fact;
mod field;
mod people;
mod service;

pub use account::{Account, Role, User};
pub use commercial::{Contract, ContractStatus, Invoice, Lead};
pub use define::{Problem, Record};
pub use demand::{Ask, Request, RequestStatus, Value};
pub use fact::{Fact, RecordKind};
pub use field::{Cell, RowContext, Word};
pub use people::{Contact, ContactRole, Event, Touch, TouchKind};
pub use service::{Survey, SurveyKind, Ticket, WaitingOn};
