//! The server's journal: a log of predictions, a log of feedback, and the thread that ships to the lake.

use std::{sync::Arc, time::Duration};

use pointsman_journal::{JournalError, JournalFolder, Log, LogSettings};
use pointsman_lake::{ColumnRegistry, Shipper};

use crate::{config::ServerConfig, error::GatewayError};

/// What is written is on disk after at most so long, whether or not anybody waits.
const SYNC_CEILING: Duration = Duration::from_millis(10);
/// Feedback segments are small: what is applied can go early.
const FEEDBACK_SEGMENT_BYTES: u64 = 16 << 20;
/// Values of feedback that wait to be written.
const FEEDBACK_QUEUE_LENGTH: usize = 65_536;

/// The journal of a server.
pub(crate) struct Journal {
    pub(crate) predictions: Log,
    pub(crate) feedback: Log,
    pub(crate) shipper: Shipper,
    pub(crate) registry: Arc<ColumnRegistry>,
    pub(crate) folder: Arc<JournalFolder>,
}

impl Journal {
    /// Takes the journal's folder, recovers what is in it, and starts to write and to ship.
    pub(crate) fn open(config: &ServerConfig) -> Result<Self, GatewayError> {
        let failed = |error: JournalError| GatewayError::config("data_dir", error.to_string());
        let settings = &config.journal;
        let files = settings.files();
        let folder = config.data_dir.join("journal");
        let folder = JournalFolder::open(&*files, &folder, &new_id()).map_err(failed)?;
        let predictions = LogSettings {
            name: "predictions",
            segment_bytes: settings.segment_bytes,
            seal_after: Some(Duration::from_secs_f64(settings.seal_after_seconds)),
            sync_ceiling: SYNC_CEILING,
            queue_length: config.limits.record_queue_length,
            max_bytes: settings.max_prediction_bytes,
        };
        let feedback = LogSettings {
            name: "feedback",
            segment_bytes: settings.segment_bytes.min(FEEDBACK_SEGMENT_BYTES),
            seal_after: Some(Duration::from_secs_f64(settings.seal_after_seconds)),
            sync_ceiling: SYNC_CEILING,
            queue_length: FEEDBACK_QUEUE_LENGTH,
            max_bytes: settings.max_feedback_bytes,
        };
        let predictions = Log::open(files.clone(), folder.clone(), predictions).map_err(failed)?;
        let feedback = Log::open(files.clone(), folder.clone(), feedback).map_err(failed)?;
        // Nothing is written yet: these are the ends that a copy of this folder may share with it.
        let ends = (predictions.synced_end(), feedback.synced_end());
        folder.begin(&*files, &new_id(), ends.0, ends.1).map_err(failed)?;
        let lake_dir = settings.lake_dir.clone().unwrap_or_else(|| config.data_dir.join("lake"));
        let registry = Arc::new(ColumnRegistry::new(files, &lake_dir));
        let shipper = Shipper::start(predictions.clone(), registry.clone(), lake_dir)
            .map_err(|error| GatewayError::config("journal.lake_dir", error.to_string()))?;
        Ok(Self { predictions, feedback, shipper, registry, folder })
    }

    /// Writes and syncs what is queued; takes nothing more.
    pub(crate) fn close(&self) {
        self.predictions.close();
        self.feedback.close();
    }
}

/// 32 random hexadecimal digits.
fn new_id() -> String {
    format!("{:016x}{:016x}", rand::random::<u64>(), rand::random::<u64>())
}
