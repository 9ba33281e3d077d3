//! `/mails`: which mails the visitor gets, when the next one comes, and what became of the last ones.

use anyhow::Error;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::AppState;
use super::pages::Body;
use super::solutions::NoQuery;
use super::table::{Cell, Table};
use super::view::{self, Asked, Refusal, View, refuse};
use super::visitor::Visitor;
use crate::cycle::{next_mail, reader_of};
use crate::digest::Kind;
use crate::model::{Day, Instant};
use crate::store::digest_off;
use crate::store::outbox::{self, State as Standing};

/// Mails of which the page tells what became of them.
const LAST: u32 = 20;

/// The page.
pub(super) struct Mails;

/// What the visitor gets by mail.
#[derive(Debug, Serialize)]
pub(super) struct MyMails {
    email: String,
    digests: Vec<Mine>,
    mails: Vec<PastMail>,
}

/// A digest of the visitor's role.
#[derive(Debug, Serialize)]
struct Mine {
    digest: &'static str,
    title: &'static str,
    /// When the next one may come; none where it is off.
    #[serde(serialize_with = "written")]
    next_at: Option<Instant>,
    /// Since when the visitor has it switched off.
    #[serde(serialize_with = "written")]
    off_since: Option<Instant>,
    /// Whether whoever runs longroad has switched all digests of the visitor off.
    off_by_configuration: bool,
}

/// A mail of late.
#[derive(Debug, Serialize)]
struct PastMail {
    day: Day,
    digest: String,
    state: &'static str,
    #[serde(serialize_with = "written")]
    sent_at: Option<Instant>,
    /// Why it was not sent, if so. What else the server says is for whoever runs longroad.
    why: Option<String>,
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn written<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

/// The digests of the visitor's role.
fn of_role(visitor: &Visitor) -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.role() == visitor.user.role)
}

impl View for Mails {
    type Query = NoQuery;
    type Report = MyMails;
    const TEMPLATE: &'static str = "mails";
    const SUMMARY: &'static str = "Which mails the person gets, when the next one may come, and what became of the last ones";

    async fn report(asked: &Asked<NoQuery>) -> Result<MyMails, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let (config, id) = (state.config(), visitor.user.id.as_str());
        let reader = reader_of(config.company.zone(), &visitor.user);
        let (off, all_off) = (digest_off::all(&state.db).await?, config.digests.off.contains(id));
        let digests = of_role(visitor).map(|kind| {
            let off_since = off.get(&(id.to_owned(), kind.name().to_owned())).copied();
            let is_wanted = off_since.is_none() && !all_off;
            let next_at = is_wanted.then(|| next_mail(kind, config, &reader, state.clock.now())).flatten();
            Mine { digest: kind.name(), title: kind.title(), next_at, off_since, off_by_configuration: all_off }
        });
        let mails = outbox::list_of(&state.db, id, LAST).await?.into_iter().map(|entry| PastMail {
            day: entry.key.day,
            digest: entry.key.digest,
            state: entry.state.name(),
            sent_at: entry.sent_at,
            why: (entry.state == Standing::Rejected).then_some(entry.answer),
        });
        Ok(MyMails { email: visitor.user.email.clone(), digests: digests.collect(), mails: mails.collect() })
    }

    fn body(asked: &Asked<NoQuery>, report: &MyMails) -> Result<Body, Error> {
        let zone = reader_of(asked.state.config().company.zone(), &asked.visitor.user).zone;
        let written = |at: Instant| format!("{} {}", zone.day_of(at), zone.clock_of(at));
        let digests = report.digests.iter().map(|mine| {
            json!({
                "digest": mine.digest,
                "title": mine.title,
                "next": mine.next_at.map(written).unwrap_or_default(),
                "off_since": mine.off_since.map(written).unwrap_or_default(),
                "off_by_configuration": mine.off_by_configuration,
            })
        });
        let mut table = Table::new("The last mails to you", "None was written to you yet.")
            .column("For")
            .column("Mail")
            .column("What became of it");
        for mail in &report.mails {
            let title = Kind::parse(&mail.digest).map_or_else(|| mail.digest.clone(), |kind| in_short(kind).to_owned());
            let became = Cell::text(became(mail.state, mail.sent_at.map(written))).with_note(mail.why.as_deref().unwrap_or(""));
            table.row([Cell::text(mail.day), Cell::text(title), became]);
        }
        let content = json!({
            "email": report.email,
            "zone": zone.name(),
            "digests": digests.collect::<Vec<_>>(),
            "table": table,
        });
        Body::new("My mails", &content)
    }
}

/// The title up to its colon.
fn in_short(kind: Kind) -> &'static str {
    kind.title().split(':').next().unwrap_or_default()
}

fn became(state: &str, sent: Option<String>) -> String {
    match (state, sent) {
        ("accepted", Some(at)) => format!("sent {at}"),
        ("accepted", None) => "sent".to_owned(),
        ("rejected", _) => "not sent".to_owned(),
        ("unknown", _) => "sent, but nobody knows whether it arrived".to_owned(),
        _ => "waits to be sent".to_owned(),
    }
}

/// What is switched.
#[derive(Debug, Deserialize)]
pub(super) struct Switching {
    digest: String,
    what: String,
}

/// Switches a digest of the visitor off, or on again.
pub(super) async fn switch(State(state): State<AppState>, headers: HeaderMap, Form(switching): Form<Switching>) -> Response {
    let visitor = match view::visitor(&state, &headers, "/mails").await {
        Ok(visitor) => visitor,
        Err(answer) => return answer,
    };
    match switched(&state, &visitor, &switching).await {
        Ok(said) => Redirect::to(&format!("/mails?said={said}")).into_response(),
        Err(refusal) => refuse(&state, Some(&visitor), "/mails", &refusal),
    }
}

async fn switched(state: &AppState, visitor: &Visitor, switching: &Switching) -> Result<&'static str, Refusal> {
    let kind = of_role(visitor).find(|kind| kind.name() == switching.digest);
    let kind = kind.ok_or_else(|| Refusal::Wrong(format!("You get no mail `{}`.", switching.digest)))?;
    let (off, said) = match switching.what.as_str() {
        "off" => (true, "off"),
        "on" => (false, "on"),
        other => return Err(Refusal::Wrong(format!("A mail is switched on or off, not `{other}`."))),
    };
    digest_off::switch(&state.db, visitor.user.id.as_str(), kind.name(), off, "on the web page", state.clock.now()).await?;
    state.memo.clear();
    Ok(said)
}
