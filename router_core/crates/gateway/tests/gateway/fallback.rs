//! Who answers the calls of a variant that no live backend serves.

use std::{collections::BTreeSet, net::SocketAddr};

use pointsman_wire::generated::{
    inference::ModelInferRequest,
    pointsman_v1::{
        DecisionReason, Fallback, ModelSnapshot, OnnxBackend, PredictRequest, PredictResponse, RandomisedBy,
        Router, RouterCounters, RouterSnapshot, SnapshotUpdate, VariantRole, backend::Kind,
    },
};
use prost::Message;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame, infer_request},
    records::recorded,
    world::{ROUTER, World, model, router, run, start, update, variant},
};

const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";

/// A router whose slots are all `a`'s; `b` is the control, and `c` has the greatest weight beside `a`.
fn routing(generation: u64, fallback: Fallback, targets: [SocketAddr; 3]) -> SnapshotUpdate {
    let named = [("a", "1", 100.0), ("b", "2", 20.0), ("c", "3", 60.0)];
    let mut variants = named.map(|(name, version, weight)| variant(name, version, weight)).to_vec();
    variants[1].role = VariantRole::Control.into();
    let router = RouterSnapshot {
        variants,
        record_predictions: true,
        settings: Some(Router { fallback: fallback.into(), ..Default::default() }),
        ..router()
    };
    let models = targets.iter().zip(["1", "2", "3"]);
    SnapshotUpdate {
        changed_routers: vec![router],
        changed_models: models.map(|(target, version)| model(version, &target.to_string())).collect(),
        ..update(generation, &targets)
    }
}

fn publish(world: &World, update: &SnapshotUpdate) {
    assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
}

async fn begin(fallback: Fallback, targets: [SocketAddr; 3]) -> (World, Client) {
    let world = start(json!({}));
    publish(&world, &routing(1, fallback, targets));
    let client = world.client().await;
    (world, client)
}

async fn call_for(client: &Client, entity: &str) -> Answer {
    let body = frame(&infer_request(ROUTER));
    client.call(MODEL_INFER, &[("pointsman-entity-id", entity)], body).await.unwrap()
}

/// The variant that answered, why, and which one was decided, as the metadata say.
fn told(answer: &Answer) -> [&str; 3] {
    ["pointsman-variant", "pointsman-reason", "pointsman-decided-variant"].map(|name| answer.header(name))
}

/// A backend that answers every call, by its address.
async fn alive() -> SocketAddr {
    let backend = Backend::start().await;
    let address = backend.address();
    drop(backend.answer_all());
    address
}

async fn dead() -> SocketAddr {
    Backend::start().await.kill().await
}

#[test]
fn without_a_fallback_calls_of_a_dead_variant_fail() {
    run(async {
        for fallback in [Fallback::Unspecified, Fallback::None] {
            let (_world, client) = begin(fallback, [dead().await, alive().await, alive().await]).await;
            let answer = call_for(&client, "ann").await;
            assert_eq!((answer.code(), told(&answer)), (14, ["a", "slot", ""]));
        }
    });
}

#[test]
fn calls_go_where_they_were_decided_while_that_variant_lives() {
    run(async {
        for fallback in [Fallback::Control, Fallback::AnyHealthy] {
            let (_world, client) = begin(fallback, [alive().await, alive().await, alive().await]).await;
            let answer = call_for(&client, "ann").await;
            assert_eq!((answer.code(), told(&answer)), (0, ["a", "slot", ""]));
            assert!(!answer.receipt().contains_key("pointsman_decided_variant"));
        }
    });
}

#[test]
fn the_control_stands_in_and_nobody_else() {
    run(async {
        let (_world, client) = begin(Fallback::Control, [dead().await, alive().await, alive().await]).await;
        for entity in ["ann", "bob", "cyd"] {
            let answer = call_for(&client, entity).await;
            assert_eq!((answer.code(), told(&answer)), (0, ["b", "fallback", "a"]));
        }
        let (_world, client) = begin(Fallback::Control, [dead().await, dead().await, alive().await]).await;
        assert_eq!(call_for(&client, "ann").await.code(), 14);
    });
}

#[test]
fn a_live_variant_stands_in_by_weight_and_an_entity_keeps_it() {
    run(async {
        let (_world, client) =
            begin(Fallback::AnyHealthy, [dead().await, alive().await, alive().await]).await;
        let mut by_c = 0;
        for number in 0..200 {
            let entity = format!("e{number}");
            let answer = call_for(&client, &entity).await;
            let [variant, reason, decided] = told(&answer);
            assert_eq!((answer.code(), reason, decided), (0, "fallback", "a"));
            assert_eq!(told(&call_for(&client, &entity).await)[0], variant, "{entity} keeps its variant");
            by_c += i32::from(variant == "c");
        }
        // Three quarters of 200, within five standard deviations.
        assert!((120..=180).contains(&by_c), "{by_c} of 200");
    });
}

#[test]
fn a_variant_that_came_back_answers_again() {
    run(async {
        let address = dead().await;
        let (_world, client) = begin(Fallback::Control, [address, alive().await, alive().await]).await;
        assert_eq!(told(&call_for(&client, "ann").await)[0], "b");
        drop(Backend::start_at(address).await.answer_all());
        while told(&call_for(&client, "ann").await) != ["a", "slot", ""] {}
    });
}

#[test]
fn where_nobody_lives_the_failure_names_all_that_were_tried() {
    run(async {
        let (_world, client) = begin(Fallback::AnyHealthy, [dead().await, dead().await, dead().await]).await;
        let answer = call_for(&client, "ann").await;
        assert_eq!((answer.code(), told(&answer)), (14, ["a", "slot", ""]));
        let text = answer.text();
        assert!(text.starts_with("variant a: backend 127.0.0.1:"), "{text}");
        let others = ["nor can its fallbacks, variants b, c", "nor can its fallbacks, variants c, b"];
        assert!(others.iter().any(|others| text.contains(others)), "{text}");
    });
}

#[test]
fn a_call_that_names_its_variant_stays_with_it() {
    run(async {
        let (_world, client) =
            begin(Fallback::AnyHealthy, [dead().await, alive().await, alive().await]).await;
        let request =
            ModelInferRequest { model_name: ROUTER.into(), model_version: "a".into(), ..Default::default() };
        let answer = client.infer(&request.encode_to_vec()).await;
        assert_eq!((answer.code(), told(&answer)), (14, ["a", "pin", ""]));
    });
}

#[test]
fn variants_that_are_disabled_or_weigh_nothing_do_not_stand_in() {
    run(async {
        let targets = [dead().await, alive().await, alive().await];
        let mut update = routing(1, Fallback::AnyHealthy, targets);
        update.changed_routers[0].variants[1].enabled = Some(false);
        update.changed_routers[0].variants[2].weight = 0.0;
        let world = start(json!({}));
        publish(&world, &update);
        let answer = call_for(&world.client().await, "ann").await;
        assert_eq!(answer.code(), 14);
        assert!(answer.text().contains("no other variant may stand in for it"), "{}", answer.text());
    });
}

#[test]
fn calls_without_an_entity_are_drawn_anew_each_time() {
    run(async {
        let (_world, client) =
            begin(Fallback::AnyHealthy, [dead().await, alive().await, alive().await]).await;
        let mut seen = BTreeSet::new();
        while seen.len() < 2 {
            let answer = client.infer(&infer_request(ROUTER)).await;
            let [variant, _, decided] = told(&answer);
            // Without an entity the weights decide, not the slots.
            if decided == "a" {
                seen.insert(variant.to_owned());
            }
        }
        assert_eq!(seen, BTreeSet::from(["b".to_owned(), "c".to_owned()]));
    });
}

#[test]
fn a_file_that_cannot_be_loaded_is_no_live_backend() {
    run(async {
        let mut update = routing(1, Fallback::Control, [dead().await, alive().await, alive().await]);
        let file = OnnxBackend { path: "missing.onnx".to_owned(), ..Default::default() };
        let broken: &mut ModelSnapshot = &mut update.changed_models[0];
        broken.backend.as_mut().unwrap().kind = Some(Kind::Onnx(file));
        let world = start(json!({}));
        publish(&world, &update);
        let answer = call_for(&world.client().await, "ann").await;
        assert_eq!((answer.code(), told(&answer)), (0, ["b", "fallback", "a"]));
    });
}

#[test]
fn record_receipt_answer_and_counters_agree() {
    run(async {
        let (world, client) = begin(Fallback::Control, [dead().await, alive().await, alive().await]).await;
        let answer = call_for(&client, "ann").await;
        let receipt = answer.receipt();
        let of_receipt = |name: &str| receipt[&format!("pointsman_{name}")].as_str();
        assert_eq!(
            ["variant", "reason", "decided_variant", "propensity"].map(of_receipt),
            ["b", "fallback", "a", "1"]
        );
        let request = PredictRequest {
            router_id: ROUTER.to_owned(),
            entity_id: "ann".to_owned(),
            ..Default::default()
        };
        let predicted = client.call(PREDICT, &[], frame(&request.encode_to_vec())).await.unwrap();
        let (second, predicted_ok) = (told(&predicted), predicted.code() == 0);
        assert_eq!(second, ["b", "fallback", "a"]);
        if predicted_ok {
            let message = PredictResponse::decode(predicted.message()).unwrap();
            assert_eq!((message.variant.as_str(), message.decided_variant.as_str()), ("b", "a"));
            assert_eq!(message.reason(), DecisionReason::Fallback);
        }

        let (routes, entries) = recorded(&world);
        assert_eq!(entries.len(), 2);
        for entry in &entries {
            let name = |index: u32| routes[0].variants[index as usize].name.as_str();
            assert_eq!((name(entry.variant), name(entry.decided_variant.unwrap())), ("b", "a"));
            assert_eq!(
                (entry.reason(), entry.randomised_by()),
                (DecisionReason::Fallback, RandomisedBy::Entity)
            );
            assert_eq!((entry.propensity, entry.slot.is_some()), (1.0, true));
        }

        let code = if predicted_ok { 2.0 } else { 1.0 };
        let series =
            |name: &str| world.metric(&format!(r#"{name}{{router="cancer",variant="b",grpc_code="OK"}}"#));
        assert_eq!(series("pointsman_fallback_requests_total"), code);
        assert_eq!(series("pointsman_requests_total"), 0.0);
        assert_eq!(world.metric(r#"pointsman_diverted_requests_total{router="cancer",variant="a"}"#), 2.0);
        let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
        for variant in &counters.variants {
            assert_eq!(variant.requests_by_code.iter().sum::<u64>(), 0, "{}", variant.variant);
            assert_eq!(variant.fallback_count, if variant.variant == "b" { 2 } else { 0 });
        }
    });
}
