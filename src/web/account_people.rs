//! The parts of an account's page that are about people: what ours hold of it, whom we know there, when we last spoke.

use serde_json::{Value, json};

use super::account::AccountDetail;
use super::table::{Cell, Table};
use crate::cli::opinions::told;
use crate::cli::score::beside;
use crate::cycle::OpinionReport;
use crate::digest::clean;
use crate::model::record::{ContactRole, Touch, TouchKind};
use crate::model::{Day, Zone};

/// Characters of a note.
const NOTE: usize = 300;

/// The day on which opinions are looked at: today, or the morning that is asked for.
fn day(detail: &AccountDetail, today: Day) -> Day {
    if detail.prescriptions.is_some() { today } else { detail.known.score.as_of }
}

/// What people hold of the account.
pub(super) fn opinions(detail: &AccountDetail, today: Day) -> Vec<Value> {
    let (score, day) = (&detail.known.score, day(detail, today));
    let line = |one: &OpinionReport| {
        let counted = score.account.opinions.iter().any(|counted| counted.id == one.id);
        let beside = if counted { beside(&score.account, one) } else { String::new() };
        json!({
            "id": one.id, "told": format!("{}{beside}", told(one)), "by": detail.person(&one.by), "on": one.said_on,
            "reason": one.reason, "later": one.kind == "override" && one.said_on > score.as_of,
        })
    };
    detail.known.said.iter().filter(|one| one.holds_on(day)).map(line).collect()
}

/// What was said and has ended, or was taken back.
pub(super) fn ended(detail: &AccountDetail, today: Day) -> Vec<Value> {
    let day = day(detail, today);
    let ended = detail.known.said.iter().filter(|one| one.said_on <= day && !one.holds_on(day));
    let line =
        |one: &OpinionReport| json!({"told": told(one), "by": detail.person(&one.by), "on": one.said_on, "reason": one.reason});
    ended.map(line).collect()
}

/// Whom we know there.
pub(super) fn contacts(detail: &AccountDetail) -> Table {
    let mut table =
        Table::new("Contacts", "Nobody there is known.").column("Name").column("Role").column("Mail address").column("Left on");
    for one in &detail.known.contacts {
        let left = one.left_on.map_or_else(String::new, |day| day.to_string());
        table.row([
            Cell::text(&one.name),
            Cell::text(one.role.map_or("–", ContactRole::word)),
            Cell::text(one.email.as_deref().unwrap_or("–")),
            Cell::text(left).coloured("day bad"),
        ]);
    }
    table
}

/// When we last spoke.
pub(super) fn touches(detail: &AccountDetail, zone: &Zone) -> Table {
    let mut table = Table::new("The last touches, the newest first", "No touch is known.")
        .column("When")
        .column("How")
        .column("By")
        .column("Both spoke")
        .number("Mood")
        .column("Note");
    for one in &detail.known.touches {
        let mood = one.sentiment.map_or_else(|| "–".to_owned(), |mood| mood.to_string().replace('-', "−"));
        table.row([
            Cell::day(zone.day_of(one.at)),
            Cell::text(kind(one)),
            Cell::text(one.by.as_ref().map_or("–", |by| detail.person(by.as_str()))),
            Cell::text(if one.is_two_way() { "yes" } else { "no" }),
            Cell::number(mood),
            Cell::text(clean(one.note.as_deref().unwrap_or_default(), NOTE)),
        ]);
    }
    table
}

fn kind(touch: &Touch) -> String {
    let began = match touch.proactive {
        Some(true) => ", ours",
        Some(false) => ", theirs",
        None => "",
    };
    format!("{}{began}", TouchKind::word(touch.kind))
}
