//! One request of a report.

use serde::Serialize;

use crate::config::{RANK_PARTS, Requests, Sight};
use crate::model::record::{Request, RequestStatus, Role, User};
use crate::model::{Currency, Day, Money};
use crate::requests::{Asker, Cause, Moved, Parts, Place, Ranked, band_of};

/// Who looks, and what that person may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looker<'a> {
    /// Of revenue: amounts, bands or nothing.
    pub sight: Sight,
    /// Only what this CSM's accounts ask for, only these accounts, and of revenue theirs alone.
    pub own: Option<&'a str>,
}

impl<'a> Looker<'a> {
    /// Who may see everything.
    pub const ALL: Looker<'static> = Looker { sight: Sight::Full, own: None };

    /// A person of the company.
    pub fn of(rules: &Requests, user: &'a User) -> Looker<'a> {
        match user.role {
            Role::Product => Looker { sight: rules.product_sees_arr, own: None },
            Role::Csm => Looker { sight: Sight::None, own: Some(user.id.as_str()) },
            Role::Leader | Role::Executive | Role::Admin => Looker::ALL,
        }
    }

    /// Whether an account is for these eyes.
    pub fn sees(self, asker: &Asker) -> bool {
        self.own.is_none_or(|own| asker.csm.as_ref().is_some_and(|csm| csm.as_str() == own))
    }

    /// A decimal, a band, or nothing, of one account that is seen; `null` where it is not known.
    pub fn money_of_one(self, money: Option<Money>) -> Option<String> {
        let sight = if self.own.is_some() { Sight::Full } else { self.sight };
        Looker { sight, own: None }.money(money)
    }

    /// The same of what may belong to many.
    pub fn money(self, money: Option<Money>) -> Option<String> {
        match self.sight {
            Sight::Full => money.map(Money::amount),
            Sight::Bands => money.map(band_of),
            Sight::None => None,
        }
    }

    /// A number worked out from revenue.
    fn figure(self, figure: Option<f64>) -> Option<f64> {
        figure.filter(|_| self.sight == Sight::Full)
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestRow {
    /// The company's own id.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Of which product.
    pub product: Option<String>,
    /// How it stands.
    pub status: &'static str,
    /// Since when.
    pub status_on: Option<Day>,
    /// From 1, among those that are ranked.
    pub rank: Option<usize>,
    /// By the formula.
    pub score: Option<f64>,
    /// `ranked`, `waiting_for_estimate`, `lacking` or `settled`.
    pub place: &'static str,
    /// The parts for want of which it cannot be ranked.
    pub lacking: Vec<&'static str>,
    /// Of one that waits for an estimate: its score if it took one person-month.
    pub score_if_one_month: Option<f64>,
    /// What the score is worked out from.
    pub parts: PartsRow,
    /// Families of customers that ask.
    pub accounts: u32,
    /// ARR of the accounts that ask.
    pub arr: Option<String>,
    /// Of all money here.
    pub currency: Currency,
    /// The first renewal among those who ask.
    pub next_renewal_on: Option<Day>,
    /// Accounts that ask whose ARR is not known.
    pub arr_unknown: u32,
    /// Accounts that asked and are no customers.
    pub not_customers: u32,
    /// Whether it was not there a week ago.
    pub new: bool,
    /// What moved since a week ago, and why.
    pub moved: Option<MovedRow>,
    /// Its ranks by other ways, and by other estimates.
    pub ways: WaysRow,
}

/// The parts of a rank, by the names that the formula uses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "`RANK_PARTS` tells what each is")]
pub struct PartsRow {
    pub accounts: u32,
    pub arr: Option<String>,
    pub renewal_arr: Option<String>,
    pub growth: Option<String>,
    pub health: Option<f64>,
    pub severity: Option<f64>,
    pub blocked: Option<bool>,
    pub effort: Option<f64>,
}

/// How a request stood a week ago.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MovedRow {
    /// Its rank then, by today's formula.
    pub rank: Option<usize>,
    /// Its score then.
    pub score: Option<f64>,
    /// What made it move, the most first, for people.
    pub why: Vec<String>,
}

/// A request ranked in other ways.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaysRow {
    /// Rank by reach × impact × confidence / effort.
    pub rice_rank: Option<usize>,
    /// That score.
    pub rice: Option<f64>,
    /// Rank by plain ARR of those who ask.
    pub votes_rank: Option<usize>,
    /// Its rank if its effort were half.
    pub rank_if_half: Option<usize>,
    /// Its rank if its effort were double.
    pub rank_if_double: Option<usize>,
}

/// What stands beside a request in a report.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub moved: Option<&'a Moved>,
    pub new: bool,
    pub currency: Currency,
}

/// The row of a request.
pub fn row(request: &Request, ranked: &Ranked, beside: Beside<'_>, looker: Looker<'_>) -> RequestRow {
    let Parts { accounts, arr, renewal_arr, growth, health, severity, blocked, effort, .. } = ranked.parts;
    let (place, lacking, score_if_one_month) = match &ranked.place {
        Place::Ranked(_) => ("ranked", Vec::new(), None),
        Place::Waiting { worth, .. } => ("waiting_for_estimate", Vec::new(), *worth),
        Place::Lacking(parts) => ("lacking", parts.clone(), None),
        Place::Settled => ("settled", Vec::new(), None),
    };
    RequestRow {
        id: request.id.to_string(),
        title: request.title.clone(),
        product: request.product.clone(),
        status: request.status.unwrap_or(RequestStatus::Open).word(),
        status_on: request.status_on,
        rank: ranked.rank(),
        score: looker.figure(ranked.score),
        place,
        lacking,
        score_if_one_month: looker.figure(score_if_one_month),
        parts: PartsRow {
            accounts,
            arr: looker.money(arr),
            renewal_arr: looker.money(renewal_arr),
            growth: looker.money(growth),
            health,
            severity,
            blocked,
            effort,
        },
        accounts,
        arr: looker.money(arr),
        currency: beside.currency,
        next_renewal_on: ranked.parts.next_renewal_on,
        arr_unknown: ranked.parts.arr_unknown,
        not_customers: ranked.parts.not_customers,
        new: beside.new,
        moved: beside.moved.map(|moved| MovedRow {
            rank: moved.rank_before,
            score: looker.figure(moved.score_before),
            why: why(moved, beside.currency, looker),
        }),
        ways: WaysRow {
            rice_rank: ranked.rice.map(|rice| rice.rank),
            rice: ranked.rice.map(|rice| rice.score),
            votes_rank: ranked.votes.map(|votes| votes.rank),
            rank_if_half: ranked.if_effort.map(|(half, _)| half),
            rank_if_double: ranked.if_effort.map(|(_, double)| double),
        },
    }
}

fn why(moved: &Moved, currency: Currency, looker: Looker<'_>) -> Vec<String> {
    if moved.causes.is_empty() {
        return vec!["nothing of its own: others moved past it, or fell behind".to_owned()];
    }
    moved.causes.iter().map(|cause| cause_in_words(cause, currency, looker)).collect()
}

/// `ARR near renewal EUR 9,000 → EUR 12,000 (+1,500)`.
fn cause_in_words(cause: &Cause, currency: Currency, looker: Looker<'_>) -> String {
    const LABELS: [&str; RANK_PARTS.len()] =
        ["accounts", "ARR", "ARR near renewal", "growth", "worst health", "severity", "core use blocked", "effort"];
    let label = LABELS[cause.part];
    let is_money = matches!(cause.part, 1..=3);
    if is_money && looker.sight != Sight::Full {
        return match cause.before.zip(cause.now) {
            Some((before, now)) if now > before => format!("{label} rose"),
            Some(_) => format!("{label} fell"),
            None => format!("{label} became {}", if cause.now.is_some() { "known" } else { "unknown" }),
        };
    }
    let said = |value: Option<f64>| match value {
        None => "not known".to_owned(),
        Some(units) if is_money => format!("{currency} {}", grouped(units)),
        Some(flag) if cause.part == 6 => (if flag == 0.0 { "no" } else { "yes" }).to_owned(),
        Some(number) => format!("{}", (number * 10.0).round() / 10.0),
    };
    let points = looker.figure(cause.points).map_or(String::new(), |points| {
        let sign = if points < 0.0 { "−" } else { "+" };
        format!(" ({sign}{})", grouped(points.abs()))
    });
    format!("{label} {} → {}{points}", said(cause.before), said(cause.now))
}

/// `12,345`: a score or an amount without decimals.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 && digits != "0" { format!("−{text}") } else { text }
}
