//! The files of a segment while they are written.

use std::collections::{HashMap, VecDeque, hash_map};

use arrow_array::RecordBatch;
use pointsman_journal::fault;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    error::LakeError,
    paths::{date_text, segment_file},
    shipping::{
        destination::Destination,
        file_writer::{FileWriter, ROW_GROUP_ROWS},
    },
    tables::{rows::Rows, table::Table},
};

/// Memory of rows that wait for their row group.
const READY_BYTES: usize = 128 << 20;
/// Batches that were taken and wait to be written.
const MAX_OUTGOING: usize = 32;

/// The files of a segment, each the rows of a table.
pub(crate) struct SegmentFiles<'a> {
    destination: Destination<'a>,
    segment_start: u64,
    /// By table.
    open: HashMap<usize, OpenFile<'a>>,
    /// Rows that were taken from tables, in their order.
    outgoing: VecDeque<(usize, RecordBatch)>,
}

struct OpenFile<'a> {
    writer: FileWriter<'a>,
    path: String,
    row_count: u64,
}

impl<'a> SegmentFiles<'a> {
    /// No files yet, for a segment that begins at a position.
    pub(crate) fn new(destination: Destination<'a>, segment_start: u64) -> Self {
        Self { destination, segment_start, open: HashMap::new(), outgoing: VecDeque::new() }
    }

    /// Takes rows that make a row group or belong to a file under way, or the most when they take too much memory.
    pub(crate) fn take_if_due(&mut self, rows: &mut Rows<'_>, table: usize) -> Result<(), LakeError> {
        let is_due = rows.tables.get(table).is_some_and(|table| table.ready_rows >= ROW_GROUP_ROWS);
        if is_due || self.open.contains_key(&table) {
            self.take(rows, table)?;
        } else if rows.tables.iter().map(|table| table.ready_bytes).sum::<usize>() >= READY_BYTES {
            let largest = rows.tables.iter().enumerate().max_by_key(|(_, table)| table.ready_bytes);
            if let Some((largest, _)) = largest {
                self.take(rows, largest)?;
            }
        }
        // The rows of one call may be many.
        while self.outgoing.len() > MAX_OUTGOING {
            self.write_next()?;
        }
        Ok(())
    }

    /// Takes the rows that are ready, beginning the file if they are its first.
    pub(crate) fn take(&mut self, rows: &mut Rows<'_>, index: usize) -> Result<(), LakeError> {
        // No file has a column whose type a crash could make another.
        rows.save_columns(index)?;
        fault::point("lake.columns_written");
        let Some((table, columns)) = rows.table_and_columns(index) else { return Ok(()) };
        if let hash_map::Entry::Vacant(place) = self.open.entry(index) {
            let path = segment_file(&table.key, self.destination.journal_id, self.segment_start);
            let full = self.destination.lake_folder.join(&path);
            let writer = FileWriter::create(self.destination.files, full, table.schema(columns))?;
            place.insert(OpenFile { writer, path, row_count: 0 });
        }
        self.outgoing.extend(table.take_ready(columns)?.into_iter().map(|batch| (index, batch)));
        Ok(())
    }

    /// Whether rows were taken that are not written.
    pub(crate) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Writes some of the rows that were taken.
    pub(crate) fn write_next(&mut self) -> Result<(), LakeError> {
        let Some((index, batch)) = self.outgoing.pop_front() else { return Ok(()) };
        if let Some(file) = self.open.get_mut(&index) {
            file.writer.write(&batch)?;
            file.row_count += batch.num_rows() as u64;
        }
        Ok(())
    }

    /// Ends the file of a table, all of whose rows are written.
    pub(crate) fn finish(
        &mut self,
        index: usize,
        table: &Table,
    ) -> Result<Option<proto::LakeFile>, LakeError> {
        let Some(file) = self.open.remove(&index) else { return Ok(None) };
        Ok(Some(proto::LakeFile {
            path: file.path,
            router_id: table.key.router_id.to_string(),
            model_id: table.key.model_id.to_string(),
            date: date_text(table.key.day),
            row_count: file.row_count,
            byte_count: file.writer.finish()?,
            min_time_us: table.min_time_us,
            max_time_us: table.max_time_us,
            router_incarnation: table.key.incarnation,
            shadows: table.key.shadows,
        }))
    }
}
