//! Bad input and bad backends get a clear answer, and the next call goes on.

use bytes::Bytes;
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use serde_json::json;

use crate::{
    backend::{Backend, status},
    client::{Client, MODEL_INFER, flagged_frame, frame, infer_request},
    world::{ROUTER, World, router, run, start, update},
};

async fn one_backend() -> (World, Backend, Client) {
    let (world, backend) = (start(json!({ "max_message_bytes": 1000 })), Backend::start().await);
    world.publish(1, &[backend.address()]);
    let client = world.client().await;
    (world, backend, client)
}

#[test]
fn messages_that_cannot_be_read_say_why() {
    run(async {
        let (_world, _backend, client) = one_backend().await;
        let cut = frame(&infer_request(ROUTER));
        let cases: [(Bytes, &str, u32, &str); 9] = [
            (Bytes::new(), "identity", 3, "no message"),
            (cut.slice(..3), "identity", 3, "prefix"),
            (cut.slice(..cut.len() - 1), "identity", 3, "was cut"),
            ([&cut[..], &[0]].concat().into(), "identity", 3, "more bytes follow"),
            (frame(&[0; 1001]), "identity", 8, "limits.max_message_bytes"),
            (frame(&[0xff; 20]), "identity", 3, ""),
            (frame(&infer_request("")), "identity", 3, "names no router"),
            (flagged_frame(1, b"x"), "gzip", 3, "cannot be inflated"),
            (flagged_frame(1, b"x"), "snappy", 12, "snappy"),
        ];
        for (body, encoding, code, text) in cases {
            let answer = client.call(MODEL_INFER, &[("grpc-encoding", encoding)], body).await.unwrap();
            assert_eq!(answer.code(), code, "{text}: {}", answer.text());
            assert!(answer.text().contains(text), "{text}: {}", answer.text());
        }
    });
}

#[test]
fn a_message_that_inflates_beyond_the_limit_is_refused() {
    run(async {
        use std::io::Write;
        let (_world, _backend, client) = one_backend().await;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&[0; 100_000]).unwrap();
        let body = flagged_frame(1, &gzip.finish().unwrap());
        let answer = client.call(MODEL_INFER, &[("grpc-encoding", "gzip")], body).await.unwrap();
        assert_eq!(answer.code(), 8, "{}", answer.text());
    });
}

#[test]
fn unknown_names_and_stopped_routers_are_told_apart() {
    run(async {
        let (world, backend, client) = one_backend().await;
        assert_eq!(client.infer(&infer_request("nobody")).await.code(), 5);
        let request = ModelInferRequest {
            model_name: ROUTER.to_owned(),
            model_version: "no-variant".to_owned(),
            ..Default::default()
        };
        assert_eq!(client.infer(&request.encode_to_vec()).await.code(), 5);
        let mut stopped = update(2, &[backend.address()]);
        let status = pointsman_wire::generated::pointsman_v1::RouterStatus::Stopped;
        stopped.changed_routers[0].status = status.into();
        world.server.publish(&stopped.encode_to_vec()).unwrap();
        let answer = client.infer(&infer_request(ROUTER)).await;
        assert_eq!(answer.code(), 9);
        assert!(answer.text().contains("pointsman routers start cancer"), "{}", answer.text());
    });
}

#[test]
fn a_call_without_a_key_is_refused_where_keys_are_needed() {
    run(async {
        let (world, backend, client) = one_backend().await;
        let mut closed = update(2, &[backend.address()]);
        closed.access = Some(Default::default());
        world.server.publish(&closed.encode_to_vec()).unwrap();
        let (response, _out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        let answer = crate::client::read(response).await.unwrap();
        assert_eq!(answer.code(), 16, "before a byte of the message came");
        let metadata = [("authorization", "Bearer pm_abcdefgh_wrong")];
        let answer = client.call("/any.Service/Method", &metadata, frame(&[])).await.unwrap();
        assert_eq!(answer.code(), 16);
    });
}

#[test]
fn a_backends_own_failure_is_relayed_with_the_variants_name() {
    run(async {
        let (_world, mut backend, client) = one_backend().await;
        let answering = client.spawn_infer(&infer_request(ROUTER));
        backend.call().await.fail("11", "no such input");
        let answer = answering.await.unwrap();
        assert_eq!((answer.code(), answer.text()), (11, "variant lr: no such input"));
        assert_eq!(answer.header("pointsman-variant"), "lr");
    });
}

#[test]
fn a_backend_that_breaks_off_or_talks_garbage_is_unavailable() {
    run(async {
        let (_world, mut backend, client) = one_backend().await;
        for case in 0..5 {
            let answering = client.spawn_infer(&infer_request(ROUTER));
            let mut call = backend.call().await;
            match case {
                0 => call.respond.send_reset(h2::Reason::INTERNAL_ERROR),
                1 => {
                    let mut out = call.begin();
                    out.send_data(Bytes::from_static(&[0, 0, 0, 0, 9, 1]), false).unwrap();
                    out.send_trailers(status("0")).unwrap();
                }
                2 => call.begin().send_data(Bytes::from_static(b"<html>"), true).unwrap(),
                3 => call.begin().send_trailers(status("0")).unwrap(),
                _ => drop(call),
            }
            let answer = answering.await.unwrap();
            assert_eq!(answer.code(), 14, "case {case}: {}", answer.text());
            assert!(answer.text().starts_with("variant lr: "), "case {case}: {}", answer.text());
        }
    });
}

#[test]
fn an_answer_whose_head_cannot_be_rewritten_is_unavailable_and_counted_as_that() {
    run(async {
        let (world, mut backend, client) = one_backend().await;
        let mut named = update(2, &[backend.address()]);
        named.changed_routers = vec![pointsman_wire::generated::pointsman_v1::RouterSnapshot {
            answer_router_name: true,
            ..router()
        }];
        world.server.publish(&named.encode_to_vec()).unwrap();
        for tensor_bytes in [1, 100 << 10] {
            let answering = client.spawn_infer(&infer_request(ROUTER));
            let tensors = ModelInferResponse {
                raw_output_contents: vec![vec![0; tensor_bytes].into()],
                ..Default::default()
            };
            backend.call().await.answer(&[&[0x0f][..], &tensors.encode_to_vec()].concat());
            let answer = answering.await.unwrap();
            assert_eq!(answer.code(), 14);
            assert!(answer.text().starts_with("variant lr: "), "{}", answer.text());
        }
        let series = r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="UNAVAILABLE"}"#;
        assert_eq!(world.metric(series), 2.0);
        let answering = client.spawn_infer(&infer_request(ROUTER));
        backend.call().await.answer(&infer_request("of-the-backend"));
        let answer = ModelInferResponse::decode(answering.await.unwrap().message()).unwrap();
        assert_eq!(answer.model_name, ROUTER);
    });
}
