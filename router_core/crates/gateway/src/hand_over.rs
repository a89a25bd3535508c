//! What the control plane takes from the journal, and how it gives back what it has taken.

use std::time::Duration;

use pointsman_journal::read_feedback;
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;

use crate::{error::GatewayError, server::Server};

/// The most values of feedback that one call takes.
const MAX_FEEDBACK: usize = 100_000;

impl Server {
    /// The journal's name: 32 hexadecimal digits, for ever the same.
    #[must_use]
    pub fn journal_id(&self) -> &str {
        self.shared().journal.predictions.journal_id()
    }

    /// Reads feedback behind a position as an encoded `FeedbackBatch`, waiting so long for the first value.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn take_feedback(
        &self,
        after: u64,
        most: usize,
        patience: Duration,
    ) -> Result<Vec<u8>, GatewayError> {
        let batch = read_feedback(&self.shared().journal.feedback, after, most.min(MAX_FEEDBACK), patience)?;
        Ok(batch.encode_to_vec())
    }

    /// Feedback before a position is applied, with these encoded `FeedbackOutcomes`: who waits is told, and
    /// segments may go.
    ///
    /// # Errors
    /// The outcomes cannot be read or a segment not be deleted.
    pub fn release_feedback(&self, position: u64, outcomes: &[u8]) -> Result<(), GatewayError> {
        let outcomes = decode::<proto::FeedbackOutcomes>("outcomes", outcomes)?;
        self.shared().feedback_waiters.release(&outcomes);
        self.shared().journal.feedback.release(position)?;
        Ok(())
    }

    /// The encoded `ShippedSegments` that are in the lake and not released, waiting so long for the first.
    #[must_use]
    pub fn take_shipped(&self, patience: Duration) -> Vec<u8> {
        self.shared().journal.shipper.take_shipped(patience).encode_to_vec()
    }

    /// The manifest holds everything before a position: segments may go. The first call begins the shipping.
    ///
    /// # Errors
    /// A segment cannot be deleted.
    pub fn release_predictions(&self, position: u64) -> Result<(), GatewayError> {
        Ok(self.shared().journal.shipper.release(position)?)
    }

    /// Answers an encoded `TailQuery` with an encoded `TailAnswer`; every call that ended before is in it.
    ///
    /// # Errors
    /// The query cannot be read, its position was released, or a segment cannot be read.
    pub fn read_tail(&self, query: &[u8]) -> Result<Vec<u8>, GatewayError> {
        let query = decode::<proto::TailQuery>("query", query)?;
        let journal = &self.shared().journal;
        journal.predictions.flush();
        let segments = || journal.predictions.segments();
        let answer =
            pointsman_lake::read_tail(&**journal.predictions.files(), &journal.registry, segments, &query)?;
        Ok(answer.encode_to_vec())
    }

    /// Writes one file from those of an encoded `MergeRequest`; answers its encoded `LakeFile`.
    ///
    /// # Errors
    /// The request cannot be read, or a file not be read or written.
    pub fn merge_lake_files(&self, request: &[u8]) -> Result<Vec<u8>, GatewayError> {
        let request = decode::<proto::MergeRequest>("request", request)?;
        let journal = &self.shared().journal;
        let files = &**journal.predictions.files();
        let merged = pointsman_lake::merge_files(files, &journal.registry, &journal.lake_dir, &request)?;
        Ok(merged.encode_to_vec())
    }

    /// Completes the segment of predictions under way, so that it ships at once; answers its end.
    #[must_use]
    pub fn seal_predictions(&self) -> u64 {
        self.shared().journal.predictions.seal()
    }
}

pub(crate) fn decode<M: Message + Default>(field: &str, bytes: &[u8]) -> Result<M, GatewayError> {
    M::decode(bytes).map_err(|error| GatewayError::InvalidRequest(format!("{field}: {error}")))
}
