//! `[load]`: how much a person can do, and how long things take.

use serde::{Deserialize, Serialize};

use super::value;

/// `[load]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Tasks that begin for one person on one working day, at most; what is severe begins in any case, and counts.
    pub tasks_per_csm_and_day: u32,
    /// While a person has so many tasks to do, only what is severe begins.
    pub open_tasks_per_csm: u32,
    /// Days after its last due day on which what nobody has done is let go of; what is severe goes to the leader first.
    pub let_go_after_days: u32,
    /// The share of a person's hours that such tasks may take on that day, 0 to 1.
    #[serde(deserialize_with = "value::share")]
    pub share_for_plays: f64,
    /// Hours that a task takes, by its kind.
    pub hours: Hours,
}

/// Hours of a task, by its kind; above 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each field holds the hours of the kind of its name")]
pub struct Hours {
    #[serde(deserialize_with = "value::positive")]
    pub call: f64,
    #[serde(deserialize_with = "value::positive")]
    pub visit: f64,
    #[serde(deserialize_with = "value::positive")]
    pub email: f64,
    #[serde(deserialize_with = "value::positive")]
    pub training: f64,
    #[serde(deserialize_with = "value::positive")]
    pub review: f64,
    #[serde(deserialize_with = "value::positive")]
    pub internal: f64,
}

impl Hours {
    /// Hours of a task of this kind.
    pub fn of(&self, kind: &str) -> f64 {
        match kind {
            "visit" => self.visit,
            "email" => self.email,
            "training" => self.training,
            "review" => self.review,
            "internal" => self.internal,
            _ => self.call,
        }
    }
}

impl Default for Hours {
    fn default() -> Hours {
        Hours { call: 0.5, visit: 4.0, email: 0.25, training: 2.0, review: 3.0, internal: 0.5 }
    }
}

impl Default for Load {
    fn default() -> Load {
        Load {
            tasks_per_csm_and_day: 6,
            open_tasks_per_csm: 30,
            let_go_after_days: 30,
            share_for_plays: 0.5,
            hours: Hours::default(),
        }
    }
}
