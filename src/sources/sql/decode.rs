//! Values as the database's own text: what a driver makes of an infinite date, of NaN or of a type it does not know is not
//! asked. PostgreSQL and MySQL write text when a query has no parameters; SQLite has storage classes.

use std::borrow::Cow;

use sqlx::mysql::MySqlRow;
use sqlx::postgres::{PgRow, PgValueFormat};
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, MySql, Postgres, Row, Sqlite, TypeInfo, ValueRef};

use crate::model::Zone;
use crate::sources::query::Written;

/// A database whose rows can be read as text.
pub trait Textual: Database {
    /// How values of a type are written; `session` is the zone of the session's clocks.
    fn written(type_name: &str, session: &Zone) -> Written;

    /// A cell's text, or nothing where it is NULL.
    fn text(row: &Self::Row, column: usize) -> Result<Option<Cow<'_, [u8]>>, sqlx::Error>;
}

impl Textual for Postgres {
    fn written(type_name: &str, _session: &Zone) -> Written {
        // Instants carry their offset, and what has none says so by that.
        if type_name == "BOOL" { Written::Letter } else { Written::Text }
    }

    fn text(row: &PgRow, column: usize) -> Result<Option<Cow<'_, [u8]>>, sqlx::Error> {
        let value = row.try_get_raw(column)?;
        if value.is_null() {
            return Ok(None);
        }
        if value.format() != PgValueFormat::Text {
            return Err(sqlx::Error::Protocol("the server answers in binary where text was asked for".to_owned()));
        }
        value.as_bytes().map(|bytes| Some(bytes.into())).map_err(sqlx::Error::Decode)
    }
}

impl Textual for MySql {
    fn written(type_name: &str, session: &Zone) -> Written {
        match type_name {
            "BIT" => Written::Bits,
            // Kept as instants, shown by the session's clocks; DATETIME is what somebody's clock has shown.
            "TIMESTAMP" => Written::Instant(session.clone()),
            _ => Written::Text,
        }
    }

    fn text(row: &MySqlRow, column: usize) -> Result<Option<Cow<'_, [u8]>>, sqlx::Error> {
        Ok(row.try_get_unchecked::<Option<&[u8]>, _>(column)?.map(Cow::Borrowed))
    }
}

impl Textual for Sqlite {
    fn written(_type_name: &str, _session: &Zone) -> Written {
        Written::Text
    }

    fn text(row: &SqliteRow, column: usize) -> Result<Option<Cow<'_, [u8]>>, sqlx::Error> {
        let value = row.try_get_raw(column)?;
        // The class of this value; what the column was declared as binds nobody.
        let class = value.type_info().name().to_owned();
        Ok(match class.as_str() {
            _ if value.is_null() => None,
            "INTEGER" => Some(row.try_get_unchecked::<i64, _>(column)?.to_string().into_bytes().into()),
            "REAL" => Some(row.try_get_unchecked::<f64, _>(column)?.to_string().into_bytes().into()),
            _ => Some(row.try_get_unchecked::<&[u8], _>(column)?.into()),
        })
    }
}
