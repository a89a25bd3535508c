//! How a call's message is read: within its limit, inflated if need be, and to its true end.

use std::io::Read;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{call::Call, metadata::GRPC_ENCODING};
use crate::{
    budget::Reservation,
    message::{self, MessageStart, Start, client_gone},
    status::CallError,
};

/// A message that was read, and the memory that it takes.
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    /// Given back when the call ends; none for small messages that came in one piece.
    pub(crate) reservation: Option<Reservation>,
}

impl Call {
    /// Reads up to the message's prefix and checks it. The caller decides how to read on.
    pub(crate) async fn read_start(&mut self) -> Result<MessageStart, CallError> {
        let start = match message::read_start(&mut self.body).await.map_err(|error| client_gone(&error))? {
            Start::Message(start) => start,
            Start::Empty => return Err(CallError::invalid("the call has no message; send exactly one")),
            Start::Truncated => return Err(CallError::invalid("the stream ended inside a message's prefix")),
            Start::Malformed(error) => return Err(CallError::invalid(error.to_string())),
        };
        self.check_length(start.prefix.length as usize)?;
        Ok(start)
    }

    fn check_length(&self, length: usize) -> Result<(), CallError> {
        let most = self.worker.shared.config.limits.max_message_bytes;
        if length <= most {
            return Ok(());
        }
        Err(CallError::exhausted(format!(
            "message: {length} bytes are above the limit of {most} (limits.max_message_bytes); \
             send less, or have the limit raised"
        )))
    }

    /// Reads the call's one message, inflated if need be, within its time.
    pub(crate) async fn read_message(&mut self, deadline: Instant) -> Result<Message, CallError> {
        let reading = async {
            let start = self.read_start().await?;
            self.read_whole(start).await
        };
        let late =
            |_| CallError::new(Code::DeadlineExceeded, "the deadline passed before the request was complete");
        timeout_at(deadline, reading).await.map_err(late)?
    }

    /// Reads on to the message's end and inflates it if need be.
    pub(crate) async fn read_whole(&mut self, start: MessageStart) -> Result<Message, CallError> {
        let length = start.prefix.length as usize;
        let budget = &self.worker.shared.budget;
        // A small message that came with its prefix is gone soon; one that is waited for counts, or slow
        // clients would hold memory without bound.
        let is_counted = length > message::SMALL_MESSAGE_BYTES || start.bytes.len() < length;
        let mut reservation = is_counted.then(|| budget.reserve(length)).transpose()?;
        let bytes = message::gather(start.bytes, length, &mut self.body)
            .await
            .map_err(|error| client_gone(&error))?;
        if bytes.len() < length {
            return Err(CallError::invalid(format!(
                "message: {} bytes came but its length prefix says {length}; the message was cut or the prefix \
                 is wrong",
                bytes.len()
            )));
        }
        if bytes.len() > length {
            return Err(message::second_message());
        }
        message::expect_end(&mut self.body).await?;
        if !start.prefix.compressed {
            return Ok(Message { bytes, reservation });
        }
        let inflated = self.inflate(bytes).await?;
        if inflated.len() > message::SMALL_MESSAGE_BYTES {
            // The compressed form is gone by now.
            drop(reservation.take());
            reservation = Some(budget.reserve(inflated.len())?);
        }
        self.headers.remove(GRPC_ENCODING);
        Ok(Message { bytes: inflated, reservation })
    }

    async fn inflate(&self, bytes: Bytes) -> Result<Bytes, CallError> {
        let encoding = self.headers.get(GRPC_ENCODING).map_or(&b""[..], |value| value.as_bytes()).to_vec();
        let most = self.worker.shared.config.limits.max_message_bytes;
        let inflating = move |_| {
            let mut inflated = Vec::new();
            // One byte more than allowed tells a message that is too large from one that just fits.
            let limit = most as u64 + 1;
            let read = match &encoding[..] {
                b"gzip" => flate2::read::GzDecoder::new(&bytes[..]).take(limit).read_to_end(&mut inflated),
                b"deflate" => {
                    flate2::read::ZlibDecoder::new(&bytes[..]).take(limit).read_to_end(&mut inflated)
                }
                _ => {
                    return Err(CallError::new(
                        Code::Unimplemented,
                        format!(
                            "grpc-encoding {:?} is not known; use gzip, deflate or identity",
                            String::from_utf8_lossy(&encoding)
                        ),
                    ));
                }
            };
            read.map_err(|error| CallError::invalid(format!("the message cannot be inflated: {error}")))?;
            Ok(Bytes::from(inflated))
        };
        let inflated = self.worker.shared.tasks.run(inflating).await??;
        self.check_length(inflated.len())?;
        Ok(inflated)
    }
}
