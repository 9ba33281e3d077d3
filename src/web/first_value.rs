//! `/first-value`: who misses it next, and who attained it, how fast.

use std::collections::BTreeMap;

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::address;
use super::chart::{Chart, Line};
use super::choices::choices;
use super::pager::Pager;
use super::pages::Body;
use super::table::{Cell, Table, capital};
use super::view::{Asked, Refusal, Sheet, View};
use super::visitor::Visitor;
use crate::cli::first_value::{HEADS, cohorts, groups, renewals, sheet_rows};
use crate::cli::sheet;
use crate::cli::words::{count, percent};
use crate::cycle::FirstValueReport;
use crate::model::record::User;
use crate::statistics::Survival;
use crate::value::cohort::Span;

/// Lines of a group that are shown.
const MOST: usize = 50;
/// Days after go-live of which the table tells.
const DAYS: [i32; 10] = [7, 14, 30, 45, 60, 90, 120, 180, 270, 365];

/// The report.
pub(super) struct FirstValue;

/// Of which cohorts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// `month` if empty, or `quarter`.
    cohort: String,
    page: String,
}

/// First value of the accounts that the visitor sees.
#[derive(Debug, Serialize)]
pub(super) struct SeenFirstValue {
    #[serde(flatten)]
    report: FirstValueReport,
    #[serde(skip)]
    people: BTreeMap<String, User>,
    #[serde(skip)]
    pager: Pager,
}

impl View for FirstValue {
    type Query = Which;
    type Report = SeenFirstValue;
    const TEMPLATE: &'static str = "first-value";
    const SUMMARY: &'static str = "Who attained the first value, how fast, and who misses it next";
    const QUERY: &'static [(&'static str, &'static str)] = &[("cohort", "Of go-live: `month` (if empty) or `quarter`")];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.sees_accounts()
    }

    async fn report(asked: &Asked<Which>) -> Result<SeenFirstValue, Refusal> {
        let (state, which) = (&asked.state, &asked.query);
        let span = match which.cohort.as_str() {
            "" | "month" => Span::Month,
            "quarter" => Span::Quarter,
            other => return Err(Refusal::Wrong(format!("There are no cohorts by `{other}`; there are month and quarter."))),
        };
        let report = state.courses().await?.report(span, |csm| asked.visitor.sight.sees(csm));
        let pager = Pager::of(&which.page, report.missing_next.len())?;
        Ok(SeenFirstValue { report, people: state.users().await?, pager })
    }

    fn body(asked: &Asked<Which>, seen: &SeenFirstValue) -> Result<Body, Error> {
        let (report, cohort, leads) = (&seen.report, &asked.query.cohort, asked.visitor.leads());
        let name = |id: &str| seen.people.get(id).map_or_else(|| id.to_owned(), |user| user.name.clone());
        let missing = count(report.missing_next.len() as u64, "account is", "accounts are");
        let missing = format!("{missing} forecast to miss it next, the soonest first");
        let mut next = Table::new(&missing, "Nobody is forecast to miss it next.")
            .column("Last day")
            .column("Account")
            .column("First value")
            .column("Why");
        for one in &report.missing_next[seen.pager.range()] {
            let account = Cell::link(&one.name, address::account(&one.account_id));
            let csm = one.csm.as_deref().map_or_else(|| "nobody's".to_owned(), name);
            next.row([
                Cell::day(one.last_day).with_note(format!("live since {}", one.live_on)),
                if leads { account.with_note(csm) } else { account },
                Cell::text(&one.first_value),
                Cell::text(&one.why),
            ]);
        }
        let (attainment, unseen) = cohorts(report);
        let pairs = [("cohort", cohort.as_str())];
        let groups = groups(report, MOST, &name);
        let groups = groups.iter().filter(|(_, table)| table.rows().len() > 1).map(|(name, table)| {
            let title = format!("By {}", if *name == "csm" { "CSM" } else { name });
            Table::printed(&title, "", table)
        });
        let from_contract = report.all.median_days_from_contract;
        let content = json!({
            "as_of": report.as_of,
            "approximated": report.as_of_approximated,
            "next": next,
            "pager": seen.pager.links(&address::asking_page("/first-value", &pairs)),
            "any": report.all.accounts > 0,
            "attainment": Table::printed("Attainment by cohort of go-live", "Nobody went live yet.", &attainment),
            "unseen": unseen.unwrap_or_default(),
            "from_contract": from_contract.map_or_else(String::new, |days| count(days.cast_unsigned(), "day", "days")),
            "renewals": capital(&renewals(report)),
            "groups": groups.collect::<Vec<_>>(),
            "chart": chart(&report.all.curve).unwrap_or_default(),
            "curve": curve(&report.all.curve),
            "spans": choices([("month", "month"), ("quarter", "quarter")], cohort),
            "sheet_href": address::asking("/first-value.csv", &pairs),
        });
        Body::new("First value", &content)
    }
}

impl Sheet for FirstValue {
    fn sheet(_: &Asked<Which>, seen: &SeenFirstValue) -> Result<String, Error> {
        sheet::text(&HEADS, sheet_rows(&seen.report))
    }
}

/// The share that had attained it, by days since go-live.
fn chart(curve: &Survival) -> Option<String> {
    let last = curve.steps.last()?.day.max(1);
    let steps = |share: fn(&crate::statistics::Step) -> f64| {
        let points = curve.steps.iter().map(move |step| (f64::from(step.day), 1.0 - share(step)));
        std::iter::once((0.0, 0.0)).chain(points).collect::<Vec<_>>()
    };
    let line = |class, points| Line { class, points }.stepped();
    let half = curve
        .median()
        .map_or("half have not attained it yet".to_owned(), |days| format!("half had attained it after {days} days"));
    let description =
        format!("Of {} watched, {} attained it; {half}.", count(curve.n as u64, "account", "accounts"), curve.events);
    let chart = Chart {
        title: "Share of accounts that had attained the first value, by days since go-live",
        description: &description,
        below: [0, last / 2, last].map(|day| (f64::from(day), format!("{day} d"))).into(),
        right: f64::from(last),
        top: Some(1.0),
        written: percent,
        lines: vec![
            line("side", steps(|step| step.low)),
            line("side", steps(|step| step.high)),
            line("main", steps(|step| step.survival)),
        ],
    };
    Some(chart.svg())
}

/// The same in figures.
fn curve(curve: &Survival) -> Table {
    let mut table = Table::new("The same in figures", "Nobody is known to have attained it.")
        .number("Days since go-live")
        .number("Accounts so far")
        .number("Share (95 %)");
    let last = curve.steps.last().map_or(0, |step| step.day);
    let marks = DAYS.into_iter().filter(|day| *day < last).chain((last > 0).then_some(last));
    for day in marks {
        let past = &curve.steps[..curve.steps.partition_point(|step| step.day <= day)];
        let events: usize = past.iter().map(|step| step.events).sum();
        let share = past.last().map_or_else(
            || percent(0.0),
            |step| format!("{} ({} to {})", percent(1.0 - step.survival), percent(1.0 - step.high), percent(1.0 - step.low)),
        );
        table.row([Cell::number(day), Cell::number(events), Cell::number(share)]);
    }
    table
}
