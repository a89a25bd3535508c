//! Single rows of files by their numbers: pages are found by the files' indexes, and no others are read.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow_array::{Int64Array, RecordBatch, RecordBatchReader as _, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowSelection},
        parquet_to_arrow_field_levels,
    },
    file::metadata::ParquetMetaData,
    schema::types::SchemaDescriptor,
};
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    error::LakeError,
    reading::{
        projection::columns_named,
        row_groups::{ChosenGroups, Inflater, row_count},
        stored_file::StoredFile,
        stream::write_stream,
        threads::on_threads,
    },
};

/// The most rows of one query.
const MAX_ROWS: usize = 100_000;
/// From so many files on, two threads read them.
const FILES_FOR_THREADS: usize = 8;
/// The columns that say where a row is, behind those of its file.
const FILE_INDEX: &str = "file_index";
const ROW_NUMBER: &str = "file_row_number";

/// Reads rows by their numbers in their files, and says where they are; in the order of files and numbers, each once.
///
/// # Errors
/// [`LakeError::FileGone`]: a file was replaced; what is registered must be read again. Else a path is none of the
/// lake's, a file has no such row, or one cannot be read.
pub fn read_rows(
    files: &dyn Files,
    lake_folder: &Path,
    query: &proto::RowsQuery,
) -> Result<proto::RowsAnswer, LakeError> {
    let asked_rows: usize = query.files.iter().map(|file| file.rows.len()).sum();
    if asked_rows > MAX_ROWS {
        return Err(refusal("rows", asked_rows, format!("are more than {MAX_ROWS}; ask for them in parts")));
    }
    // The next file. Each thread takes it and adds in one step: no file is read twice, whatever the ordering. The rows come
    // to the caller by the threads' ends.
    let next = AtomicUsize::new(0);
    let read = || {
        let inflater = Inflater::new().map_err(|error| LakeError::io(lake_folder, error))?;
        let mut batches = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(asked) = query.files.get(index) else { return Ok::<_, LakeError>(batches) };
            let (rows, batch) = read_file(files, lake_folder, &inflater, asked, &query.columns)?;
            batches.push((index, with_places(&batch, index, &rows)?));
        }
    };
    let threads = if query.files.len() < FILES_FOR_THREADS { 1 } else { 2 };
    let mut batches = Vec::with_capacity(query.files.len());
    for read in on_threads(threads, read) {
        batches.append(&mut read?);
    }
    batches.sort_unstable_by_key(|(index, _)| *index);
    answer_of(batches)
}

/// Reads rows of one file, and answers their numbers, too.
fn read_file(
    files: &dyn Files,
    lake_folder: &Path,
    inflater: &Inflater,
    asked: &proto::FileRows,
    columns: &[String],
) -> Result<(Vec<usize>, RecordBatch), LakeError> {
    let (file, metadata) = StoredFile::open_registered(files, lake_folder, &asked.path)?;
    let mut rows: Vec<usize> =
        asked.rows.iter().map(|&row| usize::try_from(row).unwrap_or(usize::MAX)).collect();
    rows.sort_unstable();
    rows.dedup();
    let groups = groups_of(metadata.metadata(), &rows).ok_or_else(|| {
        refusal("rows", rows.last().copied().unwrap_or(0), no_such_row(metadata.metadata()))
    })?;
    let columns = mask_of(metadata.parquet_schema(), columns);
    let (schema, batches) = read_groups(file, &metadata, &asked.path, groups, columns, inflater)?;
    Ok((rows, concat_batches(&schema, &batches)?))
}

/// Reads rows of some row groups, in their order.
pub(crate) fn read_groups(
    file: StoredFile,
    metadata: &ArrowReaderMetadata,
    path: &str,
    groups: Vec<GroupRows>,
    columns: ProjectionMask,
    inflater: &Inflater,
) -> Result<(SchemaRef, Vec<RecordBatch>), LakeError> {
    let of_parquet = |error| LakeError::parquet(Path::new(path), error);
    prefetch_pages(&file, metadata.metadata(), &groups, &columns);
    let known = metadata.schema().fields();
    let levels = parquet_to_arrow_field_levels(metadata.parquet_schema(), columns, Some(known));
    let selection = selection_of(&groups);
    let batch_rows = groups.iter().map(|group| group.rows.len()).sum::<usize>().max(1);
    let groups = ChosenGroups {
        file: Arc::new(file),
        metadata: metadata.metadata().clone(),
        indexes: groups.into_iter().map(|group| group.index).collect(),
        inflater: inflater.clone(),
    };
    let levels = levels.map_err(of_parquet)?;
    let reader =
        ParquetRecordBatchReader::try_new_with_row_groups(&levels, &groups, batch_rows, Some(selection))
            .map_err(of_parquet)?;
    let schema = reader.schema();
    Ok((schema, reader.collect::<Result<_, _>>()?))
}

/// Columns by their names; none means all.
fn mask_of(schema: &SchemaDescriptor, names: &[String]) -> ProjectionMask {
    if names.is_empty() {
        return ProjectionMask::all();
    }
    columns_named(schema, names.iter().map(String::as_str))
}

/// The rows to read of a row group.
pub(crate) struct GroupRows {
    pub(crate) index: usize,
    pub(crate) row_count: usize,
    /// Their numbers in the group, ascending.
    pub(crate) rows: Vec<usize>,
}

/// Finds the row groups of rows in ascending order; None when one lies behind the file's last.
fn groups_of(metadata: &ParquetMetaData, rows: &[usize]) -> Option<Vec<GroupRows>> {
    let mut groups = Vec::new();
    let (mut start, mut rest) = (0, rows);
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let row_count = row_count(group);
        let (inside, behind) = rest.split_at(rest.partition_point(|&row| row < start + row_count));
        if !inside.is_empty() {
            let rows = inside.iter().map(|row| row - start).collect();
            groups.push(GroupRows { index, row_count, rows });
        }
        (start, rest) = (start + row_count, behind);
    }
    rest.is_empty().then_some(groups)
}

/// The rows, numbered as if the file had only their groups.
fn selection_of(groups: &[GroupRows]) -> RowSelection {
    let mut total = 0;
    let mut ranges = Vec::new();
    for group in groups {
        ranges.extend(group.rows.iter().map(|row| total + row..total + row + 1));
        total += group.row_count;
    }
    RowSelection::from_consecutive_ranges(ranges.into_iter(), total)
}

/// Has the system fetch all pages at once; one after the other, a disk would be waited for at each.
fn prefetch_pages(
    file: &StoredFile,
    metadata: &ParquetMetaData,
    groups: &[GroupRows],
    columns: &ProjectionMask,
) {
    let Some(index) = metadata.page_index() else { return };
    for group in groups {
        let all = 0..metadata.row_group(group.index).num_columns();
        for column in all.filter(|column| columns.leaf_included(*column)) {
            let Some(pages) = index.page_locations(group.index, column) else { continue };
            let page_of = |row: &usize| {
                pages.partition_point(|page| {
                    usize::try_from(page.first_row_index).is_ok_and(|first| first <= *row)
                })
            };
            let mut places: Vec<usize> = group.rows.iter().map(page_of).collect();
            places.dedup();
            for page in places.into_iter().filter_map(|place| pages.get(place.checked_sub(1)?)) {
                let start = u64::try_from(page.offset).unwrap_or(0);
                file.prefetch(start, u64::try_from(page.compressed_page_size).unwrap_or(0));
            }
        }
    }
}

fn no_such_row(metadata: &ParquetMetaData) -> String {
    format!("is not one of the file's {} rows; they count from 0", metadata.file_metadata().num_rows())
}

fn refusal(field: &'static str, value: usize, reason: String) -> LakeError {
    LakeError::Request { field, value: value.to_string(), reason }
}

/// Adds where rows are.
fn with_places(batch: &RecordBatch, index: usize, rows: &[usize]) -> Result<RecordBatch, LakeError> {
    let schema = batch.schema();
    let places = [
        Arc::new(Field::new(FILE_INDEX, DataType::UInt32, false)),
        Arc::new(Field::new(ROW_NUMBER, DataType::Int64, false)),
    ];
    let fields: Vec<_> = schema.fields().iter().cloned().chain(places).collect();
    let mut columns = batch.columns().to_vec();
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    columns.push(Arc::new(UInt32Array::from_value(index, batch.num_rows())));
    let numbers = rows.iter().map(|&row| i64::try_from(row).unwrap_or(i64::MAX));
    columns.push(Arc::new(Int64Array::from_iter_values(numbers)));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// Writes rows as Arrow streams: one for all files of the same columns.
fn answer_of(batches: Vec<(usize, RecordBatch)>) -> Result<proto::RowsAnswer, LakeError> {
    let mut alike: Vec<Vec<RecordBatch>> = Vec::new();
    for (_, batch) in batches {
        let same = |others: &&mut Vec<RecordBatch>| {
            others.first().is_some_and(|other| other.schema_ref() == batch.schema_ref())
        };
        match alike.iter_mut().find(same) {
            Some(others) => others.push(batch),
            None => alike.push(vec![batch]),
        }
    }
    let mut answer = proto::RowsAnswer::default();
    for batches in alike {
        let Some(schema) = batches.first().map(RecordBatch::schema) else { continue };
        let rows = concat_batches(&schema, &batches)?;
        answer.row_count += rows.num_rows() as u64;
        answer.arrow_streams.push(write_stream(&schema, &[rows])?);
    }
    Ok(answer)
}
