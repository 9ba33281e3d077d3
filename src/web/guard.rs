//! Forms are taken from our own pages alone, whatever another site makes a visitor's browser send.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses whatever changes something and was not sent by a page of ours. Programs, whose requests carry no cookie, and
/// mail programs that unsubscribe have ways of their own to show what they may.
pub(super) async fn from_own_pages(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let has_own_way = path.starts_with("/api/") || path.starts_with("/unsubscribe/");
    if harmless || has_own_way || is_from_own_page(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "a form of another site was not taken; open the page itself and try again\n").into_response()
}

/// By what browsers say of where a request comes from; what says neither is no browser, and nobody's cookie goes with it.
fn is_from_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST.as_str())
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_may_send_forms() {
        let judged = |pairs: &[(&'static str, &'static str)]| {
            let header = |(name, value): &(&'static str, &'static str)| {
                (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
            };
            is_from_own_page(&pairs.iter().map(header).collect())
        };
        assert!(judged(&[("sec-fetch-site", "same-origin"), ("origin", "https://cs.example"), ("host", "behind-a-proxy")]));
        assert!(judged(&[("sec-fetch-site", "none")]));
        assert!(judged(&[("origin", "https://cs.example"), ("host", "cs.example")]));
        assert!(judged(&[("host", "cs.example")]));
        assert!(!judged(&[("sec-fetch-site", "cross-site"), ("origin", "https://cs.example"), ("host", "cs.example")]));
        assert!(!judged(&[("sec-fetch-site", "same-site")]), "a neighbour under the same domain is another site");
        assert!(!judged(&[("origin", "https://evil.example"), ("host", "cs.example")]));
        assert!(!judged(&[("origin", "null"), ("host", "cs.example")]));
    }
}
