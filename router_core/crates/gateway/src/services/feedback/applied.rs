//! Waiting until feedback is applied.

use pointsman_wire::generated::pointsman_v1::FeedbackOutcome;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use crate::{messages::status::CallError, recording::feedback_waiters::Places};

/// What came of the values before these positions; none for what is not known any more.
pub(super) async fn outcomes(
    places: &mut Places<'_>,
    positions: &[u64],
    deadline: Instant,
) -> Result<Vec<Option<FeedbackOutcome>>, CallError> {
    let awaited = places.wait(positions);
    let waiting = async {
        let mut outcomes = Vec::with_capacity(awaited.len());
        for awaited in awaited {
            outcomes.push(awaited.outcome().await);
        }
        outcomes
    };
    timeout_at(deadline, waiting).await.map_err(|_| {
        CallError::new(
            Code::DeadlineExceeded,
            "the feedback is recorded and will be applied once, but was not before the deadline; send it again \
             to learn what came of it, or do not wait for it",
        )
    })
}

/// It was applied, but this server lost sight of what came of it.
fn forgotten() -> CallError {
    CallError::unavailable(
        "the feedback is recorded and applied, but what came of it is not known any more; send it again to learn",
    )
    .because("OUTCOME_FORGOTTEN")
}

/// The outcome that a caller is told; what was dropped is of a router that went away meanwhile.
pub(super) fn known(outcome: Option<FeedbackOutcome>) -> Result<FeedbackOutcome, CallError> {
    match outcome {
        None => Err(forgotten()),
        Some(FeedbackOutcome::Unspecified) => Err(CallError::new(
            Code::NotFound,
            "the feedback was not counted: its router was deleted, or its prediction erased, before it could be \
             applied",
        )
        .because("ROUTER_NOT_FOUND")),
        Some(outcome) => Ok(outcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_that_was_dropped_or_lost_sight_of_is_no_success() {
        let code = |outcome| known(outcome).map_err(|error| error.code);
        assert_eq!(code(Some(FeedbackOutcome::Applied)), Ok(FeedbackOutcome::Applied));
        assert_eq!(code(Some(FeedbackOutcome::Unspecified)), Err(Code::NotFound));
        assert_eq!(code(None), Err(Code::Unavailable));
    }
}
