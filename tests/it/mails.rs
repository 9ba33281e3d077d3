//! What the digests look like, from a busy day to the worst that foreign systems can send.

use longroad::delivery::{Rendered, Renderer};
use longroad::digest::csm::{ChangeItem, CsmDigest, CsmInputs, ReviewItem, StaleItem, TaskItem, UnknownItem};
use longroad::digest::executive::ExecutiveDigest;
use longroad::digest::leader::LeaderDigest;
use longroad::digest::product::ProductDigest;
use longroad::digest::{Context, Links, ValueReport};
use longroad::model::Id;

const HTML_LIMIT: usize = 90_000;

fn render<C: Context>(digest: &C) -> Rendered {
    Renderer::load(None).unwrap().render(digest).unwrap()
}

fn snapshot<C: Context>(name: &str, digest: &C) {
    let rendered = render(digest);
    insta::assert_snapshot!(format!("{name}_text"), format!("{}\n\n{}", rendered.subject, rendered.text));
    insta::assert_snapshot!(format!("{name}_html"), rendered.html);
}

/// Names as they come from systems into which anybody may type.
fn nasty() -> CsmInputs {
    let names = [
        "<b>Bold</b> & \"Quoted\" Ltd".to_owned(),
        "evil.com – https://evil.example/login".to_owned(),
        "Line\r\nBreak: Bcc\u{0}: all@example.com".to_owned(),
        "Right\u{202E}tfel\u{2066} Override".to_owned(),
        "👩‍👩‍👧‍👦 Family 🏳️‍🌈 Inc".to_owned(),
        "شركة الطريق الطويل".to_owned(),
        "Very Long Name ".repeat(20),
        "{{headline}} {{{html}}}".to_owned(),
    ];
    let sample = CsmInputs::sample();
    let mut inputs = CsmInputs::new(sample.reader, "Widgets\u{202E} & <Co>", sample.on);
    for (number, name) in names.iter().enumerate() {
        let id = Id::parse(&format!("n{number}/ä?&")).unwrap();
        let text = format!("{name} {name}");
        inputs.task(TaskItem {
            id: number.to_string(),
            account_id: id.clone(),
            account_name: name.clone(),
            title: text.clone(),
            why: text.clone(),
            solution: text.clone(),
            ..sample.tasks.kept()[0].clone()
        });
        let factors = vec![(text.clone(), -0.04)];
        inputs.change(ChangeItem {
            account_id: id.clone(),
            account_name: name.clone(),
            factors,
            ..sample.changes.kept()[0].clone()
        });
        inputs.review(ReviewItem {
            account_id: id.clone(),
            account_name: name.clone(),
            play: text.clone(),
            outcome: text.clone(),
            next: text.clone(),
        });
        inputs.unknown(UnknownItem { account_id: id, account_name: name.clone(), why: text.clone() });
        inputs.stale.push(StaleItem {
            source: name.clone(),
            what: "tickets".to_owned(),
            since: CsmInputs::sample_day(),
            refused: Some(text.clone()),
        });
        inputs.paused_plays.push(name.clone());
    }
    inputs
}

#[test]
fn a_busy_day() {
    snapshot("csm_busy", &CsmDigest::sample());
}

#[test]
fn a_day_with_nothing_to_do() {
    snapshot("csm_quiet", &CsmDigest::sample_quiet());
}

#[test]
fn a_leaders_week() {
    for (name, digest) in ["leader_busy", "leader_calm"].into_iter().zip(LeaderDigest::samples()) {
        snapshot(name, &digest);
    }
}

#[test]
fn a_product_managers_week() {
    for (name, digest) in ["product_busy", "product_calm"].into_iter().zip(ProductDigest::samples()) {
        snapshot(name, &digest);
    }
}

#[test]
fn an_executives_month() {
    for (name, digest) in ["executive_full", "executive_bare"].into_iter().zip(ExecutiveDigest::samples()) {
        snapshot(name, &digest);
    }
}

#[test]
fn a_value_report() {
    for (name, report) in ["value_full", "value_bare"].into_iter().zip(ValueReport::samples()) {
        let rendered = Renderer::load(None).unwrap().value_report(&report).unwrap();
        insta::assert_snapshot!(format!("{name}_text"), format!("{}\n\n{}", rendered.subject, rendered.text));
        insta::assert_snapshot!(format!("{name}_html"), rendered.html);
    }
}

#[test]
fn pictures_stand_in_the_page_and_beside_their_numbers() {
    for digest in ExecutiveDigest::samples() {
        let rendered = render(&digest);
        assert!(rendered.html.len() < HTML_LIMIT && !rendered.page().contains("\"cid:"));
        for picture in &rendered.pictures {
            assert!(picture.png.starts_with(b"\x89PNG") && picture.png.len() < 30_000, "{}", picture.name);
            assert!(rendered.html.contains(&format!("src=\"cid:{}\"", picture.name)));
        }
    }
    assert_eq!(render(&ExecutiveDigest::samples()[0]).pictures.len(), 2);
    assert_eq!(render(&LeaderDigest::samples()[0]).pictures.len(), 1);
}

#[test]
fn foreign_names() {
    snapshot("csm_foreign", &CsmDigest::build(&nasty(), &Links::new("https://cs.example.com")));
}

#[test]
fn foreign_names_stay_text() {
    let rendered = render(&CsmDigest::build(&nasty(), &Links::default()));
    assert!(!rendered.html.contains("<b>") && !rendered.html.contains("<Co>"));
    for part in [&rendered.subject, &rendered.text, &rendered.html] {
        assert!(!part.chars().any(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\0' | '\r')));
        assert!(!part.contains("evil.com") && !part.contains("https://evil"), "a name has become a link");
    }
    assert!(!rendered.subject.contains('\n'));
    let links = rendered.html.matches("href=").count() + rendered.text.matches("http").count();
    assert!(links <= rendered.text.matches("://\u{200B}").count(), "without web pages there are no links");
}

#[test]
fn a_full_mail_is_not_cut_off_by_mail_programs() {
    let sample = CsmInputs::sample();
    let wide = |mark: &str| format!("{mark} {}", "wide words ".repeat(40));
    let mut inputs = CsmInputs::new(sample.reader, &wide("company"), sample.on);
    for number in 0..1000 {
        let id = Id::parse(&format!("account {number} {}", "&".repeat(150))).unwrap();
        inputs.task(TaskItem {
            id: number.to_string(),
            account_id: id.clone(),
            account_name: wide("a"),
            title: wide("t"),
            why: wide("w"),
            solution: wide("s"),
            ..sample.tasks.kept()[0].clone()
        });
        let factors = vec![(wide("f"), -1.0); 9];
        inputs.change(ChangeItem {
            account_id: id.clone(),
            account_name: wide("a"),
            factors,
            ..sample.changes.kept()[0].clone()
        });
        inputs.review(ReviewItem {
            account_id: id.clone(),
            account_name: wide("a"),
            play: wide("p"),
            outcome: wide("o"),
            next: wide("n"),
        });
        inputs.unknown(UnknownItem { account_id: id, account_name: wide("a"), why: wide("w") });
    }
    let rendered = render(&CsmDigest::build(&inputs, &Links::new("https://cs.example.com")));
    assert!(rendered.html.len() < HTML_LIMIT, "{} bytes", rendered.html.len());
    assert!(rendered.text.contains("TO DO: 1000") && rendered.text.contains("990 more are not shown here."));
    let widest = rendered.text.lines().filter(|line| !line.contains("://")).map(|line| line.chars().count()).max();
    assert!(widest <= Some(78), "{widest:?}");
}
