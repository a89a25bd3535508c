//! Bandits in service. Here is what all tests bring and look at; each file has one question.

mod costs;
mod decisions;
mod shares;
mod sticky;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use pointsman_gateway::{Server, explain_routing};
use pointsman_model::BanditTable;
use pointsman_wire::generated::pointsman_v1::{
    ArmTotals, Bandit, BanditState, BanditStates, BanditTotals, DecisionReason, EpsilonGreedy,
    ExplainRoutingRequest, ExplainRoutingResponse, Fallback, FeedbackBatch, MetricDefinition,
    MetricDirection, MetricType, PredictRequest, PredictionEntry, RandomisedBy, RecordFeedbackRequest,
    RouteEntry, Router, RouterSnapshot, RouterTotals, RoutingCase, SnapshotUpdate, Strategy, ThompsonNormal,
    TrafficOverride, Ucb1, bandit::Algorithm, router::Policy,
};
use prost::Message;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame, infer_request},
    records::recorded,
    world::{ROUTER, World, model, router, run, start, start_with, update, variant},
};

const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";
const RECORD: &str = "/pointsman.v1.PredictionService/RecordFeedback";
const INCARNATION: u64 = 9;
const EPOCH: u64 = 4;
const FLOOR: f64 = 0.1;
const NAMES: [&str; 3] = ["a", "b", "c"];
const SALT: [u8; 16] = *b"sixteen bytes of";

fn bandit() -> Bandit {
    Bandit { epoch: EPOCH, exploration_floor: Some(FLOOR), ..Default::default() }
}

fn with(algorithm: Algorithm) -> Bandit {
    Bandit { algorithm: Some(algorithm), ..bandit() }
}

fn bandit_router(bandit: Bandit) -> RouterSnapshot {
    let versions = NAMES.iter().zip(["1", "2", "3"]);
    RouterSnapshot {
        strategy: Strategy::Bandit.into(),
        sticky: false,
        variants: versions.map(|(name, version)| variant(name, version, 0.0)).collect(),
        salt: Vec::new(),
        slot_runs: Vec::new(),
        record_predictions: true,
        incarnation: INCARNATION,
        metrics: vec![MetricDefinition {
            name: "reward".to_owned(),
            r#type: MetricType::Binary.into(),
            ..Default::default()
        }],
        settings: Some(Router { policy: Some(Policy::Bandit(bandit)), ..Default::default() }),
        ..router()
    }
}

/// Has entities keep their variants, each arm with so many slots.
fn sticky(router: &mut RouterSnapshot, slots: [u32; 3]) {
    router.sticky = true;
    router.salt = SALT.to_vec();
    router.slot_runs =
        (0..).zip(slots).filter(|(_, length)| *length > 0).flat_map(|(arm, length)| [arm, length]).collect();
}

/// A world with a backend that answers every call of the router.
struct Bandits {
    world: World,
    client: Client,
    generation: u64,
    target: String,
}

impl Bandits {
    async fn start(router: RouterSnapshot) -> Self {
        Self::start_on(1, router).await
    }

    async fn start_on(threads: usize, router: RouterSnapshot) -> Self {
        let world = if threads == 1 { start(json!({})) } else { start_with(threads, json!({})) };
        let backend = Backend::start().await;
        let target = backend.address().to_string();
        drop(backend.answer_all());
        let client = world.client().await;
        let mut bandits = Self { world, client, generation: 0, target };
        bandits.publish(router);
        bandits
    }

    fn update(&mut self, router: RouterSnapshot) -> SnapshotUpdate {
        self.generation += 1;
        let router = RouterSnapshot { changed_generation: self.generation, ..router };
        SnapshotUpdate {
            changed_routers: vec![router],
            changed_models: ["1", "2", "3"].map(|version| model(version, &self.target)).to_vec(),
            ..update(self.generation, &[])
        }
    }

    fn publish(&mut self, router: RouterSnapshot) {
        let update = self.update(router);
        assert_eq!(self.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
    }

    fn state(&self) -> BanditState {
        state(&self.world.server)
    }

    fn shares(&self) -> [f64; 3] {
        shares(&self.state())
    }

    async fn call(&self) -> Answer {
        let answer = self.client.infer(&infer_request(ROUTER)).await;
        assert_eq!(answer.code(), 0, "{}", answer.text());
        answer
    }

    /// Calls so often; answers how often each variant was picked.
    async fn calls(&self, count: usize) -> [u64; 3] {
        let mut picked = [0; 3];
        for _ in 0..count {
            let answer = self.call().await;
            let index = NAMES.iter().position(|name| *name == answer.header("pointsman-variant")).unwrap();
            picked[index] += 1;
        }
        picked
    }
}

fn state(server: &Server) -> BanditState {
    let mut states = BanditStates::decode(&server.bandit_states(None)[..]).unwrap().routers;
    assert_eq!(states.len(), 1);
    states.remove(0)
}

fn shares(state: &BanditState) -> [f64; 3] {
    let found: Vec<(&str, f64)> = state.arms.iter().map(|arm| (arm.variant.as_str(), arm.share)).collect();
    NAMES.map(|name| found.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, share)| *share))
}

fn pulls(state: &BanditState) -> [u64; 3] {
    NAMES.map(|name| state.arms.iter().find(|arm| arm.variant == name).map_or(0, |arm| arm.pulls))
}

/// Of the picks, those that the variants were not asked for.
fn unasked(state: &BanditState) -> [u64; 3] {
    NAMES.map(|name| state.arms.iter().find(|arm| arm.variant == name).map_or(0, |arm| arm.unasked_pulls))
}

/// Totals of arms by their calls and rewards of 1.
fn totals(epoch: u64, arms: &[(&str, u64, f64)]) -> BanditTotals {
    let arm = |(variant, pulls, sum): &(&str, u64, f64)| ArmTotals {
        variant: (*variant).to_owned(),
        pulls: *pulls,
        weighted_pulls: *pulls as f64,
        count: *pulls as f64,
        sum: *sum,
        sum_of_squares: *sum,
        ..Default::default()
    };
    let of_router = RouterTotals {
        router_id: ROUTER.to_owned(),
        router_incarnation: INCARNATION,
        epoch,
        arms: arms.iter().map(arm).collect(),
        ..Default::default()
    };
    BanditTotals { routers: vec![of_router] }
}

fn set(server: &Server, totals: &BanditTotals) {
    server.set_bandit_totals(&totals.encode_to_vec()).unwrap();
}

const GOOD_A: [(&str, u64, f64); 3] = [("a", 1_000, 900.0), ("b", 1_000, 100.0), ("c", 1_000, 100.0)];
const GOOD_C: [(&str, u64, f64); 3] = [("a", 1_000, 100.0), ("b", 1_000, 100.0), ("c", 1_000, 900.0)];

fn assert_near(found: [f64; 3], expected: [f64; 3]) {
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
    assert!(near, "{found:?} is not {expected:?}");
}

const EVEN: [f64; 3] = [1.0 / 3.0; 3];

/// Shares of a sure best arm beside two others.
fn all_to(best: usize) -> [f64; 3] {
    let mut shares = [FLOOR / 3.0; 3];
    shares[best] += 1.0 - FLOOR;
    shares
}

/// The route of a record.
fn route_of<'a>(routes: &'a [RouteEntry], entry: &PredictionEntry) -> &'a RouteEntry {
    routes.iter().find(|route| route.route == entry.route).unwrap()
}

/// Checks that a record says exactly what it was drawn from: the same bits draw the same again.
fn assert_drawn(routes: &[RouteEntry], entry: &PredictionEntry, slice: f64) -> Vec<f64> {
    let route = route_of(routes, entry);
    let listed: Vec<f64> = route.variants.iter().map(|variant| variant.request_propensity).collect();
    for variant in &route.variants {
        assert_eq!((variant.eligible, variant.slot_propensity), (variant.request_propensity > 0.0, 0.0));
    }
    let table = BanditTable::from_probabilities(&listed, slice).unwrap();
    let decided = entry.decided_variant.unwrap_or(entry.variant);
    let draw = entry.draw.unwrap();
    assert_eq!(u32::from(table.draw(draw)), decided);
    assert_eq!(entry.propensity.to_bits(), listed[decided as usize].to_bits());
    let is_marked = table.is_uniform(table.draw(draw), draw);
    let reason = if is_marked { DecisionReason::Exploration } else { DecisionReason::Bandit };
    if entry.decided_variant.is_none() {
        assert_eq!(entry.reason(), reason);
    }
    assert_eq!((entry.randomised_by(), entry.slot), (RandomisedBy::Request, None));
    assert!(entry.replayable);
    listed
}
