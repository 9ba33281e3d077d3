//! `longroad ask`: what a customer asks for, filed where it belongs.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::table::cut;
use crate::clock::Clock;
use crate::cycle::requests::{Candidate, Filed, Moment, candidates, file_ask};
use crate::store::directory::Directory;
use crate::store::people;

/// File what a customer asks for; requests that may mean the same are offered before a new one is made
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad ask A0003 'reports by mail, every Monday' --severity 4 --request R01")]
pub struct Arguments {
    /// The account that asks
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// In the customer's words
    #[arg(value_name = "WORDS")]
    words: String,
    /// 1 "hardly matters" to 5 "I am on fire"
    #[arg(long, value_name = "1-5", value_parser = clap::value_parser!(u32).range(1..=5))]
    severity: Option<u32>,
    /// Revenue that would follow, in the company's currency
    #[arg(long, value_name = "AMOUNT")]
    growth: Option<String>,
    /// The request that is meant
    #[arg(long, value_name = "ID", conflicts_with = "new")]
    request: Option<String>,
    /// It is a request of its own, however like another
    #[arg(long)]
    new: bool,
    /// The product of a new one
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// Who heard it, a user's id; whoever is signed in here, where that is a user
    #[arg(long, value_name = "USER")]
    by: Option<String>,
}

/// Files it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock, as_json: bool) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    if Directory::load(&db).await?.find(&arguments.account).is_none() {
        return Err(Wrong(format!("there is no account `{}`; `longroad export accounts` lists them", arguments.account)).into());
    }
    if arguments.words.trim().is_empty() {
        return Err(Wrong("the words are empty; write what the customer asks for".to_owned()).into());
    }
    let moment = Moment::of(&db, &config, clock, None).await?;
    let actor = open::person();
    let users = people::users(&db, moment.known, config.company.zone()).await?;
    if let Some(by) = arguments.by.as_ref().filter(|by| !users.contains_key(by.as_str())) {
        return Err(Wrong(format!("--by: there is no user `{by}`")).into());
    }
    let by = arguments.by.as_deref().or_else(|| users.contains_key(&actor).then_some(actor.as_str()));
    let known = crate::cycle::requests::exists(&db, &config, moment, arguments.request.as_deref()).await?;
    if let Some(reason) = known {
        return Err(Wrong(reason).into());
    }
    let request = if arguments.request.is_some() || arguments.new {
        arguments.request.clone()
    } else {
        let like = candidates(&db, &config, moment, &arguments.words).await?;
        match choose(&like, as_json)? {
            Choice::New => None,
            Choice::Of(id) => Some(id),
        }
    };
    let filed = Filed {
        account: &arguments.account,
        words: arguments.words.trim(),
        request: request.as_deref(),
        product: arguments.product.as_deref(),
        severity: arguments.severity,
        growth: arguments.growth.as_deref(),
        by,
        actor: &actor,
    };
    let id = file_ask(&db, &config, clock, &filed).await?.map_err(Wrong)?;
    db.close().await;
    let what = if request.is_some() { "filed for" } else { "filed as the new request" };
    Reply::new(format!("{what} {id}"), &json!({"request_id": id, "new": request.is_none(), "account_id": arguments.account}))
}

enum Choice {
    New,
    Of(String),
}

/// Asks whoever sits there; without a terminal it is for the caller to say.
fn choose(like: &[Candidate], as_json: bool) -> Result<Choice> {
    if like.is_empty() {
        return Ok(Choice::New);
    }
    let lines: Vec<String> = like
        .iter()
        .zip(1..)
        .map(|(one, number)| {
            format!("  {number}  {}  {} ({}, {:.0} % alike)", one.id, cut(&one.title, 80), one.status, one.likeness * 100.0)
        })
        .collect();
    let list = lines.join("\n");
    if as_json || !io::stdin().is_terminal() {
        let reason = format!("these requests may mean the same:\n{list}\nname one with --request ID, or say --new");
        return Err(Wrong(reason).into());
    }
    let mut err = io::stderr().lock();
    write!(err, "these requests may mean the same:\n{list}\nwhich one? a number, n for a new one, nothing to stop: ")
        .context("asking")?;
    err.flush().context("asking")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    match answer.trim() {
        "n" => Ok(Choice::New),
        number => number
            .parse::<usize>()
            .ok()
            .and_then(|number| like.get(number.checked_sub(1)?))
            .map(|one| Choice::Of(one.id.clone()))
            .ok_or_else(|| Wrong("nothing was filed".to_owned()).into()),
    }
}
