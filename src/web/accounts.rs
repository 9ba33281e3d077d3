//! `/accounts`: the scores of the last cycle, the lowest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Error;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::accounts_order::{Column, change};
use super::address::{self, encoded};
use super::choices::choices;
use super::pager::Pager;
use super::pages::Body;
use super::table::{Cell, Table, colour};
use super::view::{Asked, Refusal, Sheet, View};
use super::visitor::Visitor;
use crate::cli::scores::{HEADS, by_hand, cells, origin};
use crate::cli::sheet;
use crate::cli::words::{band, count, percent, points, signed};
use crate::cycle::{AccountScore, ScoresReport};
use crate::model::Day;
use crate::model::record::User;
use crate::signals::Band;
use crate::signals::condition::LIFECYCLES;

/// Where less of the scorecard is known, the list says how much.
const LITTLE_KNOWN: f64 = 0.6;
/// In the order in which they need somebody.
const BANDS: [Band; 4] = [Band::AtRisk, Band::Watch, Band::Healthy, Band::Unknown];

/// The list.
pub(super) struct Accounts;

/// Which accounts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// What the id or the name holds, whatever the case.
    q: String,
    band: String,
    csm: String,
    lifecycle: String,
    /// `score` if empty; with a `-` before it the highest first.
    sort: String,
    page: String,
}

/// What fits.
#[derive(Debug)]
pub(super) struct AccountList {
    all: Arc<ScoresReport>,
    /// Places in `all`, in the order of the list.
    shown: Vec<usize>,
    /// How many there are in each band, whatever band is asked for.
    bands: BTreeMap<Band, u64>,
    /// Who looks after the accounts that the visitor sees.
    csms: Vec<(String, String)>,
    people: BTreeMap<String, User>,
    pager: Pager,
}

impl AccountList {
    fn rows(&self) -> impl Iterator<Item = &AccountScore> {
        self.shown.iter().map(|&place| &self.all.accounts[place])
    }
}

/// As `scores --json`, of what fits alone.
impl Serialize for AccountList {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            as_of: Day,
            config_hash: &'a str,
            as_of_approximated: bool,
            given: bool,
            accounts: Vec<&'a AccountScore>,
        }
        let ScoresReport { as_of, config_hash, as_of_approximated, given, .. } = self.all.as_ref();
        let (as_of, as_of_approximated, given) = (*as_of, *as_of_approximated, *given);
        Shown { as_of, config_hash, as_of_approximated, given, accounts: self.rows().collect() }.serialize(to)
    }
}

impl Which {
    /// The list of this query, `name` being `value` instead.
    fn with(&self, name: &str, value: &str) -> String {
        let own = [
            ("q", self.q.as_str()),
            ("band", &self.band),
            ("csm", &self.csm),
            ("lifecycle", &self.lifecycle),
            ("sort", &self.sort),
        ];
        let own = own.into_iter().filter(|(known, _)| *known != name).chain([(name, value)]);
        let pairs = own.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn is_narrow(&self) -> bool {
        [&self.q, &self.band, &self.csm, &self.lifecycle].iter().any(|value| !value.is_empty())
    }

    fn band(&self) -> Result<Option<Band>, Refusal> {
        let known = BANDS.into_iter().find(|band| band.name() == self.band);
        if known.is_none() && !self.band.is_empty() {
            let names = BANDS.map(Band::name).join(", ");
            return Err(Refusal::Wrong(format!("There is no band `{}`; there are {names}.", self.band)));
        }
        Ok(known)
    }
}

impl View for Accounts {
    type Query = Which;
    type Report = AccountList;
    const TEMPLATE: &'static str = "accounts";
    const SUMMARY: &'static str = "The accounts with their scores, as the last cycle gave them";
    const QUERY: &'static [(&'static str, &'static str)] = &[
        ("q", "What the id or the name holds"),
        ("band", "healthy, watch, at_risk or unknown"),
        ("csm", "The id of who looks after them"),
        ("lifecycle", "onboarding, active, dormant, at_risk, churned or won_back"),
        ("sort", "score, change, chance or name; with a - before it the highest first"),
    ];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<Which>) -> Result<AccountList, Refusal> {
        let which = &asked.query;
        let (wanted, (column, down)) = (which.band()?, Column::of(&which.sort)?);
        if !which.lifecycle.is_empty() && !LIFECYCLES.contains(&which.lifecycle.as_str()) {
            let words = LIFECYCLES.join(", ");
            return Err(Refusal::Wrong(format!("There is no lifecycle `{}`; there are {words}.", which.lifecycle)));
        }
        let (all, people) = (asked.state.scores().await?, asked.state.users().await?);
        let visible = |account: &AccountScore| asked.visitor.sight.sees(account.csm.as_deref());
        let q = which.q.trim().to_lowercase();
        let fits = |account: &AccountScore| {
            (which.csm.is_empty() || account.csm.as_ref() == Some(&which.csm))
                && (which.lifecycle.is_empty() || account.lifecycle == which.lifecycle)
                && (q.is_empty() || account.account_id.to_lowercase().contains(&q) || account.name.to_lowercase().contains(&q))
        };
        let mut csms: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut shown, mut bands) = (Vec::new(), BTreeMap::new());
        for (place, account) in all.accounts.iter().enumerate().filter(|(_, account)| visible(account)) {
            if let Some(csm) = &account.csm {
                csms.entry(csm).or_insert_with(|| people.get(csm).map_or(csm, |user| &user.name));
            }
            if fits(account) {
                *bands.entry(account.band).or_default() += 1;
                shown.extend(wanted.is_none_or(|band| band == account.band).then_some(place));
            }
        }
        column.sort(down, &all.accounts, &mut shown);
        let mut csms: Vec<_> = csms.into_iter().map(|(id, name)| (id.to_owned(), name.to_owned())).collect();
        csms.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
        let pager = Pager::of(&which.page, shown.len())?;
        Ok(AccountList { all: Arc::clone(&all), shown, bands, csms, people, pager })
    }

    fn body(asked: &Asked<Which>, list: &AccountList) -> Result<Body, Error> {
        let (which, leads) = (&asked.query, asked.visitor.leads());
        let total: u64 = list.bands.values().sum();
        let tab = |name: &str, text: String| json!({"href": format!("/accounts?{}", which.with("band", name)), "text": text, "here": which.band == name});
        let mut tabs = vec![tab("", format!("all {total}"))];
        tabs.extend(BANDS.iter().filter_map(|one| {
            let count = list.bands.get(one).copied().unwrap_or_default();
            (count > 0 || which.band == one.name()).then(|| tab(one.name(), format!("{} {count}", band(*one))))
        }));
        let report = &list.all;
        let content = json!({
            "as_of": origin(report.as_of, report.given, report.as_of_approximated),
            "total": count(list.shown.len() as u64, "account", "accounts"),
            "tabs": tabs,
            "q": which.q,
            "band": which.band,
            "sort": which.sort,
            "csms": if leads { choices(list.csms.clone(), &which.csm) } else { Vec::new() },
            "lifecycles": choices(LIFECYCLES.iter().map(|word| (word, word.replace('_', " "))), &which.lifecycle),
            "narrow": which.is_narrow(),
            "table": table(which, list, leads),
            "pager": list.pager.links(&format!("/accounts?{}&page=", which.with("page", ""))),
            "sheet": if list.shown.is_empty() { String::new() } else { format!("/accounts.csv?{}", which.with("page", "")) },
        });
        Body::new("Accounts", &content)
    }
}

fn table(which: &Which, list: &AccountList, leads: bool) -> Table {
    // It was read before.
    let (sorted, down) = Column::of(&which.sort).unwrap_or((Column::Score, false));
    let empty = if which.is_narrow() { "No account is like that." } else { "No account is here yet." };
    let mut table = Table::new("Accounts", empty);
    let heads = [
        (Column::Name, "Account", "", false),
        (Column::Score, "Score", "number", false),
        (Column::Change, "Change", "number", false),
        (Column::Chance, "Chance of leaving", "number", true),
    ];
    for (column, text, class, first_down) in heads {
        // Again turns it round.
        let turn = if sorted == column { !down } else { first_down };
        let sort = format!("{}{}", if turn { "-" } else { "" }, column.name());
        let order = match (sorted == column, down) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        };
        table = table.sorted(text, class, format!("/accounts?{}", which.with("sort", &sort)), order);
    }
    table = table.column("Band").column("Lifecycle");
    if leads {
        table = table.column("CSM");
    }
    for account in list.rows().skip(list.pager.range().start).take(list.pager.range().len()) {
        let known = if account.coverage < LITTLE_KNOWN { format!("{} known", percent(account.coverage)) } else { String::new() };
        let chance = account.churn_probability.map_or_else(|| "–".to_owned(), percent);
        let csm = account.csm.as_deref();
        let name = csm.map_or("–", |csm| list.people.get(csm).map_or(csm, |user| user.name.as_str()));
        let why = account.reasons.first().cloned().unwrap_or_default();
        let mut row = vec![
            Cell::link(&account.name, address::account(&account.account_id)).with_note(why).long(),
            Cell::number(points(account.score)).with_note(known),
            Cell::number(change(account).map_or_else(|| "–".to_owned(), signed)),
            Cell::number(chance),
            Cell::text(by_hand(account)).coloured(colour(account.band)),
            Cell::text(account.lifecycle.replace('_', " ")),
        ];
        row.extend(leads.then(|| Cell::text(name)));
        table.row(row);
    }
    table
}

impl Sheet for Accounts {
    fn sheet(_: &Asked<Which>, list: &AccountList) -> Result<String, Error> {
        sheet::text(&HEADS, list.rows().map(cells))
    }
}
