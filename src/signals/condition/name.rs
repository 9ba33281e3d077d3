//! The names that a condition may use, and what kind of thing each of them is.

use super::{Scope, Subject};
use crate::signals::{Signal, Unit, phrase};

/// The states of a paying account (FIELD, Churn risk).
pub const LIFECYCLES: &[&str] = &["onboarding", "active", "dormant", "at_risk", "churned", "won_back"];

pub(super) const BANDS: &[&str] = &["at_risk", "watch", "healthy", "unknown"];

/// Something that a condition can ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// A signal.
    Signal(Signal),
    /// `enterprise`, `mid`, `small` or the company's own word.
    Tier,
    /// The company's own division of its customers.
    Segment,
    /// What the customer does.
    Industry,
    /// Where it is.
    Region,
    /// What it bought.
    Product,
    /// BCP 47 tag.
    Language,
    /// One of [`LIFECYCLES`].
    Lifecycle,
    /// 0 to 100.
    Score,
    /// One of the bands.
    Band,
    /// Points since the account's last turn.
    ScoreChange,
    /// 0 to 1: how much of the scorecard's weight is known.
    Coverage,
}

/// What a value is, as far as comparing goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Yes or no.
    Bool,
    /// A number that is written out, with its value, or worked out (`None`): it fits every unit.
    Plain(Option<f64>),
    /// A number with a meaning.
    Number(Measure),
    /// Free text.
    Text,
    /// A word in lower case.
    Tier,
    /// A word from a list.
    Word(&'static [&'static str]),
}

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// As of a signal.
    Of(Unit),
    /// Points of the score, from … to ….
    Points(f64, f64),
}

const FACTS: [Name; 11] = [
    Name::Tier,
    Name::Segment,
    Name::Industry,
    Name::Region,
    Name::Product,
    Name::Language,
    Name::Lifecycle,
    Name::Score,
    Name::Band,
    Name::ScoreChange,
    Name::Coverage,
];

impl Name {
    /// All names that may stand in this scope.
    pub fn all(scope: Scope) -> impl Iterator<Item = Name> {
        Signal::ALL.iter().copied().map(Name::Signal).chain(FACTS).filter(move |name| name.is_in(scope))
    }

    /// The name as it is written in conditions.
    pub fn name(self) -> &'static str {
        match self {
            Name::Signal(signal) => signal.name(),
            Name::Tier => "tier",
            Name::Segment => "segment",
            Name::Industry => "industry",
            Name::Region => "region",
            Name::Product => "product",
            Name::Language => "language",
            Name::Lifecycle => "lifecycle",
            Name::Score => "score",
            Name::Band => "band",
            Name::ScoreChange => "score_change",
            Name::Coverage => "coverage",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Name::Signal(signal) => signal.label(),
            Name::ScoreChange => "change of the score",
            other => other.name(),
        }
    }

    /// The thing with this name.
    pub fn parse(name: &str) -> Option<Name> {
        Signal::parse(name).map(Name::Signal).or_else(|| FACTS.into_iter().find(|text| text.name() == name))
    }

    /// The reading for people with its label, where it is known: `days since last use: 12 days`. A stale one says so.
    pub fn evidence(self, subject: &Subject<'_>) -> Option<String> {
        let points = |value: f64| format!("{value:.0}");
        let value = match self {
            Name::Signal(signal) => {
                let reading = subject.signals.get(signal);
                let said = phrase(signal, reading.value?);
                return Some(match (reading.state, reading.observed_on) {
                    (crate::signals::State::Stale, Some(day)) => format!("{said} (as of {day}, not updated since)"),
                    (crate::signals::State::Stale, None) => format!("{said} (not updated)"),
                    _ => said,
                });
            }
            Name::Score => points(subject.score?),
            Name::ScoreChange => format!("{:+.0}", subject.score_change?),
            Name::Coverage => format!("{:.0} %", subject.coverage? * 100.0),
            Name::Band => subject.band.name().replace('_', " "),
            text => subject.text(text)?.replace('_', " "),
        };
        Some(format!("{}: {value}", self.label()))
    }

    /// Whether it is known by the time at which a condition of this scope is asked.
    pub(super) fn is_in(self, scope: Scope) -> bool {
        match self {
            Name::Tier | Name::Segment | Name::Industry | Name::Region | Name::Product | Name::Language => true,
            Name::Signal(_) | Name::Lifecycle => scope >= Scope::Signals,
            Name::Score | Name::Band | Name::ScoreChange | Name::Coverage => scope >= Scope::Scores,
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Name::Signal(signal) => match signal.unit() {
                Unit::Flag => Kind::Bool,
                Unit::Word(words) => Kind::Word(words),
                unit => Kind::Number(Measure::Of(unit)),
            },
            Name::Tier => Kind::Tier,
            Name::Segment | Name::Industry | Name::Region | Name::Product | Name::Language => Kind::Text,
            Name::Lifecycle => Kind::Word(LIFECYCLES),
            Name::Band => Kind::Word(BANDS),
            Name::Score => Kind::Number(Measure::Points(0.0, 100.0)),
            Name::ScoreChange => Kind::Number(Measure::Points(-100.0, 100.0)),
            Name::Coverage => Kind::Number(Measure::Of(Unit::Share)),
        }
    }

    /// This name alone, in a set of names.
    pub(super) fn bit(self) -> u64 {
        let at = match self {
            Name::Signal(signal) => signal as usize,
            other => Signal::COUNT + FACTS.iter().position(|&one| one == other).unwrap_or(0),
        };
        1 << at
    }
}

const _: () = assert!(Signal::COUNT + FACTS.len() <= 64, "names are kept as a set of 64 bits");

/// The candidate that is written most like `word`: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + word.chars().count() / 3;
    let best = candidates.into_iter().map(|one| (distance(word, one), one)).min()?;
    (best.0 <= limit).then_some(best.1)
}

/// Letters to insert, drop or exchange to get from one word to the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}
