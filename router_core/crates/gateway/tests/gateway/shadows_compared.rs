//! What a shadow is asked and what is recorded of its answer, beside the call that was copied.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use pointsman_wire::generated::{
    inference::{
        InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse,
        infer_parameter::ParameterChoice,
        model_infer_request::{InferInputTensor, InferRequestedOutputTensor},
        model_infer_response::InferOutputTensor,
    },
    pointsman_v1::{
        BodyKind, DecisionReason, OnnxBackend, PredictRequest, PredictResponse, Recording, RouterSnapshot,
        Signature, Task, TensorSpec, backend::Kind,
    },
};
use prost::Message;
use prost_types::{Value, value};
use serde_json::json;

use crate::{
    backend::Backend,
    client::{MODEL_INFER, flagged_frame, frame, infer_request},
    onnx_files::library,
    records::recorded,
    shadows::{SHADOW_MODEL, answered, dropped, got, recording_all, serve, shadowed, until},
    world::{MODEL, ROUTER, run, start_onnx},
};

const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Tensors of all kinds, raw and typed, and a field that no version of the protocol has.
fn everything() -> Vec<u8> {
    let contents = [
        InferTensorContents { bool_contents: vec![true, false], ..Default::default() },
        InferTensorContents { int_contents: vec![-1, 2], ..Default::default() },
        InferTensorContents { int64_contents: vec![i64::MIN, 2], ..Default::default() },
        InferTensorContents { uint_contents: vec![1, u32::MAX], ..Default::default() },
        InferTensorContents { uint64_contents: vec![1, u64::MAX], ..Default::default() },
        InferTensorContents { fp32_contents: vec![1.5, -0.0], ..Default::default() },
        InferTensorContents { fp64_contents: vec![1.5, f64::MIN_POSITIVE], ..Default::default() },
        InferTensorContents { bytes_contents: vec!["é".into(), vec![0, 255].into()], ..Default::default() },
    ];
    let inputs = contents.into_iter().enumerate().map(|(index, contents)| InferInputTensor {
        name: format!("x{index}"),
        datatype: "FP32".to_owned(),
        shape: vec![2, 1],
        contents: Some(contents),
        ..Default::default()
    });
    let priority = InferParameter { parameter_choice: Some(ParameterChoice::Int64Param(7)) };
    let request = ModelInferRequest {
        id: "the client's own".to_owned(),
        parameters: [("priority".to_owned(), priority)].into(),
        inputs: inputs.collect(),
        outputs: vec![InferRequestedOutputTensor { name: "y".to_owned(), ..Default::default() }],
        raw_input_contents: vec![Bytes::from_static(b"\0\x01\xfe\xff"), Bytes::new()],
        ..Default::default()
    };
    [request.encode_to_vec(), vec![0xfa, 0x3f, 3, b'n', b'e', b'w']].concat()
}

/// The fields that name a model, as they are written.
fn named(name: &str) -> Vec<u8> {
    ModelInferRequest { model_name: name.to_owned(), ..Default::default() }.encode_to_vec()
}

#[test]
fn a_copy_is_its_call_byte_by_byte_but_for_the_names() {
    run(async {
        let (mut lr, mut s) = (Backend::start().await, Backend::start().await);
        let update = shadowed(lr.address(), s.address(), recording_all);
        let (world, client) = serve(json!({}), &update).await;
        let rest = everything();
        let large = ModelInferRequest {
            raw_input_contents: vec![Bytes::from(vec![9; 1 << 20])],
            ..Default::default()
        };
        let large = [&rest[..], &large.encode_to_vec()[..]].concat();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&[&named(ROUTER)[..], &rest[..]].concat()).unwrap();
        let gzipped = flagged_frame(1, &gzip.finish().unwrap());
        let cases = [
            (frame(&[&named(ROUTER)[..], &rest[..]].concat()), &rest),
            // Names may stand behind everything else.
            (frame(&[&rest[..], &named(ROUTER)[..]].concat()), &rest),
            (gzipped, &rest),
            (frame(&[&named(ROUTER)[..], &large[..]].concat()), &large),
        ];
        for (index, (body, rest)) in cases.into_iter().enumerate() {
            let metadata: &[(&str, &str)] = if index == 2 { &[("grpc-encoding", "gzip")] } else { &[] };
            let calling = client.call(MODEL_INFER, metadata, body);
            let answering = async {
                let mut call = lr.call().await;
                let asked = call.message().await;
                call.answer(&ModelInferResponse::default().encode_to_vec());
                asked
            };
            let (answer, asked) = tokio::join!(calling, answering);
            assert_eq!(answer.unwrap().code(), 0, "{index}");
            let mut copy = s.call().await;
            assert_eq!(copy.header("grpc-encoding"), None);
            let copied = copy.message().await;
            copy.answer(&ModelInferResponse::default().encode_to_vec());
            assert!(asked == [&named(MODEL)[..], &rest[..]].concat(), "{index}");
            assert!(copied == [&named(SHADOW_MODEL)[..], &rest[..]].concat(), "{index}");
        }
        until(|| got(&world, "OK") == 4.0).await;
        for reason in ["busy", "memory", "streaming", "unreachable", "ending"] {
            assert_eq!(dropped(&world, reason), 0.0, "{reason}");
        }
    });
}

#[test]
fn the_record_of_a_shadow_bears_the_calls_id_times_and_entity_and_its_own_answer() {
    run(async {
        let (mut lr, mut s) = (Backend::start().await, Backend::start().await);
        let (world, client) = serve(json!({}), &shadowed(lr.address(), s.address(), |_| {})).await;
        let metadata =
            [("pointsman-entity-id", "alice"), ("traceparent", TRACEPARENT), ("x-request-id", "request-1")];
        let (answer, _) = answered(&mut lr, &client, &metadata, &infer_request(ROUTER)).await;
        let mut copy = s.call().await;
        copy.message().await;
        let said = ModelInferResponse { id: "s".to_owned(), ..Default::default() }.encode_to_vec();
        copy.answer(&said);
        until(|| got(&world, "OK") == 1.0).await;

        let (routes, entries) = recorded(&world);
        let [call, shadow] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((call.shadow, shadow.shadow), (false, true));
        let name = |index: u32| routes[0].variants[index as usize].name.as_str();
        assert_eq!((name(call.variant), name(shadow.variant)), ("lr", "s"));
        assert!(!routes[0].variants[2].eligible);
        assert_eq!(shadow.prediction_id, answer.header("pointsman-prediction-id"));
        let shared = |entry: &pointsman_wire::generated::pointsman_v1::PredictionEntry| {
            let of_call = (entry.prediction_id.clone(), entry.time_us, entry.generation);
            (of_call, entry.entity_id.clone(), entry.request_id.clone(), entry.trace_id.clone())
        };
        assert_eq!(shared(call), shared(shadow));
        assert_eq!(shadow.entity_id, "alice");
        assert_eq!((shadow.reason(), shadow.propensity), (DecisionReason::Shadow, 1.0));
        assert_eq!((shadow.status_code, shadow.slot, shadow.draw, shadow.replayable), (0, None, None, false));
        assert!(shadow.backend_ns.unwrap() > 0 && shadow.overhead_ns > call.overhead_ns);
        assert_eq!((shadow.request_kind(), shadow.request.len()), (BodyKind::Unspecified, 0));
        assert_eq!((shadow.response_kind(), &shadow.response[..]), (BodyKind::Infer, &said[..]));
    });
}

#[test]
fn answers_of_shadows_are_recorded_within_the_routers_limit() {
    run(async {
        let (mut lr, mut s) = (Backend::start().await, Backend::start().await);
        let limit = |router: &mut RouterSnapshot| {
            router.recording = Some(Recording { max_body_bytes: 200_000, ..Default::default() });
        };
        let (world, client) = serve(json!({}), &shadowed(lr.address(), s.address(), limit)).await;
        let said = |bytes: usize| {
            let raw_output_contents = vec![Bytes::from(vec![2; bytes])];
            ModelInferResponse { raw_output_contents, ..Default::default() }.encode_to_vec()
        };
        for (index, bytes) in [1_000, 150_000, 400_000].into_iter().enumerate() {
            answered(&mut lr, &client, &[], &infer_request(ROUTER)).await;
            let mut copy = s.call().await;
            copy.message().await;
            copy.answer(&said(bytes));
            until(|| got(&world, "OK") == (index + 1) as f64).await;
        }
        let shadows: Vec<_> = recorded(&world).1.into_iter().filter(|entry| entry.shadow).collect();
        let kinds: Vec<_> =
            shadows.iter().map(|entry| (entry.response_kind(), entry.response.len())).collect();
        let whole = |bytes: usize| (BodyKind::Infer, said(bytes).len());
        assert_eq!(kinds, [whole(1_000), whole(150_000), (BodyKind::Cut, 0)]);
    });
}

fn spec(name: &str, datatype: &str, shape: &[i64], features: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
    }
}

fn predict_request(features: &[(&str, f64)]) -> Vec<u8> {
    let value = |number: f64| Value { kind: Some(value::Kind::NumberValue(number)) };
    PredictRequest {
        router_id: ROUTER.to_owned(),
        features: features.iter().map(|(name, number)| ((*name).to_owned(), value(*number))).collect(),
        entity_id: "alice".to_owned(),
        ..Default::default()
    }
    .encode_to_vec()
}

/// Answers a call with one number.
async fn answer_number(backend: &mut Backend, number: f32) -> ModelInferRequest {
    let mut call = backend.call().await;
    let asked = call.request().await;
    let output = InferOutputTensor {
        name: "y".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![1, 1],
        ..Default::default()
    };
    let response = ModelInferResponse {
        outputs: vec![output],
        raw_output_contents: vec![number.to_le_bytes().to_vec().into()],
        ..Default::default()
    };
    call.answer(&response.encode_to_vec());
    asked
}

#[test]
fn predict_asks_a_shadow_by_its_own_signature() {
    run(async {
        let (mut lr, mut s) = (Backend::start().await, Backend::start().await);
        let mut update = shadowed(lr.address(), s.address(), |_| {});
        for model in &mut update.changed_models {
            // The shadow takes one more, which calls bring for it alone.
            let features: &[&str] = if model.version == "3" { &["age", "income"] } else { &["age"] };
            let columns = i64::try_from(features.len()).unwrap();
            model.signature = Some(Signature {
                inputs: vec![spec("x", "FP32", &[-1, columns], features)],
                outputs: vec![spec("y", "FP32", &[-1, 1], &[])],
                ..Default::default()
            });
        }
        let (world, client) = serve(json!({}), &update).await;
        let request = predict_request(&[("age", 3.0), ("income", 4.0)]);
        let calling = client.call(PREDICT, &[], frame(&request));
        let (answer, asked) = tokio::join!(calling, answer_number(&mut lr, 2.5));
        let answer = PredictResponse::decode(answer.unwrap().message()).unwrap();
        assert_eq!(asked.raw_input_contents, [3_f32.to_le_bytes().to_vec()]);
        let copied = answer_number(&mut s, 7.5).await;
        assert_eq!(copied.model_name, SHADOW_MODEL);
        assert_eq!(copied.raw_input_contents, [[3_f32.to_le_bytes(), 4_f32.to_le_bytes()].concat()]);
        until(|| got(&world, "OK") == 1.0).await;

        // Without what it takes, it fails as it would if it were called; the call does not.
        let calling = client.call(PREDICT, &[], frame(&predict_request(&[("age", 3.0)])));
        let (answered, _) = tokio::join!(calling, answer_number(&mut lr, 2.5));
        assert_eq!(answered.unwrap().code(), 0);
        until(|| got(&world, "INVALID_ARGUMENT") == 1.0).await;

        let shadows: Vec<_> = recorded(&world).1.into_iter().filter(|entry| entry.shadow).collect();
        assert_eq!(shadows[0].response_kind(), BodyKind::Predict);
        let said = PredictResponse::decode(&shadows[0].response[..]).unwrap();
        assert_eq!((said.prediction_id, said.variant.as_str()), (answer.prediction_id, "s"));
        assert_eq!(said.prediction.unwrap().kind, Some(value::Kind::NumberValue(7.5)));
        assert_eq!((shadows[1].status_code, shadows[1].backend_ns), (3, None));
    });
}

#[test]
fn a_file_is_a_shadow_of_a_server_for_both_kinds_of_calls() {
    run(async {
        let mut lr = Backend::start().await;
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        std::fs::create_dir_all(&models).unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../inference/tests/models/iris.onnx");
        std::fs::copy(file, models.join("iris.onnx")).unwrap();
        let names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
        let input = spec("X", "FP32", &[-1, 4], &names);
        let mut update = shadowed(lr.address(), lr.address(), |_| {});
        for model in &mut update.changed_models {
            model.signature = Some(Signature {
                inputs: vec![input.clone()],
                outputs: vec![spec("y", "FP32", &[-1, 1], &[])],
                ..Default::default()
            });
            if model.version == "3" {
                let onnx = OnnxBackend { path: "iris.onnx".to_owned(), ..Default::default() };
                model.backend.as_mut().unwrap().kind = Some(Kind::Onnx(onnx));
                model.signature = Some(Signature {
                    task: Task::Classification.into(),
                    inputs: vec![input.clone()],
                    outputs: vec![
                        spec("label", "INT64", &[-1], &[]),
                        spec("probabilities", "FP32", &[-1, 3], &[]),
                    ],
                    labels: ["setosa", "versicolor", "virginica"].map(str::to_owned).to_vec(),
                    prediction_output: "label".to_owned(),
                    probability_output: "probabilities".to_owned(),
                    ..Default::default()
                });
            }
        }
        let world = start_onnx(folder, &library());
        assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        let client = world.client().await;
        let row = [6.7, 3.0, 5.2, 2.3];
        let features: Vec<(&str, f64)> = names.into_iter().zip(row).collect();
        let calling = client.call(PREDICT, &[], frame(&predict_request(&features)));
        let (answer, _) = tokio::join!(calling, answer_number(&mut lr, 2.5));
        assert_eq!(answer.unwrap().code(), 0);
        until(|| got(&world, "OK") == 1.0).await;

        let tensor = InferInputTensor {
            name: "X".to_owned(),
            datatype: "FP32".to_owned(),
            shape: vec![1, 4],
            ..Default::default()
        };
        let raw: Vec<u8> = row.iter().flat_map(|number| (*number as f32).to_le_bytes()).collect();
        let request = ModelInferRequest {
            model_name: ROUTER.to_owned(),
            inputs: vec![tensor],
            raw_input_contents: vec![raw.into()],
            ..Default::default()
        };
        answered(&mut lr, &client, &[], &request.encode_to_vec()).await;
        until(|| got(&world, "OK") == 2.0).await;

        let shadows: Vec<_> = recorded(&world).1.into_iter().filter(|entry| entry.shadow).collect();
        let said = PredictResponse::decode(&shadows[0].response[..]).unwrap();
        assert_eq!(said.prediction.unwrap().kind, Some(value::Kind::StringValue("virginica".to_owned())));
        let said = ModelInferResponse::decode(&shadows[1].response[..]).unwrap();
        assert_eq!(said.raw_output_contents[0], 2_i64.to_le_bytes().to_vec());
        assert!(shadows.iter().all(|entry| entry.backend_ns.unwrap() > 0));
    });
}
