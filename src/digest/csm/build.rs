//! From what a cycle found to the texts of the mail.

use super::context::{ChangeLine, CsmDigest, FactorLine, ReviewLine, StagedLine, TaskLine, UnknownLine};
use super::input::{ChangeItem, CsmInputs, ReviewItem, StagedItem, StaleItem, TaskItem, UnknownItem};
use crate::digest::parts::{Links, NAME, SENTENCE, amount, counted, section, signed};
use crate::digest::{APPROXIMATED, BookLine, Kind, LIST_LIMIT, Notice, band_label, clean, long_day, short_day};
use crate::health::Band;
use crate::model::Day;

/// Factors shown for one account.
const FACTORS: usize = 4;

impl CsmDigest {
    /// The digest, with these links.
    pub fn build(inputs: &CsmInputs, links: &Links) -> CsmDigest {
        let on = inputs.on;
        CsmDigest {
            language: "en".to_owned(),
            company: clean(&inputs.company, NAME),
            reader: clean(&inputs.reader.name, NAME),
            day: long_day(on),
            day_short: short_day(on),
            zone: inputs.reader.zone.name().to_owned(),
            headline: headline(inputs),
            preheader: preheader(inputs, on),
            quiet: inputs.is_empty(),
            notices: notices(inputs),
            todo: section(&inputs.tasks, links.page("tasks"), |place, task| task_line(place, task, on, links)),
            changed: section(&inputs.changes, links.page("accounts"), |_, change| change_line(change, links)),
            reviewed: section(&inputs.reviews, links.page("tasks"), |_, review| review_line(review, links)),
            staged: section(&inputs.staged, String::new(), |_, staged| staged_line(staged, on)),
            unknown: section(&inputs.unknown, links.page("accounts"), |_, unknown| unknown_line(unknown, links)),
            book: BookLine::of(&inputs.book, links),
            home: links.page(""),
            unsubscribe: links.off(Kind::Csm, &inputs.reader.id),
        }
    }
}

fn headline(inputs: &CsmInputs) -> String {
    let mut parts = vec![match (inputs.tasks.total(), inputs.overdue) {
        (0, _) => "Nothing to do".to_owned(),
        (all, 0) => format!("{all} to do"),
        (all, overdue) => format!("{all} to do ({overdue} overdue)"),
    }];
    if inputs.changes.total() > 0 {
        parts.push(format!("{} changed", counted(inputs.changes.total(), "account")));
    }
    if !inputs.stale.is_empty() {
        parts.push(format!("{} behind", counted(inputs.stale.len(), "source")));
    }
    parts.join(", ")
}

fn preheader(inputs: &CsmInputs, on: Day) -> String {
    match (inputs.tasks.kept().first(), inputs.changes.kept().first()) {
        (Some(task), _) => {
            format!("{}: {} ({})", clean(&task.account_name, NAME), clean(&task.title, NAME), task.due(on))
        }
        (None, Some(change)) => format!("{}: {}", clean(&change.account_name, NAME), change.scores()),
        (None, None) => counted(inputs.book.accounts, "account"),
    }
}

/// Which sources are behind, for people.
pub fn behind(stale: &[StaleItem]) -> Vec<String> {
    let mut texts: Vec<String> = stale
        .iter()
        .take(LIST_LIMIT)
        .map(|stale| {
            let source = clean(&stale.source, NAME);
            let what = clean(&stale.what, NAME);
            let since = short_day(stale.since);
            let refused = stale.refused.as_ref().map(|reason| clean(reason, SENTENCE));
            let because =
                refused.as_ref().map_or_else(String::new, |reason| format!(" Nothing was taken in this time: {reason}"));
            if what.is_empty() {
                format!("{source}:{because}")
            } else {
                format!("{source}: {what} are known up to {since} and shown as of then; plays that need them wait.{because}")
            }
        })
        .collect();
    if stale.len() > LIST_LIMIT {
        texts.push(format!("{} more sources are behind.", stale.len() - LIST_LIMIT));
    }
    texts
}

fn notices(inputs: &CsmInputs) -> Vec<Notice> {
    let mut texts = behind(&inputs.stale);
    if !inputs.paused_plays.is_empty() {
        let plays: Vec<String> = inputs.paused_plays.iter().take(LIST_LIMIT).map(|play| clean(play, NAME)).collect();
        let hidden = inputs.paused_plays.len() - plays.len();
        let rest = if hidden == 0 { String::new() } else { format!(" and {hidden} more") };
        texts.push(format!("Waiting for fresh data, so nothing was prescribed by: {}{rest}.", plays.join(", ")));
    }
    for (from, count) in inputs.moved.iter().take(LIST_LIMIT) {
        let from = clean(from, NAME);
        texts.push(format!("{} came to you from {from}: their accounts are yours now.", counted(*count, "open task")));
    }
    if inputs.waiting > 0 {
        let (more, wait) =
            if inputs.waiting == 1 { ("less urgent prescription", "waits") } else { ("less urgent prescriptions", "wait") };
        texts.push(format!("Your day is full: {} {more} {wait} for a later one.", inputs.waiting));
    }
    texts.extend(inputs.ending.kept().iter().map(|ending| {
        let account = clean(&ending.account_name, NAME);
        let (score, day) = (ending.score.round(), short_day(ending.ends_on));
        format!("{account}: the score that was set to {score:.0} by hand goes back to the computed one on {day}, unless it is set again.")
    }));
    if inputs.ending.total() > inputs.ending.kept().len() {
        texts.push(format!("{} more overrides end within a week.", inputs.ending.total() - inputs.ending.kept().len()));
    }
    if inputs.approximated {
        texts.push(APPROXIMATED.to_owned());
    }
    texts.into_iter().map(|text| Notice { text }).collect()
}

fn task_line(place: usize, task: &TaskItem, on: Day, links: &Links) -> TaskLine {
    TaskLine {
        number: place.to_string(),
        account: clean(&task.account_name, NAME),
        title: clean(&task.title, NAME),
        due: task.due(on),
        overdue: task.due_on < on,
        escalated: task.escalated,
        arr: task.arr.map_or_else(String::new, |arr| format!("{} a year", amount(arr))),
        attempt: match task.attempt {
            0 | 1 => String::new(),
            2 => "second attempt".to_owned(),
            3 => "third attempt".to_owned(),
            more => format!("attempt {more}"),
        },
        why: clean(&task.why, SENTENCE),
        solution: clean(&task.solution, SENTENCE),
        solution_link: if task.solution_name.is_empty() { String::new() } else { links.below("solutions", &task.solution_name) },
        task_link: links.below("tasks", &task.id),
        link: links.account(&task.account_id),
    }
}

/// An end that is so far off says nothing of this morning's work. Days.
const FAR_DAYS: i32 = 180;

fn staged_line(staged: &StagedItem, on: Day) -> StagedLine {
    StagedLine {
        record: format!("{} ({})", clean(&staged.name, NAME), clean(&staged.record, NAME)),
        stage: clean(&staged.stage, SENTENCE),
        pipeline: clean(&staged.pipeline, SENTENCE),
        when: staged.when(on),
        overdue: staged.ends_on.is_some_and(|day| day < on),
    }
}

impl TaskItem {
    /// `3 days overdue`.
    pub fn due(&self, on: Day) -> String {
        match on - self.due_on {
            days if days > 0 => format!("{} overdue", counted(days.unsigned_abs() as usize, "day")),
            _ if self.due_on <= on => "due today".to_owned(),
            _ => format!("due {}", short_day(self.due_on)),
        }
    }
}

impl StagedItem {
    /// Until when it may stay, or since when it is there: `goes back tomorrow`.
    pub fn when(&self, on: Day) -> String {
        let end = if self.goes_back { "goes back" } else { "ends" };
        match self.ends_on {
            Some(day) if day < on => format!("{} over", counted((on - day).unsigned_abs() as usize, "day")),
            Some(day) if day == on => format!("{end} today"),
            Some(day) if day == on + 1 => format!("{end} tomorrow"),
            Some(day) if day - on < FAR_DAYS => format!("{end} {}", short_day(day)),
            // A day that is told without its year is one of this year.
            _ => format!("since {}", short_day(self.since)),
        }
    }
}

fn change_line(change: &ChangeItem, links: &Links) -> ChangeLine {
    let shown = change.factors.iter().take(FACTORS);
    let hidden = change.factors.len().saturating_sub(FACTORS);
    ChangeLine {
        account: clean(&change.account_name, NAME),
        scores: change.scores(),
        points: change.gained(),
        bands: change.bands(),
        risk: clean(&change.risk, SENTENCE),
        worse: change.points() < 0.0 || change.band == Band::Unknown,
        factors: shown
            .map(|(text, points)| FactorLine { text: clean(text, NAME), points: signed(*points, 1), worse: *points < 0.0 })
            .collect(),
        more: match hidden {
            0 => String::new(),
            1 => "and 1 more".to_owned(),
            _ => format!("and {hidden} more"),
        },
        link: links.account(&change.account_id),
    }
}

impl ChangeItem {
    /// `72 → 58`.
    pub fn scores(&self) -> String {
        let score = |score: Option<f64>| score.map_or_else(|| "unknown".to_owned(), |score| format!("{:.0}", score.round()));
        format!("{} → {}", score(self.previous), score(self.score))
    }

    /// The difference of the figures that are shown, so that a reader can check it; empty where one is unknown.
    pub fn gained(&self) -> String {
        let both = self.score.zip(self.previous);
        both.map_or_else(String::new, |(score, previous)| signed(score.round() - previous.round(), 0))
    }

    /// `watch → at risk`.
    pub fn bands(&self) -> String {
        if self.band == self.previous_band {
            return band_label(self.band).to_owned();
        }
        format!("{} → {}", band_label(self.previous_band), band_label(self.band))
    }
}

fn review_line(review: &ReviewItem, links: &Links) -> ReviewLine {
    ReviewLine {
        account: clean(&review.account_name, NAME),
        play: clean(&review.play, NAME),
        outcome: clean(&review.outcome, SENTENCE),
        next: clean(&review.next, SENTENCE),
        link: links.account(&review.account_id),
    }
}

fn unknown_line(unknown: &UnknownItem, links: &Links) -> UnknownLine {
    UnknownLine {
        account: clean(&unknown.account_name, NAME),
        why: clean(&unknown.why, SENTENCE),
        link: links.account(&unknown.account_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;
    use crate::playbook::Severity;

    #[test]
    fn the_headline_counts_all_and_not_only_what_is_shown() {
        let mut inputs = CsmInputs::sample();
        let task = inputs.tasks.kept()[0].clone();
        for number in 0..1000 {
            inputs.task(TaskItem { id: format!("extra{number}"), due_on: inputs.on - 1, ..task.clone() });
        }
        let digest = CsmDigest::build(&inputs, &Links::default());
        let total = inputs.tasks.total();
        assert_eq!(digest.todo.rows.len(), 10);
        assert_eq!(digest.todo.total, total.to_string());
        assert_eq!(digest.todo.more, format!("{} more are not shown here.", total - 10));
        assert!(digest.headline.starts_with(&format!("{total} to do ({} overdue)", inputs.overdue)), "{}", digest.headline);
    }

    #[test]
    fn lists_are_cut_after_ten() {
        let task = CsmInputs::sample().tasks.kept()[0].clone();
        for (count, shown, more) in [
            (0, 0, ""),
            (1, 1, ""),
            (10, 10, ""),
            (11, 10, "1 more is not shown here."),
            (1000, 10, "990 more are not shown here."),
        ] {
            let mut inputs = CsmInputs::new(CsmInputs::sample().reader, "", CsmInputs::sample_day());
            for number in 0..count {
                inputs.task(TaskItem { id: number.to_string(), ..task.clone() });
            }
            let todo = CsmDigest::build(&inputs, &Links::default()).todo;
            assert_eq!((todo.any, todo.rows.len(), todo.more.as_str()), (count > 0, shown, more));
        }
    }

    #[test]
    fn what_is_grave_stands_before_what_is_old() {
        let (mut inputs, task) = (CsmInputs::sample(), CsmInputs::sample().tasks.kept()[0].clone());
        let on = inputs.on;
        (inputs.tasks, inputs.overdue) = (crate::digest::Top::default(), 0);
        let plain = TaskItem { severe: false, escalated: false, severity: Severity::Low, due_on: on - 200, ..task };
        for number in 0..12 {
            inputs.task(TaskItem { id: format!("old{number}"), ..plain.clone() });
        }
        inputs.task(TaskItem { id: "medium".to_owned(), severity: Severity::Medium, due_on: on - 1, ..plain.clone() });
        inputs.task(TaskItem { id: "high".to_owned(), severity: Severity::High, due_on: on + 9, ..plain.clone() });
        inputs.task(TaskItem { id: "leader".to_owned(), escalated: true, due_on: on + 2, ..plain.clone() });
        inputs.task(TaskItem { id: "notice".to_owned(), severe: true, due_on: on + 3, ..plain.clone() });
        let order: Vec<&str> = inputs.tasks.kept().iter().map(|task| task.id.as_str()).collect();
        assert_eq!(order[..5], ["notice", "leader", "high", "medium", "old0"]);
        assert_eq!((inputs.tasks.total(), inputs.overdue), (16, 13), "all are counted");
    }

    #[test]
    fn what_got_worse_comes_first() {
        let change = CsmInputs::sample().changes.kept()[0].clone();
        let mut inputs = CsmInputs::new(CsmInputs::sample().reader, "", CsmInputs::sample_day());
        for (id, previous, score, previous_band, band) in [
            ("rise", Some(20.0), Some(90.0), Band::AtRisk, Band::Healthy),
            ("slip", Some(69.0), Some(60.0), Band::Watch, Band::Watch),
            ("fall", Some(71.0), Some(69.0), Band::Healthy, Band::Watch),
            ("lost", Some(50.0), None, Band::Watch, Band::Unknown),
        ] {
            let id = Id::parse(id).unwrap();
            inputs.change(ChangeItem { account_id: id, previous, score, previous_band, band, ..change.clone() });
        }
        let order: Vec<&str> = inputs.changes.kept().iter().map(|change| change.account_id.as_str()).collect();
        assert_eq!(order, ["fall", "lost", "slip", "rise"]);
    }
}
