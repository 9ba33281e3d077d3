//! How long something may last, as people write it: `7 days`, `5 working days`, `1 month`, `until 90 days before end`.

use crate::model::{Calendar, Day};

/// A length of time. It is half-open, as all spans of days are here: what begins on a Monday and lasts 7 days is over on the
/// morning of the next Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Days of the calendar, in the company's zone.
    Days(u32),
    /// Days on which the company works, and where the owner's region has days of its own, the owner.
    WorkingDays(u32),
    /// Months of the calendar.
    Months(u32),
}

/// A day that a record has of its own, which may lie ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// When it came to be: a lead came in, a contract or an account was signed.
    Created,
    /// The end of the term.
    End,
    /// The last day to act: the end less the notice period.
    Notice,
    /// The account was signed.
    Signed,
    /// The account went live.
    Live,
    /// The account left.
    Left,
}

const ANCHORS: [(&str, Anchor); 6] = [
    ("created", Anchor::Created),
    ("end", Anchor::End),
    ("notice", Anchor::Notice),
    ("signed", Anchor::Signed),
    ("live", Anchor::Live),
    ("left", Anchor::Left),
];

/// The longest stay of a record in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// So long from the day of entering.
    For(Span),
    /// Until so many days after a day of the record's own; before it where they are negative.
    Until(i32, Anchor),
}

impl Span {
    /// Reads `7 days`, `2 weeks`, `5 working days`, `1 month`, `half a year`, `1 year`.
    pub fn parse(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{text}` is no length of time; write 7 days, 5 working days, 2 weeks, 1 month or 1 year");
        let words: Vec<&str> = text.split_whitespace().collect();
        if words == ["half", "a", "year"] {
            return Ok(Span::Months(6));
        }
        let (number, unit) = words.split_first().ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let span = match unit {
            ["day" | "days"] => Span::Days(number),
            ["week" | "weeks"] => Span::Days(number.saturating_mul(7)),
            ["working", "day" | "days"] => Span::WorkingDays(number),
            ["month" | "months"] => Span::Months(number),
            ["year" | "years"] => Span::Months(number.saturating_mul(12)),
            _ => return Err(wrong()),
        };
        let days = match span {
            Span::Days(days) | Span::WorkingDays(days) => days,
            Span::Months(months) => months.saturating_mul(30),
        };
        if (1..=1100).contains(&days) { Ok(span) } else { Err(format!("`{text}` lies outside 1 day to 3 years")) }
    }

    /// The first day on which it is over.
    pub fn after(self, from: Day, calendar: &Calendar, region: Option<&str>) -> Day {
        match self {
            Span::Days(days) => from + days.cast_signed(),
            Span::WorkingDays(days) => calendar.plus_working_days(from, days, region),
            Span::Months(months) => from.plus_months(months),
        }
    }
}

impl Stay {
    /// Reads a length of time, or `until 90 days before end`.
    pub fn parse(text: &str) -> Result<Stay, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let ["until", words @ ..] = &words[..] else { return Span::parse(text).map(Stay::For) };
        let names = ANCHORS.map(|(name, _)| name);
        let anchor = |name: &str| {
            let known = ANCHORS.iter().find(|(known, _)| *known == name).map(|(_, anchor)| *anchor);
            known.ok_or_else(|| format!("`{name}` is none of the days {}", names.join(", ")))
        };
        match words {
            [name] => Ok(Stay::Until(0, anchor(name)?)),
            [number, "day" | "days", side @ ("before" | "after"), name] => {
                let days: u16 = number.parse().map_err(|_| format!("`{number}` is no number of days"))?;
                Ok(Stay::Until(if *side == "before" { -i32::from(days) } else { i32::from(days) }, anchor(name)?))
            }
            _ => Err(format!("`{text}` is no day; write until 90 days before end, or until live")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        let over = |text: &str| Span::parse(text).unwrap().after(day("2026-11-02"), &Calendar::default(), None).to_string();
        for (text, end) in [
            ("7 days", "2026-11-09"),
            ("1 week", "2026-11-09"),
            ("5 working days", "2026-11-09"),
            ("1 month", "2026-12-02"),
            ("half a year", "2027-05-02"),
            ("1 year", "2027-11-02"),
        ] {
            assert_eq!(over(text), end, "{text}");
        }
        for text in ["", "7", "days", "seven days", "7 dayz", "0 days", "9 years", "-1 days"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stay_may_end_on_a_day_of_the_record() {
        assert_eq!(Stay::parse("until 90 days before end"), Ok(Stay::Until(-90, Anchor::End)));
        assert_eq!(Stay::parse("until 14 days after live"), Ok(Stay::Until(14, Anchor::Live)));
        assert_eq!(Stay::parse("until notice"), Ok(Stay::Until(0, Anchor::Notice)));
        assert_eq!(Stay::parse("3 days"), Ok(Stay::For(Span::Days(3))));
        assert!(Stay::parse("until 90 days before the end").unwrap_err().contains("is no day"));
        assert!(Stay::parse("until 9 days after birth").unwrap_err().contains("none of the days created, end"));
    }
}
