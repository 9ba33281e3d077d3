//! Scores as they were given, a block of accounts a row, and the cycles that gave them.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{Db, Tx, on_db, on_tx};
use crate::health::standing::BandState;
use crate::model::{Day, Instant};
use crate::signals::Band;

/// What a cycle said of one account, and what the next one must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GivenScore {
    /// The account's place in its block.
    pub place: u16,
    /// 0 to 100.
    pub score: Option<f64>,
    /// The score at the account's previous turn.
    pub previous: Option<f64>,
    /// 0 to 1.
    pub coverage: f64,
    /// The band, and where it is going.
    pub band: BandState,
    /// Index of the lifecycle's word.
    pub lifecycle: u8,
    /// The account's last turn, this morning's included.
    pub turn_on: Option<Day>,
    /// The score then.
    pub turn_score: Option<f64>,
    /// The band then.
    pub turn_band: Band,
    /// The day on which the first value was attained.
    pub attained_on: Option<Day>,
}

const BANDS: [Band; 4] = [Band::AtRisk, Band::Watch, Band::Healthy, Band::Unknown];

/// Writes numbers one after the other; `None` is NaN, or the lowest number.
struct Out(Vec<u8>);

impl Out {
    fn number(&mut self, value: Option<f64>) {
        self.0.extend(value.unwrap_or(f64::NAN).to_le_bytes());
    }

    fn day(&mut self, day: Option<Day>) {
        self.0.extend(day.map_or(i32::MIN, Day::days).to_le_bytes());
    }

    fn band(&mut self, band: Option<Band>) {
        let index = band.and_then(|band| BANDS.iter().position(|&one| one == band)).unwrap_or(BANDS.len());
        self.0.push(u8::try_from(index).unwrap_or_default());
    }

    fn given(&mut self, given: &GivenScore) {
        self.0.extend(given.place.to_le_bytes());
        self.0.push(given.lifecycle);
        self.band(Some(given.band.band));
        self.day(Some(given.band.since));
        self.band(given.band.candidate.map(|(band, _)| band));
        self.day(given.band.candidate.map(|(_, since)| since));
        self.band(Some(given.turn_band));
        self.day(given.turn_on);
        self.day(given.attained_on);
        for number in [given.score, given.previous, Some(given.coverage), given.turn_score] {
            self.number(number);
        }
    }
}

/// Reads what [`Out`] wrote.
struct In<'a>(&'a [u8]);

impl In<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.0.split_first_chunk::<N>() else { bail!("scores in the store are damaged") };
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<Option<f64>> {
        Ok(Some(f64::from_le_bytes(self.take()?)).filter(|number| !number.is_nan()))
    }

    fn day(&mut self) -> Result<Option<Day>> {
        let days = i32::from_le_bytes(self.take()?);
        Ok((days != i32::MIN).then(|| Day::from_days(days)))
    }

    fn band(&mut self) -> Result<Option<Band>> {
        let [index] = self.take()?;
        Ok(BANDS.get(usize::from(index)).copied())
    }

    fn given(&mut self) -> Result<GivenScore> {
        let place = u16::from_le_bytes(self.take()?);
        let [lifecycle] = self.take()?;
        let band = self.band()?.unwrap_or(Band::Unknown);
        let since = self.day()?.unwrap_or(Day::ALWAYS);
        let candidate = self.band()?.zip(self.day()?);
        let turn_band = self.band()?.unwrap_or(Band::Unknown);
        Ok(GivenScore {
            place,
            lifecycle,
            band: BandState { band, since, candidate },
            turn_band,
            turn_on: self.day()?,
            attained_on: self.day()?,
            score: self.number()?,
            previous: self.number()?,
            coverage: self.number()?.unwrap_or(0.0),
            turn_score: self.number()?,
        })
    }
}

/// The scores of one block, by place, as they are kept.
pub fn pack(scores: &[GivenScore]) -> Result<Vec<u8>> {
    let mut out = Out(Vec::new());
    for given in scores {
        out.given(given);
    }
    // Compressed in one go: the encoder is slow at single numbers.
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&out.0).and_then(|()| packed.finish()).context("packing scores")
}

fn decode(bytes: &[u8]) -> Result<Vec<GivenScore>> {
    let mut plain = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut plain).context("scores in the store are damaged")?;
    let mut rest = In(&plain);
    let mut scores = Vec::new();
    while !rest.0.is_empty() {
        scores.push(rest.given()?);
    }
    Ok(scores)
}

/// A finished cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Its morning.
    pub as_of: Day,
    /// The last pull that it heeded.
    pub through_pull: i64,
    /// Hash of the scorecards, plays and metrics.
    pub config_hash: String,
    /// Whether history came in bulk, so that what was known when is taken from the facts' own dates.
    pub approximated: bool,
    /// When it was done.
    pub finished_at: Instant,
    /// Its report, as JSON.
    pub report: String,
}

type CycleRow = (i64, i64, String, bool, i64, String);

fn cycle((as_of, through_pull, config_hash, approximated, finished_at, report): CycleRow) -> Cycle {
    let as_of = Day::from_days(i32::try_from(as_of).unwrap_or_default());
    Cycle { as_of, through_pull, config_hash, approximated, finished_at: Instant::from_micros(finished_at), report }
}

/// The cycle of that morning.
pub async fn cycle_of(db: &Db, as_of: Day) -> Result<Option<Cycle>> {
    let sql = "SELECT as_of, through_pull, config_hash, approximated, finished_at, report FROM cycle WHERE as_of = $1";
    let row: Option<CycleRow> = on_db!(db, pool => sqlx::query_as(sql).bind(i64::from(as_of.days())).fetch_optional(pool).await)
        .context("reading the cycles")?;
    Ok(row.map(cycle))
}

/// The last cycle before that morning; the last of all with `None`.
pub async fn last_cycle(db: &Db, before: Option<Day>) -> Result<Option<Cycle>> {
    let sql = "SELECT as_of, through_pull, config_hash, approximated, finished_at, report FROM cycle WHERE as_of < $1
               ORDER BY as_of DESC LIMIT 1";
    let before = before.map_or(i64::MAX, |day| i64::from(day.days()));
    let row: Option<CycleRow> =
        on_db!(db, pool => sqlx::query_as(sql).bind(before).fetch_optional(pool).await).context("reading the cycles")?;
    Ok(row.map(cycle))
}

/// The newest morning that has been lived: its cycle is noted, or what was prescribed on it.
pub async fn newest_morning(tx: &mut Tx) -> Result<Option<Day>> {
    let sql = "SELECT max(lived.day) FROM (SELECT max(as_of) AS day FROM cycle
               UNION ALL SELECT max(opened_on) AS day FROM prescription) AS lived";
    let newest: Option<i64> =
        on_tx!(tx, conn => sqlx::query_scalar(sql).fetch_one(conn).await).context("reading the newest morning")?;
    newest.map(|day| Ok(Day::from_days(i32::try_from(day)?))).transpose()
}

/// Notes a finished cycle, in place of an earlier one of the same morning.
pub async fn save_cycle(tx: &mut Tx, cycle: &Cycle) -> Result<()> {
    let sql = "INSERT INTO cycle (as_of, through_pull, config_hash, approximated, finished_at, report)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (as_of) DO UPDATE SET through_pull = excluded.through_pull, config_hash = excluded.config_hash,
                 approximated = excluded.approximated, finished_at = excluded.finished_at, report = excluded.report";
    on_tx!(tx, conn => {
        sqlx::query(sql)
            .bind(i64::from(cycle.as_of.days())).bind(cycle.through_pull).bind(&cycle.config_hash).bind(cycle.approximated)
            .bind(cycle.finished_at.micros()).bind(&cycle.report)
            .execute(conn).await.map(drop)
    })
    .context("noting the cycle")
}

/// The mornings of the cycles after one day and until another, rising.
pub async fn mornings(db: &Db, after: Day, until: Day) -> Result<Vec<Day>> {
    let sql = "SELECT as_of FROM cycle WHERE as_of > $1 AND as_of <= $2 ORDER BY as_of";
    let (after, until) = (i64::from(after.days()), i64::from(until.days()));
    let days: Vec<i64> = on_db!(db, pool => sqlx::query_scalar(sql).bind(after).bind(until).fetch_all(pool).await)
        .context("reading the mornings of the cycles")?;
    days.into_iter().map(|day| Ok(Day::from_days(i32::try_from(day).context("reading cycle.as_of")?))).collect()
}

/// The scores of one block, as given on that morning, by place.
pub async fn of_block(db: &Db, as_of: Day, block: i64) -> Result<Vec<GivenScore>> {
    let sql = "SELECT body FROM score_block WHERE as_of = $1 AND block = $2";
    let body: Option<Vec<u8>> =
        on_db!(db, pool => sqlx::query_scalar(sql).bind(i64::from(as_of.days())).bind(block).fetch_optional(pool).await)
            .with_context(|| format!("reading the scores of block {block}"))?;
    body.map_or(Ok(Vec::new()), |body| decode(&body))
}

/// Keeps the packed scores of one block, in place of those of an earlier cycle of the same morning.
pub async fn save_block(tx: &mut Tx, as_of: Day, block: i64, body: &[u8]) -> Result<()> {
    let sql = "INSERT INTO score_block (as_of, block, body) VALUES ($1, $2, $3)
               ON CONFLICT (as_of, block) DO UPDATE SET body = excluded.body";
    on_tx!(tx, conn => sqlx::query(sql).bind(i64::from(as_of.days())).bind(block).bind(body).execute(conn).await.map(drop))
        .with_context(|| format!("writing the scores of block {block}"))
}

/// Keeps a configuration under its hash.
pub async fn save_configuration(tx: &mut Tx, hash: &str, body: &str, now: Instant) -> Result<()> {
    let sql = "INSERT INTO configuration (hash, body, first_used_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";
    on_tx!(tx, conn => sqlx::query(sql).bind(hash).bind(body).bind(now.micros()).execute(conn).await.map(drop))
        .context("keeping the configuration")
}

/// The configuration with this hash.
pub async fn configuration(db: &Db, hash: &str) -> Result<Option<String>> {
    let sql = "SELECT body FROM configuration WHERE hash = $1";
    on_db!(db, pool => sqlx::query_scalar(sql).bind(hash).fetch_optional(pool).await).context("reading a kept configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_come_back_bit_for_bit() {
        let day = Day::from_days(20_000);
        let given = |place, score| GivenScore {
            place,
            score,
            previous: None,
            coverage: 1.0 / 3.0,
            band: BandState { band: Band::Watch, since: day, candidate: Some((Band::AtRisk, day + 1)) },
            lifecycle: 3,
            turn_on: Some(day),
            turn_score: Some(0.1 + 0.2),
            turn_band: Band::Healthy,
            attained_on: None,
        };
        let scores = [given(7, Some(62.123_456_789)), given(4095, None)];
        assert_eq!(decode(&pack(&scores).unwrap()).unwrap(), scores);
        assert!(decode(b"nonsense").is_err());
    }
}
