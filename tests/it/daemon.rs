//! `longroad run` as a process: alone on a file, many on a server, ready, stopped, told by `jobs`.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, postgres};

/// A small company by hand, and a store at this address. A claim holds for two seconds.
pub fn company(store: &str) -> Place {
    let place = Place::new(&format!(
        "[company]\nname = 'Daemon'\n[store]\nurl = '{store}'\n[web]\nlisten = '127.0.0.1:0'\n[schedule]\nhousekeeping = ''\ncalibrate = ''\nlease_seconds = 2\nstop_within_seconds = 10\n"
    ));
    place.put("data/accounts.csv", "id,name,csm,tier\na,Acme,u1,mid\nb,Birch,u1,small\n");
    place.put("data/users.csv", "id,name,email,role\nu1,Una,una@example.com,csm\n");
    place.put("data/contracts.csv", "id,account_id,starts_on,ends_on,amount,currency\nk,a,2026-01-05,2036-01-05,1200,EUR\n");
    place
}

/// A `longroad run` of this place; killed when dropped.
pub struct Daemon(Child);

impl Daemon {
    /// Starts one, whose jobs are all due each so many milliseconds.
    pub fn start(place: &Place, tick_millis: u32, more: &[(&str, &str)]) -> Daemon {
        let mut command = place.command(&["run"]);
        command.env("LONGROAD_TEST_TICK_MS", tick_millis.to_string()).envs(more.iter().copied());
        Daemon(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Starts one that can make no file larger than so many bytes, and logs to the file `log`.
    pub fn limited(place: &Place, tick_millis: u32, bytes: u64) -> Daemon {
        let mut command = Command::new("sh");
        // Without the signal, a write beyond the limit fails as one on a full disk does.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec {} run", bytes / 512, env!("CARGO_BIN_EXE_longroad"));
        command.arg("-c").arg(script).current_dir(place.path("")).env("LONGROAD_TEST_TICK_MS", tick_millis.to_string());
        let log = std::fs::File::create(place.path("log")).unwrap();
        Daemon(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// As kill -9.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to stop, and says with which code it ended.
    pub fn stop(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> Option<i32> {
        until("the daemon ends", || self.0.try_wait().unwrap().is_some());
        self.0.wait().unwrap().code()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition, with a limit that only a broken program reaches.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(90);
    while !holds() {
        assert!(Instant::now() < limit, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// What `longroad jobs` says.
fn jobs(place: &Place) -> serde_json::Value {
    let outcome = place.run(&["jobs", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap()
}

/// How many runs stand in this state.
fn count(place: &Place, state: &str) -> usize {
    jobs(place)["runs"].as_array().unwrap().iter().filter(|run| run["state"] == state).count()
}

#[test]
fn one_daemon_on_a_file_and_commands_beside_it() {
    let place = company("sqlite:longroad.db");
    let mut daemon = Daemon::start(&place, 200, &[]);
    until("three cycles ran", || count(&place, "done") >= 3);
    let second = place.run(&["run"]);
    assert_eq!(second.code, 1);
    let expected = format!("longroad: process {} runs longroad on the store longroad.db already; stop it first", daemon.id());
    assert!(second.err.contains(&expected), "{}", second.err);
    let by_hand = place.run(&["cycle", "--no-send"]);
    assert_eq!(by_hand.code, 0, "{}", by_hand.err);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(count(&place, "running"), 0, "nothing was left in the midst");
    // The lock goes with the process.
    let mut next = Daemon::start(&place, 200, &[]);
    let before = count(&place, "done");
    until("it goes on", || count(&place, "done") > before);
    next.kill();
    let mut last = Daemon::start(&place, 200, &[]);
    let before = count(&place, "done");
    until("it goes on after a kill", || count(&place, "done") > before);
    assert_eq!(last.stop(), Some(0));
}

#[test]
fn the_service_manager_is_told() {
    let place = company("sqlite:longroad.db");
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let path = place.path("notify");
    let mut daemon = Daemon::start(&place, 3_600_000, &[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "300000")]);
    let hear = || {
        let mut text = [0; 64];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    assert_eq!(hear(), "READY=1");
    for _ in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    assert_eq!(daemon.stop(), Some(0));
    until("it says that it stops", || hear() == "STOPPING=1");
}

#[tokio::test]
async fn the_schema_is_made_once_however_many_start() {
    for store in ["sqlite:longroad.db".to_owned(), postgres().await] {
        let place = company(&store);
        let start = || place.command(&["jobs"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let processes: Vec<Child> = (0..8).map(|_| start()).collect();
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{store}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn jobs_and_check_tell_when_each_job_is_due() {
    let place = company("sqlite:longroad.db");
    let config = std::fs::read_to_string(place.path("longroad.toml")).unwrap();
    let schedule = "timezone = 'America/Vancouver'\ncycle = '0 8 * * *'\n[[source]]\nname = 'files'\nkind = 'csv'\npath = 'data'\nschedule = '*/15 8-18 * * mon-fri'\n";
    place.put("longroad.toml", &format!("{config}{schedule}"));
    let check = place.run(&["check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    let lines: Vec<&str> = check.out.lines().skip_while(|line| !line.starts_with("cycle: ")).collect();
    assert!(lines[0].starts_with("cycle: at 08:00 every day (America/Vancouver); next 20"), "{}", check.out);
    assert_eq!(lines[0].matches(" 08:00").count(), 4, "{}", lines[0]);
    assert!(
        lines[1].starts_with("pull:files: at minute */15 of hour 8-18 on Monday to Friday (America/Vancouver)"),
        "{}",
        check.out
    );
    let told = jobs(&place);
    assert_eq!((&told["jobs"][1]["job"], &told["jobs"][1]["line"]), (&"pull:files".into(), &"*/15 8-18 * * mon-fri".into()));
    assert_eq!(told["jobs"][0]["next"].as_array().unwrap().len(), 3);
    assert!(place.run(&["jobs"]).out.contains("nothing was missed, skipped or failed"));
    place.put("longroad.toml", &format!("{config}cycle = '0 8 31 4 *'\n"));
    let refused = place.run(&["check"]);
    assert_eq!(refused.code, 2);
    assert!(refused.out.contains("longroad.toml:12:9: schedule.cycle: `0 8 31 4 *` never comes due"), "{}", refused.out);
}

#[test]
fn sources_are_pulled_on_schedules_of_their_own() {
    let place = company("sqlite:longroad.db");
    let config = std::fs::read_to_string(place.path("longroad.toml")).unwrap();
    place.put(
        "longroad.toml",
        &format!("{config}[[source]]\nname = 'files'\nkind = 'csv'\npath = 'data'\nschedule = '0 * * * *'\n"),
    );
    let mut daemon = Daemon::start(&place, 300, &[]);
    let done = |job: &str| {
        let told = jobs(&place);
        told["runs"].as_array().unwrap().iter().any(|run| run["job"] == job && run["state"] == "done")
    };
    until("both ran", || done("cycle") && done("pull:files"));
    place.put("data/accounts.csv", "id,name,csm,tier\na,Acme,u1,mid\nb,Birch,u1,small\nc,Cedar,u1,small\n");
    until("the new account is there", || place.run(&["sources"]).out.contains("  3 "));
    assert_eq!(daemon.stop(), Some(0));
}
