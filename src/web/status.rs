//! `/status`: how fresh the sources are, what ran, what was mailed, what was set aside, and where all of it is kept.

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pager::Pager;
use super::pages::Body;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cli::jobs::{self, Standing, shown, why};
use crate::cli::sources::{self, Told};
use crate::cli::words::count;
use crate::cli::{digests, jobs::gather};
use crate::config::OnUnknown;
use crate::digest::LIST_LIMIT;
use crate::model::record::Role;
use crate::model::{Day, Zone};
use crate::store::ledger::Run;
use crate::store::outbox::{self, Entry, State};
use crate::store::pulls::{self, StoredReject};
use crate::store::{Db, gauges, scores};

/// Days of runs that are looked back on.
const RUN_DAYS: u32 = 7;
/// Runs that are looked at, at most.
const RUNS: u32 = 500;
/// Mails that are looked at for those that did not go out.
const MAILS: u32 = 500;

/// The page.
pub(super) struct Status;

/// Which rows of what was set aside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    page: String,
}

/// How everything stands. Why something failed and where things are is for leaders and admins.
#[derive(Debug, Serialize)]
pub(super) struct StatusReport {
    as_of: Day,
    sources: Vec<Told>,
    jobs: Vec<Standing>,
    /// The runs of the last week that are not done.
    runs: Vec<Run>,
    mails: Mails,
    /// Rows that the last pull of each file set aside.
    rejected: i64,
    /// Those rows, for admins.
    rejects: Vec<StoredReject>,
    /// The morning of the last cycle.
    last_cycle: Option<Day>,
    /// `sqlite` or `postgres`.
    store: &'static str,
    version: &'static str,
    #[serde(skip)]
    unsent: Vec<Entry>,
    #[serde(skip)]
    pager: Pager,
}

/// What became of mails.
#[derive(Debug, Serialize)]
struct Mails {
    /// To be sent, whenever they were written.
    waiting: i64,
    /// Of yesterday and today: taken over by the server.
    sent: i64,
    /// Of yesterday and today: not sent, and not tried again.
    failed: i64,
    /// Of yesterday and today: sent, and no answer came.
    unanswered: i64,
}

/// Who may read why something failed: such texts name hosts, files and addresses.
fn reads_reasons(visitor: &Visitor) -> bool {
    matches!(visitor.user.role, Role::Leader | Role::Admin)
}

fn without_reason(run: &mut Run) {
    run.error.clear();
    run.owner.clear();
}

impl View for Status {
    type Query = Which;
    type Report = StatusReport;
    const TEMPLATE: &'static str = "status";
    const SUMMARY: &'static str = "How fresh the sources are, what ran, what was mailed and what was set aside";

    async fn report(asked: &Asked<Which>) -> Result<StatusReport, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let (db, config, today) = (&state.db, state.config(), state.today());
        let mut sources = sources::gather(db, config, state.clock.now()).await?;
        let (mut jobs, mut runs) = gather(db, config, state.clock.now(), (RUN_DAYS, RUNS)).await?;
        runs.retain(|run| run.state != "done");
        let all = gauges::outbox(db).await?.states;
        let recent = gauges::mails_since(db, today - 1).await?;
        let of = |states: &std::collections::BTreeMap<String, i64>, state: State| states.get(state.name()).copied().unwrap_or(0);
        let mails = Mails {
            waiting: of(&all, State::Planned) + of(&all, State::Claimed),
            sent: of(&recent, State::Accepted),
            failed: of(&recent, State::Rejected),
            unanswered: of(&recent, State::Unknown),
        };
        let mut unsent = Vec::new();
        if reads_reasons(visitor) {
            let is_unsent = |entry: &Entry| entry.state != State::Accepted && entry.key.day >= today - 1;
            unsent.extend(outbox::list(db, MAILS).await?.into_iter().filter(is_unsent).take(LIST_LIMIT));
        } else {
            for told in &mut sources {
                (told.path, told.reason, told.next) = (None, None, None);
                told.files.clear();
            }
            let of_jobs = jobs.iter_mut().flat_map(|job| job.last_done.iter_mut().chain(&mut job.latest));
            of_jobs.chain(&mut runs).for_each(without_reason);
        }
        let rejects = if visitor.user.role == Role::Admin { pulls::rejects(db).await? } else { Vec::new() };
        Ok(StatusReport {
            as_of: today,
            sources,
            jobs,
            runs,
            mails,
            rejected: gauges::rejects(db).await?.values().sum(),
            pager: Pager::of(&asked.query.page, rejects.len())?,
            rejects,
            last_cycle: scores::last_cycle(db, None).await?.map(|cycle| cycle.as_of),
            store: if matches!(db, Db::Sqlite { .. }) { "sqlite" } else { "postgres" },
            version: env!("CARGO_PKG_VERSION"),
            unsent,
        })
    }

    fn body(asked: &Asked<Which>, report: &StatusReport) -> Result<Body, Error> {
        let config = asked.state.config();
        let (zone, reasons) = (config.company.zone(), reads_reasons(&asked.visitor));
        let mails = &report.mails;
        let rejected = u64::try_from(report.rejected).unwrap_or_default();
        let content = json!({
            "sources": sources_table(&report.sources, zone, reasons),
            "zone": zone.name(),
            "jobs": jobs_table(&report.jobs, config.schedule_zone()),
            "jobs_zone": config.schedule_zone().name(),
            "runs": runs_table(&report.runs, config.schedule_zone(), reasons),
            "runs_more": report.runs.len().saturating_sub(LIST_LIMIT),
            "waiting": match u64::try_from(mails.waiting).unwrap_or_default() {
                0 => "No mail waits".to_owned(),
                waiting => count(waiting, "mail waits", "mails wait"),
            },
            "sent": mails.sent,
            "failed": mails.failed,
            "unanswered": mails.unanswered,
            "unsent": unsent_table(report, zone, config.mail.on_unknown == OnUnknown::Resend),
            "any_unsent": !report.unsent.is_empty(),
            "rejected": count(rejected, "row is", "rows are"),
            "any_rejected": rejected > 0,
            "rejects": rejects_table(report),
            "shows_rejects": asked.visitor.user.role == Role::Admin && rejected > 0,
            "pager": report.pager.links("/status?page="),
            "last_cycle": report.last_cycle.map_or_else(|| "none yet".to_owned(), |day| day.to_string()),
            "store": if report.store == "sqlite" { "SQLite" } else { "PostgreSQL" },
            "version": report.version,
        });
        Body::new("Status", &content)
    }
}

/// A state in people's words, and its colour.
fn state(told: &Told) -> Cell {
    match told.state {
        "fresh" => Cell::text("fresh").coloured("good"),
        "stale" => Cell::text("stale").coloured("bad"),
        "failing" => Cell::text("nothing came of asking it last").coloured("bad"),
        "suspect" => Cell::text("held back until somebody has looked").coloured("bad"),
        _ => Cell::text("nothing was ever taken in").coloured("fair"),
    }
}

fn sources_table(sources: &[Told], zone: &Zone, reasons: bool) -> Table {
    let mut table = Table::new("Where data come from, and how fresh they are", "No source is configured.")
        .column("Source")
        .column("State")
        .column("Newest data")
        .column("Last success")
        .column("Next pull");
    if reasons {
        table = table.column("Why, and what is to be done");
    }
    let dash = || "–".to_owned();
    for told in sources {
        let stale: Vec<String> = told.stale.iter().map(ToString::to_string).collect();
        let cells = [
            Cell::text(&told.name),
            state(told).with_note(stale.join("; ")),
            Cell::day(told.newest_day.map_or_else(dash, |day| day.to_string())),
            Cell::day(told.pulled_at.map_or_else(dash, |at| shown(at, zone))),
            Cell::day(told.next_at.map_or_else(dash, |at| shown(at, zone))),
        ];
        let why = Cell::text(told.reason.as_deref().unwrap_or("")).with_note(told.next.as_deref().unwrap_or(""));
        table.row(cells.into_iter().chain(reasons.then_some(why)));
    }
    table
}

fn jobs_table(jobs: &[Standing], zone: &Zone) -> Table {
    let mut table = Table::new("What runs by itself", "No job has a schedule.")
        .column("Job")
        .column("When")
        .column("Last done")
        .column("Latest")
        .column("Next");
    let never = || "never".to_owned();
    for job in jobs {
        let latest = job.latest.as_ref().map_or_else(String::new, |run| format!("{} {}", shown(run.slot, zone), run.state));
        let latest = match job.latest.as_ref().map(|run| run.state.as_str()) {
            Some("failed" | "missed") => Cell::text(latest).coloured("bad"),
            _ => Cell::text(latest),
        };
        table.row([
            Cell::text(&job.schedule.job),
            Cell::text(&job.schedule.in_words),
            Cell::day(job.last_done.as_ref().map_or_else(never, |run| shown(run.slot, zone))),
            latest,
            Cell::day(job.schedule.next_at.first().map_or_else(never, |at| shown(*at, zone))),
        ]);
    }
    table
}

fn runs_table(runs: &[Run], zone: &Zone, reasons: bool) -> Table {
    let mut table =
        Table::new("Not done in the last seven days", "Nothing was missed, skipped or failed in the last seven days.")
            .column("Due")
            .column("Job")
            .column("State")
            .number("Attempts");
    if reasons {
        table = table.column("Why");
    }
    for run in runs.iter().take(LIST_LIMIT) {
        let cells = [Cell::day(shown(run.slot, zone)), Cell::text(&run.job), Cell::text(&run.state), Cell::number(run.attempt)];
        table.row(cells.into_iter().chain(reasons.then(|| Cell::text(why(run, zone)))));
    }
    table
}

fn unsent_table(report: &StatusReport, zone: &Zone, resend: bool) -> Table {
    let mut table = Table::new("Not sent, or without an answer, since yesterday", "")
        .column("Day")
        .column("Digest")
        .column("Reader")
        .column("State")
        .column("Answer");
    for entry in &report.unsent {
        let next = digests::next_at(entry, resend);
        let at = next.map_or_else(String::new, |at| jobs::shown(at, zone));
        table.row([
            Cell::day(entry.key.day),
            Cell::text(&entry.key.digest),
            Cell::text(&entry.key.person).with_note(&entry.to),
            Cell::text(digests::state(entry, next.is_some())).with_note(at),
            Cell::text(&entry.answer),
        ]);
    }
    table
}

fn rejects_table(report: &StatusReport) -> Table {
    let mut table = Table::new("Rows that the last pull of each file set aside", "Nothing was set aside.")
        .column("Place")
        .column("Column")
        .column("Reason")
        .column("The row");
    for reject in &report.rejects[report.pager.range()] {
        table.row([
            Cell::text(format!("{}:{}", reject.file, reject.line)),
            Cell::text(&reject.column_name),
            Cell::text(&reject.reason),
            Cell::text(&reject.row_text),
        ]);
    }
    table
}
