//! Answers to clients: a status, a message, a large message passed through, or another service's stream.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::{HeaderMap, Response, header::CONTENT_TYPE};
use http_body::Body;
use pointsman_journal::{Commit, JournalError};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tonic::Code;

use crate::{
    messages::{
        budget::{ByteBudget, Reservation},
        message::{Broken, StreamError},
        status::{CallError, GRPC_CONTENT_TYPE},
    },
    replies::{answer_flow::AnswerFlow, large_reply::LargeReply},
    services::{Asking, ControlPlace},
};

/// What a client gets.
pub(crate) enum Reply {
    /// One message with its prefix, and trailers that hold the status.
    Unary { headers: HeaderMap, message: Bytes, trailers: HeaderMap },
    /// No message; the trailers hold the status.
    Failed { trailers: HeaderMap },
    /// An HTTP status for what is no gRPC call.
    Http { status: http::StatusCode, text: &'static str },
    /// A large message of a backend.
    Large(Box<LargeReply>),
    /// A stream from the control plane, while the client's is passed to it.
    PassedOn { response: Response<RecvStream>, request: PumpTask },
    /// A tonic service's answer.
    Bridged {
        response: Response<tonic::body::Body>,
        /// Passes a client's stream on to the service.
        asking: Option<Asking>,
        /// When the answer must be complete; none for one that goes on for ever.
        end: Option<Instant>,
        /// Counts what waits for the client of a stream.
        budget: Option<Arc<ByteBudget>>,
        /// What the stream takes while it is open.
        open: Option<Reservation>,
    },
    /// An answer that waits until its record is on disk.
    Committing(Commit, Box<Reply>),
}

/// Passes a client's stream on; stops when dropped.
pub(crate) struct PumpTask {
    pub(crate) task: JoinHandle<()>,
    /// When the answer must be complete.
    pub(crate) deadline: tokio::time::Instant,
    /// The call's place at the control plane.
    pub(crate) _place: ControlPlace,
}

impl Drop for PumpTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl From<CallError> for Reply {
    fn from(error: CallError) -> Self {
        let mut trailers = HeaderMap::with_capacity(4);
        error.write(&mut trailers);
        Self::Failed { trailers }
    }
}

impl Reply {
    /// The same answer, once the commit is done.
    pub(crate) fn after(self, commit: Option<Commit>) -> Self {
        match commit {
            Some(commit) => Self::Committing(commit, Box::new(self)),
            None => self,
        }
    }

    /// Sends the answer. A client that went away is no error.
    pub(crate) async fn send(self, flow: &AnswerFlow<'_>, respond: &mut SendResponse<Bytes>) {
        // What fails here fails because the stream or connection is gone: there is nobody to tell.
        let _ = self.try_send(flow, respond).await;
    }

    async fn try_send(
        self,
        flow: &AnswerFlow<'_>,
        respond: &mut SendResponse<Bytes>,
    ) -> Result<(), StreamError> {
        match self {
            Self::Unary { headers, message, trailers } => {
                let mut out = respond.send_response(head(headers), false)?;
                out.reserve_capacity(message.len());
                if out.capacity() >= message.len() {
                    out.send_data(message, false)?;
                } else {
                    // It is in memory whatever its client does.
                    let held = flow.budget.reserve(message.len());
                    flow.send(&mut out, message, held.is_err()).await?;
                }
                out.send_trailers(trailers)?;
            }
            Self::Failed { trailers } => {
                respond.send_response(head(trailers), true)?;
            }
            Self::Http { status, text } => {
                let mut response = Response::new(());
                *response.status_mut() = status;
                let mut out = respond.send_response(response, false)?;
                out.send_data(Bytes::from_static(text.as_bytes()), true)?;
            }
            Self::Large(reply) => reply.send(flow, respond).await?,
            Self::PassedOn { response, request } => {
                let (parts, mut body) = response.into_parts();
                let is_end = body.is_end_stream();
                let mut out = respond.send_response(Response::from_parts(parts, ()), is_end)?;
                if !is_end {
                    match timeout_at(request.deadline, flow.pump(&mut body, &mut out)).await {
                        Ok(Err(Broken::Source)) => out.send_reset(Reason::INTERNAL_ERROR),
                        Ok(_) => {}
                        Err(_) => {
                            let mut trailers = HeaderMap::with_capacity(4);
                            CallError::deadline().write(&mut trailers);
                            out.send_trailers(trailers)?;
                        }
                    }
                }
                drop(request);
            }
            Self::Bridged { response, asking, end, budget, open } => {
                let (parts, body) = response.into_parts();
                let is_end = body.is_end_stream();
                let mut out = respond.send_response(Response::from_parts(parts, ()), is_end)?;
                if !is_end {
                    bridge(body, asking, end, budget.as_ref(), flow, &mut out).await?;
                }
                drop(open);
            }
            Self::Committing(commit, reply) => {
                let reply = match commit.await {
                    Ok(_) => *reply,
                    Err(error) => not_recorded(&error).into(),
                };
                Box::pin(reply.try_send(flow, respond)).await?;
            }
        }
        Ok(())
    }
}

/// The failure of a call whose router promises that what it answers is on disk.
pub(crate) fn not_recorded(error: &JournalError) -> CallError {
    CallError::unavailable(format!("the prediction cannot be recorded durably: {error}"))
}

/// Response headers; the content type is always gRPC's.
pub(crate) fn head(mut headers: HeaderMap) -> Response<()> {
    headers.insert(CONTENT_TYPE, GRPC_CONTENT_TYPE);
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

/// Sends a tonic service's answer, which may be a stream that ends when the client goes away.
async fn bridge(
    body: tonic::body::Body,
    mut asking: Option<Asking>,
    end: Option<Instant>,
    budget: Option<&Arc<ByteBudget>>,
    flow: &AnswerFlow<'_>,
    out: &mut SendStream<Bytes>,
) -> Result<(), StreamError> {
    let sending = pass_frames(body, budget, flow, out);
    let ended = match end {
        Some(end) => timeout_at(end, sending).await.unwrap_or_else(|_| Ok(failed(&CallError::deadline()))),
        None => sending.await,
    };
    let trailers = ended?;
    // A service that is asked no more ends well; the client is told when its questions were at fault.
    let refusal = match &mut asking {
        Some(asking) => asking.refusal().await,
        None => None,
    };
    Ok(out.send_trailers(refusal.map_or(trailers, |error| failed(&error)))?)
}

fn failed(error: &CallError) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(4);
    error.write(&mut trailers);
    trailers
}

/// Passes a service's messages on, each counted while it waits for the client; answers the trailers.
async fn pass_frames(
    body: tonic::body::Body,
    budget: Option<&Arc<ByteBudget>>,
    flow: &AnswerFlow<'_>,
    out: &mut SendStream<Bytes>,
) -> Result<HeaderMap, StreamError> {
    let mut body = pin!(body);
    loop {
        let frame = poll_fn(|context| {
            if out.poll_reset(context).is_ready() {
                return Poll::Ready(Err(StreamError));
            }
            body.as_mut().poll_frame(context).map(Ok)
        })
        .await?;
        match frame.map(|frame| frame.map(http_body::Frame::into_data)) {
            Some(Ok(Ok(data))) => {
                let _waiting = match budget.map(|budget| budget.reserve(data.len())).transpose() {
                    Ok(waiting) => waiting,
                    Err(error) => return Ok(failed(&error)),
                };
                flow.send(out, data, false).await?;
            }
            Some(Ok(Err(frame))) => {
                if let Ok(trailers) = frame.into_trailers() {
                    return Ok(trailers);
                }
            }
            Some(Err(_)) => {
                out.send_reset(Reason::INTERNAL_ERROR);
                return Err(StreamError);
            }
            None => return Ok(failed(&CallError::new(Code::Internal, "the answer has no status"))),
        }
    }
}
