//! Messages of the Open Inference Protocol from tensors, and tensors from them.
//!
//! Nothing here allocates by what a message claims: contents are counted first and compared with the shape.

mod contents;
mod request;
mod response;

pub use request::{InferRequest, decode_request, encode_request};
pub use response::{decode_response, encode_response};
use thiserror::Error;

use crate::TensorError;

/// A message that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OipError {
    /// A request that a caller sent.
    #[error("{place}: {reason}")]
    Request {
        /// The field, such as `inputs[0] "x"`.
        place: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A response that a model gave.
    #[error("the model's answer, {place}: {reason}")]
    Response {
        /// The field, such as `outputs[0] "y"`.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl OipError {
    /// Whether the caller can mend it; else the model is wrong.
    #[must_use]
    pub const fn is_callers_fault(&self) -> bool {
        matches!(self, Self::Request { .. })
    }
}

/// What is wrong with one tensor, before it is known whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
enum ContentsError {
    #[error(transparent)]
    Tensor(#[from] TensorError),
    #[error("{0}")]
    Contents(String),
}
