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
