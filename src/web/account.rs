//! `/accounts/ID`: all that is known of one account before somebody calls there.

use std::collections::BTreeMap;

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AppState;
use super::account_parts as parts;
use super::account_people as people;
use super::account_work::{Prescribed, work};
use super::address;
use super::course::course;
use super::pages::Body;
use super::table::colour;
use super::view::{Asked, Refusal, View};
use super::visitor::Visitor;
use crate::cli::score::not_known;
use crate::cli::scores::{by_hand, origin};
use crate::cli::words::{amount, percent, signed};
use crate::cycle::AccountReport;
use crate::model::record::{Account, User};
use crate::model::{Day, Id};
use crate::store::accounts;
use crate::store::facts::AsOf;

/// The page.
pub(super) struct OneAccount;

/// Of which morning.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// That of the last cycle if empty.
    as_of: String,
}

/// `score ACCOUNT --json`, and what else is known.
#[derive(Debug, Serialize)]
pub(super) struct AccountDetail {
    #[serde(flatten)]
    pub known: AccountReport,
    /// As it is known now.
    pub account: Account,
    /// What is being done, and what was done of late; `null` as of a past morning.
    pub prescriptions: Option<Vec<Prescribed>>,
    #[serde(skip)]
    pub people: BTreeMap<String, User>,
}

impl AccountDetail {
    /// What a person of the company is called; an id that nobody has as it is.
    pub(super) fn person<'a>(&'a self, id: &'a str) -> &'a str {
        self.people.get(id).map_or(id, |user| &user.name)
    }
}

/// An account as it is known today, if it is for the visitor's eyes.
pub(super) async fn visible(state: &AppState, visitor: &Visitor, id: &str) -> Result<Account, Refusal> {
    let as_of = AsOf { day: state.today(), through_pull: i64::MAX };
    let known = accounts::some(&state.db, &[id], as_of, state.config().company.zone()).await?.remove(id);
    let seen = known.filter(|account| visitor.sight.sees(account.csm.as_ref().map(Id::as_str)));
    seen.ok_or_else(|| Refusal::Missing("There is no such account, or it is not yours any more.".to_owned()))
}

impl View for OneAccount {
    type Query = Which;
    type Report = AccountDetail;
    const TEMPLATE: &'static str = "account";
    const SUMMARY: &'static str = "One account: the score with its explanation, terms, people, and what is being done";
    const QUERY: &'static [(&'static str, &'static str)] = &[("as_of", "The morning; the one of the last cycle if empty")];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<Which>) -> Result<AccountDetail, Refusal> {
        let (state, id) = (&asked.state, asked.id.as_str());
        let account = visible(state, &asked.visitor, id).await?;
        let as_of = match asked.query.as_of.as_str() {
            "" => None,
            day => Some(day.parse::<Day>().map_err(|why| Refusal::Wrong(format!("{why}.")))?),
        };
        let today = state.today();
        if as_of.is_some_and(|day| day > today) {
            return Err(Refusal::Wrong(format!("That morning lies in the future; today is {today}.")));
        }
        let known = state.account(id, as_of).await?;
        let mut known = known.ok_or_else(|| Refusal::Missing("There is no such account.".to_owned()))?;
        // Of whoever is no customer the score knows nothing.
        let score = &mut known.score.account;
        if score.name.is_empty() {
            score.name.clone_from(&account.name);
            score.csm = account.csm.as_ref().map(ToString::to_string);
        }
        let prescriptions = if as_of.is_none() { Some(work(state, id).await?) } else { None };
        Ok(AccountDetail { known, account, prescriptions, people: state.users().await? })
    }

    fn body(asked: &Asked<Which>, detail: &AccountDetail) -> Result<Body, Error> {
        let (state, score) = (&asked.state, &detail.known.score);
        let (now, today) = (detail.prescriptions.is_some(), state.today());
        let account = &score.account;
        let change = account.score.zip(account.previous).zip(score.changed_since);
        let content = json!({
            "action": address::account(&asked.id),
            "now": now,
            "score": account.score.map_or_else(String::new, |score| format!("{score:.1}")),
            "band": by_hand(account),
            "colour": colour(account.band),
            "change": change.map_or_else(String::new, |((is, was), since)| format!("{} since {since}", signed(is - was))),
            "why_none": if account.score.is_none() { account.reasons.join("; ") } else { String::new() },
            "origin": origin(score.as_of, score.given, score.as_of_approximated),
            "as_of": score.as_of,
            "today": today,
            "facts": facts(detail),
            "work": parts::tasks(detail, &state.setup.library, today),
            "past": parts::past(detail),
            "factors": parts::factors(&score.factors),
            "caps": parts::apart(&score.factors, "cap"),
            "hand": parts::apart(&score.factors, "override"),
            "unknown": if score.factors.is_empty() { String::new() } else { not_known(&score.factors).join(", ") },
            "changes": parts::changes(score),
            "renewals": parts::renewals(detail),
            "contracts": parts::contracts(detail),
            "opinions": people::opinions(detail, today),
            "ended": people::ended(detail, today),
            "may_call": !detail.known.renewals.is_empty(),
            "terms": parts::terms(detail),
            "contacts": people::contacts(detail),
            "touches": people::touches(detail, state.config().company.zone()),
            "course": course(&detail.known.course),
            "tomorrow": today + 1,
            "month": today + 30,
        });
        Body::new(account.name.clone(), &content)
    }
}

/// What stands beside the score.
fn facts(detail: &AccountDetail) -> Vec<Value> {
    let (score, record) = (&detail.known.score, &detail.account);
    let account = &score.account;
    let money: Vec<String> = detail.known.arr.iter().map(|(currency, arr)| format!("{currency} {}", amount(arr))).collect();
    let known = if score.scorecard.is_empty() { String::new() } else { percent(account.coverage) };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let kind: Vec<String> = [record.tier.as_ref().map(|tier| tier.0.clone()), record.segment.clone(), record.industry.clone()]
        .into_iter()
        .flatten()
        .collect();
    let facts = [
        ("Id", account.account_id.clone()),
        ("Looked after by", account.csm.as_deref().map_or("nobody", |csm| detail.person(csm)).to_owned()),
        ("Lifecycle", account.lifecycle.replace('_', " ")),
        ("Chance of leaving", account.churn_probability.map_or_else(|| "not known".to_owned(), percent)),
        ("Revenue a year", if money.is_empty() { "not known".to_owned() } else { money.join(" + ") }),
        ("Known of the scorecard", if known.is_empty() { known } else { format!("{known} of {}", score.scorecard) }),
        ("First value", text(&score.first_value)),
        ("Kind", kind.join(", ")),
        ("Region", text(&record.region)),
        ("Time zone", text(&record.timezone)),
        ("Sold by", record.seller.as_deref().map(|seller| detail.person(seller).to_owned()).unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| json!([name, value])).collect()
}
