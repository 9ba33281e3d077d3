//! What the score of an account was the sum of at its turn, kept so that the next turn can tell what moved.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{Db, Tx, on_db, on_tx};
use crate::health::{About, Factor};
use crate::model::Day;
use crate::signals::{Signal, State};

/// Caps are numbered from here on, behind all signals.
const CAPS: u8 = 200;
const ROW: usize = 2 + 1 + 1 + 8 + 8;

/// A factor as it was at a turn: what it is about, its reading, its points.
pub fn remembered(about: About, input: Option<f64>, points: f64) -> Factor {
    let state = if input.is_some() || matches!(about, About::Cap(_)) { State::Fresh } else { State::Missing };
    Factor { dimension: u16::MAX, about, input, observed_on: None, weight: 0.0, points, max_points: 0.0, state }
}

/// The factors of the turns in one block, by place, as they are kept.
pub fn pack(accounts: &BTreeMap<u16, Vec<Factor>>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (place, factors) in accounts {
        for factor in factors {
            let about = match factor.about {
                About::Signal(signal) => signal as u8,
                About::Cap(at) => CAPS.saturating_add(u8::try_from(at).unwrap_or(u8::MAX)),
                // What people hold is kept with its own dates.
                About::Override => continue,
            };
            let mut row = [0; ROW];
            row[..2].copy_from_slice(&place.to_le_bytes());
            row[2] = about;
            row[4..12].copy_from_slice(&factor.input.unwrap_or(f64::NAN).to_le_bytes());
            row[12..].copy_from_slice(&factor.points.to_le_bytes());
            out.extend(row);
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&out).and_then(|()| packed.finish()).context("packing a turn")
}

/// The turns of one morning in one block. Whoever moved is told of: a few of thousands, so that nothing is unfolded but what
/// is asked for.
#[derive(Debug, Default)]
pub struct Turns {
    /// In the order of their places.
    rows: Vec<[u8; ROW]>,
}

const DAMAGED: &str = "a turn in the store is damaged";

impl Turns {
    fn unpack(bytes: &[u8]) -> Result<Turns> {
        let mut plain = Vec::new();
        ZlibDecoder::new(bytes).read_to_end(&mut plain).context(DAMAGED)?;
        let (rows, rest) = plain.as_chunks::<ROW>();
        anyhow::ensure!(rest.is_empty() && rows.is_sorted_by_key(place), DAMAGED);
        Ok(Turns { rows: rows.to_vec() })
    }

    /// The factors of one account; none where it was not its turn.
    pub fn of(&self, account: u16) -> Result<Vec<Factor>> {
        let from = self.rows.partition_point(|row| place(row) < account);
        self.rows[from..].iter().take_while(|row| place(row) == account).map(factor).collect()
    }
}

fn place(row: &[u8; ROW]) -> u16 {
    u16::from_le_bytes([row[0], row[1]])
}

fn factor(row: &[u8; ROW]) -> Result<Factor> {
    let number = |at: usize| row[at..].first_chunk::<8>().map(|bytes| f64::from_le_bytes(*bytes)).context(DAMAGED);
    let about = match row[2] {
        cap @ CAPS.. => About::Cap(u16::from(cap - CAPS)),
        signal => About::Signal(*Signal::ALL.get(usize::from(signal)).context(DAMAGED)?),
    };
    Ok(remembered(about, Some(number(4)?).filter(|input| !input.is_nan()), number(12)?))
}

/// That morning's turns in one block.
pub async fn of_block(db: &Db, as_of: Day, block: i64) -> Result<Turns> {
    let sql = "SELECT body FROM turn_block WHERE as_of = $1 AND block = $2";
    let body: Option<Vec<u8>> =
        on_db!(db, pool => sqlx::query_scalar(sql).bind(i64::from(as_of.days())).bind(block).fetch_optional(pool).await)
            .with_context(|| format!("reading the turns of block {block}"))?;
    body.map_or(Ok(Turns::default()), |body| Turns::unpack(&body))
}

/// Keeps the packed factors of a morning's turns in one block, in place of those of an earlier cycle of the same morning.
pub async fn save_block(tx: &mut Tx, as_of: Day, block: i64, body: &[u8]) -> Result<()> {
    let sql = "INSERT INTO turn_block (as_of, block, body) VALUES ($1, $2, $3)
               ON CONFLICT (as_of, block) DO UPDATE SET body = excluded.body";
    on_tx!(tx, conn => sqlx::query(sql).bind(i64::from(as_of.days())).bind(block).bind(body).execute(conn).await.map(drop))
        .with_context(|| format!("writing the turns of block {block}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_back_as_they_were() {
        let factors = vec![
            remembered(About::Signal(Signal::Nps), Some(9.0), 3.25),
            remembered(About::Signal(Signal::Csat), None, 0.0),
            remembered(About::Cap(2), None, -12.5),
        ];
        let accounts = BTreeMap::from([(3, factors), (4000, Vec::new())]);
        let back = Turns::unpack(&pack(&accounts).unwrap()).unwrap();
        assert_eq!((back.of(3).unwrap(), back.of(4000).unwrap(), back.of(2).unwrap()), (accounts[&3].clone(), vec![], vec![]));
        assert!(Turns::unpack(&[1, 2, 3]).is_err());
    }
}
