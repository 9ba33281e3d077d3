//! What first value means for which accounts: a measure, a threshold, and a deadline after go-live.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::signals::condition::{Condition, Document, Fault, Scope, Subject};

/// A definition of first value.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstValue {
    /// Its name.
    pub name: String,
    /// What the customer gets, in people's words.
    pub title: String,
    /// The accounts it is for; all others, if absent. May ask only what the account is, not how it does.
    pub serves: Option<Condition>,
    /// What must be reached.
    pub measure: Measure,
    /// Days after go-live by which it is due.
    pub deadline_days: u32,
    /// Days after the deadline that are not held against anybody.
    pub grace_days: u32,
}

/// What must be reached since go-live.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// A metric adds up to this much; a level reaches this height on some day.
    AtLeast {
        /// The metric.
        metric: String,
        /// In its unit, above 0.
        at_least: f64,
    },
    /// A metric of people reaches this share of the seats on some day.
    ShareOfSeats {
        /// The metric.
        metric: String,
        /// Above 0.
        share: f64,
    },
    /// Days with any use.
    ActiveDays(u32),
    /// A value record is achieved: the one with this title, or any (`first`).
    Value(Option<String>),
    /// An event of this kind, in lower case.
    Event(String),
}

impl Measure {
    /// The metric that it reads, if it reads one.
    pub fn metric(&self) -> Option<&str> {
        match self {
            Measure::AtLeast { metric, .. } | Measure::ShareOfSeats { metric, .. } => Some(metric),
            Measure::ActiveDays(_) | Measure::Value(_) | Measure::Event(_) => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstValueText {
    name: Spanned<String>,
    title: String,
    serves: Option<Spanned<String>>,
    measure: Spanned<MeasureText>,
    deadline_days: Spanned<u32>,
    #[serde(default)]
    grace_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureText {
    metric: Option<String>,
    at_least: Option<f64>,
    share_of_seats: Option<f64>,
    active_days: Option<u32>,
    value: Option<String>,
    event: Option<String>,
}

impl FirstValue {
    /// Reads a definition.
    pub fn parse(file: &str, text: &str) -> Result<FirstValue, Fault> {
        let yaml = Document::new(file, text);
        let read: FirstValueText = yaml.read()?;
        let measure = read.measure.value.check().map_err(|reason| yaml.at(read.measure.referenced, reason))?;
        if !(1..=730).contains(&read.deadline_days.value) {
            return Err(yaml.at(read.deadline_days.referenced, "must be 1 to 730 days after go-live"));
        }
        if read.name.value.trim().is_empty() || read.title.trim().is_empty() {
            return Err(yaml.at(read.name.referenced, "needs a name and a title"));
        }
        Ok(FirstValue {
            name: read.name.value,
            title: read.title.trim().to_owned(),
            serves: read.serves.as_ref().map(|text| yaml.condition(Scope::Account, text)).transpose()?,
            measure,
            deadline_days: read.deadline_days.value,
            grace_days: read.grace_days.min(365),
        })
    }

    /// The definition that serves an account: the first whose condition holds.
    pub fn pick<'f>(definitions: &'f [FirstValue], subject: &Subject<'_>) -> Option<&'f FirstValue> {
        definitions.iter().find(|one| one.serves.as_ref().is_none_or(|serves| serves.holds(subject)))
    }
}

impl MeasureText {
    fn check(self) -> Result<Measure, &'static str> {
        let above_zero = |number: f64| number > 0.0 && number.is_finite();
        match self {
            MeasureText {
                metric: Some(metric),
                at_least: Some(at_least),
                share_of_seats: None,
                active_days: None,
                value: None,
                event: None,
            } if above_zero(at_least) => Ok(Measure::AtLeast { metric, at_least }),
            MeasureText {
                metric: Some(metric),
                at_least: None,
                share_of_seats: Some(share),
                active_days: None,
                value: None,
                event: None,
            } if above_zero(share) && share <= 5.0 => Ok(Measure::ShareOfSeats { metric, share }),
            MeasureText {
                metric: None,
                at_least: None,
                share_of_seats: None,
                active_days: Some(days),
                value: None,
                event: None,
            } if days > 0 => Ok(Measure::ActiveDays(days)),
            MeasureText {
                metric: None,
                at_least: None,
                share_of_seats: None,
                active_days: None,
                value: Some(value),
                event: None,
            } => Ok(Measure::Value((value != "first").then_some(value))),
            MeasureText {
                metric: None,
                at_least: None,
                share_of_seats: None,
                active_days: None,
                value: None,
                event: Some(kind),
            } => Ok(Measure::Event(kind.to_lowercase())),
            _ => Err("must be one of: `metric` with `at_least`; `metric` with `share_of_seats` (0.25 for a quarter); \
                      `active_days`; `value: first` or a title; `event` with a kind; and its number above 0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Signals;

    fn read(measure: &str) -> Result<FirstValue, String> {
        let text = format!("name: default\ntitle: In use\nmeasure: {measure}\ndeadline_days: 30\n");
        FirstValue::parse("first-value/default.yaml", &text).map_err(|problem| problem.to_string())
    }

    #[test]
    fn every_measure_is_read_and_every_mixture_refused() {
        let good = [
            ("{metric: logins, at_least: 50}", Measure::AtLeast { metric: "logins".to_owned(), at_least: 50.0 }),
            ("{metric: users, share_of_seats: 0.25}", Measure::ShareOfSeats { metric: "users".to_owned(), share: 0.25 }),
            ("{active_days: 10}", Measure::ActiveDays(10)),
            ("{value: first}", Measure::Value(None)),
            ("{value: Reports in half the time}", Measure::Value(Some("Reports in half the time".to_owned()))),
            ("{event: Saving}", Measure::Event("saving".to_owned())),
        ];
        for (text, measure) in good {
            assert_eq!(read(text).unwrap().measure, measure);
        }
        for text in [
            "{metric: logins}",
            "{at_least: 3}",
            "{}",
            "{metric: a, at_least: 0}",
            "{metric: a, share_of_seats: 25}",
            "{active_days: 3, event: a}",
            "{active_days: 0}",
        ] {
            assert!(read(text).unwrap_err().starts_with("first-value/default.yaml:3:10: must be one of"), "{text}");
        }
        assert_eq!(
            read("{metrics: a}").unwrap_err(),
            "first-value/default.yaml:3:11: `metrics` is not a known key; did you mean `metric`? \
             (known: metric, at_least, share_of_seats, active_days, value, event)"
        );
    }

    #[test]
    fn the_first_that_serves_is_picked() {
        let text =
            |name: &str, serves: &str| format!("name: {name}\ntitle: t\n{serves}measure: {{active_days: 3}}\ndeadline_days: 9\n");
        let parse = |name, serves| FirstValue::parse("f.yaml", &text(name, serves)).unwrap();
        let definitions = [parse("large", "serves: tier == \"enterprise\"\n"), parse("default", "")];
        let signals = Signals::default();
        let pick = |tier| FirstValue::pick(&definitions, &Subject { tier, ..Subject::new(&signals) }).unwrap().name.as_str();
        assert_eq!([pick(Some("enterprise")), pick(Some("small")), pick(None)], ["large", "default", "default"]);
        let late = FirstValue::parse("f.yaml", &text("x", "serves: score > 3\n")).unwrap_err();
        assert_eq!(
            late.to_string(),
            "f.yaml:3:9: condition: `score` is not known yet when this is asked; it may ask for tier, segment, industry, region, product and language"
        );
    }
}
