//! Staged work over the store: every record of a pipeline goes by with where it stands, one after the other.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};

use super::Setup;
use crate::clock::Clock;
use crate::health::opinion::{Opinion, Said};
use crate::model::record::{RecordKind, User};
use crate::model::{Day, Instant, Money, Zone};
use crate::pipeline::{Aside, By, Event, Events, Facts, Field, Kind, Moment, Pipeline, Report, Row, State, Tally, Value, What};
use crate::store::facts::AsOf;
use crate::store::staged::{self, Act, ActKind, Span};
use crate::store::{Db, directory, opinions, people, pulls};

/// The moment at which records are looked at.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The morning.
    pub on: Day,
    /// What people did, and sources told, before this counts.
    pub before: Instant,
    /// Whether that takes in some of the day itself.
    pub with_today: bool,
}

impl At {
    /// A past morning, or now.
    pub fn of(setup: &Setup, clock: &dyn Clock, as_of: Option<Day>) -> Result<At> {
        let zone = setup.config.company.zone();
        let now = clock.now();
        let today = zone.day_of(now);
        match as_of {
            Some(day) if day > today => bail!("{day} lies in the future; today is {today}"),
            Some(day) => Ok(At { on: day, before: zone.start_of(day), with_today: false }),
            None => Ok(At { on: today, before: now.plus_micros(1), with_today: true }),
        }
    }
}

/// A record as it goes by.
pub struct Seen<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Whose it is, where that is known.
    pub account: Option<&'a str>,
    /// Its pipeline.
    pub pipeline: &'a Pipeline,
    /// Where it stands; `None`: it is set aside, and why.
    pub stands: Result<&'a State, &'a Aside>,
    /// What is known of it.
    pub facts: &'a dyn Facts,
    /// The user who works on it, where its stage names one.
    pub owner: Option<&'a str>,
    /// The user who works on it wherever its stage names no other.
    pub keeper: Option<&'a str>,
    /// What it may bring.
    pub amount: Option<Money>,
    /// What it cost.
    pub cost: Option<Money>,
    /// A word of the source that no pipeline knows.
    pub unknown_stage: Option<&'a str>,
    /// The next touch.
    pub touch: Option<(Day, &'a str)>,
    /// What happened to it in the pipeline, in the order of instants.
    pub events: &'a [Event],
}

/// What is read once.
pub struct Board<'a> {
    pub(super) db: &'a Db,
    pub(super) setup: &'a Setup,
    pub(super) at: At,
    pub(super) as_of: AsOf,
    pub(super) users: BTreeMap<String, User>,
    pub(super) acts: HashMap<String, Vec<Act>>,
    pub(super) signs: HashMap<String, Vec<(String, Span)>>,
    pub(super) calls: HashMap<String, Vec<Opinion>>,
}

impl<'a> Board<'a> {
    /// Reads it.
    pub async fn load(db: &'a Db, setup: &'a Setup, at: At) -> Result<Board<'a>> {
        let as_of = AsOf { day: at.on, through_pull: pulls::last_id(db).await? };
        let mut calls: HashMap<String, Vec<Opinion>> = HashMap::new();
        for opinion in opinions::all(db).await? {
            let withdrawn = opinion.withdrawn.as_ref().is_some_and(|one| one.at < at.before);
            if matches!(opinion.said, Said::Call { .. }) && opinion.said_at < at.before && !withdrawn {
                calls.entry(opinion.account_id.to_string()).or_default().push(opinion);
            }
        }
        Ok(Board {
            users: people::users(db, as_of, setup.config.company.zone()).await?,
            acts: staged::acts(db, at.before).await?,
            signs: staged::signs(db, at.on).await?,
            calls,
            db,
            setup,
            at,
            as_of,
        })
    }

    /// Takes it that people have done this too.
    pub(super) fn suppose(&mut self, acts: &[Act]) {
        for act in acts {
            self.acts.entry(act.record.clone()).or_default().push(act.clone());
        }
    }

    /// The users, by id.
    pub fn users(&self) -> &BTreeMap<String, User> {
        &self.users
    }

    /// Lets every record of the pipeline go by, in the order of the store.
    pub async fn each(&self, pipeline: &Pipeline, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        match pipeline.kind {
            Kind::Leads => self.leads(&[pipeline], &|_| true, &self.aside(pipeline).await?, visit).await,
            Kind::Contracts | Kind::Accounts => self.accounts(pipeline, 0..directory::blocks(self.db).await?, visit).await,
        }
    }

    /// Lets the record of this id go by, whether or not it is to be set aside, where the pipeline has it. Of accounts and terms, some
    /// others go by too.
    pub async fn one(&self, pipeline: &Pipeline, id: &str, visit: &mut (dyn FnMut(&Seen<'_>) + Send)) -> Result<()> {
        let record = match pipeline.kind {
            Kind::Leads => return self.one_lead(pipeline, id, visit).await,
            Kind::Accounts => RecordKind::Accounts,
            Kind::Contracts => RecordKind::Contracts,
        };
        // The second term of a contract has its number behind that of the contract; so has an account that comes in again.
        let mut blocks = staged::blocks_of(self.db, record, id).await?;
        if let Some((first, _)) = id.rsplit_once('~') {
            blocks.extend(staged::blocks_of(self.db, record, first).await?);
        }
        self.accounts(pipeline, blocks.into_iter(), visit).await
    }

    pub(super) fn zone(&self) -> &Zone {
        self.setup.config.company.zone()
    }

    /// Facts of the day itself count where people's moves of that day do.
    pub(super) fn day_after(&self) -> Day {
        if self.at.with_today { self.at.on + 1 } else { self.at.on }
    }

    pub(super) fn moment<'m>(&'m self, on: Day, region: Option<&'m str>, signs: crate::pipeline::Signs<'m>) -> Moment<'m> {
        let (zone, calendar) = (self.zone(), &self.setup.config.company.calendar);
        Moment { on, zone, calendar, region, signs, pipelines: &self.setup.pipelines }
    }

    /// What people did with a record.
    pub(super) fn events(&self, record: &str) -> Events {
        let mut events = Events::new();
        for act in self.acts.get(record).into_iter().flatten() {
            let Some(pipeline) = self.setup.pipelines.iter().find(|one| one.name == act.pipeline) else { continue };
            let what = match act.kind {
                // A stage that is no longer there says nothing.
                ActKind::Move => match pipeline.stage(&act.what) {
                    Some(stage) => What::Move(stage),
                    None => continue,
                },
                ActKind::Extend => What::Extend,
                ActKind::GoodAnswer => What::Answer(act.what.clone(), true),
                ActKind::OtherAnswer => What::Answer(act.what.clone(), false),
                ActKind::Touch => What::Touch(act.what.clone()),
            };
            let event = Event { at: act.at, what, by: By::Person(act.actor.clone()), note: act.note.clone() };
            events.entry(act.pipeline.clone()).or_default().push(event);
        }
        events
    }
}

pub(super) fn text(facts: &dyn Facts, field: Field) -> Option<&str> {
    facts.get(field).and_then(|known| match known.value {
        Value::Text(text) => Some(text),
        Value::Number(_) | Value::Flag(_) => None,
    })
}

/// What happened in a pipeline.
pub(super) fn of_pipeline<'e>(events: &'e Events, pipeline: &Pipeline) -> &'e [Event] {
    events.get(&pipeline.name).map_or(&[], Vec::as_slice)
}

/// UTM source and medium: `google / cpc`.
pub fn source(facts: &dyn Facts) -> Option<String> {
    let source = text(facts, Field::UtmSource)?;
    Some(text(facts, Field::UtmMedium).map_or_else(|| source.to_owned(), |medium| format!("{source} / {medium}")))
}

/// The pipeline of this name, or what there is.
pub fn named<'s>(setup: &'s Setup, name: &str) -> Result<&'s Pipeline, String> {
    let found = setup.pipelines.iter().find(|one| one.name == name);
    found.map(std::convert::AsRef::as_ref).ok_or_else(|| {
        let names: Vec<&str> = setup.pipelines.iter().map(|one| one.name.as_str()).collect();
        format!("there is no pipeline `{name}`; there are {}", names.join(", "))
    })
}

/// `longroad pipeline NAME`. `wanted`: hears every record, and says whether it counts.
pub async fn pipeline_report(
    db: &Db,
    setup: &Setup,
    at: At,
    pipeline: &Pipeline,
    wanted: &mut (dyn FnMut(&Seen<'_>) -> bool + Send),
) -> Result<Report> {
    let board = Board::load(db, setup, at).await?;
    let mut tally = Tally::new(pipeline, at.on, at.with_today);
    board
        .each(pipeline, &mut |seen| {
            if !wanted(seen) {
                return;
            }
            let origin = source(seen.facts);
            let row = Row {
                id: seen.id,
                name: seen.name,
                owner: seen.owner,
                keeper: seen.keeper,
                state: seen.stands.ok(),
                amount: seen.amount,
                cost: seen.cost,
                source: origin.as_deref(),
                region: text(seen.facts, Field::Region),
                industry: text(seen.facts, Field::Industry),
                lost_reason: text(seen.facts, Field::LostReason),
                touch: seen.touch,
            };
            if let Some(word) = seen.unknown_stage {
                tally.unknown_stage(word);
            }
            match seen.stands {
                Ok(_) => tally.add(&row),
                Err(Aside::Unreachable) => tally.aside(&row, "no valid number"),
                Err(Aside::Duplicate(_)) => tally.aside(&row, "duplicate"),
            }
        })
        .await
        .with_context(|| format!("reading the records of {}", pipeline.name))?;
    Ok(tally.close())
}
