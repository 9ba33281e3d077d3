//! Records of any kind, read from a file.

use std::marker::PhantomData;

use super::file::open;
use super::header::{Header, KNOWN_AT};
use super::rows::{Rows, Step};
use super::{Item, Reject, Row};
use crate::model::Instant;
use crate::model::record::{Problem, RowContext};
use crate::sources::{Feed, SourceError, SourceRecord};

/// Reads the records of one file, one after the other.
pub struct Reader<'a, R> {
    file: String,
    rows: Rows,
    header: Header,
    context: RowContext<'a>,
    notes: Vec<String>,
    /// Whether a bare date in place of an instant has been told.
    bare_date_told: bool,
    failed: bool,
    record: PhantomData<R>,
}

impl<'a, R: SourceRecord> Reader<'a, R> {
    /// Opens the file and reads its header.
    pub fn open(file: &Feed, context: RowContext<'a>) -> Result<Reader<'a, R>, SourceError> {
        let input = open(file).map_err(|error| SourceError::new(&file.name, error))?;
        let mut rows = Rows::new(input, &file.name);
        let header = Header::read(&mut rows, &file.name, R::COLUMNS, R::REQUIRED)?;
        let notes = if R::KEEPS_OTHERS { Vec::new() } else { header.notes(&file.name, R::COLUMNS) };
        Ok(Reader {
            file: file.name.clone(),
            rows,
            header,
            context,
            notes,
            bare_date_told: false,
            failed: false,
            record: PhantomData,
        })
    }

    /// What is to be said once about the file as a whole; complete after its last row.
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

    fn read(&self) -> Result<Row<R>, Problem> {
        if let Some(reason) = self.header.ragged(&self.rows) {
            return Err(Problem::new("", reason));
        }
        let mut cells = Vec::with_capacity(R::COLUMNS.len());
        for (cell, column) in self.header.cells.iter().zip(R::COLUMNS) {
            cells.push(cell.map(|cell| text(&self.rows, cell, column)).transpose()?.filter(|text| !text.is_empty()));
        }
        let mut record = R::read(&cells, self.context)?;
        if R::KEEPS_OTHERS {
            for &cell in &self.header.others {
                let name = self.header.name(cell);
                let text = text(&self.rows, cell, name)?;
                if !text.is_empty() {
                    record.keep(name, text.to_owned());
                }
            }
        }
        let known_at = self.header.known_at.map(|cell| text(&self.rows, cell, KNOWN_AT)).transpose()?;
        let known_at = known_at.filter(|text| !text.is_empty()).map(|text| Instant::parse(text, self.context.zone));
        let known_at = known_at.transpose().map_err(|reason| Problem::new(KNOWN_AT, reason))?;
        Ok(Row { line: self.rows.line(), known_at, record })
    }

    /// A bare date where an instant is due counts as noon; the first one is told.
    fn look_for_bare_dates(&mut self) {
        if self.bare_date_told {
            return;
        }
        let is_instant = |name: &str| name == "at" || name == "stage_since" || (name.ends_with("_at") && name != KNOWN_AT);
        let columns = self.header.cells.iter().zip(R::COLUMNS).filter(|(_, column)| is_instant(column));
        let bare = columns
            .filter_map(|(cell, column)| cell.map(|cell| (cell, *column)))
            .find(|(cell, _)| self.rows.cell(*cell).len() == 10);
        if let Some((_, column)) = bare {
            self.bare_date_told = true;
            let (file, line, zone) = (&self.file, self.rows.line(), self.context.zone.name());
            self.notes.push(format!("{file}:{line}: `{column}` is a date without a time; such dates count as noon in {zone}"));
        }
    }
}

/// Ends after the last row, or after an error.
impl<R: SourceRecord> Iterator for Reader<'_, R> {
    type Item = Result<Item<R>, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = match self.rows.advance() {
            Ok(Step::End) => return None,
            Ok(Step::Row) => self.read(),
            Ok(Step::Broken { cell, reason }) => Err(Problem::new(self.header.name(cell), reason)),
            Err(error) => {
                self.failed = true;
                return Some(Err(error));
            }
        };
        Some(Ok(match read {
            Ok(row) => {
                self.look_for_bare_dates();
                Item::Row(row)
            }
            Err(problem) => Item::Reject(Reject::new(&self.file, self.rows.line(), problem, self.rows.raw())),
        }))
    }
}

/// A cell as text; control characters other than line breaks and tabs are refused.
pub(super) fn text<'r>(rows: &'r Rows, cell: usize, column: &str) -> Result<&'r str, Problem> {
    let Ok(text) = str::from_utf8(rows.cell(cell)) else {
        return Err(Problem::new(column, "is not UTF-8; save the file as UTF-8"));
    };
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        None => Ok(text.trim()),
        Some(c) => Err(Problem::new(column, format!("contains the control character U+{:04X}", u32::from(c)))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::model::Zone;
    use crate::model::record::{Account, Contract, Event, Invoice, Record, Survey, Touch, User};

    fn file(folder: &std::path::Path, name: &str, bytes: &[u8]) -> Feed {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        Feed::file(Account::KIND, path).named(format!("data/{name}"))
    }

    /// The rows of a file and its notes, or the error.
    fn read<R: SourceRecord>(name: &str, bytes: &[u8]) -> Result<(Vec<Item<R>>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), name, bytes);
        let zone = Zone::UTC;
        let mut reader = Reader::<R>::open(&file, RowContext { zone: &zone }).map_err(|error| error.to_string())?;
        let items: Result<Vec<_>, _> = reader.by_ref().collect();
        Ok((items.map_err(|error| error.to_string())?, reader.notes().to_vec()))
    }

    fn rejects<R: SourceRecord>(text: &[u8]) -> Vec<String> {
        let (items, _) = read::<R>("t.csv", text).unwrap();
        let rejects = items.into_iter().filter_map(|item| match item {
            Item::Reject(reject) => Some(format!("{}:{} {}: {}", reject.file, reject.line, reject.column, reject.reason)),
            Item::Row(_) => None,
        });
        rejects.collect()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn all_ways_of_writing_the_same_account_are_the_same() {
        let plain =
            read::<Account>("accounts.csv", b"id,name,tier,Plan,employees,known_at\na1,Acme,Mid,gold,,2026-01-05\n").unwrap();
        let Item::Row(row) = &plain.0[0] else { panic!("{plain:?}") };
        assert_eq!((row.line, row.record.name.as_str(), row.record.employees), (2, "Acme", None));
        assert_eq!(row.known_at.unwrap().to_string(), "2026-01-05T12:00:00Z");
        assert_eq!(row.record.attributes.iter().collect::<Vec<_>>(), [(&"plan".to_owned(), &"gold".to_owned())]);
        assert!(plain.1.is_empty(), "attributes need no note");
        let odd = "\u{feff}KNOWN_AT,plan, Tier ,Name,ID,employees\r\n2026-01-05,gold,\"Mid\", Acme ,\"a1\",\r\n";
        assert_eq!(read::<Account>("accounts.csv", odd.as_bytes()).unwrap(), plain);
        // Two members after each other are one file, as `cat a.gz b.gz` makes it.
        let (head, tail) = odd.as_bytes().split_at(20);
        assert_eq!(read::<Account>("accounts.csv.gz", &[packed(head), packed(tail)].concat()).unwrap(), plain);
    }

    #[test]
    fn a_bad_row_is_set_aside_and_the_rest_goes_in() {
        let text = b"id,account_id,starts_on,ends_on,amount,currency\n\
            c1,a1,2026-01-01,2027-01-01,1200,EUR\n\
            c2,a1,2026-01-01,2026-01-01,1200,EUR\n\
            c3,a1,2026-01-32,2027-01-01,1200,EUR\n\
            c4,\"a1,2026-01-01,2027-01-01,1200,EUR\n\
            c5,a1,2026-01-01,2027-01-01,\"1,200\",EUR\n\
            ,a1,2026-01-01,2027-01-01,1200,EUR\n\
            c7,a\xff,2026-01-01,2027-01-01,1200,EUR\n\
            c8,a\x00,2026-01-01,2027-01-01,1200,EUR\n\
            c9,a1,2026-01-01\n";
        let (items, notes) = read::<Contract>("contracts.csv", text).unwrap();
        let rows: Vec<String> = items
            .iter()
            .filter_map(|item| if let Item::Row(row) = item { Some(row.record.id.to_string()) } else { None })
            .collect();
        assert_eq!(rows, ["c1"]);
        let Item::Reject(first) = &items[1] else { panic!() };
        assert_eq!((first.line, first.row.as_str()), (3, "c2,a1,2026-01-01,2026-01-01,1200,EUR"));
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(
            rejects::<Contract>(text),
            [
                "data/t.csv:3 ends_on: is not after starts_on (2026-01-01); it is the first day without service",
                "data/t.csv:4 starts_on: `2026-01-32` is not a day of the calendar",
                "data/t.csv:5 account_id: text follows the closing quote; close the quote, or double the quotes that belong to the text",
                "data/t.csv:6 amount: `1,200` is not a decimal number, for example 1234.50",
                "data/t.csv:7 id: is required and empty",
                "data/t.csv:8 account_id: is not UTF-8; save the file as UTF-8",
                "data/t.csv:9 account_id: contains the control character U+0000",
                "data/t.csv:10 : the row has 3 cells, the header 6",
            ]
        );
        assert_eq!(
            rejects::<Survey>(b"id,account_id,at,kind,value,known_at\ns1,a,2026-01-01,nps,11,\ns2,a,2026-01-01,nps,9,soon\n"),
            [
                "data/t.csv:2 value: `11` lies outside 0 to 10, the range of nps",
                "data/t.csv:3 known_at: `soon` is not an instant; write RFC 3339 with an offset, for example 2026-03-31T09:00:00+02:00",
            ]
        );
    }

    #[test]
    fn a_file_whose_columns_are_wrong_is_refused_with_what_would_be_right() {
        let table: &[(&[u8], &str)] = &[
            (b"", "is empty; the first line must name the columns: id, account_id, due_on, amount, currency"),
            (b"id;account_id;due_on;amount;currency\n", "its columns are parted by semicolons; part them by commas"),
            (b"\xef\xbb\xbfid\taccount_id\tdue_on\n", "its columns are parted by tabs; part them by commas"),
            (
                b"id,account,due_on,amount,currency\n",
                "the required column `account_id` is missing; `account` is near it, is it meant?",
            ),
            (b"id\n", "the required column `account_id` is missing; required: id, account_id, due_on, amount, currency"),
            (b"id,account_id,ID,due_on,amount,currency\n", "the column `id` stands twice; keep one"),
            (b"\xff\xfei\0d\0\n", "is not UTF-8, perhaps UTF-16; save the file as UTF-8"),
            (b"id,n\xe4me\n", "is not UTF-8; save the file as UTF-8"),
            (
                b"id,account_id,due_on,amount,currency\ri1,a,2026-01-01,1,EUR\r",
                "its lines end in a carriage return alone; save the file with line feeds",
            ),
            (
                b"id,\"account_id\n",
                "the first line must name the columns: the quote is never closed; close it, or double the quotes that belong to the text",
            ),
            (&packed(b"id"), "is packed with gzip; call it .csv.gz"),
        ];
        for (bytes, expected) in table {
            let error = read::<Invoice>("invoices.csv", bytes).unwrap_err();
            assert_eq!(error, format!("reading data/invoices.csv:1: {expected}"));
        }
        assert_eq!(
            read::<Invoice>("invoices.csv.gz", b"id,account_id").unwrap_err(),
            "reading data/invoices.csv.gz: cannot be unpacked: invalid gzip header"
        );
        let cut = packed("id,name,email,role\nu,U,u@example.com,csm\n".repeat(1000).as_bytes());
        assert_eq!(
            read::<User>("users.csv.gz", &cut[..cut.len() - 9]).unwrap_err(),
            "reading data/users.csv.gz: ends in the middle; it was cut off when it was written or copied"
        );
    }

    #[test]
    fn what_concerns_the_whole_file_is_noted_once() {
        let text = b"id,account_id,at,kind,Nots,,known_at\nt1,a,2026-01-01T10:00:00Z,call,x,,\nt2,a,2026-01-01,call,x,,\nt3,a,2026-01-02,call,x,,\n";
        let (items, notes) = read::<Touch>("touches.csv", text).unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(
            notes,
            [
                "data/touches.csv: the column `nots` is unknown and left out; is `note` meant?",
                "data/touches.csv:3: `at` is a date without a time; such dates count as noon in UTC",
            ]
        );
        let (_, notes) = read::<Event>("events.csv", b"id,account_id,on,kind\ne,a,2026-01-01,merger\n").unwrap();
        assert!(notes.is_empty(), "a day is no instant: {notes:?}");
    }
}
