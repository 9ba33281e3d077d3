//! Churn risk of all customers on one morning, seen in three ways: what they did, how their pattern of use changed, and
//! the probability.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use super::assess::{Customer, decode};
use super::look::{Look, Odds, account};
use super::population::Block;
use super::{OpinionReport, Setup};
use crate::clock::Clock;
use crate::model::record::{Contract, Record, RecordKind};
use crate::model::{Currency, Day, Money};
use crate::revenue::Rates;
use crate::revenue::renewal::{Due, call_of, due};
use crate::risk::{self, ArrAtRisk, AtRisk, Finding, Level, Model};
use crate::signals::{Band, Cadence, Signal};
use crate::store::{Db, facts};

/// `risk --json`.
#[derive(Clone, Debug, Serialize)]
pub struct RiskReport {
    /// The morning.
    pub as_of: Day,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// What the probabilities rest on.
    pub models: ModelsReport,
    /// Customers by where they are in their life.
    pub lifecycles: BTreeMap<&'static str, usize>,
    /// Customers that cost more to serve than they bring; `None`: hours and what they cost are not set (`[cost]`).
    pub cost_more_than_they_bring: Option<usize>,
    /// Revenue of one year at risk, all of it in the currency of reports at its constant rates; `null` where a rate is missing, or no
    /// revenue is known.
    pub arr_at_risk_total: Option<AtRiskReport>,
    /// Revenue of one year at risk, by currency.
    pub arr_at_risk: Vec<AtRiskReport>,
    /// Where what people hold differs from what is computed.
    pub findings: Vec<AccountFinding>,
    /// The likeliest to leave first; those without a probability last.
    pub accounts: Vec<AccountRisk>,
}

/// A person and the machine see an account differently.
#[derive(Clone, Debug, Serialize)]
pub struct AccountFinding {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// The difference.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What the probabilities rest on.
#[derive(Clone, Debug, Serialize)]
pub struct ModelsReport {
    /// The morning on which they were fitted.
    pub fitted_on: Day,
    /// Days within which customers without a longer term leave.
    pub horizon_days: u32,
    /// For terms that end in a decision.
    pub renewal: ModelReport,
    /// For all others.
    pub leaving: ModelReport,
}

/// What one probability rests on.
#[derive(Clone, Debug, Serialize)]
pub struct ModelReport {
    /// `defaults` are uncalibrated.
    pub level: Level,
    /// For people.
    pub words: &'static str,
    /// Accounts that it has learnt from.
    pub accounts: u32,
    /// Of those, left.
    pub events: u32,
    /// Why not on more.
    pub why: String,
    /// Parts that have drifted, and so count for no more than the scorecard says.
    pub drifted: Vec<String>,
}

impl ModelReport {
    fn of(model: &Model) -> ModelReport {
        ModelReport {
            level: model.level,
            words: model.level.words(),
            accounts: model.accounts,
            events: model.events,
            why: model.why.clone(),
            drifted: model.drifted.clone(),
        }
    }
}

/// Revenue at risk in one currency, as decimals.
#[derive(Clone, Debug, Serialize)]
pub struct AtRiskReport {
    /// The currency.
    pub currency: Currency,
    /// Σ probability × ARR.
    pub expected: String,
    /// Lower end of the 95 % interval, accounts deciding independently of each other.
    pub low: String,
    /// Upper end.
    pub high: String,
    /// The ARR of all accounts with a probability.
    pub all: String,
    /// The ARR of the accounts in the band "at risk".
    pub in_band_at_risk: String,
}

/// One account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountRisk {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// 0 to 100.
    pub score: Option<f64>,
    /// The band.
    pub band: Band,
    /// The score as it was computed, whatever people hold of it.
    pub computed_score: Option<f64>,
    /// What people hold of the account on that morning.
    pub opinions: Vec<OpinionReport>,
    /// Where it is in its life.
    pub lifecycle: &'static str,
    /// What a year of contacts and tickets costs as a share of the revenue of a year.
    pub cost_to_serve: Option<f64>,
    /// Whether that is more than it brings; `None`: not known.
    pub costs_more_than_it_brings: Option<bool>,
    /// 0 to 1.
    pub churn_probability: Option<f64>,
    /// What that is of: `renewal` or `leaving`.
    pub probability_of: Option<&'static str>,
    /// Days to the end of the term.
    pub days_to_end: Option<f64>,
    /// Days to the last day to act.
    pub days_to_notice: Option<f64>,
    /// Revenue of one year.
    pub arr: Option<String>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// What it did, or has suffered, that speaks against staying; severe ones first.
    pub signs: Vec<SignReport>,
    /// How often it uses the product.
    pub rhythm: Option<&'static str>,
    /// What holds its score down.
    pub reasons: Vec<String>,
}

/// One sign.
#[derive(Clone, Debug, Serialize)]
pub struct SignReport {
    /// The signal behind it.
    pub signal: &'static str,
    /// For people.
    pub text: String,
    /// Whether somebody should act today.
    pub severe: bool,
    /// Whether its source has stopped.
    pub stale: bool,
}

/// What will come up for renewal of the accounts of a block of which somebody has called a renewal, by ordinal: a call is held
/// against the machine's of the same term, as in the renewal book, and no more once the term was renewed.
async fn called(db: &Db, look: &Look, block: &Block) -> Result<BTreeMap<u32, Vec<Due>>> {
    let (world, on) = (&look.population.world, look.on);
    let has_call = |customer: &&Customer| !world.opinions.calls_on(customer.id.as_str(), on, customer.end(on)).is_empty();
    let mut contracts: BTreeMap<u32, Vec<Contract>> =
        block.customers.iter().filter(has_call).map(|customer| (customer.ordinal, Vec::new())).collect();
    if contracts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let facts = facts::of_record(db, block.number, RecordKind::Contracts, world.as_of).await?;
    for (kind, facts) in facts.believed()? {
        for fact in facts {
            if let Some(known) = fact.ordinal.and_then(|ordinal| contracts.get_mut(&ordinal)) {
                known.extend(decode::<Contract>(kind, fact.body)?.known_on(on, &world.zone));
            }
        }
    }
    let dues = |contracts: Vec<Contract>| due(&contracts, on, Day::from_days(i32::MAX), world.service_rules);
    Ok(contracts.into_iter().map(|(ordinal, contracts)| (ordinal, dues(contracts))).collect())
}

/// The risk of all customers on a morning; that of the last cycle by default.
pub async fn risk(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<RiskReport> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let odds = Odds::of(db, &look).await?;
    let (mut accounts, mut findings) = (Vec::new(), Vec::new());
    let opinions = &look.population.world.opinions;
    let mut lifecycles: BTreeMap<&'static str, usize> = BTreeMap::new();
    let config = &look.setup.config;
    let mut rates = Rates::new(config.company.currency, config.revenue.rates.clone());
    let (mut at_risk, mut total, mut in_band) = (ArrAtRisk::default(), ArrAtRisk::default(), BTreeMap::<Currency, i64>::new());
    let mut all_in_band = 0;
    for block in &look.population.blocks {
        let dues = called(db, &look, block).await?;
        for customer in &block.customers {
            let Some(evaluated) = look.evaluate(block, customer) else { continue };
            let seen = odds.look_at(customer, &evaluated, look.on);
            let probability = seen.as_ref().map(|seen| odds.models.probability(&odds.parts, seen));
            let account = account(&look, customer, &evaluated, None, probability);
            *lifecycles.entry(account.lifecycle).or_default() += 1;
            if let Some(p) = probability {
                customer.arr().for_each(|arr| at_risk.add(p, arr));
                customer.arr().filter_map(|arr| rates.money(arr)).for_each(|arr| total.add(p, arr));
            }
            if account.band == Band::AtRisk {
                customer.arr().for_each(|arr| *in_band.entry(arr.currency).or_default() += arr.minor);
                all_in_band += customer.arr().filter_map(|arr| rates.money(arr)).map(|arr| arr.minor).sum::<i64>();
            }
            let signals = &customer.signals;
            let machine = evaluated.machine(customer, probability);
            let (id, on) = (customer.id.as_str(), look.on);
            let held = opinions.score_on(id, on).map(|(opinion, _)| opinion);
            let mut found = risk::findings(&machine, held, |score| evaluated.band_of(customer, score));
            let calls = opinions.calls_on(id, on, customer.end(on));
            for due in dues.get(&customer.ordinal).into_iter().flatten() {
                for finding in risk::findings(&due.machine(machine), call_of(&calls, due), |_| machine.band) {
                    // A call of the account as a whole may be about several terms.
                    if !found.iter().any(|known| (&known.opinion, known.machine) == (&finding.opinion, finding.machine)) {
                        found.push(finding);
                    }
                }
            }
            findings.extend(found.into_iter().map(|finding| AccountFinding {
                account_id: account.account_id.clone(),
                name: account.name.clone(),
                finding,
            }));
            let arr = match customer.arr[..] {
                [(currency, minor)] => Some(Money { minor, currency }),
                _ => None,
            };
            let sign = |sign: risk::Sign| SignReport {
                signal: sign.signal.name(),
                text: sign.text,
                severe: sign.severe,
                stale: sign.stale,
            };
            accounts.push(AccountRisk {
                account_id: account.account_id,
                name: account.name,
                csm: account.csm,
                score: account.score,
                band: account.band,
                computed_score: account.computed_score,
                opinions: account.opinions,
                lifecycle: account.lifecycle,
                cost_to_serve: signals.value(Signal::CostToServe),
                costs_more_than_it_brings: risk::costs_more_than_it_brings(signals),
                churn_probability: probability,
                probability_of: seen.map(|seen| seen.kind.name()),
                days_to_end: signals.value(Signal::DaysToEnd),
                days_to_notice: signals.value(Signal::DaysToNotice),
                arr: arr.map(Money::amount),
                currency: arr.map(|arr| arr.currency),
                signs: risk::signs(signals).into_iter().map(sign).collect(),
                rhythm: signals.value(Signal::UseGap).map(|gap| Cadence::of(gap).words()),
                reasons: account.reasons,
            });
        }
    }
    findings.sort_by(|a: &AccountFinding, b| (&a.account_id, &a.finding.opinion).cmp(&(&b.account_id, &b.finding.opinion)));
    let rank = |one: &AccountRisk| one.churn_probability.unwrap_or(-1.0);
    accounts.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.account_id.cmp(&b.account_id)));
    let costly = accounts.iter().filter(|one| one.costs_more_than_it_brings == Some(true)).count();
    let row = |sum: AtRisk, in_band: i64| AtRiskReport {
        currency: sum.all.currency,
        expected: sum.expected.amount(),
        low: sum.low.amount(),
        high: sum.high.amount(),
        all: sum.all.amount(),
        in_band_at_risk: Money { minor: in_band, currency: sum.all.currency }.amount(),
    };
    let total = total.sums().pop().filter(|_| rates.missing.is_empty());
    Ok(RiskReport {
        as_of: look.on,
        config_hash: look.setup.hash.clone(),
        as_of_approximated: look.population.world.approximated,
        models: ModelsReport {
            fitted_on: odds.models.fitted_on,
            horizon_days: look.setup.config.risk.horizon_days,
            renewal: ModelReport::of(&odds.models.renewal),
            leaving: ModelReport::of(&odds.models.leaving),
        },
        lifecycles,
        cost_more_than_they_bring: look.setup.config.cost.is_known().then_some(costly),
        arr_at_risk_total: total.map(|sum| row(sum, all_in_band)),
        arr_at_risk: at_risk
            .sums()
            .into_iter()
            .map(|sum| row(sum, in_band.get(&sum.all.currency).copied().unwrap_or(0)))
            .collect(),
        findings,
        accounts,
    })
}
