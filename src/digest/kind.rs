//! Which digests there are, and who reads them.

use serde::Serialize;

use super::Picture;
use crate::config::Digests;
use crate::model::CronLine;
use crate::model::record::Role;

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What a CSM does today: each working day, written by the nightly cycle as it goes through the accounts.
    Csm,
    /// What a leader looks at before a forecast call: weekly.
    Leader,
    /// What customers ask for and what hangs on it: weekly.
    Product,
    /// Where the company is going: monthly.
    Executive,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Csm, Kind::Leader, Kind::Product, Kind::Executive];
    /// Those that come at times of their own, and not with every cycle.
    pub const PERIODIC: [Kind; 3] = [Kind::Leader, Kind::Product, Kind::Executive];

    /// As in keys, in the configuration and among templates.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Csm => "csm",
            Kind::Leader => "leader",
            Kind::Product => "product",
            Kind::Executive => "executive",
        }
    }

    /// What it is about, for people.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Csm => "Your accounts: what is to be done, and what has changed",
            Kind::Leader => "Your team: renewals, health and who carries how much",
            Kind::Product => "What customers ask for, and what hangs on it",
            Kind::Executive => "Where the company is going",
        }
    }

    /// The digest of this name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// When it goes out.
    pub fn line(self, digests: &Digests) -> &CronLine {
        match self {
            Kind::Csm => &digests.csm,
            Kind::Leader => &digests.leader,
            Kind::Product => &digests.product,
            Kind::Executive => &digests.executive,
        }
    }

    /// Whose it is.
    pub fn role(self) -> Role {
        match self {
            Kind::Csm => Role::Csm,
            Kind::Leader => Role::Leader,
            Kind::Product => Role::Product,
            Kind::Executive => Role::Executive,
        }
    }
}

/// What the templates of a digest may name: texts that are ready to be printed, booleans and lists.
pub trait Context: Serialize + Sized {
    /// Whose templates they are.
    const KIND: Kind;

    /// What `check` renders. The first one has something in every list: the templates' names are held against it.
    fn samples() -> Vec<Self>;

    /// The pictures that its HTML shows.
    fn pictures(&self) -> &[Picture] {
        &[]
    }
}
