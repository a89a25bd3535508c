//! A segment of the journal into files of the lake.

use std::time::Instant;

use pointsman_journal::{SegmentInfo, fault};
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    error::LakeError,
    shipping::{destination::Destination, segment_files::SegmentFiles, sorted_frames::SortedFrames},
    tables::rows::{Mode, Rows},
};

/// Predictions of one step: a millisecond or two.
const STEP_PREDICTIONS: usize = 256;

/// Writes the files of a segment, and syncs them. The same segment makes the same files.
///
/// # Errors
/// The segment cannot be read, or a file cannot be written; then it is not there under its name.
pub fn ship_segment(
    destination: Destination<'_>,
    segment: &SegmentInfo,
) -> Result<proto::ShippedSegment, LakeError> {
    let mut shipment = Shipment::new(destination, segment, segment.start);
    while shipment.step()? {}
    Ok(shipment.end())
}

/// A segment on its way, by small steps, so that it can go from thread to thread: reading it is one, the others are of
/// some milliseconds.
pub(crate) struct Shipment<'a> {
    destination: Destination<'a>,
    segment: &'a SegmentInfo,
    /// What is before this position is left out.
    from: u64,
    /// What it holds; none before it is read.
    frames: Option<SortedFrames>,
    /// Predictions that are in `rows`.
    added: usize,
    rows: Rows<'a>,
    files: SegmentFiles<'a>,
    /// Tables that have all their rows.
    closed: usize,
    /// Those of them whose files are written.
    finished: usize,
    shipped: Vec<proto::LakeFile>,
}

impl<'a> Shipment<'a> {
    /// Of a segment nothing is shipped yet, from a position on that may be inside it.
    pub(crate) fn new(destination: Destination<'a>, segment: &'a SegmentInfo, from: u64) -> Self {
        let from = from.max(segment.start);
        let rows = Rows::new(destination.registry, Mode { by_day: true, keeps_bodies: true });
        let files = SegmentFiles::new(destination, from);
        let (added, closed, finished) = (0, 0, 0);
        Self {
            destination,
            segment,
            from,
            frames: None,
            added,
            rows,
            files,
            closed,
            finished,
            shipped: Vec::new(),
        }
    }

    /// Ships until a time; answers whether there is more to do.
    pub(crate) fn work_until(&mut self, time: Instant) -> Result<bool, LakeError> {
        while self.step()? {
            if Instant::now() >= time {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Does a little; answers whether there is more to do.
    fn step(&mut self) -> Result<bool, LakeError> {
        let Some(frames) = &self.frames else {
            let frames = SortedFrames::read(self.destination.files, self.segment, self.from)?;
            frames.routes().for_each(|route| self.rows.add_route(route));
            self.frames = Some(frames);
            return Ok(true);
        };
        if self.files.has_outgoing() {
            self.files.write_next()?;
        } else if frames.prediction(self.added).is_some() {
            self.add_predictions()?;
        } else if self.finished < self.closed
            && let Some(table) = self.rows.tables.get(self.finished)
        {
            self.shipped.extend(self.files.finish(self.finished, table)?);
            self.finished += 1;
        } else if let Some(table) = self.rows.tables.get_mut(self.closed) {
            table.close_chunk()?;
            self.files.take(&mut self.rows, self.closed)?;
            self.closed += 1;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What was shipped, when there is no more to do.
    pub(crate) fn end(self) -> proto::ShippedSegment {
        let damaged_bytes = self.frames.map_or(0, |frames| frames.damaged_bytes);
        let unreadable_entries = self.rows.unreadable;
        if damaged_bytes > 0 || unreadable_entries > 0 {
            let path = self.segment.path.display();
            tracing::error!(%path, damaged_bytes, unreadable_entries, "what cannot be read of a segment is left out");
        }
        fault::point("lake.segment_shipped");
        proto::ShippedSegment {
            journal_id: self.destination.journal_id.to_owned(),
            start_position: self.from,
            end_position: self.segment.end,
            files: self.shipped,
            damaged_bytes,
            unreadable_entries,
        }
    }

    /// Adds predictions until some rows are complete.
    fn add_predictions(&mut self) -> Result<(), LakeError> {
        let Some(frames) = &self.frames else { return Ok(()) };
        for _ in 0..STEP_PREDICTIONS {
            let Some(prediction) = frames.prediction(self.added) else { break };
            self.added += 1;
            self.rows.add_prediction(prediction, |rows, table| self.files.take_if_due(rows, table))?;
            if self.files.has_outgoing() {
                break;
            }
        }
        Ok(())
    }
}
