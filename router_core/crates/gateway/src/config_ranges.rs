//! Reading the configuration, and what each of its numbers may be: one table, with which the control plane's settings
//! are compared.

use crate::{config::ServerConfig, error::GatewayError};

/// A number of the configuration, and what it may be.
pub struct Range {
    /// Its path.
    pub field: &'static str,
    /// The least that it may be.
    pub least: f64,
    /// The most that it may be.
    pub most: f64,
    read: fn(&ServerConfig) -> f64,
}

impl Range {
    const fn new(field: &'static str, least: f64, most: f64, read: fn(&ServerConfig) -> f64) -> Self {
        Self { field, least, most, read }
    }

    /// Durations from a millisecond to a year.
    const fn seconds(field: &'static str, read: fn(&ServerConfig) -> f64) -> Self {
        Self::new(field, 0.001, 365.0 * 86_400.0, read)
    }

    pub(crate) fn check(&self, config: &ServerConfig) -> Result<(), GatewayError> {
        let Self { field, least, most, read } = self;
        let value = read(config);
        // Not a number is in no range.
        if (*least..=*most).contains(&value) {
            return Ok(());
        }
        Err(GatewayError::config(field, format!("{value} is not between {least} and {most}")))
    }
}

impl ServerConfig {
    /// Reads and checks a JSON document.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn from_json(text: &str) -> Result<Self, GatewayError> {
        let config: Self =
            serde_json::from_str(text).map_err(|error| GatewayError::config("config", error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), GatewayError> {
        for range in RANGES {
            range.check(self)?;
        }
        self.forward_metadata.check()
    }
}

const KIB: f64 = 1_024.0;
const MIB: f64 = 1_024.0 * KIB;
const GIB: f64 = 1_024.0 * MIB;
const TIB: f64 = 1_024.0 * GIB;
const PIB: f64 = 1_024.0 * TIB;

/// All of them.
pub const RANGES: &[Range] = &[
    Range::new("threads", 1.0, 256.0, |config| config.threads as f64),
    Range::new("limits.max_connections", 1.0, 1e6, |config| config.limits.max_connections as f64),
    Range::new("limits.max_streams_per_connection", 1.0, 1e6, |config| {
        config.limits.max_streams_per_connection.into()
    }),
    Range::new("limits.max_header_list_bytes", 1.0, 16.0 * MIB, |config| {
        config.limits.max_header_list_bytes.into()
    }),
    // gRPC of the control plane's language takes no more.
    Range::new("limits.max_message_bytes", 1.0, 2.0 * GIB - 1.0, |config| {
        config.limits.max_message_bytes as f64
    }),
    Range::new("limits.max_in_flight_per_backend", 1.0, 1e6, |config| {
        config.limits.max_in_flight_per_backend as f64
    }),
    // Without a queue calls beyond the places are refused at once.
    Range::new("limits.max_queued_per_backend", 0.0, 1e6, |config| {
        config.limits.max_queued_per_backend as f64
    }),
    Range::seconds("limits.connect_timeout_seconds", |config| config.limits.connect_timeout_seconds),
    Range::seconds("limits.default_deadline_seconds", |config| config.limits.default_deadline_seconds),
    Range::seconds("limits.max_deadline_seconds", |config| config.limits.max_deadline_seconds),
    Range::seconds("limits.message_timeout_seconds", |config| config.limits.message_timeout_seconds),
    Range::seconds("limits.stalled_answer_seconds", |config| config.limits.stalled_answer_seconds),
    Range::seconds("limits.keepalive_interval_seconds", |config| config.limits.keepalive_interval_seconds),
    Range::seconds("limits.keepalive_timeout_seconds", |config| config.limits.keepalive_timeout_seconds),
    Range::seconds("limits.max_connection_age_seconds", |config| config.limits.max_connection_age_seconds),
    Range::new("limits.connection_age_jitter_share", 0.0, 1.0, |config| {
        config.limits.connection_age_jitter_share
    }),
    Range::new("limits.body_budget_bytes", 1.0, TIB, |config| config.limits.body_budget_bytes as f64),
    Range::new("limits.record_queue_length", 1.0, 1e8, |config| config.limits.record_queue_length as f64),
    Range::new("limits.onnx_threads", 1.0, 256.0, |config| config.limits.onnx_threads as f64),
    Range::new("journal.segment_bytes", 4.0 * KIB, GIB, |config| config.journal.segment_bytes as f64),
    Range::new("journal.seal_after_seconds", 0.1, 86_400.0, |config| config.journal.seal_after_seconds),
    Range::new("journal.max_prediction_bytes", MIB, PIB, |config| config.journal.max_prediction_bytes as f64),
    Range::new("journal.max_feedback_bytes", MIB, PIB, |config| config.journal.max_feedback_bytes as f64),
];
