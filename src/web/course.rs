//! The course of a score over a year, as a picture beside its figures.

use serde::Serialize;

use super::table::{Cell, Table, colour};
use crate::cli::words::{band, points};
use crate::cycle::Given;

/// The frame of the curve within the picture of 360 by 150.
const LEFT: f64 = 26.0;
const RIGHT: f64 = 352.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 128.0;

/// What the template draws.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    /// One for each stretch without a gap: the points of a line.
    lines: Vec<String>,
    /// Where the last score is.
    end: Option<(String, String)>,
    from: String,
    until: String,
    /// For those who cannot see it.
    words: String,
    table: Table,
}

/// `None`: there is nothing to be drawn yet.
pub(super) fn picture(course: &[Given]) -> Option<Picture> {
    let [first, .., last] = course else { return None };
    let span = f64::from(last.on - first.on).max(1.0);
    let x = |one: &Given| LEFT + (RIGHT - LEFT) * f64::from(one.on - first.on) / span;
    let y = |score: f64| BOTTOM - (BOTTOM - TOP) * score.clamp(0.0, 100.0) / 100.0;
    let point = |one: &Given| one.score.map(|score| format!("{:.1},{:.1}", x(one), y(score)));
    let stretches = course.split(|one| one.score.is_none());
    let lines = stretches.map(|stretch| stretch.iter().filter_map(point).collect::<Vec<_>>().join(" "));
    let mut table =
        Table::new("The last score of each week, the newest first", "").column("Morning").number("Score").column("Band");
    for one in course.iter().rev() {
        table.row([Cell::day(one.on), Cell::number(points(one.score)), Cell::text(band(one.band)).coloured(colour(one.band))]);
    }
    let known: Vec<f64> = course.iter().filter_map(|one| one.score).collect();
    let (low, high) = (known.iter().copied().reduce(f64::min), known.iter().copied().reduce(f64::max));
    Some(Picture {
        lines: lines.filter(|line| !line.is_empty()).collect(),
        end: last.score.map(|score| (format!("{:.1}", x(last)), format!("{:.1}", y(score)))),
        from: first.on.to_string(),
        until: last.on.to_string(),
        words: format!(
            "From {} on {} to {} on {}; {} at the lowest, {} at the highest.",
            points(first.score),
            first.on,
            points(last.score),
            last.on,
            points(low),
            points(high)
        ),
        table,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::signals::Band;

    #[test]
    fn the_line_breaks_where_nothing_is_known() {
        let given = |day, score| Given { on: Day::from_days(day), score, band: Band::Watch };
        assert!(picture(&[given(0, Some(50.0))]).is_none(), "one point is no course");
        let course = [given(0, Some(100.0)), given(7, Some(0.0)), given(14, None), given(28, Some(50.0))];
        let drawn = picture(&course).unwrap();
        assert_eq!(drawn.lines, ["26.0,8.0 107.5,128.0", "352.0,68.0"]);
        assert_eq!(drawn.end, Some(("352.0".to_owned(), "68.0".to_owned())));
        assert_eq!(drawn.words, "From 100.0 on 1970-01-01 to 50.0 on 1970-01-29; 0.0 at the lowest, 100.0 at the highest.");
    }
}
