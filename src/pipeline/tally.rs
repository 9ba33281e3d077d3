//! What a pipeline's records add up to: one record after the other goes in, and memory stays flat.

use std::collections::BTreeMap;

use super::report::{BarReport, Group, Report, StageReport, Sum, Waiting};
use super::{Left, Owner, Pipeline, Role, State};
use crate::model::{Currency, Day, Exact, Money};
use crate::statistics::wilson;

/// Records that are listed one by one, at most of each kind; all are counted.
const LISTED: usize = 1_000;

/// A record on its way into the report.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Who works on it, as far as it says.
    pub owner: Option<&'a str>,
    /// Who works on it wherever its stage names no other.
    pub keeper: Option<&'a str>,
    /// Where it stands; `None`: it was set aside.
    pub state: Option<&'a State>,
    /// What it may bring, or brought.
    pub amount: Option<Money>,
    /// What it cost.
    pub cost: Option<Money>,
    /// Where it came from.
    pub source: Option<&'a str>,
    /// Where it is.
    pub region: Option<&'a str>,
    /// What it does.
    pub industry: Option<&'a str>,
    /// Why it was lost, in the source's words.
    pub lost_reason: Option<&'a str>,
    /// The next touch.
    pub touch: Option<(Day, &'a str)>,
}

/// A report in the making.
pub struct Tally<'a> {
    pipeline: &'a Pipeline,
    on: Day,
    report: Report,
    amounts: Vec<BTreeMap<Currency, i64>>,
    stays: Vec<BTreeMap<i32, u64>>,
    sources: BTreeMap<String, Origin>,
    regions: BTreeMap<String, Origin>,
    industries: BTreeMap<String, Origin>,
}

#[derive(Default)]
struct Origin {
    records: u64,
    set_aside: u64,
    open: u64,
    won: u64,
    not_won: u64,
    cost: BTreeMap<Currency, i64>,
    revenue: BTreeMap<Currency, i64>,
}

impl<'a> Tally<'a> {
    /// A report of nothing yet.
    pub fn new(pipeline: &'a Pipeline, on: Day, with_today: bool) -> Tally<'a> {
        let stages = pipeline.stages.iter().map(|stage| StageReport {
            name: stage.name.clone(),
            title: stage.title.clone(),
            phase: stage.phase.clone(),
            owner: stage.owner.word(),
            records: 0,
            overdue: 0,
            extended: 0,
            amounts: Vec::new(),
            reached: 0,
            went_on: 0,
            conversion: None,
            returned: 0,
            stays: 0,
            mean_days: None,
            median_days: None,
            win_rate_declared: stage.win_rate,
            decided: 0,
            won: 0,
            win_rate_lived: None,
            win_rate_interval: None,
            differs: false,
        });
        let report = Report {
            pipeline: pipeline.name.clone(),
            title: pipeline.title.clone(),
            as_of: on,
            with_today,
            records: 0,
            open: 0,
            set_aside: BTreeMap::new(),
            unknown_stages: BTreeMap::new(),
            stages: stages.collect(),
            expected: Vec::new(),
            expected_lived: Vec::new(),
            overdue: Vec::new(),
            overdue_count: 0,
            returned: Vec::new(),
            returned_reasons: BTreeMap::new(),
            refused: 0,
            lost_reasons: BTreeMap::new(),
            touches_due: BTreeMap::new(),
            sources: Vec::new(),
            regions: Vec::new(),
            industries: Vec::new(),
            bar: None,
        };
        let count = pipeline.stages.len();
        Tally {
            pipeline,
            on,
            report,
            amounts: vec![BTreeMap::new(); count],
            stays: vec![BTreeMap::new(); count],
            sources: BTreeMap::new(),
            regions: BTreeMap::new(),
            industries: BTreeMap::new(),
        }
    }

    /// Counts a record that was set aside, by why it was. Its cost was spent all the same.
    pub fn aside(&mut self, row: &Row<'_>, reason: &str) {
        *self.report.set_aside.entry(reason.to_owned()).or_default() += 1;
        self.origins(row, None);
    }

    /// Notes a word of the source that no pipeline knows.
    pub fn unknown_stage(&mut self, word: &str) {
        *self.report.unknown_stages.entry(word.to_owned()).or_default() += 1;
    }

    /// Counts a record.
    pub fn add(&mut self, row: &Row<'_>) {
        let Some(state) = row.state else { return };
        let stages = &self.pipeline.stages;
        let role = stages[state.stage].role;
        self.report.records += 1;
        self.report.open += u64::from(role == Role::Open);
        let here = &mut self.report.stages[state.stage];
        here.records += 1;
        here.extended += u64::from(state.extended > 0);
        if let Some(amount) = row.amount {
            let sum = self.amounts[state.stage].entry(amount.currency).or_default();
            *sum = sum.saturating_add(amount.minor);
        }
        if let Some(days) = state.overdue_days(self.on).filter(|_| role == Role::Open) {
            here.overdue += 1;
            self.report.overdue_count += 1;
            let waiting = waiting(row, &here.name, state.since);
            self.report.overdue.push(Waiting { ended_on: state.ends_on, overdue_days: Some(days), ..waiting });
            if self.report.overdue.len() >= 2 * LISTED {
                self.trim();
            }
        }
        if let Some((_, channel)) = row.touch.filter(|(day, _)| *day <= self.on) {
            *self.report.touches_due.entry(channel.to_owned()).or_default() += 1;
        }
        self.stays(row, state);
        self.funnel(state, role);
        if role == Role::Lost {
            let said = state.visits.iter().rev().map(|visit| visit.because.as_str()).find(|text| !text.is_empty());
            let reason = row.lost_reason.or(said).unwrap_or("no reason given");
            *self.report.lost_reasons.entry(reason.to_owned()).or_default() += 1;
        }
        self.origins(row, Some(role));
    }

    fn stays(&mut self, row: &Row<'_>, state: &State) {
        let stages = &self.pipeline.stages;
        for visit in &state.visits {
            let Some((to, left)) = visit.to else { continue };
            let report = &mut self.report.stages[visit.stage];
            match left {
                Left::Refused => self.report.refused += 1,
                Left::Back => {
                    report.returned += 1;
                    let reason = if visit.because.is_empty() { "no reason given" } else { &visit.because };
                    *self.report.returned_reasons.entry(format!("{}: {reason}", report.name)).or_default() += 1;
                    // Who works on it now had no part in it.
                    let theirs = matches!(stages[visit.stage].owner, Owner::Record | Owner::Csm);
                    let owner = row.keeper.filter(|_| theirs).map(str::to_owned);
                    let waiting = Waiting { owner, reason: Some(reason.to_owned()), ..waiting(row, &report.name, to) };
                    self.report.returned.push(waiting);
                }
                Left::Next | Left::Elsewhere => {}
            }
            // Nobody says how long a stay was that ends in a jump over other stages.
            if matches!(left, Left::Next | Left::Back) && stages[visit.stage].role == Role::Open {
                *self.stays[visit.stage].entry(to - visit.from).or_default() += 1;
            }
        }
        if self.report.returned.len() >= 2 * LISTED {
            self.trim();
        }
    }

    /// How far the record came: the furthest stage on the way that it was in, those that were refused left out.
    fn funnel(&mut self, state: &State, role: Role) {
        let stages = &self.pipeline.stages;
        let counts = |stage: usize| matches!(stages[stage].role, Role::Open | Role::Won);
        let refused = |visit: &super::Visit| matches!(visit.to, Some((_, Left::Refused)));
        let furthest = state.visits.iter().filter(|visit| counts(visit.stage) && !refused(visit)).map(|visit| visit.stage).max();
        let Some(furthest) = furthest else { return };
        let was_in = |stage: usize| state.visits.iter().any(|visit| visit.stage == stage);
        for stage in (0..=furthest).filter(|stage| counts(*stage) && (!self.pipeline.side_by_side || was_in(*stage))) {
            let report = &mut self.report.stages[stage];
            report.reached += 1;
            let on = if self.pipeline.side_by_side { stage != state.stage && counts(state.stage) } else { stage < furthest };
            report.went_on += u64::from(on);
            if role != Role::Open {
                report.decided += 1;
                report.won += u64::from(role == Role::Won);
            }
        }
    }

    fn origins(&mut self, row: &Row<'_>, role: Option<Role>) {
        let of = |text: Option<&str>| text.unwrap_or("unknown").to_owned();
        for (groups, name) in
            [(&mut self.sources, of(row.source)), (&mut self.regions, of(row.region)), (&mut self.industries, of(row.industry))]
        {
            let group = groups.entry(name).or_default();
            group.records += 1;
            match role {
                None => group.set_aside += 1,
                Some(Role::Open) => group.open += 1,
                Some(Role::Won) => group.won += 1,
                Some(Role::Lost | Role::Pool) => group.not_won += 1,
            }
            for (sums, money) in
                [(&mut group.cost, row.cost), (&mut group.revenue, row.amount.filter(|_| role == Some(Role::Won)))]
            {
                if let Some(money) = money {
                    let sum = sums.entry(money.currency).or_default();
                    *sum = sum.saturating_add(money.minor);
                }
            }
        }
    }

    fn trim(&mut self) {
        self.report.overdue.sort_by(|a, b| (b.overdue_days, &a.id).cmp(&(a.overdue_days, &b.id)));
        self.report.overdue.truncate(LISTED);
        self.report.returned.sort_by(|a, b| (b.since, &a.id).cmp(&(a.since, &b.id)));
        self.report.returned.truncate(LISTED);
    }

    /// The report.
    pub fn close(mut self) -> Report {
        self.trim();
        let mut lived: BTreeMap<Currency, f64> = BTreeMap::new();
        let mut expected: BTreeMap<Currency, f64> = BTreeMap::new();
        for ((report, stage), (amounts, stays)) in
            self.report.stages.iter_mut().zip(&self.pipeline.stages).zip(self.amounts.iter().zip(&self.stays))
        {
            report.amounts = sums(amounts);
            report.stays = stays.values().sum();
            if report.stays > 0 {
                let total: i64 = stays.iter().map(|(days, count)| i64::from(*days) * count.cast_signed()).sum();
                report.mean_days = Some(total as f64 / report.stays as f64);
                let mut before = 0;
                report.median_days = stays.iter().find_map(|(days, count)| {
                    before += count;
                    (before * 2 >= report.stays).then_some(*days)
                });
            }
            let gone = report.reached - report.records.min(report.reached);
            if stage.role == Role::Open && gone > 0 {
                report.conversion = Some(report.went_on as f64 / gone.max(report.went_on) as f64);
            }
            if report.decided > 0 && stage.role == Role::Open {
                let (won, decided) = (usize::try_from(report.won), usize::try_from(report.decided));
                let interval = wilson(won.unwrap_or(0), decided.unwrap_or(0));
                report.win_rate_lived = Some(report.won as f64 / report.decided as f64);
                report.win_rate_interval = Some(interval);
                report.differs = stage.win_rate.is_some_and(|rate| rate < interval.0 || rate > interval.1);
            }
            if stage.role == Role::Open {
                for (currency, minor) in amounts {
                    if let Some(rate) = stage.win_rate {
                        *expected.entry(*currency).or_default() += rate * *minor as f64;
                    }
                    if let Some(rate) = report.win_rate_lived {
                        *lived.entry(*currency).or_default() += rate * *minor as f64;
                    }
                }
            }
        }
        self.report.expected = rounded(&expected);
        self.report.expected_lived = rounded(&lived);
        self.report.bar = self.pipeline.bar.map(|bar| {
            let first = &self.report.stages[0];
            let (decided, won) = (first.decided, first.won);
            let short = decided >= u64::from(bar.decided) && (won as f64) < bar.won * decided as f64;
            BarReport { bar: bar.won, decided, won, stopped: short }
        });
        self.report.sources = groups(self.sources);
        self.report.regions = groups(self.regions);
        self.report.industries = groups(self.industries);
        self.report
    }
}

fn waiting(row: &Row<'_>, stage: &str, since: Day) -> Waiting {
    Waiting {
        id: row.id.to_owned(),
        name: row.name.to_owned(),
        stage: stage.to_owned(),
        owner: row.owner.map(str::to_owned),
        since,
        ended_on: None,
        overdue_days: None,
        reason: None,
    }
}

fn sums(amounts: &BTreeMap<Currency, i64>) -> Vec<Sum> {
    amounts.iter().map(|(&currency, &minor)| Sum::of(Money { minor, currency })).collect()
}

/// Expectations are worked out in fractions and told in whole minor units.
fn rounded(amounts: &BTreeMap<Currency, f64>) -> Vec<Sum> {
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^63, and saturating beyond")]
    let whole = |(&currency, &minor): (&Currency, &f64)| (currency, minor.round() as i64);
    sums(&amounts.iter().map(whole).collect())
}

/// The largest first.
fn groups(origins: BTreeMap<String, Origin>) -> Vec<Group> {
    let group = |(name, origin): (String, Origin)| {
        let decided = origin.won + origin.not_won;
        let per_won = match origin.cost.iter().collect::<Vec<_>>()[..] {
            [(&currency, &minor)] if origin.won > 0 => {
                let one = Exact::of(minor).scaled(1, i128::from(origin.won)).rounded();
                Some(Sum::of(Money { minor: one, currency }))
            }
            _ => None,
        };
        Group {
            name,
            records: origin.records,
            set_aside: origin.set_aside,
            open: origin.open,
            won: origin.won,
            not_won: origin.not_won,
            win_rate: (decided > 0).then(|| origin.won as f64 / decided as f64),
            cost: sums(&origin.cost),
            revenue: sums(&origin.revenue),
            cost_per_won: per_won,
        }
    };
    let mut groups: Vec<Group> = origins.into_iter().map(group).collect();
    groups.sort_by(|a, b| (b.records, &a.name).cmp(&(a.records, &b.name)));
    groups
}
