//! RecordFeedback and BatchRecordFeedback: checked by what the signed id says, answered once it is on disk.

mod applied;
mod batch;
mod check;
mod of_entities;
mod rights;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use pointsman_journal::{Entry, JournalError};
use pointsman_model::{Principal, Scope};
use pointsman_wire::generated::pointsman_v1::{
    FeedbackEntry, FeedbackOutcome, FeedbackWait, RecordFeedbackRequest, RecordFeedbackResponse,
};
use prost::Message as _;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use self::{
    applied::outcomes,
    check::{Checks, names_entity},
};
use super::{
    call::Call,
    forward::prefix,
    passthrough::pass_on_message,
    paths::{BATCH_RECORD_FEEDBACK, RECORD_FEEDBACK},
    reading::Message,
};
use crate::{
    clock::utc_now_us,
    listener::client::Client,
    messages::status::{CallError, GRPC_STATUS, code_value},
    replies::reply::Reply,
};

pub use of_entities::check_feedback;

/// Whether a path is one of this service's.
pub(super) fn serves(path: &str) -> bool {
    path == RECORD_FEEDBACK || path == BATCH_RECORD_FEEDBACK
}

/// Answers a call that brings feedback.
pub(super) async fn answer(mut call: Call, client: &Client) -> Result<Reply, CallError> {
    let taken = if call.path.path() == RECORD_FEEDBACK {
        record(&mut call, client).await
    } else {
        batch::record(&mut call, client).await
    };
    match taken {
        Ok(Taken::Here(reply)) => Ok(reply),
        Ok(Taken::ByControlPlane { principal, message }) => {
            pass_on_message(call, client, &principal, message).await
        }
        Err(error) if error.has_details() => {
            let request_id = call.ensure_request_id();
            Err(error.about("request_id", request_id.to_str().unwrap_or_default()))
        }
        Err(error) => Err(error),
    }
}

/// Who takes a call's feedback.
enum Taken {
    /// This thread did, and this is the answer.
    Here(Reply),
    /// The control plane: it knows an entity's latest prediction.
    ByControlPlane { principal: Arc<Principal>, message: Message },
}

/// What a value of feedback waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    Durable,
    Applied,
}

impl Wait {
    fn of(number: i32) -> Result<Self, CallError> {
        match FeedbackWait::try_from(number) {
            Ok(FeedbackWait::Unspecified | FeedbackWait::Durable) => Ok(Self::Durable),
            Ok(FeedbackWait::Applied) => Ok(Self::Applied),
            Err(_) => Err(CallError::of_fields(vec![(
                "wait".to_owned(),
                format!("{number} is none of FEEDBACK_WAIT_DURABLE (1) and FEEDBACK_WAIT_APPLIED (2)"),
            )])),
        }
    }
}

async fn record(call: &mut Call, client: &Client) -> Result<Taken, CallError> {
    let principal = call.principal(client, Scope::Predict)?;
    let deadline = call.deadline(None);
    let message = call.read_message(deadline).await?;
    let request =
        RecordFeedbackRequest::decode(message.bytes.clone()).map_err(|error| undecodable(&error))?;
    if names_entity(&request) {
        return Ok(Taken::ByControlPlane { principal, message });
    }
    let wait = Wait::of(request.wait)?;
    let routes = &call.routes;
    let shared = &call.worker.shared;
    let checks = Checks::new(
        &routes.snapshot,
        routes.verifier.as_deref(),
        shared.erased.load(),
        &principal,
        utc_now_us(),
    )?;
    let entry = checks.entry(request)?;
    let response = |outcome: FeedbackOutcome, prediction_id| RecordFeedbackResponse {
        outcome: outcome.into(),
        prediction_id,
        // What names its prediction needs no records.
        unreached: Vec::new(),
    };
    let prediction_id = entry.prediction_id.clone();
    if wait == Wait::Applied {
        let mut places = shared.feedback_waiters.reserve(1)?;
        let position = committed(call, entry, deadline).await?;
        let outcome = outcomes(&mut places, &[position], deadline).await?.pop().flatten();
        let outcome = applied::known(outcome)?;
        return succeed(&response(outcome, prediction_id)).map(Taken::Here);
    }
    committed(call, entry, deadline).await?;
    succeed(&response(FeedbackOutcome::Recorded, prediction_id)).map(Taken::Here)
}

/// Appends a value and waits until it is on disk; answers the position behind it.
async fn committed(call: &Call, entry: FeedbackEntry, deadline: Instant) -> Result<u64, CallError> {
    let commit = call.worker.shared.journal.feedback.commit(Entry::Feedback(Box::new(entry)));
    match timeout_at(deadline, commit).await {
        Ok(committed) => committed.map_err(|error| refused_by_journal(&error)),
        Err(_) => Err(unconfirmed()),
    }
}

fn undecodable(error: &prost::DecodeError) -> CallError {
    CallError::invalid(format!("message: {error}")).because("INVALID_ARGUMENT")
}

fn refused_by_journal(error: &JournalError) -> CallError {
    CallError::unavailable(error.to_string()).because("JOURNAL")
}

fn unconfirmed() -> CallError {
    CallError::new(
        Code::DeadlineExceeded,
        "the deadline passed before the disk confirmed the feedback; send it again: the first value for a \
         prediction, row and metric stays, so that nothing counts twice",
    )
}

/// Answers OK with a message.
fn succeed(response: &impl prost::Message) -> Result<Reply, CallError> {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, code_value(Code::Ok));
    Ok(Reply::Unary { headers: HeaderMap::with_capacity(1), message: framed(response)?, trailers })
}

fn framed(response: &impl prost::Message) -> Result<Bytes, CallError> {
    let prefix = prefix(response.encoded_len())?;
    let mut framed = BytesMut::with_capacity(prefix.len() + response.encoded_len());
    framed.extend_from_slice(&prefix);
    response
        .encode(&mut framed)
        .map_err(|error| CallError::new(Code::Internal, format!("the answer cannot be written: {error}")))?;
    Ok(framed.freeze())
}
