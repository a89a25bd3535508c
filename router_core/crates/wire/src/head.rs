//! The head of an inference message: what comes before the tensors.

use crate::{
    WireError,
    field::{Fields, Key},
    parameter::entity_id_in,
};
use pointsman_model::MAX_ID_BYTES;

/// In so many separate places the names that a splice cuts out may lie.
pub const MAX_CUTS: usize = 4;

/// The most bytes of an entity id.
pub const MAX_ENTITY_ID_BYTES: usize = 1024;

const MODEL_NAME: u32 = 1;
const MODEL_VERSION: u32 = 2;
const REQUEST_ID: u32 = 3;
const PARAMETERS: u32 = 4;
const FIRST_TENSOR: u32 = 5;
const LAST_TENSOR: u32 = 7;

/// A part of a message. A gRPC message has fewer than 2^32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Result<Self, WireError> {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Ok(Self { start, end }),
            _ => Err(WireError::TooLarge { length: end }),
        }
    }

    /// The span as a range.
    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text at the span; empty when the bytes are not those that were scanned.
    fn text(self, bytes: &[u8]) -> &str {
        bytes.get(self.range()).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// The places to cut out, in order, none touching the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cuts {
    spans: [Span; MAX_CUTS],
    count: u8,
}

impl Cuts {
    /// The places.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        self.spans.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The bytes of all places together.
    #[must_use]
    pub fn length(&self) -> usize {
        self.spans().iter().map(|span| span.range().len()).sum()
    }

    fn push(&mut self, span: Span) -> Result<(), WireError> {
        let count = usize::from(self.count);
        if let Some(last) = count.checked_sub(1).and_then(|index| self.spans.get_mut(index))
            && last.end == span.start
        {
            last.end = span.end;
            return Ok(());
        }
        let free = self.spans.get_mut(count).ok_or(WireError::Scattered { limit: MAX_CUTS })?;
        *free = span;
        self.count += 1;
        Ok(())
    }
}

/// What the head says and where. Of a repeated field the last counts, as in every protobuf reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadScan {
    /// The head's bytes; after a scan of the whole message, the message's.
    pub length: usize,
    /// Whether a `model_name` was found, and where its text lies.
    pub model_name: Option<Span>,
    /// Where the text of `model_version` lies.
    pub model_version: Option<Span>,
    /// Where the text of the request's `id` lies.
    pub request_id: Option<Span>,
    /// Where the text of the parameter `entity_id` lies.
    pub entity_id: Option<Span>,
    /// The fields `model_name` and `model_version` (of a response: `model_name` only), key to end.
    pub cuts: Cuts,
}

impl HeadScan {
    /// The model's name in the scanned bytes, none when empty or absent.
    #[must_use]
    pub fn model_name<'a>(&self, scanned: &'a [u8]) -> Option<&'a str> {
        present(self.model_name, scanned)
    }

    /// The model's version in the scanned bytes, none when empty or absent.
    #[must_use]
    pub fn model_version<'a>(&self, scanned: &'a [u8]) -> Option<&'a str> {
        present(self.model_version, scanned)
    }

    /// The request's id in the scanned bytes, none when empty or absent.
    #[must_use]
    pub fn request_id<'a>(&self, scanned: &'a [u8]) -> Option<&'a str> {
        present(self.request_id, scanned)
    }

    /// The parameter `entity_id` in the scanned bytes, none when empty or absent.
    #[must_use]
    pub fn entity_id<'a>(&self, scanned: &'a [u8]) -> Option<&'a str> {
        present(self.entity_id, scanned)
    }
}

fn present(span: Option<Span>, scanned: &[u8]) -> Option<&str> {
    span.map(|span| span.text(scanned)).filter(|text| !text.is_empty())
}

/// Which message is scanned, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    RequestHead,
    RequestWhole,
    ResponseHead,
}

/// A scan that goes on where it stopped, so that many small frames cost no more than one.
#[derive(Debug, Clone)]
pub struct HeadScanner {
    extent: Extent,
    scan: HeadScan,
}

impl HeadScanner {
    /// Scans the head of a `ModelInferRequest`.
    #[must_use]
    pub fn request() -> Self {
        Self { extent: Extent::RequestHead, scan: HeadScan::default() }
    }

    /// Scans the head of a `ModelInferResponse`: only `model_name` is looked for.
    #[must_use]
    pub fn response() -> Self {
        Self { extent: Extent::ResponseHead, scan: HeadScan::default() }
    }

    /// Scans on.
    ///
    /// `prefix` are all bytes of the message that are there so far, from its first;
    /// `message_length` is what the gRPC prefix says.
    ///
    /// # Returns
    /// None when the bytes end inside the head: call again with more.
    ///
    /// # Errors
    /// The message is malformed, or a name in it cannot be one.
    pub fn advance(&mut self, prefix: &[u8], message_length: usize) -> Result<Option<HeadScan>, WireError> {
        let fields = Fields::new(prefix, message_length);
        while !fields.ends_at(self.scan.length) {
            let at = self.scan.length;
            let Some((key, start)) = fields.key(at)? else {
                return Ok(None);
            };
            if self.extent != Extent::RequestWhole && (FIRST_TENSOR..=LAST_TENSOR).contains(&key.field) {
                break;
            }
            // A response passes on as the backend wrote it: only the name that is replaced must be one.
            if self.extent != Extent::ResponseHead || key.field == MODEL_NAME {
                key.check_request_field()?;
            }
            let Some(payload) = fields.payload(key, start)? else {
                return Ok(None);
            };
            let end = payload.end;
            if key.field <= PARAMETERS {
                self.take(key, fields.bytes(), Span::new(at, end)?, Span::new(payload.start, end)?)?;
            }
            self.scan.length = end;
        }
        Ok(Some(self.scan))
    }

    /// Notes one of the fields 1 to 4.
    fn take(&mut self, key: Key, bytes: &[u8], field: Span, payload: Span) -> Result<(), WireError> {
        let is_response = self.extent == Extent::ResponseHead;
        if is_response && key.field != MODEL_NAME {
            return Ok(());
        }
        let name = match key.field {
            MODEL_NAME => "model_name",
            MODEL_VERSION => "model_version",
            REQUEST_ID => "id",
            _ => "parameters",
        };
        let content = bytes.get(payload.range()).unwrap_or_default();
        if key.field == PARAMETERS {
            return self.take_parameter(content, payload);
        }
        if key.field != REQUEST_ID {
            self.scan.cuts.push(field)?;
            if !is_response && content.len() > MAX_ID_BYTES {
                let (length, limit) = (content.len(), MAX_ID_BYTES);
                return Err(WireError::TooLong { field: name, length, limit });
            }
        }
        if std::str::from_utf8(content).is_err() {
            return Err(WireError::NotUtf8 { field: name });
        }
        let place = match key.field {
            MODEL_NAME => &mut self.scan.model_name,
            MODEL_VERSION => &mut self.scan.model_version,
            _ => &mut self.scan.request_id,
        };
        *place = Some(payload);
        Ok(())
    }

    fn take_parameter(&mut self, entry: &[u8], payload: Span) -> Result<(), WireError> {
        const FIELD: &str = "parameters[\"entity_id\"]";
        let Some(range) = entity_id_in(entry, payload.range().start)? else {
            return Ok(());
        };
        let text = entry.get(range.clone()).unwrap_or_default();
        if text.len() > MAX_ENTITY_ID_BYTES {
            let (length, limit) = (text.len(), MAX_ENTITY_ID_BYTES);
            return Err(WireError::TooLong { field: FIELD, length, limit });
        }
        if std::str::from_utf8(text).is_err() {
            return Err(WireError::NotUtf8 { field: FIELD });
        }
        let offset = payload.range().start;
        self.scan.entity_id = Some(Span::new(offset + range.start, offset + range.end)?);
        Ok(())
    }
}

/// Scans the head of a `ModelInferRequest` in one go; see [`HeadScanner::advance`].
///
/// # Errors
/// The message is malformed, or a name in it cannot be one.
pub fn scan_head(prefix: &[u8], message_length: usize) -> Result<Option<HeadScan>, WireError> {
    HeadScanner::request().advance(prefix, message_length)
}

/// Scans the head of a `ModelInferResponse` in one go; see [`HeadScanner::advance`].
///
/// # Errors
/// The message is malformed.
pub fn scan_response_head(prefix: &[u8], message_length: usize) -> Result<Option<HeadScan>, WireError> {
    HeadScanner::response().advance(prefix, message_length)
}

/// Scans a whole `ModelInferRequest`, for writers that put the head's fields after the tensors.
///
/// # Errors
/// The message is malformed, or a name in it cannot be one.
pub fn scan_whole(message: &[u8]) -> Result<HeadScan, WireError> {
    let mut scanner = HeadScanner { extent: Extent::RequestWhole, scan: HeadScan::default() };
    let scan = scanner.advance(message, message.len())?;
    scan.ok_or(WireError::Truncated { at: scanner.scan.length })
}
