//! `longroad move`, `extend`, `qualify` and `touch`: what people do with the records of pipelines.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::words::percent;
use crate::clock::Clock;
use crate::cycle::{self, Doing, Done, Handling};

/// Move a record of a pipeline to another stage, or to the next one
///
/// Refused, with the reason, where the stage asks for something that the record lacks.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad move l-0042 opportunity --note '40 people, needs it by May' --by dana")]
pub struct Move {
    /// The record's id: of a lead, a contract or an account
    #[arg(value_name = "ID")]
    id: String,
    /// The stage, or `next`
    #[arg(value_name = "STAGE")]
    stage: String,
    #[command(flatten)]
    why: Why,
}

/// Extend the stay of a record in its stage, with a leader's approval
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad extend l-0042 --note 'their board meets on Thursday' --by leader")]
pub struct Extend {
    /// The record's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    why: Why,
}

/// Note answers to the questionnaire of a record's pipeline
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad qualify l-0042 --answer need=yes --answer budget=no --note 'first call' --by dana")]
pub struct Qualify {
    /// The record's id
    #[arg(value_name = "ID")]
    id: String,
    /// A question and whether its answer is a good one: `need=yes`
    #[arg(long = "answer", value_name = "QUESTION=yes|no", required = true, value_parser = answer)]
    answers: Vec<(String, bool)>,
    #[command(flatten)]
    why: Why,
}

/// Note that a record in the pool was touched, and how it was answered: that decides when it is touched next
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad touch l-0042 not-now --note 'budget comes in spring' --by dana")]
pub struct Touch {
    /// The record's id
    #[arg(value_name = "ID")]
    id: String,
    /// silent, not-now, interest or refused
    #[arg(value_name = "ANSWER", value_parser = ["silent", "not-now", "interest", "refused"])]
    answer: String,
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, clap::Args)]
struct Why {
    /// What the next one to look at the record should know
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// Who does it, a user's id; whoever sits at the keyboard by default
    #[arg(long, value_name = "USER")]
    by: Option<String>,
    /// The pipeline, where the record goes through several that it could be done in
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
}

fn answer(text: &str) -> Result<(String, bool), String> {
    match text.split_once('=') {
        Some((question, "yes")) => Ok((question.to_owned(), true)),
        Some((question, "no")) => Ok((question.to_owned(), false)),
        _ => Err("write QUESTION=yes or QUESTION=no".to_owned()),
    }
}

/// Moves it.
pub async fn go(file: &Path, arguments: &Move, clock: &dyn Clock) -> Result<Reply> {
    handle(file, clock, &arguments.id, Doing::Move(arguments.stage.clone()), &arguments.why).await
}

/// Extends it.
pub async fn extend(file: &Path, arguments: &Extend, clock: &dyn Clock) -> Result<Reply> {
    handle(file, clock, &arguments.id, Doing::Extend, &arguments.why).await
}

/// Notes its answers.
pub async fn qualify(file: &Path, arguments: &Qualify, clock: &dyn Clock) -> Result<Reply> {
    handle(file, clock, &arguments.id, Doing::Answers(arguments.answers.clone()), &arguments.why).await
}

/// Notes the touch.
pub async fn touch(file: &Path, arguments: &Touch, clock: &dyn Clock) -> Result<Reply> {
    handle(file, clock, &arguments.id, Doing::Touch(arguments.answer.replace('-', " ")), &arguments.why).await
}

async fn handle(file: &Path, clock: &dyn Clock, id: &str, doing: Doing, why: &Why) -> Result<Reply> {
    let setup = open::setup(file)?;
    let person = open::person();
    let by = why.by.as_deref().unwrap_or(&person);
    let handling = Handling { record: id, pipeline: why.pipeline.as_deref(), note: &why.note, by };
    let db = open::store(&setup.config).await?;
    let done = cycle::handle(&db, &setup, clock, &doing, handling).await;
    db.close().await;
    let done = done?.map_err(|reason| anyhow!(reason))?;
    Reply::new(text(&done), &json!({"record": done}))
}

fn text(done: &Done) -> String {
    let mut parts = vec![if done.from == done.stage {
        format!("in {}", done.stage)
    } else {
        format!("from {} to {}", done.from, done.stage)
    }];
    parts.extend(match done.extended {
        0 => None,
        1 => Some("extended once".to_owned()),
        2 => Some("extended twice".to_owned()),
        times => Some(format!("extended {times} times")),
    });
    parts.extend(done.ends_on.map(|end| format!("until {end}")));
    if let Some(maturity) = done.maturity.filter(|maturity| *maturity > 0.0) {
        parts.push(format!("{} good answers, {} answered", done.good_answers, percent(maturity)));
    }
    parts.extend(done.next_touch.as_ref().map(|(day, by)| format!("next touch on {day} by {by}")));
    format!("{} {} ({}): {}", done.record, super::table::cut(&done.name, 40), done.pipeline, parts.join(", "))
}
