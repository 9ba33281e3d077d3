//! `revenue --json` (INTERFACE), and what is printed of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::by::{By, Sums, sums};
use super::customer::{AccountRow, Customer};
use super::flow::Flow;
use super::period::Period;
use super::projection::{Projection, Survival, projection, survival};
use super::rounding::apportion;
use crate::model::{Currency, Day, Exact, Money};

/// Revenue over some periods. Money is decimal text in [`Self::currency`], rates are shares of 1, unknown is null.
#[derive(Clone, Debug, Serialize)]
pub struct RevenueReport {
    /// The morning: everything known by then counts, for all periods.
    pub as_of: Day,
    /// Whether what was known when is taken from the facts' own dates, because history came in bulk.
    pub as_of_approximated: bool,
    /// The currency of the report.
    pub currency: Currency,
    /// In their order.
    pub periods: Vec<PeriodRow>,
    /// The periods added up, as they are printed: movements add, start and end are those of the first and the last.
    pub added: Option<Row>,
    /// All of them as one period: one movement per customer at the most, and its retention.
    pub total: Option<PeriodRow>,
    /// The same in each contract's own currency, where there is another.
    pub currencies: Vec<CurrencyRow>,
    /// What [`Self::groups`] are by.
    pub by: Option<&'static str>,
    /// By name; those that nobody named last.
    pub groups: Vec<GroupRow>,
    /// What is left of today's revenue in the 24 months to come.
    pub projection: Option<ProjectionRow>,
    /// How long those stayed that had a term due.
    pub renewal_survival: Option<SurvivalRow>,
    /// What each number is.
    pub definitions: BTreeMap<&'static str, &'static str>,
    /// What should be known of it.
    pub notes: Vec<String>,
}

/// One period.
#[derive(Clone, Debug, Serialize)]
pub struct PeriodRow {
    /// `2026-03`, `2026-Q1`, `2026`.
    pub period: String,
    /// Its first day.
    pub starts_on: Day,
    /// The first day after it.
    pub ends_on: Day,
    /// Whether it has ended.
    pub complete: bool,
    /// Its numbers.
    #[serde(flatten)]
    pub row: Row,
    /// Retention of the twelve months that end with it; not of groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_twelve_months: Option<TrailingRow>,
}

/// The numbers of a period. `end_mrr = start_mrr + new + expansion − contraction − churn + reactivation`, to the cent.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "`definitions` says what each number is, in the report itself")]
pub struct Row {
    pub start_mrr: String,
    pub new: String,
    pub expansion: String,
    pub uplift: String,
    pub contraction: String,
    pub churn: String,
    pub reactivation: String,
    pub end_mrr: String,
    pub end_mrr_extended: String,
    pub end_mrr_undecided: String,
    pub customers_start: u64,
    pub customers_lost: Option<u64>,
    pub customers_end: u64,
    pub nrr: Option<f64>,
    pub grr: Option<f64>,
    pub logo_churn: Option<f64>,
    pub terms_due: u64,
    pub atr: String,
    pub renewed: String,
    pub not_renewed: String,
    pub overdue_undecided: String,
    pub renewal_rate: Option<f64>,
}

/// Retention of twelve months.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the same numbers as in `Row`")]
pub struct TrailingRow {
    pub starts_on: Day,
    pub nrr: Option<f64>,
    pub grr: Option<f64>,
    pub logo_churn: Option<f64>,
    pub atr: String,
    pub renewed: String,
    pub renewal_rate: Option<f64>,
    pub overdue_undecided: String,
}

/// A currency's own numbers.
#[derive(Clone, Debug, Serialize)]
pub struct CurrencyRow {
    /// In which the money is.
    pub currency: Currency,
    /// What one of it is in the report's currency.
    pub rate: Option<String>,
    /// Its periods. What was due is told in the report's currency only.
    pub periods: Vec<PeriodRow>,
    /// The periods added up.
    pub added: Option<Row>,
}

/// One part of the whole.
#[derive(Clone, Debug, Serialize)]
pub struct GroupRow {
    /// Its name; null where nobody named one.
    pub key: Option<String>,
    /// Its periods.
    pub periods: Vec<PeriodRow>,
    /// The periods added up.
    pub added: Option<Row>,
    /// All of them as one period.
    pub total: PeriodRow,
}

/// What is left of today's revenue.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectionRow {
    /// The share of a month's starting MRR that contraction and churn took.
    pub monthly_churn: f64,
    /// On average of so many months.
    pub of_months: usize,
    /// Month by month.
    pub months: Vec<ProjectedRow>,
}

impl ProjectionRow {
    /// Whether one point less a month is no loss at all: there is less than a point to lose.
    pub fn better_is_no_loss(&self) -> bool {
        self.monthly_churn <= 0.01
    }
}

/// MRR at the end of a month to come.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectedRow {
    /// The month.
    pub month: String,
    /// At the present churn.
    pub mrr: String,
    /// At one point less.
    pub better: String,
    /// At one point more.
    pub worse: String,
}

/// How long customers stayed after a term was due.
#[derive(Clone, Debug, Serialize)]
pub struct SurvivalRow {
    /// The period in which it was due.
    pub due_in: String,
    /// How many.
    pub customers: usize,
    /// Month by month.
    pub months: Vec<SurvivedRow>,
}

/// One step of the curve.
#[derive(Clone, Debug, Serialize)]
pub struct SurvivedRow {
    /// So many months after the term was due.
    pub month: u32,
    /// The share that is still there (Kaplan–Meier).
    pub kept: f64,
    /// Customers whose course was known for so long.
    pub looked_at: usize,
}

/// What is asked of revenue.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The morning.
    pub on: Day,
    /// The currency of the report, and what one of each other is in it.
    pub currency: Currency,
    /// The periods, in their order.
    pub periods: Vec<Period>,
    /// Divided by what.
    pub by: By,
}

/// What each number is, as it is printed beside it.
pub const DEFINITIONS: &[(&str, &str)] = &[
    ("start_mrr", "revenue of a month on the day before the period; the price of a year is twelve times as much"),
    ("new", "MRR of customers that never had any before"),
    ("expansion", "more MRR from customers that had some at the start, price rises included"),
    (
        "uplift",
        "the part of expansion that is price rises: of extensions, of renewals as far as was agreed, of steps of one deal",
    ),
    ("contraction", "less MRR from customers that stay"),
    ("churn", "MRR of customers whose last contract ended"),
    ("reactivation", "MRR of customers that had left and are back"),
    ("end_mrr", "start + new + expansion − contraction − churn + reactivation, to the cent"),
    ("nrr", "(start + expansion − contraction − churn) / start, of the customers with revenue at the start"),
    ("grr", "the same without expansion, each customer counting for no more than at the start"),
    ("logo_churn", "customers with revenue at the start and none at the end / customers with revenue at the start"),
    ("atr", "yearly price of the terms whose contractual end lies in the period, whenever they were renewed"),
    ("renewed", "how much of it goes on, at most the price that was due"),
    ("overdue_undecided", "how much of it has ended without renewal, notice or loss; it can still be renewed"),
    ("renewal_rate", "renewed / up for renewal; unknown while nothing of it is decided"),
    (
        "monthly_churn",
        "Σ (contraction + churn) / Σ start_mrr of the last twelve complete months; it compounds from month to month",
    ),
    ("renewal_survival", "customers with a term due in the period, the share with revenue so many months later (Kaplan–Meier)"),
    (
        "rounding",
        "exact until printed; start and end half away from zero, movements by the largest remainder, so that each row adds up; \
         `added` adds up what is printed above it",
    ),
];

/// Works it out. `currencies`: what one of each other currency is in the report's.
pub fn report(ask: &Ask, accounts: &[AccountRow], customers: &[Customer], rates: &BTreeMap<Currency, String>) -> RevenueReport {
    let count = ask.periods.len();
    let whole = Period::whole(&ask.periods);
    let trailing: Vec<Period> = ask.periods.iter().map(Period::trailing_year).collect();
    let asked: Vec<Period> = ask.periods.iter().chain(whole.iter()).chain(&trailing).cloned().collect();
    let of_all = sums(accounts, customers, &asked, By::Nothing);
    let none = vec![Flow::default(); asked.len()];
    let flows = of_all.values().next().unwrap_or(&none);
    let printer = Printer { currency: ask.currency };
    let mut periods = printer.periods(&ask.periods, &flows[..count]);
    for (row, (period, flow)) in periods.iter_mut().zip(trailing.iter().zip(flows.iter().skip(count + 1))) {
        row.trailing_twelve_months = Some(printer.trailing(period, flow));
    }
    let names = |sums: &Sums| sums.keys().filter_map(|group| Currency::parse(group.name()?).ok()).collect::<Vec<_>>();
    let by_currency = sums(accounts, customers, &ask.periods, By::Currency);
    let foreign = names(&by_currency).iter().any(|&currency| currency != ask.currency);
    let currencies = names(&by_currency).into_iter().zip(by_currency.values()).filter(|_| foreign).map(|(currency, flows)| {
        let without_dues = |flow: &Flow| Flow {
            due: Exact::ZERO,
            due_renewed: Exact::ZERO,
            due_undecided: Exact::ZERO,
            terms_due: 0,
            ..flow.clone()
        };
        let flows: Vec<Flow> = flows.iter().map(without_dues).collect();
        let printer = Printer { currency };
        CurrencyRow {
            currency,
            rate: rates.get(&currency).cloned(),
            periods: printer.periods(&ask.periods, &flows),
            added: printer.added(&flows, &ends(&flows)),
        }
    });
    let months: Vec<(&Period, &Flow)> = ask.periods.iter().zip(flows).filter(|(period, _)| is_month(period)).collect();
    RevenueReport {
        as_of: ask.on,
        as_of_approximated: false,
        currency: ask.currency,
        added: printer.added(&flows[..count], &ends(&flows[..count])),
        total: whole.as_ref().zip(flows.get(count)).map(|(period, flow)| printer.period(period, flow)),
        periods,
        currencies: currencies.collect(),
        by: Some(ask.by.word()).filter(|word| !word.is_empty()),
        groups: if ask.by == By::Nothing { Vec::new() } else { printer.groups(ask, accounts, customers, whole.as_ref()) },
        projection: projection(&months).map(|projection| printer.projection(&projection)),
        renewal_survival: whole
            .as_ref()
            .and_then(|period| Some((period, survival(customers, period, ask.on)?)))
            .map(|(period, survival)| survival_row(period, &survival)),
        definitions: DEFINITIONS.iter().copied().collect(),
        notes: Vec::new(),
    }
}

/// Whether it is a calendar month: rates of others are not a month's.
fn is_month(period: &Period) -> bool {
    period.from.plus_months(1) >= period.until
}

/// Of all groups, what each is printed to have at the start of the first period and at the end of each, in whole minor units. At
/// each of these days they add up to the whole's, and a group in which nothing moved stays as it was: a minor unit that is left over
/// goes to one that moved. `count`: how many of the periods of `sums` follow each other.
pub(super) fn stands(sums: &Sums, count: usize) -> Vec<Vec<i64>> {
    let first = |flows: &Vec<Flow>| flows.first().map_or(Exact::ZERO, |flow| flow.start);
    let mut exact: Vec<Exact> = sums.values().map(first).collect();
    let mut printed = apportion(&exact, exact.iter().copied().sum::<Exact>().rounded());
    let mut stands: Vec<Vec<i64>> = printed.iter().map(|&minor| vec![minor]).collect();
    for at in 0..count {
        let ends: Vec<Exact> = sums.values().map(|flows| flows[at].end).collect();
        let whole = ends.iter().copied().sum::<Exact>().rounded();
        let moved: Vec<usize> = (0..ends.len()).filter(|&group| ends[group] != exact[group]).collect();
        let parts: Vec<Exact> = moved.iter().map(|&group| ends[group]).collect();
        if parts.iter().any(|part| *part != Exact::ZERO) {
            let still: i64 = (0..ends.len()).filter(|group| !moved.contains(group)).map(|group| printed[group]).sum();
            for (&group, share) in moved.iter().zip(apportion(&parts, whole - still)) {
                printed[group] = share;
            }
        } else if !moved.is_empty() {
            // Those that moved are all gone: what is left over cannot be theirs.
            printed = apportion(&ends, whole);
        }
        exact = ends;
        stands.iter_mut().zip(&printed).for_each(|(group, &minor)| group.push(minor));
    }
    stands
}

/// A period's movements in whole minor units: new, expansion, contraction, churn, reactivation, and uplift.
pub(super) fn movements(flow: &Flow, start: i64, end: i64) -> [i64; 6] {
    let parts = [flow.new, flow.expansion, -flow.contraction, -flow.churn, flow.reactivation];
    let shares = apportion(&parts, end - start);
    let uplift = if flow.uplift == flow.expansion { shares[1] } else { flow.uplift.rounded().min(shares[1]) };
    [shares[0], shares[1], -shares[2], -shares[3], shares[4], uplift]
}

/// The rounded start and end of each.
fn ends(flows: &[Flow]) -> Vec<(i64, i64)> {
    flows.iter().map(|flow| (flow.start.rounded(), flow.end.rounded())).collect()
}

/// The price of a year in whole minor units.
fn yearly(monthly: Exact) -> i64 {
    monthly.scaled(12, 1).rounded()
}

/// Writes amounts of one currency.
#[derive(Clone, Copy)]
struct Printer {
    currency: Currency,
}

impl Printer {
    fn money(self, minor: i64) -> String {
        Money { minor, currency: self.currency }.amount()
    }

    fn row(self, flow: &Flow, (start, end): (i64, i64)) -> Row {
        let [new, expansion, contraction, churn, reactivation, uplift] = movements(flow, start, end);
        let [due, renewed, undecided] = [flow.due, flow.due_renewed, flow.due_undecided].map(yearly);
        Row {
            start_mrr: self.money(start),
            new: self.money(new),
            expansion: self.money(expansion),
            uplift: self.money(uplift),
            contraction: self.money(contraction),
            churn: self.money(churn),
            reactivation: self.money(reactivation),
            end_mrr: self.money(end),
            end_mrr_extended: self.money(flow.extended.rounded()),
            end_mrr_undecided: self.money(flow.undecided.rounded()),
            customers_start: flow.customers_start,
            customers_lost: Some(flow.customers_lost),
            customers_end: flow.customers_end,
            nrr: flow.nrr(),
            grr: flow.grr(),
            logo_churn: flow.logo_churn(),
            terms_due: flow.terms_due,
            atr: self.money(due),
            renewed: self.money(renewed),
            not_renewed: self.money(due - renewed - undecided),
            overdue_undecided: self.money(undecided),
            renewal_rate: flow.renewal_rate(),
        }
    }

    fn period(self, period: &Period, flow: &Flow) -> PeriodRow {
        self.rounded_period(period, flow, (flow.start.rounded(), flow.end.rounded()))
    }

    fn rounded_period(self, period: &Period, flow: &Flow, ends: (i64, i64)) -> PeriodRow {
        PeriodRow {
            period: period.name.clone(),
            starts_on: period.from,
            ends_on: period.until,
            complete: period.complete,
            row: self.row(flow, ends),
            trailing_twelve_months: None,
        }
    }

    fn periods(self, periods: &[Period], flows: &[Flow]) -> Vec<PeriodRow> {
        periods.iter().zip(flows).map(|(period, flow)| self.period(period, flow)).collect()
    }

    /// Several periods added up as they are printed, so that columns add up too. Retention is that of one period: there is none.
    fn added(self, flows: &[Flow], ends: &[(i64, i64)]) -> Option<Row> {
        let (first, last) = (flows.first()?, flows.last()?);
        let (start, end) = (ends.first()?.0, ends.last()?.1);
        let mut moved = [0; 6];
        let mut due = Flow::default();
        for (flow, ends) in flows.iter().zip(ends) {
            let more = movements(flow, ends.0, ends.1);
            moved.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            due.due += flow.due;
            due.due_renewed += flow.due_renewed;
            due.due_undecided += flow.due_undecided;
        }
        let [new, expansion, contraction, churn, reactivation, uplift] = moved.map(|minor| self.money(minor));
        let sum = |amount: fn(&Flow) -> Exact| flows.iter().map(|flow| yearly(amount(flow))).sum::<i64>();
        let sums = [sum(|flow| flow.due), sum(|flow| flow.due_renewed), sum(|flow| flow.due_undecided)];
        Some(Row {
            start_mrr: self.money(start),
            new,
            expansion,
            uplift,
            contraction,
            churn,
            reactivation,
            end_mrr: self.money(end),
            end_mrr_extended: self.money(last.extended.rounded()),
            end_mrr_undecided: self.money(last.undecided.rounded()),
            customers_start: first.customers_start,
            customers_lost: None,
            customers_end: last.customers_end,
            nrr: None,
            grr: None,
            logo_churn: None,
            terms_due: flows.iter().map(|flow| flow.terms_due).sum(),
            atr: self.money(sums[0]),
            renewed: self.money(sums[1]),
            not_renewed: self.money(sums[0] - sums[1] - sums[2]),
            overdue_undecided: self.money(sums[2]),
            renewal_rate: due.renewal_rate(),
        })
    }

    fn trailing(self, period: &Period, flow: &Flow) -> TrailingRow {
        TrailingRow {
            starts_on: period.from,
            nrr: flow.nrr(),
            grr: flow.grr(),
            logo_churn: flow.logo_churn(),
            atr: self.money(yearly(flow.due)),
            renewed: self.money(yearly(flow.due_renewed)),
            renewal_rate: flow.renewal_rate(),
            overdue_undecided: self.money(yearly(flow.due_undecided)),
        }
    }

    fn groups(self, ask: &Ask, accounts: &[AccountRow], customers: &[Customer], whole: Option<&Period>) -> Vec<GroupRow> {
        let Some(whole) = whole else { return Vec::new() };
        let asked: Vec<Period> = ask.periods.iter().chain([whole]).cloned().collect();
        let sums = sums(accounts, customers, &asked, ask.by);
        let last = ask.periods.len();
        let stands = stands(&sums, last);
        let group = |((group, flows), stands): ((&super::by::Group, &Vec<Flow>), &Vec<i64>)| {
            let ends: Vec<(i64, i64)> = stands.windows(2).map(|two| (two[0], two[1])).collect();
            let row = |at: usize| self.rounded_period(&asked[at], &flows[at], ends[at]);
            GroupRow {
                key: group.name().map(str::to_owned),
                periods: (0..last).map(row).collect(),
                added: self.added(&flows[..last], &ends),
                total: self.rounded_period(whole, &flows[last], (stands[0], stands[last])),
            }
        };
        let seen = |row: &GroupRow| {
            row.periods.iter().chain([&row.total]).any(|row| {
                row.row.customers_end + row.row.customers_start + row.row.terms_due > 0 || row.row.start_mrr != row.row.end_mrr
            })
        };
        let mut groups: Vec<GroupRow> = sums.iter().zip(&stands).map(group).filter(seen).collect();
        groups.sort_by(|a, b| (a.key.is_none(), &a.key).cmp(&(b.key.is_none(), &b.key)));
        groups
    }

    fn projection(self, projection: &Projection) -> ProjectionRow {
        let months = projection.months.iter().map(|month| ProjectedRow {
            month: month.month.to_string(),
            mrr: self.money(month.present.rounded()),
            better: self.money(month.better.rounded()),
            worse: self.money(month.worse.rounded()),
        });
        ProjectionRow { monthly_churn: projection.monthly_churn, of_months: projection.of_months, months: months.collect() }
    }
}

fn survival_row(period: &Period, survival: &Survival) -> SurvivalRow {
    let months = survival.months.iter().map(|&(month, kept, looked_at)| SurvivedRow { month, kept, looked_at });
    SurvivalRow { due_in: period.name.clone(), customers: survival.customers, months: months.collect() }
}
