//! What a pipeline's report says.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Currency, Day, Money};

/// A record that is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its stage; of one that was returned, the stage from which it was.
    pub stage: String,
    /// Who works on it; on one that was returned, who did in the stage from which it was.
    pub owner: Option<String>,
    /// Since when it is there; of one that was returned, when it was.
    pub since: Day,
    /// When its stay ended.
    pub ended_on: Option<Day>,
    /// Days since then.
    pub overdue_days: Option<i32>,
    /// Why it was returned.
    pub reason: Option<String>,
}

/// One stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// In people's words.
    pub title: String,
    /// The phase that it is a step of.
    pub phase: Option<String>,
    /// Who works there.
    pub owner: &'static str,
    /// Records that are there.
    pub records: u64,
    /// Of those, longer than they may.
    pub overdue: u64,
    /// Of those, with an extension.
    pub extended: u64,
    /// What they may bring, by currency.
    pub amounts: Vec<Sum>,
    /// Records that came this far, or further.
    pub reached: u64,
    /// Of those, further.
    pub went_on: u64,
    /// Of those that are not there any more, the share that went on; 0 to 1.
    pub conversion: Option<f64>,
    /// Times that a record was handed back from here.
    pub returned: u64,
    /// Stays that ended by going on or back.
    pub stays: u64,
    /// Their mean length.
    pub mean_days: Option<f64>,
    /// Half of them were no longer.
    pub median_days: Option<i32>,
    /// The share that will be won, as declared.
    pub win_rate_declared: Option<f64>,
    /// Records that came this far and are won, lost or back in the pool.
    pub decided: u64,
    /// Of those, won.
    pub won: u64,
    /// Their share, as lived.
    pub win_rate_lived: Option<f64>,
    /// Its 95 % interval (Wilson).
    pub win_rate_interval: Option<(f64, f64)>,
    /// What is declared lies outside of it.
    pub differs: bool,
}

/// An amount, as decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// The currency.
    pub currency: Currency,
    /// The amount.
    pub amount: String,
    /// The same.
    #[serde(skip)]
    pub money: Money,
}

impl Sum {
    pub(super) fn of(money: Money) -> Sum {
        Sum { currency: money.currency, amount: money.amount(), money }
    }
}

/// Records of one origin.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its name; `unknown` where nobody says.
    pub name: String,
    /// All that came, those set aside among them.
    pub records: u64,
    /// Set aside.
    pub set_aside: u64,
    /// Still on the way.
    pub open: u64,
    /// Won.
    pub won: u64,
    /// Lost, or back in the pool.
    pub not_won: u64,
    /// The share won of those decided.
    pub win_rate: Option<f64>,
    /// What they cost, those set aside among them.
    pub cost: Vec<Sum>,
    /// What those that were won brought.
    pub revenue: Vec<Sum>,
    /// The cost of one that was won, where all is in one currency.
    pub cost_per_won: Option<Sum>,
}

/// `pipeline NAME --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub pipeline: String,
    /// In people's words.
    pub title: String,
    /// The morning.
    pub as_of: Day,
    /// Whether people's moves of the day itself count too.
    pub with_today: bool,
    /// Records that came, those set aside left out.
    pub records: u64,
    /// Of those, still on the way.
    pub open: u64,
    /// Set aside before anything was counted: how many, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Stages of the source that no pipeline knows, and how many records are there. They count as new.
    pub unknown_stages: BTreeMap<String, u64>,
    /// In their order.
    pub stages: Vec<StageReport>,
    /// What is on the way, each amount times the win rate of its stage as declared.
    pub expected: Vec<Sum>,
    /// The same with the win rates as lived, where there are any.
    pub expected_lived: Vec<Sum>,
    /// Longest overdue first; at most 1,000.
    pub overdue: Vec<Waiting>,
    /// How many there are.
    pub overdue_count: u64,
    /// The last to be handed back first; at most 1,000.
    pub returned: Vec<Waiting>,
    /// How often records were handed back, by stage and reason.
    pub returned_reasons: BTreeMap<String, u64>,
    /// Records that sales refused as none of theirs.
    pub refused: u64,
    /// Why records were lost.
    pub lost_reasons: BTreeMap<String, u64>,
    /// Records to be touched by now, by channel.
    pub touches_due: BTreeMap<String, u64>,
    /// By UTM source and medium.
    pub sources: Vec<Group>,
    /// By region.
    pub regions: Vec<Group>,
    /// By industry.
    pub industries: Vec<Group>,
    /// The bar, and what is made of it.
    pub bar: Option<BarReport>,
}

/// How a pipeline stands against its bar.
#[derive(Clone, Debug, Serialize)]
pub struct BarReport {
    /// The least share won.
    pub bar: f64,
    /// Records decided.
    pub decided: u64,
    /// Of those, won.
    pub won: u64,
    /// It fell short and is stopped.
    pub stopped: bool,
}
