//! Leads on the board: which are a pipeline's, which are set aside before anything is counted, and where each of them stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;

use super::staged::{Board, Seen, of_pipeline};
use crate::model::record::{Lead, Record};
use crate::model::{Day, Id, Money};
use crate::pipeline::{
    Aside, Events, Facts, LeadFacts, Left, Moment, Opens, Owner, Pipeline, Role, State, Traits, Visit, claims, foreign, live,
    next_touch, set_aside,
};
use crate::store::staged;

/// The versions of a lead in the order in which they came to be known.
type Versions = [(Day, Lead)];

/// The leads that are set aside, by pipeline, and why.
pub type SetAside = BTreeMap<String, Arc<HashMap<Id, Aside>>>;

/// Where the leads of a pipeline come from.
#[derive(Clone, Copy)]
struct Outer<'a> {
    /// The pipeline through which they come in: the one that hands them over, or itself.
    pipeline: &'a Pipeline,
    /// The stage of it that hands them over.
    handed: Option<usize>,
}

impl Board<'_> {
    /// Lets the wanted leads of pipelines go by, each in one after the other. `aside`: what is set aside.
    pub(super) async fn leads(
        &self,
        pipelines: &[&Pipeline],
        wanted: &(dyn Fn(&Lead) -> bool + Sync),
        aside: &HashMap<Id, Aside>,
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) -> Result<()> {
        let pipelines: Vec<_> = pipelines.iter().filter_map(|one| Some((*one, self.outer(one)?))).collect();
        self.each_lead(&mut |versions| {
            for (pipeline, outer) in &pipelines {
                self.lead(pipeline, *outer, versions, wanted, aside, visit);
            }
        })
        .await
    }

    /// Lets one lead go by, where it is the pipeline's. Whether it is set aside only a look at all of them tells.
    pub(super) async fn one_lead(&self, pipeline: &Pipeline, id: &str, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        if let Some(outer) = self.outer(pipeline) {
            let versions = staged::lead(self.db, id, self.as_of).await?;
            self.lead(pipeline, outer, &versions, &|_| true, &HashMap::new(), visit);
        }
        Ok(())
    }

    /// Lets the leads of pipelines go by on which some users work, and says which of all leads are set aside: nobody knows before the
    /// last one has gone by.
    pub async fn leads_of(
        &self,
        pipelines: &[&Pipeline],
        reads: &(dyn Fn(&str) -> bool + Sync),
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) -> Result<SetAside> {
        let theirs = |lead: &Lead| lead.owner.as_ref().is_some_and(|owner| reads(owner.as_str()));
        let pipelines: Vec<_> = pipelines.iter().filter_map(|one| Some((*one, self.outer(one)?))).collect();
        let mut cleaned: Vec<(&Pipeline, Vec<Traits>)> = Vec::new();
        for (_, outer) in pipelines.iter().filter(|(_, outer)| outer.pipeline.set_aside) {
            if !cleaned.iter().any(|(known, _)| known.name == outer.pipeline.name) {
                cleaned.push((outer.pipeline, Vec::new()));
            }
        }
        self.each_lead(&mut |versions| {
            for (pipeline, outer) in &pipelines {
                self.lead(pipeline, *outer, versions, &theirs, &HashMap::new(), visit);
            }
            for (outer, traits) in &mut cleaned {
                traits.extend(self.traits(outer, versions));
            }
        })
        .await?;
        let aside: Vec<(&str, Arc<HashMap<Id, Aside>>)> =
            cleaned.into_iter().map(|(outer, traits)| (outer.name.as_str(), Arc::new(set_aside(&traits)))).collect();
        let of = |outer: &Outer<'_>| Some(Arc::clone(&aside.iter().find(|(name, _)| *name == outer.pipeline.name)?.1));
        Ok(pipelines.iter().filter_map(|(pipeline, outer)| Some((pipeline.name.clone(), of(outer)?))).collect())
    }

    /// The leads of a pipeline that are set aside, and why.
    pub(super) async fn aside(&self, pipeline: &Pipeline) -> Result<HashMap<Id, Aside>> {
        let Some(outer) = self.outer(pipeline).filter(|outer| outer.pipeline.set_aside) else { return Ok(HashMap::new()) };
        let mut traits: Vec<Traits> = Vec::new();
        self.each_lead(&mut |versions| traits.extend(self.traits(outer.pipeline, versions))).await?;
        Ok(set_aside(&traits))
    }

    /// What tells a lead apart, if it is one of the pipeline's.
    fn traits(&self, pipeline: &Pipeline, versions: &Versions) -> Option<Traits> {
        let known = versions.last().and_then(|(_, lead)| lead.clone().known_on(self.day_after(), self.zone()));
        known.filter(|lead| self.enters(pipeline, lead)).map(|lead| Traits::of(&lead))
    }

    /// Nothing where no pipeline hands it any.
    fn outer<'p>(&'p self, pipeline: &'p Pipeline) -> Option<Outer<'p>> {
        if pipeline.opens != Opens::HandedOver {
            return Some(Outer { pipeline, handed: None });
        }
        self.setup.pipelines.iter().find_map(|giver| {
            let hands =
                |stage: &crate::pipeline::Stage| stage.goes_on.as_ref().is_some_and(|goes_on| goes_on.pipeline == pipeline.name);
            Some(Outer { pipeline: giver, handed: Some(giver.stages.iter().position(hands)?) })
        })
    }

    fn lead(
        &self,
        pipeline: &Pipeline,
        outer: Outer<'_>,
        versions: &Versions,
        wanted: &(dyn Fn(&Lead) -> bool + Sync),
        aside: &HashMap<Id, Aside>,
        visit: &mut (dyn FnMut(&Seen<'_>) + Send),
    ) {
        let (zone, company) = (self.zone(), self.setup.config.company.currency);
        let Some((_, last)) = versions.last() else { return };
        let word = last.stage.as_ref().map(|word| word.0.clone());
        let Some(lead) = last.clone().known_on(self.day_after(), zone) else { return };
        if !wanted(&lead) || !self.enters(outer.pipeline, &lead) {
            return;
        }
        let mut events = self.events(lead.id.as_str());
        claims(&self.setup.pipelines, versions, self.at.before, zone, &mut events);
        let money = |amount: Option<rust_decimal::Decimal>| {
            let currency = lead.currency.unwrap_or(company);
            amount.and_then(|amount| Money::new(amount.round_dp(currency.exponent()), currency).ok())
        };
        let (amount, cost) = (money(lead.amount), money(lead.cost));
        let id = lead.id.clone();
        let called = lead.company.clone().or_else(|| lead.name.clone()).unwrap_or_default();
        let unknown = foreign(&self.setup.pipelines, outer.pipeline, word.as_deref()).1;
        let facts = LeadFacts::new(lead, zone);
        let region = facts.lead.owner.as_ref().and_then(|owner| self.users.get(owner.as_str())?.region.as_deref());
        let none = |_: &str| Vec::new();
        let moment = self.moment(self.at.on, region, &none);
        let Some(state) = live(outer.pipeline, &facts, &events, None, &moment) else { return };
        let state = match outer.handed {
            None => state,
            Some(stage) => match inner(pipeline, stage, &state, &facts, &events, &moment) {
                Some(state) => state,
                None => return,
            },
        };
        let owner = match pipeline.stages[state.stage].owner {
            Owner::Record => facts.lead.owner.as_ref().map(Id::as_str),
            _ => None,
        };
        visit(&Seen {
            id: id.as_str(),
            name: &called,
            account: facts.lead.account_id.as_ref().map(Id::as_str),
            pipeline,
            touch: next_touch(pipeline, &state, &facts, &moment),
            stands: aside.get(&id).map_or(Ok(&state), Err),
            facts: &facts,
            owner,
            keeper: facts.lead.owner.as_ref().map(Id::as_str),
            amount,
            cost,
            unknown_stage: word.as_deref().filter(|_| unknown),
            events: of_pipeline(&events, pipeline),
        });
    }

    /// Whether a lead can be one of the pipeline's: its stage is not a word that only others know.
    fn enters(&self, pipeline: &Pipeline, lead: &Lead) -> bool {
        !foreign(&self.setup.pipelines, pipeline, lead.stage.as_ref().map(|word| word.0.as_str())).0
            && (pipeline.opens != Opens::OwnStages
                || lead.stage.as_ref().is_some_and(|word| pipeline.stage(&word.0).is_some())
                || self.acts.get(lead.id.as_str()).is_some_and(|acts| acts.iter().any(|act| act.pipeline == pipeline.name)))
    }

    async fn each_lead(&self, hears: &mut (dyn FnMut(&Versions) + Send)) -> Result<()> {
        let mut after = String::new();
        loop {
            let (page, next) = staged::leads(self.db, &after, self.as_of).await?;
            for versions in &page {
                hears(versions);
            }
            match next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }
}

/// Where a record stands in the pipeline that a stage hands it to, also after it has left that stage: taken out before its end,
/// it is lost there.
fn inner(
    pipeline: &Pipeline,
    stage: usize,
    outer: &State,
    facts: &dyn Facts,
    events: &Events,
    moment: &Moment<'_>,
) -> Option<State> {
    let (begun, visit) = outer.passage(stage)?;
    let mut state = live(pipeline, facts, events, Some(begun), moment)?;
    let open = pipeline.stages[state.stage].role == Role::Open;
    let lost = pipeline.stages.iter().position(|one| one.role == Role::Lost);
    if let Some((lost, (day, _))) = lost.zip(visit.to).filter(|_| open) {
        if let Some(last) = state.visits.last_mut() {
            last.to = Some((day, Left::Elsewhere));
            last.because.clone_from(&visit.because);
        }
        let at = moment.zone.start_of(day);
        state.visits.push(Visit { stage: lost, from: day, at, to: None, because: String::new() });
        (state.stage, state.since, state.ends_on, state.extended) = (lost, day, None, 0);
    }
    Some(state)
}
