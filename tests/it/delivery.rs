//! Mails on their way to a server that accepts, defers, refuses, or falls silent. Needs Postfix's `smtp-sink`; without it
//! the tests fail rather than pass for nothing.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use longroad::clock::ManualClock;
use longroad::delivery::{Drained, Letter, Maildir, Memory, Renderer, Sender, Smtp, SmtpSettings, Tls, Transport, Unsubscribe};
use longroad::digest::Key;
use longroad::digest::csm::CsmDigest;
use longroad::model::{Id, Instant};
use longroad::store::Db;
use longroad::store::outbox::{self, Mail, Outcome, Plan, Planned, State};

/// A server that is stopped when the test is over.
struct Sink {
    process: Child,
    port: u16,
}

impl Sink {
    fn start(flags: &[&str]) -> Sink {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let binary = ["/usr/sbin/smtp-sink", "/usr/bin/smtp-sink"].into_iter().find(|file| Path::new(file).exists());
        let binary = binary.expect("smtp-sink is missing: install the package postfix");
        let mut command = Command::new(binary);
        // As root it insists on giving up its rights.
        if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
            command.args(["-u", "nobody"]);
        }
        let process = command
            .args(flags)
            .args([&format!("127.0.0.1:{port}"), "100"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sink = Sink { process, port };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sink;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("smtp-sink does not listen on port {port}");
    }

    fn sender(&self) -> Sender {
        sender(transport(self.port))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn transport(port: u16) -> Transport {
    let settings = SmtpSettings::new("127.0.0.1", port, Tls::None, "example.com");
    Transport::Smtp(Box::new(Smtp::new(settings).unwrap()))
}

/// To anybody; what has no answer is left alone.
fn sender(transport: Transport) -> Sender {
    Sender::new(transport, 60, false, None).unwrap()
}

async fn drain(db: &Db, sender: &mut Sender, clock: &ManualClock) -> Drained {
    sender.drain(db, clock, &|| false).await.unwrap()
}

pub fn mail(person: &str) -> Mail {
    let parts = Renderer::load(None).unwrap().render(&CsmDigest::sample()).unwrap();
    let key = Key { digest: "csm".to_owned(), person: Id::parse(person).unwrap(), day: "2026-11-21".parse().unwrap() };
    let to = format!("{person}@example.org");
    let at = Instant::from_micros(1_795_248_000_000_000);
    let (from, unsubscribe) = ("cs@example.com", Unsubscribe::At("https://cs.example.com/unsubscribe/0123"));
    Letter { key: &key, from_name: "longroad", from, to_name: person, to: &to, parts: &parts, at, unsubscribe }.write().unwrap()
}

/// A store with a planned mail for each person, and a clock.
async fn planned(folder: &Path, people: &[&str]) -> (Db, ManualClock) {
    let clock = ManualClock::new(Instant::from_micros(0));
    let db = Db::open("sqlite:a.db", folder).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for person in people {
        let now = Instant::from_micros(0);
        let plan = Plan { mail: &mail(person), due: now, not_after: None, news: "" };
        assert_eq!(outbox::plan(&mut tx, &plan, now).await.unwrap(), Planned::New);
    }
    tx.commit().await.unwrap();
    (db, clock)
}

async fn states(db: &Db) -> Vec<(State, String)> {
    outbox::list(db, 100).await.unwrap().into_iter().map(|entry| (entry.state, entry.answer)).collect()
}

/// Sends one mail to a server with these flags, and says what became of it.
async fn outcome(flags: &[&str]) -> (Drained, State, String) {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1"]).await;
    let sink = Sink::start(flags);
    let drained = drain(&db, &mut sink.sender(), &clock).await;
    let (state, answer) = states(&db).await.remove(0);
    (drained, state, answer)
}

#[tokio::test]
async fn accepted_mails_arrive_once_after_signing_in() {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1", "u2", "u3"]).await;
    let arrived = folder.path().join("arrived");
    std::fs::create_dir(&arrived).unwrap();
    // The server may run under another user.
    for place in [folder.path(), &arrived] {
        std::fs::set_permissions(place, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    }
    let sink = Sink::start(&["-R", arrived.to_str().unwrap(), "-d", "mail."]);
    let mut settings = SmtpSettings::new("127.0.0.1", sink.port, Tls::None, "example.com");
    settings.login = Some(("robot".to_owned(), "secret".to_owned()));
    let mut sender = sender(Transport::Smtp(Box::new(Smtp::new(settings).unwrap())));
    let drained = drain(&db, &mut sender, &clock).await;
    assert_eq!(drained, Drained { accepted: 3, ..Drained::default() });
    assert!(states(&db).await.iter().all(|(state, answer)| *state == State::Accepted && answer.starts_with("250 ")));
    assert_eq!(drain(&db, &mut sender, &clock).await, Drained::default(), "nothing is sent twice");

    let files = std::fs::read_dir(arrived).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let texts: Vec<String> = files.collect();
    assert_eq!(texts.len(), 3);
    for person in ["u1", "u2", "u3"] {
        let wanted = String::from_utf8(mail(person).bytes).unwrap().replace("\r\n", "\n");
        assert_eq!(texts.iter().filter(|text| text.contains(wanted.trim_end())).count(), 1, "{person}");
    }
}

#[tokio::test]
async fn what_the_server_says_decides() {
    for (flags, state, begins) in [
        (["-r", "RCPT"], State::Planned, "transient error (450)"),
        (["-f", "RCPT"], State::Rejected, "permanent error (500)"),
        (["-r", "."], State::Planned, "transient error (450)"),
        (["-f", "."], State::Rejected, "permanent error (500)"),
        (["-q", "."], State::Unknown, "response error"),
        (["-q", "DATA"], State::Planned, "response error"),
    ] {
        let (drained, found, answer) = outcome(&flags).await;
        assert_eq!(found, state, "{flags:?}: {answer}");
        assert!(answer.starts_with(begins), "{flags:?}: {answer}");
        assert_eq!((drained.accepted, drained.failed()), (0, 1), "{flags:?}");
    }
}

#[tokio::test]
async fn one_refused_mail_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1", "u2"]).await;
    let sink = Sink::start(&["-f", "RCPT"]);
    assert_eq!(drain(&db, &mut sink.sender(), &clock).await, Drained { rejected: 2, ..Drained::default() });
}

#[tokio::test]
async fn while_the_server_is_away_mails_wait_and_lose_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1"]).await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let drained = drain(&db, &mut sender(transport(nobody)), &clock).await;
    assert!(drained.stopped.unwrap().starts_with(&format!("connecting to the mail server 127.0.0.1:{nobody}: ")));
    let entry = outbox::list(&db, 1).await.unwrap().remove(0);
    assert_eq!((entry.state, entry.attempts), (State::Planned, 0));
    let sink = Sink::start(&[]);
    assert_eq!(drain(&db, &mut sink.sender(), &clock).await.accepted, 1);
}

#[tokio::test]
async fn a_deferred_mail_is_sent_later_the_same_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1"]).await;
    let mut list = Memory::default();
    list.answers.push_back(Outcome::Retry { answer: "450 later".to_owned() });
    let mut sender = sender(Transport::Memory(list));
    assert_eq!(drain(&db, &mut sender, &clock).await.retried, 1);
    assert_eq!(drain(&db, &mut sender, &clock).await, Drained::default(), "not yet");
    clock.set(Instant::from_micros(0).plus_seconds(60));
    assert_eq!(drain(&db, &mut sender, &clock).await.accepted, 1);
    let Transport::Memory(list) = sender.transport() else { unreachable!() };
    assert_eq!(list.mails, [mail("u1"), mail("u1")]);
}

#[tokio::test]
async fn a_folder_takes_mails_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (db, clock) = planned(folder.path(), &["u1"]).await;
    let maildir = Maildir::new(folder.path().join("mail"));
    let drained = drain(&db, &mut sender(Transport::File(maildir.clone())), &clock).await;
    assert_eq!(drained.accepted, 1);
    let file = std::fs::read_dir(maildir.new_mails()).unwrap().next().unwrap().unwrap().path();
    assert_eq!(file.extension().unwrap(), "eml");
    assert_eq!(std::fs::read(file).unwrap(), mail("u1").bytes);
}
