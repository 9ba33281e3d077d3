//! `longroad init DIR`: what a company edits, ready to be edited.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::exit::Wrong;
use super::reply::Reply;
use super::words::count;
use crate::config::DEFAULT_FILE;
use crate::sources::http;
use crate::{delivery, playbook};

/// Write a commented configuration and the shipped playbooks and templates, ready to edit
///
/// What lies in the folder already is left as it is; a folder with a longroad.toml is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad init north")]
pub struct Arguments {
    /// The folder; it is made where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const README: &str = include_str!("init_data.md");
const PLAYBOOKS: &str = include_str!("../../playbooks/README.md");

/// Writes the folder.
pub fn run(arguments: &Arguments) -> Result<Reply> {
    let folder = &arguments.folder;
    let configuration = folder.join("longroad.toml");
    if configuration.exists() {
        let reason = format!("{} is there already; edit it, or name another folder", configuration.display());
        return Err(Wrong(reason).into());
    }
    let mut files = vec![("data/README.md".to_owned(), README), ("playbooks/README.md".to_owned(), PLAYBOOKS)];
    files.extend(playbook::shipped().iter().map(|(path, text)| (format!("playbooks/{path}"), *text)));
    let mappings = http::shipped().iter();
    files.extend(mappings.map(|(name, text)| (format!("playbooks/sources/{name}.yaml"), *text)));
    files.extend(delivery::SHIPPED.iter().map(|(path, text)| (format!("templates/{path}"), *text)));
    // Last, so that a run that was broken off can be repeated.
    files.push(("longroad.toml".to_owned(), DEFAULT_FILE));
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let new = write_new(&folder.join(&path), text)?;
        if new { &mut written } else { &mut kept }.push(path);
    }
    let text = next_steps(folder, &written, &kept);
    Reply::new(text, &json!({"folder": folder.display().to_string(), "written": written, "kept": kept}))
}

/// Writes a file and its folders; `false` where it is there already.
pub fn write_new(file: &Path, text: &str) -> Result<bool> {
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("creating the folder {}", folder.display()))?;
    match fs::File::create_new(file) {
        Ok(mut made) => made.write_all(text.as_bytes()).with_context(|| format!("writing {}", file.display())).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("creating {}", file.display())),
    }
}

fn next_steps(folder: &Path, written: &[String], kept: &[String]) -> String {
    let folder = folder.display();
    let kept = match kept.len() {
        0 => String::new(),
        number => format!(" ({number} were there already and stay as they are)"),
    };
    format!(
        "{} written to {folder}{kept}.\n\n\
         Next:\n  \
         1. put accounts.csv, users.csv, contracts.csv and usage.csv into {folder}/data; its README.md tells their columns\n  \
         2. set the company's name, time zone and metrics in {folder}/longroad.toml\n  \
         3. cd {folder} && longroad check\n  \
         4. longroad cycle",
        count(written.len() as u64, "file", "files")
    )
}
