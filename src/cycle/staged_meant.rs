//! Which record of which pipeline somebody means, and where it stands.

use anyhow::Result;

use super::Setup;
use super::staged::{Board, Seen, named};
use super::staged_acts::{Doing, Handling};
use crate::model::nearest;
use crate::pipeline::{Opens, Pipeline, Role, lacks};

/// Where a record was found.
pub(super) struct Found {
    pub(super) stage: usize,
    pub(super) lacks: Vec<Vec<String>>,
    pub(super) extended: u32,
    pub(super) ends_on: Option<crate::model::Day>,
    pub(super) owner: Option<String>,
    /// Why it left the stage before.
    pub(super) because: String,
}

/// The pipeline in which it is to be done, and where the record stands there. The inner error says why there is none, or which
/// there are.
pub(super) async fn meant<'s>(
    board: &Board<'s>,
    doing: &Doing,
    handling: Handling<'_>,
) -> Result<Result<(&'s Pipeline, Found), String>> {
    let (setup, record) = (board.setup, handling.record);
    if let Some(Err(reason)) = handling.pipeline.map(|name| named(setup, name)) {
        return Ok(Err(reason));
    }
    let mut known = Vec::new();
    for pipeline in candidates(setup, doing, handling.pipeline) {
        if let Some(found) = find(board, pipeline, record).await? {
            known.push((pipeline, found));
        }
    }
    // Whoever says `next` means the pipeline in which there is one.
    let goes_on = |(pipeline, found): &(&Pipeline, Found)| next(pipeline, found.stage).is_some();
    if matches!(doing, Doing::Move(to) if to == "next") && known.iter().any(goes_on) {
        known.retain(goes_on);
    }
    // A stage of that name is meant rather than one that only sources call so.
    let by_name = |(pipeline, _): &(&Pipeline, Found)| matches!(doing, Doing::Move(to) if pipeline.stages.iter().any(|stage| stage.name == *to));
    if known.iter().any(by_name) {
        known.retain(by_name);
    }
    match known.len() {
        0 => nowhere(board, doing, handling).await.map(Err),
        1 => Ok(Ok(known.remove(0))),
        _ => {
            let stands: Vec<String> = known
                .iter()
                .map(|(pipeline, found)| format!("{} ({})", pipeline.name, pipeline.stages[found.stage].name))
                .collect();
            let hint = match doing {
                Doing::Move(to) if to == "next" && !known.iter().any(goes_on) => "there is no next stage: name one",
                _ => "say which with --pipeline",
            };
            Ok(Err(format!("`{record}` goes through {}: {hint}", stands.join(" and "))))
        }
    }
}

/// Why it can be done in no pipeline.
async fn nowhere(board: &Board<'_>, doing: &Doing, handling: Handling<'_>) -> Result<String> {
    let record = handling.record;
    let pipelines = || board.setup.pipelines.iter().filter(|one| handling.pipeline.is_none_or(|name| name == one.name));
    let mut stands = Vec::new();
    for pipeline in pipelines() {
        if let Some(found) = find(board, pipeline, record).await? {
            stands.push((pipeline, found));
        }
    }
    if stands.is_empty() {
        let names: Vec<&str> = pipelines().map(|one| one.name.as_str()).collect();
        return Ok(format!(
            "there is no record `{record}` in {}; `longroad pipeline NAME --csv FILE` lists all",
            names.join(", ")
        ));
    }
    let places: Vec<String> =
        stands.iter().map(|(pipeline, found)| format!("{} ({})", pipeline.name, pipeline.stages[found.stage].name)).collect();
    let places = places.join(" and ");
    let Doing::Move(stage) = doing else {
        return Ok(format!("`{record}` goes through {places}, where that cannot be done"));
    };
    let names: Vec<&str> =
        stands.iter().flat_map(|(pipeline, _)| pipeline.stages.iter().map(|stage| stage.name.as_str())).collect();
    let hint = match nearest(stage, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Ok(format!("`{record}` goes through {places}, where no stage is called `{stage}`; {hint}"))
}

/// The pipelines in which it can be done.
fn candidates<'s>(setup: &'s Setup, doing: &Doing, only: Option<&str>) -> Vec<&'s Pipeline> {
    let can = |pipeline: &&Pipeline| match doing {
        _ if only.is_some_and(|name| name != pipeline.name) => false,
        Doing::Move(stage) => stage == "next" || pipeline.stage(stage).is_some(),
        Doing::Extend => pipeline.stages.iter().any(|stage| stage.extend.is_some()),
        Doing::Answers(_) => !pipeline.questions.is_empty(),
        Doing::Touch(_) => pipeline.stages.iter().any(|stage| !stage.timetable.is_empty()),
    };
    setup.pipelines.iter().map(std::convert::AsRef::as_ref).filter(can).collect()
}

/// Where a record stands in a pipeline.
pub(super) async fn find(board: &Board<'_>, pipeline: &Pipeline, record: &str) -> Result<Option<Found>> {
    let mut found = None;
    let mut visit = |seen: &Seen<'_>| {
        let Some(state) = seen.stands.ok().filter(|_| seen.id == record) else { return };
        let lacking = (0..pipeline.stages.len()).map(|to| lacks(pipeline, to, state, seen.facts, board.at.on)).collect();
        found = Some(Found {
            stage: state.stage,
            lacks: lacking,
            extended: state.extended,
            ends_on: state.ends_on,
            owner: seen.owner.map(str::to_owned),
            because: state.visits.iter().rev().nth(1).map(|visit| visit.because.clone()).unwrap_or_default(),
        });
    };
    board.one(pipeline, record, &mut visit).await?;
    Ok(found)
}

/// The stage behind this one on the way.
pub(super) fn next(pipeline: &Pipeline, stage: usize) -> Option<usize> {
    let on_the_way = |to: &usize| matches!(pipeline.stages[*to].role, Role::Open | Role::Won);
    if pipeline.stages[stage].role != Role::Open && pipeline.opens != Opens::OwnStages {
        return None;
    }
    (stage + 1..pipeline.stages.len()).find(on_the_way)
}
