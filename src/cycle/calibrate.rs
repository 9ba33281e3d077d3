//! The probabilities in force on a morning: fitted on outcomes known by then, kept, and the same whoever asks.

use std::sync::Arc;

use anyhow::Result;

use super::Setup;
use super::history::History;
use super::population::Chosen;
use super::replay::{Plan, replay};
use super::world::World;
use crate::backtest::{Label, Snapshot};
use crate::clock::Clock;
use crate::model::Day;
use crate::risk::{self, Fit, Kind, Lesson, Level, Look, Model, Models, Parts};
use crate::store::facts::AsOf;
use crate::store::{Db, pulls, risk_models};

/// Days between two fits, and between the mornings that they learn from.
pub const STEP_DAYS: i32 = 28;
/// Mornings that a fit learns from at the most: three years.
const MOST_MORNINGS: i32 = 39;
/// Days of a term where a model of renewals has to assume one.
const YEAR_DAYS: i32 = 365;

/// The morning on which the models in force on `day` are fitted.
pub fn origin(day: Day) -> Day {
    day - day.days().rem_euclid(STEP_DAYS)
}

/// The models in force on a morning. Where none are kept, history is lived again once to fit them.
pub async fn models(db: &Db, setup: &Arc<Setup>, as_of: AsOf, progress: &(dyn Fn(&str) + Sync)) -> Result<Models> {
    let on = origin(as_of.day);
    if let Some(models) = risk_models::find(db, &setup.hash, on).await? {
        return Ok(models);
    }
    let as_of = AsOf { day: on, ..as_of };
    let world = World::load(db, setup, as_of, true).await?;
    let chosen = Chosen::Some(2);
    let mut history = History::load(db, &world, chosen).await?;
    let parts = Parts::of(&setup.cards);
    // Without anybody who has left there is nothing to learn.
    let mornings = if world.silent_days.is_none() && history.left() == 0 { 0 } else { (on - history.first) / STEP_DAYS };
    let days: Vec<Day> = (0..=mornings.clamp(0, MOST_MORNINGS)).rev().map(|back| on - back * STEP_DAYS).collect();
    let plan = Plan { days: &days, through_pull: as_of.through_pull, chosen, every: 1, other: None };
    let mut snapshots = replay(db, setup, &parts, plan, progress).await?;
    history.number_by_id(&mut snapshots);
    let models = fit(setup, &parts, &snapshots, &history, on);
    // A question about an empty store leaves it empty: a backup may still be put into it.
    if world.blocks > 0 {
        risk_models::save(db, &setup.hash, &models).await?;
    }
    // As it will be read from now on: a number may lose its last digit on the way, and who asks first is told the same.
    Ok(risk_models::find(db, &setup.hash, on).await?.unwrap_or(models))
}

/// The models that are kept for a morning, without fitting any: a night has no time for it. Stated defaults where none are.
pub async fn kept(db: &Db, setup: &Setup, parts: &Parts, on: Day) -> Result<Models> {
    if let Some(models) = risk_models::newest(db, &setup.hash, on).await? {
        return Ok(models);
    }
    let of = |kind: Kind, days: i32| {
        let lost_a_year = setup.config.risk.lost_a_year;
        risk::fit(&Fit { parts, kind, horizon_days: days, lost_a_year, on, lender: None }, &[], &[])
    };
    let leaving = of(Kind::Leaving, setup.config.risk.horizon_days.cast_signed());
    Ok(Models { fitted_on: on, renewal: of(Kind::Renewal, YEAR_DAYS), leaving })
}

/// Fits the models of today where none are kept: every four weeks, and after each change of the configuration.
pub async fn calibrate(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock) -> Result<Models> {
    let day = setup.config.company.zone().day_of(clock.now());
    let as_of = AsOf { day, through_pull: pulls::last_id(db).await? };
    models(db, setup, as_of, &|text| tracing::info!("{text}")).await
}

/// Fits the models of a morning on snapshots before it.
pub fn fit(setup: &Setup, parts: &Parts, snapshots: &[Snapshot], history: &History, on: Day) -> Models {
    let horizon_days = setup.config.risk.horizon_days.cast_signed();
    let of = |kind: Kind, lender: Option<&Model>| {
        let wanted = |snapshot: &&Snapshot| snapshot.look.kind == kind && snapshot.is_eligible();
        let lessons: Vec<Lesson<'_>> = snapshots
            .iter()
            .filter(|one| wanted(one) && one.on().days().rem_euclid(STEP_DAYS) == 0)
            .filter_map(|snapshot| match kind {
                Kind::Renewal => renewal_lesson(snapshot, history),
                Kind::Leaving => leaving_lesson(snapshot, history, horizon_days),
            })
            .collect();
        let now: Vec<&Look> = snapshots
            .iter()
            .filter(wanted)
            .filter(|one| one.on() <= on && one.on() > on - STEP_DAYS)
            .map(|one| &one.look)
            .collect();
        let days = if kind == Kind::Renewal { YEAR_DAYS } else { horizon_days };
        risk::fit(
            &Fit { parts, kind, horizon_days: days, lost_a_year: setup.config.risk.lost_a_year, on, lender },
            &lessons,
            &now,
        )
    };
    let is_fitted = |model: &&Model| model.level > Level::Defaults;
    let renewal = of(Kind::Renewal, None);
    let leaving = of(Kind::Leaving, Some(&renewal).filter(is_fitted));
    let lender = Some(&leaving).filter(is_fitted).filter(|_| !is_fitted(&&renewal));
    let renewal = lender.map_or(renewal.clone(), |lender| of(Kind::Renewal, Some(lender)));
    Models { fitted_on: on, renewal, leaving }
}

/// Looks at one term are one observation.
pub fn renewal_lesson<'a>(snapshot: &'a Snapshot, history: &History) -> Option<Lesson<'a>> {
    lesson(snapshot, history.renewal(snapshot), snapshot.end().map_or(0, Day::days))
}

/// Looks whose windows overlap are one observation.
pub fn leaving_lesson<'a>(snapshot: &'a Snapshot, history: &History, days: i32) -> Option<Lesson<'a>> {
    lesson(snapshot, history.leaving(snapshot, days), snapshot.on().days() / days.max(STEP_DAYS))
}

fn lesson(snapshot: &Snapshot, label: Label, term: i32) -> Option<Lesson<'_>> {
    match label {
        Label::Closed { left, on } => Some(Lesson { look: &snapshot.look, left, closed_on: on, term }),
        Label::Open => None,
    }
}
