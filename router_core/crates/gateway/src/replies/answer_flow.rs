//! How answers leave: as their client takes them, held within its share, ended when it takes nothing.

use std::{future::poll_fn, rc::Rc, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use tokio::time::{Instant, timeout};

use crate::{
    figures::stats::ThreadStats,
    listener::client::Client,
    messages::{
        budget::{ByteBudget, Reservation},
        message::{self, Broken, StreamError},
    },
};

/// The part of the memory for waiting answers that those to one connection may take.
const CONNECTION_PART: usize = 8;
/// The patience with an answer of which nothing is taken while room is scarce; also how often that is looked at.
const PRESSED_PATIENCE: Duration = Duration::from_secs(1);
/// A client that takes less within the patience counts as taking nothing: a byte now and then would hold an
/// answer for ever.
const LEAST_TAKEN_BYTES: usize = 4 << 10;

/// The way of answers to one client.
pub(crate) struct AnswerFlow<'a> {
    pub(crate) budget: &'a Arc<ByteBudget>,
    pub(crate) client: &'a Rc<Client>,
    pub(crate) stats: Option<&'a ThreadStats>,
    /// How long a client may take nothing.
    pub(crate) patience: Duration,
}

/// Memory of an answer that waits for its client; given back when dropped.
pub(crate) struct Held {
    _reservation: Reservation,
    client: Rc<Client>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.client.held_bytes.set(self.client.held_bytes.get() - self.bytes);
    }
}

impl AnswerFlow<'_> {
    /// Takes memory for an answer that waits, if the client's share and what all such answers may take have room.
    pub(crate) fn hold(&self, bytes: usize) -> Option<Held> {
        let held = self.client.held_bytes.get().checked_add(bytes)?;
        if held > self.budget.spare_limit() / CONNECTION_PART {
            return None;
        }
        let reservation = self.budget.reserve_spare(bytes)?;
        self.client.held_bytes.set(held);
        Some(Held { _reservation: reservation, client: self.client.clone(), bytes })
    }

    /// Sends bytes as the client takes them; `is_pressed` when there is no room for them.
    ///
    /// A client that takes nothing for too long has its stream reset, and is gone.
    pub(crate) async fn send(
        &self,
        out: &mut SendStream<Bytes>,
        mut data: Bytes,
        is_pressed: bool,
    ) -> Result<(), StreamError> {
        // In the usual case the window is open, and no clock is needed.
        match send_at_once(out, &mut data).await {
            Some(sent) => sent,
            None => self.wait(out, data, is_pressed).await,
        }
    }

    /// Sends bytes that the client does not take at once.
    ///
    /// Answers of one client wait for each other, so it is the client that must take something; one whose answer
    /// has no room must take something of that one.
    pub(crate) async fn wait(
        &self,
        out: &mut SendStream<Bytes>,
        mut data: Bytes,
        is_pressed: bool,
    ) -> Result<(), StreamError> {
        let taken = &self.client.taken_bytes;
        let (mut marked, mut since) = (taken.get(), Instant::now());
        let mut own = 0;
        loop {
            let is_scarce = self.budget.is_spare_scarce();
            let patience = if is_scarce { self.patience.min(PRESSED_PATIENCE) } else { self.patience };
            let left = data.len();
            let sending = poll_fn(|context| message::poll_send(out, &mut data, context));
            let sent = timeout(patience.min(PRESSED_PATIENCE), sending).await;
            taken.set(taken.get() + (left - data.len()));
            if let Ok(sent) = sent {
                return sent;
            }
            own += left - data.len();
            let progress = if is_pressed || is_scarce { own } else { taken.get() - marked };
            if progress >= LEAST_TAKEN_BYTES {
                (marked, since, own) = (taken.get(), Instant::now(), 0);
            } else if since.elapsed() >= patience {
                if let Some(stats) = self.stats {
                    stats.record_stalled();
                }
                out.send_reset(Reason::CANCEL);
                return Err(StreamError);
            }
        }
    }

    /// Passes a stream on as it is, to its end and trailers.
    pub(crate) async fn pump(
        &self,
        body: &mut RecvStream,
        out: &mut SendStream<Bytes>,
    ) -> Result<(), Broken> {
        while let Some(data) = message::while_wanted(out, message::next_data(body)).await? {
            self.send(out, data, false).await?;
        }
        match message::while_wanted(out, message::trailers(body)).await? {
            Some(trailers) => out.send_trailers(trailers).map_err(StreamError::from)?,
            None => message::finish(out)?,
        }
        Ok(())
    }
}

/// Sends as much as the client takes now; none when something is left.
pub(crate) async fn send_at_once(
    out: &mut SendStream<Bytes>,
    data: &mut Bytes,
) -> Option<Result<(), StreamError>> {
    poll_fn(|context| {
        Poll::Ready(match message::poll_send(out, data, context) {
            Poll::Ready(sent) => Some(sent),
            Poll::Pending => None,
        })
    })
    .await
}
