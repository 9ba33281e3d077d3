//! Looking without leaving a trace: scores as they were given, or worked out now; digests as they would be sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::Setup;
use super::assess::Customer;
use super::book::{self, Book};
use super::calibrate;
use super::evaluate::{Chance, Evaluated};
use super::mailing::Mailing;
use super::mails::Stationery;
use super::periodic::{self, Gathering, Occasion};
use super::population::{Block, Population};
use super::report::{AccountScore, FactorReport, OpinionReport, ScoreReport, ScoresReport};
use crate::clock::Clock;
use crate::delivery::Rendered;
use crate::digest::{Kind, Reader};
use crate::health::About;
use crate::health::explain::{self, Change};
use crate::model::Day;
use crate::risk::{self, Level, Models, Parts};
use crate::signals::condition::LIFECYCLES;
use crate::signals::{Band, Signal};
use crate::store::Db;
use crate::store::directory::{Directory, block_of};
use crate::store::facts::AsOf;
use crate::store::outbox::Mail;
use crate::store::scores::{self as stored, Cycle, GivenScore};

/// How many reasons a list of scores tells of each account.
const REASONS: usize = 3;

/// One morning as it is looked at: with the setup and the knowledge of the cycle that was run then, or with today's.
pub struct Look {
    pub setup: Arc<Setup>,
    pub population: Population,
    given: Option<Cycle>,
    pub on: Day,
}

/// The probabilities in force on a morning.
#[derive(Debug)]
pub struct Odds {
    pub parts: Parts,
    pub models: Models,
}

impl Odds {
    pub async fn of(db: &Db, look: &Look) -> Result<Odds> {
        Odds::on(db, &look.setup, look.population.world.as_of).await
    }

    /// Those of a setup on a morning.
    pub async fn on(db: &Db, setup: &Arc<Setup>, as_of: AsOf) -> Result<Odds> {
        let models = calibrate::models(db, setup, as_of, &|_| ()).await?;
        Ok(Odds { parts: Parts::of(&setup.cards), models })
    }

    /// The probabilities that are kept for a morning: none is fitted.
    pub async fn kept(db: &Db, setup: &Setup, on: Day) -> Result<Odds> {
        let parts = Parts::of(&setup.cards);
        Ok(Odds { models: calibrate::kept(db, setup, &parts, on).await?, parts })
    }

    /// The chance that the customer leaves and what it rests on; `None` where it has no score.
    pub fn of_evaluated(&self, customer: &Customer, evaluated: &Evaluated, on: Day) -> Option<Chance> {
        let kind = risk::Kind::of(customer.signals.value(Signal::TermDays));
        let model = self.models.of(kind);
        // Most models look at the score alone: then nothing need be gathered for each account of a night.
        let p = match model.by_score_alone(evaluated.health.computed()?, customer.days_to_end()) {
            Some(p) => p,
            None => model.probability(&self.parts, &self.look_at(customer, evaluated, on)?),
        };
        Some(Chance { p, kind, calibrated: model.level > Level::Defaults })
    }

    /// The chance that the customer leaves; `None` where it has no score.
    fn of_customer(&self, customer: &Customer, evaluated: &Evaluated, on: Day) -> Option<f64> {
        Some(self.models.probability(&self.parts, &self.look_at(customer, evaluated, on)?))
    }

    /// What the probability looks at.
    pub fn look_at(&self, customer: &Customer, evaluated: &Evaluated, on: Day) -> Option<risk::Look> {
        risk::Look::of(&self.parts, customer.ordinal, on, &evaluated.health, &customer.signals)
    }
}

impl Look {
    pub async fn at(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<Look> {
        let today = setup.config.company.zone().day_of(clock.now());
        // Without a date, the last cycle is what people have seen.
        let on = match as_of {
            Some(day) if day > today => bail!("{day} lies in the future; today is {today}"),
            Some(day) => day,
            None => stored::last_cycle(db, None).await?.map_or(today, |cycle| cycle.as_of),
        };
        Look::on(db, setup, on).await
    }

    async fn on(db: &Db, setup: &Arc<Setup>, on: Day) -> Result<Look> {
        let given = stored::cycle_of(db, on).await?;
        let Some(cycle) = given else {
            return Ok(Look { population: Population::now(db, setup, on).await?, setup: Arc::clone(setup), given, on });
        };
        let setup = match stored::configuration(db, &cycle.config_hash).await? {
            Some(text) if cycle.config_hash != setup.hash => Arc::new(setup.again(&text)?),
            _ => Arc::clone(setup),
        };
        let as_of = AsOf { day: on, through_pull: cycle.through_pull };
        Ok(Look { population: Population::load(db, &setup, as_of).await?, setup, given: Some(cycle), on })
    }

    pub fn evaluate(&self, block: &Block, customer: &Customer) -> Option<Evaluated> {
        Evaluated::seen(&self.setup, &self.population, block, customer)
    }

    /// What the cycle of that morning gave, by block and place.
    async fn given(&self, db: &Db, block: i64) -> Result<Vec<GivenScore>> {
        if self.given.is_some() { stored::of_block(db, self.on, block).await } else { Ok(Vec::new()) }
    }
}

/// The account as it is shown; `given`: as the cycle of that morning computed it.
pub fn account(
    look: &Look,
    customer: &Customer,
    evaluated: &Evaluated,
    given: Option<&GivenScore>,
    churn_probability: Option<f64>,
) -> AccountScore {
    let given = given.unwrap_or(&evaluated.given);
    let (opinions, id, on) = (&look.population.world.opinions, customer.id.as_str(), look.on);
    let by_hand = opinions.score_on(id, on).map(|(opinion, _)| opinion);
    let sentiment = opinions.sentiment_on(id, on);
    let end = customer.end(on);
    let held = by_hand.into_iter().chain(sentiment.map(|felt| felt.opinion)).chain(opinions.calls_on(id, on, end));
    let by_hand = by_hand.is_some();
    let lifecycle = if by_hand { None } else { LIFECYCLES.get(usize::from(given.lifecycle)).copied() };
    AccountScore {
        account_id: customer.id.to_string(),
        name: customer.name.to_string(),
        csm: customer.csm.as_ref().map(ToString::to_string),
        score: if by_hand { evaluated.health.score } else { given.score },
        previous: evaluated.previous,
        band: if by_hand { evaluated.band } else { given.band.band },
        computed_score: given.score,
        computed_band: given.band.band,
        score_with_sentiment: given.score.map(|score| sentiment.map_or(score, |felt| felt.with(score))),
        opinions: held.map(OpinionReport::of).collect(),
        coverage: given.coverage,
        churn_probability,
        lifecycle: lifecycle.unwrap_or(evaluated.lifecycle),
        reasons: explain::reasons(&evaluated.card, &evaluated.health, REASONS),
    }
}

/// All scores of a morning: as a cycle gave them, where one was run; else worked out now, under today's rules.
pub async fn scores(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<ScoresReport> {
    let look = Look::at(db, setup, clock, as_of).await?;
    let odds = Odds::of(db, &look).await?;
    let mut accounts = Vec::new();
    for block in &look.population.blocks {
        let given = look.given(db, block.number).await?;
        for customer in &block.customers {
            let Some(evaluated) = look.evaluate(block, customer) else { continue };
            let given = given.iter().find(|given| given.place == evaluated.given.place);
            let probability = odds.of_customer(customer, &evaluated, look.on);
            accounts.push(account(&look, customer, &evaluated, given, probability));
        }
    }
    accounts.sort_by(|a, b| a.account_id.cmp(&b.account_id));
    Ok(ScoresReport {
        as_of: look.on,
        config_hash: look.setup.hash.clone(),
        as_of_approximated: look.population.world.approximated,
        given: look.given.is_some(),
        accounts,
    })
}

/// One account's score with its explanation. `None`: there is no such account.
pub async fn score(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, id: &str, as_of: Option<Day>) -> Result<Option<ScoreReport>> {
    let Some(ordinal) = Directory::load(db).await?.find(id) else { return Ok(None) };
    let look = Look::at(db, setup, clock, as_of).await?;
    let Some((block, customer)) = look.population.find(id) else {
        return Ok(Some(no_customer(&look, id)));
    };
    let Some(evaluated) = look.evaluate(block, customer) else { return Ok(Some(no_customer(&look, id))) };
    let given = look.given(db, block_of(ordinal)).await?;
    let given = given.iter().find(|given| given.place == evaluated.given.place);
    let before = block.before(evaluated.given.place);
    let odds = Odds::of(db, &look).await?;
    let changes = match before.and_then(|before| before.turn_on) {
        Some(turn) => changes(db, &look, &evaluated, id, turn).await?,
        None => Vec::new(),
    };
    Ok(Some(ScoreReport {
        as_of: look.on,
        config_hash: look.setup.hash.clone(),
        as_of_approximated: look.population.world.approximated,
        given: given.is_some(),
        scorecard: evaluated.card.name.clone(),
        account: account(&look, customer, &evaluated, given, odds.of_customer(customer, &evaluated, look.on)),
        factors: evaluated.health.factors.iter().map(|factor| factor_report(&evaluated, factor, look.on)).collect(),
        changed_since: before.and_then(|before| before.turn_on),
        changes,
        first_value: first_value(&look, customer),
    }))
}

/// What moved since the account's previous turn: the morning of that turn is looked at as it was seen then.
async fn changes(db: &Db, look: &Look, evaluated: &Evaluated, id: &str, turn: Day) -> Result<Vec<Change>> {
    let then = Look::on(db, &look.setup, turn).await?;
    let Some((block, customer)) = then.population.find(id) else { return Ok(Vec::new()) };
    let Some(before) = then.evaluate(block, customer) else { return Ok(Vec::new()) };
    Ok(explain::changes(&evaluated.card, &before.health.factors, &evaluated.health.factors))
}

fn factor_report(evaluated: &Evaluated, factor: &crate::health::Factor, on: Day) -> FactorReport {
    let card = &evaluated.card;
    let dated = matches!(factor.about, About::Signal(_));
    FactorReport {
        dimension: explain::dimension(card, factor).to_owned(),
        signal: explain::name(card, factor).to_owned(),
        input: factor.input,
        text: explain::words(card, factor),
        observed_on: factor.observed_on.filter(|_| dated),
        age_days: explain::age_days(factor, on),
        weight: factor.weight,
        points: factor.points,
        max_points: factor.max_points,
        state: factor.state,
    }
}

/// Where a customer stands with its first value, for people.
fn first_value(look: &Look, customer: &Customer) -> Option<String> {
    let standing = customer.first_value?;
    let definition = look.setup.library.first_values.get(usize::from(standing.definition))?;
    let judgement = definition.judge(standing.live_on, look.on, standing.progress);
    Some(format!("{}: {}", definition.title, judgement.forecast))
}

/// An account that is no customer on that morning has no score.
fn no_customer(look: &Look, id: &str) -> ScoreReport {
    ScoreReport {
        as_of: look.on,
        config_hash: look.setup.hash.clone(),
        as_of_approximated: look.population.world.approximated,
        given: false,
        scorecard: String::new(),
        account: AccountScore {
            account_id: id.to_owned(),
            name: String::new(),
            csm: None,
            score: None,
            previous: None,
            band: Band::Unknown,
            computed_score: None,
            computed_band: Band::Unknown,
            score_with_sentiment: None,
            opinions: Vec::new(),
            coverage: 0.0,
            churn_probability: None,
            lifecycle: "churned",
            reasons: vec![format!("no customer on the morning of {}: no contract in force, or no use", look.on)],
        },
        factors: Vec::new(),
        changed_since: None,
        changes: Vec::new(),
        first_value: None,
    }
}

/// A digest as it would be sent.
#[derive(Debug)]
pub struct Preview {
    /// The reader's id.
    pub reader: String,
    /// Where it would go.
    pub email: String,
    /// Subject, text and HTML.
    pub rendered: Rendered,
    /// The mail.
    pub mail: Mail,
}

/// The digests of a morning, or that of one reader, as a cycle would write them: what it would decide is decided in a
/// transaction that is thrown away.
pub async fn preview(
    db: &Db,
    setup: &Arc<Setup>,
    clock: &dyn Clock,
    kind: Kind,
    only: Option<&str>,
    as_of: Option<Day>,
) -> Result<Vec<Preview>> {
    let now = clock.now();
    let today = setup.config.company.zone().day_of(now);
    let on = as_of.unwrap_or(today);
    let population = Arc::new(Population::now(db, setup, on).await?);
    let past = (on != today).then_some(on);
    let stationery = Stationery::load(db, &setup.config).await?;
    let sending = |reader: &Reader| Mailing::Now.csm(&setup.config, reader, past, now);
    if kind != Kind::Csm {
        let refused = BTreeMap::new();
        let odds = Odds::on(db, setup, population.world.as_of).await?;
        let gathering = Gathering { db, setup, population: &population, odds: &odds, refused: &refused, stationery: &stationery };
        let occasion = Occasion { mailing: Mailing::Now, past, now };
        return periodic::preview(&gathering, occasion, kind, only).await;
    }
    let books = super::run::dry(db, setup, &population, past, &sending).await?;
    let wanted = |book: &Book| book.is_of_use() && only.is_none_or(|only| book::reader(book).as_str() == only);
    let mut previews = Vec::new();
    for book in books.close().filter(wanted) {
        let reader = &book.inputs.reader;
        let (rendered, mail) = stationery.write_csm(&book)?;
        previews.push(Preview { reader: reader.id.to_string(), email: reader.email.clone(), rendered, mail });
    }
    Ok(previews)
}
