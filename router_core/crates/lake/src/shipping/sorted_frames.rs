//! What a segment holds, in the order in which it is shipped.

use pointsman_journal::{PREDICTION, ROUTE, SegmentInfo, SegmentReader, files::Files};

use crate::{calls::entry::EntryView, error::LakeError};

/// The payloads of a segment in memory, predictions ordered by time.
#[derive(Default)]
pub(crate) struct SortedFrames {
    bytes: Vec<u8>,
    routes: Vec<(usize, usize)>,
    /// Time, then place: of equal times the first written comes first.
    predictions: Vec<(i64, usize, usize)>,
    /// Bytes that cannot be read.
    pub(crate) damaged_bytes: u64,
}

impl SortedFrames {
    /// Reads a segment: its routes, and its predictions behind a position.
    pub(crate) fn read(files: &dyn Files, segment: &SegmentInfo, from: u64) -> Result<Self, LakeError> {
        let mut reader = SegmentReader::open(files, segment)?;
        let length = usize::try_from(segment.end - segment.start).unwrap_or(0);
        let mut frames = Self { bytes: Vec::with_capacity(length), ..Self::default() };
        while let Some(frame) = reader.next()? {
            let place = (frames.bytes.len(), frames.bytes.len() + frame.payload.len());
            match frame.kind {
                ROUTE => frames.routes.push(place),
                PREDICTION if frame.end_position > from => {
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

    pub(crate) fn routes(&self) -> impl Iterator<Item = &[u8]> {
        self.routes.iter().map(|&(start, end)| self.bytes.get(start..end).unwrap_or_default())
    }

    /// The prediction at a place in the order of time; none behind the last.
    pub(crate) fn prediction(&self, place: usize) -> Option<&[u8]> {
        self.predictions.get(place).and_then(|&(_, start, end)| self.bytes.get(start..end))
    }
}
