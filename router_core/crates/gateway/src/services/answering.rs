//! Answering with what a backend said and the decision's receipt.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use pointsman_model::Id;
use pointsman_wire::{
    HeadScanner, PREFIX_BYTES, Receipt, generated::pointsman_v1::BodyKind, splice_response_model_name,
    spliced_message_length,
};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::forward::prefix;
use crate::{
    large_reply::LargeReply,
    message::{self, MessageStart},
    observation::Observation,
    reply::Reply,
    status::{CallError, GRPC_MESSAGE, GRPC_STATUS, code_value},
    upstream::{Answer, broken, garbage},
};

/// Turns what a backend answered to ModelInfer into what the client gets.
pub(crate) async fn reply_to_infer(
    answer: Answer,
    mut observation: Observation,
    answer_name: Option<Id>,
    deadline: Instant,
) -> Result<Reply, CallError> {
    match answer {
        Answer::Failed { code, trailers } => Ok(relay_failure(code, trailers, observation)),
        Answer::Whole { mut headers, message, mut trailers, .. } => {
            observation.record_response(BodyKind::Infer, message.clone());
            let receipt = observation.receipt();
            let framed = with_receipt(&message, &receipt, answer_name.as_ref());
            put_metadata(&receipt, &mut trailers);
            let message = match framed {
                Ok(message) => message,
                Err(error) => return Ok(fail(error, observation)),
            };
            headers.remove(CONTENT_LENGTH);
            let commit = observation.finish(Code::Ok);
            Ok(Reply::Unary { headers, message, trailers }.after(commit))
        }
        Answer::Large { mut headers, start, stream, place } => {
            headers.remove(CONTENT_LENGTH);
            let receipt = observation.receipt();
            let beginning = begin_large(start, stream, &receipt, answer_name.as_ref());
            let begun = timeout_at(deadline, beginning).await.unwrap_or_else(|_| Err(CallError::deadline()));
            let mut metadata = HeaderMap::with_capacity(8);
            put_metadata(&receipt, &mut metadata);
            let Large { pieces, left, stream, receipt } = match begun {
                Ok(large) => large,
                Err(error) => return Ok(fail(error, observation)),
            };
            Ok(Reply::Large(Box::new(LargeReply {
                headers,
                pieces,
                left,
                stream,
                receipt,
                metadata,
                observation,
                deadline,
                place,
                trailers: None,
                held: None,
            })))
        }
    }
}

/// Answers OK with a message that was made here.
pub(crate) fn succeed(message: Bytes, mut observation: Observation) -> Reply {
    let mut trailers = HeaderMap::with_capacity(8);
    trailers.insert(GRPC_STATUS, code_value(Code::Ok));
    put_metadata(&observation.receipt(), &mut trailers);
    let commit = observation.finish(Code::Ok);
    Reply::Unary { headers: HeaderMap::with_capacity(1), message, trailers }.after(commit)
}

/// A small response with its prefix, the receipt behind it and, if wanted, another name.
pub(crate) fn with_receipt(
    message: &[u8],
    receipt: &Receipt<'_>,
    name: Option<&Id>,
) -> Result<Bytes, CallError> {
    let receipt_length = receipt.encoded_length();
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len() + receipt_length + 140);
    framed.put_bytes(0, PREFIX_BYTES);
    // A receipt behind what is no protobuf would make a client blame the router.
    let scan = pointsman_wire::scan_response_head(message, message.len())
        .map_err(|error| garbage(&error.to_string()))?
        .ok_or_else(|| garbage("its head is cut"))?;
    match name {
        None => framed.put_slice(message),
        Some(name) => {
            splice_response_model_name(message, &scan, name.as_str(), &mut framed);
            framed.put_slice(message.get(scan.length..).unwrap_or_default());
        }
    }
    receipt.encode(&mut framed);
    let prefix = prefix(framed.len() - PREFIX_BYTES)?;
    if let Some(place) = framed.first_chunk_mut::<PREFIX_BYTES>() {
        *place = prefix;
    }
    Ok(framed.freeze())
}

/// The start of a large answer, rewritten.
struct Large {
    pieces: VecDeque<Bytes>,
    left: usize,
    stream: h2::RecvStream,
    receipt: Bytes,
}

async fn begin_large(
    start: MessageStart,
    mut stream: h2::RecvStream,
    receipt: &Receipt<'_>,
    name: Option<&Id>,
) -> Result<Large, CallError> {
    let length = start.prefix.length as usize;
    let mut bytes = start.bytes;
    let mut receipt_bytes = BytesMut::new();
    let mut head = BytesMut::new();
    let mut new_length = length;
    receipt.encode(&mut receipt_bytes);
    if let Some(name) = name {
        let mut scanner = HeadScanner::response();
        let scan = loop {
            match scanner.advance(&bytes, length).map_err(|error| garbage(&error.to_string()))? {
                Some(scan) => break scan,
                None => match message::next_data(&mut stream).await.map_err(|error| broken(&error))? {
                    Some(data) => bytes = message::join(bytes, data),
                    None => return Err(garbage("it ended inside the message")),
                },
            }
        };
        let spliced = spliced_message_length(start.prefix.length, &scan, name.as_str(), "");
        new_length = spliced.map_err(|error| garbage(&error.to_string()))? as usize;
        head.put_slice(&prefix(new_length + receipt_bytes.len())?);
        splice_response_model_name(&bytes, &scan, name.as_str(), &mut head);
        bytes = bytes.slice(scan.length..);
    } else {
        head.put_slice(&prefix(new_length + receipt_bytes.len())?);
    }
    let there = head.len() - PREFIX_BYTES + bytes.len();
    let left = new_length.checked_sub(there).ok_or_else(|| garbage("more bytes follow the message"))?;
    let (pieces, receipt) = (VecDeque::from([head.freeze(), bytes]), receipt_bytes.freeze());
    Ok(Large { pieces, left, stream, receipt })
}

/// A backend's own failure, said of its variant.
pub(crate) fn relay_failure(code: Code, mut trailers: HeaderMap, mut observation: Observation) -> Reply {
    trailers.remove(CONTENT_TYPE);
    trailers.remove(CONTENT_LENGTH);
    if let Some(target) = observation.target() {
        let said =
            trailers.get(GRPC_MESSAGE).map_or(&b"the backend gave no reason"[..], |value| value.as_bytes());
        let message = [b"variant ", target.name.as_str().as_bytes(), b": ", said].concat();
        if let Ok(message) = HeaderValue::from_bytes(&message) {
            trailers.insert(GRPC_MESSAGE, message);
        }
    }
    trailers.insert(GRPC_STATUS, code_value(code));
    put_metadata(&observation.receipt(), &mut trailers);
    let commit = observation.finish(code);
    Reply::Failed { trailers }.after(commit)
}

/// Our own failure after a decision, said of its variant.
pub(crate) fn fail(error: CallError, mut observation: Observation) -> Reply {
    let error = match observation.target() {
        Some(target) => error.of_variant(target.name.as_str()),
        None => error,
    };
    let mut trailers = HeaderMap::with_capacity(8);
    error.write(&mut trailers);
    put_metadata(&observation.receipt(), &mut trailers);
    let commit = observation.finish(error.code);
    Reply::Failed { trailers }.after(commit)
}

/// Writes the receipt into trailing metadata.
fn put_metadata(receipt: &Receipt<'_>, trailers: &mut HeaderMap) {
    const NAMES: [HeaderName; 5] = [
        HeaderName::from_static(Receipt::METADATA_NAMES[0]),
        HeaderName::from_static(Receipt::METADATA_NAMES[1]),
        HeaderName::from_static(Receipt::METADATA_NAMES[2]),
        HeaderName::from_static(Receipt::METADATA_NAMES[3]),
        HeaderName::from_static(Receipt::METADATA_NAMES[4]),
    ];
    for (name, value) in NAMES.into_iter().zip(receipt.values()) {
        if let Some(value) =
            Some(value).filter(|value| !value.is_empty()).and_then(|v| HeaderValue::from_str(v).ok())
        {
            trailers.insert(name, value);
        }
    }
}
