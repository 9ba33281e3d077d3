//! What the templates of the leader's digest may name.

use serde::Serialize;

use super::input::{LeaderInputs, LoadItem, PlayItem, RenewalItem};
use super::renewals::RenewalsLine;
use crate::digest::csm::behind;
use crate::digest::parts::{Links, NAME, counted};
use crate::digest::{BookLine, LIST_LIMIT, Notice, Picture, clean, long_day, short_day};

/// The context of `templates/email/leader/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaderDigest {
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
    /// The morning of which the figures are, as in `day`.
    pub as_of: String,
    /// The zone in which the day is meant.
    pub zone: String,
    /// `4 accounts at risk, 12 tasks overdue`.
    pub headline: String,
    /// What a list of mails shows after the subject.
    pub preheader: String,
    /// Data that are behind.
    pub notices: Vec<Notice>,
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
    /// What the HTML shows.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// What one person carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadLine {
    /// The person's name.
    pub person: String,
    /// `42 accounts, 12 tasks open, 3 overdue`.
    pub in_words: String,
    /// `42`.
    pub accounts: String,
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
    /// `2 recovered by themselves, 1 given up`, or empty.
    pub besides: String,
}

impl LeaderDigest {
    /// The digest. `web_url`: where links point.
    pub fn build(inputs: &LeaderInputs, web_url: &str) -> LeaderDigest {
        let links = Links::new(web_url);
        let overdue: usize = inputs.load.iter().map(|one| one.overdue).sum();
        let open: usize = inputs.load.iter().map(|one| one.open).sum();
        let mut notices: Vec<String> = behind(&inputs.stale);
        if !inputs.without_rate.is_empty() {
            let currencies = inputs.without_rate.join(", ");
            notices.push(format!("No rate is known for {currencies}: renewals in it are listed, and left out of sums."));
        }
        if inputs.approximated {
            notices.push(
                "As-of approximated: some records of this day were pulled later, and count from their own dates.".to_owned(),
            );
        }
        let (renewals, picture) = RenewalsLine::build(inputs, &links);
        LeaderDigest {
            language: "en".to_owned(),
            company: clean(&inputs.company, NAME),
            reader: clean(&inputs.reader.name, NAME),
            day: long_day(inputs.on),
            day_short: short_day(inputs.on),
            as_of: long_day(inputs.as_of),
            zone: inputs.reader.zone.name().to_owned(),
            headline: headline(inputs),
            preheader: format!("{} open, {overdue} of them overdue", counted(open, "task")),
            notices: notices.into_iter().map(|text| Notice { text }).collect(),
            renewals,
            book: BookLine::of(&inputs.book, &links),
            any_load: !inputs.load.is_empty(),
            load: inputs.load.iter().map(load_line).collect(),
            any_plays: !inputs.plays.is_empty(),
            plays: inputs.plays.iter().take(LIST_LIMIT).map(play_line).collect(),
            tasks: links.page("tasks"),
            home: links.page(""),
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

fn load_line(load: &LoadItem) -> LoadLine {
    LoadLine {
        person: clean(&load.person, NAME),
        in_words: format!("{}, {} open, {} overdue", counted(load.accounts, "account"), counted(load.open, "task"), load.overdue),
        accounts: load.accounts.to_string(),
        open: load.open.to_string(),
        overdue: load.overdue.to_string(),
        late: load.overdue > 0,
    }
}

fn play_line(play: &PlayItem) -> PlayLine {
    let besides = [(play.by_itself, "recovered without it"), (play.given_up, "given up")];
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
