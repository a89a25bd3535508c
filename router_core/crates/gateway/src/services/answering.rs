//! Answering with what a backend said and the decision's receipt.

use std::{borrow::Cow, collections::VecDeque};

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

use super::{forward::prefix, metadata::keep_out_of_tables};
use crate::{
    messages::{
        message::{self, MessageStart},
        status::{BACKENDS_OWN, CallError, GRPC_MESSAGE, GRPC_STATUS, code_value},
    },
    recording::observation::Observation,
    replies::{large_reply::LargeReply, reply::Reply},
    routing::routes::Target,
    upstream::{Answer, broken, garbage},
};

/// Turns what a backend answered to ModelInfer into what the client gets.
pub(crate) async fn reply_to_infer(
    answer: Answer,
    observation: Observation,
    answer_name: Option<Id>,
    deadline: Instant,
) -> Result<Reply, CallError> {
    match answer {
        Answer::Failed { code, trailers } => {
            Ok(conclude(Err(Failure::Backends { code, trailers }), observation))
        }
        Answer::Whole { mut headers, message, trailers, .. } => {
            headers.remove(CONTENT_LENGTH);
            let message = Answering::Infer(message, answer_name);
            Ok(conclude(Ok(Conclusion { headers, message, trailers }), observation))
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

/// An answer that is ready but for its receipt.
pub(crate) struct Conclusion {
    headers: HeaderMap,
    message: Answering,
    trailers: HeaderMap,
}

/// The message of an answer.
pub(crate) enum Answering {
    /// A model's own, as it is recorded, without its prefix; and the name that it is to bear.
    Infer(Bytes, Option<Id>),
    /// One that was made here, with its prefix; it holds what a receipt says.
    Predict(Bytes),
}

impl Conclusion {
    /// An answer with which no backend's metadata came.
    pub(crate) fn new(message: Answering) -> Self {
        let mut trailers = HeaderMap::with_capacity(8);
        trailers.insert(GRPC_STATUS, code_value(Code::Ok));
        Self { headers: HeaderMap::with_capacity(1), message, trailers }
    }
}

/// Why there is no answer.
pub(crate) enum Failure {
    /// Found here, or on the way to the backend.
    Ours(CallError),
    /// The backend's own, to pass on.
    Backends { code: Code, trailers: HeaderMap },
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Ours(error)
    }
}

/// Ends an observed call. Large answers end in [`LargeReply`], once they have passed; all others end here.
pub(crate) fn conclude(answered: Result<Conclusion, Failure>, mut observation: Observation) -> Reply {
    match answered.as_ref().map(|conclusion| &conclusion.message) {
        Ok(Answering::Infer(message, _)) => observation.record_response(BodyKind::Infer, message.clone()),
        Ok(Answering::Predict(framed)) => {
            observation.record_response(BodyKind::Predict, framed.slice(PREFIX_BYTES..));
        }
        Err(_) => {}
    }
    let receipt = observation.receipt();
    let concluded = answered.and_then(|Conclusion { headers, message, trailers }| match message {
        Answering::Infer(message, name) => {
            Ok((headers, with_receipt(&message, &receipt, name.as_ref())?, trailers))
        }
        Answering::Predict(framed) => Ok((headers, framed, trailers)),
    });
    match concluded {
        Ok((headers, message, mut trailers)) => {
            put_metadata(&receipt, &mut trailers);
            let commit = observation.finish(Code::Ok, "");
            Reply::Unary { headers, message, trailers }.after(commit)
        }
        Err(failure) => {
            let (code, mut trailers, reason) = failed(failure, observation.target());
            observation.fail(code);
            put_metadata(&observation.receipt(), &mut trailers);
            let commit = observation.finish(code, &reason);
            Reply::Failed { trailers }.after(commit)
        }
    }
}

/// Ends an observed call with a failure of our own.
pub(crate) fn fail(error: CallError, observation: Observation) -> Reply {
    conclude(Err(Failure::Ours(error)), observation)
}

/// The status and trailers of a failure, which say which variant it is of, and what the log says of it.
fn failed(failure: Failure, target: Option<&Target>) -> (Code, HeaderMap, Cow<'static, str>) {
    match failure {
        Failure::Ours(error) => {
            let error = match target {
                Some(target) => error.of_variant(target.name.as_str()),
                None => error,
            };
            let mut trailers = HeaderMap::with_capacity(8);
            error.write(&mut trailers);
            (error.code, trailers, error.into_log_reason())
        }
        Failure::Backends { code, mut trailers } => {
            trailers.remove(CONTENT_TYPE);
            trailers.remove(CONTENT_LENGTH);
            if let Some(target) = target {
                let said = trailers
                    .get(GRPC_MESSAGE)
                    .map_or(&b"the backend gave no reason"[..], |value| value.as_bytes());
                let message = [b"variant ", target.name.as_str().as_bytes(), b": ", said].concat();
                if let Ok(message) = HeaderValue::from_bytes(&message) {
                    trailers.insert(GRPC_MESSAGE, message);
                }
            }
            trailers.insert(GRPC_STATUS, code_value(code));
            (code, trailers, BACKENDS_OWN.into())
        }
    }
}

/// A small response with its prefix, the receipt behind it and, if wanted, another name.
fn with_receipt(message: &[u8], receipt: &Receipt<'_>, name: Option<&Id>) -> Result<Bytes, CallError> {
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

/// Writes the receipt into trailing metadata.
fn put_metadata(receipt: &Receipt<'_>, trailers: &mut HeaderMap) {
    const PREDICTION_ID: usize = 0;
    const NAMES: [HeaderName; 8] = [
        HeaderName::from_static(Receipt::METADATA_NAMES[0]),
        HeaderName::from_static(Receipt::METADATA_NAMES[1]),
        HeaderName::from_static(Receipt::METADATA_NAMES[2]),
        HeaderName::from_static(Receipt::METADATA_NAMES[3]),
        HeaderName::from_static(Receipt::METADATA_NAMES[4]),
        HeaderName::from_static(Receipt::METADATA_NAMES[5]),
        HeaderName::from_static(Receipt::METADATA_NAMES[6]),
        HeaderName::from_static(Receipt::METADATA_NAMES[7]),
    ];
    for (place, (name, value)) in NAMES.into_iter().zip(receipt.values()).enumerate() {
        if let Some(mut value) =
            Some(value).filter(|value| !value.is_empty()).and_then(|v| HeaderValue::from_str(v).ok())
        {
            if place == PREDICTION_ID {
                keep_out_of_tables(&mut value);
            }
            trailers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_backend_says_of_its_failure_is_for_the_client_and_not_for_the_log() {
        let trailers = HeaderMap::from_iter([(GRPC_MESSAGE, HeaderValue::from_static("row 17 of ann"))]);
        let (code, trailers, reason) = failed(Failure::Backends { code: Code::Internal, trailers }, None);
        assert_eq!((code, &*reason), (Code::Internal, BACKENDS_OWN));
        assert_eq!(trailers[GRPC_MESSAGE], "row 17 of ann");
        let (code, _, reason) = failed(CallError::unavailable("cannot be reached").into(), None);
        assert_eq!((code, &*reason), (Code::Unavailable, "cannot be reached"));
    }
}
