//! A picture within a mail.

/// A PNG that the HTML shows as `<img src="cid:NAME">`; the numbers in it stand beside it as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Unique within the mail: lower-case letters and hyphens.
    pub name: &'static str,
    /// The file.
    pub png: Vec<u8>,
}
