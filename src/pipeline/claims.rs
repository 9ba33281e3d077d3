//! What a source says of the stages of its leads, as events.

use std::sync::Arc;

use super::state::{By, Event, Events, What};
use super::{Kind, Opens, Pipeline};
use crate::model::record::Lead;
use crate::model::{Day, Instant, Zone};

/// Adds what the versions of a lead, in the order in which they came to be known, say of its stages before an instant. A later
/// word takes back what earlier ones said of the time since. Without `stage_since` a stage counts from the lead's creation, or
/// where it changed later, from the morning on which that was known.
pub fn claims(pipelines: &[Arc<Pipeline>], versions: &[(Day, Lead)], before: Instant, zone: &Zone, events: &mut Events) {
    for pipeline in pipelines.iter().filter(|one| one.kind == Kind::Leads) {
        let mut said: Vec<Event> = Vec::new();
        let mut last: Option<(usize, Option<Instant>, u32)> = None;
        for (known_on, lead) in versions {
            let Some(stage) = lead.stage.as_ref().and_then(|word| stage(pipelines, pipeline, &word.0)) else { continue };
            let extended = lead.extended.unwrap_or(0);
            let now = (stage, lead.stage_since, extended);
            if last == Some(now) {
                continue;
            }
            // Another word for the stage in which it goes through another pipeline is no new stay.
            if last.is_some_and(|(before, ..)| before == stage) && pipeline.stages[stage].goes_on.is_some() {
                continue;
            }
            let repeated = last.is_some_and(|(before, since, _)| (before, since) == (stage, lead.stage_since));
            let at = match (lead.stage_since, last) {
                (Some(at), _) => at,
                (None, None) => lead.created_at,
                (None, Some(_)) => zone.start_of(*known_on),
            };
            last = Some(now);
            let note = lead.lost_reason.clone().unwrap_or_default();
            if !repeated {
                said.retain(|event| event.at < at);
                said.push(Event { at, what: What::Move(stage), by: By::Source, note });
            }
            if extended > 0 {
                let at = said.last().map_or(at, |event| event.at);
                said.push(Event { at, what: What::Extended(extended), by: By::Source, note: String::new() });
            }
        }
        said.retain(|event| event.at < before);
        if !said.is_empty() {
            let all = events.entry(pipeline.name.clone()).or_default();
            all.extend(said);
            all.sort_by_key(|event| event.at);
        }
    }
}

/// The stage of a pipeline that a source's word means. The words of a pipeline that a stage hands over to mean that stage.
fn stage(pipelines: &[Arc<Pipeline>], pipeline: &Pipeline, word: &str) -> Option<usize> {
    pipeline.stage(word).or_else(|| {
        pipeline.stages.iter().position(|stage| {
            let inner = stage.goes_on.as_ref().and_then(|on| pipelines.iter().find(|one| one.name == on.pipeline));
            inner.is_some_and(|inner| inner.stage(word).is_some())
        })
    })
}

/// Whether a lead is none of a pipeline's: its stage is a word that only others know. And whether nobody knows the word.
pub fn foreign(pipelines: &[Arc<Pipeline>], pipeline: &Pipeline, word: Option<&str>) -> (bool, bool) {
    let Some(word) = word else { return (false, false) };
    if pipeline.opens != Opens::All || stage(pipelines, pipeline, word).is_some() {
        return (false, false);
    }
    let others = pipelines.iter().any(|other| other.kind == Kind::Leads && other.stage(word).is_some());
    (others, !others)
}
