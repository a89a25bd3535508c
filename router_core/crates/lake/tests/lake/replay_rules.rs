//! Decisions by rules made again of what the rules read; and where that is not recorded, never said to agree, but
//! held against the rule that the record names.

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::{RuleInputs, redecide, replay_decisions};
use pointsman_model::{Datatype, rules::Number};
use pointsman_policy::{Attributes, Decision, Reason, Request, Value, decide};
use pointsman_wire::{
    decode_router,
    generated::pointsman_v1::{
        self as proto, DecisionReason, NotReplayable, RandomisedBy, ReplayVerdict, RuleOperator,
    },
};
use prost::Message;
use rand::{SeedableRng, rngs::SmallRng};
use std::cell::RefCell;

type Outcome = (ReplayVerdict, NotReplayable);

const GENERATION: u64 = 4;
const EVEN: [u32; 4] = [0, 5_000, 1, 5_000];
const AGREES: Outcome = (ReplayVerdict::Agrees, NotReplayable::Unspecified);
const DISAGREES: Outcome = (ReplayVerdict::Disagrees, NotReplayable::Unspecified);

fn rule(name: &str, feature: &str, bound: f64, variant: Option<&str>) -> proto::FeatureRule {
    use proto::feature_rule::Target;

    let weights = [("a".to_owned(), 50.0), ("b".to_owned(), 50.0)];
    let split = || Target::Split(proto::RuleSplit { weights: weights.into() });
    proto::FeatureRule {
        name: name.into(),
        conditions: vec![proto::RuleCondition {
            feature: feature.into(),
            operator: RuleOperator::GreaterThan.into(),
            values: vec![prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(bound)) }],
            ..Default::default()
        }],
        target: Some(variant.map_or_else(split, |name| Target::Variant(name.into()))),
        ..Default::default()
    }
}

/// A sticky router: rule `large` of x above 2 to b, `middle` of x above 1 split evenly, the default split 70 to 30.
fn snapshot(rules: Vec<proto::FeatureRule>) -> proto::RouterSnapshot {
    let table = proto::RuleTable {
        rule: "middle".into(),
        salt: b"fedcba9876543210".to_vec(),
        slot_runs: EVEN.into(),
    };
    let definition = proto::FeatureRules { rules, ..Default::default() };
    proto::RouterSnapshot {
        router_id: "r".into(),
        strategy: proto::Strategy::FeatureRules.into(),
        status: proto::RouterStatus::Running.into(),
        sticky: true,
        variants: vec![variant("a", 70.0), variant("b", 30.0)],
        salt: b"0123456789abcdef".to_vec(),
        slot_runs: vec![0, 7_000, 1, 3_000],
        rule_tables: vec![table],
        settings: Some(proto::Router {
            policy: Some(proto::router::Policy::FeatureRules(definition)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn the_router() -> proto::RouterSnapshot {
    snapshot(vec![rule("large", "x", 2.0, Some("b")), rule("middle", "x", 1.0, None)])
}

struct Call {
    x: Option<f64>,
    inputs: RefCell<RuleInputs>,
}

impl Attributes for Call {
    fn feature(&self, source: u16, name: &str) -> Option<Value<'_>> {
        let value = self.x.map(|x| Value::Number(Number::Float(x)));
        self.inputs.borrow_mut().add(source, name, value);
        value
    }

    fn metadata(&self, _key: &str) -> Option<Value<'_>> {
        None
    }
}

/// The entries of calls that a router decided: every second for an entity, by each rule, by none and without x.
fn entries(router: &proto::RouterSnapshot, count: usize) -> Vec<proto::PredictionEntry> {
    let built = decode_router(&router.encode_to_vec()).unwrap();
    let mut rng = SmallRng::seed_from_u64(7);
    let one = |number: usize| {
        let entity = format!("e{number}");
        let entity_id = number.is_multiple_of(2).then_some(entity.as_str());
        let x = [Some(0.5), Some(1.5), Some(2.5), None][number / 2 % 4];
        let call = Call { x, inputs: RefCell::default() };
        let made = decide(&built, &Request { entity_id, attributes: &call }, &mut rng);
        proto::PredictionEntry {
            rule_inputs: call.inputs.into_inner().finish().map(|inputs| inputs.text),
            entity_id: entity_id.unwrap_or_default().into(),
            ..entry_of(&made, number)
        }
    };
    (0..count).map(one).collect()
}

fn entry_of(made: &Decision, number: usize) -> proto::PredictionEntry {
    let randomised_by = match made.randomised_by.as_str() {
        "entity" => RandomisedBy::Entity,
        "request" => RandomisedBy::Request,
        _ => RandomisedBy::Nothing,
    };
    let reason = if made.reason == Reason::Rule { DecisionReason::Rule } else { DecisionReason::Default };
    proto::PredictionEntry {
        variant: made.variant.into(),
        time_us: NOON + number as i64,
        propensity: made.propensity,
        reason: reason.into(),
        randomised_by: randomised_by.into(),
        draw: (randomised_by != RandomisedBy::Nothing).then_some(made.draw),
        slot: made.slot().map(u32::from),
        replayable: true,
        rule: made.rule.map(|rule| rule.get().into()),
        ..entry(&format!("p{number:04}"))
    }
}

fn known(router: &proto::RouterSnapshot) -> proto::ReplayRouter {
    revision_in(GENERATION, router)
}

/// The verdicts of calls that were recorded, decided again by a router.
fn replayed(
    entries: &[proto::PredictionEntry],
    router: &proto::RouterSnapshot,
) -> (Vec<(Outcome, u64)>, Vec<proto::ReplayedExample>) {
    replayed_of(proto::Signature::default(), entries, router)
}

/// The same of a model that takes something.
fn replayed_of(
    signature: proto::Signature,
    entries: &[proto::PredictionEntry],
    router: &proto::RouterSnapshot,
) -> (Vec<(Outcome, u64)>, Vec<proto::ReplayedExample>) {
    let lake = Lake::new();
    let named = |name: &str, propensities: [f64; 2]| proto::RuleEntry {
        name: name.into(),
        request_propensities: propensities.into(),
        slot_propensities: propensities.into(),
    };
    let mut route = route(signature);
    route.rules = vec![named("large", [0.0, 1.0]), named("middle", [0.5, 0.5])];
    let mut frames = Frames::default();
    frames.route(&route);
    entries.iter().for_each(|entry| frames.prediction(entry));
    let shipped = lake.ship(0, &frames);
    let query = proto::ReplayQuery {
        files: shipped.files.iter().map(|file| file.path.clone()).collect(),
        end_time_us: i64::MAX,
        routers: vec![known(router)],
        max_examples: 10,
        thread_count: 1,
        ..Default::default()
    };
    let answer = replay_decisions(&RealFiles, lake.path(), &query).unwrap();
    let counts = answer.counts.iter();
    let counts = counts.map(|count| ((count.verdict(), count.not_replayable()), count.call_count)).collect();
    (counts, answer.examples)
}

#[test]
fn what_rules_decided_comes_out_again_of_what_they_read() {
    let made = entries(&the_router(), 400);
    assert_eq!(replayed(&made, &the_router()).0, [(AGREES, 400)]);
}

#[test]
fn another_definition_of_the_rules_is_told_by_its_fields() {
    let made = entries(&the_router(), 80);
    let other = snapshot(vec![rule("large", "x", 1.2, Some("b")), rule("middle", "x", 1.0, None)]);
    let (counts, examples) = replayed(&made, &other);
    assert_eq!(counts, [(AGREES, 60), (DISAGREES, 20)]);
    let differences = &examples[0].redecision.as_ref().unwrap().differences;
    let rule = differences.iter().find(|difference| difference.field == "rule").unwrap();
    assert_eq!((&*rule.recorded, &*rule.redecided), ("middle", "large"));
}

#[test]
fn a_call_of_an_override_that_another_variant_answered_is_no_call_of_rules() {
    let at = |seconds: i64| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let mut router = the_router();
    router.settings.as_mut().unwrap().traffic_override = Some(proto::TrafficOverride {
        variant: "b".into(),
        create_time: at(0),
        expire_time: at(NOON / 1_000_000 + 3_600),
        ..Default::default()
    });
    let diverted = |decided_variant: u32| proto::PredictionEntry {
        variant: 1 - decided_variant,
        decided_variant: Some(decided_variant),
        time_us: NOON,
        propensity: 1.0,
        reason: DecisionReason::Fallback.into(),
        randomised_by: RandomisedBy::Nothing.into(),
        ..entry(&format!("p{decided_variant}"))
    };
    assert_eq!(replayed(&[diverted(1)], &router).0, [(AGREES, 1)]);
    assert_eq!(replayed(&[diverted(0)], &router).0, [(DISAGREES, 1)], "no override to a, and no rule");
}

#[test]
fn what_is_not_recorded_never_agrees() {
    let made = entries(&the_router(), 8);
    let without = |inputs: Option<&str>| {
        let bare = made.iter().map(|entry| proto::PredictionEntry {
            rule_inputs: inputs.map(str::to_owned),
            replayable: inputs.is_some(),
            ..entry.clone()
        });
        bare.collect::<Vec<_>>()
    };
    for inputs in [None, Some("{}"), Some("{\"y\":null}"), Some("not JSON")] {
        let (counts, _) = replayed(&without(inputs), &the_router());
        assert_eq!(counts, [((ReplayVerdict::NotReplayable, NotReplayable::Rules), 8)], "{inputs:?}");
    }
    let mut of_team = rule("team", "metadata.x-team", 1.0, Some("b"));
    of_team.conditions[0].operator = RuleOperator::Exists.into();
    of_team.conditions[0].values.clear();
    let all = vec![rule("large", "x", 2.0, Some("b")), rule("middle", "x", 1.0, None), of_team];
    let (counts, _) = replayed(&made, &snapshot(all));
    assert_eq!(counts, [((ReplayVerdict::NotReplayable, NotReplayable::MetadataNotRecorded), 8)]);
}

#[test]
fn a_record_without_inputs_that_its_rule_contradicts_disagrees() {
    let bare: Vec<proto::PredictionEntry> = entries(&the_router(), 8)
        .into_iter()
        .map(|entry| proto::PredictionEntry { rule_inputs: None, replayable: false, ..entry })
        .collect();
    let large = bare.iter().find(|entry| entry.rule == Some(0)).unwrap().clone();
    let middle = bare.iter().find(|entry| entry.rule == Some(1) && entry.slot.is_some()).unwrap().clone();
    let drawn = bare.iter().find(|entry| entry.rule == Some(1) && entry.slot.is_none()).unwrap().clone();
    let rest = bare.iter().find(|entry| entry.rule.is_none() && entry.slot.is_some()).unwrap().clone();
    let another = |entry: &proto::PredictionEntry| 1 - entry.variant;
    let hashed = proto::PredictionEntry { entity_id: "0123".into(), ..middle.clone() };
    let right = [&large, &middle, &drawn, &rest, &hashed].map(Clone::clone);
    assert_eq!(
        replayed(&right, &the_router()).0,
        [((ReplayVerdict::NotReplayable, NotReplayable::Rules), 5)]
    );
    let wrong = [
        proto::PredictionEntry { variant: 0, ..large.clone() },
        proto::PredictionEntry { propensity: 0.5, ..large.clone() },
        proto::PredictionEntry { rule: None, ..large.clone() },
        proto::PredictionEntry { variant: another(&middle), ..middle.clone() },
        proto::PredictionEntry { variant: another(&drawn), ..drawn.clone() },
        proto::PredictionEntry { draw: drawn.draw.map(|draw| !draw), propensity: 0.7, ..drawn.clone() },
        proto::PredictionEntry { rule: Some(1), ..rest.clone() },
        proto::PredictionEntry { variant: another(&hashed), ..hashed },
    ];
    assert_eq!(replayed(&wrong, &the_router()).0, [(DISAGREES, 8)]);
    let gone = snapshot(vec![rule("middle", "x", 1.0, None)]);
    let (counts, examples) = replayed(&[large], &gone);
    assert_eq!(counts, [(DISAGREES, 1)]);
    let told = &examples[0].redecision.as_ref().unwrap().differences[0];
    assert_eq!((&*told.field, &*told.recorded, &*told.redecided), ("rule", "large", "none"));
}

#[test]
fn one_call_is_explained_with_the_probabilities_of_its_rule() {
    let made = entries(&the_router(), 8);
    let middle = made.iter().find(|entry| entry.rule == Some(1) && entry.slot.is_some()).unwrap();
    let eligible = ["a", "b"].map(|name| proto::EligibleVariant { variant: name.into(), propensity: 0.5 });
    let decision = proto::RecordedDecision {
        time_us: middle.time_us,
        variant: ["a", "b"][middle.variant as usize].into(),
        model_id: "m".into(),
        model_version: "1".into(),
        reason: "rule".into(),
        randomised_by: "entity".into(),
        propensity: 0.5,
        draw: middle.draw,
        slot: middle.slot.map(|slot| slot as i32),
        entity_id: middle.entity_id.clone(),
        replayable: true,
        eligible_variants: eligible.to_vec(),
        rule: "middle".into(),
        rule_inputs: middle.rule_inputs.clone().unwrap(),
        ..Default::default()
    };
    let query =
        |decision| proto::RedecisionQuery { router: Some(known(&the_router())), decision: Some(decision) };
    let told = redecide(&query(decision.clone()));
    assert_eq!((told.verdict(), &*told.differences), (ReplayVerdict::Agrees, &[][..]));
    assert_eq!(told.eligible_variants, eligible);
    let small = proto::RecordedDecision { rule_inputs: "{\"x\":{\"fp64\":\"0.5\"}}".into(), ..decision };
    let told = redecide(&query(small));
    let fields: Vec<&str> = told.differences.iter().map(|difference| &*difference.field).collect();
    assert_eq!(told.verdict(), ReplayVerdict::Disagrees);
    assert!(fields.contains(&"rule") && fields.contains(&"eligible_variants"), "{fields:?}");
}

/// The calls of [`entries`] as ModelInfer sends them: x is a column of a tensor, which the record refers to.
fn entries_of_tensors(datatype: Datatype, round: fn(f64) -> Value<'static>) -> Vec<proto::PredictionEntry> {
    let with_row = |(number, made): (usize, proto::PredictionEntry)| {
        let x = [0.5, 1.5, 2.5, f64::NAN][number / 2 % 4];
        let mut inputs = RuleInputs::default();
        inputs.add_of_row(0, "x", (!x.is_nan()).then(|| round(x)));
        let raw = match datatype {
            Datatype::Fp32 => [0.0, x as f32].iter().flat_map(|number| number.to_le_bytes()).collect(),
            _ => [0.0, x].iter().flat_map(|number| number.to_le_bytes()).collect(),
        };
        let body = infer(&made.prediction_id, &[tensor("t", datatype, &[1, 2], raw)], None);
        let inputs = inputs.finish().unwrap();
        assert_eq!(inputs.refers_to_row, !x.is_nan());
        proto::PredictionEntry {
            rule_inputs: Some(inputs.text),
            request: body.request,
            request_kind: body.request_kind,
            ..made
        }
    };
    entries(&the_router(), 16).into_iter().enumerate().map(with_row).collect()
}

#[test]
fn numbers_that_records_refer_to_are_read_from_their_rows() {
    let double = |x| Value::Number(Number::Float(x));
    let single = |x| Value::Rounded(x, pointsman_inference::features::round_to_f32);
    for (datatype, round) in [(Datatype::Fp64, double as fn(f64) -> _), (Datatype::Fp32, single)] {
        let made = entries_of_tensors(datatype, round);
        let agree = |router: &proto::RouterSnapshot, inputs: &[(&str, &str, &[i64], &[&str])]| {
            replayed_of(signature(inputs), &made, router).0
        };
        let named: (&str, &str, &[i64], &[&str]) = ("t", datatype.as_str(), &[-1, 2], &["w", "x"]);
        assert_eq!(agree(&the_router(), &[named]), [(AGREES, 16)]);
        let other = snapshot(vec![rule("large", "x", 0.1, Some("b")), rule("middle", "x", 1.0, None)]);
        let disagreeing = agree(&other, &[named]).iter().find(|(outcome, _)| *outcome == DISAGREES).copied();
        assert_eq!(disagreeing, Some((DISAGREES, 8)), "small ones are large now, and middle ones, too");
        // Without the feature in the row nobody knows what was read, and none is taken for missing.
        let unnamed: (&str, &str, &[i64], &[&str]) = ("t", datatype.as_str(), &[-1, 2], &["w", "y"]);
        let unread = (ReplayVerdict::NotReplayable, NotReplayable::Rules);
        assert_eq!(agree(&the_router(), &[unnamed]), [(AGREES, 4), (unread, 12)]);
    }
}

#[test]
fn a_feature_whose_name_has_dots_is_read_from_its_row_too() {
    let router = snapshot(vec![rule("large", "emp.var.rate", 2.0, Some("b"))]);
    let raw = 2.5_f64.to_le_bytes().to_vec();
    let call = proto::PredictionEntry {
        variant: 1,
        time_us: NOON,
        propensity: 1.0,
        reason: DecisionReason::Rule.into(),
        randomised_by: RandomisedBy::Nothing.into(),
        replayable: true,
        rule: Some(0),
        rule_inputs: Some(r#"{"emp.var.rate":["fp64"]}"#.into()),
        ..infer("p1", &[tensor("t", Datatype::Fp64, &[1, 1], raw)], None)
    };
    let model = signature(&[("t", "FP64", &[-1, 1], &["emp.var.rate"])]);
    assert_eq!(replayed_of(model, &[call], &router).0, [(AGREES, 1)]);
}
