//! How bands ran before customers left: how early they warned, how many they missed, how often they wavered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::snapshot::Snapshot;
use crate::model::Day;
use crate::signals::Band;

/// Days in which a change of band that is taken back is a flap.
const FLAP_DAYS: i32 = 14;

/// How bands ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// Accounts that left, of those whose bands were looked at.
    pub left: usize,
    /// Of those, at risk on the last morning before.
    pub warned: usize,
    /// The share warned: lead times are of these alone.
    pub recall: Option<f64>,
    /// Quartiles of the days from the beginning of the last unbroken run of "at risk" to leaving.
    pub lead_days: Option<[i32; 3]>,
    /// Changes of band per account and 30 days.
    pub changes_a_month: Option<f64>,
    /// Of those, taken back within 14 days.
    pub flaps_a_month: Option<f64>,
}

/// Follows each account through its snapshots. `gone`: the day on which the customer of a snapshot was gone, if it is.
pub fn course(snapshots: &[&Snapshot], gone: impl Fn(&Snapshot) -> Option<Day>) -> Course {
    let mut accounts: BTreeMap<u32, Vec<&Snapshot>> = BTreeMap::new();
    for &snapshot in snapshots {
        accounts.entry(snapshot.look.account).or_default().push(snapshot);
    }
    let (mut left, mut leads, mut changes, mut flaps, mut days) = (0, Vec::new(), 0_u32, 0_u32, 0);
    for course in accounts.values() {
        days += course.last().map_or(0, |last| last.on() - course[0].on());
        let mut last_change: Option<(Band, Day)> = None;
        for pair in course.windows(2).filter(|pair| pair[0].band != pair[1].band) {
            changes += 1;
            flaps += u32::from(last_change.is_some_and(|(from, on)| from == pair[1].band && pair[1].on() - on <= FLAP_DAYS));
            last_change = Some((pair[0].band, pair[1].on()));
        }
        let Some((last, gone)) = course.last().and_then(|last| Some((last, gone(last)?))) else { continue };
        left += 1;
        if last.band == Band::AtRisk {
            let since = course.iter().rev().take_while(|one| one.band == Band::AtRisk).last().map_or(gone, |one| one.on());
            leads.push(gone - since);
        }
    }
    leads.sort_unstable();
    let quartile = |n: usize| leads[(leads.len() - 1) * n / 4];
    let months = f64::from(days) / 30.0;
    Course {
        left,
        warned: leads.len(),
        recall: (left > 0).then(|| leads.len() as f64 / left as f64),
        lead_days: (!leads.is_empty()).then(|| [quartile(1), quartile(2), quartile(3)]),
        changes_a_month: (months > 0.0).then(|| f64::from(changes) / months),
        flaps_a_month: (months > 0.0).then(|| f64::from(flaps) / months),
    }
}
