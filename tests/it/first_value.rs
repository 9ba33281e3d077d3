//! First value through whole nights: on its way, at risk, attained, attained late, missed, and unknown where nobody can say.

use std::collections::BTreeMap;

use longroad::model::Day;
use longroad::signals::FIRST_VALUE_STATES;

use crate::house::{BY_HAND, House, day, usage};

fn live() -> Day {
    day("2026-09-01")
}

/// Everybody's state on a morning; `unknown` where there is none.
async fn states(house: &House, on: Day) -> BTreeMap<String, &'static str> {
    let mut states = BTreeMap::new();
    for account in house.scores(on).await.accounts {
        let score = house.score(&account.account_id, on).await;
        let factor = score.factors.iter().find(|factor| factor.signal == "first_value").unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the index of a word")]
        let word = factor.input.map_or("unknown", |index| FIRST_VALUE_STATES[index as usize]);
        states.insert(account.account_id, word);
    }
    states
}

const IDS: &[&str] = &["eager", "late", "never", "before", "feed"];

/// Ten days with use within thirty and three of grace, as the shipped definition has it. The feed begins ten days before
/// the go-live, and after that of `before`, who does nothing.
fn used(id: &str, on: Day) -> Option<u32> {
    let comes = match id {
        "eager" => on >= live(),
        "late" => on >= live() + 28,
        "feed" => true,
        _ => false,
    };
    comes.then_some(3)
}

fn put(house: &House, morning: Day, gap: std::ops::Range<Day>) {
    let row = |id: &&str| {
        let went_live = if ["before", "feed"].contains(id) { live() - 20 } else { live() };
        format!("{id},Name of {id},u1,2026-07-05,{went_live}\n")
    };
    house.put("accounts.csv", &format!("id,name,csm,signed_on,live_on\n{}", IDS.iter().map(row).collect::<String>()));
    house.put("users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
    house.put("usage.csv", &usage(IDS, live() - 10, morning, |id, on| used(id, on).filter(|_| !gap.contains(&on))));
}

#[tokio::test]
async fn every_account_goes_its_way() {
    let house = House::new(BY_HAND).await;
    let mut seen: BTreeMap<String, Vec<(i32, &'static str)>> = BTreeMap::new();
    for nights in [1, 5, 9, 10, 11, 20, 30, 31, 33, 34, 36, 38, 45, 60] {
        let morning = live() + nights;
        put(&house, morning, live()..live());
        house.night(morning).await;
        for (id, state) in states(&house, morning).await {
            let states = seen.entry(id).or_default();
            if states.last().is_none_or(|(_, last)| *last != state) {
                states.push((nights, state));
            }
        }
    }
    assert_eq!(seen["eager"], [(1, "on_track"), (10, "attained")]);
    // A quarter of the time without anything is at risk; the deadline is the 30th day, and three more are not held against it.
    assert_eq!(seen["never"], [(1, "on_track"), (9, "at_risk"), (34, "missed")]);
    assert_eq!(seen["late"], [(1, "on_track"), (9, "at_risk"), (34, "missed"), (38, "attained_late")]);
    assert_eq!(seen["before"], [(1, "unknown")], "it went live before the feed began");
    assert_eq!(seen["feed"], [(1, "attained")], "ten days after the feed began are in time even so");
    let text = house.score("late", live() + 60).await.first_value.unwrap();
    assert!(text.contains(&format!("attained on {}, 37 days after go-live, 7 days late", live() + 37)), "{text}");
    let tasks = house.tasks().await;
    let helped: Vec<&str> =
        tasks.iter().filter(|task| task.playbook == "first-value-at-risk").map(|task| task.account_id.as_str()).collect();
    assert!(helped.contains(&"never") && helped.contains(&"late") && !helped.contains(&"eager") && !helped.contains(&"before"));
}

#[tokio::test]
async fn an_outage_on_the_way_is_not_held_against_anybody() {
    let house = House::new(BY_HAND).await;
    let gap = live() + 3..live() + 27;
    for nights in [1, 34, 45] {
        put(&house, live() + nights, gap.clone());
        house.night(live() + nights).await;
    }
    let states = states(&house, live() + 45).await;
    assert_eq!(states["never"], "unknown", "what it did in the outage nobody knows");
    // With the days that were seen it has the ten, and some of them in time.
    assert_eq!(states["eager"], "attained");
}
