//! A server's state over time: published, restored, drained.

use std::time::Duration;

use pointsman_wire::generated::pointsman_v1::RouterSnapshot;
use prost::Message;
use serde_json::json;
use tokio::net::TcpStream;

use crate::{
    backend::Backend,
    client::{Client, frame, infer_request, next},
    world::{ROUTER, model, router, run, start, start_in, start_with, update},
};

const GRACE: Duration = Duration::from_secs(15);
const WATCH: &str = "/grpc.health.v1.Health/Watch";

#[test]
fn what_is_published_is_in_effect_on_every_thread_at_once() {
    run(async {
        let backend = Backend::start().await;
        let endpoints = [backend.address()];
        backend.answer_all();
        let world = start_with(4, json!({}));
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(world.client().await);
        }
        for generation in 1..=20 {
            assert_eq!(world.publish(generation, &endpoints), generation);
            for client in &clients {
                let receipt = client.infer(&infer_request(ROUTER)).await.receipt();
                assert_eq!(receipt["pointsman_generation"], generation.to_string());
            }
        }
    });
}

#[test]
fn a_restarted_server_serves_what_was_published_before() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({}));
        world.publish(4, &[backend.address()]);
        let mut change = update(5, &[]);
        (change.base_generation, change.complete) = (4, false);
        change.changed_models.clear();
        change.changed_routers[0].router_id = "second".to_owned();
        change.deleted_routers = vec!["second".to_owned()];
        world.server.publish(&change.encode_to_vec()).unwrap();
        assert_eq!(world.stop(GRACE).await.unwrap(), 0);

        // The journal's folder has one owner at a time.
        drop(world.server);
        let world = start_in(world.folder, 1, json!({}));
        let status: serde_json::Value = serde_json::from_str(&world.server.status()).unwrap();
        assert_eq!((&status["restored"], &status["generation"]), (&json!(true), &json!(5)));
        let client = world.client().await;
        for name in [ROUTER, "second"] {
            let answering = client.spawn_infer(&infer_request(name));
            backend.call().await.answer(&[]);
            assert_eq!(answering.await.unwrap().receipt()["pointsman_generation"], "5");
        }
    });
}

#[test]
fn a_change_that_is_stale_changes_nothing() {
    run(async {
        let world = start(json!({}));
        let endpoints = ["127.0.0.1:1".parse().unwrap()];
        world.publish(4, &endpoints);
        let mut stale = update(9, &endpoints);
        (stale.base_generation, stale.complete) = (3, false);
        let error = world.server.publish(&stale.encode_to_vec()).unwrap_err();
        assert!(matches!(error, pointsman_gateway::GatewayError::StaleSnapshot(_)), "{error}");
        assert_eq!(world.metric("pointsman_generation"), 4.0);
    });
}

#[test]
fn what_cannot_be_used_of_a_change_holds_up_nothing_else_now_and_after_a_restart() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        let mut partly = update(4, &[backend.address()]);
        let named = |id: &str| RouterSnapshot { router_id: id.to_owned(), ..router() };
        let mut unregistered = named("unregistered");
        unregistered.variants[1].model_version = "3".to_owned();
        let unknown = RouterSnapshot { version_pinning: 99, ..named("unknown") };
        let mut user = named("user");
        user.variants[1].model_version = "9".to_owned();
        partly.changed_routers.extend([unregistered, unknown, user]);
        partly.changed_models.push(model("9", "${HOST}:8081"));
        let published = world.server.publish(&partly.encode_to_vec()).unwrap();
        assert_eq!(published.generation, 4);
        let mut refused: Vec<(&str, &str)> =
            published.refused.iter().map(|item| (item.kind.as_str(), &*item.id)).collect();
        refused.sort_unstable();
        let expected =
            [("model", "tumour/9"), ("router", "unknown"), ("router", "unregistered"), ("router", "user")];
        assert_eq!(refused, expected);
        let reason = &published.refused[0].reason;
        assert!(reason.starts_with("backend.grpc.target: \"${HOST}:8081\" is not host:port"), "{reason}");

        assert_eq!(world.stop(GRACE).await.unwrap(), 0);
        drop(world.server);
        let world = start_in(world.folder, 1, json!({}));
        let client = world.client().await;
        let answering = client.spawn_infer(&infer_request(ROUTER));
        backend.call().await.answer(&[]);
        assert_eq!(answering.await.unwrap().code(), 0, "the others are restored");
    });
}

#[test]
fn a_drain_finishes_calls_in_flight_and_takes_no_connections() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut request) = client.begin(WATCH, &[]).await.unwrap();
        request.send_data(frame(&[]), true).unwrap();
        let mut health = response.await.unwrap().into_body();
        assert_eq!(next(&mut health).await.unwrap().unwrap(), frame(&[8, 1]), "SERVING");
        let answering = client.spawn_infer(&infer_request(ROUTER));
        let call = backend.call().await;

        let stopping = world.stop(GRACE);
        assert_eq!(next(&mut health).await.unwrap().unwrap(), frame(&[8, 2]), "NOT_SERVING");
        while TcpStream::connect(world.server.address()).await.is_ok() {}
        assert!(!stopping.is_finished(), "a call is in flight");
        call.answer(&[]);
        assert_eq!(answering.await.unwrap().code(), 0);
        // The watcher is still there and does not hold it up.
        assert_eq!(stopping.await.unwrap(), 0);
        assert!(next(&mut health).await.is_err());
    });
}

#[test]
fn a_drain_tells_clients_to_go_away_and_says_what_was_left() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let idle = world.client().await;
        let busy: Client = world.client().await;
        let (_response, mut out) = busy.begin(crate::client::MODEL_INFER, &[]).await.unwrap();
        out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let _call = backend.call().await;
        let stopping = world.stop(Duration::from_millis(300));
        idle.connection.await.unwrap().unwrap();
        assert_eq!(stopping.await.unwrap(), 1);
    });
}

#[test]
fn an_old_connection_that_only_watches_is_closed() {
    run(async {
        let world = start(json!({ "max_connection_age_seconds": 0.1 }));
        let client = world.client().await;
        let (response, mut request) = client.begin(WATCH, &[]).await.unwrap();
        request.send_data(frame(&[]), true).unwrap();
        let mut health = response.await.unwrap().into_body();
        assert_eq!(next(&mut health).await.unwrap().unwrap(), frame(&[8, 1]), "SERVING");
        assert!(next(&mut health).await.is_err());
    });
}

#[test]
fn an_old_connection_is_asked_to_go_away() {
    run(async {
        let limits = json!({ "max_connection_age_seconds": 0.1 });
        let world = start(limits);
        world.client().await.connection.await.unwrap().unwrap();
    });
}
