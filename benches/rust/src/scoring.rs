//! A tabular model as bytes: requests of one FP64 row whose values differ from call to call, and its scores.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use pointsman_wire::generated::inference::{
    InferParameter, ModelInferRequest, ModelInferResponse, infer_parameter::ParameterChoice,
    model_infer_request::InferInputTensor, model_infer_response::InferOutputTensor,
};
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;
use rand::{RngExt, rngs::SmallRng};

use crate::oip::{PREFIX_LENGTH, Pieces, RequestHead, read_request};

/// The input tensor.
pub const INPUT: &str = "x";
/// The least bytes of an answer: names, a label and two probabilities.
pub const LEAST_ANSWER_BYTES: usize = 64;

/// Writes a row as a table of customers would have it: counts, amounts with cents and measures in turn.
pub fn put_row(rng: &mut SmallRng, row: &mut [u8]) {
    for (column, place) in row.chunks_exact_mut(8).enumerate() {
        let drawn: u64 = rng.random();
        let value = match column % 3 {
            0 => (drawn % 1_000) as f64,
            1 => (drawn % 1_000_000) as f64 / 100.0,
            _ => drawn as f64 / u64::MAX as f64,
        };
        place.copy_from_slice(&value.to_le_bytes());
    }
}

/// Answers the label and the probabilities of both labels for a row: its last column is the second one's.
pub fn score(row: &[u8]) -> (i64, [f32; 2]) {
    let last = row.last_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes));
    let second = last.fract().abs() as f32;
    (i64::from(second >= 0.5), [1.0 - second, second])
}

/// Makes a request of one row; filled up by a parameter until it has `message_bytes`.
pub fn request(model_name: &str, id: &str, row: Bytes, message_bytes: usize) -> ModelInferRequest {
    let columns = (row.len() / 8) as i64;
    let mut request = ModelInferRequest {
        model_name: model_name.to_owned(),
        id: id.to_owned(),
        inputs: vec![InferInputTensor {
            name: INPUT.to_owned(),
            datatype: "FP64".to_owned(),
            shape: vec![1, columns],
            ..InferInputTensor::default()
        }],
        raw_input_contents: vec![row],
        ..ModelInferRequest::default()
    };
    // Keys and lengths of the parameter itself.
    const AROUND: usize = 20;
    let missing = message_bytes.saturating_sub(request.encoded_len() + AROUND);
    if missing > 0 {
        let choice = ParameterChoice::StringParam("~".repeat(missing));
        let parameter = InferParameter { parameter_choice: Some(choice) };
        request.parameters = BTreeMap::from([("context".to_owned(), parameter)]);
    }
    request
}

/// Makes the answer to a request.
pub fn response(model_name: &str, id: &str, row: &[u8]) -> ModelInferResponse {
    let (label, probabilities) = score(row);
    let output = |name: &str, datatype: &str, columns: i64| InferOutputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: vec![1, columns],
        ..InferOutputTensor::default()
    };
    let probabilities = probabilities.map(f32::to_le_bytes).concat();
    ModelInferResponse {
        model_name: model_name.to_owned(),
        id: id.to_owned(),
        outputs: vec![output("label", "INT64", 1), output("probabilities", "FP32", 2)],
        raw_output_contents: vec![label.to_le_bytes().to_vec().into(), probabilities.into()],
        ..ModelInferResponse::default()
    }
}

/// What the model takes and gives.
pub fn signature(columns: usize) -> proto::Signature {
    let tensor = |name: &str, datatype: &str, columns: usize, features: Vec<String>| proto::TensorSpec {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: vec![-1, columns as i64],
        features,
    };
    proto::Signature {
        inputs: vec![tensor(INPUT, "FP64", columns, (0..columns).map(feature_name).collect())],
        outputs: vec![
            tensor("label", "INT64", 1, Vec::new()),
            tensor("probabilities", "FP32", 2, Vec::new()),
        ],
        task: proto::Task::Classification.into(),
        labels: vec!["no".to_owned(), "yes".to_owned()],
        prediction_output: "label".to_owned(),
        probability_output: "probabilities".to_owned(),
        ..proto::Signature::default()
    }
}

/// The feature of a column.
fn feature_name(column: usize) -> String {
    format!("feature_{column:02}")
}

/// A request's message with its prefix, of which each call gets a copy with a row of its own.
pub struct RequestTemplate {
    message: Bytes,
    row_bytes: usize,
}

impl RequestTemplate {
    /// Makes it; the row is what a message ends with.
    pub fn new(model_name: &str, id: &str, columns: usize, message_bytes: usize) -> Self {
        let row_bytes = columns * 8;
        let request = request(model_name, id, vec![0; row_bytes].into(), message_bytes);
        Self { message: framed(&request), row_bytes }
    }

    /// Writes a message.
    pub fn message(&self, rng: &mut SmallRng) -> Bytes {
        let mut message = BytesMut::from(&*self.message);
        let start = message.len() - self.row_bytes;
        put_row(rng, &mut message[start..]);
        message.freeze()
    }
}

/// Reads a whole request with its prefix and answers its head and the scores, prefix included. None when it is
/// no request of one row.
pub fn answer(request: Pieces) -> Option<(RequestHead, Bytes)> {
    let (head, row) = read_request(request)?;
    let model_name = str::from_utf8(&head.model_name).ok()?;
    let answer = framed(&response(model_name, str::from_utf8(&head.id).ok()?, &row));
    Some((head, answer))
}

/// The model's metadata as its server says it, with its prefix.
pub fn metadata(model_name: &str, columns: usize) -> Bytes {
    use pointsman_wire::generated::inference::{
        ModelMetadataResponse, model_metadata_response::TensorMetadata,
    };
    let tensor = |spec: proto::TensorSpec| TensorMetadata {
        name: spec.name,
        datatype: spec.datatype,
        shape: spec.shape,
    };
    let signature = signature(columns);
    framed(&ModelMetadataResponse {
        name: model_name.to_owned(),
        platform: "scoring".to_owned(),
        inputs: signature.inputs.into_iter().map(tensor).collect(),
        outputs: signature.outputs.into_iter().map(tensor).collect(),
        ..ModelMetadataResponse::default()
    })
}

fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut framed = Vec::with_capacity(PREFIX_LENGTH + length);
    framed.push(0);
    framed.extend_from_slice(&(length as u32).to_be_bytes());
    message.encode_raw(&mut framed);
    framed.into()
}

#[cfg(test)]
mod tests {
    use super::{LEAST_ANSWER_BYTES, RequestTemplate, answer, score};
    use crate::oip::{PREFIX_LENGTH, Pieces};
    use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
    use prost::Message;
    use rand::{SeedableRng, rngs::SmallRng};

    #[test]
    fn a_message_has_the_bytes_asked_for_and_a_row_of_its_own() {
        let template = RequestTemplate::new("router", "load", 30, 1_024);
        let mut rng = SmallRng::seed_from_u64(1);
        let (first, second) = (template.message(&mut rng), template.message(&mut rng));
        assert_ne!(first, second);
        assert!((1_000..1_060).contains(&first.len()), "{} bytes", first.len());
        let read = ModelInferRequest::decode(&first[PREFIX_LENGTH..]).expect("valid");
        assert_eq!(read.inputs[0].shape, [1, 30]);
        assert_eq!(read.raw_input_contents[0].len(), 240);
    }

    #[test]
    fn the_answer_is_the_score_of_the_row() {
        let template = RequestTemplate::new("router", "load", 30, 0);
        let message = template.message(&mut SmallRng::seed_from_u64(2));
        let mut pieces = Pieces::default();
        message.chunks(100).for_each(|chunk| pieces.push(chunk.to_vec().into()));
        let (head, answer) = answer(pieces).expect("valid");
        assert_eq!(head.model_name, "router");
        assert!(answer.len() >= LEAST_ANSWER_BYTES);
        let answer = ModelInferResponse::decode(&answer[PREFIX_LENGTH..]).expect("valid");
        let (label, _) = score(&message);
        assert_eq!(answer.raw_output_contents[0], label.to_le_bytes().as_slice());
    }
}
