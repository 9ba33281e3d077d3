//! `requests --json`: ranks with their parts, what moved, and what follows.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use serde::Serialize;

use super::load::{Loaded, Moment, load};
use super::rollup::{
    DisagreementRow, PromiseRow, RenewalRow, ShakenRow, ShippedRow, TellRow, disagreements, promises, renewals, shaken, tellings,
};
use super::row::{Beside, Looker, RequestRow, row};
use super::used::shipped;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::record::RequestStatus;
use crate::model::{Currency, Day};
use crate::requests::{Moved, Ranking, TELL, moved, rank};
use crate::store::facts::AsOf;
use crate::store::{Db, pulls, scores, tasks};

/// Days back to which ranks are compared.
pub const WEEK: i32 = 7;
/// Movers that are told.
const MOVERS: usize = 10;

/// `requests --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestsReport {
    /// The day from which days are counted.
    pub as_of: Day,
    /// Whether what was known when is taken from the facts' own dates.
    pub as_of_approximated: bool,
    /// The day with which ranks are compared.
    pub compared_with: Day,
    /// The formula of the rank.
    pub formula: String,
    /// Of all money here.
    pub currency: Currency,
    /// The ranked ones first, then those that wait for an estimate, those that lack more, the settled ones.
    pub requests: Vec<RequestRow>,
    /// Those that moved most since a week ago.
    pub movers: Vec<String>,
    /// Those that were not there a week ago.
    pub new: Vec<String>,
    /// Renewals within the horizon that hang on a request.
    pub renewals: Vec<RenewalRow>,
    /// What was shipped of late, and who uses it.
    pub shipped: Vec<ShippedRow>,
    /// What waits for an estimate.
    pub waiting_for_estimate: Vec<String>,
    /// Who is to be told, and who was.
    pub to_tell: Vec<TellRow>,
    /// Who has waited too long for an answer.
    pub broken_promises: Vec<PromiseRow>,
    /// Where the ways of ranking disagree most.
    pub disagreements: Vec<DisagreementRow>,
    /// Whether the top ten would change if one estimate were off by two.
    pub sensitivity: Vec<ShakenRow>,
    /// Requests that were merged into others.
    pub merged: BTreeMap<String, String>,
}

/// Which requests a report shows. Ranks are those among all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this product.
    pub product: Option<String>,
    /// With this status.
    pub status: Option<RequestStatus>,
    /// This one.
    pub id: Option<String>,
}

impl Moment {
    /// A morning, or everything that is known by now.
    pub async fn of(db: &Db, config: &Config, clock: &dyn Clock, as_of: Option<Day>) -> Result<Moment> {
        let on = as_of.unwrap_or_else(|| config.company.zone().day_of(clock.now()));
        let day = if as_of.is_some() { on } else { on + 1 };
        Ok(Moment { on, known: AsOf { day, through_pull: through(db, on, as_of.is_some()).await? } })
    }

    /// The same some days before: what was known then, as far as the cycle of that morning had it.
    pub async fn before(self, db: &Db, days: i32) -> Result<Moment> {
        let on = self.on - days;
        let through_pull = through(db, on, true).await?.min(self.known.through_pull);
        Ok(Moment { on, known: AsOf { day: self.known.day - days, through_pull } })
    }
}

/// The last pull that counts: the one that the cycle of the morning heeded, else all.
async fn through(db: &Db, on: Day, as_given: bool) -> Result<i64> {
    let cycle = if as_given { scores::cycle_of(db, on).await? } else { None };
    match cycle {
        Some(cycle) => Ok(cycle.through_pull),
        None => pulls::last_id(db).await,
    }
}

/// Ranks of a moment, and what moved since a week before.
pub(super) struct Looked {
    pub(super) loaded: Loaded,
    pub(super) ranking: Ranking,
    pub(super) moved: Vec<Option<Moved>>,
    pub(super) new: Vec<bool>,
    pub(super) before: Moment,
}

pub(super) async fn look(db: &Db, config: &Config, moment: Moment) -> Result<Looked> {
    let rules = &config.requests;
    let loaded = load(db, config, moment).await?;
    let before = moment.before(db, WEEK).await?;
    let then = load(db, config, before).await?;
    let (ranking, ranked_then) = (rank(&loaded.board, rules), rank(&then.board, rules));
    let places: HashMap<_, _> = then.board.requests.iter().enumerate().map(|(at, request)| (&request.id, at)).collect();
    let was = |at: usize| places.get(&loaded.board.requests[at].id).copied();
    let of = |at: usize| moved(&ranked_then.requests[was(at)?], &ranking.requests[at], rules);
    let all = 0..loaded.board.requests.len();
    // A request carries no date of its own: one is there from its first ask on, where it came in bulk.
    let there = |board: &crate::requests::Board, at: usize| !board.voices_of(at).is_empty();
    let new = all.clone().map(|at| match was(at) {
        None => true,
        Some(then_at) => there(&loaded.board, at) && !there(&then.board, then_at),
    });
    Ok(Looked { moved: all.clone().map(of).collect(), new: new.collect(), ranking, before, loaded })
}

/// All requests as known at a moment.
pub async fn requests(db: &Db, config: &Config, moment: Moment, filter: &Filter, looker: Looker<'_>) -> Result<RequestsReport> {
    let rules = &config.requests;
    let looked = look(db, config, moment).await?;
    let Looked { loaded, ranking, moved, new, before } = &looked;
    let board = &loaded.board;
    let same = |wanted: &Option<String>, is: Option<&str>| {
        wanted.as_ref().is_none_or(|wanted| is.is_some_and(|is| is.eq_ignore_ascii_case(wanted)))
    };
    let shown = |at: usize| {
        let request = &board.requests[at];
        let status = request.status.unwrap_or(RequestStatus::Open);
        same(&filter.product, request.product.as_deref())
            && filter.status.is_none_or(|wanted| wanted == status)
            && filter.id.as_ref().is_none_or(|id| id == request.id.as_str())
            && (looker.own.is_none() || board.voices_of(at).iter().any(|voice| looker.sees(&board.askers[voice.asker])))
    };
    let id = |at: &usize| board.requests[*at].id.to_string();
    let listed: Vec<usize> = ranking.order.iter().copied().filter(|&at| shown(at)).collect();
    let beside = |at: usize| Beside { moved: moved[at].as_ref(), new: new[at], currency: board.currency };
    let told = tasks::of_playbook(db, TELL).await?.into_iter().map(|task| (task.id.clone(), task)).collect();
    let rows: Vec<RequestRow> =
        listed.iter().map(|&at| row(&board.requests[at], &ranking.requests[at], beside(at), looker)).collect();
    Ok(RequestsReport {
        as_of: moment.on,
        as_of_approximated: pulls::is_approximate(db, moment.known).await?,
        compared_with: before.on,
        formula: rules.rank.text().to_owned(),
        currency: board.currency,
        movers: ranking.movers(moved, usize::MAX).iter().filter(|at| shown(**at)).take(MOVERS).map(id).collect(),
        new: listed.iter().filter(|at| new[**at]).map(id).collect(),
        renewals: renewals(loaded, &shown, rules, looker),
        shipped: shipped(db, loaded, moment.known, &shown, rules, looker).await?,
        waiting_for_estimate: rows.iter().filter(|row| row.place == "waiting_for_estimate").map(|row| row.id.clone()).collect(),
        to_tell: tellings(loaded, &shown, &told, looker),
        broken_promises: promises(loaded, &shown, rules, looker),
        disagreements: disagreements(loaded, ranking, &shown),
        sensitivity: shaken(loaded, ranking, &shown),
        merged: loaded.merged.clone(),
        requests: rows,
    })
}
