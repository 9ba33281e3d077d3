//! What the templates of the leader's digest may name.

use serde::Serialize;

use super::input::{LeaderInputs, LoadItem, PlayItem, RenewalItem};
use super::renewals::RenewalsLine;
use crate::digest::parts::{Links, NAME, counted};
use crate::digest::{BookLine, Head, Kind, LIST_LIMIT, Picture, clean};

/// The context of `templates/email/leader/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaderDigest {
    /// Whose mail it is, of which day, and what qualifies it.
    #[serde(flatten)]
    pub head: Head,
    /// `4 accounts at risk, 12 tasks overdue`.
    pub headline: String,
    /// What a list of mails shows after the subject.
    pub preheader: String,
    /// What comes up for renewal.
    pub renewals: RenewalsLine,
    /// The team's accounts by band.
    pub book: BookLine,
    /// Whether there is anybody in `load`.
    pub any_load: bool,
    /// Who carries how much.
    pub load: Vec<LoadLine>,
    /// Whether there is any play in `plays`.
    pub any_plays: bool,
    /// Which plays work.
    pub plays: Vec<PlayLine>,
    /// The page of all tasks; empty where there is none.
    pub tasks: String,
    /// The reader's page; empty where there is none.
    pub home: String,
    /// Where the reader switches these mails off; empty where that is nowhere.
    pub unsubscribe: String,
    /// What the HTML shows.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// What one person carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadLine {
    /// The person's name.
    pub person: String,
    /// `needs 34.5 of 32 hours a week; 42 accounts, 5 untouched; 12 tasks open, 3 overdue`.
    pub in_words: String,
    /// `34.5 of 32`: hours a week that are needed, and those there are; `–` where the person has no book.
    pub hours: String,
    /// Whether more are needed than there are.
    pub over: bool,
    /// `5 of 42`: accounts with which nobody has spoken for longer than their cadence.
    pub untouched: String,
    /// `12`.
    pub open: String,
    /// `3`.
    pub overdue: String,
    /// Whether anything is overdue.
    pub late: bool,
}

/// What came of a play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlayLine {
    /// Its title.
    pub play: String,
    /// `worked in 3 of 4 (75 %)`, or `not tried to the end yet`.
    pub result: String,
    /// `2 recovered without it, 1 given up`, or empty.
    pub besides: String,
}

impl LeaderDigest {
    /// The digest, with these links.
    pub fn build(inputs: &LeaderInputs, links: &Links) -> LeaderDigest {
        let days = (inputs.on, inputs.as_of);
        let mut head = Head::new(&inputs.reader, &inputs.company, days, &inputs.stale, inputs.approximated);
        if !inputs.without_rate.is_empty() {
            let currencies = inputs.without_rate.join(", ");
            head.note(format!("No rate is known for {currencies}: renewals in it are listed, and left out of sums."));
        }
        let (renewals, picture) = RenewalsLine::build(inputs, links);
        LeaderDigest {
            head,
            headline: headline(inputs),
            preheader: preheader(&inputs.load),
            renewals,
            book: BookLine::of(&inputs.book, links),
            any_load: !inputs.load.is_empty(),
            load: inputs.load.iter().map(load_line).collect(),
            any_plays: !inputs.plays.is_empty(),
            plays: inputs.plays.iter().take(LIST_LIMIT).map(play_line).collect(),
            tasks: links.page("tasks"),
            home: links.page(""),
            unsubscribe: links.off(Kind::Leader, &inputs.reader.id),
            pictures: picture.into_iter().collect(),
        }
    }
}

/// What matters most: renewals at risk, those that slipped, calls that differ; else that there is nothing of it.
fn headline(inputs: &LeaderInputs) -> String {
    let count = |wanted: &dyn Fn(&RenewalItem) -> bool| inputs.renewals.iter().filter(|item| wanted(item)).count();
    let at_risk = count(&|item| item.is_at_risk() && !item.has_slipped());
    let mut parts = vec![match at_risk {
        0 => "No renewal at risk".to_owned(),
        some => format!("{} at risk", counted(some, "renewal")),
    }];
    let slipped = count(&RenewalItem::has_slipped);
    if slipped > 0 {
        parts.push(format!("{slipped} slipped"));
    }
    let differing = count(&|item| item.renewal.differs);
    if differing > 0 {
        parts.push(format!("{} of call", counted(differing, "difference")));
    }
    if inputs.book.at_risk > 0 {
        parts.push(format!("{} at risk", counted(inputs.book.at_risk, "account")));
    }
    parts.join(", ")
}

/// Who has too much, and what is open.
fn preheader(load: &[LoadItem]) -> String {
    let sum = |of: &dyn Fn(&LoadItem) -> usize| load.iter().map(of).sum::<usize>();
    let over = match sum(&|one| usize::from(one.is_over())) {
        0 => String::new(),
        1 => "1 person has more to do than hours; ".to_owned(),
        some => format!("{some} people have more to do than hours; "),
    };
    format!("{over}{} open, {} of them overdue", counted(sum(&|one| one.open), "task"), sum(&|one| one.overdue))
}

fn load_line(load: &LoadItem) -> LoadLine {
    let hours = load.hours.map(|[needed, there]| format!("{needed:.1} of {there:.0}"));
    let untouched = if load.hours.is_some() { format!(", {} untouched", load.untouched) } else { String::new() };
    let needs = load.hours.map(|[needed, there]| {
        let over = if load.is_over() { format!(", {:.1} too many", needed - there) } else { String::new() };
        format!("needs {needed:.1} of {there:.0} hours a week{over}; ")
    });
    LoadLine {
        person: clean(&load.person, NAME),
        in_words: format!(
            "{}{}{untouched}; {} open, {} overdue",
            needs.unwrap_or_default(),
            counted(load.accounts, "account"),
            counted(load.open, "task"),
            load.overdue
        ),
        untouched: if hours.is_some() { format!("{} of {}", load.untouched, load.accounts) } else { "–".to_owned() },
        hours: hours.unwrap_or_else(|| "–".to_owned()),
        over: load.is_over(),
        open: load.open.to_string(),
        overdue: load.overdue.to_string(),
        late: load.overdue > 0,
    }
}

fn play_line(play: &PlayItem) -> PlayLine {
    let besides = [(play.by_itself, "recovered without it"), (play.not_done, "let go undone"), (play.given_up, "given up")];
    let besides: Vec<String> =
        besides.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    PlayLine {
        play: clean(&play.play, NAME),
        result: match play.share() {
            Some(share) => format!("worked in {} of {} ({:.0} %)", play.worked, play.worked + play.failed, share * 100.0),
            None => "not tried to the end yet".to_owned(),
        },
        besides: besides.join(", "),
    }
}
