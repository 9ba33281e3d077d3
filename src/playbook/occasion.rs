//! What happens on a day: an event at the customer, a date of its contract, a stage that a record enters. A play with an
//! occasion acts once for each, on the first night that sees it, however many nights were missed before.

use crate::model::Day;
use crate::signals::Signal;
use crate::signals::condition::Subject;

/// What a play waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// What.
    pub of: OccasionOf,
    /// Days for which it still makes sense to act on it; what came since the last cycle is acted on in any case.
    pub within_days: u32,
}

/// What an occasion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OccasionOf {
    /// Something happened at the customer: one of these kinds, in lower case.
    Event(Vec<String>),
    /// So many days after a date; before it, where negative.
    Date(Date, i32),
    /// A record of the account entered a stage.
    Stage {
        /// `pipeline/stage`.
        name: String,
        /// Where that stands in the play's file.
        line: u64,
        /// The same.
        column: u64,
    },
}

/// A date of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Date {
    /// When it went live.
    GoLive,
    /// A year after it began, two years after …
    Anniversary,
    /// The end of the contract.
    ContractEnd,
    /// The end less the notice period.
    LastDayToAct,
    /// When the next contact is due by the account's class; any real contact of both sides puts it off.
    NextContact,
}

impl Date {
    pub(super) const ALL: [(&'static str, Date); 5] = [
        ("go_live", Date::GoLive),
        ("anniversary", Date::Anniversary),
        ("contract_end", Date::ContractEnd),
        ("last_day_to_act", Date::LastDayToAct),
        ("next_contact", Date::NextContact),
    ];
}

/// Something that happened on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The kind of an event, in lower case, or `pipeline/stage`.
    pub kind: String,
    /// What tells it from others.
    pub key: String,
    /// When.
    pub on: Day,
    /// For people; may be empty.
    pub note: String,
}

/// One coming of an occasion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// What tells it from others: acted on once.
    pub key: String,
    /// Its day.
    pub on: Day,
    /// For people, as evidence.
    pub said: String,
}

/// The night in which occasions are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Night<'a> {
    /// Its morning.
    pub on: Day,
    /// The morning of the cycle before.
    pub before: Option<Day>,
    /// Whether it is the account's turn.
    pub in_turn: bool,
    /// What happened at the account of late.
    pub happened: &'a [Happening],
    /// Days between two contacts, by the account's class.
    pub contact_days: Option<u32>,
}

impl Occasion {
    /// Its newest coming that is to be acted on this night, if nobody has yet.
    pub fn coming(&self, subject: &Subject<'_>, night: Night<'_>) -> Option<Coming> {
        let within = i32::try_from(self.within_days).unwrap_or(i32::MAX);
        let due = |day: Day| day <= night.on && (night.on - day <= within || night.before.is_some_and(|before| day > before));
        // What happens in the course of a day is told on the next morning.
        let news = |day: Day| due(day) || night.before == Some(day);
        let happened = |of: &dyn Fn(&str) -> bool| {
            let fitting = night.happened.iter().filter(|one| of(&one.kind) && news(one.on));
            let newest = fitting.max_by(|a, b| (a.on, &a.key).cmp(&(b.on, &b.key)))?;
            let note = if newest.note.is_empty() { String::new() } else { format!(": {}", newest.note) };
            let said = format!("{} on {}{note}", newest.kind.replace('_', " "), newest.on);
            Some(Coming { key: newest.key.clone(), on: newest.on, said })
        };
        match &self.of {
            OccasionOf::Event(kinds) => happened(&|kind| kinds.iter().any(|one| one == kind)),
            OccasionOf::Stage { name, .. } => happened(&|kind| kind == name),
            OccasionOf::Date(date, days) => {
                let (anchor, name) = anchor(*date, subject, night, *days)?;
                let on = anchor + *days;
                due(on).then(|| Coming { key: format!("{name} {anchor}"), on, said: format!("{name} {anchor}") })
            }
        }
    }
}

/// The date that counts on that morning, and what people call it.
fn anchor(date: Date, subject: &Subject<'_>, night: Night<'_>, days: i32) -> Option<(Day, &'static str)> {
    #[expect(clippy::cast_possible_truncation, reason = "days of a civil calendar")]
    let number = |signal: Signal| subject.signals.value(signal).map(|days| days as i32);
    match date {
        Date::GoLive => Some((night.on - number(Signal::DaysSinceLive)?, "live since")),
        Date::ContractEnd => Some((night.on + number(Signal::DaysToEnd)?, "contract ends")),
        Date::LastDayToAct => Some((night.on + number(Signal::DaysToNotice)?, "last day to act")),
        Date::NextContact => {
            // Where contacts are not brought any more, silence is no sign.
            let reading = subject.signals.get(Signal::DaysSinceContact);
            let fresh = reading.state == crate::signals::State::Fresh;
            let every = i32::try_from(night.contact_days?).ok()?;
            Some((night.on - number(Signal::DaysSinceContact).filter(|_| fresh)? + every, "contact due"))
        }
        Date::Anniversary => {
            let began = night.on - number(Signal::AgeDays)?;
            // The newest one whose day, so many days after it, is not to come.
            let years = u32::try_from((night.on - days - began) / 365).ok()?;
            let of = |year: u32| began.plus_months(12 * year);
            let newest = (years.saturating_sub(1)..=years + 1).rev().find(|&year| year > 0 && of(year) + days <= night.on)?;
            Some((of(newest), "anniversary"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signals::{Reading, Signals};

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn night(on: Day, before: Option<Day>) -> Night<'static> {
        Night { on, before, in_turn: false, happened: &[], contact_days: Some(14) }
    }

    fn ask(date: Date, days: i32, signal: Signal, value: i32, night: Night<'_>) -> Option<Coming> {
        let mut signals = Signals::default();
        signals.set(signal, Reading::fresh(f64::from(value), night.on - 1));
        Occasion { of: OccasionOf::Date(date, days), within_days: 10 }.coming(&Subject::new(&signals), night)
    }

    #[test]
    fn a_date_comes_on_its_day_and_stays_for_a_while() {
        let on = day("2026-11-20");
        let coming = |date, days, signal, value| ask(date, days, signal, value, night(on, Some(on - 1))).map(|one| one.key);
        assert_eq!(coming(Date::LastDayToAct, -60, Signal::DaysToNotice, 61), None, "tomorrow");
        assert_eq!(coming(Date::LastDayToAct, -60, Signal::DaysToNotice, 60).unwrap(), "last day to act 2027-01-19");
        assert_eq!(coming(Date::LastDayToAct, -60, Signal::DaysToNotice, 50).unwrap(), "last day to act 2027-01-09");
        assert_eq!(coming(Date::LastDayToAct, -60, Signal::DaysToNotice, 49), None, "too late to be of use");
        assert_eq!(coming(Date::GoLive, 30, Signal::DaysSinceLive, 33).unwrap(), "live since 2026-10-18");
        assert_eq!(coming(Date::NextContact, 0, Signal::DaysSinceContact, 13), None);
        assert_eq!(coming(Date::NextContact, 0, Signal::DaysSinceContact, 14).unwrap(), "contact due 2026-11-20");
        assert_eq!(coming(Date::ContractEnd, -30, Signal::DaysToEnd, 25).unwrap(), "contract ends 2026-12-15");
    }

    #[test]
    fn anniversaries_keep_to_the_calendar() {
        let key = |began: &str, on: &str, days: i32| {
            let (began, on) = (day(began), day(on));
            ask(Date::Anniversary, days, Signal::AgeDays, on - began, night(on, Some(on - 1))).map(|one| one.key)
        };
        assert_eq!(key("2024-02-29", "2025-02-28", 0).unwrap(), "anniversary 2025-02-28");
        assert_eq!(key("2023-11-20", "2026-11-20", 0).unwrap(), "anniversary 2026-11-20");
        assert_eq!(key("2023-11-21", "2026-11-20", 0), None);
        assert_eq!(key("2023-11-21", "2026-11-20", -1).unwrap(), "anniversary 2026-11-21");
        assert_eq!(key("2026-11-15", "2026-11-20", 0), None, "the first day is no anniversary");
    }

    #[test]
    fn what_was_missed_is_made_up_for() {
        let on = day("2026-11-20");
        // Forty nights were missed, four times as long as the occasion keeps.
        let late = ask(Date::GoLive, 30, Signal::DaysSinceLive, 65, night(on, Some(on - 40)));
        assert_eq!(late.unwrap().on, on - 35);
        assert_eq!(ask(Date::GoLive, 30, Signal::DaysSinceLive, 65, night(on, Some(on - 30))), None, "seen by the cycle before");
        assert_eq!(ask(Date::GoLive, 30, Signal::DaysSinceLive, 65, night(on, None)), None, "a first night makes up for nothing");
    }

    #[test]
    fn the_newest_event_counts() {
        let on = day("2026-11-20");
        let event = |key: &str, kind: &str, days: i32| Happening {
            kind: kind.to_owned(),
            key: key.to_owned(),
            on: on - days,
            note: "A round".to_owned(),
        };
        let happened =
            [event("e1", "funding", 9), event("e2", "funding", 3), event("e3", "merger", 1), event("e4", "funding", 40)];
        let signals = Signals::default();
        let occasion = Occasion { of: OccasionOf::Event(vec!["funding".to_owned()]), within_days: 10 };
        let coming = |happened| occasion.coming(&Subject::new(&signals), Night { happened, ..night(on, Some(on - 1)) });
        let one = coming(&happened).unwrap();
        assert_eq!((one.key.as_str(), one.said.as_str()), ("e2", "funding on 2026-11-17: A round"));
        assert_eq!(coming(&happened[2..]), None, "another kind, or long ago");
        let late =
            |before| occasion.coming(&Subject::new(&signals), Night { happened: &happened[3..], ..night(on, Some(before)) });
        assert_eq!(late(on - 40).unwrap().key, "e4", "it came after the morning of that day, and no night was lived since");
        assert_eq!(late(on - 39), None);
    }

    proptest! {
        /// Whatever nights are lived, each date is seen by at least one of them after it, under one key.
        #[test]
        fn no_date_is_lost(gaps in prop::collection::vec(1..60i32, 1..20), after in 1..300i32, days in -90..90i32) {
            let live = day("2026-01-05");
            let due = live + after.max(days) ;
            let offset = due - live;
            let (mut on, mut before, mut keys) = (live + 1, Some(live), Vec::new());
            for gap in gaps {
                keys.extend(ask(Date::GoLive, offset, Signal::DaysSinceLive, on - live, night(on, before)).map(|one| one.key));
                (before, on) = (Some(on), on + gap);
            }
            let lived_through = before.is_some_and(|last| last >= due);
            prop_assert_eq!(!keys.is_empty(), lived_through);
            keys.dedup();
            prop_assert!(keys.len() <= 1);
        }
    }
}
