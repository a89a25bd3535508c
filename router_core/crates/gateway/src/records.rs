//! Predictions on their way to being kept: a bounded queue that the hot path never waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crossbeam_queue::ArrayQueue;
use pointsman_policy::{RandomisedBy, Reason};
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;

use crate::budget::{ByteBudget, Reservation};

/// How often a reader looks whether something came; writers do not wake it, for that would cost each call.
const LOOK_PAUSE: Duration = Duration::from_millis(10);
/// A prediction of more bytes counts into the budget of bodies; smaller ones are bounded by their number.
const SMALL_RECORD_BYTES: usize = 1 << 10;

/// A prediction, and the memory that it takes when it is large.
type Held = (Box<proto::PredictionRecord>, Option<Reservation>);

/// A queue of predictions to keep. When it or the memory for bodies is full the newest is dropped and counted.
#[derive(Debug)]
pub(crate) struct RecordQueue {
    queue: ArrayQueue<Held>,
    budget: Arc<ByteBudget>,
    dropped: AtomicU64,
    reported: AtomicU64,
}

impl RecordQueue {
    pub(crate) fn new(length: usize, budget: Arc<ByteBudget>) -> Arc<Self> {
        Arc::new(Self {
            queue: ArrayQueue::new(length),
            budget,
            dropped: AtomicU64::new(0),
            reported: AtomicU64::new(0),
        })
    }

    /// Puts a prediction in, or says that there is no room.
    pub(crate) fn push(&self, record: Box<proto::PredictionRecord>) -> bool {
        let bytes = record.encoded_len();
        let reserved = (bytes > SMALL_RECORD_BYTES).then(|| self.budget.reserve(bytes)).transpose();
        let is_in = reserved.is_ok_and(|reservation| self.queue.push((record, reservation)).is_ok());
        if !is_in {
            self.dropped.fetch_add(1, Relaxed);
        }
        is_in
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Takes up to `most` predictions as an encoded `RecordBatch`, waiting so long for the first.
    pub(crate) fn take(&self, most: usize, patience: Duration) -> Vec<u8> {
        let until = Instant::now() + patience;
        while self.queue.is_empty() && Instant::now() < until {
            std::thread::sleep(LOOK_PAUSE.min(patience));
        }
        let mut predictions = Vec::new();
        while predictions.len() < most
            && let Some((record, _)) = self.queue.pop()
        {
            predictions.push(*record);
        }
        let dropped = self.dropped.load(Relaxed);
        let dropped_count = dropped - self.reported.swap(dropped, Relaxed);
        proto::RecordBatch { predictions, dropped_count }.encode_to_vec()
    }
}

/// The public word for a reason.
pub(crate) fn reason_proto(reason: Reason) -> proto::DecisionReason {
    match reason {
        Reason::Slot => proto::DecisionReason::Slot,
        Reason::Weight => proto::DecisionReason::Weight,
        Reason::Pin => proto::DecisionReason::Pin,
        Reason::Production => proto::DecisionReason::Production,
    }
}

/// The public word for what was drawn.
pub(crate) fn randomised_by_proto(randomised_by: RandomisedBy) -> proto::RandomisedBy {
    match randomised_by {
        RandomisedBy::Nothing => proto::RandomisedBy::Nothing,
        RandomisedBy::Entity => proto::RandomisedBy::Entity,
        RandomisedBy::Request => proto::RandomisedBy::Request,
    }
}

/// A duration as protobuf writes it.
pub(crate) fn duration_proto(duration: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: duration.subsec_nanos().cast_signed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_and_reports_each_drop_once() {
        let queue = RecordQueue::new(1, ByteBudget::new(0));
        assert!(queue.push(Box::default()));
        assert!(!queue.push(Box::default()));
        let taken = |queue: &RecordQueue| {
            let batch = proto::RecordBatch::decode(&queue.take(10, Duration::ZERO)[..]).unwrap();
            (batch.predictions.len(), batch.dropped_count)
        };
        assert_eq!(taken(&queue), (1, 1));
        assert_eq!(taken(&queue), (0, 0));
    }

    #[test]
    fn large_predictions_share_the_memory_for_bodies() {
        let budget = ByteBudget::new(15_000);
        let queue = RecordQueue::new(10, budget.clone());
        let large =
            || Box::new(proto::PredictionRecord { entity_id: "e".repeat(10_000), ..Default::default() });
        assert!(queue.push(large()));
        assert!(!queue.push(large()));
        assert!(queue.push(Box::default()));
        queue.take(10, Duration::ZERO);
        assert_eq!((budget.held(), queue.dropped()), (0, 1));
        assert!(queue.push(large()));
    }
}
