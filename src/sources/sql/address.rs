//! Which database, where, and how to get there: from the url, and from `user` and `password` beside it.

use std::path::Path;

use reqwest::Url;
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;

use crate::config::{Config, Secret, Source};
use crate::sources::query::Dialect;

/// How to connect.
#[derive(Clone, Debug)]
pub enum Address {
    /// To PostgreSQL.
    Postgres(Box<PgConnectOptions>),
    /// To MySQL or MariaDB.
    MySql(Box<MySqlConnectOptions>),
    /// To a file of SQLite's.
    Sqlite(Box<SqliteConnectOptions>),
}

impl Address {
    /// Reads the url. What is wrong is said without repeating it: it may hold a password.
    pub fn of(source: &Source, config: &Config) -> Result<Address, String> {
        let url = source.url.as_ref().map(Secret::reveal).unwrap_or_default();
        let known = "write postgres://…, mysql://…, mariadb://… or sqlite:FILE";
        let (scheme, rest) = url.split_once(':').ok_or_else(|| format!("the url names no kind of database; {known}"))?;
        match scheme {
            "sqlite" => sqlite(&config.resolve(Path::new(rest.strip_prefix("//").unwrap_or(rest)))),
            "postgres" | "postgresql" => {
                let (parsed, mut to) = (parse(url)?, url.parse::<PgConnectOptions>().map_err(|_| unreadable())?);
                if let Some(user) = &source.user {
                    to = to.username(user);
                }
                if let Some(password) = &source.password {
                    to = to.password(password.reveal());
                }
                let near = to.get_socket().is_some() || to.get_host().starts_with('/') || is_this_machine(to.get_host());
                if !near && !says_ssl_mode(&parsed) {
                    to = to.ssl_mode(PgSslMode::VerifyFull);
                }
                Ok(Address::Postgres(Box::new(to.application_name("longroad").disable_statement_logging())))
            }
            "mysql" | "mariadb" => {
                let (parsed, mut to) = (parse(url)?, url.parse::<MySqlConnectOptions>().map_err(|_| unreadable())?);
                if let Some(user) = &source.user {
                    to = to.username(user);
                }
                if let Some(password) = &source.password {
                    to = to.password(password.reveal());
                }
                if to.get_socket().is_none() && !is_this_machine(to.get_host()) && !says_ssl_mode(&parsed) {
                    to = to.ssl_mode(MySqlSslMode::VerifyIdentity);
                }
                // `||` and the rest shall mean what they mean to those who wrote the query.
                let to = to.pipes_as_concat(false).no_engine_substitution(false).timezone(None).disable_statement_logging();
                Ok(Address::MySql(Box::new(to)))
            }
            _ => Err(format!("the url names a kind of database that is not known; {known}")),
        }
    }

    /// Whose SQL is spoken there.
    pub fn dialect(&self) -> Dialect {
        match self {
            Address::Postgres(_) => Dialect::Postgres,
            Address::MySql(_) => Dialect::MySql,
            Address::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// For people: host and port, or the file. Never a password.
    pub fn place(&self) -> String {
        match self {
            Address::Postgres(to) => match to.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", to.get_host(), to.get_port()),
            },
            Address::MySql(to) => match to.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", to.get_host(), to.get_port()),
            },
            Address::Sqlite(to) => to.get_filename().display().to_string(),
        }
    }
}

fn sqlite(file: &Path) -> Result<Address, String> {
    if !file.is_file() {
        return Err(format!("there is no database file {}", file.display()));
    }
    let to = SqliteConnectOptions::new().filename(file).read_only(true).create_if_missing(false).pragma("query_only", "1");
    Ok(Address::Sqlite(Box::new(to.disable_statement_logging())))
}

fn parse(url: &str) -> Result<Url, String> {
    Url::parse(url).map_err(|_| unreadable())
}

fn unreadable() -> String {
    "the url cannot be read; write it as postgres://USER:PASSWORD@HOST:5432/DATABASE, with %40 for @ and %2F for / in a password"
        .to_owned()
}

fn says_ssl_mode(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"))
}

/// What goes there never leaves this machine.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Address, String> {
        let source = Source { url: Some(Secret::new(url)), user: Some("reader".to_owned()), ..Source::default() };
        Address::of(&source, &Config::default())
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified_unless_the_url_says_otherwise() {
        let postgres = |url| match of(url) {
            Ok(Address::Postgres(to)) => to,
            other => panic!("{other:?}"),
        };
        let mode = |url| format!("{:?}", postgres(url).get_ssl_mode());
        assert_eq!(mode("postgres://db.example.com/crm"), "VerifyFull");
        assert_eq!(mode("postgres://db.example.com/crm?sslmode=require"), "Require");
        assert_eq!(mode("postgres://127.0.0.1/crm"), "Prefer");
        assert_eq!(mode("postgres://[::1]/crm"), "Prefer");
        assert_eq!(mode("postgres://%2Frun%2Fpostgresql/crm"), "Prefer");
        assert_eq!(postgres("postgres://someone@localhost/crm").get_username(), "reader");
        let mysql = |url| match of(url) {
            Ok(Address::MySql(to)) => format!("{:?}", to.get_ssl_mode()),
            other => panic!("{other:?}"),
        };
        assert_eq!(mysql("mariadb://10.0.0.7/crm"), "VerifyIdentity");
        assert_eq!(mysql("mysql://10.0.0.7/crm?ssl-mode=DISABLED"), "Disabled");
        assert_eq!(mysql("mysql://localhost/crm"), "Preferred");
        assert_eq!(of("postgres://someone:secret@db.example.com:5433/crm").unwrap().place(), "db.example.com:5433");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for wrong in ["secret", "oracle://secret@host/x", "postgres://u:sec/ret@host:port/x", "mysql://u:se#cret@:99999/x"] {
            let reason = of(wrong).unwrap_err();
            assert!(!reason.contains("secret") && !reason.contains("ret@"), "{reason}");
        }
        assert!(of("sqlite:nowhere.db").unwrap_err().starts_with("there is no database file"));
    }
}
