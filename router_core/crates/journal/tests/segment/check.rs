//! What holds for any bytes behind a segment's header, shared with the fuzz target.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use pointsman_journal::{
    HEADER_BYTES, MAX_PAYLOAD_BYTES, SegmentHeader, SegmentInfo, SegmentReader, SegmentRoutes, StoredEntry,
    files::{AppendFile, Files, ReadFile},
    put_frame,
};

/// One file in memory.
#[derive(Debug)]
struct OneFile(Vec<u8>);

struct Reading(Cursor<Vec<u8>>);

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Reading {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl ReadFile for Reading {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.get_ref().len() as u64)
    }
}

impl Files for OneFile {
    fn create(&self, _: &Path) -> io::Result<Box<dyn AppendFile>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn append(&self, _: &Path) -> io::Result<Box<dyn AppendFile>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&self, _: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(Reading(Cursor::new(self.0.clone()))))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Reads all frames of a segment with these bytes behind its header, and checks what must hold for each.
fn read(bytes: &[u8], start: u64) -> Vec<(u8, Vec<u8>)> {
    let header = SegmentHeader { start, created_us: 7 }.encode();
    let file = [&header, bytes].concat();
    let end = start + file.len() as u64;
    let info = SegmentInfo { start, end, sealed: true, created_us: 7, path: "segment".into() };
    let files = OneFile(file.clone());
    let Ok(mut reader) = SegmentReader::open(&files, &info) else { panic!("the header is good") };
    let mut routes = SegmentRoutes::default();
    let (mut frames, mut last) = (Vec::new(), start + HEADER_BYTES as u64);
    while let Ok(Some(frame)) = reader.next() {
        assert!(frame.end_position > last && frame.end_position <= end, "positions grow inside the segment");
        assert!(frame.payload.len() <= MAX_PAYLOAD_BYTES);
        let at = (frame.end_position - start) as usize;
        assert_eq!(&file[at - frame.payload.len()..at], frame.payload, "a payload lies before its position");
        // Whatever it holds, reading it is no crash.
        let _ = StoredEntry::decode(&frame);
        if let Some(route) = routes.read(frame.payload) {
            assert_eq!(route.base_route, None, "a route is read whole");
        }
        last = frame.end_position;
        frames.push((frame.kind, frame.payload.to_vec()));
    }
    assert_eq!(reader.good_end(), last);
    frames
}

/// Checks any bytes, and the same bytes as payloads of good frames with themselves as damage between.
pub(crate) fn check(bytes: &[u8]) {
    read(bytes, 0);
    let _ = SegmentHeader::decode(bytes);
    let cut = bytes.len() / 2;
    let mut written = Vec::new();
    put_frame(1, &mut written, |out| out.extend_from_slice(&bytes[..cut]));
    put_frame(2, &mut written, |out| out.extend_from_slice(&bytes[cut..]));
    let wanted = vec![(1, bytes[..cut].to_vec()), (2, bytes[cut..].to_vec())];
    assert_eq!(read(&written, 1 << 40), wanted, "what was written is read");
    let mut torn = written.clone();
    torn.extend_from_slice(&written[..written.len() - 1 - (bytes.len() - cut).min(1)]);
    assert_eq!(read(&torn, 9)[..2], wanted, "what follows takes nothing from what was written");
}
