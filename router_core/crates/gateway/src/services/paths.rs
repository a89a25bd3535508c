//! The paths that this server answers itself.

pub(super) const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
pub(super) const INFERENCE_SERVICE: &str = "/inference.GRPCInferenceService/";
pub(super) const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";
