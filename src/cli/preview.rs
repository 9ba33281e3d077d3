//! `longroad preview DIGEST`: a digest as it would be sent. Nothing is stored, nothing is sent.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::exit::Wrong;
use super::open;
use super::reply::Reply;
use crate::clock::Clock;
use crate::cycle::{self, Preview};
use crate::digest::Kind;
use crate::model::Day;

/// Show a digest as it would be sent; nothing is sent, and nothing remembered
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  longroad preview csm --for dana --html dana.html")]
pub struct Arguments {
    /// Which digest
    #[arg(value_name = "DIGEST", value_parser = kinds())]
    digest: Kind,
    /// The reader, a user's id; every reader by default
    #[arg(long = "for", value_name = "USER")]
    reader: Option<String>,
    /// The morning; today by default
    #[arg(long, value_name = "DATE")]
    as_of: Option<Day>,
    /// Write the HTML part to this file, instead of the text to the terminal
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// The names of the digests.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    let names = PossibleValuesParser::new(Kind::ALL.map(Kind::name));
    names.map(|name| Kind::parse(&name).expect("one of the names just listed"))
}

/// Shows it.
pub async fn run(file: &Path, arguments: &Arguments, clock: &dyn Clock) -> Result<Reply> {
    let setup = open::setup(file)?;
    open::templates(&setup.config)?;
    let as_of = open::morning(&setup.config, clock, arguments.as_of)?;
    let db = open::store(&setup.config).await?;
    let only = arguments.reader.as_deref();
    let role = arguments.digest.role().word();
    let mails = cycle::preview(&db, &setup, clock, arguments.digest, only, as_of).await?;
    db.close().await;
    if let (true, Some(reader)) = (mails.is_empty(), only) {
        bail!("nobody with the id `{reader}` gets this digest; readers are the users with the role {role}");
    }
    let json: Vec<_> = mails
        .iter()
        .map(|mail| {
            let parts = &mail.rendered;
            json!({"reader": mail.reader, "email": mail.email, "subject": parts.subject, "text": parts.text, "html": parts.html})
        })
        .collect();
    let text = match &arguments.html {
        Some(file) => write_html(file, &mails)?,
        None if mails.is_empty() => format!("nobody gets this digest; readers are the users with the role {role}"),
        None => mails.iter().map(text).collect::<Vec<_>>().join("\n\n"),
    };
    Reply::new(text, &json!({"mails": json}))
}

/// A mail for the terminal.
pub fn text(mail: &Preview) -> String {
    format!("To: {}\nSubject: {}\n\n{}", mail.email, mail.rendered.subject, mail.rendered.text.trim_end())
}

fn write_html(file: &Path, mails: &[Preview]) -> Result<String> {
    let [mail] = mails else {
        let readers: Vec<&str> = mails.iter().map(|mail| mail.reader.as_str()).collect();
        let reason = format!("--html needs one reader; name one with --for (readers: {})", readers.join(", "));
        return Err(Wrong(reason).into());
    };
    std::fs::write(file, mail.rendered.page()).with_context(|| format!("writing {}", file.display()))?;
    Ok(format!("the digest for {} is written to {}", mail.reader, file.display()))
}
