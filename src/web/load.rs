//! `/load`: what the books ask of people, against the hours there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Error;
use serde_json::json;

use super::AppState;
use super::address;
use super::pages::Body;
use super::solutions::NoQuery;
use super::table::{Cell, Table};
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cli::load::{cost, kinds, relief, without_csm};
use crate::cycle::{self, LoadReport};
use crate::digest::LIST_LIMIT;
use crate::model::record::Role;
use crate::model::{Id, Money};
use crate::playbook;

/// The page.
pub(super) struct Load;

impl AppState {
    /// What all books ask of people.
    async fn load(&self) -> Result<Arc<LoadReport>, Error> {
        let gather = Box::pin(cycle::load(&self.db, &self.setup, self.clock.as_ref()));
        self.memo.get("load", self.clock.now(), gather).await
    }

    /// The same of those people whose accounts a visitor sees.
    pub(super) async fn load_for(&self, visitor: &Visitor) -> Result<LoadReport, Error> {
        let mut report = LoadReport::clone(self.load().await?.as_ref());
        let sees = |person: &Id| visitor.sight.sees(Some(person.as_str()));
        report.people.retain(|one| sees(&one.person));
        report.moves.retain(|one| sees(&one.from));
        report.reliefs.retain(|one| sees(&one.person));
        report.untouched.retain(|one| sees(&one.person));
        report.untouched_count = report.people.iter().filter(|one| one.over).map(|one| one.untouched).sum();
        if !visitor.sight.sees(None) {
            report.without_csm = 0;
        }
        Ok(report)
    }

    /// What people are called, by id.
    pub(super) async fn names(&self) -> Result<BTreeMap<String, String>, Error> {
        Ok(self.users().await?.into_iter().map(|(id, user)| (id, user.name)).collect())
    }
}

/// What a page needs besides the report.
#[derive(Debug, serde::Serialize)]
pub(super) struct LoadPage {
    #[serde(flatten)]
    report: LoadReport,
    #[serde(skip)]
    names: BTreeMap<String, String>,
}

/// ARR for people.
pub(super) fn money(sum: Option<Money>) -> String {
    sum.map_or_else(|| "–".to_owned(), |sum| sum.to_string())
}

/// Hours needed of hours there are, in the colour of too much.
pub(super) fn hours(one: &playbook::Load) -> Cell {
    let cell = Cell::number(format!("{:.1} of {:.1}", one.hours_needed, one.hours_per_week));
    if one.over { cell.with_note(format!("{:.1} over", one.hours_needed - one.hours_per_week)) } else { cell }
}

impl View for Load {
    type Query = NoQuery;
    type Report = LoadPage;
    const TEMPLATE: &'static str = "load";
    const SUMMARY: &'static str = "What the books ask of people, against the hours there are";

    fn is_for(visitor: &Visitor) -> bool {
        matches!(visitor.user.role, Role::Leader | Role::Admin)
    }

    async fn report(asked: &Asked<NoQuery>) -> Result<LoadPage, Refusal> {
        Ok(LoadPage { report: asked.state.load_for(&asked.visitor).await?, names: asked.state.names().await? })
    }

    fn body(_: &Asked<NoQuery>, page: &LoadPage) -> Result<Body, Error> {
        let report = &page.report;
        let name = |id: &Id| page.names.get(id.as_str()).cloned().unwrap_or_else(|| id.to_string());
        let rate = if report.without_rate.is_empty() {
            String::new()
        } else {
            format!("Left out, without a rate into {}: {}.", report.currency, report.without_rate.join(", "))
        };
        let content = json!({
            "as_of": report.as_of,
            "people": people(report, &name),
            "hours": by_kind(report, &name),
            "without_rate": rate,
            "cost": cost(report).unwrap_or_default(),
            "without_csm": without_csm(report).unwrap_or_default(),
            "any_untouched": !report.untouched.is_empty(),
            "untouched": untouched(report, &name),
            "untouched_more": report.untouched_count.saturating_sub(LIST_LIMIT),
            "any_moves": !report.moves.is_empty(),
            "moves": moves(report, &name),
            "moves_more": report.moves.len().saturating_sub(LIST_LIMIT),
            "reliefs": report.reliefs.iter().map(|one| relief(one, &name(&one.person))).collect::<Vec<_>>(),
        });
        Body::new("Load", &content)
    }
}

fn people(report: &LoadReport, name: &dyn Fn(&Id) -> String) -> Table {
    let mut table = Table::new("Who has how much", "Nobody has a book.")
        .column("Who")
        .number("Hours a week")
        .number("Accounts")
        .number("ARR")
        .number("Open")
        .number("Overdue")
        .number("Waiting")
        .number("Untouched")
        .number("Their ARR");
    for one in &report.people {
        table.row([
            Cell::link(name(&one.person), format!("/tasks?csm={}", address::encoded(one.person.as_str()))),
            hours(one),
            Cell::number(one.accounts),
            Cell::number(money(one.arr)),
            Cell::number(one.open),
            Cell::number(one.overdue),
            Cell::number(one.waiting),
            Cell::number(one.untouched),
            Cell::number(money(one.untouched_arr)),
        ]);
    }
    table
}

/// Hours a week by what they go into.
fn by_kind(report: &LoadReport, name: &dyn Fn(&Id) -> String) -> Table {
    let kinds = kinds(report);
    let mut table = Table::new("Hours a week, by what they go into", "").column("Who").number("Contacts");
    for kind in &kinds {
        table = table.number(kind);
    }
    for one in &report.people {
        let of = |kind: &&'static str| one.task_hours.get(*kind).copied().unwrap_or_default();
        let tasks = kinds.iter().map(|kind| Cell::number(format!("{:.1}", of(kind))));
        table.row([Cell::text(name(&one.person)), Cell::number(format!("{:.1}", one.contact_hours))].into_iter().chain(tasks));
    }
    table
}

fn untouched(report: &LoadReport, name: &dyn Fn(&Id) -> String) -> Table {
    let mut table = Table::new("The most revenue first", "")
        .column("Account")
        .column("Whose")
        .number("Silent")
        .number("Allowed")
        .number("ARR");
    for one in report.untouched.iter().take(LIST_LIMIT) {
        table.row([
            Cell::link(&one.name, address::account(one.account_id.as_str())),
            Cell::text(name(&one.person)),
            Cell::number(format!("{:.0} days", one.silent_days)),
            Cell::number(format!("{} days", one.every_days)),
            Cell::number(money(one.arr)),
        ]);
    }
    table
}

fn moves(report: &LoadReport, name: &dyn Fn(&Id) -> String) -> Table {
    let mut table =
        Table::new("With its tasks", "").column("Account").column("From").column("To").number("Frees a week").number("ARR");
    for one in report.moves.iter().take(LIST_LIMIT) {
        let to = Cell::text(name(&one.to));
        table.row([
            Cell::link(&one.name, address::account(one.account_id.as_str())),
            Cell::text(name(&one.from)),
            if one.in_region == Some(true) { to.with_note("in its region") } else { to },
            Cell::number(format!("{:.1} h", one.hours)),
            Cell::number(money(one.arr)),
        ]);
    }
    table
}
