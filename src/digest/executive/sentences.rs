//! Three sentences that say what changed and why.

use rust_decimal::Decimal;

use super::input::{ExecutiveInputs, Mover};
use crate::digest::clean;
use crate::digest::parts::{NAME, rounded};
use crate::model::{Currency, Day, Money};
use crate::revenue::PeriodRow;

/// First value, revenue, outlook.
pub fn sentences(inputs: &ExecutiveInputs) -> [String; 3] {
    [first_value(inputs), revenue(inputs), outlook(inputs)]
}

/// `62 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// An amount as decimal text, for people, without cents where it is large.
pub fn money(text: &str, currency: Currency) -> String {
    let minor = text.parse().ok().and_then(|amount| Money::new(amount, currency).ok());
    minor.map_or_else(|| format!("{currency} {text}"), rounded)
}

/// The same without its currency, for a table that says it once.
pub fn figure(text: &str, currency: Currency) -> String {
    let text = money(text, currency);
    text.split_once('\u{A0}').map_or(text.clone(), |(_, figure)| figure.to_owned())
}

fn first_value(inputs: &ExecutiveInputs) -> String {
    let told = &inputs.first_value;
    let (recent, before) = (&told.recent, &told.before);
    let known = recent.due - recent.unknown;
    let Some(rate) = recent.rate else {
        let unknown = match recent.unknown {
            0 => String::new(),
            unknown => format!(" of which the data say anything ({unknown} of which they do not)"),
        };
        return format!("No first value fell due in the last {} days{unknown}, so nothing can be said of attainment.", told.days);
    };
    let mut parts = vec![match known {
        1 => {
            format!("The only customer whose first value fell due in the last {} days ", told.days)
                + if recent.attained == 1 { "got it in time" } else { "did not get it in time" }
        }
        _ => format!(
            "{} of the {known} customers whose first value fell due in the last {} days got it in time ({})",
            if recent.attained == 0 { "None".to_owned() } else { recent.attained.to_string() },
            told.days,
            percent(rate)
        ),
    }];
    match before.rate {
        Some(earlier) if (rate - earlier).abs() < 0.005 => parts.push(format!(", as in the {} days before", told.days)),
        Some(earlier) => {
            let way = if rate > earlier { "up from" } else { "down from" };
            let (attained, known) = (before.attained, before.due - before.unknown);
            parts.push(format!(", {way} {attained} of {known} ({}) in the {} days before", percent(earlier), told.days));
        }
        None => {}
    }
    if recent.unknown > 0 {
        parts.push(format!("; of {} more the data do not say", recent.unknown));
    }
    let others = recent.late + recent.missed;
    if let Some((field, whose, count)) = &told.concentration {
        let verb = match *field {
            "CSM" => "are looked after by",
            "seller" => "were sold by",
            "product" => "bought",
            _ => "are in the segment",
        };
        parts.push(format!("; {count} of the {others} that did not {verb} {}", clean(whose, NAME)));
    } else if told.missing_next > 0 {
        parts.push(format!("; {} more are forecast to miss it", told.missing_next));
    }
    parts.concat() + "."
}

fn revenue(inputs: &ExecutiveInputs) -> String {
    let report = match &inputs.revenue {
        Ok(report) => report,
        Err(reason) => return format!("Revenue cannot be told: {}.", clean(reason, 300)),
    };
    let Some(PeriodRow { period, row, .. }) = report.periods.last() else {
        return "There is no revenue to be told of.".to_owned();
    };
    let currency = report.currency;
    let is_some = |text: &&String| text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0');
    let amounts = |moves: &[(&String, &str)]| {
        let moved = moves.iter().filter(|(text, _)| is_some(text));
        moved.map(|(text, what)| format!("{} {what}", money(text, currency))).collect::<Vec<_>>()
    };
    let gains = amounts(&[
        (&row.new, "from new customers"),
        (&row.reactivation, "from customers who came back"),
        (&row.expansion, "of expansion"),
    ]);
    let losses = amounts(&[(&row.contraction, "of contraction"), (&row.churn, "of churn")]);
    let (month, end) = (month(period), money(&row.end_mrr, currency));
    let moves = match (gains.is_empty(), losses.is_empty()) {
        (true, true) => return format!("MRR stayed at {end} in {month}: nothing moved."),
        (false, false) => format!("{}, less {}", listed(&gains), listed(&losses)),
        _ => listed(&[gains, losses].concat()),
    };
    let number = |text: &str| text.parse::<Decimal>().unwrap_or_default();
    let moved = number(&row.end_mrr) - number(&row.start_mrr);
    let by = money(&moved.abs().to_string(), currency);
    let way = match moved {
        _ if moved.is_zero() => format!("stayed at {end}"),
        _ if moved.is_sign_negative() => format!("fell by {by} to {end}"),
        _ => format!("rose by {by} to {end}"),
    };
    let mover = |mover: &Option<Mover>, what: &str| {
        mover.as_ref().map(|one| format!("most was {what} {} ({})", clean(&one.name, NAME), rounded(one.mrr)))
    };
    let why = [mover(&inputs.largest_gain, "gained at"), mover(&inputs.largest_loss, "lost at")];
    let why: Vec<String> = why.into_iter().flatten().collect();
    let why = if why.is_empty() { String::new() } else { format!("; {}", why.join(", ")) };
    format!("MRR {way} in {month}: {moves}{why}.")
}

/// `October 2026`.
fn month(name: &str) -> String {
    format!("{name}-01").parse::<Day>().map_or_else(|_| name.to_owned(), |first| first.date().format("%B %Y").to_string())
}

/// `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

fn outlook(inputs: &ExecutiveInputs) -> String {
    let projected = inputs.revenue.as_ref().ok().and_then(|report| {
        let projection = report.projection.as_ref()?;
        let (last, now) = (projection.months.last()?, report.periods.last()?);
        let money = |text: &str| money(text, report.currency);
        Some(format!(
            "If losses stay at {:.1} % a month, MRR of {} is {} in {} months without new business ({} {}, {} at one point more)",
            projection.monthly_churn * 100.0,
            money(&now.row.end_mrr),
            money(&last.mrr),
            projection.months.len(),
            money(&last.better),
            if projection.better_is_no_loss() { "if nothing is lost" } else { "at one point less a month" },
            money(&last.worse)
        ))
    });
    let renewals = inputs.renewals.map(|renewals| {
        let (due, at_risk) = (rounded(renewals.due), rounded(renewals.at_risk));
        let called = match renewals.at_risk.minor {
            0 => "nothing is called at risk".to_owned(),
            _ => format!("{at_risk} is called at risk or lost by the machine or by people"),
        };
        let unknown = match renewals.unknown.minor {
            0 => String::new(),
            _ => format!(", and of {} too little is known to call it", rounded(renewals.unknown)),
        };
        format!("of {due} of ARR up for renewal within {} days, {called}{unknown}", renewals.days)
    });
    let mut text = match (projected, renewals) {
        (Some(projected), Some(renewals)) => format!("{projected}; {renewals}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => {
            "Nothing is known of the months to come: there is no revenue, and nothing comes up for renewal".to_owned()
        }
    };
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text + "."
}
