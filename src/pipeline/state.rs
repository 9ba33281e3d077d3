//! Where a record stands, worked out anew from its events whenever somebody asks.
//!
//! Kept are only events: what the source says of stages, and what people do. What follows from dates (the end of a stay, a
//! fact that moves a record) is worked out from them, to the day: a missed night changes nothing, a fact that is told late is
//! put where it belongs, and any past morning can be asked again with what was known then.
//!
//! - Events count in the order of their instants. The source's word wins where it is newer than what was done here.
//! - What happens by itself happens in the morning, at the first instant of its day in the company's zone.
//! - A move on a fact counts from the fact's own day, though never from before the stage was entered.
//! - Signals never move a record out of a stage into which a person or the source has put it. Facts and dates do.

use super::{Anchor, Facts, Field, Known, Opens, Pipeline, Role, Stay, When};
use crate::model::{Calendar, Day, Instant, Zone};

/// Moves in a row that happen by themselves, after which a record stays where it is: rules that chase each other.
const MOST: usize = 100;

/// Who made something happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The source.
    Source,
    /// A person, by id or name.
    Person(String),
    /// It followed.
    Itself,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It came into a stage.
    Move(usize),
    /// Its stay was extended, so often in all.
    Extended(u32),
    /// Its stay was extended once more.
    Extend,
    /// A question was answered: well or not.
    Answer(String, bool),
    /// It was touched, and answered so.
    Touch(String),
}

/// Something that happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
    /// By whom.
    pub by: By,
    /// In whose words.
    pub note: String,
}

/// How a record left a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Forwards, to the next stage.
    Next,
    /// To another stage.
    Elsewhere,
    /// Handed back.
    Back,
    /// Handed back as one that should not have come.
    Refused,
}

/// A stay of a record in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The stage.
    pub stage: usize,
    /// The day of entering.
    pub from: Day,
    /// The same as an instant.
    pub at: Instant,
    /// The day of leaving, and how.
    pub to: Option<(Day, Left)>,
    /// Why it was left, where that was said.
    pub because: String,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The stage.
    pub stage: usize,
    /// Since when.
    pub since: Day,
    /// The same as an instant.
    pub at: Instant,
    /// Who put it there.
    pub by: By,
    /// How often its stay was extended.
    pub extended: u32,
    /// When the stay ends.
    pub ends_on: Option<Day>,
    /// Questions answered, each with its last answer, by name.
    pub answers: std::collections::BTreeMap<String, bool>,
    /// Touches since it came into the stage.
    pub touches: u32,
    /// Of those the last ones without any reaction; a return to the pool does not forget them.
    pub unanswered: u32,
    /// The last touch, and how it was answered.
    pub last_touch: Option<(Day, String)>,
    /// Its stays, the present one last.
    pub visits: Vec<Visit>,
    /// Where it stands in the pipeline that its stage hands it to.
    pub within: Option<(String, Box<State>)>,
}

impl State {
    /// Good answers.
    pub fn good_answers(&self) -> usize {
        self.answers.values().filter(|good| **good).count()
    }

    /// Days past the end of its stay.
    pub fn overdue_days(&self, on: Day) -> Option<i32> {
        self.ends_on.map(|end| on - end).filter(|days| *days >= 0)
    }

    /// Its last stay in a stage, and how it was handed over to it: a stay that only began anew is the same passage.
    pub fn passage(&self, stage: usize) -> Option<(HandedOver, &Visit)> {
        let last = self.visits.iter().rposition(|visit| visit.stage == stage)?;
        let first = self.visits[..last].iter().rposition(|visit| visit.stage != stage).map_or(0, |other| other + 1);
        let again = self.visits[..first].iter().any(|visit| visit.stage == stage);
        Some((HandedOver { at: self.visits[first].at, again }, &self.visits[last]))
    }
}

/// How another pipeline handed a record over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// When.
    pub at: Instant,
    /// Whether it had done so before, and got it back.
    pub again: bool,
}

/// From when to when a condition on the account held, by its key; `None`: it holds still.
pub type Signs<'a> = &'a (dyn Fn(&str) -> Vec<(Day, Option<Day>)> + Sync);

/// What working out a state needs to know besides the record.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The morning.
    pub on: Day,
    /// The company's zone.
    pub zone: &'a Zone,
    /// Which days are worked.
    pub calendar: &'a Calendar,
    /// Where the owner works.
    pub region: Option<&'a str>,
    /// What the nights noted of the account.
    pub signs: Signs<'a>,
    /// All pipelines.
    pub pipelines: &'a [std::sync::Arc<Pipeline>],
}

/// The events of one record, by pipeline, each list in the order of its instants.
pub type Events = std::collections::BTreeMap<String, Vec<Event>>;

/// A record with how it was answered so far.
struct Answered<'a> {
    facts: &'a dyn Facts,
    state: &'a State,
}

impl Facts for Answered<'_> {
    fn get(&self, field: Field) -> Option<Known<'_>> {
        let state = self.state;
        match field {
            Field::Answer => Known::text(state.last_touch.as_ref().map(|(_, answer)| answer.as_str())),
            Field::Touches => Known::number(Some(f64::from(state.touches))),
            Field::Unanswered => Known::number(Some(f64::from(state.unanswered))),
            Field::GoodAnswers => Known::number(Some(state.good_answers() as f64)),
            other => self.facts.get(other),
        }
    }

    fn day(&self, anchor: Anchor) -> Option<Day> {
        self.facts.day(anchor)
    }
}

/// Where a record stands in a pipeline on a morning; nothing, where it is none of the pipeline's. `begun`: how another
/// pipeline handed it over.
pub fn live(
    pipeline: &Pipeline,
    facts: &dyn Facts,
    events: &Events,
    begun: Option<HandedOver>,
    moment: &Moment<'_>,
) -> Option<State> {
    let all = events.get(&pipeline.name).map_or(&[][..], Vec::as_slice);
    // What happened to it the last time is history; an answer stays one.
    let again = begun.filter(|begun| begun.again);
    let counts = |event: &&Event| again.is_none_or(|begun| event.at >= begun.at) || matches!(event.what, What::Answer(..));
    let mine: Vec<&Event> = all.iter().filter(counts).collect();
    let first_move = mine.iter().position(|event| matches!(event.what, What::Move(_)));
    let opened = match (&pipeline.opens, begun) {
        (_, Some(begun)) => Some(begun.at),
        (Opens::All, None) => facts.day(Anchor::Created).map(|day| moment.zone.start_of(day)),
        (Opens::OwnStages | Opens::HandedOver, None) => None,
        (Opens::When(when), None) => {
            let day = effective(pipeline, when, facts, facts.day(Anchor::Created).unwrap_or(Day::ALWAYS), moment);
            day.map(|day| moment.zone.start_of(day))
        }
    };
    let opened = match (opened, first_move) {
        (opened, Some(first)) if opened.is_none_or(|at| mine[first].at < at) && begun.is_none() => Some(mine[first].at),
        (opened, _) => opened,
    };
    let at = opened.filter(|at| moment.zone.day_of(*at) <= moment.on)?;
    let mut course = Course { pipeline, facts, events, moment, state: begin(at, moment) };
    course.set_end();
    let mut next = 0;
    // What was before the first word of a source nobody knows, and nothing is held against it.
    if let Some(first) = first_move.filter(|first| mine[*first].by == By::Source) {
        mine[..=first].iter().for_each(|event| course.apply(event));
        next = first + 1;
    }
    for _ in 0..MOST + mine.len() {
        let due = course.due();
        let event = mine.get(next).copied();
        match (event, due) {
            (Some(event), due) if due.as_ref().is_none_or(|due| event.at <= due.at) => {
                course.apply(event);
                next += 1;
            }
            (_, Some(due)) => course.go(due.to, due.at, By::Itself, due.how, &due.because),
            (_, None) => break,
        }
    }
    course.within();
    Some(course.state)
}

fn begin(at: Instant, moment: &Moment<'_>) -> State {
    let since = moment.zone.day_of(at);
    State {
        stage: 0,
        since,
        at,
        by: By::Itself,
        extended: 0,
        ends_on: None,
        answers: std::collections::BTreeMap::new(),
        touches: 0,
        unanswered: 0,
        last_touch: None,
        visits: vec![Visit { stage: 0, from: since, at, to: None, because: String::new() }],
        within: None,
    }
}

/// The first day from which a condition holds, not before `from`; none where it does not.
fn effective(pipeline: &Pipeline, when: &When, facts: &dyn Facts, from: Day, moment: &Moment<'_>) -> Option<Day> {
    let mut day = from;
    if let Some(ask) = &when.record {
        let answer = ask.answer(facts).filter(|answer| answer.holds)?;
        day = day.max(answer.since.unwrap_or(day));
    }
    if let Some(condition) = &when.account {
        let spans = (moment.signs)(&pipeline.sign(condition));
        let (start, _) = spans.into_iter().find(|(_, end)| end.is_none_or(|end| end > day))?;
        day = day.max(start);
    }
    (day <= moment.on).then_some(day)
}

/// A move that is due.
struct Due {
    at: Instant,
    to: usize,
    how: Left,
    because: String,
}

/// A record on its way.
struct Course<'a> {
    pipeline: &'a Pipeline,
    facts: &'a dyn Facts,
    events: &'a Events,
    moment: &'a Moment<'a>,
    state: State,
}

impl Course<'_> {
    /// What happens next by itself, if anything does until the morning that is asked about.
    fn due(&self) -> Option<Due> {
        let (state, moment) = (&self.state, self.moment);
        let stage = &self.pipeline.stages[state.stage];
        let mut due: Option<Due> = None;
        let mut offer = |day: Day, to: usize, how: Left, because: &str| {
            // Never from before the stage was entered.
            let at = moment.zone.start_of(day).max(state.at);
            if day <= moment.on && due.as_ref().is_none_or(|due| at < due.at) {
                due = Some(Due { at, to, how, because: because.to_owned() });
            }
        };
        let answered = Answered { facts: self.facts, state };
        for rule in self.pipeline.moves.iter().chain(&stage.moves).filter(|rule| rule.to != state.stage) {
            if rule.when.account.is_some() && state.by != By::Itself {
                continue;
            }
            if let Some(day) = effective(self.pipeline, &rule.when, &answered, state.since, moment) {
                offer(day, rule.to, self.direction(rule.to), &rule.because);
            }
        }
        if let Some((within, goes_on)) = self.inner().zip(stage.goes_on.as_ref()) {
            let inner = self.inner_pipeline();
            match inner.map(|inner| inner.stages[within.stage].role) {
                Some(Role::Won) => offer(within.since, goes_on.won, self.direction(goes_on.won), ""),
                Some(Role::Lost) => {
                    let because = within.visits.iter().rev().map(|visit| visit.because.as_str()).find(|text| !text.is_empty());
                    offer(within.since, goes_on.lost, self.direction(goes_on.lost), because.unwrap_or_default());
                }
                _ => {}
            }
        }
        if let Some((end, at_end)) = state.ends_on.zip(stage.at_end.as_ref()) {
            let how = if at_end.hands_back { Left::Back } else { self.direction(at_end.to) };
            offer(end.max(state.since), at_end.to, how, &at_end.because);
        }
        due
    }

    fn inner_pipeline(&self) -> Option<&Pipeline> {
        let goes_on = self.pipeline.stages[self.state.stage].goes_on.as_ref()?;
        self.moment.pipelines.iter().find(|one| one.name == goes_on.pipeline).map(std::convert::AsRef::as_ref)
    }

    /// Where it stands in the pipeline that its stage hands it to.
    fn inner(&self) -> Option<State> {
        let (begun, _) = self.state.passage(self.state.stage)?;
        live(self.inner_pipeline()?, self.facts, self.events, Some(begun), self.moment)
    }

    fn within(&mut self) {
        self.state.within = self.inner_pipeline().map(|inner| inner.name.clone()).zip(self.inner().map(Box::new));
    }

    /// What going there is, from here.
    fn direction(&self, to: usize) -> Left {
        let stages = &self.pipeline.stages;
        match stages[to].role {
            // Of stages that stand side by side none lies before another.
            Role::Open | Role::Won if self.pipeline.side_by_side => Left::Next,
            Role::Open | Role::Won => {
                let between = stages.get(self.state.stage + 1..to);
                let next = between.is_some_and(|between| between.iter().all(|stage| stage.role != Role::Open));
                if to < self.state.stage && stages[self.state.stage].role == Role::Open {
                    Left::Back
                } else if next {
                    Left::Next
                } else {
                    Left::Elsewhere
                }
            }
            Role::Pool if stages[self.state.stage].role == Role::Open => Left::Back,
            Role::Pool | Role::Lost => Left::Elsewhere,
        }
    }

    fn apply(&mut self, event: &Event) {
        match &event.what {
            What::Move(to) => {
                let how = match self.pipeline.stages[self.state.stage].refused_to {
                    Some(refused) if refused == *to => Left::Refused,
                    _ => self.direction(*to),
                };
                self.go(*to, event.at, event.by.clone(), how, &event.note);
            }
            What::Extended(times) => self.state.extended = self.state.extended.max(*times),
            What::Extend => self.state.extended += 1,
            What::Answer(question, good) => {
                self.state.answers.insert(question.clone(), *good);
            }
            What::Touch(answer) => {
                self.state.touches += 1;
                self.state.unanswered = if answer == "silent" { self.state.unanswered + 1 } else { 0 };
                self.state.last_touch = Some((self.moment.zone.day_of(event.at), answer.clone()));
            }
        }
        if let Some(extend) = self.pipeline.stages[self.state.stage].extend {
            self.state.extended = self.state.extended.min(extend.times);
        } else {
            self.state.extended = 0;
        }
        self.set_end();
    }

    /// Leaves the stage for another one. The word of a source that only repeats itself begins a new stay.
    fn go(&mut self, to: usize, at: Instant, by: By, how: Left, because: &str) {
        let on = self.moment.zone.day_of(at);
        let state = &mut self.state;
        if to == state.stage && on == state.since {
            (state.at, state.by) = (at, by);
            return;
        }
        if let Some(visit) = state.visits.last_mut() {
            visit.to = Some((on, how));
            because.clone_into(&mut visit.because);
        }
        state.visits.push(Visit { stage: to, from: on, at, to: None, because: String::new() });
        (state.stage, state.since, state.at, state.by) = (to, on, at, by);
        (state.extended, state.touches) = (0, 0);
        self.set_end();
    }

    fn set_end(&mut self) {
        let (stage, state) = (&self.pipeline.stages[self.state.stage], &self.state);
        let (calendar, region) = (self.moment.calendar, self.moment.region);
        let end = stage.stay.and_then(|stay| match stay {
            Stay::For(span) => Some(span.after(state.since, calendar, region)),
            Stay::Until(days, anchor) => self.facts.day(anchor).map(|day| day + days),
        });
        let extend = |end: Day| match stage.extend {
            Some(extend) => (0..state.extended).fold(end, |end, _| extend.by.after(end, calendar, region)),
            None => end,
        };
        self.state.ends_on = end.map(extend);
    }
}

/// The day on which an account whose record was decided comes in anew: the sign that opens its pipeline shows again.
pub fn comes_anew(pipeline: &Pipeline, state: &State, moment: &Moment<'_>) -> Option<Day> {
    let decided = |day: Day| {
        let stood = state.visits.iter().rev().find(|visit| visit.from < day);
        stood.is_some_and(|visit| matches!(pipeline.stages[visit.stage].role, Role::Won | Role::Lost))
    };
    let spans = (moment.signs)(&pipeline.opening_sign()?);
    spans.into_iter().map(|(from, _)| from).find(|from| decided(*from))
}

/// The day on which a record is to be touched next, and by which channel, where its stage has a timetable.
pub fn next_touch<'a>(pipeline: &'a Pipeline, state: &State, facts: &dyn Facts, moment: &Moment<'_>) -> Option<(Day, &'a str)> {
    let answered = Answered { facts, state };
    let mut lines = pipeline.stages[state.stage].timetable.iter();
    let line = lines.find(|line| line.when.as_ref().is_none_or(|when| when.holds(&answered)))?;
    let planned = line.on_days.get(state.touches as usize).map(|days| state.since + days.cast_signed());
    let last = state.last_touch.as_ref().map_or(state.since, |(day, _)| (*day).max(state.since));
    let day = planned.or_else(|| line.every.map(|every| every.after(last, moment.calendar, moment.region)))?;
    Some((day, line.by.as_str()))
}

/// What a record lacks to come into a stage, for people; empty where nothing is missing.
pub fn lacks(pipeline: &Pipeline, to: usize, state: &State, facts: &dyn Facts, on: Day) -> Vec<String> {
    let requires = &pipeline.stages[to].requires;
    let empty = requires.fields.iter().filter(|field| facts.get(**field).is_none());
    let mut lacks: Vec<String> = empty.map(|field| format!("`{}` is empty", field.name())).collect();
    let good = state.good_answers();
    if good < requires.good_answers as usize {
        lacks.push(format!(
            "{good} good answers of the {} that it takes ({} of {} questions answered)",
            requires.good_answers,
            state.answers.len(),
            pipeline.questions.len()
        ));
    }
    if let Some(ask) = requires.record.as_ref().filter(|ask| !ask.holds(&Answered { facts, state })) {
        lacks.push(format!("`{}` does not hold", ask.text()));
    }
    if let Some((days, end)) = requires.days_before_end.zip(facts.day(Anchor::End)) {
        let left = end - on;
        if left <= days.cast_signed() {
            lacks.push(format!("{left} days are left, and nobody may be undecided in the last {days}"));
        }
    }
    lacks
}
