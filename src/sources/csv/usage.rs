//! Usage: the one record with millions of rows, read without an allocation per row.

use super::Reject;
use super::file::open;
use super::header::{Header, KNOWN_AT};
use super::reader::text;
use super::rows::{Rows, Step};
use crate::model::record::{Problem, RowContext};
use crate::model::{Day, Instant};
use crate::sources::columns::USAGE;
use crate::sources::{Feed, SourceError};

/// One number of one account, metric and day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsageRow<'r> {
    /// The account's id.
    pub account: &'r str,
    /// What was counted.
    pub metric: &'r str,
    /// When.
    pub day: Day,
    /// How much: finite, 0 or more.
    pub value: f64,
    /// When it became known, where the row says so.
    pub known_at: Option<Instant>,
    /// The line of the file, from 1.
    pub line: u64,
}

/// A row, or what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub enum UsageItem<'r> {
    /// A row that can be read.
    Row(UsageRow<'r>),
    /// A row that is set aside.
    Reject(Reject),
}

/// Reads the rows of a usage file, one after the other.
pub struct UsageReader<'a> {
    file: String,
    rows: Rows,
    header: Header,
    context: RowContext<'a>,
    /// The cells of account, metric, day and value.
    places: [usize; 4],
    day: Last<Day>,
    known_at: Last<Instant>,
    notes: Vec<String>,
    failed: bool,
}

impl<'a> UsageReader<'a> {
    /// Opens the file and reads its header.
    pub fn open(file: &Feed, context: RowContext<'a>) -> Result<UsageReader<'a>, SourceError> {
        let input = open(file).map_err(|error| SourceError::new(&file.name, error))?;
        let mut rows = Rows::new(input, &file.name);
        let header = Header::read(&mut rows, &file.name, &USAGE, &USAGE)?;
        // All four are required, so that each has its cell.
        let places = std::array::from_fn(|column| header.cells[column].unwrap_or_default());
        let notes = header.notes(&file.name, &USAGE);
        let file = file.name.clone();
        Ok(UsageReader { file, rows, header, context, places, day: Last::NONE, known_at: Last::NONE, notes, failed: false })
    }

    /// The next row; `None` after the last one, or after an error.
    #[expect(clippy::should_implement_trait, reason = "a row borrows from the reader, which an iterator's cannot")]
    pub fn next(&mut self) -> Option<Result<UsageItem<'_>, SourceError>> {
        if self.failed {
            return None;
        }
        let read = match self.rows.advance() {
            Ok(Step::End) => return None,
            Ok(Step::Row) => read(&self.rows, &self.header, self.places, self.context, &mut self.day, &mut self.known_at),
            Ok(Step::Broken { cell, reason }) => Err(Problem::new(self.header.name(cell), reason)),
            Err(error) => {
                self.failed = true;
                return Some(Err(error));
            }
        };
        Some(Ok(match read {
            Ok(row) => UsageItem::Row(row),
            Err(problem) => UsageItem::Reject(Reject::new(&self.file, self.rows.line(), problem, self.rows.raw())),
        }))
    }

    /// What is to be said once about the file as a whole.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of its columns.
    pub fn columns(&self) -> &[String] {
        &self.header.names
    }

    /// The text of the row that was read last, at most its first 4096 bytes.
    pub fn raw(&self) -> String {
        self.rows.raw()
    }
}

fn read<'r>(
    rows: &'r Rows,
    header: &Header,
    places: [usize; 4],
    context: RowContext<'_>,
    last_day: &mut Last<Day>,
    last_known_at: &mut Last<Instant>,
) -> Result<UsageRow<'r>, Problem> {
    if let Some(reason) = header.ragged(rows) {
        return Err(Problem::new("", reason));
    }
    let account = name(rows, places[0], USAGE[0], 200)?;
    let metric = name(rows, places[1], USAGE[1], 100)?;
    let day = last_day.get(rows.cell(places[2]), |bytes| match str::from_utf8(bytes) {
        Ok("") => Err("is required and empty".to_owned()),
        Ok(text) => text.parse().and_then(|day: Day| {
            // Tiles count days from there.
            if day.days() < 0 { Err(format!("`{text}` lies before 1970-01-01, where usage begins")) } else { Ok(day) }
        }),
        Err(_) => Err("is not a date; write YYYY-MM-DD, for example 2026-03-31".to_owned()),
    });
    let day = day.map_err(|reason| Problem::new(USAGE[2], reason))?;
    let value = value(rows.cell(places[3])).map_err(|reason| Problem::new(USAGE[3], reason))?;
    let known_at = match header.known_at {
        Some(cell) if !rows.cell(cell).is_empty() => {
            let text = text(rows, cell, KNOWN_AT)?;
            let read = last_known_at.get(text.as_bytes(), |_| Instant::parse(text, context.zone));
            Some(read.map_err(|reason| Problem::new(KNOWN_AT, reason))?)
        }
        _ => None,
    };
    Ok(UsageRow { account, metric, day, value, known_at, line: rows.line() })
}

/// A text of one line with 1 to `longest` characters.
fn name<'r>(rows: &'r Rows, cell: usize, column: &str, longest: usize) -> Result<&'r str, Problem> {
    let bytes = rows.cell(cell);
    if bytes.is_empty() {
        return Err(Problem::new(column, "is required and empty"));
    }
    // The common case in one pass without a branch per byte: printable ASCII of a length that is allowed.
    let printable = bytes.iter().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'));
    if printable
        && bytes.len() <= longest
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Ok(text);
    }
    let text = text(rows, cell, column)?;
    match text.chars().count() {
        _ if text.contains(['\n', '\r', '\t']) => {
            Err(Problem::new(column, "goes over more than one line, or contains a tab; perhaps a quote is missing"))
        }
        length if length > longest => Err(Problem::new(column, format!("is longer than {longest} characters"))),
        0 => Err(Problem::new(column, "is required and empty")),
        _ => Ok(text),
    }
}

/// A finite number of 0 or more.
fn value(bytes: &[u8]) -> Result<f64, String> {
    // Most values are small whole numbers; up to 15 digits a double holds them exactly.
    if !bytes.is_empty() && bytes.len() <= 15 && bytes.iter().all(u8::is_ascii_digit) {
        let whole = bytes.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        return Ok(whole as f64);
    }
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<f64>() {
        _ if text.is_empty() => Err("is required and empty".to_owned()),
        // The sum makes 0 of −0.
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value + 0.0),
        Ok(value) if value.is_finite() => Err(format!("negative usage: `{text}`; write a number of 0 or more")),
        _ => Err(format!("`{text}` is not a finite number of 0 or more, for example 12.5")),
    }
}

/// Rows that follow each other often say the same: the last text and what it means.
struct Last<T> {
    text: Vec<u8>,
    value: Option<T>,
}

impl<T: Copy> Last<T> {
    const NONE: Last<T> = Last { text: Vec::new(), value: None };

    fn get(&mut self, text: &[u8], read: impl FnOnce(&[u8]) -> Result<T, String>) -> Result<T, String> {
        match self.value {
            Some(value) if self.text == text => Ok(value),
            _ => {
                let value = read(text)?;
                self.text.clear();
                self.text.extend_from_slice(text);
                self.value = Some(value);
                Ok(value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Zone;
    use crate::model::record::RecordKind;

    /// One line of text for each row or reject of a usage file.
    fn read(text: impl AsRef<[u8]>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.csv");
        std::fs::write(&path, text).unwrap();
        let file = Feed::file(RecordKind::Usage, path).named("data/usage.csv");
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let mut reader = UsageReader::open(&file, RowContext { zone: &zone }).unwrap();
        let mut lines = Vec::new();
        while let Some(item) = reader.next() {
            lines.push(match item.unwrap() {
                UsageItem::Row(row) => {
                    let known_at = row.known_at.map(|at| format!(" known {at}")).unwrap_or_default();
                    format!("{} {} {} {} {}{known_at}", row.line, row.account, row.metric, row.day, row.value)
                }
                UsageItem::Reject(reject) => format!("{} {}: {}", reject.line, reject.column, reject.reason),
            });
        }
        lines.extend(reader.notes().iter().cloned());
        lines
    }

    #[test]
    fn rows_are_read_in_any_order_of_columns() {
        let text = "\u{feff}Value, day ,known_at,METRIC,Account_id,region\r\n\
                    12,2026-03-01,,logins,a1,x\r\n\
                    \"0.25\",2026-03-01,2026-03-02,\"active, users\",é1,x\r\n\
                    -0,2026-03-02,2026-03-02,logins,a1,x\r\n\
                    123456789012345678,2026-03-01,2026-03-03T00:00:00+01:00,logins,a1,x\r\n";
        assert_eq!(
            read(text),
            [
                "2 a1 logins 2026-03-01 12",
                "3 é1 active, users 2026-03-01 0.25 known 2026-03-02T11:00:00Z",
                "4 a1 logins 2026-03-02 0 known 2026-03-02T11:00:00Z",
                "5 a1 logins 2026-03-01 123456789012345680 known 2026-03-02T23:00:00Z",
                "data/usage.csv: the column `region` is unknown and left out",
            ]
        );
    }

    #[test]
    fn each_broken_row_says_what_is_wrong() {
        let long = "m".repeat(101);
        let date = "is not a date; write YYYY-MM-DD, for example 2026-03-31";
        let number = "is not a finite number of 0 or more, for example 12.5";
        let table: &[(&str, &str)] = &[
            ("a,m,2026-03-01,-1", "value: negative usage: `-1`; write a number of 0 or more"),
            ("a,m,2026-03-01,NaN", &format!("value: `NaN` {number}")),
            ("a,m,2026-03-01,inf", &format!("value: `inf` {number}")),
            ("a,m,2026-03-01,1e400", &format!("value: `1e400` {number}")),
            ("a,m,2026-03-01,\"1,5\"", &format!("value: `1,5` {number}")),
            ("a,m,2026-03-01,", "value: is required and empty"),
            ("a,m,01/03/2026,1", &format!("day: `01/03/2026` {date}")),
            ("a,m,2026-02-30,1", "day: `2026-02-30` is not a day of the calendar"),
            ("a,m,1969-12-31,1", "day: `1969-12-31` lies before 1970-01-01, where usage begins"),
            ("a,m,,1", "day: is required and empty"),
            (" ,m,2026-03-01,1", "account_id: is required and empty"),
            ("a,,2026-03-01,1", "metric: is required and empty"),
            (&format!("a,{long},2026-03-01,1"), "metric: is longer than 100 characters"),
            ("a,m\0,2026-03-01,1", "metric: contains the control character U+0000"),
            ("a,m,2026-03-01", ": the row has 3 cells, the header 4"),
            ("a,m,2026-03-01,1,2", ": the row has 5 cells, the header 4"),
            (
                "a,m,\"2026\"-03-01,1",
                "day: text follows the closing quote; close the quote, or double the quotes that belong to the text",
            ),
        ];
        for (row, expected) in table {
            let got = read(format!("account_id,metric,day,value\n{row}\na,m,2026-03-01,1\n"));
            assert_eq!(got, [format!("2 {expected}"), "3 a m 2026-03-01 1".to_owned()], "{row}");
        }
        let got = read(b"account_id,metric,day,value\n\xff,m,2026-03-01,1\na,m,\xff,1\n");
        assert_eq!(got, ["2 account_id: is not UTF-8; save the file as UTF-8".to_owned(), format!("3 day: {date}")]);
        let got = read("account_id,metric,day,value\n\"a\nb\",m,2026-03-01,1\n\"a,m\nb,m\",2026-03-01,1\n");
        assert_eq!(
            got,
            [
                "2 account_id: goes over more than one line, or contains a tab; perhaps a quote is missing",
                "4 : the row has 3 cells, the header 4; it goes from line 4 to 5, perhaps a quote is missing",
            ]
        );
    }

    #[test]
    fn a_value_that_is_remembered_is_the_value_of_the_same_text() {
        let got =
            read("account_id,metric,day,value\na,m,2026-03-01,1\na,m,bad,1\na,m,2026-03-01,1\na,m,bad,1\na,m,2026-03-02,1\n");
        let days: Vec<bool> = got.iter().map(|line| line.contains("2026-03-0")).collect();
        assert_eq!(days, [true, false, true, false, true]);
    }
}
