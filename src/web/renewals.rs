//! `/renewals`: the book, by the last day to act, the machine's call beside the CSM's.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address;
use super::choices::choices;
use super::pager::Pager;
use super::pages::Body;
use super::table::{Cell, Table, colour};
use super::view::{Asked, Refusal, Sheet, View};
use super::visitor::Visitor;
use crate::cli::renewals::{HEADS, amounts, by_call, call, cells, coverage, money_notes, reasons, turned};
use crate::cli::sheet;
use crate::cli::words::{amount, band, count, percent};
use crate::cycle::RenewalsReport;
use crate::health::opinion::Call;
use crate::model::record::User;
use crate::revenue::renewal::Renewal;

/// Days that are looked ahead where nobody says otherwise.
const DAYS: u32 = 120;
/// The most of them.
const MOST_DAYS: u32 = 1100;

/// The book.
pub(super) struct Renewals;

/// Which renewals.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// How many days ahead; 120 if empty.
    days: String,
    /// Only those of this person.
    csm: String,
    /// Only those that the machine or a person calls so; `differ`: those on which the two differ; `none`: those that no person called.
    call: String,
    page: String,
}

impl Which {
    fn days(&self) -> Result<u32, Refusal> {
        let days = if self.days.is_empty() { Some(DAYS) } else { self.days.parse().ok() };
        let wrong = || Refusal::Wrong(format!("The days ahead must be a number from 1 to {MOST_DAYS}."));
        days.filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(wrong)
    }

    fn call(&self) -> Result<Calls, Refusal> {
        Ok(match self.call.as_str() {
            "" => Calls::All,
            "differ" => Calls::Differ,
            "none" => Calls::Uncalled,
            name => Calls::Some(Call::parse(name).ok_or_else(|| {
                let names: Vec<&str> = Call::ALL.map(Call::name).into();
                Refusal::Wrong(format!("There is no call `{name}`; there are {}, differ and none.", names.join(", ")))
            })?),
        })
    }

    /// What stands behind the question mark, but for the page.
    fn pairs(&self) -> [(&str, &str); 3] {
        [("days", &self.days), ("csm", &self.csm), ("call", &self.call)]
    }
}

/// Which calls are looked for.
enum Calls {
    All,
    Differ,
    Uncalled,
    Some(Call),
}

impl Calls {
    fn are_of(&self, one: &Renewal) -> bool {
        match self {
            Calls::All => true,
            Calls::Differ => one.differs,
            Calls::Uncalled => one.csm_call.is_none(),
            Calls::Some(call) => [one.machine_call, one.csm_call].contains(&Some(*call)),
        }
    }
}

/// The book as the visitor sees it: sums and counts are of all renewals that are theirs to see, or the chosen CSM's, whichever calls
/// are looked for.
#[derive(Debug, Serialize)]
pub(super) struct SeenBook {
    #[serde(flatten)]
    report: RenewalsReport,
    #[serde(skip)]
    people: BTreeMap<String, User>,
    /// Whose renewals the visitor may choose from.
    #[serde(skip)]
    csms: BTreeSet<String>,
    #[serde(skip)]
    pager: Pager,
}

impl View for Renewals {
    type Query = Which;
    type Report = SeenBook;
    const TEMPLATE: &'static str = "renewals";
    const SUMMARY: &'static str = "What comes up for renewal, by the last day to act, with both calls";
    const QUERY: &'static [(&'static str, &'static str)] = &[
        ("days", "How many days ahead; 120 if empty"),
        ("csm", "Only those of this user's accounts"),
        (
            "call",
            "`commit`, `best_case`, `at_risk`, `lost`: those that the machine or a person calls so; `differ`; `none`: those that no person called",
        ),
    ];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<Which>) -> Result<SeenBook, Refusal> {
        let (state, sight, which) = (&asked.state, &asked.visitor.sight, &asked.query);
        let calls = which.call()?;
        let all = state.renewals(which.days()?).await?;
        let csms = all.renewals.iter().filter_map(|one| one.csm.clone()).filter(|csm| sight.sees(Some(csm))).collect();
        let chosen = |csm: Option<&str>| which.csm.is_empty() || csm == Some(&which.csm);
        let mut report = all.of_those(state.config(), |csm| sight.sees(csm) && chosen(csm));
        report.renewals.retain(|one| calls.are_of(one));
        report.renewals.sort_by(|a, b| (a.act_by, a.ends_on, &a.account_id).cmp(&(b.act_by, b.ends_on, &b.account_id)));
        let pager = Pager::of(&which.page, report.renewals.len())?;
        Ok(SeenBook { report, people: state.users().await?, csms, pager })
    }

    fn body(asked: &Asked<Which>, book: &SeenBook) -> Result<Body, Error> {
        let (which, report, leads) = (&asked.query, &book.report, asked.visitor.leads());
        let name = |id: &String| book.people.get(id).map_or_else(|| id.clone(), |user| user.name.clone());
        let mut table = Table::new("Renewals, by the last day to act", "Nothing like that comes up for renewal.")
            .column("Act by")
            .column("Ends")
            .column("Account")
            .number("ARR")
            .column("Score")
            .column("Machine")
            .column("CSM")
            .column("What is missing, and why");
        for one in &report.renewals[book.pager.range()] {
            table.row(row(one, leads, &name));
        }
        let calls = Call::ALL.map(|call| (call.name(), call.words()));
        let calls = calls.into_iter().chain([("differ", "calls that differ"), ("none", "no call by a person")]);
        let total = report.total.as_ref();
        let turned = turned(report).map(|(title, table)| Table::printed(&title, &title, &table));
        let days = if which.days.is_empty() { DAYS.to_string() } else { which.days.clone() };
        let content = json!({
            "all": count(report.coverage.renewals as u64, "renewal", "renewals"),
            "until": report.as_of + report.days.cast_signed(),
            "arr": total.map_or_else(String::new, |total| format!("{} {}", total.currency, amount(&total.arr))),
            "shown": report.renewals.len(),
            "fewer": report.renewals.len() < report.coverage.renewals,
            "coverage": if report.coverage.renewals == 0 { String::new() } else { coverage(report) },
            "notes": money_notes(report),
            "by_call": total.map(|total| Table::printed("ARR by call", "", &by_call(total))),
            "turned": turned,
            "approximated": report.as_of_approximated,
            "as_of": report.as_of,
            "days": days,
            "most_days": MOST_DAYS,
            "csms": if leads { choices(book.csms.iter().map(|id| (id, name(id))), &which.csm) } else { Vec::new() },
            "calls": choices(calls, &which.call),
            "sheet_href": address::asking("/renewals.csv", &which.pairs()),
            "table": table,
            "pager": book.pager.links(&address::asking_page("/renewals", &which.pairs())),
        });
        Body::new("Renewals", &content)
    }
}

impl Sheet for Renewals {
    fn sheet(_: &Asked<Which>, book: &SeenBook) -> Result<String, Error> {
        sheet::text(&HEADS, book.report.renewals.iter().map(cells))
    }
}

fn row(one: &Renewal, leads: bool, name: &dyn Fn(&String) -> String) -> [Cell; 8] {
    let late = one.days_to_act < 0 && one.auto_renews != Some(true);
    let act_by = Cell::day(one.act_by);
    let mut end = vec![];
    end.extend((one.auto_renews == Some(true)).then_some("runs on by itself"));
    end.extend(one.notice_given.then_some("notice was given"));
    let page = address::account(&one.account_id);
    let account = Cell::link(&one.name, page.clone()).long();
    let csm = one.csm.as_ref().map_or_else(|| "nobody's".to_owned(), name);
    let rise = one.uplift_percent.as_ref().map_or_else(String::new, |percent| format!("and {percent} % proposed"));
    let chance = one.churn_probability.map_or_else(String::new, |share| format!("{} chance of not renewing", percent(share)));
    let score = one.score.map_or_else(String::new, |score| format!("{score:.0}, "));
    let by = one.csm_by.as_ref().map_or_else(String::new, name);
    let said = if one.csm_call.is_some() { call(one.csm_call) } else { "call it".to_owned() };
    let said = Cell::day(said).leading(format!("{page}#opinions"));
    [
        if late { act_by.coloured("bad") } else { act_by },
        Cell::day(one.ends_on).with_note(end.join(", ")),
        if leads { account.with_note(csm) } else { account },
        Cell::number(amounts(one)).with_note(rise),
        Cell::day(format!("{score}{}", band(one.band))).with_note(chance).coloured(colour(one.band)),
        Cell::day(call(one.machine_call)),
        if one.differs { said.with_note(format!("≠ {by}")).coloured("fair") } else { said.with_note(by) },
        Cell::text(one.gaps.join("; ")).with_note(reasons(one, 1).join("; ")).long(),
    ]
}
