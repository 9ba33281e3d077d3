//! The configuration that goes with the sample company.

use std::net::SocketAddr;

use super::customer::LEDGER;
use crate::model::Day;

/// The text of `longroad.toml` for the sample company: files as mail, a store in one file, the CSV files in `data`. `pages`: where
/// they are served.
pub fn demo_config(first_day: Day, pages: SocketAddr) -> String {
    format!(
        r#"# The sample company of `longroad demo`, lived through from {first_day} on.

[company]
name = "Atlas Reporting"
timezone = "Europe/Berlin"
currency = "EUR"
language = "en"

[revenue.rates]                   # what one of each is in euros, on all days alike
CHF = 1.05
GBP = 1.16
JPY = 0.0062
USD = 0.91

[cost]                            # what an hour of work for a customer costs, and hours of each contact and ticket
hour = 110.0
hours = {{ visit = 9.0, call = 1.5, email = 0.5, training = 8.0, review = 6.0, chat = 0.5, ticket = 4.0 }}

[store]
url = "sqlite:longroad.db"

[mail]
transport = "file"                # one .eml for each mail, in Maildir layout
folder = "mail"
from = "longroad@longroad.example"
web_url = "http://{pages}"   # where links in mails lead

[web]
listen = "{pages}"

[[source]]
name = "files"
kind = "csv"
path = "data"
max_age_days = 3
most_usage_drop_share = 0.85       # offices are nearly empty between the years; beyond that, somebody is to look first

# What the numbers in data/usage.csv mean. A day without a row is a day without use.
[metrics.logins]
kind = "total"
unit = "logins"
polarity = "neutral"

[metrics.active_users]
kind = "level"                    # never summed over days
unit = "users"                    # compared with the seats that were bought
polarity = "good"

[metrics.reports_built]
kind = "total"
unit = "reports"
polarity = "good"

[metrics.exports]
kind = "total"
unit = "exports"
polarity = "good"

[metrics.api_calls]
kind = "total"
unit = "calls"
polarity = "neutral"

[metrics.errors]
kind = "total"
unit = "errors"
polarity = "bad"
"#
    )
}

/// The value point that is the first value of those who bought the ledger.
pub(super) const LEDGER_POINT: &str = "The month is closed in it";

/// A definition of first value, besides those that are shipped: its place in the playbooks, and its text.
pub fn demo_first_value() -> (&'static str, String) {
    let text = format!(
        r#"name: ledger
title: The month is closed in it within a quarter of a year
serves: product == "{LEDGER}"
measure: {{value: "{LEDGER_POINT}"}}
deadline_days: 90
grace_days: 5
"#
    );
    ("first-value/ledger.yaml", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::demo::usage::METRICS;

    #[test]
    fn it_is_read_and_declares_every_metric() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("longroad.toml");
        std::fs::write(&file, demo_config(Day::from_days(20_000), "127.0.0.1:8090".parse().unwrap())).unwrap();
        let config = Config::load(&file, std::iter::empty()).unwrap();
        assert_eq!(config.sources.len(), 1);
        assert_eq!((config.mail.web_url.as_deref(), config.web.listen.port()), (Some("http://127.0.0.1:8090"), 8090));
        let mut metrics = METRICS.to_vec();
        metrics.sort_unstable();
        assert_eq!(config.metrics.keys().map(String::as_str).collect::<Vec<_>>(), metrics);
    }
}
