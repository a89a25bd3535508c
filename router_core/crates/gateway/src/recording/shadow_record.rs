//! What of a shadow's answer is recorded, beside the record of the call that was copied.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use pointsman_journal::{EncodedPrediction, Entry, Guard, RouteFacts};
use pointsman_wire::generated::pointsman_v1 as proto;
use tonic::Code;

use super::records::{SMALL_BODY_BYTES, nanos};
use crate::shared::Shared;

/// What the record of a call and those of its shadows share.
pub(crate) struct SharedRecord {
    pub(super) facts: Arc<RouteFacts>,
    /// Id, times, entity and trace.
    pub(super) entry: proto::PredictionEntry,
    /// None when no features and answers are recorded of the call.
    pub(super) max_body_bytes: Option<usize>,
}

/// How a copy ended.
pub(crate) struct ShadowEnd {
    pub(crate) variant: u8,
    /// The share of calls that are copied.
    pub(crate) share: f64,
    pub(crate) code: Code,
    /// From the arrival of the call that was copied to now.
    pub(crate) total: Duration,
    pub(crate) backend: Option<Duration>,
    pub(crate) kind: proto::BodyKind,
    pub(crate) response: Bytes,
}

impl SharedRecord {
    /// The longest answer that is recorded; none when answers are not.
    pub(crate) const fn max_body_bytes(&self) -> Option<usize> {
        self.max_body_bytes
    }

    /// Puts the record into the journal if there is room to spare; whether there was.
    pub(crate) fn finish(&self, end: ShadowEnd, shared: &Shared) -> bool {
        let (mut kind, mut response) = match self.max_body_bytes {
            None => (proto::BodyKind::Unspecified, Bytes::new()),
            Some(most) if end.response.len() > most => (proto::BodyKind::Cut, Bytes::new()),
            Some(_) => (end.kind, end.response),
        };
        let mut guard: Option<Guard> = None;
        if response.len() > SMALL_BODY_BYTES {
            match shared.budgets.whole.reserve_spare(response.len()) {
                Some(reservation) => guard = Some(Box::new(reservation)),
                None => (kind, response) = (proto::BodyKind::Cut, Bytes::new()),
            }
        }
        let entry = proto::PredictionEntry {
            variant: end.variant.into(),
            propensity: end.share,
            reason: proto::DecisionReason::Shadow.into(),
            randomised_by: proto::RandomisedBy::Nothing.into(),
            status_code: u32::try_from(end.code as i32).unwrap_or_default(),
            // With the time of the call that was copied, it says when this entry was made, as it does of others.
            overhead_ns: nanos(end.total.saturating_sub(end.backend.unwrap_or_default())),
            backend_ns: end.backend.map(nanos),
            response_kind: kind.into(),
            response,
            shadow: true,
            ..self.entry.clone()
        };
        let entry = EncodedPrediction::new(entry);
        shared.journal.predictions.push_spare(Entry::Prediction { entry, route: self.facts.clone(), guard })
    }
}
