//! One mail as bytes: the same parts, key and instant give the same bytes.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use lettre::address::Address;
use lettre::message::header::{ContentDisposition, ContentId, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use super::Rendered;
use crate::digest::{Key, Picture, clean};
use crate::model::Instant;
use crate::store::outbox::Mail;

/// Characters of a display name.
const NAME: usize = 100;

/// What goes into one mail.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// For which digest, person and day.
    pub key: &'a Key,
    /// The sender's name; may be empty.
    pub from_name: &'a str,
    /// The sender's address.
    pub from: &'a str,
    /// The recipient's name; may be empty.
    pub to_name: &'a str,
    /// The recipient's address.
    pub to: &'a str,
    /// Subject and parts.
    pub parts: &'a Rendered,
    /// The `Date`.
    pub at: Instant,
    /// How its reader gets no more of its kind.
    pub unsubscribe: Unsubscribe<'a>,
}

/// How a reader gets no more mails of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsubscribe<'a> {
    /// There is no more: somebody asked for this one.
    Never,
    /// By a mail to the sender.
    ByMail,
    /// The same, or by a request to this address, as RFC 8058 says: it begins with `https://`.
    At(&'a str),
}

impl Letter<'_> {
    /// The mail. Fails on an address to which, or from which, no mail can go.
    pub fn write(&self) -> Result<Mail> {
        let from = ascii_address(self.from).with_context(|| format!("the sender's address `{}`", clean(self.from, NAME)))?;
        let to =
            ascii_address(self.to).with_context(|| format!("the address `{}` of {}", clean(self.to, NAME), self.key.person))?;
        let name = self.key.name();
        let message_id = format!("<{name}@{}>", from.domain());
        let seconds = u64::try_from(self.at.micros().div_euclid(1_000_000)).unwrap_or(0);
        let mut message = Message::builder()
            .from(mailbox(self.from_name, from.clone()))
            .to(mailbox(self.to_name, to.clone()))
            .subject(one_line(&self.parts.subject))
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(message_id.clone()))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("X-Auto-Response-Suppress", "All".to_owned()));
        if let Some(ways) = self.ways_out(&name, &from) {
            message = message
                .raw_header(header("List-Unsubscribe", ways))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        let message = message.multipart(body(self.parts, &name)).with_context(|| format!("writing the mail {name}"))?;
        Ok(Mail { key: self.key.clone(), message_id, from: from.to_string(), to: to.to_string(), bytes: message.formatted() })
    }

    fn ways_out(&self, name: &str, from: &Address) -> Option<String> {
        let by_mail = format!("<mailto:{from}?subject=unsubscribe%20{name}>");
        match self.unsubscribe {
            Unsubscribe::Never => None,
            Unsubscribe::ByMail => Some(by_mail),
            Unsubscribe::At(address) => Some(format!("<{address}>, {by_mail}")),
        }
    }
}

/// A mail that somebody else sends: opened in a mail program, it is a draft.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// What makes it the same mail when it is written again.
    pub name: &'a str,
    /// Name and address of who sends it.
    pub from: (&'a str, &'a str),
    /// Name and address of whom it goes to.
    pub to: (&'a str, &'a str),
    /// Subject and parts.
    pub parts: &'a Rendered,
    /// The `Date`.
    pub at: Instant,
}

impl Draft<'_> {
    /// The draft as a file. Fails on an address to which, or from which, no mail can go.
    pub fn write(&self) -> Result<Vec<u8>> {
        let address = |(name, address): (&str, &str)| -> Result<Mailbox> {
            let known = ascii_address(address).with_context(|| format!("the address `{}`", clean(address, NAME)))?;
            Ok(mailbox(name, known))
        };
        let seconds = u64::try_from(self.at.micros().div_euclid(1_000_000)).unwrap_or(0);
        let message = Message::builder()
            .from(address(self.from)?)
            .to(address(self.to)?)
            .subject(one_line(&self.parts.subject))
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            // What makes a mail program open it for writing.
            .raw_header(header("X-Unsent", "1".to_owned()))
            .multipart(body(self.parts, self.name))
            .with_context(|| format!("writing the draft {}", self.name))?;
        Ok(message.formatted())
    }
}

/// Plain text, then HTML with its pictures. `name`: so that the boundaries are the same every time.
fn body(parts: &Rendered, name: &str) -> MultiPart {
    let text = MultiPart::alternative()
        // `=_` stands in no encoded text.
        .boundary(format!("=_{name}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &parts.text));
    let html = part(ContentType::TEXT_HTML, &parts.html);
    if parts.pictures.is_empty() {
        return text.singlepart(html);
    }
    let related = MultiPart::related().boundary(format!("=_html.{name}")).singlepart(html);
    text.multipart(parts.pictures.iter().fold(related, |related, one| related.singlepart(picture(one))))
}

/// The address as servers without SMTPUTF8 take it: the host name in its ASCII form. A part before the `@` that is not ASCII
/// cannot be sent to, and is refused.
pub fn ascii_address(text: &str) -> Result<Address> {
    let text = text.trim();
    let (user, domain) = text.rsplit_once('@').context("has no @; write it like name@example.com")?;
    if !user.is_ascii() {
        bail!("has letters outside ASCII before the @, which many mail servers cannot deliver to");
    }
    let domain = idna::domain_to_ascii(domain).map_err(|_| anyhow!("has no valid host name after the @"))?;
    Address::new(user, domain).map_err(|error| anyhow!("is not an e-mail address ({error}); write it like name@example.com"))
}

/// With the display name on one line: the builder panics on control characters.
fn mailbox(name: &str, address: Address) -> Mailbox {
    let name = clean(name, NAME);
    Mailbox::new((!name.is_empty()).then_some(name), address)
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).body(text.to_owned())
}

/// Shown where the HTML names it, and not in a list of attachments.
fn picture(picture: &Picture) -> SinglePart {
    SinglePart::builder()
        .header(ContentType::parse("image/png").expect("a media type"))
        .header(ContentDisposition::inline_with_name(&format!("{}.png", picture.name)))
        .header(ContentId::from(format!("<{}>", picture.name)))
        .body(picture.png.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;

    fn write(to_name: &str, to: &str, unsubscribe: Unsubscribe) -> Result<String> {
        let parts = Rendered {
            subject: "Café: 4 to do".to_owned(),
            text: "plain\n".to_owned(),
            html: "<p>rich</p>\n".to_owned(),
            pictures: Vec::new(),
        };
        let key = Key { digest: "csm".to_owned(), person: Id::parse("u1").unwrap(), day: "2026-11-21".parse().unwrap() };
        let at = Instant::from_micros(1_795_248_000_000_000);
        let (from_name, from) = ("longroad", "cs@example.com");
        let mail = Letter { key: &key, from_name, from, to_name, to, parts: &parts, at, unsubscribe }.write()?;
        Ok(String::from_utf8(mail.bytes).unwrap())
    }

    #[test]
    fn the_same_letter_is_the_same_to_the_byte() {
        let mail =
            write("Dana Reyes", "dana@example.com", Unsubscribe::At("https://cs.example.com/unsubscribe/0123456789abcdef"))
                .unwrap();
        assert_eq!(
            mail,
            write("Dana Reyes", "dana@example.com", Unsubscribe::At("https://cs.example.com/unsubscribe/0123456789abcdef"))
                .unwrap()
        );
        insta::assert_snapshot!(mail.replace("\r\n", "\n"), @r#"
        From: longroad <cs@example.com>
        To: "Dana Reyes" <dana@example.com>
        Subject: =?utf-8?b?Q2Fmw6k6?= 4 to do
        Date: Sat, 21 Nov 2026 08:00:00 +0000
        Message-ID: <2026-11-21.csm.cfc2a41a4da5713c@example.com>
        Auto-Submitted: auto-generated
        X-Auto-Response-Suppress: All
        List-Unsubscribe: <https://cs.example.com/unsubscribe/0123456789abcdef>,
         <mailto:cs@example.com?subject=unsubscribe%202026-11-21.csm.cfc2a41a4da5713c>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="=_2026-11-21.csm.cfc2a41a4da5713c"

        --=_2026-11-21.csm.cfc2a41a4da5713c
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        plain

        --=_2026-11-21.csm.cfc2a41a4da5713c
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: 7bit

        <p>rich</p>

        --=_2026-11-21.csm.cfc2a41a4da5713c--
        "#);
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        let mail = write("Eve\r\nBcc: all@example.com\u{0}", "eve@example.com", Unsubscribe::ByMail).unwrap();
        assert!(!mail.contains("\r\nBcc:"), "{mail}");
        assert!(mail.contains("List-Unsubscribe: <mailto:cs@example.com?subject=unsubscribe%20"), "{mail}");
    }

    #[test]
    fn what_was_asked_for_is_of_no_list() {
        let mail = write("Dana Reyes", "dana@example.com", Unsubscribe::Never).unwrap();
        assert!(!mail.contains("List-Unsubscribe") && mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    }

    #[test]
    fn addresses_are_made_ascii_or_refused() {
        for (given, wanted) in
            [(" a@b.example ", "a@b.example"), ("a@müller.example", "a@xn--mller-kva.example"), ("a@B.Example", "a@b.example")]
        {
            assert_eq!(ascii_address(given).unwrap().to_string(), wanted);
        }
        for wrong in ["", "a", "müller@b.example", "a b@c.example", "a@", "@b.example", "a@b\r\nc", "a@b.example, c@d.example"] {
            assert!(ascii_address(wrong).is_err(), "{wrong:?}");
        }
        let error = format!("{:#}", write("Max", "müller@b.example", Unsubscribe::ByMail).unwrap_err());
        assert!(error.starts_with("the address `müller@b.\u{200B}example` of u1: has letters outside ASCII"), "{error}");
    }
}
