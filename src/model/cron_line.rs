//! Cron lines: five fields that say at which minutes of civil time something is due.
//!
//! As Debian's cron reads them: weekdays count from 0 (Sunday) to 7 (Sunday again); where both the day of the month and
//! the weekday are given, either is enough. The `cron` crate does the calendar, on civil time only: by itself it counts
//! Sunday as 1, wants both days to fit, skips what the clocks skip and doubles what they repeat.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use cron::Schedule;

use super::cron_field::{KINDS, MONTHS, WEEKDAYS};

/// A cron line that comes due at some time.
#[derive(Clone, Debug)]
pub struct CronLine {
    fields: [String; 5],
    /// One, or one for the days of the month and one for the weekdays.
    either: Vec<Schedule>,
}

impl CronLine {
    /// Whether it goes by elapsed time (minute or hour begin with `*`) instead of by fixed times of the day.
    pub fn is_wildcard(&self) -> bool {
        self.fields[..2].iter().any(|field| field.starts_with('*'))
    }

    /// The first civil time after this one at which it is due, up to the year 2100.
    pub fn next_civil(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let after = after.and_utc();
        self.either.iter().filter_map(|one| one.after(&after).next()).min().map(|at| at.naive_utc())
    }

    /// The last civil time until this one at which it is due, from the year 1970 on.
    pub fn latest_civil(&self, until: NaiveDateTime) -> Option<NaiveDateTime> {
        let before = (until.with_nanosecond(0)? + TimeDelta::seconds(1)).and_utc();
        self.either.iter().filter_map(|one| one.after(&before).next_back()).max().map(|at| at.naive_utc())
    }

    /// What it means, for people: `at 03:30 every day`.
    pub fn in_words(&self) -> String {
        let [minute, hour, day, month, weekday] = &self.fields;
        let number = |field: &str| field.parse::<u32>().ok();
        let list = |field: &str| field.split(',').map(number).collect::<Option<Vec<u32>>>();
        let times = number(minute).zip(list(hour)).map(|(minute, hours)| {
            let times: Vec<String> = hours.iter().map(|hour| format!("{hour:02}:{minute:02}")).collect();
            format!("at {}", times.join(" and "))
        });
        let stepped = minute.strip_prefix("*/").filter(|_| hour == "*").map(|step| format!("every {step} minutes"));
        let hourly = || number(minute).filter(|_| hour == "*").map(|minute| format!("{minute} minutes past every hour"));
        let time = times.or(stepped).or_else(hourly).unwrap_or_else(|| match (minute.as_str(), hour.as_str()) {
            ("*", "*") => "every minute".to_owned(),
            _ => format!("at minute {minute} of hour {hour}"),
        });
        let weekdays = || named(weekday, &WEEKDAYS, 0);
        let days = match (day.as_str(), weekday.as_str()) {
            ("*", "*") => "every day".to_owned(),
            ("*", _) => format!("on {}", weekdays()),
            (_, "*") => format!("on day {day} of the month"),
            _ if day.starts_with('*') || weekday.starts_with('*') => {
                format!("on those of the days {day} of the month that are {}", weekdays())
            }
            _ => format!("on day {day} of the month and on {}", weekdays()),
        };
        let months = if month == "*" { String::new() } else { format!(" in {}", named(month, &MONTHS, 1)) };
        format!("{time} {days}{months}")
    }
}

/// The numbers of a field as names.
fn named(field: &str, names: &[&str], least: usize) -> String {
    let name = |text: &str| {
        let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(least));
        number.and_then(|at| names.get(at % names.len())).map_or_else(|| text.to_owned(), |name| (*name).to_owned())
    };
    let spell = |text: &str| {
        let full = names.iter().find(|name| name[..3].eq_ignore_ascii_case(text));
        full.map_or_else(|| name(text), |name| (*name).to_owned())
    };
    let item = |item: &str| item.split('-').map(spell).collect::<Vec<_>>().join(" to ");
    field.split(',').map(item).collect::<Vec<_>>().join(", ")
}

impl FromStr for CronLine {
    type Err = String;

    fn from_str(text: &str) -> Result<CronLine, String> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let fields: [String; 5] = fields.try_into().map_err(|fields: Vec<String>| {
            format!(
                "`{text}` has {} of the five fields minute, hour, day of the month, month, weekday; write for example \"30 3 * * *\"",
                fields.len()
            )
        })?;
        let mut sets = Vec::new();
        for (kind, field) in KINDS.iter().zip(&fields) {
            sets.push(kind.values(field).map_err(|reason| format!("`{text}`: {reason}"))?);
        }
        let numbers =
            |set: &BTreeSet<u32>, first: u32| set.iter().map(|number| (number + first).to_string()).collect::<Vec<_>>().join(",");
        let [minutes, hours, days, months] = [0, 1, 2, 3].map(|at| numbers(&sets[at], 0));
        let weekdays = numbers(&sets[4], 1);
        let any = || "*".to_owned();
        let both = if fields[2].starts_with('*') || fields[4].starts_with('*') {
            vec![(days, weekdays)]
        } else {
            vec![(days, any()), (any(), weekdays)]
        };
        let schedule = |(days, weekdays)| Schedule::from_str(&format!("0 {minutes} {hours} {days} {months} {weekdays}"));
        let either = both.into_iter().map(schedule).collect::<Result<_, _>>().map_err(|error| format!("`{text}`: {error}"))?;
        let line = CronLine { fields, either };
        let ever = NaiveDate::from_ymd_opt(2000, 1, 1).and_then(|day| line.next_civil(day.and_time(chrono::NaiveTime::MIN)));
        if ever.is_none() {
            return Err(format!("`{text}` never comes due: no year has such a day"));
        }
        Ok(line)
    }
}

impl fmt::Display for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fields.join(" "))
    }
}

impl PartialEq for CronLine {
    fn eq(&self, other: &CronLine) -> bool {
        self.fields == other.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> CronLine {
        text.parse().unwrap()
    }

    fn civil(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    /// The first times from the beginning of 2026 on.
    fn first(text: &str, count: usize) -> Vec<String> {
        let line = line(text);
        let mut at = civil("2025-12-31T23:59:59");
        let mut next = || {
            at = line.next_civil(at)?;
            Some(at.format("%a %m-%d %H:%M").to_string())
        };
        (0..count).filter_map(|_| next()).collect()
    }

    #[test]
    fn fields_mean_what_they_mean_in_debian() {
        for (text, expected) in [
            ("0 9 * * 1", "Mon 01-05 09:00, Mon 01-12 09:00"),
            ("0 9 * * 0", "Sun 01-04 09:00, Sun 01-11 09:00"),
            ("0 9 * * 7", "Sun 01-04 09:00, Sun 01-11 09:00"),
            ("0 9 * * sat-sun", "Sat 01-03 09:00, Sun 01-04 09:00"),
            ("0 9 * * 5-7", "Fri 01-02 09:00, Sat 01-03 09:00"),
            ("0 9 * * Mon,WED", "Mon 01-05 09:00, Wed 01-07 09:00"),
            ("0 9 * * */2", "Thu 01-01 09:00, Sat 01-03 09:00"),
            // Either day is enough, unless one of them begins with a star.
            ("0 9 13 * fri", "Fri 01-02 09:00, Fri 01-09 09:00, Tue 01-13 09:00"),
            ("0 9 */10 * fri", "Fri 05-01 09:00"),
            ("*/20 8-9 * feb *", "Sun 02-01 08:00, Sun 02-01 08:20"),
            ("5,10 22-23/1 31 * *", "Sat 01-31 22:05, Sat 01-31 22:10, Sat 01-31 23:05"),
            ("0 0 29 2 *", "Tue 02-29 00:00"),
        ] {
            assert_eq!(first(text, expected.split(", ").count()).join(", "), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        for (text, expected) in [
            (
                "30 3 * *",
                "`30 3 * *` has 4 of the five fields minute, hour, day of the month, month, weekday; write for example \"30 3 * * *\"",
            ),
            ("0 30 3 * * *", "has 6 of the five fields"),
            ("@daily", "has 1 of the five fields"),
            ("60 3 * * *", "`60 3 * * *`: minute: `60` is none; write 0 to 59, *, a range such as 0-59, or several with commas"),
            ("0 24 * * *", "hour: `24` is none; write 0 to 23"),
            ("0 0 0 * *", "day of the month: `0` is none"),
            ("0 0 * 13 *", "month: `13` is none; write 1 to 12 or jan to dec"),
            ("0 0 * * 8", "weekday: `8` is none; write 0 to 7 or sun to sat"),
            ("0 0 * * mo", "weekday: `mo` is none"),
            ("0 22-2 * * *", "hour: `22-2` runs backwards"),
            ("0 0 * * sat-mon", "weekday: `sat-mon` runs backwards"),
            ("*/0 * * * *", "minute: `*/0` has no step that counts"),
            ("5/15 * * * *", "minute: `5/15` has a step without a range; write 5-59/… or */…"),
            ("0 0 ? * *", "day of the month: `?` is none"),
            ("0 0 L * *", "day of the month: `L` is none"),
            ("0,, 0 * * *", "minute: `` is none"),
            ("+5 0 * * *", "minute: `+5` is none"),
            ("0 0 31 2 *", "`0 0 31 2 *` never comes due: no year has such a day"),
            ("0 0 30-31 feb *", "never comes due"),
        ] {
            let error = text.parse::<CronLine>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_line_is_told_in_words() {
        for (text, words) in [
            ("30 3 * * *", "at 03:30 every day"),
            ("0 8,14 * * mon-fri", "at 08:00 and 14:00 on Monday to Friday"),
            ("0 7 * * 1-5", "at 07:00 on Monday to Friday"),
            ("0 7 * * 7,mon", "at 07:00 on Sunday, Monday"),
            ("*/15 * * * *", "every 15 minutes every day"),
            ("5 * * * *", "5 minutes past every hour every day"),
            ("* * * * *", "every minute every day"),
            ("0 0 1 jan,7 *", "at 00:00 on day 1 of the month in January, July"),
            ("0 9 13 * fri", "at 09:00 on day 13 of the month and on Friday"),
            ("0,30 8-18 * * *", "at minute 0,30 of hour 8-18 every day"),
        ] {
            assert_eq!(line(text).in_words(), words);
        }
    }

    #[test]
    fn latest_and_next_surround_a_time() {
        let line = line("30 3 * * *");
        for (until, latest) in [
            ("2026-05-02T03:30:00", "2026-05-02T03:30:00"),
            ("2026-05-02T03:29:59.5", "2026-05-01T03:30:00"),
            ("2026-05-02T03:30:00.5", "2026-05-02T03:30:00"),
            ("2026-01-01T00:00:00", "2025-12-31T03:30:00"),
        ] {
            assert_eq!(line.latest_civil(civil(until)), Some(civil(latest)), "{until}");
        }
        assert_eq!(line.next_civil(civil("2026-05-02T03:29:59.999999")), Some(civil("2026-05-02T03:30:00")));
        assert_eq!(line.next_civil(civil("2026-05-02T03:30:00")), Some(civil("2026-05-03T03:30:00")));
    }
}
