//! Answers of backends that compress though identity was asked for: nothing can be put behind them, or read in them,
//! before they are inflated.

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_LENGTH};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{inflating::inflate, metadata::GRPC_ENCODING};
use crate::{
    messages::{budget::Reservation, status::CallError},
    upstream::{Answer, garbage, gather_large},
    worker::Worker,
};

/// Inflates an answer that is compressed; any other stays as it is.
///
/// # Errors
/// It is longer than a message may be, in either form, or the memory for messages is full, or it cannot be inflated.
pub(crate) async fn plain(worker: &Worker, answer: Answer, deadline: Instant) -> Result<Answer, CallError> {
    let limits = &worker.shared.config.limits;
    let most = limits.max_message_bytes;
    match answer {
        Answer::Whole { headers, message, compressed: true, trailers } => {
            inflated(worker, headers, message, trailers).await
        }
        Answer::Large { headers, start, stream, .. } if start.prefix.compressed => {
            let _packed = worker.reserve((start.prefix.length as usize).min(most))?;
            let gathering = gather_large(start, stream, most);
            let gathered = timeout_at(deadline, gathering).await.map_err(|_| CallError::deadline())?;
            let (message, trailers) = gathered?;
            inflated(worker, headers, message, trailers).await
        }
        answer => Ok(answer),
    }
}

async fn inflated(
    worker: &Worker,
    mut headers: HeaderMap,
    packed: Bytes,
    trailers: HeaderMap,
) -> Result<Answer, CallError> {
    let encoding = headers.remove(GRPC_ENCODING);
    headers.remove(CONTENT_LENGTH);
    let most = worker.shared.config.limits.max_message_bytes;
    let held = worker.reserve(0)?;
    let inflating = move |_| {
        let encoding = encoding.as_ref().map_or(&b""[..], |value| value.as_bytes());
        inflate(encoding, &packed, most, held).map_err(|error| of_inflating(error, encoding))
    };
    let (message, reservation) = worker.tasks().run(inflating).await??;
    if message.len() > most {
        return Err(CallError::exhausted(format!(
            "the backend's answer is compressed and above the limit of {most} bytes (limits.max_message_bytes); \
             have it answer less, or raise the limit"
        )));
    }
    let message = Bytes::from_owner(Held { message, _reservation: reservation });
    Ok(Answer::Whole { headers, message, compressed: false, trailers })
}

/// What is wrong with a request would be the client's fault; with an answer it is the backend's.
fn of_inflating(error: CallError, encoding: &[u8]) -> CallError {
    if error.code == Code::ResourceExhausted {
        return error;
    }
    garbage(&format!(
        "it is compressed as {:?} though identity was asked for, and cannot be inflated",
        String::from_utf8_lossy(encoding)
    ))
}

/// A message whose memory counts until nobody has it any more.
struct Held {
    message: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}
