//! The pictures of a backtest, as SVG: found against false alarms, happened against foretold, lead time.

use std::fmt::Write;

use super::course::Course;
use super::measure::Horizon;

/// Side of a picture, and the room for its words.
const SIDE: f64 = 240.0;
const ROOM: f64 = 34.0;

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

/// Found against false alarms (ROC).
pub fn curve(one: &Horizon) -> String {
    let points: Vec<String> = one.curve.iter().map(|&(x, y)| at(x, y)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let line = format!("<polyline points=\"{}\" fill=\"none\" stroke=\"#1663a6\" stroke-width=\"2\"/>", points.join(" "));
    let label = format!("Found against false alarms, area {:.3}", one.auc.unwrap_or_default());
    square(&label, "false alarms", "found", &line)
}

/// Happened against foretold.
pub fn reliability(one: &Horizon) -> String {
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

/// How early bands warned, and of how many.
pub fn lead(course: &Course) -> String {
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
        "<h2>Lead time</h2>\n<figure><svg role=\"img\" aria-label=\"Lead time\" width=\"{width}\" height=\"64\" viewBox=\"0 0 {width} 64\" font-size=\"11\" \
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
