//! Rules: what each operator takes, which rule decides, and what definitions are refused.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use std::{cell::Cell, collections::HashMap};

use pointsman_model::{
    FeatureValue, Id, ModelKey, PolicyDefinition, Router, RouterDefinition, RouterSettings, SplitDefinition,
    Variant, VariantRole,
    rules::{
        ConditionDefinition, Number, Operator, RuleDefinition, RuleIndex, RulesDefinition, TargetDefinition,
    },
};
use pointsman_policy::{
    Attributes, Decision, RandomisedBy, Reason, Request, Value, decide, reallocate_slots, slot_of_unit,
};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::SmallRng};

const SALT: [u8; 16] = *b"0123456789abcdef";

/// What a call brings, and what was counted.
#[derive(Default)]
struct Call {
    features: HashMap<&'static str, Value<'static>>,
    metadata: HashMap<&'static str, Value<'static>>,
    mismatches: Cell<u32>,
    reads: Cell<u32>,
}

impl Attributes for Call {
    fn feature(&self, _source: u16, name: &str) -> Option<Value<'_>> {
        self.reads.set(self.reads.get() + 1);
        self.features.get(name).copied()
    }

    fn metadata(&self, key: &str) -> Option<Value<'_>> {
        self.metadata.get(key).copied()
    }

    fn note_mismatch(&self) {
        self.mismatches.set(self.mismatches.get() + 1);
    }
}

fn split(shares: &[f64]) -> SplitDefinition {
    let slot_runs = reallocate_slots(&[], shares, &[]).unwrap().runs;
    SplitDefinition { sticky: true, salt: SALT, slot_runs }
}

fn condition(feature: &str, operator: Operator, values: &[FeatureValue]) -> ConditionDefinition {
    ConditionDefinition {
        feature: feature.to_owned(),
        operator: Some(operator),
        values: values.to_vec(),
        numeric_text: false,
    }
}

fn rule(name: &str, conditions: Vec<ConditionDefinition>, variant: &str) -> RuleDefinition {
    RuleDefinition {
        name: name.to_owned(),
        priority: 0,
        conditions,
        target: TargetDefinition::Variant(variant.to_owned()),
    }
}

fn variants() -> Vec<Variant> {
    let variant = |(index, (name, enabled)): (usize, (&str, bool))| Variant {
        name: Id::parse(name).unwrap(),
        model: ModelKey {
            model_id: Id::parse("m").unwrap(),
            version: Id::parse(&index.to_string()).unwrap(),
        },
        weight: 50.0,
        enabled,
        role: VariantRole::default(),
    };
    [("a", true), ("b", true), ("off", false)].into_iter().enumerate().map(variant).collect()
}

fn definition(rules: Vec<RuleDefinition>, default_variant: &str) -> RulesDefinition {
    RulesDefinition {
        rules,
        default_variant: default_variant.to_owned(),
        default_split: split(&[50.0, 50.0, 0.0]),
    }
}

fn try_router(definition: RulesDefinition) -> Result<Router, String> {
    let (id, policy) = (Id::parse("r").unwrap(), PolicyDefinition::Rules(definition));
    Router::build(RouterDefinition { id, variants: variants(), policy, settings: RouterSettings::default() })
        .map_err(|error| error.to_string())
}

fn router(rules: Vec<RuleDefinition>, default_variant: &str) -> Router {
    try_router(definition(rules, default_variant)).unwrap()
}

fn decided(router: &Router, call: &Call, entity_id: Option<&str>) -> Decision {
    decide(router, &Request { entity_id, attributes: call }, &mut SmallRng::seed_from_u64(3))
}

fn text(text: &str) -> FeatureValue {
    FeatureValue::Text(text.into())
}

/// Whether a condition holds of a value of feature `x`, and how many mismatches were counted.
fn holds(condition: ConditionDefinition, value: Option<Value<'static>>) -> (bool, u32) {
    let router = router(vec![rule("it", vec![condition], "b")], "a");
    let call = Call { features: value.map(|value| ("x", value)).into_iter().collect(), ..Call::default() };
    let is_met = decided(&router, &call, None).rule.is_some();
    (is_met, call.mismatches.get())
}

#[test]
fn each_operator_takes_what_it_says() {
    use Operator::*;

    let float = |number| Some(Value::Number(Number::Float(number)));
    let whole = |number| Some(Value::Number(Number::Whole(number)));
    let word = |text| Some(Value::Text(text));
    let number = FeatureValue::Number;
    let two = [number(1.0), number(2.5)];
    let words = [text("red"), text("blue")];
    let (met, unmet, wrong) = ((true, 0), (false, 0), (false, 1));
    type Case<'a> = (Operator, &'a [FeatureValue], Option<Value<'static>>, (bool, u32));
    let cases: &[Case<'_>] = &[
        (Equals, &[number(1.0)], float(1.0), met),
        (Equals, &[number(1.0)], whole(1), met),
        (Equals, &[number(1.5)], float(1.0), unmet),
        (Equals, &[number(1.0)], word("1"), wrong),
        (Equals, &[number(1.0)], Some(Value::Bool(true)), wrong),
        (Equals, &[text("red")], word("red"), met),
        (Equals, &[text("red")], word("Red"), unmet),
        (Equals, &[FeatureValue::Bool(true)], Some(Value::Bool(true)), met),
        (Equals, &[FeatureValue::Bool(false)], Some(Value::Bool(true)), unmet),
        (Equals, &[number(1.0)], None, unmet),
        (NotEquals, &[number(1.0)], float(2.0), met),
        (NotEquals, &[number(1.0)], whole(1), unmet),
        (NotEquals, &[number(1.0)], word("2"), wrong),
        (NotEquals, &[number(1.0)], None, unmet),
        (In, &two, float(2.5), met),
        (In, &two, float(2.0), unmet),
        (In, &words, word("blue"), met),
        (In, &[number(1.0), text("red")], word("red"), met),
        (In, &words, float(1.0), wrong),
        (NotIn, &words, word("green"), met),
        (NotIn, &words, word("red"), unmet),
        (NotIn, &words, None, unmet),
        (NotIn, &words, Some(Value::Other("a list")), wrong),
        (GreaterThan, &[number(1.0)], float(1.5), met),
        (GreaterThan, &[number(1.0)], float(1.0), unmet),
        (GreaterThan, &[number(1.0)], word("2"), wrong),
        (LessThan, &[number(1.0)], whole(0), met),
        (LessThan, &[number(1.0)], float(f64::NEG_INFINITY), met),
        (LessThan, &[number(1.0)], None, unmet),
        (Contains, &words, word("dark red"), met),
        (Contains, &words, word("green"), unmet),
        (Contains, &words, float(1.0), wrong),
        (Regex, &[text("^[a-c]+$")], word("abc"), met),
        (Regex, &[text("^[a-c]+$")], word("abcd"), unmet),
        (Regex, &[text("b")], word("abc"), met),
        (Regex, &[text("b")], Some(Value::Bool(true)), wrong),
        (Exists, &[], float(0.0), met),
        (Exists, &[], Some(Value::Other("a list")), met),
        (Exists, &[], None, unmet),
    ];
    for (operator, values, value, expected) in cases {
        assert_eq!(
            holds(condition("x", *operator, values), *value),
            *expected,
            "{operator:?} {values:?} {value:?}"
        );
    }
}

#[test]
fn numeric_text_counts_as_the_number_only_where_the_condition_says_so() {
    let large = 9_007_199_254_740_993_i128;
    let numeric = |operator, values: &[FeatureValue]| ConditionDefinition {
        numeric_text: true,
        ..condition("x", operator, values)
    };
    let cases = [
        (Operator::Equals, text("9007199254740993"), Value::Number(Number::Whole(large)), true),
        (Operator::Equals, text("9007199254740993"), Value::Number(Number::Whole(large - 1)), false),
        (Operator::Equals, text("9007199254740993"), Value::Text("9007199254740993"), true),
        (Operator::Equals, text("9007199254740992"), Value::Text("9007199254740993"), false),
        (Operator::Equals, FeatureValue::Number(7.0), Value::Text("7.0"), true),
        (Operator::Equals, text("seven"), Value::Text("seven"), true),
        (Operator::GreaterThan, text("18"), Value::Text("100"), true),
        (Operator::GreaterThan, text("18"), Value::Text("9"), false),
        (Operator::LessThan, FeatureValue::Number(18.0), Value::Text("9"), true),
    ];
    for (operator, wanted, value, expected) in cases {
        let condition = numeric(operator, std::slice::from_ref(&wanted));
        assert_eq!(holds(condition, Some(value)), (expected, 0), "{operator:?} {wanted:?} {value:?}");
    }
    let no_number = numeric(Operator::GreaterThan, &[FeatureValue::Number(1.0)]);
    assert_eq!(holds(no_number, Some(Value::Text("many"))), (false, 1));
}

#[test]
fn a_number_of_fewer_digits_is_compared_in_its_own_type() {
    let round = |number: f64| -> f64 { (number as f32).into() };
    let tenth = Value::Rounded(round(0.1), round);
    let is_met = |operator| holds(condition("x", operator, &[FeatureValue::Number(0.1)]), Some(tenth)).0;
    assert!(is_met(Operator::Equals), "0.1 as FP32 is the FP32 for 0.1");
    assert!(!is_met(Operator::GreaterThan), "though as a double it is above it");
    assert!(!is_met(Operator::NotEquals));
}

#[test]
fn the_first_rule_whose_conditions_all_hold_decides_by_priority_and_then_by_order() {
    let above = |number| condition("age", Operator::GreaterThan, &[FeatureValue::Number(number)]);
    let german = condition("metadata.country", Operator::Equals, &[text("de")]);
    let router = router(
        vec![
            RuleDefinition { priority: 5, ..rule("late", vec![above(10.0)], "a") },
            rule("both", vec![above(60.0), german], "b"),
            rule("old", vec![above(60.0)], "a"),
        ],
        "b",
    );
    let call = |age: f64, country: &'static str| Call {
        features: [("age", Value::Number(Number::Float(age)))].into(),
        metadata: [("country", Value::Text(country))].into(),
        ..Call::default()
    };
    let outcome = |call: &Call| {
        let decision = decided(&router, call, Some("ann"));
        assert_eq!((decision.propensity, decision.randomised_by), (1.0, RandomisedBy::Nothing));
        (decision.rule.map(RuleIndex::get), decision.variant, decision.reason)
    };
    assert_eq!(outcome(&call(70.0, "de")), (Some(1), 1, Reason::Rule));
    assert_eq!(outcome(&call(70.0, "fr")), (Some(2), 0, Reason::Rule));
    assert_eq!(outcome(&call(20.0, "de")), (Some(0), 0, Reason::Rule));
    assert_eq!(outcome(&call(5.0, "de")), (None, 1, Reason::Default));
    assert_eq!(outcome(&Call::default()), (None, 1, Reason::Default));
}

#[test]
fn a_feature_is_read_once_a_decision_and_not_at_all_where_nothing_asks() {
    let is = |number| condition("x", Operator::Equals, &[FeatureValue::Number(number)]);
    let rules = (0..10).map(|index| rule(&format!("r{index}"), vec![is(index.into())], "b")).collect();
    let call = Call { features: [("x", Value::Number(Number::Float(9.0)))].into(), ..Call::default() };
    assert_eq!(decided(&router(rules, "a"), &call, None).rule, Some(RuleIndex::new(9)));
    assert_eq!(call.reads.get(), 1);
}

#[test]
fn a_rules_split_is_sticky_by_its_own_salt_and_drawn_without_an_entity() {
    let salt = *b"fedcba9876543210";
    let target = TargetDefinition::Split {
        weights: vec![("a".into(), 20.0), ("b".into(), 60.0), ("off".into(), 20.0)],
        split: Some(SplitDefinition { salt, ..split(&[25.0, 75.0, 0.0]) }),
    };
    let exists = condition("x", Operator::Exists, &[]);
    let router = router(vec![RuleDefinition { target, ..rule("split", vec![exists], "") }], "");
    let call = Call { features: [("x", Value::Bool(true))].into(), ..Call::default() };
    for number in 0..1_000 {
        let unit = format!("user-{number}");
        let decision = decided(&router, &call, Some(&unit));
        let slot = slot_of_unit(&salt, &unit);
        assert_eq!(
            (decision.slot(), decision.reason, decision.rule),
            (Some(slot), Reason::Rule, Some(RuleIndex::new(0)))
        );
        assert_eq!(decision.propensity, if decision.variant == 0 { 0.25 } else { 0.75 });
        let other = decided(&router, &Call::default(), Some(&unit));
        assert_eq!((other.slot(), other.reason), (Some(slot_of_unit(&SALT, &unit)), Reason::Default));
    }
    let drawn = decided(&router, &call, None);
    assert_eq!((drawn.randomised_by, drawn.slot()), (RandomisedBy::Request, None));
    assert!([0.25, 0.75].contains(&drawn.propensity));
}

#[test]
fn a_definition_that_cannot_be_right_is_refused_with_the_fields_path() {
    let ones = [FeatureValue::Number(1.0)];
    let [one] = ones.clone();
    let is = |values: &[FeatureValue]| condition("x", Operator::Equals, values);
    let with = |conditions: Vec<ConditionDefinition>| definition(vec![rule("r", conditions, "a")], "a");
    let of = |operator, values: &[FeatureValue]| with(vec![condition("x", operator, values)]);
    let target = |target| definition(vec![RuleDefinition { target, ..rule("r", vec![is(&ones)], "") }], "a");
    let weights = |weights: &[(&str, f64)]| {
        let weights = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
        target(TargetDefinition::Split { weights, split: None })
    };
    let named = |name: &str| with(vec![condition(name, Operator::Exists, &[])]);
    let large = "a".repeat(2_000);
    let twice = vec![rule("r", vec![is(&ones)], "a"), rule("r", vec![is(&ones)], "a")];
    let cases: Vec<(&str, RulesDefinition)> = vec![
        ("rules[0].name: \"a b\" is not an id", definition(vec![rule("a b", vec![is(&ones)], "a")], "a")),
        ("rules[1].name: \"r\" is also", definition(twice, "a")),
        ("rules[0].conditions: is empty", with(Vec::new())),
        ("rules[0].conditions: has 21", with(vec![is(&ones); 21])),
        ("rules[0].variant: is missing", target(TargetDefinition::Missing)),
        ("rules[0].variant: \"c\" is no variant", target(TargetDefinition::Variant("c".into()))),
        ("rules[0].variant: \"off\" is not enabled", target(TargetDefinition::Variant("off".into()))),
        ("default_variant: \"c\" is no variant", definition(Vec::new(), "c")),
        ("rules[0].split.weights[c]: \"c\" is no variant", weights(&[("a", 1.0), ("c", 1.0)])),
        ("rules[0].split.weights[a]: NaN", weights(&[("a", f64::NAN), ("b", 1.0)])),
        ("rules[0].split.weights: give no enabled", weights(&[("off", 1.0)])),
        ("conditions[0].feature: is empty", named("")),
        ("conditions[0].feature: \"metadata.X\" names no", named("metadata.X")),
        ("conditions[0].feature: \"metadata.x-api-key\" is not for", named("metadata.x-api-key")),
        ("conditions[0].feature: \"metadata.a-bin\" is binary", named("metadata.a-bin")),
        ("conditions[0].operator: is not set", with(vec![ConditionDefinition { operator: None, ..is(&[]) }])),
        ("conditions[0].values: has 0 values; equals takes one", of(Operator::Equals, &[])),
        ("conditions[0].values: has 1 values; exists takes none", of(Operator::Exists, &ones)),
        ("conditions[0].values: has 1001", of(Operator::In, &vec![one.clone(); 1_001])),
        ("conditions[0].values[0]: \"a\" is no number", of(Operator::GreaterThan, &[text("a")])),
        ("conditions[0].values[1]: 1 is no text", of(Operator::Contains, &[text("a"), one.clone()])),
        ("conditions[0].values[0]: inf is not", of(Operator::Equals, &[FeatureValue::Number(f64::INFINITY)])),
        (
            "conditions[0].values[0]: 9007199254740992 as a JSON",
            of(Operator::In, &[FeatureValue::Number(2_f64.powi(53))]),
        ),
        ("conditions[0].values[0]: is neither", of(Operator::Equals, &[FeatureValue::Null])),
        ("conditions[0].values[0]: has 2000 bytes", of(Operator::Equals, &[text(&large)])),
        ("conditions[0].values[0]: \"(\" is no regular", of(Operator::Regex, &[text("(")])),
        (
            "conditions[0].values[0]: \"(a{1000}){1000}\" takes more",
            of(Operator::Regex, &[text("(a{1000}){1000}")]),
        ),
        (
            "conditions[0].values: metadata is text",
            with(vec![condition("metadata.age", Operator::GreaterThan, &ones)]),
        ),
    ];
    for (expected, definition) in cases {
        let faults: Vec<String> = definition.faults(&variants()).iter().map(ToString::to_string).collect();
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:?}");
        let refused = try_router(definition).unwrap_err();
        assert!(refused.starts_with("feature_rules."), "{refused}");
    }
}

#[test]
fn too_many_patterns_are_refused_before_they_take_memory() {
    let matches = condition("x", Operator::Regex, &[text("a.*b")]);
    let rules = (0..51).map(|index| rule(&format!("r{index}"), vec![matches.clone()], "a")).collect();
    let faults = definition(rules, "a").faults(&variants());
    assert!(
        faults.iter().any(|fault| fault.to_string() == "rules: have 51 patterns; at most 50 are allowed")
    );
}

#[test]
fn text_that_is_too_long_to_search_does_not_match_and_is_counted() {
    let long: &'static str = "x".repeat((64 << 10) + 1).leak();
    for operator in [Operator::Contains, Operator::Regex] {
        assert_eq!(holds(condition("x", operator, &[text("x")]), Some(Value::Text(long))), (false, 1));
    }
}

fn any_value() -> impl Strategy<Value = FeatureValue> {
    prop_oneof![
        any::<bool>().prop_map(FeatureValue::Bool),
        any::<f64>().prop_map(FeatureValue::Number),
        "\\PC{0,12}".prop_map(|text| FeatureValue::Text(text.into())),
        Just(FeatureValue::Null),
    ]
}

fn any_operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Equals,
        Operator::NotEquals,
        Operator::In,
        Operator::NotIn,
        Operator::GreaterThan,
        Operator::LessThan,
        Operator::Contains,
        Operator::Regex,
        Operator::Exists,
    ])
}

proptest! {
    #[test]
    fn whatever_is_defined_is_refused_or_decides(
        operator in any_operator(),
        values in prop::collection::vec(any_value(), 0..3),
        numeric_text in any::<bool>(),
        seen in any_value(),
    ) {
        let condition = ConditionDefinition { numeric_text, ..condition("x", operator, &values) };
        let definition = definition(vec![rule("r", vec![condition], "b")], "a");
        let faults = definition.faults(&variants());
        let built = try_router(definition);
        prop_assert_eq!(faults.is_empty(), built.is_ok());
        if let Ok(router) = built {
            let value = match seen {
                FeatureValue::Bool(yes) => Some(Value::Bool(yes)),
                FeatureValue::Number(number) if !number.is_nan() => Some(Value::Number(Number::Float(number))),
                FeatureValue::Text(text) => Some(Value::Text(text.to_string().leak())),
                _ => None,
            };
            let call = Call { features: value.map(|value| ("x", value)).into_iter().collect(), ..Call::default() };
            let decision = decided(&router, &call, None);
            prop_assert_eq!(decision.variant, u8::from(decision.rule.is_some()));
        }
    }
}
