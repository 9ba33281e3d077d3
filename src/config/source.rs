//! `[[source]]`: where data comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::{Secret, nearest, secret, value};
use crate::model::CronLine;
use crate::model::record::RecordKind;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Files with one record each: a folder, a glob, or one file behind an https address.
    Csv,
    /// JSON pages of a web service, by a mapping.
    Http,
    /// Queries to PostgreSQL, MySQL, MariaDB or SQLite.
    Sql,
    /// Queries to a ClickHouse warehouse, which does the counting.
    Clickhouse,
    /// What others send to us.
    Push,
}

impl SourceKind {
    /// As in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Csv => "csv",
            SourceKind::Http => "http",
            SourceKind::Sql => "sql",
            SourceKind::Clickhouse => "clickhouse",
            SourceKind::Push => "push",
        }
    }
}

/// One `[[source]]`. Which settings a kind takes, `validate` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What people call it; no two sources share a name.
    #[serde(deserialize_with = "value::text")]
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// csv: the folder with its files, one file, or a glob such as `exports/*.csv.gz`.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub path: Option<PathBuf>,
    /// The record that the files of a glob or an address hold; a folder's files have it in their names.
    #[serde(deserialize_with = "record", default)]
    pub record: Option<RecordKind>,
    /// Where the service, the database or the file is: an address that may hold a password.
    #[serde(deserialize_with = "secret::optional", default)]
    pub url: Option<Secret>,
    /// A file that holds the url.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub url_file: Option<PathBuf>,
    /// http: the mapping in the playbooks' folder `sources`, without `.yaml`.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub mapping: Option<String>,
    /// http: values for the names that the mapping leaves open.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// sql, clickhouse: a query for each record, by the record's name.
    #[serde(deserialize_with = "queries", default)]
    pub queries: BTreeMap<RecordKind, String>,
    /// The user to sign in as, where a password goes with one.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub user: Option<String>,
    /// That user's password.
    #[serde(deserialize_with = "secret::optional", default)]
    pub password: Option<Secret>,
    /// A file that holds it.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub password_file: Option<PathBuf>,
    /// A bearer token or an API key; what others must show, for push.
    #[serde(deserialize_with = "secret::optional", default)]
    pub token: Option<Secret>,
    /// A file that holds it.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub token_file: Option<PathBuf>,
    /// http: the header in which the token goes, where it is not `Authorization: Bearer`.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub token_header: Option<String>,
    /// http: where OAuth 2 client credentials become a token.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub token_url: Option<String>,
    /// http: the OAuth 2 client.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(deserialize_with = "secret::optional", default)]
    pub client_secret: Option<Secret>,
    /// A file that holds it.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub client_secret_file: Option<PathBuf>,
    /// http: the OAuth 2 scope that is asked for.
    #[serde(deserialize_with = "value::optional_text", default)]
    pub scope: Option<String>,
    /// push: the secret with which a webhook is signed.
    #[serde(deserialize_with = "secret::optional", default)]
    pub webhook_secret: Option<Secret>,
    /// A file that holds it.
    #[serde(deserialize_with = "value::optional_path", default)]
    pub webhook_secret_file: Option<PathBuf>,
    /// Whether the address may lie in this machine or its private network.
    #[serde(default)]
    pub allow_internal: bool,
    /// http: requests a second at most, with one credential.
    #[serde(deserialize_with = "value::positive", default = "five")]
    pub requests_per_second: f64,
    /// How long a server may take to accept a connection. Seconds.
    #[serde(deserialize_with = "value::positive", default = "five")]
    pub connect_seconds: f64,
    /// How long a server may be silent. Seconds.
    #[serde(deserialize_with = "value::positive", default = "thirty_seconds")]
    pub read_seconds: f64,
    /// http: how long one request may take in all. Seconds.
    #[serde(deserialize_with = "value::positive", default = "two_minutes")]
    pub request_seconds: f64,
    /// http: the longest wait before a request is tried again; it doubles with each try. Seconds.
    #[serde(deserialize_with = "value::positive", default = "one_second")]
    pub retry_seconds: f64,
    /// A pull that takes longer is given up. Minutes.
    #[serde(deserialize_with = "value::minutes", default = "thirty")]
    pub deadline_minutes: u32,
    /// How far before the last pull a pull asks again, for data that come late. Days.
    #[serde(deserialize_with = "value::days_or_none", default = "three_days")]
    pub look_back_days: u32,
    /// Everything is asked for again when the last pull lies further back, because the source forgets what changed. Days.
    #[serde(deserialize_with = "value::days", default = "thirty")]
    pub horizon_days: u32,
    /// Everything is asked for again after so many days at the latest, so that deletions are noticed. Days.
    #[serde(deserialize_with = "value::days", default = "seven_days")]
    pub full_every_days: u32,
    /// It is stale when its newest day lies more than so many days back. At least 1.
    #[serde(deserialize_with = "value::days", default = "three_days")]
    pub max_age_days: u32,
    /// Its records that happen on a day (tickets, touches …) are stale when none did for more than so many working days; if
    /// absent, for more than twice the longest silence of late, and never before `max_age_days`.
    #[serde(deserialize_with = "value::optional_days", default)]
    pub quiet_days: Option<u32>,
    /// A pull of which more than this share (0 to 1) of the rows is bad is refused as a whole.
    #[serde(deserialize_with = "value::share", default = "five_per_cent")]
    pub refuse_share: f64,
    /// When it is pulled besides; if absent, each cycle pulls it.
    #[serde(deserialize_with = "value::optional_cron_line", default)]
    pub schedule: Option<CronLine>,
    /// A whole pull that brings less than this share (0 to 1) of the usual number of accounts is held as suspect.
    #[serde(deserialize_with = "value::share", default = "four_fifths")]
    pub least_accounts_share: f64,
    /// A pull by which a metric's total falls by more than this share (0 to 1) against the same weekday is held as suspect.
    #[serde(deserialize_with = "value::share", default = "three_fifths")]
    pub most_usage_drop_share: f64,
}

impl Default for Source {
    fn default() -> Source {
        Source {
            name: "files".to_owned(),
            kind: SourceKind::Csv,
            path: Some("data".into()),
            record: None,
            url: None,
            url_file: None,
            mapping: None,
            parameters: BTreeMap::new(),
            queries: BTreeMap::new(),
            user: None,
            password: None,
            password_file: None,
            token: None,
            token_file: None,
            token_header: None,
            token_url: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            scope: None,
            webhook_secret: None,
            webhook_secret_file: None,
            allow_internal: false,
            requests_per_second: five(),
            connect_seconds: five(),
            read_seconds: thirty_seconds(),
            request_seconds: two_minutes(),
            retry_seconds: one_second(),
            deadline_minutes: thirty(),
            look_back_days: three_days(),
            horizon_days: thirty(),
            full_every_days: seven_days(),
            max_age_days: three_days(),
            quiet_days: None,
            refuse_share: five_per_cent(),
            schedule: None,
            least_accounts_share: four_fifths(),
            most_usage_drop_share: three_fifths(),
        }
    }
}

impl Source {
    /// The secrets that may also be given as a file, with their settings' names.
    pub(super) fn secrets(&mut self) -> [(&'static str, &Option<PathBuf>, &mut Option<Secret>); 5] {
        [
            ("url", &self.url_file, &mut self.url),
            ("password", &self.password_file, &mut self.password),
            ("token", &self.token_file, &mut self.token),
            ("client_secret", &self.client_secret_file, &mut self.client_secret),
            ("webhook_secret", &self.webhook_secret_file, &mut self.webhook_secret),
        ]
    }

    /// What is missing or too much for its kind: the setting, and why.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        let kind = self.kind.name();
        let addressed = self.url.is_some();
        match self.kind {
            SourceKind::Csv if self.path.is_some() && addressed => {
                return Some(("url", "stands beside path; a csv source has one of the two".to_owned()));
            }
            SourceKind::Csv if !addressed && self.path.is_none() => {
                return Some((
                    "path",
                    "is missing; write the folder with the files, or url = \"https://…\" for one file".to_owned(),
                ));
            }
            SourceKind::Csv if addressed && self.record.is_none() => {
                return Some((
                    "record",
                    "is missing; write which record the file holds, for example record = \"accounts\"".to_owned(),
                ));
            }
            SourceKind::Http if self.mapping.is_none() => {
                return Some(("mapping", "is missing; write the name of a file in the playbooks' folder sources".to_owned()));
            }
            SourceKind::Sql | SourceKind::Clickhouse if !addressed => {
                return Some(("url", format!("is missing; write the address of the {kind} database, or url_file")));
            }
            SourceKind::Sql | SourceKind::Clickhouse if self.queries.is_empty() => {
                return Some((
                    "queries",
                    "is missing; write a query for each record: queries.accounts = \"SELECT …\"".to_owned(),
                ));
            }
            SourceKind::Push if self.token.is_none() && self.webhook_secret.is_none() => {
                return Some(("token", "is missing; without token or webhook_secret anybody could send".to_owned()));
            }
            _ => {}
        }
        let takes = |kinds: &[SourceKind]| kinds.contains(&self.kind);
        let settings = [
            ("path", self.path.is_some(), takes(&[SourceKind::Csv])),
            ("record", self.record.is_some(), takes(&[SourceKind::Csv])),
            ("url", addressed, !takes(&[SourceKind::Push])),
            ("mapping", self.mapping.is_some(), takes(&[SourceKind::Http])),
            ("parameters", !self.parameters.is_empty(), takes(&[SourceKind::Http])),
            ("queries", !self.queries.is_empty(), takes(&[SourceKind::Sql, SourceKind::Clickhouse])),
            ("token", self.token.is_some(), takes(&[SourceKind::Csv, SourceKind::Http, SourceKind::Push])),
            ("token_url", self.token_url.is_some(), takes(&[SourceKind::Http])),
            ("webhook_secret", self.webhook_secret.is_some(), takes(&[SourceKind::Push])),
        ];
        let stray = settings.into_iter().find(|(_, given, taken)| *given && !taken);
        stray.map(|(setting, ..)| (setting, format!("a source of kind {kind} has no such setting")))
    }
}

/// A record's name, or nothing where it is empty.
fn record<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RecordKind>, D::Error> {
    value::optional_text(deserializer)?.map(|name| parse(&name)).transpose()
}

fn queries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<RecordKind, String>, D::Error> {
    let given = BTreeMap::<String, String>::deserialize(deserializer)?;
    given.into_iter().map(|(name, query)| Ok((parse(&name)?, query))).collect()
}

fn parse<E: de::Error>(name: &str) -> Result<RecordKind, E> {
    RecordKind::parse(name).ok_or_else(|| {
        let known = RecordKind::ALL.map(RecordKind::name);
        let hint =
            nearest(name, known).map_or_else(|| format!("known: {}", known.join(", ")), |meant| format!("is `{meant}` meant?"));
        E::custom(format!("there is no record `{name}`; {hint}"))
    })
}

fn three_days() -> u32 {
    3
}

fn seven_days() -> u32 {
    7
}

fn thirty() -> u32 {
    30
}

fn five() -> f64 {
    5.0
}

fn one_second() -> f64 {
    1.0
}

fn thirty_seconds() -> f64 {
    30.0
}

fn two_minutes() -> f64 {
    120.0
}

fn five_per_cent() -> f64 {
    0.05
}

fn four_fifths() -> f64 {
    0.8
}

fn three_fifths() -> f64 {
    0.6
}
