//! How a call's message is read: within its limit and its time, inflated if need be, and to its true end.

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{call::Call, gathering::Gathering, inflating::inflate, metadata::GRPC_ENCODING};
use crate::messages::{
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
    /// Waits for a part of the request, which must be here in time for the answer, and soon enough.
    pub(crate) async fn in_time<T>(
        until: ReadingEnd,
        reading: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        timeout_at(until.instant, reading).await.map_err(|_| until.late())?
    }

    /// When the request must be here whole: who sends slowly holds memory, and other places.
    pub(crate) fn reading_end(&self, deadline: Instant) -> ReadingEnd {
        let patience = self.worker.shared.config.limits.message_timeout();
        let sent_by = Instant::from_std(self.started) + patience;
        if sent_by < deadline {
            ReadingEnd { instant: sent_by, is_deadline: false }
        } else {
            ReadingEnd { instant: deadline, is_deadline: true }
        }
    }

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
        self.allowance.check(length, &self.worker.shared.config.limits)
    }

    /// Reads the call's one message, inflated if need be, within its time.
    pub(crate) async fn read_message(&mut self, deadline: Instant) -> Result<Message, CallError> {
        let until = self.reading_end(deadline);
        let reading = async {
            let start = self.read_start().await?;
            self.read_whole(start, None).await
        };
        Self::in_time(until, reading).await
    }

    /// Reads on to the message's end and inflates it if need be. What is held for its start goes on with it.
    pub(crate) async fn read_whole(
        &mut self,
        start: MessageStart,
        held: Option<Reservation>,
    ) -> Result<Message, CallError> {
        let length = start.prefix.length as usize;
        let (bytes, reservation) = if start.bytes.len() < length {
            // One that is waited for counts, or slow clients would hold memory without bound.
            let budget = self.worker.shared.budgets.of(self.allowance);
            let gathering = Gathering::begin(&start.bytes, length, held, budget)?;
            drop(start.bytes);
            let (bytes, reservation) = self.gather(gathering).await?;
            (bytes, Some(reservation))
        } else if start.bytes.len() > length {
            return Err(message::second_message());
        } else if length > message::SMALL_MESSAGE_BYTES {
            (start.bytes, Some(self.hold(length, held)?))
        } else {
            // A small message that came with its prefix is gone soon.
            (start.bytes, held)
        };
        if bytes.len() < length {
            return Err(CallError::invalid(format!(
                "message: {} bytes came but its length prefix says {length}; the message was cut or the prefix \
                 is wrong",
                bytes.len()
            )));
        }
        message::expect_end(&mut self.body).await?;
        if !start.prefix.compressed {
            return Ok(Message { bytes, reservation });
        }
        let message = self.inflate(bytes).await?;
        drop(reservation);
        self.headers.remove(GRPC_ENCODING);
        Ok(message)
    }

    /// Holds at least so many bytes.
    pub(crate) fn hold(&self, bytes: usize, held: Option<Reservation>) -> Result<Reservation, CallError> {
        let budget = self.worker.shared.budgets.of(self.allowance);
        match held {
            Some(mut held) => held.grow_to(bytes).map(|()| held),
            None => budget.reserve(bytes),
        }
    }

    /// Reads to the message's end, or to the stream's when that comes first.
    async fn gather(&mut self, mut gathering: Gathering) -> Result<(Bytes, Reservation), CallError> {
        while gathering.is_short() {
            match message::next_data(&mut self.body).await.map_err(|error| client_gone(&error))? {
                Some(data) => gathering.push(&data)?,
                None => break,
            }
        }
        Ok(gathering.finish())
    }

    async fn inflate(&self, bytes: Bytes) -> Result<Message, CallError> {
        let encoding = self.headers.get(GRPC_ENCODING).map_or(&b""[..], |value| value.as_bytes()).to_vec();
        let shared = &self.worker.shared;
        let most = self.allowance.message_bytes(&shared.config.limits);
        let held = shared.budgets.of(self.allowance).reserve(0)?;
        let inflating = move |_| inflate(&encoding, &bytes, most, held);
        let (bytes, reservation) = shared.tasks.run(inflating).await??;
        self.check_length(bytes.len())?;
        Ok(Message { bytes, reservation: Some(reservation) })
    }
}

/// When a request must be here whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadingEnd {
    instant: Instant,
    /// Whether it is the call's own deadline.
    is_deadline: bool,
}

impl ReadingEnd {
    fn late(self) -> CallError {
        if self.is_deadline {
            CallError::new(Code::DeadlineExceeded, "the deadline passed before the request was complete")
        } else {
            message::sent_too_slowly()
        }
    }
}
