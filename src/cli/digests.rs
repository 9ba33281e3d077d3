//! `longroad digests`.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use crate::config::OnUnknown;
use crate::model::{Instant, Zone};
use crate::store::outbox::{self, Entry, MOST_UNANSWERED, State};

/// List what was sent, to whom, when, and what the server answered; the latest day first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad digests --limit 20")]
pub struct Arguments {
    /// How many to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// Lists them.
pub async fn run(file: &Path, arguments: &Arguments) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let entries = outbox::list(&db, arguments.limit).await?;
    db.close().await;
    let resend = config.mail.on_unknown == OnUnknown::Resend;
    let digests: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "digest": entry.key.digest,
                "reader": entry.key.person,
                "day": entry.key.day,
                "to": entry.to,
                "message_id": entry.message_id,
                "state": entry.state.name(),
                "attempts": entry.attempts,
                "next_at": next_at(entry, resend).map(|at| at.to_string()),
                "not_after": entry.not_after.map(|at| at.to_string()),
                "created_at": entry.created_at.to_string(),
                "sent_at": entry.sent_at.map(|at| at.to_string()),
                "answer": entry.answer,
            })
        })
        .collect();
    Reply::new(text(&entries, config.company.zone(), resend), &json!({"digests": digests}))
}

/// When it is tried next. `resend`: whether mails without an answer are sent again.
pub(crate) fn next_at(entry: &Entry, resend: bool) -> Option<Instant> {
    let waits = match entry.state {
        State::Planned => true,
        State::Unknown => resend && entry.attempts < MOST_UNANSWERED && entry.not_after.is_none_or(|end| entry.next_at < end),
        State::Claimed | State::Accepted | State::Rejected => false,
    };
    waits.then_some(entry.next_at)
}

fn text(entries: &[Entry], zone: &Zone, resend: bool) -> String {
    if entries.is_empty() {
        return "no digest was written yet; `longroad cycle` writes them".to_owned();
    }
    let mut table = Table::new(&[
        ("day", Side::Left, 10),
        ("digest", Side::Left, 12),
        ("reader", Side::Left, 16),
        ("to", Side::Left, 32),
        ("state", Side::Left, 24),
        ("at", Side::Left, 16),
        ("answer", Side::Left, 80),
        ("id", Side::Left, 60),
    ]);
    for entry in entries {
        let next = next_at(entry, resend);
        let at = next.or(entry.sent_at);
        table.row([
            entry.key.day.to_string(),
            entry.key.digest.clone(),
            entry.key.person.to_string(),
            entry.to.clone(),
            state(entry, next.is_some()),
            at.map(|at| format!("{} {}", zone.day_of(at), zone.clock_of(at))).unwrap_or_default(),
            entry.answer.clone(),
            entry.id.clone(),
        ]);
    }
    table.to_string()
}

/// Where it stands, for people.
pub(crate) fn state(entry: &Entry, again: bool) -> String {
    match (entry.state, entry.attempts) {
        (State::Planned, 0) => "waits to be sent".to_owned(),
        (State::Planned, tries) => format!("tried {tries}×, again at"),
        (State::Claimed, _) => "being sent".to_owned(),
        (State::Accepted, _) => "sent".to_owned(),
        (State::Rejected, _) => "not sent".to_owned(),
        (State::Unknown, _) if again => "unanswered, again at".to_owned(),
        (State::Unknown, _) => "sent, unanswered".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Key;
    use crate::model::{Day, Id};

    #[test]
    fn each_mail_says_where_it_stands() {
        let at = Zone::UTC.noon_of(Day::from_days(20_000));
        let entry = |state, attempts, sent| Entry {
            id: "i".to_owned(),
            key: Key { digest: "csm".to_owned(), person: Id::parse("u1").unwrap(), day: Day::from_days(20_000) },
            message_id: "<i@example.com>".to_owned(),
            to: "u1@example.com".to_owned(),
            state,
            attempts,
            next_at: at.plus_seconds(60),
            not_after: None,
            answer: if attempts > 0 { "450 later".to_owned() } else { String::new() },
            created_at: at,
            sent_at: sent,
        };
        let entries = [
            entry(State::Planned, 0, None),
            entry(State::Planned, 2, None),
            entry(State::Accepted, 1, Some(at)),
            entry(State::Unknown, 1, None),
        ];
        assert_eq!(
            text(&entries, &Zone::UTC, false),
            "day         digest  reader  to              state               at                answer     id
2024-10-04  csm     u1      u1@example.com  waits to be sent    2024-10-04 12:01             i
2024-10-04  csm     u1      u1@example.com  tried 2×, again at  2024-10-04 12:01  450 later  i
2024-10-04  csm     u1      u1@example.com  sent                2024-10-04 12:00  450 later  i
2024-10-04  csm     u1      u1@example.com  sent, unanswered                      450 later  i
"
        );
    }
}
