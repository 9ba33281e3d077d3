//! What the warehouse's errors say to people.

use std::error::Error;

use reqwest::StatusCode;

use crate::sources::error::shortened;

/// How much of an error is shown. Characters.
const SHOWN: usize = 300;

/// An error in the words of the server, without its class names and version; `None` where the text is none.
/// Two forms are known: `Code: 60, e.displayText() = DB::Exception: …, e.what() = DB::Exception` up to 2019, and
/// `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version 24.3.1)` since.
pub fn exception(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Code: ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let code: u32 = rest[..digits].parse().ok()?;
    let (_, said) = rest.split_once("Exception: ")?;
    let said = said.split(", e.what()").next().unwrap_or(said);
    let said = said.split(" (version ").next().unwrap_or(said);
    let said = shortened(said, SHOWN);
    let hint = match code {
        159 => "; it took longer than deadline_minutes",
        164 => "; a query of a source can only read",
        192 | 193 | 516 => "; write user and password of the source",
        209 | 210 | 279 => "; a part of the cluster cannot be reached, and without it nothing is taken in",
        _ => "",
    };
    Some(format!("{} (ClickHouse error {code}){hint}", said.trim_end_matches('.')))
}

/// What a refusal says.
pub fn refusal(status: StatusCode, text: &str) -> String {
    exception(text).unwrap_or_else(|| match shortened(text, SHOWN) {
        said if status.is_redirection() => {
            format!("answered {status}; redirects are not followed, write the address that answers: {said}")
        }
        said => format!("answered {status}: {said}"),
    })
}

/// What the client says of a request that got no answer, or not all of it; without its address.
pub fn unanswered(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut last: &dyn Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    match () {
        () if error.is_timeout() => "no answer in time".to_owned(),
        () if error.is_connect() => format!("no connection: {last}"),
        () if error.is_body() || error.is_decode() => format!("the answer broke off: {last}"),
        () => last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_old_and_new_servers_are_told_alike() {
        let old = "Code: 60, e.displayText() = DB::Exception: Table web.clicks doesn't exist., e.what() = DB::Exception\n";
        assert_eq!(exception(old).unwrap(), "Table web.clicks doesn't exist (ClickHouse error 60)");
        let new =
            "Code: 60. DB::Exception: Table web.clicks does not exist. (UNKNOWN_TABLE) (version 24.3.1.1 (official build))\n";
        assert_eq!(exception(new).unwrap(), "Table web.clicks does not exist. (UNKNOWN_TABLE) (ClickHouse error 60)");
        let down = "Code: 279, e.displayText() = DB::NetException: All connection tries failed. Log: \n\nCode: 210 x\n";
        assert!(
            exception(down)
                .unwrap()
                .ends_with("(ClickHouse error 279); a part of the cluster cannot be reached, and without it nothing is taken in")
        );
        assert_eq!(exception("acme\tlogins\t2026-01-05\t5"), None);
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, "<html>\n no "), "answered 502 Bad Gateway: <html> no");
    }
}
