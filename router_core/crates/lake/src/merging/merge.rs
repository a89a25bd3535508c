//! Several files of one router, model and day into one, ordered by time.

use std::{
    cmp::Reverse,
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, SchemaRef};
use arrow_select::interleave::interleave_record_batch;
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    columns::registry::{ModelColumns, read_columns},
    error::LakeError,
    merging::merge_input::{BATCH_ROWS, Cursor, MergeInput, checked_input},
    paths::FilePath,
    schema::{FEATURE_PREFIX, answer_fields, decision_fields, full_schema},
    shipping::{
        file_writer::FileWriter,
        priority::{Priority, at_priority, work_by_turns},
    },
};

/// Time after which a merge that is still under way is urgent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes one file from several, without the rows of erased entities; the inputs stay. It is on the disk afterwards,
/// and may have no rows.
///
/// # Errors
/// A path is none of the lake's, the files do not fit together, or one cannot be read or written.
pub fn merge_files(
    files: &dyn Files,
    lake_folder: &Path,
    request: &proto::MergeRequest,
) -> Result<proto::LakeFile, LakeError> {
    let mut merge = at_priority(Priority::Low, || Merge::begin(files, lake_folder, request))??;
    // Who asked for an erasure waits for it.
    let is_urgent = !request.erased_entity_ids.is_empty();
    work_by_turns(PATIENCE, || is_urgent, |until| merge.work_until(until))?;
    at_priority(Priority::Low, || merge.end())?
}

/// The columns of all files: features in the order of the model's list.
fn union(inputs: &[MergeInput], columns: &ModelColumns) -> Result<SchemaRef, LakeError> {
    let fixed: HashSet<String> =
        decision_fields().into_iter().chain(answer_fields()).map(|field| field.name().clone()).collect();
    let mut features: Vec<(usize, Field)> = Vec::new();
    let mut known = HashSet::new();
    for field in inputs.iter().flat_map(|input| input.schema().fields()) {
        let Some(name) = field.name().strip_prefix(FEATURE_PREFIX) else { continue };
        if fixed.contains(field.name()) || !known.insert(field.name().clone()) {
            continue;
        }
        use DataType::{Boolean, Float64, Int64, UInt64, Utf8};
        let is_known_type = matches!(field.data_type(), Float64 | Int64 | UInt64 | Boolean | Utf8);
        if !is_known_type {
            return Err(LakeError::Request {
                field: "inputs",
                value: field.name().clone(),
                reason: format!("is of type {}, which no feature has", field.data_type()),
            });
        }
        features.push((columns.position(name).unwrap_or(usize::MAX), field.as_ref().clone()));
    }
    features.sort_by(|one, other| (one.0, one.1.name()).cmp(&(other.0, other.1.name())));
    Ok(full_schema(features.into_iter().map(|(_, field)| field)))
}

/// Files on their way into one.
struct Merge<'a> {
    rows: OrderedRows<'a>,
    writer: FileWriter<'a>,
    file: proto::LakeFile,
}

impl<'a> Merge<'a> {
    fn begin(
        files: &'a dyn Files,
        lake_folder: &Path,
        request: &proto::MergeRequest,
    ) -> Result<Self, LakeError> {
        let output = FilePath::parse("output", &request.output)?;
        let mut inputs = Vec::with_capacity(request.inputs.len());
        for text in &request.inputs {
            let input = checked_input(text, &output)?;
            inputs.push(MergeInput::open(files, input.below(lake_folder))?);
        }
        // Read after the files: the list has a column before a file does.
        let schema = union(&inputs, &read_columns(files, lake_folder, output.model_id)?)?;
        let mut rows = OrderedRows {
            files,
            schema: schema.clone(),
            erased: request.erased_entity_ids.iter().cloned().collect(),
            waiting: inputs.into_iter().enumerate().collect(),
            open: Vec::new(),
        };
        // The earliest last, so that it is taken first.
        rows.waiting.sort_by_key(|(order, input)| Reverse((input.min_time_us, *order)));
        let writer = FileWriter::create(files, output.below(lake_folder), schema)?;
        let file = proto::LakeFile {
            path: output.text.to_owned(),
            router_id: output.router_id.to_owned(),
            model_id: output.model_id.to_owned(),
            date: output.date.to_owned(),
            router_incarnation: request.router_incarnation,
            shadows: output.shadows,
            ..proto::LakeFile::default()
        };
        Ok(Self { rows, writer, file })
    }

    /// Writes until a time; answers whether there is more to do.
    fn work_until(&mut self, time: Instant) -> Result<bool, LakeError> {
        while let Some((batch, first_us, last_us)) = self.rows.next_batch()? {
            self.writer.write(&batch)?;
            let file = &mut self.file;
            file.min_time_us = if file.row_count == 0 { first_us } else { file.min_time_us.min(first_us) };
            file.max_time_us = if file.row_count == 0 { last_us } else { file.max_time_us.max(last_us) };
            file.row_count += batch.num_rows() as u64;
            if Instant::now() >= time {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The file, when there is no more to do.
    fn end(mut self) -> Result<proto::LakeFile, LakeError> {
        self.file.byte_count = self.writer.finish()?;
        Ok(self.file)
    }
}

/// Rows of files ordered by time. Of equal times, those of the file named first come first.
struct OrderedRows<'a> {
    files: &'a dyn Files,
    schema: SchemaRef,
    erased: HashSet<String>,
    /// Files whose rows all come later, the earliest last: most do not overlap, so few are open at a time.
    waiting: Vec<(usize, MergeInput)>,
    open: Vec<Cursor>,
}

impl OrderedRows<'_> {
    /// The next rows, with the earliest and the latest time among them.
    fn next_batch(&mut self) -> Result<Option<(RecordBatch, i64, i64)>, LakeError> {
        let mut pool: Vec<RecordBatch> = Vec::new();
        let mut rows: Vec<(usize, usize)> = Vec::with_capacity(BATCH_ROWS);
        let (mut first_us, mut last_us) = (i64::MAX, i64::MIN);
        // Where in the pool the rows under way of each open file are.
        let mut place_of: Vec<(usize, usize)> = Vec::new();
        while rows.len() < BATCH_ROWS {
            let Some((index, limit)) = self.earliest()? else { break };
            let Some(cursor) = self.open.get_mut(index) else { break };
            let (Some(batch), Some(time_us)) = (&cursor.batch, cursor.time_us()) else { break };
            let run = cursor.run_until(limit).min(BATCH_ROWS - rows.len());
            let place = match place_of.iter().find(|(order, _)| *order == cursor.order) {
                Some(&(_, place)) => place,
                None => {
                    pool.push(batch.clone());
                    place_of.push((cursor.order, pool.len() - 1));
                    pool.len() - 1
                }
            };
            rows.extend((cursor.at..cursor.at + run).map(|row| (place, row)));
            first_us = first_us.min(time_us);
            last_us = last_us.max(cursor.time_us_at(run - 1).unwrap_or(time_us));
            let order = cursor.order;
            let before = cursor.at;
            cursor.advance(run, &self.schema, &self.erased)?;
            if cursor.at < before + run {
                place_of.retain(|(known, _)| *known != order);
            }
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = pool.iter().collect();
        let batch = match (&batches[..], rows.first()) {
            // Rows of one file are a piece of it.
            ([batch], Some(&(_, start))) => batch.slice(start, rows.len()),
            _ => interleave_record_batch(&batches, &rows)?,
        };
        Ok(Some((batch, first_us, last_us)))
    }

    /// The open file with the earliest row, and until when its rows come before all others.
    fn earliest(&mut self) -> Result<Option<(usize, i64)>, LakeError> {
        loop {
            self.open.retain(|cursor| cursor.time_us().is_some());
            let key = |cursor: &Cursor| cursor.time_us().map(|time| (time, cursor.order));
            let first =
                self.open.iter().enumerate().filter_map(|(at, cursor)| Some((key(cursor)?, at))).min();
            let next_file = self.waiting.last().map(|(order, input)| (input.min_time_us, *order));
            if let Some(next) = next_file
                && first.is_none_or(|(first, _)| next <= first)
            {
                if let Some((order, input)) = self.waiting.pop() {
                    self.open.push(input.cursor(self.files, order, &self.schema, &self.erased)?);
                }
                continue;
            }
            let Some(((_, order), at)) = first else { return Ok(None) };
            let others = self.open.iter().filter(|cursor| cursor.order != order).filter_map(key);
            let limit = others.chain(next_file).min();
            let limit = limit
                .map_or(i64::MAX, |(time, other)| if order < other { time } else { time.saturating_sub(1) });
            return Ok(Some((at, limit)));
        }
    }
}
