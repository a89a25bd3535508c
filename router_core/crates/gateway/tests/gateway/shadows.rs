//! Copies of calls for shadows: who gets them, when, and that nobody waits for them.

use std::net::SocketAddr;

use bytes::Bytes;
use pointsman_wire::generated::{
    inference::{ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse},
    pointsman_v1::{
        ModelSnapshot, Recording, Router, RouterCounters, RouterSnapshot, SnapshotUpdate, TrafficOverride,
        VariantRole, backend::Kind,
    },
};
use prost::Message;
use serde_json::{Value, json};
use tokio::time::Duration;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame, infer_request},
    records::recorded,
    world::{MODEL, ROUTER, World, model, router, run, start, update, variant},
};

/// The name that the shadow's backend knows its model by.
pub(crate) const SHADOW_MODEL: &str = "cancer-shadow";

/// A router whose calls are all `lr`'s and whose copies are `s`'s.
pub(crate) fn shadowed(
    lr: SocketAddr,
    s: SocketAddr,
    change: impl FnOnce(&mut RouterSnapshot),
) -> SnapshotUpdate {
    let shadow = pointsman_wire::generated::pointsman_v1::Variant {
        role: VariantRole::Shadow.into(),
        ..variant("s", "3", 0.0)
    };
    let mut router = RouterSnapshot {
        variants: vec![variant("lr", "1", 100.0), variant("gb", "2", 0.0), shadow],
        record_predictions: true,
        settings: Some(Router::default()),
        ..router()
    };
    change(&mut router);
    let mut update = update(1, &[lr]);
    update.changed_routers = vec![router];
    update.changed_models.push(shadow_model(s));
    update
}

fn shadow_model(target: SocketAddr) -> ModelSnapshot {
    let mut model = model("3", &target.to_string());
    if let Some(Kind::Grpc(grpc)) = &mut model.backend.as_mut().unwrap().kind {
        grpc.model_name = SHADOW_MODEL.to_owned();
    }
    model
}

pub(crate) async fn serve(limits: Value, update: &SnapshotUpdate) -> (World, Client) {
    let world = start(limits);
    assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
    let client = world.client().await;
    (world, client)
}

/// Copies that ended with a status.
pub(crate) fn got(world: &World, code: &str) -> f64 {
    world.metric(&format!(
        r#"pointsman_shadow_requests_total{{router="{ROUTER}",variant="s",grpc_code="{code}"}}"#
    ))
}

/// Copies that were dropped.
pub(crate) fn dropped(world: &World, reason: &str) -> f64 {
    world.metric(&format!(
        r#"pointsman_shadow_dropped_total{{router="{ROUTER}",variant="s",reason="{reason}"}}"#
    ))
}

/// Waits for what other threads do.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

/// A call that the backend answers; what it was asked.
pub(crate) async fn answered(
    backend: &mut Backend,
    client: &Client,
    metadata: &[(&str, &str)],
    request: &[u8],
) -> (Answer, Bytes) {
    let calling = client.call(MODEL_INFER, metadata, frame(request));
    let answering = async {
        let mut call = backend.call().await;
        let asked = call.message().await;
        call.answer(&ModelInferResponse { id: "lr".to_owned(), ..Default::default() }.encode_to_vec());
        asked
    };
    let (answer, asked) = tokio::join!(calling, answering);
    (answer.unwrap(), asked)
}

/// A backend that answers every call, by its address.
async fn alive() -> SocketAddr {
    let backend = Backend::start().await;
    let address = backend.address();
    drop(backend.answer_all());
    address
}

#[test]
fn a_copy_follows_the_answer_and_stands_in_no_figure_of_calls() {
    run(async {
        let (mut lr, mut s) = (Backend::start().await, Backend::start().await);
        let (world, client) = serve(json!({}), &shadowed(lr.address(), s.address(), |_| {})).await;
        let metadata = [("pointsman-entity-id", "alice"), ("x-request-id", "request-1")];
        let (answer, _) = answered(&mut lr, &client, &metadata, &infer_request(ROUTER)).await;
        assert_eq!((answer.code(), answer.header("pointsman-variant")), (0, "lr"));

        // The call is over, and its copy is not answered yet.
        let mut copy = s.call().await;
        assert_eq!(copy.header("x-request-id"), Some("request-1"));
        assert_eq!(copy.header("pointsman-entity-id"), Some("alice"));
        assert_eq!(copy.request().await.model_name, SHADOW_MODEL);
        copy.answer(&ModelInferResponse { id: "s".to_owned(), ..Default::default() }.encode_to_vec());
        until(|| got(&world, "OK") > 0.0).await;

        let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
        for variant in &counters.variants {
            let calls: u64 = variant.requests_by_code.iter().sum();
            let copies = variant.shadow.as_ref().map_or(0, |shadow| shadow.requests_by_code[0]);
            assert_eq!((calls, copies), if variant.variant == "s" { (0, 1) } else { (1, 0) });
        }
        let text = world.server.metrics();
        assert!(!text.contains(r#"pointsman_requests_total{router="cancer",variant="s""#), "{text}");
        assert!(text.contains(r#"pointsman_shadow_duration_seconds_count{router="cancer",variant="s"} 1"#));
    });
}

#[test]
fn a_shadow_that_hangs_costs_its_copies_and_nobody_waits_for_it() {
    run(async {
        let s = Backend::start().await;
        let (world, client) = serve(json!({}), &shadowed(alive().await, s.address(), |_| {})).await;
        for _ in 0..200 {
            let answer = client.infer(&infer_request(ROUTER)).await;
            assert_eq!((answer.code(), answer.header("pointsman-variant")), (0, "lr"));
        }
        until(|| dropped(&world, "busy") > 0.0).await;
        assert_eq!(dropped(&world, "busy"), 200.0 - 128.0);
        // Nor does the end of the server, whatever its grace is.
        drop(client);
        assert_eq!(world.stop(Duration::from_secs(600)).await.unwrap(), 0);
        assert_eq!(dropped(&world, "ending"), 128.0);
    });
}

#[test]
fn copies_that_are_not_answered_in_the_routers_time_end_and_make_room() {
    run(async {
        let s = Backend::start().await;
        let short = |router: &mut RouterSnapshot| router.default_timeout_ms = 50;
        let (world, client) = serve(json!({}), &shadowed(alive().await, s.address(), short)).await;
        assert_eq!(client.infer(&infer_request(ROUTER)).await.code(), 0);
        until(|| got(&world, "DEADLINE_EXCEEDED") > 0.0).await;
        let (_, entries) = recorded(&world);
        let codes: Vec<_> = entries.iter().map(|entry| (entry.shadow, entry.status_code)).collect();
        assert_eq!(codes, [(false, 0), (true, 4)]);
    });
}

#[test]
fn a_shadow_that_is_not_there_is_counted_and_changes_nothing() {
    run(async {
        let gone = Backend::start().await.kill().await;
        let (world, client) = serve(json!({}), &shadowed(alive().await, gone, |_| {})).await;
        for _ in 0..5 {
            assert_eq!(client.infer(&infer_request(ROUTER)).await.code(), 0);
        }
        until(|| dropped(&world, "unreachable") >= 5.0).await;
        assert_eq!(recorded(&world).1.len(), 5, "what was not sent has no record");
    });
}

#[test]
fn copies_leave_a_backend_that_serves_calls_too_its_places() {
    run(async {
        let mut both = Backend::start().await;
        let limits = json!({ "max_in_flight_per_backend": 4, "max_queued_per_backend": 1 });
        let update = shadowed(both.address(), both.address(), |_| {});
        let (world, client) = serve(limits, &update).await;
        let mut hanging = Vec::new();
        for _ in 0..20 {
            let calling = client.spawn_infer(&infer_request(ROUTER));
            loop {
                let mut call = both.call().await;
                if call.request().await.model_name == MODEL {
                    call.answer(&ModelInferResponse::default().encode_to_vec());
                    break;
                }
                hanging.push(call);
            }
            assert_eq!(calling.await.unwrap().code(), 0);
        }
        until(|| dropped(&world, "busy") >= 19.0).await;
        assert!(hanging.len() <= 1, "a quarter of the places");
        // All others are there for calls at a time.
        let calls: Vec<_> = (0..3).map(|_| client.spawn_infer(&infer_request(ROUTER))).collect();
        let mut taken = 0;
        while taken < 3 {
            let mut call = both.call().await;
            if call.request().await.model_name == MODEL {
                call.answer(&ModelInferResponse::default().encode_to_vec());
                taken += 1;
            } else {
                hanging.push(call);
            }
        }
        for calling in calls {
            assert_eq!(calling.await.unwrap().code(), 0);
        }
    });
}

#[test]
fn a_share_is_of_entities_and_each_keeps_it() {
    run(async {
        let tenth = |router: &mut RouterSnapshot| router.settings.as_mut().unwrap().shadow_share = Some(0.1);
        let update = shadowed(alive().await, alive().await, tenth);
        let (world, client) = serve(json!({}), &update).await;
        for _ in 0..2 {
            for number in 0..500 {
                let entity = format!("e{number}");
                let metadata = [("pointsman-entity-id", entity.as_str())];
                let answer = client.call(MODEL_INFER, &metadata, frame(&infer_request(ROUTER))).await;
                assert_eq!(answer.unwrap().code(), 0);
            }
        }
        drop(client);
        assert_eq!(world.stop(Duration::from_secs(10)).await.unwrap(), 0);
        let (_, entries) = recorded(&world);
        let mut entities: Vec<&str> =
            entries.iter().filter(|entry| entry.shadow).map(|entry| entry.entity_id.as_str()).collect();
        entities.sort_unstable();
        let pairs = entities.len() / 2;
        assert!((17..=83).contains(&pairs), "50 within five standard deviations: {pairs}");
        assert!(entities.chunks(2).all(|pair| pair[0] == pair[1]), "each twice");
        assert!(entries.iter().filter(|entry| entry.shadow).all(|entry| entry.propensity == 0.1));
    });
}

#[test]
fn what_passes_in_pieces_or_finds_no_memory_is_dropped_and_counted() {
    run(async {
        let s = Backend::start().await;
        let unrecorded = |router: &mut RouterSnapshot| router.record_predictions = false;
        let update = shadowed(alive().await, s.address(), unrecorded);
        let (world, client) = serve(json!({ "body_budget_bytes": 1_000_000 }), &update).await;
        let request = |bytes: usize| {
            let raw_input_contents = vec![Bytes::from(vec![1; bytes])];
            ModelInferRequest { model_name: ROUTER.to_owned(), raw_input_contents, ..Default::default() }
                .encode_to_vec()
        };
        assert_eq!(client.infer(&request(300_000)).await.code(), 0);
        until(|| dropped(&world, "streaming") == 1.0).await;
        // Half of the memory is for copies, beside what calls take: it holds eight of these at most.
        for _ in 0..12 {
            assert_eq!(client.infer(&request(60_000)).await.code(), 0);
        }
        until(|| dropped(&world, "memory") >= 4.0).await;
        assert_eq!(dropped(&world, "busy"), 0.0);
    });
}

#[test]
fn calls_that_were_not_decided_or_not_answered_have_no_copy() {
    run(async {
        let mut lr = Backend::start().await;
        let mut s = Backend::start().await;
        let update = shadowed(lr.address(), s.address(), |_| {});
        let (world, client) = serve(json!({}), &update).await;
        let pinned = |variant: &str| {
            let (model_name, model_version) = (ROUTER.to_owned(), variant.to_owned());
            ModelInferRequest { model_name, model_version, ..Default::default() }.encode_to_vec()
        };
        let (answer, _) = answered(&mut lr, &client, &[], &pinned("lr")).await;
        assert_eq!((answer.code(), answer.header("pointsman-reason")), (0, "pin"));
        // Who names a shadow gets it.
        let (answer, _) = answered(&mut s, &client, &[], &pinned("s")).await;
        assert_eq!((answer.code(), answer.header("pointsman-variant")), (0, "s"));
        // A client that goes away before its answer.
        let (response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let mut call = lr.call().await;
        drop((response, out));
        call.reset().await;
        // One that the backend fails is compared.
        let calling = client.spawn_infer(&infer_request(ROUTER));
        lr.call().await.fail("13", "broken");
        assert_eq!(calling.await.unwrap().code(), 13);
        let mut copy = s.call().await;
        assert_eq!(copy.request().await.model_name, SHADOW_MODEL);
        copy.fail("3", "no such input");
        until(|| got(&world, "INVALID_ARGUMENT") == 1.0).await;
        let copies: Vec<u32> =
            recorded(&world).1.iter().filter(|entry| entry.shadow).map(|entry| entry.status_code).collect();
        assert_eq!(copies, [3], "one copy of four calls");
    });
}

#[test]
fn nothing_leads_to_a_shadow_and_its_model_does_not_speak_for_the_router() {
    run(async {
        let mut lr = Backend::start().await;
        let s = Backend::start().await;
        let far = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
        let overriding =
            TrafficOverride { variant: "s".to_owned(), expire_time: Some(far), ..Default::default() };
        type Change<'a> = (&'a str, &'a dyn Fn(&mut RouterSnapshot));
        let changes: [Change<'_>; 5] = [
            ("variants[2].weight: 5 ", &|router| router.variants[2].weight = 5.0),
            ("shadow", &|router| router.slot_runs = vec![0, 9_999, 2, 1]),
            ("traffic_override.variant", &|router| {
                router.settings.as_mut().unwrap().traffic_override = Some(overriding.clone());
            }),
            ("shadow_share: 1.5 ", &|router| router.settings.as_mut().unwrap().shadow_share = Some(1.5)),
            ("weight", &|router| router.variants[0].weight = 0.0),
        ];
        let world = start(json!({}));
        for (says, change) in changes {
            let update = shadowed(lr.address(), s.address(), change).encode_to_vec();
            let refused = world.server.publish(&update).unwrap().refused;
            assert!(refused.len() == 1 && refused[0].reason.contains(says), "{says}: {refused:?}");
        }
        // Disabled, it gets nothing.
        let off = |router: &mut RouterSnapshot| router.variants[2].enabled = Some(false);
        let (world, client) = serve(json!({}), &shadowed(lr.address(), s.address(), off)).await;
        let (answer, _) = answered(&mut lr, &client, &[], &infer_request(ROUTER)).await;
        assert_eq!(answer.code(), 0);
        assert!(!world.server.metrics().contains("pointsman_shadow_requests_total{"));
        drop(client);

        // The control speaks, and not a shadow that was once named before it.
        let first = |router: &mut RouterSnapshot| router.variants.rotate_right(1);
        let slots = |router: &mut RouterSnapshot| {
            first(router);
            router.slot_runs = vec![1, 10_000];
        };
        let (_world, client) = serve(json!({}), &shadowed(lr.address(), s.address(), slots)).await;
        let request = ModelMetadataRequest { name: ROUTER.to_owned(), ..Default::default() };
        let path = "/inference.GRPCInferenceService/ModelMetadata";
        let asking = client.call(path, &[], frame(&request.encode_to_vec()));
        let answering = async {
            let mut call = lr.call().await;
            let asked = ModelMetadataRequest::decode(call.message().await).unwrap();
            call.answer(
                &ModelMetadataResponse { name: MODEL.to_owned(), ..Default::default() }.encode_to_vec(),
            );
            asked.name
        };
        let (answer, asked) = tokio::join!(asking, answering);
        assert_eq!((answer.unwrap().code(), asked.as_str()), (0, MODEL));
    });
}

/// Bodies up to this are recorded, and so gathered whole.
pub(crate) fn recording_all(router: &mut RouterSnapshot) {
    router.recording = Some(Recording { max_body_bytes: 4 << 20, ..Default::default() });
}
