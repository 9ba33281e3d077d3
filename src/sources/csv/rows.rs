//! RFC 4180, read so that one broken row costs one row. The csv crate reads an unclosed quote on to the end of the
//! file, into memory, and calls the result a cell; here it is a fault of its line, and reading goes on with the next.

use std::io::{self, BufRead, Read};

use crate::sources::SourceError;

/// A cell longer than this is a quote that is not closed, or no table.
const LONGEST_CELL: usize = 1 << 16;
/// A line longer than this is read no further.
const LONGEST_LINE: usize = 1 << 20;
/// How much of the file is read at once.
const CHUNK: usize = 1 << 16;
/// How much of a row is shown to people.
const SHOWN: usize = 4096;

/// What comes next in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A row; its cells can be asked for.
    Row,
    /// A line that is no row.
    Broken {
        /// The number of the cell at fault.
        cell: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing.
    End,
}

/// Where a cell's text lies.
#[derive(Clone, Copy)]
struct Cell {
    from: usize,
    to: usize,
    /// In `unescaped` rather than in `text`.
    unescaped: bool,
}

/// The rows of one file. Memory is bounded by a few of the longest lines that are allowed.
pub(super) struct Rows {
    input: Box<dyn BufRead + Send>,
    name: String,
    /// Whole lines of the file: the row, and what was read beyond it.
    text: Vec<u8>,
    /// Where the row lies in `text`.
    row: (usize, usize),
    /// Where the next one begins.
    next: usize,
    /// The lines in which the row and the next one begin.
    line: u64,
    next_line: u64,
    /// The end of a line that was longer than allowed and is not there as a whole.
    cut_at: Option<usize>,
    cells: Vec<Cell>,
    /// Whether any of them is quoted, so that the row may go over several lines.
    quoted: bool,
    /// The text of cells in which quotes were doubled.
    unescaped: Vec<u8>,
}

impl Rows {
    pub(super) fn new(input: Box<dyn BufRead + Send>, name: &str) -> Rows {
        Rows {
            input,
            name: name.to_owned(),
            text: Vec::new(),
            row: (0, 0),
            next: 0,
            line: 0,
            next_line: 1,
            cut_at: None,
            cells: Vec::new(),
            quoted: false,
            unescaped: Vec::new(),
        }
    }

    /// Goes to the next row. Lines that are blank, and rows without any text, are passed over.
    pub(super) fn advance(&mut self) -> Result<Step, SourceError> {
        loop {
            self.forget_what_is_read();
            if self.next == self.text.len() && !self.read_lines()? {
                return Ok(Step::End);
            }
            let start = self.next;
            self.line = self.next_line;
            if start == 0 && self.line == 1 && self.text.starts_with(b"\xef\xbb\xbf") {
                self.next = 3;
            }
            let step = self.split(self.next)?;
            if let Step::Broken { .. } = step {
                let length = self.text[start..].iter().position(|b| *b == b'\n');
                self.next = length.map_or(self.text.len(), |length| start + length + 1);
            }
            self.row = (start, self.next);
            self.next_line += match step {
                Step::Row if !self.quoted => u64::from(self.text[..self.next].ends_with(b"\n")),
                _ => line_ends(&self.text[start..self.next]),
            };
            if self.cut_at == Some(self.next) {
                return Ok(Step::Broken { cell: self.cells.len(), reason: "the line is longer than 1 MiB" });
            }
            if step != Step::Row || self.line == 1 || (0..self.len()).any(|cell| !self.cell(cell).is_empty()) {
                return Ok(step);
            }
        }
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell's text without quotes and blanks around it; empty where the row has no such cell.
    pub(super) fn cell(&self, number: usize) -> &[u8] {
        let Some(cell) = self.cells.get(number) else { return b"" };
        let text = if cell.unescaped { &self.unescaped } else { &self.text };
        text[cell.from..cell.to].trim_ascii()
    }

    /// The line in which the row begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The last line of the row.
    pub(super) fn last_line(&self) -> u64 {
        let ended = self.text[..self.row.1].ends_with(b"\n");
        self.next_line - u64::from(ended)
    }

    /// The row's text as it stands in the file, at most its first 4096 bytes.
    pub(super) fn raw(&self) -> String {
        let row = self.text[self.row.0..self.row.1].trim_ascii_end();
        let text = String::from_utf8_lossy(&row[..row.len().min(SHOWN)]);
        text[..text.floor_char_boundary(SHOWN)].to_owned()
    }

    /// The row's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.text[self.row.0..self.row.1]
    }

    /// Finds the cells of the row that begins at `from`, if none is quoted: nearly all rows of large files. The answer
    /// is where the next row begins.
    fn split_plain(&mut self, from: usize) -> Option<usize> {
        let mut cell = from;
        for (offset, byte) in self.text[from..].iter().enumerate() {
            if matches!(byte, b',' | b'\n') {
                let to = from + offset;
                if to - cell > LONGEST_CELL {
                    return None;
                }
                self.cells.push(Cell { from: cell, to, unescaped: false });
                cell = to + 1;
                if *byte == b'\n' {
                    return Some(cell);
                }
            } else if *byte == b'"' {
                return None;
            }
        }
        None
    }

    /// Finds the cells of the row that begins at `at`, reading further lines while a quote is open.
    fn split(&mut self, mut at: usize) -> Result<Step, SourceError> {
        self.cells.clear();
        self.unescaped.clear();
        self.quoted = false;
        if let Some(next) = self.split_plain(at) {
            self.next = next;
            return Ok(Step::Row);
        }
        self.cells.clear();
        loop {
            let blanks = self.text[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            if self.text.get(at + blanks) == Some(&b'"') {
                match self.read_quoted(at + blanks + 1)? {
                    Ok(after) => at = after,
                    Err(reason) => return Ok(Step::Broken { cell: self.cells.len(), reason }),
                }
            } else {
                let length = self.text[at..].iter().position(|b| matches!(b, b',' | b'\n'));
                let to = length.map_or(self.text.len(), |length| at + length);
                if to - at > LONGEST_CELL {
                    return Ok(Step::Broken { cell: self.cells.len(), reason: "is longer than 64 KiB" });
                }
                self.cells.push(Cell { from: at, to, unescaped: false });
                at = to;
            }
            match self.text.get(at) {
                Some(b',') => at += 1,
                Some(_) => {
                    self.next = at + 1;
                    return Ok(Step::Row);
                }
                None => {
                    self.next = at;
                    return Ok(Step::Row);
                }
            }
        }
    }

    /// Reads the quoted cell whose text begins at `from`. The answer is where the comma or the end of the line after
    /// it stands, or what is wrong.
    fn read_quoted(&mut self, from: usize) -> Result<Result<usize, &'static str>, SourceError> {
        self.quoted = true;
        let kept = self.unescaped.len();
        // What of the cell is not yet copied to `unescaped`, and where to look for the next quote.
        let (mut rest, mut at) = (from, from);
        loop {
            let Some(offset) = self.text[at..].iter().position(|b| *b == b'"') else {
                at = self.text.len();
                if at - from > LONGEST_CELL || !self.read_lines()? {
                    return Ok(Err("the quote is never closed; close it, or double the quotes that belong to the text"));
                }
                continue;
            };
            let quote = at + offset;
            if quote - from > LONGEST_CELL {
                return Ok(Err("the quote is not closed within 64 KiB; close it, or double the quotes that belong to the text"));
            }
            if self.text.get(quote + 1) == Some(&b'"') {
                self.unescaped.extend_from_slice(&self.text[rest..=quote]);
                (rest, at) = (quote + 2, quote + 2);
                continue;
            }
            if rest == from {
                self.cells.push(Cell { from, to: quote, unescaped: false });
            } else {
                self.unescaped.extend_from_slice(&self.text[rest..quote]);
                self.cells.push(Cell { from: kept, to: self.unescaped.len(), unescaped: true });
            }
            let blanks = self.text[quote + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
            let after = quote + 1 + blanks;
            if matches!(self.text.get(after), Some(b',' | b'\n') | None) {
                return Ok(Ok(after));
            }
            self.cells.pop();
            return Ok(Err("text follows the closing quote; close the quote, or double the quotes that belong to the text"));
        }
    }

    /// Adds the file's next lines to `text`, whole ones; `false` at the end of the file, or where the last line is cut.
    fn read_lines(&mut self) -> Result<bool, SourceError> {
        if self.cut_at == Some(self.text.len()) {
            return Ok(false);
        }
        let before = self.text.len();
        let chunk = (&mut self.input).take(CHUNK as u64).read_to_end(&mut self.text);
        chunk.map_err(|error| self.failed(&error))?;
        if self.text.len() == before + CHUNK && !self.text.ends_with(b"\n") {
            let rest = (&mut self.input).take(LONGEST_LINE as u64).read_until(b'\n', &mut self.text);
            let rest = rest.map_err(|error| self.failed(&error))?;
            if rest == LONGEST_LINE && !self.text.ends_with(b"\n") {
                self.input.skip_until(b'\n').map_err(|error| self.failed(&error))?;
                self.text.push(b'\n');
                self.cut_at = Some(self.text.len());
            }
        }
        Ok(self.text.len() > before)
    }

    /// Lets go of rows that were read.
    fn forget_what_is_read(&mut self) {
        if self.next == self.text.len() {
            self.text.clear();
            self.next = 0;
            self.cut_at = None;
        } else if self.next > LONGEST_LINE {
            self.text.drain(..self.next);
            self.cut_at = self.cut_at.and_then(|at| at.checked_sub(self.next));
            self.next = 0;
        }
    }

    fn failed(&self, error: &io::Error) -> SourceError {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "ends in the middle; it was cut off when it was written or copied".to_owned(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("cannot be unpacked: {error}"),
            _ => error.to_string(),
        };
        SourceError::new(&self.name, reason)
    }
}

fn line_ends(text: &[u8]) -> u64 {
    text.split(|byte| *byte == b'\n').skip(1).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of a file, and line and cells of what is read from it.
    type Table<'t> = &'t [(&'t str, &'t [(u64, &'t [&'t str])])];

    const NEVER: &str = "the quote is never closed; close it, or double the quotes that belong to the text";
    const AFTER: &str = "text follows the closing quote; close the quote, or double the quotes that belong to the text";

    fn rows(text: impl Into<Vec<u8>>) -> Rows {
        Rows::new(Box::new(io::Cursor::new(text.into())), "t.csv")
    }

    /// Line and cells of each row, or line and reason.
    fn read(text: impl Into<Vec<u8>>) -> Vec<(u64, Vec<String>)> {
        let mut rows = rows(text);
        let mut read = Vec::new();
        loop {
            let cells = match rows.advance().unwrap() {
                Step::End => return read,
                Step::Row => (0..rows.len()).map(|cell| String::from_utf8_lossy(rows.cell(cell)).into_owned()).collect(),
                Step::Broken { cell, reason } => vec![format!("!{cell}"), reason.to_owned()],
            };
            read.push((rows.line(), cells));
        }
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn all_forms_of_a_row_are_read() {
        let table: Table<'_> = &[
            ("\u{feff}a,b\r\n1,2\r\n", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("a,b\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("a\n\n  \n,\n1\n", &[(1, &["a"]), (5, &["1"])]),
            ("a\n \"x, y\" , 2\t\n", &[(1, &["a"]), (2, &["x, y", "2"])]),
            ("a\n\"say \"\"hi\"\"\",\"\"\"\",\"\"\n", &[(1, &["a"]), (2, &["say \"hi\"", "\"", ""])]),
            ("a\n\"one\r\ntwo\",2\r\n3,4", &[(1, &["a"]), (2, &["one\r\ntwo", "2"]), (4, &["3", "4"])]),
            ("a\n5\" pipe,2\n", &[(1, &["a"]), (2, &["5\" pipe", "2"])]),
            ("a\n1,\n,2\n\"x\"", &[(1, &["a"]), (2, &["1", ""]), (3, &["", "2"]), (4, &["x"])]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(line, cells)| row(*line, cells)).collect();
            assert_eq!(read(*text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_broken_row_costs_one_row() {
        let table: Table<'_> = &[
            ("a\n1,\"x\n2,y\n3,z\n", &[(1, &["a"]), (2, &["!1", NEVER]), (3, &["2", "y"]), (4, &["3", "z"])]),
            ("a\n1,\"x\n2,\"y\"\n3,z", &[(1, &["a"]), (2, &["!1", AFTER]), (3, &["2", "y"]), (4, &["3", "z"])]),
            ("a\n1,\"x\"y\n2,z\n", &[(1, &["a"]), (2, &["!1", AFTER]), (3, &["2", "z"])]),
            ("a\n1,2\n\"", &[(1, &["a"]), (2, &["1", "2"]), (3, &["!0", NEVER])]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(line, cells)| row(*line, cells)).collect();
            assert_eq!(read(*text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_unclosed_quote_is_not_read_into_memory() {
        let text = format!("a,b\n1,\"x\n{}", "2,y\n".repeat(400_000));
        let mut rows = rows(text);
        let mut good = 0;
        loop {
            match rows.advance().unwrap() {
                Step::Row => good += 1,
                Step::Broken { cell, reason } => assert_eq!((rows.line(), cell, reason), (2, 1, NEVER)),
                Step::End => break,
            }
            assert!(rows.text.len() < 2 * LONGEST_LINE, "{}", rows.text.len());
        }
        assert_eq!((good, rows.line()), (400_001, 400_002));
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_read() {
        let long = "x".repeat(3 * LONGEST_LINE);
        let short = "x".repeat(LONGEST_CELL + 1);
        let got = read(format!("a\n{long}\n1\n\"{long}\n2\n{short},1\n\"y\n{long}\n3"));
        let lines: Vec<(u64, &str)> = got.iter().map(|(line, cells)| (*line, cells[0].as_str())).collect();
        assert_eq!(lines, [(1, "a"), (2, "!0"), (3, "1"), (4, "!0"), (5, "2"), (6, "!0"), (7, "!0"), (8, "!0"), (9, "3")]);
        let mut rows = rows(format!("a\n{}", "é".repeat(4000)));
        rows.advance().unwrap();
        rows.advance().unwrap();
        assert_eq!(rows.raw().len(), 4096);
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(table in proptest::collection::vec(proptest::collection::vec("[a-z,\" \n\r;é]{0,8}x", 3), 1..6)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let expected: Vec<Vec<String>> = table.iter().map(|row| row.iter().map(|cell| cell.trim_ascii().to_owned()).collect()).collect();
            let got: Vec<Vec<String>> = read(writer.into_inner().unwrap()).into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(got, expected);
        }

        #[test]
        fn any_bytes_are_accounted_for(text in proptest::collection::vec(proptest::sample::select(b"a,\"\n\r \xff".to_vec()), 0..60)) {
            let lines = 1 + line_ends(&text);
            let mut last = 0;
            for (line, _) in read(text) {
                prop_assert!(line > last && line <= lines);
                last = line;
            }
        }
    }
}
