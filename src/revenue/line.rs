//! What a customer's contracts brought in, stretch by stretch, and which of their terms came up for renewal.

use super::Rates;
use crate::model::record::Contract;
use crate::model::{Currency, Day, Exact};
use crate::signals::{Basis, ServiceRules, Term, extensions, followers, raised, terms};

/// A stretch of a contract at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The contract's account, by its place among all.
    pub account: u32,
    /// The contract's id.
    pub contract: Box<str>,
    /// What was sold.
    pub product: Option<Box<str>>,
    /// The first day of this price.
    pub from: Day,
    /// The first day without it; far away where it is open-ended.
    pub until: Day,
    /// Why it runs.
    pub basis: Basis,
    /// The contract's currency.
    pub currency: Currency,
    /// MRR in that currency.
    pub own: Exact,
    /// MRR in the report's currency.
    pub mrr: Exact,
    /// How much of [`Self::own`] is a price rise that took effect on the first day.
    pub own_uplift: Exact,
    /// The same of [`Self::mrr`].
    pub uplift: Exact,
}

impl Line {
    /// Whether it runs on that day.
    pub fn is_on(&self, day: Day) -> bool {
        self.from <= day && day < self.until
    }
}

/// In which currency lines are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    /// The report's.
    Report,
    /// Each line's own.
    Own,
}

impl In {
    /// The MRR of a line.
    pub fn mrr(self, line: &Line) -> Exact {
        if self == In::Own { line.own } else { line.mrr }
    }

    /// The price rise in it.
    pub fn uplift(self, line: &Line) -> Exact {
        if self == In::Own { line.own_uplift } else { line.uplift }
    }
}

/// What became of a term that came up for renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was renewed, or ran on by itself.
    Renewed,
    /// It was not.
    Lost,
    /// Its end has passed, and nobody has decided.
    Undecided,
}

/// A term that came up for renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The contract's account, by its place among all.
    pub account: u32,
    /// The contract's id.
    pub contract: Box<str>,
    /// What was sold.
    pub product: Option<Box<str>>,
    /// The contractual end: the day on which it was due, whenever it was signed.
    pub on: Day,
    /// The contract's currency.
    pub currency: Currency,
    /// MRR at that end, in the report's currency.
    pub mrr: Exact,
    /// How much of that goes on; never more.
    pub renewed: Exact,
    /// What became of it.
    pub outcome: Outcome,
}

/// The contracts of one customer as lines, and its terms that were due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// By contract and day.
    pub lines: Vec<Line>,
    /// By day and contract.
    pub dues: Vec<Due>,
}

/// Reads the contracts of one customer, as known on the morning of `on`. `place`: that of an account among all, by its id. Terms are
/// told that were due on days from `since` until `on`.
pub fn course(
    contracts: &[Contract],
    place: &dyn Fn(&str) -> u32,
    (since, on): (Day, Day),
    rules: ServiceRules,
    rates: &mut Rates,
) -> Course {
    let followers = followers(contracts, rules);
    let mut followed: Vec<Vec<usize>> = vec![Vec::new(); contracts.len()];
    for (at, next) in followers.iter().enumerate() {
        for &next in next {
            followed[next].push(at);
        }
    }
    let terms = terms(contracts, on, rules);
    let place = |contract: &Contract| place(contract.account_id.as_str());
    let chain = Chain { contracts, terms: &terms, followers: &followers, followed: &followed, on, rules };
    let mut course = Course::default();
    for (number, term) in terms.iter().enumerate().filter(|(_, term)| term.monthly != Exact::ZERO) {
        let contract = term.contract;
        let own_uplift = chain.uplift(number);
        let until = term.until.unwrap_or(Day::from_days(i32::MAX));
        // Running on at the same price is one stretch, however many terms that are.
        if let Some(before) = course.lines.last_mut().filter(|before| {
            before.basis == Basis::Extended
                && term.basis == Basis::Extended
                && *before.contract == *contract.id.as_str()
                && (before.until, before.own) == (term.from, term.monthly)
        }) {
            before.until = until;
            continue;
        }
        course.lines.push(Line {
            account: place(contract),
            contract: contract.id.as_str().into(),
            product: contract.product.as_deref().map(Into::into),
            from: term.from,
            until,
            basis: term.basis,
            currency: contract.currency,
            own: term.monthly,
            mrr: rates.convert(term.monthly, contract.currency),
            own_uplift,
            uplift: rates.convert(own_uplift, contract.currency),
        });
    }
    for (at, contract) in contracts.iter().enumerate() {
        for (on, mrr, renewed, outcome) in chain.dues(at, since) {
            course.dues.push(Due {
                account: place(contract),
                contract: contract.id.as_str().into(),
                product: contract.product.as_deref().map(Into::into),
                on,
                currency: contract.currency,
                mrr: rates.convert(mrr, contract.currency),
                renewed: rates.convert(renewed, contract.currency),
                outcome,
            });
        }
    }
    course.lines.sort_by(|a, b| (&a.contract, a.from).cmp(&(&b.contract, b.from)));
    course.dues.sort_by(|a, b| (a.on, &a.contract).cmp(&(b.on, &b.contract)));
    course
}

/// The contracts of one customer and what follows what.
struct Chain<'a> {
    contracts: &'a [Contract],
    terms: &'a [Term<'a>],
    followers: &'a [Vec<usize>],
    followed: &'a [Vec<usize>],
    on: Day,
    rules: ServiceRules,
}

impl Chain<'_> {
    /// The last price of a contract.
    fn last_price(&self, at: usize) -> Exact {
        self.terms.iter().filter(|term| term.at == at).max_by_key(|term| term.from).map_or(Exact::ZERO, |term| term.monthly)
    }

    /// How much of a term's price is a price rise that takes effect on its first day, in its own currency.
    fn uplift(&self, number: usize) -> Exact {
        let term = &self.terms[number];
        match term.basis {
            Basis::Bridged | Basis::Undecided => Exact::ZERO,
            Basis::Extended => {
                let before = self.terms[..number].iter().rfind(|before| before.at == term.at);
                before.map_or(Exact::ZERO, |before| term.monthly - before.monthly)
            }
            Basis::Signed => self.uplift_at_renewal(term),
        }
    }

    /// At a renewal, the rise up to what the contract before had agreed on; between the steps of one deal, all of it.
    fn uplift_at_renewal(&self, term: &Term<'_>) -> Exact {
        let before = || self.followed[term.at].iter().map(|&at| (at, &self.contracts[at]));
        if before().any(|(_, before)| before.currency != term.contract.currency) {
            return Exact::ZERO;
        }
        let agreed = |(at, before): (usize, &Contract)| {
            let price = self.last_price(at);
            match before.uplift_percent {
                _ if is_step(before, term.contract) => term.monthly - price,
                Some(percent) => raised(price, percent) - price,
                None => Exact::ZERO,
            }
        };
        let price: Exact = before().map(|(at, _)| self.last_price(at)).sum();
        let agreed: Exact = before().map(agreed).sum();
        if price > Exact::ZERO { agreed.min(term.monthly - price).max(Exact::ZERO) } else { Exact::ZERO }
    }

    /// The terms of a contract that were due from `since` on: day, price, how much of it goes on, what became of it.
    fn dues(&self, at: usize, since: Day) -> Vec<(Day, Exact, Exact, Outcome)> {
        let contract = &self.contracts[at];
        let next: Vec<&Contract> = self.followers[at].iter().map(|&next| &self.contracts[next]).collect();
        let mut dues = Vec::new();
        let (Some(end), mut price) = (contract.ends_on, contract.monthly()) else { return dues };
        if contract.is_void() || price <= Exact::ZERO {
            return dues;
        }
        let amended = |next: &&Contract| next.starts_on < end && next.ends_on.is_some_and(|next_end| next_end <= end);
        if !next.is_empty() && (next.iter().all(amended) || next.iter().all(|next| is_step(contract, next))) {
            return dues;
        }
        let first = next.iter().map(|next| next.starts_on).min();
        let stop = contract.service_end().filter(|_| contract.is_over());
        let mut coming = extensions(contract, self.on).peekable();
        let mut day = end;
        while day < self.on {
            // Of short terms several end within the tolerance before what follows: the last of them is the one that it renews.
            let next_end = coming.peek().map(|term| term.until);
            let in_time = |first: Day| first - day <= self.rules.gap_tolerance_days && next_end.is_none_or(|end| end > first);
            let runs_on = contract.auto_renews == Some(true)
                && first.is_none_or(|first| !in_time(first))
                && stop.is_none_or(|stop| stop > day);
            let (renewed, outcome) = if runs_on { (price, Outcome::Renewed) } else { self.decision(at, day, price, first) };
            if day >= since {
                dues.push((day, price, renewed, outcome));
            }
            match coming.next().filter(|_| runs_on) {
                Some(term) => (day, price) = (term.until, term.monthly),
                None => break,
            }
        }
        dues
    }

    /// What became of a term that did not run on by itself.
    fn decision(&self, at: usize, day: Day, price: Exact, first: Option<Day>) -> (Exact, Outcome) {
        if first.is_some_and(|first| first - day <= self.rules.gap_tolerance_days) {
            let share = |next: &usize| {
                let all: Exact = self.followed[*next].iter().map(|&before| self.last_price(before)).sum();
                self.contracts[*next].monthly().part(self.last_price(at), all)
            };
            let renewed: Exact = self.followers[at].iter().map(share).sum();
            return (renewed.min(price).max(Exact::ZERO), Outcome::Renewed);
        }
        let waits = self.terms.iter().any(|term| term.at == at && term.basis == Basis::Undecided);
        (Exact::ZERO, if waits { Outcome::Undecided } else { Outcome::Lost })
    }
}

/// Whether `next` is a further step of the same deal: signed when the one before it began, or earlier.
fn is_step(before: &Contract, next: &Contract) -> bool {
    before.ends_on.is_some_and(|end| next.starts_on >= end) && next.signed_on.is_some_and(|signed| signed <= before.starts_on)
}
