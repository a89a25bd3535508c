//! A large answer on its way from its backend to its client.

use std::{borrow::Cow, collections::VecDeque, future::poll_fn, task::Poll};

use bytes::Bytes;
use h2::{RecvStream, SendStream, server::SendResponse};
use http::HeaderMap;
use pointsman_wire::{PREFIX_BYTES, generated::pointsman_v1::BodyKind};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use crate::{
    messages::{
        message::{self, Broken, StreamError},
        status::{BACKENDS_OWN, CallError, GRPC_STATUS, code_value, parse_code},
    },
    recording::observation::Observation,
    replies::{
        answer_flow::{AnswerFlow, Held, send_at_once},
        reply::{head, not_recorded},
    },
    upstream::Place,
};

/// A large message that is passed on with a new prefix and a receipt behind it.
///
/// What its client does not take stays in the window of the connection to the backend, which calls of other
/// clients use too. A few such answers may leave it there; when there are more, the rest of the answer is read
/// into memory, within the client's share, and the connection is done with it.
pub(crate) struct LargeReply {
    pub(crate) headers: HeaderMap,
    /// What is here and not sent: the new prefix and what arrived so far, later what was read ahead.
    pub(crate) pieces: VecDeque<Bytes>,
    /// Bytes of the message that are still to come.
    pub(crate) left: usize,
    pub(crate) stream: RecvStream,
    /// Goes behind the message.
    pub(crate) receipt: Bytes,
    /// Goes into the trailers.
    pub(crate) metadata: HeaderMap,
    pub(crate) observation: Observation,
    pub(crate) deadline: Instant,
    /// Given up once everything is read.
    pub(crate) place: Option<Place>,
    /// The backend's, once everything is read.
    pub(crate) trailers: Option<HeaderMap>,
    /// The memory of what was read ahead.
    pub(crate) held: Option<Held>,
}

impl LargeReply {
    /// Sends it; a client that is gone, or takes nothing, is no error to anybody else.
    pub(crate) async fn send(
        mut self,
        flow: &AnswerFlow<'_>,
        respond: &mut SendResponse<Bytes>,
    ) -> Result<(), StreamError> {
        let headers = std::mem::take(&mut self.headers);
        let mut out = respond.send_response(head(headers), false)?;
        let deadline = self.deadline;
        let passed = timeout_at(deadline, self.pass(flow, &mut out)).await;
        let (mut trailers, reason) = match passed {
            Ok(Ok(trailers)) => (trailers, BACKENDS_OWN.into()),
            Ok(Err(Broken::Sink)) => return Err(StreamError),
            Ok(Err(Broken::Source)) => self.cut(CallError::unavailable(
                "the connection to the backend broke inside its answer; try again",
            )),
            Err(_) => self.cut(CallError::deadline()),
        };
        let code = trailers.get(GRPC_STATUS).map_or(Code::Unknown, parse_code);
        trailers.insert(GRPC_STATUS, code_value(code));
        trailers.extend(std::mem::take(&mut self.metadata));
        if code == Code::Ok {
            self.observation.record_pieces_end(BodyKind::Infer);
        }
        if let Some(commit) = self.observation.finish(code, &reason)
            && let Err(error) = commit.await
        {
            trailers.clear();
            not_recorded(&error).write(&mut trailers);
        }
        out.send_trailers(trailers)?;
        Ok(())
    }

    /// The trailers behind a message that is cut, and what the log says: clients that see them say more than that the stream
    /// broke.
    fn cut(&self, error: CallError) -> (HeaderMap, Cow<'static, str>) {
        let variant = self.observation.target().map_or("", |target| target.name.as_str());
        let mut trailers = HeaderMap::with_capacity(8);
        let error = error.of_variant(variant);
        error.write(&mut trailers);
        (trailers, error.into_log_reason())
    }

    /// Passes the message and then its receipt; answers the backend's trailers.
    async fn pass(
        &mut self,
        flow: &AnswerFlow<'_>,
        out: &mut SendStream<Bytes>,
    ) -> Result<HeaderMap, Broken> {
        let first: usize = self.pieces.iter().map(Bytes::len).sum();
        let length = (first + self.left).saturating_sub(PREFIX_BYTES);
        for (index, piece) in self.pieces.iter().enumerate() {
            let prefix = if index == 0 { PREFIX_BYTES.min(piece.len()) } else { 0 };
            self.observation.record_piece(&piece.slice(prefix..), length);
        }
        loop {
            let piece = match self.pieces.pop_front() {
                Some(piece) => piece,
                None if self.left > 0 => self.read(out, length).await?,
                None if !self.receipt.is_empty() => std::mem::take(&mut self.receipt),
                None => break,
            };
            self.give(flow, out, piece, length).await?;
        }
        if self.trailers.is_none() {
            self.read_end(out).await?;
        }
        Ok(self.trailers.take().unwrap_or_default())
    }

    /// Sends a piece. Puts back what of it is left when everything else of the answer was read meanwhile.
    async fn give(
        &mut self,
        flow: &AnswerFlow<'_>,
        out: &mut SendStream<Bytes>,
        mut piece: Bytes,
        length: usize,
    ) -> Result<(), Broken> {
        if let Some(sent) = send_at_once(out, &mut piece).await {
            return Ok(sent?);
        }
        let Some((_, lease)) = &self.place else { return Ok(flow.wait(out, piece, false).await?) };
        let unread = lease.leave_unread();
        let is_crowded = unread.is_crowded();
        if is_crowded && let Some(held) = flow.hold(self.left + piece.len()) {
            drop(unread);
            self.held = Some(held);
            self.pieces.push_front(piece);
            return self.read_ahead(out, length).await;
        }
        Ok(flow.wait(out, piece, is_crowded).await?)
    }

    /// Takes the next piece from the backend.
    async fn read(&mut self, out: &mut SendStream<Bytes>, length: usize) -> Result<Bytes, Broken> {
        let data = message::while_wanted(out, message::next_data(&mut self.stream)).await?;
        let data = data.ok_or(Broken::Source)?;
        self.take_in(&data, length)?;
        Ok(data)
    }

    fn take_in(&mut self, data: &Bytes, length: usize) -> Result<(), Broken> {
        self.left = self.left.checked_sub(data.len()).ok_or(Broken::Source)?;
        self.observation.record_piece(data, length);
        Ok(())
    }

    /// Reads everything that is still to come, whatever the client takes meanwhile, and leaves the backend.
    async fn read_ahead(&mut self, out: &mut SendStream<Bytes>, length: usize) -> Result<(), Broken> {
        poll_fn(|context| {
            while let Poll::Ready(read) = self.stream.poll_data(context) {
                let Some(read) = read else {
                    return Poll::Ready(if self.left == 0 { Ok(()) } else { Err(Broken::Source) });
                };
                let Ok(data) = read else { return Poll::Ready(Err(Broken::Source)) };
                let released = self.stream.flow_control().release_capacity(data.len());
                if released.is_err() || self.take_in(&data, length).is_err() {
                    return Poll::Ready(Err(Broken::Source));
                }
                self.pieces.push_back(data);
            }
            while let Some(piece) = self.pieces.front_mut() {
                match message::poll_send(out, piece, context) {
                    Poll::Ready(Ok(())) => drop(self.pieces.pop_front()),
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Sink)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            out.poll_reset(context).map(|_| Err(Broken::Sink))
        })
        .await?;
        self.read_end(out).await
    }

    /// Reads the trailers behind the message.
    async fn read_end(&mut self, out: &mut SendStream<Bytes>) -> Result<(), Broken> {
        while let Some(data) = message::while_wanted(out, message::next_data(&mut self.stream)).await? {
            if !data.is_empty() {
                return Err(Broken::Source);
            }
        }
        let trailers = message::while_wanted(out, message::trailers(&mut self.stream)).await?;
        self.observation.backend_time.answered();
        self.trailers = Some(trailers.unwrap_or_default());
        self.place = None;
        Ok(())
    }
}
