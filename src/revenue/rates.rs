//! One currency for all: constant rates, so that exchange rates make no movements.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::model::{Currency, Exact, Money};

/// What one unit of each currency is in that of the report, on all days alike.
#[derive(Clone, Debug)]
pub struct Rates {
    /// The currency of the report.
    pub currency: Currency,
    worth: BTreeMap<Currency, Decimal>,
    /// Currencies that were asked for and have no rate.
    pub missing: BTreeSet<Currency>,
}

impl Rates {
    /// `rates`: units of `currency` for one of each other.
    pub fn new(currency: Currency, rates: BTreeMap<Currency, Decimal>) -> Rates {
        Rates { currency, worth: rates, missing: BTreeSet::new() }
    }

    /// An amount of money in the report's currency, rounded to its minor unit; `None`, and a note, where there is no rate.
    pub fn money(&mut self, money: Money) -> Option<Money> {
        let known = money.currency == self.currency || self.worth.contains_key(&money.currency);
        let worth = self.convert(Exact::of(money.minor), money.currency);
        known.then_some(Money { minor: worth.rounded(), currency: self.currency })
    }

    /// The amount in the report's currency; nothing, and a note, where there is no rate.
    pub fn convert(&mut self, amount: Exact, from: Currency) -> Exact {
        if from == self.currency {
            return amount;
        }
        let Some(rate) = self.worth.get(&from) else {
            self.missing.insert(from);
            return Exact::ZERO;
        };
        // Minor units of the one are not as fine as those of the other.
        let power = |exponent: u32| 10_i128.pow(exponent);
        let (ours, theirs) = (self.currency.exponent(), from.exponent());
        amount.scaled(rate.mantissa() * power(ours), power(rate.scale()) * power(theirs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_worth_whatever_the_decimals_of_the_currency() {
        let code = |code: &str| Currency::parse(code).unwrap();
        let rate = |rate: &str| rate.parse().unwrap();
        let rates = [("USD", "0.92"), ("JPY", "0.0061"), ("KWD", "2.985")].map(|(name, of)| (code(name), rate(of)));
        let mut rates = Rates::new(code("EUR"), rates.into());
        let mut euros = |minor, from| rates.convert(Exact::of(minor), code(from)).rounded();
        assert_eq!(
            [euros(10_000, "USD"), euros(10_000, "JPY"), euros(1_000, "KWD"), euros(5, "EUR"), euros(1, "CHF")],
            [9_200, 6_100, 299, 5, 0]
        );
        assert_eq!(rates.missing, [code("CHF")].into());
    }
}
