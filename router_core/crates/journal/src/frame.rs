//! The bytes of a segment: a header, then frames of length, CRC-32C, kind and payload.

use crc32c::{crc32c, crc32c_append};

/// The bytes before the first frame.
pub const HEADER_BYTES: usize = 32;
/// The longest payload; a longer length is no frame.
pub const MAX_PAYLOAD_BYTES: usize = 32 << 20;
/// Length, CRC and kind.
pub(crate) const PREFIX_BYTES: usize = 9;

const MAGIC: [u8; 8] = *b"PMJRNL\x00\x01";

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The position at which it begins.
    pub start: u64,
    /// When it was made, in UTC microseconds.
    pub created_us: u64,
}

impl SegmentHeader {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.start.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.created_us.to_le_bytes());
        let crc = crc32c(&bytes[..24]);
        bytes[24..28].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads it, or says why these bytes begin no segment.
    ///
    /// # Errors
    /// A text for people.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes: &[u8; HEADER_BYTES] =
            bytes.first_chunk().ok_or("it is shorter than the header of a journal segment")?;
        if bytes[..7] != MAGIC[..7] {
            return Err("it is no journal segment");
        }
        if bytes[7] != MAGIC[7] {
            return Err("it was written by another version of the server; this one reads format version 1");
        }
        if u32_at(bytes, 24) != Some(crc32c(&bytes[..24])) {
            return Err("its header is damaged");
        }
        let field = |at: usize| u64_at(bytes, at).ok_or("it is shorter than its header");
        Ok(Self { start: field(8)?, created_us: field(16)? })
    }
}

/// One entry of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload is.
    pub kind: u8,
    /// The encoded entry.
    pub payload: &'a [u8],
    /// The position behind it.
    pub end_position: u64,
}

/// Writes a frame whose payload `write` puts behind what `out` holds.
pub fn put_frame(kind: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, kind]);
    write(out);
    let length = out.len() - start - PREFIX_BYTES;
    let crc = crc32c(out.get(start + 8..).unwrap_or_default());
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(prefix) = out.get_mut(start..start + 8) {
        prefix[..4].copy_from_slice(&length.to_le_bytes());
        prefix[4..].copy_from_slice(&crc.to_le_bytes());
    }
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A whole frame: its kind and the length of its payload.
    Frame { kind: u8, length: usize },
    /// The start of what may be a frame; so many bytes are needed to tell.
    Incomplete { needed: usize },
    /// No frame.
    Bad,
}

/// Reads a frame's prefix and checks its payload.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let (Some(length), Some(crc), Some(&kind)) = (u32_at(bytes, 0), u32_at(bytes, 4), bytes.get(8)) else {
        return Parsed::Incomplete { needed: PREFIX_BYTES };
    };
    let length = length as usize;
    if kind == 0 || length > MAX_PAYLOAD_BYTES {
        return Parsed::Bad;
    }
    match bytes.get(PREFIX_BYTES..PREFIX_BYTES + length) {
        None => Parsed::Incomplete { needed: PREFIX_BYTES + length },
        Some(payload) if crc32c_append(crc32c(&[kind]), payload) == crc => Parsed::Frame { kind, length },
        Some(_) => Parsed::Bad,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
