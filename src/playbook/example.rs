//! Examples in a play: facts, and whether it acts on them. They are tests that whoever changes the play runs by `check`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::spec::did_you_mean;
use super::{Happening, Library, Night, Play, diagnose};
use crate::model::Day;
use crate::signals::condition::{Document, Fault, LIFECYCLES, Name, Scope, Subject, Verdict};
use crate::signals::{Band, Reading, Signal, Signals, Unit};

/// One example.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What is known, by name; `event` is the kind of one three days ago, `stage` one that a record entered then.
    facts: BTreeMap<String, Fact>,
    /// Whether the play acts, outside of the account's turn too where it is severe.
    acts: Acts,
    /// Titles of the tasks that follow; not looked at if empty.
    tasks: Vec<String>,
    /// Where it stands.
    line: u64,
    column: u64,
}

#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Number(f64),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Acts {
    /// In the account's turn.
    #[serde(rename = "acts")]
    InTurn,
    /// On any night.
    AtOnce,
    /// Not at all.
    Nothing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleText {
    facts: BTreeMap<String, Spanned<FactText>>,
    expect: Spanned<Acts>,
    #[serde(default)]
    tasks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FactText {
    Flag(bool),
    Number(f64),
    Text(String),
}

impl Example {
    /// Reads an example: names must be known, and values of their kind.
    pub(super) fn read(yaml: Document<'_>, text: &ExampleText) -> Result<Example, Fault> {
        let mut facts = BTreeMap::new();
        for (name, value) in &text.facts {
            let wrong = |reason: String| yaml.at(value.referenced, reason);
            let fact = match (Name::parse(name), &value.value) {
                (None, FactText::Text(text)) if name == "event" => Fact::Text(text.to_lowercase()),
                (None, FactText::Text(text)) if name == "stage" => Fact::Text(text.clone()),
                (None, _) => {
                    let hint = did_you_mean(name, Name::all(Scope::Scores).map(Name::name));
                    return Err(yaml.key(name, value.referenced, format!("`{name}` is not a known name{hint}")));
                }
                (Some(Name::Signal(signal)), value) => match (signal.unit(), value) {
                    (Unit::Flag, FactText::Flag(flag)) => Fact::Number(f64::from(u8::from(*flag))),
                    (Unit::Word(words), FactText::Text(word)) => {
                        let place = words.iter().position(|one| one == word);
                        #[expect(clippy::cast_precision_loss, reason = "a place in a list of words")]
                        let place = place.map(|place| place as f64);
                        place.map(Fact::Number).ok_or_else(|| wrong(format!("`{word}` is none of {}", words.join(", "))))?
                    }
                    (Unit::Flag | Unit::Word(_), _) | (_, FactText::Text(_) | FactText::Flag(_)) => {
                        return Err(wrong(format!("is not what `{name}` can be")));
                    }
                    (_, FactText::Number(number)) => Fact::Number(*number),
                },
                (Some(_), FactText::Number(number)) => Fact::Number(*number),
                (Some(_), FactText::Text(text)) => Fact::Text(text.clone()),
                (Some(_), FactText::Flag(_)) => return Err(wrong(format!("is not what `{name}` can be"))),
            };
            facts.insert(name.clone(), fact);
        }
        let place = text.expect.referenced;
        Ok(Example { facts, acts: text.expect.value, tasks: text.tasks.clone(), line: place.line(), column: place.column() })
    }

    /// What the play does otherwise than expected, if anything.
    pub fn failure(&self, library: &Library, play: &Play) -> Option<Fault> {
        let on = Day::from_days(20_000);
        let text = |name: &str| match self.facts.get(name) {
            Some(Fact::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let number = |name: &str| match self.facts.get(name) {
            Some(Fact::Number(number)) => Some(*number),
            _ => None,
        };
        let mut signals = Signals::default();
        for &signal in Signal::ALL {
            if let Some(value) = number(signal.name()) {
                signals.set(signal, Reading::fresh(value, on - 1));
            }
        }
        let subject = Subject {
            tier: text("tier"),
            segment: text("segment"),
            industry: text("industry"),
            region: text("region"),
            product: text("product"),
            language: text("language"),
            lifecycle: text("lifecycle").and_then(|word| LIFECYCLES.iter().copied().find(|one| *one == word)),
            score: number("score"),
            band: [Band::AtRisk, Band::Watch, Band::Healthy]
                .into_iter()
                .find(|one| Some(one.name()) == text("band"))
                .unwrap_or(Band::Unknown),
            score_change: number("score_change"),
            coverage: number("coverage"),
            ..Subject::new(&signals)
        };
        let event = |kind: &str| Happening { kind: kind.to_owned(), key: "e".to_owned(), on: on - 3, note: String::new() };
        let happened: Vec<Happening> = text("event").into_iter().chain(text("stage")).map(event).collect();
        let plays = [(play.name.clone(), Arc::new(play.clone()))].into();
        let alone = Library { plays, cadence: library.cadence.clone(), ..Library::default() };
        let acts = |in_turn: bool| {
            let night = Night { on, before: Some(on - 1), in_turn, happened: &happened, contact_days: None };
            !diagnose(&alone, &subject, night).found.is_empty()
        };
        let does = match (acts(true), acts(false)) {
            (_, true) => Acts::AtOnce,
            (true, false) => Acts::InTurn,
            (false, false) => Acts::Nothing,
        };
        let fault = |reason: String| {
            Some(Fault { file: play.file.clone(), line: self.line, column: self.column, reason: format!("example: {reason}") })
        };
        let word = |acts: Acts| match acts {
            Acts::InTurn => "acts",
            Acts::AtOnce => "at_once",
            Acts::Nothing => "nothing",
        };
        if does != self.acts {
            let because = if does == Acts::Nothing { silence(play, &subject) } else { String::new() };
            return fault(format!("expects `{}`, and the play does `{}`{because}", word(self.acts), word(does)));
        }
        let remedy = play.remedies.iter().find(|remedy| remedy.fits(&subject));
        let titles: Vec<&str> = remedy.iter().flat_map(|remedy| &remedy.tasks).map(|step| step.title.as_str()).collect();
        if !self.tasks.is_empty() && self.tasks != titles {
            return fault(format!("expects the tasks “{}”, and they are “{}”", self.tasks.join("”, “"), titles.join("”, “")));
        }
        None
    }
}

/// Why a play does nothing.
fn silence(play: &Play, subject: &Subject<'_>) -> String {
    for (key, condition) in [("when", Some(&play.when)), ("serves", play.serves.as_ref())] {
        match condition.map(|condition| condition.evaluate(subject)) {
            Some(Verdict::False) => return format!(": its `{key}` does not hold"),
            Some(Verdict::Unknown { missing }) => {
                let names: Vec<&str> = missing.iter().map(|name| name.name()).collect();
                return format!(": its `{key}` hangs on {}, which the example does not give", names.join(", "));
            }
            _ => {}
        }
    }
    if play.occasion.is_some() { ": its occasion has not come".to_owned() } else { String::new() }
}
