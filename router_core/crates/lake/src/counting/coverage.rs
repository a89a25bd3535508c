//! The recorded rows of a window that have feedback, counted: a join, for each may be there without the other.
//!
//! Rows are found by their times, of which a column is short; of those that are as one with feedback the ids are read,
//! which take up a tenth of a file.

use std::{collections::HashMap, io::Cursor, path::Path};

use arrow_array::{
    RecordBatch,
    types::{Int32Type, Int64Type},
};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    counting::{
        call_batches::read_batches,
        call_columns::{Words, numbers, word_numbers},
        call_counter::{UNCOUNTED, Window},
        with_feedback::{Search, WithFeedback, ids_of},
    },
    error::LakeError,
    reading::{
        projection::columns_named,
        row_groups::{Inflater, row_count},
        row_reader::{GroupRows, read_groups},
        stored_file::StoredFile,
        threads::sum_files,
    },
};

const PLACE: [&str; 2] = ["time_us", "row"];
const TOLD: [&str; 5] = ["time_us", "row", "prediction_id", "variant", "reason"];

/// Counts the rows of a window that have feedback.
///
/// # Errors
/// [`LakeError::FileGone`]: a file was replaced; what is registered must be read again. Else a path is none of the
/// lake's, or a file or stream cannot be read.
pub fn count_coverage(
    files: &dyn Files,
    lake_folder: &Path,
    query: &proto::CoverageQuery,
) -> Result<proto::CoverageCounts, LakeError> {
    let with_feedback = WithFeedback::read(&query.rows_with_feedback)?;
    let Some((first_us, last_us)) = with_feedback.span_us() else {
        return Ok(proto::CoverageCounts::default());
    };
    let window = Window {
        start_us: query.start_time_us.max(first_us),
        end_us: query.end_time_us.min(last_us),
        origin_us: query.origin_time_us,
        step_us: query.step_us,
    };
    let empty = || Coverage::new(window, &with_feedback);
    let counted = sum_files(&query.files, query.thread_count, empty, |coverage, path| {
        add_file(files, lake_folder, path, coverage)
    });
    let mut total = empty();
    for stream in &query.arrow_streams {
        for batch in StreamReader::try_new(Cursor::new(stream), None)? {
            total.add(&batch?)?;
        }
    }
    for coverage in counted {
        total.merge(&coverage?);
    }
    Ok(total.answer())
}

fn add_file(
    files: &dyn Files,
    lake_folder: &Path,
    path: &str,
    coverage: &mut Coverage<'_>,
) -> Result<(), LakeError> {
    let (file, metadata) = StoredFile::open_registered(files, lake_folder, path)?;
    let groups = groups_found(&file, &metadata, path, coverage)?;
    if groups.is_empty() {
        return Ok(());
    }
    let columns = columns_named(metadata.parquet_schema(), TOLD);
    let inflater = Inflater::new().map_err(|error| LakeError::io(lake_folder, error))?;
    for batch in read_groups(file, &metadata, path, groups, columns, &inflater)?.1 {
        coverage.add(&batch)?;
    }
    Ok(())
}

/// Finds the rows of a file that are as one with feedback by time and number.
fn groups_found(
    file: &StoredFile,
    metadata: &ArrowReaderMetadata,
    path: &str,
    coverage: &mut Coverage<'_>,
) -> Result<Vec<GroupRows>, LakeError> {
    let mut found: Vec<GroupRows> = Vec::new();
    let span_us = (coverage.window.start_us, coverage.window.end_us);
    read_batches(file, metadata, path, span_us, &PLACE, |at, batch| {
        let places = numbers::<Int64Type>(batch, "time_us")?.iter();
        let places = (at.row..).zip(places.zip(numbers::<Int32Type>(batch, "row")?));
        let rows = places.filter(|&(_, (&time_us, &row))| coverage.search.has_place((time_us, row)));
        let mut rows = rows.map(|(number, _)| number).peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        if found.last().is_none_or(|last| last.index != at.group) {
            let row_count = row_count(metadata.metadata().row_group(at.group));
            found.push(GroupRows { index: at.group, row_count, rows: Vec::new() });
        }
        if let Some(last) = found.last_mut() {
            last.rows.extend(rows);
        }
        Ok(())
    })?;
    Ok(found)
}

/// What was counted so far.
struct Coverage<'q> {
    window: Window,
    search: Search<'q>,
    words: Words,
    uncounted: [u32; UNCOUNTED.len()],
    /// Rows by their step and the number of their variant.
    rows: HashMap<(i32, u32), u64>,
}

impl<'q> Coverage<'q> {
    fn new(window: Window, with_feedback: &'q WithFeedback) -> Self {
        let mut words = Words::default();
        let uncounted = UNCOUNTED.map(|reason| words.number(reason));
        Self { window, search: with_feedback.search(), words, uncounted, rows: HashMap::new() }
    }

    /// Counts those of some rows that have feedback.
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let (times, rows) = (numbers::<Int64Type>(batch, "time_us")?, numbers::<Int32Type>(batch, "row")?);
        let variants = word_numbers(batch, "variant", &mut self.words)?;
        let reasons = word_numbers(batch, "reason", &mut self.words)?;
        let places = times.iter().zip(rows).zip(ids_of(batch)?);
        for (((&time_us, &row), id), (variant, reason)) in places.zip(variants.into_iter().zip(reasons)) {
            let is_counted = self.window.has(time_us) && !self.uncounted.contains(&reason);
            if is_counted && self.search.has((time_us, row), id.unwrap_or_default()) {
                *self.rows.entry((self.window.step(time_us), variant)).or_insert(0) += 1;
            }
        }
        Ok(())
    }

    /// Adds what another one counted.
    fn merge(&mut self, other: &Self) {
        for (&(step, variant), rows) in &other.rows {
            let variant = self.words.number(other.words.word(variant));
            *self.rows.entry((step, variant)).or_insert(0) += rows;
        }
    }

    fn answer(&self) -> proto::CoverageCounts {
        let counts = self.rows.iter().map(|(&(step, variant), &row_count)| proto::CoverageCount {
            step,
            variant: self.words.word(variant).to_owned(),
            row_count,
        });
        proto::CoverageCounts { counts: counts.collect() }
    }
}
