//! Honest determinism: what people see follows from the facts known by then, whatever the database, the order of the rows,
//! the night on which it is looked at, and whatever became known afterwards.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use longroad::demo::{Company, demo_config};
use longroad::model::Day;
use longroad::store::Db;

use crate::house::{BY_HAND, House, Sheet, assert_text, day};
use crate::support::postgres;

const FILES: &[&str] = &[
    "users.csv",
    "accounts.csv",
    "contracts.csv",
    "contacts.csv",
    "touches.csv",
    "surveys.csv",
    "tickets.csv",
    "invoices.csv",
    "events.csv",
    "values.csv",
    "usage.csv",
];

fn first() -> Day {
    day("2026-10-01")
}

fn config() -> String {
    demo_config(first(), "127.0.0.1:8080".parse().unwrap())
}

/// Lives all mornings of a company.
async fn live(house: &House, company: &Company) {
    for morning in company.mornings() {
        company.write(&house.data(), morning).unwrap();
        house.night(morning).await;
    }
}

#[tokio::test]
async fn the_same_nights_give_the_same_bytes_on_both_databases() {
    let company = Company::generate(7, 45, first(), 4);
    let houses = [House::new(&config()).await, House::on(&postgres().await, &config()).await];
    for house in &houses {
        live(house, &company).await;
    }
    for morning in [first(), first() + 3] {
        houses[0].seen(morning, 9).await.assert_same(&houses[1].seen(morning, 9).await, "SQLite and PostgreSQL");
    }
}

#[tokio::test]
async fn the_order_of_rows_changes_nothing() {
    let company = Company::generate(11, 50, first(), 6);
    let houses = [House::new(&config()).await, House::new(&config()).await];
    for morning in company.mornings().skip(4) {
        for (turned, house) in houses.iter().enumerate() {
            company.write(&house.data(), morning).unwrap();
            for file in FILES.iter().filter(|_| turned == 1) {
                let mut sheet = Sheet::read(&house.data(), file);
                sheet.rows.reverse();
                sheet.columns.reverse();
                sheet.write(&house.data(), file);
            }
            house.night(morning).await;
        }
        houses[0].seen(morning, 10).await.assert_same(&houses[1].seen(morning, 10).await, "rows upside down");
    }
}

/// Everybody uses four metrics as much, each in another order: sums of fractions hang on the order of their terms.
#[tokio::test]
async fn the_order_in_which_metrics_appear_changes_nothing() {
    let houses = [House::new(BY_HAND).await, House::new(BY_HAND).await];
    let mut rows = Vec::new();
    let mut accounts = "id,name,csm,signed_on,live_on\n".to_owned();
    for (number, values) in permutations(&[1, 2, 3, 6]).into_iter().enumerate() {
        writeln!(accounts, "a{number},A {number},u1,2026-01-05,2026-01-05").unwrap();
        for days in 1..=100 {
            for (metric, value) in ["m1", "m2", "m3", "m4"].into_iter().zip(&values) {
                rows.push(format!("a{number},{metric},{},{value}\n", first() - days));
            }
        }
    }
    for house in &houses {
        house.put("users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
        house.put("accounts.csv", &accounts);
        house.put("usage.csv", &format!("account_id,metric,day,value\n{}", rows.concat()));
        rows.reverse();
        house.night(first()).await;
    }
    let seen = [houses[0].seen(first(), 7).await, houses[1].seen(first(), 7).await];
    assert_text(&seen[0].scores, &seen[1].scores, "scores with metrics in another order");
    assert_text(&seen[0].explained, &seen[1].explained, "explanations with metrics in another order");
}

fn permutations(values: &[u32]) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for _ in values {
        let longer = |one: &Vec<u32>| {
            let rest = values.iter().filter(|value| !one.contains(value));
            rest.map(|value| [one.as_slice(), &[*value]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// Takes all that was said from a morning on out of a store, so that it has to be worked out again.
async fn forget(db: &Db, from: Day) {
    let Db::Sqlite { writer, .. } = db else { panic!("an SQLite store") };
    for table in ["cycle", "score_block", "turn_block"] {
        let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE as_of >= $1"));
        sqlx::query(sql).bind(i64::from(from.days())).execute(writer).await.unwrap();
    }
}

/// The explanations of some accounts, without what says whether a cycle gave them.
async fn worked_out(house: &House, on: Day, step: usize) -> (String, String) {
    let mut seen = house.seen(on, step).await;
    for text in [&mut seen.scores, &mut seen.explained] {
        let told =
            |line: &&str| !["\"given\":", "\"as_of_approximated\":"].iter().any(|name| line.trim_start().starts_with(name));
        *text = text.lines().filter(told).collect::<Vec<_>>().join("\n");
    }
    (seen.scores, seen.explained)
}

#[tokio::test]
async fn every_lived_morning_can_be_worked_out_again_from_the_facts() {
    let company = Company::generate(5, 45, first(), 9);
    let house = House::new(&config()).await;
    let mut given = BTreeMap::new();
    for morning in company.mornings() {
        company.write(&house.data(), morning).unwrap();
        house.night(morning).await;
        given.insert(morning, worked_out(&house, morning, 9).await);
    }
    let tasks = serde_json::to_string_pretty(&house.tasks().await).unwrap();
    let mails = house.outbox().await;
    for (&morning, (scores, explained)) in &given {
        let now = worked_out(&house, morning, 9).await;
        assert_text(scores, &now.0, &format!("scores of {morning}, looked at later,"));
        assert_text(explained, &now.1, &format!("explanations of {morning}, looked at later,"));
    }
    // Nothing was corrected: with the cycles forgotten, their repetition in order of their mornings says the same.
    forget(&house.db, first() + 3).await;
    for (&morning, (scores, explained)) in given.iter().filter(|(morning, _)| **morning >= first() + 3) {
        let before = worked_out(&house, morning, 9).await;
        assert_text(scores, &before.0, &format!("scores of {morning}, without a cycle,"));
        house.night_of(morning, first() + 8).await;
        let again = worked_out(&house, morning, 9).await;
        assert_text(scores, &again.0, &format!("scores of {morning}, given again,"));
        assert_text(explained, &again.1, &format!("explanations of {morning}, given again,"));
    }
    assert_text(&tasks, &serde_json::to_string_pretty(&house.tasks().await).unwrap(), "tasks after the repetition");
    assert_eq!(mails, house.outbox().await, "mails after the repetition");
}

/// Takes out what the sample company changes without a date of its own: whether a ticket was escalated.
fn only_dated(folder: &Path) {
    let mut tickets = Sheet::read(folder, "tickets.csv");
    tickets.columns.retain(|name| name != "escalated");
    for row in &mut tickets.rows {
        row.remove("escalated");
    }
    tickets.write(folder, "tickets.csv");
    // And go-lives of these days, which in bulk are known before they come.
    let mut accounts = Sheet::read(folder, "accounts.csv");
    for row in &mut accounts.rows {
        if row["live_on"].parse::<Day>().is_ok_and(|live| live >= first()) {
            row.insert("live_on".to_owned(), String::new());
        }
    }
    accounts.write(folder, "accounts.csv");
}

#[tokio::test]
async fn a_replay_of_bulk_history_says_what_the_lived_nights_said() {
    let company = Company::generate(5, 45, first(), 8);
    let (lived, replayed) = (House::new(&config()).await, House::new(&config()).await);
    for morning in company.mornings() {
        company.write(&lived.data(), morning).unwrap();
        only_dated(&lived.data());
        lived.night(morning).await;
    }
    company.write(&replayed.data(), first() + 8).unwrap();
    only_dated(&replayed.data());
    for morning in company.mornings() {
        replayed.night_of(morning, first() + 8).await;
        let (one, other) = (worked_out(&lived, morning, 6).await, worked_out(&replayed, morning, 6).await);
        assert_text(&one.0, &other.0, &format!("scores of {morning}, lived and replayed,"));
        assert_text(&one.1, &other.1, &format!("explanations of {morning}, lived and replayed,"));
    }
    let tasks = |tasks: Vec<longroad::playbook::Task>| serde_json::to_string_pretty(&tasks).unwrap();
    assert_text(&tasks(lived.tasks().await), &tasks(replayed.tasks().await), "tasks, lived and replayed,");
    assert!(replayed.scores(first()).await.as_of_approximated);
}

/// Corrupts every fact that became known on `from` or later, and adds absurd ones.
fn poison(folder: &Path, from: Day) {
    // The first instant that must not count: midnight in Berlin.
    let midnight = format!("{from}T00:00:00+02:00");
    let at_or_after = |cell: Option<&String>| cell.is_some_and(|cell| !cell.is_empty() && cell[..10] >= *from.to_string());
    let accounts: Vec<String> = Sheet::read(folder, "accounts.csv").rows.iter().map(|row| row["id"].clone()).collect();
    let edit = |file: &str, change: &dyn Fn(&mut Sheet)| {
        let mut sheet = Sheet::read(folder, file);
        change(&mut sheet);
        sheet.write(folder, file);
    };
    let set = |row: &mut BTreeMap<String, String>, cells: &[(&str, &str)]| {
        for (name, cell) in cells {
            row.insert((*name).to_owned(), (*cell).to_owned());
        }
    };
    let (today, later, long_ago) = (from.to_string(), (from + 2).to_string(), (from - 60).to_string());
    edit("usage.csv", &|sheet| {
        sheet.rows.retain(|row| !(at_or_after(row.get("day")) && row["account_id"].ends_with('3')));
        for row in sheet.rows.iter_mut().filter(|row| at_or_after(row.get("day"))) {
            set(row, &[("value", "999999999")]);
        }
        for account in &accounts {
            for days in 0..3 {
                let on = (from + days).to_string();
                sheet.add(&[("account_id", account), ("metric", "poison"), ("day", &on), ("value", "123456")]);
            }
        }
    });
    edit("contracts.csv", &|sheet| {
        for row in &mut sheet.rows {
            if at_or_after(row.get("signed_on")) {
                set(row, &[("amount", "99999999"), ("seats", "1"), ("auto_renews", "true"), ("starts_on", &long_ago)]);
            } else if row["status"] != "cancelled" && row["status"] != "lost" {
                set(row, &[("status", "cancelled"), ("cancelled_on", &today), ("service_ends_on", &long_ago)]);
            } else if at_or_after(row.get("cancelled_on")) || at_or_after(row.get("decided_on")) {
                set(row, &[("status", "signed"), ("cancelled_on", ""), ("decided_on", "")]);
            }
        }
        for account in &accounts {
            let id = format!("poison-{account}");
            let cells = [("id", id.as_str()), ("account_id", account), ("starts_on", &long_ago), ("period_months", "1")];
            sheet.add(&cells);
            let row = sheet.rows.last_mut().unwrap();
            set(row, &[("amount", "777777"), ("currency", "EUR"), ("seats", "9"), ("signed_on", &today), ("product", "Z")]);
        }
    });
    edit("invoices.csv", &|sheet| {
        for row in &mut sheet.rows {
            if at_or_after(row.get("paid_on")) {
                set(row, &[("paid_on", "")]);
            } else if row["paid_on"].is_empty() {
                set(row, &[("paid_on", &today)]);
            }
        }
        for account in &accounts {
            let id = format!("poison-{account}");
            sheet.add(&[("id", &id), ("account_id", account), ("due_on", &long_ago), ("amount", "1"), ("currency", "EUR")]);
            set(sheet.rows.last_mut().unwrap(), &[("issued_on", &today)]);
        }
    });
    edit("tickets.csv", &|sheet| {
        for row in sheet.rows.iter_mut().filter(|row| row["id"] != "T-BAD") {
            if at_or_after(row.get("opened_at")) {
                set(row, &[("severity", "1"), ("escalated", "true")]);
            }
            if at_or_after(row.get("responded_at")) || row["responded_at"].is_empty() {
                set(row, &[("responded_at", &midnight)]);
            }
            if at_or_after(row.get("resolved_at")) {
                set(row, &[("resolved_at", ""), ("csat", "")]);
            } else if row["resolved_at"].is_empty() {
                set(row, &[("resolved_at", &midnight), ("csat", "1")]);
            }
        }
        for account in &accounts {
            let id = format!("poison-{account}");
            sheet.add(&[
                ("id", &id),
                ("account_id", account),
                ("opened_at", &midnight),
                ("severity", "1"),
                ("escalated", "true"),
            ]);
        }
    });
    edit("contacts.csv", &|sheet| {
        for row in &mut sheet.rows {
            if at_or_after(row.get("joined_on")) {
                set(row, &[("role", "champion"), ("left_on", "")]);
            } else if at_or_after(row.get("left_on")) || row.get("left_on").is_none_or(String::is_empty) {
                set(row, &[("left_on", &today)]);
            }
        }
        for account in &accounts {
            let id = format!("poison-{account}");
            sheet.add(&[("id", &id), ("account_id", account), ("name", "Nobody"), ("role", "champion"), ("joined_on", &today)]);
        }
    });
    for (file, cells) in
        [("touches.csv", &[("kind", "visit"), ("sentiment", "-2")]), ("surveys.csv", &[("kind", "nps"), ("value", "0")])]
    {
        edit(file, &|sheet| {
            for row in sheet.rows.iter_mut().filter(|row| at_or_after(row.get("at"))) {
                set(row, cells);
            }
            for account in &accounts {
                let id = format!("poison-{account}");
                sheet.add(&[("id", &id), ("account_id", account), ("at", &midnight)]);
                set(sheet.rows.last_mut().unwrap(), cells);
                // What came to be known later is no better for being about an earlier day.
                let (id, known) = (format!("late-{account}"), format!("{later}T08:00:00Z"));
                sheet.add(&[
                    ("id", &id),
                    ("account_id", account),
                    ("at", &format!("{long_ago}T08:00:00Z")),
                    ("known_at", &known),
                ]);
                set(sheet.rows.last_mut().unwrap(), cells);
            }
        });
    }
    edit("events.csv", &|sheet| {
        for account in &accounts {
            sheet.add(&[("id", &format!("poison-{account}")), ("account_id", account), ("on", &today), ("kind", "saving")]);
        }
    });
    edit("values.csv", &|sheet| {
        for row in &mut sheet.rows {
            if at_or_after(row.get("agreed_on")) {
                set(row, &[("due_on", &long_ago), ("weight", "100")]);
            }
            if at_or_after(row.get("achieved_on")) {
                set(row, &[("achieved_on", "")]);
            } else if row["achieved_on"].is_empty() {
                set(row, &[("achieved_on", &today)]);
            } else {
                set(row, &[("withdrawn_on", &today)]);
            }
        }
        for account in &accounts {
            let id = format!("poison-{account}");
            sheet.add(&[("id", &id), ("account_id", account), ("title", "Poison"), ("agreed_on", &today), ("due_on", &long_ago)]);
        }
    });
    // Accounts that are signed later, before all others, so that every number in the store is another one.
    edit("accounts.csv", &|sheet| {
        let known = std::mem::take(&mut sheet.rows);
        for number in 0..30 {
            let id = format!("A-POISON-{number}");
            sheet.add(&[("id", &id), ("name", "Poison"), ("csm", "csm-2"), ("tier", "small"), ("signed_on", &today)]);
        }
        sheet.rows.extend(known);
    });
}

#[tokio::test]
async fn what_becomes_known_later_does_not_touch_what_was_known() {
    let (company, end) = (Company::generate(3, 60, first(), 12), first() + 12);
    for from in [first() + 1, first() + 6] {
        let (clean, poisoned) = (House::new(&config()).await, House::new(&config()).await);
        company.write(&clean.data(), end).unwrap();
        company.write(&poisoned.data(), end).unwrap();
        poison(&poisoned.data(), from);
        for house in [&clean, &poisoned] {
            // Two mornings, so that changes, turns and reviews are there too.
            house.night_of(from - 1, end).await;
            house.night_of(from, end).await;
        }
        for morning in [from - 1, from] {
            let (one, other) = (clean.seen(morning, 6).await, poisoned.seen(morning, 6).await);
            one.assert_same(&other, &format!("facts from {from} on poisoned, seen as of {morning}"));
        }
        // The poison works where it may.
        let (one, other) = (clean.scores(from + 4).await, poisoned.scores(from + 4).await);
        assert_ne!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    }
}
