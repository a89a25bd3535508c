//! A bandit's decisions made again: by the table that the record itself holds.

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::{redecide, replay_decisions};
use pointsman_model::BanditTable;
use pointsman_policy::decide_bandit;
use pointsman_wire::generated::pointsman_v1::{
    self as proto, DecisionReason, NotReplayable, RandomisedBy, ReplayVerdict,
};
use rand::{SeedableRng, rngs::SmallRng};

const GENERATION: u64 = 4;
const EPOCH: u64 = 2;
const SLICE: f64 = 0.3;
const SHARES: [[f64; 2]; 2] = [[0.8123456789, 0.1876543211], [1.0 / 3.0, 2.0 / 3.0]];

fn revision(slice: f64) -> proto::ReplayRouter {
    let bandit = proto::Bandit {
        algorithm: Some(proto::bandit::Algorithm::Ucb1(proto::Ucb1::default())),
        uniform_slice: slice,
        epoch: EPOCH,
        ..Default::default()
    };
    let settings =
        proto::Router { policy: Some(proto::router::Policy::Bandit(bandit)), ..Default::default() };
    let router = proto::RouterSnapshot {
        router_id: "r".into(),
        strategy: proto::Strategy::Bandit.into(),
        status: proto::RouterStatus::Running.into(),
        variants: vec![variant("a", 0.0), variant("b", 0.0)],
        settings: Some(settings),
        ..Default::default()
    };
    revision_in(GENERATION, &router)
}

fn tables() -> [BanditTable; 2] {
    [(0, 77), (1, 78)].map(|(at, version)| BanditTable::build(&SHARES[at], SLICE, version).unwrap())
}

/// The entries of so many calls by two tables in turn, which are the segment's two routes.
fn entries(count: usize) -> Vec<proto::PredictionEntry> {
    let (tables, mut rng) = (tables(), SmallRng::seed_from_u64(7));
    let one = |number: usize| {
        let made = decide_bandit(&tables[number % 2], &mut rng);
        proto::PredictionEntry {
            route: (number % 2) as u32,
            variant: made.variant.into(),
            time_us: NOON + number as i64,
            propensity: made.propensity,
            reason: DecisionReason::from_str_name(&format!(
                "DECISION_REASON_{}",
                made.reason.as_str().to_uppercase()
            ))
            .unwrap()
            .into(),
            randomised_by: RandomisedBy::Request.into(),
            draw: Some(made.draw),
            allocation_version: tables[number % 2].version(),
            epoch: EPOCH,
            // It is of no meaning to the draw.
            entity_id: "e".into(),
            replayable: true,
            ..entry(&format!("p{number:04}"))
        }
    };
    (0..count).map(one).collect()
}

fn replayed(entries: &[proto::PredictionEntry], router: proto::ReplayRouter) -> proto::ReplayAnswer {
    let lake = Lake::new();
    let mut frames = Frames::default();
    // The first says all itself, as any journal's before routes had bases; the second says what it differs in.
    let mut whole = route(proto::Signature::default());
    for (number, table) in (0_u32..).zip(tables()) {
        let propensities = (0_u8..).take(whole.variants.len()).map(|index| table.probability(index));
        if number == 0 {
            for (variant, propensity) in whole.variants.iter_mut().zip(propensities) {
                (variant.request_propensity, variant.slot_propensity) = (propensity, 0.0);
            }
            frames.route(&whole);
        } else {
            frames.route(&proto::RouteEntry {
                route: number,
                base_route: Some(0),
                request_propensities: propensities.collect(),
                ..Default::default()
            });
        }
    }
    entries.iter().for_each(|entry| frames.prediction(entry));
    let shipped = lake.ship(0, &frames);
    let query = proto::ReplayQuery {
        files: shipped.files.into_iter().map(|file| file.path).collect(),
        start_time_us: NOON,
        end_time_us: NOON + 1_000_000,
        routers: vec![router],
        max_examples: 10,
        thread_count: 2,
        ..Default::default()
    };
    replay_decisions(&RealFiles, lake.path(), &query).unwrap()
}

fn counts(answer: &proto::ReplayAnswer) -> Vec<(ReplayVerdict, NotReplayable, u64)> {
    answer.counts.iter().map(|count| (count.verdict(), count.not_replayable(), count.call_count)).collect()
}

#[test]
fn what_was_drawn_from_changing_tables_comes_out_again_with_marks_and_propensities() {
    let made = entries(400);
    let marked = made.iter().filter(|entry| entry.reason() == DecisionReason::Exploration).count();
    assert!((80..160).contains(&marked), "{marked}");
    let answer = replayed(&made, revision(SLICE));
    assert_eq!(counts(&answer), [(ReplayVerdict::Agrees, NotReplayable::Unspecified, 400)]);
}

#[test]
fn what_was_changed_is_told() {
    let mut made = entries(100);
    made[10].variant = 1 - made[10].variant;
    made[20].propensity = f64::from_bits(made[20].propensity.to_bits() + 1);
    made[30].epoch += 1;
    let of_mark = [DecisionReason::Bandit, DecisionReason::Exploration];
    made[40].reason = of_mark[usize::from(made[40].reason() == of_mark[0])].into();
    let answer = replayed(&made, revision(SLICE));
    let told: Vec<Vec<&str>> = answer
        .examples
        .iter()
        .map(|example| {
            let made = example.redecision.as_ref().unwrap();
            made.differences.iter().map(|one| one.field.as_str()).collect()
        })
        .collect();
    assert_eq!(told, [vec!["variant"], vec!["propensity"], vec!["epoch"], vec!["reason"]]);
}

#[test]
fn another_slice_marks_other_calls() {
    let answer = replayed(&entries(200), revision(0.0));
    let differing = counts(&answer).iter().find(|count| count.0 == ReplayVerdict::Disagrees).unwrap().2;
    assert!((30..100).contains(&differing), "{differing}");
}

#[test]
fn one_decision_is_made_again_from_its_own_list() {
    let made = &entries(1)[0];
    let table = &tables()[0];
    let listed = |name: &str, propensity| proto::EligibleVariant { variant: name.into(), propensity };
    let name = ["a", "b"][made.variant as usize];
    let decision = proto::RecordedDecision {
        time_us: made.time_us,
        variant: name.into(),
        model_id: "m".into(),
        model_version: "1".into(),
        reason: if made.reason() == DecisionReason::Bandit { "bandit" } else { "exploration" }.into(),
        randomised_by: "request".into(),
        propensity: made.propensity,
        draw: made.draw,
        allocation_version: made.allocation_version as i64,
        epoch: EPOCH as i64,
        replayable: true,
        eligible_variants: vec![listed("a", table.probability(0)), listed("b", table.probability(1))],
        ..Default::default()
    };
    let query = |decision: &proto::RecordedDecision| proto::RedecisionQuery {
        router: Some(revision(SLICE)),
        decision: Some(decision.clone()),
    };
    let told = redecide(&query(&decision));
    assert_eq!(told.verdict(), ReplayVerdict::Agrees, "{told:?}");
    assert_eq!(told.eligible_variants, decision.eligible_variants);
    assert_eq!(told.variant, name);

    // A list that is none of a table's, of a variant that is no arm, or twice of the same, is no table.
    for wrong in [
        vec![listed("a", 0.3), listed("b", 0.7)],
        vec![listed("a", 0.5), listed("x", 0.5)],
        vec![listed("a", 0.5), listed("a", 0.5)],
        vec![],
    ] {
        let told =
            redecide(&query(&proto::RecordedDecision { eligible_variants: wrong, ..decision.clone() }));
        assert_eq!(told.not_replayable(), NotReplayable::AllocationNotKept);
    }
}
