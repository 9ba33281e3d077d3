//! A backtest as one page that needs nothing else: pictures are SVG, styles stand in it.

use std::fmt::Write;

use super::course::Course;
use super::measure::Horizon;
use super::verdict::Verdict;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right}\
td:first-child,th:first-child,td:last-child,th:last-child{text-align:left}figure{display:inline-block;margin:0 1.5rem 1rem 0}\
figcaption{font-size:13px;color:#555}h2{margin-top:2rem}";

/// Side of a picture, and the room for its words.
const SIDE: f64 = 240.0;
const ROOM: f64 = 34.0;

/// The page.
pub fn page<'a>(title: &str, verdict: Verdict, horizons: impl Iterator<Item = &'a Horizon>, course: &Course) -> String {
    let horizons: Vec<&Horizon> = horizons.collect();
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>\n<p>The score: <strong>{}</strong>.</p>\n",
        verdict.words()
    );
    page.push_str(&table(&horizons));
    for one in horizons.iter().filter(|one| one.auc.is_some()) {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&name(one)));
        page.push_str(&curve(one));
        if !one.reliability.is_empty() {
            page.push_str(&reliability(one));
        }
    }
    page.push_str(&lead(course));
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

fn table(horizons: &[&Horizon]) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let mut text = "<table><tr><th>outcome</th><th>n</th><th>left</th><th>AUC of the score</th><th>95 %</th><th>AUC of the \
                    probability</th><th>average precision</th><th>Brier skill</th><th>lift, worst tenth</th><th>verdict</th></tr>\n"
        .to_owned();
    for one in horizons {
        let interval = one.auc_low.zip(one.auc_high).map_or_else(|| "–".to_owned(), |(low, high)| format!("{low:.2}–{high:.2}"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{interval}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&name(one)),
            one.n,
            one.events,
            number(one.auc),
            number(one.probability_auc),
            number(one.average_precision),
            number(one.brier_skill),
            number(one.lift_top_decile),
            escaped(one.refused.as_deref().unwrap_or(one.verdict.words())),
        );
    }
    text + "</table>\n"
}

/// A square from (0, 0) to (1, 1) with something drawn in it.
fn square(label: &str, across: &str, up: &str, inside: &str) -> String {
    let (whole, low) = (SIDE + 2.0 * ROOM, SIDE + ROOM);
    format!(
        "<figure><svg role=\"img\" aria-label=\"{label}\" width=\"{whole}\" height=\"{whole}\" viewBox=\"0 0 {whole} {whole}\" \
         font-size=\"11\" fill=\"#555\"><rect x=\"{ROOM}\" y=\"{ROOM}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" \
         stroke=\"#bbb\"/><line x1=\"{ROOM}\" y1=\"{low}\" x2=\"{low}\" y2=\"{ROOM}\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>\
         {inside}<text x=\"{ROOM}\" y=\"{}\">0</text><text x=\"{low}\" y=\"{}\" text-anchor=\"end\">1</text>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{across}</text><text x=\"{ROOM}\" y=\"{}\">{up}</text></svg>\
         <figcaption>{label}</figcaption></figure>\n",
        low + 14.0,
        low + 14.0,
        whole / 2.0,
        low + 14.0,
        ROOM - 8.0
    )
}

fn at(x: f64, y: f64) -> (f64, f64) {
    (ROOM + x * SIDE, ROOM + (1.0 - y) * SIDE)
}

fn curve(one: &Horizon) -> String {
    let points: Vec<String> = one.curve.iter().map(|&(x, y)| at(x, y)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let line = format!("<polyline points=\"{}\" fill=\"none\" stroke=\"#1663a6\" stroke-width=\"2\"/>", points.join(" "));
    let label = format!("Found against false alarms, area {:.3}", one.auc.unwrap_or_default());
    square(&label, "false alarms", "found", &line)
}

fn reliability(one: &Horizon) -> String {
    let mut marks = String::new();
    for bin in &one.reliability {
        let ((x, y), (_, low), (_, high)) = (at(bin.foretold, bin.happened), at(0.0, bin.low), at(0.0, bin.high));
        // Writing to a string cannot fail.
        let _ = write!(
            marks,
            "<line x1=\"{x:.1}\" y1=\"{low:.1}\" x2=\"{x:.1}\" y2=\"{high:.1}\" stroke=\"#a64b16\"/>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#a64b16\"/>"
        );
    }
    let label = format!("Happened against foretold, mean distance {:.3}", one.calibration_error.unwrap_or_default());
    square(&label, "foretold", "happened", &marks)
}

fn lead(course: &Course) -> String {
    let Some([low, median, high]) = course.lead_days else {
        return format!(
            "<h2>Lead time</h2>\n<p>Of {} that left, none was at risk on the last morning before.</p>\n",
            course.left
        );
    };
    let widest = f64::from(high.max(1));
    let x = |days: i32| ROOM + f64::from(days) / widest * SIDE * 2.0;
    let (width, end) = (SIDE * 2.0 + 2.0 * ROOM, x(high));
    format!(
        "<h2>Lead time</h2>\n<figure><svg role=\"img\" aria-label=\"Lead time\" width=\"{width}\" height=\"64\" font-size=\"11\" \
         fill=\"#555\"><rect x=\"{:.1}\" y=\"14\" width=\"{:.1}\" height=\"22\" fill=\"#cfe3f5\"/><line x1=\"{:.1}\" y1=\"10\" \
         x2=\"{:.1}\" y2=\"40\" stroke=\"#1663a6\" stroke-width=\"3\"/><text x=\"{:.1}\" y=\"56\">{low}</text><text x=\"{:.1}\" \
         y=\"56\">{median}</text><text x=\"{end:.1}\" y=\"56\" text-anchor=\"end\">{high} days</text></svg><figcaption>Days at risk \
         before leaving, the middle half, of the {} of {} that were at risk on the last morning before ({:.0} %)</figcaption></figure>\n",
        x(low),
        end - x(low),
        x(median),
        x(median),
        x(low),
        x(median),
        course.warned,
        course.left,
        course.recall.unwrap_or_default() * 100.0
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
