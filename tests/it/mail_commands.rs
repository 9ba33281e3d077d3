//! What an operator types about mails, and reads.

use serde_json::Value;

use crate::smtp_double::{Does, Double, Step};
use crate::support::{Outcome, Place, zone_at_noon};

/// A customer whose champion left, and a server for the mail about it.
fn place(double: &Double, more: &str) -> Place {
    let place = Place::new(&format!(
        "[mail]\ntransport = 'smtp'\nhost = '127.0.0.1'\nport = {}\ntls = 'none'\nfrom = 'longroad@example.com'\n{more}[log]\n\
         level = 'error'\n",
        double.port
    ));
    let zone = zone_at_noon();
    place.put("data/users.csv", &format!("id,name,email,role,timezone\nu1,Una,una@example.com,csm,{zone}\n"));
    place.put("data/accounts.csv", "id,name,csm\na1,Acme,u1\n");
    place.put("data/contacts.csv", "id,account_id,name,role,left_on\np1,a1,Pia,champion,2026-01-05\n");
    place.put("data/contracts.csv", "id,account_id,starts_on,ends_on,amount,currency\nc1,a1,2020-01-01,2090-01-01,1200,EUR\n");
    place
}

fn digest(place: &Place) -> Value {
    let outcome = place.run(&["digests", "--json"]);
    let json: Value = serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    json["digests"][0].clone()
}

fn assert_ends(outcome: &Outcome, code: i32, says: &str) {
    assert!(outcome.code == code && (outcome.out.clone() + &outcome.err).contains(says), "{code}, {says}: {outcome:?}");
}

#[test]
fn a_refused_mail_is_sent_once_more_when_asked_for() {
    let double = Double::start();
    double.rule(Step::Rcpt, "", Does::Answers("550 5.1.1 unknown"), 1);
    let place = place(&double, "");
    assert_ends(&place.run(&["cycle"]), 3, "0 sent, 1 not delivered");
    let refused = digest(&place);
    let id = refused["id"].as_str().unwrap();
    assert_eq!((&refused["state"], &refused["attempts"], &refused["next_at"]), (&"rejected".into(), &1.into(), &Value::Null));
    assert!(refused["answer"].as_str().unwrap().contains("550"), "{refused}");
    assert_ends(&place.run(&["digests"]), 0, "not sent");
    assert_ends(&place.run(&["resend", "nothing"]), 1, "there is no digest `nothing`; `longroad digests` lists them");
    assert_ends(&place.run(&["resend", id]), 0, "sent to una@example.com: 250 taken");
    assert_eq!(digest(&place)["state"], "accepted");
    assert_ends(&place.run(&["resend", id]), 1, "the mail server has taken over the digest");
    assert_ends(&place.run(&["resend", id, "--force", "--json"]), 0, "\"state\":\"accepted\"");
    let copies = double.copies();
    assert_eq!(copies.len(), 2);
    assert_eq!((&copies[0].message_id, &copies[0].text), (&copies[1].message_id, &copies[1].text));
    assert_eq!(copies[0].message_id, refused["message_id"]);
    let audit = place.run(&["audit", "--json"]).out;
    assert_eq!(audit.matches("\"action\":\"resend\"").count(), 2, "{audit}");
}

#[test]
fn what_has_no_answer_is_held_or_sent_again_as_the_setting_says() {
    for (setting, next) in [("on_unknown = 'hold'\n", false), ("", true)] {
        let double = Double::start();
        double.rule(Step::Dot, "", Does::Drops, 1);
        let place = place(&double, setting);
        assert_ends(&place.run(&["cycle"]), 3, "0 sent, 1 not delivered");
        let open = digest(&place);
        assert_eq!((&open["state"], open["next_at"].is_string()), (&"unknown".into(), next), "{open}");
        let says = if next { "unanswered, again at" } else { "sent, unanswered" };
        assert_ends(&place.run(&["digests"]), 0, says);
        assert_ends(&place.run(&["resend", open["id"].as_str().unwrap()]), 0, "sent to una@example.com");
        assert_eq!((digest(&place)["state"].as_str(), double.copies().len()), (Some("accepted"), 2));
    }
}

#[test]
fn while_the_server_is_away_the_command_says_so() {
    let double = Double::start();
    double.rule(Step::Mail, "", Does::Answers("421 4.3.2 maintenance"), 2);
    let place = place(&double, "");
    assert_ends(&place.run(&["cycle"]), 3, "mails wait in the outbox: ");
    let waits = digest(&place);
    assert_eq!((&waits["state"], &waits["attempts"]), (&"planned".into(), &0.into()));
    assert!(waits["answer"].as_str().unwrap().contains("421") && waits["not_after"].is_string(), "{waits}");
    assert_ends(&place.run(&["resend", waits["id"].as_str().unwrap()]), 1, "is on its way");
}

#[test]
fn a_broken_calendar_is_told_with_its_place() {
    let place = Place::new("[company]\ncalendar = 'days.csv'\n[digests]\ncsm = '0 8 * * mon-fri'\n");
    assert_ends(&place.run(&["check"]), 2, "days.csv: No such file");
    place.put("days.csv", "day,working,region,name\n2026-12-25,false,,Christmas\n2026-12-32,false,,\n");
    assert_ends(&place.run(&["check"]), 2, "days.csv:3:1: `2026-12-32` is not a day of the calendar");
    assert_ends(&place.run(&["cycle"]), 2, "days.csv:3:1: ");
    place.put("days.csv", "day,working,region,name\n2026-12-25,false,,Christmas\n");
    let checked = place.run(&["check"]);
    assert!(checked.out.contains("digest:csm: at 08:00 ") && !checked.out.contains("days.csv"), "{checked:?}");
}
