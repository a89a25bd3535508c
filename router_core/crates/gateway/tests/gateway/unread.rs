//! Answers that their clients do not take: nobody else is held up, and nobody waits for ever.

use std::future::poll_fn;

use h2::{Reason, client::ResponseFuture};
use pointsman_wire::generated::inference::ModelInferResponse;
use prost::Message;
use serde_json::json;

use crate::{
    backend::{Backend, BackendCall},
    client::{Client, MODEL_INFER, frame, infer_request, read},
    world::{ROUTER, World, run, start},
};

/// As much as a stream's window to the backend.
const ANSWER_BYTES: usize = 1 << 20;
/// Together more than the window of the connection to the backend.
const UNREAD: usize = 12;

/// A client whose streams have room for everything, all together for 64 KiB until it reads.
async fn slow_client(world: &World) -> Client {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(16 << 20);
    Client::connect_with(&builder, world.server.address()).await.unwrap()
}

/// A client that has room for nothing.
async fn closed_client(world: &World) -> Client {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(0);
    Client::connect_with(&builder, world.server.address()).await.unwrap()
}

async fn begin(client: &Client) -> ResponseFuture {
    let (response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
    out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
    response
}

fn tensor(seed: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| ((index + seed) % 251) as u8).collect()
}

fn answer(call: BackendCall, seed: usize, bytes: usize) {
    let response =
        ModelInferResponse { raw_output_contents: vec![tensor(seed, bytes).into()], ..Default::default() };
    call.answer(&response.encode_to_vec());
}

#[test]
fn answers_that_are_not_taken_hold_no_other_client_up_and_arrive_whole() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({}));
        world.publish(1, &[backend.address()]);
        let slow = slow_client(&world).await;
        let mut unread = Vec::new();
        for seed in 0..UNREAD {
            unread.push(begin(&slow).await);
            answer(backend.call().await, seed, ANSWER_BYTES);
        }
        let honest = world.client().await;
        for seed in 0..3 {
            let response = begin(&honest).await;
            let call = backend.call().await;
            assert_eq!(call.connection, 0, "one connection is enough while memory has room");
            answer(call, seed, ANSWER_BYTES);
            assert_eq!(read(response).await.unwrap().code(), 0);
        }
        // All at a time: what is left of one in the client's window would hold up the others.
        let reading: Vec<_> =
            unread.into_iter().map(|response| tokio::task::spawn_local(read(response))).collect();
        for (seed, answer) in reading.into_iter().enumerate() {
            let answer = answer.await.unwrap().unwrap();
            let response = ModelInferResponse::decode(answer.message()).unwrap();
            assert!(response.raw_output_contents == [tensor(seed, ANSWER_BYTES)], "answer {seed}");
            assert_eq!(answer.receipt()["pointsman_variant"], "lr");
        }
        assert_eq!(world.metric("pointsman_body_budget_held_bytes"), 0.0);
    });
}

#[test]
fn another_connection_is_used_where_unread_answers_fill_one() {
    run(async {
        let mut backend = Backend::start().await;
        // No answer has room in memory.
        let world = start(json!({ "body_budget_bytes": 1_000 }));
        world.publish(1, &[backend.address()]);
        let closed = closed_client(&world).await;
        let mut unread = Vec::new();
        for seed in 0..UNREAD {
            unread.push(begin(&closed).await);
            answer(backend.call().await, seed, 2 * ANSWER_BYTES);
        }
        let honest = world.client().await;
        loop {
            let response = begin(&honest).await;
            let call = backend.call().await;
            let connection = call.connection;
            answer(call, 0, 10);
            assert_eq!(read(response).await.unwrap().code(), 0);
            if connection > 0 {
                break;
            }
        }
    });
}

#[test]
fn another_connection_is_used_where_the_peer_takes_no_more_calls_on_one() {
    run(async {
        let mut backend = Backend::start_with_streams(2).await;
        let world = start(json!({}));
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let mut calls = Vec::new();
        let mut responses = Vec::new();
        for _ in 0..5 {
            responses.push(begin(&client).await);
            calls.push(backend.call().await);
        }
        let connections: Vec<usize> = calls.iter().map(|call| call.connection).collect();
        assert_eq!(connections, [0, 0, 1, 1, 2]);
        for call in calls {
            answer(call, 0, 10);
        }
        for response in responses {
            assert_eq!(read(response).await.unwrap().code(), 0);
        }
    });
}

#[test]
fn a_client_that_takes_nothing_is_ended_and_its_backend_told() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({ "stalled_answer_seconds": 0.05 }));
        world.publish(1, &[backend.address()]);
        for bytes in [10_000, ANSWER_BYTES] {
            let response = begin(&closed_client(&world).await).await;
            answer(backend.call().await, 0, bytes);
            assert_eq!(read(response).await.unwrap_err().reason(), Some(Reason::CANCEL));
        }
        let response = begin(&closed_client(&world).await).await;
        let mut call = backend.call().await;
        let mut out = call.begin();
        out.send_data(frame(&tensor(0, 3 * ANSWER_BYTES)), false).unwrap();
        assert_eq!(read(response).await.unwrap_err().reason(), Some(Reason::CANCEL));
        assert_eq!(poll_fn(|context| out.poll_reset(context)).await.unwrap(), Reason::CANCEL);
        assert_eq!(world.metric("pointsman_stalled_answers_total"), 3.0);
    });
}
