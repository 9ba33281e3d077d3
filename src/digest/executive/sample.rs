//! Samples: what `check` renders, and what the templates' names are held against.

use std::collections::BTreeMap;

use super::context::ExecutiveDigest;
use super::input::{ExecutiveInputs, FirstValueInputs, Mover, RenewalInputs};
use crate::digest::csm::CsmInputs;
use crate::digest::{Context, Kind, Links, Picture};
use crate::model::{Currency, Day, Money};
use crate::revenue::{PeriodRow, ProjectedRow, ProjectionRow, RevenueReport, Row, TrailingRow};
use crate::statistics::Survival;
use crate::value::cohort::Attainment;

impl Context for ExecutiveDigest {
    const KIND: Kind = Kind::Executive;

    fn samples() -> Vec<ExecutiveDigest> {
        let full = ExecutiveInputs::sample();
        let bare = ExecutiveInputs {
            first_value: FirstValueInputs {
                recent: attainment(None, 0, 0, 0, 0),
                before: attainment(None, 0, 0, 0, 0),
                days: full.first_value.days,
                cohorts: Vec::new(),
                concentration: None,
                missing_next: 0,
            },
            revenue: Err("there are contracts in USD, and no rate for that".to_owned()),
            largest_loss: None,
            largest_gain: None,
            renewals: None,
            without_rate: vec!["USD".to_owned()],
            stale: Vec::new(),
            approximated: false,
            ..full.clone()
        };
        [full, bare].iter().map(|inputs| ExecutiveDigest::build(inputs, &Links::sample())).collect()
    }

    fn pictures(&self) -> &[Picture] {
        &self.pictures
    }
}

impl ExecutiveInputs {
    /// A month with something in every list.
    pub fn sample() -> ExecutiveInputs {
        let csm = CsmInputs::sample();
        let cohorts =
            [("2026-05", 9, 5, 1), ("2026-06", 7, 4, 2), ("2026-07", 11, 8, 0), ("2026-08", 6, 5, 1), ("2026-09", 8, 6, 1)];
        ExecutiveInputs {
            reader: csm.reader,
            company: csm.company,
            on: csm.on,
            as_of: csm.on,
            first_value: FirstValueInputs {
                recent: attainment(None, 14, 11, 2, 0),
                before: attainment(None, 18, 12, 2, 0),
                days: 91,
                cohorts: cohorts
                    .into_iter()
                    .map(|(key, due, attained, late)| attainment(Some(key), due, attained, late, 0))
                    .chain([attainment(Some("2026-10"), 0, 0, 0, 5)])
                    .collect(),
                concentration: Some(("CSM", "Ilya Berg".to_owned(), 2)),
                missing_next: 2,
            },
            revenue: Ok(revenue(csm.on)),
            largest_loss: Some(Mover { name: "Acme Logistics".to_owned(), mrr: euro(400_000) }),
            largest_gain: Some(Mover { name: "Cedar Health".to_owned(), mrr: euro(350_000) }),
            renewals: Some(RenewalInputs {
                days: 120,
                due: euro(35_450_000),
                at_risk: euro(12_450_000),
                unknown: euro(1_200_000),
            }),
            without_rate: Vec::new(),
            stale: csm.stale,
            approximated: true,
        }
    }
}

fn euro(minor: i64) -> Money {
    Money { minor, currency: Currency::parse("EUR").expect("three letters are a currency") }
}

fn attainment(key: Option<&str>, due: usize, attained: usize, late: usize, pending: usize) -> Attainment {
    Attainment {
        key: key.map(str::to_owned),
        accounts: due + pending,
        due,
        attained,
        late,
        missed: due - attained - late,
        unknown: 0,
        pending,
        pending_attained: 0,
        rate: (due > 0).then(|| attained as f64 / due as f64),
        rate_interval: None,
        quartile_days: [Some(9), (due > 0).then_some(16), None],
        median_days_from_contract: None,
        curve: Survival::of([]),
    }
}

fn revenue(on: Day) -> RevenueReport {
    let months = ["2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"];
    let period = |(number, name): (u32, &str)| PeriodRow {
        period: name.to_owned(),
        starts_on: on - 60,
        ends_on: on - 30,
        complete: true,
        row: Row {
            start_mrr: format!("{}.00", 150_000 + number * 1200),
            new: "2100.00".to_owned(),
            expansion: "4300.00".to_owned(),
            contraction: "700.00".to_owned(),
            churn: "4500.00".to_owned(),
            reactivation: "0.00".to_owned(),
            end_mrr: format!("{}.00", 151_200 + number * 1200),
            renewal_rate: Some(0.91),
            ..Row::default()
        },
        trailing_twelve_months: Some(TrailingRow {
            starts_on: on - 400,
            nrr: Some(1.02 + f64::from(number) / 200.0),
            grr: Some(0.93),
            logo_churn: Some(0.05),
            atr: "0.00".to_owned(),
            renewed: "0.00".to_owned(),
            renewal_rate: None,
            overdue_undecided: "0.00".to_owned(),
        }),
    };
    let projected = |ahead: i32| {
        let at = |kept: f64| format!("{:.2}", 157_200.0 * kept.powi(ahead));
        ProjectedRow {
            month: format!("{}-{:02}", 2026 + (9 + ahead) / 12, (9 + ahead) % 12 + 1),
            mrr: at(0.992),
            better: at(1.0),
            worse: at(0.982),
        }
    };
    RevenueReport {
        as_of: on,
        as_of_approximated: true,
        currency: euro(0).currency,
        periods: (0..).zip(months).map(period).collect(),
        added: None,
        total: None,
        currencies: Vec::new(),
        by: None,
        groups: Vec::new(),
        projection: Some(ProjectionRow { monthly_churn: 0.008, of_months: 12, months: (1..=24).map(projected).collect() }),
        renewal_survival: None,
        definitions: BTreeMap::new(),
        notes: Vec::new(),
    }
}
