//! The server's journal: a log of predictions, a log of feedback, and the thread that ships to the lake.

use std::{path::PathBuf, sync::Arc, time::Duration};

use pointsman_journal::{
    JournalError, JournalFolder, Log, LogSettings,
    files::{Files, RealFiles},
};
use pointsman_lake::{ColumnRegistry, Shipper};
use serde::Deserialize;

use crate::{config::ServerConfig, error::GatewayError};

/// What is written is on disk after at most so long, whether or not anybody waits.
const SYNC_CEILING: Duration = Duration::from_millis(10);
/// Feedback segments are small: what is applied can go early.
const FEEDBACK_SEGMENT_BYTES: u64 = 16 << 20;
/// Values of feedback that wait to be written.
const FEEDBACK_QUEUE_LENGTH: usize = 65_536;

/// How the journal and the lake are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalConfig {
    /// A segment of so many bytes goes to the lake.
    pub segment_bytes: u64,
    /// A segment goes to the lake after so long.
    pub seal_after_seconds: f64,
    /// Bytes of predictions that wait for the lake, at most; beyond, further ones are dropped.
    pub max_prediction_bytes: u64,
    /// Bytes of feedback that wait for the database, at most; beyond, further feedback is refused.
    pub max_feedback_bytes: u64,
    /// Where the lake is; unset means `lake` in the data folder.
    pub lake_dir: Option<PathBuf>,
    /// Forget what was not synced when the process dies.
    #[cfg(feature = "fault-injection")]
    pub volatile: bool,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            seal_after_seconds: 60.0,
            max_prediction_bytes: 8 << 30,
            max_feedback_bytes: 2 << 30,
            lake_dir: None,
            #[cfg(feature = "fault-injection")]
            volatile: false,
        }
    }
}

impl JournalConfig {
    pub(crate) fn check(&self) -> Result<(), GatewayError> {
        let counts = [
            ("segment_bytes", self.segment_bytes, 4 << 10, 1 << 30),
            ("max_prediction_bytes", self.max_prediction_bytes, 1 << 20, 1 << 50),
            ("max_feedback_bytes", self.max_feedback_bytes, 1 << 20, 1 << 50),
        ];
        for (name, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                let reason = format!("{value} is not between {least} and {most}");
                return Err(GatewayError::config(&format!("journal.{name}"), reason));
            }
        }
        if !(0.1..=86_400.0).contains(&self.seal_after_seconds) {
            let reason = format!("{} is not between 0.1 and 86400 seconds", self.seal_after_seconds);
            return Err(GatewayError::config("journal.seal_after_seconds", reason));
        }
        Ok(())
    }

    fn files(&self) -> Arc<dyn Files> {
        #[cfg(feature = "fault-injection")]
        if self.volatile {
            return Arc::new(pointsman_journal::files::VolatileFiles::default());
        }
        Arc::new(RealFiles)
    }
}

/// The journal of a server.
pub(crate) struct Journal {
    pub(crate) predictions: Log,
    pub(crate) feedback: Log,
    pub(crate) shipper: Shipper,
    pub(crate) registry: Arc<ColumnRegistry>,
    pub(crate) lake_dir: PathBuf,
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
            seal_after: None,
            sync_ceiling: SYNC_CEILING,
            queue_length: FEEDBACK_QUEUE_LENGTH,
            max_bytes: settings.max_feedback_bytes,
        };
        let predictions = Log::open(files.clone(), folder.clone(), predictions).map_err(failed)?;
        let feedback = Log::open(files.clone(), folder, feedback).map_err(failed)?;
        let lake_dir = settings.lake_dir.clone().unwrap_or_else(|| config.data_dir.join("lake"));
        let registry = Arc::new(ColumnRegistry::new(files, &lake_dir));
        let shipper = Shipper::start(predictions.clone(), registry.clone(), lake_dir.clone())
            .map_err(|error| GatewayError::config("journal.lake_dir", error.to_string()))?;
        Ok(Self { predictions, feedback, shipper, registry, lake_dir })
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
