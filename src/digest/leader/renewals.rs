//! What the leader reads of renewals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::{LeaderInputs, RenewalItem};
use crate::digest::chart::{self, GREEN, Part, RED};
use crate::digest::parts::{Links, NAME, SENTENCE, Section, amount, counted, rounded, section};
use crate::digest::{Picture, Ranked, Top, clean, long_day};
use crate::health::opinion::Call;
use crate::model::{Currency, Day, Money};
use crate::revenue::renewal::{ENDED, LAST_DAY};

/// The renewals of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenewalsLine {
    /// Whether there are any.
    pub any: bool,
    /// `34 renewals in 120 days, EUR 1,234,000 a year`.
    pub summary: String,
    /// `EUR 300,000 of it is called at risk or lost: EUR 240,000 by the machine, EUR 180,000 by people, EUR 120,000 by both`.
    pub at_risk_sums: String,
    /// By month of the end.
    pub months: Vec<MonthLine>,
    /// What the picture shows, in words.
    pub picture_words: String,
    /// The picture's address within the mail; empty where there is none.
    pub picture: String,
    /// Called at risk or lost by either.
    pub at_risk: Section<RenewalLine>,
    /// Past their end, and nobody has decided.
    pub slipped: Section<RenewalLine>,
    /// Called differently by the machine and by a person, and not told above.
    pub differing: Section<RenewalLine>,
}

/// The renewals that end in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonthLine {
    /// `2026-12`.
    pub month: String,
    /// How many.
    pub count: String,
    /// ARR that is due.
    pub due: String,
    /// Of it, called at risk or lost by the machine or a person.
    pub at_risk: String,
}

/// One renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RenewalLine {
    /// The account's name.
    pub account: String,
    /// `EUR 48,000`.
    pub arr: String,
    /// `ends Tue 12 Jan 2027, 12 days left to act`.
    pub when: String,
    /// Whether the time to act is over.
    pub late: bool,
    /// `machine: at risk; Dana Reyes: commit`.
    pub calls: String,
    /// Why, for people.
    pub why: String,
    /// What is missing in how it is looked after; may be empty.
    pub gaps: String,
    /// The account's page; empty where there is none.
    pub link: String,
}

/// The name of the picture within the mail.
const PICTURE: &str = "renewals";

/// In the order in which a leader should see them: by what they are worth.
#[derive(Clone)]
struct Seen<'a>(&'a RenewalItem);

impl Ranked for Seen<'_> {
    fn rank(&self, other: &Self) -> std::cmp::Ordering {
        let key = |seen: &Self| (std::cmp::Reverse(seen.0.worth.minor), seen.0.renewal.ends_on);
        let id = |seen: &Self| (seen.0.renewal.account_id.clone(), seen.0.renewal.contracts.clone());
        key(self).cmp(&key(other)).then_with(|| id(self).cmp(&id(other)))
    }
}

fn is_bad(call: Option<Call>) -> bool {
    matches!(call, Some(Call::AtRisk | Call::Lost))
}

impl RenewalItem {
    /// Whether the machine or a person calls it at risk or lost.
    pub fn is_at_risk(&self) -> bool {
        is_bad(self.renewal.machine_call) || is_bad(self.renewal.csm_call)
    }

    /// Whether it ended, and nobody has decided.
    pub fn has_slipped(&self) -> bool {
        self.renewal.days_to_end <= 0
    }
}

impl RenewalsLine {
    /// The texts, and the picture.
    pub fn build(inputs: &LeaderInputs, links: &Links) -> (RenewalsLine, Option<Picture>) {
        let Some(currency) = inputs.renewals.first().map(|item| item.worth.currency) else {
            return (RenewalsLine::none(inputs, links), None);
        };
        let all = |wanted: &dyn Fn(&RenewalItem) -> bool| total(inputs.renewals.iter().filter(|item| wanted(item)), currency);
        let list = |wanted: &dyn Fn(&RenewalItem) -> bool| {
            let mut top = Top::default();
            top.extend(inputs.renewals.iter().filter(|item| wanted(item)).map(Seen));
            section(&top, links.page("renewals"), |_, item| line(item.0, inputs.as_of, links))
        };
        let (months, parts) = months(&inputs.renewals, currency);
        let words = months.iter().map(|month| format!("{}: {} due, {} at risk", month.month, month.due, month.at_risk));
        let picture = chart::bars(PICTURE, &parts);
        let line = RenewalsLine {
            any: true,
            summary: format!("{} in {} days, {} a year", counted(inputs.renewals.len(), "renewal"), inputs.days, all(&|_| true)),
            at_risk_sums: at_risk_sums(&inputs.renewals, currency),
            picture_words: format!("ARR up for renewal by month. {}", words.collect::<Vec<_>>().join("; ")),
            picture: format!("cid:{PICTURE}"),
            months,
            at_risk: list(&|item| item.is_at_risk() && !item.has_slipped()),
            slipped: list(&RenewalItem::has_slipped),
            differing: list(&|item| item.renewal.differs && !item.is_at_risk() && !item.has_slipped()),
        };
        (line, Some(picture))
    }

    fn none(inputs: &LeaderInputs, links: &Links) -> RenewalsLine {
        let empty = || section(&Top::<Seen<'_>>::default(), links.page("renewals"), |_, item| line(item.0, inputs.as_of, links));
        RenewalsLine {
            any: false,
            summary: format!("No renewal in the next {} days", inputs.days),
            at_risk_sums: String::new(),
            months: Vec::new(),
            picture_words: String::new(),
            picture: String::new(),
            at_risk: empty(),
            slipped: empty(),
            differing: empty(),
        }
    }
}

/// What is called at risk or lost, by whom, and of what nobody can say.
fn at_risk_sums(items: &[RenewalItem], currency: Currency) -> String {
    let all = |wanted: &dyn Fn(&RenewalItem) -> bool| total(items.iter().filter(|item| wanted(item)), currency);
    let any = |wanted: &dyn Fn(&RenewalItem) -> bool| items.iter().any(wanted);
    let machine = |item: &RenewalItem| is_bad(item.renewal.machine_call);
    let people = |item: &RenewalItem| is_bad(item.renewal.csm_call);
    let sums = if any(&RenewalItem::is_at_risk) {
        let both = |item: &RenewalItem| machine(item) && people(item);
        let by_both = if any(&both) { format!(", {} by both", all(&both)) } else { String::new() };
        format!(
            "{} of it is called at risk or lost: {} by the machine, {} by people{by_both}",
            all(&RenewalItem::is_at_risk),
            all(&machine),
            all(&people)
        )
    } else {
        "Nothing of it is called at risk or lost".to_owned()
    };
    let unknown = |item: &RenewalItem| item.renewal.machine_call.is_none() && item.renewal.csm_call.is_none();
    if any(&unknown) { format!("{sums}; of {} too little is known to call it", all(&unknown)) } else { sums }
}

/// ARR in the currency of reports, as text.
fn total<'a>(items: impl Iterator<Item = &'a RenewalItem>, currency: Currency) -> String {
    rounded(Money { minor: items.fold(0, |sum: i64, item| sum.saturating_add(item.worth.minor)), currency })
}

/// By month of the end, with the parts of each bar: what is not at risk below, what is above it.
fn months(items: &[RenewalItem], currency: Currency) -> (Vec<MonthLine>, Vec<Vec<Part>>) {
    let mut months: BTreeMap<String, Vec<&RenewalItem>> = BTreeMap::new();
    for item in items {
        months.entry(item.renewal.ends_on.to_string()[..7].to_owned()).or_default().push(item);
    }
    let sum = |items: &[&RenewalItem], bad: bool| -> f64 {
        items.iter().filter(|item| item.is_at_risk() == bad).map(|item| item.worth.minor as f64).sum()
    };
    let highest = months.values().map(|items| sum(items, true) + sum(items, false)).fold(1.0, f64::max);
    let parts = months.values().map(|items| vec![(sum(items, false) / highest, GREEN), (sum(items, true) / highest, RED)]);
    let parts = parts.collect();
    let line = |(month, items): (String, Vec<&RenewalItem>)| MonthLine {
        month,
        count: items.len().to_string(),
        due: total(items.iter().copied(), currency),
        at_risk: total(items.iter().copied().filter(|item| item.is_at_risk()), currency),
    };
    (months.into_iter().map(line).collect(), parts)
}

fn line(item: &RenewalItem, as_of: Day, links: &Links) -> RenewalLine {
    let renewal = &item.renewal;
    let arr: Vec<String> = renewal.money.iter().copied().map(amount).collect();
    let machine = renewal.machine_call.map_or("too little known", Call::words);
    let person = match (renewal.csm_call, item.caller.is_empty()) {
        (Some(call), false) => format!("{}: {}", clean(&item.caller, NAME), call.words()),
        (Some(call), true) => format!("called {}", call.words()),
        (None, _) => "nobody has called it".to_owned(),
    };
    let reason = renewal.csm_reason.as_ref().map(|reason| format!("“{}”", clean(reason, SENTENCE)));
    let why: Vec<String> =
        reason.into_iter().chain(renewal.machine_reasons.iter().take(2).map(|reason| clean(reason, SENTENCE))).collect();
    RenewalLine {
        account: clean(&renewal.name, NAME),
        arr: if arr.is_empty() { "no price known".to_owned() } else { arr.join(" and ") },
        when: when(item, as_of),
        late: renewal.days_to_act < 0,
        calls: format!("machine: {machine}; {person}"),
        why: why.join("; "),
        // What `when` says already is not said again.
        gaps: renewal
            .gaps
            .iter()
            .filter(|gap| !gap.starts_with(LAST_DAY) && !gap.starts_with(ENDED))
            .cloned()
            .collect::<Vec<_>>()
            .join("; "),
        link: crate::model::Id::parse(&renewal.account_id).map(|id| links.account(&id)).unwrap_or_default(),
    }
}

fn when(item: &RenewalItem, as_of: Day) -> String {
    let renewal = &item.renewal;
    if item.has_slipped() {
        return format!(
            "ended on {}, {} ago",
            long_day(renewal.ends_on),
            counted((as_of - renewal.ends_on).unsigned_abs() as usize, "day")
        );
    }
    let act = match renewal.days_to_act {
        days if days < 0 => format!("the last day to act was {}", long_day(renewal.act_by)),
        days => format!("{} left to act", counted(days.unsigned_abs() as usize, "day")),
    };
    format!("ends on {}; {act}", long_day(renewal.ends_on))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_who_calls_what_at_risk_and_of_what_nobody_can_say() {
        let mut inputs = LeaderInputs::sample();
        let told = |inputs: &LeaderInputs| RenewalsLine::build(inputs, &Links::new("")).0.at_risk_sums.replace('\u{A0}', " ");
        let called =
            "EUR 60,500 of it is called at risk or lost: EUR 60,500 by the machine, EUR 12,500 by people, EUR 12,500 by both";
        assert_eq!(told(&inputs), called);
        for item in inputs.renewals.iter_mut().filter(|item| item.is_at_risk()) {
            (item.renewal.machine_call, item.renewal.csm_call) = (None, None);
        }
        assert_eq!(told(&inputs), "Nothing of it is called at risk or lost; of EUR 60,500 too little is known to call it");
    }
}
