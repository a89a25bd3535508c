//! A new head with other names; every other byte stays as it came.

use std::ops::Range;

use bytes::BytesMut;

use crate::{
    HeadScan, WireError,
    field::{field_length, put_field},
};

const MODEL_NAME: u8 = 1;
const MODEL_VERSION: u8 = 2;

impl HeadScan {
    /// The parts of the scanned bytes that stay, in order.
    pub fn kept(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let starts = std::iter::once(0).chain(self.cuts.spans().iter().map(|span| span.range().end));
        let ends =
            self.cuts.spans().iter().map(|span| span.range().start).chain(std::iter::once(self.length));
        starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end)
    }
}

/// Writes `model_name` and, unless empty, `model_version`.
pub fn write_names(model_name: &str, model_version: &str, out: &mut BytesMut) {
    out.reserve(names_length(model_name, model_version));
    put_field(out, MODEL_NAME, model_name.as_bytes());
    if !model_version.is_empty() {
        put_field(out, MODEL_VERSION, model_version.as_bytes());
    }
}

/// Writes the head that the backend gets: its own names first, then what else the head held.
///
/// `scanned` are the bytes that were scanned, of which the first `scan.length` are used.
pub fn splice_head(
    scanned: &[u8],
    scan: &HeadScan,
    backend_model_name: &str,
    backend_model_version: &str,
    out: &mut BytesMut,
) {
    out.reserve(names_length(backend_model_name, backend_model_version) + scan.length);
    write_names(backend_model_name, backend_model_version, out);
    for part in scan.kept() {
        out.extend_from_slice(scanned.get(part).unwrap_or_default());
    }
}

/// The length of the message of `message_length` bytes once its head is spliced.
///
/// # Errors
/// [`WireError::TooLarge`]: a gRPC frame cannot carry it.
pub fn spliced_message_length(
    message_length: u32,
    scan: &HeadScan,
    backend_model_name: &str,
    backend_model_version: &str,
) -> Result<u32, WireError> {
    let kept = (message_length as usize).saturating_sub(scan.cuts.length());
    let length = kept + names_length(backend_model_name, backend_model_version);
    u32::try_from(length).map_err(|_| WireError::TooLarge { length })
}

/// Writes a response's head with the router's name as `model_name`; the version stays the backend's.
///
/// The message grows by what [`spliced_message_length`] says for an empty version.
pub fn splice_response_model_name(scanned: &[u8], scan: &HeadScan, router_id: &str, out: &mut BytesMut) {
    splice_head(scanned, scan, router_id, "", out);
}

fn names_length(model_name: &str, model_version: &str) -> usize {
    let version = if model_version.is_empty() { 0 } else { field_length(model_version.len()) };
    field_length(model_name.len()) + version
}
