//! The tables of `longroad revenue` as CSV.

use anyhow::Result;

use super::sheet::{Sheet, cell};
use crate::revenue::{Opened, PeriodRow, RevenueReport, Row};

/// Writes the periods, or where it is divided the periods of each group, in the report's currency.
pub fn report(sheet: &Sheet, report: &RevenueReport) -> Result<()> {
    let mut heads = vec!["period", "starts_on", "ends_on", "complete", "currency"];
    heads.extend(report.by);
    heads.extend(NUMBERS);
    let mut rows = Vec::new();
    let mut add = |key: Option<&str>, period: &PeriodRow| {
        let mut row = [&period.period, &period.starts_on.to_string(), &period.ends_on.to_string()].map(String::clone).to_vec();
        row.push(period.complete.to_string());
        row.push(report.currency.to_string());
        row.extend(key.map(str::to_owned));
        row.extend(numbers(&period.row));
        rows.push(row);
    };
    if report.by.is_some() {
        for group in &report.groups {
            group.periods.iter().for_each(|period| add(Some(group.key.as_deref().unwrap_or_default()), period));
        }
    } else {
        report.periods.iter().for_each(|period| add(None, period));
    }
    sheet.write(&heads, rows)
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
