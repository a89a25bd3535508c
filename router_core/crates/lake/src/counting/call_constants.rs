//! Columns of which a row group holds one value, or none: its statistics say so, and nothing is read of them.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, Field, FieldRef, Schema};
use parquet::file::{
    metadata::{ColumnChunkMetaData, RowGroupMetaData},
    statistics::Statistics,
};

/// Of every group something is read, so that its rows are counted.
const ALWAYS_READ: &str = "time_us";

/// The columns of a group that hold one value or none, as long as its batches may be.
pub(crate) struct Constants {
    wanted: &'static [&'static str],
    columns: Vec<(FieldRef, ArrayRef)>,
}

impl Constants {
    /// Finds them among the columns that are wanted. No batch has more rows.
    pub(crate) fn of(group: &RowGroupMetaData, wanted: &'static [&'static str], most_rows: usize) -> Self {
        let columns = group.columns().iter().filter_map(|chunk| {
            let name = wanted.iter().find(|&&name| chunk.column_path().parts() == [name])?;
            let array = if *name == ALWAYS_READ { None } else { constant(chunk, most_rows) }?;
            let is_nullable = array.null_count() > 0;
            Some((Arc::new(Field::new(*name, array.data_type().clone(), is_nullable)), array))
        });
        Self { wanted, columns: columns.collect() }
    }

    /// The columns that must be read.
    pub(crate) fn others(&self) -> impl Iterator<Item = &'static str> {
        self.wanted.iter().copied().filter(|name| self.columns.iter().all(|(field, _)| field.name() != name))
    }

    /// Adds them to what was read.
    pub(crate) fn complete(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let read = batch.schema();
        let fields = read.fields().iter().cloned().chain(self.columns.iter().map(|(field, _)| field.clone()));
        let rows = batch.num_rows();
        let constant = self.columns.iter().map(|(_, array)| array.slice(0, rows));
        let arrays = batch.columns().iter().cloned().chain(constant).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays)
    }
}

fn constant(chunk: &ColumnChunkMetaData, rows: usize) -> Option<ArrayRef> {
    let statistics = chunk.statistics()?;
    let null_count = statistics.null_count_opt()?;
    if null_count > 0 {
        // Of a column without a value, the reader would make a dictionary row by row.
        let is_empty = u64::try_from(chunk.num_values()) == Ok(null_count);
        return if is_empty { nothing(statistics, rows) } else { None };
    }
    if !statistics.min_is_exact() || !statistics.max_is_exact() {
        return None;
    }
    match statistics {
        Statistics::Int32(of) => {
            Some(Arc::new(Int32Array::from_value(*only(of.min_opt(), of.max_opt())?, rows)))
        }
        Statistics::Int64(of) => {
            Some(Arc::new(Int64Array::from_value(*only(of.min_opt(), of.max_opt())?, rows)))
        }
        Statistics::ByteArray(of) => {
            let word = only(of.min_opt(), of.max_opt())?.as_utf8().ok()?;
            let words = Arc::new(StringArray::from(vec![word]));
            Some(Arc::new(DictionaryArray::new(Int32Array::from_value(0, rows), words)))
        }
        _ => None,
    }
}

fn nothing(statistics: &Statistics, rows: usize) -> Option<ArrayRef> {
    match statistics {
        Statistics::Int64(_) => Some(Arc::new(Int64Array::new_null(rows))),
        Statistics::ByteArray(_) => {
            let words = Arc::new(StringArray::new_null(0));
            Some(Arc::new(DictionaryArray::new(Int32Array::new_null(rows), words)))
        }
        _ => None,
    }
}

fn only<'s, T: PartialEq>(least: Option<&'s T>, greatest: Option<&'s T>) -> Option<&'s T> {
    least.filter(|_| least == greatest)
}
