//! From what a cycle found to the texts of the mail.

use super::context::{BandCell, BookLine, ChangeLine, CsmDigest, FactorLine, Notice, ReviewLine, Section, TaskLine, UnknownLine};
use super::input::{Book, ChangeItem, CsmInputs, ReviewItem, TaskItem, UnknownItem};
use crate::digest::{LIST_LIMIT, Top, clean, long_day, short_day};
use crate::health::Band;
use crate::model::{Day, Id, Money};

/// Characters of a name.
const NAME: usize = 120;
/// Characters of a sentence.
const SENTENCE: usize = 300;
/// Factors shown for one account.
const FACTORS: usize = 4;

impl CsmDigest {
    /// The digest. `web_url` is where links point, without a slash at its end; where it is empty, or
    /// neither http nor https, the mail has no links.
    pub fn build(inputs: &CsmInputs, web_url: &str) -> CsmDigest {
        let on = inputs.on;
        let links = Links::new(web_url);
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
            todo: section(&inputs.tasks, links.page("tasks"), |place, task| task_line(place, task, on, &links)),
            changed: section(&inputs.changes, links.page("accounts"), |_, change| change_line(change, &links)),
            reviewed: section(&inputs.reviews, links.page("tasks"), |_, review| review_line(review, &links)),
            unknown: section(&inputs.unknown, links.page("accounts"), |_, unknown| unknown_line(unknown, &links)),
            book: book_line(&inputs.book, &links),
            home: links.page(""),
        }
    }
}

/// Addresses of pages, or nothing.
struct Links(Option<String>);

impl Links {
    fn new(web_url: &str) -> Links {
        let known = web_url.starts_with("https://") || web_url.starts_with("http://");
        Links(known.then(|| web_url.trim_end_matches('/').to_owned()))
    }

    fn page(&self, path: &str) -> String {
        self.0.as_ref().map_or_else(String::new, |base| format!("{base}/{path}"))
    }

    fn account(&self, id: &Id) -> String {
        let escaped = id.as_str().bytes().map(|byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
            if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        });
        self.page(&format!("accounts/{}", escaped.collect::<String>()))
    }
}

fn section<T, L>(top: &Top<T>, link: String, line: impl Fn(usize, &T) -> L) -> Section<L> {
    let rows: Vec<L> = top.kept().iter().enumerate().map(|(place, item)| line(place + 1, item)).collect();
    let more = match top.total() - rows.len() {
        0 => String::new(),
        1 => "1 more is not shown here.".to_owned(),
        hidden => format!("{hidden} more are not shown here."),
    };
    Section { any: !rows.is_empty(), total: top.total().to_string(), rows, more, link }
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
            format!("{}: {} ({})", clean(&task.account_name, NAME), clean(&task.title, NAME), due(task, on))
        }
        (None, Some(change)) => format!("{}: {}", clean(&change.account_name, NAME), scores(change)),
        (None, None) => counted(inputs.book.accounts, "account"),
    }
}

fn notices(inputs: &CsmInputs) -> Vec<Notice> {
    let mut texts: Vec<String> = inputs
        .stale
        .iter()
        .take(LIST_LIMIT)
        .map(|stale| {
            let source = clean(&stale.source, NAME);
            let what = clean(&stale.what, NAME);
            let since = short_day(stale.since);
            if what.is_empty() {
                format!("{source} has had no new data since {since}.")
            } else {
                format!("{source} ({what}) has had no new data since {since}.")
            }
        })
        .collect();
    if inputs.stale.len() > LIST_LIMIT {
        texts.push(format!("{} more sources are behind.", inputs.stale.len() - LIST_LIMIT));
    }
    if !inputs.paused_plays.is_empty() {
        let plays: Vec<String> = inputs.paused_plays.iter().take(LIST_LIMIT).map(|play| clean(play, NAME)).collect();
        let hidden = inputs.paused_plays.len() - plays.len();
        let rest = if hidden == 0 { String::new() } else { format!(" and {hidden} more") };
        texts.push(format!("Waiting for fresh data, so nothing was prescribed by: {}{rest}.", plays.join(", ")));
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
        texts.push("As-of approximated: some records of this day were pulled later, and count from their own dates.".to_owned());
    }
    texts.into_iter().map(|text| Notice { text }).collect()
}

fn task_line(place: usize, task: &TaskItem, on: Day, links: &Links) -> TaskLine {
    TaskLine {
        number: place.to_string(),
        account: clean(&task.account_name, NAME),
        title: clean(&task.title, NAME),
        due: due(task, on),
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
        link: links.account(&task.account_id),
    }
}

fn due(task: &TaskItem, on: Day) -> String {
    match on - task.due_on {
        days if days > 0 => format!("{} overdue", counted(days.unsigned_abs() as usize, "day")),
        _ if task.due_on <= on => "due today".to_owned(),
        _ => format!("due {}", short_day(task.due_on)),
    }
}

fn change_line(change: &ChangeItem, links: &Links) -> ChangeLine {
    let shown = change.factors.iter().take(FACTORS);
    let hidden = change.factors.len().saturating_sub(FACTORS);
    ChangeLine {
        account: clean(&change.account_name, NAME),
        scores: scores(change),
        points: match (change.score, change.previous) {
            // The difference of the figures that are shown, so that a reader can check it.
            (Some(score), Some(previous)) => signed(score.round() - previous.round(), 0),
            _ => String::new(),
        },
        bands: if change.band == change.previous_band {
            band_label(change.band).to_owned()
        } else {
            format!("{} → {}", band_label(change.previous_band), band_label(change.band))
        },
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

fn scores(change: &ChangeItem) -> String {
    let score = |score: Option<f64>| score.map_or_else(|| "unknown".to_owned(), |score| format!("{:.0}", score.round()));
    format!("{} → {}", score(change.previous), score(change.score))
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

fn book_line(book: &Book, links: &Links) -> BookLine {
    let bands = [
        (Band::AtRisk, book.at_risk, "#b42318"),
        (Band::Watch, book.watch, "#8a5a00"),
        (Band::Healthy, book.healthy, "#1a7347"),
        (Band::Unknown, book.unknown, "#5b6470"),
    ];
    let shares = percents(bands.map(|(_, count, _)| count));
    let sums: Vec<String> = book.arr.iter().copied().map(amount).collect();
    BookLine {
        any: book.accounts > 0,
        accounts: counted(book.accounts, "account"),
        arr: if sums.is_empty() { String::new() } else { format!("{} a year", sums.join(" and ")) },
        bands: bands
            .iter()
            .zip(shares)
            .map(|((band, count, colour), percent)| BandCell {
                label: band_label(*band).to_owned(),
                count: count.to_string(),
                any: *count > 0,
                percent: percent.to_string(),
                colour: (*colour).to_owned(),
            })
            .collect(),
        link: links.page("accounts"),
    }
}

/// Whole per cents that make 100: each share rounded down, and what is left given to the largest remainders (Hamilton).
fn percents(counts: [usize; 4]) -> [usize; 4] {
    let total: usize = counts.iter().sum();
    if total == 0 {
        return [0; 4];
    }
    let mut shares = counts.map(|count| count * 100 / total);
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|&place: &usize| (std::cmp::Reverse(counts[place] * 100 % total), place));
    let left = 100 - shares.iter().sum::<usize>();
    for &place in order.iter().take(left) {
        shares[place] += 1;
    }
    shares
}

fn band_label(band: Band) -> &'static str {
    match band {
        Band::AtRisk => "At risk",
        Band::Watch => "Watch",
        Band::Healthy => "Healthy",
        Band::Unknown => "Unknown",
    }
}

/// `−12.0` with the sign that typographers use; a zero has none.
fn signed(points: f64, decimals: usize) -> String {
    let figure = format!("{:.decimals$}", points.abs());
    match () {
        () if figure.bytes().all(|b| b == b'0' || b == b'.') => figure,
        () if points < 0.0 => format!("−{figure}"),
        () => format!("+{figure}"),
    }
}

/// With a blank at which no line is broken.
fn amount(money: Money) -> String {
    money.to_string().replace(' ', "\u{A0}")
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_headline_counts_all_and_not_only_what_is_shown() {
        let mut inputs = CsmInputs::sample();
        let task = inputs.tasks.kept()[0].clone();
        for number in 0..1000 {
            inputs.task(TaskItem { id: format!("extra{number}"), due_on: inputs.on - 1, ..task.clone() });
        }
        let digest = CsmDigest::build(&inputs, "");
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
            let todo = CsmDigest::build(&inputs, "").todo;
            assert_eq!((todo.any, todo.rows.len(), todo.more.as_str()), (count > 0, shown, more));
        }
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

    #[test]
    fn links_need_a_web_address_and_hold_any_id() {
        let links = Links::new("https://cs.example.com/");
        assert_eq!(links.account(&Id::parse("a/b?c").unwrap()), "https://cs.example.com/accounts/a%2Fb%3Fc");
        assert_eq!(Links::new("javascript:alert(1)").page("tasks"), "");
        assert_eq!(Links::new("").page("tasks"), "");
    }

    #[test]
    fn points_carry_their_sign() {
        let written = [(-12.04, 1), (5.0, 1), (0.04, 1), (-0.4, 0)].map(|(points, decimals)| signed(points, decimals));
        assert_eq!(written, ["−12.0", "+5.0", "0.0", "0"]);
    }

    proptest! {
        #[test]
        fn shares_make_a_hundred(counts in [0usize..5000, 0usize..5000, 0usize..5000, 0usize..5000]) {
            let sum: usize = percents(counts).iter().sum();
            prop_assert_eq!(sum, if counts.iter().sum::<usize>() == 0 { 0 } else { 100 });
        }
    }
}
