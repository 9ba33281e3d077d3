//! All that is known of one account on a morning: what its page shows.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::assess::decode;
use super::look::{Look, Odds};
use super::renewals;
use super::report::{OpinionReport, ScoreReport};
use crate::model::record::{Contact, Contract, Record, RecordKind, Touch};
use crate::model::{Currency, Day};
use crate::revenue::renewal::Renewal;
use crate::signals::Band;
use crate::store::directory::{block_of, place_of};
use crate::store::{Db, facts, opinions, scores};

/// Days that renewals are looked ahead.
const AHEAD_DAYS: u32 = 1100;
/// Touches that are told, the last ones.
const TOUCHES: usize = 5;
/// Days that scores are looked back on.
const COURSE_DAYS: i32 = 365;
/// Records that are told besides the account's own.
const KINDS: &[RecordKind] = &[RecordKind::Accounts, RecordKind::Contracts, RecordKind::Contacts, RecordKind::Touches];

/// One account: `score ACCOUNT --json`, and what else is known of it.
#[derive(Clone, Debug, Serialize)]
pub struct AccountReport {
    /// The score with its explanation.
    #[serde(flatten)]
    pub score: ScoreReport,
    /// Revenue of one year, a decimal, by currency.
    pub arr: BTreeMap<Currency, String>,
    /// What comes up for renewal, by the day of the end; without what takes a look at all accounts: how contact is spread, and
    /// whether there is a record for the renewal.
    pub renewals: Vec<Renewal>,
    /// The newest first.
    pub contracts: Vec<Contract>,
    /// Those who are there, then those who left; by name.
    pub contacts: Vec<Contact>,
    /// The last five, the newest first.
    pub touches: Vec<Touch>,
    /// The scores of the last year as cycles computed them: the last of each week.
    pub course: Vec<Given>,
    /// All that people ever said of the account, the newest first.
    pub said: Vec<OpinionReport>,
}

/// What a cycle said of an account.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Given {
    /// Its morning.
    pub on: Day,
    /// 0 to 100.
    pub score: Option<f64>,
    /// The band.
    pub band: Band,
}

/// Gathers it from the block of the account.
pub async fn account(db: &Db, look: &Look, odds: &Odds, id: &str, ordinal: u32) -> Result<AccountReport> {
    let (world, on) = (&look.population.world, look.on);
    let facts = facts::of_accounts(db, block_of(ordinal), KINDS, &[ordinal], world.as_of).await?;
    let records = renewals::of_facts(&facts, world)?.remove(&ordinal);
    let found = look.population.find(id);
    let renewals = match (&records, found) {
        (Some(records), Some((block, customer))) => {
            let seen = renewals::Seen { setup: &look.setup, population: &look.population, block, odds };
            seen.renewals(customer, records, AHEAD_DAYS)
        }
        _ => Vec::new(),
    };
    let mut touches = Vec::new();
    for (kind, facts) in facts.believed()?.into_iter().filter(|(kind, _)| *kind == RecordKind::Touches) {
        for fact in facts {
            touches.extend(decode::<Touch>(kind, fact.body)?.known_on(on, &world.zone));
        }
    }
    touches.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    touches.truncate(TOUCHES);
    let (mut contracts, mut contacts) = records.map(|known| (known.contracts, known.contacts)).unwrap_or_default();
    contracts.sort_by(|a, b| b.starts_on.cmp(&a.starts_on).then_with(|| a.id.cmp(&b.id)));
    contacts.sort_by(|a, b| (a.left_on.is_some(), &a.name, &a.id).cmp(&(b.left_on.is_some(), &b.name, &b.id)));
    let arr = found.into_iter().flat_map(|(_, customer)| customer.arr());
    Ok(AccountReport {
        score: look.score(db, odds, id).await?,
        arr: arr.map(|money| (money.currency, money.amount())).collect(),
        renewals,
        contracts,
        contacts,
        touches,
        course: course(db, on, ordinal).await?,
        said: opinions::of_account(db, id).await?.iter().rev().map(OpinionReport::of).collect(),
    })
}

/// The scores of a year until a morning.
async fn course(db: &Db, on: Day, ordinal: u32) -> Result<Vec<Given>> {
    let mornings = scores::mornings(db, on - COURSE_DAYS, on).await?;
    let mut course = Vec::new();
    for morning in weekly(&mornings) {
        let given = scores::of_block(db, morning, block_of(ordinal)).await?;
        let own = given.iter().find(|given| usize::from(given.place) == place_of(ordinal));
        course.extend(own.map(|own| Given { on: morning, score: own.score, band: own.band.band }));
    }
    Ok(course)
}

/// Of rising mornings the last of each week, weeks being counted back from the last of all.
fn weekly(mornings: &[Day]) -> Vec<Day> {
    let Some(&last) = mornings.last() else { return Vec::new() };
    let mut weekly: Vec<Day> = mornings.iter().rev().copied().collect();
    weekly.dedup_by_key(|morning| (last - *morning) / 7);
    weekly.reverse();
    weekly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_week_the_last_morning_counts() {
        let days = |days: &[i32]| days.iter().copied().map(Day::from_days).collect::<Vec<_>>();
        let every: Vec<i32> = (0..=21).collect();
        assert_eq!(weekly(&days(&every)), days(&[0, 7, 14, 21]));
        assert_eq!(weekly(&days(&[1, 2, 9, 20, 21])), days(&[2, 9, 21]), "weeks without a cycle are left out");
        assert!(weekly(&[]).is_empty());
    }
}
