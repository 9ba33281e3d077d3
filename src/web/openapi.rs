//! `/api/v1/openapi.json`: what programs may ask, told from the same list by which the pages are served.

use serde_json::{Map, Value, json};

/// What may be asked of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// As the router has it: `/api/v1/tasks/{id}`.
    pub path: &'static str,
    /// In one line.
    pub summary: &'static str,
    /// What may stand behind the question mark, and what it is.
    pub query: &'static [(&'static str, &'static str)],
}

/// The paths to which records are pushed.
const PUSHED: [(&str, &str, &str); 2] = [
    ("/api/v1/records/{record}", "Push rows of a record: JSON lines, with the token of a push source", "application/x-ndjson"),
    ("/api/v1/webhooks/{source}", "Take a webhook, signed as Standard Webhooks says", "application/json"),
];

/// The document.
pub(super) fn document(paths: &[Told]) -> Value {
    let mut all = Map::new();
    for told in paths {
        all.insert(format!("/api/v1{}", told.path.trim_end_matches('/')), json!({"get": asked(told)}));
    }
    for (path, summary, kind) in PUSHED {
        let operation = json!({
            "operationId": name("push", path),
            "summary": summary,
            "parameters": within(path),
            "requestBody": {"required": true, "content": {kind: {"schema": {"type": "string"}}}},
            "responses": {"200": {"description": "What was taken in and what was set aside"}, "401": {"description": "No token, or no signature, of a push source"}},
            "security": [{"token": []}],
        });
        all.insert(path.to_owned(), json!({"post": operation}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "longroad",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The same as the pages show, of what the person may see on whose behalf a token is said.",
        },
        "components": {"securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "A token of `longroad token`; for pushing, that of the push source"},
        }},
        "security": [{"token": []}],
        "paths": all,
    })
}

fn asked(told: &Told) -> Value {
    let mut parameters = within(told.path);
    let query = told.query.iter().map(|(name, about)| {
        json!({"name": name, "in": "query", "required": false, "description": about, "schema": {"type": "string"}})
    });
    parameters.extend(query);
    json!({
        "operationId": name("get", told.path),
        "summary": told.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": told.summary, "content": {"application/json": {"schema": {"type": "object"}}}},
            "401": {"description": "No token, or one that is unknown"},
            "403": {"description": "Not for the person's role"},
            "404": {"description": "There is none, or it is not for the person's eyes"},
            "429": {"description": "Too many wrong tokens in this minute"},
            "422": {"description": "What was asked makes no sense; `error` says why"},
        },
        "security": [{"token": []}],
    })
}

/// The parameters that stand in a path.
fn within(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    names.map(parameter).collect()
}

/// `get_tasks_id`: letters and lines only, as programs that are made from the document need it.
fn name(verb: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    if words.is_empty() { format!("{verb}_day") } else { format!("{verb}_{}", words.join("_")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_with_what_they_may_be_asked() {
        let told = [
            Told { path: "/", summary: "The day", query: &[] },
            Told { path: "/pipelines/{id}", summary: "A pipeline", query: &[("page", "From 1")] },
        ];
        let document = document(&told);
        let get = &document["paths"]["/api/v1/pipelines/{id}"]["get"];
        assert_eq!(get["operationId"], "get_pipelines_id");
        assert_eq!(get["parameters"][0]["in"], "path");
        assert_eq!(get["parameters"][1]["name"], "page");
        assert_eq!(document["paths"]["/api/v1"]["get"]["operationId"], "get_day");
        assert_eq!(document["paths"]["/api/v1/records/{record}"]["post"]["operationId"], "push_records_record");
    }
}
