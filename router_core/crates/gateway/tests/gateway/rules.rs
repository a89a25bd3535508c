//! Rules on what calls bring: parameters, metadata and tensors of every datatype, raw and typed.

use std::collections::BTreeMap;

use pointsman_wire::generated::{
    inference::{
        InferParameter, InferTensorContents, ModelInferRequest, infer_parameter::ParameterChoice,
        model_infer_request::InferInputTensor,
    },
    pointsman_v1::{
        self as proto, DecisionReason, FeatureRule, FeatureRules, ModelSnapshot, PredictRequest, Router,
        RouterSnapshot, RuleCondition, RuleOperator, Signature, SnapshotUpdate, Strategy, TensorSpec,
        feature_rule::Target, router::Policy,
    },
};
use prost::Message;
use prost_types::{Value, value::Kind};
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame},
    records::recorded,
    world::{ROUTER, World, model, router, run, start, update},
};

const PREDICT: &str = "/pointsman.v1.PredictionService/Predict";

fn number(number: f64) -> Value {
    Value { kind: Some(Kind::NumberValue(number)) }
}

fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

fn yes() -> Value {
    Value { kind: Some(Kind::BoolValue(true)) }
}

/// Calls of which the feature is the value go to `gb`; numbers are written as text where they are large.
fn rule(name: &str, feature: &str, operator: RuleOperator, values: Vec<Value>) -> FeatureRule {
    let numeric_text =
        operator == RuleOperator::Equals && matches!(values[0].kind, Some(Kind::StringValue(_)));
    FeatureRule {
        name: name.to_owned(),
        conditions: vec![RuleCondition {
            feature: feature.to_owned(),
            operator: operator.into(),
            values,
            numeric_text,
        }],
        target: Some(Target::Variant("gb".to_owned())),
        ..Default::default()
    }
}

fn equals(feature: &str, value: Value) -> FeatureRule {
    rule(feature, feature, RuleOperator::Equals, vec![value])
}

fn spec(name: &str, datatype: &str, columns: i64, features: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: vec![-1, columns],
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
    }
}

/// A router that sends calls that a rule takes to `gb`, all others to `lr`.
fn routing(rules: Vec<FeatureRule>, inputs: &[TensorSpec], target: &str) -> SnapshotUpdate {
    let rules = FeatureRules { rules, default_variant: "lr".to_owned(), ..Default::default() };
    let signature =
        Signature { inputs: inputs.to_vec(), outputs: vec![spec("y", "FP32", 1, &[])], ..Default::default() };
    let model =
        |version: &str| ModelSnapshot { signature: Some(signature.clone()), ..model(version, target) };
    SnapshotUpdate {
        changed_routers: vec![RouterSnapshot {
            strategy: Strategy::FeatureRules.into(),
            record_predictions: true,
            settings: Some(Router { policy: Some(Policy::FeatureRules(rules)), ..Default::default() }),
            ..router()
        }],
        changed_models: vec![model("1"), model("2")],
        ..update(1, &[])
    }
}

async fn begin(rules: Vec<FeatureRule>, inputs: &[TensorSpec]) -> (World, Client) {
    let (world, backend) = (start(json!({})), Backend::start().await);
    let update = routing(rules, inputs, &backend.address().to_string());
    assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
    drop(backend.answer_all());
    let client = world.client().await;
    (world, client)
}

fn input(name: &str, datatype: &str, shape: &[i64]) -> InferInputTensor {
    InferInputTensor {
        name: name.to_owned(),
        datatype: datatype.to_owned(),
        shape: shape.to_vec(),
        ..Default::default()
    }
}

fn request(inputs: Vec<InferInputTensor>, raw: Vec<Vec<u8>>) -> ModelInferRequest {
    ModelInferRequest {
        model_name: ROUTER.to_owned(),
        inputs,
        raw_input_contents: raw.into_iter().map(Into::into).collect(),
        ..Default::default()
    }
}

async fn ask(client: &Client, request: &ModelInferRequest) -> Answer {
    client.infer(&request.encode_to_vec()).await
}

fn rule_of(answer: &Answer) -> String {
    answer.receipt().get("pointsman_rule").cloned().unwrap_or_default()
}

/// Every datatype with a value, its raw bytes, and its typed contents where there are any.
fn datatypes() -> Vec<(&'static str, Value, Vec<u8>, Option<InferTensorContents>)> {
    let typed = |contents: InferTensorContents| Some(contents);
    let empty = InferTensorContents::default;
    let large = 9_007_199_254_740_993_i64;
    vec![
        ("BOOL", yes(), vec![1], typed(InferTensorContents { bool_contents: vec![true], ..empty() })),
        ("INT8", number(-3.0), vec![0xfd], typed(InferTensorContents { int_contents: vec![-3], ..empty() })),
        (
            "INT16",
            number(-300.0),
            (-300_i16).to_le_bytes().to_vec(),
            typed(InferTensorContents { int_contents: vec![-300], ..empty() }),
        ),
        (
            "INT32",
            number(-70_000.0),
            (-70_000_i32).to_le_bytes().to_vec(),
            typed(InferTensorContents { int_contents: vec![-70_000], ..empty() }),
        ),
        (
            "INT64",
            text("9007199254740993"),
            large.to_le_bytes().to_vec(),
            typed(InferTensorContents { int64_contents: vec![large], ..empty() }),
        ),
        (
            "UINT8",
            number(200.0),
            vec![200],
            typed(InferTensorContents { uint_contents: vec![200], ..empty() }),
        ),
        (
            "UINT16",
            number(60_000.0),
            60_000_u16.to_le_bytes().to_vec(),
            typed(InferTensorContents { uint_contents: vec![60_000], ..empty() }),
        ),
        (
            "UINT32",
            number(4e9),
            4_000_000_000_u32.to_le_bytes().to_vec(),
            typed(InferTensorContents { uint_contents: vec![4_000_000_000], ..empty() }),
        ),
        (
            "UINT64",
            text("18446744073709551615"),
            u64::MAX.to_le_bytes().to_vec(),
            typed(InferTensorContents { uint64_contents: vec![u64::MAX], ..empty() }),
        ),
        ("FP16", number(0.1), vec![0x66, 0x2e], None),
        ("BF16", number(0.1), vec![0xcd, 0x3d], None),
        (
            "FP32",
            number(0.1),
            0.1_f32.to_le_bytes().to_vec(),
            typed(InferTensorContents { fp32_contents: vec![0.1], ..empty() }),
        ),
        (
            "FP64",
            number(0.1),
            0.1_f64.to_le_bytes().to_vec(),
            typed(InferTensorContents { fp64_contents: vec![0.1], ..empty() }),
        ),
        (
            "BYTES",
            text("gold"),
            b"\x04\0\0\0gold".to_vec(),
            typed(InferTensorContents { bytes_contents: vec![b"gold".to_vec().into()], ..empty() }),
        ),
    ]
}

#[test]
fn every_datatype_is_read_raw_and_typed() {
    run(async {
        let cases = datatypes();
        let name = |datatype: &str| format!("in_{}", datatype.to_lowercase());
        let rules =
            cases.iter().map(|(datatype, value, ..)| equals(&name(datatype), value.clone())).collect();
        let inputs: Vec<TensorSpec> =
            cases.iter().map(|(datatype, ..)| spec(&name(datatype), datatype, 1, &[])).collect();
        let (world, client) = begin(rules, &inputs).await;
        for (datatype, _, raw, typed) in cases {
            let head = || input(&name(datatype), datatype, &[1, 1]);
            let mut zeroed = raw.clone();
            if datatype == "BYTES" {
                zeroed[4] = b'G'
            } else {
                zeroed.fill(0)
            }
            let answer = ask(&client, &request(vec![head()], vec![raw])).await;
            assert_eq!(rule_of(&answer), name(datatype), "{datatype} raw");
            assert_eq!(answer.receipt()["pointsman_variant"], "gb");
            assert_eq!(answer.receipt()["pointsman_reason"], "rule");
            let answer = ask(&client, &request(vec![head()], vec![zeroed])).await;
            assert_eq!(rule_of(&answer), "", "{datatype} of another value");
            assert_eq!(answer.receipt()["pointsman_reason"], "default");
            let Some(contents) = typed else { continue };
            let typed = InferInputTensor { contents: Some(contents), ..head() };
            assert_eq!(
                rule_of(&ask(&client, &request(vec![typed], Vec::new())).await),
                name(datatype),
                "{datatype}"
            );
        }
        assert_eq!(world.metric("pointsman_rule_mismatches_total{router=\"cancer\",variant=\"gb\"}"), 0.0);
    });
}

#[test]
fn a_column_of_a_matrix_decides_and_a_batch_goes_by_its_first_row_and_says_so() {
    run(async {
        let old = rule("old", "age", RuleOperator::GreaterThan, vec![number(60.0)]);
        let (_world, client) = begin(vec![old], &[spec("x", "FP32", 3, &["income", "age", "height"])]).await;
        let matrix = |rows: &[[f32; 3]]| {
            let raw = rows.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
            request(vec![input("x", "FP32", &[rows.len() as i64, 3])], vec![raw])
        };
        let one = ask(&client, &matrix(&[[1.0, 61.0, 3.0]])).await;
        assert_eq!((rule_of(&one).as_str(), one.receipt().get("pointsman_batch_row")), ("old", None));
        let batch = ask(&client, &matrix(&[[1.0, 61.0, 3.0], [1.0, 20.0, 3.0]])).await;
        assert_eq!((rule_of(&batch).as_str(), batch.receipt()["pointsman_batch_row"].as_str()), ("old", "0"));
        let batch = ask(&client, &matrix(&[[1.0, 20.0, 3.0], [1.0, 61.0, 3.0]])).await;
        assert_eq!((rule_of(&batch).as_str(), batch.receipt()["pointsman_batch_row"].as_str()), ("", "0"));
        let missing = ask(&client, &matrix(&[[1.0, f32::NAN, 3.0]])).await;
        assert_eq!(rule_of(&missing), "");
        let empty = ask(&client, &request(vec![input("x", "FP32", &[0, 3])], vec![Vec::new()])).await;
        assert_eq!(rule_of(&empty), "");
    });
}

#[test]
fn what_cannot_be_read_is_refused_and_never_decided() {
    run(async {
        let old = rule("old", "age", RuleOperator::GreaterThan, vec![number(60.0)]);
        let (_world, client) = begin(vec![old], &[spec("x", "FP32", 2, &["income", "age"])]).await;
        let shared =
            InferParameter { parameter_choice: Some(ParameterChoice::StringParam("region".to_owned())) };
        let in_memory = InferInputTensor {
            parameters: [("shared_memory_region".to_owned(), shared)].into(),
            ..input("x", "FP32", &[1, 2])
        };
        let typed = InferTensorContents { int_contents: vec![1, 2], ..Default::default() };
        let wrong_list = InferInputTensor { contents: Some(typed), ..input("x", "FP32", &[1, 2]) };
        let cases = [
            ("no rows of 2 columns", request(vec![input("x", "FP32", &[1, 3])], vec![vec![0; 12]])),
            ("7 bytes of FP32 do not fit", request(vec![input("x", "FP32", &[1, 2])], vec![vec![0; 7]])),
            ("none of BOOL, INT8", request(vec![input("x", "FP8", &[1, 2])], vec![vec![0; 8]])),
            ("not countable", request(vec![input("x", "FP32", &[-1, 2])], vec![vec![0; 8]])),
            (
                "2 entries for 1 inputs",
                request(vec![input("x", "FP32", &[1, 2])], vec![vec![0; 8], vec![0; 8]]),
            ),
            ("shared memory", request(vec![in_memory], Vec::new())),
            ("hold no element 1", request(vec![wrong_list], Vec::new())),
        ];
        for (reason, request) in cases {
            let answer = ask(&client, &request).await;
            assert_eq!(answer.code(), 3, "{reason}: {}", answer.text());
            assert!(answer.text().contains(reason), "{reason}: {}", answer.text());
        }
    });
}

#[test]
fn parameters_go_before_tensors_and_metadata_is_read() {
    run(async {
        let rules = vec![
            equals("tier", text("gold")),
            rule("adult", "age", RuleOperator::GreaterThan, vec![number(17.0)]),
            rule("german", "metadata.x-country", RuleOperator::In, vec![text("de"), text("at")]),
        ];
        let (world, client) = begin(rules, &[spec("age", "INT64", 1, &[])]).await;
        let with = |parameters: &[(&str, ParameterChoice)], age: i64| {
            let entry = |(name, choice): &(&str, ParameterChoice)| {
                ((*name).to_owned(), InferParameter { parameter_choice: Some(choice.clone()) })
            };
            let raw = age.to_le_bytes().to_vec();
            ModelInferRequest {
                parameters: parameters.iter().map(entry).collect(),
                ..request(vec![input("age", "INT64", &[1, 1])], vec![raw])
            }
        };
        let gold = ParameterChoice::StringParam("gold".to_owned());
        assert_eq!(rule_of(&ask(&client, &with(&[("tier", gold)], 3)).await), "tier");
        assert_eq!(rule_of(&ask(&client, &with(&[], 18)).await), "adult");
        let child = ParameterChoice::Int64Param(3);
        assert_eq!(rule_of(&ask(&client, &with(&[("age", child)], 18)).await), "");
        let mistaken = ParameterChoice::StringParam("old".to_owned());
        assert_eq!(rule_of(&ask(&client, &with(&[("age", mistaken)], 18)).await), "");
        let mismatches = "pointsman_rule_mismatches_total{router=\"cancer\",variant=\"lr\"}";
        assert_eq!(world.metric(mismatches), 1.0, "text is no number");
        let message = frame(&with(&[], 3).encode_to_vec());
        let answer = client.call(MODEL_INFER, &[("x-country", "at")], message).await.unwrap();
        assert_eq!(rule_of(&answer), "german");
    });
}

#[test]
fn a_message_that_would_pass_by_is_read_to_its_end_when_rules_look_into_it() {
    run(async {
        let last = rule("last", "x_49999", RuleOperator::Equals, vec![number(7.0)]);
        let (_world, client) = begin(vec![last], &[spec("x", "FP32", 50_000, &[])]).await;
        let mut numbers = vec![0_f32; 50_000];
        for (number, expected) in [(7.0, "last"), (8.0, "")] {
            numbers[49_999] = number;
            let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let answer = ask(&client, &request(vec![input("x", "FP32", &[1, 50_000])], vec![raw])).await;
            assert_eq!(rule_of(&answer), expected);
        }
    });
}

#[test]
fn columns_on_which_models_disagree_are_refused() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        let old = rule("old", "age", RuleOperator::GreaterThan, vec![number(60.0)]);
        let target = backend.address().to_string();
        let mut update = routing(vec![old], &[spec("x", "FP32", 2, &["income", "age"])], &target);
        let other =
            Signature { inputs: vec![spec("x", "FP32", 2, &["age", "income"])], ..Default::default() };
        update.changed_models[1].signature = Some(other);
        world.server.publish(&update.encode_to_vec()).unwrap();
        let client = world.client().await;
        let answer = ask(&client, &request(vec![input("x", "FP32", &[1, 2])], vec![vec![0; 8]])).await;
        assert_eq!(answer.code(), 9, "{}", answer.text());
        assert!(
            answer.text().contains("is column 0 of input \"x\" by the signature of variant gb"),
            "{}",
            answer.text()
        );
    });
}

#[test]
fn predict_decides_by_its_features_and_the_record_names_the_rule() {
    run(async {
        let rules = vec![
            rule("listed", "x_1", RuleOperator::Equals, vec![number(5.0)]),
            rule("adult", "age", RuleOperator::GreaterThan, vec![number(17.0)]),
        ];
        let (world, client) = begin(rules, &[]).await;
        let list = Value {
            kind: Some(Kind::ListValue(prost_types::ListValue { values: vec![number(4.0), number(5.0)] })),
        };
        let cases: [(&str, Value, &str); 4] = [
            ("age", number(18.0), "adult"),
            ("age", number(17.0), ""),
            ("age", text("old"), ""),
            ("x", list, "listed"),
        ];
        for (name, value, expected) in cases {
            let features: BTreeMap<String, Value> = [(name.to_owned(), value)].into();
            let request = PredictRequest { router_id: ROUTER.to_owned(), features, ..Default::default() };
            let answer = client.call(PREDICT, &[], frame(&request.encode_to_vec())).await.unwrap();
            // The models have no inputs, so that calls fail once they are decided; the metadata tell all the same.
            assert_eq!(answer.code(), 9, "{}", answer.text());
            assert_eq!(answer.header("pointsman-rule"), expected, "{name}");
        }
        let (_, entries) = recorded(&world);
        let rules: Vec<Option<u32>> = entries.iter().map(|entry| entry.rule).collect();
        assert_eq!(rules, [Some(1), None, None, Some(0)]);
        assert!(entries.iter().all(|entry| entry.replayable));
        assert_eq!(entries[1].reason(), DecisionReason::Default);
        let inputs: Vec<&str> = entries.iter().map(|entry| entry.rule_inputs()).collect();
        let expected = [
            r#"{"x_1":null,"age":{"fp64":"18.0"}}"#,
            r#"{"x_1":null,"age":{"fp64":"17.0"}}"#,
            r#"{"x_1":null,"age":"old"}"#,
            r#"{"x_1":{"fp64":"5.0"}}"#,
        ];
        assert_eq!(inputs, expected);
    });
}

/// What is recorded of a call with `age` in a tensor and `plan` as a parameter, both of which a rule reads: what the rules
/// read, and whether that is all that the decision hangs on.
async fn inputs_kept(recording: proto::Recording, more: Vec<FeatureRule>) -> (Option<String>, bool) {
    let mut rules = vec![
        rule("plan", "plan", RuleOperator::Equals, vec![text("gold")]),
        rule("adult", "x_1", RuleOperator::GreaterThan, vec![number(17.0)]),
    ];
    rules.extend(more);
    let (world, backend) = (start(json!({})), Backend::start().await);
    let mut update = routing(rules, &[spec("x", "FP32", 2, &[])], &backend.address().to_string());
    update.changed_routers[0].recording = Some(recording);
    assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
    drop(backend.answer_all());
    let raw = [0.0_f32, 0.1].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut asked = request(vec![input("x", "FP32", &[1, 2])], vec![raw]);
    let plan = ParameterChoice::StringParam("silver".to_owned());
    asked.parameters.insert("plan".to_owned(), InferParameter { parameter_choice: Some(plan) });
    ask(&world.client().await, &asked).await;
    let (_, entries) = recorded(&world);
    (entries[0].rule_inputs.clone(), entries[0].replayable)
}

#[test]
fn records_have_what_rules_read_of_tensors_and_parameters() {
    run(async {
        let kept = Some(r#"{"plan":"silver","x_1":{"fp32":"0.10000000149011612"}}"#.to_owned());
        let all = proto::Recording { features_share: Some(1.0), ..Default::default() };
        assert_eq!(inputs_kept(all.clone(), vec![]).await, (kept.clone(), true));
        let other = proto::Recording { exclude_features: vec!["x_0".to_owned()], ..all };
        assert_eq!(inputs_kept(other, vec![]).await, (kept, true));
    });
}

#[test]
fn records_lack_what_rules_read_where_it_is_not_to_be_kept() {
    run(async {
        let all = proto::Recording { features_share: Some(1.0), ..Default::default() };
        let left_out = |names: &[&str]| proto::Recording {
            exclude_features: names.iter().map(|&name| name.to_owned()).collect(),
            ..all.clone()
        };
        let of_metadata = equals("metadata.x-team", text("fraud"));
        let cases = [
            (proto::Recording { features_share: Some(0.0), ..all.clone() }, vec![]),
            (proto::Recording { max_body_bytes: 20, ..all.clone() }, vec![]),
            (left_out(&["plan"]), vec![]),
            (left_out(&["x_1"]), vec![]),
            (left_out(&["x"]), vec![]),
            (left_out(&["f1"]), vec![]),
            (all.clone(), vec![of_metadata]),
        ];
        for (number, (recording, more)) in cases.into_iter().enumerate() {
            assert_eq!(inputs_kept(recording, more).await, (None, false), "{number}");
        }
        let hidden = proto::Recording { entity: proto::EntityRecording::None.into(), ..all };
        let of_entity = equals("entity_id", text("alice"));
        assert_eq!(inputs_kept(hidden, vec![of_entity]).await, (None, false));
    });
}

#[test]
fn records_refer_to_numbers_that_their_row_has_and_repeat_those_of_batches() {
    run(async {
        let rules = vec![rule("adult", "age", RuleOperator::GreaterThan, vec![number(17.0)])];
        let (world, backend) = (start(json!({})), Backend::start().await);
        let inputs = [spec("x", "FP32", 2, &["height", "age"])];
        let mut update = routing(rules, &inputs, &backend.address().to_string());
        let recording =
            proto::Recording { features_share: Some(1.0), max_body_bytes: 100, ..Default::default() };
        update.changed_routers[0].recording = Some(recording);
        assert_eq!(world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        drop(backend.answer_all());
        let client = world.client().await;
        let rows = |count: usize| {
            let numbers = [0.0_f32, 0.1].repeat(count);
            let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            request(vec![input("x", "FP32", &[count as i64, 2])], vec![raw])
        };
        for count in [1, 2, 20] {
            ask(&client, &rows(count)).await;
        }
        // With one row, but longer than its router records.
        let long = ModelInferRequest { id: "i".repeat(200), ..rows(1) };
        ask(&client, &long).await;
        let (_, entries) = recorded(&world);
        let kept: Vec<_> =
            entries.iter().map(|entry| (entry.rule_inputs.as_deref(), entry.replayable)).collect();
        let repeated = Some(r#"{"age":{"fp32":"0.10000000149011612"}}"#);
        let expected =
            [(Some(r#"{"age":["fp32"]}"#), true), (repeated, true), (repeated, true), (None, false)];
        assert_eq!(kept, expected);
    });
}
