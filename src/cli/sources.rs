//! `longroad sources`: how fresh each source is, and what is to be done about it.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::exit::Wrong;
use super::reply::Reply;
use super::table::{Side, Table};
use super::words::count;
use super::{open, pull};
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::cycle::freshness::{self, SourceFreshness, StaleData};
use crate::model::{Day, Instant, Zone};
use crate::schedule::timetables;
use crate::store::Db;
use crate::store::audit::{self, Deed};
use crate::store::facts::AsOf;
use crate::store::pulls::{self, Pull};
use crate::store::trust::{self, Standing};

/// Tell how fresh each source is, what it brought, and what is to be done about it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad sources")]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What is done with a source.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Let in what a source brings although it looks wrong: its next pull goes in
    #[command(after_help = "Example:\n  longroad sources accept crm")]
    Accept {
        /// The source
        #[arg(value_name = "SOURCE")]
        name: String,
    },
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: Option<String>,
    /// `fresh`, `stale`, `empty`, `failing` or `suspect`.
    pub state: &'static str,
    last_success: Option<String>,
    /// The newest day on which anything happened.
    pub newest_day: Option<Day>,
    /// Which of its data are too old to rely on, and since when.
    pub stale: Vec<StaleData>,
    /// Why the last pull came to nothing, if so.
    pub reason: Option<String>,
    /// What is to be done about it.
    pub next: Option<String>,
    /// When it is pulled next while `longroad run` runs.
    next_run: Option<String>,
    /// Until when it wants to be left alone.
    deferred_until: Option<String>,
    /// The last pull of each of its files.
    pub files: Vec<Pull>,
    /// When it last brought anything.
    #[serde(skip)]
    pub pulled_at: Option<Instant>,
    /// When it is pulled next.
    #[serde(skip)]
    pub next_at: Option<Instant>,
    #[serde(skip)]
    deferred_at: Option<Instant>,
}

/// Tells it, or lets in what is held back.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let config = open::config(file)?;
    if let Some(Action::Accept { name }) = &arguments.action {
        pull::known_source(&config, name)?;
        return accept(&open::store(&config).await?, name, clock.now()).await;
    }
    let db = open::store(&config).await?;
    let (now, today) = (clock.now(), open::today(&config, clock));
    let sources = gather(&db, &config, now).await?;
    db.close().await;
    let texts: Vec<String> = sources.iter().map(|source| text(source, config.company.zone())).collect();
    Reply::new(texts.join("\n"), &json!({"as_of": today, "sources": sources}))
}

/// How each of the configured sources stands, in their order.
pub(crate) async fn gather(db: &Db, config: &Config, now: Instant) -> Result<Vec<Told>> {
    let pulls = pulls::newest(db).await?;
    let as_of = AsOf { day: config.company.zone().day_of(now), through_pull: i64::MAX };
    let fresh = freshness::of_sources(db, config, as_of).await?;
    let standings = trust::standings(db).await?;
    let told = |(source, fresh): (&Source, &SourceFreshness)| {
        let mut told = judge(source, place(config, source), &pulls, fresh);
        if let Some(known) = standings.get(&source.name) {
            told.trouble(known, now);
        }
        told.next_at = next_run(config, source, now);
        told.next_run = told.next_at.map(|at| at.to_string());
        told
    };
    Ok(config.sources.iter().zip(&fresh).map(told).collect())
}

async fn accept(db: &Db, name: &str, now: Instant) -> Result<Reply> {
    let held = trust::standings(db).await?.remove(name).filter(|standing| standing.suspicion.is_some());
    let Some(standing) = held else {
        return Err(Wrong(format!("nothing of {name} is held back; `longroad sources` tells how it stands")).into());
    };
    let mut tx = db.begin().await?;
    trust::put_standing(&mut tx, name, &Standing { accepted: true, ..standing }).await?;
    let deed = Deed { at: now, actor: &open::person(), action: "source accept", subject: name, detail: "" };
    audit::append(&mut tx, &deed).await?;
    tx.commit().await?;
    db.close().await;
    Reply::new(
        format!("what {name} brings goes in with its next pull: `longroad pull {name}` makes one now"),
        &json!({"accepted": name}),
    )
}

impl Told {
    /// A pull that came to nothing is more urgent than the age of the data.
    fn trouble(&mut self, known: &Standing, now: Instant) {
        let name = &self.name;
        self.deferred_at = known.deferred_until.filter(|until| now < *until);
        self.deferred_until = self.deferred_at.map(|at| at.to_string());
        if let Some(at) = known.succeeded_at {
            (self.pulled_at, self.last_success) = (Some(at), Some(at.to_string()));
        }
        if let Some((_, suspicion)) = known.suspicion.as_ref() {
            self.state = "suspect";
            self.reason = Some(suspicion.clone());
            self.next = Some(if known.accepted {
                format!("it is let in with its next pull: `longroad pull {name}`")
            } else {
                format!("look at what it brings; `longroad sources accept {name}` lets it in. Until then the old data stand")
            });
        } else if let Some(failure) = &known.failure {
            self.state = "failing";
            self.reason = Some(failure.clone());
            self.next = Some(match self.deferred_at {
                Some(_) => {
                    "its server asked to be left alone; it is pulled again after that. Until then the old data stand".to_owned()
                }
                None => format!("mend it, then `longroad pull {name}`. Until then the old data stand"),
            });
        }
    }
}

/// When the daemon pulls it next: on its own schedule, or with the cycle.
fn next_run(config: &Config, source: &Source, now: Instant) -> Option<Instant> {
    let own = format!("pull:{}", source.name);
    let jobs = timetables(config).into_iter().filter(|timetable| timetable.job == own || timetable.job == "cycle");
    jobs.filter_map(|timetable| timetable.when.next(now)).min()
}

/// Where the source is, for people: never with what its address may hold besides.
fn place(config: &Config, source: &Source) -> String {
    match &source.path {
        Some(path) => config.resolve(path).display().to_string(),
        None => source.kind.name().to_owned(),
    }
}

/// How it stands by its data's own dates.
fn judge(source: &Source, path: String, pulls: &[Pull], fresh: &SourceFreshness) -> Told {
    let files: Vec<Pull> = pulls.iter().filter(|pull| pull.source == source.name).cloned().collect();
    let pulled_at = files.iter().filter(|pull| !pull.refused).map(|pull| pull.at).max();
    let stale = fresh.stale();
    let state = match () {
        () if fresh.records.is_empty() => "empty",
        () if stale.is_empty() => "fresh",
        () => "stale",
    };
    let rejected: i64 = files.iter().map(|pull| pull.rejected).sum();
    let name = &source.name;
    let next = if files.iter().any(|pull| pull.refused) {
        Some(format!("its last pull was refused: mend what `longroad rejects` lists, then `longroad pull {name}`"))
    } else if state == "empty" {
        Some(format!("nothing was ever taken in: put files into {path}, then `longroad pull {name}`"))
    } else if state == "stale" {
        Some("see whether its export still runs; what is stale is shown as of then, and plays that need it wait".to_owned())
    } else {
        (rejected > 0).then(|| "`longroad rejects` lists what was set aside".to_owned())
    };
    Told {
        name: name.clone(),
        path: Some(path),
        state,
        last_success: pulled_at.map(|at| at.to_string()),
        newest_day: fresh.newest_day(),
        stale,
        reason: None,
        next,
        next_run: None,
        deferred_until: None,
        files,
        pulled_at,
        next_at: None,
        deferred_at: None,
    }
}

fn text(source: &Told, zone: &Zone) -> String {
    let at = |at: Instant| format!("{} {}", zone.day_of(at), zone.clock_of(at));
    let mut text = format!("{}: {}\n", source.name, source.state);
    // Writing to a string cannot fail.
    if let Some(pulled) = source.pulled_at {
        let _ = writeln!(text, "  last success {}", at(pulled));
    }
    if let Some(day) = source.newest_day {
        let _ = writeln!(text, "  newest data {day}");
    }
    for stale in &source.stale {
        let _ = writeln!(text, "  {stale}");
    }
    if let Some(reason) = &source.reason {
        let _ = writeln!(text, "  {reason}");
    }
    if let Some(next) = &source.next {
        let _ = writeln!(text, "  next: {next}");
    }
    if let Some(until) = source.deferred_at {
        let _ = writeln!(text, "  deferred until {}", at(until));
    }
    if let Some(next) = source.next_at {
        let _ = writeln!(text, "  next run {}", at(next));
    }
    let number = |head| (head, Side::Right, 12);
    let columns =
        [("  file", Side::Left, 60), number("rows"), number("changed"), number("set aside"), ("pulled", Side::Left, 40)];
    let mut table = Table::new(&columns);
    for file in &source.files {
        let refused = if file.refused { ", refused" } else { "" };
        table.row([
            format!("  {}", file.file),
            file.rows.to_string(),
            file.changed.to_string(),
            file.rejected.to_string(),
            format!("{}{refused}", at(file.at)),
        ]);
    }
    if table.is_empty() { text } else { format!("{text}  {}\n{table}", count(source.files.len() as u64, "file", "files")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::RecordKind;
    use crate::signals::{Freshness, Why};

    fn pull(day: i32, rejected: i64, refused: bool) -> Pull {
        Pull {
            id: 1,
            source: "files".into(),
            record: "usage".into(),
            file: "data/usage.csv".into(),
            hash: String::new(),
            at: Zone::UTC.noon_of(Day::from_days(day)),
            pulled_on: Day::from_days(day),
            approximate: false,
            rows: 100,
            changed: 7,
            rejected,
            refused,
            notes: String::new(),
            whole: true,
            columns: Vec::new(),
            stamp: None,
        }
    }

    /// Of a source that has brought use up to that day, as seen on day 20,000.
    fn fresh(newest: Option<i32>) -> SourceFreshness {
        let newest = newest.map(Day::from_days);
        let why = newest.filter(|newest| Day::from_days(20_000) - *newest > 4).map(|_| Why::Silent);
        let until = newest.filter(|_| why.is_some()).map_or(Day::from_days(20_000), |newest| newest + 1);
        let records = newest.map(|_| (RecordKind::Usage, Freshness { until, newest, why }));
        SourceFreshness {
            source: "files".into(),
            records: records.into_iter().collect(),
            used_days: newest.into_iter().collect(),
            answered_on: newest.map(|_| Day::from_days(20_000)),
        }
    }

    #[test]
    fn each_standing_says_what_to_do_next() {
        let source = Source::default();
        let told = |pulls: &[Pull], newest: Option<i32>| {
            let standing = judge(&source, "data".into(), pulls, &fresh(newest));
            format!("{}: {}", standing.state, standing.next.unwrap_or_default())
        };
        let table = [
            (told(&[], None), "empty: nothing was ever taken in: put files into data, then `longroad pull files`"),
            (told(&[pull(20_000, 0, false)], Some(19_999)), "fresh: "),
            (told(&[pull(20_000, 0, false)], Some(19_996)), "fresh: "),
            (
                told(&[pull(20_000, 0, false)], Some(19_995)),
                "stale: see whether its export still runs; what is stale is shown as of then, and plays that need it wait",
            ),
            (told(&[pull(19_997, 2, false)], Some(19_997)), "fresh: `longroad rejects` lists what was set aside"),
            (
                told(&[pull(20_000, 40, true)], None),
                "empty: its last pull was refused: mend what `longroad rejects` lists, then `longroad pull files`",
            ),
        ];
        for (told, expected) in table {
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn what_is_held_back_and_what_failed_comes_before_age() {
        let source = Source::default();
        let told = |known: &Standing| {
            let mut standing = judge(&source, "data".into(), &[], &fresh(None));
            standing.trouble(known, Zone::UTC.noon_of(Day::from_days(20_000)));
            text(&standing, &Zone::UTC)
        };
        let since = Zone::UTC.noon_of(Day::from_days(19_999));
        let held = Standing { suspicion: Some((since, "brings 3 accounts".into())), ..Standing::default() };
        assert_eq!(
            told(&held),
            "files: suspect\n  brings 3 accounts\n  next: look at what it brings; `longroad sources accept files` lets it in. \
             Until then the old data stand\n"
        );
        let accepted = Standing { accepted: true, ..held };
        assert!(told(&accepted).ends_with("next: it is let in with its next pull: `longroad pull files`\n"));
        let failed = Standing { failure: Some("the server is away".into()), ..Standing::default() };
        assert!(told(&failed).starts_with("files: failing\n  the server is away\n  next: mend it"));
    }

    #[test]
    fn a_source_is_told_with_its_files() {
        let (source, pulls) = (Source::default(), [pull(20_000, 2, false)]);
        let standing = judge(&source, "data".into(), &pulls, &fresh(Some(19_999)));
        assert_eq!(
            text(&standing, &Zone::UTC),
            "files: fresh\n  last success 2024-10-04 12:00\n  newest data 2024-10-03\n  \
             next: `longroad rejects` lists what was set aside\n  1 file\n  \
             file            rows  changed  set aside  pulled\n  \
             data/usage.csv   100        7          2  2024-10-04 12:00\n"
        );
    }
}
