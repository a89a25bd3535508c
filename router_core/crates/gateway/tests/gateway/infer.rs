//! ModelInfer: what reaches the backend and what comes back.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use pointsman_wire::generated::inference::{
    ModelInferRequest, ModelInferResponse, model_infer_request::InferInputTensor,
};
use prost::Message;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Client, MODEL_INFER, flagged_frame, frame, infer_request, read},
    world::{MODEL, ROUTER, World, run, start},
};

/// A field that no schema here knows.
const UNKNOWN_FIELD: &[u8] = &[0xa2, 0x06, 3, 1, 2, 3];

async fn one_backend() -> (World, Backend, Client) {
    let (world, backend) = (start(json!({})), Backend::start().await);
    world.publish(1, &[backend.address()]);
    let client = world.client().await;
    (world, backend, client)
}

fn name_field(name: &str) -> Vec<u8> {
    infer_request(name)
}

/// Everything of a request but the model's name, with a tensor of so many bytes.
fn rest(tensor_bytes: usize) -> Vec<u8> {
    let request = ModelInferRequest {
        id: "17".to_owned(),
        inputs: vec![InferInputTensor { name: "x".to_owned(), ..Default::default() }],
        raw_input_contents: vec![Bytes::from_iter((0..tensor_bytes).map(|index| (index % 251) as u8))],
        ..Default::default()
    };
    [UNKNOWN_FIELD, &request.encode_to_vec()].concat()
}

fn response(tensor_bytes: usize) -> Vec<u8> {
    let response = ModelInferResponse {
        model_name: "as-it-was".to_owned(),
        id: "17".to_owned(),
        raw_output_contents: vec![vec![3; tensor_bytes].into()],
        ..Default::default()
    };
    [UNKNOWN_FIELD, &response.encode_to_vec()].concat()
}

async fn passes_byte_for_byte(tensor_bytes: usize) {
    let (_world, mut backend, client) = one_backend().await;
    let rest = rest(tensor_bytes);
    let answering = client.spawn_infer(&[name_field(ROUTER), rest.clone()].concat());

    let mut call = backend.call().await;
    assert!(call.message().await == [name_field(MODEL), rest].concat(), "only the name is another");
    let response = response(tensor_bytes);
    call.answer(&response);

    let answer = answering.await.unwrap();
    assert!(answer.message().starts_with(&response), "the answer stays, the receipt is behind it");
    let receipt = answer.receipt();
    assert_eq!(receipt["pointsman_variant"], "lr");
    assert_eq!(receipt["pointsman_propensity"], "1");
    assert_eq!(receipt["pointsman_generation"], "1");
    for (name, value) in receipt {
        assert_eq!(answer.header(&name.replace('_', "-")), value, "the metadata says the same");
    }
}

#[test]
fn a_small_message_passes_byte_for_byte() {
    run(passes_byte_for_byte(100));
}

#[test]
fn a_message_at_the_border_between_small_and_large_passes_byte_for_byte() {
    run(async {
        for tensor_bytes in [(64 << 10) - 60, (64 << 10) - 30, 64 << 10] {
            passes_byte_for_byte(tensor_bytes).await;
        }
    });
}

#[test]
fn a_large_message_passes_byte_for_byte() {
    run(passes_byte_for_byte(3 << 20));
}

#[test]
fn a_name_behind_the_tensors_is_found() {
    run(async {
        for tensor_bytes in [100, 200 << 10] {
            let (_world, mut backend, client) = one_backend().await;
            let answering = client.spawn_infer(&[rest(tensor_bytes), name_field(ROUTER)].concat());
            let mut call = backend.call().await;
            assert_eq!(call.request().await.model_name, MODEL);
            call.answer(&[]);
            assert_eq!(answering.await.unwrap().code(), 0);
        }
    });
}

#[test]
fn a_second_name_behind_large_tensors_resets_the_backend_before_the_end() {
    run(async {
        let (_world, mut backend, client) = one_backend().await;
        let message = [name_field(ROUTER), rest(300 << 10), name_field("other")].concat();
        let answering = client.spawn_infer(&message);
        let mut call = backend.call().await;
        assert!(call.sent().await.is_err(), "the backend must not see the message's end");
        let answer = answering.await.unwrap();
        assert_eq!(answer.code(), 3);
        assert!(answer.text().contains("model_name"), "{}", answer.text());
    });
}

#[test]
fn credentials_and_forged_metadata_stay_here_and_the_rest_goes_on() {
    run(async {
        let (_world, mut backend, client) = one_backend().await;
        let metadata = [
            ("cookie", "session=1"),
            ("proxy-authorization", "Basic eA=="),
            ("x-pointsman-user", "root"),
            ("x-request-id", "abc"),
            ("traceparent", "00-1-2-3"),
            ("grpc-timeout", "5S"),
        ];
        let (response, mut out) = client.begin(MODEL_INFER, &metadata).await.unwrap();
        out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let call = backend.call().await;
        for name in ["cookie", "proxy-authorization", "x-pointsman-user"] {
            assert_eq!(call.header(name), None, "{name}");
        }
        assert_eq!(call.header("x-request-id"), Some("abc"));
        assert_eq!(call.header("traceparent"), Some("00-1-2-3"));
        assert_eq!(call.header("grpc-accept-encoding"), Some("identity"));
        let left: u64 = call.header("grpc-timeout").unwrap().strip_suffix('u').unwrap().parse().unwrap();
        assert!(left < 5_000_000, "the time spent is taken off");
        call.answer(&[]);
        assert_eq!(read(response).await.unwrap().code(), 0);
    });
}

#[test]
fn a_gzipped_message_reaches_the_backend_inflated() {
    run(async {
        let (_world, mut backend, client) = one_backend().await;
        let rest = rest(100 << 10);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&[name_field(ROUTER), rest.clone()].concat()).unwrap();
        let body = flagged_frame(1, &gzip.finish().unwrap());
        let (response, mut out) = client.begin(MODEL_INFER, &[("grpc-encoding", "gzip")]).await.unwrap();
        out.send_data(body, true).unwrap();
        let mut call = backend.call().await;
        assert_eq!(call.header("grpc-encoding"), None);
        assert!(call.message().await == [name_field(MODEL), rest].concat());
        call.answer(&[]);
        assert_eq!(read(response).await.unwrap().code(), 0);
    });
}

#[test]
fn a_pinned_call_is_answered_by_its_variant_and_counted_apart() {
    run(async {
        let (world, mut backend, client) = one_backend().await;
        let request = ModelInferRequest {
            model_name: ROUTER.to_owned(),
            model_version: "gb".to_owned(),
            ..Default::default()
        };
        let answering = client.spawn_infer(&request.encode_to_vec());
        let mut call = backend.call().await;
        assert_eq!(call.request().await.model_version, "", "the variant's name is not the backend's version");
        call.answer(&[]);
        let receipt = answering.await.unwrap().receipt();
        assert_eq!((&*receipt["pointsman_variant"], &*receipt["pointsman_reason"]), ("gb", "pin"));
        let labels = r#"{router="cancer",variant="gb",grpc_code="OK"}"#;
        assert_eq!(world.metric(&format!("pointsman_pinned_requests_total{labels}")), 1.0);
        assert_eq!(world.metric(&format!("pointsman_requests_total{labels}")), 0.0);
    });
}
