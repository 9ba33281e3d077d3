//! `longroad demo`: a sample company, lived through day by day.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use clap::value_parser;
use serde::Serialize;
use tokio::net::TcpListener;

use super::demo_pages::{self, DemoPages, Door};
use super::demo_summary::Summary;
use super::exit::Wrong;
use super::init::write_new;
use super::reply::Reply;
use super::{open, telemetry};
use crate::clock::{Clock, ManualClock};
use crate::config::{Config, Level, Log};
use crate::cycle::{self, CycleOptions, CycleReport, Mailing, Setup, Voice, Wish};
use crate::demo::{Company, answer, call, demo_config, demo_first_value};
use crate::model::{Day, Id, Instant, Zone};
use crate::playbook;
use crate::store::staged::{self, Act, ActKind};
use crate::store::tasks::{self, TaskFilter};
use crate::store::{Change, Db, change_task};

/// Write a sample company to a folder, live through its days of cycles without any server, and show what came of it
///
/// The last day is today. An older demo in the folder is replaced, with all that was changed in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad demo --accounts 100 --days 14 --serve")]
pub struct Arguments {
    /// The folder
    #[arg(long, value_name = "DIR", default_value = "longroad-demo")]
    dir: PathBuf,
    /// How many customers the company has
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = value_parser!(u32).range(1..=100_000))]
    accounts: u32,
    /// Another seed makes another company; the same one the same company
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// How many days are lived through
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = value_parser!(u32).range(1..=365))]
    days: u32,
    /// Serve the web pages then, until Ctrl-C, with a link to enter as each kind of person
    #[arg(long)]
    serve: bool,
    /// Where the pages are served: an address of this machine
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    listen: SocketAddr,
}

/// Marks a folder as one that a demo may replace.
const MARKER: &str = ".longroad-demo";
/// What a demo makes in its folder, and nothing else of it is ever removed.
const OURS: [&str; 8] =
    ["longroad.toml", "playbooks", "data", "mail", "longroad.db", "longroad.db-wal", "longroad.db-shm", "longroad.db.lock"];
/// Renewals of so many days are called.
const CALLED_DAYS: u32 = 120;
/// Cycles run at this hour of the sample company's day.
const HOUR: i64 = 5;

/// What there is to see at the end.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    /// Ways into the pages.
    links: &'a [Door],
}

/// Lives through it, and where it is wanted serves the pages.
pub async fn run(arguments: &Arguments, clock: &dyn Clock, as_json: bool) -> Result<Reply> {
    telemetry::start(&Log { level: Level::Warn, ..Log::default() });
    let zone = Zone::parse("Europe/Berlin").map_err(|reason| anyhow!(reason))?;
    let last_day = zone.day_of(clock.now());
    let first_day = last_day - (arguments.days.cast_signed() - 1);
    let listener = if arguments.serve { Some(demo_pages::listen(arguments.listen).await?) } else { None };
    let pages = listener.as_ref().map_or(Ok(arguments.listen), TcpListener::local_addr)?;
    prepare(&arguments.dir)?;
    let file = arguments.dir.join("longroad.toml");
    write_new(&file, &demo_config(first_day, pages))?;
    let (own_path, own_text) = demo_first_value();
    for (path, text) in playbook::shipped().iter().copied().chain([(own_path, own_text.as_str())]) {
        write_new(&arguments.dir.join("playbooks").join(path), text)?;
    }
    // Not the environment: a demo must never live in the company's own store.
    let config = Config::load(&file, std::iter::empty())?;
    let data = config.resolve(Path::new("data"));
    let setup = Arc::new(Setup::load(config).map_err(|faults| anyhow!("reading the sample company's playbooks: {faults:?}"))?);
    let db = open::store(&setup.config).await?;
    let accounts = usize::try_from(arguments.accounts)?;
    let company = Company::generate(arguments.seed, accounts, first_day, arguments.days);
    let now = ManualClock::new(zone.start_of(first_day));
    let mut reports = Vec::new();
    for morning in company.mornings() {
        company.write(&data, morning).with_context(|| format!("writing the data of {morning} to {}", data.display()))?;
        now.set(zone.start_of(morning).plus_seconds(HOUR * 3600));
        let report = cycle::run(&db, &setup, &now, CycleOptions { as_of: None, mailing: Mailing::Now }, &|_| ()).await?;
        telemetry::line(&format!("{morning}  {}", day_line(&report)));
        reports.push(report);
        people_answer(&db, now.now(), morning).await?;
        people_bring_on(&db, &company, now.now(), morning).await?;
        people_say(&db, &setup, &company, &now, morning).await?;
        if morning.weekday() == chrono::Weekday::Fri {
            people_call(&db, &setup, &now, morning).await?;
        }
    }
    let summary = Summary::gather(&db, &setup, &now, &reports).await?;
    if let Some(listener) = listener {
        let pages = DemoPages::open(listener, &db, &setup, now.now(), summary.csm()).await?;
        let text = format!("{}\n\n{}", summary.text(&arguments.dir), pages.text());
        Reply::new(text, &Shown { summary: &summary, links: &pages.doors })?.print(as_json)?;
        pages.serve().await?;
        db.close().await;
        return Ok(Reply::printed());
    }
    db.close().await;
    let text = format!("{}\n  longroad run          # serves the pages to which the mails lead", summary.text(&arguments.dir));
    Reply::new(text, &summary)
}

/// The sample company's people go through their tasks.
async fn people_answer(db: &Db, at: Instant, today: Day) -> Result<()> {
    let mut tx = db.begin().await?;
    for task in tasks::list(db, TaskFilter::default()).await? {
        if let Some((what, note)) = answer(&task, today) {
            let actor = task.assignee.as_ref().or(task.csm.as_ref()).map_or("demo", Id::as_str);
            let change = Change { what, note, actor, at, today };
            change_task(&mut tx, &task.id, &change).await?.map_err(|reason| anyhow!(reason))?;
        }
    }
    tx.commit().await
}

/// The sample company's CSMs call their renewals, on Fridays.
async fn people_call(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, today: Day) -> Result<()> {
    for renewal in cycle::renewals(db, setup, clock, Some(today), CALLED_DAYS).await?.renewals {
        let Some((said, reason)) = call(&renewal, today) else { continue };
        let voice = Voice { reason, by: renewal.csm.as_deref(), person: "demo" };
        let wish = Wish::Call(said, renewal.contracts.first().map(String::as_str));
        // What cannot be called so is left to the next Friday.
        cycle::say(db, &setup.config, clock, &renewal.account_id, wish, voice).await?.ok();
    }
    Ok(())
}

/// They say what they hold of their customers.
async fn people_say(db: &Db, setup: &Setup, company: &Company, clock: &dyn Clock, today: Day) -> Result<()> {
    for (account, wish, reason, csm) in company.opinions(today) {
        let voice = Voice { reason, by: Some(csm), person: "demo" };
        cycle::say(db, &setup.config, clock, account, wish, voice).await?.map_err(|reason| anyhow!("{account}: {reason}"))?;
    }
    Ok(())
}

/// They bring new customers on, step by step.
async fn people_bring_on(db: &Db, company: &Company, at: Instant, today: Day) -> Result<()> {
    let mut tx = db.begin().await?;
    for (account, step, csm) in company.onboarded(today) {
        let act = Act {
            pipeline: "onboarding".to_owned(),
            record: account,
            at,
            kind: ActKind::Move,
            what: step.to_owned(),
            note: "the step before is done".to_owned(),
            actor: csm,
        };
        staged::act(&mut tx, &act).await?;
    }
    tx.commit().await
}

fn day_line(report: &CycleReport) -> String {
    let (opened, closed, sent) = (report.tasks_opened, report.tasks_closed, report.sent);
    format!("{} accounts scored, {opened} tasks opened, {closed} closed, {sent} mails", report.scored)
}

/// Makes the folder, or empties it of an older demo. Anything else is left alone.
fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    let reading = || format!("reading the folder {}", folder.display());
    let is_empty = fs::read_dir(folder).with_context(reading)?.next().is_none();
    if !is_empty && !folder.join(MARKER).is_file() {
        let reason = format!("{} is not empty and holds no older demo; name another folder with --dir", folder.display());
        return Err(Wrong(reason).into());
    }
    write_new(&folder.join(MARKER), "`longroad demo` replaces what it made in this folder.\n")?;
    for name in OURS {
        let path = folder.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {} of an older demo", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_older_demo_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("demo");
        prepare(&folder).unwrap();
        fs::create_dir(folder.join("mail")).unwrap();
        fs::write(folder.join("longroad.db"), "x").unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        prepare(&folder).unwrap();
        assert!(!folder.join("mail").exists() && !folder.join("longroad.db").exists());
        assert!(folder.join("notes.txt").exists(), "it is not the demo's");
        let foreign = place.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("longroad.db"), "x").unwrap();
        let error = prepare(&foreign).unwrap_err().to_string();
        assert!(error.ends_with("foreign is not empty and holds no older demo; name another folder with --dir"), "{error}");
        assert!(foreign.join("longroad.db").exists());
    }
}
