//! The tables of `longroad revenue` as CSV.

use anyhow::Result;

use super::sheet::{Sheet, cell, number};
use crate::model::Currency;
use crate::revenue::{Opened, PeriodRow, ProjectedRow, RevenueReport, Row};

/// One of the report's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// The periods, or with --by those of each group, in the report's currency
    Periods,
    /// The periods in each contract's own currency
    Currencies,
    /// What is left in the 24 months to come
    Projection,
    /// How long those stayed that had a term due
    Survival,
}

/// A table as it is written: its heads, its rows.
type Lines = (Vec<&'static str>, Vec<Vec<String>>);

/// Writes a table of the report.
pub fn report(sheet: &Sheet, table: Table, report: &RevenueReport) -> Result<()> {
    let (heads, rows) = lines(table, report);
    sheet.write(&heads, rows)
}

/// The heads and rows of a table of the report.
pub(crate) fn lines(table: Table, report: &RevenueReport) -> Lines {
    match table {
        Table::Periods => {
            let own = report.periods.iter().map(|period| (None, report.currency, period));
            let grouped = report.groups.iter().flat_map(|group| {
                group.periods.iter().map(|period| (Some(group.key.as_deref().unwrap_or_default()), report.currency, period))
            });
            if report.by.is_some() { periods(report.by, grouped) } else { periods(None, own) }
        }
        Table::Currencies => {
            let all = report.currencies.iter().flat_map(|one| one.periods.iter().map(|period| (None, one.currency, period)));
            periods(None, all)
        }
        Table::Projection => {
            let months = report.projection.iter().flat_map(|projection| &projection.months);
            let row = |month: &ProjectedRow| {
                vec![
                    month.month.clone(),
                    report.currency.to_string(),
                    month.mrr.clone(),
                    month.better.clone(),
                    month.worse.clone(),
                ]
            };
            let heads = vec!["month", "currency", "mrr", "mrr_one_point_better", "mrr_one_point_worse"];
            (heads, months.map(row).collect())
        }
        Table::Survival => {
            let rows = report.renewal_survival.iter().flat_map(|survival| {
                survival.months.iter().map(|month| {
                    let counts = [survival.customers.to_string(), month.month.to_string(), month.looked_at.to_string()];
                    let mut row = vec![survival.due_in.clone()];
                    row.extend(counts);
                    row.push(number(Some(month.kept)));
                    row
                })
            });
            (vec!["due_in", "customers", "months_later", "looked_at", "kept"], rows.collect())
        }
    }
}

fn periods<'a>(by: Option<&'static str>, periods: impl Iterator<Item = (Option<&'a str>, Currency, &'a PeriodRow)>) -> Lines {
    let mut heads = vec!["period", "starts_on", "ends_on", "complete", "currency"];
    heads.extend(by);
    heads.extend(NUMBERS);
    heads.extend(["nrr_12_months", "grr_12_months", "logo_churn_12_months", "renewal_rate_12_months"]);
    let rows = periods.map(|(key, currency, period)| {
        let mut row = vec![period.period.clone(), period.starts_on.to_string(), period.ends_on.to_string()];
        row.extend([period.complete.to_string(), currency.to_string()]);
        row.extend(key.map(str::to_owned));
        row.extend(numbers(&period.row));
        let year = period.trailing_twelve_months.as_ref();
        let shares = [
            year.and_then(|year| year.nrr),
            year.and_then(|year| year.grr),
            year.and_then(|year| year.logo_churn),
            year.and_then(|year| year.renewal_rate),
        ];
        row.extend(shares.map(cell));
        row
    });
    (heads, rows.collect())
}

const NUMBERS: [&str; 22] = [
    "start_mrr",
    "new",
    "expansion",
    "uplift",
    "contraction",
    "churn",
    "reactivation",
    "end_mrr",
    "end_mrr_extended",
    "end_mrr_undecided",
    "customers_start",
    "customers_lost",
    "customers_end",
    "nrr",
    "grr",
    "logo_churn",
    "terms_due",
    "atr",
    "renewed",
    "not_renewed",
    "overdue_undecided",
    "renewal_rate",
];

fn numbers(row: &Row) -> [String; 22] {
    [
        row.start_mrr.clone(),
        row.new.clone(),
        row.expansion.clone(),
        row.uplift.clone(),
        row.contraction.clone(),
        row.churn.clone(),
        row.reactivation.clone(),
        row.end_mrr.clone(),
        row.end_mrr_extended.clone(),
        row.end_mrr_undecided.clone(),
        row.customers_start.to_string(),
        cell(row.customers_lost),
        row.customers_end.to_string(),
        cell(row.nrr),
        cell(row.grr),
        cell(row.logo_churn),
        row.terms_due.to_string(),
        row.atr.clone(),
        row.renewed.clone(),
        row.not_renewed.clone(),
        row.overdue_undecided.clone(),
        cell(row.renewal_rate),
    ]
}

/// Writes one number, contract by contract. The amount stands in the first row of each customer, so that the column adds up.
pub fn opened(sheet: &Sheet, opened: &Opened) -> Result<()> {
    let heads = [
        "customer_id",
        "name",
        "amount",
        "currency",
        "account_id",
        "contract_id",
        "product",
        "from",
        "until",
        "basis",
        "contract_currency",
        "mrr",
        "start_mrr",
        "end_mrr",
        "due_on",
        "arr",
        "renewed",
        "outcome",
    ];
    let mut rows = Vec::new();
    for customer in &opened.customers {
        for (at, one) in customer.contracts.iter().enumerate() {
            rows.push(vec![
                customer.customer_id.clone(),
                customer.name.clone(),
                if at == 0 { customer.amount.clone() } else { String::new() },
                opened.currency.to_string(),
                one.account_id.clone(),
                one.contract_id.clone(),
                cell(one.product.as_ref()),
                cell(one.from),
                cell(one.until),
                cell(one.basis),
                one.contract_currency.to_string(),
                cell(one.mrr.as_ref()),
                cell(one.start_mrr.as_ref()),
                cell(one.end_mrr.as_ref()),
                cell(one.due_on),
                cell(one.arr.as_ref()),
                cell(one.renewed.as_ref()),
                cell(one.outcome),
            ]);
        }
    }
    sheet.write(&heads, rows)
}
