//! `longroad override`, `sentiment`, `call` and `withdraw`: what a person holds of an account.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::opinions::told;
use super::reply::Reply;
use crate::clock::Clock;
use crate::cycle::{self, OpinionReport, Voice, Wish};
use crate::health::opinion::{self, Opinion};
use crate::model::Day;

/// Show another score than the computed one, until a day
///
/// The override counts from today on; what was computed stays beside it, and the machine goes on computing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  longroad override acme --score 30 --until 2027-01-31 --reason 'their buyer told me that they look around' --by dana"
)]
pub struct Override {
    /// The account's id
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// 0 to 100
    #[arg(long, value_name = "N")]
    score: f64,
    /// The first day on which it does not count any more; a year from today at the latest
    #[arg(long, value_name = "DATE")]
    until: Day,
    #[command(flatten)]
    why: Why,
}

/// Say how a customer feels; it fades by half in 45 days and is shown apart
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad sentiment acme --mood -1 --reason 'short answers in the last two calls' --by dana")]
pub struct Sentiment {
    /// The account's id
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// 0 to 100
    #[arg(long, value_name = "N", conflicts_with = "mood", required_unless_present = "mood")]
    score: Option<f64>,
    /// From -2, angry, to 2, delighted
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-2..=2))]
    mood: Option<i8>,
    #[command(flatten)]
    why: Why,
}

/// Say what becomes of a renewal: commit, best-case, at-risk or lost
///
/// It counts until the contract is renewed or its end is long past. Where the machine sees it differently, the leader is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad call acme at-risk --reason 'no budget before April' --by dana")]
pub struct Call {
    /// The account's id
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// commit, best-case, at-risk or lost
    #[arg(value_name = "CALL", value_parser = call)]
    forecast: opinion::Call,
    /// One contract of the account; all of it by default
    #[arg(long, value_name = "ID")]
    contract: Option<String>,
    #[command(flatten)]
    why: Why,
}

/// Take an opinion back: an override, a sentiment or a call
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad withdraw o-12 --reason 'they signed' --by dana")]
pub struct Withdraw {
    /// The opinion's id, as `longroad opinions` lists it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, clap::Args)]
struct Why {
    /// What the next one to look at the account should know
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so, a user's id; whoever sits at the keyboard by default
    #[arg(long, value_name = "USER")]
    by: Option<String>,
}

fn call(text: &str) -> Result<opinion::Call, String> {
    opinion::Call::parse(text).ok_or_else(|| "the calls are commit, best-case, at-risk and lost".to_owned())
}

/// What is said.
enum Saying<'a> {
    Of(&'a str, Wish<'a>),
    Withdraw(&'a str),
}

/// Overrides a score.
pub async fn set_score(file: &Path, arguments: &Override, clock: &dyn Clock) -> Result<Reply> {
    let wish = Wish::Override(arguments.score, arguments.until);
    say(file, clock, Saying::Of(&arguments.account, wish), &arguments.why).await
}

/// Keeps a sentiment.
pub async fn feel(file: &Path, arguments: &Sentiment, clock: &dyn Clock) -> Result<Reply> {
    let mood = arguments.mood.map(|mood| f64::from(mood + 2) * 25.0);
    let wish = Wish::Sentiment(arguments.score.or(mood).unwrap_or(f64::NAN));
    say(file, clock, Saying::Of(&arguments.account, wish), &arguments.why).await
}

/// Keeps a call.
pub async fn forecast(file: &Path, arguments: &Call, clock: &dyn Clock) -> Result<Reply> {
    let wish = Wish::Call(arguments.forecast, arguments.contract.as_deref());
    say(file, clock, Saying::Of(&arguments.account, wish), &arguments.why).await
}

/// Takes an opinion back.
pub async fn withdraw(file: &Path, arguments: &Withdraw, clock: &dyn Clock) -> Result<Reply> {
    say(file, clock, Saying::Withdraw(&arguments.id), &arguments.why).await
}

async fn say(file: &Path, clock: &dyn Clock, saying: Saying<'_>, why: &Why) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let person = open::person();
    let voice = Voice { reason: &why.reason, by: why.by.as_deref(), person: &person };
    let said = match saying {
        Saying::Of(account, wish) => cycle::say(&db, &config, clock, account, wish, voice).await,
        Saying::Withdraw(id) => cycle::withdraw(&db, &config, clock, id, voice).await,
    };
    db.close().await;
    let opinion: Opinion = said?.map_err(Wrong)?;
    let report = OpinionReport::of(&opinion);
    let text = format!("{} {}: {}", opinion.id, opinion.account_id, told(&report));
    Reply::new(text, &json!({"opinion": report}))
}
