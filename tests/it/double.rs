//! A web service of ours that answers as a test wants: whole, slowly, cut off, or never.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    /// A parameter of the query; empty where it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// A header; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub manner: Manner,
}

/// How it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Whole,
    /// Less of the body than its length says.
    Cut,
    /// Without a length: it ends when the connection does.
    Endless,
    /// A byte now and then.
    Drip,
    /// Never.
    Hang,
}

impl Reply {
    pub fn json(value: &serde_json::Value) -> Reply {
        Reply::text(200, &value.to_string()).with("content-type", "application/json")
    }

    pub fn text(status: u16, body: &str) -> Reply {
        Reply { status, headers: Vec::new(), body: body.as_bytes().to_vec(), manner: Manner::Whole }
    }

    pub fn with(mut self, header: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((header, value.into()));
        self
    }

    pub fn in_the_manner(self, manner: Manner) -> Reply {
        Reply { manner, ..self }
    }
}

type Handler = dyn FnMut(&Asked, usize) -> Reply + Send;

/// A running double; what it was asked.
pub struct Double {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// Starts one. The handler gets the question and how many there were before it.
    pub fn new(handler: impl FnMut(&Asked, usize) -> Reply + Send + 'static) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, handler): (_, Arc<Mutex<Handler>>) = (Arc::clone(&asked), Arc::new(Mutex::new(handler)));
        // It ends with the test's process; nobody waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                std::thread::spawn(move || serve(&stream, &seen, &handler));
            }
        });
        Double { address, asked }
    }

    /// All questions so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Asked>>, handler: &Mutex<Handler>) {
    let Some(asked) = read(stream) else { return };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked.clone());
        seen.len() - 1
    };
    let reply = (handler.lock().unwrap())(&asked, before);
    // A client that has gone is no fault of the double's.
    let _ = write(stream, &reply);
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let url = url::Url::parse(&format!("http://double{target}")).ok()?;
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    Some(Asked { method, path: url.path().to_owned(), query, headers, body: String::from_utf8(body).ok()? })
}

fn write(mut stream: &TcpStream, reply: &Reply) -> std::io::Result<()> {
    let forever = Duration::from_mins(10);
    if reply.manner == Manner::Hang {
        // Until the other side goes away.
        stream.set_read_timeout(Some(forever))?;
        let _ = stream.read(&mut [0]);
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    let mut headers: Vec<(&str, String)> = reply.headers.clone();
    if reply.manner != Manner::Endless {
        headers.push(("content-length", reply.body.len().to_string()));
    }
    for (name, value) in headers {
        head = head + name + ": " + &value + "\r\n";
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    match reply.manner {
        Manner::Cut | Manner::Endless => stream.write_all(&reply.body[..reply.body.len() / 2]),
        Manner::Drip => reply.body.iter().try_for_each(|byte| {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(&[*byte])
        }),
        _ => stream.write_all(&reply.body),
    }
}
