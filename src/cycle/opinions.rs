//! What people say of accounts, checked against what is known before it is written down.

use anyhow::Result;

use super::assess::decode;
use crate::clock::Clock;
use crate::config::{Config, nearest};
use crate::health::opinion::{self, Call, Opinion, Said, Withdrawal, refused_reason};
use crate::model::record::{Contract, Record, RecordKind};
use crate::model::{Day, Id};
use crate::signals::{ServiceRules, service};
use crate::store::directory::{Directory, block_of};
use crate::store::facts::AsOf;
use crate::store::{Db, facts, opinions, people};

/// What somebody wants to say.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// Another score until a day.
    Override(f64, Day),
    /// How the customer feels.
    Sentiment(f64),
    /// What becomes of the renewal, of one contract or of all of the account.
    Call(Call, Option<&'a str>),
}

/// Who says it, and why.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// Why.
    pub reason: &'a str,
    /// A user's id; `None`: whoever sits at the keyboard.
    pub by: Option<&'a str>,
    /// Who sits at the keyboard.
    pub person: &'a str,
}

/// Writes an opinion down. The inner error says why it cannot be said so.
pub async fn say(
    db: &Db,
    config: &Config,
    clock: &dyn Clock,
    account: &str,
    wish: Wish<'_>,
    voice: Voice<'_>,
) -> Result<Result<Opinion, String>> {
    let zone = config.company.zone();
    let now = clock.now();
    let today = zone.day_of(now);
    let Some(ordinal) = Directory::load(db).await?.find(account) else {
        return Ok(Err(format!("there is no account `{account}`; `longroad scores` lists them all")));
    };
    let author = match author(db, config, today, voice).await? {
        Ok(author) => author,
        Err(reason) => return Ok(Err(reason)),
    };
    let (said, expires_on) = match wish {
        Wish::Override(score, until) => (Said::Override(score), Some(until)),
        Wish::Sentiment(score) => (Said::Sentiment(score), Some(opinion::sentiment_ends(today))),
        Wish::Call(call, contract) => {
            let known = contracts(db, config, ordinal, today).await?;
            let (contract_id, term_ends_on) = match renewal(config, account, &known, contract, today) {
                Ok(renewal) => renewal,
                Err(reason) => return Ok(Err(reason)),
            };
            let decided_by = term_ends_on + config.accounts.undecided_days.cast_signed();
            (Said::Call { call, contract_id, term_ends_on }, Some(decided_by))
        }
    };
    let mut opinion = Opinion {
        id: String::new(),
        account_id: Id::parse(account).map_err(anyhow::Error::msg)?,
        said,
        reason: voice.reason.trim().to_owned(),
        author,
        said_at: now,
        said_on: today,
        expires_on,
        withdrawn: None,
    };
    if let Some(reason) = opinion.refused() {
        return Ok(Err(reason));
    }
    let mut tx = db.begin().await?;
    opinion.id = opinions::say(&mut tx, &opinion).await?;
    tx.commit().await?;
    Ok(Ok(opinion))
}

/// Takes an opinion back. The inner error says why it cannot be.
pub async fn withdraw(
    db: &Db,
    config: &Config,
    clock: &dyn Clock,
    id: &str,
    voice: Voice<'_>,
) -> Result<Result<Opinion, String>> {
    let now = clock.now();
    let today = config.company.zone().day_of(now);
    if let Some(reason) = refused_reason(voice.reason) {
        return Ok(Err(reason));
    }
    let by = match author(db, config, today, voice).await? {
        Ok(author) => author,
        Err(reason) => return Ok(Err(reason)),
    };
    let withdrawal = Withdrawal { at: now, on: today, by, reason: voice.reason.trim().to_owned() };
    let mut tx = db.begin().await?;
    let withdrawn = opinions::withdraw(&mut tx, id, &withdrawal).await?;
    tx.commit().await?;
    Ok(withdrawn)
}

/// A user who is known, or whoever sits at the keyboard.
async fn author(db: &Db, config: &Config, today: Day, voice: Voice<'_>) -> Result<Result<String, String>> {
    let Some(by) = voice.by else { return Ok(Ok(voice.person.to_owned())) };
    let users = people::users(db, AsOf { day: today + 1, through_pull: i64::MAX }, config.company.zone()).await?;
    if users.contains_key(by) {
        return Ok(Ok(by.to_owned()));
    }
    let hint = nearest(by, users.keys().map(String::as_str)).map_or(String::new(), |meant| format!("; is `{meant}` meant?"));
    Ok(Err(format!("there is no user `{by}`{hint}")))
}

/// The contracts of an account as they are known now.
async fn contracts(db: &Db, config: &Config, ordinal: u32, today: Day) -> Result<Vec<Contract>> {
    let as_of = AsOf { day: today + 1, through_pull: i64::MAX };
    let facts = facts::of_block(db, block_of(ordinal), as_of).await?;
    let mut contracts = Vec::new();
    for (_, facts) in facts.believed()?.into_iter().filter(|(kind, _)| *kind == RecordKind::Contracts) {
        for fact in facts.into_iter().filter(|fact| fact.ordinal == Some(ordinal)) {
            let contract: Contract = decode(RecordKind::Contracts, fact.body)?;
            contracts.extend(contract.known_on(as_of.day, config.company.zone()));
        }
    }
    Ok(contracts)
}

/// Which renewal is meant: the contract, if one was named, and the end of its term.
fn renewal(
    config: &Config,
    account: &str,
    known: &[Contract],
    contract: Option<&str>,
    today: Day,
) -> Result<(Option<Id>, Day), String> {
    let rules = ServiceRules {
        gap_tolerance_days: config.accounts.gap_tolerance_days.cast_signed(),
        undecided_days: config.accounts.undecided_days.cast_signed(),
    };
    let (of, meant) = match contract {
        None => ("the account", known.to_vec()),
        Some(id) => ("the contract", known.iter().filter(|one| one.id.as_str() == id).cloned().collect()),
    };
    match (contract, meant.is_empty(), service(&meant, today, rules).end) {
        (Some(id), true, _) => {
            let hint =
                nearest(id, known.iter().map(|one| one.id.as_str())).map_or(String::new(), |id| format!("; is `{id}` meant?"));
            Err(format!("account `{account}` has no contract `{id}`{hint}"))
        }
        (.., None) => Err(format!("{of} has no renewal ahead: no contract of it is in force with an end")),
        (_, _, Some(end)) if end + rules.undecided_days <= today => {
            Err(format!("{of} has no renewal ahead: its service ended on {end}"))
        }
        (_, _, Some(end)) => Ok((contract.map(Id::parse).transpose()?, end)),
    }
}
