//! What of a call is in the journal afterwards.

use bytes::Bytes;
use pointsman_journal::{SegmentInfo, SegmentReader, SegmentRoutes, StoredEntry, files::RealFiles};
use pointsman_wire::generated::{
    inference::{
        InferParameter, ModelInferRequest, ModelInferResponse, infer_parameter::ParameterChoice::StringParam,
    },
    pointsman_v1::{
        BodyKind, EntityRecording, PredictionEntry, RecordDurability, Recording, RouteEntry, RouterCounters,
        RouterSnapshot,
    },
};
use prost::Message;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame},
    world::{MODEL, ROUTER, World, router, run, start, update},
};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A server whose router records as `change` says.
async fn recording(change: impl FnOnce(&mut RouterSnapshot)) -> (World, Backend, Client) {
    recording_with(json!({}), change).await
}

/// The same under limits.
async fn recording_with(
    limits: serde_json::Value,
    change: impl FnOnce(&mut RouterSnapshot),
) -> (World, Backend, Client) {
    let (world, backend) = (start(limits), Backend::start().await);
    let mut update = update(1, &[backend.address()]);
    let mut router = router();
    router.record_predictions = true;
    router.changed_generation = 1;
    change(&mut router);
    update.changed_routers = vec![router];
    update.entity_key = vec![7; 32];
    world.server.publish(&update.encode_to_vec()).unwrap();
    let client = world.client().await;
    (world, backend, client)
}

fn request(tensor_bytes: usize) -> ModelInferRequest {
    ModelInferRequest {
        model_name: ROUTER.to_owned(),
        raw_input_contents: vec![Bytes::from(vec![1; tensor_bytes])],
        ..Default::default()
    }
}

fn response(tensor_bytes: usize) -> Vec<u8> {
    let raw_output_contents = vec![Bytes::from(vec![2; tensor_bytes])];
    ModelInferResponse { model_name: MODEL.to_owned(), raw_output_contents, ..Default::default() }
        .encode_to_vec()
}

/// Makes a call that the backend answers.
async fn call(
    backend: &mut Backend,
    client: &Client,
    request: &ModelInferRequest,
    response: &[u8],
) -> Answer {
    let metadata =
        [("pointsman-entity-id", "alice"), ("traceparent", TRACEPARENT), ("x-request-id", "request-1")];
    let body = frame(&request.encode_to_vec());
    let calling = client.call(MODEL_INFER, &metadata, body);
    let answering = async {
        let mut call = backend.call().await;
        call.message().await;
        call.answer(response);
    };
    tokio::join!(calling, answering).0.unwrap()
}

/// The routes, whole, and predictions on disk.
pub(crate) fn recorded(world: &World) -> (Vec<RouteEntry>, Vec<PredictionEntry>) {
    let _ = world.server.seal_predictions();
    let (mut routes, mut predictions) = (Vec::new(), Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(world.folder.path().join("journal")).unwrap().collect();
    files.sort_by_key(|file| file.as_ref().unwrap().file_name());
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(start) = name.strip_prefix("predictions-").and_then(|rest| rest.strip_suffix(".seg")) else {
            continue;
        };
        let start = start.parse().unwrap();
        let end = start + path.metadata().unwrap().len();
        let segment = SegmentInfo { start, end, sealed: true, created_us: 0, path };
        let mut reader = SegmentReader::open(&RealFiles, &segment).unwrap();
        let mut entries = SegmentRoutes::default();
        while let Some(frame) = reader.next().unwrap() {
            match StoredEntry::decode(&frame).unwrap() {
                StoredEntry::Route(_) => routes.push(entries.read(frame.payload).unwrap()),
                StoredEntry::Prediction(prediction) => predictions.push(*prediction),
                other => panic!("{other:?}"),
            }
        }
    }
    (routes, predictions)
}

#[test]
fn a_record_says_what_was_decided_asked_and_answered() {
    run(async {
        let (world, mut backend, client) = recording(|_| {}).await;
        let (request, response) = (request(100), response(50));
        let answer = call(&mut backend, &client, &request, &response).await;

        let (routes, predictions) = recorded(&world);
        let (route, entry) = (&routes[0], &predictions[0]);
        assert_eq!((route.router_id.as_str(), route.router_generation), (ROUTER, 1));
        let variant = &route.variants[entry.variant as usize];
        assert_eq!((variant.name.as_str(), variant.model_version.as_str()), ("lr", "1"));
        assert_eq!((variant.eligible, variant.slot_propensity), (true, 1.0));
        assert!(!route.variants[1].eligible);
        assert_eq!(entry.prediction_id, answer.header("pointsman-prediction-id"));
        assert_eq!((entry.entity_id.as_str(), entry.request_id.as_str()), ("alice", "request-1"));
        assert_eq!(entry.trace_id, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(u64::from(entry.slot.unwrap()), entry.draw.unwrap() % 10_000);
        assert!(entry.replayable && entry.overhead_ns > 0 && entry.backend_ns.unwrap() > 0);
        assert_eq!((entry.request_kind(), entry.response_kind()), (BodyKind::Infer, BodyKind::Infer));
        let forwarded = ModelInferRequest::decode(entry.request.clone()).unwrap();
        assert_eq!(forwarded, ModelInferRequest { model_name: MODEL.to_owned(), ..request });
        assert_eq!(entry.response, response);
    });
}

#[test]
fn an_entity_in_binary_metadata_is_the_calls_entity_and_what_cannot_be_read_is_refused() {
    run(async {
        let (world, mut backend, client) = recording(|_| {}).await;
        let body = frame(&request(10).encode_to_vec());
        // Base64 of "Zoë" with and without padding, of what is not UTF-8, and none.
        for (value, code) in [("Wm/Dqw==", 0), ("Wm/Dqw", 0), ("//8", 3), ("!", 3)] {
            let metadata = [("pointsman-entity-id-bin", value)];
            let calling = client.call(MODEL_INFER, &metadata, body.clone());
            let answering = async {
                if code == 0 {
                    let mut call = backend.call().await;
                    call.message().await;
                    call.answer(&response(10));
                }
            };
            let answer = tokio::join!(calling, answering).0.unwrap();
            assert_eq!(answer.code(), code, "{value}: {}", answer.text());
        }
        let entities: Vec<String> = recorded(&world).1.into_iter().map(|entry| entry.entity_id).collect();
        assert_eq!(entities, ["Zoë", "Zoë"]);
    });
}

#[test]
fn calls_that_fail_are_recorded_with_their_code_and_without_an_answer() {
    run(async {
        let (world, mut backend, client) = recording(|_| {}).await;
        let answer = call(&mut backend, &client, &request(10), b"\xff\xff").await;
        assert_ne!(answer.code(), 0);
        let (_, predictions) = recorded(&world);
        assert_eq!(predictions[0].status_code, answer.code());
        assert!(!predictions[0].request.is_empty());
    });
}

#[test]
fn bodies_above_the_routers_limit_are_cut_and_say_so() {
    run(async {
        let limit = |router: &mut RouterSnapshot| {
            router.recording = Some(Recording { max_body_bytes: 1_000, ..Default::default() });
        };
        let (world, mut backend, client) = recording(limit).await;
        for (asked, answered) in [(2_000, 10), (10, 2_000), (200_000, 10), (10, 200_000)] {
            call(&mut backend, &client, &request(asked), &response(answered)).await;
        }
        let (_, predictions) = recorded(&world);
        let kinds: Vec<_> =
            predictions.iter().map(|entry| (entry.request_kind(), entry.response_kind())).collect();
        let (all, cut) = (BodyKind::Infer, BodyKind::Cut);
        assert_eq!(kinds, [(cut, all), (all, cut), (cut, all), (all, cut)]);
        assert!(predictions.iter().all(|entry| entry.request.len() + entry.response.len() < 1_000));
        call(&mut backend, &client, &request(10), &response(10)).await;
        let line = format!(
            r#"pointsman_records_cut_total{{router="{ROUTER}",variant="lr",reason="max_body_bytes"}} 4"#
        );
        let text = world.server.metrics();
        assert!(text.lines().any(|there| there == line), "{text}");
        let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
        assert_eq!(counters.cut_record_counts, [("max_body_bytes".to_owned(), 4)].into());
    });
}

#[test]
fn bodies_that_find_no_memory_are_cut_and_counted_apart() {
    run(async {
        let limit = |router: &mut RouterSnapshot| {
            router.recording = Some(Recording { max_body_bytes: 1 << 20, ..Default::default() });
        };
        let (world, mut backend, client) =
            recording_with(json!({"body_budget_bytes": 1_000_000}), limit).await;
        call(&mut backend, &client, &request(60_000), &response(950_000)).await;
        let (_, predictions) = recorded(&world);
        assert_eq!(predictions[0].request_kind(), BodyKind::Cut);
        let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
        assert_eq!(counters.cut_record_counts, [("body_budget_bytes".to_owned(), 1)].into());
    });
}

#[test]
fn large_bodies_within_the_limit_are_recorded_whole() {
    run(async {
        let limit = |router: &mut RouterSnapshot| {
            router.recording = Some(Recording { max_body_bytes: 1 << 20, ..Default::default() });
        };
        let (world, mut backend, client) = recording(limit).await;
        let response = response(300_000);
        let answer = call(&mut backend, &client, &request(200_000), &response).await;
        assert!(answer.message().starts_with(&response));
        let (_, predictions) = recorded(&world);
        assert!(predictions[0].request.len() > 200_000);
        assert!(predictions[0].response == response, "the answer as the backend gave it");
    });
}

#[test]
fn entities_are_recorded_as_the_router_says() {
    run(async {
        for (form, is_plain) in [(EntityRecording::Hmac, false), (EntityRecording::None, false)] {
            let form_of = |router: &mut RouterSnapshot| {
                router.recording = Some(Recording { entity: form.into(), ..Default::default() });
            };
            let (world, mut backend, client) = recording(form_of).await;
            let mut request = request(1);
            let named = InferParameter { parameter_choice: Some(StringParam("alice".to_owned())) };
            request.parameters = [("entity_id".to_owned(), named)].into();
            call(&mut backend, &client, &request, &response(1)).await;
            let (_, predictions) = recorded(&world);
            let entry = &predictions[0];
            assert!(!entry.request.windows(5).any(|bytes| bytes == b"alice"), "bodies do not tell either");
            assert_eq!(ModelInferRequest::decode(entry.request.clone()).unwrap().raw_input_contents.len(), 1);
            assert_eq!(entry.replayable, is_plain);
            assert_eq!(entry.entity_id.len(), if form == EntityRecording::Hmac { 32 } else { 0 });
            assert_eq!(entry.draw.is_some(), form == EntityRecording::Hmac, "the draw tells of the entity");
        }
    });
}

#[test]
fn a_router_that_records_no_features_keeps_its_decisions() {
    run(async {
        let none = |router: &mut RouterSnapshot| {
            router.recording = Some(Recording { features_share: Some(0.0), ..Default::default() });
        };
        let (world, mut backend, client) = recording(none).await;
        call(&mut backend, &client, &request(1), &response(1)).await;
        let (_, predictions) = recorded(&world);
        assert_eq!(predictions[0].request_kind(), BodyKind::Unspecified);
        assert_eq!((predictions[0].request.len(), predictions[0].response.len()), (0, 0));
    });
}

#[test]
fn a_durable_router_answers_when_the_record_is_on_disk() {
    run(async {
        let durable = |router: &mut RouterSnapshot| {
            let durability = RecordDurability::Durable.into();
            router.recording = Some(Recording { durability, max_body_bytes: 1 << 20, ..Default::default() });
        };
        let (world, mut backend, client) = recording(durable).await;
        for tensor_bytes in [10, 200_000] {
            let answer = call(&mut backend, &client, &request(tensor_bytes), &response(tensor_bytes)).await;
            assert_eq!(answer.code(), 0, "{}", answer.text());
        }
        assert!(world.metric(r#"pointsman_journal_sync_duration_seconds_count{log="predictions"}"#) >= 2.0);
        assert_eq!(recorded(&world).1.len(), 2);
    });
}
