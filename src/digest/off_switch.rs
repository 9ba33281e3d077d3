//! The links by which readers switch a digest off without signing in: each names its reader and its digest, and nobody can
//! make one for somebody else.

use ring::hmac;

use super::Kind;
use crate::model::{Id, hex};

/// Hexadecimal digits of the seal.
const SEAL: usize = 64;

/// What seals them: HMAC-SHA256 under a key that stays the same, so that a mail written again is the same to the byte.
#[derive(Clone, Debug)]
pub struct OffSwitch(hmac::Key);

impl OffSwitch {
    /// By a key that nobody can guess.
    pub fn new(key: &str) -> OffSwitch {
        OffSwitch(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// The token of this reader's digest: letters and digits alone, of which no mail program cuts any off.
    pub fn token(&self, digest: Kind, reader: &Id) -> String {
        // The parts are parted by a byte that no id can hold.
        let names = format!("{}\0{reader}", digest.name());
        let seal = hmac::sign(&self.0, names.as_bytes());
        hex(names.as_bytes()) + &hex(seal.as_ref())
    }

    /// Whose digest a token is of; `None` where it was not made here.
    pub fn read(&self, token: &str) -> Option<(Kind, Id)> {
        let (names, seal) = token.split_at_checked(token.len().checked_sub(SEAL)?)?;
        let (names, seal) = (bytes(names)?, bytes(seal)?);
        hmac::verify(&self.0, &names, &seal).ok()?;
        let names = String::from_utf8(names).ok()?;
        let (digest, reader) = names.split_once('\0')?;
        Some((Kind::parse(digest)?, Id::parse(reader).ok()?))
    }
}

/// What these hexadecimal digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_key_makes_tokens_and_each_is_of_one_reader_and_one_digest() {
        let (switch, dana) = (OffSwitch::new("k1"), Id::parse("dana/ü").unwrap());
        let token = switch.token(Kind::Csm, &dana);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        assert_eq!(token, OffSwitch::new("k1").token(Kind::Csm, &dana), "the same every time");
        assert_eq!(switch.read(&token), Some((Kind::Csm, dana.clone())));
        assert_eq!(OffSwitch::new("k2").read(&token), None);
        let leader = switch.token(Kind::Leader, &dana);
        let forged = format!("{}{}", &leader[..leader.len() - SEAL], &token[token.len() - SEAL..]);
        assert_eq!(switch.read(&forged), None, "the seal of another digest");
        for wrong in
            ["", "é", "zz", &token[1..], &token[..token.len() - 1], &format!("{token}0"), "2026-11-21.csm.cfc2a41a4da5713c"]
        {
            assert_eq!(switch.read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read_or_refused(said in "\\PC{0,200}", at in 0..200_usize, other in "[0-9a-f]") {
            let switch = OffSwitch::new("k");
            prop_assert_eq!(switch.read(&said), None);
            let mut token = switch.token(Kind::Product, &Id::parse("p1").unwrap());
            let at = at % token.len();
            let same = token[at..=at] == other;
            token.replace_range(at..=at, &other);
            prop_assert_eq!(switch.read(&token).is_some(), same);
        }
    }
}
