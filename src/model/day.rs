//! Civil days, counted from 1970-01-01, so that windows and tiles are plain integer arithmetic.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A civil day, without a zone. Days parsed from outside lie in 1900-01-01 ..= 2199-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// A day before all others: what was always known is known on it.
    pub const ALWAYS: Day = Day(-1_000_000);

    /// The day that lies `days` after 1970-01-01 (negative: before).
    pub const fn from_days(days: i32) -> Day {
        Day(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day with this year, month (1–12) and day of the month, where it exists.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Day> {
        NaiveDate::from_ymd_opt(year, month, day).map(Day::from)
    }

    /// The same day as chrono's date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(NaiveDate::MIN)
    }

    /// Monday to Sunday.
    pub fn weekday(self) -> Weekday {
        self.date().weekday()
    }

    /// Monday to Friday.
    pub fn is_weekday(self) -> bool {
        !matches!(self.weekday(), Weekday::Sat | Weekday::Sun)
    }

    /// The same day of the month `months` later; the month's last day where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Day {
        self.date().checked_add_months(Months::new(months)).map_or(self, Day::from)
    }

    /// The day that is `count` working days (Monday to Friday) later; for 0 this day, or the next working day.
    #[must_use]
    pub fn plus_working_days(self, count: u32) -> Day {
        let mut day = self;
        while !day.is_weekday() {
            day = day + 1;
        }
        for _ in 0..count {
            day = day + 1;
            while !day.is_weekday() {
                day = day + 1;
            }
        }
        day
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Day {
        Day(date.to_epoch_days())
    }
}

impl Add<i32> for Day {
    type Output = Day;
    fn add(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }
}

impl Sub<i32> for Day {
    type Output = Day;
    fn sub(self, days: i32) -> Day {
        Day(self.0.saturating_sub(days))
    }
}

/// Days from the right-hand day to the left-hand one.
impl Sub for Day {
    type Output = i32;
    fn sub(self, other: Day) -> i32 {
        self.0 - other.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Day::ALWAYS { f.write_str("always") } else { self.date().fmt(f) }
    }
}

impl FromStr for Day {
    type Err = String;

    /// Reads `YYYY-MM-DD` and nothing else: other orders of day and month cannot be told apart.
    fn from_str(text: &str) -> Result<Day, String> {
        let wrong = || format!("`{text}` is not a date; write YYYY-MM-DD, for example 2026-03-31");
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(wrong());
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range].iter().try_fold(0u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
        };
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(wrong());
        };
        if !(1900..2200).contains(&year) {
            return Err(format!("`{text}` lies outside the years 1900 to 2199"));
        }
        Day::from_ymd(year.cast_signed(), month, day).ok_or_else(|| format!("`{text}` is not a day of the calendar"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        super::text::from_text(deserializer, str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn only_one_way_of_writing_a_date_is_read() {
        assert_eq!(day("2024-02-29").to_string(), "2024-02-29");
        for wrong in ["26-1-5", "03/04/2026", "2026-02-30", "2026-13-01", "0026-01-05", "2026-1-05", "", "+026-01-05"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_keep_the_day_where_they_can() {
        assert_eq!(day("2026-01-31").plus_months(1), day("2026-02-28"));
        assert_eq!(day("2024-02-29").plus_months(12), day("2025-02-28"));
    }

    #[test]
    fn working_days_skip_the_weekend() {
        assert_eq!(day("2026-11-20").plus_working_days(1), day("2026-11-23"));
        assert_eq!(day("2026-11-21").plus_working_days(0), day("2026-11-23"));
    }

    proptest! {
        #[test]
        fn text_and_number_agree(days in -25_000i32..80_000) {
            let day = Day::from_days(days);
            prop_assert_eq!(day.to_string().parse::<Day>().unwrap(), day);
            prop_assert_eq!((day + 7) - day, 7);
        }
    }
}
