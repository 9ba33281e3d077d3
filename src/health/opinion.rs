//! What people hold of an account, beside what is computed: overrides of the score, sentiments, calls of renewals. Each has a
//! reason and an author, and counts from the day on which it was said until it ends or is withdrawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Day, Id, Instant};

/// Days after which a sentiment counts half.
pub const HALF_LIFE_DAYS: f64 = 45.0;
/// The most that a sentiment counts, as a share of the score that is shown with it.
const SENTIMENT_SHARE: f64 = 0.15;
/// Days after which a sentiment says nothing any more: four half-lives.
const SENTIMENT_DAYS: i32 = 180;
/// Days that an override lasts at the most.
const LONGEST_OVERRIDE_DAYS: i32 = 366;
/// Characters of a reason.
const LONGEST_REASON: usize = 1000;

/// What is expected of a renewal (FIELD, forecast categories).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It will be renewed.
    Commit,
    /// It will be renewed if all goes well.
    BestCase,
    /// It may not be renewed.
    AtRisk,
    /// It will not be renewed.
    Lost,
}

impl Call {
    /// All, the best first.
    pub const ALL: [Call; 4] = [Call::Commit, Call::BestCase, Call::AtRisk, Call::Lost];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Call::Commit => "commit",
            Call::BestCase => "best_case",
            Call::AtRisk => "at_risk",
            Call::Lost => "lost",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Call::Commit => "commit",
            Call::BestCase => "best case",
            Call::AtRisk => "at risk",
            Call::Lost => "lost",
        }
    }

    /// Reads a name, in either spelling.
    pub fn parse(text: &str) -> Option<Call> {
        let name = text.trim().to_lowercase().replace([' ', '-'], "_");
        Call::ALL.into_iter().find(|call| call.name() == name)
    }
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The score to be shown, 0 to 100.
    Override(f64),
    /// How the customer feels, 0 to 100.
    Sentiment(f64),
    /// What becomes of a renewal.
    Call {
        /// The forecast.
        call: Call,
        /// The contract; `None`: all of the account.
        contract_id: Option<Id>,
        /// The first day without service, as known when it was said: the renewal that is meant.
        term_ends_on: Day,
    },
}

impl Said {
    /// As in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Said::Override(_) => "override",
            Said::Sentiment(_) => "sentiment",
            Said::Call { .. } => "call",
        }
    }
}

/// One opinion.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// `o-7`.
    pub id: String,
    /// Of which account.
    pub account_id: Id,
    /// What was said.
    pub said: Said,
    /// Why.
    pub reason: String,
    /// By whom: a user's id, or the name of who sat at the keyboard.
    pub author: String,
    /// When.
    pub said_at: Instant,
    /// The same in the company's civil time: it counts from that day on.
    pub said_on: Day,
    /// The first day on which it does not count any more.
    pub expires_on: Option<Day>,
    /// Since when it is withdrawn, by whom and why.
    pub withdrawn: Option<Withdrawal>,
}

/// An opinion was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withdrawal {
    /// When.
    #[serde(skip)]
    pub at: Instant,
    /// The first day on which it does not count any more.
    pub on: Day,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Opinion {
    /// Why it cannot be said so, if it cannot: an error for whoever says it.
    pub fn refused(&self) -> Option<String> {
        refused_reason(&self.reason).or_else(|| match self.said {
            Said::Override(score) | Said::Sentiment(score) if !(0.0..=100.0).contains(&score) => {
                Some(format!("{score} is not between 0 and 100"))
            }
            Said::Override(_) => match self.expires_on {
                None => Some("an override needs a day on which it ends".to_owned()),
                Some(day) if day <= self.said_on => Some(format!("it ends on {day}, which is not after today, {}", self.said_on)),
                Some(day) if day - self.said_on > LONGEST_OVERRIDE_DAYS => Some(format!(
                    "it ends on {day}: an override lasts a year at most, until {}",
                    self.said_on + LONGEST_OVERRIDE_DAYS
                )),
                Some(_) => None,
            },
            _ => None,
        })
    }

    /// Whether it counts on a day.
    pub fn holds_on(&self, day: Day) -> bool {
        self.said_on <= day
            && self.expires_on.is_none_or(|end| day < end)
            && self.withdrawn.as_ref().is_none_or(|withdrawn| day < withdrawn.on)
    }
}

/// Why a reason is none, if it is none.
pub fn refused_reason(reason: &str) -> Option<String> {
    if reason.trim().is_empty() {
        return Some("it needs a reason: the next one to look at the account reads it".to_owned());
    }
    if reason.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Some("the reason has a control character; write it without".to_owned());
    }
    (reason.chars().count() > LONGEST_REASON).then(|| format!("the reason is longer than {LONGEST_REASON} characters"))
}

/// When a sentiment ends that is said on this day.
pub fn sentiment_ends(said_on: Day) -> Day {
    said_on + SENTIMENT_DAYS
}

/// A sentiment on some morning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Felt<'a> {
    /// What was said.
    pub opinion: &'a Opinion,
    /// 0 to 100.
    pub score: f64,
    /// Its share of the score that is shown with it: at most 0.15, half of that after 45 days.
    pub weight: f64,
}

impl Felt<'_> {
    /// A score, this sentiment taken in.
    pub fn with(&self, score: f64) -> f64 {
        score * (1.0 - self.weight) + self.score * self.weight
    }
}

/// All that was ever said, by account.
#[derive(Clone, Debug, Default)]
pub struct Opinions(BTreeMap<String, Vec<Opinion>>);

impl Opinions {
    /// Of opinions in the order in which they were said.
    pub fn new(opinions: Vec<Opinion>) -> Opinions {
        let mut accounts: BTreeMap<String, Vec<Opinion>> = BTreeMap::new();
        for opinion in opinions {
            accounts.entry(opinion.account_id.to_string()).or_default().push(opinion);
        }
        Opinions(accounts)
    }

    /// Those of an account that count on a day, the last said first.
    pub fn on(&self, account: &str, day: Day) -> impl Iterator<Item = &Opinion> {
        self.0.get(account).into_iter().flatten().rev().filter(move |opinion| opinion.holds_on(day))
    }

    /// The override of a score on a day: the one that was said last, and its score.
    pub fn score_on(&self, account: &str, day: Day) -> Option<(&Opinion, f64)> {
        self.on(account, day).find_map(|opinion| match opinion.said {
            Said::Override(score) => Some((opinion, score)),
            _ => None,
        })
    }

    /// The sentiment on a day: the one that was said last.
    pub fn sentiment_on(&self, account: &str, day: Day) -> Option<Felt<'_>> {
        self.on(account, day).find_map(|opinion| match opinion.said {
            Said::Sentiment(score) => {
                let half_lives = f64::from(day - opinion.said_on) / HALF_LIFE_DAYS;
                Some(Felt { opinion, score, weight: SENTIMENT_SHARE * 0.5_f64.powf(half_lives) })
            }
            _ => None,
        })
    }

    /// The calls on a day, the last of each contract and the last of the account as a whole. `end`: the end of the account's
    /// term as it is known on that day; what was said of a term that has been renewed since is over.
    pub fn calls_on(&self, account: &str, day: Day, end: Option<Day>) -> Vec<&Opinion> {
        let mut calls: Vec<&Opinion> = Vec::new();
        for opinion in self.on(account, day) {
            let Said::Call { contract_id, term_ends_on, .. } = &opinion.said else { continue };
            let same = |known: &&Opinion| matches!(&known.said, Said::Call { contract_id: other, .. } if other == contract_id);
            let renewed = contract_id.is_none() && end.is_none_or(|end| end > *term_ends_on);
            if !renewed && !calls.iter().any(same) {
                calls.push(opinion);
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Day = Day::from_days(20_000);

    pub fn opinion(said: Said, said_on: Day, expires_on: Option<Day>) -> Opinion {
        Opinion {
            id: format!("o-{}", said_on.days()),
            account_id: Id::parse("acme").unwrap(),
            said,
            reason: "their buyer told me".to_owned(),
            author: "dana".to_owned(),
            said_at: Instant::from_micros(0),
            said_on,
            expires_on,
            withdrawn: None,
        }
    }

    #[test]
    fn an_override_needs_a_reason_and_an_end_within_a_year() {
        let refused = |score, end: Option<i32>, reason: &str| {
            let one = opinion(Said::Override(score), DAY, end.map(|days| DAY + days));
            Opinion { reason: reason.to_owned(), ..one }.refused().unwrap_or_default()
        };
        assert_eq!(refused(30.0, Some(1), "x"), "");
        assert_eq!(refused(0.0, Some(366), "x"), "");
        for (score, end, reason, said) in [
            (30.0, None, "x", "needs a day"),
            (30.0, Some(0), "x", "not after today"),
            (30.0, Some(367), "x", "a year at most"),
            (100.1, Some(1), "x", "between 0 and 100"),
            (f64::NAN, Some(1), "x", "between 0 and 100"),
            (30.0, Some(1), " \n", "needs a reason"),
            (30.0, Some(1), "a\u{1b}b", "control character"),
        ] {
            assert!(refused(score, end, reason).contains(said), "{score} {end:?} {reason}");
        }
    }

    #[test]
    fn it_counts_from_the_day_it_was_said_to_the_day_it_ends_and_the_last_one_wins() {
        let first = opinion(Said::Override(30.0), DAY, Some(DAY + 10));
        let second = opinion(Said::Override(80.0), DAY + 3, Some(DAY + 5));
        let withdrawn = Withdrawal { at: Instant::from_micros(0), on: DAY + 7, by: "lee".to_owned(), reason: "x".to_owned() };
        let opinions = Opinions::new(vec![Opinion { withdrawn: Some(withdrawn), ..first }, second]);
        let score = |days| opinions.score_on("acme", DAY + days).map(|(_, score)| score);
        assert_eq!(
            [-1, 0, 2, 3, 4, 5, 6, 7].map(score),
            [None, Some(30.0), Some(30.0), Some(80.0), Some(80.0), Some(30.0), Some(30.0), None]
        );
        assert!(opinions.score_on("birch", DAY).is_none());
    }

    #[test]
    fn a_sentiment_counts_half_after_45_days() {
        let opinions = Opinions::new(vec![opinion(Said::Sentiment(100.0), DAY, Some(sentiment_ends(DAY)))]);
        let with = |days| opinions.sentiment_on("acme", DAY + days).map(|felt| felt.with(50.0));
        assert_eq!((with(0), with(45), with(180)), (Some(57.5), Some(53.75), None));
    }

    #[test]
    fn a_call_is_over_when_the_term_was_renewed() {
        let call = |call, contract_id| Said::Call { call, contract_id, term_ends_on: DAY + 60 };
        let contract = Some(Id::parse("c1").unwrap());
        let opinions = Opinions::new(vec![
            opinion(call(Call::Commit, None), DAY, Some(DAY + 150)),
            opinion(call(Call::Lost, contract), DAY, Some(DAY + 150)),
            opinion(call(Call::AtRisk, None), DAY + 1, Some(DAY + 150)),
        ]);
        let calls = |end: Option<i32>| {
            let calls = opinions.calls_on("acme", DAY + 2, end.map(|days| DAY + days));
            calls.iter().map(|one| matches!(one.said, Said::Call { call: Call::AtRisk, .. })).collect::<Vec<_>>()
        };
        assert_eq!(calls(Some(60)), [true, false]);
        assert_eq!(calls(Some(30)), [true, false], "cancelled early: the call stands to be judged");
        assert_eq!((calls(Some(425)), calls(None)), (vec![false], vec![false]));
        assert_eq!(
            [Call::parse("Best case"), Call::parse("best_case"), Call::parse("x")],
            [Some(Call::BestCase), Some(Call::BestCase), None]
        );
    }

    proptest! {
        #[test]
        fn a_sentiment_never_moves_a_score_further_than_its_share(score in 0.0..100.0, felt in 0.0..100.0, days in 0..400i32) {
            let opinions = Opinions::new(vec![opinion(Said::Sentiment(felt), DAY, Some(sentiment_ends(DAY)))]);
            let with = opinions.sentiment_on("acme", DAY + days).map_or(score, |one| one.with(score));
            prop_assert!((0.0..=100.0).contains(&with) && (with - score).abs() <= 0.15 * (felt - score).abs() + 1e-9);
        }
    }
}
