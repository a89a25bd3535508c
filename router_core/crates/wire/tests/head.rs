//! The head scan, the splice and the walker, case by case.

use bytes::BytesMut;
use pointsman_wire::{
    HeadScanner, MAX_CUTS, Span, Walker, WireError, scan_head, scan_response_head, scan_whole, splice_head,
    splice_response_model_name, spliced_message_length,
};

/// model_name "cancer", id "17", parameters {"entity_id": "u1"}, then one input and raw contents.
const HEAD: &[u8] = b"\x0a\x06cancer\x1a\x0217\x22\x11\x0a\x09entity_id\x12\x04\x1a\x02u1";
const TENSORS: &[u8] = b"\x2a\x03\x0a\x01x\x3a\x04\0\0\0\0";

fn whole() -> Vec<u8> {
    [HEAD, TENSORS].concat()
}

fn walk(head_length: usize, message: &[u8]) -> Result<(), WireError> {
    let mut walker = Walker::new(head_length, message.len());
    walker.feed(&message[head_length..])?;
    walker.finish()
}

#[test]
fn the_head_ends_at_the_first_tensor_and_says_all_the_router_needs() {
    let message = whole();
    let scan = scan_head(&message, message.len()).unwrap().unwrap();
    assert_eq!(scan.length, HEAD.len());
    assert_eq!(scan.model_name(&message), Some("cancer"));
    assert_eq!(scan.model_version(&message), None);
    assert_eq!(scan.request_id(&message), Some("17"));
    assert_eq!(scan.entity_id(&message), Some("u1"));
    assert_eq!(scan.cuts.spans(), [Span { start: 0, end: 8 }]);
}

#[test]
fn one_byte_of_the_tensors_is_enough_to_end_the_head() {
    let message = whole();
    for length in 0..=HEAD.len() {
        assert_eq!(scan_head(&message[..length], message.len()), Ok(None), "{length}");
    }
    assert!(scan_head(&message[..=HEAD.len()], message.len()).unwrap().is_some());
}

#[test]
fn a_splice_puts_the_backends_names_first_and_keeps_the_rest() {
    let scan = scan_head(&whole(), whole().len()).unwrap().unwrap();
    let mut out = BytesMut::new();
    splice_head(HEAD, &scan, "lr", "3", &mut out);
    assert_eq!(out, [b"\x0a\x02lr\x12\x013", &HEAD[8..]].concat()[..]);
    let length = spliced_message_length(whole().len() as u32, &scan, "lr", "3").unwrap();
    assert_eq!(length as usize, out.len() + TENSORS.len());
}

#[test]
fn an_empty_backend_version_is_left_out() {
    let message = b"\x12\x011\x0a\x01m";
    let scan = scan_head(message, message.len()).unwrap().unwrap();
    let mut out = BytesMut::new();
    splice_head(message, &scan, "lr", "", &mut out);
    assert_eq!(&out[..], b"\x0a\x02lr");
}

#[test]
fn the_last_of_repeated_names_counts_and_all_are_cut() {
    let message = b"\x0a\x01a\x12\x011\x1a\x01i\x0a\x01b\x12\x012";
    let scan = scan_head(message, message.len()).unwrap().unwrap();
    assert_eq!((scan.model_name(message), scan.model_version(message)), (Some("b"), Some("2")));
    let mut out = BytesMut::new();
    splice_head(message, &scan, "x", "", &mut out);
    assert_eq!(&out[..], b"\x0a\x01x\x1a\x01i");
}

#[test]
fn names_in_too_many_places_are_refused() {
    let message = b"\x0a\x01a\x1a\x01i".repeat(MAX_CUTS + 1);
    assert_eq!(scan_head(&message, message.len()), Err(WireError::Scattered { limit: MAX_CUTS }));
    assert!(scan_head(&message, message.len()).unwrap_err().to_string().starts_with("model_name: "));
}

#[test]
fn a_message_without_a_name_in_its_head_is_read_whole() {
    let message = [TENSORS, HEAD].concat();
    let head = scan_head(&message, message.len()).unwrap().unwrap();
    assert_eq!((head.length, head.model_name), (0, None));
    let scan = scan_whole(&message).unwrap();
    assert_eq!(scan.model_name(&message), Some("cancer"));
    assert_eq!(scan.entity_id(&message), Some("u1"));
    let kept: Vec<u8> = scan.kept().flat_map(|part| message[part].to_vec()).collect();
    assert_eq!(kept, [TENSORS, &HEAD[8..]].concat());
}

#[test]
fn a_name_after_the_tensors_is_refused_by_the_walker() {
    for (late, field) in
        [(&b"\x0a\x01b"[..], "model_name"), (b"\x12\x019", "model_version"), (b"\x08\x01", "model_name")]
    {
        let message = [HEAD, TENSORS, late].concat();
        assert_eq!(walk(HEAD.len(), &message), Err(WireError::Override { field }));
    }
}

#[test]
fn an_overlong_key_hides_no_name() {
    let message = [HEAD, TENSORS, b"\x8a\x00\x01b"].concat();
    assert_eq!(walk(HEAD.len(), &message), Err(WireError::Override { field: "model_name" }));
    for key in [&b"\x8a\x80\x80\x80\x80\x00\x01b"[..], b"\x8a\x80\x80\x80\x10\x01b"] {
        let message = [HEAD, TENSORS, key].concat();
        assert!(matches!(walk(HEAD.len(), &message), Err(WireError::Key { .. })), "{key:?}");
    }
}

#[test]
fn a_known_field_of_another_wire_type_hides_no_name() {
    // Most readers skip four bytes here; prost reads an empty map entry, then a name.
    for key in [b"\x25", b"\x35"] {
        let message = [HEAD, TENSORS, key, b"\x00\x0a\x01b"].concat();
        let error = walk(HEAD.len(), &message).unwrap_err();
        assert!(matches!(error, WireError::NotLengthDelimited { wire_type: 5, .. }), "{error}");
        assert_eq!(scan_whole(&message), Err(error));
    }
}

#[test]
fn other_fields_of_any_type_pass_the_walker() {
    let others = b"\x40\x96\x01\x49\0\0\0\0\0\0\0\0\x55\0\0\0\0\x3a\x00\xfa\x01\x02ab";
    let message = [HEAD, TENSORS, others].concat();
    assert_eq!(walk(HEAD.len(), &message), Ok(()));
}

#[test]
fn a_claimed_length_beyond_the_message_is_refused_at_once() {
    let claim = b"\x0a\xff\xff\xff\xff\x0f";
    let error = scan_head(claim, 100).unwrap_err();
    assert_eq!(error, WireError::Overrun { at: 1, field: 1, length: 0xffff_ffff, left: 94 });
    let claim = b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert!(matches!(walk(0, claim), Err(WireError::Overrun { field: 7, length: u64::MAX, .. })));
}

#[test]
fn a_cut_message_is_refused_by_scan_and_walker() {
    for length in 1..HEAD.len() {
        let is_boundary = [8, 12].contains(&length);
        assert_eq!(scan_head(&HEAD[..length], length).is_err(), !is_boundary, "{length}");
    }
    for length in 1..TENSORS.len() {
        assert_eq!(walk(0, &TENSORS[..length]).is_err(), length != 5, "{length}");
    }
    let mut walker = Walker::new(0, TENSORS.len());
    walker.feed(&TENSORS[..5]).unwrap();
    assert_eq!(walker.finish(), Err(WireError::Truncated { at: 5 }));
}

#[test]
fn more_bytes_than_the_prefix_says_are_refused() {
    let mut walker = Walker::new(0, 5);
    assert_eq!(walker.feed(TENSORS), Err(WireError::Excess { length: 5 }));
}

#[test]
fn a_walker_that_refused_stays_failed() {
    let mut walker = Walker::new(0, 100);
    assert!(walker.feed(b"\x0a").is_err());
    assert!(walker.feed(b"\x3a\x00").is_err());
    assert!(walker.finish().is_err());
}

#[test]
fn an_error_inside_a_parameter_says_where_in_the_message() {
    let message = b"\x0a\x01m\x22\x0f\x0a\x09entity_id\x12\x02\x1a\x09";
    let error = scan_head(message, message.len()).unwrap_err();
    assert_eq!(error, WireError::Overrun { at: 19, field: 3, length: 9, left: 0 });
}

#[test]
fn groups_and_field_zero_are_refused() {
    for (message, text) in [
        (&b"\x0b\x0c"[..], "field 1 has wire type 3"),
        (b"\x0c", "field 1 has wire type 4"),
        (b"\x46", "field 8 has wire type 6"),
        (b"\x02\x00", "field key is malformed"),
    ] {
        let error = scan_head(message, message.len()).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert!(walk(0, message).unwrap_err().to_string().contains(text));
    }
}

#[test]
fn wrong_types_and_texts_name_their_field() {
    let long = [b"\x0a\x81\x01".to_vec(), vec![b'a'; 129]].concat();
    for (message, text) in [
        (&b"\x08\x01"[..], "model_name: sent with protobuf wire type 0"),
        (b"\x15\0\0\0\0", "model_version: sent with protobuf wire type 5"),
        (b"\x19\0\0\0\0\0\0\0\0", "id: sent with protobuf wire type 1"),
        (b"\x20\x01", "parameters: sent with protobuf wire type 0"),
        (b"\x0a\x01\xff", "model_name: the bytes are not valid UTF-8"),
        (&long, "model_name: 129 bytes are too long; at most 128"),
        (b"\x22\x0f\x0a\x09entity_id\x12\x02\x10\x07", "parameters[\"entity_id\"]: is not a string_param"),
        (
            b"\x22\x10\x0a\x09entity_id\x12\x03\x1a\x01\xff",
            "parameters[\"entity_id\"]: the bytes are not valid",
        ),
    ] {
        let error = scan_head(message, message.len()).unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn many_small_frames_cost_no_more_than_one() {
    // A head of a million tiny fields, given byte by byte: quadratic work would take minutes.
    let message = b"\x1a\x00".repeat(500_000);
    let mut scanner = HeadScanner::request();
    for length in 0..message.len() {
        assert_eq!(scanner.advance(&message[..length], message.len()), Ok(None));
    }
    assert!(scanner.advance(&message, message.len()).unwrap().is_some());
}

#[test]
fn a_responses_name_is_replaced_and_its_version_kept() {
    let response = b"\x0a\x02lr\x12\x013\x1a\x0217\x2a\x03\x0a\x01y\x32\x04\0\0\0\0";
    let scan = scan_response_head(response, response.len()).unwrap().unwrap();
    assert_eq!(scan.model_name(response), Some("lr"));
    let mut out = BytesMut::new();
    splice_response_model_name(response, &scan, "cancer", &mut out);
    assert_eq!(&out[..], b"\x0a\x06cancer\x12\x013\x1a\x0217");
    let length = spliced_message_length(response.len() as u32, &scan, "cancer", "").unwrap();
    assert_eq!(length as usize, out.len() + response.len() - scan.length);
}
