//! `[cost]`: what it costs to serve a customer.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `[cost]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// What an hour of work for a customer costs, in the company's currency; 0: not known, and nothing is said of it.
    pub hour: f64,
    /// Hours that one contact of a kind takes, preparation included, and one `ticket`.
    pub hours: BTreeMap<String, f64>,
}

impl Cost {
    /// What hours must be given for.
    pub const KINDS: [&str; 7] = ["visit", "call", "email", "training", "review", "chat", "ticket"];

    /// Whether anything is said of it.
    pub fn is_known(&self) -> bool {
        self.hour > 0.0
    }

    /// The setting that is wrong, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        let bad = |number: f64| !number.is_finite() || number < 0.0;
        if bad(self.hour) {
            return Some(("hour", format!("{} is no amount of money; write 0 or more", self.hour)));
        }
        let unknown = self.hours.iter().find(|(kind, hours)| !Cost::KINDS.contains(&kind.as_str()) || bad(**hours));
        if let Some((kind, hours)) = unknown {
            return Some((
                "hours",
                format!("`{kind} = {hours}` is wrong; hours of 0 or more are given for {}", Cost::KINDS.join(", ")),
            ));
        }
        let missing: Vec<&str> = Cost::KINDS.into_iter().filter(|kind| !self.hours.contains_key(*kind)).collect();
        (self.is_known() && !missing.is_empty())
            .then(|| ("hours", format!("cost.hour is set, and needs the hours of {} too", missing.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_known_for_everything_or_nothing_is_said() {
        let all = Cost { hour: 80.0, hours: Cost::KINDS.iter().map(|kind| ((*kind).to_owned(), 1.0)).collect() };
        assert_eq!((all.contradiction(), Cost::default().contradiction()), (None, None));
        let mut some = all.clone();
        some.hours.remove("ticket");
        assert!(some.contradiction().unwrap().1.contains("needs the hours of ticket"));
        some.hours.insert("dinner".to_owned(), 3.0);
        assert!(some.contradiction().unwrap().1.contains("`dinner = 3` is wrong"));
        assert_eq!(Cost { hour: f64::NAN, ..all }.contradiction().unwrap().0, "hour");
    }
}
