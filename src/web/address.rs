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

/// A solution's page.
pub(super) fn solution(name: &str) -> String {
    format!("/solutions/{}", encoded(name))
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
    }
}
