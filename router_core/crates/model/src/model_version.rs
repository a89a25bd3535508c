//! Model versions: what routers send calls to.

use std::sync::Arc;

use crate::{Guarded, Id, Permissions, Sha256, Signature};

/// Names a model version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelKey {
    /// The model's id.
    pub model_id: Id,
    /// The version.
    pub version: Id,
}

/// Where a model version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Registered, nothing more.
    #[default]
    None,
    /// A candidate for production.
    Staging,
    /// The model's one production version.
    Production,
    /// Retired.
    Archived,
}

/// Where a model version answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A server that speaks the Open Inference Protocol.
    Grpc(GrpcBackend),
    /// A file loaded in process.
    Onnx(OnnxBackend),
}

/// A server that speaks the Open Inference Protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GrpcBackend {
    /// `host:port`, or several of them with commas between.
    pub target: Arc<str>,
    /// The model's name there.
    pub model_name: Arc<str>,
    /// The model's version there; empty lets the server choose.
    pub model_version: Arc<str>,
}

/// An ONNX file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OnnxBackend {
    /// Relative to the models folder.
    pub path: Arc<str>,
    /// Of the file that was registered; none when that is not known.
    pub sha256: Option<Sha256>,
}

/// A model version as the data plane needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelVersion {
    /// Its name.
    pub key: ModelKey,
    /// Where it answers; none when it is only monitored.
    pub backend: Option<Backend>,
    /// What it takes and gives.
    pub signature: Signature,
    /// Where it stands in its life.
    pub stage: Stage,
    /// The user to whom the model belongs.
    pub owner: Arc<str>,
    /// Who else may call the model by its name.
    pub permissions: Permissions,
}

impl Guarded for ModelVersion {
    fn owner(&self) -> &str {
        &self.owner
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}
