//! From a value of feedback to the journal's entry: everything that can be wrong with it.

use std::{collections::HashSet, sync::Arc};

use pointsman_model::{CLOCK_SKEW_US, Id, Principal, Router, ShownNumber, Snapshot};
use pointsman_wire::{
    MAX_ENTITY_ID_BYTES, PredictionId, Verifier,
    generated::pointsman_v1::{FeedbackEntry, RecordFeedbackRequest},
};
use prost_types::Timestamp;
use tonic::Code;

use super::rights::{require_predict, router_not_found};
use crate::{messages::status::CallError, recording::erased::digest_of};

/// What feedback without a metric is about.
const DEFAULT_METRIC: &str = "reward";
/// The square of a value beyond might not be a number any more.
const MAX_VALUE: f64 = 1e100;
const MAX_ROW: i32 = 1_000_000;
const MICROS_PER_DAY: u64 = 86_400_000_000;
/// 1990: what was observed earlier has its time in another unit, or none.
const EARLIEST_OBSERVED_SECONDS: i64 = 631_152_000;
/// How far clocks may differ: what was observed later has not happened.
const MAX_AHEAD_US: u64 = MICROS_PER_DAY;
/// The years 1 to 9999, as protobuf defines them.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Whether feedback is about an entity's latest prediction, which only the control plane knows.
pub(super) fn names_entity(given: &RecordFeedbackRequest) -> bool {
    given.prediction_id.is_empty() && !given.router_id.is_empty() && !given.entity_id.is_empty()
}

/// What values are checked against.
pub(super) struct Checks<'a> {
    snapshot: &'a Snapshot,
    verifier: &'a Verifier,
    erased: Arc<HashSet<u64>>,
    principal: &'a Principal,
    now_us: u64,
}

impl<'a> Checks<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        verifier: Option<&'a Verifier>,
        erased: Arc<HashSet<u64>>,
        principal: &'a Principal,
        now_us: u64,
    ) -> Result<Self, CallError> {
        let verifier = verifier.ok_or_else(|| {
            CallError::unavailable(
                "the server does not know the keys of its prediction ids yet; see /readyz on the HTTP port, and \
                 try again",
            )
        })?;
        Ok(Self { snapshot, verifier, erased, principal, now_us })
    }

    /// Checks a value about an entity as far as it can be without the prediction that is meant: whoever may not
    /// bring it learns nothing of the entity.
    pub(super) fn entity(&self, given: &RecordFeedbackRequest) -> Result<(), CallError> {
        let metric = if given.metric.is_empty() { DEFAULT_METRIC } else { &given.metric };
        check_fields(given, metric, self.now_us)?;
        check_metric(self.router(&given.router_id)?, metric, given.value)
    }

    /// Makes the entry of a value that may be recorded.
    pub(super) fn entry(&self, mut given: RecordFeedbackRequest) -> Result<FeedbackEntry, CallError> {
        if given.metric.is_empty() {
            DEFAULT_METRIC.clone_into(&mut given.metric);
        }
        check_fields(&given, &given.metric, self.now_us)?;
        let id = self.verifier.decode(&given.prediction_id).map_err(|error| {
            let text = error.to_string();
            of_field("prediction_id", text.strip_prefix("prediction_id: ").unwrap_or(&text))
        })?;
        if !given.router_id.is_empty() && given.router_id != id.router_id.as_str() {
            return Err(of_field(
                "router_id",
                format!(
                    "{:?} did not make the prediction, {} did; leave it out",
                    shown(&given.router_id),
                    id.router_id
                ),
            ));
        }
        let router = self.maker(&id)?;
        if !self.erased.is_empty() && self.erased.contains(&digest_of(&given.prediction_id)) {
            let text =
                "prediction_id: the prediction was erased with its entity; no feedback is taken for it";
            return Err(CallError::new(Code::FailedPrecondition, text).because("PREDICTION_ERASED"));
        }
        if id.row_limit > 0 && given.row.unsigned_abs() >= id.row_limit {
            return Err(of_field("row", beyond(given.row, id.row_limit)));
        }
        check_metric(router, &given.metric, given.value)?;
        let receive_time_us = i64::try_from(self.now_us).unwrap_or(i64::MAX);
        Ok(FeedbackEntry {
            row: given.row.unsigned_abs(),
            metric: given.metric,
            value: given.value,
            observe_time_us: given.observe_time.map_or(receive_time_us, |time| micros(&time)),
            router_id: id.router_id.as_str().to_owned(),
            variant: id.variant.as_str().to_owned(),
            // As it was judged here: who applies it later has nothing left to judge.
            router_incarnation: router.settings.incarnation,
            epoch: id.epoch,
            propensity: id.propensity,
            prediction_time_us: i64::try_from(id.time_us()).unwrap_or(i64::MAX),
            counted: !id.pinned,
            corrects: router.settings.allow_feedback_corrections,
            receive_time_us,
            prediction_id: given.prediction_id,
        })
    }

    /// The router that made a prediction, if it still takes feedback for it from this caller.
    fn maker(&self, id: &PredictionId) -> Result<&'a Router, CallError> {
        let horizon_us = self.snapshot.feedback_horizon_us;
        // It may have been made by a server whose clock is behind.
        if id.time_us().saturating_add(CLOCK_SKEW_US) < self.now_us.saturating_sub(horizon_us) {
            let text = format!(
                "prediction_id: the prediction is older than {}, and feedback is taken no longer than that",
                shown_span(horizon_us)
            );
            return Err(CallError::new(Code::FailedPrecondition, text).because("PREDICTION_TOO_OLD"));
        }
        let router = self.router(id.router_id.as_str())?;
        if !router.made(id.incarnation, id.time_us()) {
            // It was made by an earlier router of this id, which is deleted.
            return Err(router_not_found(id.router_id.as_str()));
        }
        Ok(router)
    }

    /// A router, if this caller may bring it feedback.
    fn router(&self, router_id: &str) -> Result<&'a Router, CallError> {
        let router = self.snapshot.routers.get(router_id).ok_or_else(|| router_not_found(router_id))?;
        require_predict(self.principal, router)?;
        Ok(router)
    }
}

fn check_metric(router: &Router, metric: &str, value: f64) -> Result<(), CallError> {
    router
        .check_feedback(metric, value)
        .map_err(|error| CallError::of_fields(vec![(error.field, error.reason)]))
}

/// Checks what can be wrong with a value by itself; names all of it.
fn check_fields(given: &RecordFeedbackRequest, metric: &str, now_us: u64) -> Result<(), CallError> {
    let mut wrong = Vec::new();
    let mut add = |field: &str, reason: String| wrong.push((field.to_owned(), reason));
    if names_entity(given) {
        if let Err(error) = Id::parse(&given.router_id) {
            add("router_id", error.reason);
        }
        let length = given.entity_id.len();
        if length > MAX_ENTITY_ID_BYTES {
            add(
                "entity_id",
                format!("has {length} bytes; calls name entities of at most {MAX_ENTITY_ID_BYTES}"),
            );
        }
    } else if given.prediction_id.is_empty() {
        add(
            "prediction_id",
            "is empty; send the prediction_id of the answer, or router_id and entity_id for the entity's latest \
             prediction"
                .to_owned(),
        );
    } else if !given.entity_id.is_empty() {
        add("entity_id", "stands beside prediction_id; send one of the two".to_owned());
    }
    if !Id::is_valid(metric)
        && let Err(error) = Id::parse(metric)
    {
        add("metric", error.reason);
    }
    // What is no number is in no range.
    if !(-MAX_VALUE..=MAX_VALUE).contains(&given.value) {
        let (value, most) = (ShownNumber(given.value), ShownNumber(MAX_VALUE));
        add("value", format!("{value} is not a number from -{most} to {most}"));
    }
    if !(0..=MAX_ROW).contains(&given.row) {
        add("row", format!("{} is not a row of a batch; rows are numbered from 0 to {MAX_ROW}", given.row));
    }
    if let Some(reason) = given.observe_time.as_ref().and_then(|time| implausible(time, now_us)) {
        add("observe_time", reason);
    }
    if wrong.is_empty() { Ok(()) } else { Err(CallError::of_fields(wrong)) }
}

/// Why nothing can have been observed at a time.
fn implausible(time: &Timestamp, now_us: u64) -> Option<String> {
    let Timestamp { seconds, nanos } = *time;
    if !(TIMESTAMP_SECONDS.contains(&seconds) && (0..1_000_000_000).contains(&nanos)) {
        return Some(format!("{seconds}s {nanos}ns is not a time of the years 1 to 9999"));
    }
    let latest_us = i64::try_from(now_us.saturating_add(MAX_AHEAD_US)).unwrap_or(i64::MAX);
    let what = match micros(time) {
        _ if seconds < EARLIEST_OBSERVED_SECONDS => "before 1990",
        observed if observed > latest_us => "more than a day from now",
        _ => return None,
    };
    let shown = Timestamp { seconds, nanos: 0 };
    Some(format!("{shown} is {what}; send when it was observed, or leave it out for now"))
}

/// Why a row is none of a prediction's.
fn beyond(row: i32, limit: u32) -> String {
    match limit {
        1 => format!("{row} is none of the prediction's, which had one row; leave it out, or send 0"),
        limit => format!("{row} is none of the prediction's, which had the rows 0 to {}", limit - 1),
    }
}

fn of_field(field: &str, reason: impl Into<String>) -> CallError {
    CallError::of_fields(vec![(field.to_owned(), reason.into())])
}

fn micros(time: &Timestamp) -> i64 {
    // Within the years that were checked nothing overflows.
    time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1_000)
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A span in days when it is some, else in seconds.
fn shown_span(micros: u64) -> String {
    if micros > 0 && micros.is_multiple_of(MICROS_PER_DAY) {
        format!("{} days", micros / MICROS_PER_DAY)
    } else {
        format!("{} seconds", micros as f64 / 1e6)
    }
}
