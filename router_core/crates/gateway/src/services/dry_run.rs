//! One row through a model version for the control plane, outside any call: nothing is recorded, counted or logged.
//!
//! The row goes the way of Predict, so that what is said here is what a call would be answered. What a call brings is
//! made for it: a worker that takes no calls, and no metadata of a client.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, TE},
};
use pointsman_inference::{
    Answer as Prediction,
    features::{FeatureOrigin, RowFeature, row_features, sample_row},
};
use pointsman_model::{Backend, ModelVersion};
use pointsman_wire::{generated::pointsman_v1 as proto, model_from_proto};
use prost_types::Value;
use proto::dry_run_answer::Outcome;
use tokio::{runtime::LocalRuntime, time::Instant};
use tonic::Code;

use super::{
    answering::Failure,
    one_row::{answer_of, inputs_of, of_features},
    tensors::Asker,
};
use crate::{
    messages::status::{CallError, GRPC_CONTENT_TYPE, GRPC_MESSAGE, percent_decode},
    recording::{backend_time::BackendTime, records::duration_proto},
    shared::Shared,
    worker::Worker,
};

/// Asks a model version about one row. The time begins when a file that is not loaded yet is.
pub(crate) fn dry_run(shared: &Arc<Shared>, asked: proto::DryRun, patience: Duration) -> proto::DryRunAnswer {
    let outcome = match answered(shared, asked, patience) {
        Ok(response) => Outcome::Response(response),
        Err(error) => Outcome::Refusal(error.refusal()),
    };
    proto::DryRunAnswer { outcome: Some(outcome) }
}

fn answered(
    shared: &Arc<Shared>,
    asked: proto::DryRun,
    patience: Duration,
) -> Result<proto::TestModelVersionResponse, CallError> {
    let model = model_from_proto(asked.model.unwrap_or_default());
    let model = model.map_err(|error| CallError::new(Code::FailedPrecondition, error.to_string()))?;
    let signature = &model.signature;
    let is_sampled = asked.features.is_empty();
    let features = if is_sampled { sample_row(signature).map_err(of_features)? } else { asked.features };
    let inputs = inputs_of(signature, std::iter::empty(), &features, |_| false).map_err(of_features)?;
    let row = row_of(&model, &features, is_sampled)?;
    let internal = |error: std::io::Error| CallError::new(Code::Internal, error.to_string());
    let mut time = BackendTime::default();
    let prediction = LocalRuntime::new().map_err(internal)?.block_on(async {
        let backend = model.backend.as_ref().ok_or_else(no_backend)?;
        let served_by = shared.publisher.backends.for_once(backend);
        let served_by = served_by.map_err(|reason| CallError::new(Code::FailedPrecondition, reason))?;
        // It has the place behind the last worker, where nothing is counted.
        let worker = Worker::new(shared.clone(), shared.config.threads);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, GRPC_CONTENT_TYPE);
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let asker = Asker { worker: &worker, headers: &mut headers, time: &mut time };
        let answered = answer_of(asker, signature, &served_by, inputs, Instant::now() + patience).await;
        worker.close();
        answered.map_err(|failure| of_failure(failure, backend))
    })?;
    Ok(response(&model, row, prediction, time.elapsed().unwrap_or_default()))
}

fn row_of(
    model: &ModelVersion,
    features: &BTreeMap<String, Value>,
    is_sampled: bool,
) -> Result<Vec<proto::RowFeature>, CallError> {
    let told = |RowFeature { name, value, origin }| {
        let origin = match origin {
            FeatureOrigin::Given => proto::FeatureOrigin::Given,
            FeatureOrigin::Default => proto::FeatureOrigin::Default,
            FeatureOrigin::Sample => proto::FeatureOrigin::Sample,
            FeatureOrigin::Unused => proto::FeatureOrigin::Unused,
        };
        proto::RowFeature { name, value: Some(value), origin: origin.into() }
    };
    let row = row_features(&model.signature, features, is_sampled).map_err(of_features)?;
    Ok(row.into_iter().map(told).collect())
}

fn response(
    model: &ModelVersion,
    row: Vec<proto::RowFeature>,
    prediction: Prediction,
    backend_latency: Duration,
) -> proto::TestModelVersionResponse {
    proto::TestModelVersionResponse {
        model_id: model.key.model_id.to_string(),
        model_version: model.key.version.to_string(),
        row,
        prediction: Some(prediction.prediction),
        probabilities: prediction.probabilities,
        outputs: prediction.outputs.into_iter().collect(),
        notes: prediction.notes.words().map(str::to_owned).collect(),
        backend_latency: Some(duration_proto(backend_latency)),
    }
}

fn no_backend() -> CallError {
    let reason = "the model version is only monitored and has no backend; register a version that has one";
    CallError::new(Code::FailedPrecondition, reason)
}

/// Says of which backend a failure is; Predict says of which variant.
fn of_failure(failure: Failure, backend: &Backend) -> CallError {
    let (code, said) = match failure {
        Failure::Ours(error) if error.code == Code::FailedPrecondition => {
            let way_out =
                "a call would be answered so, too: register a version whose signature fits its model";
            (error.code, format!("{}; {way_out}", error.message))
        }
        Failure::Ours(error) => (error.code, error.message.into_owned()),
        Failure::Backends { code, trailers } => {
            let said = trailers.get(GRPC_MESSAGE).map(|said| percent_decode(said.as_bytes()));
            (code, said.unwrap_or_else(|| "the backend gave no reason".to_owned()))
        }
    };
    let who = match backend {
        Backend::Grpc(grpc) => format!("model {:?} at {}", grpc.model_name, grpc.target),
        Backend::Onnx(onnx) => format!("ONNX file {:?}", onnx.path),
    };
    CallError::new(code, format!("{who}: {said}"))
}
