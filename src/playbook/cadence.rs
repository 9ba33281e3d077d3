//! How often the two sides are to speak, by class: A every week, B every two, and so on. The first class that is for an
//! account counts.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::signals::condition::{Condition, Document, Fault, Scope, Subject};

/// The classes, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cadence(Vec<Class>);

/// Accounts that are spoken with equally often.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// `A`, `B` …
    pub name: String,
    /// Days between two contacts of both sides.
    pub every_days: u32,
    /// Which accounts; all others, if absent.
    pub serves: Option<Condition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CadenceText {
    classes: Vec<ClassText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassText {
    name: Spanned<String>,
    every_days: Spanned<u32>,
    #[serde(rename = "for")]
    serves: Option<Spanned<String>>,
}

impl Cadence {
    /// Reads `cadence/….yaml`.
    pub fn parse(file: &str, text: &str) -> Result<Cadence, Vec<Fault>> {
        let yaml = Document::new(file, text);
        let read: CadenceText = yaml.read().map_err(|fault| vec![fault])?;
        let (mut classes, mut faults, mut for_all) = (Vec::new(), Vec::new(), false);
        for class in read.classes {
            if !(1..=730).contains(&class.every_days.value) {
                faults.push(yaml.at(class.every_days.referenced, "must be 1 to 730 days"));
            }
            if for_all {
                faults.push(yaml.at(class.name.referenced, "stands behind the class for all others, and so is for nobody"));
            }
            for_all |= class.serves.is_none();
            let serves = class.serves.as_ref().map(|text| yaml.condition(Scope::Account, text)).transpose();
            let serves = serves.map_err(|fault| faults.push(fault)).ok().flatten();
            classes.push(Class { name: class.name.value, every_days: class.every_days.value, serves });
        }
        if faults.is_empty() { Ok(Cadence(classes)) } else { Err(faults) }
    }

    /// The class of an account.
    pub fn of(&self, subject: &Subject<'_>) -> Option<&Class> {
        self.0.iter().find(|class| class.serves.as_ref().is_none_or(|serves| serves.holds(subject)))
    }

    /// Days between two contacts with an account. Accounts that cannot be due by any class are not asked about.
    pub(super) fn days_of(&self, subject: &Subject<'_>) -> Option<u32> {
        let silent = subject.signals.value(crate::signals::Signal::DaysSinceContact)?;
        let shortest = self.0.iter().map(|class| class.every_days).min()?;
        if silent < f64::from(shortest) {
            return None;
        }
        self.of(subject).map(|class| class.every_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::{Reading, Signal, Signals};

    #[test]
    fn the_first_class_counts_and_mistakes_are_told() {
        let text = "classes:\n  - {name: A, every_days: 7, for: 'tier == \"enterprise\"'}\n  - {name: D, every_days: 91}\n";
        let cadence = Cadence::parse("cadence/classes.yaml", text).unwrap();
        let mut signals = Signals::default();
        signals.set(Signal::DaysSinceContact, Reading::fresh(8.0, crate::model::Day::from_days(20_000)));
        let days = |tier| cadence.days_of(&Subject { tier, ..Subject::new(&signals) });
        assert_eq!([days(Some("enterprise")), days(Some("mid")), days(None)], [Some(7), Some(91), Some(91)]);
        let said = |text: &str| {
            let faults = Cadence::parse("cadence/classes.yaml", text).unwrap_err();
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let wrong = text.replace("7, for: 'tier", "0, for: 'teir").replace("  - {name: D, every_days: 91}\n", "");
        assert_eq!(
            said(&wrong),
            "cadence/classes.yaml:2:27: must be 1 to 730 days\n\
             cadence/classes.yaml:2:36: condition: `teir` is not a known name; did you mean `tier`?"
        );
        let behind = format!("{text}  - {{name: E, every_days: 9}}\n");
        assert!(
            said(&behind).ends_with("4:12: stands behind the class for all others, and so is for nobody"),
            "{}",
            said(&behind)
        );
    }
}
