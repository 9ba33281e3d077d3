//! What an executive looks at: three figures, each with the page behind it.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::section::Section;
use super::team::{AT_RISK_DAYS, at_risk};
use crate::cli::words::{count, percent};
use crate::cycle::{RevenueBook, RevenueQuestion};
use crate::model::{Currency, Money};
use crate::revenue::{By, Every, Rates};
use crate::value::cohort::Span;
use crate::web::AppState;
use crate::web::table::{Cell, Table};
use crate::web::visitor::Visitor;

/// What an executive looks at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Company {
    /// Net revenue retention of the last twelve months.
    nrr: Option<f64>,
    /// Gross revenue retention of the same.
    grr: Option<f64>,
    /// Why there is none, where there is none.
    nrr_unknown: String,
    /// The share that attained the first value in time, of those whose deadline has passed.
    attainment: Option<f64>,
    /// Of so many.
    attainment_of: usize,
    /// ARR that is called at risk or lost, a decimal.
    arr_at_risk: String,
    /// The currency of that.
    currency: Currency,
    /// How many renewals that is.
    renewals_at_risk: usize,
    #[serde(skip)]
    at_risk: Money,
}

/// Retention of the last twelve months: net, gross, and why it is not known.
type Retention = (Option<f64>, Option<f64>, String);

async fn retention(state: &AppState) -> Result<Retention> {
    let config = state.config();
    let question = RevenueQuestion { on: state.today(), from: None, to: None, every: Every::Month, by: By::Nothing };
    let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
    let book = RevenueBook::read(&state.db, &state.setup, &question, &mut rates).await?;
    if !rates.missing.is_empty() {
        let currencies: Vec<&str> = rates.missing.iter().map(Currency::code).collect();
        return Ok((None, None, format!("there are contracts in {}, and no rate for that", currencies.join(", "))));
    }
    if book.is_empty() {
        return Ok((None, None, "there are no contracts with a price".to_owned()));
    }
    let last = book.report().periods.pop().and_then(|period| period.trailing_twelve_months);
    let unknown = "nothing was in force twelve months ago".to_owned();
    Ok(last.map_or((None, None, unknown.clone()), |year| (year.nrr, year.grr, unknown)))
}

impl Company {
    /// Gathers it.
    pub(super) async fn gather(state: &AppState, visitor: &Visitor) -> Result<Company> {
        let (config, now) = (state.config(), state.clock.now());
        let retention: Arc<Retention> = state.memo.get("retention", now, Box::pin(retention(state))).await?;
        let attainment = state.courses().await?.report(Span::Month, |_| true).all;
        let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
        let renewals = at_risk(state, visitor, &mut rates).await?;
        let minor = renewals.iter().fold(0, |sum: i64, (worth, _)| sum.saturating_add(worth.minor));
        let at_risk = Money { minor, currency: config.company.currency };
        let (nrr, grr, unknown) = retention.as_ref();
        Ok(Company {
            nrr: *nrr,
            grr: *grr,
            nrr_unknown: if nrr.is_none() { unknown.clone() } else { String::new() },
            attainment: attainment.rate,
            attainment_of: attainment.due - attainment.unknown,
            arr_at_risk: at_risk.amount(),
            currency: at_risk.currency,
            renewals_at_risk: renewals.len(),
            at_risk,
        })
    }

    /// The part of the page.
    pub(super) fn section(&self) -> Section {
        let unknown = || "not known".to_owned();
        let mut table = Table::new("Figures of the whole company", "").column("What").number("Now");
        let gross = self.grr.map_or_else(|| self.nrr_unknown.clone(), |share| format!("gross {}", percent(share)));
        table.row([
            Cell::link("NRR of the last twelve months", "/revenue".to_owned()),
            Cell::number(self.nrr.map_or_else(unknown, percent)).with_note(gross),
        ]);
        let of = count(self.attainment_of as u64, "customer", "customers");
        table.row([
            Cell::link("First value attained in time", "/first-value".to_owned()),
            Cell::number(self.attainment.map_or_else(unknown, percent)).with_note(format!("of {of} whose day has come")),
        ]);
        let renewals = count(self.renewals_at_risk as u64, "renewal", "renewals");
        table.row([
            Cell::link(format!("ARR at risk within {AT_RISK_DAYS} days"), "/renewals".to_owned()),
            Cell::number(self.at_risk).with_note(renewals),
        ]);
        Section::new("The company", 3, table, ("", ""))
    }
}
