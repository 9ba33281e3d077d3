//! A pipeline as it is used: its stages in their order, and what may happen in each.

use super::{Ask, Kind, Span, Stay};
use crate::signals::condition::Condition;

/// A pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Its name: lower-case letters, digits and `-`.
    pub name: String,
    /// What it is, in people's words.
    pub title: String,
    /// Which records go through it.
    pub kind: Kind,
    /// Which of them, and from when.
    pub opens: Opens,
    /// Whether duplicates and records that cannot be reached are set aside before anything is counted.
    pub set_aside: bool,
    /// Whether its stages stand side by side, as the calls of a renewal do: who was not in one has not come by it.
    pub side_by_side: bool,
    /// The questionnaire.
    pub questions: Vec<Question>,
    /// What happens wherever a record stands, before what its stage says.
    pub moves: Vec<Rule>,
    /// In their order; never empty.
    pub stages: Vec<Stage>,
    /// Below it the pipeline is stopped.
    pub bar: Option<Bar>,
    /// Records with the stages they must be in.
    pub examples: Vec<super::Example>,
}

/// Which records a pipeline takes in.
#[derive(Clone, Debug, PartialEq)]
pub enum Opens {
    /// All of its kind, apart from leads whose stage only another pipeline knows.
    All,
    /// Leads whose stage is, or once was, one of its own.
    OwnStages,
    /// Only what a stage of another pipeline hands over.
    HandedOver,
    /// Those for which this holds, from the day on which it does.
    When(Box<When>),
}

/// A condition on the record, on the account's signals, or on both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct When {
    /// On the record.
    pub record: Option<Ask>,
    /// On the account: the night asks it, and notes from when to when it held.
    pub account: Option<Condition>,
}

/// A question of the questionnaire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In one word.
    pub name: String,
    /// As it is asked.
    pub ask: String,
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// In people's words.
    pub title: String,
    /// The phase that it is a step of.
    pub phase: Option<String>,
    /// What sources call it besides, in lower case with blanks.
    pub words: Vec<String>,
    /// Who works on records here.
    pub owner: Owner,
    /// What a record needs to come here.
    pub requires: Requires,
    /// How long it may stay.
    pub stay: Option<Stay>,
    /// How a stay is extended.
    pub extend: Option<Extend>,
    /// What happens at its end; where nothing does, the record is overdue.
    pub at_end: Option<AtEnd>,
    /// A person who moves a record from here to that stage says that it should not have come: it is not counted as having.
    pub refused_to: Option<usize>,
    /// The share of records here that will be won, as declared.
    pub win_rate: Option<f64>,
    /// What happens by itself.
    pub moves: Vec<Rule>,
    /// When records are touched here, and how: the first that fits.
    pub timetable: Vec<Touch>,
    /// What being here means.
    pub role: Role,
    /// The pipeline that a record goes through while it is here.
    pub goes_on: Option<GoesOn>,
}

/// What being in a stage means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// On the way.
    Open,
    /// Reached.
    Won,
    /// Given up.
    Lost,
    /// Waiting in common until somebody takes it up again.
    Pool,
}

/// Who works on the records of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody.
    Nobody,
    /// Whoever the record names.
    Record,
    /// The CSM of the account.
    Csm,
    /// The leader.
    Leader,
    /// A department without a person's name.
    Department(&'static str),
}

/// What a record needs to come into a stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requires {
    /// Fields that must be filled.
    pub fields: Vec<super::Field>,
    /// Good answers to the questionnaire.
    pub good_answers: u32,
    /// What must hold, and why.
    pub record: Option<Ask>,
    /// Nobody may put it here from so many days before its end on.
    pub days_before_end: Option<u32>,
}

/// How a stay is extended, with approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extend {
    /// By so long each time.
    pub by: Span,
    /// So often.
    pub times: u32,
    /// So many extended records of one owner at once.
    pub per_owner: u32,
}

/// What happens at the end of a stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtEnd {
    /// Where the record goes.
    pub to: usize,
    /// Whether it is handed back, and so counted as returned.
    pub hands_back: bool,
    /// Why.
    pub because: String,
}

/// A move that happens by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where to.
    pub to: usize,
    /// When.
    pub when: When,
    /// Why, for people.
    pub because: String,
}

/// When a record of a stage is touched, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// For which records; for all, if absent.
    pub when: Option<Ask>,
    /// On these days after coming into the stage.
    pub on_days: Vec<u32>,
    /// So long after the last touch, or after coming into the stage.
    pub every: Option<Span>,
    /// By which channel.
    pub by: String,
}

/// The pipeline that a record goes through while it is in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoesOn {
    /// Its name.
    pub pipeline: String,
    /// Where the record goes when it is won there.
    pub won: usize,
    /// Where it goes when it is lost there.
    pub lost: usize,
    /// Where the file names the pipeline.
    pub line: u64,
    /// Where in the line.
    pub column: u64,
}

/// The bar that a pipeline is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The least share won of those decided.
    pub won: f64,
    /// So many must be decided before anybody judges.
    pub decided: u32,
}

impl Pipeline {
    /// The number of the stage with this name, or which sources call so.
    pub fn stage(&self, word: &str) -> Option<usize> {
        let word = plain(word);
        let names = |stage: &Stage| plain(&stage.name) == word || stage.words.contains(&word);
        self.stages.iter().position(names)
    }

    /// What is asked of accounts by night.
    pub fn signs(&self) -> impl Iterator<Item = &Condition> {
        self.conditions().filter_map(|when| when.account.as_ref())
    }

    /// The sign without which no record begins, where there is one.
    pub fn opening_sign(&self) -> Option<String> {
        match &self.opens {
            Opens::When(when) => when.account.as_ref().map(|condition| self.sign(condition)),
            _ => None,
        }
    }

    /// Whether an account that left is what it is about: each time that it leaves is a record of its own.
    pub fn opens_by_leaving(&self) -> bool {
        let leaves = |ask: &Ask| ask.reads(super::Field::Left) || ask.reads(super::Field::Returned);
        matches!(&self.opens, Opens::When(when) if when.record.as_ref().is_some_and(leaves))
    }

    /// Whether anything in it hangs on this field of a record.
    pub fn reads(&self, field: super::Field) -> bool {
        let touches = self.stages.iter().flat_map(|stage| &stage.timetable).filter_map(|touch| touch.when.as_ref());
        let required = self.stages.iter().filter_map(|stage| stage.requires.record.as_ref());
        let conditions = self.conditions().filter_map(|when| when.record.as_ref());
        conditions.chain(touches).chain(required).any(|ask| ask.reads(field))
            || self.stages.iter().any(|stage| stage.requires.fields.contains(&field))
    }

    /// What opens it and what moves its records.
    fn conditions(&self) -> impl Iterator<Item = &When> {
        let opens = match &self.opens {
            Opens::When(when) => Some(when.as_ref()),
            _ => None,
        };
        let rules = self.moves.iter().chain(self.stages.iter().flat_map(|stage| &stage.moves));
        opens.into_iter().chain(rules.map(|rule| &rule.when))
    }

    /// The key under which the answers to a condition are kept: another condition has other answers.
    pub fn sign(&self, condition: &Condition) -> String {
        format!("{}: {}", self.name, condition.text())
    }
}

impl Owner {
    /// As it is printed where no person is known.
    pub fn word(self) -> &'static str {
        match self {
            Owner::Nobody => "nobody",
            Owner::Record => "owner",
            Owner::Csm => "csm",
            Owner::Leader => "leader",
            Owner::Department(name) => name,
        }
    }
}

/// A stage's word as it is compared: `Marketing_Qualified` is `marketing qualified`.
pub fn plain(word: &str) -> String {
    let blank = |c: char| if matches!(c, '-' | '_') { ' ' } else { c };
    word.to_lowercase().chars().map(blank).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
