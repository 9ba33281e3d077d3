//! Some accounts, as they are known.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Db;
use super::directory::{block_of, ordinals};
use super::facts::{self, AsOf};
use crate::model::Zone;
use crate::model::record::{Account, Record, RecordKind};

/// The accounts of these ids as they are known on that morning; those that nobody knows are not among them.
pub async fn some(db: &Db, ids: &[&str], as_of: AsOf, zone: &Zone) -> Result<BTreeMap<String, Account>> {
    let mut blocks: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for ordinal in ordinals(db, ids).await?.into_values() {
        blocks.entry(block_of(ordinal)).or_default().push(ordinal);
    }
    let mut accounts = BTreeMap::new();
    for (block, mut ordinals) in blocks {
        ordinals.sort_unstable();
        let facts = facts::of_accounts(db, block, &[RecordKind::Accounts], &ordinals, as_of).await?;
        for fact in facts.believed()?.into_iter().flat_map(|(_, facts)| facts) {
            let account: Account = serde_json::from_str(fact.body)
                .with_context(|| format!("the store holds a broken record of accounts: {}", fact.body))?;
            if let Some(account) = account.known_on(as_of.day, zone) {
                accounts.insert(account.id.to_string(), account);
            }
        }
    }
    Ok(accounts)
}
