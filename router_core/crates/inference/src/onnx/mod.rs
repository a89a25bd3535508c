//! ONNX files, run in process.

mod class_list;
mod confine;
mod convert;
mod external_data;
mod file_locations;
mod identity;
mod latency;
mod library;
mod locations;
mod metadata;
mod model;
mod protobuf;
mod session;
mod source;

pub use confine::models_path;
pub use external_data::data_file_names;
pub use identity::FileIdentity;
pub use library::init_library;
pub use model::OnnxModel;
use pointsman_model::Sha256;
use thiserror::Error;

/// Why an ONNX file cannot be loaded or run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OnnxError {
    /// The ONNX Runtime library is not there or does not fit.
    #[error("ONNX Runtime: {0}")]
    Library(String),
    /// A path that leads outside the models folder.
    #[error("backend.onnx.path: {path:?} {reason}")]
    Path {
        /// The path as given.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is missing, unreadable or no model.
    #[error("ONNX file {file:?}: {reason}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is not the one that is meant.
    #[error(
        "ONNX file {file:?} has SHA-256 {found}, the registered one has {expected}; put that one back, or register a \
         new version of the one that is there"
    )]
    Other {
        /// The file's name.
        file: String,
        /// What it has.
        found: Sha256,
        /// What was registered.
        expected: Sha256,
    },
    /// An input or output of the model that cannot travel as a tensor.
    #[error("ONNX file {file:?}: {tensor}: {reason}")]
    Unsupported {
        /// The file's name.
        file: String,
        /// Which input or output.
        tensor: String,
        /// What it is, and how to export the model otherwise.
        reason: String,
    },
    /// A tensor that the model does not take.
    #[error("input {name:?}: {reason}")]
    Input {
        /// The input.
        name: String,
        /// What is wrong with it and what the model takes.
        reason: String,
    },
    /// An output that the model does not have.
    #[error("output {name:?}: the model has none of this name; it has {available}")]
    RequestedOutput {
        /// The output asked for.
        name: String,
        /// The outputs there are.
        available: String,
    },
    /// The model refused its inputs while it ran.
    #[error("the model refused its inputs: {0}")]
    Refused(String),
    /// The model failed while it ran.
    #[error("the model failed: {0}")]
    Run(String),
    /// A slot that the model was not loaded with.
    #[error("slot {slot} is beyond the {slots} that the model was loaded with")]
    Slot {
        /// The slot asked for.
        slot: usize,
        /// How many there are.
        slots: usize,
    },
}

impl OnnxError {
    /// Whether the caller can mend it; else the model, its file or the server is wrong.
    #[must_use]
    pub const fn is_callers_fault(&self) -> bool {
        matches!(
            self,
            Self::Path { .. } | Self::Input { .. } | Self::RequestedOutput { .. } | Self::Refused(_)
        )
    }
}
