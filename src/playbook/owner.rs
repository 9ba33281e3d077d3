//! Who gets a task: a rule in a play, and the person whom it finds.

use std::fmt;

use serde::{Serialize, Serializer};

/// Who gets a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The CSM of the account.
    #[default]
    Csm,
    /// Whom the CSM reports to.
    Leader,
    /// Who sold to the account, where that is one of the users.
    Seller,
    /// Who manages the product.
    Product,
    /// The CSM with the least to do among those who fit.
    LeastLoaded(Wanted),
}

/// What the least loaded must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// This skill.
    pub skill: Option<String>,
    /// The account's language.
    pub language: bool,
    /// The account's region.
    pub region: bool,
}

const LEAST_LOADED: &str = "least loaded";

/// The rules without a condition, and an example of the one with conditions.
pub(super) const RULES: &str = "csm, leader, seller, product, `least loaded`, `least loaded, skill training, language, region`";

impl Owner {
    /// What this text stands for: in a play, in the store.
    pub fn parse(text: &str) -> Option<Owner> {
        Some(match text {
            "csm" => Owner::Csm,
            "leader" => Owner::Leader,
            "seller" => Owner::Seller,
            "product" => Owner::Product,
            _ => {
                let mut wanted = Wanted::default();
                for part in text.strip_prefix(LEAST_LOADED)?.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    match part.split_once(' ') {
                        Some(("skill", skill)) => wanted.skill = Some(skill.trim().to_lowercase()),
                        None if part == "language" => wanted.language = true,
                        None if part == "region" => wanted.region = true,
                        _ => return None,
                    }
                }
                Owner::LeastLoaded(wanted)
            }
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Csm => f.write_str("csm"),
            Owner::Leader => f.write_str("leader"),
            Owner::Seller => f.write_str("seller"),
            Owner::Product => f.write_str("product"),
            Owner::LeastLoaded(wanted) => {
                f.write_str(LEAST_LOADED)?;
                if let Some(skill) = &wanted.skill {
                    write!(f, ", skill {skill}")?;
                }
                f.write_str(if wanted.language { ", language" } else { "" })?;
                f.write_str(if wanted.region { ", region" } else { "" })
            }
        }
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        for text in
            ["csm", "leader", "seller", "product", "least loaded", "least loaded, skill data connection, language, region"]
        {
            assert_eq!(Owner::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["boss", "least loaded, colour red", "least loaded, skill", "CSM", ""] {
            assert_eq!(Owner::parse(wrong), None, "{wrong}");
        }
    }
}
