//! An answer in the format `TabSeparatedWithNamesAndTypes`, read as it streams in: a line of names, a line of types, a line
//! for each row. Old and new servers write it alike; it tells NULL from text and instants from text, which CSV does not.

use super::told;
use super::types::Typed;
use crate::model::Zone;
use crate::model::record::RecordKind;
use crate::sources::SourceError;
use crate::sources::query::{Answer, Answered, Query};

/// A row longer than this is none. Bytes.
const LONGEST_LINE: usize = 1 << 20;

const REMEDY: &str = "ClickHouse answers an aggregate over no rows with zeros; write GROUP BY account_id, metric, day, so that \
                      where there is nothing there is no row";

/// A table that is coming in.
pub struct Table<'q> {
    query: &'q Query,
    server: Zone,
    company: Zone,
    /// Bytes after the last whole line.
    rest: Vec<u8>,
    names: Option<Vec<String>>,
    columns: Vec<Typed>,
    answer: Option<Answer>,
    /// The last line: an error may stand at its end.
    last: Vec<u8>,
    /// The cells of account, day and value.
    usage: [Option<usize>; 3],
    zero_rows: u64,
}

impl<'q> Table<'q> {
    /// An empty one; the zones are those of the server's clocks and of the company.
    pub fn new(query: &'q Query, server: Zone, company: Zone) -> Table<'q> {
        let (rest, names, columns, answer, last) = (Vec::new(), None, Vec::new(), None, Vec::new());
        Table { query, server, company, rest, names, columns, answer, last, usage: [None; 3], zero_rows: 0 }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.answer.as_ref().map_or(0, Answer::rows)
    }

    /// Takes the next bytes in. `heard` is called for each row.
    pub fn bytes(&mut self, bytes: &[u8], heard: impl Fn(u64)) -> Result<(), SourceError> {
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(length) = rest[from..].iter().position(|byte| *byte == b'\n') {
            self.line(&rest[from..from + length])?;
            from += length + 1;
            heard(self.rows());
        }
        rest.drain(..from);
        self.rest = rest;
        if self.rest.len() > LONGEST_LINE {
            return Err(self.wrong(format!("row {} is longer than 1 MiB", self.rows() + 1)));
        }
        Ok(())
    }

    /// All of it: whole, and of more than zeros.
    pub fn finish(self) -> Result<Answered, SourceError> {
        let tail = String::from_utf8_lossy(if self.rest.is_empty() { &self.last } else { &self.rest }).into_owned();
        if let Some(said) = told::exception(&tail).filter(|_| tail.contains("DB::")) {
            return Err(self.wrong(format!("broke off after {} rows: {said}", self.rows())));
        }
        if !self.rest.is_empty() {
            return Err(self.wrong(format!("the answer broke off in row {}", self.rows() + 1)));
        }
        let lone_zero = self.query.record == RecordKind::Usage && !self.query.grouped && self.rows() == 1 && self.zero_rows == 1;
        if lone_zero {
            return Err(self.wrong(format!("the answer is one row with the value 0; {REMEDY}")));
        }
        let Some(answer) = self.answer else {
            return Err(self.wrong("the answer has no columns; is this the HTTP port of ClickHouse?".to_owned()));
        };
        answer.finish(self.query)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), SourceError> {
        self.last.clear();
        self.last.extend_from_slice(line);
        if self.answer.is_some() {
            return self.row(line);
        }
        let mut cells: Vec<String> = Vec::new();
        let mut cell = Vec::new();
        for part in line.split(|byte| *byte == b'\t') {
            unescape(part, &mut cell);
            cells.push(String::from_utf8_lossy(&cell).into_owned());
        }
        let Some(names) = self.names.take() else {
            self.names = Some(cells);
            return Ok(());
        };
        if names.len() != cells.len() {
            return Err(
                self.wrong("the answer is not in the format that was asked for; is this the HTTP port of ClickHouse?".to_owned())
            );
        }
        let cell_of = |column: &str| names.iter().position(|name| name.eq_ignore_ascii_case(column));
        self.usage = ["account_id", "day", "value"].map(cell_of);
        self.columns = names.into_iter().zip(&cells).map(|(name, kind)| Typed::new(name, kind, &self.server)).collect();
        let columns = self.columns.iter().map(|typed| typed.column.clone()).collect();
        self.answer = Some(Answer::new(self.query, columns, self.company.clone())?);
        Ok(())
    }

    fn row(&mut self, line: &[u8]) -> Result<(), SourceError> {
        let count = line.split(|byte| *byte == b'\t').count();
        let number = self.rows() + 1;
        if count != self.columns.len() {
            let text = String::from_utf8_lossy(line);
            return Err(self.wrong(match told::exception(&text) {
                Some(said) => format!("broke off after {} rows: {said}", number - 1),
                None if line.is_empty() => "the answer ends in totals or extremes; leave WITH TOTALS out".to_owned(),
                None => format!("row {number} has {count} cells, the answer {} columns", self.columns.len()),
            }));
        }
        // A row of the table comes after its columns.
        let Some(answer) = &mut self.answer else { return Ok(()) };
        let mut unescaped = Vec::new();
        for (cell, typed) in line.split(|byte| *byte == b'\t').zip(&self.columns) {
            if cell == b"\\N" {
                answer.cell(None);
            } else if cell.contains(&b'\\') {
                unescape(cell, &mut unescaped);
                answer.cell(Some(typed.plain(&unescaped)));
            } else {
                answer.cell(Some(typed.plain(cell)));
            }
        }
        if self.query.record == RecordKind::Usage {
            let text = |cell: Option<usize>| cell.map_or(b"?".as_slice(), |cell| answer.text(cell));
            let [account, day, value] = self.usage.map(text);
            if account.is_empty() || day.is_empty() || day.starts_with(b"0000-00-00") {
                let what = if account.is_empty() { "account_id" } else { "day" };
                return Err(answer.error(format!("row {number} has an empty {what}; {REMEDY}")));
            }
            self.zero_rows += u64::from(matches!(value, b"0" | b"" | b"0.0"));
        }
        answer.end_row()
    }

    fn wrong(&self, reason: String) -> SourceError {
        SourceError::new(&self.query.feed, reason)
    }
}

/// Puts the text of a cell into `text`.
fn unescape(cell: &[u8], text: &mut Vec<u8>) {
    text.clear();
    let mut bytes = cell.iter();
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(other) => *other,
                None => b'\\',
            },
            byte => *byte,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "account_id\tmetric\tday\tvalue\nString\tString\tDate\tUInt64\n";

    fn query(grouped: bool) -> Query {
        let feed = "web: usage".to_owned();
        Query { record: RecordKind::Usage, feed, text: String::new(), whole: true, through: None, grouped }
    }

    /// What is read of it, given in pieces of this size: the feed's CSV, or the error.
    fn read(query: &Query, text: &str, piece: usize) -> Result<String, String> {
        let mut table = Table::new(query, Zone::UTC, Zone::UTC);
        let all = || {
            for bytes in text.as_bytes().chunks(piece) {
                table.bytes(bytes, |_| ())?;
            }
            table.finish()
        };
        let feed = { all }().map_err(|error| error.reason)?.feed;
        let mut csv = String::new();
        std::io::Read::read_to_string(&mut feed.bytes().unwrap(), &mut csv).unwrap();
        Ok(csv)
    }

    #[test]
    fn rows_are_read_whatever_pieces_they_come_in() {
        let text = format!("{HEADER}acme\tlog\\tins\t2026-01-05\t5\nsay \"\\\\N\"\t\\N\t2026-01-06\t0\n");
        let expected = "account_id,metric,day,value\nacme,log\tins,2026-01-05,5\n\"say \"\"\\N\"\"\",,2026-01-06,0\n";
        for piece in [1, 2, 7, 1000] {
            assert_eq!(read(&query(true), &text, piece).unwrap(), expected);
        }
        assert_eq!(read(&query(false), HEADER, 9).unwrap(), "account_id,metric,day,value\n", "nothing is nothing");
    }

    #[test]
    fn what_is_no_whole_answer_is_an_error() {
        let reason = |rows: &str| read(&query(true), &format!("{HEADER}{rows}"), 11).unwrap_err();
        assert_eq!(reason("acme\tlogins\t2026-01-05\t5"), "the answer broke off in row 1");
        let thrown = "Code: 395, e.displayText() = DB::Exception: no luck, e.what() = DB::Exception";
        for rows in [
            format!("a\tm\t2026-01-05\t5\n{thrown}\n"),
            format!("a\tm\t2026-01-05\t5{thrown}\n"),
            format!("a\tm\t2026-01-05\t5\n__exception__\r\ntag\r\n{thrown}\n"),
        ] {
            let said = reason(&rows);
            assert!(
                said.ends_with("no luck (ClickHouse error 395)") || said == "row 2 has 1 cells, the answer 4 columns",
                "{said}"
            );
        }
        assert_eq!(
            reason("a\tm\t2026-01-05\t5\n\n\t\t0000-00-00\t5\n"),
            "the answer ends in totals or extremes; leave WITH TOTALS out"
        );
        assert!(
            read(&query(true), "<html>\n</html>\n", 5).is_ok_and(|csv| !csv.contains("account_id")),
            "the reader misses columns"
        );
        assert!(read(&query(true), "", 5).unwrap_err().contains("HTTP port"));
    }

    #[test]
    fn zeros_out_of_nothing_are_told_with_the_remedy() {
        for (grouped, row) in [
            (true, "\tlogins\t2026-01-05\t5\n"),
            (true, "acme\tlogins\t1970-01-01\t0\n"),
            (false, "acme\tlogins\t2026-01-05\t0\n"),
        ] {
            let reason = read(&query(grouped), &format!("{HEADER}{row}"), 99).unwrap_err();
            assert!(reason.contains("write GROUP BY account_id, metric, day"), "{reason}");
        }
        assert!(read(&query(true), &format!("{HEADER}acme\tlogins\t2026-01-05\t0\n"), 99).is_ok(), "a zero that was counted");
    }

    proptest! {
        /// What the server writes is read as it was.
        #[test]
        fn cells_come_back(text in "[a-z\\\\\t\n\r'\0é]{0,12}") {
            let escaped = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r").replace('\0', "\\0").replace('\'', "\\'");
            let mut read = Vec::new();
            unescape(escaped.as_bytes(), &mut read);
            prop_assert_eq!(read, text.as_bytes());
        }
    }
}
