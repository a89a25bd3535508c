//! Features into tensors: the rules of the public schema, one by one.

use std::collections::BTreeMap;

use crate::support::*;
use pointsman_inference::{FeatureError, Tensor, fill_inputs, refuse_misspelt};
use pointsman_model::{Datatype, FeatureValue, Signature};
use prost_types::Value;

fn filled(signature: &Signature, values: &BTreeMap<String, Value>) -> Result<Tensor, String> {
    match fill_inputs(signature, values) {
        Ok(tensors) => tensors.into_iter().next().ok_or_else(|| "no tensor".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn named_features_fill_columns_in_their_order() {
    let signature = signature([spec("X", Datatype::Fp32, &[-1, 3], &["c", "a", "b"])]);
    let values = features([("a", number(1.0)), ("b", number(2.0)), ("c", number(3.0)), ("other", text("x"))]);
    assert_eq!(filled(&signature, &values).unwrap(), floats("X", &[1, 3], &[3.0, 1.0, 2.0]));
}

#[test]
fn a_one_column_input_takes_the_feature_of_its_name() {
    for shape in [&[-1, 1][..], &[-1], &[1], &[1, 1]] {
        let signature =
            signature([spec("age", Datatype::Fp32, shape, &[]), spec("fare", Datatype::Fp32, shape, &[])]);
        let values = features([("age", number(63.0)), ("fare", numbers(&[7.5]))]);
        let tensors = fill_inputs(&signature, &values).unwrap();
        let ones = vec![1; shape.len()];
        assert_eq!(tensors, [floats("age", &ones, &[63.0]), floats("fare", &ones, &[7.5])], "{shape:?}");
    }
}

#[test]
fn an_unnamed_input_takes_a_list_or_numbered_features_or_f_numbers() {
    let only = signature([spec("X", Datatype::Fp32, &[-1, 2], &[])]);
    let expected = floats("X", &[1, 2], &[1.0, 2.0]);
    for values in [
        features([("X", numbers(&[1.0, 2.0]))]),
        features([("X", list([numbers(&[1.0, 2.0])]))]),
        features([("X_0", number(1.0)), ("X_1", number(2.0))]),
        features([("f0", number(1.0)), ("f1", number(2.0))]),
    ] {
        assert_eq!(filled(&only, &values).unwrap(), expected);
    }
}

#[test]
fn f_numbers_belong_to_the_only_input() {
    let two = signature([spec("X", Datatype::Fp32, &[-1, 2], &[]), spec("y", Datatype::Fp32, &[-1, 1], &[])]);
    let values = features([("f0", number(1.0)), ("f1", number(2.0)), ("y", number(2.0))]);
    let error = filled(&two, &values).unwrap_err();
    assert_eq!(
        error,
        "features.X: missing; input \"X\" takes FP32 numbers in shape [1, 2]: send \"X\" as a list, or X_0 to X_1"
    );
}

#[test]
fn missing_and_null_features_take_the_default() {
    let mut signature = signature([spec("X", Datatype::Fp32, &[-1, 2], &["age", "fare"])]);
    signature.defaults.insert("age".into(), FeatureValue::Number(30.0));
    let expected = floats("X", &[1, 2], &[30.0, 1.0]);
    assert_eq!(filled(&signature, &features([("fare", number(1.0))])).unwrap(), expected);
    assert_eq!(filled(&signature, &features([("fare", number(1.0)), ("age", null())])).unwrap(), expected);
}

#[test]
fn null_is_nan_for_floats_and_missing_is_an_error() {
    let signature = signature([spec("X", Datatype::Fp32, &[-1, 2], &["age", "fare"])]);
    let tensor = filled(&signature, &features([("age", null()), ("fare", number(1.0))])).unwrap();
    assert!(f32::from_le_bytes(tensor.raw[..4].try_into().unwrap()).is_nan());
    let error = filled(&signature, &features([("fare", number(1.0))])).unwrap_err();
    assert_eq!(error, "features.age: missing; input \"X\" takes FP32 numbers in shape [1, 2]");
}

#[test]
fn a_default_of_null_is_nan_and_a_default_list_fills_an_input() {
    let mut signature = signature([spec("X", Datatype::Fp64, &[-1, 2], &[])]);
    let items = [FeatureValue::Number(1.5), FeatureValue::Null];
    signature.defaults.insert("X".into(), FeatureValue::List(items.into()));
    let tensor = filled(&signature, &BTreeMap::new()).unwrap();
    assert_eq!(tensor.shape, [1, 2]);
    assert_eq!(tensor.raw[..8], 1.5_f64.to_le_bytes());
    assert!(f64::from_le_bytes(tensor.raw[8..].try_into().unwrap()).is_nan());
}

#[test]
fn values_of_the_wrong_kind_are_refused_by_name() {
    let cases = [
        (Datatype::Fp32, text("x"), "\"x\" is text; input \"age\" takes FP32 numbers"),
        (Datatype::Fp32, flag(true), "true is a boolean; input \"age\" takes FP32 numbers"),
        (Datatype::Fp32, number(1e39), "is out of the range of FP32; input \"age\" takes FP32 numbers"),
        (Datatype::Int8, number(1.5), "1.5 is not whole; input \"age\" takes INT8 whole numbers"),
        (
            Datatype::Int8,
            number(128.0),
            "128 is out of the range of INT8; input \"age\" takes INT8 whole numbers",
        ),
        (
            Datatype::Int64,
            null(),
            "the value is null and has no default; input \"age\" takes INT64 whole numbers",
        ),
        (
            Datatype::Int64,
            number(9_007_199_254_740_992.0),
            "9007199254740992 as a JSON number may have been rounded, for they are exact below 2^53 only: send it \
             as text, such as \"9007199254740992\"; input \"age\" takes INT64 whole numbers",
        ),
        (
            Datatype::Uint64,
            text("-1"),
            "\"-1\" is out of the range of UINT64; input \"age\" takes UINT64 whole numbers",
        ),
        (Datatype::Int64, text("+1"), "\"+1\" is text; input \"age\" takes INT64 whole numbers"),
        (Datatype::Int32, text("1"), "\"1\" is text; input \"age\" takes INT32 whole numbers"),
        (
            Datatype::Fp64,
            text("9007199254740993"),
            "\"9007199254740993\" has more digits than a float holds: send the float that is meant, as a \
             number; input \"age\" takes FP64 numbers",
        ),
        (Datatype::Bool, number(1.0), "1 is a number; input \"age\" takes booleans"),
        (Datatype::Bytes, number(5.0), "5 is a number; input \"age\" takes text"),
        (Datatype::Fp32, numbers(&[1.0, 2.0]), "the value is a list of 2; input \"age\" takes FP32 numbers"),
    ];
    for (datatype, value, reason) in cases {
        let signature = signature([spec("age", datatype, &[-1, 1], &[])]);
        let error = fill_inputs(&signature, &features([("age", value)])).unwrap_err();
        assert!(matches!(error, FeatureError::Feature { .. }), "{error}");
        let error = error.to_string();
        assert!(error.starts_with("features.age: ") && error.ends_with(reason), "{error}");
    }
}

#[test]
fn text_gives_numbers_that_json_cannot_say() {
    let signature = signature([
        spec("id", Datatype::Int64, &[-1, 2], &[]),
        spec("top", Datatype::Uint64, &[-1, 1], &[]),
        spec("x", Datatype::Fp64, &[-1, 1], &[]),
    ]);
    let values = features([
        ("id", list([text("9007199254740993"), number(-7.0)])),
        ("top", text("18446744073709551615")),
        ("x", text("-Infinity")),
    ]);
    let tensors = fill_inputs(&signature, &values).unwrap();
    assert_eq!(tensors[0], longs("id", &[1, 2], &[9_007_199_254_740_993, -7]));
    assert_eq!(tensors[1].raw[..], u64::MAX.to_le_bytes());
    assert_eq!(tensors[2].raw[..], f64::NEG_INFINITY.to_le_bytes());
}

#[test]
fn booleans_and_text_fill_their_inputs() {
    let signature = signature([
        spec("b", Datatype::Bool, &[-1, 1], &[]),
        spec("t", Datatype::Bytes, &[-1, 2], &["u", "v"]),
    ]);
    let values = features([("b", flag(true)), ("u", text("é")), ("v", text(""))]);
    let tensors = fill_inputs(&signature, &values).unwrap();
    assert_eq!(tensors[0].raw[..], [1]);
    assert_eq!(tensors[1], texts("t", &[1, 2], &["é", ""]));
}

#[test]
fn open_dimensions_are_fixed_by_the_list() {
    let open = signature([spec("X", Datatype::Fp32, &[-1, -1], &[])]);
    assert_eq!(filled(&open, &features([("X", numbers(&[1.0, 2.0, 3.0]))])).unwrap().shape, [1, 3]);
    let pairs = signature([spec("X", Datatype::Fp32, &[-1, -1, 2], &[])]);
    let nested = list([numbers(&[1.0, 2.0]), numbers(&[3.0, 4.0]), numbers(&[5.0, 6.0])]);
    assert_eq!(filled(&pairs, &features([("X", nested.clone())])).unwrap().shape, [1, 3, 2]);
    assert_eq!(filled(&pairs, &features([("X", list([nested.clone()]))])).unwrap().shape, [1, 3, 2]);
    assert_eq!(filled(&pairs, &features([("X", numbers(&[0.0; 4]))])).unwrap().shape, [1, 2, 2]);
    let both_open = signature([spec("X", Datatype::Fp32, &[-1, -1, -1], &[])]);
    assert_eq!(filled(&both_open, &features([("X", nested)])).unwrap().shape, [1, 3, 2]);
    let named = signature([spec("X", Datatype::Fp32, &[-1, -1], &["a", "b"])]);
    assert_eq!(filled(&named, &features([("a", number(1.0)), ("b", number(2.0))])).unwrap().shape, [1, 2]);
}

#[test]
fn lists_that_do_not_fit_are_refused() {
    let signature = signature([spec("X", Datatype::Fp32, &[-1, -1, 2], &[])]);
    for bad in [
        numbers(&[1.0, 2.0, 3.0]),
        numbers(&[]),
        list([numbers(&[1.0, 2.0]), numbers(&[3.0])]),
        list([numbers(&[1.0, 2.0]), number(3.0)]),
        list([number(3.0), numbers(&[1.0, 2.0])]),
        list([list([numbers(&[1.0])]), numbers(&[3.0])]),
        number(1.0),
    ] {
        let error = filled(&signature, &features([("X", bad)])).unwrap_err();
        assert!(error.starts_with("features.X: "), "{error}");
    }
}

#[test]
fn signatures_that_cannot_be_filled_are_the_models_fault() {
    let huge = i64::MAX;
    for signature in [
        Signature::default(),
        signature([spec("X", Datatype::Fp32, &[-1, 0], &[])]),
        signature([spec("X", Datatype::Fp32, &[-1, -7], &[])]),
        signature([spec("X", Datatype::Fp32, &[huge, huge], &[])]),
        signature([spec("X", Datatype::Fp32, &[-1, 4], &["a", "b"])]),
    ] {
        let error = fill_inputs(&signature, &features([("X", number(1.0))])).unwrap_err();
        assert!(matches!(error, FeatureError::Signature { .. }), "{error}");
    }
}

#[test]
fn a_signature_of_any_size_costs_no_more_than_the_features_sent() {
    let signature = signature([spec("X", Datatype::Fp32, &[-1, 1 << 50], &[])]);
    let error = filled(&signature, &features([("X_0", number(1.0))])).unwrap_err();
    assert!(error.starts_with("features.X_1: missing"), "{error}");
}

/// A model that takes `monthly_income` and `age`, of which the first has a default.
fn with_a_default() -> Signature {
    let mut signature = signature([spec("X", Datatype::Fp32, &[-1, 2], &["monthly_income", "age"])]);
    signature.defaults.insert("monthly_income".into(), FeatureValue::Number(1_000.0));
    signature
}

fn misspelt(others: &[Signature], sent: &[(&'static str, Value)]) -> Option<String> {
    let values = features(sent.iter().cloned());
    refuse_misspelt(&with_a_default(), others.iter(), &values).err().map(|error| error.to_string())
}

#[test]
fn a_misspelt_feature_is_not_answered_with_the_default() {
    let told = misspelt(&[], &[("montly_income", number(5.0)), ("age", number(1.0))]).unwrap();
    assert_eq!(
        told,
        "features.montly_income: the model takes no such feature; did you mean \"monthly_income\"? It was not sent and \
         has a default, which would answer in its place; send it, or as null to have the default"
    );
}

#[test]
fn features_for_others_are_left_alone() {
    assert_eq!(misspelt(&[], &[("age", number(1.0))]), None, "nothing unknown");
    assert_eq!(misspelt(&[], &[("country", text("x")), ("age", number(1.0))]), None, "another name");
    let both = [("montly_income", number(5.0)), ("monthly_income", number(5.0)), ("age", number(1.0))];
    assert_eq!(misspelt(&[], &both), None, "the right one came as well");
    let said = [("montly_income", number(5.0)), ("monthly_income", null()), ("age", number(1.0))];
    assert_eq!(misspelt(&[], &said), None, "its default is wanted");
    let other = signature([spec("X", Datatype::Fp32, &[-1, 1], &["montly_income"])]);
    assert_eq!(
        misspelt(&[other], &[("montly_income", number(5.0)), ("age", number(1.0))]),
        None,
        "of a variant"
    );
}
