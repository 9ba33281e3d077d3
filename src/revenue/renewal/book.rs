//! One line of the renewal book, and the sums of all.

use std::collections::BTreeMap;

use serde::Serialize;

use super::due::{Due, by_currency};
use super::spread::Spread;
use crate::health::opinion::{Call, Opinion, Said};
use crate::model::{Currency, Day, Exact, Money};
use crate::revenue::Rates;
use crate::risk::Machine;
use crate::signals::{Band, Signal, Signals};

/// Days without two-way contact after which a renewal is not covered.
const SILENT_DAYS: i32 = 60;
/// Within so many days of the end a call is due (FIELD: "undecided" is not allowed).
const CALL_DAYS: i32 = 90;
/// From this share of the seats in use on, more of them can be sold.
const NEARLY_FULL: f64 = 0.9;

/// How a gap begins that tells of the end of a term.
pub const ENDED: &str = "ended";
/// How a gap begins that tells of the last day to act.
pub const LAST_DAY: &str = "the last day to act was";

/// The first of the calls that is about this decision: about one of its contracts, or about the account as a whole.
pub fn call_of<'a>(calls: &[&'a Opinion], due: &Due) -> Option<&'a Opinion> {
    let is_about = |opinion: &&&Opinion| match &opinion.said {
        Said::Call { contract_id, .. } => contract_id.as_ref().is_none_or(|contract| due.contracts.contains(contract)),
        _ => false,
    };
    calls.iter().find(is_about).copied()
}

/// What is known of the account of a renewal.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The account's id.
    pub account_id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Who looks after it.
    pub csm: Option<&'a str>,
    /// Who sold it.
    pub seller: Option<&'a str>,
    /// Its tier.
    pub tier: Option<&'a str>,
    /// What the machine holds of it.
    pub machine: Machine,
    /// What holds its score down.
    pub reasons: Vec<String>,
    /// The calls of people that count.
    pub calls: Vec<&'a Opinion>,
    /// All that is known in numbers.
    pub signals: &'a Signals,
}

/// One line of the renewal book.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Renewal {
    /// The account.
    pub account_id: String,
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub csm: Option<String>,
    /// Who sold it.
    pub seller: Option<String>,
    /// Its tier.
    pub tier: Option<String>,
    /// The contracts that end.
    pub contracts: Vec<String>,
    /// The first day without service.
    pub ends_on: Day,
    /// Days until then; negative where it has passed undecided.
    pub days_to_end: i32,
    /// The last day to act.
    pub act_by: Day,
    /// Days until then; negative where it has passed.
    pub days_to_act: i32,
    /// Whether it runs on by itself.
    pub auto_renews: Option<bool>,
    /// Whether notice was given.
    pub notice_given: bool,
    /// Revenue of one year up for renewal, a decimal; `null` in several currencies.
    pub arr: Option<String>,
    /// The currency of `arr`.
    pub currency: Option<Currency>,
    /// By currency: ARR and what is proposed for the next term, decimals.
    pub amounts: BTreeMap<String, [String; 2]>,
    /// The price rise that is proposed, per cent.
    pub uplift_percent: Option<String>,
    /// 0 to 100.
    pub score: Option<f64>,
    /// The band.
    pub band: Band,
    /// Of not renewing, 0 to 1.
    pub churn_probability: Option<f64>,
    /// What the machine calls it.
    pub machine_call: Option<Call>,
    /// Why.
    pub machine_reasons: Vec<String>,
    /// What the CSM, or another person, calls it.
    pub csm_call: Option<Call>,
    /// Why.
    pub csm_reason: Option<String>,
    /// Who said so.
    pub csm_by: Option<String>,
    /// Whether the two differ.
    pub differs: bool,
    /// Days since both sides last spoke; `null` where nobody knows.
    pub days_since_contact: Option<i32>,
    /// How contact is spread over the term.
    pub spread: Option<Spread>,
    /// Whether somebody has opened a record for it; `null` where such records are not known.
    pub open_record: Option<bool>,
    /// What is wrong with how it is looked after, for people.
    pub gaps: Vec<String>,
    /// What speaks for selling more, for people.
    pub expansion: Vec<String>,
    /// What it is worth, by currency.
    #[serde(skip)]
    pub money: Vec<Money>,
}

impl Renewal {
    /// The line of one decision.
    pub fn new(facts: &Facts<'_>, due: &Due, on: Day) -> Renewal {
        let said = call_of(&facts.calls, due);
        let csm_call = said.and_then(|opinion| match opinion.said {
            Said::Call { call, .. } => Some(call),
            _ => None,
        });
        let machine = due.machine(facts.machine);
        let (machine_call, why) = machine.call().map_or((None, None), |(call, why)| (Some(call), Some(why)));
        #[expect(clippy::cast_possible_truncation, reason = "days of a civil calendar")]
        let days_since_contact = facts.signals.value(Signal::DaysSinceContact).map(|days| days as i32);
        let only = if let [amount] = due.amounts[..] { Some(amount.arr) } else { None };
        let mut renewal = Renewal {
            account_id: facts.account_id.to_owned(),
            name: facts.name.to_owned(),
            csm: facts.csm.map(str::to_owned),
            seller: facts.seller.map(str::to_owned),
            tier: facts.tier.map(str::to_owned),
            contracts: due.contracts.iter().map(ToString::to_string).collect(),
            ends_on: due.ends_on,
            days_to_end: due.ends_on - on,
            act_by: due.act_by,
            days_to_act: due.act_by - on,
            auto_renews: due.auto_renews,
            notice_given: due.notice_given,
            arr: only.map(Money::amount),
            currency: only.map(|arr| arr.currency),
            amounts: due
                .amounts
                .iter()
                .map(|amount| (amount.arr.currency.to_string(), [amount.arr.amount(), amount.proposed.amount()]))
                .collect(),
            uplift_percent: due.uplift_percent.map(|percent| percent.normalize().to_string()),
            score: machine.score,
            band: machine.band,
            churn_probability: machine.probability,
            machine_call,
            machine_reasons: why.into_iter().chain(facts.reasons.iter().cloned()).collect(),
            csm_call,
            csm_reason: said.map(|opinion| opinion.reason.clone()),
            csm_by: said.map(|opinion| opinion.author.clone()),
            differs: csm_call.zip(machine_call).is_some_and(|(person, machine)| person != machine),
            days_since_contact,
            spread: None,
            open_record: None,
            gaps: Vec::new(),
            expansion: expansion(facts.signals),
            money: due.amounts.iter().map(|amount| amount.arr).collect(),
        };
        renewal.gaps = renewal.gaps();
        renewal
    }

    /// Whether the machine or a person calls it at risk or lost.
    pub fn is_at_risk(&self) -> bool {
        [self.machine_call, self.csm_call].iter().any(|call| matches!(call, Some(Call::AtRisk | Call::Lost)))
    }

    /// ARR in the currency of reports; what has no rate counts for nothing.
    pub fn worth(&self, rates: &mut Rates) -> Money {
        let worth: Exact = self.money.iter().map(|money| rates.convert(Exact::of(money.minor), money.currency)).sum();
        Money { minor: worth.rounded(), currency: rates.currency }
    }

    /// The same with what takes a look at all accounts first: how contact is spread over the term, and whether somebody has
    /// opened a record for the renewal; `None` where contacts, or such records, are not known at all.
    #[must_use]
    pub fn with(mut self, spread: Option<Spread>, open_record: Option<bool>) -> Renewal {
        (self.spread, self.open_record) = (spread, open_record);
        self.gaps = self.gaps();
        self
    }

    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        let undecided = self.days_to_end <= 0;
        if undecided {
            gaps.push(format!("{ENDED} {}, undecided", ago(-self.days_to_end)));
        } else if self.days_to_act < 0 && !self.notice_given && self.auto_renews != Some(true) {
            gaps.push(format!("{LAST_DAY} {}", ago(-self.days_to_act)));
        }
        match (self.days_since_contact, self.spread) {
            (Some(days), _) if days > SILENT_DAYS => gaps.push(format!("no two-way contact for {days} days")),
            (None, Some(_)) => gaps.push("no two-way contact on record".to_owned()),
            _ => {}
        }
        if self.open_record == Some(false) {
            gaps.push("no open renewal record".to_owned());
        }
        if self.spread.is_some_and(|spread| spread.bunched) {
            gaps.push("contact bunches up at the end of the term".to_owned());
        }
        if self.csm_call.is_none() && self.days_to_end <= CALL_DAYS {
            gaps.push("no call by a person".to_owned());
        }
        gaps
    }
}

fn ago(days: i32) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ => format!("{days} days ago"),
    }
}

/// What speaks for selling more.
fn expansion(signals: &Signals) -> Vec<String> {
    let mut signs = Vec::new();
    match signals.value(Signal::LicenceUtilisation) {
        Some(share) if share > 1.0 => signs.push(format!("uses {:.0} % of its seats", share * 100.0)),
        Some(share) if share >= NEARLY_FULL => signs.push(format!("{:.0} % of its seats in use", share * 100.0)),
        _ => {}
    }
    if signals.value(Signal::MilestonesDone) == Some(1.0) {
        signs.push("all value points due are reached".to_owned());
    }
    signs
}

/// What one currency of the book comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// The currency.
    pub currency: Currency,
    /// All ARR up for renewal, a decimal.
    pub arr: String,
    /// By the machine's call; `none` where it has none.
    pub machine: BTreeMap<&'static str, String>,
    /// By what people call it; `none` where nobody has.
    pub people: BTreeMap<&'static str, String>,
}

/// The ARR of the book by call, one row for each currency.
pub fn sums(renewals: &[Renewal]) -> Vec<Sums> {
    sums_of(&renewals.iter().map(|one| (one, one.money.clone())).collect::<Vec<_>>())
}

/// The same in the currency of reports; what has no rate is left out, and noted in `rates`. `None` where nothing is left.
pub fn total(renewals: &[Renewal], rates: &mut Rates) -> Option<Sums> {
    let mut worth = |one: &Renewal| one.money.iter().filter_map(|&money| rates.money(money)).collect();
    sums_of(&renewals.iter().map(|one| (one, worth(one))).collect::<Vec<_>>()).pop()
}

/// Of renewals and what each of them counts for.
fn sums_of(renewals: &[(&Renewal, Vec<Money>)]) -> Vec<Sums> {
    let all = by_currency(renewals.iter().flat_map(|(_, money)| money.iter().copied()));
    let by = |currency: Currency, call_of: &dyn Fn(&Renewal) -> Option<Call>| {
        let calls = Call::ALL.into_iter().map(Some).chain([None]);
        let sum = |call: Option<Call>| {
            let with = renewals.iter().filter(|(one, _)| call_of(one) == call).flat_map(|(_, money)| money.iter().copied());
            let minor = by_currency(with).get(&currency).copied()?;
            Some((call.map_or("none", Call::name), Money { minor, currency }.amount()))
        };
        calls.filter_map(sum).collect()
    };
    let row = |(currency, minor): (Currency, i64)| Sums {
        currency,
        arr: Money { minor, currency }.amount(),
        machine: by(currency, &|one| one.machine_call),
        people: by(currency, &|one| one.csm_call),
    };
    all.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::due::due;
    use super::super::due::tests::{RULES, contract, day};
    use super::*;
    use crate::model::{Id, Instant};
    use crate::signals::Reading;

    fn call(call: Call, contract_id: Option<&str>) -> Opinion {
        let id = |text: &str| Id::parse(text).unwrap();
        Opinion {
            id: "o-1".to_owned(),
            account_id: id("a"),
            said: Said::Call { call, contract_id: contract_id.map(id), term_ends_on: day("2027-01-01") },
            reason: "the buyer told me".to_owned(),
            author: "dana".to_owned(),
            said_at: Instant::from_micros(0),
            said_on: day("2026-11-01"),
            expires_on: None,
            withdrawn: None,
        }
    }

    fn facts<'a>(signals: &'a Signals, calls: Vec<&'a Opinion>, band: Band) -> Facts<'a> {
        Facts {
            account_id: "a",
            name: "Acme",
            csm: Some("dana"),
            seller: None,
            tier: None,
            machine: Machine { score: Some(80.0), band, probability: Some(0.1), notice_given: false },
            reasons: Vec::new(),
            calls,
            signals,
        }
    }

    #[test]
    fn both_calls_stand_side_by_side_and_gaps_are_named() {
        let mut signals = Signals::default();
        signals.set(Signal::DaysSinceContact, Reading::fresh(61.0, day("2026-09-22")));
        signals.set(Signal::LicenceUtilisation, Reading::fresh(1.22, day("2026-11-21")));
        let on = day("2026-11-22");
        let contracts = [contract("1", "2026-01-01", "2027-01-01", &serde_json::json!({"notice_days": 60}))];
        let due = due(&contracts, on, on + 120, RULES);
        let other = call(Call::Lost, Some("9"));
        let mine = call(Call::AtRisk, None);
        let spread = Some(Spread { quarters: [0, 0, 1, 4].map(Some), bunched: true });
        let line = Renewal::new(&facts(&signals, vec![&other, &mine], Band::Healthy), &due[0], on).with(spread, Some(false));
        assert_eq!((line.machine_call, line.csm_call, line.differs), (Some(Call::Commit), Some(Call::AtRisk), true));
        assert_eq!((line.csm_by.as_deref(), line.csm_reason.as_deref()), (Some("dana"), Some("the buyer told me")));
        assert_eq!((line.days_to_end, line.days_to_act), (40, -20));
        assert_eq!(
            line.gaps,
            [
                "the last day to act was 20 days ago",
                "no two-way contact for 61 days",
                "no open renewal record",
                "contact bunches up at the end of the term"
            ]
        );
        assert_eq!(line.expansion, ["uses 122 % of its seats"]);
        let silent = Renewal::new(&facts(&signals, Vec::new(), Band::Unknown), &due[0], on);
        assert_eq!((silent.machine_call, silent.differs), (None, false));
        assert_eq!(silent.gaps.last().unwrap(), "no call by a person");
        let sums = sums(&[line, silent]);
        assert_eq!((sums.len(), sums[0].arr.as_str()), (1, "2400.00"));
        assert_eq!(sums[0].machine, BTreeMap::from([("commit", "1200.00".to_owned()), ("none", "1200.00".to_owned())]));
        assert_eq!(sums[0].people, BTreeMap::from([("at_risk", "1200.00".to_owned()), ("none", "1200.00".to_owned())]));
    }
}
