//! The values of one metric on one day for one block of accounts, as bytes.
//!
//! Layout: scale (decimal digits, 0–4), width (1, 2, 4 bytes of whole number, or 8 for a float), count (u16, little
//! endian), presence, values. Presence is a bitmap of 512 bytes, or a list of u16 places where fewer than 256 accounts
//! have a value. Values stand packed in the order of the places. Lossless: a value comes back bit for bit; absent is
//! not zero.

use anyhow::{Result, bail};

use crate::model::Day;

/// Accounts in a block.
pub const BLOCK: usize = 4096;
const BITMAP: usize = BLOCK / 8;
const SPARSE: usize = BITMAP / 2;

/// block << 32 | metric << 20 | day: tiles of one block and metric lie side by side, in the order of their days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId(pub i64);

impl TileId {
    /// The tile of a block, a metric (below 4,096) and a day.
    pub fn new(block: i64, metric: i64, day: Day) -> TileId {
        TileId(block << 32 | metric << 20 | i64::from(day.days().max(0)))
    }

    /// The metric's number.
    pub fn metric(self) -> i64 {
        self.0 >> 20 & 0xFFF
    }

    /// The day.
    pub fn day(self) -> Day {
        Day::from_days(i32::try_from(self.0 & 0xF_FFFF).unwrap_or_default())
    }

    /// The ordinal of the account at a place of the tile.
    pub fn ordinal(self, place: usize) -> u32 {
        u32::try_from((self.0 >> 32) * BLOCK as i64 + place as i64).unwrap_or(u32::MAX)
    }
}

/// A tile being written.
#[derive(Clone, Debug)]
pub struct Tile {
    present: [u64; BLOCK / 64],
    values: Vec<f64>,
}

impl Default for Tile {
    fn default() -> Tile {
        Tile { present: [0; BLOCK / 64], values: vec![0.0; BLOCK] }
    }
}

impl Tile {
    /// The value at a place, if there is one.
    pub fn get(&self, place: usize) -> Option<f64> {
        (self.present[place / 64] >> (place % 64) & 1 == 1).then(|| self.values[place])
    }

    /// Puts a value in.
    pub fn set(&mut self, place: usize, value: f64) {
        self.present[place / 64] |= 1 << (place % 64);
        self.values[place] = value;
    }

    /// Takes a value out.
    pub fn clear(&mut self, place: usize) {
        self.present[place / 64] &= !(1 << (place % 64));
        self.values[place] = 0.0;
    }

    /// The places that have a value, rising, with it.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        self.present
            .iter()
            .enumerate()
            .flat_map(|(word, &bits)| Bits(bits).map(move |bit| word * 64 + bit))
            .map(|place| (place, self.values[place]))
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let values: Vec<f64> = self.iter().map(|(_, value)| value).collect();
        let (scale, width) = fit(&values);
        let mut bytes = Vec::with_capacity(4 + BITMAP + values.len() * usize::from(width));
        bytes.extend([scale, width]);
        bytes.extend(u16::try_from(values.len()).unwrap_or(u16::MAX).to_le_bytes());
        if values.len() < SPARSE {
            self.iter().for_each(|(place, _)| bytes.extend(u16::try_from(place).unwrap_or_default().to_le_bytes()));
        } else {
            self.present.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        }
        let factor = FACTORS[usize::from(scale)];
        for value in values {
            if width == 8 {
                bytes.extend(value.to_le_bytes());
            } else {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`fit` has proved that it is a u32")]
                let whole = (value * factor).round() as u32;
                bytes.extend(&whole.to_le_bytes()[..usize::from(width)]);
            }
        }
        bytes
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Tile> {
        let mut tile = Tile::default();
        each(bytes, |place, value| tile.set(place, value))?;
        Ok(tile)
    }
}

/// Calls `with` for every value in the bytes of a tile, in the order of the places.
pub fn each(bytes: &[u8], mut with: impl FnMut(usize, f64)) -> Result<()> {
    let [scale @ 0..=4, width @ (1 | 2 | 4 | 8), low, high, rest @ ..] = bytes else {
        bail!("a usage tile in the store is damaged")
    };
    let count = usize::from(u16::from_le_bytes([*low, *high]));
    let presence = if count < SPARSE { count * 2 } else { BITMAP };
    if rest.len() != presence + count * usize::from(*width) {
        bail!("a usage tile in the store is damaged");
    }
    let (presence, values) = rest.split_at(presence);
    let factor = FACTORS[usize::from(*scale)];
    match width {
        1 => places(presence, count, values.iter().map(|&b| f64::from(b) / factor), &mut with),
        2 => places(presence, count, values.as_chunks().0.iter().map(|&b| f64::from(u16::from_le_bytes(b)) / factor), &mut with),
        4 => places(presence, count, values.as_chunks().0.iter().map(|&b| f64::from(u32::from_le_bytes(b)) / factor), &mut with),
        _ => places(presence, count, values.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)), &mut with),
    }
    Ok(())
}

#[inline]
fn places(presence: &[u8], count: usize, mut values: impl Iterator<Item = f64>, with: &mut impl FnMut(usize, f64)) {
    if count < SPARSE {
        for (place, value) in presence.as_chunks().0.iter().zip(values) {
            with(usize::from(u16::from_le_bytes(*place)) % BLOCK, value);
        }
        return;
    }
    for (word, bits) in presence.as_chunks().0.iter().enumerate() {
        let bits = u64::from_le_bytes(*bits);
        if bits == u64::MAX {
            (word * 64..word * 64 + 64).zip(&mut values).for_each(|(place, value)| with(place, value));
        } else {
            for bit in Bits(bits) {
                let Some(value) = values.next() else { return };
                with(word * 64 + bit, value);
            }
        }
    }
}

const FACTORS: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

/// The smallest scale and width that give every value back bit for bit.
fn fit(values: &[f64]) -> (u8, u8) {
    for (scale, factor) in (0u8..).zip(FACTORS) {
        let mut largest = 0.0_f64;
        let whole = values.iter().all(|&value| {
            let scaled = (value * factor).round();
            largest = largest.max(scaled);
            scaled <= f64::from(u32::MAX) && (scaled / factor).to_bits() == value.to_bits()
        });
        if whole {
            let width = if largest <= 255.0 {
                1
            } else if largest <= 65_535.0 {
                2
            } else {
                4
            };
            return (scale, width);
        }
    }
    (0, 8)
}

/// The places of the bits that are set, rising.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn damaged_bytes_are_an_error() {
        let mut tile = Tile::default();
        tile.set(7, 1.5);
        let mut bytes = tile.encode();
        bytes.pop();
        assert!(Tile::decode(&bytes).is_err());
        assert!(Tile::decode(&[9, 1, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn every_value_comes_back_and_absent_stays_absent(
            cells in prop::collection::btree_map(0usize..BLOCK, prop_oneof![
                (0u32..300).prop_map(f64::from), (0u32..1_000_000).prop_map(|n| f64::from(n) / 100.0), 0.0f64..1e18
            ], 0..600)
        ) {
            let mut tile = Tile::default();
            for (&place, &value) in &cells {
                tile.set(place, value);
            }
            let back: std::collections::BTreeMap<usize, f64> = Tile::decode(&tile.encode()).unwrap().iter().collect();
            prop_assert_eq!(back, cells);
        }
    }
}
