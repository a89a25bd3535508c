//! One of the files that are merged.

use std::{collections::HashSet, path::PathBuf};

use arrow_array::{BooleanArray, RecordBatch, cast::AsArray as _, new_null_array, types::Int64Type};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use pointsman_journal::files::Files;

use crate::{
    error::LakeError,
    paths::FilePath,
    reading::{row_groups::times_of, stored_file::StoredFile},
};

/// Rows that are read at a time.
pub(crate) const BATCH_ROWS: usize = 4_096;

/// A file whose columns are known and whose rows are not read yet.
pub(crate) struct MergeInput {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// The earliest time in it.
    pub(crate) min_time_us: i64,
}

impl MergeInput {
    pub(crate) fn open(files: &dyn Files, path: PathBuf) -> Result<Self, LakeError> {
        let file = StoredFile::open(files, &path).map_err(|error| LakeError::io(&path, error))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(|error| LakeError::parquet(&path, error))?;
        let min_time_us = min_time_us(&metadata).unwrap_or(i64::MIN);
        Ok(Self { path, metadata, min_time_us })
    }

    /// Its columns.
    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    /// Begins to read its rows. `order` tells it from other files.
    pub(crate) fn cursor(
        self,
        files: &dyn Files,
        order: usize,
        schema: &SchemaRef,
        erased: &HashSet<String>,
    ) -> Result<Cursor, LakeError> {
        let file = StoredFile::open(files, &self.path).map_err(|error| LakeError::io(&self.path, error))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| LakeError::parquet(&self.path, error))?;
        let mut cursor = Cursor { reader, order, batch: None, times: Vec::new(), at: 0 };
        cursor.advance(0, schema, erased)?;
        Ok(cursor)
    }
}

fn min_time_us(metadata: &ArrowReaderMetadata) -> Option<i64> {
    let mins = metadata.metadata().row_groups().iter().map(|group| Some(times_of(group)?.0));
    mins.collect::<Option<Vec<i64>>>()?.into_iter().min()
}

/// The rows of a file, one after the other.
pub(crate) struct Cursor {
    reader: ParquetRecordBatchReader,
    pub(crate) order: usize,
    /// The rows under way, with the columns of the new file; none at the end.
    pub(crate) batch: Option<RecordBatch>,
    times: Vec<i64>,
    pub(crate) at: usize,
}

impl Cursor {
    /// The time of the next row.
    pub(crate) fn time_us(&self) -> Option<i64> {
        self.times.get(self.at).copied()
    }

    /// The time of the row so many behind the next one.
    pub(crate) fn time_us_at(&self, offset: usize) -> Option<i64> {
        self.times.get(self.at + offset).copied()
    }

    /// How many rows from the next one on are at or before a time.
    pub(crate) fn run_until(&self, limit: i64) -> usize {
        let rest = self.times.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|&&time| time <= limit).count().max(1)
    }

    /// Goes on by so many rows, reading further ones when these are at their end.
    pub(crate) fn advance(
        &mut self,
        rows: usize,
        schema: &SchemaRef,
        erased: &HashSet<String>,
    ) -> Result<(), LakeError> {
        self.at += rows;
        while self.at >= self.times.len() {
            let Some(batch) = self.reader.next().transpose()? else {
                self.batch = None;
                self.times.clear();
                return Ok(());
            };
            let batch = with_columns(&without(batch, erased)?, schema)?;
            let times =
                batch.column_by_name("time_us").and_then(|times| times.as_primitive_opt::<Int64Type>());
            self.times = times.map(|times| times.values().to_vec()).unwrap_or_default();
            self.at = 0;
            self.batch = Some(batch);
        }
        Ok(())
    }
}

/// Leaves out the rows of some entities.
fn without(batch: RecordBatch, erased: &HashSet<String>) -> Result<RecordBatch, LakeError> {
    let entities = batch.column_by_name("entity_id").and_then(|column| column.as_string_opt::<i32>());
    let Some(entities) = entities.filter(|_| !erased.is_empty()) else { return Ok(batch) };
    let stays: BooleanArray =
        entities.iter().map(|entity| Some(!entity.is_some_and(|entity| erased.contains(entity)))).collect();
    Ok(filter_record_batch(&batch, &stays)?)
}

/// Gives rows all columns of the new file, null where they had none.
fn with_columns(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => column.clone(),
        None => new_null_array(field.data_type(), batch.num_rows()),
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}

/// The path of an input, which must be of the same router, model and day as the output.
pub(crate) fn checked_input<'a>(text: &'a str, output: &FilePath<'a>) -> Result<FilePath<'a>, LakeError> {
    let input = FilePath::parse("inputs", text)?;
    let wrong = |reason: &str| LakeError::Request {
        field: "inputs",
        value: text.to_owned(),
        reason: reason.to_owned(),
    };
    if input.text == output.text {
        return Err(wrong(
            "is the output, too; name the new file otherwise, so that the old one stays readable",
        ));
    }
    let folder = |path: &FilePath<'a>| (path.shadows, path.router_id, path.model_id, path.date);
    if folder(&input) == folder(output) {
        return Ok(input);
    }
    Err(wrong(
        "is of another router, model or day than the output, or of shadows; merge only files of one folder",
    ))
}
