//! The server's configuration: every limit finite, every wrong value named.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::Deserialize;

use crate::{
    logging::LogFormat, recording::journal_config::JournalConfig, upstream::forward_metadata::ForwardMetadata,
};

/// What a server is started with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where clients connect; port 0 lets the system choose.
    pub grpc_address: SocketAddr,
    /// Worker threads.
    pub threads: usize,
    /// Holds `models/` and `state/`.
    pub data_dir: PathBuf,
    /// The control plane's unix socket; without one only the data plane's own services answer.
    #[serde(default)]
    pub control_socket: Option<PathBuf>,
    /// ONNX Runtime's shared library; without one ONNX backends cannot be loaded.
    #[serde(default)]
    pub onnx_library: Option<PathBuf>,
    /// What ServerMetadata and the build metric say.
    #[serde(default)]
    pub server_version: String,
    /// A level or filter such as `info` or `pointsman_gateway=debug`.
    #[serde(default = "default_log_level")]
    pub log_level: String,
    /// How log lines are written.
    #[serde(default)]
    pub log_format: LogFormat,
    /// What is allowed at most.
    #[serde(default)]
    pub limits: Limits,
    /// How what happened is kept.
    #[serde(default)]
    pub journal: JournalConfig,
    /// Credentials of clients that go on to backends.
    #[serde(default)]
    pub forward_metadata: ForwardMetadata,
}

fn default_log_level() -> String {
    "info".to_owned()
}

/// What is allowed at most. Nothing is unlimited.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Client connections; further ones are closed at once.
    pub max_connections: usize,
    /// Calls at a time on one connection; clients queue the rest.
    pub max_streams_per_connection: u32,
    /// Bytes of a call's metadata.
    pub max_header_list_bytes: u32,
    /// Bytes of one message.
    pub max_message_bytes: usize,
    /// Calls at a time to one backend target.
    pub max_in_flight_per_backend: usize,
    /// Calls that wait for one of those places.
    pub max_queued_per_backend: usize,
    /// Time to connect to a backend.
    pub connect_timeout_seconds: f64,
    /// The deadline of calls that bring none.
    pub default_deadline_seconds: f64,
    /// The longest deadline: a call that names a later one has this.
    pub max_deadline_seconds: f64,
    /// The time for a request to arrive whole.
    pub message_timeout_seconds: f64,
    /// How long a client may take nothing of its answer.
    pub stalled_answer_seconds: f64,
    /// Silence after which a peer is asked whether it lives.
    pub keepalive_interval_seconds: f64,
    /// Time for it to answer.
    pub keepalive_timeout_seconds: f64,
    /// Age at which a client connection is asked to go away.
    pub max_connection_age_seconds: f64,
    /// The random part of that age, so that clients do not reconnect together.
    pub connection_age_jitter_share: f64,
    /// Bytes of message bodies held in memory.
    pub body_budget_bytes: usize,
    /// Predictions waiting to be written.
    pub record_queue_length: usize,
    /// Threads that run slow ONNX models and inflate compressed messages.
    pub onnx_threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_streams_per_connection: 1_000,
            max_header_list_bytes: 65_536,
            max_message_bytes: 16 << 20,
            max_in_flight_per_backend: 1_024,
            max_queued_per_backend: 1_024,
            connect_timeout_seconds: 2.0,
            default_deadline_seconds: 30.0,
            max_deadline_seconds: 3_600.0,
            message_timeout_seconds: 30.0,
            stalled_answer_seconds: 10.0,
            keepalive_interval_seconds: 30.0,
            keepalive_timeout_seconds: 10.0,
            max_connection_age_seconds: 1_800.0,
            connection_age_jitter_share: 0.1,
            body_budget_bytes: 256 << 20,
            record_queue_length: 65_536,
            onnx_threads: 2,
        }
    }
}

/// Calls at a time at the control plane: half of what it takes itself, so that none meets its own refusal.
const MAX_CONTROL_CALLS: usize = 256;

impl Limits {
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.connect_timeout_seconds)
    }

    /// The time that a call has: what it or its router names, else the default, at most the longest.
    pub(crate) fn timeout(&self, named: Option<Duration>) -> Duration {
        let default = || Duration::from_secs_f64(self.default_deadline_seconds);
        named.unwrap_or_else(default).min(Duration::from_secs_f64(self.max_deadline_seconds))
    }

    /// Calls at a time at the control plane, which takes fewer than a backend.
    pub(crate) fn control_places(&self) -> usize {
        self.max_in_flight_per_backend.min(MAX_CONTROL_CALLS)
    }

    /// The time from a call's head to its message's last byte.
    pub(crate) fn message_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.message_timeout_seconds)
    }

    /// How long a client may take nothing of its answer.
    pub(crate) fn stalled_answer(&self) -> Duration {
        Duration::from_secs_f64(self.stalled_answer_seconds)
    }

    pub(crate) fn keepalive_interval(&self) -> Duration {
        Duration::from_secs_f64(self.keepalive_interval_seconds)
    }

    pub(crate) fn keepalive_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.keepalive_timeout_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::GatewayError;

    fn with(extra: &str) -> Result<ServerConfig, GatewayError> {
        ServerConfig::from_json(&format!(
            r#"{{"grpc_address":"127.0.0.1:0","threads":1,"data_dir":"d"{extra}}}"#
        ))
    }

    #[test]
    fn every_limit_has_a_finite_default() {
        assert_eq!(with("").unwrap().limits.max_message_bytes, 16 << 20);
    }

    #[test]
    fn a_wrong_value_is_refused_by_its_field() {
        let refused = |extra: &str| with(extra).unwrap_err().to_string();
        assert!(refused(r#","limits":{"max_connections":0}"#).starts_with("limits.max_connections: 0"));
        assert!(
            refused(r#","limits":{"default_deadline_seconds":-1}"#).contains("default_deadline_seconds: -1")
        );
        assert!(refused(r#","limits":{"max_conections":1}"#).contains("max_conections"));
        assert!(refused(r#","threds":1"#).contains("threds"));
    }
}
