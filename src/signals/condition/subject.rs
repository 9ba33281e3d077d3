//! What a condition is asked about, and how it is answered.

use super::form::Asked;
use super::{Condition, Name};
use crate::signals::{Band, Signal, Signals};

/// One account on one morning, as conditions see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// All its signals.
    pub signals: &'a Signals,
    /// In lower case.
    pub tier: Option<&'a str>,
    /// The company's own division of its customers.
    pub segment: Option<&'a str>,
    /// What the customer does.
    pub industry: Option<&'a str>,
    /// Where it is.
    pub region: Option<&'a str>,
    /// What it bought.
    pub product: Option<&'a str>,
    /// BCP 47 tag.
    pub language: Option<&'a str>,
    /// One of [`super::LIFECYCLES`].
    pub lifecycle: Option<&'a str>,
    /// 0 to 100.
    pub score: Option<f64>,
    /// What the score means; [`Band::Unknown`] is an answer too.
    pub band: Band,
    /// Points since the account's last turn.
    pub score_change: Option<f64>,
    /// 0 to 1.
    pub coverage: Option<f64>,
}

impl<'a> Subject<'a> {
    /// An account of which only the signals are known.
    pub fn new(signals: &'a Signals) -> Subject<'a> {
        Subject {
            signals,
            tier: None,
            segment: None,
            industry: None,
            region: None,
            product: None,
            language: None,
            lifecycle: None,
            score: None,
            band: Band::Unknown,
            score_change: None,
            coverage: None,
        }
    }

    /// The text of a fact that is a text.
    pub(super) fn text(&self, name: Name) -> Option<&'a str> {
        match name {
            Name::Tier => self.tier,
            Name::Segment => self.segment,
            Name::Industry => self.industry,
            Name::Region => self.region,
            Name::Product => self.product,
            Name::Language => self.language,
            Name::Lifecycle => self.lifecycle,
            Name::Band => Some(self.band.name()),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: Name) -> Option<f64> {
        match name {
            Name::Signal(signal) => self.signals.value(signal),
            Name::Score => self.score,
            Name::ScoreChange => self.score_change,
            Name::Coverage => self.coverage,
            _ => None,
        }
    }
}

/// The answer to a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Yes, whatever the missing signals may be.
    True,
    /// No, whatever the missing signals may be.
    False,
    /// It hangs on something that nobody knows, or that does not apply to the account.
    Unknown {
        /// What was asked for and is not there.
        missing: Vec<Name>,
    },
    /// It hangs on signals whose source has stopped: what they said last is no ground to act on.
    Paused {
        /// Those signals.
        stale: Vec<Signal>,
        /// The answer, if they still held.
        would_be: bool,
    },
}

impl Verdict {
    /// Whether it is a clear yes.
    pub fn is_true(&self) -> bool {
        *self == Verdict::True
    }
}

impl Condition {
    /// The stale signals on which a yes hangs; `None` if it is no yes.
    pub fn yes(&self, subject: &Subject<'_>) -> Option<Vec<Signal>> {
        let mut asked = Asked::new(subject, true);
        if self.form.answer(&mut asked) == Some(true) { Some(self.hangs_on(&asked, subject, true)) } else { None }
    }

    /// Whether it holds, for sure.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        self.yes(subject).is_some_and(|stale| stale.is_empty())
    }

    /// Answers the condition for one account. `&&` and `||` answer as soon as one side decides, as CEL says: what is
    /// missing on the other side does not matter then.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Verdict {
        let mut asked = Asked::new(subject, true);
        let Some(answer) = self.form.answer(&mut asked) else {
            let missing = |name: &Name| asked.missing & name.bit() != 0;
            return Verdict::Unknown { missing: self.reads().iter().copied().filter(missing).collect() };
        };
        match (self.hangs_on(&asked, subject, answer), answer) {
            (stale, would_be) if !stale.is_empty() => Verdict::Paused { stale, would_be },
            (_, true) => Verdict::True,
            (_, false) => Verdict::False,
        }
    }

    /// The stale signals on which an answer hangs: they decided only if it is another one, or none, without them.
    fn hangs_on(&self, asked: &Asked<'_>, subject: &Subject<'_>, answer: bool) -> Vec<Signal> {
        if asked.stale == 0 || self.form.answer(&mut Asked::new(subject, false)) == Some(answer) {
            return Vec::new();
        }
        let signal = |name: &Name| if let Name::Signal(signal) = *name { Some(signal) } else { None };
        self.reads().iter().filter(|name| asked.stale & name.bit() != 0).filter_map(signal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::signals::{Reading, State};

    fn ask(text: &str, subject: &Subject<'_>) -> Verdict {
        Condition::parse(text).unwrap().evaluate(subject)
    }

    /// Uses 30 days ago, csat unknown, seats stale at 40, champion left, first value missed.
    fn signals() -> Signals {
        let mut signals = Signals::default();
        let day = Day::from_days(20_000);
        signals.set(Signal::DaysSinceUse, Reading::fresh(30.0, day));
        signals.set(Signal::ChampionLeft, Reading::fresh(1.0, day));
        signals.set(Signal::FirstValue, Reading::fresh(5.0, day));
        signals.set(Signal::UseRatio, Reading::fresh(0.5, day));
        signals.set(Signal::Seats, Reading { state: State::Stale, ..Reading::fresh(40.0, day) });
        signals.set(Signal::DaysToNotice, Reading::NOT_APPLICABLE);
        signals
    }

    #[test]
    fn three_values_and_stale_signals() {
        let signals = signals();
        let subject = Subject { tier: Some("mid"), score: Some(61.0), score_change: Some(-12.0), ..Subject::new(&signals) };
        let unknown = |names: &[&str]| format!("unknown {}", names.join(","));
        let paused = |would_be: bool| format!("paused seats {would_be}");
        let said = |text: &str| match ask(text, &subject) {
            Verdict::True => "true".to_owned(),
            Verdict::False => "false".to_owned(),
            Verdict::Unknown { missing } => unknown(&missing.iter().map(|name| name.name()).collect::<Vec<_>>()),
            Verdict::Paused { stale, would_be } => {
                assert_eq!(stale, [Signal::Seats], "{text}");
                paused(would_be)
            }
        };
        let table = [
            // What is known.
            ("days_since_use > 14", "true".to_owned()),
            ("days_since_use > 14.5 && 31 > days_since_use", "true".to_owned()),
            ("days_since_use == 30", "true".to_owned()),
            ("champion_left", "true".to_owned()),
            ("!champion_left", "false".to_owned()),
            ("first_value == \"missed\"", "true".to_owned()),
            ("first_value in [\"attained\", \"attained_late\"]", "false".to_owned()),
            ("tier == \"Mid\" && tier in [\"small\", \"MID\"]", "true".to_owned()),
            ("tier.startsWith(\"mi\")", "true".to_owned()),
            ("score < 70 && score_change < -10", "true".to_owned()),
            ("band == \"unknown\"", "true".to_owned()),
            ("days_since_use > (tier == \"enterprise\" ? 7 : 21)", "true".to_owned()),
            ("use_ratio * 100 < 60", "true".to_owned()),
            ("-use_ratio < 0", "true".to_owned()),
            // What is missing.
            ("csat < 3", unknown(&["csat"])),
            ("!(csat < 3)", unknown(&["csat"])),
            ("csat < 3 && champion_left", unknown(&["csat"])),
            ("champion_left && csat < 3", unknown(&["csat"])),
            ("csat < 3 && !champion_left", "false".to_owned()),
            ("!champion_left && csat < 3", "false".to_owned()),
            ("csat < 3 || champion_left", "true".to_owned()),
            ("champion_left || csat < 3", "true".to_owned()),
            ("csat < 3 || !champion_left", unknown(&["csat"])),
            ("csat < 3 && nps < 6", unknown(&["csat", "nps"])),
            ("industry == \"steel\"", unknown(&["industry"])),
            ("days_to_notice <= 60", unknown(&["days_to_notice"])),
            ("known(\"csat\")", "false".to_owned()),
            ("known(\"days_since_use\") && !known(\"csat\")", "true".to_owned()),
            ("known(\"csat\") && csat < 3", "false".to_owned()),
            // What is stale.
            ("seats > 10", paused(true)),
            ("seats > 50", paused(false)),
            ("seats > 10 && champion_left", paused(true)),
            ("seats > 10 && !champion_left", "false".to_owned()),
            ("seats > 10 || champion_left", "true".to_owned()),
            ("seats > 50 || champion_left", "true".to_owned()),
            ("seats > 10 && csat < 3", unknown(&["csat"])),
            ("known(\"seats\")", paused(true)),
        ];
        for (text, answer) in table {
            assert_eq!(said(text), answer, "{text}");
        }
    }

    #[test]
    fn what_is_known_later_decides_the_same_way() {
        // An answer given without a missing signal holds for every value the signal may turn out to have.
        let signals = signals();
        for text in ["csat < 3 || champion_left", "csat < 3 && !champion_left", "champion_left ? true : csat < 3"] {
            let before = ask(text, &Subject::new(&signals));
            for csat in [1.0, 3.0, 5.0] {
                let mut later = signals.clone();
                later.set(Signal::Csat, Reading::fresh(csat, Day::from_days(20_000)));
                assert_eq!(ask(text, &Subject::new(&later)), before, "{text} with {csat}");
            }
        }
    }

    #[test]
    fn evidence_says_when_it_is_old() {
        let signals = signals();
        let subject = Subject::new(&signals);
        assert_eq!(Name::Signal(Signal::DaysSinceUse).evidence(&subject).unwrap(), "30 days since last use");
        assert_eq!(Name::Signal(Signal::Seats).evidence(&subject).unwrap(), "seats: 40 (as of 2024-10-04, not updated since)");
        assert_eq!(Name::Signal(Signal::Csat).evidence(&subject), None);
    }
}
