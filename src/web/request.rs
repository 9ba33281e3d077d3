//! `/requests/ID`: one request with everybody who asks for it.

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address;
use super::pager::Pager;
use super::pages::Body;
use super::requests::{before, flag, place, standing};
use super::requests_beside::{Known, beside};
use super::table::{Cell, Table, colour};
use super::view::{Asked, Refusal, View};
use crate::cli::requests_text::{figure, money};
use crate::cli::words::{band, points};
use crate::config::Sight;
use crate::cycle::requests::{AskRow, Looker, Moment, RequestDetail, RequestRow, request_detail};

/// The page.
pub(super) struct OneRequest;

/// Which page of those who ask.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    page: String,
}

/// A request as the visitor may see it.
#[derive(Debug, Serialize)]
pub(super) struct SeenRequest {
    #[serde(flatten)]
    detail: RequestDetail,
    #[serde(skip)]
    known: Known,
    #[serde(skip)]
    pager: Pager,
}

impl View for OneRequest {
    type Query = Which;
    type Report = SeenRequest;
    const TEMPLATE: &'static str = "request";
    const SUMMARY: &'static str = "One feature request with everybody who asks for it";

    async fn report(asked: &Asked<Which>) -> Result<SeenRequest, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let config = state.config();
        let looker = Looker::of(&config.requests, &visitor.user);
        let moment = Moment::of(&state.db, config, state.clock.as_ref(), None).await?;
        let detail = request_detail(&state.db, config, moment, &asked.id, looker).await?;
        let why = "There is no such request, or none of your accounts asks for it.";
        let detail = detail.ok_or_else(|| Refusal::Missing(why.to_owned()))?;
        let pager = Pager::of(&asked.query.page, detail.asks.len())?;
        let shown: Vec<&str> = detail.asks[pager.range()].iter().map(|ask| ask.account_id.as_str()).collect();
        let known = Known::of(state, visitor, &detail.report, &shown).await?;
        Ok(SeenRequest { detail, known, pager })
    }

    fn body(asked: &Asked<Which>, seen: &SeenRequest) -> Result<Body, Error> {
        let report = &seen.detail.report;
        let looker = Looker::of(&asked.state.config().requests, &asked.visitor.user);
        let row = report.requests.first().ok_or_else(|| Error::msg("a request without a row"))?;
        let sees_money = looker.sight != Sight::None || looker.own.is_some();
        let mut asks = Table::new("Who asks", "Nobody asks for it.").column("Asked on").column("Account").column("Band");
        if sees_money {
            asks = asks.number("ARR").number("Growth");
        }
        asks = asks.number("Severity").column("Renews").column("In their words").column("Told");
        for ask in &seen.detail.asks[seen.pager.range()] {
            asks.row(cells(ask, &seen.known, sees_money));
        }
        let merged = report.merged.iter().filter(|(_, into)| **into == row.id).map(|(from, _)| from.as_str());
        let content = json!({
            "id": row.id,
            "standing": standing(row),
            "since": row.status_on.map_or_else(String::new, |day| day.to_string()),
            "own": looker.own.is_some(),
            "facts": facts(row, looker),
            "formula": report.formula,
            "currency": report.currency,
            "as_of": report.as_of,
            "approximated": report.as_of_approximated,
            "merged": merged.collect::<Vec<_>>().join(", "),
            "asks": asks,
            "pager": seen.pager.links(&address::asking_page(&address::request(&row.id), &[])),
            "beside": beside(report, &seen.known, looker),
        });
        Body::new(row.title.clone(), &content)
    }
}

/// Its rank with the parts of it.
fn facts(row: &RequestRow, looker: Looker<'_>) -> Vec<Value> {
    let (parts, ways) = (&row.parts, &row.ways);
    let rank = before(row).map_or_else(|| place(row.rank), |before| format!("{} ({before})", place(row.rank)));
    let amounts = [
        ("ARR of those who ask", money(parts.arr.as_ref())),
        ("ARR near renewal", money(parts.renewal_arr.as_ref())),
        ("Growth", money(parts.growth.as_ref())),
    ];
    let mut facts = vec![("Rank", rank)];
    facts.extend((looker.sight == Sight::Full).then(|| ("Score", figure(row.score))));
    facts.push(("Accounts, families as one", row.accounts.to_string()));
    facts.extend(amounts.into_iter().filter(|_| looker.sight != Sight::None));
    facts.extend([
        ("Worst health", points(parts.health)),
        ("Severity, 1 to 5", points(parts.severity)),
        ("Core use is blocked", flag(parts.blocked).to_owned()),
        ("Effort, person-months", points(parts.effort)),
        ("Next renewal", row.next_renewal_on.map_or_else(|| "–".to_owned(), |day| day.to_string())),
    ]);
    if row.rank.is_some() {
        facts.extend([
            ("Rank by RICE, by ARR", format!("{}, {}", place(ways.rice_rank), place(ways.votes_rank))),
            ("Rank at half, at double the effort", format!("{}, {}", place(ways.rank_if_half), place(ways.rank_if_double))),
        ]);
    }
    facts.into_iter().map(|(name, text)| json!({"name": name, "text": text})).collect()
}

fn cells(ask: &AskRow, known: &Known, sees_money: bool) -> Vec<Cell> {
    let dash = || "–".to_owned();
    let mut account = vec![];
    account.extend((!ask.customer).then(|| "no customer".to_owned()));
    account.extend((ask.family != ask.account_id).then(|| format!("of {}", ask.family)));
    account.extend(ask.csm.as_ref().map(|csm| known.person(csm)));
    let mut words = vec![];
    words.extend(ask.by.as_ref().map(|by| format!("noted by {}", known.person(by))));
    words.extend(ask.filed_for.as_ref().map(|id| format!("filed for {id}")));
    let mut cells = vec![
        Cell::day(ask.asked_on),
        known.account(&ask.account_id).with_note(account.join(", ")),
        Cell::day(band(ask.band)).coloured(colour(ask.band)),
    ];
    if sees_money {
        cells.extend([&ask.arr, &ask.growth].map(|amount| Cell::number(money(amount.as_ref()))));
    }
    cells.extend([
        Cell::number(ask.severity.map_or_else(dash, |severity| severity.to_string())),
        Cell::day(ask.renews_on.map_or_else(dash, |day| day.to_string())),
        Cell::text(ask.note.clone().unwrap_or_default()).with_note(words.join(", ")).long(),
        Cell::day(ask.told_on.map_or_else(dash, |day| day.to_string())),
    ]);
    cells
}
