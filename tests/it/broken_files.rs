//! Files that a person has broken, and what `longroad check` says about each: file, line, column, what is wrong, what was meant
//! perhaps. Below each message the test prints the line that it names, with a mark under the column, so that a place that is
//! beside the point is seen.

use std::fmt::Write;

use longroad::config::Config;
use longroad::cycle::Setup;

use crate::support::{Outcome, Place};

const PLAY: &str = "\
# Found by the test, never by accident.
name: use-fell
title: Use fell
when: >
  use_ratio < 0.6 &&
  (tier == \"mid\" || known(\"csat\"))
severe: days_since_use >= 21
severity: high
why: [use_ratio]
prescriptions:
  - for: industry == \"retail\"
    tasks:
      - {name: ask, title: Ask what changed, solution: call, due_in_working_days: 2}
      - {title: Sit down together, solution: visit, due_in_working_days: 9, after: ask}
  - tasks:
      - {title: Call the admin, solution: call, due_in_working_days: 3}
recovered: use_ratio >= 0.8
review_after_days: 14
attempts: 2
then: {change_to: [visit]}
examples:
  - facts: {use_ratio: 0.4, tier: mid}
    expect: acts
";

const SOLUTION: &str = "---\ntitle: Call\nfor: [use-fell]\ndose: \"one call\"\n---\nAsk what changed, and listen.\n";

const PIPELINE: &str = "\
name: leads
title: From the first contact to the order
records: leads
questions:
  need: Is there a need?
stages:
  - name: lead
    title: Any contact
    owner: marketing
    stay: 30 days
    at_end: {hand_back: pool, because: nobody took it}
  - name: sql
    title: Sales agrees
    owner: record
    requires: {fields: [company], good_answers: 1, record: valid_phone}
    win_rate: 0.3
    stay: 7 days
    extend: {by: 7 days, times: 2, per_owner: 10}
    at_end: {hand_back: pool, because: no order within the week}
    moves:
      - {to: order, record: 'utm_medium == \"list\"', because: it is signed}
  - {name: order, title: Signed, means: won}
  - name: pool
    title: In common
    means: pool
    timetable:
      - {when: unanswered >= 3, every: half a year, by: letter}
      - {every: 1 month, by: call}
examples:
  - says: the week rule
    lead: {id: a, created_at: 2026-11-01, stage: sql, stage_since: 2026-11-02}
    expect:
      - {on: 2026-11-08, stage: sql}
      - {on: 2026-11-09, stage: pool}
";

const ONBOARDING: &str = "\
name: onboarding
title: From the signature to the hand-over
records: accounts
stages:
  - {name: kick-off, title: Kick-off, owner: csm}
  - {name: live, title: Live, means: won}
";

const CADENCE: &str = "\
classes:
  - {name: A, every_days: 7, for: 'tier == \"enterprise\"'}
  - {name: D, every_days: 91}
";

const SCORECARD: &str = "\
name: default
floor: 0.25
bands:
  - {healthy: 65, watch: 35}
hysteresis: 5
dwell_days: 3
dimensions:
  - name: use
    weight: 35
    signals:
      - {signal: use_ratio, weight: 1, validity_days: 14, points: [[0, 0], [1, 100]]}
caps:
  - {when: champion_left, at_most: 60, reason: the champion left}
";

const FIRST_VALUE: &str = "\
name: default
title: In use on ten days
measure: {active_days: 10}
deadline_days: 30
";

const FILES: [(&str, &str); 8] = [
    ("plays/use-fell.yaml", PLAY),
    ("solutions/call.md", SOLUTION),
    ("solutions/visit.md", "---\ntitle: Visit\n---\nGo there.\n"),
    ("pipelines/leads.yaml", PIPELINE),
    ("pipelines/onboarding.yaml", ONBOARDING),
    ("cadence/classes.yaml", CADENCE),
    ("scorecards/default.yaml", SCORECARD),
    ("first-value/default.yaml", FIRST_VALUE),
];

/// What the person meant to write, in which file, what stands there, and what they wrote instead.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    // Plays.
    ("a misspelt key", "plays/use-fell.yaml", "severity: high", "sevrity: high"),
    ("a misspelt key within a task", "plays/use-fell.yaml", "after: ask", "aftr: ask"),
    ("an unknown signal in a folded text", "plays/use-fell.yaml", "known(\"csat\")", "known(\"cast\")"),
    ("a share of 60 %", "plays/use-fell.yaml", "use_ratio < 0.6", "use_ratio < 60"),
    ("a tier taken for a number", "plays/use-fell.yaml", "tier == \"mid\"", "tier > 3"),
    ("a word without quotes", "plays/use-fell.yaml", "tier == \"mid\"", "tier == mid"),
    ("`and` in the middle of a folded text", "plays/use-fell.yaml", "\"mid\" ||", "\"mid\" and"),
    ("an operator too many in a folded text", "plays/use-fell.yaml", "use_ratio < 0.6 &&\n  (", "use_ratio < 0.6 &&\n  || ("),
    ("a bracket that never closes", "plays/use-fell.yaml", "known(\"csat\"))", "known(\"csat\")"),
    ("a quote that never closes", "plays/use-fell.yaml", "tier == \"mid\"", "tier == \"mid"),
    (
        "a text in quotes, wrapped",
        "plays/use-fell.yaml",
        "severe: days_since_use >= 21",
        "severe: 'first_value == \"missed\" &&\n  sentimnt < 0'",
    ),
    ("`=` for `==`", "plays/use-fell.yaml", "for: industry == ", "for: industry = "),
    ("a solution that is not there", "plays/use-fell.yaml", "solution: visit,", "solution: vist,"),
    ("a solution to change to that is not there", "plays/use-fell.yaml", "change_to: [visit]", "change_to: [visti]"),
    ("`after` a task that is not there", "plays/use-fell.yaml", "after: ask", "after: aks"),
    ("a last prescription with `for`", "plays/use-fell.yaml", "  - tasks:\n", "  - for: region == \"DACH\"\n    tasks:\n"),
    ("a key twice", "plays/use-fell.yaml", "attempts: 2", "attempts: 2\nattempts: 3"),
    ("a tab", "plays/use-fell.yaml", "    tasks:\n", "\ttasks:\n"),
    ("a line that stands too far left", "plays/use-fell.yaml", "    expect: acts", "   expect: acts"),
    ("a colon in a title", "plays/use-fell.yaml", "title: Use fell", "title: Use fell: again"),
    ("a condition that begins with !", "plays/use-fell.yaml", "severe: days_since_use >= 21", "severe: !champion_left"),
    ("days that are too many", "plays/use-fell.yaml", "due_in_working_days: 9", "due_in_working_days: 900"),
    ("days in words", "plays/use-fell.yaml", "review_after_days: 14", "review_after_days: two weeks"),
    ("a severity that is none", "plays/use-fell.yaml", "severity: high", "severity: hihg"),
    ("a way on that is none", "plays/use-fell.yaml", "then: {change_to: [visit]}", "then: escalte"),
    ("an owner that is none", "plays/use-fell.yaml", "severity: high", "severity: high\nowner: leadr"),
    ("an example that does not hold", "plays/use-fell.yaml", "{use_ratio: 0.4, tier: mid}", "{use_ratio: 0.7, tier: mid}"),
    ("an example with an unknown fact", "plays/use-fell.yaml", "{use_ratio: 0.4, tier", "{use_ration: 0.4, tier"),
    (
        "a stage that no pipeline has",
        "plays/use-fell.yaml",
        "severity: high",
        "severity: high\noccasion: {stage: onboarding/kickoff}",
    ),
    (
        "a pipeline that is not there",
        "plays/use-fell.yaml",
        "severity: high",
        "severity: high\noccasion: {stage: onbording/live}",
    ),
    ("a date that is none", "plays/use-fell.yaml", "severity: high", "severity: high\noccasion: {date: go_life}"),
    // Solutions.
    (
        "a solution without its head",
        "solutions/call.md",
        "---\ntitle: Call\nfor: [use-fell]\ndose: \"one call\"\n---\n",
        "# Call\n",
    ),
    ("a head that does not end", "solutions/call.md", "\"one call\"\n---\n", "\"one call\"\n"),
    ("a misspelt key in a head", "solutions/call.md", "dose:", "does:"),
    ("a play that is not there", "solutions/call.md", "[use-fell]", "[used-fell]"),
    ("a quote that never closes in a head", "solutions/call.md", "\"one call\"", "\"one call"),
    // Pipelines.
    (
        "a stage that is not there",
        "pipelines/leads.yaml",
        "{hand_back: pool, because: no order",
        "{hand_back: pol, because: no order",
    ),
    ("a stage of a move that is not there", "pipelines/leads.yaml", "{to: order", "{to: ordre"),
    ("a field that leads do not have", "pipelines/leads.yaml", "[company]", "[compny]"),
    ("an unknown name in a pipeline's condition", "pipelines/leads.yaml", "unanswered >= 3", "unanswerd >= 3"),
    ("a length of time that is none", "pipelines/leads.yaml", "stay: 7 days", "stay: 7 dayz"),
    ("30 % for 0.3", "pipelines/leads.yaml", "win_rate: 0.3", "win_rate: 30"),
    ("an owner of a stage that is none", "pipelines/leads.yaml", "owner: marketing", "owner: marketting"),
    ("an example that does not hold in a pipeline", "pipelines/leads.yaml", "stay: 7 days", "stay: 8 days"),
    ("an example's stage that is not there", "pipelines/leads.yaml", "on: 2026-11-08, stage: sql", "on: 2026-11-08, stage: slq"),
    ("more good answers than questions", "pipelines/leads.yaml", "good_answers: 1", "good_answers: 5"),
    (
        "the next pipeline is not there",
        "pipelines/leads.yaml",
        "    win_rate: 0.3",
        "    goes_on_in: {pipeline: onbording, won: order, lost: pool}",
    ),
    ("`=>` for `>=`", "pipelines/leads.yaml", "unanswered >= 3", "unanswered => 3"),
    ("a name that another file has", "pipelines/onboarding.yaml", "name: onboarding", "name: leads"),
    // Cadence, scorecards, first value.
    ("an empty file", "cadence/classes.yaml", CADENCE, ""),
    ("a weight in words", "scorecards/default.yaml", "weight: 35", "weight: a third"),
    ("a class behind the one for all", "cadence/classes.yaml", "91}\n", "91}\n  - {name: E, every_days: 365}\n"),
    ("a class by a signal", "cadence/classes.yaml", "'tier == \"enterprise\"'", "'arr > 100000'"),
    ("a contact every 0 days", "cadence/classes.yaml", "every_days: 7,", "every_days: 0,"),
    ("an unknown signal in a scorecard", "scorecards/default.yaml", "use_ratio", "use_ration"),
    ("a curve that falls back", "scorecards/default.yaml", "[1, 100]]", "[-1, 100]]"),
    ("a band above 100", "scorecards/default.yaml", "healthy: 65", "healthy: 165"),
    ("a cap by the score", "scorecards/default.yaml", "when: champion_left", "when: score < 50"),
    ("no deadline", "first-value/default.yaml", "deadline_days: 30\n", ""),
];

fn place() -> Place {
    let place = Place::new(
        "[company]\nname = \"Broken\"\n[mail]\ntransport = \"file\"\nfolder = \"mail\"\nfrom = \"longroad@example.com\"\n\
         [metrics.logins]\nkind = \"total\"\nunit = \"logins\"\npolarity = \"good\"\n",
    );
    for (file, text) in FILES {
        let path = format!("playbooks/{file}");
        std::fs::create_dir_all(place.path(&path).parent().unwrap()).unwrap();
        place.put(&path, text);
    }
    place
}

/// All that is wrong with the playbooks, as `check` prints it.
fn faults(place: &Place) -> Vec<String> {
    let config = Config::load(&place.path("longroad.toml"), std::iter::empty()).unwrap();
    let faults = Setup::load(config).map_or_else(|faults| faults, |setup| setup.library.failures());
    faults.iter().map(|fault| format!("playbooks/{fault}")).collect()
}

/// The line that a message names, with a mark under the column.
fn shown(place: &Place, message: &str) -> Option<String> {
    let mut parts = message.split(':');
    let (file, line, column) = (parts.next()?, parts.next()?.parse::<usize>().ok()?, parts.next()?.parse::<usize>().ok()?);
    let text = std::fs::read_to_string(place.path(file)).ok()?;
    let line = text.lines().nth(line - 1).unwrap_or_default();
    Some(format!("    |{}\n    |{}^", line.replace('\t', "→"), " ".repeat(column - 1)))
}

#[test]
fn what_is_sound_has_no_mistakes() {
    let Outcome { code, out, .. } = place().run(&["check"]);
    assert!(code == 0 && out.contains("no mistakes"), "{out}");
}

#[test]
fn each_broken_file_is_told_with_its_place_and_what_was_meant() {
    let place = place();
    let mut told = String::new();
    for (number, (what, file, from, to)) in BROKEN.iter().enumerate() {
        let sound = FILES.iter().find(|(path, _)| path == file).unwrap().1;
        assert_eq!(sound.matches(from).count(), 1, "{what}: `{from}`");
        let path = format!("playbooks/{file}");
        place.put(&path, &sound.replace(from, to));
        let messages = faults(&place);
        assert!(!messages.is_empty(), "{what} is passed over");
        // The command prints these lines; asking it each time would take a minute.
        if number % 16 == 0 {
            let Outcome { code, out, .. } = place.run(&["check"]);
            let printed: Vec<&str> = out.lines().filter(|line| line.starts_with("playbooks/")).collect();
            assert_eq!((code, printed), (2, messages.iter().map(String::as_str).collect()), "{what}");
        }
        let _ = writeln!(told, "# {what}");
        for message in messages {
            let _ = writeln!(told, "{message}");
            told.extend(shown(&place, &message).map(|line| line + "\n"));
        }
        told.push('\n');
        place.put(&path, sound);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_file_in_another_encoding_is_told_with_its_place() {
    let place = place();
    std::fs::write(place.path("playbooks/pipelines/leads.yaml"), b"name: leads\n# \xc3\xbc\ntitle: Caf\xe9\n").unwrap();
    let Outcome { code, out, .. } = place.run(&["check"]);
    let told = "playbooks/pipelines/leads.yaml:3:11: is not UTF-8; save the file as UTF-8\n";
    assert!(code == 2 && out.contains(told), "{out}");
}

#[test]
fn a_metric_that_nobody_declared_is_warned_of() {
    let place = place();
    let text = FIRST_VALUE.replace("{active_days: 10}", "{metric: logns, at_least: 10}");
    place.put("playbooks/first-value/default.yaml", &text);
    let Outcome { code, out, .. } = place.run(&["check"]);
    let warning = "warning: first value is measured by `logns`, and there is no [metrics.logns]; did you mean `logins`?";
    assert!(code == 0 && out.contains(warning), "{out}");
}
