//! `longroad user`: the people who may sign in to the web pages.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use crate::clock::Clock;
use crate::config::{Config, nearest};
use crate::model::record::User;
use crate::store::audit::{self, Deed};
use crate::store::facts::AsOf;
use crate::store::sign_in::{self, LINK_SECONDS};
use crate::store::{Db, api_token, digest_off, people};
use crate::web::sign_in_address;

/// Tell who may sign in to the web pages, and let somebody in or out
///
/// Everybody who stands in the record `users` may sign in, by a link that is mailed to the address there. A row that is left out of
/// a later file stays known: of who leaves the company, write an address there that is not theirs, then end their sessions here.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, subcommand_required = true, after_help = "Example:\n  longroad user link dana")]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Who may sign in, and who is signed in
    #[command(after_help = "Example:\n  longroad user list")]
    List,
    /// A link that signs somebody in, once, within fifteen minutes: for whoever gets no mails
    #[command(after_help = "Example:\n  longroad user link dana")]
    Link {
        /// The user's id
        #[arg(value_name = "USER")]
        id: String,
    },
    /// End all sessions of somebody
    #[command(after_help = "Example:\n  longroad user sign-out dana")]
    SignOut {
        /// The user's id
        #[arg(value_name = "USER")]
        id: String,
    },
}

#[derive(Serialize)]
struct Told {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    sessions: i64,
    seen_at: Option<String>,
    /// Which digests are not sent: what the user has switched off, or `all` by the configuration.
    digests_off: Vec<String>,
}

/// Does it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let users = all(&db, &config, clock).await?;
    let reply = match &arguments.action {
        Action::List => {
            let sessions = sign_in::sessions(&db, clock.now()).await?;
            let off = digest_off::all(&db).await?;
            let off_of = |id: &str| -> Vec<String> {
                let own = off.keys().filter(|(person, _)| person == id).map(|(_, digest)| digest.clone());
                if config.digests.off.contains(id) { vec!["all".to_owned()] } else { own.collect() }
            };
            let told: Vec<Told> = users
                .values()
                .map(|user| {
                    let session = sessions.get(user.id.as_str());
                    Told {
                        id: user.id.to_string(),
                        name: user.name.clone(),
                        email: user.email.clone(),
                        role: user.role.word(),
                        sessions: session.map_or(0, |(count, _)| *count),
                        seen_at: session.map(|(_, at)| at.to_string()),
                        digests_off: off_of(user.id.as_str()),
                    }
                })
                .collect();
            Reply::new(list(&told), &json!({"users": told}))?
        }
        Action::Link { id } => {
            let user = known(&users, id)?;
            let Some(link) = sign_in::new_link(&db, user.id.as_str(), clock.now()).await? else {
                return Err(Wrong(format!(
                    "{id} has several links that nobody has used; they end within {} minutes",
                    LINK_SECONDS / 60
                ))
                .into());
            };
            note(&db, clock, "sign-in link", id).await?;
            let address = sign_in_address(&config, &link, "/");
            Reply::new(
                format!("{address}\nsigns {} in, once, within {} minutes", user.name, LINK_SECONDS / 60),
                &json!({"link": address}),
            )?
        }
        Action::SignOut { id } => {
            let ended = sign_in::end_all(&db, id).await?;
            note(&db, clock, "sign out", id).await?;
            let tokens = api_token::list(&db).await?.into_iter().filter(|token| token.person == *id);
            let tokens: Vec<String> = tokens.map(|token| token.name).collect();
            let still = match tokens.as_slice() {
                [] => String::new(),
                some => format!("; these tokens still read on behalf of {id} (`longroad token revoke`): {}", some.join(", ")),
            };
            let text = format!("{} of {id} ended{still}", count(ended, "session", "sessions"));
            Reply::new(text, &json!({"ended": ended, "tokens": tokens}))?
        }
    };
    db.close().await;
    Ok(reply)
}

/// All who may sign in, by their ids.
pub async fn all(db: &Db, config: &Config, clock: &dyn Clock) -> Result<BTreeMap<String, User>> {
    let as_of = AsOf { day: open::today(config, clock), through_pull: i64::MAX };
    people::users(db, as_of, config.company.zone()).await
}

/// The user with this id.
pub fn known<'u>(users: &'u BTreeMap<String, User>, id: &str) -> Result<&'u User> {
    users.get(id).ok_or_else(|| {
        let near = nearest(id, users.keys().map(String::as_str));
        let hint =
            near.map_or_else(|| "`longroad user list` tells who there is".to_owned(), |near| format!("is `{near}` meant?"));
        Wrong(format!("there is no user `{id}`; {hint}")).into()
    })
}

async fn note(db: &Db, clock: &dyn Clock, action: &str, id: &str) -> Result<()> {
    audit::note(db, &Deed { at: clock.now(), actor: &open::person(), action, subject: id, detail: "" }).await
}

fn list(users: &[Told]) -> String {
    if users.is_empty() {
        return "nobody: the record `users` is empty".to_owned();
    }
    let mut table = Table::new(&[
        ("id", Side::Left, 24),
        ("name", Side::Left, 30),
        ("role", Side::Left, 10),
        ("mail", Side::Left, 40),
        ("sessions", Side::Right, 8),
        ("last seen", Side::Left, 20),
        ("digests off", Side::Left, 20),
    ]);
    for user in users {
        let seen = user.seen_at.clone().unwrap_or_else(|| "–".to_owned());
        table.row([
            user.id.clone(),
            user.name.clone(),
            user.role.to_owned(),
            user.email.clone(),
            user.sessions.to_string(),
            seen,
            user.digests_off.join(", "),
        ]);
    }
    table.to_string()
}
