//! What people do with the records of pipelines: refused with the reason where it cannot be, else written down and audited.

use std::collections::HashMap;

use anyhow::Result;

use super::Setup;
use super::staged::{At, Board, Seen};
use super::staged_meant::{Found, find, meant, next};
use crate::clock::Clock;
use crate::model::Id;
use crate::model::record::{Lead, Role as UserRole};
use crate::pipeline::{Aside, Kind, Pipeline, Role};
use crate::store::Db;
use crate::store::staged::{self, Act, ActKind};

/// What somebody wants to do with a record.
#[derive(Clone, Debug)]
pub enum Doing {
    /// Move it to a stage; `next` is the one behind its own.
    Move(String),
    /// Extend its stay.
    Extend,
    /// Note answers to the questionnaire: the question, and whether the answer is a good one.
    Answers(Vec<(String, bool)>),
    /// Touch it, and note how it was answered.
    Touch(String),
}

/// Who does it, with which record, and why.
#[derive(Clone, Copy, Debug)]
pub struct Handling<'a> {
    /// The record's id.
    pub record: &'a str,
    /// The pipeline, where the record goes through several that know the stage.
    pub pipeline: Option<&'a str>,
    /// In that person's words.
    pub note: &'a str,
    /// A user's id, or who sits at the keyboard.
    pub by: &'a str,
}

/// What was done.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Done {
    /// The record.
    pub record: String,
    /// What people call it.
    pub name: String,
    /// The pipeline.
    pub pipeline: String,
    /// The stage before.
    pub from: String,
    /// The stage now.
    pub stage: String,
    /// Until when it may stay there.
    pub ends_on: Option<crate::model::Day>,
    /// How often its stay is extended.
    pub extended: u32,
    /// Good answers to the questionnaire.
    pub good_answers: usize,
    /// The share of its questions that are answered.
    pub maturity: Option<f64>,
    /// When it is to be touched next, and how.
    pub next_touch: Option<(crate::model::Day, String)>,
}

/// Does it. The inner error says why it cannot be done.
pub async fn handle(
    db: &Db,
    setup: &Setup,
    clock: &dyn Clock,
    doing: &Doing,
    handling: Handling<'_>,
) -> Result<Result<Done, String>> {
    let note = handling.note.trim();
    if note.is_empty() {
        return Ok(Err("a note is needed: the next one to look at the record reads it".to_owned()));
    }
    if note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Ok(Err("the note has a control character; write it without".to_owned()));
    }
    loop {
        // The look takes longer than others should wait, and is taken again where something came in between.
        let seen = staged::newest(db).await?;
        let (pipeline, stage, acts) = match look(db, setup, clock, doing, handling).await? {
            Ok(looked) => looked,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut tx = db.begin().await?;
        if staged::newest_in(&mut tx).await? != seen {
            continue;
        }
        for act in &acts {
            staged::act(&mut tx, act).await?;
        }
        tx.commit().await?;
        return after(db, setup, clock, pipeline, handling.record, pipeline.stages[stage].name.clone()).await.map(Ok);
    }
}

/// What is to be written, with the pipeline and the stage in which the record stands. The inner error says why it cannot be done.
async fn look<'s>(
    db: &'s Db,
    setup: &'s Setup,
    clock: &dyn Clock,
    doing: &Doing,
    handling: Handling<'_>,
) -> Result<Result<(&'s Pipeline, usize, Vec<Act>), String>> {
    let mut board = Board::load(db, setup, At::of(setup, clock, None)?).await?;
    let (pipeline, found) = match meant(&board, doing, handling).await? {
        Ok(meant) => meant,
        Err(reason) => return Ok(Err(reason)),
    };
    let record = handling.record;
    let acts = match check(&board, pipeline, &found, doing, handling).await? {
        Ok(acts) => acts,
        Err(reason) => return Ok(Err(format!("{record} {reason}"))),
    };
    let acts: Vec<Act> = acts.into_iter().map(|(kind, what)| written(clock, pipeline, handling, kind, what)).collect();
    // What follows from facts may undo a move at once.
    board.suppose(&acts);
    if let Some(then) = find(&board, pipeline, record).await?.filter(|then| then.stage == found.stage)
        && matches!(doing, Doing::Move(_))
    {
        let stage = &pipeline.stages[found.stage].name;
        let because = if then.because.is_empty() { String::new() } else { format!(": {}", then.because) };
        return Ok(Err(format!("{record} would go straight back to `{stage}`{because}")));
    }
    Ok(Ok((pipeline, found.stage, acts)))
}

fn written(clock: &dyn Clock, pipeline: &Pipeline, handling: Handling<'_>, kind: ActKind, what: String) -> Act {
    Act {
        pipeline: pipeline.name.clone(),
        record: handling.record.to_owned(),
        at: clock.now(),
        kind,
        what,
        note: handling.note.trim().to_owned(),
        actor: handling.by.to_owned(),
    }
}

/// Why nobody is to work on a record.
fn words(aside: &Aside) -> String {
    match aside {
        Aside::Unreachable => "is set aside: no valid number".to_owned(),
        Aside::Duplicate(id) => format!("is set aside: it is the same as {id}; work on that one"),
    }
}

/// What is to be written down, or why it cannot be done.
async fn check(
    board: &Board<'_>,
    pipeline: &Pipeline,
    found: &Found,
    doing: &Doing,
    handling: Handling<'_>,
) -> Result<Result<Vec<(ActKind, String)>, String>> {
    // All leads are looked at to know of one whether it is there twice.
    let aside = if pipeline.kind == Kind::Leads { board.aside(pipeline).await? } else { HashMap::new() };
    let is_set_aside = Id::parse(handling.record).ok().and_then(|id| aside.get(&id));
    if let Some(aside) = is_set_aside {
        return Ok(Err(words(aside)));
    }
    let stage = &pipeline.stages[found.stage];
    Ok(match doing {
        Doing::Move(to) => {
            let to = if to == "next" { next(pipeline, found.stage) } else { pipeline.stage(to) };
            match to {
                None if stage.role == Role::Won => Err(format!("is in `{}`, the last stage of {}", stage.name, pipeline.name)),
                None => Err(format!("is in `{}`, which no stage follows; name the one where it is to go", stage.name)),
                Some(to) if to == found.stage => Err(format!("is in `{}` already", stage.name)),
                Some(to) if !found.lacks[to].is_empty() => {
                    Err(format!("cannot come into `{}`: {}", pipeline.stages[to].name, found.lacks[to].join("; ")))
                }
                Some(to) => Ok(vec![(ActKind::Move, pipeline.stages[to].name.clone())]),
            }
        }
        Doing::Extend => return extend(board, pipeline, found, &aside, handling).await,
        Doing::Answers(answers) => {
            let unknown = answers.iter().find(|(name, _)| !pipeline.questions.iter().any(|one| one.name == *name));
            if let Some((name, _)) = unknown {
                let names: Vec<&str> = pipeline.questions.iter().map(|one| one.name.as_str()).collect();
                return Ok(Err(format!("cannot answer `{name}`: the questions of {} are {}", pipeline.name, names.join(", "))));
            }
            let kind = |good: bool| if good { ActKind::GoodAnswer } else { ActKind::OtherAnswer };
            Ok(answers.iter().map(|(name, good)| (kind(*good), name.clone())).collect())
        }
        Doing::Touch(answer) if stage.timetable.is_empty() => {
            Err(format!("is in `{}`, which has no timetable of touches ({answer})", stage.name))
        }
        Doing::Touch(answer) => Ok(vec![(ActKind::Touch, answer.clone())]),
    })
}

/// An extension needs a leader's word, happens so often at most, and for so many records of an owner at once.
async fn extend(
    board: &Board<'_>,
    pipeline: &Pipeline,
    found: &Found,
    aside: &HashMap<Id, Aside>,
    handling: Handling<'_>,
) -> Result<Result<Vec<(ActKind, String)>, String>> {
    let stage = &pipeline.stages[found.stage];
    let Some(rule) = stage.extend else {
        return Ok(Err(format!("is in `{}`, where a stay cannot be extended", stage.name)));
    };
    let may = |role: UserRole| matches!(role, UserRole::Leader | UserRole::Executive | UserRole::Admin);
    match board.users().get(handling.by) {
        Some(user) if may(user.role) => {}
        other => {
            let who = other.map_or_else(
                || format!("`{}` is not among the users", handling.by),
                |user| format!("{} is {}", user.name, user.role.word()),
            );
            return Ok(Err(format!("needs the approval of a leader: {who}; name one with --by")));
        }
    }
    if found.extended >= rule.times {
        let end = found.ends_on.map_or(String::new(), |end| format!("; it goes back on {end}"));
        return Ok(Err(format!("was extended {} times, which is as often as it may be{end}", found.extended)));
    }
    let mut others = 0;
    let mut count = |seen: &Seen<'_>| {
        let extended = seen.stands.is_ok_and(|state| state.stage == found.stage && state.extended > 0);
        others += u32::from(extended && seen.owner == found.owner.as_deref() && seen.id != handling.record);
    };
    match pipeline.kind {
        Kind::Leads => {
            let owner = found.owner.as_deref();
            let theirs = |lead: &Lead| owner.is_none() || lead.owner.as_ref().map(Id::as_str) == owner;
            board.leads(&[pipeline], &theirs, aside, &mut count).await?;
        }
        Kind::Contracts | Kind::Accounts => board.each(pipeline, &mut count).await?,
    }
    if found.extended == 0 && others >= rule.per_owner {
        let owner = found.owner.as_deref().unwrap_or("nobody");
        return Ok(Err(format!(
            "cannot be extended: {owner} has {others} extended records, and {} are the most",
            rule.per_owner
        )));
    }
    Ok(Ok(vec![(ActKind::Extend, stage.name.clone())]))
}

/// How the record stands afterwards.
async fn after(db: &Db, setup: &Setup, clock: &dyn Clock, pipeline: &Pipeline, record: &str, from: String) -> Result<Done> {
    let board = Board::load(db, setup, At::of(setup, clock, None)?).await?;
    let mut done = Done {
        record: record.to_owned(),
        name: String::new(),
        pipeline: pipeline.name.clone(),
        stage: from.clone(),
        from,
        ends_on: None,
        extended: 0,
        good_answers: 0,
        maturity: None,
        next_touch: None,
    };
    let mut visit = |seen: &Seen<'_>| {
        let Some(state) = seen.stands.ok().filter(|_| seen.id == record) else { return };
        seen.name.clone_into(&mut done.name);
        done.stage.clone_from(&pipeline.stages[state.stage].name);
        (done.ends_on, done.extended, done.good_answers) = (state.ends_on, state.extended, state.good_answers());
        let asked = pipeline.questions.len();
        done.maturity = (asked > 0).then(|| state.answers.len() as f64 / asked as f64);
        done.next_touch = seen.touch.map(|(day, by)| (day, by.to_owned()));
    };
    board.one(pipeline, record, &mut visit).await?;
    Ok(done)
}
