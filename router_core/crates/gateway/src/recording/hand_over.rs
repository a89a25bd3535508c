//! What the control plane takes from the journal, and how it gives back what it has taken.

use std::{sync::Arc, time::Duration};

use pointsman_journal::{Start, read_feedback};
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;

use crate::{error::GatewayError, server::Server};

/// The most values of feedback that one call takes.
const MAX_FEEDBACK: usize = 100_000;

impl Server {
    /// The journal's name: 32 hexadecimal digits, the same until [`Self::confirm_journal`] gives another.
    #[must_use]
    pub fn journal_id(&self) -> Arc<str> {
        self.shared().journal.folder.id()
    }

    /// The openings of the journal's folder, oldest first; the last is this server's.
    ///
    /// # Errors
    /// This opening cannot be noted on the disk.
    pub fn journal_starts(&self) -> Result<Vec<Start>, GatewayError> {
        let journal = &self.shared().journal;
        Ok(journal.folder.starts(&**journal.predictions.files())?)
    }

    /// The positions behind all predictions and behind all feedback that are on disk.
    #[must_use]
    pub fn journal_ends(&self) -> (u64, u64) {
        let journal = &self.shared().journal;
        (journal.predictions.synced_end(), journal.feedback.synced_end())
    }

    /// The database knows the journal by this name, and its openings so far.
    ///
    /// To be called before the first [`Self::release_predictions`]: files of the lake are named for the journal.
    ///
    /// # Errors
    /// It is no name, or cannot be written.
    pub fn confirm_journal(&self, id: &str) -> Result<(), GatewayError> {
        let journal = &self.shared().journal;
        Ok(journal.folder.confirm(&**journal.predictions.files(), id)?)
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

    /// Completes the segment of predictions under way, so that it ships at once; answers its end.
    #[must_use]
    pub fn seal_predictions(&self) -> u64 {
        self.shared().journal.predictions.seal()
    }
}

pub(crate) fn decode<M: Message + Default>(field: &str, bytes: &[u8]) -> Result<M, GatewayError> {
    M::decode(bytes).map_err(|error| GatewayError::InvalidRequest(format!("{field}: {error}")))
}
