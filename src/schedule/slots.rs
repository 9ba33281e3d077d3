//! Civil time to instants: at which instants a cron line is due in a zone, by the rules of Debian's cron.
//!
//! - A line of fixed times is due once on each day that it names, whatever the clocks do: a time that they leave out is
//!   made up for at the first instant after the gap, a time that they repeat counts at its first coming. A day that a
//!   country left out, because it changed sides of the date line, has no runs.
//! - A line whose minute or hour begins with `*` goes by elapsed time: times that are left out are left out, times that
//!   are repeated are repeated.
//!
//! Pure: the same line, zone and instant give the same slot on every machine, which is what makes a slot an identity.

use chrono::{NaiveDateTime, TimeDelta};

use crate::model::{CronLine, Instant, Zone};

/// The first instant after this one at which the line is due.
pub fn next(line: &CronLine, zone: &Zone, after: Instant) -> Option<Instant> {
    if line.is_wildcard() { next_elapsed(line, zone, after) } else { next_fixed(line, zone, after) }
}

/// The last instant until this one at which the line was due.
pub fn latest(line: &CronLine, zone: &Zone, until: Instant) -> Option<Instant> {
    if line.is_wildcard() { latest_elapsed(line, zone, until) } else { latest_fixed(line, zone, until) }
}

/// Clocks that go back never show a time first that they did not show before: every civil time until the one shown has
/// had its first coming.
fn next_fixed(line: &CronLine, zone: &Zone, after: Instant) -> Option<Instant> {
    let mut civil = zone.civil_of(after);
    loop {
        civil = line.next_civil(civil)?;
        if let Some(at) = fixed(civil, zone).filter(|at| *at > after) {
            return Some(at);
        }
    }
}

/// The clocks may have shown more than they show now: up to a day, where a country changed sides of the date line.
fn latest_fixed(line: &CronLine, zone: &Zone, until: Instant) -> Option<Instant> {
    let mut civil = zone.civil_of(until.plus_seconds(24 * 3600));
    loop {
        civil = line.latest_civil(civil)?;
        if let Some(at) = fixed(civil, zone).filter(|at| *at <= until) {
            return Some(at);
        }
        civil -= TimeDelta::seconds(1);
    }
}

/// The instant of a fixed time, if its day is one here.
fn fixed(civil: NaiveDateTime, zone: &Zone) -> Option<Instant> {
    let at = zone.first_at(civil);
    let is_day = || zone.civil_of(zone.first_at(civil.date().into())).date() == civil.date();
    (zone.civil_of(at) == civil || is_day()).then_some(at)
}

fn next_elapsed(line: &CronLine, zone: &Zone, after: Instant) -> Option<Instant> {
    let (mut after, mut steady) = (after, zone.steady_at(after));
    loop {
        let at = steady.instant_of(line.next_civil(steady.civil_of(after))?);
        match steady.until {
            // The clocks are changed before that: look again, by the changed ones.
            Some(until) if at >= until => (after, steady) = (until.plus_micros(-1), zone.steady_at(until)),
            _ => return Some(at),
        }
    }
}

fn latest_elapsed(line: &CronLine, zone: &Zone, until: Instant) -> Option<Instant> {
    let mut until = until;
    loop {
        let steady = zone.steady_at(until);
        let at = steady.instant_of(line.latest_civil(steady.civil_of(until))?);
        match steady.since {
            Some(since) if at < since => until = since.plus_micros(-1),
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::Day;

    /// Gaps and folds by night and at midnight, by an hour and by half of one, a day left out, rules changed of late.
    const ZONES: [&str; 12] = [
        "UTC",
        "America/New_York",
        "America/Vancouver",
        "America/Sao_Paulo",
        "America/Havana",
        "Europe/Berlin",
        "Africa/Casablanca",
        "Asia/Tehran",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Chatham",
    ];

    fn line(text: &str) -> CronLine {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// The slots after an instant, as far as another.
    fn slots(line: &CronLine, zone: &Zone, after: Instant, until: Instant) -> Vec<Instant> {
        let next = |at: &Instant| next(line, zone, *at).filter(|at| *at <= until);
        std::iter::successors(next(&after), next).collect()
    }

    /// The slots of a day and the next, in UTC.
    fn around(text: &str, name: &str, on: &str) -> String {
        let (zone, on) = (zone(name), day(on));
        let slots = slots(&line(text), &zone, zone.start_of(on).plus_micros(-1), zone.start_of(on + 2).plus_micros(-1));
        slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn fixed_times_that_the_clocks_leave_out_are_made_up_for_and_repeated_ones_count_once() {
        for (text, name, on, expected) in [
            ("0 8 * * *", "America/Vancouver", "2026-11-21", "2026-11-21T15:00:00Z 2026-11-22T15:00:00Z"),
            ("30 2 * * *", "America/New_York", "2026-03-08", "2026-03-08T07:00:00Z 2026-03-09T06:30:00Z"),
            ("0,30 2 * * *", "America/New_York", "2026-03-08", "2026-03-08T07:00:00Z 2026-03-09T06:00:00Z 2026-03-09T06:30:00Z"),
            ("30 1 * * *", "America/New_York", "2026-11-01", "2026-11-01T05:30:00Z 2026-11-02T06:30:00Z"),
            (
                "0,30 1 * * *",
                "America/New_York",
                "2026-11-01",
                "2026-11-01T05:00:00Z 2026-11-01T05:30:00Z 2026-11-02T06:00:00Z 2026-11-02T06:30:00Z",
            ),
            ("0 0 * * *", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z"),
            ("0 8 * * *", "Pacific/Apia", "2011-12-29", "2011-12-29T18:00:00Z"),
            ("0 8 * * *", "Pacific/Apia", "2011-12-30", "2011-12-30T18:00:00Z"),
            ("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z"),
        ] {
            assert_eq!(around(text, name, on), expected, "{text} {name}");
        }
    }

    #[test]
    fn wildcards_go_by_elapsed_time() {
        let (zone, line) = (zone("America/New_York"), line("*/30 * * * *"));
        let from = zone.start_of(day("2026-11-01"));
        let times = slots(&line, &zone, from, from.plus_seconds(3 * 3600));
        let shown: Vec<String> = times.iter().map(|at| zone.clock_of(*at)).collect();
        assert_eq!(shown, ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]);
        assert_eq!(around("0 */2 * * *", "America/New_York", "2026-03-08").split(' ').count(), 11 + 12, "02:00 is left out");
    }

    #[test]
    fn a_daily_job_runs_once_on_every_day_that_there_is() {
        let (from, until) = (day("2010-01-01"), day("2030-01-01"));
        for (name, text) in ZONES.iter().zip(["30 2 * * *", "0 0 * * *", "30 1 * * *", "59 23 * * *"].iter().cycle()) {
            for text in [text, "15 2 * * *"] {
                let (zone, line) = (zone(name), line(text));
                let times = slots(&line, &zone, zone.start_of(from).plus_micros(-1), zone.start_of(until).plus_micros(-1));
                assert!(times.is_sorted_by(|a, b| a < b), "{name} {text}");
                let mut runs: BTreeMap<Day, u32> = (from.days()..until.days()).map(|day| (Day::from_days(day), 0)).collect();
                for at in times {
                    *runs.get_mut(&zone.day_of(at)).unwrap() += 1;
                }
                runs.retain(|_, runs| *runs != 1);
                let left_out = (*name == "Pacific/Apia").then(|| (day("2011-12-30"), 0));
                assert_eq!(runs, left_out.into_iter().collect(), "{name} {text}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn next_and_latest_agree(
            name in prop::sample::select(&ZONES[..]),
            text in prop::sample::select(&["30 2 * * *", "0,30 1 * * *", "*/15 * * * *", "0 */6 * * *", "0 0 1 * mon", "5 * * * *"][..]),
            days in 14_600..21_900_i64,
            micros in 0..86_400_000_000_i64,
        ) {
            let (zone, line) = (zone(name), line(text));
            let at = Instant::from_micros(days * 86_400_000_000 + micros);
            let next_at = next(&line, &zone, at).unwrap();
            let latest_at = latest(&line, &zone, at).unwrap();
            prop_assert!(latest_at <= at && at < next_at);
            prop_assert_eq!(latest(&line, &zone, next_at), Some(next_at));
            prop_assert_eq!(latest(&line, &zone, next_at.plus_micros(-1)), Some(latest_at));
            prop_assert_eq!(next(&line, &zone, latest_at), Some(next_at));
        }

        #[test]
        fn a_step_of_the_hour_is_evenly_spaced_whatever_the_clocks_do(
            name in prop::sample::select(&ZONES[..]),
            days in 14_600..21_900_i64,
        ) {
            let (zone, line) = (zone(name), line("*/15 * * * *"));
            let at = Instant::from_micros(days * 86_400_000_000);
            let times = slots(&line, &zone, at, at.plus_seconds(86_400));
            prop_assert_eq!(times.len(), 96);
            prop_assert!(times.windows(2).all(|two| two[1].micros() - two[0].micros() == 900_000_000));
        }
    }
}
