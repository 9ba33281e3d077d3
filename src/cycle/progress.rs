//! How far a feed is in, as a line for who watches.

use std::fmt::Write;

/// Rows between two lines.
const STEP: u64 = 20_000;
/// Letters of the bar.
const WIDTH: u64 = 24;

/// Counts the rows of a feed, and tells now and then how many there are.
pub struct Progress<'a> {
    name: &'a str,
    /// How many rows there are, or were last time; 0 where nobody knows.
    expected: u64,
    rows: u64,
    to: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Progress<'a> {
    /// Begins with a feed of about so many rows.
    pub fn new(name: &'a str, expected: u64, to: &'a (dyn Fn(&str) + Sync)) -> Progress<'a> {
        Progress { name, expected, rows: 0, to }
    }

    /// More rows are in.
    pub fn add(&mut self, rows: usize) {
        let before = self.rows / STEP;
        self.rows += rows as u64;
        if self.rows / STEP > before {
            (self.to)(&self.line());
        }
    }

    fn line(&self) -> String {
        let mut line = format!("{}: {} rows", self.name, self.rows);
        if let Some(percent) = (self.rows * 100).checked_div(self.expected) {
            // What comes beyond what was expected is never the end.
            let percent = percent.min(99);
            let full = usize::try_from(percent * WIDTH / 100).unwrap_or_default();
            let empty = usize::try_from(WIDTH).unwrap_or_default() - full;
            // Writing to a string cannot fail.
            let _ = write!(line, "  [{}{}] {percent} %", "#".repeat(full), ".".repeat(empty));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_bar_grows_where_the_end_is_known() {
        let told = Mutex::new(Vec::new());
        let to = |line: &str| told.lock().unwrap().push(line.to_owned());
        let mut known = Progress::new("usage.csv", 80_000, &to);
        for _ in 0..5 {
            known.add(19_999);
        }
        Progress::new("shop: usage", 0, &to).add(30_000);
        assert_eq!(
            told.into_inner().unwrap(),
            [
                "usage.csv: 39998 rows  [###########.............] 49 %",
                "usage.csv: 59997 rows  [#################.......] 74 %",
                "usage.csv: 79996 rows  [#######################.] 99 %",
                "usage.csv: 99995 rows  [#######################.] 99 %",
                "shop: usage: 30000 rows",
            ]
        );
    }
}
