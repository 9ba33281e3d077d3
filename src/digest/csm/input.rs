//! What a cycle gives to the digest of one reader, gathered account by account.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{Book, Ranked, Reader, Top};
use crate::health::Band;
use crate::model::{Day, Id, Money};
use crate::playbook::Severity;

/// Something to be done.
#[derive(Clone, Debug)]
pub struct TaskItem {
    /// The task's id.
    pub id: String,
    /// For which account.
    pub account_id: Id,
    /// Its name.
    pub account_name: String,
    /// What to do.
    pub title: String,
    /// The diagnosis, with its numbers.
    pub why: String,
    /// By when.
    pub due_on: Day,
    /// How, in a sentence or two; empty where the playbook gives none.
    pub solution: String,
    /// The name of the solution; empty where there is none.
    pub solution_name: String,
    /// 1 for the first prescription, 2 when the first did not help, and so on.
    pub attempt: u32,
    /// What the account pays in a year, where contracts say.
    pub arr: Option<Money>,
    /// Whether the leader was told.
    pub escalated: bool,
    /// Whether it could not wait for the account's turn.
    pub severe: bool,
    /// How much its play weighs.
    pub severity: Severity,
}

/// An account whose score or band is another than at its last turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeItem {
    /// Which account.
    pub account_id: Id,
    /// Its name.
    pub account_name: String,
    /// 0–100; `None` when too little is known now.
    pub score: Option<f64>,
    /// 0–100; `None` when it was unknown then.
    pub previous: Option<f64>,
    /// The band now.
    pub band: Band,
    /// The band then.
    pub previous_band: Band,
    /// What moved it, with the points given (+) or taken (−), largest first.
    pub factors: Vec<(String, f64)>,
    /// The chance that it leaves, in words; empty where nobody knows.
    #[serde(default)]
    pub risk: String,
}

/// What came of a prescription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// For which account.
    pub account_id: Id,
    /// Its name.
    pub account_name: String,
    /// The play that was prescribed.
    pub play: String,
    /// What the review found, with its numbers.
    pub outcome: String,
    /// What follows; empty where nothing does.
    pub next: String,
}

/// An account that cannot be scored.
#[derive(Clone, Debug)]
pub struct UnknownItem {
    /// Which account.
    pub account_id: Id,
    /// Its name.
    pub account_name: String,
    /// What is missing.
    pub why: String,
}

/// A person's override of a score that ends soon.
#[derive(Clone, Debug)]
pub struct EndingItem {
    /// Of which account.
    pub account_id: Id,
    /// Its name.
    pub account_name: String,
    /// The score that it sets.
    pub score: f64,
    /// The first day on which it does not count any more.
    pub ends_on: Day,
}

/// A source whose data is too old to act on.
#[derive(Clone, Debug)]
pub struct StaleItem {
    /// The source's name.
    pub source: String,
    /// Which of its data are stale, such as `tickets and surveys`; empty where none are yet.
    pub what: String,
    /// The last day of which they are known.
    pub since: Day,
    /// Why nothing was taken in this time, if so.
    pub refused: Option<String>,
}

/// A record of a pipeline that waits for the reader.
#[derive(Clone, Debug)]
pub struct StagedItem {
    /// Its id.
    pub record: String,
    /// What people call it.
    pub name: String,
    /// The pipeline, in people's words.
    pub pipeline: String,
    /// The stage, in people's words.
    pub stage: String,
    /// Since when it is there.
    pub since: Day,
    /// When its stay ends.
    pub ends_on: Option<Day>,
    /// Whether the end takes it from the reader.
    pub goes_back: bool,
}

/// All that goes into one reader's digest. Lists keep the first ten and count the rest.
#[derive(Clone, Debug)]
pub struct CsmInputs {
    /// Who reads it.
    pub reader: Reader,
    /// The company's name; may be empty.
    pub company: String,
    /// The reader's day that it is for.
    pub on: Day,
    /// What to do, the gravest first, and among equals the longest due.
    pub tasks: Top<TaskItem>,
    /// How many of all tasks are overdue.
    pub overdue: usize,
    /// What changed, what fell into a worse band first.
    pub changes: Top<ChangeItem>,
    /// What was reviewed.
    pub reviews: Top<ReviewItem>,
    /// What cannot be scored.
    pub unknown: Top<UnknownItem>,
    /// Overrides that end soon.
    pub ending: Top<EndingItem>,
    /// Records of pipelines that came of late, or whose stay ends soon or has ended.
    pub staged: Top<StagedItem>,
    /// How big the book is.
    pub book: Book,
    /// Sources that are behind.
    pub stale: Vec<StaleItem>,
    /// Whether the day was looked at from records that were pulled later.
    pub approximated: bool,
    /// Plays that wait for a source that is behind.
    pub paused_plays: Vec<String>,
    /// Prescriptions that wait because the reader's day is full.
    pub waiting: usize,
    /// Tasks that came to the reader with accounts, by whose they were.
    pub moved: BTreeMap<String, usize>,
}

impl CsmInputs {
    /// With nothing in it yet.
    pub fn new(reader: Reader, company: &str, on: Day) -> CsmInputs {
        CsmInputs {
            reader,
            company: company.to_owned(),
            on,
            tasks: Top::default(),
            overdue: 0,
            changes: Top::default(),
            reviews: Top::default(),
            unknown: Top::default(),
            ending: Top::default(),
            staged: Top::default(),
            book: Book::default(),
            stale: Vec::new(),
            approximated: false,
            paused_plays: Vec::new(),
            waiting: 0,
            moved: BTreeMap::new(),
        }
    }

    /// Adds a task.
    pub fn task(&mut self, task: TaskItem) {
        self.overdue += usize::from(task.due_on < self.on);
        self.tasks.push(task);
    }

    /// Adds a change.
    pub fn change(&mut self, change: ChangeItem) {
        self.changes.push(change);
    }

    /// Adds a review.
    pub fn review(&mut self, review: ReviewItem) {
        self.reviews.push(review);
    }

    /// Adds an account that cannot be scored.
    pub fn unknown(&mut self, unknown: UnknownItem) {
        self.unknown.push(unknown);
    }

    /// Whether there is nothing to do, changed, reviewed, unknown, ending or stale: then the mail is not sent, save once a week.
    pub fn is_empty(&self) -> bool {
        self.tasks.total()
            + self.changes.total()
            + self.reviews.total()
            + self.unknown.total()
            + self.ending.total()
            + self.staged.total()
            + self.stale.len()
            == 0
    }
}

/// What cannot wait, what was escalated, what weighs most; then the longest due. Ten are shown: old things that matter little
/// must not hide what matters now.
impl Ranked for TaskItem {
    fn rank(&self, other: &TaskItem) -> Ordering {
        let key = |task: &TaskItem| (!task.severe, !task.escalated, Reverse(task.severity), task.due_on);
        key(self).cmp(&key(other)).then_with(|| self.account_id.cmp(&other.account_id)).then_with(|| self.id.cmp(&other.id))
    }
}

impl ChangeItem {
    /// Points gained since the last turn; 0 where one of the two is unknown.
    pub fn points(&self) -> f64 {
        self.score.zip(self.previous).map_or(0.0, |(score, previous)| score - previous)
    }

    /// A worse band, no longer known, a fall within the band, a better band, the rest.
    fn class(&self) -> u8 {
        let known = self.band != Band::Unknown && self.previous_band != Band::Unknown;
        match () {
            () if known && self.band < self.previous_band => 0,
            () if self.band == Band::Unknown => 1,
            () if self.points() < 0.0 => 2,
            () if known && self.band > self.previous_band => 3,
            () => 4,
        }
    }
}

impl Ranked for ChangeItem {
    fn rank(&self, other: &ChangeItem) -> Ordering {
        (self.class().cmp(&other.class()))
            .then_with(|| other.points().abs().total_cmp(&self.points().abs()))
            .then_with(|| self.account_id.cmp(&other.account_id))
    }
}

impl Ranked for ReviewItem {
    fn rank(&self, other: &ReviewItem) -> Ordering {
        self.account_id.cmp(&other.account_id).then_with(|| self.play.cmp(&other.play))
    }
}

impl Ranked for StagedItem {
    fn rank(&self, other: &StagedItem) -> Ordering {
        let key = |item: &StagedItem| (item.ends_on.is_none(), item.ends_on, item.since);
        key(self).cmp(&key(other)).then_with(|| self.record.cmp(&other.record)).then_with(|| self.pipeline.cmp(&other.pipeline))
    }
}

impl Ranked for UnknownItem {
    fn rank(&self, other: &UnknownItem) -> Ordering {
        self.account_id.cmp(&other.account_id)
    }
}

impl Ranked for EndingItem {
    fn rank(&self, other: &EndingItem) -> Ordering {
        self.ends_on.cmp(&other.ends_on).then_with(|| self.account_id.cmp(&other.account_id))
    }
}
