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
