//! Who answers the calls of a variant that no live backend serves.

use pointsman_wire::{
    Receipt,
    generated::{
        inference::ModelInferResponse,
        pointsman_v1::{
            Fallback, PredictRequest, PredictResponse, Router, RouterCounters, RouterSnapshot, SnapshotUpdate,
            VariantRole,
        },
    },
};
use prost::Message;
use serde_json::json;
use std::net::SocketAddr;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, PREDICT, frame, infer_request},
    world::{ROUTER, World, model, router, run, start, update, variant},
};

/// A router of three variants of which `a` is decided always; `b` is the control, `c` weighs most.
fn routing(generation: u64, fallback: Fallback, targets: [SocketAddr; 3]) -> SnapshotUpdate {
    let names = [("a", "1", 0.0), ("b", "2", 1.0), ("c", "3", 3.0)];
    let mut variants = names.map(|(name, version, weight)| variant(name, version, weight)).to_vec();
    variants[1].role = VariantRole::Control.into();
    let router = RouterSnapshot {
        variants,
        // Slots may differ from weights for a while: what is decided is in the slots.
        slot_runs: vec![0, 10_000],
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

async fn publish(world: &World, generation: u64, fallback: Fallback, targets: [SocketAddr; 3]) -> Client {
    let published =
        world.server.publish(&routing(generation, fallback, targets).encode_to_vec()).unwrap();
    assert_eq!(published.refused, []);
    world.client().await
}

async fn call_for(client: &Client, entity: &str) -> Answer {
    let body = frame(&infer_request(ROUTER));
    client.call(MODEL_INFER, &[("pointsman-entity-id", entity)], body).await.unwrap()
}

/// What the metadata say: variant, reason, the one that was decided.
fn told(answer: &Answer) -> [String; 3] {
    [1, 3, 5].map(|place| answer.metadata(Receipt::METADATA_NAMES[place]).unwrap_or_default())
}

async fn dead() -> SocketAddr {
    Backend::start().await.kill().await
}
