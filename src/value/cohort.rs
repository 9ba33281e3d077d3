//! First value by cohort: attainment, time to first value, who misses next, and what renewal says of it (FIELD, First value).

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::FirstValueState;
use crate::model::Day;
use crate::statistics::{Survival, wilson};

/// One account's way to its first value, whether it is still a customer or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// What it bought.
    pub product: Option<String>,
    /// The company's own division.
    pub segment: Option<String>,
    /// Who looks after it.
    pub csm: Option<String>,
    /// Who sold it.
    pub seller: Option<String>,
    /// What it is to reach.
    pub title: String,
    /// When it went live.
    pub live_on: Day,
    /// When its first contract began.
    pub contract_on: Option<Day>,
    /// Where it stands; `None`: nobody knows.
    pub state: Option<FirstValueState>,
    /// When it got there.
    pub attained_on: Option<Day>,
    /// The last day that counts as in time, without grace.
    pub deadline: Day,
    /// The last day of grace.
    pub last_day: Day,
    /// Why it stands so, for people.
    pub forecast: String,
    /// Whether its first term that was decided was renewed.
    pub renewed: Option<bool>,
}

impl Course {
    /// Whether its deadline, grace included, has passed.
    pub fn is_due(&self, on: Day) -> bool {
        on > self.last_day
    }

    fn is(&self, state: FirstValueState) -> bool {
        self.state == Some(state)
    }
}

/// Which accounts make a cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// Those that went live in the same month: `2026-03`.
    #[default]
    Month,
    /// In the same quarter of the year: `2026-Q1`.
    Quarter,
}

impl Span {
    /// The cohort of a go-live.
    pub fn of(self, live_on: Day) -> String {
        let text = live_on.to_string();
        let (year, month) = (&text[..4], text[5..7].parse::<u32>().unwrap_or(1));
        match self {
            Span::Month => format!("{year}-{month:02}"),
            Span::Quarter => format!("{year}-Q{}", month.div_ceil(3)),
        }
    }
}

/// The attainment of some accounts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attainment {
    /// The cohort, the product, the CSM …; `null` where the account names none.
    pub key: Option<String>,
    /// All that went live.
    pub accounts: usize,
    /// Those whose deadline has passed: what became of them is known, or should be.
    pub due: usize,
    /// Of the due: attained by the deadline.
    pub attained: usize,
    /// Of the due: attained later.
    pub late: usize,
    /// Of the due: not attained.
    pub missed: usize,
    /// Of the due: the data do not say.
    pub unknown: usize,
    /// Those whose deadline is yet to come.
    pub pending: usize,
    /// Of the pending: attained already.
    pub pending_attained: usize,
    /// Attained by the deadline ÷ due whose outcome is known, 0 to 1.
    pub rate: Option<f64>,
    /// Lower and upper end of its 95 % interval (Wilson).
    pub rate_interval: Option<(f64, f64)>,
    /// Days from go-live by which a quarter, half, three quarters had attained it (Kaplan–Meier): `null` where so many have not yet.
    pub quartile_days: [Option<i32>; 3],
    /// Days from the start of the first contract by which half had attained it.
    pub median_days_from_contract: Option<i32>,
    /// Share that had not attained it by the end of each day after go-live on which somebody did.
    pub curve: Survival,
}

impl Attainment {
    /// Of these accounts as seen on the morning of `on`. Whoever has not attained it counts as not there yet up to that morning,
    /// also when it is no customer any more: accounts that never get there count. Where the data do not say, the account is left out
    /// of rate and curve.
    pub fn of<'a>(key: Option<String>, courses: impl Iterator<Item = &'a Course>, on: Day) -> Attainment {
        let courses: Vec<&Course> = courses.collect();
        let (due, pending): (Vec<&Course>, Vec<&Course>) = courses.iter().copied().partition(|course| course.is_due(on));
        let count = |state| due.iter().filter(|course| course.is(state)).count();
        let attained = count(FirstValueState::Attained);
        let (late, missed) = (count(FirstValueState::AttainedLate), count(FirstValueState::Missed));
        let known = attained + late + missed;
        let watched = |from: &dyn Fn(&Course) -> Option<Day>| {
            let known = courses.iter().filter(|course| course.state.is_some() && !course.is(FirstValueState::NotLive));
            let pair = |course: &&Course| {
                let since = from(course)?;
                Some(course.attained_on.map_or((on - since, false), |day| (day - since, true)))
            };
            Survival::of(known.filter_map(pair).filter(|(days, _)| *days >= 0))
        };
        let curve = watched(&|course| Some(course.live_on));
        Attainment {
            key,
            accounts: courses.len(),
            due: due.len(),
            attained,
            late,
            missed,
            unknown: due.len() - known,
            pending: pending.len(),
            pending_attained: pending.iter().filter(|course| course.attained_on.is_some()).count(),
            rate: (known > 0).then(|| attained as f64 / known as f64),
            rate_interval: (known > 0).then(|| wilson(attained, known)),
            quartile_days: [0.25, 0.5, 0.75].map(|share| curve.reached_by(share)),
            median_days_from_contract: watched(&|course| course.contract_on).median(),
            curve,
        }
    }
}

/// The attainment of each group, by its name; those without one last.
pub fn by<C: Borrow<Course>>(courses: &[C], on: Day, key: impl Fn(&Course) -> Option<String>) -> Vec<Attainment> {
    let mut groups: BTreeMap<(bool, String), Vec<&Course>> = BTreeMap::new();
    for course in courses.iter().map(C::borrow) {
        let key = key(course);
        groups.entry((key.is_none(), key.unwrap_or_default())).or_default().push(course);
    }
    let row = |((nameless, name), courses): ((bool, String), Vec<&Course>)| {
        Attainment::of((!nameless).then_some(name), courses.into_iter(), on)
    };
    groups.into_iter().map(row).collect()
}

/// How many of some accounts renewed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Renewed {
    /// Whose first term was decided.
    pub decided: usize,
    /// Renewed.
    pub renewed: usize,
    /// Renewed ÷ decided, 0 to 1.
    pub rate: Option<f64>,
    /// Its 95 % interval (Wilson).
    pub interval: Option<(f64, f64)>,
}

impl Renewed {
    /// Of these decisions; those that are open are left out.
    pub fn of(decisions: impl Iterator<Item = Option<bool>>) -> Renewed {
        let (mut decided, mut renewed) = (0, 0);
        for decision in decisions.flatten() {
            decided += 1;
            renewed += usize::from(decision);
        }
        Renewed {
            decided,
            renewed,
            rate: (decided > 0).then(|| renewed as f64 / decided as f64),
            interval: (decided > 0).then(|| wilson(renewed, decided)),
        }
    }
}

/// The renewal of those that attained first value in time, late, and not at all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RenewalOf {
    /// In time.
    pub attained: Renewed,
    /// Late.
    pub late: Renewed,
    /// Not.
    pub missed: Renewed,
}

impl RenewalOf {
    /// Of the accounts whose deadline has passed.
    pub fn of<C: Borrow<Course>>(courses: &[C], on: Day) -> RenewalOf {
        let of = |state| {
            Renewed::of(courses.iter().map(C::borrow).filter(|one| one.is_due(on) && one.is(state)).map(|one| one.renewed))
        };
        RenewalOf {
            attained: of(FirstValueState::Attained),
            late: of(FirstValueState::AttainedLate),
            missed: of(FirstValueState::Missed),
        }
    }
}

/// Who misses next: those forecast to, by their deadline.
pub fn missing_next<C: Borrow<Course>>(courses: &[C], on: Day) -> Vec<&Course> {
    let mut next: Vec<&Course> =
        courses.iter().map(C::borrow).filter(|course| course.is(FirstValueState::AtRisk) && !course.is_due(on)).collect();
    next.sort_by(|a, b| (a.last_day, &a.account_id).cmp(&(b.last_day, &b.account_id)));
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ON: Day = Day::from_days(20_000);

    fn course(live_days_ago: i32, attained_after: Option<i32>, state: Option<FirstValueState>) -> Course {
        let live_on = ON - live_days_ago;
        Course {
            account_id: format!("a{live_days_ago}"),
            name: String::new(),
            product: None,
            segment: None,
            csm: (live_days_ago > 50).then(|| "dana".to_owned()),
            seller: None,
            title: String::new(),
            live_on,
            contract_on: Some(live_on - 20),
            state,
            attained_on: attained_after.map(|days| live_on + days),
            deadline: live_on + 30,
            last_day: live_on + 33,
            forecast: String::new(),
            renewed: None,
        }
    }

    use FirstValueState::{AtRisk, Attained, AttainedLate, Missed, NotLive, OnTrack};

    fn sample() -> Vec<Course> {
        vec![
            course(100, Some(10), Some(Attained)),
            course(90, Some(20), Some(Attained)),
            course(80, Some(60), Some(AttainedLate)),
            course(70, None, Some(Missed)),
            course(60, None, None),
            course(20, Some(5), Some(Attained)),
            course(15, None, Some(AtRisk)),
            course(5, None, Some(OnTrack)),
        ]
    }

    #[test]
    fn accounts_that_never_get_there_count_and_unknown_ones_do_not() {
        let all = Attainment::of(None, sample().iter(), ON);
        assert_eq!((all.accounts, all.due, all.pending, all.pending_attained), (8, 5, 3, 1));
        assert_eq!((all.attained, all.late, all.missed, all.unknown, all.rate), (2, 1, 1, 1, Some(0.5)));
        // By hand: 7 are watched; one attains after 5 days, then (5 watched until then) 10, 20 …
        assert_eq!(all.curve.n, 7);
        let by_hand = [(5, 6.0 / 7.0), (10, 6.0 / 7.0 * 4.0 / 5.0), (20, 6.0 / 7.0 * 4.0 / 5.0 * 2.0 / 3.0)];
        for (day, left) in by_hand {
            assert!((all.curve.at(day) - left).abs() < 1e-12, "{day}: {:?}", all.curve);
        }
        assert_eq!(all.quartile_days, [Some(10), Some(20), Some(60)]);
        assert_eq!(all.median_days_from_contract, Some(40));
        let none = Attainment::of(None, std::iter::empty(), ON);
        assert_eq!((none.rate, none.quartile_days), (None, [None; 3]), "nothing known is no zero");
    }

    #[test]
    fn groups_and_cohorts() {
        let rows = by(&sample(), ON, |course| course.csm.clone());
        let keys: Vec<(Option<&str>, usize)> = rows.iter().map(|row| (row.key.as_deref(), row.accounts)).collect();
        assert_eq!(keys, [(Some("dana"), 5), (None, 3)]);
        let day = |text: &str| text.parse().unwrap();
        assert_eq!([Span::Month.of(day("2026-03-31")), Span::Quarter.of(day("2026-03-31"))], ["2026-03", "2026-Q1"]);
        assert_eq!([Span::Month.of(day("2026-12-01")), Span::Quarter.of(day("2026-10-01"))], ["2026-12", "2026-Q4"]);
    }

    #[test]
    fn who_misses_next_and_what_renewal_says() {
        let mut courses = sample();
        for (course, renewed) in courses.iter_mut().zip([Some(true), Some(false), None, Some(false), Some(true), Some(true)]) {
            course.renewed = renewed;
        }
        let next: Vec<i32> = missing_next(&courses, ON).iter().map(|course| course.last_day - ON).collect();
        assert_eq!(next, [18]);
        let renewal = RenewalOf::of(&courses, ON);
        assert_eq!((renewal.attained.renewed, renewal.attained.decided, renewal.attained.rate), (1, 2, Some(0.5)));
        assert_eq!((renewal.missed.decided, renewal.missed.rate, renewal.late.rate), (1, Some(0.0), None));
    }

    proptest! {
        #[test]
        fn every_account_is_somewhere(ways in prop::collection::vec((0i32..400, prop::option::of(0i32..400), 0usize..7), 0..60)) {
            let states = [None, Some(NotLive), Some(OnTrack), Some(AtRisk), Some(Attained), Some(AttainedLate), Some(Missed)];
            let courses: Vec<Course> =
                ways.into_iter().map(|(live, attained, state)| course(live, attained, states[state])).collect();
            let all = Attainment::of(None, courses.iter(), ON);
            prop_assert_eq!(all.due + all.pending, all.accounts);
            prop_assert_eq!(all.attained + all.late + all.missed + all.unknown, all.due);
            let cohorts = by(&courses, ON, |course| Some(Span::Quarter.of(course.live_on)));
            prop_assert_eq!(cohorts.iter().map(|row| row.accounts).sum::<usize>(), all.accounts);
            prop_assert_eq!(cohorts.iter().map(|row| row.attained).sum::<usize>(), all.attained);
        }
    }
}
