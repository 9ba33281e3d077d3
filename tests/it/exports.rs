//! The company's data is its own: what goes in comes out, and can go in again.

use longroad::model::record::RecordKind;

use crate::support::Place;

#[test]
fn what_is_exported_exactly_can_be_pulled_again_and_is_the_same() {
    let place = Place::new("");
    assert_eq!(place.run(&["demo", "--accounts", "30", "--days", "1", "--dir", "demo"]).code, 0);
    let config = std::fs::read_to_string(place.path("demo/longroad.toml")).unwrap();
    std::fs::create_dir_all(place.path("again/data")).unwrap();
    place.put("again/longroad.toml", &config);
    let export = |folder: &str, record: RecordKind, more: &[&str]| {
        let config = format!("{folder}/longroad.toml");
        let outcome = place.run(&[&["--config", &config, "export", record.name()], more].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.out
    };
    let first: Vec<String> = RecordKind::ALL.map(|record| export("demo", record, &["--exact"])).to_vec();
    let mut lines = 0;
    for (record, text) in RecordKind::ALL.into_iter().zip(&first) {
        if text.lines().count() > 1 {
            lines += text.lines().count();
            place.put(&format!("again/data/{}.csv", record.name()), text);
        }
    }
    assert!(lines > 2_000, "{lines}");
    let pulled = place.run(&["--config", "again/longroad.toml", "pull", "--json"]);
    assert_eq!(pulled.code, 0, "{pulled:?}");
    for (record, text) in RecordKind::ALL.into_iter().zip(&first) {
        assert!(*text == export("again", record, &["--exact"]), "{}", record.name());
    }
    let json: serde_json::Value = serde_json::from_str(&export("again", RecordKind::Contracts, &["--json"])).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len() + 1, first[2].lines().count());
    assert_eq!(json["record"], "contracts");
}

#[test]
fn a_spreadsheet_sees_no_formula_in_what_customers_wrote() {
    let place = Place::new("");
    place.put("data/accounts.csv", "id,name,=own\na1,=1+1,\"-2,5\"\n+a2,@SUM(A1),x\n");
    place.put(
        "data/touches.csv",
        "id,account_id,at,kind,sentiment,note\nt1,a1,2026-01-02T03:04:05.5Z,call,-1.5,\"=cmd|' /C calc'!A0\"\n",
    );
    assert_eq!(place.run(&["pull"]).code, 0);
    assert_eq!(
        place.run(&["export", "accounts"]).out,
        "id,name,csm,tier,segment,industry,region,employees,parent_id,signed_on,live_on,seller,timezone,language,'=own\n\
         a1,'=1+1,,,,,,,,,,,,,\"'-2,5\"\n'+a2,'@SUM(A1),,,,,,,,,,,,,x\n"
    );
    assert_eq!(
        place.run(&["export", "touches"]).out,
        "id,account_id,at,kind,by,proactive,two_way,sentiment,note\n\
         t1,a1,2026-01-02T03:04:05.5Z,call,,,,-1.5,'=cmd|' /C calc'!A0\n"
    );
    assert!(place.run(&["export", "touches", "--exact"]).out.ends_with(",=cmd|' /C calc'!A0\n"));
    let wrong = place.run(&["export", "contcts"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.contains("the records are users, accounts, contracts, "), "{}", wrong.err);
}

/// Puts a formula's sign before what stands in these columns.
fn make_hostile(place: &Place, file: &str, columns: &[&str]) {
    let path = place.path(file);
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let heads = reader.headers().unwrap().clone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&heads).unwrap();
    for row in reader.records().map(Result::unwrap) {
        let cells = heads.iter().zip(&row).map(|(head, cell)| {
            let hostile = columns.contains(&head) && !cell.is_empty();
            if hostile { format!("=1+{cell}") } else { cell.to_owned() }
        });
        writer.write_record(cells).unwrap();
    }
    std::fs::write(path, writer.into_inner().unwrap()).unwrap();
}

#[test]
fn every_table_can_be_had_for_a_spreadsheet_which_sees_no_formula_in_it() {
    let place = Place::new("");
    assert_eq!(place.run(&["demo", "--accounts", "40", "--days", "8", "--dir", "demo"]).code, 0);
    make_hostile(&place, "demo/data/accounts.csv", &["name", "seller"]);
    make_hostile(&place, "demo/data/requests.csv", &["title"]);
    make_hostile(&place, "demo/data/leads.csv", &["company"]);
    let run = |arguments: &[&str]| place.run(&[&["--config", "demo/longroad.toml"], arguments].concat());
    assert_eq!(run(&["cycle"]).code, 3, "a few rows of the demo are wrong on purpose");
    // Whether somebody's own words stand in it.
    for (command, has_words) in [
        (&["revenue"][..], false),
        (&["revenue", "--by", "seller"], true),
        (&["revenue", "--open", "start_mrr"], true),
        (&["revenue", "--table", "currencies"], false),
        (&["revenue", "--table", "projection"], false),
        (&["revenue", "--table", "survival"], false),
        (&["renewals"], true),
        (&["first-value"], true),
        (&["sales-quality"], true),
        (&["value-report"], true),
        (&["risk"], true),
        (&["scores"], true),
        (&["pipeline", "leads"], true),
        (&["requests"], true),
        (&["load"], false),
        (&["playbooks"], false),
        (&["tasks"], false),
        (&["tasks", "--waiting"], false),
    ] {
        let outcome = run(&[command, &["--csv", "table.csv"]].concat());
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{command:?}");
        // A reader of this kind refuses rows that are longer or shorter than their heads.
        let mut reader = csv::Reader::from_path(place.path("table.csv")).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert!(!rows.is_empty(), "{command:?} has an empty table");
        let cells = || rows.iter().flatten();
        let formula = |cell: &&str| cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
        assert_eq!(cells().find(formula), None, "{command:?}");
        assert_eq!(cells().any(|cell| cell.starts_with("'=1+")), has_words, "{command:?}");
        std::fs::remove_file(place.path("table.csv")).unwrap();
    }
    for both in [&["value-report", "A0001", "--csv", "x.csv"][..], &["requests", "R01", "--csv", "x.csv"]] {
        assert_eq!(run(both).code, 2, "one of them has no table: {both:?}");
    }
}
