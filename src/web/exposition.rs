//! Numbers as Prometheus reads them (text format 0.0.4).

use std::fmt::Write;

/// A page of numbers.
#[derive(Debug, Default)]
pub(super) struct Page(String);

/// Numbers of one name.
#[derive(Debug)]
pub(super) struct Family<'a> {
    page: &'a mut Page,
    name: &'static str,
}

impl Page {
    /// Begins the numbers of a name, all of which go up and down.
    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        Family { page: self, name }
    }

    /// The text.
    pub(super) fn text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A number with its labels.
    pub(super) fn with(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.page.0, "{}{labels} {value}", self.name);
        self
    }

    /// A number without labels, where it is known.
    pub(super) fn alone(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.with(&[], value);
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_unknown_numbers_left_out() {
        let mut page = Page::default();
        page.gauge("a_seconds", "How long.").with(&[("x", "a\"b\\c\nd"), ("y", "")], 0.5).with(&[("x", "ü"), ("y", "2")], 1e10);
        page.gauge("b", "What.").alone(None);
        page.gauge("c", "What else.").alone(Some(3.0));
        assert_eq!(
            page.text(),
            "# HELP a_seconds How long.\n# TYPE a_seconds gauge\na_seconds{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.5\n\
             a_seconds{x=\"ü\",y=\"2\"} 10000000000\n# HELP b What.\n# TYPE b gauge\n# HELP c What else.\n# TYPE c gauge\nc 3\n"
        );
    }
}
