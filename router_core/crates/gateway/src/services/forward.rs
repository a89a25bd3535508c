//! Asking a variant's backend: a server over the network, or a model in this process.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderMap, Method, Request, Version,
    uri::{PathAndQuery, Scheme, Uri},
};
use pointsman_inference::{OipError, OnnxError, Tensor};
use pointsman_wire::{GrpcPrefix, PREFIX_BYTES};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::plain_answer::plain;
use crate::{
    messages::status::CallError,
    recording::backend_time::BackendTime,
    routing::{backends::GrpcModel, onnx_target::OnnxTarget},
    upstream::{Answer, Outgoing, exchange},
    worker::Worker,
};

/// A model that takes longer runs on the pool: a hop there and back costs about as much.
const INLINE_NANOS: u64 = 50_000;

/// Sends a call to a backend; what it answers is not compressed. The time, when one is wanted, is told how long the backend took.
pub(crate) async fn ask(
    worker: &Rc<Worker>,
    model: &GrpcModel,
    path: PathAndQuery,
    headers: HeaderMap,
    outgoing: Outgoing,
    deadline: Instant,
    mut time: Option<&mut BackendTime>,
) -> Result<Answer, CallError> {
    let pool = worker.pool(&model.target);
    let entering = async {
        let permit = worker.enter(&model.target.admission).await?;
        let lease = pool.acquire().await?;
        Ok((permit, lease))
    };
    let (permit, mut lease) = timeout_at(deadline, entering).await.unwrap_or_else(|_| {
        Err(CallError::new(
            Code::DeadlineExceeded,
            "the deadline passed before a backend connection was free",
        ))
    })?;
    if let Some(time) = &mut time {
        time.asked();
    }
    let request = |authority| request(authority, path.clone(), headers.clone());
    let answering = async {
        let answer = exchange(&pool, &mut lease, request, outgoing).await?;
        plain(worker, answer, deadline).await
    };
    let answered = timeout_at(deadline, answering).await;
    let mut answered = answered.unwrap_or_else(|_| {
        lease.suspect();
        Err(CallError::deadline())
    });
    // A large answer keeps its place at the backend until it has passed.
    if let Ok(Answer::Large { place, .. }) = &mut answered {
        *place = Some((permit, lease));
    }
    if let Some(time) = time
        && !matches!(answered, Ok(Answer::Large { .. }))
    {
        time.answered();
    }
    answered
}

pub(crate) fn request(
    authority: http::uri::Authority,
    path: PathAndQuery,
    headers: HeaderMap,
) -> Result<Request<()>, CallError> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = Some(path);
    let uri = Uri::from_parts(parts).map_err(|error| CallError::new(Code::Internal, error.to_string()))?;
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Puts the prefix before a message.
pub(crate) fn frame(message: &[u8]) -> Result<Bytes, CallError> {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_slice(&prefix(message.len())?);
    framed.put_slice(message);
    Ok(framed.freeze())
}

pub(crate) fn prefix(length: usize) -> Result<[u8; PREFIX_BYTES], CallError> {
    let prefix = GrpcPrefix::for_message(length).map_err(|error| CallError::exhausted(error.to_string()))?;
    Ok(prefix.encode())
}

/// Runs a model in this process: at once when it is fast, else on the pool.
pub(crate) async fn run_onnx(
    worker: &Rc<Worker>,
    target: &Arc<OnnxTarget>,
    inputs: Vec<Tensor>,
    requested: Vec<String>,
    deadline: Instant,
    time: &mut BackendTime,
) -> Result<Vec<Tensor>, CallError> {
    let model = target.model.as_ref().map_err(|reason| CallError::unavailable(reason.clone()))?;
    let late = |_| CallError::deadline();
    let _permit = timeout_at(deadline, worker.enter(&target.admission)).await.map_err(late)??;
    if worker.is_for_copies() {
        return run_copy(worker, target, inputs, requested, deadline, time).await;
    }
    time.asked();
    let mean_nanos = model.mean_run_nanos();
    if (1..INLINE_NANOS).contains(&mean_nanos) {
        let ran = target.run(worker.index, &inputs, &requested);
        time.answered();
        return ran.map_err(of_onnx);
    }
    let target = target.clone();
    let first_slot = worker.shared.config.threads;
    // The model takes as long as it runs; what a call waits for its turn is this server's time, as with copies.
    let running =
        worker.shared.tasks.run(move |thread| target.run_timed(first_slot + thread, &inputs, &requested));
    let (ran, took) = timeout_at(deadline, running).await.map_err(late)??;
    time.set(took);
    ran.map_err(of_onnx)
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn of_onnx(error: OnnxError) -> CallError {
    let code = if error.is_callers_fault() { Code::InvalidArgument } else { Code::Internal };
    let failed = CallError::new(code, error.to_string());
    match error {
        // The runtime's own words may name a value of the input.
        OnnxError::Run(_) => failed.logged_as("the model failed while it ran"),
        _ => failed,
    }
}

/// Runs a model for a copy, never on this thread and never before a call: the time is that of the run, without what it
/// waited for its turn.
#[inline(never)]
async fn run_copy(
    worker: &Rc<Worker>,
    target: &Arc<OnnxTarget>,
    inputs: Vec<Tensor>,
    requested: Vec<String>,
    deadline: Instant,
    time: &mut BackendTime,
) -> Result<Vec<Tensor>, CallError> {
    // The thread that runs it sets this once, this one reads it when time is up. Relaxed suffices: it only chooses the words.
    let begun = Arc::new(AtomicBool::new(false));
    let target = target.clone();
    let is_begun = begun.clone();
    // Copies have a session of their own (`Backends::for_copies`), which no call waits for.
    let running = worker.tasks().run(move |_| {
        is_begun.store(true, Relaxed);
        target.run_timed(0, &inputs, &requested)
    });
    let Ok(ran) = timeout_at(deadline, running).await else {
        if !begun.load(Relaxed) {
            return Err(CallError::exhausted("the thread for copies had no time for it"));
        }
        time.asked();
        return Err(CallError::deadline());
    };
    let (ran, took) = ran?;
    time.set(took);
    ran.map_err(of_onnx)
}

/// The status of a message that cannot be read or written.
pub(crate) fn of_oip(error: &OipError) -> CallError {
    let code = if error.is_callers_fault() { Code::InvalidArgument } else { Code::Unavailable };
    CallError::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runtime_says_of_a_run_is_for_the_client_and_not_for_the_log() {
        let failed = of_onnx(OnnxError::Run("index 17 is out of bounds".to_owned()));
        assert_eq!(
            (failed.code, &*failed.message),
            (Code::Internal, "the model failed: index 17 is out of bounds")
        );
        assert_eq!(failed.log_reason(), "the model failed while it ran");
        let failed = of_onnx(OnnxError::Slot { slot: 3, slots: 2 });
        assert_eq!(failed.log_reason(), failed.message);
    }
}
