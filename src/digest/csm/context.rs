//! What the templates of the CSM's digest may name. Every value is text that is ready to be printed, a boolean or a list:
//! a template formats no number, and nothing is ever null. An absent text is empty, which `{{#if}}` takes for false.

use serde::Serialize;

use crate::digest::{BookLine, Notice, Section};

/// The context of `templates/email/csm/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CsmDigest {
    /// Of the words in the mail: `en`.
    pub language: String,
    /// The company's name; may be empty.
    pub company: String,
    /// The reader's name.
    pub reader: String,
    /// `Sat 21 Nov 2026`.
    pub day: String,
    /// `Sat 21 Nov`.
    pub day_short: String,
    /// The zone in which the day is meant, such as `Europe/Berlin`.
    pub zone: String,
    /// `4 to do (2 overdue), 3 accounts changed`.
    pub headline: String,
    /// What a list of mails shows after the subject: the first thing to do.
    pub preheader: String,
    /// Nothing to do, changed, reviewed, unknown or stale.
    pub quiet: bool,
    /// What to know before acting on the rest: data that is behind, plays that wait.
    pub notices: Vec<Notice>,
    /// What to do.
    pub todo: Section<TaskLine>,
    /// What changed.
    pub changed: Section<ChangeLine>,
    /// What came of the last prescriptions.
    pub reviewed: Section<ReviewLine>,
    /// Records of pipelines that wait for the reader.
    pub staged: Section<StagedLine>,
    /// What cannot be scored.
    pub unknown: Section<UnknownLine>,
    /// How big the book is.
    pub book: BookLine,
    /// The reader's page; empty where there is none.
    pub home: String,
    /// Where the reader switches these mails off; empty where that is nowhere.
    pub unsubscribe: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskLine {
    /// 1 to 10.
    pub number: String,
    /// The account's name.
    pub account: String,
    /// What to do.
    pub title: String,
    /// `3 days overdue`, `due today` or `due Tue 24 Nov`.
    pub due: String,
    /// Whether it is.
    pub overdue: bool,
    /// Whether the leader was told.
    pub escalated: bool,
    /// `EUR 120,000 a year`, or empty.
    pub arr: String,
    /// `second attempt`, or empty for the first.
    pub attempt: String,
    /// The diagnosis.
    pub why: String,
    /// The way to do it; may be empty.
    pub solution: String,
    /// The page of the whole solution; empty where there is none.
    pub solution_link: String,
    /// The task's own page, where it is answered; empty where there is none.
    pub task_link: String,
    /// The account's page; empty where there is none.
    pub link: String,
}

/// One account that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    /// The account's name.
    pub account: String,
    /// `72 → 38`, `unknown → 38`.
    pub scores: String,
    /// `−34`, `+5`, or empty where one side is unknown.
    pub points: String,
    /// `Healthy → At risk`, or the band's name where it is the same.
    pub bands: String,
    /// `34 % chance of not renewing (uncalibrated default)`, or empty.
    pub risk: String,
    /// Whether it is worse than it was.
    pub worse: bool,
    /// What moved it, largest first.
    pub factors: Vec<FactorLine>,
    /// `and 2 smaller ones`, or empty.
    pub more: String,
    /// The account's page; empty where there is none.
    pub link: String,
}

/// What moved a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactorLine {
    /// In words.
    pub text: String,
    /// `−12.0`.
    pub points: String,
    /// Whether it took points.
    pub worse: bool,
}

/// What came of one prescription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewLine {
    /// The account's name.
    pub account: String,
    /// What was prescribed.
    pub play: String,
    /// What the review found.
    pub outcome: String,
    /// What follows; may be empty.
    pub next: String,
    /// The account's page; empty where there is none.
    pub link: String,
}

/// One record of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StagedLine {
    /// What people call it, with its id.
    pub record: String,
    /// The stage, in people's words.
    pub stage: String,
    /// The pipeline, in people's words.
    pub pipeline: String,
    /// `2 days over`, `ends today`, `ends Tue 24 Nov` or `since Tue 24 Nov`.
    pub when: String,
    /// Whether its stay has ended.
    pub overdue: bool,
}

/// One account that cannot be scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownLine {
    /// The account's name.
    pub account: String,
    /// What is missing.
    pub why: String,
    /// The account's page; empty where there is none.
    pub link: String,
}
