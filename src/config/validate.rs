//! What must hold between several settings. What one setting may be, its type says.

use std::collections::BTreeSet;

use super::{Config, Transport};

/// A contradiction, and the setting at which it shows.
pub(super) struct Contradiction {
    /// The setting's path: section, then key; the number of a source between them.
    pub(super) path: Vec<String>,
    /// What is wrong, and what would be right.
    pub(super) reason: String,
}

fn at<T>(path: &[&str], reason: impl Into<String>) -> Result<T, Contradiction> {
    Err(Contradiction { path: path.iter().map(|step| (*step).to_owned()).collect(), reason: reason.into() })
}

/// Looks at all of them; the first contradiction is the answer.
pub(super) fn validate(config: &Config) -> Result<(), Contradiction> {
    mail(config)?;
    let web = &config.web;
    if !web.listen.ip().is_loopback() && web.token.is_none() {
        at(
            &["web", "listen"],
            format!("`{}` can be reached from other machines: that needs web.token or web.token_file", web.listen),
        )?;
    }
    if web.token.as_ref().is_some_and(|token| token.reveal().len() < 16) {
        at(&["web", "token"], "is shorter than 16 characters, and so can be guessed")?;
    }
    if let Some((setting, reason)) = config.cost.contradiction() {
        at(&["cost", setting], reason)?;
    }
    config.read_store_url().map(drop).or_else(|reason| at(&["store", "url"], reason))?;
    let mut names = BTreeSet::new();
    for (number, source) in config.sources.iter().enumerate() {
        if let Some((setting, reason)) = source.contradiction() {
            at(&["source", &number.to_string(), setting], reason)?;
        }
        if !names.insert(source.name.as_str()) {
            at(
                &["source", &number.to_string(), "name"],
                format!("two sources are called `{}`; give each a name of its own", source.name),
            )?;
        }
    }
    for name in config.metrics.keys() {
        if name.trim() != name || name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            at(&["metrics", name], "a metric's name is 1 to 100 characters of one line, without blanks around it")?;
        }
    }
    Ok(())
}

fn mail(config: &Config) -> Result<(), Contradiction> {
    let mail = &config.mail;
    if mail.transport == Transport::Smtp && mail.host.is_none() {
        at(&["mail", "transport"], "`smtp` needs mail.host, the name of the mail server")?;
    }
    match (&mail.user, &mail.password) {
        (Some(_), None) => at(&["mail", "user"], "needs mail.password or mail.password_file"),
        (None, Some(_)) => at(&["mail", "password"], "needs mail.user"),
        _ => Ok(()),
    }
}
