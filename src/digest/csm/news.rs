//! What of a digest is news: it is told once, and where the mail did not arrive, by the next one. What is to be done needs
//! none of this: it stands in every digest until it is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::{ChangeItem, ReviewItem};
use crate::digest::Ranked;
use crate::health::Band;
use crate::model::{Day, Id};

/// Points from which a change within a band is told.
pub const TOLD_CHANGE: f64 = 5.0;
/// Items of each kind that are carried on to the next mail.
const MOST: usize = 500;

/// Tasks that came to the reader with accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedItem {
    /// Whose they were.
    pub from: String,
    /// On which morning they came.
    pub on: Day,
    /// How many.
    pub tasks: usize,
}

/// What of one digest is news.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Accounts that changed, each once.
    pub changes: Vec<ChangeItem>,
    /// What came of prescriptions.
    pub reviews: Vec<ReviewItem>,
    /// Tasks that came.
    #[serde(default)]
    pub moved: Vec<MovedItem>,
}

impl News {
    /// From the text that [`News::to_text`] gives.
    pub fn parse(text: &str) -> Result<News, String> {
        if text.is_empty() {
            return Ok(News::default());
        }
        serde_json::from_str(text).map_err(|error| format!("the news kept with a mail cannot be read: {error}"))
    }

    /// As text; empty for nothing. The first five hundred of each kind are kept.
    pub fn to_text(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut kept = self.clone();
        kept.trim();
        // Text, numbers and lists: there is nothing in it that JSON cannot say.
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.reviews.is_empty() && self.moved.is_empty()
    }

    /// Forgets what is too much to be carried on.
    pub fn trim(&mut self) {
        self.changes.sort_by(Ranked::rank);
        self.changes.truncate(MOST);
        self.reviews.sort_by(Ranked::rank);
        self.reviews.truncate(MOST);
        self.moved.truncate(MOST);
    }

    /// Adds later news.
    pub fn join(&mut self, later: News) {
        for change in later.changes {
            let before = self.changes.iter().position(|before| before.account_id == change.account_id);
            let joined = match before.map(|at| self.changes.remove(at)) {
                Some(before) => {
                    let (score, band) = (change.score, change.band);
                    since(before, Some(change), score, band)
                }
                None => Some(change),
            };
            self.changes.extend(joined);
        }
        for review in later.reviews {
            if !self.reviews.contains(&review) {
                self.reviews.push(review);
            }
        }
        for moved in later.moved {
            if !self.moved.contains(&moved) {
                self.moved.push(moved);
            }
        }
    }

    /// What of it the other does not tell.
    #[must_use]
    pub fn without(mut self, told: &News) -> News {
        self.changes.retain(|change| !told.changes.iter().any(|other| is_same(change, other)));
        self.reviews.retain(|review| !told.reviews.contains(review));
        self.moved.retain(|moved| !told.moved.contains(moved));
        self
    }

    /// What of it is about an account, by account, so that each can be asked for as it goes by.
    pub fn by_account(self) -> BTreeMap<Id, News> {
        let mut accounts = BTreeMap::<Id, News>::new();
        for change in self.changes {
            accounts.entry(change.account_id.clone()).or_default().changes.push(change);
        }
        for review in self.reviews {
            accounts.entry(review.account_id.clone()).or_default().reviews.push(review);
        }
        accounts
    }
}

/// A change that is yet to be told, together with what changed after it: from where it began to where the account stands
/// now. `None` when it is back where it was.
pub fn since(before: ChangeItem, after: Option<ChangeItem>, score: Option<f64>, band: Band) -> Option<ChangeItem> {
    let mut joined = match after {
        // It goes back as far.
        Some(after) if shown(after.previous) == shown(before.previous) && after.previous_band == before.previous_band => {
            return Some(after);
        }
        Some(after) => {
            let earlier = before.factors.into_iter().filter(|(text, _)| !after.factors.iter().any(|(other, _)| other == text));
            let factors = after.factors.iter().cloned().chain(earlier).collect();
            ChangeItem { previous: before.previous, previous_band: before.previous_band, factors, ..after }
        }
        None => ChangeItem { score, band, ..before },
    };
    joined.factors.sort_by(|(one, a), (other, b)| b.abs().total_cmp(&a.abs()).then_with(|| one.cmp(other)));
    let told = joined.band != joined.previous_band || joined.points().abs() >= TOLD_CHANGE;
    told.then_some(joined)
}

fn is_same(one: &ChangeItem, other: &ChangeItem) -> bool {
    let key = |change: &ChangeItem| {
        (change.account_id.clone(), shown(change.previous), change.previous_band, shown(change.score), change.band)
    };
    key(one) == key(other)
}

/// A score as finely as people see it: text keeps the last bit of a number only by chance.
fn shown(score: Option<f64>) -> Option<String> {
    score.map(|score| format!("{score:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(account: &str, previous: f64, score: f64, bands: (Band, Band), factor: &str) -> ChangeItem {
        ChangeItem {
            account_id: Id::parse(account).unwrap(),
            account_name: account.to_owned(),
            score: Some(score),
            previous: Some(previous),
            band: bands.1,
            previous_band: bands.0,
            factors: vec![(factor.to_owned(), score - previous)],
            risk: String::new(),
        }
    }

    fn review(account: &str, outcome: &str) -> ReviewItem {
        ReviewItem {
            account_id: Id::parse(account).unwrap(),
            account_name: account.to_owned(),
            play: "play".to_owned(),
            outcome: outcome.to_owned(),
            next: String::new(),
        }
    }

    fn moved(tasks: usize) -> MovedItem {
        MovedItem { from: "ann".to_owned(), on: Day::from_days(20_778), tasks }
    }

    #[test]
    fn two_nights_become_one_change_from_where_it_began() {
        let friday = change("a", 80.0, 60.0, (Band::Healthy, Band::Watch), "use fell");
        let saturday = change("a", 60.0, 30.0, (Band::Watch, Band::AtRisk), "champion left");
        let other = change("b", 50.0, 70.0, (Band::Watch, Band::Healthy), "use rose");
        let mut news = News { changes: vec![friday, other.clone()], reviews: vec![review("a", "helped")], ..News::default() };
        let reviews = vec![review("a", "helped"), review("b", "did not help")];
        news.join(News { changes: vec![saturday], reviews, ..News::default() });
        assert_eq!(news.changes.len(), 2, "no account twice");
        let joined = news.changes.iter().find(|one| one.account_id.as_str() == "a").unwrap();
        assert_eq!((joined.previous, joined.score), (Some(80.0), Some(30.0)));
        assert_eq!((joined.previous_band, joined.band), (Band::Healthy, Band::AtRisk));
        assert_eq!(joined.factors, [("champion left".to_owned(), -30.0), ("use fell".to_owned(), -20.0)]);
        assert_eq!(news.changes.iter().find(|one| one.account_id.as_str() == "b"), Some(&other));
        assert_eq!(news.reviews.len(), 2, "what stands there already is not told twice");
    }

    #[test]
    fn what_is_back_where_it_was_is_no_news() {
        let down = change("a", 80.0, 60.0, (Band::Healthy, Band::Watch), "use fell");
        let up = change("a", 60.0, 78.0, (Band::Watch, Band::Healthy), "use rose");
        assert_eq!(since(down.clone(), Some(up), Some(78.0), Band::Healthy), None);
        // Nothing more happened: it is told as it stands now.
        let still = since(down.clone(), None, Some(58.0), Band::Watch).unwrap();
        assert_eq!((still.previous, still.score), (Some(80.0), Some(58.0)));
        // A later change that goes back as far says it all.
        let again = change("a", 80.0, 55.0, (Band::Healthy, Band::Watch), "use fell more");
        assert_eq!(since(down, Some(again.clone()), Some(55.0), Band::Watch), Some(again));
    }

    #[test]
    fn news_are_kept_as_text_and_what_was_told_is_taken_out() {
        let told = News {
            changes: vec![change("a", 80.0, 60.0, (Band::Healthy, Band::Watch), "x")],
            reviews: vec![review("a", "y")],
            moved: vec![moved(3)],
        };
        assert_eq!(News::parse(&told.to_text()).unwrap(), told);
        assert_eq!(News::parse("").unwrap().to_text(), "");
        let mut more = told.clone();
        more.reviews.push(review("b", "z"));
        more.moved.push(moved(5));
        assert_eq!(
            more.clone().without(&told),
            News { reviews: vec![review("b", "z")], moved: vec![moved(5)], ..News::default() }
        );
        assert!(told.clone().without(&more).is_empty());
        assert!(News::parse("{").is_err());
        more.reviews = (0..600).map(|number| review(&format!("a{number}"), "y")).collect();
        assert_eq!(News::parse(&more.to_text()).unwrap().reviews.len(), 500);
    }
}
