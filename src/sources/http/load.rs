//! Where mappings lie: in the folder `sources` of the playbooks, or with longroad.

use std::fs;
use std::io::ErrorKind;

use super::mapping::Mapping;
use crate::config::{Config, nearest};
use crate::signals::condition::Fault;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../playbooks/sources/", $name, ".yaml")))),*]
    };
}

/// Name and text of each mapping that comes with longroad.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    files!["hubspot", "intercom", "posthog", "salesforce", "stripe", "zendesk"]
}

/// The mapping of this name: the company's own, or else the one that comes with longroad.
pub fn load(config: &Config, name: &str) -> Result<Mapping, Vec<Fault>> {
    let file = format!("sources/{name}.yaml");
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(vec![Fault::whole(&file, "is no name of a mapping; write the file's name without folder and .yaml")]);
    }
    match fs::read_to_string(config.resolve(&config.paths.playbooks).join(&file)) {
        Ok(text) => Mapping::parse(&file, &text),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let found = shipped().iter().find(|(known, _)| *known == name);
            found.map_or_else(|| Err(vec![Fault::whole(&file, missing(name))]), |(_, text)| Mapping::parse(&file, text))
        }
        Err(error) => Err(vec![Fault::whole(&file, error.to_string())]),
    }
}

fn missing(name: &str) -> String {
    let known: Vec<&str> = shipped().iter().map(|(name, _)| *name).collect();
    let hint = nearest(name, known.iter().copied())
        .map_or_else(|| format!("with longroad come {}", known.join(", ")), |meant| format!("is `{meant}` meant?"));
    format!("there is no such file; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_sound_and_is_the_folder() {
        let mut faults = Vec::new();
        for (name, text) in shipped() {
            match Mapping::parse(&format!("sources/{name}.yaml"), text) {
                Ok(mapping) => assert!(!mapping.requests.is_empty(), "{name}"),
                Err(more) => faults.extend(more.iter().map(ToString::to_string)),
            }
        }
        assert_eq!(faults.join("\n"), "");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/sources");
        let mut found: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        found.sort();
        assert_eq!(found, shipped().iter().map(|(name, _)| format!("{name}.yaml")).collect::<Vec<_>>());
    }

    #[test]
    fn every_fault_is_told_where_it_stands() {
        let text = "\
documentation: hubspot
base: http://api.example.com
authentication: [bearer]
parameters: {portal: {about: the portal}}
requests:
  a:
    record: acounts
    all: {path: /a}
    rows: results
    fields: {id: /id}
  b:
    record: touches
    all: {path: b, query: {q: '{portla}', since: '{since}'}}
    changes: {path: /b}
    rows: /results
    pages: {by: cursor}
    keep: row.a + 'x'
    fields:
      id: rwo.id
      account_id: /a
      at: seconds(row.at) > 3
      kind: \"'emial'\"
      proactive: 3 + row.n
      nots: /n
  c:
    record: surveys
    rows: ''
    pages: {by: page}
    fields: {id: /id, account_id: /a, at: /at, kind: /k}
";
        let faults: Vec<String> = Mapping::parse("sources/x.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @r#"
        sources/x.yaml:1:16: names no page; write the https:// address of the service's documentation
        sources/x.yaml:2:7: `http://api.example.com` is no address of a service; write https://HOST
        sources/x.yaml:7:13: there is no record `acounts`; is `accounts` meant?
        sources/x.yaml:9:11: `results` is no JSON Pointer; write, for example, /results or /data/items, and "" for the whole
        sources/x.yaml:13:17: asks for everything, and has {since} or {until}; that belongs to `changes`
        sources/x.yaml:13:17: has no {cursor}: every page would be the first one
        sources/x.yaml:13:17: must begin with a slash: it goes on where `base` ends
        sources/x.yaml:13:32: nothing is called {portla}; is {portal} meant?
        sources/x.yaml:14:21: asks for what changed without {since}
        sources/x.yaml:14:21: has no {cursor}: every page would be the first one
        sources/x.yaml:16:12: needs `at`: where in the answer it stands how to go on
        sources/x.yaml:17:11: is no question; compare it with something
        sources/x.yaml:19:11: `rwo` is not a known name; fields are written row.rwo, words stand in quotes
        sources/x.yaml:21:27: compares a text with a number
        sources/x.yaml:22:13: kind: `emial` is none of visit, call, email, training, review, chat
        sources/x.yaml:23:18: proactive: the formula gives a number, and that does not fit: `1` is neither true nor false
        sources/x.yaml:24:13: touches have no column `nots`; is `note` meant?
        sources/x.yaml:26:5: `c` asks nothing; write `all`, `changes` or both
        sources/x.yaml:26:5: `fields` lacks `value`, which surveys need
        sources/x.yaml:28:12: needs `size`: how many rows a full page has
        "#);
        let unknown = Mapping::parse("sources/x.yaml", "documentation: x\nauthetication: [bearer]\nrequests: {}\n").unwrap_err();
        assert!(
            unknown[0]
                .to_string()
                .starts_with("sources/x.yaml:2:1: `authetication` is not a known key; did you mean `authentication`?")
        );
    }
}
