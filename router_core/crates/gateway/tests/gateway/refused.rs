//! Calls that a backend refuses before it did anything with them, on a connection that stays open.

use bytes::Bytes;
use h2::Reason;
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use serde_json::json;

use crate::{
    backend::{Backend, BackendCall},
    client::{MODEL_INFER, frame, infer_request, read},
    world::{ROUTER, World, run, start},
};

/// Above what is taken whole.
const TENSOR_BYTES: usize = 200_000;
/// Less than what is kept of a message that is still arriving, and more.
const SHORT_START: usize = 20_000;
const LONG_START: usize = 160_000;

async fn world_with(backend: &Backend) -> World {
    let world = start(json!({}));
    world.publish(1, &[backend.address()]);
    world
}

fn refuse(mut call: BackendCall) {
    call.respond.send_reset(Reason::REFUSED_STREAM);
}

fn large_request() -> Bytes {
    let tensor = (0..TENSOR_BYTES).map(|index| (index % 251) as u8).collect();
    let request = ModelInferRequest {
        model_name: ROUTER.to_owned(),
        raw_input_contents: vec![tensor],
        ..Default::default()
    };
    frame(&request.encode_to_vec())
}

fn answer(call: BackendCall) {
    call.answer(&ModelInferResponse::default().encode_to_vec());
}

#[test]
fn a_refused_call_is_sent_again() {
    run(async {
        let mut backend = Backend::start().await;
        let world = world_with(&backend).await;
        let answered = world.client().await.spawn_infer(&infer_request(ROUTER));
        refuse(backend.call().await);
        answer(backend.call().await);
        assert_eq!(answered.await.unwrap().code(), 0);
    });
}

#[test]
fn a_call_that_is_refused_twice_fails() {
    run(async {
        let mut backend = Backend::start().await;
        let world = world_with(&backend).await;
        let answered = world.client().await.spawn_infer(&infer_request(ROUTER));
        refuse(backend.call().await);
        refuse(backend.call().await);
        assert_eq!(answered.await.unwrap().code(), 14);
    });
}

#[test]
fn a_message_that_is_still_arriving_is_sent_again_from_its_start() {
    run(async {
        let mut backend = Backend::start().await;
        let world = world_with(&backend).await;
        let client = world.client().await;
        let (response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        let mut request = large_request();
        out.send_data(request.split_to(SHORT_START), false).unwrap();
        refuse(backend.call().await);
        let mut again = backend.call().await;
        out.send_data(request, true).unwrap();
        let sent = again.request().await;
        let expected = ModelInferRequest::decode(large_request().slice(5..)).unwrap();
        assert_eq!(sent.raw_input_contents, expected.raw_input_contents);
        answer(again);
        assert_eq!(read(response).await.unwrap().code(), 0);
    });
}

#[test]
fn a_message_whose_start_is_gone_is_not_sent_again() {
    run(async {
        let mut backend = Backend::start().await;
        let world = world_with(&backend).await;
        let client = world.client().await;
        let (response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        let mut request = large_request();
        for _ in 0..LONG_START / SHORT_START {
            out.send_data(request.split_to(SHORT_START), false).unwrap();
        }
        let mut call = backend.call().await;
        let mut taken = 0;
        while taken < LONG_START {
            let data = call.body.data().await.unwrap().unwrap();
            call.body.flow_control().release_capacity(data.len()).unwrap();
            taken += data.len();
        }
        refuse(call);
        assert_eq!(read(response).await.unwrap().code(), 14);
        // The next call that the backend gets is another one.
        let answered = client.spawn_infer(&infer_request(ROUTER));
        let mut next = backend.call().await;
        assert!(next.message().await.len() < SHORT_START);
        answer(next);
        assert_eq!(answered.await.unwrap().code(), 0);
    });
}
