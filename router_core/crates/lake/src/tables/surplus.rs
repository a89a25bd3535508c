//! The map column of features that have no column of their own.

use std::sync::Arc;

use arrow_array::{
    ArrayRef,
    builder::{MapBuilder, MapFieldNames, StringBuilder},
    new_null_array,
};

use crate::{
    error::LakeError,
    schema::{key_field, other_field, value_field},
};

/// A feature of a row, with its JSON text.
#[derive(Debug)]
struct Surplus {
    row: usize,
    name: String,
    json: String,
}

/// Gathers surplus features and makes the column of them.
#[derive(Debug, Default)]
pub(crate) struct SurplusColumn {
    found: Vec<Surplus>,
    /// How many bytes are held.
    pub(crate) byte_count: usize,
}

impl SurplusColumn {
    /// Adds a feature of a row.
    pub(crate) fn push(&mut self, row: usize, name: &str, json: String) {
        self.byte_count += name.len() + json.len() + size_of::<Surplus>();
        self.found.push(Surplus { row, name: name.to_owned(), json });
    }

    /// Takes out the cells of so many rows: null where a row has no surplus.
    pub(crate) fn finish(&mut self, rows: usize) -> Result<ArrayRef, LakeError> {
        self.byte_count = 0;
        let mut found = std::mem::take(&mut self.found);
        if found.is_empty() {
            return Ok(new_null_array(other_field().data_type(), rows));
        }
        found.sort_by(|one, other| (one.row, &one.name).cmp(&(other.row, &other.name)));
        found.dedup_by(|later, former| (later.row, &later.name) == (former.row, &former.name));
        let names =
            MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
            .with_keys_field(Arc::new(key_field()))
            .with_values_field(Arc::new(value_field()));
        let mut found = found.into_iter().peekable();
        for row in 0..rows {
            let mut has_entries = false;
            while let Some(surplus) = found.next_if(|surplus| surplus.row == row) {
                builder.keys().append_value(&surplus.name);
                builder.values().append_value(&surplus.json);
                has_entries = true;
            }
            builder.append(has_entries)?;
        }
        Ok(Arc::new(builder.finish()))
    }
}
