//! A `PostgreSQL` server of a test's own, to be stopped in the midst of things.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A running server; stopped and removed when dropped.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    as_root: bool,
}

impl Cluster {
    /// A new server on a free port of this machine.
    pub fn start() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let id = Command::new("id").arg("-u").output().unwrap();
        let as_root = String::from_utf8(id.stdout).unwrap().trim() == "0";
        let cluster = Cluster { folder, programs: programs(), port, as_root };
        if as_root {
            // PostgreSQL refuses to run as root.
            let chown = Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap();
            assert!(chown.success());
        }
        let data = cluster.data();
        let initialise = ["-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D"].map(OsStr::new);
        cluster.run("initdb", initialise.into_iter().chain([data.as_os_str()]));
        cluster.begin();
        cluster
    }

    /// Stops it as a power failure would, as far as its clients can see.
    pub fn crash(&self) {
        let data = self.data();
        self.run(
            "pg_ctl",
            ["-D".as_ref(), data.as_os_str(), "-m".as_ref(), "immediate".as_ref(), "-w".as_ref(), "stop".as_ref()],
        );
    }

    /// Starts it again.
    pub fn begin(&self) {
        let (data, port) = (self.data(), self.port);
        let log = self.folder.path().join("data/server.log");
        let options =
            format!("-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB", data.display());
        let words =
            ["-D".as_ref(), data.as_os_str(), "-l".as_ref(), log.as_os_str(), "-w".as_ref(), "-t".as_ref(), "60".as_ref()];
        self.run("pg_ctl", words.into_iter().chain(["-o".as_ref(), options.as_ref(), "start".as_ref()]));
    }

    /// The address of the database that it has from the beginning.
    pub fn url(&self) -> String {
        format!("postgres://tests@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) {
        let program = self.programs.join(program);
        let mut command = if self.as_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let null = || std::process::Stdio::null();
        let command = command.args(arguments).current_dir("/").stdin(null()).stdout(null()).stderr(null());
        let status = command.status().unwrap();
        assert!(status.success(), "{}: {status}", program.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !std::thread::panicking() || self.data().join("postmaster.pid").exists() {
            self.crash();
        }
    }
}

/// They are not on the path in Debian.
fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = debian.chain(std::env::split_paths(&path).collect::<Vec<_>>()).find(|folder: &PathBuf| has_initdb(folder));
    found.expect("PostgreSQL's programs are installed: `tests/run` sees to it")
}

fn has_initdb(folder: &Path) -> bool {
    folder.join("initdb").is_file()
}
