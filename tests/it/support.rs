//! What the tests share: a place with configuration and data, the built binary, and a `PostgreSQL` database of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

/// A temporary folder with a configuration and a data folder, gone when dropped.
pub struct Place {
    folder: TempDir,
}

/// What the binary did.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Place {
    /// A place with this `longroad.toml` and an empty `data` folder.
    pub fn new(configuration: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().expect("a temporary folder") };
        place.put("longroad.toml", configuration);
        std::fs::create_dir(place.path("data")).expect("the data folder");
        place
    }

    /// The path of something in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file; `data/usage.csv`, for example.
    pub fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap_or_else(|error| panic!("writing {name}: {error}"));
    }

    /// Runs the built binary here with these arguments, and with nothing of longroad's in its environment.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command(arguments);
        let output = command.output().expect("the binary runs");
        Outcome {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// The built binary in this place, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longroad"));
        command.current_dir(self.folder.path()).args(arguments);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LONGROAD_")) {
            command.env_remove(name);
        }
        command
    }
}

/// A zone in which it is about noon: what is for this day there stays so while a test runs.
pub fn zone_at_noon() -> String {
    use longroad::clock::{Clock, SystemClock};
    let hour = SystemClock.now().micros() / 3_600_000_000 % 24;
    // The signs of these names are turned around.
    match 12 - hour {
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

/// A fresh, empty `PostgreSQL` database; its URL. It lives as long as the private cluster that `tests/run` starts.
/// Fails, never skips, where there is none: an untested database is an unsupported one.
pub async fn postgres() -> String {
    let server = server("LONGROAD_TEST_POSTGRES");
    let name = fresh_name();
    let mut connection = PgConnection::connect(&server).await.unwrap_or_else(|error| panic!("connecting to {server}: {error}"));
    let create = format!("CREATE DATABASE {name} TEMPLATE template0");
    connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap_or_else(|error| panic!("creating {name}: {error}"));
    let (address, _) = server.rsplit_once('/').expect("the URL ends in a database's name");
    format!("{address}/{name}")
}

/// The address of a server that `tests/run` starts. Fails, never skips, where there is none.
pub fn server(variable: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the address of a test server is no setting of longroad's")]
    let address = std::env::var(variable);
    address.unwrap_or_else(|_| panic!("{variable} is not set: run `tests/run`, which starts private servers and all tests"))
}

/// A name that no other database of this run has.
pub fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("longroad_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn each_database_is_fresh_and_its_own() {
    for _ in 0..2 {
        let mut connection = PgConnection::connect(&postgres().await).await.unwrap();
        connection.execute("CREATE TABLE mark (x BIGINT)").await.unwrap();
    }
}

#[test]
fn the_binary_runs_in_its_place() {
    let place = Place::new("");
    place.put("data/accounts.csv", "id,name\n");
    let outcome = place.run(&["--help"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
}
