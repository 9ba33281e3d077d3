//! The solution library: what to do about a diagnosis, written once and kept in common.

use serde::Deserialize;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use super::spec::is_name;
use crate::model::hex;
use crate::signals::condition::{Document, Fault};

/// One solution: a Markdown file with a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// The file's name without `.md`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The names of the plays that it helps with, and the line on which each stands.
    pub helps: Vec<(String, u64)>,
    /// One paragraph, for a mail.
    pub in_short: String,
    /// The whole text, Markdown.
    pub text: String,
    /// What else its head says.
    pub head: Notes,
    /// First digits of the hash of the file: two of one hash are the same text.
    pub version: String,
}

/// For whom it is and how it is taken: each may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(default)]
pub struct Notes {
    /// The customers' industries.
    pub industry: Vec<String>,
    /// The customers' sizes: enterprise, mid, small.
    pub size: Vec<String>,
    /// What they bought.
    pub product: Vec<String>,
    /// How much of it, how often.
    pub dose: String,
    /// What it may do besides.
    pub side_effects: String,
    /// How to know that it worked.
    pub worked: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    title: String,
    #[serde(rename = "for", default)]
    helps: Vec<Spanned<String>>,
    in_short: Option<String>,
    #[serde(default)]
    industry: Vec<String>,
    #[serde(default)]
    size: Vec<String>,
    #[serde(default)]
    product: Vec<String>,
    #[serde(default)]
    dose: String,
    #[serde(default)]
    side_effects: String,
    #[serde(default)]
    worked: String,
}

impl Solution {
    /// Reads `solutions/NAME.md`.
    pub fn parse(file: &str, text: &str) -> Result<Solution, Fault> {
        let name = file.rsplit('/').next().and_then(|last| last.strip_suffix(".md")).unwrap_or_default();
        if !is_name(name) {
            return Err(Fault::whole(file, "the file's name must be lower-case letters, digits and `-`, ending in .md"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let parts = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let Some((head, body)) = parts else {
            let reason = if text.starts_with("---\n") {
                "the head that begins here does not end: a line `---` must stand behind it"
            } else {
                "must begin with a head: a line `---`, then `title: …`, then a line `---`"
            };
            return Err(Fault { line: 1, column: 1, ..Fault::whole(file, reason) });
        };
        // An empty first line stands for the `---`, so that lines are counted as in the file.
        let head_text = format!("\n{head}\n");
        let head: Head = Document::new(file, &head_text).read()?;
        let body = body.trim();
        let in_short = head.in_short.or_else(|| first_paragraph(body)).map(|short| one_line(&short)).unwrap_or_default();
        if in_short.is_empty() || head.title.trim().is_empty() {
            return Err(Fault::whole(file, "needs a title in the head, and a first paragraph that says it in short"));
        }
        Ok(Solution {
            name: name.to_owned(),
            title: one_line(&head.title),
            helps: head.helps.into_iter().map(|play| (play.value, play.referenced.line())).collect(),
            in_short,
            version: hex(&Sha256::digest(&text))[..8].to_owned(),
            head: Notes {
                industry: head.industry,
                size: head.size,
                product: head.product,
                dose: one_line(&head.dose),
                side_effects: one_line(&head.side_effects),
                worked: one_line(&head.worked),
            },
            text: body.to_owned(),
        })
    }
}

fn first_paragraph(body: &str) -> Option<String> {
    let mut paragraphs = body.split("\n\n").map(str::trim);
    paragraphs.find(|paragraph| !paragraph.is_empty() && !paragraph.starts_with('#')).map(str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_is_the_short_text() {
        let text = "---\r\ntitle: Call\r\nfor: [use-fell]\r\n---\r\n# Call\r\n\r\nAsk what\r\nchanged.\r\n\r\nThen listen.\r\n";
        let solution = Solution::parse("solutions/call.md", text).unwrap();
        assert_eq!((solution.name.as_str(), solution.in_short.as_str()), ("call", "Ask what changed."));
        assert_eq!(solution.helps, [("use-fell".to_owned(), 3)]);
    }

    #[test]
    fn a_broken_head_says_where() {
        let said = |file: &str, text: &str| Solution::parse(file, text).unwrap_err().to_string();
        assert_eq!(
            said("solutions/call.md", "---\ntitle: x\nfore: [a]\n---\ny"),
            "solutions/call.md:3:1: `fore` is not a known key; did you mean `for`? (known: title, for, in_short, industry, size, product, dose, side_effects, worked)"
        );
        assert!(said("solutions/call.md", "# Call").contains("must begin with a head"));
        assert!(said("solutions/call.md", "---\ntitle: x\n---\n# only a heading").contains("first paragraph"));
        assert!(said("solutions/Call me.md", "").contains("lower-case"));
    }
}
