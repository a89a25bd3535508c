//! Recorded decisions made again: what was recorded comes out, what was changed is told, what is not kept says so.

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::{redecide, replay_decisions};
use pointsman_policy::{Decision, Request, decide};
use pointsman_wire::{
    decode_router,
    generated::pointsman_v1::{self as proto, DecisionReason, NotReplayable, RandomisedBy, ReplayVerdict},
};
use prost::Message;
use rand::{SeedableRng, rngs::SmallRng};

const GENERATION: u64 = 4;

fn snapshot(sticky: bool) -> proto::RouterSnapshot {
    proto::RouterSnapshot {
        router_id: "r".into(),
        strategy: proto::Strategy::Weighted.into(),
        status: proto::RouterStatus::Running.into(),
        sticky,
        variants: vec![variant("a", 70.0), variant("b", 30.0)],
        salt: b"0123456789abcdef".to_vec(),
        slot_runs: vec![0, 7_000, 1, 3_000],
        ..Default::default()
    }
}

fn known(router: &proto::RouterSnapshot) -> proto::ReplayRouter {
    revision_in(GENERATION, router)
}

/// The entries of calls that a router decided, every second for an entity.
fn entries(router: &proto::RouterSnapshot, count: usize) -> Vec<proto::PredictionEntry> {
    let built = decode_router(&router.encode_to_vec()).unwrap();
    let mut rng = SmallRng::seed_from_u64(7);
    let one = |number: usize| {
        let entity = format!("e{number}");
        let entity_id = number.is_multiple_of(2).then_some(entity.as_str());
        let made = decide(&built, &Request::of(entity_id), &mut rng);
        entry_of(&made, number, entity_id.unwrap_or(""))
    };
    (0..count).map(one).collect()
}

fn entry_of(made: &Decision, number: usize, entity_id: &str) -> proto::PredictionEntry {
    let by_entity = made.slot().is_some();
    proto::PredictionEntry {
        variant: made.variant.into(),
        time_us: NOON + number as i64,
        propensity: made.propensity,
        reason: if by_entity { DecisionReason::Slot } else { DecisionReason::Weight }.into(),
        randomised_by: if by_entity { RandomisedBy::Entity } else { RandomisedBy::Request }.into(),
        draw: Some(made.draw),
        slot: made.slot().map(u32::from),
        entity_id: entity_id.into(),
        replayable: true,
        ..entry(&format!("p{number:04}"))
    }
}

fn replayed(
    entries: &[proto::PredictionEntry],
    routers: Vec<proto::ReplayRouter>,
    max_examples: u32,
) -> proto::ReplayAnswer {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    entries.iter().for_each(|entry| frames.prediction(entry));
    let shipped = lake.ship(0, &frames);
    let query = proto::ReplayQuery {
        files: shipped.files.into_iter().map(|file| file.path).collect(),
        start_time_us: NOON,
        end_time_us: NOON + 1_000_000,
        routers,
        max_examples,
        thread_count: 2,
        ..Default::default()
    };
    replay_decisions(&RealFiles, lake.path(), &query).unwrap()
}

fn count_of(answer: &proto::ReplayAnswer, verdict: ReplayVerdict, why: NotReplayable) -> u64 {
    let alike = answer
        .counts
        .iter()
        .filter(|count| count.verdict == i32::from(verdict) && count.not_replayable == i32::from(why));
    alike.map(|count| count.call_count).sum()
}

fn agreeing(answer: &proto::ReplayAnswer) -> u64 {
    count_of(answer, ReplayVerdict::Agrees, NotReplayable::Unspecified)
}

#[test]
fn what_was_decided_comes_out_again_sticky_and_not() {
    for sticky in [true, false] {
        let router = snapshot(sticky);
        let answer = replayed(&entries(&router, 500), vec![known(&router)], 10);
        assert_eq!(answer.counts.len(), 1);
        assert_eq!((agreeing(&answer), answer.examples.len()), (500, 0));
    }
}

#[test]
fn a_changed_record_is_told_with_what_comes_out() {
    let router = snapshot(true);
    let mut changed = entries(&router, 100);
    changed[10].variant = 1 - changed[10].variant;
    changed[20].propensity = f64::from_bits(changed[20].propensity.to_bits() + 1);
    changed[30].slot = changed[30].slot.map(|slot| (slot + 1) % 10_000);
    let answer = replayed(&changed, vec![known(&router)], 2);
    assert_eq!(agreeing(&answer), 97);
    assert_eq!(count_of(&answer, ReplayVerdict::Disagrees, NotReplayable::Unspecified), 3);
    let told: Vec<(&str, Vec<&str>)> = answer
        .examples
        .iter()
        .map(|example| {
            let made = example.redecision.as_ref().unwrap();
            let fields = made.differences.iter().map(|one| one.field.as_str()).collect();
            (example.prediction_id.as_str(), fields)
        })
        .collect();
    assert_eq!(told, [("p0010", vec!["variant"]), ("p0020", vec!["propensity"])]);
}

#[test]
fn another_slot_table_does_not_agree() {
    let router = snapshot(true);
    let other = proto::RouterSnapshot { slot_runs: vec![1, 3_000, 0, 7_000], ..snapshot(true) };
    let answer = replayed(&entries(&router, 200), vec![known(&other)], 0);
    assert!(count_of(&answer, ReplayVerdict::Disagrees, NotReplayable::Unspecified) > 20);
    // Draws of requests go by weights, which are the same.
    assert!(agreeing(&answer) >= 100);
    assert!(answer.examples.is_empty());
}

#[test]
fn what_is_not_kept_says_so() {
    let router = snapshot(true);
    let [plain, hashed, nobody, undrawn, pinned, table, stood_in] = {
        let made = entries(&router, 7);
        let [a, b, c, d, e, f, g]: [proto::PredictionEntry; 7] = made.try_into().unwrap();
        [
            a,
            proto::PredictionEntry { replayable: false, ..c },
            proto::PredictionEntry { replayable: false, entity_id: String::new(), draw: None, ..e },
            proto::PredictionEntry { draw: None, ..b },
            proto::PredictionEntry {
                reason: DecisionReason::Pin.into(),
                randomised_by: RandomisedBy::Nothing.into(),
                draw: None,
                ..d
            },
            proto::PredictionEntry { allocation_version: 3, ..f },
            proto::PredictionEntry {
                reason: DecisionReason::Fallback.into(),
                decided_variant: Some(g.variant),
                variant: 1 - g.variant,
                ..g
            },
        ]
    };
    let all = [plain, hashed, nobody, undrawn, pinned, table, stood_in];
    let answer = replayed(&all, vec![known(&router)], 0);
    assert_eq!(agreeing(&answer), 2, "{answer:?}");
    for why in [
        NotReplayable::EntityHashed,
        NotReplayable::EntityNotRecorded,
        NotReplayable::DrawNotRecorded,
        NotReplayable::Pinned,
        NotReplayable::AllocationNotKept,
    ] {
        assert_eq!(count_of(&answer, ReplayVerdict::NotReplayable, why), 1, "{why:?}");
    }
}

#[test]
fn only_the_revision_of_the_records_generation_and_time_counts() {
    let router = snapshot(true);
    let made = entries(&router, 10);
    let gone = |routers| {
        count_of(&replayed(&made, routers, 0), ReplayVerdict::NotReplayable, NotReplayable::RevisionGone)
    };
    let other = proto::ReplayRouter { first_generation: 5, last_generation: 9, ..known(&router) };
    let later = proto::ReplayRouter { earliest_time_us: NOON + 3, ..known(&router) };
    let broken = proto::ReplayRouter { router: vec![1, 2, 3], ..known(&router) };
    assert_eq!(gone(vec![]), 10);
    assert_eq!(gone(vec![other]), 10);
    assert_eq!(gone(vec![later]), 3);
    let answer = replayed(&made, vec![broken], 0);
    assert_eq!(count_of(&answer, ReplayVerdict::NotReplayable, NotReplayable::Unknown), 10);
}

#[test]
fn one_decision_is_explained_with_all_that_could_be_picked() {
    let router = snapshot(true);
    let made = &entries(&router, 1)[0];
    let mut decision = proto::RecordedDecision {
        time_us: made.time_us,
        variant: ["a", "b"][made.variant as usize].into(),
        model_id: "m".into(),
        model_version: "1".into(),
        reason: "slot".into(),
        randomised_by: "entity".into(),
        propensity: made.propensity,
        draw: made.draw,
        slot: made.slot.map(|slot| slot as i32),
        entity_id: made.entity_id.clone(),
        replayable: true,
        ..Default::default()
    };
    let eligible = |a: f64, b: f64| {
        let one = |variant: &str, propensity| proto::EligibleVariant { variant: variant.into(), propensity };
        vec![one("a", a), one("b", b)]
    };
    decision.eligible_variants = eligible(0.7, 0.3);
    let query = |decision: &proto::RecordedDecision| proto::RedecisionQuery {
        router: Some(known(&router)),
        decision: Some(decision.clone()),
    };
    let told = redecide(&query(&decision));
    assert_eq!(told.verdict(), ReplayVerdict::Agrees, "{told:?}");
    assert_eq!(told.eligible_variants, eligible(0.7, 0.3));
    assert_eq!((told.slot, told.draw), (decision.slot, decision.draw));
    decision.eligible_variants = eligible(0.7, 0.25);
    let told = redecide(&query(&decision));
    assert_eq!(told.verdict(), ReplayVerdict::Disagrees);
    assert_eq!(told.differences[0].field, "eligible_variants");
    decision.model_version = "2".into();
    assert_eq!(redecide(&query(&decision)).differences[0].field, "model_version");
    let none = proto::RedecisionQuery { router: None, decision: Some(decision) };
    assert_eq!(redecide(&none).not_replayable(), NotReplayable::RevisionGone);
}
