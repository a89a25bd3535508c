//! What must hold for any bytes that claim to be a `ModelInferRequest`: the fuzz target's and the tests' oracle.
#![expect(clippy::panic, clippy::expect_used, reason = "an oracle fails by panicking")]

use bytes::BytesMut;
use pointsman_wire::{
    HeadScan, HeadScanner, Walker, WireError, generated::inference::ModelInferRequest, scan_head, scan_whole,
    splice_head, spliced_message_length,
};
use prost::Message;

const NAME: &str = "backend-model";
const VERSION: &str = "7";

/// Messages up to this size are cut at every place.
const CUT_EVERYWHERE: usize = 400;

/// Panics when the scan, the splice or the walker differs from what a protobuf reader makes of the bytes.
pub(crate) fn check(message: &[u8]) {
    let twin = ModelInferRequest::decode(message).ok();
    check_whole(message, twin.as_ref());
    check_streamed(message, twin.as_ref());
    check_cuts(message);
}

fn check_whole(message: &[u8], twin: Option<&ModelInferRequest>) {
    match (scan_whole(message), twin) {
        (Ok(scan), Some(twin)) => {
            assert_eq!(scan.length, message.len());
            check_fields(&scan, message, twin);
            check_splice(message, message, &scan, twin);
        }
        (Err(error), Some(_)) => assert!(is_stricter_on_purpose(&error), "{error}"),
        (_, None) => {}
    }
}

/// What a caller does that passes the tensors on unread.
fn check_streamed(message: &[u8], twin: Option<&ModelInferRequest>) {
    let scan = match scan_head(message, message.len()) {
        Ok(Some(scan)) => scan,
        Ok(None) => panic!("a whole message is never too short"),
        Err(error) => {
            assert!(twin.is_none() || is_stricter_on_purpose(&error), "{error}");
            return;
        }
    };
    let mut walker = Walker::new(scan.length, message.len());
    let walked = walker.feed(&message[scan.length..]).and_then(|()| walker.finish());
    match (walked, twin) {
        (Ok(()), Some(twin)) => {
            assert_eq!(scan.model_name(message).unwrap_or_default(), twin.model_name);
            assert_eq!(scan.model_version(message).unwrap_or_default(), twin.model_version);
            check_splice(message, &message[..scan.length], &scan, twin);
        }
        (Err(error), Some(_)) => assert!(is_stricter_on_purpose(&error), "{error}"),
        (_, None) => {}
    }
}

fn check_fields(scan: &HeadScan, message: &[u8], twin: &ModelInferRequest) {
    use pointsman_wire::generated::inference::infer_parameter::ParameterChoice;
    assert_eq!(scan.model_name(message).unwrap_or_default(), twin.model_name);
    assert_eq!(scan.model_version(message).unwrap_or_default(), twin.model_version);
    assert_eq!(scan.request_id(message).unwrap_or_default(), twin.id);
    let parameter = twin.parameters.get("entity_id").and_then(|value| value.parameter_choice.as_ref());
    let entity_id = match parameter {
        Some(ParameterChoice::StringParam(text)) => text.as_str(),
        None => "",
        Some(other) => panic!("{other:?} was taken for a text"),
    };
    assert_eq!(scan.entity_id(message).unwrap_or_default(), entity_id);
}

/// The backend must read its own names and, of everything else, what the client wrote.
fn check_splice(message: &[u8], head: &[u8], scan: &HeadScan, twin: &ModelInferRequest) {
    let mut spliced = BytesMut::new();
    splice_head(head, scan, NAME, VERSION, &mut spliced);
    spliced.extend_from_slice(&message[head.len()..]);
    let length = spliced_message_length(message.len() as u32, scan, NAME, VERSION);
    assert_eq!(length, Ok(spliced.len() as u32));
    let read = ModelInferRequest::decode(spliced.freeze()).expect("the splice keeps a message readable");
    let expected =
        ModelInferRequest { model_name: NAME.to_owned(), model_version: VERSION.to_owned(), ..twin.clone() };
    // Compared as bytes, for NaN is not equal to itself.
    assert_eq!(read.encode_to_vec(), expected.encode_to_vec());
}

/// Frames may end anywhere; that changes nothing.
fn check_cuts(message: &[u8]) {
    let at_once = scan_head(message, message.len());
    let step = message.len() / CUT_EVERYWHERE + 1;
    let mut scanner = HeadScanner::request();
    let mut streamed = Ok(None);
    for length in (0..message.len()).step_by(step).chain([message.len()]) {
        streamed = scanner.advance(&message[..length], message.len());
        let fresh = scan_head(&message[..length], message.len());
        assert_eq!(streamed, fresh, "a resumed scan answers as a fresh one");
        if streamed != Ok(None) {
            break;
        }
    }
    assert_eq!(streamed, at_once);
    let Ok(Some(scan)) = at_once else { return };

    let rest = &message[scan.length..];
    let walk = |slices: &[&[u8]]| {
        let mut walker = Walker::new(scan.length, message.len());
        slices.iter().try_for_each(|slice| walker.feed(slice)).and_then(|()| walker.finish())
    };
    let at_once = walk(&[rest]);
    assert_eq!(walk(&rest.chunks(1).collect::<Vec<_>>()), at_once, "byte by byte");
    for cut in (0..rest.len()).step_by(step) {
        assert_eq!(walk(&[&rest[..cut], &rest[cut..]]), at_once, "cut at {cut}");
    }
}

/// What some protobuf readers accept and this server refuses, because readers differ there or it breaks a rule.
fn is_stricter_on_purpose(error: &WireError) -> bool {
    matches!(
        error,
        WireError::Key { .. }
            | WireError::WireType { .. }
            | WireError::NotLengthDelimited { .. }
            | WireError::TooLong { .. }
            | WireError::EntityIdType
            | WireError::Scattered { .. }
            | WireError::Override { .. }
    )
}
