//! A mail server that does what a test's script says, and keeps every mail that reached it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Where in the dialogue something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The final dot has come.
    Dot,
}

/// What happens there.
#[derive(Clone, Debug)]
pub enum Does {
    /// This answer, such as `451 4.7.1 later`.
    Answers(&'static str),
    /// The connection is closed; after the dot the mail has arrived all the same.
    Drops,
    /// Nothing, for ever; after the dot the mail has arrived all the same.
    Hangs,
    /// What is usual, but so much later.
    Waits(Duration),
}

/// A line of the script.
#[derive(Clone, Debug)]
pub struct Rule {
    at: Step,
    /// Part of the recipient's address; empty for all.
    to: &'static str,
    does: Does,
    times: usize,
}

/// What became of a mail here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Kept, and the sender was told so.
    Accepted,
    /// Kept, and the sender does not know it.
    Unanswered,
    /// Not kept.
    Refused,
}

/// A mail whose final dot came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub to: String,
    pub message_id: String,
    pub text: String,
    pub fate: Fate,
}

#[derive(Debug, Default)]
struct Book {
    rules: Vec<Rule>,
    copies: Vec<Copy>,
    connections: usize,
}

/// The server; it listens until the process ends.
#[derive(Clone, Debug)]
pub struct Double {
    pub port: u16,
    book: Arc<Mutex<Book>>,
}

impl Double {
    pub fn start() -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let double = Double { port: listener.local_addr().unwrap().port(), book: Arc::default() };
        let served = double.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let double = served.clone();
                double.book().connections += 1;
                // A dialogue that the other side breaks off is over.
                std::thread::spawn(move || drop(double.talk(stream)));
            }
        });
        double
    }

    /// Adds a line to the script: it holds for so many times.
    pub fn rule(&self, at: Step, to: &'static str, does: Does, times: usize) -> &Double {
        self.book().rules.push(Rule { at, to, does, times });
        self
    }

    /// From now on everything is as usual.
    pub fn forget_rules(&self) {
        self.book().rules.clear();
    }

    /// All mails whose final dot came, in their order.
    pub fn copies(&self) -> Vec<Copy> {
        self.book().copies.clone()
    }

    pub fn connections(&self) -> usize {
        self.book().connections
    }

    /// Waits until that many mails have come, generously.
    pub fn wait_for(&self, copies: usize) {
        for _ in 0..6000 {
            if self.copies().len() >= copies {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{copies} mails were due, these came: {:?}", self.copies());
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn does(&self, at: Step, to: &str) -> Option<Does> {
        let mut book = self.book();
        let rule = book.rules.iter_mut().find(|rule| rule.at == at && rule.times > 0 && to.contains(rule.to))?;
        rule.times -= 1;
        Some(rule.does.clone())
    }

    fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut say = stream.try_clone()?;
        let mut hear = BufReader::new(stream);
        let mut to = String::new();
        say.write_all(b"220 double\r\n")?;
        loop {
            let mut line = String::new();
            if hear.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let word = line.split([' ', '\r']).next().unwrap_or_default().to_uppercase();
            if word == "RCPT" {
                line.trim().clone_into(&mut to);
            }
            let (step, usual) = match word.as_str() {
                "EHLO" => (None, "250-double\r\n250 AUTH PLAIN LOGIN"),
                "AUTH" => (Some(Step::Auth), "235 welcome"),
                "MAIL" => (Some(Step::Mail), "250 ok"),
                "RCPT" => (Some(Step::Rcpt), "250 ok"),
                "DATA" => (Some(Step::Data), "354 go on"),
                "QUIT" => (None, "221 bye"),
                _ => (None, "250 ok"),
            };
            let does = step.and_then(|step| self.does(step, if step == Step::Mail { "" } else { &to }));
            let begun = matches!(does, None | Some(Does::Waits(_)));
            if !act(&mut say, does.as_ref(), usual)? || word == "QUIT" {
                return Ok(());
            }
            if word == "DATA" && begun && !self.take(&mut say, &mut hear, &to)? {
                return Ok(());
            }
        }
    }

    /// Takes the text of a mail, to the final dot, and answers.
    fn take(&self, say: &mut TcpStream, hear: &mut impl BufRead, to: &str) -> std::io::Result<bool> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if hear.read_line(&mut line)? == 0 {
                // It never came to the dot.
                return Ok(false);
            }
            if line == ".\r\n" {
                break;
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        let does = self.does(Step::Dot, to);
        let refused = matches!(does, Some(Does::Answers(answer)) if !answer.starts_with('2'));
        let message_id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
        let to = to.split_once('<').map_or(to, |(_, rest)| rest.trim_end_matches('>')).to_owned();
        let fate = if refused { Fate::Refused } else { Fate::Unanswered };
        let at = {
            let mut book = self.book();
            book.copies.push(Copy { to, message_id, text, fate });
            book.copies.len() - 1
        };
        let goes_on = act(say, does.as_ref(), "250 taken")?;
        if goes_on && !refused {
            self.book().copies[at].fate = Fate::Accepted;
        }
        Ok(goes_on)
    }
}

/// Does it; `false` when the connection is over.
fn act(say: &mut TcpStream, does: Option<&Does>, usual: &str) -> std::io::Result<bool> {
    let answer = match does {
        None => usual,
        Some(Does::Answers(answer)) => answer,
        Some(Does::Drops) => return Ok(false),
        Some(Does::Hangs) => loop {
            std::thread::park();
        },
        Some(Does::Waits(time)) => {
            std::thread::sleep(*time);
            usual
        }
    };
    say.write_all(format!("{answer}\r\n").as_bytes())?;
    Ok(!answer.starts_with("421"))
}
