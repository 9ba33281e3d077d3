//! The mail with the link that opens the web pages.

use serde::Serialize;

use super::clean;
use super::parts::NAME;

/// The context of `templates/email/sign-in/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// The company's name; may be empty.
    pub company: String,
    /// Whose link it is.
    pub reader: String,
    /// The link.
    pub link: String,
    /// For so long it can be used.
    pub minutes: String,
}

impl SignIn {
    /// The folder of its templates.
    pub const TEMPLATES: &'static str = "sign-in";

    /// The mail of a link.
    pub fn new(company: &str, reader: &str, link: &str, minutes: i64) -> SignIn {
        let (company, reader) = (clean(company, NAME), clean(reader, NAME));
        SignIn { company, reader, link: link.to_owned(), minutes: minutes.to_string() }
    }

    /// What `check` renders.
    pub fn samples() -> Vec<SignIn> {
        vec![SignIn::new("North Ltd", "Dana Reyes", "https://cs.example.com/sign-in/an-example?next=%2F", 15)]
    }
}
