//! `/requests`: feature requests by rank with the parts of each, and what follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address;
use super::choices::choices;
use super::pager::Pager;
use super::pages::Body;
use super::requests_beside::{Known, beside};
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, Sheet, View};
use crate::cli::requests_text::{COLUMNS, figure, money, row as sheet_row};
use crate::cli::sheet;
use crate::cli::words::{count, points};
use crate::config::Sight;
use crate::cycle::requests::{Filter, Looker, RequestRow, RequestsReport};
use crate::model::record::RequestStatus;

/// The list.
pub(super) struct Requests;

/// Which of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// Of this product; of all if empty.
    product: String,
    /// With this status.
    status: String,
    page: String,
}

impl Which {
    fn filter(&self) -> Result<Filter, Refusal> {
        let product = Some(self.product.clone()).filter(|product| !product.is_empty());
        let status = RequestStatus::ALL.iter().copied().find(|status| status.word() == self.status);
        if status.is_none() && !self.status.is_empty() {
            let words: Vec<&str> = RequestStatus::ALL.iter().map(|status| status.word()).collect();
            return Err(Refusal::Wrong(format!("There is no status `{}`; there are {}.", self.status, words.join(", "))));
        }
        Ok(Filter { product, status, id: None })
    }

    /// What stands behind the question mark, but for the page.
    fn pairs(&self) -> [(&str, &str); 2] {
        [("product", &self.product), ("status", &self.status)]
    }
}

/// The requests as the visitor may see them.
#[derive(Debug, Serialize)]
pub(super) struct SeenRequests {
    #[serde(flatten)]
    report: Arc<RequestsReport>,
    #[serde(skip)]
    products: Vec<String>,
    #[serde(skip)]
    known: Known,
    #[serde(skip)]
    pager: Pager,
}

impl View for Requests {
    type Query = Which;
    type Report = SeenRequests;
    const TEMPLATE: &'static str = "requests";
    const SUMMARY: &'static str = "Feature requests by rank with the parts of each, and what follows from them";
    const QUERY: &'static [(&'static str, &'static str)] =
        &[("product", "Only those of this product"), ("status", "`open`, `planned`, `building`, `shipped` or `declined`")];

    async fn report(asked: &Asked<Which>) -> Result<SeenRequests, Refusal> {
        let (state, which) = (&asked.state, &asked.query);
        let looker = Looker::of(&state.config().requests, &asked.visitor.user);
        let report = state.requests(&which.filter()?, looker).await?;
        let all = state.requests(&Filter::default(), looker).await?;
        let mut products: Vec<String> = all.requests.iter().filter_map(|row| row.product.clone()).collect();
        products.sort_unstable();
        products.dedup();
        let known = Known::of(state, &asked.visitor, &report, &[]).await?;
        Ok(SeenRequests { pager: Pager::of(&which.page, report.requests.len())?, report, products, known })
    }

    fn body(asked: &Asked<Which>, seen: &SeenRequests) -> Result<Body, Error> {
        let (which, report) = (&asked.query, &seen.report);
        let looker = Looker::of(&asked.state.config().requests, &asked.visitor.user);
        let statuses = RequestStatus::ALL.iter().map(|status| (status.word(), status.word()));
        let content = json!({
            "all": count(report.requests.len() as u64, "request", "requests"),
            "own": looker.own.is_some(),
            "as_of": report.as_of,
            "compared_with": report.compared_with,
            "approximated": report.as_of_approximated,
            "formula": report.formula,
            "currency": report.currency,
            "products": choices(seen.products.iter().map(|name| (name, name)), &which.product),
            "statuses": choices(statuses, &which.status),
            "table": ranks(&report.requests[seen.pager.range()], looker.sight),
            "pager": seen.pager.links(&address::asking_page("/requests", &which.pairs())),
            "sheet_href": address::asking("/requests.csv", &which.pairs()),
            "beside": beside(report, &seen.known, looker),
        });
        Body::new("Requests", &content)
    }
}

impl Sheet for Requests {
    fn sheet(_: &Asked<Which>, seen: &SeenRequests) -> Result<String, Error> {
        sheet::text(&COLUMNS, seen.report.requests.iter().map(sheet_row))
    }
}

/// Requests with the parts of their ranks. Where nothing of revenue may be seen, it has no columns.
fn ranks(rows: &[RequestRow], sight: Sight) -> Table {
    let mut table = Table::new("Requests by rank, with the parts of each", "There is no such request.")
        .number("Rank")
        .column("Request")
        .number("Accounts");
    if sight != Sight::None {
        table = table.number("ARR").number("Growth");
    }
    table = table.number("Health").number("Severity").column("Core use").number("Effort").column("Next renewal");
    if sight == Sight::Full {
        table = table.number("Score");
    }
    for row in rows {
        table.row(cells(row, sight));
    }
    table
}

fn cells(row: &RequestRow, sight: Sight) -> Vec<Cell> {
    let parts = &row.parts;
    let rank = Cell::number(place(row.rank)).with_note(before(row).unwrap_or_default());
    let mut cells =
        vec![rank, Cell::link(&row.title, address::request(&row.id)).with_note(standing(row)), Cell::number(row.accounts)];
    if sight != Sight::None {
        let renewing =
            parts.renewal_arr.as_ref().map_or_else(String::new, |_| format!("{} renewing", money(parts.renewal_arr.as_ref())));
        cells.extend([Cell::number(money(parts.arr.as_ref())).with_note(renewing), Cell::number(money(parts.growth.as_ref()))]);
    }
    cells.extend([
        Cell::number(points(parts.health)),
        Cell::number(points(parts.severity)),
        Cell::text(flag(parts.blocked)),
        Cell::number(points(parts.effort)),
        Cell::day(row.next_renewal_on.map_or_else(|| "–".to_owned(), |day| day.to_string())),
    ]);
    if sight == Sight::Full {
        cells.push(Cell::number(figure(row.score)));
    }
    cells
}

/// A rank, or that there is none.
pub(super) fn place(rank: Option<usize>) -> String {
    rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string())
}

/// What it was a week ago, if that is another.
pub(super) fn before(row: &RequestRow) -> Option<String> {
    let moved = row.moved.as_ref().filter(|moved| moved.rank != row.rank);
    if row.new { Some("new".to_owned()) } else { moved.map(|moved| format!("was {}", place(moved.rank))) }
}

/// `yes`, `no`, or that nobody knows.
pub(super) fn flag(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    }
}

/// How it stands: `Atlas, planned; waits for an estimate`.
pub(super) fn standing(row: &RequestRow) -> String {
    let product = row.product.as_ref().map_or_else(String::new, |product| format!("{product}, "));
    let more = match row.place {
        "waiting_for_estimate" => "; waits for an estimate".to_owned(),
        "lacking" => format!("; not ranked, as this is not known: {}", row.lacking.join(", ")),
        _ => String::new(),
    };
    format!("{product}{}{more}", row.status)
}

/// The titles of requests by their ids.
pub(super) fn titles(report: &RequestsReport) -> BTreeMap<&str, &str> {
    report.requests.iter().map(|row| (row.id.as_str(), row.title.as_str())).collect()
}
