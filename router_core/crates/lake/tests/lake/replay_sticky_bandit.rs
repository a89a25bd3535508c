//! A sticky bandit's decisions made again: entities by the slots of the revision, others by the table of their record.

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::replay_decisions;
use pointsman_model::{BanditTable, Router};
use pointsman_policy::{Request, decide, decide_bandit};
use pointsman_wire::{
    decode_router,
    generated::pointsman_v1::{self as proto, DecisionReason, RandomisedBy, ReplayVerdict},
};
use prost::Message;
use rand::{SeedableRng, rngs::SmallRng};

const EPOCH: u64 = 2;
const GENERATIONS: [u64; 2] = [4, 9];
/// The slots of each generation; runs of variant and length.
const SLOTS: [[u32; 4]; 2] = [[0, 5_000, 1, 5_000], [0, 8_123, 1, 1_877]];

fn published(at: usize) -> proto::RouterSnapshot {
    let algorithm = Some(proto::bandit::Algorithm::Ucb1(proto::Ucb1::default()));
    let bandit = proto::Bandit { algorithm, epoch: EPOCH, ..Default::default() };
    let settings =
        proto::Router { policy: Some(proto::router::Policy::Bandit(bandit)), ..Default::default() };
    proto::RouterSnapshot {
        router_id: "r".into(),
        strategy: proto::Strategy::Bandit.into(),
        status: proto::RouterStatus::Running.into(),
        sticky: true,
        salt: vec![3; 16],
        slot_runs: SLOTS[at].to_vec(),
        variants: vec![variant("a", 0.0), variant("b", 0.0)],
        settings: Some(settings),
        ..Default::default()
    }
}

fn router(at: usize) -> Router {
    decode_router(&published(at).encode_to_vec()).unwrap()
}

fn revision(at: usize) -> proto::ReplayRouter {
    revision_in(GENERATIONS[at], &published(at))
}

fn drawn_from() -> BanditTable {
    BanditTable::build(&[0.31, 0.69], 0.0, 77).unwrap()
}

/// So many calls, by the two generations in turn; every third brings no entity.
fn entries(count: usize) -> Vec<proto::PredictionEntry> {
    let (routers, table, mut rng) = ([router(0), router(1)], drawn_from(), SmallRng::seed_from_u64(7));
    let one = |number: usize| {
        let entity = if number.is_multiple_of(3) { String::new() } else { format!("e{number}") };
        let request = Request::of(Some(entity.as_str()).filter(|entity| !entity.is_empty()));
        let made = match request.entity_id {
            Some(_) => decide(&routers[number % 2], &request, &mut rng),
            None => decide_bandit(&table, &mut rng),
        };
        let (reason, randomised_by) = match request.entity_id {
            Some(_) => (DecisionReason::Slot, RandomisedBy::Entity),
            None => (DecisionReason::Bandit, RandomisedBy::Request),
        };
        assert_eq!(
            (made.epoch(&routers[number % 2].policy), made.reason.as_str().to_uppercase()),
            (EPOCH, reason.as_str_name()[16..].to_owned())
        );
        proto::PredictionEntry {
            route: (number % 2) as u32,
            variant: made.variant.into(),
            time_us: NOON + number as i64,
            propensity: made.propensity,
            reason: reason.into(),
            randomised_by: randomised_by.into(),
            draw: Some(made.draw),
            slot: made.slot().map(u32::from),
            allocation_version: if entity.is_empty() { table.version() } else { 0 },
            epoch: EPOCH,
            entity_id: entity,
            replayable: true,
            ..entry(&format!("p{number:04}"))
        }
    };
    (0..count).map(one).collect()
}

fn replayed(entries: &[proto::PredictionEntry], routers: [proto::ReplayRouter; 2]) -> proto::ReplayAnswer {
    let lake = Lake::new();
    let mut frames = Frames::default();
    let table = drawn_from();
    for (at, router_generation) in GENERATIONS.into_iter().enumerate() {
        let by_slot = router(at);
        let mut route =
            proto::RouteEntry { route: at as u32, router_generation, ..route(proto::Signature::default()) };
        for (index, variant) in (0_u8..).zip(&mut route.variants) {
            variant.request_propensity = table.probability(index);
            variant.slot_propensity = by_slot.policy.propensities(index).by_slot;
        }
        frames.route(&route);
    }
    entries.iter().for_each(|entry| frames.prediction(entry));
    let query = proto::ReplayQuery {
        files: lake.ship(0, &frames).files.into_iter().map(|file| file.path).collect(),
        start_time_us: NOON,
        end_time_us: NOON + 1_000_000,
        routers: routers.into(),
        max_examples: 10,
        thread_count: 2,
        ..Default::default()
    };
    replay_decisions(&RealFiles, lake.path(), &query).unwrap()
}

fn count_of(answer: &proto::ReplayAnswer, verdict: ReplayVerdict) -> u64 {
    answer.counts.iter().filter(|count| count.verdict() == verdict).map(|count| count.call_count).sum()
}

#[test]
fn every_decision_comes_out_again_of_the_revision_and_the_record() {
    let answer = replayed(&entries(600), [revision(0), revision(1)]);
    assert_eq!(count_of(&answer, ReplayVerdict::Agrees), 600, "{answer:?}");
}

#[test]
fn slots_of_another_revision_are_told() {
    let exchanged = [
        proto::ReplayRouter { router: published(1).encode_to_vec(), ..revision(0) },
        proto::ReplayRouter { router: published(0).encode_to_vec(), ..revision(1) },
    ];
    let answer = replayed(&entries(600), exchanged);
    // All entities have another propensity by them, and those that were drawn are as they were.
    assert_eq!(count_of(&answer, ReplayVerdict::Disagrees), 400);
    assert_eq!(count_of(&answer, ReplayVerdict::Agrees), 200);
}
