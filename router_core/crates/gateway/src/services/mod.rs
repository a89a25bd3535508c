//! Which service answers a call, and what every service needs to know of it.

mod answering;
mod attributes;
mod call;
mod decision;
mod dry_run;
mod explain;
mod fallback;
mod feedback;
mod forward;
mod gathering;
mod infer;
mod inference_service;
mod inflating;
mod keyless;
mod metadata;
mod one_message;
mod one_row;
mod passthrough;
mod paths;
mod plain_answer;
mod predict;
mod reading;
pub(crate) mod shadowing;
mod tensors;

use std::rc::Rc;

use crate::{listener::client::Client, replies::reply::Reply, worker::Worker};
pub(crate) use attributes::Noted;
use call::Call;
pub(crate) use dry_run::dry_run;
pub use explain::{explain_routing, rule_faults};
pub use feedback::check_feedback;
pub(crate) use forward::{frame, request};
use h2::RecvStream;
use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
pub(crate) use keyless::Asking;
pub(crate) use passthrough::ControlPlace;
use paths::{INFERENCE_SERVICE, MODEL_INFER, PREDICT};

/// Answers one call.
pub(crate) async fn answer(worker: &Rc<Worker>, client: &Client, request: Request<RecvStream>) -> Reply {
    if let Some(refusal) = refuse_non_grpc(&request) {
        return refusal;
    }
    let path = request.uri().path();
    if worker.shared.tonic_services.serves(path) {
        let answered = keyless::answer(Call::new(worker, request)).await;
        return answered.unwrap_or_else(Reply::from);
    }
    // Others are not told of by name: callers can make up any.
    let method = [MODEL_INFER, PREDICT].into_iter().find(|known| *known == path).unwrap_or("");
    let answered = if path == MODEL_INFER {
        infer::infer(Call::new(worker, request), client).await
    } else if path == PREDICT {
        predict::predict(Call::new(worker, request), client).await
    } else if feedback::serves(path) {
        feedback::answer(Call::new(worker, request), client).await
    } else if path.starts_with(INFERENCE_SERVICE) {
        inference_service::answer(Call::new(worker, request), client).await
    } else {
        passthrough::pass_on(Call::new(worker, request), client).await
    };
    answered.unwrap_or_else(|error| {
        // What reached a variant is counted there; this is for what did not.
        if let Some(stats) = worker.stats() {
            stats.record_rejected(error.code as usize);
        }
        worker.call_log.write_undecided(method, error.code, error.log_reason());
        error.into()
    })
}

/// Whether a drain waits for calls to a path: streams that tell of changes have no end of their own.
pub(crate) fn counts_as_in_flight(path: &str) -> bool {
    !path.starts_with("/grpc.health.v1.Health/Watch") && !path.starts_with("/grpc.reflection.")
}

fn refuse_non_grpc(request: &Request<RecvStream>) -> Option<Reply> {
    if request.method() != Method::POST {
        let text = "gRPC calls are POST requests; REST and metrics are on the HTTP port\n";
        return Some(Reply::Http { status: StatusCode::METHOD_NOT_ALLOWED, text });
    }
    let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let subtype = content_type.strip_prefix(b"application/grpc");
    if subtype.is_none_or(|rest| !matches!(rest.first(), None | Some(b'+' | b';'))) {
        let text = "this port takes content-type application/grpc\n";
        return Some(Reply::Http { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, text });
    }
    None
}
