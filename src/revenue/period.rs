//! Stretches of whole months, quarters or years.

use std::fmt;
use std::str::FromStr;

use chrono::Datelike;

use crate::model::Day;

/// How long a period is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Every {
    /// A calendar month.
    #[default]
    Month,
    /// Three, from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Every {
    /// Its months.
    pub fn months(self) -> u32 {
        match self {
            Every::Month => 1,
            Every::Quarter => 3,
            Every::Year => 12,
        }
    }
}

/// A calendar month, written `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Day);

impl Month {
    /// The month of a day.
    pub fn of(day: Day) -> Month {
        Month(day - i32::try_from(day.date().day0()).unwrap_or(0))
    }

    /// Its first day.
    pub fn first(self) -> Day {
        self.0
    }

    /// The month so many months later; earlier where negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Month {
        let date = self.0.date();
        let number = date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0) + months;
        let month = u32::try_from(number.rem_euclid(12)).unwrap_or(0) + 1;
        Month(Day::from_ymd(number.div_euclid(12), month, 1).unwrap_or(self.0))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.date().format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Month, String> {
        let first = format!("{text}-01").parse::<Day>();
        first.map(Month).map_err(|_| format!("`{text}` is not a month; write YYYY-MM, for example 2026-03"))
    }
}

/// A stretch of days, half-open. What takes effect on one of them, as the first day of a price or the first without it, is a
/// movement of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// `2026-03`, `2026-Q1`, `2026`; of a whole range `2026-01 to 2026-12`.
    pub name: String,
    /// The first day.
    pub from: Day,
    /// The first day after it.
    pub until: Day,
    /// Whether all its days have passed.
    pub complete: bool,
}

impl Period {
    /// All periods that hold a day of the months `from` to `to`, cut off on the morning of `on`.
    pub fn all(from: Month, to: Month, every: Every, on: Day) -> Vec<Period> {
        let months = every.months().cast_signed();
        let back = i32::try_from(from.0.date().month0()).unwrap_or(0) % months;
        let mut periods = Vec::new();
        let mut first = from.plus(-back);
        while first <= to && first.0 < on {
            let date = first.0.date();
            let name = match every {
                Every::Month => first.to_string(),
                Every::Quarter => format!("{}-Q{}", date.year(), date.month0() / 3 + 1),
                Every::Year => date.year().to_string(),
            };
            let until = first.plus(months).0;
            periods.push(Period { name, from: first.0, until: until.min(on), complete: until <= on });
            first = first.plus(months);
        }
        periods
    }

    /// From the beginning of the first to the end of the last.
    pub fn whole(periods: &[Period]) -> Option<Period> {
        let (first, last) = (periods.first()?, periods.last()?);
        let name = if periods.len() == 1 { first.name.clone() } else { format!("{} to {}", first.name, last.name) };
        Some(Period { name, from: first.from, until: last.until, complete: last.complete })
    }

    /// The twelve months that end with this period.
    #[must_use]
    pub fn trailing_year(&self) -> Period {
        // Of a month that has not passed: the same day a year before.
        let day = self.until.date().day0();
        let from = Month::of(self.until).plus(-12).0;
        let from = (from + i32::try_from(day).unwrap_or(0)).min(Month::of(from).plus(1).0 - 1);
        Period { name: format!("12 months to {}", self.name), from, until: self.until, complete: self.complete }
    }

    /// Whether something that takes effect on that day belongs to it.
    pub fn holds(&self, day: Day) -> bool {
        self.from <= day && day < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn periods_join_without_gaps_and_end_with_today() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        let names = |every, on| {
            let periods = Period::all(month("2025-11"), month("2026-02"), every, day(on));
            assert!(periods.windows(2).all(|two| two[0].until == two[1].from));
            periods.into_iter().map(|one| (one.name, one.complete)).collect::<Vec<_>>()
        };
        let named = |names: &[(&str, bool)]| names.iter().map(|(name, done)| ((*name).to_owned(), *done)).collect::<Vec<_>>();
        assert_eq!(names(Every::Month, "2026-01-31"), named(&[("2025-11", true), ("2025-12", true), ("2026-01", false)]));
        assert_eq!(names(Every::Quarter, "2026-04-01"), named(&[("2025-Q4", true), ("2026-Q1", true)]));
        assert_eq!(names(Every::Year, "2026-04-01"), named(&[("2025", true), ("2026", false)]));
        assert!("2026-13".parse::<Month>().is_err() && "2026-3".parse::<Month>().is_err());
        assert_eq!(month("2026-01").plus(-13).to_string(), "2024-12");
    }

    #[test]
    fn a_trailing_year_is_as_long_as_a_year() {
        let back = |until: &str| {
            let period = Period { name: String::new(), from: day("2024-02-01"), until: day(until), complete: true };
            period.trailing_year().from.to_string()
        };
        assert_eq!([back("2026-03-01"), back("2024-02-29"), back("2024-12-31")], ["2025-03-01", "2023-02-28", "2023-12-31"]);
    }
}
