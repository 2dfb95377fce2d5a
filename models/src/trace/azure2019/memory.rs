//! The table of memory: a figure of the app (official) or of the function (samples).

use std::collections::BTreeMap;

use super::super::lines::{Lines, shown};
use super::super::sizes::sold;
use super::super::{MOST_FUNCTIONS, TraceError};
use super::Key;
use super::header::{KeyColumns, column, exactly};
use crate::units::Memory;

/// Sizes by function, or by app with an empty function.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    by_function: bool,
    sizes: BTreeMap<Key, Memory>,
}

impl Sizes {
    pub(super) fn of(&self, key: &Key) -> Option<Memory> {
        if self.by_function {
            return self.sizes.get(key).copied();
        }
        let app = Key {
            owner: key.owner.clone(),
            app: key.app.clone(),
            function: String::new(),
        };
        self.sizes.get(&app).copied()
    }
}

/// # Errors
/// When the table is empty, misses a column, or a row is malformed or there twice.
pub(super) fn read(lines: &mut Lines<'_>) -> Result<Sizes, TraceError> {
    let header = lines.header()?;
    let columns = header.fields().count();
    let owner = column(header, "HashOwner")?;
    let app = column(header, "HashApp")?;
    let function = header.fields().position(|field| field == b"HashFunction");
    let median = column(header, "AverageAllocatedMb_pct50")?;
    let mut sizes = BTreeMap::new();
    while let Some(row) = lines.next()? {
        let fields = exactly(row, columns)?;
        let key = match function {
            Some(function) => KeyColumns {
                owner,
                app,
                function,
            }
            .read(row, &fields)?,
            None => Key {
                owner: row.identifier(owner, fields[owner])?,
                app: row.identifier(app, fields[app])?,
                function: String::new(),
            },
        };
        let size = sold(row.number(median, fields[median])?);
        if sizes.insert(key, size).is_some() {
            let place = function.unwrap_or(app);
            return Err(row.error(
                Some(place),
                format!("`{}` stands here a second time", shown(fields[place])),
                "one row an app, or one a function",
            ));
        }
        if sizes.len() > MOST_FUNCTIONS {
            return Err(row.error(
                None,
                format!("more than {MOST_FUNCTIONS} rows"),
                "a smaller table",
            ));
        }
    }
    Ok(Sizes {
        by_function: function.is_some(),
        sizes,
    })
}
