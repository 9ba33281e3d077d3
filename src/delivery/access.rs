//! Who may get mails, read again when they are sent: a mail may have waited over a weekend.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::mail::ascii_address;
use crate::model::{Instant, Zone};
use crate::store::digest_off::{self, Off};
use crate::store::facts::AsOf;
use crate::store::outbox::Mail;
use crate::store::{Db, people};

/// By what readers are judged.
#[derive(Clone, Debug)]
pub struct Readers {
    /// Users who want no digests, by their ids.
    pub off: BTreeSet<String>,
    /// The company's zone.
    pub zone: Zone,
}

impl Readers {
    /// The people as they are known now.
    pub async fn now(&self, db: &Db, now: Instant) -> Result<Access> {
        let as_of = AsOf { day: self.zone.day_of(now), through_pull: i64::MAX };
        let users = people::users(db, as_of, &self.zone).await?;
        let address = |email: &str| ascii_address(email).map_or_else(|_| email.to_owned(), |address| address.to_string());
        let addresses = users.into_iter().map(|(id, user)| (id, address(&user.email))).collect();
        Ok(Access { off: self.off.clone(), switched_off: digest_off::all(db).await?, addresses })
    }
}

/// Who may get mails, and where.
#[derive(Clone, Debug)]
pub struct Access {
    off: BTreeSet<String>,
    switched_off: Off,
    addresses: BTreeMap<String, String>,
}

impl Access {
    /// Why the mail must not go to whom it was written for, if so.
    pub fn objection(&self, mail: &Mail) -> Option<String> {
        let person = mail.key.person.as_str();
        let is_switched_off = || self.switched_off.contains_key(&(person.to_owned(), mail.key.digest.clone()));
        match self.addresses.get(person) {
            None => Some("not sent: the reader is no longer among the users".to_owned()),
            Some(_) if self.off.contains(person) => Some("not sent: the reader has switched digests off".to_owned()),
            Some(_) if is_switched_off() => Some("not sent: the reader has switched this digest off".to_owned()),
            Some(address) if *address != mail.to => {
                Some("not sent: the reader's address has changed; the next one goes to the new address".to_owned())
            }
            Some(_) => None,
        }
    }
}
