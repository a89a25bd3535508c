//! One call to a backend: what is sent, and what came back.

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream};
use http::{HeaderMap, StatusCode, uri::Authority};
use tonic::Code;

use super::{
    arriving::{Arriving, Unfed},
    connection::is_orderly,
    pool::{Lease, Pool},
};
use crate::{
    messages::{
        message::{self, MessageStart, SMALL_MESSAGE_BYTES, Start},
        status::{CallError, GRPC_STATUS, parse_code},
    },
    upstream::admission::Permit,
};

/// What is sent: a message with its prefix, whole or still arriving.
pub(crate) enum Outgoing {
    /// All of it.
    Whole(Bytes),
    /// The first pieces, and the client's stream that the rest comes from.
    Arriving(Box<Arriving>),
}

impl Outgoing {
    /// Whether nothing of it is gone, so that it can be sent from the start.
    const fn is_whole(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Arriving(arriving) => arriving.is_whole(),
        }
    }
}

/// What a backend answered.
pub(crate) enum Answer {
    /// A status other than OK, with everything the backend said of it.
    Failed { code: Code, trailers: HeaderMap },
    /// A message that arrived whole, without its prefix.
    Whole { headers: HeaderMap, message: Bytes, compressed: bool, trailers: HeaderMap },
    /// A large message, of which the start is here.
    Large { headers: HeaderMap, start: MessageStart, stream: RecvStream, place: Option<Place> },
}

/// A call's place at its backend and on the connection there.
pub(crate) type Place = (Permit, Lease);

/// Why a call was not answered.
enum Unanswered {
    /// It failed.
    Failed(CallError),
    /// The peer did not touch the call, which is whole still, and the connection takes no more.
    Ended(Outgoing),
    /// The peer refused this call untouched, and says nothing of the next.
    Refused(CallError, Outgoing),
}

impl From<CallError> for Unanswered {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// Sends one call on a leased connection and reads the answer up to its end, or a large one up to its start.
///
/// A call that the peer says it did not touch is sent again, on another lease of the pool. One time would not
/// do where a connection takes few calls and many race for it: a loser may lose again. Each time costs the
/// peer a connection that took another call, as the endpoint pauses otherwise, so the caller's deadline is
/// bound enough. A refusal that ends no connection is no such bound, and gets one more try.
pub(crate) async fn exchange(
    pool: &Pool,
    lease: &mut Lease,
    request: impl Fn(Authority) -> Result<http::Request<()>, CallError>,
    mut outgoing: Outgoing,
) -> Result<Answer, CallError> {
    let mut was_refused = false;
    loop {
        let head = request(lease.endpoint.authority.clone())?;
        outgoing = match attempt(lease, head, outgoing).await {
            Ok(answer) => return Ok(answer),
            Err(Unanswered::Failed(error)) => return Err(error),
            Err(Unanswered::Ended(outgoing)) => outgoing,
            Err(Unanswered::Refused(error, _)) if was_refused => return Err(error),
            Err(Unanswered::Refused(_, outgoing)) => {
                was_refused = true;
                outgoing
            }
        };
        *lease = pool.acquire().await?;
    }
}

async fn attempt(
    lease: &mut Lease,
    request: http::Request<()>,
    mut outgoing: Outgoing,
) -> Result<Answer, Unanswered> {
    let (mut response, mut out) = match lease.sender.send_request(request, false) {
        Ok(sent) => sent,
        Err(error) if is_orderly(&error) => {
            lease.mark_broken();
            return Err(Unanswered::Ended(outgoing));
        }
        Err(error) => return Err(of_lease(lease, &error).into()),
    };
    lease.mark_sent();
    let answered = match &mut outgoing {
        Outgoing::Whole(framed) => {
            out.send_data(framed.clone(), true).map_err(|error| of_lease(lease, &error))?;
            response.await
        }
        Outgoing::Arriving(arriving) => {
            let mut feeding = Box::pin(arriving.feed(&mut out));
            // A backend may answer before it has read everything: then the rest is not worth sending.
            tokio::select! {
                biased;
                fed = &mut feeding => {
                    drop(feeding);
                    if let Err(Unfed::Refused(error)) = fed {
                        message::reset(&mut out);
                        return Err(error.into());
                    }
                    // The answer of a backend that stopped reading says why.
                    response.await
                }
                early = &mut response => early,
            }
        }
    };
    match answered {
        Ok(response) => {
            drop(outgoing);
            Ok(read_answer(response).await?)
        }
        Err(error) => {
            let is_untouched = is_untouched(&error);
            if is_untouched {
                lease.mark_refused();
            }
            let failed = of_lease(lease, &error);
            Err(if !is_untouched || !outgoing.is_whole() {
                Unanswered::Failed(failed)
            } else if error.is_go_away() || !lease.is_open() {
                Unanswered::Ended(outgoing)
            } else {
                Unanswered::Refused(failed, outgoing)
            })
        }
    }
}

/// Whether the peer says that it did nothing with the call, so that to send it again does nothing twice.
fn is_untouched(error: &h2::Error) -> bool {
    error.is_remote()
        && (is_orderly(error) || (error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)))
}

async fn read_answer(response: http::Response<RecvStream>) -> Result<Answer, CallError> {
    let (parts, mut stream) = response.into_parts();
    if parts.status != StatusCode::OK {
        return Err(CallError::unavailable(format!(
            "the backend answered HTTP status {}; check that it speaks gRPC",
            parts.status.as_u16()
        )));
    }
    if let Some(code) = parts.headers.get(GRPC_STATUS).map(parse_code) {
        // Headers and trailers in one: the call failed before any message.
        let code = if code == Code::Ok { Code::Unknown } else { code };
        return Ok(Answer::Failed { code, trailers: parts.headers });
    }
    let start = match message::read_start(&mut stream).await.map_err(|error| broken(&error))? {
        Start::Message(start) => start,
        Start::Empty => return failed(&mut stream).await,
        Start::Truncated => return Err(garbage("it ended inside a message's prefix")),
        Start::Malformed(error) => return Err(garbage(&error.to_string())),
    };
    let length = start.prefix.length as usize;
    if length > SMALL_MESSAGE_BYTES {
        return Ok(Answer::Large { headers: parts.headers, start, stream, place: None });
    }
    let compressed = start.prefix.compressed;
    let message = message::gather(start.bytes, length, &mut stream).await.map_err(|error| broken(&error))?;
    match message.len() {
        got if got < length => return Err(garbage("it ended inside the message")),
        got if got > length => return Err(garbage("more bytes follow the message")),
        _ => {}
    }
    let trailers = read_trailers(&mut stream).await?;
    match trailers.get(GRPC_STATUS).map(parse_code) {
        Some(Code::Ok) => Ok(Answer::Whole { headers: parts.headers, message, compressed, trailers }),
        Some(code) => Ok(Answer::Failed { code, trailers }),
        None => Err(garbage("it ended without a grpc-status")),
    }
}

/// The status of an answer without a message.
async fn failed(stream: &mut RecvStream) -> Result<Answer, CallError> {
    let trailers = read_trailers(stream).await?;
    match trailers.get(GRPC_STATUS).map(parse_code) {
        Some(Code::Ok) => Err(garbage("status OK came without a message")),
        Some(code) => Ok(Answer::Failed { code, trailers }),
        None => Err(garbage("it ended without a grpc-status")),
    }
}

/// Reads to the end of a stream that holds no more messages.
async fn read_trailers(stream: &mut RecvStream) -> Result<HeaderMap, CallError> {
    while let Some(data) = message::next_data(stream).await.map_err(|error| broken(&error))? {
        if !data.is_empty() {
            return Err(garbage("more bytes follow the message"));
        }
    }
    Ok(message::trailers(stream).await.map_err(|error| broken(&error))?.unwrap_or_default())
}

/// Joins a large answer into one message, for calls that must read it; answers its trailers, too.
pub(crate) async fn gather_large(
    start: MessageStart,
    mut stream: RecvStream,
    most_bytes: usize,
) -> Result<(Bytes, HeaderMap), CallError> {
    let length = start.prefix.length as usize;
    if length > most_bytes {
        return Err(CallError::exhausted(format!(
            "the backend's answer of {length} bytes is above the limit of {most_bytes} \
             (limits.max_message_bytes)"
        )));
    }
    let mut joined = BytesMut::from(&start.bytes[..]);
    while joined.len() < length {
        match message::next_data(&mut stream).await.map_err(|error| broken(&error))? {
            Some(data) => joined.extend_from_slice(&data),
            None => return Err(garbage("it ended inside the message")),
        }
    }
    let trailers = read_trailers(&mut stream).await?;
    match trailers.get(GRPC_STATUS).map(parse_code) {
        Some(Code::Ok) if joined.len() == length => Ok((joined.freeze(), trailers)),
        Some(Code::Ok) => Err(garbage("more bytes follow the message")),
        Some(code) => Err(CallError::new(code, "the backend failed after its message")),
        None => Err(garbage("it ended without a grpc-status")),
    }
}

pub(crate) fn broken(error: &h2::Error) -> CallError {
    CallError::unavailable(format!("the connection to the backend broke: {error}; try again"))
}

pub(crate) fn garbage(reason: &str) -> CallError {
    CallError::unavailable(format!("the backend's answer is not gRPC: {reason}; check what runs there"))
}

/// Says that the connection failed, and keeps further calls from it when it is gone.
fn of_lease(lease: &Lease, error: &h2::Error) -> CallError {
    if error.is_io() || error.is_go_away() {
        lease.mark_broken();
    }
    broken(error)
}
