//! `longroad requests`: feature requests by rank, and what follows from them.

use std::path::Path;

use anyhow::{Context, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use super::requests_text::{COLUMNS, detail, row, text};
use super::sheet::Sheet;
use crate::clock::Clock;
use crate::config::Config;
use crate::cycle::requests::{Filter, Looker, Moment, request_detail, requests};
use crate::model::Day;
use crate::model::record::{RequestStatus, User};
use crate::store::Db;
use crate::store::people;

/// Rank feature requests, with the parts of each rank, what moved and why, and who must be told
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad requests --product Atlas --csv requests.csv")]
pub struct Arguments {
    /// One request, with everybody who asks for it and their words
    #[arg(value_name = "ID", conflicts_with = "csv")]
    id: Option<String>,
    /// Those of this product only
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// Those with this status only
    #[arg(long, value_name = "STATUS", value_parser = status())]
    status: Option<RequestStatus>,
    /// As known on this morning; all that is known by now by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// As this user may see it: what a product manager sees of revenue is a setting, and a CSM sees what the own accounts ask for
    #[arg(long = "for", value_name = "USER")]
    reader: Option<String>,
    #[command(flatten)]
    sheet: Sheet,
}

fn status() -> impl TypedValueParser<Value = RequestStatus> {
    let names = PossibleValuesParser::new(RequestStatus::ALL.iter().map(|status| status.word()));
    names.map(|name| {
        let status = RequestStatus::ALL.iter().find(|status| status.word() == name);
        *status.expect("one of the words just listed")
    })
}

/// Lists them, or opens one.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    let as_of = open::morning(&config, clock, arguments.as_of)?;
    let db = open::store(&config).await?;
    let moment = Moment::of(&db, &config, clock, as_of).await?;
    let reader = reader(&db, &config, moment, arguments.reader.as_deref()).await?;
    let looker = reader.as_ref().map_or(Looker::ALL, |user| Looker::of(&config.requests, user));
    if let Some(id) = &arguments.id {
        let found = request_detail(&db, &config, moment, id, looker).await?;
        db.close().await;
        let found = found.with_context(|| format!("there is no request `{id}`; `longroad requests` lists them"))?;
        return Reply::new(detail(&found), &found);
    }
    let filter = Filter { product: arguments.product.clone(), status: arguments.status, id: None };
    let report = requests(&db, &config, moment, &filter, looker).await?;
    db.close().await;
    arguments.sheet.write(&COLUMNS, report.requests.iter().map(row))?;
    Reply::new(text(&report), &report)
}

/// Whose eyes look; the operator sees all.
async fn reader(db: &Db, config: &Config, moment: Moment, reader: Option<&str>) -> Result<Option<User>> {
    let Some(id) = reader else { return Ok(None) };
    let mut users = people::users(db, moment.known, config.company.zone()).await?;
    Ok(Some(users.remove(id).ok_or_else(|| Wrong(format!("there is no user `{id}`")))?))
}
