//! What the store gives back, compared with a model that is too simple to be wrong: every version kept, none clever.
//! On both databases.

use std::collections::{BTreeMap, BTreeSet};

use longroad::model::record::RecordKind;
use longroad::model::{Combine, Day};
use longroad::store::facts::{self, AsOf, Knowledge, NewFact};
use longroad::store::{Conflict, UsageWriter, usage};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::intake::{Intake, on_both};

on_both! {
    usage_is_what_a_naive_model_says
    facts_are_what_a_naive_model_says
    the_same_again_changes_nothing_however_it_is_cut
}

/// Mornings and days are small numbers here.
const MORNINGS: std::ops::Range<i32> = 10..34;

/// The cells of some morning: account, day, value.
type Cells = BTreeMap<(u32, i32), f64>;
/// A row: account, day, value, and the morning from which it says it counts.
type Row = (u32, i32, u8, Option<i32>);
/// What a record says, the morning from which it says it counts, its own date.
type Fact = (u8, Option<i32>, Option<i32>);

/// The newest of the versions that counts on a morning; none counts before the one that it replaced.
fn believed<T: Clone>(versions: &[(i32, T)], morning: i32) -> Option<T> {
    let mut since = i32::MIN;
    let counts = |(from, _): &&(i32, T)| {
        since = since.max(*from);
        since <= morning
    };
    versions.iter().take_while(counts).last().map(|(_, value)| value.clone())
}

/// Runs the check over generated input, always the same, on the runtime that the test already has.
async fn each_case<S: Strategy>(cases: u32, strategy: S, check: impl AsyncFn(u32, &S::Value)) {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for case in 0..cases {
        let input = strategy.new_tree(&mut runner).unwrap().current();
        check(case, &input).await;
    }
}

async fn usage_is_what_a_naive_model_says(intake: Intake) {
    let row = (0..3u32, 10..14i32, 0..4u8, prop::option::weighted(0.2, 8..30i32));
    let pull = (0..5i32, prop::collection::vec(row, 0..8));
    let combine = prop::sample::select(vec![Combine::Refuse, Combine::Sum, Combine::Max]);
    let input = (combine, 1..6usize, prop::collection::vec(pull, 1..7));
    each_case(60, input, async |case, (combine, buffer, pulls)| {
        let source = format!("source {case}");
        let mut tx = intake.db.begin().await.unwrap();
        let mut metrics = usage::metrics(&intake.db).await.unwrap();
        let metric = usage::add_metric(&mut tx, &mut metrics, &format!("metric {case}"), &source).await.unwrap();
        tx.commit().await.unwrap();
        // Since when the parts of a sum are known is told exactly where none of them was laid before the others.
        let stated = pulls.iter().any(|(_, rows)| rows.iter().any(|row| row.3.is_some()));
        let buffer = if stated && *combine != Combine::Refuse { 1_000 } else { *buffer };
        let mut versions: BTreeMap<(u32, i32), Vec<(i32, f64)>> = BTreeMap::new();
        let mut known_days: BTreeMap<i32, i32> = BTreeMap::new();
        let mut lived: Vec<(AsOf, Cells)> = Vec::new();
        let mut contradicted = false;
        let mut morning = MORNINGS.start;
        for (number, (later, rows)) in (0..).zip(pulls) {
            morning += later;
            let pull = i64::from(case) * 100 + number;
            let history = number == 0;
            let told = model_pull(&mut versions, &mut known_days, rows, *combine, (morning, history));
            let (as_of, pulled_on) = (Day::from_days(morning), Day::from_days(morning));
            let knowledge = Knowledge { pull, pulled_on, as_of, history };
            let mut tx = intake.db.begin().await.unwrap();
            let mut writer = UsageWriter::begin(&mut tx, &source, knowledge, buffer).await.unwrap();
            writer.declare(metric, *combine);
            for &(place, day, value, stated) in rows {
                if writer.take(place, metric, Day::from_days(day), f64::from(value), stated.map(Day::from_days)) {
                    writer.lay(&mut tx, false).await.unwrap();
                }
            }
            let (conflicts, changed) = writer.finish(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            contradicted |= !conflicts.is_empty();
            let conflicts = conflicts.into_iter().map(|Conflict { ordinal, day, .. }| (ordinal, day.days())).collect();
            assert_eq!((conflicts, changed), told, "case {case}, pull {number} of {pulls:?} as {combine:?}");
            let as_of = AsOf { day: as_of, through_pull: pull };
            lived.push((as_of, model_cells(&versions, morning)));
        }
        let now = MORNINGS.map(|morning| {
            let as_of = AsOf { day: Day::from_days(morning), through_pull: i64::MAX };
            (as_of, model_cells(&versions, morning))
        });
        // As of each morning, and as each pull's own morning saw it, on the days that were there.
        for (as_of, mut expected) in now.chain(lived) {
            let days = usage::days(&intake.db, as_of).await.unwrap().remove(&source).unwrap_or_default();
            let days: Vec<i32> = days.iter().map(|day| day.days()).collect();
            let mut cells = BTreeMap::new();
            let with = |day: Day, place: usize, value: f64| {
                cells.insert((u32::try_from(place).unwrap(), day.days()), value);
            };
            let span = (Day::from_days(0), as_of.day - 1);
            usage::each_value(&intake.db, 0, metric, span, as_of, with).await.unwrap();
            expected.retain(|(_, day), _| days.contains(day));
            assert_eq!(cells, expected, "case {case}, {as_of:?}, {pulls:?} as {combine:?}, {buffer} at once");
            if as_of.through_pull == i64::MAX && !contradicted {
                let morning = as_of.day.days();
                let known = known_days.iter().filter(|(day, since)| **since <= morning && **day < morning);
                assert_eq!(days, known.map(|(day, _)| *day).collect::<Vec<_>>(), "case {case}, {as_of:?}, {pulls:?}");
            }
        }
    })
    .await;
}

/// Takes the rows in; the cells that contradict themselves, and how many others changed.
fn model_pull(
    versions: &mut BTreeMap<(u32, i32), Vec<(i32, f64)>>,
    known_days: &mut BTreeMap<i32, i32>,
    rows: &[Row],
    combine: Combine,
    (morning, history): (i32, bool),
) -> (BTreeSet<(u32, i32)>, u64) {
    let mut cells: BTreeMap<(u32, i32), Vec<(f64, i32)>> = BTreeMap::new();
    for &(place, day, value, stated) in rows {
        let bulk = history && !known_days.contains_key(&day);
        let from = stated.unwrap_or(if bulk { day + 1 } else { morning }).max(day + 1);
        cells.entry((place, day)).or_default().push((f64::from(value), from));
    }
    let (mut conflicts, mut changed) = (BTreeSet::new(), 0);
    let mut new_days: BTreeMap<i32, i32> = BTreeMap::new();
    for (cell, rows) in cells {
        let values = || rows.iter().map(|row| row.0);
        let since = || rows.iter().map(|row| row.1);
        let value = match combine {
            Combine::Refuse if values().any(|value| value != rows[0].0) => {
                conflicts.insert(cell);
                continue;
            }
            Combine::Refuse => rows[0].0,
            Combine::Sum => values().sum(),
            Combine::Max => values().fold(0.0, f64::max),
        };
        let (first, last) = (since().min().unwrap(), since().max().unwrap());
        let since = if combine == Combine::Refuse { first } else { last };
        let new = new_days.entry(cell.1).or_insert(first);
        *new = first.min(*new);
        let versions = versions.entry(cell).or_default();
        if versions.last().is_none_or(|last| last.1 != value) {
            versions.push((since, value));
            changed += 1;
        }
    }
    for (day, since) in new_days {
        known_days.entry(day).or_insert(since);
    }
    (conflicts, changed)
}

fn model_cells(versions: &BTreeMap<(u32, i32), Vec<(i32, f64)>>, morning: i32) -> Cells {
    let cells = versions.iter().filter_map(|(cell, versions)| Some((*cell, believed(versions, morning)?)));
    cells.filter(|((_, day), _)| *day < morning).collect()
}

async fn facts_are_what_a_naive_model_says(intake: Intake) {
    let fact = (0..3u8, prop::option::weighted(0.2, 8..30i32), prop::option::of(5..25i32));
    // The morning that is lived, and how much later the pull is made.
    let pull = (0..5i32, 0..3i32, prop::collection::btree_map(0..4u8, fact, 0..4));
    each_case(60, prop::collection::vec(pull, 1..7), async |case, pulls| {
        let mut versions: BTreeMap<u8, Vec<(i32, u8)>> = BTreeMap::new();
        let mut morning = MORNINGS.start;
        for (number, (later, behind, facts)) in (0..).zip(pulls) {
            morning += later;
            let (pulled_on, history) = (morning + behind, number == 0);
            let mut changes = 0;
            for (&key, &(value, stated, own)) in facts {
                let versions = versions.entry(key).or_default();
                let own = own.map_or(i32::MIN, |own| own + 1);
                let from = match (versions.is_empty(), history) {
                    _ if stated.is_some() => stated.unwrap(),
                    (true, true) => own.min(pulled_on),
                    (true, false) => own.max(morning).min(pulled_on),
                    (false, _) => morning,
                };
                if versions.last().is_none_or(|last| last.1 != value) {
                    versions.push((from, value));
                    changes += 1;
                }
            }
            let new = |(key, &(value, stated, own)): (&u8, &Fact)| NewFact {
                key: format!("{case}/{key}"),
                ordinal: Some(u32::from(*key)),
                own_day: own.map(Day::from_days),
                stated: stated.map(Day::from_days),
                body: format!("{case}/{key}/{value}"),
            };
            let facts: Vec<NewFact> = facts.iter().map(new).collect();
            let (pulled_on, as_of) = (Day::from_days(pulled_on), Day::from_days(morning));
            let knowledge = Knowledge { pull: i64::from(case) * 100 + number, pulled_on, as_of, history };
            let mut tx = intake.db.begin().await.unwrap();
            let changed = facts::put(&mut tx, RecordKind::Events, &knowledge, &facts).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(changed, changes, "case {case}, pull {number} of {pulls:?}");
        }
        for morning in MORNINGS {
            let as_of = AsOf { day: Day::from_days(morning), through_pull: i64::MAX };
            let facts = facts::of_block(&intake.db, 0, as_of).await.unwrap();
            let bodies = facts.believed().unwrap().into_iter().flat_map(|(_, facts)| facts).map(|fact| fact.body);
            let prefix = format!("{case}/");
            let got: Vec<&str> = bodies.filter(|body| body.starts_with(&prefix)).collect();
            let known = versions.iter().filter_map(|(key, versions)| Some((key, believed(versions, morning)?)));
            let expected: Vec<String> = known.map(|(key, value)| format!("{case}/{key}/{value}")).collect();
            assert_eq!(got, expected, "case {case}, morning {morning}, {pulls:?}");
        }
    })
    .await;
}

/// Parts of sums, doubled rows and contradictions, far apart: whatever lies between two layings of the buffer.
async fn the_same_again_changes_nothing_however_it_is_cut(intake: Intake) {
    let day = Day::from_days(20_000);
    let rows: Vec<(u32, i64, f64)> =
        (0..40u32).flat_map(|n| [(n % 10, 0, 1.0), (n % 10, 1, f64::from(n % 10)), (n % 10, 2, f64::from(n))]).collect();
    let pull = async |pull: i64, buffer: usize, rows: &[(u32, i64, f64)]| {
        let mut tx = intake.db.begin().await.unwrap();
        let knowledge = Knowledge { pull, pulled_on: day + 2, as_of: day + 2, history: false };
        let mut writer = UsageWriter::begin(&mut tx, "files", knowledge, buffer).await.unwrap();
        writer.declare(0, Combine::Sum);
        writer.declare(2, Combine::Max);
        for &(ordinal, metric, value) in rows {
            if writer.take(ordinal, metric, day, value, None) {
                writer.lay(&mut tx, false).await.unwrap();
            }
        }
        let (conflicts, changed) = writer.finish(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        (conflicts.len(), changed)
    };
    assert_eq!(pull(1, 1_000, &rows).await, (0, 30));
    let before = intake.dump().await;
    for buffer in [1_000, 7, 1] {
        assert_eq!(pull(2, buffer, &rows).await, (0, 0), "{buffer}");
        let mut after = intake.dump().await;
        // Parts of a sum that lie apart are laid one after the other, which moves the tile's place.
        if buffer < 1_000
            && let Some(places) = before.get("tile places")
        {
            after.insert("tile places", places.clone());
        }
        assert_eq!(after, before, "{buffer}");
    }
    // A contradiction that shows after the first of its rows is laid: equal to the stored value, or other than it.
    let contradictions: Vec<(u32, i64, f64)> = [(1, 1, 1.0), (2, 1, 5.0), (3, 1, 5.0), (3, 1, 6.0), (11, 1, 1.0)]
        .into_iter()
        .chain(std::iter::repeat_n((9, 1, 9.0), 20))
        .chain([(1, 1, 4.0), (2, 1, 6.0), (3, 1, 3.0), (11, 1, 2.0), (1, 1, 1.0), (2, 1, 5.0)])
        .collect();
    for buffer in [1_000, 7, 1] {
        assert_eq!(pull(3, buffer, &contradictions).await, (4, 0), "{buffer}");
        let after = intake.dump().await;
        assert_eq!(after["tile_journal"], before["tile_journal"], "{buffer}");
        assert_eq!(after["tile"], before["tile"], "{buffer}");
    }
}
