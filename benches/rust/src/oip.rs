//! The Open Inference Protocol as bytes: a request to send, and an answer that echoes one without copying it.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// The path of the call that everything here is about.
pub const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
/// Compression flag and length before each message.
pub const PREFIX_LENGTH: usize = 5;

const MODEL_NAME: u8 = 1 << 3 | 2;
const MODEL_VERSION: u8 = 2 << 3 | 2;
const ID: u8 = 3 << 3 | 2;
const TENSOR: u8 = 5 << 3 | 2;
const RAW_OUTPUT: u8 = 6 << 3 | 2;
const RAW_INPUT: u8 = 7 << 3 | 2;

/// A message in the pieces it arrived in.
#[derive(Debug, Default)]
pub struct Pieces {
    pieces: VecDeque<Bytes>,
    remaining: usize,
}

impl Pieces {
    /// Adds what arrived next.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.remaining += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Cuts off the first bytes by reference; none when there are fewer.
    fn take_into(&mut self, mut length: usize, target: &mut Vec<Bytes>) -> Option<()> {
        if length > self.remaining {
            return None;
        }
        self.remaining -= length;
        while length > 0 {
            let front = self.pieces.front_mut()?;
            if front.len() > length {
                target.push(front.split_to(length));
                break;
            }
            length -= front.len();
            target.extend(self.pieces.pop_front());
        }
        Some(())
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take_into(length, &mut Vec::new())
    }

    /// Cuts off the first bytes as one slice.
    fn take(&mut self, length: usize) -> Option<Bytes> {
        let mut parts = Vec::with_capacity(1);
        self.take_into(length, &mut parts)?;
        if parts.len() <= 1 {
            return Some(parts.pop().unwrap_or_default());
        }
        Some(parts.concat().into())
    }

    fn read_byte(&mut self) -> Option<u8> {
        let front = self.pieces.front_mut()?;
        let byte = front.get_u8();
        self.remaining -= 1;
        if front.is_empty() {
            self.pieces.pop_front();
        }
        Some(byte)
    }

    fn read_varint(&mut self) -> Option<usize> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.read_byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(value).ok();
            }
        }
        None
    }
}

/// What an inference request says outside its tensors.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequestHead {
    /// The model that is asked.
    pub model_name: Bytes,
    /// The version that is asked for.
    pub model_version: Bytes,
    /// The caller's id of this request.
    pub id: Bytes,
}

impl RequestHead {
    /// Takes a field's value when it belongs to the head; whether it did.
    fn take_field(&mut self, tag: usize, request: &mut Pieces) -> Option<bool> {
        let place = match u8::try_from(tag) {
            Ok(MODEL_NAME) => &mut self.model_name,
            Ok(MODEL_VERSION) => &mut self.model_version,
            Ok(ID) => &mut self.id,
            _ => return Some(false),
        };
        *place = take_delimited(request)?;
        Some(true)
    }
}

/// Reads a whole inference request with its prefix and answers its head and its first raw input. None when it is
/// no such request.
pub fn read_request(mut request: Pieces) -> Option<(RequestHead, Bytes)> {
    begin_message(&mut request)?;
    let mut head = RequestHead::default();
    let mut input = None;
    while request.remaining > 0 {
        let tag = request.read_varint()?;
        if head.take_field(tag, &mut request)? {
            continue;
        }
        match u8::try_from(tag) {
            Ok(RAW_INPUT) if input.is_none() => input = Some(take_delimited(&mut request)?),
            _ => skip_value(&mut request, tag & 7)?,
        }
    }
    Some((head, input?))
}

/// Reads a whole inference request with its prefix and answers its head and the response that gives every
/// tensor back, prefix included. None when it is no such request.
pub fn echo(mut request: Pieces) -> Option<(RequestHead, Vec<Bytes>)> {
    begin_message(&mut request)?;
    let mut head = RequestHead::default();
    let mut tensors = Vec::with_capacity(8);
    while request.remaining > 0 {
        let tag = request.read_varint()?;
        if head.take_field(tag, &mut request)? {
            continue;
        }
        match u8::try_from(tag) {
            // An input tensor has the fields of an output tensor.
            Ok(TENSOR) => move_delimited(&mut request, TENSOR, &mut tensors)?,
            Ok(RAW_INPUT) => move_delimited(&mut request, RAW_OUTPUT, &mut tensors)?,
            _ => skip_value(&mut request, tag & 7)?,
        }
    }
    let mut start = BytesMut::with_capacity(64);
    start.extend_from_slice(&[0; PREFIX_LENGTH]);
    put_delimited(&mut start, MODEL_NAME, &head.model_name);
    put_delimited(&mut start, ID, &head.id);
    let tail: usize = tensors.iter().map(Bytes::len).sum();
    let length = u32::try_from(start.len() - PREFIX_LENGTH + tail).ok()?;
    start[1..PREFIX_LENGTH].copy_from_slice(&length.to_be_bytes());
    if start.len() + tail <= 16_384 {
        // One frame costs less than many small ones.
        tensors.iter().for_each(|tensor| start.extend_from_slice(tensor));
        return Some((head, vec![start.freeze()]));
    }
    let mut response = Vec::with_capacity(tensors.len() + 1);
    response.push(start.freeze());
    response.append(&mut tensors);
    Some((head, response))
}

/// Writes an inference request with its prefix: one FP32 tensor of about so many raw bytes.
pub fn build_request(model_name: &str, id: &str, raw_bytes: usize) -> Bytes {
    let elements = (raw_bytes / 4).max(1);
    let mut shape = BytesMut::new();
    put_varint(&mut shape, 1);
    put_varint(&mut shape, elements);
    let mut tensor = BytesMut::new();
    put_delimited(&mut tensor, MODEL_NAME, b"features");
    put_delimited(&mut tensor, MODEL_VERSION, b"FP32");
    put_delimited(&mut tensor, ID, &shape);
    let raw: Vec<u8> = (0..elements).flat_map(|element| (element as f32 * 0.25).to_le_bytes()).collect();

    let mut message = BytesMut::with_capacity(raw.len() + 128);
    message.extend_from_slice(&[0; PREFIX_LENGTH]);
    put_delimited(&mut message, MODEL_NAME, model_name.as_bytes());
    put_delimited(&mut message, ID, id.as_bytes());
    put_delimited(&mut message, TENSOR, &tensor);
    put_delimited(&mut message, RAW_INPUT, &raw);
    let length = (message.len() - PREFIX_LENGTH) as u32;
    message[1..PREFIX_LENGTH].copy_from_slice(&length.to_be_bytes());
    message.freeze()
}

/// Writes a message of string and varint fields, for the small answers of a backend.
pub fn build_small(strings: &[(u8, &[u8])], truths: &[u8]) -> Bytes {
    let mut message = BytesMut::new();
    message.extend_from_slice(&[0; PREFIX_LENGTH]);
    for (field, value) in strings {
        put_delimited(&mut message, field << 3 | 2, value);
    }
    for field in truths {
        message.extend_from_slice(&[field << 3, 1]);
    }
    let length = (message.len() - PREFIX_LENGTH) as u32;
    message[1..PREFIX_LENGTH].copy_from_slice(&length.to_be_bytes());
    message.freeze()
}

/// The metadata of the one tensor that the echo takes, as a field's contents.
pub fn tensor_metadata(name: &str) -> Bytes {
    let mut tensor = BytesMut::new();
    put_delimited(&mut tensor, MODEL_NAME, name.as_bytes());
    put_delimited(&mut tensor, MODEL_VERSION, b"FP32");
    let mut shape = BytesMut::new();
    put_varint(&mut shape, 1);
    // Minus one, any length, as protobuf writes it.
    shape.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    put_delimited(&mut tensor, ID, &shape);
    tensor.freeze()
}

/// Takes the prefix of the one message that the pieces are.
fn begin_message(request: &mut Pieces) -> Option<()> {
    let prefix = request.take(PREFIX_LENGTH)?;
    let length = u32::from_be_bytes(prefix[1..].try_into().ok()?) as usize;
    (prefix[0] == 0 && length == request.remaining).then_some(())
}

fn take_delimited(request: &mut Pieces) -> Option<Bytes> {
    let length = request.read_varint()?;
    request.take(length)
}

fn move_delimited(request: &mut Pieces, tag: u8, target: &mut Vec<Bytes>) -> Option<()> {
    let length = request.read_varint()?;
    let mut start = BytesMut::with_capacity(11);
    start.extend_from_slice(&[tag]);
    put_varint(&mut start, length);
    target.push(start.freeze());
    request.take_into(length, target)
}

fn skip_value(request: &mut Pieces, wire_type: usize) -> Option<()> {
    match wire_type {
        0 => request.read_varint().map(drop),
        1 => request.skip(8),
        2 => {
            let length = request.read_varint()?;
            request.skip(length)
        }
        5 => request.skip(4),
        _ => None,
    }
}

fn put_delimited(target: &mut BytesMut, tag: u8, value: &[u8]) {
    if value.is_empty() {
        return;
    }
    target.extend_from_slice(&[tag]);
    put_varint(target, value.len());
    target.extend_from_slice(value);
}

fn put_varint(target: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        target.extend_from_slice(&[value as u8 | 0x80]);
        value >>= 7;
    }
    target.extend_from_slice(&[value as u8]);
}

#[cfg(test)]
mod tests {
    use super::{Pieces, build_request, echo};
    use bytes::Bytes;

    fn cut(message: &Bytes, size: usize) -> Pieces {
        let mut pieces = Pieces::default();
        message.chunks(size).for_each(|chunk| pieces.push(Bytes::copy_from_slice(chunk)));
        pieces
    }

    #[test]
    fn a_request_comes_back_the_same_however_it_is_cut() {
        let request = build_request("echo-a", "r1", 100_000);
        let whole = echo(cut(&request, request.len())).expect("valid").1.concat();
        for size in [1, 3, 16_384] {
            let (head, response) = echo(cut(&request, size)).expect("valid");
            assert_eq!(head.model_name, "echo-a");
            assert_eq!(response.concat(), whole);
        }
        let raw = &request[request.len() - 100_000..];
        assert_eq!(&whole[whole.len() - 100_000..], raw);
    }

    #[test]
    fn a_truncated_request_is_none() {
        let request = build_request("echo-a", "r1", 64);
        assert!(echo(cut(&request.slice(..request.len() - 1), 16)).is_none());
    }
}
