//! All that the CS team has written: plays, solutions, and what first value means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cadence::Cadence;
use super::occasion::{Date, Night, Occasion, OccasionOf};
use super::spec::did_you_mean;
use super::{Owner, Play, Solution};
use crate::signals::condition::{Fault, Subject};
use crate::value::FirstValue;

/// The contents of the playbook folder, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// By name.
    pub plays: BTreeMap<String, Arc<Play>>,
    /// By name.
    pub solutions: BTreeMap<String, Solution>,
    /// In the order in which they are asked whether they serve an account.
    pub first_values: Vec<FirstValue>,
    /// How often accounts are to be spoken with.
    pub cadence: Cadence,
}

/// The folders of a playbook; scorecards are read by health, pipelines by the folder of their name.
const FOLDERS: [&str; 6] = ["plays", "solutions", "first-value", "scorecards", "pipelines", "cadence"];

impl Library {
    /// Reads the files of a playbook folder, given as relative path (`plays/use-fell.yaml`) and text, or says
    /// everything that is wrong with them. Files that end neither in `.yaml` nor in `.md` are left alone.
    pub fn load(files: &[(String, String)]) -> Result<Library, Vec<Fault>> {
        let mut files: Vec<&(String, String)> = files.iter().collect();
        files.sort();
        let mut problems = Vec::new();
        let mut library = Library::default();
        for (path, text) in files.iter().filter(|(path, _)| in_folder(path, "solutions", ".md")) {
            match Solution::parse(path, text) {
                Ok(solution) => drop(library.solutions.insert(solution.name.clone(), solution)),
                Err(problem) => problems.push(problem),
            }
        }
        // A solution that is there but broken is not reported as missing as well.
        let written = files.iter().filter(|(path, _)| in_folder(path, "solutions", ".md"));
        let names: Vec<&str> = written.filter_map(|(path, _)| path.rsplit('/').next()?.strip_suffix(".md")).collect();
        for (path, text) in files {
            if in_folder(path, "plays", ".yaml") {
                match Play::parse(path, text, &names) {
                    Ok(play) => library.add_play(text, play, &mut problems),
                    Err(more) => problems.extend(more),
                }
            } else if in_folder(path, "first-value", ".yaml") {
                match FirstValue::parse(path, text) {
                    Ok(definition) => library.add_first_value(path, text, definition, &mut problems),
                    Err(problem) => problems.push(problem),
                }
            } else if in_folder(path, "cadence", ".yaml") {
                match Cadence::parse(path, text) {
                    Ok(cadence) => library.cadence = cadence,
                    Err(more) => problems.extend(more),
                }
            } else {
                problems.extend(stray(path));
            }
        }
        library.check_helps(&mut problems);
        // Those with a condition are asked first, the one for all others last.
        library.first_values.sort_by(|a, b| (a.serves.is_none(), &a.name).cmp(&(b.serves.is_none(), &b.name)));
        if problems.is_empty() { Ok(library) } else { Err(problems) }
    }

    /// The files that come with longroad; what a company has not replaced.
    pub fn shipped() -> Result<Library, Vec<Fault>> {
        let files = super::shipped().iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
        Library::load(&files.collect::<Vec<_>>())
    }

    /// The solution with this name; those that plays name are always there.
    pub fn solution(&self, name: &str) -> Option<&Solution> {
        self.solutions.get(name)
    }

    /// The night with the account's cadence of contacts, where the occasion hangs on it.
    pub(super) fn with_cadence<'n>(&self, occasion: &Occasion, subject: &Subject<'_>, night: Night<'n>) -> Night<'n> {
        match occasion.of {
            OccasionOf::Date(Date::NextContact, _) => Night { contact_days: self.cadence.days_of(subject), ..night },
            _ => night,
        }
    }

    /// The kinds of events that plays act on, and for how many days the longest of them makes sense.
    pub fn watched_events(&self) -> (Vec<&str>, i32) {
        let (mut kinds, mut within) = (Vec::new(), 0);
        for occasion in self.plays.values().filter_map(|play| play.occasion.as_ref()) {
            if let OccasionOf::Event(more) = &occasion.of {
                kinds.extend(more.iter().map(String::as_str));
                within = within.max(occasion.within_days.cast_signed());
            }
        }
        (kinds, within)
    }

    /// The stages that plays wait for (`pipeline/stage`), and for how many days the longest of them makes sense.
    pub fn watched_stages(&self) -> (BTreeSet<&str>, i32) {
        let of = |play: &'_ Arc<Play>| play.occasion.as_ref().map_or(0, |occasion| occasion.within_days.cast_signed());
        let within = self.stages().map(|(play, ..)| of(play)).max().unwrap_or_default();
        (self.stages().map(|(_, name, ..)| name).collect(), within)
    }

    /// Plays that wait for a stage: its name, and where that stands.
    fn stages(&self) -> impl Iterator<Item = (&Arc<Play>, &str, u64, u64)> {
        self.plays.values().filter_map(|play| match &play.occasion.as_ref()?.of {
            OccasionOf::Stage { name, line, column } => Some((play, name.as_str(), *line, *column)),
            _ => None,
        })
    }

    /// Plays that wait for a stage which is none of these (`pipeline/stage`).
    pub fn unknown_stages(&self, known: &[String]) -> Vec<Fault> {
        let unknown = self.stages().filter(|(_, name, ..)| !known.iter().any(|one| one == name));
        let fault = |(play, name, line, column): (&Arc<Play>, &str, u64, u64)| {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            Fault { file: play.file.clone(), line, column, reason: format!("there is no stage `{name}`{hint}") }
        };
        unknown.map(fault).collect()
    }

    /// What plays do otherwise than their examples say.
    pub fn failures(&self) -> Vec<Fault> {
        let of = |play: &Arc<Play>| play.examples.iter().filter_map(|example| example.failure(self, play)).collect::<Vec<_>>();
        self.plays.values().flat_map(of).collect()
    }

    /// How many examples the plays have.
    pub fn examples(&self) -> usize {
        self.plays.values().map(|play| play.examples.len()).sum()
    }

    /// Whether a play gives tasks to sellers.
    pub fn asks_seller(&self) -> bool {
        let steps =
            |play: &Play| play.remedies.iter().flat_map(|remedy| &remedy.tasks).any(|step| step.owner == Some(Owner::Seller));
        self.plays.values().any(|play| [&play.owner, &play.hand_to].contains(&&Owner::Seller) || steps(play))
    }

    /// Days for which a closed prescription can still keep a play from acting.
    pub fn memory_days(&self) -> i32 {
        let of = |play: &Arc<Play>| {
            let within = play.occasion.as_ref().map_or(0, |occasion| occasion.within_days);
            play.cooldown_days.max(within).max(play.at_most.map_or(0, |(_, in_days)| in_days))
        };
        self.plays.values().map(of).max().unwrap_or_default().cast_signed()
    }

    fn add_play(&mut self, text: &str, play: Play, problems: &mut Vec<Fault>) {
        if let Some(other) = self.plays.get(&play.name) {
            let reason = format!("a play named `{}` is in {} already", play.name, other.file);
            problems.push(Fault::of_name(&play.file, text, reason));
        } else {
            self.plays.insert(play.name.clone(), Arc::new(play));
        }
    }

    fn add_first_value(&mut self, path: &str, text: &str, definition: FirstValue, problems: &mut Vec<Fault>) {
        if self.first_values.iter().any(|one| one.name == definition.name) {
            let reason = format!("a first value named `{}` is in another file already", definition.name);
            problems.push(Fault::of_name(path, text, reason));
        }
        if definition.serves.is_none() && self.first_values.iter().any(|one| one.serves.is_none()) {
            problems.push(Fault::whole(path, "only one first value may be without `serves`: the one for all other accounts"));
        }
        self.first_values.push(definition);
    }

    fn check_helps(&self, problems: &mut Vec<Fault>) {
        // The names of broken plays are not known; the check waits until those are mended.
        if !problems.is_empty() {
            return;
        }
        for solution in self.solutions.values() {
            for (play, line) in solution.helps.iter().filter(|(play, _)| !self.plays.contains_key(play)) {
                let hint = did_you_mean(play, self.plays.keys().map(String::as_str));
                problems.push(Fault {
                    file: format!("solutions/{}.md", solution.name),
                    line: *line,
                    column: 1,
                    reason: format!("`for` names `{play}`, and there is no such play{hint}"),
                });
            }
        }
    }
}

fn in_folder(path: &str, folder: &str, ending: &str) -> bool {
    path.ends_with(ending) && path.split_once('/').is_some_and(|(first, _)| first == folder)
}

/// A file that looks as if it were meant and would be passed over.
fn stray(path: &str) -> Option<Fault> {
    let folder = path.split_once('/').map_or("", |(first, _)| first);
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match folder {
        _ if ending == "yml" || ending.eq_ignore_ascii_case("yaml") && ending != "yaml" => {
            Some(Fault::whole(path, "must end in .yaml to be read"))
        }
        _ if ending != "yaml" => None,
        "solutions" => Some(Fault::whole(path, "a solution is a Markdown file, ending in .md")),
        folder if FOLDERS.contains(&folder) => None,
        _ => Some(Fault::whole(path, format!("lies in none of the folders {}", FOLDERS.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::condition::Name;

    #[test]
    fn what_is_shipped_is_sound() {
        let library = Library::shipped().unwrap_or_else(|problems| panic!("{problems:?}"));
        assert!(library.plays.len() >= 5 && !library.first_values.is_empty());
        let helped: Vec<&str> =
            library.solutions.values().flat_map(|one| one.helps.iter().map(|(play, _)| play.as_str())).collect();
        assert_eq!(library.failures(), [], "an example fails");
        let remedies = |play: &Play| {
            play.remedies.iter().flat_map(|remedy| &remedy.tasks).map(|step| step.solution.clone()).collect::<Vec<_>>()
        };
        let changes = |play: &Play| match &play.then {
            crate::playbook::Then::ChangeTo(names) => names.clone(),
            _ => Vec::new(),
        };
        let used: Vec<String> = library.plays.values().flat_map(|play| [remedies(play), changes(play)].concat()).collect();
        for solution in library.solutions.values() {
            assert!(used.contains(&solution.name), "no play prescribes {}", solution.name);
            let head = &solution.head;
            for part in [&head.dose, &head.side_effects, &head.worked] {
                assert!(!part.is_empty() && !head.size.is_empty(), "the head of {} is not whole", solution.name);
            }
        }
        for play in library.plays.values() {
            assert!(play.examples.iter().len() > 0, "{} has no example", play.name);
            assert!(helped.contains(&play.name.as_str()), "no solution says that it is for {}", play.name);
            assert!(play.why.iter().any(|name| matches!(name, Name::Signal(_))), "{} prints no evidence", play.name);
        }
    }

    #[test]
    fn the_shipped_list_is_the_folder() {
        let mut found = Vec::new();
        for folder in FOLDERS {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks").join(folder);
            let Ok(entries) = std::fs::read_dir(path) else { continue };
            found.extend(entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy())));
        }
        found.sort();
        let mut shipped: Vec<String> = crate::playbook::shipped().iter().map(|(path, _)| (*path).to_owned()).collect();
        shipped.sort();
        assert_eq!(shipped, found);
    }

    #[test]
    fn problems_of_the_whole_folder_are_told_at_once() {
        let play = |name: &str| {
            format!(
                "name: {name}\ntitle: t\nwhen: champion_left\nrecovered: champions > 0\n\
                 tasks: [{{title: t, solution: call, due_in_working_days: 1}}]\n"
            )
        };
        let value = |name: &str| format!("name: {name}\ntitle: t\nmeasure: {{active_days: 3}}\ndeadline_days: 9\n");
        let solution = "---\ntitle: t\nfor: [chmpion]\n---\ntext\n".to_owned();
        let files =
            |list: &[(&str, String)]| list.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect::<Vec<_>>();
        let said = |list: &[(&str, String)]| {
            Library::load(&files(list)).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&[
                ("plays/a.yaml", play("champion")),
                ("plays/b.yaml", play("champion")),
                ("plays/c.yml", play("c")),
                ("play/d.yaml", play("d")),
                ("first-value/a.yaml", value("a")),
                ("first-value/b.yaml", value("b")),
                ("solutions/call.md", solution.clone()),
                ("README.txt", String::new()),
            ]),
            [
                "first-value/b.yaml: only one first value may be without `serves`: the one for all other accounts",
                "play/d.yaml: lies in none of the folders plays, solutions, first-value, scorecards, pipelines, cadence",
                "plays/b.yaml:1:7: a play named `champion` is in plays/a.yaml already",
                "plays/c.yml: must end in .yaml to be read",
            ]
        );
        assert_eq!(
            said(&[("plays/a.yaml", play("champion")), ("solutions/call.md", solution)]),
            ["solutions/call.md:3:1: `for` names `chmpion`, and there is no such play; did you mean `champion`?"]
        );
    }
}
