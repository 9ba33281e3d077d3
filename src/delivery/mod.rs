//! Mails: templates rendered, messages built, the outbox drained over a transport.

mod access;
mod drain;
mod lint;
mod mail;
mod maildir;
mod render;
mod smtp;
mod transport;
mod wrap;

pub use access::Readers;
pub use drain::{Drained, Sender};
pub use mail::{Draft, Letter, Unsubscribe, ascii_address};
pub use maildir::Maildir;
pub use render::{Problem, Rendered, Renderer, SHIPPED};
pub use smtp::{Smtp, SmtpSettings, Tls};
pub use transport::{Memory, Transport};
