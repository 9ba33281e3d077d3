//! The contract of taking records in: what goes in, what is set aside, what changes nothing. On both databases.

use std::collections::BTreeMap;
use std::io::Write;

use longroad::model::record::{Account, Contract, RecordKind, User};

use crate::intake::{Intake, on_both};

/// A company with every record, its columns in the order of the documentation.
const COMPANY: [(&str, &str); 14] = [
    (
        "users",
        "id,name,email,role,manager_id,skills,hours_per_week\nu1,Ada,ada@example.com,CSM,u2,german; sql,32.5\nu2,Bo,bo@example.com,leader,,,\n",
    ),
    (
        "accounts",
        "id,name,csm,tier,employees,signed_on,plan\na1,\"Acme, Inc.\",u1,Mid,120,2025-01-02,gold\n007,\"Zoë \"\"Ltd\"\"\",u1,small,,,\n",
    ),
    (
        "contracts",
        "id,account_id,starts_on,ends_on,amount,currency,period_months,auto_renews,status\nc1,a1,2026-01-01,2027-01-01,1200.50,EUR,,true,Signed\nc2,007,2026-02-01,,10,USD,1,,\n",
    ),
    ("contacts", "id,account_id,name,email,role,joined_on\np1,a1,Cy,cy@acme.example,champion,2025-05-05\n"),
    ("touches", "id,account_id,at,kind,two_way,sentiment,note\nt1,a1,2026-02-02T10:00:00+01:00,call,true,1.5,\"two\nlines\"\n"),
    ("surveys", "id,account_id,at,kind,value\ns1,a1,2026-02-03,nps,9\ns2,a1,2026-02-03,csat,4.5\n"),
    (
        "tickets",
        "id,account_id,opened_at,severity,responded_at,resolved_at,csat\nk1,a1,2026-02-01T08:00:00Z,2,2026-02-01T09:00:00Z,2026-02-04T09:00:00Z,5\n",
    ),
    ("invoices", "id,account_id,due_on,amount,currency,issued_on,paid_on\ni1,a1,2026-02-28,100,EUR,2026-02-01,\n"),
    ("events", "id,account_id,on,kind\ne1,a1,2026-02-10,Merger\n"),
    ("requests", "id,title,status,effort_months,core_use_case\nr1,Dark mode,open,1.5,false\n"),
    ("asks", "request_id,account_id,asked_on,severity\nr1,a1,2026-02-05,4\nr1,a1,2026-02-06,4\nr1,007,2026-02-05,1\n"),
    (
        "values",
        "id,account_id,title,metric,target,agreed_on,due_on\nv1,a1,Close the books in a day,logins,20,2026-01-15,2026-06-30\n",
    ),
    (
        "leads",
        "id,created_at,name,stage,amount,currency,account_id\nl1,2026-02-01T12:00:00Z,Di,Demo,5000,EUR,\nl2,2026-02-01T12:00:00Z,Ed,Demo,,,a1\n",
    ),
    (
        "usage",
        "account_id,metric,day,value\na1,logins,2026-02-27,12\na1,logins,2026-02-28,0\n007,logins,2026-02-28,0.25\na1,errors,2026-02-28,123456789.5\n",
    ),
];

on_both! {
    every_record_goes_in_plain_and_packed
    the_same_again_in_any_order_changes_nothing
    bad_rows_are_set_aside_and_the_rest_goes_in
    a_pull_with_too_many_bad_rows_changes_nothing
    a_bad_row_of_a_small_file_is_one_of_the_whole_source
    contradicting_rows_are_set_aside_and_the_old_value_stands
    contradicting_usage_is_set_aside_and_the_old_value_stands
    several_rows_of_a_day_are_combined_as_declared
    ids_are_kept_as_they_are
    accounts_of_two_blocks
    a_file_that_cannot_be_read_leaves_everything_as_it_was
}

fn company(intake: &Intake) {
    for (record, text) in COMPANY {
        intake.put(record, text);
    }
}

async fn every_record_goes_in_plain_and_packed(intake: Intake) {
    company(&intake);
    let report = intake.pull("2026-03-01").await;
    assert_eq!(intake.rejects().await, Vec::<String>::new());
    assert_eq!((report.pulled["files"], report.rejected, report.refused.len()), (24, 0, 0));
    let count = intake.count("2026-03-01").await;
    let expected: BTreeMap<RecordKind, usize> = COMPANY
        .iter()
        .map(|(record, text)| {
            (RecordKind::parse(record).unwrap(), text.matches('\n').count() - 1 - text.matches("two\n").count())
        })
        .filter(|(kind, _)| *kind != RecordKind::Usage)
        .collect();
    assert_eq!(count, expected);
    let accounts: Vec<Account> = intake.known("2026-03-01").await;
    assert_eq!((accounts[0].name.as_str(), accounts[0].attributes["plan"].as_str()), ("Acme, Inc.", "gold"));
    assert_eq!((accounts[1].id.as_str(), accounts[1].name.as_str()), ("007", "Zoë \"Ltd\""));
    let users: Vec<User> = intake.known("2026-03-01").await;
    assert_eq!((users[0].skills.join("+"), users[0].hours_per_week), ("german+sql".to_owned(), Some(32.5)));
    assert_eq!(intake.used("a1", "logins", "2026-03-01").await, "02-27=12 02-28=0", "a zero that was said is there");
    assert_eq!(intake.used("a1", "errors", "2026-03-01").await, "02-28=123456789.5");
    assert_eq!(intake.used("007", "logins", "2026-03-01").await, "02-28=0.25");
    let undeclared = report.notes.iter().filter(|note| note.contains("neutral totals: errors")).count();
    assert_eq!(undeclared, 1, "{:?}", report.notes);

    let packed = intake.another().await;
    company(&packed);
    for (record, _) in COMPANY {
        let plain = packed.place.path(format!("data/{record}.csv"));
        let file = std::fs::File::create(packed.place.path(format!("data/{record}.csv.gz"))).unwrap();
        let mut writer = flate2::write::GzEncoder::new(file, flate2::Compression::default());
        writer.write_all(&std::fs::read(&plain).unwrap()).unwrap();
        writer.finish().unwrap();
        std::fs::remove_file(plain).unwrap();
    }
    packed.pull("2026-03-01").await;
    assert_eq!(packed.dump().await, intake.dump().await);
}

async fn the_same_again_in_any_order_changes_nothing(intake: Intake) {
    company(&intake);
    intake.pull("2026-03-01").await;
    let before = intake.dump().await;
    // Untouched files are not read; files that were only rewritten are, and change nothing.
    let report = intake.pull("2026-03-02").await;
    assert_eq!(report.pulled["files"], 0);
    for (record, _) in COMPANY {
        let path = intake.place.path(format!("data/{record}.csv"));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_uppercase).collect();
        let mut rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        rows.reverse();
        rows.push(rows[0].clone());
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_path(&path).unwrap();
        writer.write_record(header.iter().rev()).unwrap();
        for row in &rows {
            writer.write_record(row.iter().rev()).unwrap();
        }
        writer.flush().unwrap();
    }
    let report = intake.pull("2026-03-03").await;
    assert_eq!((report.pulled["files"], report.rejected), (24 + 14, 0), "{:?}", intake.rejects().await);
    assert!(intake.changed().await.values().all(|changed| *changed == 0), "{:?}", intake.changed().await);
    assert_eq!(intake.dump().await, before);

    // The same rows in another order make the same store, where order gives no account or metric its number.
    let other = intake.another().await;
    company(&other);
    for record in ["contracts", "asks", "leads", "surveys"] {
        let path = intake.place.path(format!("data/{record}.csv"));
        std::fs::copy(path, other.place.path(format!("data/{record}.csv"))).unwrap();
    }
    other.pull("2026-03-01").await;
    assert_eq!(other.dump().await, before);
}

async fn bad_rows_are_set_aside_and_the_rest_goes_in(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.put("users", "id,name,email,role\nu1,U,no-address,csm\nu2,U,u@example.com,boss\nu3,U,u@example.com,csm\n");
    intake.put(
        "contracts",
        "id,account_id,starts_on,ends_on,amount,currency\n\
         c1,a1,2026-01-01,2026-01-01,1,EUR\nc2,a1,2026-02-30,2027-01-01,1,EUR\nc3,nobody,2026-01-01,2027-01-01,1,EUR\n\
         c4,a1,2026-01-01,2027-01-01,one,EUR\nc5,a1,2026-01-01,2027-01-01,1,EURO\nc6,a1,2026-01-01,2027-01-01,1\n\
         c7,a1,2026-01-01,,1,EUR\nc8,a1,2026-01-01,2027-01-01,1,EUR\n\"c9,a1,2026-01-01,2027-01-01,1,EUR\n",
    );
    intake.put(
        "surveys",
        "id,account_id,at,kind,value\ns1,a1,2026-01-01,nps,NaN\ns2,a1,2026-01-01,nps,11\ns3,a1,yesterday,nps,9\n",
    );
    intake.put(
        "usage",
        "account_id,metric,day,value,known_at\n\
         a1,logins,2026-02-01,-1,\na1,logins,2026-02-02,NaN,\na1,logins,2026-02-30,1,\nnobody,logins,2026-02-01,1,\n\
         a1,logins,2026-02-03,1,soon\na1,logins,1969-12-31,1,\na1,logins,2026-02-04,4,\n",
    );
    let bad = b"id,account_id,name\np1,a1,J\xfcrgen\np2,a1,Cy\n";
    std::fs::write(intake.place.path("data/contacts.csv"), bad).unwrap();
    let report = intake.pull("2026-03-01").await;
    let quote = "close it, or double the quotes that belong to the text";
    let instant = "is not an instant; write RFC 3339 with an offset, for example 2026-03-31T09:00:00+02:00";
    let expected = [
        "contacts.csv:2 name: is not UTF-8; save the file as UTF-8 | p1,a1,J\u{fffd}rgen",
        "contracts.csv:2 ends_on: is not after starts_on (2026-01-01); it is the first day without service | c1,a1,2026-01-01,2026-01-01,1,EUR",
        "contracts.csv:3 starts_on: `2026-02-30` is not a day of the calendar | c2,a1,2026-02-30,2027-01-01,1,EUR",
        "contracts.csv:4 account_id: there is no account `nobody` in accounts | c3,nobody,2026-01-01,2027-01-01,1,EUR",
        "contracts.csv:5 amount: `one` is not a decimal number, for example 1234.50 | c4,a1,2026-01-01,2027-01-01,one,EUR",
        "contracts.csv:6 currency: ",
        "contracts.csv:7 : the row has 5 cells, the header 6 | c6,a1,2026-01-01,2027-01-01,1",
        "contracts.csv:8 period_months: is required for an open-ended contract: the months that amount pays for | c7,a1,2026-01-01,,1,EUR",
        &format!("contracts.csv:10 id: the quote is never closed; {quote} | \"c9,a1,2026-01-01,2027-01-01,1,EUR"),
        "surveys.csv:2 value: `NaN` is not a finite number | s1,a1,2026-01-01,nps,NaN",
        "surveys.csv:3 value: `11` lies outside 0 to 10, the range of nps | s2,a1,2026-01-01,nps,11",
        &format!("surveys.csv:4 at: `yesterday` {instant} | s3,a1,yesterday,nps,9"),
        "usage.csv:2 value: negative usage: `-1`; write a number of 0 or more | a1,logins,2026-02-01,-1,",
        "usage.csv:3 value: `NaN` is not a finite number of 0 or more, for example 12.5 | a1,logins,2026-02-02,NaN,",
        "usage.csv:4 day: `2026-02-30` is not a day of the calendar | a1,logins,2026-02-30,1,",
        "usage.csv:5 account_id: there is no account `nobody` in accounts | nobody,logins,2026-02-01,1,",
        &format!("usage.csv:6 known_at: `soon` {instant} | a1,logins,2026-02-03,1,soon"),
        "usage.csv:7 day: `1969-12-31` lies before 1970-01-01, where usage begins | a1,logins,1969-12-31,1,",
        "users.csv:2 email: `no-address` is not a mail address | u1,U,no-address,csm",
        "users.csv:3 role: `boss` is none of csm, leader, product, executive, admin | u2,U,u@example.com,boss",
    ];
    let rejects = intake.rejects().await;
    assert_eq!(rejects.len(), expected.len(), "{rejects:#?}");
    for (got, expected) in rejects.iter().zip(expected) {
        assert!(got.starts_with(expected), "{got}\nis not\n{expected}");
    }
    assert_eq!((report.rejected, report.refused.len()), (expected.len() as u64, 0));
    let count = intake.count("2026-03-01").await;
    assert_eq!(count.values().sum::<usize>(), 4, "one each of users, accounts, contracts, contacts: {count:?}");
    assert_eq!(intake.used("a1", "logins", "2026-03-01").await, "02-04=4");

    // What was bad is looked at again, though the file is the same: the account may have come.
    intake.accounts(&["a1", "nobody"]);
    intake.pull("2026-03-02").await;
    assert_eq!(intake.rejects().await.len(), expected.len() - 2);
    assert_eq!(intake.used("nobody", "logins", "2026-03-02").await, "02-01=1");
}

async fn a_pull_with_too_many_bad_rows_changes_nothing(mut intake: Intake) {
    intake.refuse_share(0.25);
    intake.accounts(&["a1", "a2"]);
    intake.usage(&["a1 logins 2026-02-01 1", "a2 logins 2026-02-01 2"]);
    intake.pull("2026-03-01").await;
    let before = intake.dump().await;
    intake.accounts(&["a1", "a2", "a3"]);
    let bad = "a1 logins 2026-02-30 1";
    intake.usage(&["a1 logins 2026-02-01 7", "a3 new_metric 2026-02-02 3", bad, bad]);
    let report = intake.pull("2026-03-02").await;
    assert_eq!(report.refused["files"], "2 of 7 rows are bad (28.6 %, more than 25.0 %); `longroad rejects` lists them");
    assert_eq!(intake.dump().await, before, "no account, metric, day or value of it is there");
    assert_eq!(intake.rejects().await.len(), 2);
    assert_eq!(intake.used("a1", "logins", "2026-03-02").await, "02-01=1");
    // Exactly the share is not more than the share; and what was refused is read again, although it is the same.
    intake.accounts(&["a1", "a2", "a3", "a4"]);
    let report = intake.pull("2026-03-03").await;
    assert!(report.refused.is_empty(), "{report:?}");
    assert_eq!(intake.used("a1", "logins", "2026-03-03").await, "02-01=7");
    assert_eq!(intake.used("a1", "logins", "2026-03-02").await, "02-01=1");
    assert_eq!(intake.used("a3", "new_metric", "2026-03-03").await, "02-02=3");
}

async fn a_bad_row_of_a_small_file_is_one_of_the_whole_source(mut intake: Intake) {
    intake.refuse_share(0.05);
    let ids: Vec<String> = (0..60).map(|n| format!("a{n}")).collect();
    intake.accounts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    intake.put("users", "id,name,email,role\nu1,U,u@example.com,csm\nu2,U,u@example.com,boss\n");
    assert!(intake.pull("2026-03-01").await.refused.is_empty());
    // Only the small file is read again; what is bad in it is as little as it was.
    intake.put("contacts", "id,account_id,name\np1,a1,Cy\n");
    let report = intake.pull("2026-03-02").await;
    assert_eq!((report.refused, report.rejected), (BTreeMap::new(), 1));
    assert_eq!(intake.count("2026-03-02").await[&RecordKind::Contacts], 1);
}

async fn contradicting_rows_are_set_aside_and_the_old_value_stands(intake: Intake) {
    let header = "id,account_id,starts_on,ends_on,amount,currency";
    let term = |id: &str, amount: &str| format!("{id},a1,2026-01-01,2027-01-01,{amount},EUR\n");
    intake.accounts(&["a1"]);
    intake.put("contracts", &format!("{header}\n{}", term("c1", "100")));
    intake.pull("2026-03-01").await;
    let before = intake.dump().await;
    // Far apart in the file, the first of them in a batch that is long in the store when the second comes.
    let many: String = (0..5000).map(|n| term(&format!("x{n}"), "5")).collect();
    let rows = [
        term("c1", "200"),
        term("c2", "1"),
        term("c3", "7"),
        many,
        term("c3", "7"),
        term("c2", "2"),
        term("c1", "300"),
        term("c2", "1"),
    ];
    intake.put("contracts", &format!("{header}\n{}", rows.concat()));
    let report = intake.pull("2026-03-02").await;
    assert_eq!(report.rejected, 5, "both rows of c1, all three of c2, none of c3");
    let rejects = intake.rejects().await;
    let lines: Vec<&str> = rejects.iter().map(|reject| reject.split(' ').next().unwrap()).collect();
    assert_eq!(lines, ["contracts.csv:2", "contracts.csv:3", "contracts.csv:5006", "contracts.csv:5007", "contracts.csv:5008"]);
    assert!(rejects[0].ends_with("both are set aside | c1,a1,2026-01-01,2027-01-01,200,EUR"), "{}", rejects[0]);
    assert_eq!(intake.changed().await["contracts"], 5001);
    let contracts: Vec<Contract> = intake.known("2026-03-02").await;
    assert!(contracts.iter().any(|one| one.id.as_str() == "c1" && one.amount == 100.into()));
    assert!(contracts.iter().any(|one| one.id.as_str() == "c3") && !contracts.iter().any(|one| one.id.as_str() == "c2"));
    let after = intake.dump().await;
    assert!(before["fact"].iter().all(|row| after["fact"].contains(row)), "what was stored before is as it was");
    // Contradictions about when a row was known are contradictions too: which row came first must not decide.
    intake.put("contracts", &format!("{header},known_at\n{0},2026-01-01\n{0},2026-02-01\n", term("c9", "1").trim_end()));
    assert_eq!(intake.pull("2026-03-03").await.rejected, 2);
}

async fn contradicting_usage_is_set_aside_and_the_old_value_stands(intake: Intake) {
    intake.accounts(&["a1", "a2"]);
    intake.usage(&["a1 logins 2026-02-27 5", "a2 logins 2026-02-27 6"]);
    intake.pull("2026-02-28").await;
    let before = intake.dump().await;
    let contradiction = [
        "a1 logins 2026-02-27 5",
        "a2 logins 2026-02-27 6",
        "a1 logins 2026-02-27 8",
        "a2 logins 2026-02-28 1",
        "a1 logins 2026-02-27 8",
        "a2 logins 2026-02-28 2",
    ];
    for turned in [0, 1, 3] {
        let mut lines = contradiction;
        lines.rotate_left(turned);
        intake.usage(&lines);
        let report = intake.pull("2026-03-01").await;
        assert_eq!(report.rejected, 5);
        assert_eq!(intake.dump().await, before);
        assert_eq!(intake.changed().await["usage"], 0);
    }
    let rejects = intake.rejects().await;
    assert!(
        rejects[0].starts_with("usage.csv:2 value: another row of this file has the same key and other values"),
        "{rejects:?}"
    );
    assert!(rejects[0].ends_with("| a2,logins,2026-02-28,1,"), "{rejects:?}");
    intake.usage(&["a1 logins 2026-02-27 8", "a1 logins 2026-02-27 8", "a1 logins 2026-02-27 8.0"]);
    assert_eq!(intake.pull("2026-03-02").await.rejected, 0, "the same row three times is no contradiction");
    assert_eq!(intake.used("a1", "logins", "2026-03-02").await, "02-27=8");
}

async fn several_rows_of_a_day_are_combined_as_declared(intake: Intake) {
    intake.accounts(&["a1"]);
    let mut lines = [
        "a1 minutes 2026-02-28 0.1",
        "a1 minutes 2026-02-28 0.7",
        "a1 minutes 2026-02-28 0.2",
        "a1 seats_used 2026-02-28 3",
        "a1 seats_used 2026-02-28 9",
        "a1 seats_used 2026-02-28 4",
    ];
    intake.usage(&lines);
    assert_eq!(intake.pull("2026-03-01").await.rejected, 0);
    let minutes: f64 = intake.used("a1", "minutes", "2026-03-01").await.strip_prefix("02-28=").unwrap().parse().unwrap();
    assert!((minutes - 1.0).abs() < 1e-12, "{minutes}");
    assert_eq!(intake.used("a1", "seats_used", "2026-03-01").await, "02-28=9");
    let before = intake.dump().await;
    for at in 0..lines.len() {
        lines.rotate_left(at);
        intake.usage(&lines);
        intake.pull("2026-03-02").await;
        assert_eq!(intake.dump().await, before, "whatever the order: {lines:?}");
    }
}

async fn ids_are_kept_as_they_are(intake: Intake) {
    let long = "é".repeat(200);
    let ids = ["007", "7", "7.0", "A1", "a1", "🦀 crab", "a%_'\\x", &long];
    intake.accounts(&ids);
    let usage: Vec<String> = (1..).zip(ids).map(|(n, id)| format!("{id},logins,2026-02-28,{n}\n")).collect();
    intake.put("usage", &format!("account_id,metric,day,value\n{}", usage.concat()));
    // A key of three ids at their longest.
    intake.put("asks", &format!("request_id,account_id,asked_on\n{},{long},2026-02-01\n", "世".repeat(200)));
    let report = intake.pull("2026-03-01").await;
    assert_eq!((report.rejected, &report.refused), (0, &BTreeMap::new()), "{:?}", intake.rejects().await);
    for (n, id) in (1..).zip(ids) {
        assert_eq!(intake.used(id, "logins", "2026-03-01").await, format!("02-28={n}"), "{id}");
    }
    let accounts: Vec<Account> = intake.known("2026-03-01").await;
    assert_eq!(accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ids);
    intake.accounts(&["007", &"é".repeat(201)]);
    intake.pull("2026-03-02").await;
    assert!(intake.rejects().await[0].starts_with("accounts.csv:3 id: the id is longer than 200 characters"));
}

async fn accounts_of_two_blocks(intake: Intake) {
    let ids: Vec<String> = (0..5000).map(|n| format!("a{n}")).collect();
    intake.accounts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let rows: Vec<String> = ids.iter().map(|id| format!("{id},logins,2026-02-28,{}", &id[1..])).collect();
    intake.put("usage", &format!("account_id,metric,day,value\n{}\n", rows.join("\n")));
    intake.put("contacts", "id,account_id,name\np1,a4999,Cy\n");
    assert_eq!(intake.pull("2026-03-01").await.rejected, 0);
    for account in [0, 4095, 4096, 4999] {
        assert_eq!(intake.used(&format!("a{account}"), "logins", "2026-03-01").await, format!("02-28={account}"));
    }
    assert_eq!(intake.count("2026-03-01").await, BTreeMap::from([(RecordKind::Accounts, 5000), (RecordKind::Contacts, 1)]));
    intake.usage(&["a4096 logins 2026-02-28 1", "a0 logins 2026-02-28 1"]);
    intake.pull("2026-03-02").await;
    assert_eq!(intake.used("a4096", "logins", "2026-03-01").await, "02-28=4096");
    assert_eq!(intake.used("a4096", "logins", "2026-03-02").await, "02-28=1");
    assert_eq!(intake.used("a4097", "logins", "2026-03-02").await, "02-28=4097");
    assert_eq!(intake.changed().await["usage"], 2);
}

async fn a_file_that_cannot_be_read_leaves_everything_as_it_was(intake: Intake) {
    intake.accounts(&["a1"]);
    intake.usage(&["a1 logins 2026-02-27 5"]);
    intake.pull("2026-02-28").await;
    let before = intake.dump().await;
    intake.accounts(&["a1", "a2"]);
    intake.put("usage", "account_id;metric;day;value\na1;logins;2026-02-28;1\n");
    let report = intake.pull("2026-03-01").await;
    let reason = &report.refused["files"];
    assert!(reason.ends_with("usage.csv:1: its columns are parted by semicolons; part them by commas"), "{reason}");
    assert_eq!(intake.dump().await, before);
    // Cut off in the middle, after rows that were good.
    let rows: Vec<String> = (0..20_000).map(|n| format!("a1,logins,2026-01-{:02},{}\n", n % 28 + 1, n % 28)).collect();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    writer.write_all(format!("account_id,metric,day,value\n{}", rows.concat()).as_bytes()).unwrap();
    let packed = writer.finish().unwrap();
    std::fs::remove_file(intake.place.path("data/usage.csv")).unwrap();
    std::fs::write(intake.place.path("data/usage.csv.gz"), &packed[..packed.len() / 2]).unwrap();
    let report = intake.pull("2026-03-02").await;
    assert!(report.refused["files"].contains("ends in the middle"), "{report:?}");
    assert_eq!(intake.dump().await, before);
}
