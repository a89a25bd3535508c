//! The paths that this server answers itself.

pub(super) const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";
pub(super) const INFERENCE_SERVICE: &str = "/inference.GRPCInferenceService/";
pub(super) const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";
pub(super) const RECORD_FEEDBACK: &str = "/pointsman.v1.PredictionService/RecordFeedback";
pub(super) const BATCH_RECORD_FEEDBACK: &str = "/pointsman.v1.PredictionService/BatchRecordFeedback";
