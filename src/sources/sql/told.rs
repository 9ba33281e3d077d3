//! What a driver's error says to people.

use sqlx::Error;

/// The reason, and what would be right. No driver's error repeats a password.
pub fn reason(error: &Error) -> String {
    match error {
        Error::Database(said) => {
            let said = said.message();
            if said.contains("read-only transaction")
                || said.contains("READ ONLY transaction")
                || said.contains("readonly database")
            {
                format!("{said}; a query of a source can only read")
            } else if said.contains("statement timeout")
                || said.contains("max_statement_time")
                || said.contains("maximum statement execution time")
            {
                format!("{said}; it took longer than deadline_minutes")
            } else {
                said.to_owned()
            }
        }
        Error::Io(error) => format!("the connection failed: {error}"),
        Error::Tls(error) => format!(
            "no trusted connection: {error}; servers elsewhere are asked by TLS with their certificate verified, unless the url says sslmode=…"
        ),
        Error::Configuration(error) => format!("the url: {error}"),
        other => other.to_string(),
    }
}
