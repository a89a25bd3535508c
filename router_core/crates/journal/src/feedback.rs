//! Feedback as the control plane takes it: in order, from a position on, only what is on disk.

use std::time::Duration;

use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{entry::StoredEntry, error::JournalError, log::Log, reader::SegmentReader};

/// Reads up to `most` values behind a position, waiting so long for the first.
///
/// # Errors
/// A segment cannot be read.
pub fn read_feedback(
    log: &Log,
    after: u64,
    most: usize,
    patience: Duration,
) -> Result<proto::FeedbackBatch, JournalError> {
    let synced_end = log.wait_synced(after, patience);
    let mut batch = proto::FeedbackBatch { next_position: after, ..Default::default() };
    for mut segment in log.segments() {
        segment.end = segment.end.min(synced_end);
        if segment.end <= after {
            continue;
        }
        let mut reader = SegmentReader::open_at(&**log.files(), &segment, after.max(segment.start))?;
        while batch.entries.len() < most
            && let Some(frame) = reader.next()?
        {
            match StoredEntry::decode(&frame) {
                Ok(StoredEntry::Feedback(entry)) => {
                    batch.end_positions.push(frame.end_position);
                    batch.entries.push(*entry);
                }
                Ok(_) => {}
                Err(error) => {
                    let position = frame.end_position;
                    tracing::error!(%error, position, "an entry of the feedback log cannot be read; it is skipped");
                }
            }
            batch.next_position = frame.end_position;
        }
        if batch.entries.len() >= most {
            return Ok(batch);
        }
        batch.next_position = batch.next_position.max(segment.end);
    }
    Ok(batch)
}
