//! Addresses of pages, built from ids and names that may hold anything.

pub(super) use crate::digest::encoded;

/// An account's page.
pub(super) fn account(id: &str) -> String {
    format!("/accounts/{}", encoded(id))
}

/// A task's page.
pub(super) fn task(id: &str) -> String {
    format!("/tasks/{}", encoded(id))
}

/// A request's page.
pub(super) fn request(id: &str) -> String {
    format!("/requests/{}", encoded(id))
}

/// A solution's page.
pub(super) fn solution(name: &str) -> String {
    format!("/solutions/{}", encoded(name))
}

/// A path with what stands behind its question mark; what is empty is left out.
pub(super) fn asking(path: &str, pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The same up to where the number of a page is put behind.
pub(super) fn asking_page(path: &str, pairs: &[(&str, &str)]) -> String {
    let address = asking(path, pairs);
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}page=")
}

/// A pipeline's page.
pub(super) fn pipeline(name: &str) -> String {
    format!("/pipelines/{}", encoded(name))
}

/// The page of a record of a pipeline.
pub(super) fn record(pipeline: &str, id: &str) -> String {
    format!("/pipelines/{}/{}", encoded(pipeline), encoded(id))
}

/// Where a form or a link says to go on, if that is a page of ours: a path, never another host.
pub(super) fn own(next: &str) -> &str {
    let is_own =
        next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_host() {
        for (next, led) in [
            ("/tasks?csm=u1&show=done", "/tasks?csm=u1&show=done"),
            ("/", "/"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/\t/evil.example", "/"),
        ] {
            assert_eq!(own(next), led, "{next:?}");
        }
        assert_eq!(account("a/b?c ü"), "/accounts/a%2Fb%3Fc%20%C3%BC");
        assert_eq!(account(".."), "/accounts/%2E%2E");
        assert_eq!(asking("/x", &[("a", ""), ("b", "c&d")]), "/x?b=c%26d");
        assert_eq!([asking_page("/x", &[("a", "1")]), asking_page("/x", &[])], ["/x?a=1&page=", "/x?page="]);
    }
}
