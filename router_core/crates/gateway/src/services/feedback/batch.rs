//! BatchRecordFeedback: every value is answered by itself, all are appended before any is waited for.

use pointsman_journal::{Commit, Entry};
use pointsman_model::Scope;
use pointsman_wire::{
    count_field,
    generated::pointsman_v1::{
        BatchRecordFeedbackRequest, BatchRecordFeedbackResponse, FeedbackEntry, FeedbackOutcome,
        FeedbackResult,
    },
};
use prost::Message as _;
use tokio::time::{Instant, timeout_at};

use super::{
    Taken, Wait,
    applied::{known, outcomes},
    check::{Checks, names_entity},
    refused_by_journal, succeed, unconfirmed, undecodable,
};
use crate::{
    clock::utc_now_us, listener::client::Client, messages::status::CallError, services::call::Call,
    shared::Shared,
};

/// The most values of one call.
const MAX_VALUES: usize = 10_000;
const FEEDBACK_FIELD: u32 = 1;
/// Values that are checked before other calls get a turn.
const VALUES_A_TURN: usize = 256;

pub(super) async fn record(call: &mut Call, client: &Client) -> Result<Taken, CallError> {
    let principal = call.principal(client, Scope::Predict)?;
    let deadline = call.deadline(None);
    let message = call.read_message(deadline).await?;
    // Counted before values of a few bytes each become messages of a few hundred.
    let count = count_field(&message.bytes, FEEDBACK_FIELD)
        .map_err(|error| CallError::invalid(error.to_string()).because("INVALID_ARGUMENT"))?;
    too_many(count)?;
    let request =
        BatchRecordFeedbackRequest::decode(message.bytes.clone()).map_err(|error| undecodable(&error))?;
    if request.feedback.iter().any(names_entity) {
        return Ok(Taken::ByControlPlane { principal, message });
    }
    let wait = Wait::of(request.wait)?;
    let shared = &call.worker.shared;
    let routes = &call.routes;
    let checks = Checks::new(
        &routes.snapshot,
        routes.verifier.as_deref(),
        shared.erased.load(),
        &principal,
        utc_now_us(),
    )?;
    let mut entries = Vec::with_capacity(count);
    for (index, given) in request.feedback.into_iter().enumerate() {
        entries.push(checks.entry(given));
        if (index + 1).is_multiple_of(VALUES_A_TURN) {
            tokio::task::yield_now().await;
        }
    }
    let results = take(shared, entries, wait, deadline).await?.into_iter().map(result).collect();
    // What names its predictions needs no records.
    succeed(&BatchRecordFeedbackResponse { results, unreached: Vec::new() }).map(Taken::Here)
}

/// Refuses more values than one call may bring.
pub(super) fn too_many(count: usize) -> Result<(), CallError> {
    if count <= MAX_VALUES {
        return Ok(());
    }
    let reason = format!("{count} values are more than one batch takes; send at most {MAX_VALUES}");
    Err(CallError::of_fields(vec![("feedback".to_owned(), reason)]))
}

/// Appends the values that may be recorded, in their order, and waits for what the caller waits for. Answers what came
/// of each.
pub(super) async fn take(
    shared: &Shared,
    entries: Vec<Result<FeedbackEntry, CallError>>,
    wait: Wait,
    deadline: Instant,
) -> Result<Vec<Result<FeedbackOutcome, CallError>>, CallError> {
    let mut places = match wait {
        Wait::Applied => {
            let count = entries.iter().filter(|entry| entry.is_ok()).count();
            Some(shared.feedback_waiters.reserve(count)?)
        }
        Wait::Durable => None,
    };
    let log = &shared.journal.feedback;
    let commits: Vec<Result<Commit, CallError>> =
        entries.into_iter().map(|entry| Ok(log.commit(Entry::Feedback(Box::new(entry?))))).collect();
    let confirming = async {
        let mut positions = Vec::with_capacity(commits.len());
        for commit in commits {
            positions.push(match commit {
                Ok(commit) => commit.await.map_err(|error| refused_by_journal(&error)),
                Err(error) => Err(error),
            });
        }
        positions
    };
    let positions = timeout_at(deadline, confirming).await.map_err(|_| unconfirmed())?;
    let Some(places) = &mut places else {
        let recorded = |position: Result<u64, CallError>| position.map(|_| FeedbackOutcome::Recorded);
        return Ok(positions.into_iter().map(recorded).collect());
    };
    let taken: Vec<u64> = positions.iter().filter_map(|position| position.as_ref().ok().copied()).collect();
    let mut outcomes = outcomes(places, &taken, deadline).await?.into_iter();
    let mut outcome_of = |_| known(outcomes.next().flatten());
    Ok(positions.into_iter().map(|position| position.and_then(&mut outcome_of)).collect())
}

fn result(outcome: Result<FeedbackOutcome, CallError>) -> FeedbackResult {
    match outcome {
        Ok(outcome) => FeedbackResult { outcome: outcome.into(), ..Default::default() },
        Err(error) => FeedbackResult {
            outcome: FeedbackOutcome::Unspecified.into(),
            code: error.code as i32,
            message: error.message.into_owned(),
        },
    }
}
