//! A backtest: history lived again, probabilities fitted on what was known at each time, both held against what became
//! of the customers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, bail};
use serde::Serialize;

use super::Setup;
use super::calibrate::{self, STEP_DAYS};
use super::history::History;
use super::population::Chosen;
use super::replay::{Plan, replay};
use super::world::World;
use crate::backtest::{Course, Horizon, Label, Snapshot, Subject, Tested, Verdict, course, measure};
use crate::clock::Clock;
use crate::model::{Currency, Day, Money};
use crate::risk::{self, Fit, Kind, Lesson, Level, Look, Model, Models, Parts};
use crate::signals::Band;
use crate::store::facts::AsOf;
use crate::store::{Db, pulls};

/// Snapshots at the most; where there were more, every second, third … account is lived with.
const MOST_SNAPSHOTS: usize = 500_000;
/// Mornings before single renewals that are lived exactly; with more, those of the week before.
const MOST_EXACT: usize = 60;
/// Days between two fits: each is tried on the twelve weeks after it.
const FOLD_DAYS: i32 = 84;
/// Names that are listed at the most.
const MOST_NAMES: usize = 50;
/// Outcomes from outside with more different spans of days than this ask for the rest of each term.
const MOST_SPANS: usize = 12;
/// A span ends with a term where it is over so many days after it at most.
const SPAN_SLACK_DAYS: i32 = 7;
/// The share of snapshots with terms that end in a decision, over which nothing else is asked.
const ALL_TERMS: f64 = 0.95;

/// What is asked of a backtest.
#[derive(Clone, Debug)]
pub struct Question {
    /// Days before renewals, and within which customers leave.
    pub horizons: Vec<i32>,
    /// Snapshots before this morning are learnt from and not reported.
    pub from: Option<Day>,
    /// Snapshots after this morning are neither.
    pub to: Option<Day>,
    /// Days between the mornings of the grid.
    pub every: i32,
    /// Outcomes from outside: account, morning, days, whether it left. Else those of contracts or of use.
    pub outcomes: Option<Vec<(String, Day, i32, bool)>>,
}

/// `backtest --json`.
#[derive(Clone, Debug, Serialize)]
pub struct BacktestReport {
    /// The morning up to which outcomes are known.
    pub until: Day,
    /// The first morning that was lived again.
    pub from: Option<Day>,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// Mornings lived again.
    pub mornings: usize,
    /// Snapshots looked at.
    pub snapshots: usize,
    /// Snapshots of accounts that had given notice, or had shown nothing yet: left out.
    pub left_out: usize,
    /// Snapshots are of every how manieth account.
    pub every_account: u32,
    /// What all of it comes to, by the horizon that says most.
    pub verdict: Verdict,
    /// By days, the main outcome first.
    pub horizons: Vec<Horizon>,
    /// All mornings of the grid together, for terms that end in a decision.
    pub all_dates: Option<Horizon>,
    /// How bands ran before customers left.
    pub course: Course,
    /// How probabilities were fitted over time.
    pub fits: Vec<FitRow>,
    /// Signals that tell too well to be true.
    pub leaks: Vec<String>,
    /// Healthy on the last morning before they left; the largest first.
    pub healthy_and_churned: Vec<Surprise>,
    /// At risk on the last morning before they renewed.
    pub at_risk_and_renewed: Vec<Surprise>,
}

/// One fit.
#[derive(Clone, Debug, Serialize)]
pub struct FitRow {
    /// The morning: it has learnt from nothing later.
    pub on: Day,
    /// `renewal` or `leaving`.
    pub outcome: &'static str,
    /// Within how many days, where it is leaving.
    pub days: Option<i32>,
    /// What it rests on.
    pub level: Level,
    /// Accounts that it has learnt from.
    pub accounts: u32,
    /// Of those, left.
    pub events: u32,
    /// Why not on more.
    pub why: String,
    /// Parts that have drifted.
    pub drifted: Vec<String>,
}

impl FitRow {
    fn of(kind: Kind, days: Option<i32>, on: Day, model: &Model) -> FitRow {
        FitRow {
            on,
            outcome: kind.name(),
            days,
            level: model.level,
            accounts: model.accounts,
            events: model.events,
            why: model.why.clone(),
            drifted: model.drifted.clone(),
        }
    }
}

/// An account whose band told the wrong story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Surprise {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// The last morning before.
    pub on: Day,
    /// The score then.
    pub score: f64,
    /// When it left, or renewed.
    pub decided_on: Day,
    /// Revenue of one year.
    pub arr: Option<String>,
    /// Its currency.
    pub currency: Option<Currency>,
}

/// Everything that a question is answered from.
struct Trial<'a> {
    setup: &'a Setup,
    parts: Parts,
    snapshots: Vec<Snapshot>,
    history: History,
    grid: BTreeSet<Day>,
    question: &'a Question,
}

/// Runs a backtest.
pub async fn backtest(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    question: &Question,
    other: Option<&Setup>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<BacktestReport> {
    let today = setup.config.company.zone().day_of(clock.now());
    let as_of = AsOf { day: today, through_pull: pulls::last_id(db).await? };
    let world = World::load(db, setup, as_of, true).await?;
    let mut history = History::load(db, &world, Chosen::All).await?;
    let last = question.to.map_or(history.until, |to| to.min(history.until));
    // The grid does not hang on when it is asked.
    let start = history.first + STEP_DAYS;
    let first = start + (question.every - start.days().rem_euclid(question.every)) % question.every;
    let mornings = (last - first).max(-1).div_euclid(question.every);
    let grid: BTreeSet<Day> = (0..=mornings).map(|n| first + n * question.every).collect();
    if grid.is_empty() {
        bail!("there is no history to live again: the first fact is of {}, the last of {last}", history.first);
    }
    let mut days = grid.clone();
    match &question.outcomes {
        Some(outcomes) => days.extend(outcomes.iter().map(|&(_, on, ..)| on).filter(|on| *on <= last)),
        None => days.extend(before_renewals(&history, question, first, last)),
    }
    let days: Vec<Day> = days.into_iter().collect();
    // Whoever brings outcomes has named the accounts: fewer of them are left out.
    let most = if question.outcomes.is_some() { 2 * MOST_SNAPSHOTS } else { MOST_SNAPSHOTS };
    let every = u32::try_from(history.len() * days.len() / most).unwrap_or(u32::MAX).saturating_add(1);
    history.keep_every(every);
    let parts = Parts::of(&setup.cards);
    let plan = Plan { days: &days, through_pull: as_of.through_pull, chosen: Chosen::All, every, other };
    let mut snapshots = replay(db, setup, &parts, plan, progress).await?;
    history.number_by_id(&mut snapshots);
    progress("measuring");
    let trial = Trial { setup, parts, snapshots, history, grid, question };
    let mut report = trial.report();
    (report.config_hash, report.as_of_approximated) = (setup.hash.clone(), world.approximated);
    (report.mornings, report.every_account, report.from) = (days.len(), every, days.first().copied());
    Ok(report)
}

/// The mornings so many days before each renewal.
fn before_renewals(history: &History, question: &Question, first: Day, last: Day) -> BTreeSet<Day> {
    let exact: BTreeSet<Day> = history
        .term_ends()
        .iter()
        .flat_map(|&end| question.horizons.iter().map(move |&days| end - days))
        .filter(|day| (first..=last).contains(day))
        .collect();
    if exact.len() <= MOST_EXACT { exact } else { exact.into_iter().map(|day| day - day.days().rem_euclid(7)).collect() }
}

impl Trial<'_> {
    fn report(&self) -> BacktestReport {
        let eligible: Vec<&Snapshot> = self.snapshots.iter().filter(|one| one.is_eligible()).collect();
        let reported = |one: &&Snapshot| self.question.from.is_none_or(|from| one.on() >= from);
        let on_grid: Vec<&Snapshot> = eligible.iter().copied().filter(|one| self.grid.contains(&one.on())).collect();
        let with_terms = on_grid.iter().filter(|one| one.look.kind == Kind::Renewal).count();
        let terms = with_terms as f64 / on_grid.len().max(1) as f64;
        let mut fits = Vec::new();
        let (mut horizons, mut all_dates) = (Vec::new(), None);
        if let Some(outcomes) = &self.question.outcomes {
            horizons = self.against(outcomes, &eligible, &mut fits);
        } else {
            let mut renewals = Vec::new();
            if with_terms > 0 {
                let models = self.rolling(None, &mut fits);
                let of = |days: Option<i32>| {
                    let chosen: Vec<&Snapshot> = match days {
                        Some(days) => before_end(&eligible, days),
                        None => on_grid.iter().copied().filter(|one| one.look.kind == Kind::Renewal).collect(),
                    };
                    let chosen: Vec<&Snapshot> = chosen.into_iter().filter(reported).collect();
                    self.horizon(days, "renewal", &chosen, &models, |one| self.history.renewal(one))
                };
                renewals.extend(self.question.horizons.iter().map(|&days| of(Some(days))));
                all_dates = Some(of(None));
            }
            let mut leavings = Vec::new();
            if terms < ALL_TERMS {
                let outcome = if self.history.by_use() { "silence" } else { "leaving" };
                for &days in &self.question.horizons {
                    let models = self.rolling(Some(days), &mut fits);
                    let chosen: Vec<&Snapshot> = on_grid.iter().copied().filter(reported).collect();
                    leavings.push(self.horizon(Some(days), outcome, &chosen, &models, |one| self.history.leaving(one, days)));
                }
            }
            horizons.extend(if terms > 0.5 {
                renewals.drain(..).chain(leavings.drain(..)).collect::<Vec<_>>()
            } else {
                leavings.drain(..).chain(renewals.drain(..)).collect()
            });
        }
        let judged = all_dates.iter().chain(&horizons).max_by_key(|one| one.accounts_left.min(one.accounts - one.accounts_left));
        let mut leaks: Vec<String> = all_dates
            .iter()
            .chain(&horizons)
            .flat_map(|horizon| horizon.signals.iter().filter(|row| row.looks_like_a_leak).map(|row| row.signal.to_owned()))
            .collect();
        leaks.sort();
        leaks.dedup();
        let followed: Vec<&Snapshot> = on_grid.iter().copied().filter(reported).collect();
        let (healthy_and_churned, at_risk_and_renewed) = self.surprises(&followed);
        BacktestReport {
            until: self.history.until,
            from: None,
            config_hash: String::new(),
            as_of_approximated: false,
            mornings: 0,
            snapshots: self.snapshots.len(),
            left_out: self.snapshots.len() - eligible.len(),
            every_account: 1,
            verdict: judged.map_or(Verdict::Insufficient, |horizon| horizon.verdict),
            course: course(&followed, |one| self.history.gone(one)),
            horizons,
            all_dates,
            fits,
            leaks,
            healthy_and_churned,
            at_risk_and_renewed,
        }
    }

    /// The models of one outcome by the morning from which on they were in force: each has learnt from nothing that was
    /// not closed by then.
    fn rolling(&self, asked: Option<i32>, rows: &mut Vec<FitRow>) -> BTreeMap<Day, Model> {
        let lessons = self.lessons(asked);
        let mut mornings: Vec<Day> = self.snapshots.iter().map(|one| fold(one.on())).collect();
        mornings.dedup();
        mornings.into_iter().map(|on| (on, self.fitted(asked, on, &lessons, rows))).collect()
    }

    /// What became of customers: of their terms, or within so many days.
    fn lessons(&self, asked: Option<i32>) -> Vec<Lesson<'_>> {
        let taught = self.snapshots.iter().filter(|one| one.is_eligible() && one.on().days().rem_euclid(STEP_DAYS) == 0);
        let lesson = |one| match asked {
            None => calibrate::renewal_lesson(one, &self.history),
            Some(days) => calibrate::leaving_lesson(one, &self.history, days),
        };
        taught.filter(|one| asked.is_some() || one.look.kind == Kind::Renewal).filter_map(lesson).collect()
    }

    /// The model that is fitted on a morning.
    fn fitted(&self, asked: Option<i32>, on: Day, lessons: &[Lesson<'_>], rows: &mut Vec<FitRow>) -> Model {
        let kind = if asked.is_some() { Kind::Leaving } else { Kind::Renewal };
        let now: Vec<&Look> = self
            .snapshots
            .iter()
            .filter(|one| one.is_eligible() && one.on() <= on && one.on() > on - STEP_DAYS)
            .map(|one| &one.look)
            .filter(|look| asked.is_some() || look.kind == kind)
            .collect();
        let horizon_days = asked.unwrap_or(365);
        let lost_a_year = self.setup.config.risk.lost_a_year;
        let model = risk::fit(&Fit { parts: &self.parts, kind, horizon_days, lost_a_year, on, lender: None }, lessons, &now);
        rows.push(FitRow::of(kind, asked, on, &model));
        model
    }

    fn horizon(
        &self,
        days: Option<i32>,
        outcome: &'static str,
        chosen: &[&Snapshot],
        models: &BTreeMap<Day, Model>,
        label: impl Fn(&Snapshot) -> Label,
    ) -> Horizon {
        let mut censored = 0;
        let mut tested = Vec::with_capacity(chosen.len());
        for &snapshot in chosen {
            match label(snapshot) {
                Label::Open => censored += 1,
                Label::Closed { left, .. } => {
                    let model = models.get(&fold(snapshot.on()));
                    let probability = model.map_or(0.5, |model| model.probability(&self.parts, &snapshot.look));
                    let calibrated = model.is_some_and(|model| model.level > Level::Defaults);
                    tested.push(Tested { snapshot, left, probability, calibrated });
                }
            }
        }
        measure(Subject { days, outcome, censored }, &tested, &self.parts)
    }

    /// Against outcomes from outside, with the probabilities that were in force. Where all rows ask for the same few spans of
    /// days, each span is a question of its own, to customers on any terms; a span of its own for each row, or one that most
    /// terms end with, is the rest of the term.
    fn against(&self, outcomes: &[(String, Day, i32, bool)], eligible: &[&Snapshot], fits: &mut Vec<FitRow>) -> Vec<Horizon> {
        let numbers = self.history.numbers();
        let spans: BTreeSet<i32> = outcomes.iter().map(|&(_, _, days, _)| days).collect();
        let find = |account: &str, on: Day| {
            let number = *numbers.get(account)?;
            let place = eligible.binary_search_by_key(&(on, number), |one| (one.on(), one.look.account)).ok()?;
            Some(eligible[place])
        };
        // How many rows of a span there are, and with how many of them a term ends.
        let mut ending: BTreeMap<i32, (usize, usize)> = BTreeMap::new();
        for (account, on, days, _) in outcomes {
            if let Some(one) = find(account, *on) {
                let ends = one.end().filter(|_| one.look.kind == Kind::Renewal);
                let count = ending.entry(*days).or_default();
                count.0 += 1;
                count.1 += usize::from(ends.is_some_and(|end| (0..=SPAN_SLACK_DAYS).contains(&(*on + *days - end))));
            }
        }
        let is_term = |days: i32| ending.get(&days).is_some_and(|(all, ends)| 2 * ends > *all);
        let together = spans.len() > MOST_SPANS;
        let mut groups: BTreeMap<Option<i32>, Vec<(&Snapshot, bool)>> = BTreeMap::new();
        let mut censored: BTreeMap<Option<i32>, usize> = BTreeMap::new();
        for (account, on, days, left) in outcomes {
            if self.question.from.is_some_and(|from| *on < from) || self.question.to.is_some_and(|to| *on > to) {
                continue;
            }
            let asked = (!together && !is_term(*days)).then_some(*days);
            let group = groups.entry(asked).or_default();
            match find(account, *on) {
                Some(snapshot) => group.push((snapshot, *left)),
                None => *censored.entry(asked).or_default() += 1,
            }
        }
        let measured = groups.into_iter().map(|(days, mut rows)| {
            rows.sort_by_key(|(one, _)| (one.on(), one.look.account));
            let lessons = days.map(|days| self.lessons(Some(days))).unwrap_or_default();
            let mut models: BTreeMap<Day, Models> = BTreeMap::new();
            let mut tested = Vec::with_capacity(rows.len());
            for (snapshot, left) in rows {
                let origin = calibrate::origin(snapshot.on());
                let models = models.entry(origin).or_insert_with(|| {
                    if days.is_some() {
                        let model = self.fitted(days, origin, &lessons, fits);
                        return Models { fitted_on: origin, renewal: model.clone(), leaving: model };
                    }
                    let models = calibrate::fit(self.setup, &self.parts, &self.snapshots, &self.history, origin);
                    fits.push(FitRow::of(Kind::Renewal, None, origin, &models.renewal));
                    let days = self.setup.config.risk.horizon_days.cast_signed();
                    fits.push(FitRow::of(Kind::Leaving, Some(days), origin, &models.leaving));
                    models
                });
                let probability = models.probability(&self.parts, &snapshot.look);
                // Where one kind of customers borrows from the other, both are judged together.
                let calibrated = models.renewal.level.max(models.leaving.level) > Level::Defaults;
                tested.push(Tested { snapshot, left, probability, calibrated });
            }
            let censored = censored.get(&days).copied().unwrap_or(0);
            measure(Subject { days, outcome: "given", censored }, &tested, &self.parts)
        });
        measured.collect()
    }

    /// Who was healthy and left, who was at risk and stayed: on the last morning before.
    fn surprises(&self, snapshots: &[&Snapshot]) -> (Vec<Surprise>, Vec<Surprise>) {
        let mut last: BTreeMap<u32, &Snapshot> = BTreeMap::new();
        let mut renewed: BTreeMap<(u32, Day), &Snapshot> = BTreeMap::new();
        for &one in snapshots {
            last.insert(one.look.account, one);
            if let Some(end) = one.end().filter(|_| one.look.kind == Kind::Renewal) {
                renewed.insert((one.look.account, end), one);
            }
        }
        let surprise = |one: &Snapshot, decided_on: Day| {
            let (id, name) = self.history.name(one.look.account);
            Surprise {
                account_id: id.to_owned(),
                name: name.to_owned(),
                on: one.on(),
                score: (1.0 - one.look.risk) * 100.0,
                decided_on,
                arr: one.arr.map(Money::amount),
                currency: one.arr.map(|arr| arr.currency),
            }
        };
        let arr = |one: &Snapshot| one.arr.map_or(0, |arr| arr.minor);
        let churned = last.values().filter(|one| one.band == Band::Healthy);
        let churned = churned.filter_map(|one| Some((arr(one), surprise(one, self.history.gone(one)?)))).collect();
        let stayed = renewed.into_iter().filter(|(_, one)| {
            one.band == Band::AtRisk && matches!(self.history.renewal(one), Label::Closed { left: false, .. })
        });
        (largest(churned), largest(stayed.map(|((_, end), one)| (arr(one), surprise(one, end))).collect()))
    }
}

fn largest(mut surprises: Vec<(i64, Surprise)>) -> Vec<Surprise> {
    surprises.sort_by(|(more, a), (less, b)| less.cmp(more).then_with(|| a.account_id.cmp(&b.account_id)).then(a.on.cmp(&b.on)));
    surprises.into_iter().take(MOST_NAMES).map(|(_, surprise)| surprise).collect()
}

/// The morning of the fit that was in force.
fn fold(day: Day) -> Day {
    day - day.days().rem_euclid(FOLD_DAYS)
}

/// For each account and end, the snapshot that lies so many days before it, or at most a week earlier.
fn before_end<'a>(snapshots: &[&'a Snapshot], days: i32) -> Vec<&'a Snapshot> {
    let mut nearest: BTreeMap<(u32, Day), &Snapshot> = BTreeMap::new();
    for &one in snapshots.iter().filter(|one| one.look.kind == Kind::Renewal) {
        if let (Some(left), Some(end)) = (one.look.days_to_end, one.end())
            && (days..days + 7).contains(&left)
        {
            // Mornings rise: the last one is the nearest.
            nearest.insert((one.look.account, end), one);
        }
    }
    let mut chosen: Vec<&Snapshot> = nearest.into_values().collect();
    chosen.sort_by_key(|one| (one.on(), one.look.account));
    chosen
}
