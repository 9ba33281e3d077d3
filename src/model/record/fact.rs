//! Records of any kind, for the places that carry all of them.

use serde::{Deserialize, Serialize};

use super::{Account, Ask, Contact, Contract, Event, Invoice, Lead, Request, Survey, Ticket, Touch, User, Value};

/// The records that a company may have, in the order in which they are pulled: what others refer to comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// People of the company.
    Users,
    /// Customers.
    Accounts,
    /// Terms of service.
    Contracts,
    /// People at customers.
    Contacts,
    /// Contacts with customers.
    Touches,
    /// Answers of customers.
    Surveys,
    /// Requests for help.
    Tickets,
    /// Bills.
    Invoices,
    /// What happened at customers.
    Events,
    /// Features asked for.
    Requests,
    /// Who asks for them.
    Asks,
    /// Value points.
    Values,
    /// Possible customers.
    Leads,
    /// Numbers per account, metric and day.
    Usage,
}

impl RecordKind {
    /// All of them, in the order in which they are pulled.
    pub const ALL: [RecordKind; 14] = [
        RecordKind::Users,
        RecordKind::Accounts,
        RecordKind::Contracts,
        RecordKind::Contacts,
        RecordKind::Touches,
        RecordKind::Surveys,
        RecordKind::Tickets,
        RecordKind::Invoices,
        RecordKind::Events,
        RecordKind::Requests,
        RecordKind::Asks,
        RecordKind::Values,
        RecordKind::Leads,
        RecordKind::Usage,
    ];

    /// The record's name, as in `accounts.csv`.
    pub fn name(self) -> &'static str {
        match self {
            RecordKind::Users => "users",
            RecordKind::Accounts => "accounts",
            RecordKind::Contracts => "contracts",
            RecordKind::Contacts => "contacts",
            RecordKind::Touches => "touches",
            RecordKind::Surveys => "surveys",
            RecordKind::Tickets => "tickets",
            RecordKind::Invoices => "invoices",
            RecordKind::Events => "events",
            RecordKind::Requests => "requests",
            RecordKind::Asks => "asks",
            RecordKind::Values => "values",
            RecordKind::Leads => "leads",
            RecordKind::Usage => "usage",
        }
    }

    /// Whether its records are things that happen, each on a day of its own, and not things that are.
    pub fn happens(self) -> bool {
        match self {
            RecordKind::Touches
            | RecordKind::Surveys
            | RecordKind::Tickets
            | RecordKind::Invoices
            | RecordKind::Events
            | RecordKind::Asks
            | RecordKind::Values
            | RecordKind::Leads
            | RecordKind::Usage => true,
            RecordKind::Users | RecordKind::Accounts | RecordKind::Contracts | RecordKind::Contacts | RecordKind::Requests => {
                false
            }
        }
    }

    /// The record with this name.
    pub fn parse(name: &str) -> Option<RecordKind> {
        RecordKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A record that belongs to an account.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant holds the record of its name")]
pub enum Fact {
    Account(Account),
    Contract(Contract),
    Contact(Contact),
    Touch(Touch),
    Survey(Survey),
    Ticket(Ticket),
    Invoice(Invoice),
    Event(Event),
    Ask(Ask),
    Value(Value),
    User(User),
    Request(Request),
    Lead(Lead),
}
