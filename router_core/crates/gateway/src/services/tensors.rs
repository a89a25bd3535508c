//! One call to a model in tensors, whatever serves it: a server over the network, or a file in this process.
//!
//! Whoever has tensors asks here. The one call that does not is ModelInfer to a server: its message passes by
//! without being read.

use std::rc::Rc;

use http::{HeaderMap, uri::PathAndQuery};
use pointsman_inference::{Tensor, oip};
use pointsman_model::Signature;
use pointsman_wire::generated::inference::ModelInferResponse;
use prost::Message as _;
use tokio::time::{Instant, timeout_at};

use super::{
    answering::Failure,
    forward::{ask, frame, of_oip, run_onnx},
    metadata::backend_headers,
    paths::MODEL_INFER,
};
use crate::{
    messages::status::CallError,
    recording::backend_time::BackendTime,
    routing::backends::{Backend, GrpcModel},
    upstream::{Answer, Outgoing, garbage, gather_large},
    worker::Worker,
};

/// Who asks: a call, or a trial of a model version, which is none.
pub(crate) struct Asker<'a> {
    pub(crate) worker: &'a Rc<Worker>,
    /// What a server gets goes out of it.
    pub(crate) headers: &'a mut HeaderMap,
    pub(crate) time: &'a mut BackendTime,
}

/// What a model is asked.
pub(crate) struct Question<'a> {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) outputs: Outputs<'a>,
    pub(crate) deadline: Instant,
}

/// Which outputs are to be answered.
pub(crate) enum Outputs<'a> {
    /// Those of a signature. Some servers answer others unless they are named; a file answers all it has.
    Signed(&'a Signature),
    /// Those that the caller names; none means all.
    Named(Vec<String>),
}

/// What a model answered.
pub(crate) struct Outcome {
    pub(crate) outputs: Vec<Tensor>,
    /// Whether the server said that another model than the one asked answered.
    pub(crate) is_others: bool,
}

/// Asks a backend and waits for its tensors.
pub(crate) async fn run(
    asker: Asker<'_>,
    backend: &Backend,
    question: Question<'_>,
) -> Result<Outcome, Failure> {
    match backend {
        Backend::Grpc(model) => ask_server(asker, model, question).await,
        Backend::Onnx(onnx) => {
            let Question { inputs, outputs, deadline } = question;
            let requested = match outputs {
                Outputs::Signed(_) => Vec::new(),
                Outputs::Named(names) => names,
            };
            let outputs = run_onnx(asker.worker, onnx, inputs, requested, deadline, asker.time).await?;
            Ok(Outcome { outputs, is_others: false })
        }
    }
}

async fn ask_server(
    Asker { worker, headers, time }: Asker<'_>,
    model: &GrpcModel,
    Question { inputs, outputs, deadline }: Question<'_>,
) -> Result<Outcome, Failure> {
    let requested: Vec<&str> = match &outputs {
        Outputs::Signed(signature) => signature.outputs.iter().map(|output| &*output.name).collect(),
        Outputs::Named(names) => names.iter().map(String::as_str).collect(),
    };
    let message = oip::encode_request(&model.model_name, &model.model_version, "", &inputs, &requested);
    let outgoing = Outgoing::Whole(frame(&message.encode_to_vec())?);
    let headers = backend_headers(worker, std::mem::take(headers), &model.target.target, deadline);
    let path = PathAndQuery::from_static(MODEL_INFER);
    let answer = ask(worker, model, path, headers, outgoing, deadline, Some(&mut *time)).await?;
    let response = match answer {
        Answer::Failed { code, trailers } => return Err(Failure::Backends { code, trailers }),
        Answer::Whole { message, .. } => message,
        Answer::Large { start, stream, .. } => {
            let most = worker.shared.config.limits.max_message_bytes;
            let _reservation = worker.reserve((start.prefix.length as usize).min(most))?;
            let gathering = gather_large(start, stream, most);
            let gathered = timeout_at(deadline, gathering).await.map_err(|_| CallError::deadline())?;
            time.answered();
            gathered?.0
        }
    };
    let response = ModelInferResponse::decode(response).map_err(|error| garbage(&error.to_string()))?;
    let is_others = !response.model_name.is_empty() && *response.model_name != *model.model_name;
    let outputs = oip::decode_response(response).map_err(|error| of_oip(&error))?;
    Ok(Outcome { outputs, is_others })
}
