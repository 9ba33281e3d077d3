//! One record of a pipeline: a line in a list, and all that is known of it.

use anyhow::Result;
use serde::Serialize;

use super::Setup;
use super::staged::{At, Board, Seen, source, text};
use super::staged_meant::next;
use crate::clock::Clock;
use crate::model::{Currency, Day, Id, Instant, Money};
use crate::pipeline::{By, Field, Kind, Left, Pipeline, Role, State, Visit, What, lacks};
use crate::store::Db;

/// A record in a list.
#[derive(Clone, Debug, Serialize)]
pub struct RecordLine {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its stage; of one that is set aside `None`, as is all that hangs on it.
    pub stage: Option<String>,
    /// Since when it is there.
    pub since: Option<Day>,
    /// When its stay ends.
    pub ends_on: Option<Day>,
    /// Days past that.
    pub overdue_days: Option<i32>,
    /// How often its stay was extended.
    pub extended: Option<u32>,
    /// The user who works on it.
    pub owner: Option<String>,
    /// When it came in.
    pub opened_on: Option<Day>,
    /// Why it is set aside, if it is.
    pub set_aside: Option<String>,
    /// What it may bring, a decimal.
    pub amount: Option<String>,
    /// The currency of that, and of what it cost.
    pub currency: Option<Currency>,
    /// What it cost, a decimal.
    pub cost: Option<String>,
    /// UTM source and medium.
    pub source: Option<String>,
    /// Where it is.
    pub region: Option<String>,
    /// What it does.
    pub industry: Option<String>,
    /// Good answers to the questionnaire.
    pub good_answers: Option<usize>,
    /// When it is to be touched next.
    pub next_touch_on: Option<Day>,
    /// By which channel.
    pub next_touch_by: Option<String>,
}

impl RecordLine {
    /// The line of a record on a day.
    pub fn of(seen: &Seen<'_>, on: Day) -> RecordLine {
        let state = seen.stands.ok();
        let open = state.filter(|state| seen.pipeline.stages[state.stage].role == Role::Open);
        let touch = seen.touch.filter(|_| state.is_some());
        let text = |field: Field| text(seen.facts, field).map(str::to_owned);
        RecordLine {
            id: seen.id.to_owned(),
            name: seen.name.to_owned(),
            stage: state.map(|state| seen.pipeline.stages[state.stage].name.clone()),
            since: state.map(|state| state.since),
            ends_on: open.and_then(|state| state.ends_on),
            overdue_days: open.and_then(|state| state.overdue_days(on)),
            extended: state.map(|state| state.extended),
            owner: seen.owner.map(str::to_owned),
            opened_on: state.and_then(|state| state.visits.first()).map(|visit| visit.from),
            set_aside: seen.stands.err().map(crate::pipeline::Aside::reason),
            amount: seen.amount.map(Money::amount),
            currency: seen.amount.or(seen.cost).map(|money| money.currency),
            cost: seen.cost.map(Money::amount),
            source: source(seen.facts),
            region: text(Field::Region),
            industry: text(Field::Industry),
            good_answers: state.map(State::good_answers),
            next_touch_on: touch.map(|(day, _)| day),
            next_touch_by: touch.map(|(_, by)| by.to_owned()),
        }
    }
}

/// All that is known of a record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordDetail {
    /// Its pipeline.
    pub pipeline: String,
    /// The line that a list has of it.
    #[serde(flatten)]
    pub line: RecordLine,
    /// The account, where it is known.
    pub account_id: Option<String>,
    /// Who works on it wherever its stage names no other.
    pub keeper: Option<String>,
    /// Its stays, the present one last.
    pub stays: Vec<StayLine>,
    /// The stage behind its own on the way.
    pub next: Option<String>,
    /// The other stages, with what it lacks to come into each.
    pub ways: Vec<WayLine>,
    /// The questionnaire.
    pub questions: Vec<QuestionLine>,
    /// What the source said and people did, the last first.
    pub moves: Vec<MoveLine>,
    /// Whether its stay can be extended, by whoever may.
    pub can_be_extended: bool,
    /// Whether touches of it are noted.
    pub can_be_touched: bool,
    /// The pipeline that it goes through while it is in its stage.
    pub goes_through: Option<String>,
}

/// A stay in a stage.
#[derive(Clone, Debug, Serialize)]
pub struct StayLine {
    /// The stage.
    pub stage: String,
    /// The first day.
    pub from: Day,
    /// The day of leaving; `None`: it is there.
    pub to: Option<Day>,
    /// Days from the one to the other, or until now.
    pub days: i32,
    /// How it was left: `went on`, `moved`, `handed back`, `refused`.
    pub left: Option<&'static str>,
    /// Why.
    pub because: String,
}

/// A stage where it could go.
#[derive(Clone, Debug, Serialize)]
pub struct WayLine {
    /// The stage.
    pub stage: String,
    /// In people's words.
    pub title: String,
    /// What it lacks for that, for people.
    pub lacks: Vec<String>,
}

/// A question of the questionnaire.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionLine {
    /// In one word.
    pub name: String,
    /// As it is asked.
    pub ask: String,
    /// Whether its last answer is a good one; `None`: nobody has asked yet.
    pub good: Option<bool>,
}

/// Something that happened to it.
#[derive(Clone, Debug, Serialize)]
pub struct MoveLine {
    /// When, RFC 3339.
    pub at: String,
    /// The same.
    #[serde(skip)]
    pub instant: Instant,
    /// What, for people: `moved to sql`.
    pub what: String,
    /// A user's id or a name; `None`: the source.
    pub by: Option<String>,
    /// In that one's words.
    pub note: String,
}

/// All that is known of a record now; `None`: the pipeline has none of that id.
pub async fn record(db: &Db, setup: &Setup, clock: &dyn Clock, pipeline: &Pipeline, id: &str) -> Result<Option<RecordDetail>> {
    let at = At::of(setup, clock, None)?;
    let board = Board::load(db, setup, at).await?;
    let mut found = None;
    let mut visit = |seen: &Seen<'_>| {
        if seen.id == id {
            found = detail(seen, at.on);
        }
    };
    board.one(pipeline, id, &mut visit).await?;
    if let Some(found) = found.as_mut().filter(|_| pipeline.kind == Kind::Leads) {
        // Only a look at all leads tells whether this one is there twice.
        let aside = board.aside(pipeline).await?;
        found.line.set_aside = Id::parse(id).ok().and_then(|id| aside.get(&id)).map(crate::pipeline::Aside::reason);
    }
    Ok(found)
}

fn detail(seen: &Seen<'_>, on: Day) -> Option<RecordDetail> {
    let (state, pipeline) = (seen.stands.ok()?, seen.pipeline);
    let stage = &pipeline.stages[state.stage];
    let ways = (0..pipeline.stages.len()).filter(|to| *to != state.stage).map(|to| WayLine {
        stage: pipeline.stages[to].name.clone(),
        title: pipeline.stages[to].title.clone(),
        lacks: lacks(pipeline, to, state, seen.facts, on),
    });
    let questions = pipeline.questions.iter().map(|question| QuestionLine {
        name: question.name.clone(),
        ask: question.ask.clone(),
        good: state.answers.get(&question.name).copied(),
    });
    let moves = seen.events.iter().rev().map(|event| MoveLine {
        at: event.at.to_string(),
        instant: event.at,
        what: happened(pipeline, &event.what),
        by: match &event.by {
            By::Person(person) => Some(person.clone()),
            By::Source | By::Itself => None,
        },
        note: event.note.clone(),
    });
    Some(RecordDetail {
        pipeline: pipeline.name.clone(),
        line: RecordLine::of(seen, on),
        account_id: seen.account.map(str::to_owned),
        keeper: seen.keeper.map(str::to_owned),
        stays: state.visits.iter().map(|visit| stay(pipeline, visit, on)).collect(),
        next: next(pipeline, state.stage).map(|to| pipeline.stages[to].name.clone()),
        ways: ways.collect(),
        questions: questions.collect(),
        moves: moves.collect(),
        can_be_extended: stage.extend.is_some_and(|rule| state.extended < rule.times),
        can_be_touched: !stage.timetable.is_empty(),
        goes_through: stage.goes_on.as_ref().map(|inner| inner.pipeline.clone()),
    })
}

fn stay(pipeline: &Pipeline, visit: &Visit, on: Day) -> StayLine {
    StayLine {
        stage: pipeline.stages[visit.stage].name.clone(),
        from: visit.from,
        to: visit.to.map(|(day, _)| day),
        days: visit.to.map_or(on, |(day, _)| day) - visit.from,
        left: visit.to.map(|(_, left)| match left {
            Left::Next => "went on",
            Left::Elsewhere => "moved",
            Left::Back => "handed back",
            Left::Refused => "refused",
        }),
        because: visit.because.clone(),
    }
}

fn happened(pipeline: &Pipeline, what: &What) -> String {
    match what {
        What::Move(to) => format!("moved to {}", pipeline.stages[*to].name),
        What::Extended(1) => "extended once in all".to_owned(),
        What::Extended(times) => format!("extended {times} times in all"),
        What::Extend => "extended".to_owned(),
        What::Answer(question, true) => format!("{question}: yes"),
        What::Answer(question, false) => format!("{question}: no"),
        What::Touch(answer) => format!("touched: {answer}"),
    }
}
