//! gRPC messages on HTTP/2 streams: reading one, pumping many.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use pointsman_wire::{GrpcPrefix, PREFIX_BYTES};

use crate::messages::status::CallError;

/// Messages up to this size are taken whole; larger ones pass frame by frame.
pub(crate) const SMALL_MESSAGE_BYTES: usize = 64 << 10;

/// A stream ended before its end: HTTP/2 or the connection failed, or the peer wants no more.
#[derive(Debug)]
pub(crate) struct StreamError;

impl From<h2::Error> for StreamError {
    fn from(_: h2::Error) -> Self {
        Self
    }
}

/// Takes the next bytes of a stream and gives the window back.
pub(crate) async fn next_data(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    match poll_fn(|context| body.poll_data(context)).await {
        None => Ok(None),
        Some(Err(error)) => Err(error),
        Some(Ok(data)) => {
            body.flow_control().release_capacity(data.len())?;
            Ok(Some(data))
        }
    }
}

/// Waits for the trailers, which may be none.
pub(crate) async fn trailers(body: &mut RecvStream) -> Result<Option<HeaderMap>, h2::Error> {
    poll_fn(|context| body.poll_trailers(context)).await
}

/// The first bytes of a gRPC message and what its prefix says.
pub(crate) struct MessageStart {
    pub(crate) prefix: GrpcPrefix,
    /// What is there of the message, without its prefix; may hold more than the message.
    pub(crate) bytes: Bytes,
}

/// What stands at the start of a stream.
pub(crate) enum Start {
    /// A message.
    Message(MessageStart),
    /// Nothing: the stream ended first.
    Empty,
    /// It ended inside a prefix.
    Truncated,
    /// No gRPC message.
    Malformed(pointsman_wire::WireError),
}

/// Reads up to a message's prefix and at most one frame more.
pub(crate) async fn read_start(body: &mut RecvStream) -> Result<Start, h2::Error> {
    let mut bytes = Bytes::new();
    loop {
        match GrpcPrefix::parse(&bytes) {
            Ok(Some(prefix)) => {
                let bytes = bytes.slice(PREFIX_BYTES..);
                return Ok(Start::Message(MessageStart { prefix, bytes }));
            }
            Ok(None) => {}
            Err(error) => return Ok(Start::Malformed(error)),
        }
        match next_data(body).await? {
            Some(data) => bytes = join(bytes, data),
            None if bytes.is_empty() => return Ok(Start::Empty),
            None => return Ok(Start::Truncated),
        }
    }
}

/// Puts two pieces together; free when one is empty.
///
/// What was joined before grows in place: many small pieces are not copied again and again.
pub(crate) fn join(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut joined = first.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    joined.extend_from_slice(&second);
    joined.freeze()
}

/// Reads on until `length` bytes are there. Answers what came when the stream ends before, or with more.
///
/// Memory grows with what arrives, never by what the prefix claims.
pub(crate) async fn gather(first: Bytes, length: usize, body: &mut RecvStream) -> Result<Bytes, h2::Error> {
    if first.len() >= length {
        return Ok(first);
    }
    let mut bytes = BytesMut::from(&first[..]);
    while bytes.len() < length {
        match next_data(body).await? {
            Some(data) => bytes.extend_from_slice(&data),
            None => break,
        }
    }
    Ok(bytes.freeze())
}

/// Waits until the client closes its side; more bytes are a second message.
pub(crate) async fn expect_end(body: &mut RecvStream) -> Result<(), CallError> {
    while !body.is_end_stream() {
        match next_data(body).await.map_err(|error| client_gone(&error))? {
            Some(data) if !data.is_empty() => return Err(second_message()),
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}

pub(crate) fn second_message() -> CallError {
    CallError::invalid(
        "more bytes follow the message: send one message and close the sending side, with its true length \
         in the prefix",
    )
}

pub(crate) fn sent_too_slowly() -> CallError {
    CallError::new(
        tonic::Code::DeadlineExceeded,
        "the request was not complete in time (limits.message_timeout_seconds); send it faster, or have the limit \
         raised",
    )
}

pub(crate) fn client_gone(error: &h2::Error) -> CallError {
    CallError::new(tonic::Code::Cancelled, format!("the request stream broke: {error}"))
}

/// Sends bytes as the peer's window allows.
pub(crate) async fn send(out: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), StreamError> {
    poll_fn(|context| poll_send(out, &mut data, context)).await
}

/// Sends as many bytes as the peer's window allows now, and leaves the others in `data`.
pub(crate) fn poll_send(
    out: &mut SendStream<Bytes>,
    data: &mut Bytes,
    context: &mut Context<'_>,
) -> Poll<Result<(), StreamError>> {
    while !data.is_empty() {
        out.reserve_capacity(data.len());
        // A peer that wants no more says so by a reset; then no window will ever open.
        if out.poll_reset(context).is_ready() {
            return Poll::Ready(Err(StreamError));
        }
        let granted = match out.poll_capacity(context) {
            Poll::Ready(Some(Ok(granted))) => granted,
            Poll::Ready(_) => return Poll::Ready(Err(StreamError)),
            Poll::Pending => return Poll::Pending,
        };
        let piece = data.split_to(granted.min(data.len()));
        out.send_data(piece, false)?;
    }
    Poll::Ready(Ok(()))
}

/// Ends a request stream.
pub(crate) fn finish(out: &mut SendStream<Bytes>) -> Result<(), StreamError> {
    Ok(out.send_data(Bytes::new(), true)?)
}

/// Which side of a passed stream broke.
pub(crate) enum Broken {
    /// The one that is read.
    Source,
    /// The one that is written: the peer wants no more.
    Sink,
}

impl From<StreamError> for Broken {
    fn from(_: StreamError) -> Self {
        Self::Sink
    }
}

/// Waits for something of a source as long as the peer behind `out` wants it.
pub(crate) async fn while_wanted<T>(
    out: &mut SendStream<Bytes>,
    source: impl Future<Output = Result<T, h2::Error>>,
) -> Result<T, Broken> {
    let mut source = std::pin::pin!(source);
    poll_fn(|context| match source.as_mut().poll(context) {
        Poll::Ready(got) => Poll::Ready(got.map_err(|_| Broken::Source)),
        Poll::Pending => out.poll_reset(context).map(|_| Err(Broken::Sink)),
    })
    .await
}

/// Tells a peer that its stream is not wanted any more.
pub(crate) fn reset(out: &mut SendStream<Bytes>) {
    out.send_reset(Reason::CANCEL);
}
