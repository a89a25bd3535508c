//! A segment of the journal into files of the lake.

use std::{collections::HashMap, path::Path};

use pointsman_journal::{PREDICTION, ROUTE, SegmentInfo, SegmentReader, fault, files::Files};
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    columns::ColumnRegistry,
    entry::EntryView,
    error::LakeError,
    file_writer::{FileWriter, ROW_GROUP_ROWS},
    paths::{date_text, segment_file},
    rows::{Mode, Rows},
};

/// Memory of rows that wait for their row group.
const READY_BYTES: usize = 128 << 20;

/// Where segments are shipped to.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The file system of the lake.
    pub files: &'a dyn Files,
    /// The columns of the lake's models.
    pub registry: &'a ColumnRegistry,
    /// The lake's folder.
    pub lake_folder: &'a Path,
    /// The journal that the segments are of.
    pub journal_id: &'a str,
}

/// Writes the files of a segment, and syncs them. The same segment makes the same files.
///
/// # Errors
/// The segment cannot be read, or a file cannot be written; then it is not there under its name.
pub fn ship_segment(
    destination: &Destination<'_>,
    segment: &SegmentInfo,
) -> Result<proto::ShippedSegment, LakeError> {
    let frames = SortedFrames::read(destination.files, segment)?;
    let mut shipment = Shipment { destination, segment, open: HashMap::new() };
    let mut rows = Rows::new(destination.registry, Mode { by_day: true, keeps_bodies: true });
    frames.routes().for_each(|route| rows.add_route(route));
    for prediction in frames.predictions() {
        rows.add_prediction(prediction, |rows, table| shipment.write_if_due(rows, table))?;
    }
    let (damaged_bytes, unreadable_entries) = (frames.damaged_bytes, rows.unreadable);
    if damaged_bytes > 0 || unreadable_entries > 0 {
        let path = segment.path.display();
        tracing::error!(%path, damaged_bytes, unreadable_entries, "what cannot be read of a segment is left out");
    }
    let files = shipment.finish(rows)?;
    fault::point("lake.segment_shipped");
    Ok(proto::ShippedSegment {
        journal_id: destination.journal_id.to_owned(),
        start_position: segment.start,
        end_position: segment.end,
        files,
        damaged_bytes,
        unreadable_entries,
    })
}

/// The files of a segment while they are written.
struct Shipment<'a> {
    destination: &'a Destination<'a>,
    segment: &'a SegmentInfo,
    /// By table.
    open: HashMap<usize, OpenFile<'a>>,
}

struct OpenFile<'a> {
    writer: FileWriter<'a>,
    path: String,
    row_count: u64,
}

impl Shipment<'_> {
    /// Writes rows that make a row group or belong to a file under way, or the most when they take too much memory.
    fn write_if_due(&mut self, rows: &mut Rows<'_>, table: usize) -> Result<(), LakeError> {
        let is_due = rows.tables.get(table).is_some_and(|table| table.ready_rows >= ROW_GROUP_ROWS);
        if is_due || self.open.contains_key(&table) {
            return self.write(rows, table);
        }
        let ready: usize = rows.tables.iter().map(|table| table.ready_bytes).sum();
        if ready < READY_BYTES {
            return Ok(());
        }
        let largest = rows.tables.iter().enumerate().max_by_key(|(_, table)| table.ready_bytes);
        let largest = largest.map(|(index, _)| index);
        largest.map_or(Ok(()), |largest| self.write(rows, largest))
    }

    fn write(&mut self, rows: &mut Rows<'_>, index: usize) -> Result<(), LakeError> {
        // No file has a column whose type a crash could make another.
        rows.save_columns(index)?;
        fault::point("lake.columns_written");
        let Some((table, columns)) = rows.table_and_columns(index) else { return Ok(()) };
        let schema = table.schema(columns);
        let batches = table.take_ready(columns)?;
        let key = table.key.clone();
        let destination = self.destination;
        let file = match self.open.entry(index) {
            std::collections::hash_map::Entry::Occupied(file) => file.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                let path = segment_file(&key, destination.journal_id, self.segment.start);
                let full = destination.lake_folder.join(&path);
                let writer = FileWriter::create(destination.files, full, schema)?;
                place.insert(OpenFile { writer, path, row_count: 0 })
            }
        };
        for batch in &batches {
            file.writer.write(batch)?;
            file.row_count += batch.num_rows() as u64;
        }
        Ok(())
    }

    /// Writes what is left and ends all files.
    fn finish(mut self, mut rows: Rows<'_>) -> Result<Vec<proto::LakeFile>, LakeError> {
        let mut files = Vec::with_capacity(rows.tables.len());
        for index in 0..rows.tables.len() {
            if let Some(table) = rows.tables.get_mut(index) {
                table.close_chunk()?;
            }
            self.write(&mut rows, index)?;
            let (Some(file), Some(table)) = (self.open.remove(&index), rows.tables.get(index)) else {
                continue;
            };
            files.push(proto::LakeFile {
                path: file.path,
                router_id: table.key.router_id.to_string(),
                model_id: table.key.model_id.to_string(),
                date: date_text(table.key.day),
                row_count: file.row_count,
                byte_count: file.writer.finish()?,
                min_time_us: table.min_time_us,
                max_time_us: table.max_time_us,
            });
        }
        Ok(files)
    }
}

/// The payloads of a segment in memory, predictions ordered by time.
#[derive(Default)]
struct SortedFrames {
    bytes: Vec<u8>,
    routes: Vec<(usize, usize)>,
    /// Time, then place: of equal times the first written comes first.
    predictions: Vec<(i64, usize, usize)>,
    damaged_bytes: u64,
}

impl SortedFrames {
    fn read(files: &dyn Files, segment: &SegmentInfo) -> Result<Self, LakeError> {
        let mut reader = SegmentReader::open(files, segment)?;
        let length = usize::try_from(segment.end - segment.start).unwrap_or(0);
        let mut frames = Self { bytes: Vec::with_capacity(length), ..Self::default() };
        while let Some(frame) = reader.next()? {
            let place = (frames.bytes.len(), frames.bytes.len() + frame.payload.len());
            match frame.kind {
                ROUTE => frames.routes.push(place),
                PREDICTION => {
                    frames.predictions.push((EntryView::time_us_of(frame.payload), place.0, place.1));
                }
                _ => continue,
            }
            frames.bytes.extend_from_slice(frame.payload);
        }
        frames.damaged_bytes = reader.damaged_bytes();
        frames.predictions.sort_unstable();
        Ok(frames)
    }

    fn routes(&self) -> impl Iterator<Item = &[u8]> {
        self.routes.iter().map(|&(start, end)| self.bytes.get(start..end).unwrap_or_default())
    }

    fn predictions(&self) -> impl Iterator<Item = &[u8]> {
        self.predictions.iter().map(|&(_, start, end)| self.bytes.get(start..end).unwrap_or_default())
    }
}
