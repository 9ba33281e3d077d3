//! Where mails go: a folder, a server, or, for tests, a list.

use std::collections::VecDeque;

use super::maildir::Maildir;
use super::smtp::Smtp;
use crate::store::outbox::{Mail, Outcome};

/// Where mails go.
#[derive(Debug)]
pub enum Transport {
    /// A folder in Maildir layout.
    File(Maildir),
    /// A mail server.
    Smtp(Box<Smtp>),
    /// Nowhere: kept for a test to look at.
    Memory(Memory),
}

/// What was delivered, and what the next deliveries are to be answered with (accepted where nothing is left).
#[derive(Debug, Default)]
pub struct Memory {
    /// All mails that came, accepted or not.
    pub mails: Vec<Mail>,
    /// The coming answers.
    pub answers: VecDeque<Outcome>,
}

impl Transport {
    /// Makes sure that mails can be delivered now, so that none is claimed in vain. The error is for people to read.
    pub async fn ready(&mut self) -> Result<(), String> {
        match self {
            Transport::File(folder) => folder.ready().map_err(|error| format!("{error:#}")),
            Transport::Smtp(server) => server.ready().await,
            Transport::Memory(_) => Ok(()),
        }
    }

    /// Offers a mail, up to where nothing but its text is missing. The error is what became of it: it was not sent.
    pub async fn offer(&mut self, mail: &Mail) -> Result<(), Outcome> {
        match self {
            Transport::Smtp(server) => server.offer(mail).await,
            Transport::File(_) | Transport::Memory(_) => Ok(()),
        }
    }

    /// Hands over the text of the mail that was offered. Never fails: what went wrong is an outcome.
    pub async fn send(&mut self, mail: &Mail) -> Outcome {
        match self {
            Transport::File(folder) => folder.deliver(mail).await,
            Transport::Smtp(server) => server.send(mail).await,
            Transport::Memory(list) => {
                list.mails.push(mail.clone());
                list.answers.pop_front().unwrap_or_else(|| Outcome::Accepted { answer: "kept in memory".to_owned() })
            }
        }
    }

    /// Ends the batch: says goodbye to the server.
    pub async fn close(&mut self) {
        if let Transport::Smtp(server) = self {
            server.close().await;
        }
    }
}
