//! Charts as SVG. Each says in words what it shows, and the page has its figures in a table beside it.

use std::fmt::Write;

use handlebars::html_escape;

/// The size of a picture, and the room for its words: at the left, at the right, above and below. Wide screens show it larger.
const WIDE: f64 = 360.0;
/// Its height.
const HIGH: f64 = 200.0;
/// Room for words at the left, and below.
const ROOM: (f64, f64) = (62.0, 22.0);
/// Room at the right, and above.
const EDGE: (f64, f64) = (12.0, 10.0);
/// How many lines across are aimed at.
const ACROSS: f64 = 4.0;

/// A picture of lines over a common base, which is zero.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    /// Its name.
    pub title: &'a str,
    /// What it shows, in words.
    pub description: &'a str,
    /// What is written below, each at its place.
    pub below: Vec<(f64, String)>,
    /// The last place to the right.
    pub right: f64,
    /// The greatest height; `None`: as high as the highest point.
    pub top: Option<f64>,
    /// How a height is written.
    pub written: fn(f64) -> String,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// `main` or `side`.
    pub class: &'static str,
    /// Places and heights, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Line {
    /// The same as steps: each height holds until the next.
    pub(super) fn stepped(self) -> Line {
        let first = self.points.first().copied();
        let rises = self.points.windows(2).flat_map(|two| [(two[1].0, two[0].1), two[1]]);
        Line { points: first.into_iter().chain(rises).collect(), ..self }
    }
}

impl Chart<'_> {
    /// The picture.
    pub(super) fn svg(&self) -> String {
        let highest = self.lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
        let step = step(self.top.unwrap_or(highest));
        let top = self.top.unwrap_or((highest / step).ceil() * step).max(step);
        let x = |place: f64| ROOM.0 + place / self.right.max(1.0) * (WIDE - ROOM.0 - EDGE.0);
        let y = |height: f64| HIGH - ROOM.1 - height / top * (HIGH - ROOM.1 - EDGE.1);
        let mut inside = String::new();
        let mut height = 0.0;
        while height <= top * 1.000_1 {
            let (left, right, at) = (ROOM.0, WIDE - EDGE.0, y(height));
            // Writing to a string cannot fail.
            let _ = write!(
                inside,
                "<line class=\"axis\" x1=\"{left:.1}\" y1=\"{at:.1}\" x2=\"{right:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                at + 4.0,
                html_escape(&(self.written)(height))
            );
            height += step;
        }
        for (place, text) in &self.below {
            let (at, text) = (x(*place), html_escape(text));
            let anchor = if *place <= 0.0 {
                "start"
            } else if *place >= self.right {
                "end"
            } else {
                "middle"
            };
            let _ = write!(inside, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>", HIGH - 6.0);
        }
        for line in &self.lines {
            let points: Vec<String> = line.points.iter().map(|&(across, up)| format!("{:.1},{:.1}", x(across), y(up))).collect();
            let _ = write!(inside, "<polyline class=\"{}\" points=\"{}\"/>", line.class, points.join(" "));
        }
        format!(
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"chart-title chart-words\" viewBox=\"0 0 {WIDE} {HIGH}\">\
             <title id=\"chart-title\">{}</title><desc id=\"chart-words\">{}</desc>{inside}</svg>",
            html_escape(self.title),
            html_escape(self.description)
        )
    }
}

/// From line to line across: 1, 2 or 5 of a power of ten.
fn step(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let wanted = highest / ACROSS;
    let power = 10_f64.powf(wanted.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|times| times * power).find(|step| *step >= wanted * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_told_in_round_numbers() {
        let near = |highest: f64, told: f64| assert!((step(highest) / told - 1.0).abs() < 1e-9, "{highest}: {}", step(highest));
        near(690_000.0, 200_000.0);
        near(1.0, 0.5);
        near(3.9, 1.0);
        near(4.0, 1.0);
        near(41.0, 20.0);
        near(0.0, 1.0);
    }

    #[test]
    fn a_picture_says_what_it_shows_and_stays_within_its_frame() {
        let line = Line { class: "main", points: vec![(0.0, 1.0), (2.0, 3.0)] };
        let chart = Chart {
            title: "A < B",
            description: "it rises",
            below: vec![(0.0, "first".to_owned())],
            right: 2.0,
            top: None,
            written: |height| format!("{height:.0}"),
            lines: vec![line.stepped()],
        };
        let svg = chart.svg();
        assert!(svg.contains("role=\"img\"") && svg.contains("A &lt; B</title>") && svg.contains("it rises</desc>"), "{svg}");
        assert!(svg.contains("points=\"62.0,122.0 348.0,122.0 348.0,10.0\""), "{svg}");
        let none = Chart { lines: Vec::new(), below: Vec::new(), ..chart };
        assert!(!none.svg().contains("NaN"), "{}", none.svg());
    }
}
