//! `longroad check`: everything that a person can have written wrongly, told at once.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::check_data;
use super::exit::Exit;
use super::jobs::Schedule;
use super::open;
use super::reply::Reply;
use super::telemetry;
use super::words::count;
use crate::clock::Clock;
use crate::config::{Config, environment, nearest};
use crate::cycle::{Setup, transport};
use crate::delivery::{Renderer, SHIPPED};
use crate::digest::Kind;
use crate::model::Zone;
use crate::schedule::{Timetable, When, timetables};
use crate::sources::Sample;

/// Check the configuration, playbooks, scorecards, templates and the first rows of the data
///
/// Templates are rendered with their samples. Every mistake is told with its file, line and column, what is wrong and what
/// would be right. Warnings do not change the exit code.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad check --connect")]
pub struct Arguments {
    /// Reach for the store and the mail server too, and ask each source for one row of each record
    #[arg(long)]
    connect: bool,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// What must be mended.
    pub mistakes: Vec<String>,
    /// What may be meant so.
    pub warnings: Vec<String>,
    /// What was looked at.
    pub checked: Vec<String>,
    /// One row of each record, as sources gave it and as it maps.
    pub samples: Vec<Sample>,
    /// When each job is due, and the next times.
    pub schedule: Vec<Schedule>,
    /// The zone of these times.
    #[serde(skip)]
    pub zone: Zone,
}

/// Checks.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let mut found = Findings::default();
    match Config::load(file, environment()) {
        Ok(config) => {
            telemetry::start(&config.log);
            found.checked.push(file.display().to_string());
            let jobs = timetables(&config).into_iter().chain(digests(&config));
            found.schedule = jobs.map(|job| Schedule::after(&job, clock.now())).collect();
            found.zone = config.schedule_zone().clone();
            playbooks(&config, &mut found);
            templates(&config, &mut found)?;
            check_data::sources(&config, &mut found);
            if arguments.connect {
                connections(&config, &mut found).await;
                check_data::samples(&config, clock, &mut found).await;
            }
        }
        // Without it nothing is known of where the rest lies.
        Err(error) => found.mistakes.push(told(&error)),
    }
    let exit = if found.mistakes.is_empty() { Exit::Done } else { Exit::Wrong };
    Ok(Reply::new(text(&found), &found)?.ending(exit))
}

/// The digests as if they were jobs: their times are those of a reader in the company's zone, on any day.
fn digests(config: &Config) -> impl Iterator<Item = Timetable> {
    let timetable = |kind: Kind| Timetable {
        job: format!("digest:{}", kind.name()),
        when: When::Line(kind.line(&config.digests).clone(), config.company.zone().clone()),
        catch_up_seconds: 0,
    };
    Kind::ALL.into_iter().map(timetable)
}

/// The place stands first, as editors read it.
fn told(error: &crate::config::ConfigError) -> String {
    let text = error.to_string();
    text.strip_prefix("reading the configuration: ").map_or_else(|| text.clone(), str::to_owned)
}

fn playbooks(config: &Config, found: &mut Findings) {
    let folder = config.resolve(&config.paths.playbooks);
    match Setup::load(config.clone()) {
        Ok(setup) => {
            let library = &setup.library;
            found.mistakes.extend(library.failures().iter().map(|fault| open::place(&folder, fault)));
            for metric in library.first_values.iter().filter_map(|one| one.measure.metric()) {
                if !config.metrics.contains_key(metric) {
                    let near = nearest(metric, config.metrics.keys().map(String::as_str));
                    let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    found
                        .warnings
                        .push(format!("first value is measured by `{metric}`, and there is no [metrics.{metric}]{hint}"));
                }
            }
            found.checked.push(format!(
                "{}, {}, {}, {}, {}, {}",
                count(setup.cards.len() as u64, "scorecard", "scorecards"),
                count(library.plays.len() as u64, "play", "plays"),
                count(library.examples() as u64, "example", "examples"),
                count(library.solutions.len() as u64, "solution", "solutions"),
                count(library.first_values.len() as u64, "first value", "first values"),
                count(setup.pipelines.len() as u64, "pipeline", "pipelines"),
            ));
        }
        Err(faults) => found.mistakes.extend(faults.iter().map(|fault| open::place(&folder, fault))),
    }
}

fn templates(config: &Config, found: &mut Findings) -> Result<()> {
    let folder = config.resolve(&config.paths.templates);
    let problems = Renderer::load(Some(&folder)).map_or_else(|problems| problems, |renderer| renderer.check());
    found.mistakes.extend(problems.iter().map(ToString::to_string));
    found.checked.push(count(SHIPPED.len() as u64, "template", "templates"));
    for file in files_below(&folder)? {
        let name = file.strip_prefix(&folder).unwrap_or(&file);
        if !SHIPPED.iter().any(|(known, _)| Path::new(known) == name) {
            found.warnings.push(format!("{}: no mail has a template of this name; it is not read", file.display()));
        }
    }
    Ok(())
}

/// All files below a folder in the order of their names; none where there is no folder.
fn files_below(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let entry = entry?;
        // Links are not followed: one that leads upwards would never end.
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

async fn connections(config: &Config, found: &mut Findings) {
    let at = |what: &str, error: anyhow::Error| format!("{what}: {}", super::exit::causes(&error));
    match open::store(config).await {
        Ok(db) => {
            db.close().await;
            found.checked.push("the store".to_owned());
        }
        Err(error) => found.mistakes.push(at("store.url", error)),
    }
    let ready = match transport(config) {
        Ok(mut transport) => {
            let ready = transport.ready().await.map_err(anyhow::Error::msg);
            transport.close().await;
            ready
        }
        Err(error) => Err(error),
    };
    match ready {
        Ok(()) => found.checked.push("the way of the mails".to_owned()),
        Err(error) => found.mistakes.push(at("mail", error)),
    }
}

/// A row as the source gave it, and as it maps.
fn sample(sample: &Sample) -> String {
    let side = |fields: &[(String, String)]| {
        let shown = |(name, text): &(String, String)| format!("{name}={}", shortened(text));
        let fields: Vec<String> = fields.iter().filter(|(_, text)| !text.is_empty()).map(shown).collect();
        if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
    };
    format!("{}\n  gives    {}\n  maps to  {}\n", sample.feed, side(&sample.given), side(&sample.mapped))
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN).chain(['…']).collect() }
}

fn text(found: &Findings) -> String {
    let lines = found.mistakes.iter().cloned().chain(found.warnings.iter().map(|warning| format!("warning: {warning}")));
    let lines: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    let warnings = match found.warnings.len() {
        0 => String::new(),
        number => format!(", {}", count(number as u64, "warning", "warnings")),
    };
    let schedule: String = found.schedule.iter().map(|schedule| schedule.text(&found.zone) + "\n").collect();
    let lines = found.samples.iter().map(sample).collect::<String>() + &lines;
    let gap = if lines.is_empty() { "" } else { "\n" };
    match found.mistakes.len() {
        0 => format!("{lines}{gap}{schedule}\nno mistakes{warnings}: {}", found.checked.join(", ")),
        number => format!("{lines}{gap}{}{warnings}", count(number as u64, "mistake", "mistakes")),
    }
}
