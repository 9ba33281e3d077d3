//! The web pages over TCP, as a browser asks for them: a house, its server, and people who are signed in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use longroad::clock::{Clock, ManualClock, Pulse};
use longroad::store::sign_in;
use longroad::web::{AppState, Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::House;

/// A server over a house.
pub struct Site {
    pub house: House,
    pub clock: Arc<ManualClock>,
    pub at: SocketAddr,
    cookies: BTreeMap<String, String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Where it leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// A header's value; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default()
    }

    /// Without tags, with single blanks: what a person reads.
    pub fn words(&self) -> String {
        let main = self.body.split_once("<main").map_or(self.body.as_str(), |(_, main)| main);
        let parts = main.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text));
        let text = parts.collect::<Vec<_>>().join(" ");
        text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Site {
    /// Serves a house.
    pub async fn of(house: House) -> Site {
        let clock = Arc::new(ManualClock::new(house.clock.now()));
        let pulse = Arc::new(Pulse::default());
        pulse.beat(clock.now());
        let shared = Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>;
        let state = AppState::new(house.db.clone(), Arc::clone(&house.setup), shared, pulse).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, state, Limits::default(), std::future::pending()));
        Site { house, clock, at, cookies: BTreeMap::new() }
    }

    /// Signs people in, each with a browser of their own.
    pub async fn signed_in(mut self, people: &[&str]) -> Site {
        for person in people {
            let link = sign_in::new_link(&self.house.db, person, self.clock.now()).await.unwrap().unwrap();
            let entered = self.ask("", "POST", &format!("/sign-in/{link}"), "", "next=%2F").await;
            assert_eq!(entered.status, 303, "{entered:?}");
            let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
            self.cookies.insert((*person).to_owned(), cookie);
        }
        self
    }

    /// A page as a person sees it; `""`: as somebody who is not signed in.
    pub async fn get(&self, person: &str, path: &str) -> Answer {
        self.ask(person, "GET", path, "", "").await
    }

    /// A form as a person sends it from a page of ours.
    pub async fn post(&self, person: &str, path: &str, form: &str) -> Answer {
        self.ask(person, "POST", path, "sec-fetch-site: same-origin\r\n", form).await
    }

    /// Anything. `more`: further headers, each with its line end.
    pub async fn ask(&self, person: &str, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let cookie = self.cookies.get(person).map_or(String::new(), |cookie| format!("cookie: {cookie}\r\n"));
        let kind = if body.is_empty() { "" } else { "content-type: application/x-www-form-urlencoded\r\n" };
        let length = body.len();
        let ask = format!(
            "{method} {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: {length}\r\n{kind}{cookie}{more}\r\n{body}"
        );
        said(self.at, &ask).await
    }
}

/// What a server answers to a request.
pub async fn said(at: SocketAddr, ask: &str) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_lowercase()),
        None => format!("{line}\n"),
    });
    Answer { status, head: head.collect(), body: body.to_owned() }
}
