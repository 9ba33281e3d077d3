//! One field of a cron line: `*`, `*/15`, `1,15`, `mon-fri`, `8-18/2`.

use std::collections::BTreeSet;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What people call it.
    pub(super) name: &'static str,
    least: u32,
    most: u32,
    /// Names of the values from `least` on, by their first three letters.
    names: &'static [&'static str],
}

/// The five fields in their order.
pub(super) const KINDS: [Kind; 5] = [
    Kind { name: "minute", least: 0, most: 59, names: &[] },
    Kind { name: "hour", least: 0, most: 23, names: &[] },
    Kind { name: "day of the month", least: 1, most: 31, names: &[] },
    Kind { name: "month", least: 1, most: 12, names: &MONTHS },
    // 0 and 7 are both Sunday.
    Kind { name: "weekday", least: 0, most: 7, names: &WEEKDAYS },
];

pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

impl Kind {
    /// The values that the field allows; every one of its kind for `*`.
    pub(super) fn values(&self, field: &str) -> Result<BTreeSet<u32>, String> {
        let mut values = BTreeSet::new();
        for item in field.split(',') {
            values.extend(self.item(item).map_err(|reason| format!("{}: {reason}", self.name))?);
        }
        if self.names.len() == WEEKDAYS.len() && values.remove(&7) {
            values.insert(0);
        }
        Ok(values)
    }

    fn item(&self, item: &str) -> Result<Vec<u32>, String> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(step)),
            None => (item, None),
        };
        let (first, last) = if span == "*" {
            (self.least, self.most)
        } else if let Some((first, last)) = span.split_once('-') {
            let (first, mut last) = (self.value(first)?, self.value(last)?);
            // A week may end with its Sunday.
            if self.most == 7 && last == 0 && first > 0 {
                last = 7;
            }
            (first, last)
        } else {
            let value = self.value(span)?;
            if step.is_some() {
                return Err(format!("`{item}` has a step without a range; write {span}-{}/… or */…", self.most));
            }
            (value, value)
        };
        if first > last {
            return Err(format!("`{item}` runs backwards; write it as two ranges with a comma between them"));
        }
        let step = match step.map(str::parse::<usize>) {
            None => 1,
            Some(Ok(step)) if step > 0 => step,
            Some(_) => return Err(format!("`{item}` has no step that counts; write a number from 1 on behind the /")),
        };
        Ok((first..=last).step_by(step).collect())
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let named = || {
            let name = |name: &&str| name[..3].eq_ignore_ascii_case(text);
            let at = self.names.iter().position(name).and_then(|at| u32::try_from(at).ok())?;
            Some(self.least + at)
        };
        number.or_else(named).filter(|value| (self.least..=self.most).contains(value)).ok_or_else(|| {
            let names = match self.names {
                [first, .., last] => format!(" or {} to {}", short(first), short(last)),
                _ => String::new(),
            };
            format!(
                "`{text}` is none; write {} to {}{names}, *, a range such as {}-{}, or several with commas",
                self.least, self.most, self.least, self.most
            )
        })
    }
}

fn short(name: &str) -> String {
    name[..3].to_lowercase()
}
