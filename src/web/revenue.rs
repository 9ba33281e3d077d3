//! `/revenue`: movements, retention, renewals of what was due, and what is left of it; `/revenue/rules`: what is done in each case.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address;
use super::chart::{Chart, Line};
use super::choices::choices;
use super::pages::Body;
use super::solutions::NoQuery;
use super::table::Table;
use super::view::{Asked, Refusal, Sheet, View};
use super::visitor::Visitor;
use crate::cli::revenue_csv::{self, Table as Which};
use crate::cli::revenue_tables::{definitions, notes, percent, survival, tables};
use crate::cli::revenue_text::{cases, rule_list};
use crate::cli::sheet;
use crate::cli::words::{amount, is_zero};
use crate::cycle::requests::grouped;
use crate::cycle::{RevenueBook, RevenueQuestion};
use crate::model::record::User;
use crate::revenue::{By, Every, Month, Rates, RevenueReport};

/// The most months that are asked for at once.
const MOST_MONTHS: i32 = 120;
/// How long the periods are.
const EVERY: [(&str, Every); 3] = [("month", Every::Month), ("quarter", Every::Quarter), ("year", Every::Year)];
/// The tables that there are as CSV.
const SHEETS: [(&str, Which, &str); 4] = [
    ("periods", Which::Periods, "periods"),
    ("currencies", Which::Currencies, "currencies"),
    ("projection", Which::Projection, "projection"),
    ("survival", Which::Survival, "who stayed"),
];

/// The report.
pub(super) struct Revenue;
/// What is done in each case.
pub(super) struct Rules;

/// Of which months, divided by what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Months {
    /// `2026-01`; the twelve that end with the last if empty.
    from: String,
    /// The last that has ended if empty.
    to: String,
    /// `month` if empty, `quarter`, `year`.
    every: String,
    /// `tier`, `segment`, `csm`, `seller`, `product`, `cohort`; not divided if empty.
    by: String,
    /// Of a CSV: `periods` if empty, `currencies`, `projection`, `survival`.
    table: String,
}

impl Months {
    fn pairs(&self) -> [(&str, &str); 4] {
        [("from", &self.from), ("to", &self.to), ("every", &self.every), ("by", &self.by)]
    }

    fn table(&self) -> Result<Which, Refusal> {
        let word = if self.table.is_empty() { "periods" } else { &self.table };
        named("table", word, &SHEETS.map(|(word, which, _)| (word, which)))
    }

    fn question(&self, asked: &Asked<Months>) -> Result<RevenueQuestion, Refusal> {
        let month = |name: &str, text: &str| match text {
            "" => Ok(None),
            text => text.parse::<Month>().map(Some).map_err(|error| Refusal::Wrong(format!("{name}: {error}."))),
        };
        let (from, to) = (month("From", &self.from)?, month("To", &self.to)?);
        let every = if self.every.is_empty() { Every::Month } else { named("period", &self.every, &EVERY)? };
        let by = if self.by.is_empty() { By::Nothing } else { named("division", &self.by, &By::WORDS)? };
        let question = RevenueQuestion { on: asked.state.today(), from, to, every, by };
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(Refusal::Wrong(format!("From {from} is after to {to}; write an earlier month first.")));
        }
        let last = to.unwrap_or(Month::of(question.on)).min(Month::of(question.on));
        if from.is_some_and(|from| from.plus(MOST_MONTHS) <= last) {
            let first = last.plus(1 - MOST_MONTHS);
            return Err(Refusal::Wrong(format!(
                "These are more than {MOST_MONTHS} months; write {first} or later for the first."
            )));
        }
        if question.periods().is_empty() {
            let last = Month::of(question.on);
            return Err(Refusal::Wrong(format!("No day of these months has passed; write {last} or earlier for the first.")));
        }
        Ok(question)
    }
}

fn named<T: Copy>(what: &str, word: &str, words: &[(&str, T)]) -> Result<T, Refusal> {
    let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    let names = || words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| Refusal::Wrong(format!("There is no {what} `{word}`; there are {}.", names())))
}

/// Revenue of the accounts that the visitor sees.
#[derive(Debug, Serialize)]
pub(super) struct SeenRevenue {
    #[serde(flatten)]
    report: Arc<RevenueReport>,
    #[serde(skip)]
    people: BTreeMap<String, User>,
    /// The one that is wanted as CSV.
    #[serde(skip)]
    table: Which,
}

impl View for Revenue {
    type Query = Months;
    type Report = SeenRevenue;
    const TEMPLATE: &'static str = "revenue";
    const SUMMARY: &'static str = "Movements of MRR, retention, renewals of what was due, and what is left in two years";
    const QUERY: &'static [(&'static str, &'static str)] = &[
        ("from", "The first month, `2026-01`; the twelve that ended last if empty"),
        ("to", "The last month; the last that has ended if empty"),
        ("every", "`month` (if empty), `quarter` or `year`"),
        ("by", "`tier`, `segment`, `csm`, `seller`, `product` or `cohort`"),
    ];

    fn is_for(visitor: &Visitor) -> bool {
        visitor.leads()
    }

    async fn report(asked: &Asked<Months>) -> Result<SeenRevenue, Refusal> {
        let (state, visitor) = (&asked.state, &asked.visitor);
        let (question, table) = (asked.query.question(asked)?, asked.query.table()?);
        // Whoever does not see all has a report of their own.
        let whose = if visitor.sight.is_all() { "" } else { visitor.user.id.as_str() };
        let key = format!("revenue {question:?} {whose}");
        let gather = async { gather(asked, &question).await };
        let report = state.memo.get(&key, state.clock.now(), gather).await?;
        Ok(SeenRevenue { report, people: state.users().await?, table })
    }

    fn body(asked: &Asked<Months>, seen: &SeenRevenue) -> Result<Body, Error> {
        let (months, report) = (&asked.query, &seen.report);
        let named = |key: &str| match seen.people.get(key).filter(|_| report.by == Some("csm")) {
            Some(user) => user.name.clone(),
            None => key.to_owned(),
        };
        let known = !report.periods.is_empty();
        let tables = if known { tables(report, &named) } else { Vec::new() };
        let tables: Vec<Table> = tables.iter().map(|(title, table)| Table::printed(title, title, table)).collect();
        let sheet = |(word, _, text): (&str, Which, &str)| {
            let href = address::asking("/revenue.csv", &[&months.pairs()[..], &[("table", word)]].concat());
            json!({"href": href, "text": text})
        };
        let first = report.periods.first().map_or("", |period| period.period.as_str());
        let last = report.periods.last().map_or("", |period| period.period.as_str());
        let by = By::WORDS.map(|(word, _)| (word, if word == "csm" { "CSM" } else { word }));
        let content = json!({
            "currency": report.currency,
            "as_of": report.as_of,
            "approximated": report.as_of_approximated,
            "known": known,
            "months": if first == last { first.to_owned() } else { format!("{first} to {last}") },
            "facts": facts(report),
            "projected": report.projection.is_some(),
            "chart": chart(report).unwrap_or_default(),
            "tables": tables,
            "survival": survival(report).unwrap_or_default(),
            "notes": notes(report),
            "definitions": definitions().map(|(name, what)| json!({"name": name, "what": what})).collect::<Vec<_>>(),
            "from": months.from,
            "to": months.to,
            "every": choices(EVERY.map(|(word, _)| (word, word)), &months.every),
            "by": choices(by, &months.by),
            "sheets": SHEETS.map(sheet),
        });
        Body::new("Revenue", &content)
    }
}

impl Sheet for Revenue {
    fn sheet(_: &Asked<Months>, seen: &SeenRevenue) -> Result<String, Error> {
        let (heads, rows) = revenue_csv::lines(seen.table, &seen.report);
        sheet::text(&heads, rows)
    }
}

/// What has no rate counts for nothing here, and is told; so is what is not there at all, which is no zero.
async fn gather(asked: &Asked<Months>, question: &RevenueQuestion) -> Result<RevenueReport, Error> {
    let (state, sight) = (&asked.state, &asked.visitor.sight);
    let config = state.config();
    let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
    let book = RevenueBook::read(&state.db, &state.setup, question, &mut rates).await?;
    let (book, fewer) = if sight.is_all() { (book, false) } else { book.of_those(|csm| sight.sees(csm)) };
    let mut report = book.report();
    if book.is_empty() {
        (report.periods, report.currencies, report.groups) = (Vec::new(), Vec::new(), Vec::new());
        (report.added, report.total, report.projection, report.renewal_survival) = (None, None, None, None);
        report.notes.push("no contract with a price is known: revenue is read from contracts".to_owned());
    }
    if fewer {
        report.notes.push("only the accounts that you see count here".to_owned());
    }
    if !rates.missing.is_empty() {
        let missing: Vec<String> = rates.missing.iter().map(ToString::to_string).collect();
        report
            .notes
            .push(format!("no rate is known for {}: what is in it counts for nothing ([revenue.rates])", missing.join(", ")));
    }
    Ok(report)
}

/// The figures that everybody asks for first.
fn facts(report: &RevenueReport) -> Vec<Value> {
    let (Some(total), Some(last)) = (&report.total, report.periods.last()) else { return Vec::new() };
    let row = &total.row;
    let money = |amount_text: &str| format!("{} {}", report.currency, amount(amount_text));
    let overdue = money(&row.overdue_undecided);
    let facts = [
        ("MRR at the end", money(&last.row.end_mrr), ""),
        ("NRR", percent(row.nrr), ""),
        ("GRR", percent(row.grr), ""),
        ("Logo churn", percent(row.logo_churn), ""),
        ("Renewal rate", percent(row.renewal_rate), ""),
        ("Overdue, undecided (ARR)", overdue, if is_zero(&row.overdue_undecided) { "" } else { "bad" }),
    ];
    facts.map(|(name, text, class)| json!({"name": name, "text": text, "class": class})).into()
}

/// MRR at the end of each period, and what is left of it in the months to come.
fn chart(report: &RevenueReport) -> Option<String> {
    // A picture needs no cents.
    let height = |text: &str| text.parse::<f64>().ok();
    let first = report.periods.first()?;
    let ends = report.periods.iter().map(|period| height(&period.row.end_mrr));
    let heights: Vec<f64> = std::iter::once(height(&first.row.start_mrr)).chain(ends).collect::<Option<_>>()?;
    let past: Vec<(f64, f64)> = (0_u32..).map(f64::from).zip(heights).collect();
    let (today, now) = *past.last()?;
    let ahead = report.projection.as_ref().map_or(&[][..], |projection| &projection.months);
    let course = |of: fn(&crate::revenue::ProjectedRow) -> &str| {
        let points = (1_u32..).map(|month| today + f64::from(month)).zip(ahead.iter().filter_map(|month| height(of(month))));
        Line { class: "side", points: std::iter::once((today, now)).chain(points).collect() }
    };
    let mut lines = vec![Line { class: "main", points: past }];
    if !ahead.is_empty() {
        lines.extend([course(|month| &month.better), course(|month| &month.mrr), course(|month| &month.worse)]);
    }
    let last = report.periods.last()?;
    let right = today + f64::from(u32::try_from(ahead.len()).unwrap_or(0));
    let mut below = vec![(0.0, first.period.clone()), (today, last.period.clone())];
    below.extend(ahead.last().map(|month| (right, month.month.clone())));
    let description = format!(
        "From {} {} at the start of {} to {} at the end of {}.{}",
        report.currency,
        amount(&first.row.start_mrr),
        first.period,
        amount(&last.row.end_mrr),
        last.period,
        ahead.last().map_or(String::new(), |month| format!(
            " If nothing new is added, {} are left in {}, between {} and {}.",
            amount(&month.mrr),
            month.month,
            amount(&month.worse),
            amount(&month.better)
        ))
    );
    let title = format!("MRR in {}", report.currency);
    let chart = Chart { title: &title, description: &description, below, right, top: None, written: grouped, lines };
    Some(chart.svg())
}

impl View for Rules {
    type Query = NoQuery;
    type Report = Value;
    const TEMPLATE: &'static str = "rules";
    const SUMMARY: &'static str = "What is done in each case of revenue";

    fn is_for(visitor: &Visitor) -> bool {
        visitor.leads()
    }

    async fn report(_: &Asked<NoQuery>) -> Result<Value, Refusal> {
        Ok(rule_list())
    }

    fn body(_: &Asked<NoQuery>, _: &Value) -> Result<Body, Error> {
        let mut table = Table::new("What is done in each case", "").column("Case").column("Rule");
        for (case, rule) in cases() {
            table.row([case, rule].map(super::table::Cell::text));
        }
        Body::new("Rules of revenue", &json!({"table": table}))
    }
}
