//! How the journal and the lake are kept.

use std::{path::PathBuf, sync::Arc};

use pointsman_journal::files::{Files, RealFiles};
use serde::Deserialize;

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
    pub(crate) fn files(&self) -> Arc<dyn Files> {
        #[cfg(feature = "fault-injection")]
        if self.volatile {
            return Arc::new(pointsman_journal::files::VolatileFiles::default());
        }
        Arc::new(RealFiles)
    }
}
