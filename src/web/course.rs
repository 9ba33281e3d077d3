//! The course of a score over a year, as a picture beside its figures.

use serde::Serialize;

use super::chart::{Chart, Line};
use super::table::{Cell, Table, colour};
use crate::cli::words::{band, points};
use crate::cycle::Given;

/// What the template shows.
#[derive(Debug, Serialize)]
pub(super) struct Course {
    svg: String,
    words: String,
    table: Table,
}

/// `None`: there is nothing to be drawn yet.
pub(super) fn course(given: &[Given]) -> Option<Course> {
    let [first, .., last] = given else { return None };
    let place = |one: &Given| f64::from(one.on - first.on);
    // Where nothing is known, the line breaks.
    let stretches = given.split(|one| one.score.is_none()).filter(|stretch| !stretch.is_empty());
    let lines = stretches.map(|stretch| {
        let points = stretch.iter().filter_map(|one| Some((place(one), one.score?))).collect();
        Line { class: "main", points }
    });
    let known: Vec<f64> = given.iter().filter_map(|one| one.score).collect();
    let words = format!(
        "From {} on {} to {} on {}; {} at the lowest, {} at the highest.",
        points(first.score),
        first.on,
        points(last.score),
        last.on,
        points(known.iter().copied().reduce(f64::min)),
        points(known.iter().copied().reduce(f64::max))
    );
    let chart = Chart {
        title: "The score over the year",
        description: &words,
        below: vec![(0.0, first.on.to_string()), (place(last), last.on.to_string())],
        right: place(last),
        top: Some(100.0),
        written: |score| format!("{score:.0}"),
        lines: lines.collect(),
    };
    let svg = chart.svg();
    let mut table =
        Table::new("The last score of each week, the newest first", "").column("Morning").number("Score").column("Band");
    for one in given.iter().rev() {
        table.row([Cell::day(one.on), Cell::number(points(one.score)), Cell::text(band(one.band)).coloured(colour(one.band))]);
    }
    Some(Course { svg, words, table })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;
    use crate::signals::Band;

    #[test]
    fn the_line_breaks_where_nothing_is_known() {
        let given = |day, score| Given { on: Day::from_days(day), score, band: Band::Watch };
        assert!(course(&[given(0, Some(50.0))]).is_none(), "one point is no course");
        let drawn = course(&[given(0, Some(100.0)), given(7, Some(0.0)), given(14, None), given(28, Some(50.0))]).unwrap();
        assert_eq!(drawn.svg.matches("<polyline").count(), 2, "{}", drawn.svg);
        assert_eq!(drawn.words, "From 100.0 on 1970-01-01 to 50.0 on 1970-01-29; 0.0 at the lowest, 100.0 at the highest.");
    }
}
