//! A call's metadata: what this server reads in it, adds to it and takes out of it.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, HOST},
};
use rand::Rng;
use tokio::time::Instant;

use crate::{listener::auth::API_KEY, worker::Worker};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(super) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(super) const ENTITY_ID: HeaderName = HeaderName::from_static("pointsman-entity-id");
pub(super) const ENTITY_ID_ALIAS: HeaderName = HeaderName::from_static("x-entity-id");
/// The same as bytes: text metadata is ASCII in most clients.
pub(super) const ENTITY_ID_BINARY: HeaderName = HeaderName::from_static("pointsman-entity-id-bin");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const OWN_PREFIX: &str = "x-pointsman-";
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Keeps a request id that logs and headers can carry, or makes one; answers it.
pub(super) fn ensure_request_id(worker: &Worker, headers: &mut HeaderMap) -> HeaderValue {
    let usable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= MAX_REQUEST_ID_BYTES && bytes.iter().all(u8::is_ascii_graphic)
    };
    if let Some(value) = headers.get(REQUEST_ID).filter(usable) {
        return value.clone();
    }
    let value = new_request_id(worker);
    headers.insert(REQUEST_ID, value.clone());
    value
}

/// A new request id of 16 hexadecimal digits.
fn new_request_id(worker: &Worker) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let random = worker.rng.borrow_mut().next_u64();
    let mut text = [0_u8; 16];
    for (index, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[(random >> (index * 4) & 15) as usize];
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0"))
}

/// Takes out what only this server may say.
pub(super) fn strip(headers: &mut HeaderMap) {
    let is_forged = |name: &HeaderName| name.as_str().starts_with(OWN_PREFIX);
    if headers.keys().any(is_forged) {
        let forged: Vec<HeaderName> = headers.keys().filter(|name| is_forged(name)).cloned().collect();
        for name in forged {
            headers.remove(name);
        }
    }
}

/// Makes a call's metadata what goes on to the backend at a target.
pub(super) fn backend_headers(
    worker: &Worker,
    mut headers: HeaderMap,
    target: &str,
    deadline: Instant,
) -> HeaderMap {
    strip(&mut headers);
    for name in [API_KEY, HOST, CONTENT_LENGTH, GRPC_ENCODING] {
        headers.remove(name);
    }
    worker.shared.config.forward_metadata.withhold(target, &mut headers);
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let left = deadline.saturating_duration_since(Instant::now());
    headers.insert(GRPC_TIMEOUT, format_timeout(left));
    for name in [GRPC_TIMEOUT, REQUEST_ID, ENTITY_ID, ENTITY_ID_ALIAS, ENTITY_ID_BINARY, TRACEPARENT] {
        if let Some(value) = headers.get_mut(name) {
            keep_out_of_tables(value);
        }
    }
    headers
}

/// Has a value that is another in the next call written out, instead of being remembered by both ends of a connection:
/// among values that never come again each would be looked for, and would push out those that do.
pub(super) fn keep_out_of_tables(value: &mut HeaderValue) {
    value.set_sensitive(true);
}

/// Reads `grpc-timeout`: up to eight digits and a unit.
pub(super) fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let (&unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3_600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes `grpc-timeout` in the finest unit that eight digits can hold.
pub(super) fn format_timeout(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let (amount, unit) = match timeout.as_micros() {
        micros if micros <= MOST => (micros, 'u'),
        micros if micros / 1_000 <= MOST => (micros / 1_000, 'm'),
        micros => ((micros / 1_000_000).min(MOST), 'S'),
    };
    HeaderValue::try_from(format!("{amount}{unit}")).unwrap_or(HeaderValue::from_static("0u"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_and_written_as_the_protocol_says() {
        let parse = |text: &'static str| parse_timeout(&HeaderValue::from_static(text));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("1H"), Some(Duration::from_secs(3_600)));
        for wrong in ["", "5", "m", "123456789m", "5x", "-1S"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        for timeout in [Duration::from_micros(1), Duration::from_secs(99), Duration::from_secs(1_000_000)] {
            assert_eq!(parse_timeout(&format_timeout(timeout)), Some(timeout));
        }
    }
}
