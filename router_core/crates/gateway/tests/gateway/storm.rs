//! Many calls that end in every way leave nothing behind.

use bytes::Bytes;
use h2::Reason;
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    backend::{Backend, BackendCall, status},
    client::{Client, MODEL_INFER, frame, infer_request, read},
    world::{ROUTER, World, run, start_with},
};

const CALLS: u64 = 600;
/// More than is taken whole.
const LARGE_BYTES: usize = 200 << 10;

/// What a client does with call number `number`.
async fn call(client: &Client, number: u64, random: u64) {
    let tensor = if random & 1 == 0 { 10 } else { LARGE_BYTES };
    let request = ModelInferRequest {
        model_name: ROUTER.to_owned(),
        id: number.to_string(),
        raw_input_contents: vec![vec![1; tensor].into()],
        ..Default::default()
    };
    let body = frame(&request.encode_to_vec());
    let timeout = if random >> 1 & 7 == 0 { "5m" } else { "800m" };
    let Ok((response, mut out)) = client.begin(MODEL_INFER, &[("grpc-timeout", timeout)]).await else {
        return;
    };
    match random >> 4 & 7 {
        // Goes away in the middle of its message.
        0 => {
            let _ = out.send_data(body.slice(..body.len() / 2), false);
            tokio::task::yield_now().await;
            out.send_reset(Reason::CANCEL);
        }
        // Goes away while it is answered.
        1 => {
            let _ = out.send_data(body, true);
            for _ in 0..random >> 7 & 63 {
                tokio::task::yield_now().await;
            }
            drop(response);
        }
        // Ends without its message's end.
        2 => {
            let _ = out.send_data(body.slice(..body.len() - 1), true);
            let _ = read(response).await;
        }
        _ => {
            let _ = out.send_data(body, true);
            let _ = read(response).await;
        }
    }
}

/// What a backend does with a call.
async fn serve(mut call: BackendCall, random: u64) {
    let tensor = if random & 1 == 0 { 10 } else { LARGE_BYTES };
    let response =
        ModelInferResponse { raw_output_contents: vec![vec![2; tensor].into()], ..Default::default() };
    let body = frame(&response.encode_to_vec());
    match random >> 1 & 7 {
        // Answers before it has read anything.
        0 => call.respond.send_reset(Reason::REFUSED_STREAM),
        1 => drop(call),
        // Stops in the middle of its answer.
        2 => {
            let _ = call.sent().await;
            if let Ok(mut out) = call.respond.send_response(http::Response::new(()), false) {
                let _ = out.send_data(body.slice(..body.len() / 2), false);
                out.send_reset(Reason::INTERNAL_ERROR);
            }
        }
        // Never answers.
        3 if random >> 4 & 7 == 0 => {
            call.reset().await;
        }
        _ => {
            let _ = call.sent().await;
            if let Ok(mut out) = call.respond.send_response(http::Response::new(()), false) {
                let _ = out.send_data(body, false);
                let _ = out.send_trailers(status("0"));
            }
        }
    }
}

fn serve_all(mut backend: Backend, seed: u64) {
    tokio::task::spawn_local(async move {
        let mut rng = SmallRng::seed_from_u64(seed);
        loop {
            let call = backend.call().await;
            tokio::task::spawn_local(serve(call, rng.next_u64()));
        }
    });
}

async fn settle(world: &World, series: &str) {
    while world.metric(series) != 0.0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn calls_that_end_in_every_way_leave_nothing_behind() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 24, "max_queued_per_backend": 200 });
        let world = start_with(2, limits);
        let [a, b] = [Backend::start().await, Backend::start().await];
        let endpoints = [a.address(), b.address()];
        world.publish(1, &endpoints);
        serve_all(a, 1);
        serve_all(b, 2);
        let mut calls = JoinSet::new();
        let mut rng = SmallRng::seed_from_u64(3);
        for _ in 0..4 {
            let client = std::rc::Rc::new(world.client().await);
            for number in 0..CALLS / 4 {
                let (client, random) = (client.clone(), rng.next_u64());
                calls.spawn_local(async move { call(&client, number, random).await });
            }
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
        settle(&world, "pointsman_in_flight_requests").await;
        let target = format!("{},{}", endpoints[0], endpoints[1]);
        settle(&world, &format!("pointsman_backend_in_flight_requests{{backend=\"{target}\"}}")).await;
        settle(&world, "pointsman_body_budget_held_bytes").await;
        settle(&world, "pointsman_connections").await;
        let internal = r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="INTERNAL"}"#;
        assert_eq!(world.metric(internal), 0.0, "nothing panicked");

        // And everything still works.
        let client = world.client().await;
        loop {
            if client.call(MODEL_INFER, &[], frame(&infer_request(ROUTER))).await.unwrap().code() == 0 {
                return;
            }
        }
    });
}

#[test]
fn random_bytes_get_an_answer_each() {
    run(async {
        let world = start_with(1, json!({}));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        let mut rng = SmallRng::seed_from_u64(4);
        for _ in 0..500 {
            let length = (rng.next_u64() % 40) as usize;
            let mut bytes: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
            if rng.next_u64() & 1 == 0 {
                bytes = frame(&bytes).to_vec();
            }
            for path in [MODEL_INFER, "/pointsman.v1.PredictionService/Predict"] {
                let answer = client.call(path, &[], Bytes::from(bytes.clone())).await.unwrap();
                assert!(![0, 2, 13].contains(&answer.code()), "{path} {bytes:?}: {}", answer.text());
            }
        }
    });
}
