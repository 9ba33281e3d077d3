//! A checked mapping: what is asked of a service, and how its rows become rows of our records.

use std::collections::BTreeMap;

use reqwest::Method;
use url::Url;

use super::file::{By, Times};
use super::formula::Formula;
use super::json::Pointer;
use super::template::{Body, Slot, Template};
use crate::model::record::RecordKind;

/// A mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Where the service is, where that is the same for all its customers.
    pub base: Option<Url>,
    /// The words of the credentials that it takes.
    pub authentication: Vec<&'static str>,
    /// Headers of every request.
    pub headers: Vec<(String, Template)>,
    /// What a source's `parameters` may say: what each is, and what counts without it.
    pub parameters: BTreeMap<String, (String, Option<String>)>,
    /// What is asked first, because others need it to tell whose their rows are.
    pub memories: Vec<Memory>,
    /// What is asked, what others refer to first.
    pub requests: Vec<Request>,
}

/// What is kept of a request whose rows are none of our records: for each key a value, for the formulas of the others.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What formulas call it.
    pub name: String,
    /// How it is asked for, always all of it.
    pub asking: Asking,
    /// Where the rows are in an answer.
    pub rows: Pointer,
    /// How one goes on to the next page.
    pub pages: Option<Pages>,
    /// By what it is asked for.
    pub key: Pointer,
    /// What is answered.
    pub value: Pointer,
}

/// What is asked for one record.
#[derive(Clone, Debug)]
pub struct Request {
    /// What people call it.
    pub name: String,
    /// What its rows become.
    pub record: RecordKind,
    /// How everything is asked for: as what changed since the beginning of time, unless the mapping says otherwise.
    pub all: Asking,
    /// How what changed is asked for.
    pub changes: Option<Asking>,
    /// How instants are written.
    pub times: Times,
    /// Where the rows are in an answer.
    pub rows: Pointer,
    /// Where the parts of a row are, each of which becomes a row.
    pub each: Option<Pointer>,
    /// How one goes on to the next page.
    pub pages: Option<Pages>,
    /// Which rows count.
    pub keep: Option<Formula>,
    /// Rows that show that the answer is not whole, and what to say then.
    pub refuse: Option<(Formula, String)>,
    /// The columns.
    pub fields: Vec<Field>,
}

/// A request's address and content.
#[derive(Clone, Debug)]
pub struct Asking {
    /// GET or POST.
    pub method: Method,
    /// Below the base.
    pub path: Template,
    /// Names and values.
    pub query: Vec<(String, Template)>,
    /// JSON that goes with it.
    pub body: Option<Body>,
}

/// How one goes on to the next page, and how the last one is known.
#[derive(Clone, Debug)]
pub struct Pages {
    /// By what the next page is asked for.
    pub by: By,
    /// Where that stands.
    pub at: Pointer,
    /// Rows of a full page: a page with fewer is the last.
    pub size: Option<u32>,
    /// The number of the first page.
    pub first: u32,
    /// Where it says that there is more.
    pub more: Option<Pointer>,
    /// Where it says that this is the end.
    pub end: Option<Pointer>,
    /// Where the number of all rows stands.
    pub total: Option<Pointer>,
    /// More pages than this are no answer.
    pub most: u32,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub column: String,
    /// Where its text comes from.
    pub from: From,
}

/// Where the text of a cell comes from.
#[derive(Clone, Debug)]
pub enum From {
    /// As it stands in the row.
    Pointer(Pointer),
    /// Worked out.
    Formula(Formula),
}

impl Asking {
    /// The places that it has.
    pub fn slots(&self) -> Vec<&Slot> {
        let query = self.query.iter().flat_map(|(_, value)| value.slots());
        let body = self.body.iter().flat_map(Body::slots);
        self.path.slots().chain(query).chain(body).collect()
    }
}
