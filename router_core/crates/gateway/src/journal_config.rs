//! How the journal and the lake are kept.

use std::{path::PathBuf, sync::Arc};

use pointsman_journal::files::{Files, RealFiles};
use serde::Deserialize;

use crate::error::GatewayError;

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

    pub(crate) fn files(&self) -> Arc<dyn Files> {
        #[cfg(feature = "fault-injection")]
        if self.volatile {
            return Arc::new(pointsman_journal::files::VolatileFiles::default());
        }
        Arc::new(RealFiles)
    }
}
