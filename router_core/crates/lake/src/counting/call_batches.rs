//! Some columns of a file's rows, batch by batch.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use crate::{
    counting::call_constants::Constants,
    error::LakeError,
    reading::{
        projection::columns_named,
        row_groups::{groups_within, prefetch_group},
        stored_file::StoredFile,
    },
};

/// Rows that are read at a time.
const BATCH_ROWS: usize = 8_192;

/// Where a batch is in its file.
pub(crate) struct Place {
    /// The row group.
    pub(crate) group: usize,
    /// The number of its first row in the group.
    pub(crate) row: usize,
}

/// Goes through the row groups that may hold times of a span, of which both ends belong to it. A column that a file
/// lacks is in none of its batches.
pub(crate) fn read_batches(
    file: &StoredFile,
    metadata: &ArrowReaderMetadata,
    path: &str,
    (first_us, last_us): (i64, i64),
    columns: &'static [&'static str],
    mut on_batch: impl FnMut(Place, &RecordBatch) -> Result<(), ArrowError>,
) -> Result<(), LakeError> {
    let groups = groups_within(metadata.metadata(), first_us, last_us).map(|(index, group)| {
        let constants = Constants::of(group, columns, BATCH_ROWS);
        let read = columns_named(metadata.parquet_schema(), constants.others());
        prefetch_group(file, group, &read);
        (index, constants, read)
    });
    // All are fetched before the first is read.
    let groups: Vec<_> = groups.collect();
    for (group, constants, read) in groups {
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(read)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| LakeError::parquet(Path::new(path), error))?;
        let mut row = 0;
        for batch in reader {
            let batch = constants.complete(&batch?)?;
            on_batch(Place { group, row }, &batch)?;
            row += batch.num_rows();
        }
    }
    Ok(())
}
