//! Digests on their way into the outbox, and out of it.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};

use super::book::{Book, Books};
use super::mailing::Sending;
use crate::clock::Clock;
use crate::config::{self, Config, OnUnknown};
use crate::delivery::{
    Drained, Letter, Maildir, Readers, Rendered, Renderer, Sender, Smtp, SmtpSettings, Tls, Transport, Unsubscribe,
};
use crate::digest::csm::{CsmDigest, News};
use crate::digest::{Context, Key, Kind, Links, OffSwitch, Reader, SignIn};
use crate::model::record::User;
use crate::model::{Day, Instant};
use crate::store::digest_off::{self, Off};
use crate::store::outbox::{self, Mail, Plan, Planned, Untold};
use crate::store::sign_in::LINK_SECONDS;
use crate::store::{Db, Tx, ledger, own_key};

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

/// What seals the links that switch digests off.
pub async fn off_switch(db: &Db) -> Result<OffSwitch> {
    Ok(OffSwitch::new(&own_key::get(db, "unsubscribe").await?))
}

/// What digests are written with.
#[derive(Debug)]
pub struct Stationery<'a> {
    config: &'a Config,
    renderer: Renderer,
    /// Where their links lead.
    pub links: Links,
    /// What nobody wants.
    off: Off,
}

impl<'a> Stationery<'a> {
    /// Not to be called within a transaction: a key may have to be made.
    pub async fn load(db: &Db, config: &'a Config) -> Result<Stationery<'a>> {
        let links = match config.mail.web_url.as_deref() {
            Some(address) => Links::new(address).with_switch(off_switch(db).await?),
            None => Links::default(),
        };
        Ok(Stationery { config, renderer: renderer(config)?, links, off: digest_off::all(db).await? })
    }

    /// Whether a person wants a digest.
    pub fn is_wanted(&self, kind: Kind, person: &str) -> bool {
        !self.config.digests.off.contains(person) && !self.off.contains_key(&(person.to_owned(), kind.name().to_owned()))
    }

    /// A csm's digest as a mail.
    pub fn write_csm(&self, book: &Book) -> Result<(Rendered, Mail)> {
        self.write(&book.inputs.reader, book.inputs.on, &CsmDigest::build(&book.inputs, &self.links))
    }

    /// A reader's digest of a day as a mail.
    pub fn write<C: Context>(&self, reader: &Reader, on: Day, digest: &C) -> Result<(Rendered, Mail)> {
        let parts = self.renderer.render(digest)?;
        let key = Key { digest: C::KIND.name().to_owned(), person: reader.id.clone(), day: on };
        let (from, off) = (&self.config.mail.from, self.links.off(C::KIND, &reader.id));
        let letter = Letter {
            key: &key,
            from_name: from.name.as_deref().unwrap_or_default(),
            from: from.email.as_ref(),
            to_name: &reader.name,
            to: &reader.email,
            parts: &parts,
            // The morning itself: the same inputs and the same date give the same bytes.
            at: reader.zone.start_of(on),
            // Mail programs send their request over TLS alone.
            unsubscribe: if off.starts_with("https://") { Unsubscribe::At(&off) } else { Unsubscribe::ByMail },
        };
        let mail = letter.write()?;
        Ok((parts, mail))
    }
}

/// The mail with a link that opens the web pages. It goes out at once and is kept nowhere: whoever holds the link may use it.
pub fn sign_in_mail(config: &Config, user: &User, link: &str, now: Instant) -> Result<Mail> {
    let parts = renderer(config)?.sign_in(&SignIn::new(&config.company.name, &user.name, link, LINK_SECONDS / 60))?;
    let day = config.company.zone().day_of(now);
    // Two links of one day are two mails.
    let key = Key { digest: format!("sign-in-{}", now.micros()), person: user.id.clone(), day };
    let from = &config.mail.from;
    let letter = Letter {
        key: &key,
        from_name: from.name.as_deref().unwrap_or_default(),
        from: from.email.as_ref(),
        to_name: &user.name,
        to: &user.email,
        parts: &parts,
        at: now,
        unsubscribe: Unsubscribe::Never,
    };
    letter.write()
}

/// What readers have not been told yet: what stands in mails that did not arrive, and what no mail holds. A past morning that
/// is lived through later tells its own news alone.
pub async fn untold(tx: &mut Tx, past: Option<Day>) -> Result<BTreeMap<String, News>> {
    let mut news = BTreeMap::new();
    if past.is_some() {
        return Ok(news);
    }
    for (person, Untold { mail, kept }) in outbox::untold(tx, Kind::Csm.name()).await? {
        let mut joined = News::parse(&mail).map_err(|reason| anyhow!(reason))?;
        joined.join(News::parse(&kept).map_err(|reason| anyhow!(reason))?);
        news.insert(person, joined);
    }
    Ok(news)
}

/// What became of the digests of a night.
#[derive(Debug, Default)]
pub struct Written {
    /// How many were put into the outbox.
    pub planned: u64,
    /// Which could not be written, and why.
    pub failed: Vec<String>,
}

impl Written {
    /// Notes that a reader's digest could not be written: one reader's broken address is no reason to keep the others waiting.
    pub fn fail(&mut self, kind: Kind, reader: &Reader, error: &anyhow::Error) {
        let (digest, error) = (kind.name(), format!("{error:#}"));
        tracing::error!(reader = %reader.id, digest, error, "no digest could be written");
        self.failed.push(format!("the digest {digest} of {} could not be written: {error}", reader.id));
    }
}

/// Puts the CSMs' digests that are worth it into the outbox, in place of those that nobody has tried to send.
pub async fn plan(tx: &mut Tx, stationery: &Stationery<'_>, books: Books, past: Option<Day>, now: Instant) -> Result<Written> {
    let csm = Kind::Csm.name();
    let mut written = Written::default();
    for book in books.close() {
        let reader = &book.inputs.reader;
        let Sending { on, due, not_after } = book.sending;
        let is_wanted = stationery.is_wanted(Kind::Csm, reader.id.as_str());
        let is_new =
            book.worth_sending || outbox::last_day(tx, csm, &reader.id).await?.is_none_or(|last| on - last >= QUIET_DAYS);
        if !is_wanted || !book.is_of_use() || !is_new {
            if past.is_none() {
                instead(tx, reader, &News::default()).await?;
            }
            continue;
        }
        let (_, mail) = match stationery.write_csm(&book) {
            Ok(mail) => mail,
            Err(error) => {
                written.fail(Kind::Csm, reader, &error);
                if past.is_none() {
                    instead(tx, reader, &book.news).await?;
                }
                continue;
            }
        };
        let news = book.news.to_text();
        let became = outbox::plan(tx, &Plan { mail: &mail, due, not_after, news: &news }, now).await?;
        written.planned += u64::from(matches!(became, Planned::New | Planned::Replaced));
        if past.is_some() {
            continue;
        }
        outbox::supersede(tx, csm, &reader.id, Some(on)).await?;
        let rest = match became {
            // That day's mail is on its way: what it does not tell waits for the next one.
            Planned::TooLate => {
                let told = outbox::news(tx, &mail.key.name()).await?;
                book.news.without(&News::parse(&told).map_err(|reason| anyhow!(reason))?).to_text()
            }
            _ => String::new(),
        };
        outbox::keep_untold(tx, csm, &book.inputs.reader.id, &rest).await?;
    }
    Ok(written)
}

/// Takes away what waits for a reader who is not written tonight, and what did not arrive. Whatever of it is news yet is kept for
/// the next mail; all else needs no saying, or is told to whoever has the accounts now.
async fn instead(tx: &mut Tx, reader: &Reader, news: &News) -> Result<()> {
    let csm = Kind::Csm.name();
    outbox::supersede(tx, csm, &reader.id, None).await?;
    outbox::forget_news(tx, csm, &reader.id).await?;
    outbox::keep_untold(tx, csm, &reader.id, &news.to_text()).await
}

/// What sends the mails.
pub fn sender(config: &Config) -> Result<Sender> {
    let readers = Readers { off: config.digests.off.clone(), zone: config.company.zone().clone() };
    Sender::new(
        transport(config)?,
        config.schedule.lease_seconds.into(),
        config.mail.on_unknown == OnUnknown::Resend,
        Some(readers),
    )
}

/// Sends all mails that are due, by the clock that all processes on the store share.
pub async fn send_due(db: &Db, sender: &mut Sender, clock: &dyn Clock, stop: &(dyn Fn() -> bool + Sync)) -> Result<Drained> {
    let here = clock.now();
    // Days that are lived in seconds have no other clock.
    let ahead = if clock.is_real() { ledger::now(db, here).await?.micros() - here.micros() } else { 0 };
    sender.drain(db, &Shared { clock, ahead }, stop).await
}

/// A clock that is put forward by so many microseconds.
struct Shared<'a> {
    clock: &'a dyn Clock,
    ahead: i64,
}

impl Clock for Shared<'_> {
    fn now(&self) -> Instant {
        self.clock.now().plus_micros(self.ahead)
    }
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
