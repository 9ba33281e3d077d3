//! A backtest as one page that needs nothing else: pictures are SVG, styles stand in it.

use std::fmt::Write;

use super::course::Course;
use super::measure::{Horizon, SignalRow};
use super::picture;
use super::verdict::Verdict;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right}\
td:first-child,th:first-child,td:last-child,th:last-child{text-align:left}figure{display:inline-block;margin:0 1.5rem 1rem 0}\
figcaption{font-size:13px;color:#555}h2{margin-top:2rem}td,th{white-space:nowrap}svg{max-width:100%;height:auto}\
td:first-child,th:first-child{white-space:normal;min-width:7rem}\
.wide{overflow-x:auto;background:linear-gradient(to right,#fff 40%,#fff0) 0 0/3rem 100% no-repeat local,\
linear-gradient(to left,#fff 40%,#fff0) 100% 0/3rem 100% no-repeat local,\
linear-gradient(to right,#0004,#0000) 0 0/.8rem 100% no-repeat scroll,\
linear-gradient(to left,#0004,#0000) 100% 0/.8rem 100% no-repeat scroll}";

/// What stands on the page besides the measures.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// What all of it comes to.
    pub verdict: Verdict,
    /// Mornings, snapshots, what was left out: a sentence.
    pub scope: &'a str,
    /// The main outcome first.
    pub horizons: &'a [&'a Horizon],
    /// How bands ran.
    pub course: &'a Course,
    /// Signals that tell too well.
    pub leaks: &'a [String],
    /// How probabilities were fitted: lines.
    pub fits: &'a [String],
    /// Heads and lines of accounts whose band told the wrong story.
    pub names: &'a [(&'a str, Vec<String>)],
}

/// The page.
pub fn page(of: &Page<'_>) -> String {
    let title = escaped(of.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\n\
         <p>The score: <strong>{}</strong>.</p>\n<p>{}</p>\n",
        of.verdict.words(),
        escaped(of.scope)
    );
    page.push_str(&scores(of.horizons));
    page.push_str(&probabilities(of.horizons));
    page.push_str(&tiers(of.horizons));
    if !of.leaks.is_empty() {
        let names = escaped(&of.leaks.join(", "));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "<p>Too good to be true, perhaps written after the fact: <strong>{names}</strong>.</p>");
    }
    for one in of.horizons.iter().filter(|one| one.auc.is_some()) {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&name(one)));
        page.push_str(&picture::curve(one));
        if !one.reliability.is_empty() {
            page.push_str(&picture::reliability(one));
        }
    }
    page.push_str(&picture::lead(of.course));
    if let (Some(changes), Some(flaps)) = (of.course.changes_a_month, of.course.flaps_a_month) {
        let _ = writeln!(
            page,
            "<p>Bands change {changes:.2} times per account and 30 days; {flaps:.2} of these are taken back within 14 days.</p>"
        );
    }
    if let Some(main) = of.horizons.iter().find(|one| !one.signals.is_empty()) {
        page.push_str(&signals(main));
    }
    for (head, lines) in of.names.iter().filter(|(_, lines)| !lines.is_empty()) {
        page.push_str(&list(head, lines));
    }
    if !of.fits.is_empty() {
        page.push_str(&list("How probabilities were fitted", of.fits));
    }
    page.push_str("</body></html>\n");
    page
}

fn name(one: &Horizon) -> String {
    match (one.outcome, one.days) {
        ("renewal", Some(days)) => format!("Renewal, {days} days before"),
        (outcome, Some(days)) => format!("{outcome} within {days} days"),
        (outcome, None) => format!("{outcome}, all mornings together"),
    }
}

/// Heads, and cells that are escaped here. Where the screen is narrow it scrolls by itself, with a shadow on the side where there
/// is more.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let cells = |tag: &str, cells: Vec<String>| {
        cells.iter().fold(String::new(), |row, cell| row + &format!("<{tag}>{}</{tag}>", escaped(cell)))
    };
    let head = cells("th", heads.iter().map(|head| (*head).to_owned()).collect());
    let rows = rows.fold(String::new(), |text, row| text + &format!("<tr>{}</tr>\n", cells("td", row)));
    format!("<div class=\"wide\" tabindex=\"0\"><table><tr>{head}</tr>\n{rows}</table></div>\n")
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn with_interval(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    let interval = low.zip(high).map_or_else(String::new, |(low, high)| format!(" ({low:.2}–{high:.2})"));
    number(value) + &interval
}

fn scores(horizons: &[&Horizon]) -> String {
    let heads = [
        "the score",
        "n",
        "left",
        "not known yet",
        "AUC",
        "within the date",
        "average precision",
        "base rate",
        "lift, worst tenth",
        "found in it",
        "ARR found in it",
        "recency alone",
        "age alone",
        "previous configuration",
        "verdict",
    ];
    let row = |one: &&Horizon| {
        let baseline = |name: &str| number(one.baselines.get(name).copied().flatten());
        vec![
            name(one),
            one.n.to_string(),
            one.events.to_string(),
            one.censored.to_string(),
            with_interval(one.auc, one.auc_low, one.auc_high),
            number(one.auc_within_date),
            number(one.average_precision),
            number(one.base_rate),
            number(one.lift_top_decile),
            number(one.recall_top_decile),
            number(one.arr_recall_top_decile),
            baseline("recency"),
            baseline("contract_age"),
            baseline("previous_configuration"),
            one.refused.clone().unwrap_or_else(|| one.verdict.words().to_owned()),
        ]
    };
    table(&heads, horizons.iter().map(row))
}

fn probabilities(horizons: &[&Horizon]) -> String {
    let heads = [
        "the probability",
        "calibrated",
        "AUC",
        "AUC of the score on the same",
        "Brier",
        "skill",
        "log loss",
        "calibration error",
    ];
    let row = |one: &&Horizon| {
        vec![
            name(one),
            format!("{} of {}", one.calibrated_n, one.n),
            with_interval(one.probability_auc, one.probability_auc_low, one.probability_auc_high),
            number(one.score_auc_beside),
            number(one.brier),
            number(one.brier_skill),
            number(one.log_loss),
            number(one.calibration_error),
        ]
    };
    table(&heads, horizons.iter().map(row))
}

fn tiers(horizons: &[&Horizon]) -> String {
    let rows = horizons.iter().flat_map(|one| {
        one.tiers.iter().map(|(tier, segment)| {
            let area = with_interval(segment.auc, segment.auc_low, segment.auc_high);
            vec![name(one), tier.clone(), segment.n.to_string(), segment.events.to_string(), area]
        })
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() { String::new() } else { table(&["by tier", "tier", "n", "left", "AUC"], rows.into_iter()) }
}

fn signals(main: &Horizon) -> String {
    let row = |one: &SignalRow| {
        let sign = match one.sign_is_right {
            Some(true) => "right",
            Some(false) => "wrong",
            None => "no telling",
        };
        vec![one.signal.replace('_', " "), number(one.auc), one.n.to_string(), sign.to_owned()]
    };
    let head = format!("<h2>Each signal alone: {}</h2>\n", escaped(&name(main)));
    head + &table(&["signal", "AUC", "n", "sign"], main.signals.iter().map(row))
}

fn list(head: &str, lines: &[String]) -> String {
    let items = lines.iter().fold(String::new(), |text, line| text + &format!("<li>{}</li>\n", escaped(line)));
    format!("<h2>{}</h2>\n<ul>\n{items}</ul>\n", escaped(head))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
