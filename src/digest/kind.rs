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
    /// Where the company is going: monthly.
    Executive,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Csm, Kind::Leader, Kind::Executive];
    /// Those that come at times of their own, and not with every cycle.
    pub const PERIODIC: [Kind; 2] = [Kind::Leader, Kind::Executive];

    /// As in keys, in the configuration and among templates.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Csm => "csm",
            Kind::Leader => "leader",
            Kind::Executive => "executive",
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
            Kind::Executive => &digests.executive,
        }
    }

    /// Whose it is.
    pub fn role(self) -> Role {
        match self {
            Kind::Csm => Role::Csm,
            Kind::Leader => Role::Leader,
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
