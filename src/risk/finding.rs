//! Where people and the machine see an account differently: each difference is a finding for the leader.

use serde::Serialize;

use crate::health::opinion::{Call, Opinion, Said};
use crate::signals::Band;

/// From this probability of not renewing on, the machine calls a renewal at risk.
const AT_RISK: f64 = 0.5;
/// From this one on, it does not commit itself.
const BEST_CASE: f64 = 0.2;

/// What the machine holds of one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// The computed score, 0 to 100.
    pub score: Option<f64>,
    /// Its band.
    pub band: Band,
    /// Of not renewing, 0 to 1.
    pub probability: Option<f64>,
    /// Notice was given and nothing follows.
    pub notice_given: bool,
}

impl Machine {
    /// The machine's call of the renewal, and why; `None` where too little is known.
    pub fn call(&self) -> Option<(Call, String)> {
        let chance = self.probability.map(|p| format!("{:.0} % chance of not renewing", p * 100.0));
        let p = self.probability.unwrap_or(0.0);
        let call = match self.band {
            _ if self.notice_given => return Some((Call::Lost, "notice was given".to_owned())),
            _ if p >= AT_RISK => Call::AtRisk,
            Band::AtRisk => Call::AtRisk,
            _ if p >= BEST_CASE => Call::BestCase,
            Band::Watch => Call::BestCase,
            Band::Healthy => Call::Commit,
            Band::Unknown => return None,
        };
        let score = self.score.map(|score| format!("score {score:.0}, {}", self.band.name().replace('_', " ")));
        Some((call, score.into_iter().chain(chance).collect::<Vec<_>>().join(", ")))
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The opinion's id.
    pub opinion: String,
    /// `override` or `call`.
    pub kind: &'static str,
    /// The contract that is meant; `None`: all of the account.
    pub contract_id: Option<String>,
    /// What the person says: a band, or a forecast.
    pub said: &'static str,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What the machine says of the same.
    pub machine: &'static str,
    /// Why.
    pub machine_reason: String,
    /// Whether the person sees it brighter than the machine.
    pub brighter: bool,
}

/// Where the opinions that count differ from the machine. `band_of`: the band of a score under the account's scorecard.
pub fn findings<'a>(
    machine: &Machine,
    opinions: impl IntoIterator<Item = &'a Opinion>,
    band_of: impl Fn(f64) -> Band,
) -> Vec<Finding> {
    let found = |opinion: &Opinion, contract: Option<String>, said, machine, machine_reason, brighter| Finding {
        opinion: opinion.id.clone(),
        kind: opinion.said.kind(),
        contract_id: contract,
        said,
        by: opinion.author.clone(),
        reason: opinion.reason.clone(),
        machine,
        machine_reason,
        brighter,
    };
    let one = |opinion: &'a Opinion| match &opinion.said {
        Said::Override(score) => {
            let (said, computed) = (band_of(*score), machine.band);
            let differs = said != computed && computed != Band::Unknown;
            let reason = format!("score {:.0}, set to {score:.0}", machine.score.unwrap_or(0.0));
            differs.then(|| found(opinion, None, said.name(), computed.name(), reason, said > computed))
        }
        Said::Call { call, contract_id, .. } => {
            let (computed, reason) = machine.call().filter(|(computed, _)| computed != call)?;
            let contract = contract_id.as_ref().map(ToString::to_string);
            Some(found(opinion, contract, call.name(), computed.name(), reason, *call < computed))
        }
        Said::Sentiment(_) => None,
    };
    opinions.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Day, Id, Instant};

    fn said(said: Said) -> Opinion {
        Opinion {
            id: "o-1".to_owned(),
            account_id: Id::parse("acme").unwrap(),
            said,
            reason: "their buyer told me".to_owned(),
            author: "dana".to_owned(),
            said_at: Instant::from_micros(0),
            said_on: Day::from_days(20_000),
            expires_on: None,
            withdrawn: None,
        }
    }

    fn machine(score: Option<f64>, band: Band, probability: Option<f64>) -> Machine {
        Machine { score, band, probability, notice_given: false }
    }

    #[test]
    fn the_machine_calls_by_notice_probability_and_band() {
        for (band, probability, notice_given, call) in [
            (Band::Healthy, Some(0.1), false, Some(Call::Commit)),
            (Band::Healthy, Some(0.2), false, Some(Call::BestCase)),
            (Band::Watch, Some(0.1), false, Some(Call::BestCase)),
            (Band::Watch, Some(0.5), false, Some(Call::AtRisk)),
            (Band::AtRisk, Some(0.1), false, Some(Call::AtRisk)),
            (Band::Healthy, Some(0.1), true, Some(Call::Lost)),
            (Band::Unknown, None, true, Some(Call::Lost)),
            (Band::Unknown, None, false, None),
        ] {
            let machine = Machine { notice_given, ..machine(Some(50.0), band, probability) };
            assert_eq!(machine.call().map(|(call, _)| call), call, "{machine:?}");
        }
    }

    #[test]
    fn a_difference_is_found_and_agreement_is_not() {
        let band_of = |score: f64| if score >= 70.0 { Band::Healthy } else { Band::AtRisk };
        let call = |call| said(Said::Call { call, contract_id: None, term_ends_on: Day::from_days(20_100) });
        let low = machine(Some(31.4), Band::AtRisk, Some(0.6));
        let opinions = [said(Said::Override(85.0)), call(Call::Commit), said(Said::Sentiment(90.0)), call(Call::AtRisk)];
        let found = findings(&low, &opinions, band_of);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].said, found[0].machine, found[0].brighter), ("healthy", "at_risk", true));
        assert_eq!((found[1].said, found[1].machine, found[1].brighter), ("commit", "at_risk", true));
        assert_eq!(found[1].machine_reason, "score 31, at risk, 60 % chance of not renewing");
        let darker = findings(&machine(Some(90.0), Band::Healthy, Some(0.05)), &[call(Call::Lost)], band_of);
        assert!(!darker[0].brighter, "{darker:?}");
        assert!(findings(&machine(None, Band::Unknown, None), &opinions, band_of).is_empty(), "nothing to differ from");
    }
}
