//! The page of the day: what each role finds there.

use std::sync::Arc;

use anyhow::{Error, Result};
use serde::Serialize;
use serde_json::json;

use super::company::Company;
use super::own::Own;
use super::section::Section;
use super::team::Team;
use crate::cycle::requests::{Filter, Looker, RequestRow};
use crate::cycle::{self, Waits, freshness};
use crate::digest::csm::{StaleItem, behind};
use crate::digest::long_day;
use crate::model::Day;
use crate::model::record::Role;
use crate::store::facts::AsOf;
use crate::web::AppState;
use crate::web::address;
use crate::web::pages::Body;
use crate::web::solutions::NoQuery;
use crate::web::table::{Cell, Table};
use crate::web::view::{Asked, Refusal, View};

/// Requests that a product manager is told of.
const REQUESTS: usize = 5;

/// The page.
pub(crate) struct Today;

/// A reader's own day; what is not for the role is absent.
#[derive(Debug, Serialize)]
pub(crate) struct TodayReport {
    as_of: Day,
    /// Which sources are behind, for people.
    behind: Vec<String>,
    own: Own,
    team: Option<Team>,
    company: Option<Company>,
    /// Those of the highest ranks.
    requests: Option<Vec<RequestRow>>,
}

impl AppState {
    /// Records of pipelines that wait for anybody.
    pub(super) async fn waits(&self) -> Result<Arc<Vec<Waits>>> {
        let gather = Box::pin(cycle::waiting_now(&self.db, &self.setup, self.clock.as_ref()));
        self.memo.get("waits", self.clock.now(), gather).await
    }

    /// Which sources are behind, in the words of the mails.
    async fn behind(&self) -> Result<Vec<String>> {
        let as_of = AsOf { day: self.today(), through_pull: i64::MAX };
        let sources = freshness::of_sources(&self.db, self.config(), as_of).await?;
        let stale = sources.iter().flat_map(freshness::SourceFreshness::stale);
        let items = stale.map(|one| StaleItem { source: one.source, what: one.what, since: one.since, refused: None });
        Ok(behind(&items.collect::<Vec<_>>()))
    }
}

impl View for Today {
    type Query = NoQuery;
    type Report = TodayReport;
    const TEMPLATE: &'static str = "today";
    const SUMMARY: &'static str = "The reader's own day: what is to be done, and what each role looks at";

    async fn report(asked: &Asked<NoQuery>) -> Result<TodayReport, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let role = visitor.user.role;
        let (team, company) = (matches!(role, Role::Leader | Role::Admin), matches!(role, Role::Executive | Role::Admin));
        let ranked = if role == Role::Product {
            let report = state.requests(&Filter::default(), Looker::of(&state.config().requests, &visitor.user)).await?;
            Some(report.requests.iter().filter(|row| row.rank.is_some()).take(REQUESTS).cloned().collect())
        } else {
            None
        };
        Ok(TodayReport {
            as_of: state.today(),
            behind: state.behind().await?,
            own: Own::gather(state, visitor).await?,
            team: if team { Some(Team::gather(state, visitor).await?) } else { None },
            company: if company { Some(Company::gather(state, visitor).await?) } else { None },
            requests: ranked,
        })
    }

    fn body(asked: &Asked<NoQuery>, report: &TodayReport) -> Result<Body, Error> {
        let (state, visitor, today) = (&asked.state, &asked.visitor, report.as_of);
        let own = &report.own;
        let mut sections = own.sections(visitor, today);
        sections.extend(report.company.as_ref().map(Company::section));
        sections.extend(report.team.iter().flat_map(Team::sections));
        sections.extend(report.requests.as_ref().map(|rows| of_product(rows)));
        // Whoever has work of their own reads first of it; whoever has none is not told that there is none.
        let tells_own = visitor.user.role == Role::Csm || !own.is_empty();
        let content = json!({
            "day": long_day(today),
            "headline": if tells_own { own.headline() } else { String::new() },
            "quiet": tells_own && own.is_empty(),
            "behind": report.behind,
            "todo": own.todo(state, today),
            "tasks_href": format!("/tasks?csm={}", address::encoded(visitor.user.id.as_str())),
            "late": own.late(),
            "sections": sections,
            "elsewhere": elsewhere(asked),
        });
        Body::new("Today", &content)
    }
}

fn of_product(rows: &[RequestRow]) -> Section {
    let mut table = Table::new("By rank", "No request is ranked yet.").number("Rank").column("Request").number("Accounts");
    for row in rows {
        let href = format!("/requests/{}", address::encoded(&row.id));
        table.row([
            Cell::number(row.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string())),
            Cell::link(&row.title, href).with_note(row.product.as_deref().unwrap_or("")),
            Cell::number(row.accounts),
        ]);
    }
    Section::new("Feature requests of the highest rank", rows.len(), table, ("/requests", "All requests"))
}

/// Pages to which no other way leads from here.
fn elsewhere(asked: &Asked<NoQuery>) -> Vec<serde_json::Value> {
    let visitor = &asked.visitor;
    let mut ways = Vec::new();
    if visitor.sees_accounts() {
        ways.push(("/pipelines", "Pipelines"));
    }
    if visitor.leads() {
        ways.push(("/playbooks", "How plays did"));
    }
    if matches!(visitor.user.role, Role::Leader | Role::Admin) {
        ways.push(("/load", "Load"));
    }
    ways.into_iter().map(|(href, text)| json!({"href": href, "text": text})).collect()
}
