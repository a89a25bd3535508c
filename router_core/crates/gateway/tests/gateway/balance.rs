//! Several endpoints of one target.

use std::collections::BTreeSet;

use pointsman_wire::generated::inference::ModelInferResponse;
use prost::Message;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    backend::Backend,
    client::{Client, infer_request},
    world::{ROUTER, run, start},
};

/// Answers every call with the backend's name until aborted, which closes it.
fn answer_with_name(mut backend: Backend, name: &'static str) -> JoinHandle<()> {
    tokio::task::spawn_local(async move {
        loop {
            let mut call = backend.call().await;
            call.message().await;
            let response = ModelInferResponse { id: name.to_owned(), ..Default::default() };
            call.answer(&response.encode_to_vec());
        }
    })
}

/// Who answers the next call, or why nobody does.
async fn who_answers(client: &Client) -> Result<String, String> {
    let answer = client.infer(&infer_request(ROUTER)).await;
    if answer.code() != 0 {
        return Err(answer.text().to_owned());
    }
    Ok(ModelInferResponse::decode(answer.message()).unwrap().id)
}

/// Calls until all of these answered.
async fn wait_for(client: &Client, names: &[&str]) {
    let mut missing: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    while !missing.is_empty() {
        if let Ok(name) = who_answers(client).await {
            missing.remove(&name);
        }
    }
}

#[test]
fn the_endpoint_with_the_fewest_calls_gets_the_next() {
    run(async {
        let (mut a, mut b) = (Backend::start().await, Backend::start().await);
        let world = start(json!({}));
        world.publish(1, &[a.address(), b.address()]);
        let client = world.client().await;
        // Until both are connected.
        let (mut by_a, mut by_b) = (0, 0);
        while by_a == 0 || by_b == 0 {
            let answering = client.spawn_infer(&infer_request(ROUTER));
            let (call, count) = tokio::select! {
                call = a.call() => (call, &mut by_a),
                call = b.call() => (call, &mut by_b),
            };
            *count += 1;
            call.answer(&[]);
            answering.await.unwrap();
        }
        let held = client.spawn_infer(&infer_request(ROUTER));
        let (slow, mut free) = tokio::select! {
            call = a.call() => (call, b),
            call = b.call() => (call, a),
        };
        for _ in 0..10 {
            let answering = client.spawn_infer(&infer_request(ROUTER));
            free.call().await.answer(&[]);
            assert_eq!(answering.await.unwrap().code(), 0);
        }
        slow.answer(&[]);
        assert_eq!(held.await.unwrap().code(), 0);
    });
}

#[test]
fn a_dead_endpoint_is_skipped_and_comes_back() {
    run(async {
        let [a, b, c] = [Backend::start().await, Backend::start().await, Backend::start().await];
        let world = start(json!({}));
        let dying = c.address();
        world.publish(1, &[a.address(), b.address(), dying]);
        let (_a, _b, c) = (answer_with_name(a, "a"), answer_with_name(b, "b"), answer_with_name(c, "c"));
        let client = world.client().await;
        wait_for(&client, &["a", "b", "c"]).await;

        c.abort();
        assert!(c.await.unwrap_err().is_cancelled());
        // A call that is sent before the loss shows may fail; later ones may not.
        let mut failed = 0;
        for _ in 0..50 {
            match who_answers(&client).await {
                Ok(name) => assert_ne!(name, "c"),
                Err(_) => failed += 1,
            }
        }
        assert!(failed <= 1, "{failed} calls failed");

        let _c = answer_with_name(Backend::start_at(dying).await, "c");
        wait_for(&client, &["a", "b", "c"]).await;
    });
}

#[test]
fn a_target_that_is_away_is_unavailable_at_once() {
    run(async {
        let gone = Backend::start().await.kill().await;
        let world = start(json!({}));
        world.publish(1, &[gone]);
        let error = who_answers(&world.client().await).await.unwrap_err();
        assert!(error.contains("variant lr: ") && error.contains(&gone.to_string()), "{error}");
    });
}

#[test]
fn a_target_that_comes_back_answers_again() {
    run(async {
        let gone = Backend::start().await.kill().await;
        let world = start(json!({}));
        world.publish(1, &[gone]);
        let client = world.client().await;
        who_answers(&client).await.unwrap_err();
        let _back = answer_with_name(Backend::start_at(gone).await, "back");
        // That it does so before its next try is due, a test of the pool shows, whose clock stands still.
        wait_for(&client, &["back"]).await;
    });
}

#[test]
fn a_backend_that_asks_to_go_away_keeps_its_calls_and_gets_new_ones_on_a_new_connection() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({}));
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let held = client.spawn_infer(&infer_request(ROUTER));
        let slow = backend.call().await;
        assert_eq!(slow.connection, 0);
        backend.go_away();
        let mut connection = 0;
        while connection == 0 {
            let mut answering = client.spawn_infer(&infer_request(ROUTER));
            // While it reconnects a call may be refused, but none may wait for the one that is held.
            tokio::select! {
                call = backend.call() => {
                    connection = call.connection;
                    call.answer(&[]);
                    assert_eq!(answering.await.unwrap().code(), 0);
                }
                answer = &mut answering => assert_eq!(answer.unwrap().code(), 14),
            }
        }
        slow.answer(&[]);
        assert_eq!(held.await.unwrap().code(), 0);
    });
}
