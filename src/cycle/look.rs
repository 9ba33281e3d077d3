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
use super::population::{Block, Population, Standard};
use super::report::{AccountScore, FactorReport, OpinionReport, ScoreReport, ScoresReport};
use crate::clock::Clock;
use crate::delivery::Rendered;
use crate::digest::{Kind, Reader};
use crate::health::explain;
use crate::health::opinion::Opinions;
use crate::health::{self, About, Factor};
use crate::model::Day;
use crate::risk::{self, Level, Models, Parts};
use crate::signals::condition::LIFECYCLES;
use crate::signals::{Band, Signal};
use crate::store::directory::{self, block_of};
use crate::store::facts::AsOf;
use crate::store::outbox::Mail;
use crate::store::scores::{self as stored, Cycle, GivenScore};
use crate::store::{Db, pulls, turns};

/// How many reasons a list of scores tells of each account.
const REASONS: usize = 3;

/// A morning to be looked at: with the setup and the knowledge of the cycle that was run then, or with today's.
#[derive(Clone, Debug)]
pub struct Morning {
    pub setup: Arc<Setup>,
    pub as_of: AsOf,
    given: Option<Cycle>,
}

/// The customers of a morning as they are looked at.
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

impl Morning {
    /// That of the last cycle, if no other is asked for: it is what people have seen.
    pub async fn of(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<Morning> {
        let today = setup.config.company.zone().day_of(clock.now());
        let on = match as_of {
            Some(day) if day > today => bail!("{day} lies in the future; today is {today}"),
            Some(day) => day,
            None => stored::last_cycle(db, None).await?.map_or(today, |cycle| cycle.as_of),
        };
        let Some(cycle) = stored::cycle_of(db, on).await? else {
            let as_of = AsOf { day: on, through_pull: pulls::last_id(db).await? };
            return Ok(Morning { setup: Arc::clone(setup), as_of, given: None });
        };
        let setup = match stored::configuration(db, &cycle.config_hash).await? {
            Some(text) if cycle.config_hash != setup.hash => Arc::new(setup.again(&text)?),
            _ => Arc::clone(setup),
        };
        Ok(Morning { setup, as_of: AsOf { day: on, through_pull: cycle.through_pull }, given: Some(cycle) })
    }

    /// What tells it from all others: two of the same name show the same.
    pub fn name(&self) -> String {
        let AsOf { day, through_pull } = self.as_of;
        format!("{day} through {through_pull} under {}", self.setup.hash)
    }

    /// What its customers are compared by.
    pub async fn standard(&self, db: &Db) -> Result<Standard> {
        Standard::of(db, &self.setup, self.as_of).await
    }

    /// Its probabilities. Where none are kept, history is lived again once to fit them.
    pub async fn odds(&self, db: &Db) -> Result<Odds> {
        Odds::on(db, &self.setup, self.as_of).await
    }

    /// The probabilities that are kept for it: none is fitted.
    pub async fn kept_odds(&self, db: &Db) -> Result<Odds> {
        Odds::kept(db, &self.setup, self.as_of.day).await
    }

    fn look(self, population: Population) -> Look {
        Look { on: self.as_of.day, setup: self.setup, population, given: self.given }
    }

    /// One block of accounts.
    pub async fn block(self, db: &Db, block: i64, standard: &Standard) -> Result<Look> {
        let population = Population::of_block(db, &self.setup, self.as_of, block, standard).await?;
        Ok(self.look(population))
    }
}

impl Look {
    pub async fn at(db: &Db, setup: &Arc<Setup>, clock: &dyn Clock, as_of: Option<Day>) -> Result<Look> {
        let morning = Morning::of(db, setup, clock, as_of).await?;
        let population = Population::load(db, &morning.setup, morning.as_of).await?;
        Ok(morning.look(population))
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
        previous_band: evaluated.previous_band,
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
    let Some(ordinal) = directory::ordinals(db, &[id]).await?.remove(id) else { return Ok(None) };
    let morning = Morning::of(db, setup, clock, as_of).await?;
    let (standard, odds) = (morning.standard(db).await?, morning.odds(db).await?);
    let look = morning.block(db, block_of(ordinal), &standard).await?;
    look.score(db, &odds, id).await.map(Some)
}

impl Look {
    /// One account's score with its explanation.
    pub async fn score(&self, db: &Db, odds: &Odds, id: &str) -> Result<ScoreReport> {
        let Some((block, customer)) = self.population.find(id) else { return Ok(no_customer(self, id)) };
        let Some(evaluated) = self.evaluate(block, customer) else { return Ok(no_customer(self, id)) };
        let given = self.given(db, block.number).await?;
        let given = given.iter().find(|given| given.place == evaluated.given.place);
        let before = block.before(evaluated.given.place);
        let changes = match before {
            Some(before) => {
                let then = factors_then(db, &self.population.world.opinions, block.number, id, before).await?;
                explain::changes(&evaluated.card, &then, &evaluated.health.factors)
            }
            None => Vec::new(),
        };
        Ok(ScoreReport {
            as_of: self.on,
            config_hash: self.setup.hash.clone(),
            as_of_approximated: self.population.world.approximated,
            given: given.is_some(),
            scorecard: evaluated.card.name.clone(),
            account: account(self, customer, &evaluated, given, odds.of_customer(customer, &evaluated, self.on)),
            factors: evaluated.health.factors.iter().map(|factor| factor_report(&evaluated, factor, self.on)).collect(),
            changed_since: before.and_then(|before| before.turn_on),
            changes,
            first_value: first_value(self, customer),
        })
    }
}

/// What the score was the sum of at the account's previous turn, as it was shown then.
async fn factors_then(db: &Db, opinions: &Opinions, block: i64, id: &str, before: &GivenScore) -> Result<Vec<Factor>> {
    let Some(turn_on) = before.turn_on else { return Ok(Vec::new()) };
    let mut factors = turns::of_block(db, turn_on, block).await?.of(before.place)?;
    let by_hand = opinions.score_on(id, turn_on);
    factors.extend(by_hand.map(|(_, score)| health::by_hand(before.turn_score, score)));
    Ok(factors)
}

fn factor_report(evaluated: &Evaluated, factor: &Factor, on: Day) -> FactorReport {
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
            previous_band: None,
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
