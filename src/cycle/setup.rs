//! What a cycle works by: configuration, scorecards, plays, first-value definitions; read once, hashed into every score.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::health::Scorecard;
use crate::model::{Calendar, MetricDeclaration, hex};
use crate::pipeline::{self, Pipeline};
use crate::playbook::{Library, shipped};
use crate::signals::condition::Fault;

/// Everything that decides a score or a task, apart from the facts.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// Plays, solutions, first-value definitions.
    pub library: Library,
    /// In the order of their files' names.
    pub cards: Vec<Arc<Scorecard>>,
    /// In the order of their names.
    pub pipelines: Vec<Arc<Pipeline>>,
    /// Hash of [`Self::text`], 16 hexadecimal digits.
    pub hash: String,
    /// All of the above as text, from which the same setup can be read again.
    pub text: String,
}

/// What is kept under the hash.
#[derive(Serialize, Deserialize)]
struct Kept {
    files: Vec<(String, String)>,
    metrics: std::collections::BTreeMap<String, MetricDeclaration>,
    cadence_days: std::collections::BTreeMap<String, u32>,
    default_cadence_days: u32,
    alive_by_use: bool,
    silent_days: u32,
    gap_tolerance_days: u32,
    undecided_days: u32,
    max_age_days: Vec<(String, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quiet_days: Vec<(String, u32)>,
    zone: String,
    #[serde(default)]
    risk: Option<(u32, f64)>,
    #[serde(default)]
    calendar: Calendar,
    /// What fits into people's days.
    #[serde(default)]
    load: crate::config::Load,
}

impl Setup {
    /// Reads the playbooks folder of the configuration, or what came with longroad where there is none. All mistakes are
    /// told together.
    pub fn load(config: Config) -> Result<Setup, Vec<Fault>> {
        let folder = config.resolve(&config.paths.playbooks);
        let files = if folder.is_dir() {
            let files = read_folder(&folder);
            let files = files.map_err(|error| vec![Fault::whole(&folder.display().to_string(), format!("{error:#}"))])?;
            files.into_iter().map(as_text).collect::<Result<_, _>>().map_err(|fault| vec![fault])?
        } else {
            shipped().iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
        };
        Setup::of(config, files)
    }

    fn of(config: Config, files: Vec<(String, String)>) -> Result<Setup, Vec<Fault>> {
        let mut faults = Vec::new();
        let library = Library::load(&files).map_err(|more| faults.extend(more));
        let pipelines = pipeline::load(&files).map_err(|more| faults.extend(more));
        let is_card =
            |path: &str| path.starts_with("scorecards/") && Path::new(path).extension().is_some_and(|kind| kind == "yaml");
        let mut cards = Vec::new();
        for (path, text) in files.iter().filter(|(path, _)| is_card(path)) {
            match Scorecard::parse(path, text) {
                Ok(card) => cards.push(Arc::new(card)),
                Err(fault) => faults.push(fault),
            }
        }
        if cards.iter().all(|card| card.serves.is_some()) && faults.is_empty() {
            faults.push(Fault::whole(
                "scorecards",
                "needs one scorecard without `serves`, for all accounts that no other one serves",
            ));
        }
        let (Ok(library), Ok(pipelines)) = (library, pipelines) else { return Err(faults) };
        let stages = |pipeline: &Arc<Pipeline>| {
            pipeline.stages.iter().map(|stage| format!("{}/{}", pipeline.name, stage.name)).collect::<Vec<_>>()
        };
        faults.extend(library.unknown_stages(&pipelines.iter().flat_map(stages).collect::<Vec<_>>()));
        if !faults.is_empty() {
            return Err(faults);
        }
        let kept = Kept {
            files,
            metrics: config.metrics.clone(),
            cadence_days: config.cycle.cadence_days.clone(),
            default_cadence_days: config.cycle.default_cadence_days,
            alive_by_use: config.accounts.alive == crate::config::Alive::Use,
            silent_days: config.accounts.silent_days,
            gap_tolerance_days: config.accounts.gap_tolerance_days,
            undecided_days: config.accounts.undecided_days,
            max_age_days: config.sources.iter().map(|source| (source.name.clone(), source.max_age_days)).collect(),
            quiet_days: config.sources.iter().filter_map(|source| Some((source.name.clone(), source.quiet_days?))).collect(),
            zone: config.company.zone().name().to_owned(),
            risk: Some((config.risk.horizon_days, config.risk.lost_a_year)),
            calendar: config.company.calendar.clone(),
            load: config.load.clone(),
        };
        let text = serde_json::to_string(&kept).map_err(|error| vec![Fault::whole("configuration", error.to_string())])?;
        let hash = hex(&Sha256::digest(&text))[..16].to_owned();
        Ok(Setup { config, library, cards, pipelines, hash, text })
    }

    /// The same with these scorecards (file, text): each stands in for the one of its name.
    pub fn with_scorecards(&self, new: &[(String, String)]) -> Result<Setup, Vec<Fault>> {
        let fault = |error: serde_json::Error| vec![Fault::whole("configuration", error.to_string())];
        let mut files = serde_json::from_str::<Kept>(&self.text).map_err(fault)?.files;
        for (file, text) in new {
            let name = Scorecard::parse(file, text).map_err(|fault| vec![fault])?.name;
            files.retain(|(path, text)| {
                !path.starts_with("scorecards/") || Scorecard::parse(path, text).map_or(true, |card| card.name != name)
            });
            files.push((format!("scorecards/{name}.yaml"), text.clone()));
        }
        files.sort();
        Setup::of(self.config.clone(), files)
    }

    /// The setup that was in force when a score was given, over the sources and the store of today.
    pub fn again(&self, text: &str) -> Result<Setup> {
        let kept: Kept = serde_json::from_str(text).context("reading the configuration kept with a score")?;
        let mut config = self.config.clone();
        config.metrics = kept.metrics;
        config.company.calendar = kept.calendar;
        config.load = kept.load;
        config.cycle.cadence_days = kept.cadence_days;
        config.cycle.default_cadence_days = kept.default_cadence_days;
        config.accounts.alive = if kept.alive_by_use { crate::config::Alive::Use } else { crate::config::Alive::Contract };
        config.accounts.silent_days = kept.silent_days;
        config.risk = kept.risk.map_or_else(crate::config::Risk::default, |(horizon_days, lost_a_year)| crate::config::Risk {
            horizon_days,
            lost_a_year,
        });
        config.accounts.gap_tolerance_days = kept.gap_tolerance_days;
        config.accounts.undecided_days = kept.undecided_days;
        for source in &mut config.sources {
            if let Some((_, days)) = kept.max_age_days.iter().find(|(name, _)| *name == source.name) {
                source.max_age_days = *days;
            }
            source.quiet_days = kept.quiet_days.iter().find(|(name, _)| *name == source.name).map(|(_, days)| *days);
        }
        Setup::of(config, kept.files).map_err(|faults| {
            let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("a scorecard of that time cannot be read any more: {}", texts.join("; "))
        })
    }
}

/// A file with its bytes as text.
fn as_text((file, bytes): (String, Vec<u8>)) -> Result<(String, String), Fault> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok((file, text)),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let (line, column) = before.iter().fold((1, 1), |(line, column), byte| match byte {
                b'\n' => (line + 1, 1),
                // The second byte of a letter and those behind it are no letters of their own.
                0x80..0xc0 => (line, column),
                _ => (line, column + 1),
            });
            Err(Fault { file, line, column, reason: "is not UTF-8; save the file as UTF-8".to_owned() })
        }
    }
}

/// The files of a playbooks folder by their relative paths, in the order of these.
fn read_folder(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for kind in ["cadence", "first-value", "pipelines", "plays", "scorecards", "solutions"] {
        let sub = folder.join(kind);
        if !sub.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&sub).with_context(|| format!("reading {}", sub.display()))? {
            let path = entry.with_context(|| format!("reading {}", sub.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_file() && !name.starts_with('.') {
                let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                files.push((format!("{kind}/{name}"), bytes));
            }
        }
    }
    files.sort();
    Ok(files)
}
