//! A message that is passed on while it arrives, and may be sent again while its start is still here.

use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use pointsman_wire::{Walker, WireError};
use tokio::time::timeout;

use crate::messages::{
    message::{self, StreamError},
    status::CallError,
};

/// So much of a message is kept until the backend answers: HTTP/2's own window for a stream, rounded up. A peer
/// that was sent more has made room for it, thus has taken the call up, unless its windows are larger than usual;
/// to keep more for those would keep whole messages in memory that pass by otherwise.
const KEPT_BYTES: usize = 64 << 10;

/// A message that is passed on while it arrives.
///
/// Invariant: while `is_whole`, `pieces` are all bytes that were taken from the client, in order, so that sending
/// them and then `rest` is the message. `walker` has followed all of them.
pub(crate) struct Arriving {
    pieces: Vec<Bytes>,
    kept_bytes: usize,
    is_whole: bool,
    walker: Walker,
    rest: RecvStream,
    /// How long its client may still be waited for, all pieces together: the backend's place is held meanwhile.
    patience: Duration,
}

/// Why a message was not sent to its end.
pub(super) enum Unfed {
    /// The client sent what may not be passed on.
    Refused(CallError),
    /// The backend stopped reading.
    Unwanted,
}

impl From<StreamError> for Unfed {
    fn from(_: StreamError) -> Self {
        Self::Unwanted
    }
}

impl Arriving {
    /// A message of which these pieces are here, followed by the walker already, and the rest comes by the stream.
    pub(crate) fn new(pieces: Vec<Bytes>, walker: Walker, rest: RecvStream, patience: Duration) -> Self {
        let kept_bytes = pieces.iter().map(Bytes::len).sum();
        Self { pieces, kept_bytes, is_whole: true, walker, rest, patience }
    }

    /// Whether nothing of it is gone, so that it can be sent from the start.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Sends what is here and then what comes, checked field by field before it leaves.
    ///
    /// It may be dropped at any point: what was taken from the client is in `pieces` before anything is awaited.
    pub(super) async fn feed(&mut self, out: &mut SendStream<Bytes>) -> Result<(), Unfed> {
        for piece in &self.pieces {
            message::send(out, piece.clone()).await?;
        }
        let refused = |error: WireError| Unfed::Refused(CallError::invalid(error.to_string()));
        let gone = |error: h2::Error| Unfed::Refused(message::client_gone(&error));
        loop {
            // Only the client's time counts: what the backend takes is not its fault.
            let waiting = Instant::now();
            let next = timeout(self.patience, message::next_data(&mut self.rest)).await;
            let Some(data) = next.map_err(|_| Unfed::Refused(message::sent_too_slowly()))?.map_err(gone)?
            else {
                break;
            };
            self.patience = self.patience.saturating_sub(waiting.elapsed());
            self.walker.feed(&data).map_err(refused)?;
            self.keep(&data);
            message::send(out, data).await?;
        }
        self.walker.finish().map_err(refused)?;
        Ok(message::finish(out)?)
    }

    fn keep(&mut self, data: &Bytes) {
        if self.kept_bytes >= KEPT_BYTES {
            self.is_whole = false;
            self.pieces = Vec::new();
        } else {
            self.kept_bytes += data.len();
            self.pieces.push(data.clone());
        }
    }
}
