//! Digests that come by the week or by the month. The cycle whose night lies before a reader's time writes the mail, in its own
//! transaction: what the cycle knows is as fresh as can be, a cycle that is done again writes the same mail again, and one
//! that was missed is made up for by the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use super::book::reader_of;
use super::look::{Odds, Preview};
use super::mailing::{Mailing, Sending};
use super::mails::{Stationery, Written};
use super::population::Population;
use super::{Setup, executive, leader, product};
use crate::config::Config;
use crate::delivery::Rendered;
use crate::digest::{Kind, Reader};
use crate::model::record::User;
use crate::model::{Day, Instant};
use crate::store::facts::AsOf;
use crate::store::outbox::{self, Mail, Plan, Planned};
use crate::store::{Db, Tx, people, scores};

/// What a digest is gathered from: one morning's customers.
#[derive(Clone, Copy)]
pub struct Gathering<'a> {
    pub db: &'a Db,
    pub setup: &'a Arc<Setup>,
    pub population: &'a Arc<Population>,
    /// The probabilities in force.
    pub odds: &'a Odds,
    /// The sources of which nothing was taken in this time, and why.
    pub refused: &'a BTreeMap<String, String>,
    /// What it is written with.
    pub stationery: &'a Stationery<'a>,
}

/// When mails go out.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    pub mailing: Mailing,
    /// The morning, where it is lived through later.
    pub past: Option<Day>,
    pub now: Instant,
}

/// Writes one reader's digest of a day.
type Writer<'a> = Box<dyn Fn(&Reader, Day) -> Result<(Rendered, Mail)> + Send + 'a>;

/// Gathers what all readers of a digest have in common, and gives what writes each one's; `None` where there is nothing to tell.
async fn writer<'a>(tx: &mut Tx, gathering: &Gathering<'a>, kind: Kind) -> Result<Option<Writer<'a>>> {
    let stationery = gathering.stationery;
    let write: Writer<'a> = match kind {
        Kind::Csm => anyhow::bail!("the CSM's digest is written as the accounts go by"),
        Kind::Leader => {
            let gathered = leader::gather(tx, gathering).await?;
            Box::new(move |reader, on| stationery.write(reader, on, &gathered.digest(reader, on, &stationery.links)))
        }
        Kind::Product => {
            let Some(gathered) = product::gather(gathering).await? else { return Ok(None) };
            Box::new(move |reader, on| stationery.write(reader, on, &gathered.digest(reader, on, &stationery.links)))
        }
        Kind::Executive => {
            let gathered = executive::gather(gathering).await?;
            Box::new(move |reader, on| stationery.write(reader, on, &gathered.digest(reader, on, &stationery.links)))
        }
    };
    Ok(Some(write))
}

/// The readers of a digest, apart from those who want none at all.
fn readers(config: &Config, users: &BTreeMap<String, User>, kind: Kind) -> Vec<Reader> {
    let wanted = |user: &&User| user.role == kind.role() && !config.digests.off.contains(user.id.as_str());
    users.values().filter(wanted).map(|user| reader_of(config.company.zone(), user)).collect()
}

/// Whether any reader's time may have come: what is asked before the cycle's transaction begins, in which nothing else can be
/// written.
pub async fn is_near(db: &Db, setup: &Setup, as_of: AsOf, Occasion { mailing, past, now }: Occasion) -> Result<bool> {
    let config = &setup.config;
    let since = scores::last_cycle(db, None).await?.map(|cycle| cycle.finished_at);
    let users = people::users(db, as_of, config.company.zone()).await?;
    let near = |kind: &Kind| {
        let due = |reader: &Reader| mailing.periodic(kind.line(&config.digests), config, reader, past, since, now).is_some();
        readers(config, &users, *kind).iter().any(due)
    };
    Ok(Kind::PERIODIC.iter().any(near))
}

/// Puts the digests whose time has come into the outbox.
pub async fn plan(tx: &mut Tx, gathering: &Gathering<'_>, occasion: Occasion, written: &mut Written) -> Result<()> {
    let Occasion { mailing, past, now } = occasion;
    let config = &gathering.setup.config;
    let since = scores::last_cycle(gathering.db, None).await?.map(|cycle| cycle.finished_at);
    for kind in Kind::PERIODIC {
        let mut due: Vec<(Reader, Sending)> = Vec::new();
        let wanted = |reader: &Reader| gathering.stationery.is_wanted(kind, reader.id.as_str());
        for reader in readers(config, &gathering.population.world.users, kind).into_iter().filter(wanted) {
            let Some(sending) = mailing.periodic(kind.line(&config.digests), config, &reader, past, since, now) else { continue };
            let told = outbox::last_day(tx, kind.name(), &reader.id).await?;
            if told.is_none_or(|told| told < sending.on) {
                due.push((reader, sending));
            }
        }
        if due.is_empty() {
            continue;
        }
        let Some(write) = writer(tx, gathering, kind).await? else { continue };
        for (reader, Sending { on, due, not_after }) in due {
            let mail = match write(&reader, on) {
                Ok((_, mail)) => mail,
                Err(error) => {
                    written.fail(kind, &reader, &error);
                    continue;
                }
            };
            let became = outbox::plan(tx, &Plan { mail: &mail, due, not_after, news: "" }, now).await?;
            written.planned += u64::from(matches!(became, Planned::New | Planned::Replaced));
            if past.is_none() {
                outbox::supersede(tx, kind.name(), &reader.id, Some(on)).await?;
            }
        }
    }
    Ok(())
}

/// The digests as they would be written now, of all readers or of one.
pub async fn preview(gathering: &Gathering<'_>, occasion: Occasion, kind: Kind, only: Option<&str>) -> Result<Vec<Preview>> {
    // Thrown away: nothing is kept of a look.
    let mut tx = gathering.db.begin().await?;
    let Some(write) = writer(&mut tx, gathering, kind).await? else { return Ok(Vec::new()) };
    let readers = readers(&gathering.setup.config, &gathering.population.world.users, kind);
    let readers = readers.into_iter().filter(|reader| only.is_none_or(|only| reader.id.as_str() == only));
    readers
        .map(|reader| {
            let on = occasion.past.unwrap_or_else(|| reader.zone.day_of(occasion.now));
            let (rendered, mail) = write(&reader, on)?;
            Ok(Preview { reader: reader.id.to_string(), email: reader.email, rendered, mail })
        })
        .collect()
}
