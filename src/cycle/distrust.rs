//! Whether what a source brought can be true: far fewer accounts than usual, or use that fell as it never does in a day, is
//! more often a broken export than a lost market. Such a pull is held back until somebody has looked.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::config::Source;
use crate::model::Day;
use crate::store::Db;
use crate::store::trust::{UsageTotal, usage_totals, usual_rows};
use crate::store::usage::StoredMetric;

/// Earlier weeks with which a day of use is compared, weekday by weekday.
const WEEKS: i32 = 4;
/// Fewer earlier days, or fewer earlier pulls, are no measure of what is usual.
const LEAST_EARLIER: usize = 2;
/// Of several days that are new only so many of the newest are judged.
const DAYS_JUDGED: usize = 7;

/// The few figures of a pull by which it is judged.
#[derive(Debug, Default)]
pub struct Figures {
    /// Rows of the feeds of accounts that are whole.
    pub accounts: BTreeMap<String, i64>,
    /// What metrics came to, by their number and day.
    pub usage: BTreeMap<(i64, Day), UsageTotal>,
}

/// Rows of one metric and day mostly come together: they are added up before the map is asked.
#[derive(Debug, Default)]
pub struct Running {
    of: Option<(i64, Day)>,
    total: UsageTotal,
}

impl Running {
    /// Adds a value.
    pub fn add(&mut self, figures: &mut Figures, of: (i64, Day), value: f64) {
        if self.of != Some(of) {
            self.rest(figures);
            self.of = Some(of);
        }
        self.total.total += value;
        self.total.rows += 1;
    }

    /// Writes down what was added up.
    pub fn rest(&mut self, figures: &mut Figures) {
        if let Some(of) = self.of.take() {
            let total = figures.usage.entry(of).or_default();
            total.total += self.total.total;
            total.rows += self.total.rows;
        }
        self.total = UsageTotal::default();
    }
}

/// Why a pull cannot be trusted, if it cannot. `ordinary`: whether a day is no holiday and no moved working day.
pub async fn suspicion(
    db: &Db,
    source: &Source,
    figures: &Figures,
    metrics: &[StoredMetric],
    ordinary: &(dyn Fn(Day) -> bool + Sync),
) -> Result<Option<String>> {
    for (feed, rows) in &figures.accounts {
        let usual = usual_rows(db, &source.name, feed).await?;
        if let Some(reason) = too_few(*rows, &usual, source.least_accounts_share) {
            return Ok(Some(format!("{feed} {reason}")));
        }
    }
    let days: Vec<Day> = figures.usage.keys().map(|(_, day)| *day).collect();
    let Some(newest) = days.iter().max() else { return Ok(None) };
    let known = usage_totals(db, &source.name, *newest - 7 * (WEEKS + 1)).await?;
    Ok(fallen(&figures.usage, &known, source.most_usage_drop_share, ordinary).map(|fall| {
        let name = metrics.iter().find(|metric| metric.id == fall.metric).map_or("a metric", |metric| &metric.name);
        let (share, limit) = (fall.share * 100.0, source.most_usage_drop_share * 100.0);
        format!("brings {share:.0} % less {name} on {} than on the same weekday before (more than {limit:.0} %)", fall.day)
    }))
}

/// How far short of the usual number of accounts a pull falls, if too far.
fn too_few(rows: i64, usual: &[i64], least_share: f64) -> Option<String> {
    let usual = median(usual.iter().map(|rows| *rows as f64))?;
    let share = rows as f64 / usual.max(1.0);
    let (percent, limit) = (share * 100.0, least_share * 100.0);
    (share < least_share)
        .then(|| format!("brings {rows} accounts, {percent:.0} % of the usual {usual:.0} (less than {limit:.0} %)"))
}

/// A metric that fell.
#[derive(Debug, PartialEq)]
struct Fall {
    metric: i64,
    day: Day,
    /// By which share of what is usual.
    share: f64,
}

/// The first of the new days on which a metric fell by more than `most_share` against the same weekday of earlier weeks.
fn fallen(
    brought: &BTreeMap<(i64, Day), UsageTotal>,
    known: &BTreeMap<(i64, Day), UsageTotal>,
    most_share: f64,
    ordinary: &(dyn Fn(Day) -> bool + Sync),
) -> Option<Fall> {
    let newest_known = known.keys().map(|(_, day)| *day).max()?;
    let mut days: Vec<Day> = brought.keys().map(|(_, day)| *day).filter(|day| *day > newest_known && ordinary(*day)).collect();
    days.sort_unstable();
    days.dedup();
    let mut metrics: Vec<i64> = known.keys().map(|(metric, _)| *metric).collect();
    metrics.dedup();
    for &day in days.iter().rev().take(DAYS_JUDGED) {
        for &metric in &metrics {
            let total = |on: Day| brought.get(&(metric, on)).or_else(|| known.get(&(metric, on))).map(|total| total.total);
            let before: Vec<f64> =
                (1..=WEEKS).map(|week| day - 7 * week).filter(|day| ordinary(*day)).filter_map(total).collect();
            let lowest = before.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = before.iter().copied().fold(0.0, f64::max);
            let Some(usual) = median(before.into_iter()).filter(|usual| *usual > 0.0) else { continue };
            let now = total(day).unwrap_or_default();
            let share = 1.0 - now / usual;
            // What goes up and down by as much from week to week, or is so little that chance alone does it (three times the
            // root of a count), as a few errors on Sundays, says nothing by it.
            if share > most_share && now < lowest - (highest - lowest) && usual - now > 3.0 * usual.sqrt() {
                return Some(Fall { metric, day, share });
            }
        }
    }
    None
}

/// The middle of the values, where there are enough.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values.len() >= LEAST_EARLIER).then(|| values[(values.len() - 1) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(days: &[(i32, f64)]) -> BTreeMap<(i64, Day), UsageTotal> {
        days.iter().map(|&(day, total)| ((1, Day::from_days(day)), UsageTotal { total, rows: 1 })).collect()
    }

    #[test]
    fn a_pull_with_far_fewer_accounts_than_usual_is_suspect() {
        assert_eq!(too_few(80, &[100, 100, 99], 0.8), None);
        assert_eq!(
            too_few(79, &[100, 100, 99], 0.8).as_deref(),
            Some("brings 79 accounts, 79 % of the usual 100 (less than 80 %)")
        );
        assert_eq!(too_few(0, &[100], 0.8), None, "one earlier pull is no measure");
    }

    #[test]
    fn use_that_fell_in_a_day_is_suspect_and_a_weekend_is_not() {
        let known = totals(&[(86, 100.0), (93, 110.0), (94, 5.0), (99, 90.0)]);
        let all = |_: Day| true;
        let fall =
            |brought: &[(i32, f64)], ordinary: &(dyn Fn(Day) -> bool + Sync)| fallen(&totals(brought), &known, 0.6, ordinary);
        assert_eq!(fall(&[(100, 45.0)], &all), None);
        let found = fall(&[(100, 20.0)], &all).unwrap();
        assert_eq!((found.metric, found.day), (1, Day::from_days(100)));
        assert!((found.share - 0.8).abs() < 1e-9, "against the lower of the two middle values: {}", found.share);
        assert_eq!(fall(&[(100, 20.0)], &|day| day != Day::from_days(100)), None, "a holiday");
        let restless = totals(&[(79, 70.0), (86, 100.0), (93, 110.0)]);
        assert_eq!(fallen(&totals(&[(100, 31.0)]), &restless, 0.6, &all), None, "it falls by 40 in other weeks too");
        assert!(fallen(&totals(&[(100, 29.0)]), &restless, 0.6, &all).is_some());
        let few = totals(&[(79, 3.0), (86, 3.0), (93, 3.0)]);
        assert_eq!(fallen(&totals(&[(100, 0.0)]), &few, 0.6, &all), None, "three errors on a Sunday, and none on the next");
        assert_eq!(fall(&[(101, 1.0)], &all), None, "one day of that weekday is no measure");
        assert_eq!(fall(&[(93, 1.0)], &all), None, "a day that is known already is a correction");
        assert_eq!(fallen(&totals(&[(100, 1.0)]), &BTreeMap::new(), 0.6, &all), None, "the first pull");
    }
}
