//! Health and reflection, which everybody may ask: read here like all calls, and answered by tonic's services.
//!
//! A stream that stays open counts against the keyless part of the budget for what it costs to keep. A
//! reflection stream that asks nothing more ends; a watch lasts as long as its connection.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use pointsman_wire::{GrpcPrefix, PREFIX_BYTES};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tonic::Code;

use super::{call::Call, forward::frame, metadata::GRPC_ENCODING};
use crate::{
    messages::{
        allowance::Allowance,
        message::{self, client_gone, join},
        status::CallError,
    },
    replies::reply::Reply,
};

const REFLECTION: &str = "/grpc.reflection.";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// No path of a method is longer; one that is would be held as long as its call.
const LONGEST_PATH: usize = 128;
/// What a stream that stays open takes besides its messages: its task, its buffers, its place in HTTP/2.
const OPEN_STREAM_BYTES: usize = 16 << 10;
/// Questions that may wait on a reflection stream whose answers are not taken.
const WAITING_BYTES: usize = 512 << 10;

/// Passes a stream of questions on; stops when dropped.
pub(crate) struct Asking(JoinHandle<Result<(), CallError>>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Asking {
    /// Why no more questions are passed on, if something is wrong with them.
    pub(crate) async fn refusal(&mut self) -> Option<CallError> {
        if !self.0.is_finished() {
            return None;
        }
        (&mut self.0).await.ok().and_then(Result::err)
    }
}

/// Answers a call to health or reflection.
pub(super) async fn answer(call: Call) -> Result<Reply, CallError> {
    let mut call = call.within(Allowance::Keyless);
    call.headers = needed(&mut call.headers);
    if call.path.as_str().len() > LONGEST_PATH {
        return Err(CallError::new(Code::Unimplemented, "health and reflection have no such method"));
    }
    let is_stream = call.path.path().starts_with(REFLECTION);
    let stays_open = is_stream || call.path.path() == WATCH;
    let open = if stays_open { Some(call.hold(OPEN_STREAM_BYTES, None)?) } else { None };
    // Without a deadline of its client's a stream has none: its messages have.
    let end = if stays_open { call.named_deadline() } else { Some(call.deadline(None)) };
    let (worker, path) = (call.worker.clone(), call.path.clone());
    let (questions, messages) = mpsc::channel(1);
    let (headers, asking) = if is_stream {
        let headers = std::mem::take(&mut call.headers);
        (headers, Some(Asking(tokio::task::spawn_local(ask(call, questions)))))
    } else {
        let message = call.read_message(call.deadline(None)).await?;
        // Behind it the service sees the end of the request.
        let _ = questions.try_send(frame(&message.bytes)?);
        drop(questions);
        (call.headers, None)
    };
    let response = worker.shared.tonic_services.answer(path, headers, messages).await;
    let response = response.ok_or_else(|| CallError::new(Code::Unimplemented, "no such service"))?;
    let budget = stays_open.then(|| worker.shared.budgets.of(Allowance::Keyless).clone());
    Ok(Reply::Bridged { response, asking, end, budget, open })
}

/// The metadata that the services look at; the rest, which may be long, is held for nobody.
fn needed(headers: &mut HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(2);
    for name in [CONTENT_TYPE, GRPC_ENCODING] {
        if let Some(value) = headers.remove(&name) {
            // A copy, for the original may share its memory with all the others.
            let copied = HeaderValue::from_bytes(value.as_bytes());
            kept.extend(copied.ok().map(|value| (name, value)));
        }
    }
    kept
}

/// Passes each question on once it is whole.
///
/// Reads on while answers are not taken: what waits in HTTP/2's buffers would be counted by nobody.
async fn ask(mut call: Call, questions: mpsc::Sender<Bytes>) -> Result<(), CallError> {
    let patience = call.worker.shared.config.limits.message_timeout();
    let (mut waiting, mut held, mut is_ended) = (Bytes::new(), None, false);
    let mut until = Instant::now() + patience;
    loop {
        let next = whole_question(&call, &waiting)?;
        if next.is_none() && is_ended {
            return if waiting.is_empty() { Ok(()) } else { Err(cut()) };
        }
        tokio::select! {
            place = questions.reserve(), if next.is_some() => {
                let (Ok(place), Some(length)) = (place, next) else { return Ok(()) };
                place.send(waiting.split_to(length));
                until = Instant::now() + patience;
                if waiting.is_empty() {
                    held = None;
                }
            }
            data = message::next_data(&mut call.body), if !is_ended => {
                let Some(data) = data.map_err(|error| client_gone(&error))? else {
                    is_ended = true;
                    continue;
                };
                if waiting.is_empty() {
                    until = Instant::now() + patience;
                }
                let length = waiting.len() + data.len();
                if length > WAITING_BYTES {
                    return Err(CallError::exhausted(format!(
                        "more than {WAITING_BYTES} bytes of questions wait; take the answers first"
                    )));
                }
                // Memory doubles when it grows.
                held = Some(call.hold(length.next_power_of_two(), held)?);
                waiting = join(waiting, data);
            }
            () = sleep_until(until) => {
                // Who asks nothing more has all answers.
                return if waiting.is_empty() { Ok(()) } else { Err(late()) };
            }
        }
    }
}

/// The length of the first question, its prefix included, when all of it is there.
fn whole_question(call: &Call, waiting: &[u8]) -> Result<Option<usize>, CallError> {
    let prefix = GrpcPrefix::parse(waiting).map_err(|error| CallError::invalid(error.to_string()))?;
    let Some(prefix) = prefix else { return Ok(None) };
    if prefix.compressed {
        return Err(CallError::new(Code::Unimplemented, "reflection takes questions uncompressed"));
    }
    let length = prefix.length as usize;
    call.allowance.check(length, &call.worker.shared.config.limits)?;
    let whole = PREFIX_BYTES + length;
    Ok((waiting.len() >= whole).then_some(whole))
}

fn cut() -> CallError {
    CallError::invalid("the stream ended inside a question")
}

fn late() -> CallError {
    CallError::new(
        Code::DeadlineExceeded,
        "a question was not complete, or an answer not taken, in time (limits.message_timeout_seconds)",
    )
}
