//! The tables of `longroad revenue` as CSV.

use std::path::Path;

use anyhow::{Context, Result};

use super::export::quoted;
use crate::model::record::Cell;
use crate::revenue::{Opened, PeriodRow, RevenueReport, Row};

/// Writes the periods, or where it is divided the periods of each group, in the report's currency.
pub fn report(file: &Path, report: &RevenueReport) -> Result<()> {
    let mut heads = vec!["period", "starts_on", "ends_on", "complete", "currency"];
    heads.extend(report.by);
    heads.extend(NUMBERS);
    let mut rows = vec![heads.into_iter().map(Cell::plain).collect()];
    let mut add = |key: Option<&str>, period: &PeriodRow| {
        let mut row = [&period.period, &period.starts_on.to_string(), &period.ends_on.to_string()].map(Cell::plain).to_vec();
        row.push(Cell::plain(period.complete.to_string()));
        row.push(Cell::plain(report.currency.code()));
        row.extend(key.map(Cell::free));
        row.extend(numbers(&period.row).into_iter().map(Cell::plain));
        rows.push(row);
    };
    if report.by.is_some() {
        for group in &report.groups {
            group.periods.iter().for_each(|period| add(Some(group.key.as_deref().unwrap_or_default()), period));
        }
    } else {
        report.periods.iter().for_each(|period| add(None, period));
    }
    write(file, &rows)
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
    let share = |share: Option<f64>| share.map(|share| share.to_string()).unwrap_or_default();
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
        row.customers_lost.map(|lost| lost.to_string()).unwrap_or_default(),
        row.customers_end.to_string(),
        share(row.nrr),
        share(row.grr),
        share(row.logo_churn),
        row.terms_due.to_string(),
        row.atr.clone(),
        row.renewed.clone(),
        row.not_renewed.clone(),
        row.overdue_undecided.clone(),
        share(row.renewal_rate),
    ]
}

/// Writes one number, contract by contract. The amount stands in the first row of each customer, so that the column adds up.
pub fn opened(file: &Path, opened: &Opened) -> Result<()> {
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
    let mut rows = vec![heads.map(Cell::plain).to_vec()];
    for customer in &opened.customers {
        for (at, one) in customer.contracts.iter().enumerate() {
            let text = |text: &Option<String>| Cell::plain(text.clone().unwrap_or_default());
            let day = |day: Option<crate::model::Day>| Cell::plain(day.map(|day| day.to_string()).unwrap_or_default());
            rows.push(vec![
                Cell::free(&customer.customer_id),
                Cell::free(&customer.name),
                Cell::plain(if at == 0 { customer.amount.as_str() } else { "" }),
                Cell::plain(opened.currency.code()),
                Cell::free(&one.account_id),
                Cell::free(&one.contract_id),
                Cell::free(one.product.clone().unwrap_or_default()),
                day(one.from),
                day(one.until),
                Cell::plain(one.basis.unwrap_or_default()),
                Cell::plain(one.contract_currency.code()),
                text(&one.mrr),
                text(&one.start_mrr),
                text(&one.end_mrr),
                day(one.due_on),
                text(&one.arr),
                text(&one.renewed),
                Cell::plain(one.outcome.unwrap_or_default()),
            ]);
        }
    }
    write(file, &rows)
}

fn write(file: &Path, rows: &[Vec<Cell>]) -> Result<()> {
    let line = |row: &Vec<Cell>| row.iter().map(|cell| quoted(cell, false)).collect::<Vec<_>>().join(",") + "\n";
    std::fs::write(file, rows.iter().map(line).collect::<String>()).with_context(|| format!("writing {}", file.display()))
}
