//! `longroad token`: tokens with which programs read the pages.

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::exit::Wrong;
use super::reply::Reply;
use super::table::{Side, Table};
use super::{open, user};
use crate::clock::Clock;
use crate::config::nearest;
use crate::model::Id;
use crate::store::Db;
use crate::store::api_token::{self, Token};

/// Let a program read the pages below /api/v1 on behalf of a person, and end that
///
/// The program says `Authorization: Bearer TOKEN` and reads what the person may see; it can change nothing. A token holds until
/// it is revoked.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Example:\n  longroad token new board --for dana"
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// A new token; it is shown this once and kept nowhere
    #[command(after_help = "Example:\n  longroad token new board --for dana")]
    New {
        /// By which you will know it
        #[arg(value_name = "NAME")]
        name: String,
        /// On whose behalf it reads: the user's id
        #[arg(long = "for", value_name = "USER")]
        person: String,
    },
    /// Which tokens there are, and when each was used last
    #[command(after_help = "Example:\n  longroad token list")]
    List,
    /// End a token
    #[command(after_help = "Example:\n  longroad token revoke board")]
    Revoke {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Does it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let db = open::store(&config).await?;
    let reply = match &arguments.action {
        Action::New { name, person } => {
            let users = user::all(&db, &config, clock).await?;
            let person = user::known(&users, person)?.id.as_str();
            let name = Id::parse(name).map_err(|_| Wrong("a token's name has 1 to 200 characters on one line".to_owned()))?;
            let token = api_token::new(&db, name.as_str(), person, &open::person(), clock.now()).await?;
            let Some(token) = token else {
                return Err(Wrong(format!("there is a token `{name}`; revoke it first, or take another name")).into());
            };
            let text =
                format!("{token}\nreads on behalf of {person} and is not shown again; `longroad token revoke {name}` ends it");
            Reply::new(text, &json!({"name": name, "for": person, "token": token}))?
        }
        Action::List => {
            let tokens = api_token::list(&db).await?;
            let told: Vec<_> = tokens
                .iter()
                .map(|token| {
                    let used_at = token.used_at.map(|at| at.to_string());
                    json!({"name": token.name, "for": token.person, "created_at": token.created_at.to_string(), "used_at": used_at})
                })
                .collect();
            Reply::new(list(&tokens), &json!({"tokens": told}))?
        }
        Action::Revoke { name } => {
            if !api_token::revoke(&db, name, &open::person(), clock.now()).await? {
                return Err(missing(&db, name).await?.into());
            }
            Reply::new(format!("the token {name} opens nothing any more"), &json!({"revoked": name}))?
        }
    };
    db.close().await;
    Ok(reply)
}

async fn missing(db: &Db, name: &str) -> Result<Wrong> {
    let tokens = api_token::list(db).await?;
    let near = nearest(name, tokens.iter().map(|token| token.name.as_str()));
    let hint =
        near.map_or_else(|| "`longroad token list` tells which there are".to_owned(), |near| format!("is `{near}` meant?"));
    Ok(Wrong(format!("there is no token `{name}`; {hint}")))
}

fn list(tokens: &[Token]) -> String {
    if tokens.is_empty() {
        return "there are no tokens; `longroad token new NAME --for USER` makes one".to_owned();
    }
    let columns = [("name", Side::Left, 30), ("for", Side::Left, 24), ("made", Side::Left, 20), ("last used", Side::Left, 20)];
    let mut table = Table::new(&columns);
    for token in tokens {
        let used = token.used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        table.row([token.name.clone(), token.person.clone(), token.created_at.to_string(), used]);
    }
    table.to_string()
}
