//! From what is known of the company to the texts of the mail.

use super::context::{CohortLine, ExecutiveDigest, MonthLine, ProjectionLine};
use super::input::ExecutiveInputs;
use super::sentences::{figure, money, percent, sentences};
use crate::digest::chart::{self, BLUE, GREEN, Part, RED};
use crate::digest::parts::Links;
use crate::digest::{Head, Kind, Notice, Picture};
use crate::revenue::{DEFINITIONS, ProjectionRow, RevenueReport};
use crate::value::cohort::Attainment;

/// Cohorts and months that are shown.
const ROWS: usize = 6;
/// Months between two lines of the projection.
const STEP: usize = 6;
/// The names of the pictures within the mail.
const COHORTS: &str = "first-value";
const PROJECTION: &str = "projection";

impl ExecutiveDigest {
    /// The digest, with these links.
    pub fn build(inputs: &ExecutiveInputs, links: &Links) -> ExecutiveDigest {
        let days = (inputs.on, inputs.as_of);
        let mut head = Head::new(&inputs.reader, &inputs.company, days, &inputs.stale, inputs.approximated);
        if !inputs.without_rate.is_empty() {
            let currencies = inputs.without_rate.join(", ");
            head.note(format!(
                "No rate is known for {currencies}: revenue cannot be told, and renewals in it are left out of sums."
            ));
        }
        let told = &inputs.first_value;
        let cohorts = &told.cohorts[told.cohorts.len().saturating_sub(ROWS)..];
        let revenue = inputs.revenue.as_ref().ok().filter(|report| !report.periods.is_empty());
        let projection = revenue.and_then(|report| Some((report, report.projection.as_ref()?)));
        let is_no_loss = projection.is_some_and(|(_, projection)| projection.better_is_no_loss());
        let better = if is_no_loss { "nothing lost" } else { "one point less" };
        let sentences = sentences(inputs);
        let words = cohorts.iter().map(|row| format!("{}: {}", row.key.as_deref().unwrap_or("–"), rate(row.rate)));
        let pictures: Vec<Picture> = (!cohorts.is_empty())
            .then(|| chart::bars(COHORTS, &cohorts.iter().map(parts).collect::<Vec<_>>()))
            .into_iter()
            .chain(projection.map(|(_, projection)| curves(projection)))
            .collect();
        let cid = |there: bool, name: &str| if there { format!("cid:{name}") } else { String::new() };
        ExecutiveDigest {
            head,
            headline: headline(inputs),
            preheader: sentences[0].clone(),
            sentences: sentences.map(|text| Notice { text }).to_vec(),
            any_cohorts: !cohorts.is_empty(),
            cohorts: cohorts.iter().map(cohort).collect(),
            cohorts_picture: cid(!cohorts.is_empty(), COHORTS),
            cohorts_words: format!(
                "Share that attained first value in time, by go-live. {}",
                words.collect::<Vec<_>>().join("; ")
            ),
            any_revenue: revenue.is_some(),
            currency: revenue.map(|report| report.currency.to_string()).unwrap_or_default(),
            months: revenue.map(months).unwrap_or_default(),
            nrr_definition: definition("nrr"),
            grr_definition: definition("grr"),
            renewal_rate_definition: definition("renewal_rate"),
            any_projection: projection.is_some(),
            projection: projection.map(|(report, projection)| lines(report, projection)).unwrap_or_default(),
            churn: projection.map(|(_, projection)| churn(projection)).unwrap_or_default(),
            better: better.to_owned(),
            better_head: (if is_no_loss { "Nothing lost" } else { "One point less" }).to_owned(),
            projection_picture: cid(projection.is_some(), PROJECTION),
            projection_words: projection.map(|(report, projection)| in_words(report, projection, better)).unwrap_or_default(),
            first_value_link: links.page("first-value"),
            revenue_link: links.page("revenue"),
            unsubscribe: links.off(Kind::Executive, &inputs.reader.id),
            pictures,
        }
    }
}

fn headline(inputs: &ExecutiveInputs) -> String {
    let first_value = match inputs.first_value.recent.rate {
        Some(rate) => format!("First value {} in time", percent(rate)),
        None => "First value: none fell due".to_owned(),
    };
    let last = inputs.revenue.as_ref().ok().and_then(|report| report.periods.last()?.trailing_twelve_months.as_ref());
    match last.and_then(|last| last.nrr) {
        Some(nrr) => format!("{first_value}, NRR {}", percent(nrr)),
        None => format!("{first_value}, NRR not known"),
    }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), percent)
}

/// In time below, late above it; nothing where nobody knows.
fn parts(row: &Attainment) -> Vec<Part> {
    let known = (row.due - row.unknown) as f64;
    if known == 0.0 {
        return Vec::new();
    }
    // A cohort of which nobody attained it has a line at the bottom, not a stub for what is not known.
    vec![((row.attained as f64 / known).max(0.004), GREEN), (row.late as f64 / known, BLUE)]
}

fn cohort(row: &Attainment) -> CohortLine {
    let attained = format!("{} of {}", row.attained, row.due - row.unknown);
    let pending = if row.pending == 0 { String::new() } else { format!("{} yet to come", row.pending) };
    let median =
        row.quartile_days[1].map_or_else(|| "half not there yet".to_owned(), |days| format!("half there after {days} days"));
    let to_come = if pending.is_empty() { String::new() } else { format!("; {pending}") };
    CohortLine {
        cohort: row.key.clone().unwrap_or_default(),
        in_words: match row.rate {
            Some(rate) => format!("{} ({attained}), {median}{to_come}", percent(rate)),
            None => format!("none is due{to_come}"),
        },
        attained,
        rate: rate(row.rate),
        median: row.quartile_days[1].map_or_else(|| "not yet".to_owned(), |days| format!("{days} days")),
        pending,
    }
}

fn months(report: &RevenueReport) -> Vec<MonthLine> {
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1}\u{A0}%", share * 100.0));
    let shown = &report.periods[report.periods.len().saturating_sub(ROWS)..];
    let line = |period: &crate::revenue::PeriodRow| MonthLine {
        month: period.period.clone(),
        mrr: figure(&period.row.end_mrr, report.currency),
        nrr: share(period.trailing_twelve_months.as_ref().and_then(|year| year.nrr)),
        grr: share(period.trailing_twelve_months.as_ref().and_then(|year| year.grr)),
        renewal_rate: share(period.row.renewal_rate),
    };
    shown.iter().map(line).collect()
}

fn definition(name: &str) -> String {
    DEFINITIONS.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()).unwrap_or_default()
}

fn lines(report: &RevenueReport, projection: &ProjectionRow) -> Vec<ProjectionLine> {
    let money = |text: &str| figure(text, report.currency);
    let every = projection.months.iter().skip(STEP - 1).step_by(STEP);
    let line = |row: &crate::revenue::ProjectedRow| ProjectionLine {
        month: row.month.clone(),
        present: money(&row.mrr),
        better: money(&row.better),
        worse: money(&row.worse),
    };
    every.map(line).collect()
}

fn churn(projection: &ProjectionRow) -> String {
    format!("{:.1} % a month, the mean of {} months", projection.monthly_churn * 100.0, projection.of_months)
}

fn in_words(report: &RevenueReport, projection: &ProjectionRow, better: &str) -> String {
    let last = projection.months.last().map(|last| {
        let money = |text: &str| money(text, report.currency);
        format!(
            "{}: {} at the present churn, {} with {better}, {} with one point more",
            last.month,
            money(&last.mrr),
            money(&last.better),
            money(&last.worse)
        )
    });
    format!("MRR that is left of today's, month by month. {}", last.unwrap_or_default())
}

fn curves(projection: &ProjectionRow) -> Picture {
    let number = |text: &String| text.parse::<f64>().unwrap_or(0.0);
    let highest = projection.months.iter().map(|row| number(&row.better)).fold(1.0, f64::max);
    let of = |pick: &dyn Fn(&crate::revenue::ProjectedRow) -> &String| {
        projection.months.iter().map(|row| number(pick(row)) / highest).collect::<Vec<f64>>()
    };
    chart::curves(PROJECTION, &[(of(&|row| &row.better), GREEN), (of(&|row| &row.worse), RED), (of(&|row| &row.mrr), BLUE)])
}
