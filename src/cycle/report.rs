//! What a cycle tells: the JSON that outside programs read (INTERFACE), and the numbers for people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::health::Band;
use crate::health::explain::Change;
use crate::health::opinion::{Call, Opinion, Said, Withdrawal};
use crate::model::Day;
use crate::signals::State;

/// `cycle --json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CycleReport {
    /// Its morning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Day>,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates, because history came in bulk.
    pub as_of_approximated: bool,
    /// Rows read, by source.
    pub pulled: BTreeMap<String, u64>,
    /// Rows set aside.
    pub rejected: u64,
    /// Sources of which nothing was taken in, and why.
    pub refused: BTreeMap<String, String>,
    /// What else should be known of the pull.
    pub notes: Vec<String>,
    /// Accounts with a score.
    pub scored: u64,
    /// Accounts of which too little is known.
    pub unknown: u64,
    /// Accounts by the band of their score.
    pub bands: BTreeMap<&'static str, u64>,
    /// Signs found.
    pub diagnoses: u64,
    /// New tasks.
    pub tasks_opened: u64,
    /// Tasks that reviews closed.
    pub tasks_closed: u64,
    /// Prescriptions that wait because their owners' days are full.
    pub prescriptions_waiting: u64,
    /// Plays that did not act because a source has stopped, with the number of accounts.
    pub paused: BTreeMap<String, u64>,
    /// Digests written.
    pub digests: u64,
    /// Mails that were accepted.
    pub sent: u64,
    /// Mails that were not.
    pub failed: u64,
    /// Accounts without anybody who looks after them, or whose CSM is not among the users.
    pub without_csm: u64,
    /// Time taken, by stage.
    pub seconds: BTreeMap<&'static str, f64>,
}

/// `scores --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ScoresReport {
    /// The morning.
    pub as_of: Day,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// `true`: as a cycle gave them on that morning. `false`: worked out now, under today's rules.
    pub given: bool,
    /// By account id.
    pub accounts: Vec<AccountScore>,
}

/// One account of `scores --json`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountScore {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// 0 to 100; where a person overrides it, what that person says.
    pub score: Option<f64>,
    /// At the account's previous turn.
    pub previous: Option<f64>,
    /// The band.
    pub band: Band,
    /// The band at the account's previous turn.
    pub previous_band: Option<Band>,
    /// The score as it was computed, whatever people hold of it.
    pub computed_score: Option<f64>,
    /// The band of that.
    pub computed_band: Band,
    /// The computed score, the sentiment that counts on that morning taken in; the score itself where there is none.
    pub score_with_sentiment: Option<f64>,
    /// What people hold of the account on that morning.
    pub opinions: Vec<OpinionReport>,
    /// 0 to 1.
    pub coverage: f64,
    /// The chance of not renewing at the end of the term; without a term of two months or longer, of leaving within the
    /// configured horizon. 0 to 1.
    pub churn_probability: Option<f64>,
    /// Where the account is in its life.
    pub lifecycle: &'static str,
    /// What holds the score down, the costliest first.
    pub reasons: Vec<String>,
}

/// What a person holds of an account.
#[derive(Clone, Debug, Serialize)]
pub struct OpinionReport {
    /// Its id.
    pub id: String,
    /// Of which account.
    pub account_id: String,
    /// `override`, `sentiment` or `call`.
    pub kind: &'static str,
    /// 0 to 100; of overrides and sentiments.
    pub score: Option<f64>,
    /// The forecast; of calls.
    pub call: Option<Call>,
    /// The contract whose renewal is meant; `None`: all of the account.
    pub contract_id: Option<String>,
    /// The end of the term that is meant; of calls.
    pub term_ends_on: Option<Day>,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// Since when it counts.
    pub said_on: Day,
    /// The first day on which it does not count any more.
    pub expires_on: Option<Day>,
    /// When, by whom and why it was taken back.
    pub withdrawn: Option<Withdrawal>,
}

impl OpinionReport {
    /// As programs read it.
    pub fn of(opinion: &Opinion) -> OpinionReport {
        let (mut score, mut forecast, mut contract, mut end) = (None, None, None, None);
        match &opinion.said {
            Said::Override(said) | Said::Sentiment(said) => score = Some(*said),
            Said::Call { call, contract_id, term_ends_on } => {
                (forecast, contract, end) = (Some(*call), contract_id.as_ref().map(ToString::to_string), Some(*term_ends_on));
            }
        }
        OpinionReport {
            id: opinion.id.clone(),
            account_id: opinion.account_id.to_string(),
            kind: opinion.said.kind(),
            score,
            call: forecast,
            contract_id: contract,
            term_ends_on: end,
            reason: opinion.reason.clone(),
            by: opinion.author.clone(),
            said_on: opinion.said_on,
            expires_on: opinion.expires_on,
            withdrawn: opinion.withdrawn.clone(),
        }
    }
}

impl OpinionReport {
    /// Whether it counts on that morning.
    pub fn holds_on(&self, day: Day) -> bool {
        let ends = self.expires_on.into_iter().chain(self.withdrawn.as_ref().map(|withdrawal| withdrawal.on));
        self.said_on <= day && ends.into_iter().all(|end| day < end)
    }
}

/// `score ACCOUNT --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreReport {
    /// The morning.
    pub as_of: Day,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// `true`: the number is the one that a cycle gave on that morning.
    pub given: bool,
    /// The scorecard that served the account.
    pub scorecard: String,
    /// The account.
    #[serde(flatten)]
    pub account: AccountScore,
    /// What the score is the sum of.
    pub factors: Vec<FactorReport>,
    /// Since when [`Self::changes`] are told: the account's previous turn.
    pub changed_since: Option<Day>,
    /// What moved since then; the deltas sum to the change of the score.
    pub changes: Vec<Change>,
    /// Where the account stands with its first value, for people.
    pub first_value: Option<String>,
}

/// One factor of `score ACCOUNT --json`.
#[derive(Clone, Debug, Serialize)]
pub struct FactorReport {
    /// The dimension; `cap` for a hard rule, `override` for a person's.
    pub dimension: String,
    /// The signal; the reason of a hard rule.
    pub signal: String,
    /// The reading.
    pub input: Option<f64>,
    /// The reading for people.
    pub text: String,
    /// The day of the newest fact behind it.
    pub observed_on: Option<Day>,
    /// Days since then.
    pub age_days: Option<i32>,
    /// Its share of the score, 0 to 1.
    pub weight: f64,
    /// What it adds.
    pub points: f64,
    /// What it could add.
    pub max_points: f64,
    /// Whether the reading can be relied on.
    pub state: State,
}
