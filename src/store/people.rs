//! The company's own people.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Db;
use super::facts::{self, AsOf};
use crate::model::Zone;
use crate::model::record::{Record, RecordKind, User};

/// The users as they are known on that morning, by id.
pub async fn users(db: &Db, as_of: AsOf, zone: &Zone) -> Result<BTreeMap<String, User>> {
    let mut users = BTreeMap::new();
    let facts = facts::of_record(db, -1, RecordKind::Users, as_of).await?;
    for (_, facts) in facts.believed()? {
        for fact in facts {
            let user: User = serde_json::from_str(fact.body)
                .with_context(|| format!("the store holds a broken record of users: {}", fact.body))?;
            if let Some(user) = user.known_on(as_of.day, zone) {
                users.insert(user.id.to_string(), user);
            }
        }
    }
    Ok(users)
}
