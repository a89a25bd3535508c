//! Who goes away is noticed on the other side, at every stage of a call.

use bytes::Bytes;
use h2::Reason;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{MODEL_INFER, frame, infer_request, next},
    world::{ROUTER, run, start},
};

const IN_FLIGHT: &str = "pointsman_backend_in_flight_requests";

#[test]
fn a_client_that_goes_away_while_the_backend_thinks_cancels_it() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let mut call = backend.call().await;
        let series = format!("{IN_FLIGHT}{{backend=\"{}\"}}", backend.address());
        assert_eq!(world.metric(&series), 1.0);
        drop((response, out));
        assert_eq!(call.reset().await, Reason::CANCEL);
        assert_eq!(world.metric(&series), 0.0, "its place is free again");
        let series = r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="CANCELLED"}"#;
        assert_eq!(world.metric(series), 1.0);
    });
}

#[test]
fn a_client_that_goes_away_in_the_middle_of_its_message_cancels_the_backend() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (_response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        let name = infer_request(ROUTER);
        // A tensor of a megabyte, of which nothing comes.
        let head = [&[0, 0, 0x10, 0, 0][..], &name, &[0x3a, 0xf2, 0xff, 0x3f]].concat();
        out.send_data(head.into(), false).unwrap();
        let mut call = backend.call().await;
        out.send_reset(Reason::CANCEL);
        assert!(call.sent().await.is_err());
    });
}

#[test]
fn a_client_that_goes_away_in_the_middle_of_a_large_answer_cancels_the_backend() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut request) = client.begin(MODEL_INFER, &[]).await.unwrap();
        request.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let mut call = backend.call().await;
        call.message().await;
        // The prefix of a megabyte and a little of it; then the backend says nothing more.
        let mut out = call.begin();
        out.send_data(Bytes::from_static(&[0, 0, 0x10, 0, 0, 0x32]), false).unwrap();
        let mut stream = response.await.unwrap().into_body();
        assert!(next(&mut stream).await.unwrap().is_some(), "what came is passed on at once");
        let series = format!("{IN_FLIGHT}{{backend=\"{}\"}}", backend.address());
        assert_eq!(world.metric(&series), 1.0, "the answer still takes its place");
        drop((stream, request));
        let reset = std::future::poll_fn(|context| out.poll_reset(context)).await.unwrap();
        assert_eq!(reset, Reason::CANCEL);
    });
}

#[test]
fn a_backend_that_dies_in_the_middle_of_a_large_answer_is_unavailable() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut request) = client.begin(MODEL_INFER, &[]).await.unwrap();
        request.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let mut call = backend.call().await;
        call.begin().send_data(Bytes::from_static(&[0, 0, 0x10, 0, 0, 0x32]), false).unwrap();
        let mut stream = response.await.unwrap().into_body();
        assert!(next(&mut stream).await.unwrap().is_some());
        backend.kill().await;
        while next(&mut stream).await.unwrap().is_some() {}
        let trailers = stream.trailers().await.unwrap().unwrap();
        assert_eq!(trailers["grpc-status"], "14");
        assert!(trailers["grpc-message"].to_str().unwrap().starts_with("variant lr: "));
        assert_eq!(trailers["pointsman-variant"], "lr");
        let series = r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="UNAVAILABLE"}"#;
        assert_eq!(world.metric(series), 1.0);
    });
}
