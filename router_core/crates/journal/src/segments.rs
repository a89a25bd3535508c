//! The segments of a log: found at start, grown at the end, deleted at the front.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use arc_swap::ArcSwap;

use crate::{
    error::JournalError,
    files::Files,
    frame::{HEADER_BYTES, SegmentHeader},
    reader::SegmentReader,
    segment::SegmentInfo,
};

/// The bytes before a segment's first entry.
const HEADER: u64 = HEADER_BYTES as u64;

/// The list of a log's segments, oldest first.
#[derive(Debug)]
pub(crate) struct Segments {
    /// Without a lock: a reader of low priority that is interrupted must not hold the writer up.
    list: ArcSwap<Vec<SegmentInfo>>,
    /// The position behind what is written of the last segment. Only the log's writer writes it, after the bytes and after the
    /// list has the segment; readers load it before the list. Release and Acquire: who sees it sees those two.
    written: AtomicU64,
    /// Nobody needs what is before this position. Whoever is done with entries raises it, it never falls; the writer reads
    /// it. Relaxed suffices: who sees it late keeps a segment longer, and deletes none that is needed.
    released: AtomicU64,
}

impl Segments {
    /// Finds the segments of a log and cuts what is torn off the last one.
    pub(crate) fn recover(files: &dyn Files, folder: &Path, name: &str) -> Result<Self, JournalError> {
        let names = files.list(folder).map_err(|error| JournalError::io(folder, &error))?;
        let starts =
            names.iter().filter_map(|file| start_of(name, file).map(|start| (start, folder.join(file))));
        let found: Vec<(u64, PathBuf)> = starts.collect();
        let mut segments: Vec<SegmentInfo> = Vec::with_capacity(found.len());
        let count = found.len();
        for (index, (start, path)) in found.into_iter().enumerate() {
            let Some(segment) = recover_segment(files, start, path, index + 1 == count)? else { continue };
            if segments.last().is_some_and(|former| former.end > segment.start) {
                return Err(JournalError::corrupt(
                    &segment.path,
                    "it begins inside the segment before it; one of the two does not belong here",
                ));
            }
            segments.push(segment);
        }
        let list = ArcSwap::from_pointee(segments);
        Ok(Self { list, written: AtomicU64::new(0), released: AtomicU64::new(0) })
    }

    pub(crate) fn all(&self) -> Vec<SegmentInfo> {
        // Before the list: what is said of a segment that is replaced meanwhile is less, never more.
        let written = self.written.load(Acquire);
        let mut segments = Vec::clone(&self.list.load());
        if let Some(last) = segments.last_mut() {
            last.end = end_of(last, written);
        }
        segments
    }

    pub(crate) fn push(&self, segment: SegmentInfo) {
        self.change(|segments| segments.push(segment.clone()));
    }

    /// Says how far the last segment is written.
    pub(crate) fn grow(&self, end: u64) {
        self.written.store(end, Release);
    }

    /// Says that the last segment is complete.
    pub(crate) fn seal(&self, end: u64) {
        self.change(|segments| {
            if let Some(last) = segments.last_mut() {
                (last.end, last.sealed) = (end, true);
            }
        });
    }

    /// The position behind everything, 0 for a new log.
    pub(crate) fn end(&self) -> u64 {
        let written = self.written.load(Acquire);
        self.list.load().last().map_or(0, |last| end_of(last, written))
    }

    /// The position behind all entries: a segment that has none yet begins there.
    pub(crate) fn entries_end(&self) -> u64 {
        let written = self.written.load(Acquire);
        self.list.load().last().map_or(0, |last| {
            let end = end_of(last, written);
            if end - last.start > HEADER { end } else { last.start }
        })
    }

    /// Bytes that somebody still needs.
    pub(crate) fn byte_count(&self) -> u64 {
        let (released, written) = (self.released.load(Relaxed), self.written.load(Acquire));
        let needed = |segment: &SegmentInfo| {
            let end = end_of(segment, written);
            if end - segment.start > HEADER { end.saturating_sub(segment.start.max(released)) } else { 0 }
        };
        self.list.load().iter().map(needed).sum()
    }

    /// Whether the last segment is complete and holds entries of which nobody needs any.
    pub(crate) fn keeps_what_nobody_needs(&self) -> bool {
        let released = self.released.load(Relaxed);
        self.list
            .load()
            .last()
            .is_some_and(|last| last.sealed && last.end - last.start > HEADER && last.end <= released)
    }

    /// Deletes the complete segments that nobody needs.
    pub(crate) fn let_go(&self, files: &dyn Files, folder: &Path) -> io::Result<usize> {
        self.release(files, folder, self.released.load(Relaxed))
    }

    /// Deletes the complete segments that end at or before a position.
    pub(crate) fn release(&self, files: &dyn Files, folder: &Path, position: u64) -> io::Result<usize> {
        self.released.fetch_max(position, Relaxed);
        // Taken off the list first: no new reader opens what goes.
        let releasable = |segments: &[SegmentInfo]| {
            let count = segments.iter().take_while(|s| s.sealed && s.end <= position).count();
            // The last one carries the log's position over a restart.
            count.min(segments.len().saturating_sub(1))
        };
        let former = self.change(|segments| drop(segments.drain(..releasable(segments))));
        let gone = former.get(..releasable(&former)).unwrap_or_default();
        for segment in gone {
            files.remove(&segment.path)?;
        }
        if !gone.is_empty() {
            files.sync_folder(folder)?;
        }
        Ok(gone.len())
    }

    /// Changes the list; answers what it was before.
    fn change(&self, change: impl Fn(&mut Vec<SegmentInfo>)) -> Arc<Vec<SegmentInfo>> {
        self.list.rcu(|segments| {
            let mut changed = Vec::clone(segments);
            change(&mut changed);
            changed
        })
    }
}

/// The position behind what is written of a segment. Only the last one may not be complete.
fn end_of(segment: &SegmentInfo, written: u64) -> u64 {
    if segment.sealed { segment.end } else { segment.end.max(written) }
}

/// The name of a segment's file.
pub(crate) fn file_name(log: &str, start: u64) -> String {
    format!("{log}-{start:020}.seg")
}

fn start_of(log: &str, file: &str) -> Option<u64> {
    let digits = file.strip_prefix(log)?.strip_prefix('-')?.strip_suffix(".seg")?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

/// Checks a segment; none when it was torn before anything was in it.
fn recover_segment(
    files: &dyn Files,
    start: u64,
    path: PathBuf,
    is_last: bool,
) -> Result<Option<SegmentInfo>, JournalError> {
    let failed = |error: io::Error| JournalError::io(&path, &error);
    let mut file = files.read(&path).map_err(failed)?;
    let length = file.length().map_err(failed)?;
    let mut header = [0; HEADER_BYTES];
    let is_whole = io::Read::read_exact(&mut file, &mut header).is_ok();
    let header = match SegmentHeader::decode(if is_whole { &header } else { &[] }) {
        Ok(header) => header,
        Err(_) if is_last && length <= HEADER => {
            tracing::warn!(path = %path.display(), "a segment was torn before its first entry; it is deleted");
            drop(file);
            files.remove(&path).map_err(failed)?;
            return Ok(None);
        }
        Err(reason) => return Err(JournalError::corrupt(&path, reason)),
    };
    let mut segment =
        SegmentInfo { start, end: start + length, sealed: true, created_us: header.created_us, path };
    if is_last {
        segment.end = cut_torn_tail(files, &segment)?;
    }
    Ok(Some(segment))
}

/// Cuts what follows the last good frame: it was never acknowledged. Answers the new end.
fn cut_torn_tail(files: &dyn Files, segment: &SegmentInfo) -> Result<u64, JournalError> {
    let failed = |error: io::Error| JournalError::io(&segment.path, &error);
    let mut reader = SegmentReader::open(files, segment)?;
    while reader.next()?.is_some() {}
    let end = reader.good_end();
    if reader.damaged_bytes() > 0 {
        let bytes = reader.damaged_bytes();
        tracing::error!(path = %segment.path.display(), bytes, "damaged bytes between good entries are skipped");
    }
    let mut file = files.append(&segment.path).map_err(failed)?;
    if end < segment.end {
        let bytes = segment.end - end;
        tracing::warn!(path = %segment.path.display(), bytes, "a torn tail is cut");
        file.set_len(end - segment.start).map_err(failed)?;
    }
    // A process that died may have left bytes that only the system's memory holds.
    file.sync_data().map_err(failed)?;
    Ok(end)
}
