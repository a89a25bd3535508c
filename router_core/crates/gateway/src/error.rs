//! What can go wrong between Python and the server. Calls of clients fail with a [`crate::messages::status::CallError`].

use pointsman_journal::JournalError;
use pointsman_lake::{LakeError, OfflineError};
use pointsman_model::ModelError;
use thiserror::Error;

/// Why a server cannot start, publish or answer an operator.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The configuration names a wrong field or value.
    #[error("{field}: {reason}")]
    InvalidConfig {
        /// The field.
        field: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("grpc_address: {address} cannot be listened on: {reason}")]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// A published change is wrong.
    #[error("{0}")]
    InvalidSnapshot(String),
    /// A published change builds on another generation.
    #[error("{0}")]
    StaleSnapshot(String),
    /// A backend cannot be asked.
    #[error("{0}")]
    Backend(String),
    /// Fields of a model version that its backend contradicts.
    #[error("{}", listed(.0))]
    ModelVersion(Vec<ModelError>),
    /// An argument cannot be read.
    #[error("{0}")]
    InvalidRequest(String),
    /// The journal cannot do what it is asked.
    #[error("{0}")]
    Journal(String),
    /// Segments that are asked for were released meanwhile, or files replaced.
    #[error("{0}")]
    PositionGone(String),
}

impl GatewayError {
    pub(crate) fn config(field: &str, reason: impl Into<String>) -> Self {
        Self::InvalidConfig { field: field.to_owned(), reason: reason.into() }
    }
}

fn listed(faults: &[ModelError]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<JournalError> for GatewayError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Gone { .. } => Self::PositionGone(error.to_string()),
            error => Self::Journal(error.to_string()),
        }
    }
}

impl From<LakeError> for GatewayError {
    fn from(error: LakeError) -> Self {
        match error {
            LakeError::Journal(error) => error.into(),
            LakeError::FileGone { .. } => Self::PositionGone(error.to_string()),
            error => Self::Journal(error.to_string()),
        }
    }
}

impl From<OfflineError> for GatewayError {
    fn from(error: OfflineError) -> Self {
        match error {
            OfflineError::Write(error) => error.into(),
            error => Self::InvalidRequest(error.to_string()),
        }
    }
}
