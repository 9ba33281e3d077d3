//! `requests ID --json`: one request opened, ask by ask.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;

use super::load::Moment;
use super::report::{Filter, RequestsReport, requests};
use super::row::Looker;
use crate::config::Config;
use crate::model::Day;
use crate::model::record::RequestStatus;
use crate::playbook::Task;
use crate::requests::{TELL, telling_id};
use crate::signals::Band;
use crate::store::{Db, tasks};

/// One request with everybody who asks for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestDetail {
    /// The same report, of this request alone.
    #[serde(flatten)]
    pub report: RequestsReport,
    /// By family, account and day.
    pub asks: Vec<AskRow>,
}

/// One ask.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AskRow {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// The account at the top of its family, which has one voice.
    pub family: String,
    /// Whether it is a customer, and so has a voice.
    pub customer: bool,
    /// Who looks after it.
    pub csm: Option<String>,
    /// What it pays in a year.
    pub arr: Option<String>,
    /// The end of its term.
    pub renews_on: Option<Day>,
    /// How it stands.
    pub band: Band,
    /// 0 to 100.
    pub health: Option<f64>,
    /// When it asked.
    pub asked_on: Day,
    /// 1 "hardly matters" … 5 "I am on fire".
    pub severity: Option<u32>,
    /// Revenue that would follow.
    pub growth: Option<String>,
    /// Who noted it.
    pub by: Option<String>,
    /// In the customer's words.
    pub note: Option<String>,
    /// The request for which it was filed, where that is another.
    pub filed_for: Option<String>,
    /// When it was told how the request stands now.
    pub told_on: Option<Day>,
}

/// One request; `None`: there is none of this id.
pub async fn request_detail(
    db: &Db,
    config: &Config,
    moment: Moment,
    id: &str,
    looker: Looker<'_>,
) -> Result<Option<RequestDetail>> {
    let filter = Filter { id: Some(id.to_owned()), ..Filter::default() };
    let report = requests(db, config, moment, &filter, looker).await?;
    if report.requests.is_empty() {
        return Ok(None);
    }
    let told: HashMap<String, Task> =
        tasks::of_playbook(db, TELL).await?.into_iter().map(|task| (task.id.clone(), task)).collect();
    let loaded = super::load::load(db, config, moment).await?;
    let board = &loaded.board;
    let mut asks: Vec<AskRow> = Vec::new();
    for (request, asker, ask) in &loaded.asks {
        let (request, asker) = (&board.requests[*request], &board.askers[*asker]);
        if request.id.as_str() != id || !looker.sees(asker) {
            continue;
        }
        let task = told.get(&telling_id(&asker.id, &request.id, request.status.unwrap_or(RequestStatus::Open)));
        let growth = ask.growth_amount.and_then(|amount| crate::model::Money::new(amount, board.currency).ok());
        asks.push(AskRow {
            account_id: asker.id.to_string(),
            name: asker.name.clone(),
            family: asker.family.to_string(),
            customer: asker.customer,
            csm: asker.csm.as_ref().map(ToString::to_string),
            arr: looker.money_of_one(asker.arr),
            renews_on: asker.renews_on,
            band: asker.band,
            health: asker.score,
            asked_on: ask.asked_on,
            severity: ask.severity,
            growth: looker.money_of_one(growth),
            by: ask.by.as_ref().map(ToString::to_string),
            note: ask.note.clone(),
            filed_for: Some(ask.request_id.to_string()).filter(|filed| filed != request.id.as_str()),
            told_on: task.and_then(|task| task.closed_on.filter(|_| task.status == crate::playbook::TaskStatus::Done)),
        });
    }
    asks.sort_by(|a, b| {
        (&a.family, &a.account_id, a.asked_on, &a.filed_for).cmp(&(&b.family, &b.account_id, b.asked_on, &b.filed_for))
    });
    Ok(Some(RequestDetail { report, asks }))
}
