//! What every record has in common, and the macro that turns a struct's fields into columns.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cell, RecordKind, RowContext};
use crate::model::{Day, Id, Zone};

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The column at fault; empty where it is the row as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Problem {
    /// A problem of one column.
    pub fn new(column: &str, reason: impl Into<String>) -> Problem {
        Problem { column: column.to_owned(), reason: reason.into() }
    }
}

/// One kind of record: its columns, its key, and what of it is known on a given morning.
pub trait Record: Sized + Serialize + DeserializeOwned {
    /// Which record this is.
    const KIND: RecordKind;
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [&'static str];

    /// Reads a row whose cells stand in the order of [`Self::COLUMNS`]; empty cells are `None`.
    fn read(cells: &[Option<&str>], context: RowContext<'_>) -> Result<Self, Problem>;

    /// The cells that would be read as this record, in the order of [`Self::COLUMNS`].
    fn cells(&self) -> Vec<Cell>;

    /// What makes two rows the same thing.
    fn key(&self) -> String;

    /// The account it belongs to.
    fn account(&self) -> Option<&Id>;

    /// The day on which it became known where history arrived in bulk; `None`: it was always known.
    fn own_day(&self, zone: &Zone) -> Option<Day>;

    /// The days on which something happened to it: signs that its source was alive then.
    fn lively_days(&self, zone: &Zone) -> [Option<Day>; 3] {
        [self.own_day(zone), None, None]
    }

    /// What holds between several columns.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// What could be known of it on the morning of `day`: what was answered, paid, cancelled or achieved on that
    /// day or later is taken out. `None` when the whole record lies in the future.
    fn known_on(self, day: Day, zone: &Zone) -> Option<Self>;
}

/// Defines a record: a struct whose fields are its columns, in their order. `also` fields are no columns.
macro_rules! record {
    (
        $(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }
        $(also { $($(#[$more:meta])* $extra:ident: $extra_type:ty,)* })?
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$doc])* #[serde(skip_serializing_if = "crate::model::record::field::Field::is_empty")] pub $field: $type,)*
            $($($(#[$more])* pub $extra: $extra_type,)*)?
        }

        impl $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn from_cells(
                cells: &[Option<&str>],
                context: crate::model::record::RowContext<'_>,
            ) -> Result<Self, crate::model::record::Problem> {
                let mut cells = cells.iter().copied();
                $(let $field = crate::model::record::field::Field::read(cells.next().flatten(), context)
                    .map_err(|reason: String| crate::model::record::Problem::new(stringify!($field), reason))?;)*
                Ok($name { $($field,)* $($($extra: Default::default(),)*)? })
            }

            fn to_cells(&self) -> Vec<crate::model::record::Cell> {
                vec![$(crate::model::record::field::Field::write(&self.$field)),*]
            }
        }
    };
}
pub(super) use record;

/// The part of [`Record`] that every record answers alike.
macro_rules! record_basics {
    ($kind:ident) => {
        const KIND: crate::model::record::RecordKind = crate::model::record::RecordKind::$kind;
        const COLUMNS: &'static [&'static str] = Self::FIELDS;

        fn read(
            cells: &[Option<&str>],
            context: crate::model::record::RowContext<'_>,
        ) -> Result<Self, crate::model::record::Problem> {
            let row = Self::from_cells(cells, context)?;
            row.check()?;
            Ok(row)
        }

        fn cells(&self) -> Vec<crate::model::record::Cell> {
            self.to_cells()
        }
    };
    ($kind:ident of account) => {
        crate::model::record::define::record_basics!($kind);

        fn key(&self) -> String {
            self.id.to_string()
        }

        fn account(&self) -> Option<&crate::model::Id> {
            Some(&self.account_id)
        }
    };
}
pub(super) use record_basics;
