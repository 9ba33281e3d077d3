//! Which days people work: the days of the week, and the days that are different, everywhere or in one region.

use std::collections::BTreeMap;
use std::fmt;

use chrono::Weekday;
use serde::{Deserialize, Serialize};

use super::Day;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The days of a week on which people work; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkingWeek([bool; 7]);

impl WorkingWeek {
    /// Reads `mon-fri`, `sun-thu`, or a list such as `mon-thu, sat`.
    pub fn parse(text: &str) -> Result<WorkingWeek, String> {
        let wrong = || format!("`{text}` are no days of the week; write mon-fri, or a list such as mon-thu,sat");
        let number = |name: &str| WEEKDAYS.iter().position(|known| *known == name.trim().to_lowercase()).ok_or_else(wrong);
        let mut week = [false; 7];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut at, last) = (number(first)?, number(last)?);
            week[at] = true;
            while at != last {
                at = (at + 1) % 7;
                week[at] = true;
            }
        }
        Ok(WorkingWeek(week))
    }
}

/// As a list: `mon,tue,wed,thu,fri`.
impl Serialize for WorkingWeek {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let days: Vec<&str> = WEEKDAYS.into_iter().zip(self.0).filter_map(|(name, works)| works.then_some(name)).collect();
        serializer.serialize_str(&days.join(","))
    }
}

/// Monday to Friday.
impl Default for WorkingWeek {
    fn default() -> WorkingWeek {
        WorkingWeek([true, true, true, true, true, false, false])
    }
}

impl<'de> Deserialize<'de> for WorkingWeek {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<WorkingWeek, D::Error> {
        super::text::from_text(deserializer, WorkingWeek::parse)
    }
}

/// What is wrong with a calendar file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFault {
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: usize,
    /// What, and what would be right.
    pub reason: String,
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.reason)
    }
}

/// Which days people work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    week: WorkingWeek,
    /// By region in lower case, empty for everybody: days that are worked, or are not, against the week.
    days: BTreeMap<String, BTreeMap<Day, bool>>,
}

impl Calendar {
    /// A calendar without holidays.
    pub fn new(week: WorkingWeek) -> Calendar {
        Calendar { week, days: BTreeMap::new() }
    }

    /// Adds the days of a CSV file with the columns `day`, `working` (`true` or `false`), and, if need be, `region` (empty for
    /// everybody) and `name` (for people).
    pub fn read(mut self, text: &str) -> Result<Calendar, CalendarFault> {
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
        let broken = |error: &csv::Error| CalendarFault {
            line: error.position().map_or(1, csv::Position::line),
            column: 1,
            reason: match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("has {len} fields; the first line has {expected_len}")
                }
                _ => error.to_string(),
            },
        };
        let head = reader.headers().map_err(|error| broken(&error))?.clone();
        let columns = ["day", "working", "region", "name"];
        if let Some((at, unknown)) = head.iter().enumerate().find(|(_, name)| !columns.contains(name)) {
            let reason = format!("the column `{unknown}` is unknown; known are {}", columns.join(", "));
            return Err(CalendarFault { line: 1, column: column(&head, at), reason });
        }
        let place = |name: &str| head.iter().position(|known| known == name);
        let (Some(day), Some(working)) = (place("day"), place("working")) else {
            let reason = "the first line must name the columns day and working".to_owned();
            return Err(CalendarFault { line: 1, column: 1, reason });
        };
        let region = place("region");
        for row in reader.records() {
            let row = row.map_err(|error| broken(&error))?;
            let line = row.position().map_or(1, csv::Position::line);
            let wrong = |at: usize, reason: String| CalendarFault { line, column: column(&row, at), reason };
            let on: Day = row[day].parse().map_err(|reason| wrong(day, reason))?;
            let works = match row[working].to_lowercase().as_str() {
                "true" => true,
                "false" => false,
                other => return Err(wrong(working, format!("`{other}` must be true or false"))),
            };
            let region = region.map_or_else(String::new, |at| row[at].to_lowercase());
            if self.days.entry(region).or_default().insert(on, works).is_some_and(|before| before != works) {
                return Err(wrong(day, format!("{on} stands twice, as a working day and as none")));
            }
        }
        Ok(self)
    }

    /// Whether people of the region work on that day. What the region's own lines say goes before what everybody's say.
    pub fn is_working(&self, day: Day, region: Option<&str>) -> bool {
        let listed = |region: &str| self.days.get(region).and_then(|days| days.get(&day)).copied();
        let own = region.filter(|_| !self.days.is_empty()).and_then(|region| listed(&region.to_lowercase()));
        own.or_else(|| listed("")).unwrap_or_else(|| self.week.0[place_in_week(day.weekday())])
    }

    /// The day that is `count` working days later; for 0 this day, or the next working day.
    pub fn plus_working_days(&self, from: Day, count: u32, region: Option<&str>) -> Day {
        let mut day = from;
        let mut left = count;
        // It ends: a week has a working day, and the days that are listed as none come to an end.
        loop {
            if self.is_working(day, region) {
                if left == 0 {
                    return day;
                }
                left -= 1;
            }
            day = day + 1;
        }
    }
}

fn place_in_week(weekday: Weekday) -> usize {
    weekday.num_days_from_monday() as usize
}

/// The column, from 1, at which a field begins, where nothing before it is quoted.
fn column(row: &csv::StringRecord, at: usize) -> usize {
    row.iter().take(at).map(|field| field.chars().count() + 1).sum::<usize>() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn calendar(text: &str) -> Result<Calendar, String> {
        Calendar::new(WorkingWeek::default()).read(text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn weeks_are_read_as_people_write_them() {
        let days = |text: &str| {
            let week = WorkingWeek::parse(text).unwrap();
            WEEKDAYS.into_iter().zip(week.0).filter(|(_, works)| *works).map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(days("mon-fri"), "mon tue wed thu fri");
        assert_eq!(days("Sun-Thu"), "mon tue wed thu sun");
        assert_eq!(days("mon, wed-thu,sat"), "mon wed thu sat");
        for wrong in ["", "monday", "mon-", "1-5", "mon fri"] {
            assert!(WorkingWeek::parse(wrong).unwrap_err().contains("write mon-fri"), "{wrong}");
        }
    }

    #[test]
    fn holidays_and_moved_weekends_count_for_their_region() {
        let text = "day,working,region,name\n2026-10-01,false,CN,National Day\n2026-10-10,true,cn,instead\n2026-12-25,false,,Christmas\n\
                    2026-12-25,true,CN,\n";
        let calendar = calendar(text).unwrap();
        for (on, region, works) in [
            ("2026-10-01", Some("CN"), false),
            ("2026-10-01", Some("DE"), true),
            ("2026-10-01", None, true),
            ("2026-10-10", Some("cn"), true),
            ("2026-10-10", None, false),
            ("2026-12-25", Some("DE"), false),
            ("2026-12-25", None, false),
            ("2026-12-25", Some("CN"), true),
        ] {
            assert_eq!(calendar.is_working(day(on), region), works, "{on} {region:?}");
        }
        // From the Wednesday before the Thursday: the holiday is left out.
        assert_eq!(calendar.plus_working_days(day("2026-09-30"), 1, Some("CN")), day("2026-10-02"));
        assert_eq!(calendar.plus_working_days(day("2026-09-30"), 1, None), day("2026-10-01"));
        assert_eq!(calendar.plus_working_days(day("2026-10-09"), 1, Some("CN")), day("2026-10-10"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, wanted) in [
            ("day,working,nme\n", "1:13: the column `nme` is unknown; known are day, working, region, name"),
            ("day\n2026-01-01\n", "1:1: the first line must name the columns day and working"),
            ("day,working\n2026-01-01,true\n2026-02-30,false\n", "3:1: `2026-02-30` is not a day of the calendar"),
            ("day,working\n2026-01-01,no\n", "2:12: `no` must be true or false"),
            ("day,working\n2026-01-01\n", "2:1: has 1 fields; the first line has 2"),
            ("day,working\n2026-01-01,true\n2026-01-01,false\n", "3:1: 2026-01-01 stands twice, as a working day and as none"),
        ] {
            assert_eq!(calendar(text).unwrap_err(), wanted);
        }
    }

    proptest! {
        #[test]
        fn as_many_working_days_lie_between_as_were_asked_for(
            from in 20_000i32..22_000,
            count in 0u32..40,
            holidays in proptest::collection::btree_set(20_000i32..22_100, 0..60),
        ) {
            let rows: Vec<String> = holidays.iter().map(|on| format!("{},false", Day::from_days(*on))).collect();
            let calendar = calendar(&format!("day,working\n{}\n", rows.join("\n"))).unwrap();
            let from = Day::from_days(from);
            let due = calendar.plus_working_days(from, count, None);
            prop_assert!(calendar.is_working(due, None));
            let begun = calendar.plus_working_days(from, 0, None);
            let between = (begun.days() + 1..=due.days()).filter(|on| calendar.is_working(Day::from_days(*on), None)).count();
            prop_assert_eq!(between, count as usize);
            if holidays.is_empty() {
                prop_assert_eq!(due, from.plus_working_days(count));
            }
        }
    }
}
