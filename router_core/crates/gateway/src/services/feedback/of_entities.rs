//! Feedback that the control plane brings, having looked up the predictions of entities: checked as any other.

use std::{collections::HashSet, sync::Arc, time::Duration};

use pointsman_model::{Principal, Scopes, Snapshot};
use pointsman_wire::{
    Verifier,
    generated::pointsman_v1::{
        FeedbackAnswer, FeedbackBatch, FeedbackCall, FeedbackEntry, FeedbackOutcome, FeedbackVerdict,
        RecordFeedbackRequest,
    },
};
use prost::Message as _;
use tokio::{runtime::LocalRuntime, time::Instant};

use super::{
    Wait,
    batch::{take, too_many},
    check::{Checks, names_entity},
};
use crate::{
    clock::utc_now_us, error::GatewayError, messages::status::CallError, recording::hand_over::decode,
    server::Server,
};

/// Checks the values of an encoded [`FeedbackCall`] against a published state at a time, without a server.
///
/// Answers the encoded [`FeedbackAnswer`], and what would be appended as an encoded [`FeedbackBatch`].
///
/// # Errors
/// The call cannot be read.
pub fn check_feedback(
    snapshot: &Snapshot,
    verifier: Option<&Verifier>,
    call: &[u8],
    now_us: u64,
) -> Result<(Vec<u8>, Vec<u8>), GatewayError> {
    let (answer, entries) = checked(snapshot, verifier, Arc::default(), call, now_us)?;
    let batch = FeedbackBatch { entries, ..Default::default() };
    Ok((answer.encode_to_vec(), batch.encode_to_vec()))
}

/// The answer to a call that is only checked, and what would be appended.
fn checked(
    snapshot: &Snapshot,
    verifier: Option<&Verifier>,
    erased: Arc<HashSet<u64>>,
    call: &[u8],
    now_us: u64,
) -> Result<(FeedbackAnswer, Vec<FeedbackEntry>), GatewayError> {
    let call = decode::<FeedbackCall>("call", call)?;
    let checked =
        Checking::of(&call).and_then(|checking| checking.each(snapshot, verifier, erased, call, now_us));
    let (mut entries, mut verdicts) = (Vec::new(), Vec::new());
    let refusal = match checked {
        Ok(checked) => {
            for checked in checked {
                verdicts.push(match checked {
                    Ok(Some(entry)) => {
                        entries.push(entry);
                        FeedbackVerdict::default()
                    }
                    Ok(None) => FeedbackVerdict { needs_prediction: true, ..Default::default() },
                    Err(error) => verdict(Err(error)),
                });
            }
            None
        }
        Err(error) => Some(error.refusal()),
    };
    Ok((FeedbackAnswer { verdicts, refusal }, entries))
}

impl Server {
    /// Checks the values of an encoded [`FeedbackCall`], those about entities as far as that can be without their
    /// predictions. Answers an encoded [`FeedbackAnswer`]; nothing is recorded.
    ///
    /// # Errors
    /// The call cannot be read.
    pub fn check_feedback(&self, call: &[u8]) -> Result<Vec<u8>, GatewayError> {
        let routes = self.shared().publisher.routes().load_full();
        let erased = self.shared().erased.load();
        let (answer, _) = checked(&routes.snapshot, routes.verifier.as_deref(), erased, call, utc_now_us())?;
        Ok(answer.encode_to_vec())
    }

    /// Checks the values of an encoded [`FeedbackCall`], appends those that may be recorded, and waits until they are
    /// on disk, or applied where the call says so. Answers an encoded [`FeedbackAnswer`].
    ///
    /// # Errors
    /// The call cannot be read, or the system gives no means to wait.
    pub fn append_feedback(&self, call: &[u8]) -> Result<Vec<u8>, GatewayError> {
        let call = decode::<FeedbackCall>("call", call)?;
        let runtime = LocalRuntime::new().map_err(|error| GatewayError::Journal(error.to_string()))?;
        let answer = match runtime.block_on(self.append(call)) {
            Ok(taken) => FeedbackAnswer { verdicts: taken.into_iter().map(verdict).collect(), refusal: None },
            Err(error) => FeedbackAnswer { verdicts: Vec::new(), refusal: Some(error.refusal()) },
        };
        Ok(answer.encode_to_vec())
    }

    async fn append(&self, call: FeedbackCall) -> Result<Vec<Result<FeedbackOutcome, CallError>>, CallError> {
        let deadline = Instant::now() + Duration::from_millis(call.timeout_ms);
        let checking = Checking::of(&call)?;
        let wait = checking.wait;
        let routes = self.shared().publisher.routes().load_full();
        let erased = self.shared().erased.load();
        let checked =
            checking.each(&routes.snapshot, routes.verifier.as_deref(), erased, call, utc_now_us())?;
        let entries = checked.into_iter().map(|checked| checked?.ok_or_else(unresolved)).collect();
        take(self.shared(), entries, wait, deadline).await
    }
}

/// A call whose fields are good that are not its values'.
struct Checking {
    principal: Principal,
    wait: Wait,
}

impl Checking {
    fn of(call: &FeedbackCall) -> Result<Self, CallError> {
        too_many(call.feedback.len())?;
        let wait = Wait::of(call.wait)?;
        // The scope was checked when the call came in.
        let principal = Principal {
            user_id: call.user_id.as_str().into(),
            key_id: "".into(),
            scopes: Scopes::ALL,
            admin: call.admin,
            withheld: Scopes::default(),
        };
        Ok(Self { principal, wait })
    }

    /// The entry of each value that may be recorded; none for those about entities.
    fn each(
        &self,
        snapshot: &Snapshot,
        verifier: Option<&Verifier>,
        erased: Arc<HashSet<u64>>,
        call: FeedbackCall,
        now_us: u64,
    ) -> Result<Vec<Result<Option<FeedbackEntry>, CallError>>, CallError> {
        let checks = Checks::new(snapshot, verifier, erased, &self.principal, now_us)?;
        let one = |given: RecordFeedbackRequest| {
            if names_entity(&given) {
                checks.entity(&given).map(|()| None)
            } else {
                checks.entry(given).map(Some)
            }
        };
        Ok(call.feedback.into_iter().map(one).collect())
    }
}

fn unresolved() -> CallError {
    CallError::of_fields(vec![("prediction_id".to_owned(), "is not looked up for the entity yet".to_owned())])
}

fn verdict(taken: Result<FeedbackOutcome, CallError>) -> FeedbackVerdict {
    match taken {
        Ok(outcome) => FeedbackVerdict { outcome: outcome.into(), ..Default::default() },
        Err(error) => FeedbackVerdict { refusal: Some(error.refusal()), ..Default::default() },
    }
}
