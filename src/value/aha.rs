//! The "aha" moment: what newcomers do in their first weeks that goes with staying. A landmark analysis: who is still a customer
//! at the end of a window is asked what it did within it and whether it stayed afterwards; those who left before cannot have
//! done it, and are left out. What is found is an association: it says where to look, not what to cause.

use serde::Serialize;

use crate::model::Day;
use crate::statistics::{TwoByTwo, benjamini_hochberg, mantel_haenszel};

/// Days from the beginning that are looked at.
pub const WINDOWS: [u32; 3] = [7, 14, 28];
/// On how many different days.
const TIMES: [u32; 6] = [1, 2, 3, 5, 8, 12];
/// Newcomers without whom nothing is said.
const LEAST: usize = 200;
/// What fewer or more than these shares do cannot part newcomers.
const REACH: (f64, f64) = (0.05, 0.95);
/// Newcomers in each corner of a table.
const LEAST_CELL: usize = 10;
/// The share of false discoveries among all that is found.
const FALSE_DISCOVERIES: f64 = 0.05;
/// The share of newcomers, the latest, on whom findings are confirmed and not sought.
const HELD_BACK: f64 = 0.25;

/// One newcomer.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Its first day.
    pub began: Day,
    /// For each behaviour bit k: whether it was shown k days after the first.
    pub shown: Vec<u32>,
    /// For each of the [`WINDOWS`], whether it left afterwards; `None`: gone before the window's end, or not known yet.
    pub left: [Option<bool>; 3],
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aha {
    /// Newcomers with a known outcome.
    pub newcomers: usize,
    /// Of those, stayed.
    pub stayed: usize,
    /// Those who began from this day on were held back.
    pub held_back_from: Option<Day>,
    /// How many they are.
    pub held_back: usize,
    /// Behaviours × times × windows that were compared.
    pub compared: usize,
    /// Those that too few or too many newcomers showed to be compared.
    pub too_few: usize,
    /// The strongest first.
    pub findings: Vec<Association>,
    /// Why nothing is said, where nothing is.
    pub refused: Option<String>,
}

/// A behaviour that goes with staying, or with leaving.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Association {
    /// Its name.
    pub behaviour: String,
    /// On at least so many different days.
    pub times: u32,
    /// Of the first so many.
    pub window_days: u32,
    /// The share of newcomers that did.
    pub reach: f64,
    /// The share that stayed of those who did.
    pub stayed_with: f64,
    /// Of those who did not.
    pub stayed_without: f64,
    /// Correlation of doing and staying, −1 to 1.
    pub phi: f64,
    /// Odds of staying, of those who did over those who did not, with its 95 % interval.
    pub odds: Odds,
    /// Benjamini–Hochberg over all that was compared.
    pub q: f64,
    /// The odds among newcomers of like activity (quarters by days with any use); `None`: the behaviour is that activity, or
    /// there are too few.
    pub odds_within_activity: Option<Odds>,
    /// Whether it shows within like activity too: then it is more than being busy.
    pub beyond_activity: Option<bool>,
    /// The odds among the newcomers held back; `None`: too few of them.
    pub odds_held_back: Option<Odds>,
    /// Whether those say the same, chance left out.
    pub confirmed: Option<bool>,
}

/// An odds ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Odds {
    /// Above 1: with staying.
    pub ratio: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Odds {
    fn of((ratio, low, high): (f64, f64, f64)) -> Odds {
        Odds { ratio, low, high }
    }

    /// Whether chance alone does not explain it, and it points the same way as `ratio`.
    fn agrees(self, ratio: f64) -> bool {
        if ratio > 1.0 { self.low > 1.0 } else { self.high < 1.0 }
    }
}

/// One cell of the grid.
#[derive(Clone, Copy)]
struct Cell {
    behaviour: usize,
    times: u32,
    window: usize,
}

impl Cell {
    fn is_shown(self, one: &Newcomer) -> bool {
        (one.shown[self.behaviour] & mask(self.window)).count_ones() >= self.times
    }

    /// Did and stayed, did and left, did not and stayed, did not and left.
    fn table<'a>(self, newcomers: impl Iterator<Item = &'a Newcomer>) -> TwoByTwo {
        let mut table = TwoByTwo { a: 0, b: 0, c: 0, d: 0 };
        for one in newcomers {
            match (self.is_shown(one), one.left[self.window]) {
                (true, Some(false)) => table.a += 1,
                (true, Some(true)) => table.b += 1,
                (false, Some(false)) => table.c += 1,
                (false, Some(true)) => table.d += 1,
                (_, None) => {}
            }
        }
        table
    }
}

fn mask(window: usize) -> u32 {
    (1 << WINDOWS[window]) - 1
}

/// Compares what newcomers did with whether they stayed. `names`: of the behaviours; the first is any use at all, by whose days
/// activity is measured.
pub fn discover(names: &[String], newcomers: &[Newcomer]) -> Aha {
    let mut known: Vec<&Newcomer> = newcomers.iter().filter(|one| one.left.iter().any(Option::is_some)).collect();
    known.sort_by_key(|one| one.began);
    let stayed = known.iter().filter(|one| one.left.iter().flatten().next() == Some(&false)).count();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let held_back_from = known.get((known.len() as f64 * (1.0 - HELD_BACK)) as usize).map(|one| one.began);
    let cut = known.partition_point(|one| held_back_from.is_some_and(|from| one.began < from));
    let (learnt, held_back) = known.split_at(cut);
    let mut aha = Aha {
        newcomers: known.len(),
        stayed,
        held_back_from,
        held_back: held_back.len(),
        compared: 0,
        too_few: 0,
        findings: Vec::new(),
        refused: None,
    };
    if learnt.len() < LEAST {
        aha.refused = Some(format!(
            "{} newcomers are known to have stayed or left, {} of them before the latest quarter; {LEAST} are needed",
            known.len(),
            learnt.len()
        ));
        return aha;
    }
    let all = cells(names.len());
    let (cells, tables): (Vec<Cell>, Vec<TwoByTwo>) =
        all.iter().map(|cell| (*cell, cell.table(learnt.iter().copied()))).filter(|(_, table)| can_be_compared(*table)).unzip();
    (aha.compared, aha.too_few) = (cells.len(), all.len() - cells.len());
    if cells.is_empty() {
        aha.refused = Some(format!(
            "no behaviour is shown by {:.0} to {:.0} % of newcomers with {LEAST_CELL} who stayed and {LEAST_CELL} who left on either side",
            REACH.0 * 100.0,
            REACH.1 * 100.0
        ));
        return aha;
    }
    let p: Vec<f64> = tables.iter().map(|table| table.fisher_p()).collect();
    let found = cells.iter().zip(&tables).zip(benjamini_hochberg(&p)).filter(|(_, q)| *q <= FALSE_DISCOVERIES);
    aha.findings = found.map(|((cell, table), q)| association(names, *cell, *table, q, learnt, held_back)).collect();
    aha.findings.sort_by(|a, b| {
        let key = |one: &Association| (one.window_days, one.times);
        b.phi.abs().total_cmp(&a.phi.abs()).then_with(|| a.behaviour.cmp(&b.behaviour)).then(key(a).cmp(&key(b)))
    });
    aha
}

fn cells(behaviours: usize) -> Vec<Cell> {
    let mut cells = Vec::new();
    for behaviour in 0..behaviours {
        for (window, &days) in WINDOWS.iter().enumerate() {
            let times = TIMES.into_iter().filter(|&times| times <= days);
            cells.extend(times.map(|times| Cell { behaviour, times, window }));
        }
    }
    cells
}

fn can_be_compared(table: TwoByTwo) -> bool {
    let n = table.a + table.b + table.c + table.d;
    let reach = (table.a + table.b) as f64 / n.max(1) as f64;
    n >= LEAST && (REACH.0..=REACH.1).contains(&reach) && table.least() >= LEAST_CELL
}

fn association(
    names: &[String],
    cell: Cell,
    table: TwoByTwo,
    q: f64,
    learnt: &[&Newcomer],
    held_back: &[&Newcomer],
) -> Association {
    let share = |part: usize, rest: usize| part as f64 / (part + rest).max(1) as f64;
    let odds = Odds::of(table.odds_ratio());
    let within = (cell.behaviour > 0).then(|| within_activity(cell, learnt)).flatten();
    let later = cell.table(held_back.iter().copied());
    let later = (later.least() > 0).then(|| Odds::of(later.odds_ratio()));
    Association {
        behaviour: names[cell.behaviour].clone(),
        times: cell.times,
        window_days: WINDOWS[cell.window],
        reach: share(table.a + table.b, table.c + table.d),
        stayed_with: share(table.a, table.b),
        stayed_without: share(table.c, table.d),
        phi: table.phi(),
        odds,
        q,
        odds_within_activity: within,
        beyond_activity: within.map(|within| within.agrees(odds.ratio)),
        odds_held_back: later,
        confirmed: later.map(|later| later.agrees(odds.ratio)),
    }
}

/// The odds that are left among newcomers who were in use on a like number of days: four groups of about the same size.
fn within_activity(cell: Cell, newcomers: &[&Newcomer]) -> Option<Odds> {
    let active = |one: &Newcomer| (one.shown[0] & mask(cell.window)).count_ones();
    let known = || newcomers.iter().copied().filter(|one| one.left[cell.window].is_some());
    let mut days: Vec<u32> = known().map(active).collect();
    days.sort_unstable();
    let cut = |quarter: usize| days[days.len() * quarter / 4];
    let bounds = [cut(1), cut(2), cut(3)];
    let group = |one: &Newcomer| bounds.iter().filter(|bound| active(one) >= **bound).count();
    let tables: Vec<TwoByTwo> = (0..4).map(|number| cell.table(known().filter(|one| group(one) == number))).collect();
    mantel_haenszel(&tables).map(Odds::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Random;

    const FIRST: Day = Day::from_days(20_000);

    fn names() -> Vec<String> {
        ["any use", "share a report", "log in"].map(str::to_owned).to_vec()
    }

    /// Newcomers, ten a day. `stays`: the chance in a thousand of staying, for who has shared a report on three of the first
    /// days, and for who has not; logging in goes with sharing, and does nothing.
    fn company(count: usize, stays: [usize; 2]) -> Vec<Newcomer> {
        let mut random = Random::new(11);
        let one = |number: usize| {
            let shares = random.below(10) < 4;
            let sharing = if shares { 0b10101 << random.below(9) } else { u32::from(random.below(2) == 0) };
            // Whoever shares is in use on more days.
            let days = if shares { 9 } else { 7 } + random.below(6);
            let logins = (0..days).fold(0_u32, |days, _| days | 1 << random.below(28));
            let left = random.below(1000) >= stays[usize::from(!shares)];
            let began = FIRST + i32::try_from(number / 10).unwrap();
            Newcomer { began, shown: vec![sharing | logins, sharing, logins], left: [Some(left); 3] }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn the_behaviour_that_goes_with_staying_is_found_confirmed_and_more_than_being_busy() {
        let aha = discover(&names(), &company(2000, [900, 500]));
        assert_eq!((aha.newcomers, aha.held_back, aha.refused.as_deref()), (2000, 500, None));
        assert_eq!(aha.held_back_from, Some(FIRST + 150));
        let best = &aha.findings[0];
        assert_eq!((best.behaviour.as_str(), best.confirmed, best.beyond_activity), ("share a report", Some(true), Some(true)));
        assert!(best.odds.low > 4.0 && best.stayed_with > 0.85 && best.stayed_without < 0.55, "{best:?}");
        let busy: Vec<&Association> = aha.findings.iter().filter(|one| one.behaviour == "log in").collect();
        assert!(busy.iter().all(|one| one.beyond_activity != Some(true)), "{busy:?}");
    }

    #[test]
    fn where_nothing_is_associated_next_to_nothing_is_found_and_none_confirmed() {
        let aha = discover(&names(), &company(2000, [700, 700]));
        assert!(aha.compared > 20, "{}", aha.compared);
        assert!(aha.findings.iter().all(|one| one.confirmed != Some(true)), "{:?}", aha.findings);
        assert!(aha.findings.len() <= 2, "{:?}", aha.findings);
    }

    #[test]
    fn from_a_handful_nothing_is_said() {
        let aha = discover(&names(), &company(260, [900, 300]));
        assert!(
            aha.findings.is_empty() && aha.refused.unwrap().contains("190 of them before the latest quarter; 200 are needed")
        );
        let everybody = discover(&names(), &company(600, [1000, 1000]));
        assert!(everybody.refused.unwrap().contains("no behaviour"));
        assert!(discover(&names(), &[]).refused.is_some());
    }

    /// Who stays longer has had more time to do anything: without the landmark, doing it would seem to go with staying.
    #[test]
    fn who_left_within_the_window_is_not_counted() {
        let mut newcomers = company(2000, [700, 700]);
        for one in newcomers.iter_mut().step_by(3) {
            one.shown = vec![0; 3];
            one.left = [None; 3];
        }
        let aha = discover(&names(), &newcomers);
        assert_eq!(aha.newcomers, 1333);
        assert!(aha.findings.iter().all(|one| one.confirmed != Some(true)));
    }

    #[test]
    fn the_order_of_newcomers_changes_nothing() {
        let mut newcomers = company(1000, [900, 500]);
        let one = discover(&names(), &newcomers);
        newcomers.reverse();
        assert_eq!(discover(&names(), &newcomers), one);
    }
}
