//! Cleaning, before anything is counted: leads that cannot be reached, and those that are there twice.

use std::collections::HashMap;

use super::records::digits;
use crate::model::record::Lead;
use crate::model::{Id, Instant};

/// Why a lead is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Its number is none, and there is no other; or there is no way to reach it at all.
    Unreachable,
    /// It is that one once more.
    Duplicate(Id),
}

impl Aside {
    /// For people.
    pub fn reason(&self) -> String {
        match self {
            Aside::Unreachable => "no valid number".to_owned(),
            Aside::Duplicate(id) => format!("the same as {id}"),
        }
    }
}

/// What tells leads apart, of one lead.
#[derive(Clone, Debug)]
pub struct Traits {
    id: Id,
    created_at: Instant,
    phone: Option<String>,
    wrong_phone: bool,
    email: Option<String>,
    name: Option<String>,
}

impl Traits {
    /// Those of a lead: its number in digits, its address and its names in small letters.
    pub fn of(lead: &Lead) -> Traits {
        let filled = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().to_lowercase();
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (!text.is_empty()).then_some(text)
        };
        let given = filled(&lead.phone);
        let phone = given.as_deref().and_then(digits);
        let email = filled(&lead.email)
            .filter(|email| email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')));
        Traits {
            id: lead.id.clone(),
            created_at: lead.created_at,
            wrong_phone: given.is_some() && phone.is_none(),
            phone,
            email,
            name: filled(&lead.company).zip(filled(&lead.name)).map(|(company, name)| format!("{company}\n{name}")),
        }
    }
}

/// What is set aside of these leads, by id.
///
/// A number that can be none makes a lead unreachable. So does having neither number nor address, where any lead has one: a
/// company that keeps neither cannot be held to it. Of those left, the eldest of all with the same number, address, or company
/// and name stays; what is the same as a duplicate is the same as the eldest.
pub fn set_aside(leads: &[Traits]) -> HashMap<Id, Aside> {
    let keeps = leads.iter().any(|lead| lead.phone.is_some() || lead.email.is_some());
    let mut aside = HashMap::new();
    let mut order: Vec<&Traits> = leads.iter().collect();
    order.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let mut seen: HashMap<(u8, &str), &Id> = HashMap::new();
    for lead in order {
        if lead.wrong_phone || (keeps && lead.phone.is_none() && lead.email.is_none()) {
            aside.insert(lead.id.clone(), Aside::Unreachable);
            continue;
        }
        let keys = [(0, &lead.phone), (1, &lead.email), (2, &lead.name)];
        let keys: Vec<(u8, &str)> = keys.iter().filter_map(|(kind, key)| Some((*kind, key.as_deref()?))).collect();
        let eldest: Option<&Id> = keys.iter().find_map(|key| seen.get(key).copied());
        for key in keys {
            seen.entry(key).or_insert(eldest.unwrap_or(&lead.id));
        }
        if let Some(eldest) = eldest {
            aside.insert(lead.id.clone(), Aside::Duplicate(eldest.clone()));
        }
    }
    aside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(id: &str, at: i64, fields: [(&str, &str); 2]) -> Traits {
        let mut lead = serde_json::json!({"id": id, "created_at": at});
        for (field, text) in fields {
            lead[field] = text.into();
        }
        Traits::of(&serde_json::from_value(lead).unwrap())
    }

    #[test]
    fn the_eldest_of_a_kind_stays_and_what_cannot_be_reached_goes() {
        let leads = [
            traits("b", 2, [("phone", "(030) 123-4567"), ("email", "Ann@North.example")]),
            traits("a", 1, [("phone", "+49 30 123 4567"), ("company", "North")]),
            traits("c", 3, [("email", "ann@north.example "), ("company", "Other")]),
            traits("d", 4, [("phone", "0000000"), ("email", "d@x.example")]),
            traits("e", 5, [("company", "Birch"), ("name", "Di Ash")]),
            traits("f", 6, [("email", "f@x.example"), ("phone", "")]),
        ];
        let aside = set_aside(&leads);
        let of = |id: &str| aside.get(id).map(Aside::reason);
        assert_eq!(of("a"), None);
        assert_eq!(of("b"), None, "another number: the prefix of a country is a part of it");
        assert_eq!(of("c").as_deref(), Some("the same as b"));
        assert_eq!(of("d").as_deref(), Some("no valid number"));
        assert_eq!(of("e").as_deref(), Some("no valid number"), "nobody can reach it");
        assert_eq!(of("f"), None);
        let alone = [
            traits("e", 5, [("company", "Birch"), ("name", "Di Ash")]),
            traits("g", 6, [("company", "birch"), ("name", "di  ash")]),
        ];
        assert_eq!(set_aside(&alone).get("g").map(Aside::reason).as_deref(), Some("the same as e"));
    }
}
