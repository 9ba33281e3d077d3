//! Who sees what: the same for mails and pages.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::record::{Role, User};

/// The people, by id.
type Users = BTreeMap<String, User>;

/// Whose accounts a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Everybody's.
    all: bool,
    /// Those of these people.
    theirs: BTreeSet<String>,
    /// Also those that nobody of the company looks after; then these people's are not among them.
    rest: Option<BTreeSet<String>>,
}

impl Sight {
    /// CSMs see their own; leaders those of all who report to them, whoever is between, and the first leader those of whom
    /// nobody leads; leaders to whom nobody reports, executives and admins see all; product managers none.
    pub fn of(users: &Users, user: &User) -> Sight {
        let own = BTreeSet::from([user.id.to_string()]);
        let (all, theirs, rest) = match user.role {
            Role::Executive | Role::Admin => (true, own, None),
            Role::Product => (false, BTreeSet::new(), None),
            Role::Csm => (false, own, None),
            Role::Leader => match team(users, user.id.as_str()) {
                None => (true, own, None),
                Some(mut team) if first_leader(users).is_some_and(|first| first.id == user.id) => {
                    team.extend(users.keys().filter(|id| !is_led(users, id)).cloned());
                    let others = users.keys().filter(|id| !team.contains(*id)).cloned().collect();
                    (false, team, Some(others))
                }
                Some(team) => (false, team, None),
            },
        };
        Sight { all, theirs, rest }
    }

    /// Whether the accounts of this CSM are among them; `None`: accounts without one.
    pub fn sees(&self, csm: Option<&str>) -> bool {
        let rest = |csm: Option<&str>| self.rest.as_ref().is_some_and(|others| csm.is_none_or(|csm| !others.contains(csm)));
        self.all || csm.is_some_and(|csm| self.theirs.contains(csm)) || rest(csm)
    }

    /// Whether all are.
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// Whether there is any account to be seen.
    pub fn is_any(&self) -> bool {
        self.all || !self.theirs.is_empty()
    }
}

/// All who report to this leader, whoever is between them, and the leader too; `None` where nobody does.
fn team(users: &Users, leader: &str) -> Option<BTreeSet<String>> {
    let mut team = BTreeSet::from([leader.to_owned()]);
    loop {
        let reports = |user: &&User| user.manager_id.as_ref().is_some_and(|manager| team.contains(manager.as_str()));
        let more: Vec<String> =
            users.values().filter(reports).map(|user| user.id.to_string()).filter(|id| !team.contains(id)).collect();
        if more.is_empty() {
            return (team.len() > 1).then_some(team);
        }
        team.extend(more);
    }
}

/// Whom everything belongs to that has nobody else.
pub fn first_leader(users: &Users) -> Option<&User> {
    users.values().find(|user| user.role == Role::Leader)
}

/// Whether a leader is above this person, or the person is one. Whom nobody leads belongs to the first leader.
pub fn is_led(users: &Users, person: &str) -> bool {
    let manager = |user: &&User| users.get(user.manager_id.as_ref()?.as_str());
    // As many steps as there are people: managers may go round in a circle.
    let mut above = std::iter::successors(users.get(person), manager).take(users.len());
    above.any(|user| user.role == Role::Leader)
}
