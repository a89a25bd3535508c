//! Protocol messages: raw and typed contents, and every way in which they can contradict themselves.

use crate::support::*;
use bytes::Bytes;
use pointsman_inference::{
    Tensor,
    oip::{decode_request, decode_response, encode_request, encode_response},
};
use pointsman_model::Datatype;
use pointsman_wire::generated::inference::{
    InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse, model_infer_request,
};
use prost::Message;

/// Two elements of every datatype.
fn all_datatypes() -> Vec<Tensor> {
    use Datatype::*;
    let fixed = [Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Fp32, Fp64];
    let mut tensors: Vec<Tensor> = fixed
        .into_iter()
        .map(|datatype| {
            let size = datatype.element_bytes().unwrap_or(0);
            let mut raw = vec![0; 2 * size];
            raw[size] = 1;
            Tensor { name: datatype.as_str().into(), datatype, shape: vec![1, 2], raw: raw.into() }
        })
        .collect();
    tensors.push(texts("BYTES", &[1, 2], &["é", ""]));
    tensors
}

#[test]
fn a_request_passes_through_protobuf_unchanged() {
    let inputs = all_datatypes();
    let message = encode_request("m", "3", "id-1", &inputs, &["y", "z"]);
    let message = ModelInferRequest::decode(Bytes::from(message.encode_to_vec())).unwrap();
    assert_eq!((&*message.model_name, &*message.model_version), ("m", "3"));
    let request = decode_request(message).unwrap();
    assert_eq!((request.id, request.inputs, request.is_raw), ("id-1".to_owned(), inputs, true));
    assert_eq!(request.requested, ["y", "z"]);
}

#[test]
fn a_response_passes_through_protobuf_unchanged_in_both_forms() {
    for is_raw in [true, false] {
        let outputs = all_datatypes();
        let message = encode_response("m", "3", "id-1", &outputs, is_raw).unwrap();
        assert_eq!(message.raw_output_contents.len(), if is_raw { outputs.len() } else { 0 });
        assert!(message.outputs.iter().all(|output| output.contents.is_none() == is_raw));
        let message = ModelInferResponse::decode(Bytes::from(message.encode_to_vec())).unwrap();
        assert_eq!(decode_response(message).unwrap(), outputs);
    }
}

#[test]
fn half_precision_goes_raw_even_to_a_typed_request() {
    let half = Tensor { datatype: Datatype::Fp16, raw: vec![0, 0x3c].into(), ..floats("h", &[1], &[]) };
    let message = encode_response("m", "", "", &[half.clone(), floats("x", &[1], &[1.0])], false).unwrap();
    assert_eq!(message.raw_output_contents.len(), 2);
    assert_eq!(decode_response(message).unwrap()[0], half);
}

#[test]
fn an_output_that_contradicts_itself_is_not_sent() {
    for is_raw in [true, false] {
        let broken = Tensor { shape: vec![3], ..floats("y", &[], &[1.0, 2.0]) };
        let error = encode_response("m", "", "", &[broken], is_raw).unwrap_err();
        assert!(!error.is_callers_fault());
        assert!(
            error.to_string().contains("outputs[0] \"y\": 8 bytes of FP32 do not fit shape [3]"),
            "{error}"
        );
    }
}

/// A request with one typed input.
fn typed(datatype: &str, shape: &[i64], contents: InferTensorContents) -> ModelInferRequest {
    ModelInferRequest {
        inputs: vec![model_infer_request::InferInputTensor {
            name: "x".into(),
            datatype: datatype.into(),
            shape: shape.to_vec(),
            contents: Some(contents),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn refused(message: ModelInferRequest) -> String {
    decode_request(message).map_or_else(
        |error| {
            assert!(error.is_callers_fault());
            error.to_string()
        },
        |request| format!("accepted: {request:?}"),
    )
}

#[test]
fn typed_contents_must_be_the_right_list_of_the_right_length() {
    let fp32 = |values: &[f32]| InferTensorContents { fp32_contents: values.into(), ..Default::default() };
    let int = |values: &[i32]| InferTensorContents { int_contents: values.into(), ..Default::default() };
    let cases = [
        (
            typed("FP32", &[1, 4], fp32(&[1.0; 3])),
            "3 elements of FP32 do not fit shape [1, 4], which takes 4",
        ),
        (
            typed("FP32", &[1, 4], InferTensorContents::default()),
            "0 elements of FP32 do not fit shape [1, 4]",
        ),
        (
            typed("FP64", &[1], fp32(&[1.0])),
            "contents.fp32_contents is filled, but FP64 goes in contents.fp64_contents",
        ),
        (typed("FP16", &[1], fp32(&[1.0])), "FP16 has no typed contents; send it raw"),
        (typed("INT8", &[2], int(&[1, 128])), "element 1: 128 is out of the range of INT8"),
        (typed("FP32", &[-1], fp32(&[1.0])), "shape [-1] is not countable"),
        (typed("FP32", &[1 << 40, 1 << 40], fp32(&[])), "is not countable"),
        (typed("FLOAT", &[1], fp32(&[1.0])), "\"FLOAT\" is none of BOOL, INT8"),
    ];
    for (message, reason) in cases {
        let error = refused(message);
        assert!(error.starts_with("inputs[0] \"x\": ") && error.contains(reason), "{error}");
    }
}

#[test]
fn raw_contents_must_fit_their_inputs_and_stand_alone() {
    let message = |raws: &[&[u8]]| ModelInferRequest {
        raw_input_contents: raws.iter().map(|raw| Bytes::copy_from_slice(raw)).collect(),
        ..encode_request("m", "", "", &[floats("x", &[1], &[1.0])], &[] as &[&str])
    };
    assert!(refused(message(&[&[0; 4], &[0; 4]])).starts_with("raw_input_contents: 2 entries for 1 inputs"));
    assert!(refused(message(&[&[0; 5]])).contains("5 bytes of FP32 do not fit shape [1], which takes 4"));
    let mut mixed =
        typed("FP32", &[1], InferTensorContents { fp32_contents: vec![1.0], ..Default::default() });
    mixed.raw_input_contents.push(Bytes::from_static(&[0; 4]));
    assert!(refused(mixed).contains("both raw and typed"));
    let long = Tensor { raw: Bytes::from_static(b"\xff\xff\xff\xff"), ..texts("t", &[1], &[""]) };
    assert!(refused(encode_request("m", "", "", &[long], &["y"])).contains("BYTES element 0"));
}

#[test]
fn shared_memory_and_classification_are_refused_with_a_sentence() {
    let mut message = encode_request("m", "", "", &[floats("x", &[1], &[1.0])], &["y"]);
    message.outputs[0].parameters.insert("classification".into(), InferParameter::default());
    assert!(refused(message).starts_with("outputs[0] \"y\": the classification parameter"));
    let mut message = encode_request("m", "", "", &[floats("x", &[1], &[1.0])], &["y"]);
    message.inputs[0].parameters.insert("shared_memory_region".into(), InferParameter::default());
    message.raw_input_contents.clear();
    assert!(refused(message).starts_with("inputs[0] \"x\": shared memory is not available here"));
}

#[test]
fn an_answer_that_contradicts_itself_is_the_models_fault() {
    let good = encode_response("m", "", "", &[floats("y", &[1], &[1.0])], true).unwrap();
    let mut short = good.clone();
    short.raw_output_contents[0] = Bytes::from_static(&[0; 3]);
    let mut surplus = good.clone();
    surplus.raw_output_contents.push(Bytes::new());
    let mut unknown = good;
    unknown.outputs[0].datatype = "COMPLEX".into();
    let twice = [floats("y", &[1], &[1.0]), floats("y", &[1], &[2.0])];
    let twice = encode_response("m", "", "", &twice, true).unwrap();
    for broken in [short, surplus, unknown, twice] {
        assert!(!decode_response(broken).unwrap_err().is_callers_fault());
    }
}
