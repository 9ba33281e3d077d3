//! The people who get tasks: whom a rule finds, and on which of their days a task is due.

use std::collections::BTreeMap;

use super::owner::Wanted;
use super::{Client, Owner, Task};
use crate::model::record::{Role, User};
use crate::model::{Calendar, Day, Id, Zone};

/// Hours of a week, of whoever does not say.
const HOURS_PER_WEEK: f64 = 40.0;
/// Working days until a task is due, at most.
const LONGEST: u32 = 90;
/// When people read what there is to do.
const MORNING_SECONDS: i64 = 7 * 3600;

/// The people, and how much each has to do.
#[derive(Clone, Debug)]
pub struct Staff {
    users: BTreeMap<String, User>,
    /// Open tasks by person.
    open: BTreeMap<String, usize>,
    /// Tasks that a person may get this morning, besides.
    offered: BTreeMap<String, usize>,
    calendar: Calendar,
    zone: Zone,
}

impl Staff {
    /// The users by id, what each has open, the company's working days and zone.
    pub fn new(users: BTreeMap<String, User>, open: BTreeMap<String, usize>, calendar: Calendar, zone: Zone) -> Staff {
        Staff { users, open, offered: BTreeMap::new(), calendar, zone }
    }

    /// Notes that somebody has more to do.
    pub fn give(&mut self, person: &Id, tasks: usize) {
        *self.open.entry(person.to_string()).or_default() += tasks;
    }

    /// Notes that somebody may get more to do this morning, which [`Staff::choose_again`] heeds.
    pub fn offer(&mut self, person: &Id, tasks: usize) {
        *self.offered.entry(person.to_string()).or_default() += tasks;
    }

    /// Who gets a task of an account. A leader's task goes to the CSM where nobody is above, and so on: a task without
    /// anybody is lost.
    pub fn assignee(&self, owner: &Owner, client: Client<'_>) -> Option<Id> {
        let by_role = |role| self.users.values().find(|user| user.role == role).map(|user| &user.id);
        let person = match owner {
            Owner::Csm => None,
            Owner::Leader => client.leader,
            Owner::Seller => client.seller.and_then(|seller| self.named(seller)),
            Owner::Product => by_role(Role::Product).or(client.leader),
            Owner::LeastLoaded(wanted) => {
                self.least_loaded(wanted, client.language, client.region, |user| self.open_of(&user.id))
            }
        };
        person.or(client.csm).or(client.leader).cloned()
    }

    /// Who of those that fit has the least to do for the hours of a week.
    fn least_loaded(
        &self,
        wanted: &Wanted,
        language: Option<&str>,
        region: Option<&str>,
        tasks: impl Fn(&User) -> usize,
    ) -> Option<&Id> {
        let like = |own: &Option<String>, theirs: Option<&str>| {
            theirs.is_none_or(|theirs| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(theirs)))
        };
        let fits = |user: &&User| {
            let skilled = |skill: &String| user.skills.iter().any(|one| one.trim().eq_ignore_ascii_case(skill));
            user.role == Role::Csm
                && wanted.skill.as_ref().is_none_or(skilled)
                && (!wanted.language || like(&user.language, language))
                && (!wanted.region || like(&user.region, region))
        };
        let load = |user: &User| tasks(user) as f64 / user.hours_per_week.unwrap_or(HOURS_PER_WEEK).max(1.0);
        let fitting = self.users.values().filter(fits);
        fitting.min_by(|a, b| load(a).total_cmp(&load(b)).then_with(|| a.id.cmp(&b.id))).map(|user| &user.id)
    }

    /// Chooses once more who is the least loaded, where the first of a prescription's tasks is for that person, now that it is
    /// known what else is offered this morning. The tasks are due as many working days later as they were.
    pub fn choose_again(&self, tasks: &mut [Task], language: Option<&str>, region: Option<&str>) -> Option<Id> {
        let Task { owner, assignee: before, .. } = tasks.first()?.clone();
        let Owner::LeastLoaded(wanted) = &owner else { return None };
        let offered = |user: &User| self.offered.get(user.id.as_str()).copied().unwrap_or_default();
        let person = self.least_loaded(wanted, language, region, |user| self.open_of(&user.id) + offered(user))?;
        for task in tasks.iter_mut().filter(|task| task.owner == owner && task.assignee == before) {
            let days = (0..=LONGEST).find(|&days| self.due(before.as_ref(), task.opened_on, days) >= task.due_on);
            task.due_on = self.due(Some(person), task.opened_on, days.unwrap_or(LONGEST));
            task.assignee = Some(person.clone());
        }
        Some(person.clone())
    }

    /// Whether a person is still there.
    pub fn has(&self, person: &Id) -> bool {
        self.users.contains_key(person.as_str())
    }

    /// Tasks that a person has open.
    pub fn open_of(&self, person: &Id) -> usize {
        self.open.get(person.as_str()).copied().unwrap_or_default()
    }

    /// Hours that a person has in a week for accounts.
    pub fn hours_per_week(&self, person: &Id) -> f64 {
        self.users.get(person.as_str()).and_then(|user| user.hours_per_week).unwrap_or(HOURS_PER_WEEK)
    }

    /// Whether a person works on the day that begins with the morning `on`.
    pub fn is_working(&self, person: &Id, on: Day) -> bool {
        self.calendar.is_working(self.first_day(Some(person), on), self.region(Some(person)))
    }

    /// The working day of this person on which a task of the morning `on` is due. Days are those of the person's zone and
    /// region; they are counted from the first morning there, at seven, after the company's day has begun.
    pub fn due(&self, person: Option<&Id>, on: Day, working_days: u32) -> Day {
        self.calendar.plus_working_days(self.first_day(person, on), working_days, self.region(person))
    }

    fn first_day(&self, person: Option<&Id>, on: Day) -> Day {
        let user = person.and_then(|person| self.users.get(person.as_str()));
        let Some(zone) = user.and_then(|user| user.timezone.as_deref()).and_then(|zone| Zone::parse(zone).ok()) else {
            return on;
        };
        let begins = self.zone.start_of(on);
        let day = zone.day_of(begins);
        if zone.start_of(day).plus_seconds(MORNING_SECONDS) >= begins { day } else { day + 1 }
    }

    fn region(&self, person: Option<&Id>) -> Option<&str> {
        self.users.get(person?.as_str())?.region.as_deref()
    }

    /// A user by id, or by name.
    fn named(&self, text: &str) -> Option<&Id> {
        let by_name = || self.users.values().find(|user| user.name.eq_ignore_ascii_case(text.trim()));
        self.users.get(text.trim()).or_else(by_name).map(|user| &user.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, role: Role, zone: &str, skills: &[&str], language: &str, hours: f64) -> (String, User) {
        let user = User {
            id: Id::parse(id).unwrap(),
            name: format!("Name {id}"),
            email: format!("{id}@example.com"),
            role,
            manager_id: None,
            timezone: (!zone.is_empty()).then(|| zone.to_owned()),
            language: Some(language.to_owned()),
            region: None,
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            hours_per_week: Some(hours),
        };
        (id.to_owned(), user)
    }

    fn staff() -> Staff {
        let users = [
            user("ann", Role::Csm, "Europe/Berlin", &["Training"], "en", 40.0),
            user("bob", Role::Csm, "America/Vancouver", &["training", "sql"], "fr", 20.0),
            user("cat", Role::Csm, "Pacific/Auckland", &[], "fr", 40.0),
            user("lee", Role::Leader, "", &[], "en", 40.0),
            user("pam", Role::Product, "", &[], "en", 40.0),
        ];
        let open = [("ann".to_owned(), 10), ("bob".to_owned(), 6), ("cat".to_owned(), 1)];
        Staff::new(users.into(), open.into(), Calendar::default(), Zone::parse("Europe/Berlin").unwrap())
    }

    #[test]
    fn a_rule_finds_a_person() {
        let mut staff = staff();
        let id = |text| Id::parse(text).unwrap();
        let (account, csm, leader) = (id("a"), id("ann"), id("lee"));
        let client = Client {
            account: &account,
            csm: Some(&csm),
            leader: Some(&leader),
            language: Some("FR"),
            region: None,
            seller: Some("name cat"),
        };
        let found = |staff: &Staff, rule: &str, client| {
            staff.assignee(&Owner::parse(rule).unwrap(), client).map(|id| id.to_string()).unwrap_or_default()
        };
        assert_eq!(found(&staff, "csm", client), "ann");
        assert_eq!(found(&staff, "leader", client), "lee");
        assert_eq!(found(&staff, "product", client), "pam");
        assert_eq!(found(&staff, "seller", client), "cat");
        assert_eq!(found(&staff, "seller", Client { seller: Some("nobody"), ..client }), "ann", "else the CSM");
        assert_eq!(found(&staff, "least loaded", client), "cat");
        assert_eq!(found(&staff, "least loaded, skill training", client), "ann", "10 of 40 hours against 6 of 20");
        assert_eq!(found(&staff, "least loaded, skill training, language", client), "bob");
        assert_eq!(found(&staff, "least loaded, skill flying", client), "ann", "nobody can: the CSM");
        staff.give(&id("cat"), 30);
        assert_eq!(found(&staff, "least loaded", client), "ann");
        assert_eq!(found(&staff, "csm", Client { csm: None, ..client }), "lee");
    }

    #[test]
    fn days_are_those_of_whoever_does_it() {
        let (staff, id) = (staff(), |text: &str| Id::parse(text).unwrap());
        // A Friday begins in Berlin: it is Thursday afternoon in Vancouver, and Friday noon in Auckland.
        let friday: Day = "2026-11-20".parse().unwrap();
        let due = |person: &str, days| staff.due(Some(&id(person)), friday, days).to_string();
        assert_eq!([due("ann", 0), due("bob", 0), due("cat", 0)], ["2026-11-20", "2026-11-20", "2026-11-23"]);
        assert_eq!([due("ann", 1), due("bob", 3), due("cat", 1)], ["2026-11-23", "2026-11-25", "2026-11-24"]);
        assert!(staff.is_working(&id("ann"), friday) && !staff.is_working(&id("cat"), friday), "Saturday there");
        assert_eq!(staff.due(None, friday + 1, 0).to_string(), "2026-11-23");
    }
}
