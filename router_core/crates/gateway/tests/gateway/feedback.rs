//! Feedback: what is taken, what is refused and why, and what an answer waits for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use pointsman_model::{CLOCK_SKEW_US, Id, SigningKeys};
use pointsman_wire::{
    PredictionIdContent, Signer,
    generated::pointsman_v1::{
        AccessKey, AccessTable, BatchRecordFeedbackRequest, BatchRecordFeedbackResponse, FeedbackAnswer,
        FeedbackBatch, FeedbackCall, FeedbackEntry, FeedbackOutcome, FeedbackOutcomes, FeedbackWait,
        MetricDefinition, MetricType, RecordFeedbackRequest, RecordFeedbackResponse, RouterPermissions,
        Scope, SnapshotUpdate,
    },
    uuid_v7,
};
use prost::Message;
use prost_types::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::Write;
use tokio::net::UnixListener;

use crate::{
    backend::Backend,
    client::{Answer, Client, flagged_frame, frame, read},
    world::{ROUTER, World, run, start, start_journal, update},
};

const RECORD: &str = "/pointsman.v1.PredictionService/RecordFeedback";
const BATCH: &str = "/pointsman.v1.PredictionService/BatchRecordFeedback";
const DAY_US: u64 = 86_400_000_000;

fn now_us() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// A prediction of `router` made at a time, signed by this key; numbers make different ones.
fn signed(router: &str, time_us: u64, number: u64, pinned: bool, secret: [u8; 32]) -> String {
    signed_as(router, time_us, number, secret, |content| content.pinned = pinned)
}

/// The same with whatever else the id shall say.
fn signed_as(
    router: &str,
    time_us: u64,
    number: u64,
    secret: [u8; 32],
    say: impl FnOnce(&mut PredictionIdContent<'_>),
) -> String {
    let keys = vec![pointsman_model::SigningKey { key_id: 1, secret }];
    let signer = Signer::new(&SigningKeys { keys, current_key_id: 1 }).unwrap();
    let mut id = String::new();
    let (router_id, variant) = (Id::parse(router).unwrap(), Id::parse("lr").unwrap());
    let mut content = PredictionIdContent {
        uuid: uuid_v7(time_us, number),
        router_id: &router_id,
        variant: &variant,
        incarnation: 0,
        epoch: 3,
        propensity: 0.25,
        pinned: false,
        row_limit: 0,
    };
    say(&mut content);
    signer.sign(&content, &mut id);
    id
}

fn id(number: u64) -> String {
    signed(ROUTER, now_us(), number, false, [7; 32])
}

fn about(prediction_id: String, value: f64) -> RecordFeedbackRequest {
    RecordFeedbackRequest { prediction_id, value, ..Default::default() }
}

fn published() -> SnapshotUpdate {
    update(1, &["127.0.0.1:1".parse().unwrap()])
}

async fn world_of(update: &SnapshotUpdate) -> (World, Client) {
    let world = start(json!({}));
    world.server.publish(&update.encode_to_vec()).unwrap();
    let client = world.client().await;
    (world, client)
}

async fn record(client: &Client, request: &RecordFeedbackRequest) -> Answer {
    client.call(RECORD, &[], frame(&request.encode_to_vec())).await.unwrap()
}

fn outcome(answer: &Answer) -> FeedbackOutcome {
    RecordFeedbackResponse::decode(answer.message()).unwrap().outcome()
}

async fn record_batch(
    client: &Client,
    feedback: Vec<RecordFeedbackRequest>,
    wait: FeedbackWait,
) -> Result<BatchRecordFeedbackResponse, (u32, String)> {
    let request = BatchRecordFeedbackRequest { feedback, wait: wait.into() };
    let answer = client.call(BATCH, &[], frame(&request.encode_to_vec())).await.unwrap();
    if answer.code() != 0 {
        return Err((answer.code(), answer.text().to_owned()));
    }
    Ok(BatchRecordFeedbackResponse::decode(answer.message()).unwrap())
}

/// Everything that is on disk.
fn journalled(world: &World) -> Vec<FeedbackEntry> {
    let batch = world.server.take_feedback(0, 100_000, Duration::ZERO).unwrap();
    FeedbackBatch::decode(&batch[..]).unwrap().entries
}

/// Waits for so many values in the journal and answers the positions behind them.
async fn positions(world: &World, count: usize) -> Vec<u64> {
    let server = world.server.clone();
    let taking = move || {
        let mut positions = Vec::new();
        while positions.len() < count {
            let after = positions.last().copied().unwrap_or(0);
            let batch = server.take_feedback(after, count, Duration::from_secs(5)).unwrap();
            positions.extend(FeedbackBatch::decode(&batch[..]).unwrap().end_positions);
        }
        positions
    };
    tokio::task::spawn_blocking(taking).await.unwrap()
}

fn apply(world: &World, applied: &[(u64, FeedbackOutcome)]) {
    let outcomes = FeedbackOutcomes {
        end_positions: applied.iter().map(|(position, _)| *position).collect(),
        outcomes: applied.iter().map(|(_, outcome)| i32::from(*outcome)).collect(),
    };
    let last = applied.last().map_or(0, |(position, _)| *position);
    world.server.release_feedback(last, &outcomes.encode_to_vec()).unwrap();
}

#[test]
fn an_acknowledged_value_is_in_the_journal_with_all_that_the_id_says() {
    run(async {
        let mut update = published();
        update.changed_routers[0].allow_feedback_corrections = true;
        let (world, client) = world_of(&update).await;
        let made_us = now_us() - 7 * DAY_US;
        let request = RecordFeedbackRequest {
            metric: "clicks".to_owned(),
            row: 4,
            observe_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            ..about(signed(ROUTER, made_us, 1, false, [7; 32]), 2.5)
        };
        let answer = record(&client, &request).await;
        let response = RecordFeedbackResponse::decode(answer.message()).unwrap();
        assert_eq!(response.outcome(), FeedbackOutcome::Recorded);
        assert_eq!(response.prediction_id, request.prediction_id);
        let pinned = signed(ROUTER, made_us, 2, true, [7; 32]);
        assert_eq!(outcome(&record(&client, &about(pinned, 1.0)).await), FeedbackOutcome::Recorded);

        let entries = journalled(&world);
        let [first, second] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((&first.prediction_id, first.row), (&request.prediction_id, 4));
        assert_eq!(
            (&*first.metric, first.value, first.observe_time_us),
            ("clicks", 2.5, 1_700_000_000_000_005)
        );
        assert_eq!((&*first.router_id, &*first.variant), (ROUTER, "lr"));
        assert_eq!((first.epoch, first.propensity), (3, 0.25));
        assert_eq!(first.prediction_time_us, made_us.cast_signed());
        assert!(first.counted && first.corrects);
        assert!(first.receive_time_us.unsigned_abs() >= made_us + 7 * DAY_US);
        assert_eq!((&*second.metric, second.counted), ("reward", false), "pinned calls enter no totals");
        assert_eq!(second.observe_time_us, second.receive_time_us);
    });
}

#[test]
fn a_wrong_value_is_refused_by_its_field_and_not_recorded() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let good = || about(id(1), 1.0);
        let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
        let cases = [
            (
                "metric: \"not a name\" is not",
                RecordFeedbackRequest { metric: "not a name".to_owned(), ..good() },
            ),
            ("value: NaN is not", about(id(1), f64::NAN)),
            ("value: inf is not", about(id(1), f64::INFINITY)),
            ("value: 1e200 is not a number from -1e100 to 1e100", about(id(1), 1e200)),
            ("row: -1 is not", RecordFeedbackRequest { row: -1, ..good() }),
            ("row: 1000001 is not", RecordFeedbackRequest { row: 1_000_001, ..good() }),
            ("observe_time: 0s -1ns", RecordFeedbackRequest { observe_time: time(0, -1), ..good() }),
            (
                "observe_time: 2100-01-01T00:00:00Z is more than a day from now",
                RecordFeedbackRequest { observe_time: time(4_102_444_800, 0), ..good() },
            ),
            (
                "observe_time: 1970-01-21T18:42:23Z is before 1990",
                RecordFeedbackRequest { observe_time: time(1_795_343, 0), ..good() },
            ),
            (
                "observe_time: 253402300800s",
                RecordFeedbackRequest { observe_time: time(253_402_300_800, 0), ..good() },
            ),
            ("wait: 7 is none", RecordFeedbackRequest { wait: 7, ..good() }),
            ("entity_id: stands beside", RecordFeedbackRequest { entity_id: "e".to_owned(), ..good() }),
            (
                "router_id: \"other\" did not",
                RecordFeedbackRequest { router_id: "other".to_owned(), ..good() },
            ),
            ("prediction_id: is not base64url", about("é".to_owned(), 1.0)),
            ("prediction_id: is too long", about("A".repeat(5_000), 1.0)),
            (
                "prediction_id: the signature is wrong",
                about(signed(ROUTER, now_us(), 1, false, [8; 32]), 1.0),
            ),
        ];
        for (expected, request) in cases {
            let answer = record(&client, &request).await;
            assert_eq!(answer.code(), 3, "{expected}");
            assert!(answer.text().starts_with(expected), "{} instead of {expected}", answer.text());
            assert!(!answer.header("grpc-status-details-bin").is_empty(), "{expected}");
        }
        let neither = record(&client, &RecordFeedbackRequest::default()).await;
        assert_eq!(neither.code(), 3);
        assert!(neither.text().contains("router_id and entity_id"), "{}", neither.text());
        let several = RecordFeedbackRequest { row: -1, ..about(id(1), f64::NAN) };
        assert!(record(&client, &several).await.text().contains("; row: -1"), "all of it is named");
        assert!(journalled(&world).is_empty());
        assert_eq!(
            outcome(&record(&client, &RecordFeedbackRequest { row: 1_000_000, ..good() }).await),
            FeedbackOutcome::Recorded
        );
    });
}

#[test]
fn feedback_for_a_row_that_the_prediction_did_not_have_is_refused() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let of = |row_limit, row| {
            let prediction_id = signed_as(ROUTER, now_us(), 1, [7; 32], |said| said.row_limit = row_limit);
            RecordFeedbackRequest { row, ..about(prediction_id, 1.0) }
        };
        for (row_limit, row, said) in [
            (3, 7, "row: 7 is none of the prediction's, which had the rows 0 to 2"),
            (3, 3, "row: 3 is none of the prediction's, which had the rows 0 to 2"),
            (1, 1, "row: 1 is none of the prediction's, which had one row; leave it out, or send 0"),
        ] {
            let refused = record(&client, &of(row_limit, row)).await;
            assert!(refused.text().contains(said), "{}", refused.text());
        }
        // An id that does not say takes any row, as those of earlier releases do.
        for (row_limit, row) in [(3, 2), (1, 0), (0, 7)] {
            let taken = record(&client, &of(row_limit, row)).await;
            assert_eq!(outcome(&taken), FeedbackOutcome::Recorded);
        }
        assert_eq!(journalled(&world).len(), 3);
    });
}

#[test]
fn every_altered_id_is_refused() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let good = id(9);
        for place in 0..good.len() - 1 {
            let mut altered = good.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(record(&client, &about(altered, 1.0)).await.code(), 3, "place {place}");
        }
        assert!(journalled(&world).is_empty());
    });
}

#[test]
fn feedback_ends_with_the_horizon_and_with_the_router() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let made = |time_us| about(signed(ROUTER, time_us, 1, false, [7; 32]), 1.0);
        let young = record(&client, &made(now_us() - 90 * DAY_US - CLOCK_SKEW_US + 60_000_000)).await;
        assert_eq!(outcome(&young), FeedbackOutcome::Recorded);
        let old = record(&client, &made(now_us() - 90 * DAY_US - CLOCK_SKEW_US - 1)).await;
        assert_eq!(old.code(), 9);
        assert!(old.text().contains("older than 90 days"), "{}", old.text());
        let mut later = update(2, &["127.0.0.1:1".parse().unwrap()]);
        later.feedback_horizon_us = 3_600_000_000;
        world.server.publish(&later.encode_to_vec()).unwrap();
        assert_eq!(record(&client, &made(now_us() - CLOCK_SKEW_US - 3_700_000_000)).await.code(), 9);
        assert_eq!(record(&client, &made(now_us() + 1_000)).await.code(), 0);
        let unknown = record(&client, &about(signed("nobody", now_us(), 1, false, [7; 32]), 1.0)).await;
        assert_eq!(unknown.code(), 5);
        assert!(unknown.text().contains("\"nobody\" does not exist"), "{}", unknown.text());
    });
}

/// A world whose router is of an incarnation and was created now: answers when.
async fn world_of_incarnation(incarnation: u64) -> (World, Client, u64) {
    let mut update = published();
    let created_us = now_us();
    update.changed_routers[0].incarnation = incarnation;
    update.changed_routers[0].create_time_us = created_us.cast_signed();
    let (world, client) = world_of(&update).await;
    (world, client, created_us)
}

#[test]
fn whose_prediction_it_is_no_clock_tells_but_the_incarnation() {
    run(async {
        let (world, client, created_us) = world_of_incarnation(7).await;
        let made = |incarnation, time_us| {
            about(signed_as(ROUTER, time_us, 1, [7; 32], |said| said.incarnation = incarnation), 1.0)
        };
        // A server whose clock is two hours behind made it, or one whose clock is ahead.
        for time_us in [created_us - 2 * CLOCK_SKEW_US, created_us + 1, created_us + 2 * CLOCK_SKEW_US] {
            assert_eq!(record(&client, &made(7, time_us)).await.code(), 0, "{time_us}");
            let former = record(&client, &made(6, time_us)).await;
            assert_eq!(former.code(), 5, "a former router of this id made it at {time_us}");
        }
        assert!(journalled(&world).iter().all(|entry| entry.router_incarnation == 7));
        assert_eq!(journalled(&world).len(), 3);
    });
}

#[test]
fn an_id_without_incarnation_is_taken_from_a_clock_that_is_an_hour_behind() {
    run(async {
        let (world, client, created_us) = world_of_incarnation(7).await;
        let made = |time_us| about(signed(ROUTER, time_us, 1, false, [7; 32]), 1.0);
        assert_eq!(record(&client, &made(created_us - 600_000_000)).await.code(), 0);
        assert_eq!(record(&client, &made(created_us - CLOCK_SKEW_US)).await.code(), 0);
        assert_eq!(record(&client, &made(created_us - CLOCK_SKEW_US - 1)).await.code(), 5);
        assert_eq!(journalled(&world)[0].router_incarnation, 7, "it was judged to be this router's");
    });
}

#[test]
fn the_control_plane_is_told_what_a_client_would_be() {
    run(async {
        let mut update = published();
        update.changed_routers[0].metrics =
            vec![MetricDefinition { name: "reward".to_owned(), ..Default::default() }];
        let (world, client) = world_of(&update).await;
        let good = || about(id(1), 1.0);
        let by_entity = RecordFeedbackRequest {
            router_id: ROUTER.to_owned(),
            entity_id: "alice".to_owned(),
            value: 1.0,
            ..Default::default()
        };
        let refused = [
            about("forged".to_owned(), 1.0),
            about(id(1), f64::NAN),
            RecordFeedbackRequest { row: -1, ..good() },
            RecordFeedbackRequest { metric: "other".to_owned(), ..good() },
            RecordFeedbackRequest { observe_time: Some(Timestamp { seconds: 0, nanos: 0 }), ..good() },
            about(signed("nobody", now_us(), 1, false, [7; 32]), 1.0),
            about(signed(ROUTER, now_us() - 91 * DAY_US, 1, false, [7; 32]), 1.0),
        ];
        let call = FeedbackCall {
            user_id: "local".to_owned(),
            admin: true,
            feedback: refused.iter().cloned().chain([good(), by_entity.clone()]).collect(),
            ..Default::default()
        };
        let checked = world.server.check_feedback(&call.encode_to_vec()).unwrap();
        let checked = FeedbackAnswer::decode(&checked[..]).unwrap().verdicts;
        assert!(checked[7..].iter().all(|verdict| verdict.refusal.is_none()));
        assert_eq!(checked.iter().position(|verdict| verdict.needs_prediction), Some(8));
        assert!(journalled(&world).is_empty(), "it was only checked");
        for (given, verdict) in refused.iter().zip(&checked) {
            let told = record(&client, given).await;
            let refusal = verdict.refusal.clone().unwrap();
            assert_eq!((refusal.code as u32, &*refusal.message), (told.code(), told.text()));
        }
        let call = FeedbackCall { timeout_ms: 5_000, ..call };
        let server = world.server.clone();
        let appending = tokio::task::spawn_blocking(move || server.append_feedback(&call.encode_to_vec()));
        let appended = FeedbackAnswer::decode(&appending.await.unwrap().unwrap()[..]).unwrap().verdicts;
        assert_eq!(appended[..7], checked[..7]);
        assert_eq!(appended[7].outcome(), FeedbackOutcome::Recorded);
        assert!(appended[8].refusal.is_some(), "nobody has said which prediction is meant");
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn those_who_may_call_the_router_bring_its_feedback() {
    run(async {
        let key = |user: &str, scope: Scope| AccessKey {
            key_id: user.to_owned(),
            secret_sha256: Sha256::digest(format!("pm_{user}_secret")).to_vec(),
            user_id: user.to_owned(),
            scopes: vec![scope.into()],
            ..Default::default()
        };
        let mut update = published();
        let keys = ["ann", "bob", "cy"].map(|user| key(user, Scope::MlopsPredict));
        let keys = keys.into_iter().chain([key("reader", Scope::MlopsRead)]).collect();
        update.access = Some(AccessTable { keys, open: false });
        let shared = vec!["bob".to_owned()];
        update.changed_routers[0].permissions =
            Some(RouterPermissions { shared_user_ids: shared, ..Default::default() });
        let (world, client) = world_of(&update).await;
        let as_user = async |user: &str| {
            let key = format!("pm_{user}_secret");
            let body = frame(&about(id(1), 1.0).encode_to_vec());
            client.call(RECORD, &[("x-api-key", &key)], body).await.unwrap()
        };
        assert_eq!(as_user("ann").await.code(), 0);
        let bob = as_user("bob").await;
        assert_eq!(bob.code(), 7, "bob may read but not call");
        assert!(bob.text().contains("public_predict"), "{}", bob.text());
        assert_eq!(as_user("cy").await.code(), 5, "what cy may not read is not there for cy");
        let reader = as_user("reader").await;
        assert_eq!(reader.code(), 7);
        assert!(
            reader.text().contains("RecordFeedback needs a key with the scope mlops:predict"),
            "{}",
            reader.text()
        );
        assert_eq!(as_user("nobody").await.code(), 16);
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn a_router_that_declares_metrics_takes_no_others() {
    run(async {
        let mut update = published();
        let declared = |name: &str, kind: MetricType| MetricDefinition {
            name: name.to_owned(),
            r#type: kind.into(),
            ..Default::default()
        };
        let stars = MetricDefinition { max_value: Some(5.0), ..declared("stars", MetricType::Number) };
        update.changed_routers[0].metrics = vec![declared("clicked", MetricType::Binary), stars];
        let (world, client) = world_of(&update).await;
        let bring = async |metric: &str, value| {
            let request = RecordFeedbackRequest { metric: metric.to_owned(), ..about(id(1), value) };
            record(&client, &request).await
        };
        assert_eq!(bring("clicked", 1.0).await.code(), 0);
        assert_eq!(bring("stars", 5.0).await.code(), 0);
        for (metric, value, expected) in [
            ("", 1.0, "metric: \"reward\" is none of the metrics of router cancer, clicked, stars"),
            ("clicked", 0.5, "value: 0.5 is neither 0 nor 1"),
            ("stars", 5.5, "value: 5.5 is above 5"),
        ] {
            let answer = bring(metric, value).await;
            assert_eq!(answer.code(), 3);
            assert!(answer.text().starts_with(expected), "{}", answer.text());
        }
        assert_eq!(journalled(&world).len(), 2);
    });
}

#[test]
fn a_caller_that_waits_learns_what_came_of_its_value() {
    run(async {
        let (world, client) = world_of(&published()).await;
        for expected in [FeedbackOutcome::Applied, FeedbackOutcome::Conflict] {
            let request = RecordFeedbackRequest { wait: FeedbackWait::Applied.into(), ..about(id(1), 1.0) };
            let seen = journalled(&world).len();
            let (response, mut out) = client.begin(RECORD, &[]).await.unwrap();
            out.send_data(frame(&request.encode_to_vec()), true).unwrap();
            let position = positions(&world, seen + 1).await.pop().unwrap();
            apply(&world, &[(position, expected)]);
            assert_eq!(outcome(&read(response).await.unwrap()), expected);
        }
    });
}

#[test]
fn a_wait_beyond_the_deadline_says_that_the_value_is_recorded() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let request = RecordFeedbackRequest { wait: FeedbackWait::Applied.into(), ..about(id(1), 1.0) };
        let body = frame(&request.encode_to_vec());
        let answer = client.call(RECORD, &[("grpc-timeout", "300m")], body).await.unwrap();
        assert_eq!(answer.code(), 4);
        assert!(answer.text().contains("is recorded and will be applied once"), "{}", answer.text());
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn values_of_a_batch_are_answered_each_by_itself_and_kept_in_order() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let mut feedback: Vec<_> = (0..600).map(|number| about(id(number), number as f64)).collect();
        feedback[3].value = f64::NAN;
        feedback[599].prediction_id = "forged".to_owned();
        let answer = record_batch(&client, feedback, FeedbackWait::Unspecified).await.unwrap();
        assert_eq!(answer.results.len(), 600);
        for (number, result) in answer.results.iter().enumerate() {
            let expected = if [3, 599].contains(&number) { (0, 3) } else { (4, 0) };
            assert_eq!((result.outcome, result.code), expected, "{number}: {}", result.message);
        }
        assert!(answer.results[3].message.starts_with("value: NaN"), "{}", answer.results[3].message);
        let values: Vec<f64> = journalled(&world).iter().map(|entry| entry.value).collect();
        let expected: Vec<f64> = (0..599).filter(|number| *number != 3).map(f64::from).collect();
        assert_eq!(values, expected);
        let nothing = record_batch(&client, Vec::new(), FeedbackWait::Applied).await.unwrap();
        assert!(nothing.results.is_empty());
    });
}

#[test]
fn a_batch_that_waits_tells_the_outcome_of_each_value() {
    run(async {
        use FeedbackOutcome::{Applied, Conflict, Duplicate, Unspecified};
        let (world, client) = world_of(&published()).await;
        let mut feedback: Vec<_> = (0..4).map(|number| about(id(number), 1.0)).collect();
        feedback[1].row = -1;
        let applying = async {
            let positions = positions(&world, 3).await;
            // The first is told in a round of its own.
            apply(&world, &[(positions[0], Duplicate)]);
            apply(&world, &[(positions[1], Conflict), (positions[2], Applied)]);
        };
        let (answer, ()) = tokio::join!(record_batch(&client, feedback, FeedbackWait::Applied), applying);
        let outcomes: Vec<_> = answer.unwrap().results.iter().map(|result| result.outcome()).collect();
        assert_eq!(outcomes, [Duplicate, Unspecified, Conflict, Applied]);
    });
}

#[test]
fn a_batch_has_a_limit_that_the_refusal_names() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let empty = vec![RecordFeedbackRequest::default(); 10_001];
        let (code, text) = record_batch(&client, empty, FeedbackWait::Durable).await.unwrap_err();
        assert_eq!(code, 3);
        assert!(text.starts_with("feedback: 10001 values are more") && text.contains("10000"), "{text}");
        let most = vec![about(id(1), 1.0); 10_000];
        let answer = record_batch(&client, most, FeedbackWait::Durable).await.unwrap();
        assert!(answer.results.iter().all(|result| result.code == 0));
        assert_eq!(journalled(&world).len(), 10_000);
        let garbage = client.call(BATCH, &[], frame(&[0x0a, 5, 1])).await.unwrap();
        assert_eq!(garbage.code(), 3);
    });
}

#[test]
fn feedback_by_entity_is_passed_on_whole_to_the_control_plane() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let listener = UnixListener::bind(world.folder.path().join("control.sock")).unwrap();
        let mut control = Backend::start_control(listener);
        let by_entity = RecordFeedbackRequest {
            router_id: ROUTER.to_owned(),
            entity_id: "alice".to_owned(),
            value: 1.0,
            ..Default::default()
        };
        let single = Bytes::from(by_entity.encode_to_vec());
        let batch = BatchRecordFeedbackRequest { feedback: vec![about(id(1), 1.0), by_entity], wait: 2 };
        let batch = Bytes::from(batch.encode_to_vec());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&single).unwrap();
        let compressed = flagged_frame(1, &gzip.finish().unwrap());
        for (path, sent, message) in
            [(RECORD, frame(&single), &single), (BATCH, frame(&batch), &batch), (RECORD, compressed, &single)]
        {
            let metadata = [("grpc-encoding", "gzip"), ("x-pointsman-user", "root"), ("grpc-timeout", "9S")];
            let (response, mut out) = client.begin(path, &metadata).await.unwrap();
            out.send_data(sent, true).unwrap();
            let mut call = control.call().await;
            assert_eq!(call.head.uri.path(), path);
            assert_eq!(call.header("x-pointsman-user"), Some("local"));
            assert!(call.header("grpc-timeout").is_some(), "the control plane gives up with the client");
            assert_eq!(call.message().await, message);
            call.answer(b"answer");
            assert_eq!(read(response).await.unwrap().message(), "answer");
        }
        assert!(journalled(&world).is_empty());
    });
}

#[test]
fn a_full_journal_refuses_feedback_until_there_is_room_again() {
    run(async {
        let world = start_journal(json!({ "max_feedback_bytes": 4 << 20, "segment_bytes": 65_536 }));
        world.server.publish(&published().encode_to_vec()).unwrap();
        let client = world.client().await;
        let mut taken = 0;
        let refused = loop {
            let many = (0..5_000).map(|number| about(id(number), 1.0)).collect();
            let answer = record_batch(&client, many, FeedbackWait::Durable).await.unwrap();
            taken += answer.results.iter().filter(|result| result.code == 0).count();
            if let Some(refused) = answer.results.into_iter().find(|result| result.code != 0) {
                break refused;
            }
        };
        assert_eq!(refused.code, 14);
        assert!(refused.message.contains("the journal takes no more entries"), "{}", refused.message);
        assert_eq!(journalled(&world).len(), taken, "what was acknowledged is there, and nothing else");
        let last = positions(&world, taken).await.pop().unwrap();
        apply(&world, &[(last, FeedbackOutcome::Applied)]);
        assert_eq!(outcome(&record(&client, &about(id(1), 1.0)).await), FeedbackOutcome::Recorded);
    });
}

#[test]
fn acknowledged_feedback_is_there_after_a_restart() {
    run(async {
        let (world, client) = world_of(&published()).await;
        for number in 0..5 {
            assert_eq!(
                outcome(&record(&client, &about(id(number), number as f64)).await),
                FeedbackOutcome::Recorded
            );
        }
        drop(client);
        let World { server, folder } = world;
        tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
        let world = crate::world::start_in(folder, 1, json!({}));
        let values: Vec<f64> = journalled(&world).iter().map(|entry| entry.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0]);
        // The kept state knows the keys: feedback is taken before anything is published.
        let client = world.client().await;
        assert_eq!(outcome(&record(&client, &about(id(9), 9.0)).await), FeedbackOutcome::Recorded);
    });
}
