//! Laying the layers over each other: embedded defaults, the file, the environment; then the files of secrets.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::environment::{settings, variable};
use super::place::{Places, position};
use super::validate::validate;
use super::{Config, ConfigError, DEFAULT_FILE, Secret};
use crate::model::Calendar;

/// Each secret may also be given as `…_file`.
const SECRETS: [(&str, &str); 3] = [("store", "url"), ("mail", "password"), ("web", "token")];

pub(super) fn load(path: &Path, variables: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "; `longroad init DIR` writes one, `--config FILE` names another",
            _ => "",
        };
        ConfigError::at(&file, format!("{error}{hint}"))
    })?;
    let text = str::from_utf8(&bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        ConfigError::at(position(&file, &valid, valid.len()), "is not UTF-8; save the file as UTF-8")
    })?;

    // The file by itself first: only its own text has places to point at.
    let places = Places::parse(&file, text)?;
    toml::from_str::<Config>(text).map_err(|error| places.explain(&error))?;
    let given: Table = text.parse().map_err(|error| places.explain(&error))?;
    let mut merged: Table =
        DEFAULT_FILE.parse().map_err(|error: toml::de::Error| ConfigError::at("default.toml", error.message()))?;
    let from_environment = settings(&merged, variables)?;
    for layer in [given, from_environment.clone()] {
        one_form_of_each_secret(&mut merged, &layer).map_err(|(path, reason)| {
            let place = places.of(&path).unwrap_or_else(|| variable(&path));
            ConfigError::at(place, format!("{}: {reason}", path.join(".")))
        })?;
        lay_over(&mut merged, layer);
    }

    let mut config = Config::deserialize(merged).map_err(|error| places.explain(&error))?;
    config.root = path.parent().map(PathBuf::from).unwrap_or_default();
    // What is missing has no place of its own; what it is missing from has.
    let place_in_file = |path: &[String]| {
        let found = (1..=path.len()).rev().find_map(|length| places.of(&path[..length]));
        found.unwrap_or_else(|| file.clone())
    };
    let place = |path: &[String]| {
        let in_environment = from_environment.get(&path[0]).and_then(|section| section.get(path.get(1)?)).is_some();
        if in_environment { variable(path) } else { place_in_file(path) }
    };
    read_secrets(&mut config).map_err(|(path, reason)| ConfigError::at(place(&path), format!("{}: {reason}", path.join("."))))?;
    read_calendar(&mut config)?;
    let section = ["revenue", "rates"].map(str::to_owned);
    config.revenue.rates_place =
        places.of(&section).or_else(|| places.of(&section[..1])).unwrap_or_else(|| position(&file, text, text.len()));
    validate(&config).map_err(|wrong| {
        let setting: Vec<&str> = wrong.path.iter().map(String::as_str).filter(|step| step.parse::<usize>().is_err()).collect();
        ConfigError::at(place(&wrong.path), format!("{}: {}", setting.join("."), wrong.reason))
    })?;
    Ok(config)
}

/// Tables are merged, everything else is replaced.
fn lay_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// A layer that gives a secret in one form takes away the other form of the layers below; both forms in one layer
/// contradict each other.
fn one_form_of_each_secret(below: &mut Table, layer: &Table) -> Result<(), (Vec<String>, String)> {
    for (section, key) in SECRETS {
        let file_key = format!("{key}_file");
        let gives = |key: &str| {
            let value = layer.get(section).and_then(|section| section.get(key));
            value.is_some_and(|value| value.as_str() != Some(""))
        };
        let other = match (gives(key), gives(&file_key)) {
            (true, true) => {
                let reason = format!("is given twice; keep {section}.{key} or {section}.{file_key}");
                return Err((vec![section.to_owned(), file_key], reason));
            }
            (true, false) => &file_key,
            (false, true) => key,
            (false, false) => continue,
        };
        if let Some(Value::Table(below)) = below.get_mut(section) {
            below.insert(other.to_owned(), Value::String(String::new()));
        }
    }
    Ok(())
}

/// Reads the secrets that stand in files of their own, without the line's end.
fn read_secrets(config: &mut Config) -> Result<(), (Vec<String>, String)> {
    let root = config.root.clone();
    let read = |section: &[String], key: &str, file: &Option<PathBuf>, secret: &mut Option<Secret>| {
        let Some(file) = file else { return Ok(()) };
        let setting = || [section, &[format!("{key}_file")]].concat();
        if secret.is_some() {
            return Err((setting(), format!("is given twice; keep {key} or {key}_file")));
        }
        let path = root.join(file);
        let wrong = |reason: String| (setting(), format!("{}: {reason}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err(wrong("is empty; it must hold the secret".to_owned()));
        }
        *secret = Some(Secret::new(text));
        Ok(())
    };
    read(&["store".to_owned()], "url", &config.store.url_file, &mut config.store.url)?;
    read(&["mail".to_owned()], "password", &config.mail.password_file, &mut config.mail.password)?;
    read(&["web".to_owned()], "token", &config.web.token_file, &mut config.web.token)?;
    for (number, source) in config.sources.iter_mut().enumerate() {
        for (key, file, secret) in source.secrets() {
            read(&["source".to_owned(), number.to_string()], key, file, secret)?;
        }
    }
    Ok(())
}

/// Reads the calendar file, where there is one.
fn read_calendar(config: &mut Config) -> Result<(), ConfigError> {
    config.company.calendar = Calendar::new(config.company.working_days);
    if let Some(file) = &config.company.calendar_file {
        let path = config.resolve(file);
        let place = path.display();
        let text = fs::read_to_string(&path).map_err(|error| ConfigError::at(place.to_string(), error.to_string()))?;
        let calendar = config.company.calendar.clone().read(&text);
        config.company.calendar =
            calendar.map_err(|fault| ConfigError::at(format!("{place}:{}:{}", fault.line, fault.column), fault.reason))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Alive, Revenue, Secret, StoreAddress, Tls, Transport};
    use super::*;

    /// Loads `text` as longroad.toml of a folder that also holds the file `password`; errors without the folder.
    fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("longroad.toml");
        fs::write(&path, text).unwrap();
        fs::write(folder.path().join("password"), "hunter2\r\n").unwrap();
        fs::write(folder.path().join("empty"), "\n").unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&path, variables).map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
    }

    fn wrong(text: &str) -> String {
        loaded(text, &[]).unwrap_err().strip_prefix("reading the configuration: ").unwrap().to_owned()
    }

    #[test]
    fn the_embedded_file_is_the_default() {
        let read: Config = toml::from_str(DEFAULT_FILE).unwrap();
        assert_eq!(read, Config::default());
        let empty = loaded("", &[]).unwrap();
        assert_eq!(
            Config { root: PathBuf::new(), revenue: Revenue::default(), ..empty },
            Config::default(),
            "an empty file has all the defaults"
        );
        // Each `[metrics.logins]` line of the comment is a setting too.
        let example: String = DEFAULT_FILE
            .lines()
            .skip_while(|line| *line != "# [metrics.logins]")
            .fold(String::new(), |text, line| text + line.trim_start_matches("# ") + "\n");
        let metrics = loaded(&example, &[]).unwrap().metrics;
        assert_eq!(metrics["logins"].unit, "logins");
    }

    #[test]
    fn the_embedded_file_names_every_setting() {
        // An unknown setting is answered with all the known ones; each must stand in the embedded file.
        let defaults: Table = DEFAULT_FILE.parse().unwrap();
        for section in [
            "company",
            "store",
            "mail",
            "accounts",
            "cycle",
            "risk",
            "cost",
            "requests",
            "schedule",
            "log",
            "paths",
            "retention",
            "web",
        ] {
            let error = wrong(&format!("[{section}]\nqqqqqqqqqqqqqqqq = 1\n"));
            let known = error.split("known: ").nth(1).unwrap();
            let written: Vec<&str> = defaults[section].as_table().unwrap().keys().map(String::as_str).collect();
            let mut known: Vec<&str> = known.split(", ").collect();
            known.sort_unstable();
            assert_eq!(known, written, "{section}");
        }
    }

    #[test]
    fn the_file_overrides_the_defaults_and_the_environment_the_file() {
        let text =
            "[company]\nname = 'Tidal'\ntimezone = 'europe/berlin'\n[mail]\nport = 25\n[cycle]\ncadence_days = { VIP = 7 }\n";
        let variables = [
            ("LONGROAD_MAIL_PORT", "2525"),
            ("LONGROAD_MAIL_TLS", "none"),
            ("LONGROAD_CYCLE_CADENCE_DAYS", "{ mid = 14 }"),
            ("LONGROAD_ACCOUNTS_ALIVE", "use"),
            ("LONGROAD_CONFIG", "elsewhere.toml"),
            ("LONGROAD_TEST_POSTGRES", "x"),
            ("PATH", "/bin"),
        ];
        let config = loaded(text, &variables).unwrap();
        assert_eq!((config.company.name.as_str(), config.company.timezone.name()), ("Tidal", "Europe/Berlin"));
        assert_eq!((config.mail.port, config.mail.tls, config.accounts.alive), (2525, Tls::None, Alive::Use));
        let cadence = |tier| config.cycle.cadence_of(tier);
        assert_eq!((cadence(Some("Vip")), cadence(Some("mid")), cadence(Some("enterprise")), cadence(None)), (7, 14, 30, 91));
        assert_eq!(config.resolve(Path::new("data")), config.root.join("data"));
        assert_eq!(config.store_address(), Ok(StoreAddress::Sqlite(config.root.join("longroad.db"))));
    }

    #[test]
    fn errors_name_the_place_the_fault_and_the_remedy() {
        let table = [
            ("[company]\nnam = 'x'\n", "longroad.toml:2:1: unknown setting `nam`; is `name` meant?"),
            (
                "[requests]\nrank = 'ar / effort'\n",
                "longroad.toml:2:9: requests.rank: `ar` is not a known name; did you mean `arr`?",
            ),
            (
                "[requests]\nrank = 'arr * severty'\n",
                "longroad.toml:2:15: requests.rank: `severty` is not a known name; did you mean `severity`?",
            ),
            ("[mial]\nhost = 'x'\n", "longroad.toml:1:2: unknown setting `mial`; is `mail` meant?"),
            ("[log]\ncolour = 'x'\n", "longroad.toml:2:1: unknown setting `colour`; known: format, level"),
            (
                "[company]\n# ü\ntimezone = 'Mars/Base'\n",
                "longroad.toml:3:12: company.timezone: `Mars/Base` is no time zone; write an IANA name such as Europe/Berlin or UTC",
            ),
            (
                "[company]\ncurrency = 'Euro'",
                "longroad.toml:2:12: company.currency: `Euro` is not a currency; write its ISO 4217 code, for example EUR",
            ),
            ("[company]\nname = ' '", "longroad.toml:2:8: company.name: must be 1 to 100 characters of one line"),
            (
                "company.language = 'klingon'",
                "longroad.toml:1:20: company.language: `klingon` is no language; write a tag such as en or de-AT",
            ),
            ("[mail]\nport = 0", "longroad.toml:2:8: mail.port: must be a port from 1 to 65535"),
            (
                "[mail]\nfrom = 'nobody'",
                "longroad.toml:2:8: mail.from: `nobody` is not a mail address; write longroad@example.com or \"Longroad <longroad@example.com>\"",
            ),
            ("[mail]\nweb_url = 'x'", "longroad.toml:2:11: mail.web_url: `x` is no web address; write https://HOST"),
            ("[mail]\ntls = 'startls'", "longroad.toml:2:7: tls `startls` is unknown; is `starttls` meant?"),
            (
                "[mail]\ntransport = 'smtp'",
                "longroad.toml:2:13: mail.transport: `smtp` needs mail.host, the name of the mail server",
            ),
            ("[mail]\nuser = 'x'", "longroad.toml:2:8: mail.user: needs mail.password or mail.password_file"),
            (
                "[web]\nlisten = 'localhost'",
                "longroad.toml:2:10: web.listen: `localhost` is no address; write an IP address with a port, for example 127.0.0.1:8080",
            ),
            (
                "[web]\nlisten = '0.0.0.0:80'",
                "longroad.toml:2:10: web.listen: `0.0.0.0:80` can be reached from other machines: that needs web.token or web.token_file",
            ),
            ("[web]\ntoken = 'short'", "longroad.toml:2:9: web.token: is shorter than 16 characters, and so can be guessed"),
            (
                "[retention]\nmails_days = 0",
                "longroad.toml:2:14: retention.mails_days: must be a whole number of days, at least 1",
            ),
            (
                "[cycle]\ncadence_days = { mid = 0 }",
                "longroad.toml:2:24: cycle.cadence_days.mid: must be a whole number of days, at least 1",
            ),
            ("[[source]]\nname = 'a'\nkind = 'htp'\npath = 'data'", "longroad.toml:3:8: kind `htp` is unknown; is `http` meant?"),
            (
                "[[source]]\nname = 'a'\nkind = 'sql'\nurl = 'postgres://h/d'\npath = 'x'\nqueries.accounts = 'SELECT 1'",
                "longroad.toml:5:8: source.path: a source of kind sql has no such setting",
            ),
            (
                "[[source]]\nname = 'a'\nkind = 'sql'\nurl = 'postgres://h/d'\nqueries.acounts = 'SELECT 1'",
                "longroad.toml:5:1: source.queries: there is no record `acounts`; is `accounts` meant?",
            ),
            (
                "[[source]]\nname = 'a'\nkind = 'clickhouse'",
                "longroad.toml:1:1: source.url: is missing; write the address of the clickhouse database, or url_file",
            ),
            (
                "[[source]]\nname = 'a'\nkind = 'csv'\npath = 'data'\nrefuse_share = 5",
                "longroad.toml:5:16: source.refuse_share: 5 is no share; write a number from 0 to 1, for example 0.05 for 5 %",
            ),
            ("[[source]]\nkind = 'csv'\npath = 'data'", "longroad.toml:1:1: source: missing field `name`"),
            (
                "[[source]]\nname='a'\nkind='csv'\npath='x'\n[[source]]\nname = 'a'\nkind='csv'\npath='y'",
                "longroad.toml:6:8: source.name: two sources are called `a`; give each a name of its own",
            ),
            ("[metrics.logins]\nkind = 'sum'", "longroad.toml:2:8: kind `sum` is unknown; known: total, level"),
            (
                "[metrics.' x']",
                "longroad.toml:1:1: metrics. x: a metric's name is 1 to 100 characters of one line, without blanks around it",
            ),
            (
                "[store]\nurl = 'mysql://x'",
                "longroad.toml:2:7: store.url: names no known database; write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE",
            ),
            (
                "[store]\nurl = 'sqlite::memory:'",
                "longroad.toml:2:7: store.url: names no file; write sqlite:FILE without parameters, for example sqlite:longroad.db",
            ),
            ("[store]\nurl = ''", "longroad.toml:2:7: store.url: is empty; write sqlite:FILE or postgres://…"),
            ("[company]\nname = 5", "longroad.toml:2:8: company.name: must be text in quotes, not a whole number"),
            (
                "[revenue.rates]\nUSD = 0",
                "longroad.toml:2:7: revenue.rates.USD: must be a number above 0, such as 0.92, with at most 12 decimals",
            ),
            ("log = 'json'", "longroad.toml:1:7: log: must be a table of settings, not text in quotes"),
            ("source = 5", "longroad.toml:1:10: source: must be a list, not a whole number"),
            (
                "[schedule]\ncycle = '0 25 * * *'",
                "longroad.toml:2:9: schedule.cycle: `0 25 * * *`: hour: `25` is none; write 0 to 23, *, a range such as 0-23, or several with commas",
            ),
            (
                "[[source]]\nname = 'a'\nkind = 'csv'\npath = 'data'\nschedule = '0 0 31 2 *'",
                "longroad.toml:5:12: source.schedule: `0 0 31 2 *` never comes due: no year has such a day",
            ),
            (
                "[schedule]\nlease_seconds = 1",
                "longroad.toml:2:17: schedule.lease_seconds: must be a whole number of seconds, 2 to 3600",
            ),
            ("[mail]\nport = 2.5", "longroad.toml:2:8: mail.port: must be a port from 1 to 65535, not a number with decimals"),
            ("[company\nname = 'x'", "longroad.toml:1:9: unclosed table, expected `]`"),
            ("[log]\n[log]\n", "longroad.toml:2:2: duplicate key"),
        ];
        let (got, expected): (Vec<String>, Vec<&str>) = table.iter().map(|(text, expected)| (wrong(text), *expected)).unzip();
        assert_eq!(got.join("\n"), expected.join("\n"));
    }

    #[test]
    fn a_variable_that_sets_nothing_is_refused_by_name() {
        let refused = |name: &str, value: &str| loaded("", &[(name, value)]).unwrap_err();
        assert_eq!(
            refused("LONGROAD_MAIL_HOTS", "x"),
            "reading the configuration: LONGROAD_MAIL_HOTS: no setting has this name; is LONGROAD_MAIL_HOST meant?"
        );
        assert_eq!(
            refused("LONGROAD_MAIL_PORT", "many"),
            "reading the configuration: LONGROAD_MAIL_PORT: mail.port: must be a port from 1 to 65535, not text in quotes"
        );
        assert_eq!(
            refused("LONGROAD_MAIL_TRANSPORT", "smtp"),
            "reading the configuration: LONGROAD_MAIL_TRANSPORT: mail.transport: `smtp` needs mail.host, the name of the mail server"
        );
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config =
            loaded("[mail]\nuser = 'u'\npassword = 'hunter2'\n[store]\nurl = 'postgres://u:hunter2@db/longroad'", &[]).unwrap();
        assert_eq!(config.mail.password.as_ref().map(Secret::reveal), Some("hunter2"));
        assert_eq!(config.store_address().unwrap().to_string(), "postgres://db/longroad");
        assert!(!format!("{config:?} {:?}", config.store_address()).contains("hunter2"));
        for value in [
            "2024",
            "2.024",
            "true",
            "[2024]",
            "{ a = 2024 }",
            "2024-01-01",
            "20242024202420242024202420242024",
            "hunter2024",
            "\"2024",
        ] {
            for (section, key) in SECRETS {
                let error = wrong(&format!("[{section}]\n{key} = {value}\n"));
                assert!(!error.contains("2024") && error.starts_with("longroad.toml:2:"), "{error}");
            }
        }
        for (text, variables) in [
            ("store = 'postgres://u:hunter2@db/longroad'", vec![]),
            ("", vec![("LONGROAD_STORE_URL", "hunter2")]),
            ("", vec![("LONGROAD_MAIL_PASSWORD", "hunter2")]),
            ("[mail]\npassword = 'hunter2'", vec![]),
        ] {
            let error = loaded(text, &variables).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own() {
        let password = |text: &str, variables: &[(&str, &str)]| {
            loaded(text, variables).map(|config| config.mail.password.unwrap().reveal().to_owned())
        };
        let file = "[mail]\nuser = 'u'\npassword_file = 'password'\n";
        assert_eq!(password(file, &[]).unwrap(), "hunter2", "without the line's end");
        assert_eq!(password(file, &[("LONGROAD_MAIL_PASSWORD", "other")]).unwrap(), "other", "the environment wins");
        let clear = "[mail]\nuser = 'u'\npassword = 'clear'\n";
        assert_eq!(password(clear, &[("LONGROAD_MAIL_PASSWORD_FILE", "password")]).unwrap(), "hunter2");
        assert_eq!(
            wrong(&format!("{clear}password_file = 'password'")),
            "longroad.toml:4:17: mail.password_file: is given twice; keep mail.password or mail.password_file"
        );
        assert_eq!(
            wrong("[mail]\nuser = 'u'\npassword_file = 'empty'"),
            "longroad.toml:3:17: mail.password_file: empty: is empty; it must hold the secret"
        );
        assert!(
            wrong("[mail]\nuser = 'u'\npassword_file = 'none'")
                .starts_with("longroad.toml:3:17: mail.password_file: none: No such file")
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_says_what_to_do() {
        let error = Config::load(Path::new("nowhere/longroad.toml"), std::iter::empty()).unwrap_err().to_string();
        assert!(
            error.starts_with("reading the configuration: nowhere/longroad.toml: ") && error.contains("`longroad init DIR`"),
            "{error}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.toml");
        fs::write(&path, b"[company]\nname = 'Caf\xe9'").unwrap();
        let error = Config::load(&path, std::iter::empty()).unwrap_err().to_string();
        assert!(error.ends_with("l.toml:2:12: is not UTF-8; save the file as UTF-8"), "{error}");
    }

    #[test]
    fn smtp_is_complete_with_a_host() {
        let config = loaded("[mail]\ntransport = 'smtp'\nhost = 'mail.example.com'", &[]).unwrap();
        assert_eq!((config.mail.transport, config.mail.host.as_deref()), (Transport::Smtp, Some("mail.example.com")));
    }
}
