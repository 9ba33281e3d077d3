//! Who uses what was shipped: the first use of its metric by each account that asked.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::load::Loaded;
use super::rollup::ShippedRow;
use super::row::Looker;
use crate::config::Requests;
use crate::model::Day;
use crate::model::record::RequestStatus;
use crate::requests::{Seen, Watched, watched};
use crate::store::facts::AsOf;
use crate::store::usage::{self, StoredMetric};
use crate::store::{Db, directory};

/// Days after the end of a watch in which it is still reported.
const TOLD_DAYS: i32 = 30;

/// The places of a request and of an account that asks for it, and the days that are watched.
type Looked = (usize, usize, Watched);

/// One watch: the place of the request, its days, its metric's number where use of it has come in.
struct Watch {
    request: usize,
    watched: Watched,
    metric: Option<i64>,
}

/// What was shipped of late, the newest first, with whoever asked.
pub async fn shipped(
    db: &Db,
    loaded: &Loaded,
    as_of: AsOf,
    shown: &(dyn Fn(usize) -> bool + Sync),
    rules: &Requests,
    looker: Looker<'_>,
) -> Result<Vec<ShippedRow>> {
    let board = &loaded.board;
    let metrics = usage::metrics(db).await?;
    let days = usage::days(db, as_of).await?;
    let known_until = |metric: &StoredMetric| days.get(&metric.source).and_then(|days| days.last()).map(|last| *last + 1);
    let mut watches: Vec<Watch> = Vec::new();
    for (request, wanted) in board.requests.iter().enumerate().filter(|(at, _)| shown(*at)) {
        let Some(from) = wanted.status_on.filter(|_| wanted.status == Some(RequestStatus::Shipped)) else { continue };
        if from <= board.on && board.on - from <= rules.watch_days.cast_signed() + TOLD_DAYS {
            let metric = wanted.usage_metric.as_ref().and_then(|name| metrics.iter().find(|metric| metric.name == *name));
            let watched = watched(from, rules.watch_days, metric.and_then(known_until));
            watches.push(Watch { request, watched, metric: metric.map(|metric| metric.id) });
        }
    }
    let first = first_uses(db, loaded, as_of, &watches).await?;
    let mut rows: Vec<ShippedRow> = watches.iter().map(|watch| row(loaded, watch, &first, looker)).collect();
    rows.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| a.id.cmp(&b.id)));
    Ok(rows)
}

fn row(loaded: &Loaded, watch: &Watch, first: &HashMap<(usize, usize), Day>, looker: Looker<'_>) -> ShippedRow {
    let (board, Watched { from, to, known_to }) = (&loaded.board, watch.watched);
    let request = &board.requests[watch.request];
    let (mut used, mut not_used, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for voices in board.voices_of(watch.request).chunk_by(|a, b| a.asker == b.asker) {
        let asker = &board.askers[voices[0].asker];
        if asker.customer && looker.sees(asker) {
            let id = asker.id.to_string();
            match watch.watched.seen(first.get(&(watch.request, voices[0].asker)).copied()) {
                Seen::Used(day) => used.push((id, day)),
                Seen::NotUsed => not_used.push(id),
                Seen::Unknown => unknown.push(id),
            }
        }
    }
    ShippedRow {
        id: request.id.to_string(),
        title: request.title.clone(),
        metric: request.usage_metric.clone(),
        from,
        to,
        known_to,
        used,
        not_used,
        unknown,
    }
}

/// The first use by request and asker, each metric of each block read once.
async fn first_uses(db: &Db, loaded: &Loaded, as_of: AsOf, watches: &[Watch]) -> Result<HashMap<(usize, usize), Day>> {
    let mut wanted: BTreeMap<(i64, i64), Vec<Looked>> = BTreeMap::new();
    for watch in watches {
        let (Some(metric), Some(_)) = (watch.metric, watch.watched.known_to) else { continue };
        for voice in loaded.board.voices_of(watch.request) {
            let block = directory::block_of(loaded.ordinals[voice.asker]);
            wanted.entry((block, metric)).or_default().push((watch.request, voice.asker, watch.watched));
        }
    }
    let mut first: HashMap<(usize, usize), Day> = HashMap::new();
    for ((block, metric), watches) in wanted {
        let mut by_place: HashMap<usize, Vec<Looked>> = HashMap::new();
        for watch in watches {
            by_place.entry(directory::place_of(loaded.ordinals[watch.1])).or_default().push(watch);
        }
        let all = || by_place.values().flatten();
        let span = all().map(|watch| watch.2.from).min().zip(all().filter_map(|watch| watch.2.known_to).max());
        let Some(span) = span else { continue };
        let note = |day: Day, place: usize, value: f64| {
            for (request, asker, watched) in by_place.get(&place).into_iter().flatten() {
                if value > 0.0 && (watched.from..=watched.to).contains(&day) {
                    let first = first.entry((*request, *asker)).or_insert(day);
                    *first = (*first).min(day);
                }
            }
        };
        usage::each_value(db, block, metric, span, as_of, note).await?;
    }
    Ok(first)
}
