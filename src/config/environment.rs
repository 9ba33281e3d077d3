//! Settings from the environment: `LONGROAD_SECTION_SETTING`.

use serde::Deserialize;
use toml::{Table, Value};

use super::place::reworded;
use super::{Config, ConfigError, nearest};

/// The process's environment. A value that is no UTF-8 keeps what of it is.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// The settings that the variables give, each checked by itself so that an error names its variable. `defaults` is
/// the embedded configuration, which has every setting that a variable can give, in its type.
pub(super) fn settings(defaults: &Table, variables: impl Iterator<Item = (String, String)>) -> Result<Table, ConfigError> {
    let known: Vec<(String, &str, &str)> = defaults
        .iter()
        .filter_map(|(section, settings)| Some((section, settings.as_table()?)))
        .flat_map(|(section, settings)| {
            settings.keys().map(move |key| (variable(&[section, key]), section.as_str(), key.as_str()))
        })
        .collect();
    let mut ours: Vec<(String, String)> = variables.filter(|(name, _)| is_setting(name)).collect();
    ours.sort();
    let mut given = Table::new();
    for (name, text) in ours {
        let Some((_, section, key)) = known.iter().find(|(known, ..)| *known == name) else {
            let meant = nearest(&name, known.iter().map(|(name, ..)| name.as_str()));
            let hint = meant
                .map_or_else(|| "variables are named LONGROAD_SECTION_SETTING".to_owned(), |meant| format!("is {meant} meant?"));
            return Err(ConfigError::at(name, format!("no setting has this name; {hint}")));
        };
        let value = if defaults[*section][*key].is_str() { Value::String(text) } else { typed(text) };
        let mut alone = Table::new();
        insert(&mut alone, section, key, value.clone());
        Config::deserialize(alone)
            .map_err(|error: toml::de::Error| ConfigError::at(&name, reworded(&format!("{section}.{key}"), error.message())))?;
        insert(&mut given, section, key, value);
    }
    Ok(given)
}

/// The variable of a setting: `LONGROAD_MAIL_HOST` for `mail.host`.
pub(super) fn variable(path: &[impl AsRef<str>]) -> String {
    path.iter().fold("LONGROAD".to_owned(), |name, step| format!("{name}_{}", step.as_ref().to_uppercase()))
}

/// `LONGROAD_CONFIG` names the file itself; the others belong to the tests.
fn is_setting(name: &str) -> bool {
    let others = ["LONGROAD_CONFIG", "LONGROAD_FAIL_AT"];
    name.starts_with("LONGROAD_") && !others.contains(&name) && !name.starts_with("LONGROAD_TEST_")
}

/// A number, table … as it would stand in the file; text where it is none, which the setting's type then refuses.
fn typed(text: String) -> Value {
    let line = format!("value = {text}");
    line.parse::<Table>().ok().and_then(|mut table| table.remove("value")).unwrap_or(Value::String(text))
}

fn insert(table: &mut Table, section: &str, key: &str, value: Value) {
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.to_owned(), value);
    }
}
