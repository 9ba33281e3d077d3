//! One number of a report, opened down to the contracts behind it.

use serde::Serialize;

use super::by::{By, Group, sums};
use super::customer::{AccountRow, Customer};
use super::flow::{Flow, Stand};
use super::line::{Due, In, Line, Outcome};
use super::period::Period;
use super::report::{Ask, movements, stands};
use super::rounding::apportion;
use crate::model::{Currency, Day, Exact, Money};
use crate::signals::Basis;

/// A number that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the number of its name")]
pub enum What {
    StartMrr,
    New,
    Expansion,
    Uplift,
    Contraction,
    Churn,
    Reactivation,
    EndMrr,
    Atr,
    Renewed,
    NotRenewed,
    OverdueUndecided,
}

impl What {
    /// The words that a person may write: the names of the JSON fields.
    pub const WORDS: [(&'static str, What); 12] = [
        ("start_mrr", What::StartMrr),
        ("new", What::New),
        ("expansion", What::Expansion),
        ("uplift", What::Uplift),
        ("contraction", What::Contraction),
        ("churn", What::Churn),
        ("reactivation", What::Reactivation),
        ("end_mrr", What::EndMrr),
        ("atr", What::Atr),
        ("renewed", What::Renewed),
        ("not_renewed", What::NotRenewed),
        ("overdue_undecided", What::OverdueUndecided),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        What::WORDS.iter().find(|(_, what)| *what == self).map_or("", |(word, _)| word)
    }

    /// How much of a due term it is, as the price of a year; `None` where it is no number of due terms.
    fn of_due(self, due: &Due) -> Option<Exact> {
        let part = match self {
            What::Atr => due.mrr,
            What::Renewed => due.renewed,
            What::OverdueUndecided if due.outcome == Outcome::Undecided => due.mrr,
            What::NotRenewed if due.outcome != Outcome::Undecided => due.mrr - due.renewed,
            What::NotRenewed | What::OverdueUndecided => Exact::ZERO,
            _ => return None,
        };
        Some(part.scaled(12, 1))
    }

    fn is_of_dues(self) -> bool {
        matches!(self, What::Atr | What::Renewed | What::NotRenewed | What::OverdueUndecided)
    }

    /// How much of a customer's sums it is.
    fn of(self, flow: &Flow) -> Exact {
        match self {
            What::StartMrr => flow.start,
            What::New => flow.new,
            What::Expansion => flow.expansion,
            What::Uplift => flow.uplift,
            What::Contraction => flow.contraction,
            What::Churn => flow.churn,
            What::Reactivation => flow.reactivation,
            What::EndMrr => flow.end,
            What::Atr => flow.due.scaled(12, 1),
            What::Renewed => flow.due_renewed.scaled(12, 1),
            What::OverdueUndecided => flow.due_undecided.scaled(12, 1),
            What::NotRenewed => (flow.due - flow.due_renewed - flow.due_undecided).scaled(12, 1),
        }
    }

    /// As it is printed in the report.
    fn printed(self, flow: &Flow, (start, end): (i64, i64)) -> i64 {
        let [new, expansion, contraction, churn, reactivation, uplift] = movements(flow, start, end);
        match self {
            What::StartMrr => start,
            What::EndMrr => end,
            What::New => new,
            What::Expansion => expansion,
            What::Uplift => uplift,
            What::Contraction => contraction,
            What::Churn => churn,
            What::Reactivation => reactivation,
            What::NotRenewed => {
                let [due, renewed, undecided] =
                    [What::Atr, What::Renewed, What::OverdueUndecided].map(|what| what.of(flow).rounded());
                due - renewed - undecided
            }
            what => what.of(flow).rounded(),
        }
    }
}

/// A number and what it is the sum of.
#[derive(Clone, Debug, Serialize)]
pub struct Opened {
    /// The morning.
    pub as_of: Day,
    /// The period.
    pub period: String,
    /// Its first day.
    pub starts_on: Day,
    /// The first day after it.
    pub ends_on: Day,
    /// Which number.
    pub what: &'static str,
    /// Of which group, where one was asked for.
    pub group: Option<String>,
    /// The currency of all amounts that have none of their own.
    pub currency: Currency,
    /// The number.
    pub amount: String,
    /// What the periods come to one by one, where several were opened as one and that is another sum.
    pub added: Option<String>,
    /// The customers whose amounts add up to it, the largest first.
    pub customers: Vec<OpenedRow>,
}

/// One customer.
#[derive(Clone, Debug, Serialize)]
pub struct OpenedRow {
    /// The ultimate parent.
    pub customer_id: String,
    /// What people call it.
    pub name: String,
    /// Its tier.
    pub tier: Option<String>,
    /// Who looks after it.
    pub csm: Option<String>,
    /// Its part of the number.
    pub amount: String,
    /// All its MRR on the day before the period.
    pub start_mrr: String,
    /// And on the last day of it.
    pub end_mrr: String,
    /// The contracts behind it.
    pub contracts: Vec<OpenedContract>,
}

/// A stretch of a contract, or a term of it that was due.
#[derive(Clone, Debug, Serialize)]
pub struct OpenedContract {
    /// The contract.
    pub contract_id: String,
    /// Its account.
    pub account_id: String,
    /// What was sold.
    pub product: Option<String>,
    /// The contract's currency.
    pub contract_currency: Currency,
    /// From which day on it has this price, or null of a due term.
    pub from: Option<Day>,
    /// The first day without it; null where it is open-ended.
    pub until: Option<Day>,
    /// Why it runs: `signed`, `bridged`, `extended`, `undecided`.
    pub basis: Option<&'static str>,
    /// MRR in the contract's currency.
    pub mrr: Option<String>,
    /// In the report's, on the day before the period.
    pub start_mrr: Option<String>,
    /// And on the last day of it.
    pub end_mrr: Option<String>,
    /// The day on which the term was due.
    pub due_on: Option<Day>,
    /// The yearly price that was due.
    pub arr: Option<String>,
    /// How much of it goes on.
    pub renewed: Option<String>,
    /// What became of it: `renewed`, `lost`, `undecided`.
    pub outcome: Option<&'static str>,
}

/// Opens a number of one period, of the whole or of a group.
pub fn open(
    ask: &Ask,
    accounts: &[AccountRow],
    customers: &[Customer],
    period: &Period,
    what: What,
    group: Option<&Group>,
) -> Opened {
    let by = if group.is_some() { ask.by } else { By::Nothing };
    let asked: Vec<Period> = ask.periods.iter().chain([period]).cloned().collect();
    let sums = sums(accounts, customers, &asked, by);
    let last = ask.periods.len();
    let wanted = |one: &Group| group.is_none_or(|group| group == one);
    let stands = stands(&sums, last);
    let found = sums.iter().zip(&stands).find(|((one, _), _)| wanted(one));
    // The first and the last of the periods that it holds: itself, or all of them.
    let of =
        |until: bool| ask.periods.iter().position(|one| if until { one.until == period.until } else { one.from == period.from });
    let ends = of(false).zip(of(true));
    let printed = found
        .zip(ends)
        .map_or(0, |(((_, flows), stands), (from, to))| what.printed(&flows[last], (stands[from], stands[to + 1])));
    let money = |minor: i64| Money { minor, currency: ask.currency }.amount();
    let added = found.filter(|_| !matches!(what, What::StartMrr | What::EndMrr)).map(|((_, flows), stands)| {
        flows[..last].iter().zip(stands.windows(2)).map(|(flow, ends)| what.printed(flow, (ends[0], ends[1]))).sum::<i64>()
    });
    let added =
        added.filter(|&added| Period::whole(&ask.periods).is_some_and(|whole| whole == *period) && added != printed).map(money);
    let mut rows: Vec<(Exact, OpenedRow)> = Vec::new();
    for customer in customers {
        let head = &accounts[customer.head as usize];
        let Some(group) = Group::of(customer, head, by).into_iter().find(|one| wanted(one)) else { continue };
        let stand = Stand::of(&customer.lines, period);
        let mut flow = Flow::default();
        flow.add(&stand, period, customer.lines.iter().filter(|line| group.has(line, by)), In::Report);
        flow.add_dues(period, customer.dues.iter().filter(|due| group.has_due(due, by)));
        let amount = what.of(&flow);
        if amount == Exact::ZERO {
            continue;
        }
        let contracts = if what.is_of_dues() {
            let dues = customer.dues.iter().filter(|due| group.has_due(due, by) && period.holds(due.on));
            let dues = dues.filter(|due| what.of_due(due).is_some_and(|part| part != Exact::ZERO));
            dues.map(|due| of_due(due, accounts, ask.currency)).collect()
        } else {
            let on = |line: &&Line| line.is_on(period.from - 1) || line.is_on(period.until - 1);
            let lines = customer.lines.iter().filter(|line| group.has(line, by)).filter(on);
            lines.map(|line| of_line(line, period, accounts, ask.currency)).collect()
        };
        rows.push((
            amount,
            OpenedRow {
                customer_id: head.id.clone(),
                name: head.name.clone(),
                tier: head.tier.clone(),
                csm: head.csm.clone(),
                amount: String::new(),
                start_mrr: money(stand.start.rounded()),
                end_mrr: money(stand.end.rounded()),
                contracts,
            },
        ));
    }
    rows.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.customer_id.cmp(&other.customer_id)));
    let amounts: Vec<Exact> = rows.iter().map(|(amount, _)| *amount).collect();
    let shares = apportion(&amounts, printed);
    let customers = rows.into_iter().zip(shares).map(|((_, row), share)| OpenedRow { amount: money(share), ..row });
    Opened {
        as_of: ask.on,
        period: period.name.clone(),
        starts_on: period.from,
        ends_on: period.until,
        what: what.word(),
        group: group.map(|group| group.name().unwrap_or("–").to_owned()),
        currency: ask.currency,
        amount: money(printed),
        added,
        customers: customers.collect(),
    }
}

fn of_line(line: &Line, period: &Period, accounts: &[AccountRow], currency: Currency) -> OpenedContract {
    let report = |amount: Exact| Money { minor: amount.rounded(), currency }.amount();
    let on = |day: Day| Some(report(if line.is_on(day) { line.mrr } else { Exact::ZERO }));
    OpenedContract {
        contract_id: line.contract.to_string(),
        account_id: id(accounts, line.account),
        product: line.product.as_deref().map(str::to_owned),
        contract_currency: line.currency,
        from: Some(line.from),
        until: Some(line.until).filter(|until| until.days() < i32::MAX),
        basis: Some(match line.basis {
            Basis::Signed => "signed",
            Basis::Bridged => "bridged",
            Basis::Extended => "extended",
            Basis::Undecided => "undecided",
        }),
        mrr: Some(Money { minor: line.own.rounded(), currency: line.currency }.amount()),
        start_mrr: on(period.from - 1),
        end_mrr: on(period.until - 1),
        due_on: None,
        arr: None,
        renewed: None,
        outcome: None,
    }
}

fn of_due(due: &Due, accounts: &[AccountRow], currency: Currency) -> OpenedContract {
    let yearly = |monthly: Exact| Some(Money { minor: monthly.scaled(12, 1).rounded(), currency }.amount());
    OpenedContract {
        contract_id: due.contract.to_string(),
        account_id: id(accounts, due.account),
        product: due.product.as_deref().map(str::to_owned),
        contract_currency: due.currency,
        from: None,
        until: None,
        basis: None,
        mrr: None,
        start_mrr: None,
        end_mrr: None,
        due_on: Some(due.on),
        arr: yearly(due.mrr),
        renewed: yearly(due.renewed),
        outcome: Some(match due.outcome {
            Outcome::Renewed => "renewed",
            Outcome::Lost => "lost",
            Outcome::Undecided => "undecided",
        }),
    }
}

fn id(accounts: &[AccountRow], at: u32) -> String {
    accounts.get(at as usize).map(|account| account.id.clone()).unwrap_or_default()
}
