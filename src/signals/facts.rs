//! Everything known about one account on one morning, apart from its use.

use crate::model::record::{Account, Contact, Contract, Event, Invoice, Survey, Ticket, Touch, Value};

/// The records of one account, as known on one morning: nothing in them lies in the future.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field holds the records of its name")]
pub struct AccountFacts {
    pub account: Account,
    pub contracts: Vec<Contract>,
    pub contacts: Vec<Contact>,
    pub touches: Vec<Touch>,
    pub surveys: Vec<Survey>,
    pub tickets: Vec<Ticket>,
    pub invoices: Vec<Invoice>,
    pub events: Vec<Event>,
    pub values: Vec<Value>,
}

impl AccountFacts {
    /// An account of which nothing else is known.
    pub fn new(account: Account) -> AccountFacts {
        AccountFacts {
            account,
            contracts: Vec::new(),
            contacts: Vec::new(),
            touches: Vec::new(),
            surveys: Vec::new(),
            tickets: Vec::new(),
            invoices: Vec::new(),
            events: Vec::new(),
            values: Vec::new(),
        }
    }
}
