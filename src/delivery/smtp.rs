//! A mail server. One connection is kept open for a batch and dropped on any doubt; a mail counts as taken over only on the
//! answer 250 to its final dot.
//!
//! The library's pool is not used: a delivery given up half-way goes back into it with an answer unread, and the next mail is
//! then judged by it. Neither are its sockets where it can be helped: they wait 40 ms for each mail, because they leave Nagle's
//! algorithm on.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::address::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::digest::clean;
use crate::store::outbox::{Mail, Outcome};

/// Characters of an answer that are kept.
const ANSWER: usize = 300;

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Begun in the clear and encrypted before anything is said; required, never optional. Port 587.
    Starttls,
    /// Encrypted from the first byte. Port 465.
    Tls,
    /// Not at all: only to this machine, unless allowed.
    None,
}

/// How to reach the server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name, as in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub tls: Tls,
    /// Name and password, where the server wants them.
    pub login: Option<(String, String)>,
    /// Whether mail and password may cross a network in the clear.
    pub allow_plain: bool,
    /// The name with which to greet the server: the domain of the sender's address.
    pub hello: String,
    /// For each step before the mail itself.
    pub step_deadline: Duration,
    /// For the mail itself: servers may take 10 minutes over the final dot (RFC 5321, 4.5.3.2.6).
    pub mail_deadline: Duration,
}

impl SmtpSettings {
    /// With the usual deadlines, one and ten minutes, and without a login.
    pub fn new(host: &str, port: u16, tls: Tls, hello: &str) -> SmtpSettings {
        SmtpSettings {
            host: host.to_owned(),
            port,
            tls,
            login: None,
            allow_plain: false,
            hello: hello.to_owned(),
            step_deadline: Duration::from_mins(1),
            mail_deadline: Duration::from_mins(10),
        }
    }
}

/// Without the password.
impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpSettings({}:{}, {:?})", self.host, self.port, self.tls)
    }
}

/// The server.
pub struct Smtp {
    settings: SmtpSettings,
    /// Open, and good for the next mail.
    kept: Option<AsyncSmtpConnection>,
    /// Waiting for the text of a mail.
    offered: Option<AsyncSmtpConnection>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({:?}, connected: {})", self.settings, self.kept.is_some())
    }
}

impl Smtp {
    /// Does not connect yet. Refuses to send mail or password in the clear to another machine, unless that is allowed.
    pub fn new(settings: SmtpSettings) -> Result<Smtp, String> {
        let here = settings.host == "localhost" || settings.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if settings.tls == Tls::None && !here && !settings.allow_plain {
            return Err(format!(
                "tls = \"none\" would send mail to {} in the clear; write starttls or tls, none is for this machine only",
                settings.host
            ));
        }
        Ok(Smtp { settings, kept: None, offered: None })
    }

    /// Connects, unless connected.
    pub async fn ready(&mut self) -> Result<(), String> {
        if self.kept.is_none() {
            self.kept = Some(self.connect().await?);
        }
        Ok(())
    }

    /// Offers one mail for its one recipient: after this the server waits for the text, and has seen nothing of it.
    pub async fn offer(&mut self, mail: &Mail) -> Result<(), Outcome> {
        // One that was offered and not sent: whoever waited for it has gone away.
        self.offered = None;
        let (Ok(from), Ok(to)) = (mail.from.parse::<Address>(), mail.to.parse::<Address>()) else {
            return Err(Outcome::Rejected { answer: "the sender or the recipient is no e-mail address".to_owned() });
        };
        let begin = From::new(Some(from), Vec::new());
        if let Some(mut kept) = self.kept.take() {
            match self.step(kept.command(begin.clone())).await {
                Ok(_) => return self.recipient(kept, to).await,
                Err(Refusal::Answer(code, answer)) if code != 421 => return Err(self.refused(kept, code, answer).await),
                // An idle connection that the server has closed says nothing of this mail, of which it has seen nothing.
                Err(_) => {}
            }
        }
        let mut fresh = self.connect().await.map_err(|answer| Outcome::Unreachable { answer })?;
        match self.step(fresh.command(begin)).await {
            Ok(_) => self.recipient(fresh, to).await,
            Err(Refusal::Answer(421, answer)) => Err(Outcome::Unreachable { answer }),
            Err(Refusal::Answer(code, answer)) => Err(self.refused(fresh, code, answer).await),
            Err(Refusal::Lost(answer)) => Err(Outcome::Retry { answer }),
        }
    }

    /// From the recipient to where the server wants the text.
    async fn recipient(&mut self, mut connection: AsyncSmtpConnection, to: Address) -> Result<(), Outcome> {
        let asked = match self.step(connection.command(Rcpt::new(to, Vec::new()))).await {
            Ok(_) => self.step(connection.command(Data)).await,
            Err(refusal) => Err(refusal),
        };
        match asked {
            Ok(354) => {
                self.offered = Some(connection);
                Ok(())
            }
            Ok(code) => Err(Outcome::Retry { answer: format!("the server answered {code} to DATA, where 354 was due") }),
            Err(Refusal::Answer(code, answer)) => Err(self.refused(connection, code, answer).await),
            Err(Refusal::Lost(answer)) => Err(Outcome::Retry { answer }),
        }
    }

    /// Sends the text of the mail that was offered, to the final dot, and waits for the answer. From here on the server may
    /// have the mail, whatever comes back.
    pub async fn send(&mut self, mail: &Mail) -> Outcome {
        let Some(mut connection) = self.offered.take() else {
            return Outcome::Retry { answer: "the mail was not offered before it was sent".to_owned() };
        };
        match timeout(self.settings.mail_deadline, connection.message(&mail.bytes)).await {
            Ok(Ok(response)) if response.has_code(250) => {
                self.kept = Some(connection);
                Outcome::Accepted { answer: said(&response) }
            }
            Ok(Ok(response)) => {
                Outcome::Unknown { answer: format!("the server answered {}, where 250 was due", said(&response)) }
            }
            Ok(Err(error)) => match refusal(&error) {
                Refusal::Answer(code, answer) => {
                    self.kept = (code != 421).then_some(connection);
                    verdict(code, answer)
                }
                Refusal::Lost(answer) => Outcome::Unknown { answer },
            },
            Err(_) => {
                let seconds = self.settings.mail_deadline.as_secs();
                Outcome::Unknown { answer: format!("no answer within {seconds} s after the mail was sent") }
            }
        }
    }

    /// Says goodbye, without waiting long for an answer.
    pub async fn close(&mut self) {
        self.offered = None;
        if let Some(mut kept) = self.kept.take() {
            // Whatever is answered, all mails have had theirs.
            let _ = timeout(Duration::from_secs(2), kept.quit()).await;
        }
    }

    /// The server has refused this mail before it saw it: the connection is good for the next one, if it can be set back.
    async fn refused(&mut self, mut connection: AsyncSmtpConnection, code: u16, answer: String) -> Outcome {
        if code != 421 && self.step(connection.command(Rset)).await == Ok(250) {
            self.kept = Some(connection);
        }
        verdict(code, answer)
    }

    /// The code with which the server answers one step, within its deadline.
    async fn step(&self, step: impl Future<Output = Result<Response, Error>>) -> Result<u16, Refusal> {
        match timeout(self.settings.step_deadline, step).await {
            Ok(Ok(response)) => Ok(response.code().into()),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(_) => Err(Refusal::Lost(format!("no answer within {} s", self.settings.step_deadline.as_secs()))),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let server = format!("{}:{}", self.settings.host, self.settings.port);
        match timeout(self.settings.step_deadline, self.greet()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(what)) => Err(format!("connecting to the mail server {server}: {what}")),
            Err(_) => {
                let seconds = self.settings.step_deadline.as_secs();
                Err(format!("connecting to the mail server {server}: no answer within {seconds} s"))
            }
        }
    }

    async fn greet(&self) -> Result<AsyncSmtpConnection, String> {
        let SmtpSettings { host, port, tls, .. } = &self.settings;
        let hello = ClientId::Domain(self.settings.hello.clone());
        let private = || TlsParameters::new(host.clone()).map_err(|error| told(&error));
        let mut connection = if *tls == Tls::Tls {
            // Only the library can begin with TLS, and only on a socket of its own.
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), None, &hello, Some(private()?), None).await
        } else {
            let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
        }
        .map_err(|error| told(&error))?;
        if *tls == Tls::Starttls {
            connection.starttls(private()?, &hello).await.map_err(|error| told(&error))?;
        }
        if let Some((user, password)) = &self.settings.login {
            let login = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let signed_in = connection.auth(&mechanisms, &login).await;
            signed_in.map_err(|error| format!("signing in as {user}: {}", told(&error)))?;
        }
        Ok(connection)
    }
}

/// Why a step failed.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// The server said so, with this code.
    Answer(u16, String),
    /// The connection is lost or in doubt.
    Lost(String),
}

fn refusal(error: &Error) -> Refusal {
    match error.status() {
        Some(code) => Refusal::Answer(code.into(), told(error)),
        None => Refusal::Lost(told(error)),
    }
}

/// What a refusal means for the mail. What is wrong with the login is not the mail's fault.
fn verdict(code: u16, answer: String) -> Outcome {
    match code {
        530 | 534 | 535 | 538 => Outcome::Unreachable { answer },
        500..=599 => Outcome::Rejected { answer },
        _ => Outcome::Retry { answer },
    }
}

fn told(error: &Error) -> String {
    clean(&error.to_string(), ANSWER)
}

fn said(response: &Response) -> String {
    clean(&format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")), ANSWER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_crosses_no_network_in_the_clear() {
        let settings = |host: &str, tls| SmtpSettings::new(host, 25, tls, "example.com");
        for (host, tls, good) in [
            ("mail.example.com", Tls::None, false),
            ("192.0.2.1", Tls::None, false),
            ("localhost.example.com", Tls::None, false),
            ("localhost", Tls::None, true),
            ("127.0.0.1", Tls::None, true),
            ("::1", Tls::None, true),
            ("mail.example.com", Tls::Starttls, true),
        ] {
            assert_eq!(Smtp::new(settings(host, tls)).is_ok(), good, "{host}");
        }
        let allowed = SmtpSettings { allow_plain: true, ..settings("mail.example.com", Tls::None) };
        assert!(Smtp::new(allowed).is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let login = Some(("u".to_owned(), "hunter2".to_owned()));
        let settings = SmtpSettings { login, ..SmtpSettings::new("localhost", 25, Tls::None, "example.com") };
        assert!(!format!("{:?}", Smtp::new(settings).unwrap()).contains("hunter2"));
    }
}
