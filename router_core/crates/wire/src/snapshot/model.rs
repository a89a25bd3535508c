//! Model versions: where they answer, what they take and give.

use std::{path::Path, str::FromStr, sync::Arc};

use pointsman_model::{
    Backend, Datatype, GrpcBackend, ModelError, ModelVersion, OnnxBackend, Permissions, PredictionHolds,
    Signature, Stage, Task, TensorSpec, check_target,
};

use super::{each, known, model_key, within};
use crate::{
    feature_value_from_proto, feature_value_to_proto,
    generated::pointsman_v1::{self as proto, backend::Kind},
};

/// Takes over a model version.
///
/// # Errors
/// The first field that is wrong.
pub fn model_from_proto(model: proto::ModelSnapshot) -> Result<ModelVersion, ModelError> {
    let key = model_key(&model.model_id, "version", &model.version)?;
    let backend = match model.backend {
        Some(backend) => Some(within("backend", backend_from_proto(backend, &model.model_id))?),
        None => None,
    };
    let stage = match known("stage", model.stage)? {
        proto::Stage::Unspecified | proto::Stage::None => Stage::None,
        proto::Stage::Staging => Stage::Staging,
        proto::Stage::Production => Stage::Production,
        proto::Stage::Archived => Stage::Archived,
    };
    let signature = within("signature", signature_from_proto(model.signature.unwrap_or_default()))?;
    // A state that an earlier release kept is of models that every user may call, and they stay so until somebody
    // changes that, which states them.
    let permissions = model.permissions.map_or_else(Permissions::open, permissions_from_proto);
    Ok(ModelVersion { key, backend, signature, stage, owner: model.owner.into(), permissions })
}

fn permissions_from_proto(permissions: proto::ModelPermissions) -> Permissions {
    Permissions {
        public: permissions.public,
        public_predict: permissions.public_predict,
        shared_user_ids: shared(permissions.shared_user_ids),
    }
}

fn backend_from_proto(backend: proto::Backend, model_id: &str) -> Result<Backend, ModelError> {
    match backend.kind {
        Some(Kind::Grpc(grpc)) => {
            check_target(&grpc.target).map_err(|reason| ModelError::new("grpc.target", reason))?;
            let model_name = if grpc.model_name.is_empty() { model_id } else { &grpc.model_name };
            Ok(Backend::Grpc(GrpcBackend {
                target: grpc.target.as_str().into(),
                model_name: model_name.into(),
                model_version: grpc.model_version.into(),
            }))
        }
        Some(Kind::Onnx(onnx)) => {
            check_path(&onnx.path)?;
            let sha256 = if onnx.sha256.is_empty() {
                None
            } else {
                Some(onnx.sha256.parse().map_err(|reason: String| ModelError::new("onnx.sha256", reason))?)
            };
            Ok(Backend::Onnx(OnnxBackend { path: onnx.path.into(), sha256 }))
        }
        None => Err(ModelError::new("", "is neither grpc nor onnx; set one of them")),
    }
}

/// The file lies in the models folder. Symbolic links are followed where it is opened.
fn check_path(path: &str) -> Result<(), ModelError> {
    let stays_inside =
        Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if stays_inside && !path.is_empty() {
        return Ok(());
    }
    let reason =
        format!("{path:?} is not a file in the models folder; give its path relative to that folder");
    Err(ModelError::new("onnx.path", reason))
}

/// Takes over a signature.
///
/// # Errors
/// A tensor has no name, no known datatype or an impossible shape, or the threshold is no number.
pub fn signature_from_proto(signature: proto::Signature) -> Result<Signature, ModelError> {
    let task = match known("task", signature.task)? {
        proto::Task::Unspecified => Task::Unspecified,
        proto::Task::Classification => Task::Classification,
        proto::Task::Regression => Task::Regression,
    };
    let prediction_holds = match known("prediction_holds", signature.prediction_holds)? {
        proto::PredictionHolds::Unspecified => PredictionHolds::Unspecified,
        proto::PredictionHolds::Value => PredictionHolds::Value,
        proto::PredictionHolds::Index => PredictionHolds::Index,
    };
    if let Some(threshold) = signature.threshold
        && threshold.is_nan()
    {
        return Err(ModelError::new("threshold", "is not a number; give one between 0 and 1"));
    }
    let defaults = signature.defaults.into_iter().map(|(name, value)| {
        let value = within(&format!("defaults[{name:?}]"), feature_value_from_proto(value))?;
        Ok((Arc::from(name), value))
    });
    Ok(Signature {
        inputs: each("inputs", signature.inputs, tensor_from_proto)?.into(),
        outputs: each("outputs", signature.outputs, tensor_from_proto)?.into(),
        task,
        labels: shared(signature.labels),
        prediction_output: stated(signature.prediction_output),
        probability_output: stated(signature.probability_output),
        threshold: signature.threshold,
        defaults: defaults.collect::<Result<_, ModelError>>()?,
        prediction_holds,
        classes: shared(signature.classes),
    })
}

fn tensor_from_proto(tensor: proto::TensorSpec) -> Result<TensorSpec, ModelError> {
    if tensor.name.is_empty() {
        return Err(ModelError::new("name", "is empty; a tensor needs a name"));
    }
    let datatype = Datatype::from_str(&tensor.datatype)?;
    each("shape", tensor.shape.clone(), |length| {
        if length >= -1 {
            return Ok(());
        }
        Err(ModelError::new("", format!("{length} is below -1; -1 stands for any length")))
    })?;
    Ok(TensorSpec {
        name: tensor.name.into(),
        datatype,
        shape: tensor.shape.into(),
        features: shared(tensor.features),
    })
}

fn shared(texts: Vec<String>) -> Box<[Arc<str>]> {
    texts.into_iter().map(Arc::from).collect()
}

fn stated(text: String) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| text.into())
}

/// Writes a signature, for the control plane to keep.
#[must_use]
pub fn signature_to_proto(signature: &Signature) -> proto::Signature {
    let texts = |texts: &[Arc<str>]| texts.iter().map(ToString::to_string).collect();
    let tensors = |tensors: &[TensorSpec]| {
        let convert = |tensor: &TensorSpec| proto::TensorSpec {
            name: tensor.name.to_string(),
            datatype: tensor.datatype.as_str().to_owned(),
            shape: tensor.shape.to_vec(),
            features: texts(&tensor.features),
        };
        tensors.iter().map(convert).collect()
    };
    let task = match signature.task {
        Task::Unspecified => proto::Task::Unspecified,
        Task::Classification => proto::Task::Classification,
        Task::Regression => proto::Task::Regression,
    };
    let prediction_holds = match signature.prediction_holds {
        PredictionHolds::Unspecified => proto::PredictionHolds::Unspecified,
        PredictionHolds::Value => proto::PredictionHolds::Value,
        PredictionHolds::Index => proto::PredictionHolds::Index,
    };
    let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    let defaults = signature.defaults.iter();
    proto::Signature {
        inputs: tensors(&signature.inputs),
        outputs: tensors(&signature.outputs),
        task: task.into(),
        labels: texts(&signature.labels),
        prediction_output: text(&signature.prediction_output),
        probability_output: text(&signature.probability_output),
        threshold: signature.threshold,
        defaults: defaults.map(|(name, value)| (name.to_string(), feature_value_to_proto(value))).collect(),
        feature_importances: Default::default(),
        prediction_holds: prediction_holds.into(),
        classes: texts(&signature.classes),
    }
}
