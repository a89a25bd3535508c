//! Bandits in service: shares follow what is learnt, and records say exactly what was drawn from.

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
    let mut states = BanditStates::decode(&server.bandit_states()[..]).unwrap().routers;
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
    let table = BanditTable::from_probabilities(&listed, slice, 0, 0).unwrap();
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

#[test]
fn shares_follow_totals_and_records_say_what_they_were_drawn_from() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        assert_near(bandits.shares(), EVEN);
        let first = bandits.calls(60).await;
        assert!(first.iter().all(|picked| *picked > 0), "{first:?}");
        let before = bandits.state();

        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        let after = bandits.state();
        assert_near(shares(&after), all_to(0));
        assert!(after.allocation_version > before.allocation_version);
        let picked = bandits.calls(200).await;
        assert!(picked[0] > 160, "{picked:?}");
        let both = [0, 1, 2].map(|index| first[index] + picked[index]);
        assert_eq!(pulls(&bandits.state()), both);

        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_eq!(bandits.state().allocation_version, after.allocation_version, "nothing else came out");

        let (routes, entries) = recorded(&bandits.world);
        assert_eq!(entries.len(), 260);
        for (number, entry) in entries.iter().enumerate() {
            let of = if number < 60 { &before } else { &after };
            let listed = assert_drawn(&routes, entry, 0.0);
            assert_eq!(listed, shares(of));
            assert_eq!((entry.allocation_version, entry.epoch), (of.allocation_version, EPOCH));
        }
        assert_eq!(routes.len(), 2, "one for each table");
    });
}

#[test]
fn what_was_learnt_is_handed_on_while_the_epoch_stays_and_no_longer() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        let picked = bandits.calls(10).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        let former = bandits.state();

        // A setting changes: the same totals, other shares.
        bandits.publish(bandit_router(Bandit { exploration_floor: Some(0.3), ..bandit() }));
        assert_near(bandits.shares(), [0.8, 0.1, 0.1]);
        assert_eq!(pulls(&bandits.state()), picked);
        assert!(bandits.state().allocation_version > former.allocation_version);

        // The best is switched off, the variants change places: the others share evenly, and it is never picked.
        let mut router = bandit_router(bandit());
        router.variants[0].enabled = Some(false);
        router.variants.reverse();
        bandits.publish(router);
        assert_near(bandits.shares(), [0.0, 0.5, 0.5]);
        assert_eq!(bandits.calls(100).await[0], 0);

        // Back again with what it had.
        bandits.publish(bandit_router(bandit()));
        assert_near(bandits.shares(), all_to(0));
        assert_eq!(pulls(&bandits.state())[0], picked[0]);

        bandits.publish(bandit_router(Bandit { epoch: EPOCH + 1, ..bandit() }));
        let fresh = bandits.state();
        assert_near(shares(&fresh), EVEN);
        assert_eq!((fresh.epoch, pulls(&fresh)), (EPOCH + 1, [0; 3]));
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), EVEN);

        let other = RouterSnapshot { incarnation: INCARNATION + 1, ..bandit_router(bandit()) };
        bandits.publish(other);
        assert_eq!(pulls(&bandits.state()), [0; 3]);
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), EVEN);
    });
}

#[test]
fn totals_that_cannot_be_used_change_nothing() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        let server = &bandits.world.server;
        set(server, &totals(EPOCH, &GOOD_A));
        let before = bandits.state();
        for wrong in [("a", 10, 11.0), ("a", 10, -1.0), ("a", 10, f64::NAN)] {
            set(server, &totals(EPOCH, &[wrong, ("b", 10, 5.0), ("c", 10, 5.0)]));
            assert_eq!(bandits.state(), before, "{wrong:?}");
        }
        let elsewhere =
            RouterTotals { router_id: "nobody".to_owned(), ..totals(EPOCH, &GOOD_C).routers[0].clone() };
        set(server, &BanditTotals { routers: vec![elsewhere] });
        assert_eq!(bandits.state(), before);
        set(server, &totals(EPOCH, &[GOOD_C[0], GOOD_C[1], GOOD_C[2], ("gone", 7, 7.0)]));
        assert_near(bandits.shares(), all_to(2));
        assert!(server.set_bandit_totals(b"\xff").is_err());
    });
}

#[test]
fn own_picks_that_totals_hold_are_not_counted_twice() {
    run(async {
        let bandit = with(Algorithm::EpsilonGreedy(EpsilonGreedy { epsilon: Some(0.0) }));
        let bandit = Bandit { warm_up_pulls: 40, exploration_floor: Some(0.0), ..bandit };
        let bandits = Bandits::start(bandit_router(bandit)).await;
        let picked = bandits.calls(30).await;
        // 30 of the calls of each are known, the picks here among them: 10 are missing for the warm-up of each.
        let mut given = totals(EPOCH, &[("a", 30, 15.0), ("b", 30, 0.0), ("c", 30, 0.0)]);
        for (arm, picked) in given.routers[0].arms.iter_mut().zip(picked) {
            arm.own_pulls = picked;
        }
        set(&bandits.world.server, &given);
        assert_near(bandits.shares(), EVEN);
        for arm in &mut given.routers[0].arms {
            arm.own_pulls = 0;
            arm.pulls = 40;
        }
        set(&bandits.world.server, &given);
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
    });
}

#[test]
fn ucb1_follows_calls_under_way() {
    run(async {
        let ucb1 = with(Algorithm::Ucb1(Ucb1 { alpha: Some(1.0) }));
        let bandits = Bandits::start(bandit_router(ucb1)).await;
        set(&bandits.world.server, &totals(EPOCH, &[("a", 50, 30.0), ("b", 50, 25.0), ("c", 50, 25.0)]));
        let before = bandits.state();
        assert!(shares(&before)[0] > 0.9, "the next call goes to the greatest index: {before:?}");
        // No totals come: its own calls alone bring the index down.
        while bandits.state().allocation_version == before.allocation_version {
            bandits.calls(5).await;
        }
        let after = bandits.state();
        assert!(shares(&after)[0] < shares(&before)[0], "{after:?}");
    });
}

#[test]
fn fewer_can_be_better_and_a_single_arm_gets_everything() {
    run(async {
        let normal = with(Algorithm::ThompsonNormal(ThompsonNormal::default()));
        let mut router = bandit_router(normal);
        router.metrics[0].direction = MetricDirection::Minimise.into();
        let mut bandits = Bandits::start(router.clone()).await;
        set(
            &bandits.world.server,
            &totals(EPOCH, &[("a", 900, 800.0), ("b", 900, 100.0), ("c", 900, 800.0)]),
        );
        assert_near(bandits.shares(), all_to(1));
        router.variants[1].enabled = Some(false);
        router.variants[2].enabled = Some(false);
        bandits.publish(router);
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
        assert_eq!(bandits.calls(20).await, [20, 0, 0]);
    });
}

#[test]
fn the_uniform_slice_is_marked() {
    run(async {
        let sliced = Bandit { uniform_slice: 0.6, ..bandit() };
        let bandits = Bandits::start(bandit_router(sliced)).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), [0.6, 0.2, 0.2]);
        bandits.calls(150).await;
        let (routes, entries) = recorded(&bandits.world);
        let mut reasons: BTreeMap<i32, usize> = BTreeMap::new();
        for entry in &entries {
            assert_drawn(&routes, entry, 0.6);
            *reasons.entry(entry.reason).or_default() += 1;
        }
        let marked = reasons[&i32::from(DecisionReason::Exploration)];
        assert!((55..=125).contains(&marked), "{reasons:?}");
    });
}

#[test]
fn pins_and_overrides_are_no_picks_and_feedback_knows_the_epoch() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        let decided = bandits.call().await;
        let request = pointsman_wire::generated::inference::ModelInferRequest {
            model_name: ROUTER.to_owned(),
            model_version: "b".to_owned(),
            ..Default::default()
        };
        let pinned = bandits.client.infer(&request.encode_to_vec()).await;
        assert_eq!(pinned.header("pointsman-reason"), "pin");
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);

        for answer in [&decided, &pinned] {
            let about = RecordFeedbackRequest {
                prediction_id: answer.header("pointsman-prediction-id").to_owned(),
                metric: "reward".to_owned(),
                value: 1.0,
                ..Default::default()
            };
            let message = frame(&about.encode_to_vec());
            let told = bandits.client.call(RECORD, &[], message).await.unwrap();
            assert_eq!(told.code(), 0, "{}", told.text());
        }
        let batch = bandits.world.server.take_feedback(0, 10, Duration::ZERO).unwrap();
        let entries = FeedbackBatch::decode(&batch[..]).unwrap().entries;
        assert_eq!((entries[0].epoch, entries[0].counted), (EPOCH, true));
        assert_eq!(entries[0].router_incarnation, INCARNATION);
        assert!(!entries[1].counted);

        let mut router = bandit_router(bandit());
        router.settings.as_mut().unwrap().traffic_override = Some(TrafficOverride {
            variant: "c".to_owned(),
            expire_time: Some(prost_types::Timestamp { seconds: 40_000_000_000, nanos: 0 }),
            ..Default::default()
        });
        bandits.publish(router);
        assert_eq!(bandits.calls(10).await, [0, 0, 10]);
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);
    });
}

#[test]
fn a_stand_in_leaves_the_pick_with_the_variant_that_was_decided() {
    run(async {
        let mut router = bandit_router(Bandit { exploration_floor: Some(0.0), ..bandit() });
        router.settings.as_mut().unwrap().fallback = Fallback::AnyHealthy.into();
        let mut bandits = Bandits::start(router.clone()).await;
        let mut update = bandits.update(router);
        let dead = Backend::start().await;
        update.changed_models[0] = model("1", &dead.kill().await.to_string());
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
        // Others get nothing by the table, and answer all the same.
        for _ in 0..10 {
            let answer = bandits.call().await;
            let told = ["pointsman-reason", "pointsman-decided-variant"].map(|name| answer.header(name));
            assert_eq!(told, ["fallback", "a"]);
        }
        assert_eq!(pulls(&bandits.state()), [10, 0, 0]);
        let (routes, entries) = recorded(&bandits.world);
        for entry in &entries {
            assert_eq!(entry.reason(), DecisionReason::Fallback);
            assert_drawn(&routes, entry, 0.0);
        }
    });
}

#[test]
fn swaps_under_calls_never_give_a_record_of_another_table() {
    run(async {
        let bandits = Bandits::start_on(2, bandit_router(bandit())).await;
        let (server, over) = (bandits.world.server.clone(), Arc::new(AtomicBool::new(false)));
        let swapping = {
            let (server, over) = (server.clone(), over.clone());
            std::thread::spawn(move || {
                let mut swaps = 0_u64;
                while !over.load(Relaxed) {
                    let good = 500.0 + (swaps % 97) as f64;
                    let arms = [("a", 1_000, good), ("b", 1_000, 540.0), ("c", 1_000, 550.0)];
                    set(&server, &totals(EPOCH, &arms));
                    swaps += 1;
                }
                swaps
            })
        };
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(bandits.world.client().await);
        }
        for _ in 0..100 {
            let calls: Vec<_> =
                clients.iter().map(|client| client.spawn_infer(&infer_request(ROUTER))).collect();
            for call in calls {
                assert_eq!(call.await.unwrap().code(), 0);
            }
        }
        over.store(true, Relaxed);
        assert!(swapping.join().unwrap() > 100);
        let (routes, entries) = recorded(&bandits.world);
        assert_eq!(entries.len(), 400);
        let mut tables: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for entry in &entries {
            let listed = assert_drawn(&routes, entry, 0.0);
            let known = tables.entry(entry.allocation_version).or_insert_with(|| listed.clone());
            assert_eq!(*known, listed, "one number, one table");
        }
        assert!(tables.len() > 20, "{} tables", tables.len());
        assert_eq!(pulls(&state(&server)).iter().sum::<u64>(), 400);
    });
}

#[test]
fn predict_is_decided_by_the_same_shares() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        let request = PredictRequest { router_id: ROUTER.to_owned(), ..Default::default() };
        // The models say of no inputs: the call is decided, and then refused.
        bandits.client.call(PREDICT, &[], frame(&request.encode_to_vec())).await.unwrap();
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);
        let body = frame(&infer_request(ROUTER));
        let answer = bandits.client.call(MODEL_INFER, &[("pointsman-entity-id", "e")], body).await.unwrap();
        assert_eq!(answer.header("pointsman-reason"), "bandit", "an entity changes nothing");
    });
}

#[test]
fn a_call_is_explained_by_the_shares_in_force() {
    run(async {
        let bandits = Bandits::start(bandit_router(Bandit { uniform_slice: 0.9, ..bandit() })).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_C));
        let state = bandits.state();
        let case = |state: Option<BanditState>| RoutingCase {
            router: Some(bandit_router(Bandit { uniform_slice: 0.9, ..bandit() })),
            call: Some(ExplainRoutingRequest::default()),
            bandit: state,
        };
        let explained = |state| {
            let told = explain_routing(&case(state).encode_to_vec()).unwrap();
            let told = ExplainRoutingResponse::decode(&told[..]).unwrap();
            assert_eq!((told.reason(), told.variant.as_str()), (DecisionReason::Bandit, ""));
            let shares: Vec<f64> = told.propensities.iter().map(|one| one.propensity).collect();
            <[f64; 3]>::try_from(shares).unwrap()
        };
        assert_eq!(explained(Some(state.clone())), shares(&state));
        assert_near(explained(None), EVEN);
        let other = BanditState { epoch: EPOCH + 1, ..state };
        let refused = explain_routing(&case(Some(other)).encode_to_vec()).unwrap_err().to_string();
        assert!(refused.contains("ask again"), "{refused}");
    });
}

#[test]
fn bandits_that_cannot_be_are_refused() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        type Change = fn(&mut RouterSnapshot);
        let slice = |slice| Bandit { uniform_slice: slice, ..bandit() };
        let cases: [(&str, f64, Change); 5] = [
            ("sticky: is set", 0.0, |router| router.sticky = true),
            ("bandit.metric: \"reward\" is none of", 0.0, |router| router.metrics.clear()),
            ("bandit.metric: \"reward\" may be outside", 0.0, |router| {
                router.metrics[0].r#type = MetricType::Number.into();
            }),
            ("bandit.uniform_slice: 2", 2.0, |_| {}),
            ("variants: 0 enabled variants", 0.0, |router| {
                router.variants.iter_mut().for_each(|variant| variant.enabled = Some(false));
            }),
        ];
        for (reason, part, change) in cases {
            let mut router = bandit_router(slice(part));
            change(&mut router);
            let update = bandits.update(router);
            let refused = bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused;
            assert!(refused[0].reason.contains(reason), "{refused:?}");
        }
    });
}
