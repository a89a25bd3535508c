//! Feedback over the wire. Here is what all its tests bring and look at; each file has one question.

mod batches;
mod callers;
mod durability;
mod values;
mod whose;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pointsman_model::{Id, SigningKeys};
use pointsman_wire::{
    PredictionIdContent, Signer,
    generated::pointsman_v1::{
        BatchRecordFeedbackRequest, BatchRecordFeedbackResponse, FeedbackBatch, FeedbackEntry,
        FeedbackOutcome, FeedbackOutcomes, FeedbackWait, RecordFeedbackRequest, RecordFeedbackResponse,
        SnapshotUpdate,
    },
    uuid_v7,
};
use prost::Message;
use serde_json::json;

use crate::{
    client::{Answer, Client, frame},
    world::{ROUTER, World, start, update},
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
