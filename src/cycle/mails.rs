//! Digests on their way into the outbox.

use anyhow::{Result, anyhow};

use super::Setup;
use super::book::{Book, Books};
use crate::config::{self, Config};
use crate::delivery::{Letter, Maildir, Rendered, Renderer, Smtp, SmtpSettings, Tls, Transport};
use crate::digest::Key;
use crate::digest::csm::CsmDigest;
use crate::model::{Day, Instant};
use crate::store::outbox::{self, Mail};
use crate::store::{Db, Tx};

/// The name of the CSM's digest in keys.
pub const CSM: &str = "csm";
/// A reader with nothing to do hears so after so many days without a mail.
const QUIET_DAYS: i32 = 7;

/// Templates, from the configured folder or as they came with longroad.
pub fn renderer(config: &Config) -> Result<Renderer> {
    let folder = config.resolve(&config.paths.templates);
    Renderer::load(folder.is_dir().then_some(folder.as_path())).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow!("reading the templates: {}", texts.join("; "))
    })
}

/// A reader's digest as a mail. `live`: the reader's own day counts, which may be another than the company's.
pub fn write(
    config: &Config,
    renderer: &Renderer,
    book: &Book,
    as_of: Day,
    live: bool,
    now: Instant,
) -> Result<(Rendered, Mail)> {
    let reader = &book.inputs.reader;
    let on = if live { reader.zone.day_of(now) } else { as_of };
    let web_url = config.mail.web_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let parts = renderer.csm(&CsmDigest::build(&book.inputs, on, web_url))?;
    let key = Key { digest: CSM.to_owned(), person: reader.id.clone(), day: on };
    let from = &config.mail.from;
    let letter = Letter {
        key: &key,
        from_name: from.name.as_deref().unwrap_or_default(),
        from: from.email.as_ref(),
        to_name: &reader.name,
        to: &reader.email,
        parts: &parts,
        // The morning itself: the same inputs and the same date give the same bytes.
        at: reader.zone.start_of(on),
        web_url,
    };
    let mail = letter.write()?;
    Ok((parts, mail))
}

/// Puts the digests that are worth it into the outbox, and says how many those were. One reader's broken address is no
/// reason to keep the others waiting.
pub async fn plan(db: &Db, tx: &mut Tx, setup: &Setup, books: Books, as_of: Day, live: bool, now: Instant) -> Result<u64> {
    let renderer = renderer(&setup.config)?;
    let mut planned = 0;
    for book in books.close() {
        let reader = &book.inputs.reader;
        if !book.worth_sending {
            let on = if live { reader.zone.day_of(now) } else { as_of };
            if outbox::last_day(db, CSM, &reader.id).await?.is_some_and(|last| on - last < QUIET_DAYS) {
                continue;
            }
        }
        match write(&setup.config, &renderer, &book, as_of, live, now) {
            Ok((_, mail)) => planned += u64::from(outbox::plan(tx, &mail, now).await?),
            Err(error) => tracing::error!(reader = %reader.id, error = format!("{error:#}"), "no digest could be written"),
        }
    }
    Ok(planned)
}

/// The way by which mails leave.
pub fn transport(config: &Config) -> Result<Transport> {
    let mail = &config.mail;
    if mail.transport == config::Transport::File {
        return Ok(Transport::File(Maildir::new(config.resolve(&mail.folder))));
    }
    let tls = match mail.tls {
        config::Tls::Starttls => Tls::Starttls,
        config::Tls::Tls => Tls::Tls,
        config::Tls::None => Tls::None,
    };
    let host = mail.host.as_deref().unwrap_or_default();
    let mut settings = SmtpSettings::new(host, mail.port, tls, mail.from.email.domain());
    settings.login = mail.user.clone().zip(mail.password.as_ref().map(|password| password.reveal().to_owned()));
    Ok(Transport::Smtp(Box::new(Smtp::new(settings).map_err(|reason| anyhow!(reason))?)))
}
