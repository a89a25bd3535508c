//! Reading a segment frame by frame, past what is damaged.

use std::{
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
};

use crate::{
    error::JournalError,
    files::{Files, ReadFile},
    frame::{Frame, HEADER_BYTES, PREFIX_BYTES, Parsed, SegmentHeader, parse},
    segment::SegmentInfo,
};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Reads the frames of a segment up to its end.
///
/// Bytes that are no frame are skipped up to the next good one: what is damaged must not hide what is not.
pub struct SegmentReader {
    file: Box<dyn ReadFile>,
    path: PathBuf,
    /// What was read and not yet given; begins at `at`.
    buffer: Vec<u8>,
    at: usize,
    /// The position of `buffer[at]`.
    position: u64,
    /// The position at which reading ends.
    end: u64,
    /// The position behind what was read from the file.
    read: u64,
    /// Behind the last good frame, or at the start.
    good_end: u64,
    skipped: u64,
}

impl SegmentReader {
    /// Opens a segment at its first frame.
    ///
    /// # Errors
    /// The file cannot be read or is no segment.
    pub fn open(files: &dyn Files, segment: &SegmentInfo) -> Result<Self, JournalError> {
        Self::open_at(files, segment, segment.start)
    }

    /// Opens a segment at a position inside it, which must be the end of a frame, or its start.
    ///
    /// # Errors
    /// The file cannot be read or is no segment.
    pub fn open_at(files: &dyn Files, segment: &SegmentInfo, position: u64) -> Result<Self, JournalError> {
        let path = segment.path.clone();
        let failed = |error: io::Error| JournalError::io(&path, &error);
        let mut file = files.read(&path).map_err(failed)?;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        (&mut file).take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(failed)?;
        let header = SegmentHeader::decode(&header).map_err(|reason| JournalError::corrupt(&path, reason))?;
        if header.start != segment.start {
            let reason =
                format!("it says that it begins at {}, its name says {}", header.start, segment.start);
            return Err(JournalError::corrupt(&path, reason));
        }
        let position = position.max(segment.start + HEADER_BYTES as u64);
        file.seek(SeekFrom::Start(position - segment.start)).map_err(failed)?;
        Ok(Self {
            file,
            buffer: Vec::new(),
            at: 0,
            position,
            end: segment.end.max(position),
            read: position,
            good_end: position,
            skipped: 0,
            path,
        })
    }

    /// The next good frame; none at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its buffer")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        loop {
            match parse(self.buffer.get(self.at..).unwrap_or_default()) {
                Parsed::Frame { kind, length } => {
                    let start = self.at + PREFIX_BYTES;
                    self.advance(PREFIX_BYTES + length);
                    self.good_end = self.position;
                    let payload = self.buffer.get(start..start + length).unwrap_or_default();
                    return Ok(Some(Frame { kind, payload, end_position: self.position }));
                }
                Parsed::Incomplete { needed } if self.position + needed as u64 <= self.end => {
                    if !self.fill(needed)? {
                        self.end = self.read;
                    }
                }
                Parsed::Incomplete { .. } | Parsed::Bad => {
                    if self.position >= self.end {
                        return Ok(None);
                    }
                    if self.at >= self.buffer.len() && !self.fill(1)? {
                        return Ok(None);
                    }
                    self.advance(1);
                    self.skipped += 1;
                }
            }
        }
    }

    /// The position behind the last good frame that was read.
    #[must_use]
    pub fn good_end(&self) -> u64 {
        self.good_end
    }

    /// How many bytes before the last good frame were none.
    #[must_use]
    pub fn damaged_bytes(&self) -> u64 {
        self.skipped - (self.position - self.good_end).min(self.skipped)
    }

    fn advance(&mut self, length: usize) {
        self.at += length;
        self.position += length as u64;
    }

    /// Reads on until `needed` bytes are there; whether they are.
    fn fill(&mut self, needed: usize) -> Result<bool, JournalError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        while self.buffer.len() < needed {
            let missing = (needed.max(CHUNK_BYTES) - self.buffer.len()) as u64;
            let reading = (&mut self.file).take(missing.min(self.end - self.read));
            let got = { reading }.read_to_end(&mut self.buffer);
            let got = got.map_err(|error| JournalError::io(&self.path, &error))?;
            self.read += got as u64;
            if got == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
