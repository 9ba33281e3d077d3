//! What follows from requests: who is to be told, whose renewal hangs on them, what moved, who uses what was built.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::{Value, json};

use super::requests::{place, titles};
use super::table::{Cell, Table, colour};
use super::visitor::Visitor;
use super::{AppState, address};
use crate::cli::requests_text::money;
use crate::cli::words::band;
use crate::config::Sight;
use crate::cycle::requests::{Looker, RequestsReport, ShippedRow};
use crate::model::record::{Account, User};
use crate::playbook::TaskStatus;
use crate::store::accounts;
use crate::store::facts::AsOf;

/// Rows of each list that are shown.
const MOST: usize = 50;
/// Accounts of one request that are named.
const MOST_NAMES: usize = 10;

/// What accounts and people are called, and which of them the visitor may open.
#[derive(Debug)]
pub(super) struct Known {
    accounts: BTreeMap<String, Account>,
    people: BTreeMap<String, User>,
    visitor: Visitor,
}

impl Known {
    /// Those of a report, as far as it is shown, and these.
    pub(super) async fn of(state: &AppState, visitor: &Visitor, report: &RequestsReport, more: &[&str]) -> Result<Known> {
        let mut ids: BTreeSet<&str> = more.iter().copied().collect();
        ids.extend(report.to_tell.iter().take(MOST).map(|row| row.account_id.as_str()));
        ids.extend(report.renewals.iter().take(MOST).map(|row| row.account_id.as_str()));
        ids.extend(report.broken_promises.iter().take(MOST).map(|row| row.account_id.as_str()));
        for row in report.shipped.iter().take(MOST) {
            let used = row.used.iter().take(MOST_NAMES).map(|(id, _)| id);
            let others = row.not_used.iter().take(MOST_NAMES).chain(row.unknown.iter().take(MOST_NAMES));
            ids.extend(used.chain(others).map(String::as_str));
        }
        let as_of = AsOf { day: state.today() + 1, through_pull: i64::MAX };
        let ids: Vec<&str> = ids.into_iter().collect();
        let accounts = accounts::some(&state.db, &ids, as_of, state.config().company.zone()).await?;
        Ok(Known { accounts, people: state.users().await?, visitor: visitor.clone() })
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.accounts.get(id).map_or(id, |account| account.name.as_str())
    }

    /// An account's name, which leads to its page where the visitor may see it.
    pub(super) fn account(&self, id: &str) -> Cell {
        let csm = self.accounts.get(id).map(|account| account.csm.as_ref().map(crate::model::Id::as_str));
        match csm {
            Some(csm) if self.visitor.sight.sees(csm) => Cell::link(self.name(id), address::account(id)).long(),
            _ => Cell::text(self.name(id)).long(),
        }
    }

    /// A person's name.
    pub(super) fn person(&self, id: &str) -> String {
        self.people.get(id).map_or_else(|| id.to_owned(), |user| user.name.clone())
    }

    fn names<'a>(&self, ids: impl ExactSizeIterator<Item = &'a str>) -> String {
        let more = ids.len().saturating_sub(MOST_NAMES);
        let mut names: Vec<String> = ids.take(MOST_NAMES).map(|id| self.name(id).to_owned()).collect();
        names.extend((more > 0).then(|| format!("{more} more")));
        names.join(", ")
    }
}

/// What templates name in the part that follows the ranks.
pub(super) fn beside(report: &RequestsReport, known: &Known, looker: Looker<'_>) -> Value {
    let sees_money = looker.sight != Sight::None || looker.own.is_some();
    json!({
        "tell": tell(report, known),
        "told": report.to_tell.iter().filter(|row| row.told_on.is_some()).count(),
        "renewals": renewals(report, known, sees_money),
        "moved": moved(report),
        "compared_with": report.compared_with,
        "shipped": shipped(report, known),
        "promises": promises(report, known, sees_money),
    })
}

/// A table of the first rows of a list, if it has any.
fn listed<T>(title: &str, rows: &[T], table: impl Fn(Table) -> Table, cells: impl Fn(&T) -> Vec<Cell>) -> Option<Table> {
    let more = rows.len().saturating_sub(MOST);
    let title = if more > 0 { format!("{title}; {more} more are in the JSON") } else { title.to_owned() };
    let mut listed = table(Table::new(&title, ""));
    rows.iter().take(MOST).for_each(|row| listed.row(cells(row)));
    (!rows.is_empty()).then_some(listed)
}

fn tell(report: &RequestsReport, known: &Known) -> Option<Table> {
    let titles = titles(report);
    // Those whose task waits for a free day are to be told, too.
    let waits = |status: TaskStatus| matches!(status, TaskStatus::Open | TaskStatus::Snoozed | TaskStatus::Waiting);
    let waiting: Vec<_> = report.to_tell.iter().filter(|row| waits(row.task_status)).collect();
    let heads = |table: Table| table.column("Until").column("Account").column("What").column("Who tells them");
    listed("Who must be told of the last change", &waiting, heads, |row| {
        let sees = known.visitor.sight.sees(row.csm.as_deref());
        let until = Cell::day(row.due_on);
        let until = if sees { until.leading(address::task(&row.task_id)) } else { until };
        let title = titles.get(row.request_id.as_str()).copied().unwrap_or(&row.request_id);
        vec![
            until,
            known.account(&row.account_id),
            Cell::link(title, address::request(&row.request_id)).with_note(row.status),
            Cell::text(row.csm.as_deref().map_or_else(|| "nobody".to_owned(), |csm| known.person(csm))),
        ]
    })
}

fn renewals(report: &RequestsReport, known: &Known, sees_money: bool) -> Option<Table> {
    let titles = titles(report);
    let arr = format!("ARR, {}", report.currency);
    let heads = |table: Table| {
        let table = table.column("Act by").column("Renews").column("Account").column("Band");
        if sees_money { table.number(&arr) } else { table }.column("Waits for")
    };
    listed("Renewals that hang on a request", &report.renewals, heads, |row| {
        let waits = row.requests.iter().map(|id| titles.get(id.as_str()).copied().unwrap_or(id));
        let mut cells = vec![
            Cell::day(row.act_by.map_or_else(|| "–".to_owned(), |day| day.to_string())),
            Cell::day(row.renews_on),
            known.account(&row.account_id),
            Cell::day(band(row.band)).coloured(colour(row.band)),
        ];
        cells.extend(sees_money.then(|| Cell::number(money(row.arr.as_ref()))));
        cells.push(Cell::text(waits.collect::<Vec<_>>().join("; ")));
        cells
    })
}

fn promises(report: &RequestsReport, known: &Known, sees_money: bool) -> Option<Table> {
    let titles = titles(report);
    let arr = format!("ARR, {}", report.currency);
    let heads = |table: Table| {
        let table = table.column("Asked on").column("Account").column("For");
        if sees_money { table.number(&arr) } else { table }.column("CSM")
    };
    listed("Broken promises: who has waited too long for an answer", &report.broken_promises, heads, |row| {
        let title = titles.get(row.request_id.as_str()).copied().unwrap_or(&row.request_id);
        let mut cells = vec![
            Cell::day(row.asked_on).with_note(format!("{} days ago", row.days)),
            known.account(&row.account_id),
            Cell::link(title, address::request(&row.request_id)),
        ];
        cells.extend(sees_money.then(|| Cell::number(money(row.arr.as_ref()))));
        cells.push(Cell::text(row.csm.as_deref().map_or_else(|| "nobody".to_owned(), |csm| known.person(csm))));
        cells
    })
}

fn moved(report: &RequestsReport) -> Option<Table> {
    let rows = report.movers.iter().filter_map(|id| report.requests.iter().find(|row| row.id == *id));
    let rows: Vec<_> = rows.filter_map(|row| Some((row, row.moved.as_ref()?))).collect();
    let heads = |table: Table| table.column("Rank").column("Request").column("Why");
    listed(&format!("What moved since {}", report.compared_with), &rows, heads, |(row, moved)| {
        vec![
            Cell::day(format!("{} → {}", place(moved.rank), place(row.rank))),
            Cell::link(&row.title, address::request(&row.id)),
            Cell::text(moved.why.join("; ")),
        ]
    })
}

fn shipped(report: &RequestsReport, known: &Known) -> Option<Table> {
    let heads = |table: Table| table.column("Request").column("Used by").column("Not by").column("Not known of");
    listed("Shipped of late: who of those that asked uses it", &report.shipped, heads, |row: &ShippedRow| {
        let asked = row.used.len() + row.not_used.len() + row.unknown.len();
        let used = match row.metric {
            None => "no usage_metric says whether it is used".to_owned(),
            Some(_) => format!("{} of {asked} who asked", row.used.len()),
        };
        let until = row.known_to.map_or_else(|| "use is not known yet".to_owned(), |day| format!("use is known to {day}"));
        vec![
            Cell::link(&row.title, address::request(&row.id)).with_note(format!("since {}; {until}", row.from)),
            Cell::text(used).with_note(known.names(row.used.iter().map(|(id, _)| id.as_str()))),
            Cell::text(known.names(row.not_used.iter().map(String::as_str))),
            Cell::text(known.names(row.unknown.iter().map(String::as_str))),
        ]
    })
}
