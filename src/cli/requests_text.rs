//! Feature requests as text and as CSV.

use std::fmt::Write;

use super::sheet::cell;
use super::table::{Side, Table, cut};
use super::words::{band, count};
use crate::cycle::requests::{AskRow, RequestDetail, RequestRow, RequestsReport, grouped};
use crate::model::Currency;
use crate::playbook::TaskStatus;

/// Rows of a section that are printed; JSON has all.
const MOST: usize = 10;
/// Requests that are printed.
const RANKS: usize = 30;

/// The whole report.
pub fn text(report: &RequestsReport) -> String {
    let mut text = head(report);
    ranks(report, &mut text);
    moves(report, &mut text);
    renewals(report, &mut text);
    shipped(report, &mut text);
    tell(report, &mut text);
    promises(report, &mut text);
    firmness(report, &mut text);
    text
}

fn head(report: &RequestsReport) -> String {
    let approximated = if report.as_of_approximated { ", as-of approximated" } else { "" };
    format!(
        "{} as of {}{approximated}; compared with {}, by today's formula\nscore = {}\nmoney in {}; severity is the mean over families of the \
         highest that each states\n",
        count(report.requests.len() as u64, "request", "requests"),
        report.as_of,
        report.compared_with,
        report.formula,
        report.currency,
    )
}

fn ranks(report: &RequestsReport, text: &mut String) {
    let mut table = Table::new(&[
        ("rank", Side::Right, 4),
        ("was", Side::Right, 4),
        ("score", Side::Right, 12),
        ("id", Side::Left, 12),
        ("request", Side::Left, 40),
        ("product", Side::Left, 12),
        ("status", Side::Left, 8),
        ("accounts", Side::Right, 8),
        ("ARR", Side::Right, 24),
        ("renewing", Side::Right, 24),
        ("growth", Side::Right, 24),
        ("health", Side::Right, 6),
        ("severity", Side::Right, 8),
        ("core", Side::Left, 4),
        ("effort", Side::Right, 6),
        ("next renewal", Side::Left, 12),
    ]);
    let of = |place: &'static str| report.requests.iter().filter(move |row| row.place == place);
    for row in of("ranked").take(RANKS) {
        table.row(line(row, row.score));
    }
    let _ = write!(text, "\n{table}");
    let more = of("ranked").count().saturating_sub(RANKS);
    if more > 0 {
        let _ = writeln!(text, "{more} more; --csv and --json have them all");
    }
    for (place, title) in [
        ("waiting_for_estimate", "waiting for an estimate, not ranked; score as if it took one person-month"),
        ("lacking", "not ranked: more than the estimate is not known"),
    ] {
        let mut table = Table::new(&[
            ("score", Side::Right, 12),
            ("id", Side::Left, 12),
            ("request", Side::Left, 40),
            ("accounts", Side::Right, 8),
            ("ARR", Side::Right, 24),
            ("not known", Side::Left, 40),
        ]);
        for row in of(place).take(MOST) {
            table.row([
                figure(row.score_if_one_month),
                row.id.clone(),
                row.title.clone(),
                row.accounts.to_string(),
                money(row.arr.as_ref()),
                row.lacking.join(", "),
            ]);
        }
        if !table.is_empty() {
            let _ = write!(text, "\n{title}: {}\n{table}", of(place).count());
        }
    }
}

fn line(row: &RequestRow, score: Option<f64>) -> Vec<String> {
    let number = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.1}"));
    vec![
        row.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
        match &row.moved {
            _ if row.new => "new".to_owned(),
            Some(moved) => moved.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
            None => "=".to_owned(),
        },
        figure(score),
        row.id.clone(),
        row.title.clone(),
        row.product.clone().unwrap_or_default(),
        row.status.to_owned(),
        row.accounts.to_string(),
        money(row.parts.arr.as_ref()),
        money(row.parts.renewal_arr.as_ref()),
        money(row.parts.growth.as_ref()),
        number(row.parts.health),
        number(row.parts.severity),
        match row.parts.blocked {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => "–".to_owned(),
        },
        number(row.parts.effort),
        row.next_renewal_on.map_or_else(|| "–".to_owned(), |day| day.to_string()),
    ]
}

/// An amount for people; `–` where it is not known, or not to be seen.
pub(crate) fn money(money: Option<&String>) -> String {
    money.map_or_else(|| "–".to_owned(), |amount| readable(amount))
}

/// `1,234.50` of a decimal; a band as it is.
fn readable(amount: &str) -> String {
    let (whole, rest) = amount.split_once('.').unwrap_or((amount, ""));
    let Ok(number) = whole.parse::<u64>() else { return amount.to_owned() };
    let rest = if rest.bytes().any(|digit| digit != b'0') { format!(".{rest}") } else { String::new() };
    format!("{}{rest}", grouped(number as f64))
}

/// A score, for people.
pub(crate) fn figure(score: Option<f64>) -> String {
    score.map_or_else(|| "–".to_owned(), grouped)
}

/// A section with its title, where it has any line.
fn section(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for line in lines.take(MOST) {
        let _ = writeln!(text, "  {}", cut(&line, 160));
    }
    if all > MOST {
        let _ = writeln!(text, "  {} more", all - MOST);
    }
}

fn moves(report: &RequestsReport, text: &mut String) {
    let row = |id: &String| report.requests.iter().find(|row| row.id == *id);
    let moved = report.movers.iter().filter_map(row).map(|row| {
        let (before, why) = row.moved.as_ref().map_or((None, String::new()), |moved| (moved.rank, moved.why.join("; ")));
        let rank = |rank: Option<usize>| rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
        format!("{} → {}  {} {}: {why}", rank(before), rank(row.rank), row.id, row.title)
    });
    section(text, &format!("moved since {}", report.compared_with), moved.collect::<Vec<_>>().into_iter());
    let new = report.new.iter().filter_map(row).map(|row| format!("{} {}", row.id, row.title));
    section(text, "new", new.collect::<Vec<_>>().into_iter());
}

fn with_currency(amount: Option<&String>, currency: Currency) -> String {
    match amount {
        Some(amount) if amount.starts_with(|c: char| c.is_ascii_digit()) => format!("{currency} {}", readable(amount)),
        Some(band) => band.clone(),
        None => "ARR not known".to_owned(),
    }
}

fn renewals(report: &RequestsReport, text: &mut String) {
    let line = |row: &crate::cycle::requests::RenewalRow| {
        let act = row.act_by.map_or(String::new(), |day| format!(", act by {day}"));
        let arr = with_currency(row.arr.as_ref(), report.currency);
        format!(
            "{}{act}  {} {} ({arr}, {}): {}",
            row.renews_on,
            row.account_id,
            row.name,
            band(row.band),
            row.requests.join(", ")
        )
    };
    section(text, "renewals that hang on a request", report.renewals.iter().map(line));
}

fn shipped(report: &RequestsReport, text: &mut String) {
    let line = |row: &crate::cycle::requests::ShippedRow| {
        let Some(metric) = &row.metric else {
            return format!("{} {} since {}: no usage_metric says whether it is used", row.id, row.title, row.from);
        };
        let asked = row.used.len() + row.not_used.len() + row.unknown.len();
        let until = row.known_to.map_or_else(|| "use not known yet".to_owned(), |day| format!("use known to {day}"));
        let used: Vec<String> = row.used.iter().map(|(account, day)| format!("{account} from {day}")).collect();
        let mut parts = vec![format!("used by {} of {asked} who asked", row.used.len())];
        parts.extend((!used.is_empty()).then(|| used.join(", ")));
        parts.extend((!row.not_used.is_empty()).then(|| format!("not by {}", row.not_used.join(", "))));
        parts.extend((!row.unknown.is_empty()).then(|| format!("not known of {}", row.unknown.join(", "))));
        format!("{} {} since {} ({metric}, {until}, watched to {}): {}", row.id, row.title, row.from, row.to, parts.join("; "))
    };
    section(text, "shipped of late, used or not", report.shipped.iter().map(line));
}

fn tell(report: &RequestsReport, text: &mut String) {
    let waits = |status: TaskStatus| matches!(status, TaskStatus::Open | TaskStatus::Snoozed);
    let told = report.to_tell.iter().filter(|row| row.told_on.is_some()).count();
    let open: Vec<_> = report.to_tell.iter().filter(|row| waits(row.task_status)).collect();
    let line = |row: &&crate::cycle::requests::TellRow| {
        let csm = row.csm.as_deref().unwrap_or("nobody");
        format!("{}  {} {}: {csm} tells {}, {}", row.due_on, row.request_id, row.status, row.account_id, row.task_id)
    };
    let title = format!("to be told of the last change ({told} told already); `longroad task done ID` says it was");
    section(text, &title, open.iter().map(line));
}

fn promises(report: &RequestsReport, text: &mut String) {
    let line = |row: &crate::cycle::requests::PromiseRow| {
        let arr = with_currency(row.arr.as_ref(), report.currency);
        format!("{} {} ({arr}) asked for {} on {}, {} days ago", row.account_id, row.name, row.request_id, row.asked_on, row.days)
    };
    let title = format!("broken promises: {} without an answer", count(report.broken_promises.len() as u64, "ask", "asks"));
    section(text, &title, report.broken_promises.iter().map(line));
}

fn firmness(report: &RequestsReport, text: &mut String) {
    let rank = |rank: Option<usize>| rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
    let line = |row: &crate::cycle::requests::DisagreementRow| {
        format!("{}: {} by the formula, {} by RICE, {} by ARR", row.id, rank(row.rank), rank(row.rice_rank), rank(row.votes_rank))
    };
    section(text, "where other ways of ranking disagree most", report.disagreements.iter().map(line));
    let line = |row: &crate::cycle::requests::ShakenRow| {
        format!("{} would go from {} to {} with {} the effort", row.id, row.rank, row.would_be, row.if_effort_is)
    };
    section(text, "the top ten would change if one estimate were off by two", report.sensitivity.iter().map(line));
    if report.sensitivity.is_empty() && report.requests.iter().any(|row| row.rank.is_some()) {
        let _ = writeln!(text, "\nthe top ten stays as it is if one estimate is off by two");
    }
}

/// One request, ask by ask.
pub fn detail(found: &RequestDetail) -> String {
    let mut text = text(&found.report);
    let mut table = Table::new(&[
        ("asked", Side::Left, 10),
        ("account", Side::Left, 24),
        ("name", Side::Left, 24),
        ("family", Side::Left, 16),
        ("ARR", Side::Right, 24),
        ("renews", Side::Left, 10),
        ("band", Side::Left, 8),
        ("severity", Side::Right, 8),
        ("growth", Side::Right, 24),
        ("told", Side::Left, 10),
        ("by", Side::Left, 12),
        ("in their words", Side::Left, 60),
    ]);
    for ask in &found.asks {
        table.row(ask_line(ask));
    }
    let _ = write!(text, "\nwho asks\n{table}");
    text
}

fn ask_line(ask: &AskRow) -> Vec<String> {
    let dash = || "–".to_owned();
    let filed = ask.filed_for.as_ref().map_or(String::new(), |id| format!(" (filed for {id})"));
    let left = if ask.customer { "" } else { " (no customer)" };
    vec![
        ask.asked_on.to_string(),
        format!("{}{left}", ask.account_id),
        ask.name.clone(),
        ask.family.clone(),
        money(ask.arr.as_ref()),
        ask.renews_on.map_or_else(dash, |day| day.to_string()),
        band(ask.band),
        ask.severity.map_or_else(dash, |severity| severity.to_string()),
        money(ask.growth.as_ref()),
        ask.told_on.map_or_else(dash, |day| day.to_string()),
        ask.by.clone().unwrap_or_default(),
        format!("{}{filed}", ask.note.clone().unwrap_or_default()),
    ]
}

/// The heads of the requests with their parts.
pub const COLUMNS: [&str; 22] = [
    "rank",
    "rank_before",
    "score",
    "id",
    "title",
    "product",
    "status",
    "place",
    "accounts",
    "arr",
    "renewal_arr",
    "growth",
    "currency",
    "health",
    "severity",
    "blocked",
    "effort",
    "next_renewal_on",
    "arr_unknown",
    "rice_rank",
    "votes_rank",
    "why",
];

/// A request with its parts, for a spreadsheet.
pub fn row(row: &RequestRow) -> Vec<String> {
    let before = match &row.moved {
        _ if row.new => None,
        Some(moved) => moved.rank,
        None => row.rank,
    };
    vec![
        cell(row.rank),
        cell(before),
        cell(row.score),
        row.id.clone(),
        row.title.clone(),
        cell(row.product.as_ref()),
        row.status.to_owned(),
        row.place.to_owned(),
        row.accounts.to_string(),
        cell(row.parts.arr.as_ref()),
        cell(row.parts.renewal_arr.as_ref()),
        cell(row.parts.growth.as_ref()),
        row.currency.to_string(),
        cell(row.parts.health),
        cell(row.parts.severity),
        cell(row.parts.blocked),
        cell(row.parts.effort),
        cell(row.next_renewal_on),
        row.arr_unknown.to_string(),
        cell(row.ways.rice_rank),
        cell(row.ways.votes_rank),
        row.moved.as_ref().map_or_else(String::new, |moved| moved.why.join("; ")),
    ]
}
