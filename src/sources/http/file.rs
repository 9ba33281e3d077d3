//! A mapping as it stands in its YAML file, before it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingFile {
    /// The page of the service's documentation that it was written from.
    pub(super) documentation: Spanned<String>,
    /// Where the service is, where that is the same for all its customers.
    pub(super) base: Option<Spanned<String>>,
    /// The ways in which it lets itself be asked.
    pub(super) authentication: Vec<Way>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, ParameterFile>,
    pub(super) requests: BTreeMap<String, Spanned<RequestFile>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    None,
    Bearer,
    Header,
    Basic,
    Oauth2,
}

impl Way {
    pub(super) fn word(self) -> &'static str {
        match self {
            Way::None => "none",
            Way::Bearer => "bearer",
            Way::Header => "header",
            Way::Basic => "basic",
            Way::Oauth2 => "oauth2",
        }
    }
}

/// A name that a source's `parameters` give a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterFile {
    pub(super) about: String,
    pub(super) default: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestFile {
    pub(super) record: Option<Spanned<String>>,
    pub(super) remember: Option<RememberFile>,
    pub(super) all: Option<AskingFile>,
    pub(super) changes: Option<AskingFile>,
    #[serde(default)]
    pub(super) times: Times,
    pub(super) rows: Spanned<String>,
    pub(super) each: Option<Spanned<String>>,
    pub(super) pages: Option<Spanned<PagesFile>>,
    pub(super) keep: Option<Spanned<String>>,
    pub(super) refuse: Option<RefuseFile>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskingFile {
    #[serde(default)]
    pub(super) method: MethodFile,
    pub(super) path: Spanned<String>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, Spanned<String>>,
    pub(super) body: Option<Spanned<serde_json::Value>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MethodFile {
    #[default]
    Get,
    Post,
}

/// How `{since}` and `{until}` are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Times {
    /// `2026-01-01T00:00:00Z`.
    #[default]
    Rfc3339,
    /// The day in the company's zone; `{until}` is the first that is not asked for.
    Date,
    /// Unix time in seconds.
    Seconds,
    /// Unix time in milliseconds.
    Milliseconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PagesFile {
    pub(super) by: By,
    pub(super) at: Option<Spanned<String>>,
    pub(super) size: Option<u32>,
    pub(super) first: Option<u32>,
    pub(super) more: Option<Spanned<String>>,
    pub(super) end: Option<Spanned<String>>,
    pub(super) total: Option<Spanned<String>>,
    pub(super) most: Option<u32>,
}

/// How the next page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By `{page}`.
    Page,
    /// By `{offset}`.
    Offset,
    /// By `{cursor}`, which stands in the answer at `at`.
    Cursor,
    /// By `{cursor}`, which is what stands at `at` in the last row.
    Last,
    /// By the address that stands in the answer at `at`.
    Next,
    /// By the address in the header `Link` with `rel="next"` (RFC 8288).
    Link,
}

/// What of a row other requests may ask for by `recall`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RememberFile {
    pub(super) key: Spanned<String>,
    pub(super) value: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefuseFile {
    pub(super) when: Spanned<String>,
    pub(super) because: String,
}
